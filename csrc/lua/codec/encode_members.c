/*
** Structures and unions: members in the model's own order, whatever the order of the table; behind
** them those that the model does not know, sorted.
*/
#include <stddef.h>

#include "lua/codec/came.h"
#include "lua/codec/encode.h"

#define SEEN_WORDS (BR_MEMBERS_MAX / 64)

/* What is known of a structure while its table is walked. */
typedef struct walk {
    br_encoder *e;
    const br_shape *shape;
    uint64_t seen[SEEN_WORDS]; /* by rank, as are the places */
    unsigned count;            /* members that are there */
    unsigned refused;          /* of these: not known, and told of */
    unsigned others;           /* of these: not known, to be sent after the others */
    unsigned height;           /* of the pairs that were kept, above the table */
    int table;                 /* its place on the Lua stack */
    int strange;               /* type of a key that is no string, or LUA_TNONE */
    bool comma;                /* something was written */
    bool braces;
    bool top; /* members of the operation's input: only those bound to the body are written */
    uint16_t places[BR_MEMBERS_MAX]; /* of the seen ones: where the value is, above the table */
} walk;

/* Places that are none. */
#define NOT_WRITTEN 0
#define TOKEN UINT16_MAX
#define NO_VALUE (UINT16_MAX - 1) /* null */

/* Of the table on top of the stack, if that is one. The places need not be cleared. */
static bool begin_walk(walk *w, br_encoder *e, const br_shape *s, const char *expected)
{
    int table = br_encode_enter(e, s, expected);
    if (table == 0)
        return false;
    memset(w, 0, offsetof(walk, places));
    w->e = e;
    w->shape = s;
    w->table = table;
    w->strange = LUA_TNONE;
    return true;
}

static inline void mark_seen(walk *w, const br_member *m)
{
    w->seen[m->rank / 64] |= (uint64_t)1 << (m->rank % 64);
}

static inline bool is_seen(const walk *w, const br_member *m)
{
    return (w->seen[m->rank / 64] >> (m->rank % 64) & 1) != 0;
}

static void mark_place(walk *w, const br_member *m, uint16_t place)
{
    mark_seen(w, m);
    w->places[m->rank] = place;
}

/* Names of the model need no escapes. */
static void put_name(br_encoder *e, walk *w, br_slice name)
{
    if (e->form)
        return;
    char *to = br_buf_reserve(e->out, name.n + 4);
    if (to == NULL)
        return;
    char *p = to;
    if (w->comma)
        *p++ = ',';
    w->comma = true;
    *p++ = '"';
    memcpy(p, name.p, name.n);
    p += name.n;
    *p++ = '"';
    *p++ = ':';
    br_buf_commit(e->out, (size_t)(p - to));
}

static void put_other_name(br_encoder *e, walk *w, br_slice name)
{
    if (w->comma)
        br_emit_char(e->out, ',');
    w->comma = true;
    if (!br_emit_string(e->out, name) && !e->out->failed)
        br_encode_problem(e, "type", "is not valid UTF-8");
    br_emit_char(e->out, ':');
}

/* Whether a member that the model does not know is sent; its value is on top of the stack. */
static bool passes(br_encoder *e, const walk *w, br_slice name)
{
    if (e->form || !w->braces)
        return false;
    if (e->ctx->unknown_pass || !e->ctx->validate)
        return true;
    br_encode_step(e, name, w->table);
    bool came = br_encode_came(e);
    e->depth--;
    return came;
}

static bool take_other(br_encoder *e, walk *w, br_slice name)
{
    bool pass = passes(e, w, name);
    w->others += pass;
    w->refused += !pass;
    if (!pass)
        br_encode_unknown(e, w->shape, name);
    return pass;
}

static inline bool is_absent(lua_State *L, const walk *w)
{
    return br_lua_is_null(L, -1) && w->shape->kind != BR_SHAPE_UNION;
}

/* Key at -2, value at -1. Whether the pair stays on the stack, to be written when all are there. */
static inline bool take_pair(br_encoder *e, walk *w)
{
    if (is_absent(e->L, w))
        return false;
    br_slice name = br_lua_string(e->L, -2);
    int index = br_model_member(e->model, w->shape, name);
    w->count++;
    if (index < 0) {
        take_other(e, w, name);
        return false;
    }
    const br_member *m = &e->model->members[index];
    bool elsewhere = w->top && (m->bits & (BR_MEMBER_LOC_MASK | BR_MEMBER_PAYLOAD)) != 0;
    mark_place(w, m, elsewhere ? NOT_WRITTEN : (uint16_t)(w->height + 2));
    return !elsewhere;
}

