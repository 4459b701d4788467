#include <string.h>

#include "core/aws/service_error.h"
#include "core/http/retry.h"
#include "lua/binding.h"

static void set_text(lua_State *L, const char *name, br_slice text)
{
    br_lua_push(L, text);
    lua_setfield(L, -2, name);
}

static void push_table(lua_State *L, br_err_kind kind, const char *code, br_slice operation)
{
    lua_createtable(L, 0, 8);
    set_text(L, "kind", br_slice_of(br_err_kind_name(kind)));
    set_text(L, "code", br_slice_of(code));
    if (operation.n > 0)
        set_text(L, "operation", operation);
    luaL_getmetatable(L, BR_LUA_ERROR);
    lua_setmetatable(L, -2);
}

static void set_answer(lua_State *L, int status, br_slice request_id)
{
    if (status != 0) {
        lua_pushinteger(L, status);
        lua_setfield(L, -2, "status");
    }
    if (request_id.n > 0)
        set_text(L, "request_id", request_id);
}

static void set_retry_after(lua_State *L, int64_t ms)
{
    if (ms < 0)
        return;
    br_push_time(L, ms);
    lua_setfield(L, -2, "retry_after");
}

/* Of the last answer. A cookie is as good as a password to whoever set it. */
static void set_headers(lua_State *L, const br_headers *headers)
{
    br_lua_push_headers(L, headers);
    lua_pushnil(L);
    lua_setfield(L, -2, "set-cookie");
    lua_setfield(L, -2, "headers");
}

/*
** The answer that the error itself names goes before the call's: a refused exchange, say, of which
** nothing is shown but that.
*/
static void set_info(lua_State *L, const br_error *error, const br_call_info *info)
{
    const br_headers *headers = error->status == 0 ? info->headers : NULL;
    lua_pushinteger(L, info->attempts);
    lua_setfield(L, -2, "attempts");
    if (error->status != 0) {
        set_answer(L, error->status, br_slice_of(error->request_id));
        set_retry_after(L, error->told_to_wait ? error->retry_after_ms : -1);
        return;
    }
    set_answer(L, info->status, headers ? br_request_id(headers) : (br_slice){NULL, 0});
    if (!headers)
        return;
    set_headers(L, headers);
    set_retry_after(L,
                    br_retry_hint_ms(headers, br_platform_system.wall_ms(br_platform_system.user)));
}

int br_lua_fail(lua_State *L, const br_error *error, br_slice operation, const br_call_info *info)
{
    luaL_checkstack(L, 12, NULL);
    lua_pushnil(L);
    push_table(L, error->kind, error->code, operation);
    set_text(L, "message", br_slice_of(error->message));
    lua_pushboolean(L, info && info->retryable);
    lua_setfield(L, -2, "retryable");
    if (info)
        set_info(L, error, info);
    return 2;
}

static void push_problem(lua_State *L, const br_problem *problem)
{
    lua_createtable(L, 0, 3);
    set_text(L, "path", br_slice_of(problem->path));
    set_text(L, "kind", br_slice_of(problem->kind));
    set_text(L, "message", br_slice_of(problem->message));
}

static void push_line(lua_State *L, const br_problem *problem)
{
    if (problem->path[0] != '\0')
        lua_pushfstring(L, "%s: %s", problem->path, problem->message);
    else
        lua_pushstring(L, problem->message);
}

/* All problems, a line each. */
static void push_summary(lua_State *L, const br_problems *problems)
{
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    for (size_t i = 0; i < problems->count; i++) {
        if (i > 0)
            luaL_addchar(&text, '\n');
        push_line(L, &problems->items[i]);
        luaL_addvalue(&text);
    }
    if (problems->dropped > 0) {
        lua_pushfstring(L, "%sand %d more", problems->count ? "\n" : "", (int)problems->dropped);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
}

int br_lua_fail_problems(lua_State *L, br_err_kind kind, br_slice operation,
                         const br_problems *problems)
{
    luaL_checkstack(L, 10, NULL);
    lua_pushnil(L);
    push_table(L, kind, kind == BR_ERR_CONFIG ? "ConfigError" : "ValidationError", operation);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "retryable");
    push_summary(L, problems);
    lua_setfield(L, -2, "message");
    lua_createtable(L, (int)problems->count, 0);
    for (size_t i = 0; i < problems->count; i++) {
        push_problem(L, &problems->items[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "errors");
    return 2;
}

bool br_lua_is_failure(lua_State *L)
{
    if (!lua_isnil(L, 1) || !lua_istable(L, 2) || !lua_getmetatable(L, 2))
        return false;
    luaL_getmetatable(L, BR_LUA_ERROR);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

void br_lua_open_errors(lua_State *L)
{
    luaL_newmetatable(L, BR_LUA_ERROR);
    lua_setfield(L, -2, "error_metatable");
}
