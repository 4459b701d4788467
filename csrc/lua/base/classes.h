/*
** Classes of userdata.
*/
#ifndef BR_LUA_BASE_CLASSES_H
#define BR_LUA_BASE_CLASSES_H

#include "lua/base/compat.h"

/*
** A class found without its name, which would be made a string, and looked up, each time. Its
** metatable stays in the registry as long as the Lua state lives.
*/
typedef struct br_lua_class_id {
    const void *metatable;
    int ref; /* in the registry */
} br_lua_class_id;

/*
** Makes the metatable of a class; `methods` become its __index. What is on
** top of the stack, and stays there, is the first upvalue of all.
*/
void br_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta);
/* Of a class that was made. */
br_lua_class_id br_lua_class_find(lua_State *L, const char *name);
/* Makes the userdata on top of the stack one of that class. */
void br_lua_class_set(lua_State *L, br_lua_class_id id);
/* As luaL_checkudata, where it is one of that class. */
void *br_lua_class_check(lua_State *L, int arg, br_lua_class_id id, const char *name);

#endif
