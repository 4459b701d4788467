/*
** bedrock.sign: Signature Version 4 as a pure function, for requests that others send.
**
**   sign { method = "POST", url = …, headers = {…}, body = …, region = …, service = "bedrock",
**          access_key_id = …, secret_access_key = …, session_token = …, time = epoch seconds }
**
** The URL's path and query are taken as they will be sent, already percent-encoded. Returns the
** headers to add: host, x-amz-date, authorization and, with a token, x-amz-security-token; or nil
** and an error when a header could not be sent, or a field is none of these. Wrong types raise.
*/
#ifndef BR_LUA_SIGN_H
#define BR_LUA_SIGN_H

#include "lua/base/compat.h"

int br_lua_sign(lua_State *L);
/* Pushes that function with what it keeps from one signature to the next. */
void br_lua_push_sign(lua_State *L);

#endif
