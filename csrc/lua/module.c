#include "core/base/version.h"
#include "core/text/regex.h"
#include "lua/binding.h"
#include "lua/credentials.h"
#include "lua/signing.h"

__attribute__((visibility("default"))) int luaopen_bedrock_core(lua_State *L);

static const luaL_Reg functions[] = {
    {"api_version", br_lua_api_version},
    {"array", br_lua_array},
    {"came", br_lua_came},
    {"base64_decode", br_lua_base64_decode},
    {"base64_encode", br_lua_base64_encode},
    {"before", br_lua_before},
    {"bridge", br_lua_bridge},
    {"bridged", br_lua_bridged},
    {"cache_files", br_lua_cache_files},
    {"cache_remove", br_lua_cache_remove},
    {"certificates", br_lua_certificates},
    {"connect", br_lua_connect},
    {"decode", br_lua_decode},
    {"decode_halves", br_lua_decode_halves},
    {"describe", br_lua_describe},
    {"encode", br_lua_encode},
    {"exec", br_lua_exec},
    {"export", br_lua_export},
    {"fd", br_lua_fd},
    {"find", br_lua_find},
    {"join_halves", br_lua_join_halves},
    {"keep_output_errors", br_lua_keep_output_errors},
    {"keys", br_lua_keys},
    {"listen", br_lua_listen},
    {"literal", br_lua_literal},
    {"make_directory", br_lua_make_directory},
    {"metadata", br_lua_metadata},
    {"model", br_lua_load_model},
    {"notify", br_lua_notify},
    {"now_ms", br_lua_now_ms},
    {"number", br_lua_number},
    {"operation", br_lua_operation},
    {"operations", br_lua_operations},
    {"paginator", br_lua_paginator},
    {"input", br_lua_input},
    {"endable", br_lua_endable},
    {"ended_by", br_lua_ended_by},
    {"interruptible", br_lua_interruptible},
    {"is_public_header", br_lua_is_public_header},
    {"others_read", br_lua_others_read},
    {"percent", br_lua_percent},
    {"raw", br_lua_raw},
    {"read_settings", br_lua_read_settings},
    {"save", br_lua_save},
    {"service", br_lua_service},
    {"services", br_lua_services},
    {"sse", br_lua_sse_new},
    {"shown", br_lua_shown},
    {"step", br_lua_step},
    {"suggest", br_lua_suggest},
    {"terminal", br_lua_terminal},
    {"variables", br_lua_variables},
    {"timer", br_lua_timer_new},
    {"waiters", br_lua_waiters},
    {"woken", br_lua_woken},
    {NULL, NULL},
};

static void push_module(lua_State *L)
{
    br_codec_open(L);
    lua_newtable(L);
    br_lua_state_push(L);
    br_lua_open_client(L);
    br_lua_open_call(L);
    br_lua_open_timer(L);
    br_lua_open_sse(L);
    br_lua_open_credentials(L);
    br_lua_open_metadata(L);
    luaL_setfuncs(L, functions, 1);
    br_lua_open_errors(L);
    br_push_null(L);
    lua_setfield(L, -2, "null");
    br_lua_open_signing(L);
    lua_pushliteral(L, BR_VERSION);
    lua_setfield(L, -2, "version");
    lua_pushboolean(L, br_regex_available());
    lua_setfield(L, -2, "patterns");
}

/*
** Versions of Lua lay their states out differently, with the same functions: a binary of another
** version would load, and crash later.
*/
static void check_version(lua_State *L)
{
#if LUA_VERSION_NUM > 501
    int running = (int)lua_version(L);
    if (running != LUA_VERSION_NUM)
        luaL_error(L, "version mismatch: built for " LUA_VERSION ", loaded by Lua %d.%d",
                   running / 100, running % 100);
#else
    (void)L;
#endif
}

/* One module and one engine for a Lua state, even if it is loaded twice. */
int luaopen_bedrock_core(lua_State *L)
{
    check_version(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "bedrock.core");
    if (lua_istable(L, -1))
        return 1;
    lua_pop(L, 1);
    push_module(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "bedrock.core");
    return 1;
}
