/*
** Private to the encoder: the state of one walk over an input, and what its files share.
** Everything here works on the value on top of the Lua stack and leaves the stack as it was.
*/
#ifndef BR_LUA_CODEC_ENCODE_H
#define BR_LUA_CODEC_ENCODE_H

#include <string.h>

#include "core/text/decimal.h"
#include "core/text/json.h"
#include "core/text/json_scan.h"
#include "lua/base/values.h"
#include "lua/codec/codec.h"
#include "lua/codec/document.h"
#include "lua/codec/entries.h"
#include "lua/codec/known.h"

#define BR_BODY_FIRST 4000 /* a body starts with this much room, so that few need to grow */

/* Slots of the Lua stack to be free at each level, and what is asked for when they are not. */
#define BR_ENCODE_LEVEL BR_ENTRIES_STACK
#define BR_ENCODE_STACK 80

/*
** One step of the path to the value in hand: a member or key, or, name.p == NULL, an index. The
** index of a map's key says which entry it is.
*/
typedef struct br_step {
    br_slice name;
    lua_Integer index;
    int table; /* the place on the Lua stack of the table that the value is in */
} br_step;

typedef struct br_encoder {
    lua_State *L;
    br_encode_ctx *ctx; /* NULL: a document alone */
    const br_model *model;
    br_buf *out;
    br_request *request; /* what `out` is the body of; NULL: of none */
    br_problems *problems;
    const br_shape *input;  /* what the path begins at; NULL: a document */
    const br_shape *holder; /* the structure that is walked; NULL: none */
    br_known *known;        /* NULL: keys are searched for */
    bool form;              /* key=value pairs instead of JSON */
    int room;               /* the Lua stack is known to reach so far */
    unsigned secret;        /* > 0: inside a sensitive shape, no value may be shown */
    br_marks marks;
    unsigned depth; /* steps in path */
    br_step path[BR_JSON_DEPTH_MAX];
} br_encoder;

/* All but the path, which need not be cleared. ctx NULL: for documents alone. */
static inline void br_encoder_init(br_encoder *e, lua_State *L, br_encode_ctx *ctx, br_buf *out,
                                   br_problems *problems)
{
    e->L = L;
    e->ctx = ctx;
    e->model = ctx != NULL ? ctx->model : NULL;
    e->out = out;
    e->request = NULL;
    e->input = NULL;
    e->holder = NULL;
    e->known = NULL;
    e->problems = problems;
    e->form = false;
    e->room = 0;
    e->secret = e->depth = 0;
    e->marks = (br_marks){0};
    br_buf_reserve(out, BR_BODY_FIRST);
}

/* The value on top of the stack is next: of that name in the table at that place. */
static inline void br_encode_step(br_encoder *e, br_slice name, int table)
{
    e->path[e->depth++] = (br_step){name, 0, table};
}

static inline const br_shape *br_encoder_shape(const br_encoder *e, unsigned shape)
{
    return &e->model->shapes[shape];
}

/* As br_buf_add; the common case, room left, without a call. */
static inline void br_emit(br_buf *b, const char *text, size_t n)
{
    if (b->failed || n >= b->cap - b->len || n > b->max - b->len) {
        br_buf_add(b, text, n);
        return;
    }
    memcpy(b->data + b->len, text, n);
    b->len += n;
    b->data[b->len] = '\0';
}

static inline void br_emit_char(br_buf *b, char c)
{
    br_emit(b, &c, 1);
}

/* Texts of 4 to 15 bytes, as names mostly are: their first and last bytes are all of them. */
static inline bool br_is_short(br_slice s)
{
    return s.n - 4 < 12;
}

/* Copies a short text. false: it is not plain ASCII, or needs escapes. */
static inline bool br_copy_short(char *to, br_slice s)
{
    if (s.n >= 8) {
        uint64_t first = br_load8(s.p), last = br_load8(s.p + s.n - 8);
        memcpy(to, &first, 8);
        memcpy(to + s.n - 8, &last, 8);
        return br_json_are_plain(first, last);
    }
    uint32_t first, last;
    memcpy(&first, s.p, 4);
    memcpy(&last, s.p + s.n - 4, 4);
    memcpy(to, &first, 4);
    memcpy(to + s.n - 4, &last, 4);
    uint64_t both = first | (uint64_t)last << 32;
    return br_json_are_plain(both, both);
}

/* A JSON string that is not short, or not plain. */
bool br_emit_any_string(br_buf *b, br_slice s);

/* A JSON string; false: not UTF-8. */
static inline bool br_emit_string(br_buf *b, br_slice s)
{
    char *to = br_is_short(s) ? br_buf_reserve(b, s.n + 2) : NULL;
    if (to == NULL || !br_copy_short(to + 1, s))
        return br_emit_any_string(b, s);
    to[0] = '"';
    to[s.n + 1] = '"';
    br_buf_commit(b, s.n + 2);
    return true;
}

/* A key and its colon, behind a comma; false: not UTF-8. */
static inline bool br_emit_key(br_buf *b, bool comma, br_slice key)
{
    char *to = br_is_short(key) ? br_buf_reserve(b, key.n + 4) : NULL;
    if (to != NULL) {
        char *p = to;
        *p = ',';
        p += comma;
        *p = '"';
        if (br_copy_short(p + 1, key)) {
            memcpy(p + 1 + key.n, "\":", 2);
            br_buf_commit(b, key.n + 3 + comma);
            return true;
        }
        b->data[b->len] = '\0';
    }
    if (comma)
        br_emit_char(b, ',');
    bool valid = br_emit_any_string(b, key);
    br_emit_char(b, ':');
    return valid;
}