/* Takes all pairs of the table on top of the stack, above which they stay. */
static bool take_pairs(br_encoder *e, walk *w)
{
    lua_State *L = e->L;
    int room = e->room - w->table - BR_ENCODE_LEVEL;
    lua_pushnil(L);
    while (lua_next(L, w->table) != 0) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            br_note_strange(&w->strange, lua_type(L, -2));
            lua_pop(L, 1);
        } else if (!take_pair(e, w)) {
            lua_pop(L, 1);
        } else {
            w->height += 2;
            if ((int)w->height > room && !br_encode_more_room(e))
                return false;
            lua_pushvalue(L, -2);
        }
    }
    return true;
}

/* The name of a member, which becomes a step of the path. */
static inline void begin_member(br_encoder *e, walk *w, unsigned index, br_slice name)
{
    bool renamed = (e->model->members[index].bits & BR_MEMBER_WIRE) != 0;
    put_name(e, w, renamed ? br_model_wire_name(e->model, index) : name);
    br_encode_step(e, name, w->table);
}

static void write_member(br_encoder *e, walk *w, unsigned rank)
{
    unsigned index = w->shape->a + e->model->members[w->shape->a + rank].at;
    const br_member *m = &e->model->members[index];
    begin_member(e, w, index, br_model_name(e->model, m->name));
    unsigned place = w->places[rank];
    if (place == w->height) {
        br_encode_value(e, m->shape);
    } else if (place == TOKEN) {
        br_encode_put_text(e, br_slice_of(e->ctx->token));
    } else if (place == NO_VALUE) {
        br_emit(e->out, "null", 4);
    } else {
        lua_pushvalue(e->L, w->table + (int)place);
        br_encode_value(e, m->shape);
        lua_pop(e->L, 1);
    }
    e->depth--;
}

/* Leaves the table on top of the stack. */
static void write_members(br_encoder *e, walk *w)
{
    for (unsigned word = 0; word < SEEN_WORDS && word * 64 < w->shape->b; word++) {
        for (uint64_t left = w->seen[word]; left != 0; left &= left - 1) {
            unsigned rank = word * 64 + (unsigned)__builtin_ctzll(left);
            if (w->places[rank] != NOT_WRITTEN)
                write_member(e, w, rank);
        }
    }
    lua_settop(e->L, w->table);
}

static bool is_other(lua_State *L, void *state)
{
    const walk *w = state;
    br_slice name = br_lua_string(L, -2);
    return !is_absent(L, w) && br_model_member(w->e->model, w->shape, name) < 0 &&
           passes(w->e, w, name);
}

static void write_other(lua_State *L, void *state, br_slice name)
{
    walk *w = state;
    br_encoder *e = w->e;
    (void)L;
    br_encode_step(e, name, w->table);
    put_other_name(e, w, name);
    br_encode_document(e);
    e->depth--;
}

bool br_encode_token(br_encoder *e, int member, br_slice *token)
{
    br_encode_ctx *ctx = e->ctx;
    if (ctx->token_member < 0) {
        if (!ctx->uuid(ctx->uuid_state, ctx->token)) {
            br_encode_problem(e, "missing", "no random numbers for a token: give one");
            return false;
        }
        ctx->token_member = member;
    }
    *token = br_slice_of(ctx->token);
    return true;
}

static void fill_token(br_encoder *e, walk *w, int member, br_slice name)
{
    br_slice token;
    const br_member *m = &e->model->members[member];
    if (w->top && (m->bits & BR_MEMBER_LOC_MASK) != BR_MEMBER_BODY)
        return;
    br_encode_step(e, name, w->table);
    if (br_encode_token(e, member, &token))
        mark_place(w, m, TOKEN);
    e->depth--;
}

/* Null counts as absent, but where any JSON may stand and something must: there it is a value. */
static bool is_null_document(br_encoder *e, const walk *w, const br_member *m, br_slice name)
{
    if (br_encoder_shape(e, m->shape)->kind != BR_SHAPE_DOCUMENT)
        return false;
    lua_pushlstring(e->L, name.p, name.n);
    lua_rawget(e->L, w->table);
    bool null = br_lua_is_null(e->L, -1);
    lua_pop(e->L, 1);
    return null;
}

static void demand(br_encoder *e, walk *w, int index)
{
    const br_member *m = &e->model->members[index];
    br_slice name = br_model_name(e->model, m->name);
    bool in_body = !w->top || (m->bits & (BR_MEMBER_LOC_MASK | BR_MEMBER_PAYLOAD)) == 0;
    if ((br_encoder_shape(e, m->shape)->flags & BR_SHAPE_EVENTSTREAM) != 0)
        return;
    br_absence absence = BR_ABSENT_MISSING;
    if (in_body && w->braces && !e->form)
        absence =
            is_null_document(e, w, m, name) ? BR_ABSENT_NULL : br_encode_absence(e, w->table, name);
    if (absence == BR_ABSENT_MISSING)
        br_encode_problem_at(e, "missing", name, "missing");
    if (absence == BR_ABSENT_NULL)
        mark_place(w, m, NO_VALUE);
}

