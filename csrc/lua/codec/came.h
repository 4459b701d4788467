/*
** What came from answers, so that it may go back as it came although a hand-written table with it is
** refused: members that the model does not know, texts that are longer than it says. Only tables
** with something of that kind are remembered, as a copy of their first level, for as long as they
** live; what was changed since is not as it came. Nothing here holds C memory.
*/
#ifndef BR_LUA_CODEC_CAME_H
#define BR_LUA_CODEC_CAME_H

#include <stdbool.h>

#include "lua/base/compat.h"

/* Once per Lua state. */
void br_came_open(lua_State *L);

/*
** Remembers the table on top of the stack as it is now. Null for a member says that it came as null;
** such are taken out of the table when `nulls` is set, as null is absent in structures. Without room
** on the Lua stack it is not remembered.
*/
void br_came_remember(lua_State *L, bool nulls);

/* The same for that table and all in it but documents, which go back as they are anyway. */
void br_came_remember_all(lua_State *L);

/*
** The same for the table on top, a copy of the one below it: the tables below them are copied already.
** Nothing is remembered if the original is not.
*/
void br_came_remember_like(lua_State *L);

/* Pushes the copy of the table at index; false: pushes nothing, it is not remembered. */
bool br_came_push(lua_State *L, int index);

/* Whether that table still has all that it came with, and nothing else. */
bool br_came_whole(lua_State *L, int index);

/* Whether a table that lives came with this string: an id that is sent back in another table. */
bool br_came_somewhere(lua_State *L, int index);

#endif