/* As br_emit_string, of the string on top of the stack; a long one without escapes is attached. */
bool br_encode_long_string(br_encoder *e, br_slice s);

static inline bool br_encode_put_string(br_encoder *e, br_slice s)
{
    return s.n < BR_ATTACHED_BYTES_MIN ? br_emit_string(e->out, s) : br_encode_long_string(e, s);
}

/* encode_problem.c: violations at the path in hand, or at a member of it. */
void br_encode_problem(br_encoder *e, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void br_encode_problem_at(br_encoder *e, const char *kind, br_slice member, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* `wanted`: its shape; NULL: none. */
void br_encode_wrong_type(br_encoder *e, const br_shape *wanted, const char *expected);
void br_encode_unknown(br_encoder *e, const br_shape *structure, br_slice name);
void br_encode_union_count(br_encoder *e, const br_shape *s, const uint64_t *seen, unsigned count);

#define BR_HINT_MAX 184 /* of what is to be written; with words around it it fits */

/* encode_hint.c: what to write instead, as the end of a message; "" where that cannot be told. */
typedef struct br_hint {
    char text[BR_HINT_MAX + 16];
} br_hint;
/* For the value on top of the stack, which is not of that shape. */
br_hint br_encode_hint(const br_encoder *e, const br_shape *wanted);
/* For a member that the structure does not have: where it belongs. */
br_hint br_encode_unknown_hint(const br_encoder *e, const br_shape *structure, br_slice name);
/* For a table with that key, where a list is wanted; list NULL: of anything. */
br_hint br_encode_list_hint(const br_encoder *e, const br_shape *list, br_slice key);

/* encode_form.c: a pair for the value that the path leads to, or for the key of that entry. */
void br_encode_form_value(br_encoder *e, br_slice text);
void br_encode_form_key(br_encoder *e, br_slice text);
void br_encode_form_bytes(br_encoder *e, br_slice bytes);

/*
** encode_came.c: what would be refused, but came from an answer and was not changed, goes back as it
** came (lua/came.h). Asked only where something is wrong; the value in hand is on top of the stack.
*/
bool br_encode_came(br_encoder *e);
/* The same for a text, the value or its key; one that is not too short may stand in another table. */
bool br_encode_came_text(br_encoder *e, br_slice text, bool too_short);
/* The table in hand came with these members or elements, all of them and no other. */
bool br_encode_came_whole(br_encoder *e);

typedef enum br_absence {
    BR_ABSENT_MISSING, /* it should be there */
    BR_ABSENT_CAME,    /* the table in hand came without it, */
    BR_ABSENT_NULL     /* or with null in its place */
} br_absence;
/* Of a member of the table at that place, which is in hand. */
br_absence br_encode_absence(br_encoder *e, int table, br_slice name);

/* encode_text.c: scalars as text, fully checked. */
typedef struct br_text {
    br_slice s;
    bool quoted;                     /* a JSON string: to be quoted, checked and escaped */
    char small[BR_DOUBLE_TEXT_SIZE]; /* s may point here */
} br_text;
/* false: not encodable, and the problem is reported. */
bool br_encode_text(br_encoder *e, const br_shape *s, br_text *text);
bool br_encode_string(br_encoder *e, const br_shape *s, br_slice *text);
/* The bytes that are in hand. */
void br_encode_check_bytes(br_encoder *e, const br_shape *s, br_slice bytes);
/* How many elements or entries the table in hand has. */
void br_encode_check_size(br_encoder *e, unsigned limits, size_t n, const char *unit);
void br_encode_check_string(br_encoder *e, const br_shape *s, br_slice text);

/* encode_value.c */
bool br_encode_more_room(br_encoder *e);
/* The bytes of the string on top of the stack, attached to the request; false: to be written. */
bool br_encode_attach(br_encoder *e, br_slice bytes, bool base64);
/* As a JSON string, or as a pair of the form; reported if it is not UTF-8. */
void br_encode_put_text(br_encoder *e, br_slice text);
/*
** For the table on top of the stack, a value of that type: sees to the free slots of one level, and
** gives the table's place. 0: it is none, or too deep; reported.
*/
int br_encode_enter(br_encoder *e, int type, const br_shape *wanted, const char *expected);
/* The value at that place, of that type of Lua's; on top of the stack it is at -1. */
void br_encode_value_at(br_encoder *e, unsigned shape, int index, int type);

static inline void br_encode_value(br_encoder *e, unsigned shape)
{
    br_encode_value_at(e, shape, -1, lua_type(e->L, -1));
}

/* encode_members.c */
/* Of the value on top of the stack, of that type. */
void br_encode_structure(br_encoder *e, const br_shape *s, int type);
/*
** Members of the structure on top of the stack that belong into the body. `braces` false: members
** are checked but nothing is written (the body is something else).
*/
void br_encode_body_members(br_encoder *e, const br_shape *s, bool braces);
#ifdef BR_LUA_TCDATA
/* The boxed 64-bit integer of LuaJIT on top of the stack; false: it is none, or beyond int64. */
bool br_lua_cdata_integer(lua_State *L, int64_t *value);
#endif
/* Fills in the token if there is none yet; false: no randomness, reported. */
bool br_encode_token(br_encoder *e, int member, br_slice *token);

/* encode_document.c */
void br_encode_document(br_encoder *e);
/*
** Walks the table at that place, on top of the stack, as a list and calls `item` for each element, which is then
** on top, with its index as last step. Elements come in order. false: it is no list (reported).
** `list`: its shape; NULL: it may hold anything.
*/
typedef void br_item_encoder(br_encoder *e, const void *how);
bool br_encode_items(br_encoder *e, int table, const br_shape *list, br_item_encoder *item,
                     const void *how, size_t *count);

#endif
