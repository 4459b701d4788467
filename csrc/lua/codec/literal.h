/*
** JSON that is kept as text and sent byte for byte: numbers that no Lua number holds, and what the
** caller wrote as JSON. Both are userdata that nobody can change, with locked metatables.
*/
#ifndef BR_LUA_CODEC_LITERAL_H
#define BR_LUA_CODEC_LITERAL_H

#include <stdbool.h>

#include "core/base/buffer.h"
#include "lua/base/compat.h"

#define BR_NUMBER_TEXT_MAX ((size_t)64 * 1024)
#define BR_RAW_TEXT_MAX ((size_t)256 * 1024 * 1024)

typedef struct br_literal {
    bool is_number; /* else raw JSON */
    unsigned depth; /* of arrays and objects in it */
    br_slice text;  /* lives as long as the userdata; a NUL follows */
} br_literal;

/* Once per Lua state. */
void br_literal_open(lua_State *L);
/* NULL: the value at index is none. */
const br_literal *br_literal_at(lua_State *L, int index);
/* Pushes a number by its JSON text of at most BR_NUMBER_TEXT_MAX bytes. */
void br_literal_push_number(lua_State *L, br_slice text);

/*
** Each pushes what the text says, and returns NULL; or says why it is not JSON, or no number of JSON:
** a static text, and in *at the byte.
*/
const char *br_literal_push_raw(lua_State *L, br_slice text, size_t *at);
const char *br_literal_read_number(lua_State *L, br_slice text, size_t *at);

#endif
