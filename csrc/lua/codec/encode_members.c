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
    uint16_t places[BR_MEMBERS_MAX]; /* of the seen ones: where the value is, above the table, */
    uint8_t types[BR_MEMBERS_MAX];   /* and its type */
} walk;

/* Places that are none. */
#define NOT_WRITTEN 0
#define TOKEN UINT16_MAX
#define NO_VALUE (UINT16_MAX - 1) /* null */

/* Of the table at that place, on top of the stack. The places need not be cleared. */
static void begin_walk(walk *w, br_encoder *e, const br_shape *s, int table)
{
    memset(w, 0, offsetof(walk, places));
    w->e = e;
    w->shape = s;
    w->table = table;
    w->strange = LUA_TNONE;
    w->braces = true;
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
static void put_name(br_encoder *e, bool comma, br_slice name)
{
    char *p = e->form ? NULL : br_buf_reserve(e->out, name.n + 4);
    if (p == NULL)
        return;
    *p = ',';
    p += comma;
    *p++ = '"';
    if (br_is_short(name))
        br_copy_short(p, name);
    else
        memcpy(p, name.p, name.n);
    memcpy(p + name.n, "\":", 2);
    br_buf_commit(e->out, name.n + 3 + comma);
}

static void put_other_name(br_encoder *e, walk *w, br_slice name)
{
    if (!br_emit_key(e->out, w->comma, name) && !e->out->failed)
        br_encode_problem(e, "type", "is not valid UTF-8");
    w->comma = true;
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

/* Of the value on top of the stack, of that type. */
static inline bool is_absent(lua_State *L, const walk *w, int type)
{
    return type == LUA_TLIGHTUSERDATA && br_lua_is_null(L, -1) && w->shape->kind != BR_SHAPE_UNION;
}

/* The member that the key at index is, or -1. */
static inline int member_of_key(br_encoder *e, const br_shape *s, br_slice name, int index)
{
    if (e->known == NULL)
        return br_model_member(e->model, s, name);
    return br_known_member(e->L, e->model, s, name, index, e->known);
}

/* Key at -2, value at -1. Whether the pair stays on the stack, to be written when all are there. */
static inline bool take_pair(br_encoder *e, walk *w)
{
    int type = lua_type(e->L, -1);
    if (is_absent(e->L, w, type))
        return false;
    br_slice name = br_lua_string(e->L, -2);
    int index = member_of_key(e, w->shape, name, -2);
    w->count++;
    if (index < 0) {
        take_other(e, w, name);
        return false;
    }
    const br_member *m = &e->model->members[index];
    bool elsewhere = w->top && (m->bits & (BR_MEMBER_LOC_MASK | BR_MEMBER_PAYLOAD)) != 0;
    mark_place(w, m, elsewhere ? NOT_WRITTEN : (uint16_t)(w->height + 2));
    w->types[m->rank] = (uint8_t)type;
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

/* The name of a member of the table at that place, which becomes a step of the path. */
static inline const br_member *begin_member(br_encoder *e, bool comma, unsigned index, int table)
{
    const br_member *m = &e->model->members[index];
    br_slice name = br_member_name(e->model, m);
    put_name(e, comma, (m->bits & BR_MEMBER_WIRE) ? br_model_wire_name(e->model, index) : name);
    br_encode_step(e, name, table);
    return m;
}

static void write_member(br_encoder *e, walk *w, unsigned rank)
{
    unsigned index = w->shape->a + e->model->members[w->shape->a + rank].at;
    const br_member *m = begin_member(e, w->comma, index, w->table);
    w->comma = true;
    unsigned place = w->places[rank];
    if (place == TOKEN)
        br_encode_put_text(e, br_slice_of(e->ctx->token));
    else if (place == NO_VALUE)
        br_emit(e->out, "null", 4);
    else
        br_encode_value_at(e, m->shape, place == w->height ? -1 : w->table + (int)place,
                           w->types[rank]);
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
    return !is_absent(L, w, lua_type(L, -1)) && br_model_member(w->e->model, w->shape, name) < 0 &&
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
    const br_member *first = &e->model->members[w->shape->a];
    for (const br_member *m = first; m < first + w->shape->b; m++) {
        if ((m->bits & (BR_MEMBER_TOKEN | BR_MEMBER_REQUIRED)) == 0 || is_seen(w, m))
            continue;
        int index = w->shape->a + (int)(m - first);
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

/* Pushes the only pair of the table at that place, on top of the stack; false, nothing: there is none, or more. */
static bool push_only_pair(lua_State *L, int table)
{
    lua_pushnil(L);
    if (lua_next(L, table) == 0)
        return false;
    lua_pushvalue(L, -2);
    bool only = lua_next(L, table) == 0 && lua_type(L, -2) == LUA_TSTRING;
    if (!only)
        lua_settop(L, table);
    return only;
}

/* A union as it should be, whose only member is known: there is no order to be seen to. */
static bool encode_only_member(br_encoder *e, const br_shape *s, int table)
{
    lua_State *L = e->L;
    if (e->form || !push_only_pair(L, table))
        return false;
    int index = member_of_key(e, s, br_lua_string(L, -2), -2);
    if (index >= 0) {
        br_emit_char(e->out, '{');
        const br_member *m = begin_member(e, false, (unsigned)index, table);
        br_encode_value_at(e, m->shape, -1, lua_type(L, -1));
        e->depth--;
        br_emit_char(e->out, '}');
    }
    lua_settop(L, table);
    return index >= 0;
}

void br_encode_structure(br_encoder *e, const br_shape *s, int type)
{
    walk w;
    int table = br_encode_enter(e, type, s, "a table of members");
    if (table == 0)
        return;
    const br_shape *holder = e->holder;
    e->holder = s;
    if (s->kind != BR_SHAPE_UNION || !encode_only_member(e, s, table)) {
        begin_walk(&w, e, s, table);
        walk_members(e, &w);
    }
    e->holder = holder;
}

void br_encode_body_members(br_encoder *e, const br_shape *s, bool braces)
{
    walk w;
    int table = br_encode_enter(e, lua_type(e->L, -1), s, "a table of parameters");
    if (table == 0)
        return;
    begin_walk(&w, e, s, table);
    w.braces = braces;
    w.top = true;
    walk_members(e, &w);
}
