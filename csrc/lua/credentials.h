/*
** Credentials that a connection obtained, for the functions of the module that sign with them or
** hand them out. Lua passes them on and cannot look inside.
*/
#ifndef BR_LUA_CREDENTIALS_H
#define BR_LUA_CREDENTIALS_H

#include "core/aws/credentials.h"
#include "lua/base/compat.h"

typedef struct br_lua_credentials {
    const br_credentials *set; /* counted; NULL: none */
    int64_t skew_ms;           /* of the connection's clock: what to add to the machine's */
} br_lua_credentials;

void br_lua_open_credentials(lua_State *L); /* the class */
/* Pushes one that has none yet: the collector knows of it before there is something to free. */
br_lua_credentials *br_lua_credentials_push(lua_State *L);
/* NULL: nil. Raises if it is anything else. */
const br_lua_credentials *br_lua_credentials_arg(lua_State *L, int arg);

/* export(credentials) -> { access_key_id, secret_access_key, session_token, expiration } */
int br_lua_export(lua_State *L);

#endif
