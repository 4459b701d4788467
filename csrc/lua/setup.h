/*
** connect's table of settings, read into br_settings. All that is wrong with it is collected.
*/
#ifndef BR_LUA_SETUP_H
#define BR_LUA_SETUP_H

#include "lua/binding.h"

#define BR_LUA_SETUP "bedrock.setup"

/* In a userdata, so that an error in the midst frees it. */
typedef struct br_lua_setup {
    br_settings settings;
    br_problems problems;
    br_buf text; /* a table as one text */
} br_lua_setup;

br_lua_setup *br_lua_push_setup(lua_State *L);
void br_lua_setup_read(lua_State *L, br_lua_setup *s, int table);
void br_lua_setup_clear(br_lua_setup *s);

void br_lua_open_setup(lua_State *L); /* the class */

#endif
