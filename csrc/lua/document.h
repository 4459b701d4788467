/*
** What documents have beyond plain tables: the marks by which an empty list differs from an empty
** map, ours and those of lua-cjson.
*/
#ifndef BR_LUA_DOCUMENT_H
#define BR_LUA_DOCUMENT_H

#include <stdbool.h>

#include "lua/compat.h"

typedef enum br_mark {
    BR_MARK_NONE,
    BR_MARK_ARRAY,      /* ours, or cjson.array_mt */
    BR_MARK_OBJECT,     /* ours */
    BR_MARK_EMPTY_ARRAY /* cjson.empty_array_mt: a list if it is empty */
} br_mark;

br_mark br_document_mark(lua_State *L, int index);
/* cjson.empty_array of the loaded lua-cjson. */
bool br_document_is_empty_array(lua_State *L, int index);

/* Set the mark on the table on top of the stack. */
void br_document_set_array(lua_State *L);
void br_document_set_object(lua_State *L);

#endif