/* Members that were not given: tokens are made, required ones demanded. */
static void add_missing(br_encoder *e, walk *w)
{
    for (unsigned i = 0; i < w->shape->b; i++) {
        int index = w->shape->a + (int)i;
        const br_member *m = &e->model->members[index];
        if ((m->bits & (BR_MEMBER_TOKEN | BR_MEMBER_REQUIRED)) == 0 || is_seen(w, m))
            continue;
        if (m->bits & BR_MEMBER_TOKEN)
            fill_token(e, w, index, br_model_name(e->model, m->name));
        else
            demand(e, w, index);
    }
}

static bool is_null(lua_State *L, void *state)
{
    (void)state;
    return br_lua_is_null(L, -1);
}

static void write_null(lua_State *L, void *state, br_slice name)
{
    walk *w = state;
    br_encoder *e = w->e;
    (void)L;
    int member = br_model_member(e->model, w->shape, name);
    put_other_name(e, w, member < 0 ? name : br_model_wire_name(e->model, (unsigned)member));
    br_emit(e->out, "null", 4);
}

/* Those members that came as null, of the table in hand, which still is as it came. */
static void put_nulls(br_encoder *e, walk *w)
{
    if (e->form || !br_came_push(e->L, -1))
        return;
    br_each_sorted(e->L, is_null, write_null, w);
    lua_pop(e->L, 1);
}

/* Of the union on top of the stack; with none or several members only as it came. */
static void check_union(br_encoder *e, walk *w)
{
    if (w->count > 0 && w->count - w->refused <= 1)
        return;
    if (br_encode_came_whole(e))
        put_nulls(e, w);
    else
        br_encode_union_count(e, w->shape, w->seen, w->count);
}

static void walk_members(br_encoder *e, walk *w)
{
    bool braces = w->braces && !e->form;
    if (take_pairs(e, w) && w->shape->kind != BR_SHAPE_UNION)
        add_missing(e, w);
    if (braces)
        br_emit_char(e->out, '{');
    write_members(e, w);
    if (w->others > 0)
        br_each_sorted(e->L, is_other, write_other, w);
    if (w->shape->kind == BR_SHAPE_UNION)
        check_union(e, w);
    if (braces)
        br_emit_char(e->out, '}');
    if (w->strange != LUA_TNONE)
        br_encode_problem(e, "type",
                          "expected a table with named members, got %s as a key (is a name "
                          "missing, or are there too many braces?)",
                          br_lua_kind(w->strange));
}

/* Key at -2, value at -1, and nothing else is in the table: there is no order to be seen to. */
static void write_only_member(br_encoder *e, walk *w)
{
    br_slice name = br_lua_string(e->L, -2);
    int index = br_model_member(e->model, w->shape, name);
    br_emit_char(e->out, '{');
    if (index >= 0) {
        begin_member(e, w, (unsigned)index, name);
        br_encode_value(e, e->model->members[index].shape);
        e->depth--;
    } else if (take_other(e, w, name)) {
        write_other(e->L, w, name);
    }
    br_emit_char(e->out, '}');
}

/* Pushes the only pair of the table on top of the stack; false, nothing: there is none, or more. */
static bool push_only_pair(lua_State *L)
{
    int table = lua_gettop(L);
    lua_pushnil(L);
    if (lua_next(L, table) == 0)
        return false;
    lua_pushvalue(L, -2);
    bool only = lua_next(L, table) == 0 && lua_type(L, -2) == LUA_TSTRING;
    if (!only)
        lua_settop(L, table);
    return only;
}

static void encode_union(br_encoder *e, walk *w)
{
    if (e->form || !push_only_pair(e->L)) {
        walk_members(e, w);
        return;
    }
    write_only_member(e, w);
    lua_pop(e->L, 2);
}

void br_encode_structure(br_encoder *e, const br_shape *s)
{
    walk w;
    if (!begin_walk(&w, e, s, "a table of members"))
        return;
    w.braces = true;
    const br_shape *holder = e->holder;
    e->holder = s;
    if (s->kind == BR_SHAPE_UNION)
        encode_union(e, &w);
    else
        walk_members(e, &w);
    e->holder = holder;
}

void br_encode_body_members(br_encoder *e, const br_shape *s, bool braces)
{
    walk w;
    if (!begin_walk(&w, e, s, "a table of parameters"))
        return;
    w.braces = braces;
    w.top = true;
    walk_members(e, &w);
}
