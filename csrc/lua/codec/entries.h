/*
** The entries of a table in the one order in which they are sent and shown: the keys that a decoder
** read, in the order in which it read them, then all others by their bytes. So equal tables give
** equal bytes, whatever the order in which lua_next finds them.
*/
#ifndef BR_LUA_CODEC_ENTRIES_H
#define BR_LUA_CODEC_ENTRIES_H

#include <stdbool.h>

#include "core/base/buffer.h"
#include "lua/base/compat.h"

/* Slots of the Lua stack that the functions here need free. */
#define BR_ENTRIES_STACK 32

/*
** The value is on top of the stack, which it leaves as it was; the table is where it was. The key
** lives as long as the call.
*/
typedef void br_entry_visitor(lua_State *L, void *state, br_slice key);
/* Whether an entry is visited at all; the key is at -2, the value at -1. */
typedef bool br_entry_filter(lua_State *L, void *state);

/*
** Visits the entries of the table on top of the stack whose keys are strings, read raw. Gives the
** type of a key that is no string (the smallest of these types), or LUA_TNONE. What a finalizer
** changes meanwhile may be seen or not. Raises "not enough memory" alone.
*/
int br_each_entry(lua_State *L, br_entry_visitor *visit, void *state);
/* The same for the table at that place, and the list of keys that come first. */
int br_each_in_order(lua_State *L, int table, int order, br_entry_visitor *visit, void *state);
/* The same for some of them, by their bytes alone. */
int br_each_sorted(lua_State *L, br_entry_filter *filter, br_entry_visitor *visit, void *state);
/* Of several types of strange keys the smallest is kept. */
static inline void br_note_strange(int *strange, int type)
{
    if (*strange == LUA_TNONE || type < *strange)
        *strange = type;
}

/* As memcmp, of texts of different lengths. */
int br_compare_keys(br_slice a, br_slice b);

#endif
