/*
** Lua runs out of memory at every allocation in turn, in the midst of encoding and decoding: a
** plain Lua error must come out, the same state must then do it all, and nothing may leak (run
** under a leak checker).
*/
#include "allowance.h"
#include "check.h"

#include <stdlib.h>

#include "lua/base/compat.h"

int luaopen_codec_module(lua_State *L);

static const char program[] =
    "local codec = ...\n"
    "local ok, problems = codec.encode('runtime', 'Converse', { modelId = 'm', messages = {\n"
    "  { role = 'user', content = { { text = ('x'):rep(5000) } } } } })\n"
    "assert(ok and ok.body)\n"
    "ok, problems = codec.encode('runtime', 'Converse', { messages = { { role = 1 } }, zz = 1 })\n"
    "assert(not ok and #problems == 4)\n"
    "assert(codec.read('{\"a\":[\"\\\\u00fc\\\\n\", 1, {}], \"b\":{\"c\":[1.5,null]}}'))\n"
    "assert(codec.decode('runtime', 'InvokeModel', 200, { ['content-type'] = 'a/b' }, 'body'))\n"
    "assert(codec.decode('runtime', 'Converse', 200, {}, '{\"output\":{\"message\":{\"content\":["
    "  "
    "{\"image\":{\"source\":{\"bytes\":\"AAEC\"}}},{\"text\":\"a\\\\nb\"}]}},\"x\":{\"y\":[]}}'))\n"
    "assert(codec.decode('sts', 'AssumeRoleWithSAML', 200, {}, '<AssumeRoleWithSAMLResponse>"
    "<AssumeRoleWithSAMLResult><TrustedIdentityPropagationContext><TransactionContext>"
    "<IdentityProvider><entry><key>a</key><value>b</value></entry></IdentityProvider>"
    "</TransactionContext></TrustedIdentityPropagationContext></AssumeRoleWithSAMLResult>"
    "</AssumeRoleWithSAMLResponse>'))\n"
    "local odd = assert(codec.decode('runtime', 'Converse', 200, {}, '{\"output\":{\"message\":{"
    "\"role\":\"a\",\"content\":[{\"new\":{\"x\":1}},{\"toolUse\":{\"toolUseId\":\"\",\"name\":"
    "\"n\",\"input\":null}}]}}}'))\n"
    "assert(codec.encode('runtime', 'Converse', { modelId = 'm',\n"
    "  messages = { odd.output.message } }))\n"
    "assert(codec.write({ a = codec.array {}, b = { 1, 'x', codec.null } }))\n"
    "local t = codec.read('{\"z\":12345678901234567890,\"a\":{\"y\":1e400,\"b\":{}}}')\n"
    "t.later, t.also, t.raw = codec.number '1.10', true, codec.raw '{\"q\": 1}'\n"
    "assert(codec.write(t) == '{\"z\":12345678901234567890,\"a\":{\"y\":1e400,\"b\":{}},"
    "\"also\":true,\"later\":1.10,\"raw\":{\"q\": 1}}')\n"
    "local many = {}\n"
    "for i = 1, 20 do many['k' .. i] = i end\n"
    "assert(codec.encode('runtime', 'Converse', { modelId = 'm', zz = many, aa = t, messages = "
    "{},\n"
    "  requestMetadata = { b = '1', a = '2' } }, { unknown_pass = true }))\n";

static int body(lua_State *L)
{
    lua_pushcfunction(L, luaopen_codec_module);
    lua_call(L, 0, 1);
    if (luaL_loadstring(L, program) != 0)
        return lua_error(L);
    lua_insert(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

/* A userdata without a metatable would never free what it holds. */
static bool all_collected(lua_State *L)
{
    lua_settop(L, 0);
    bool all = true;
    for (lua_pushnil(L); lua_next(L, LUA_REGISTRYINDEX) != 0; lua_settop(L, 1)) {
        if (lua_type(L, -1) == LUA_TUSERDATA)
            all = lua_getmetatable(L, -1) && all;
    }
    return all;
}

/*
** The same state does all of it afterwards. Lua's own string buffers are set up before: cut off
** within, they never work again.
*/
static long run(long limit, int *status)
{
    allowance a = {-1};
    lua_State *L = lua_newstate(allowance_allocate, &a);
    if (L == NULL)
        abort();
    luaL_openlibs(L);
    CHECK_INT(luaL_dostring(L, "return ('x'):rep(5000)"), LUA_OK);
    a.left = limit;
    lua_pushcfunction(L, body);
    *status = lua_pcall(L, 0, 0, 0);
    if (*status == LUA_ERRRUN)
        CHECK_STR(lua_tostring(L, -1), "");
    long left = a.left;
    a.left = -1;
    lua_settop(L, 0);
    lua_pushcfunction(L, body);
    CHECK_INT(lua_pcall(L, 0, 0, 0), LUA_OK);
    CHECK(all_collected(L));
    lua_close(L);
    return left;
}

int main(void)
{
    allowance_try_all(run, LUA_ERRMEM);
    return check_done();
}
