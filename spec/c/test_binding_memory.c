/*
** Lua runs out of memory at every allocation in turn while connecting, preparing a request, calling
** where nobody answers, and making errors: that very error must come out, the same Lua state must
** then do all of it, and nothing may leak (run under a leak checker).
*/
#include "allowance.h"
#include "check.h"

#include <stdlib.h>

#include "lua/base/compat.h"

int luaopen_bedrock_core(lua_State *L);

static const char loading[] =
    "package.path = 'lua/?.lua;lua/?/init.lua'\n"
    "bedrock = require 'bedrock'\n"
    "settings = { auth = 'access_keys', access_key_id = 'AKIDEXAMPLE0000000001',\n"
    "  cache = 'memory', endpoint = 'http://127.0.0.1:1', max_attempts = 1,\n"
    "  secret_access_key = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', region = 'eu-central-1' }\n";

static const char program[] =
    "local conn = assert(bedrock.connect(settings))\n"
    "local request = assert(conn:prepare('converse', { modelId = 'm', messages = {\n"
    "  { role = 'user', content = { { text = 'Hello' } } } } }))\n"
    "assert(request.method == 'POST' and request.headers.authorization)\n"
    "local none, err = conn:prepare('converse', { messages = { { role = 1 } }, zz = 1 })\n"
    "assert(not none and err.kind == 'validation' and #tostring(err) > 0)\n"
    "none, err = conn:converse { modelId = 'm', messages = {} }\n"
    "assert(not none and err.kind == 'transport')\n"
    "local core = require 'bedrock.core'\n"
    "core.listen(2)\n"
    "local call = assert(conn._client:request({ service = core.service 'bedrock-runtime',\n"
    "  method = 'GET', path = '/x' }))\n"
    "repeat until call:step(100)\n"
    "local events = assert(call:trace())\n"
    "assert(events[1].event == 'call' and events[#events].event == 'response')\n"
    "assert(not call:trace() and call:cancel())\n"
    "core.listen(0)\n"
    "none, err = conn:prepare('convers', {})\n"
    "assert(not none and err)\n"
    "none, err = bedrock.sign { ulr = 'x', metod = 'GET' }\n"
    "assert(not none and err.kind == 'validation' and #tostring(err) > 0)\n"
    "local one = { url = 'https://h/a?b=c', headers = { ['X-A'] = '1' } }\n"
    "assert(assert(conn:sign(one)).authorization and conn:presign(one):find('X-Amz-Signature=', 1, "
    "true))\n"
    "none, err = conn:presign { url = 'https://h/', expires = 0 }\n"
    "assert(not none and err.kind == 'validation')\n"
    "assert(conn:api_key() and conn:export().secret_access_key == settings.secret_access_key)\n"
    "none, err = bedrock.connect { regoin = 'x', auth = 'access_keys' }\n"
    "assert(not none and err.kind == 'config' and #tostring(err) > 0)\n"
    "assert(bedrock.json.decode(bedrock.json.encode({ a = { 1, 'x' } })).a[2] == 'x')\n"
    "assert(not bedrock.json.decode('{'))\n"
    "conn:close()\n";

/* Opens what a Lua program has, and the library; the program is left on the stack. */
static lua_State *new_state(allowance *a)
{
    lua_State *L = lua_newstate(allowance_allocate, a);
    if (L == NULL)
        abort();
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_bedrock_core);
    lua_setfield(L, -2, "bedrock.core");
    lua_pop(L, 1);
    if (luaL_dostring(L, loading) != LUA_OK || luaL_loadstring(L, program) != LUA_OK)
        CHECK_STR(lua_tostring(L, -1), "");
    return L;
}

static int run_program(lua_State *L)
{
    lua_pushvalue(L, 1);
    int status = lua_pcall(L, 0, 0, 0);
    if (status == LUA_ERRRUN)
        CHECK_STR(lua_tostring(L, -1), "");
    lua_settop(L, 1);
    return status;
}

/* The same state does all of it afterwards. */
static long run(long limit, int *status)
{
    allowance a = {-1};
    lua_State *L = new_state(&a);
    a.left = limit;
    *status = run_program(L);
    long left = a.left;
    a.left = -1;
    CHECK_INT(run_program(L), LUA_OK);
    lua_close(L);
    return left;
}

int main(void)
{
    allowance_try_all(run, LUA_ERRMEM);
    return check_done();
}
