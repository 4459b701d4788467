/*
** What documents have beyond plain tables: the marks by which an empty list differs from an empty
** map, ours and those of lua-cjson; and the order of a map's keys.
**
** Maps whose keys were read in the order of their bytes share one metatable. For any other order
** there is a metatable that holds the list of keys, shared by the maps that have the same keys in
** the same order, as far as these are among the last BR_ORDERS_MAX such orders; it goes away with
** the last of its maps.
*/
#ifndef BR_LUA_CODEC_DOCUMENT_H
#define BR_LUA_CODEC_DOCUMENT_H

#include <stdbool.h>

#include "core/base/buffer.h"
#include "lua/base/compat.h"

#define BR_ORDERS_MAX 1024

typedef enum br_mark {
    BR_MARK_NONE,
    BR_MARK_ARRAY,      /* ours, or cjson.array_mt */
    BR_MARK_OBJECT,     /* ours, with no order but that of its bytes */
    BR_MARK_ORDERED,    /* the same with an order: see br_document_push_order */
    BR_MARK_EMPTY_ARRAY /* cjson.empty_array_mt: a list if it is empty */
} br_mark;

#define BR_CJSON_MODULES 2

/*
** Which metatables are marks, found when the first is asked for. For one walk over one value: what is
** loaded meanwhile is not seen. All zero in the beginning.
*/
typedef struct br_marks {
    const void *array, *object;
    bool asked; /* for those of lua-cjson */
    const void *cjson_array[BR_CJSON_MODULES], *cjson_empty[BR_CJSON_MODULES]; /* NULL: none */
} br_marks;

br_mark br_document_mark(lua_State *L, br_marks *marks, int index);
/* The same. BR_MARK_ORDERED: two values are pushed, of which the one on top is the list of keys. */
br_mark br_document_push_mark(lua_State *L, br_marks *marks, int index);
/* Those of our marks, which stay the same in a Lua state. */
void br_document_find_marks(lua_State *L, br_marks *marks);
/* cjson.empty_array of the loaded lua-cjson. */
bool br_document_is_empty_array(lua_State *L, int index);

/* Set the mark on the table on top of the stack. */
void br_document_set_array(lua_State *L);
void br_document_set_object(lua_State *L);
/*
** As br_document_set_object, for keys that do not come in the order of their bytes: each once, and
** each alive as a key of the table.
*/
void br_document_set_order(lua_State *L, const br_slice *keys, size_t count);
/* Pushes the list of the keys of the table on top of the stack; false, nothing: it has none. */
bool br_document_push_order(lua_State *L);

#endif
