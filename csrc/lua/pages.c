/* How operations page, and what can be waited for, as lua/bedrock/{pages,wait}.lua need it. */
#include "lua/binding.h"

static const br_model *const model = &br_model_builtin;

static void set_name(lua_State *L, const char *key, unsigned name)
{
    if (name == BR_NONE)
        return;
    br_lua_push(L, br_model_name(model, name));
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, unsigned value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

/* paginator(op) -> {input, output, limit, result, more}: names and paths | nil: it does not page */
int br_lua_paginator(lua_State *L)
{
    lua_Integer index = luaL_checkinteger(L, 1);
    luaL_argcheck(L, index >= 0 && index < (lua_Integer)model->op_count, 1, "no such operation");
    const br_paginator *p = br_model_paginator(model, (unsigned)index);
    if (!p)
        return 0;
    lua_createtable(L, 0, 5);
    set_name(L, "input", p->in);
    set_name(L, "output", p->out);
    set_name(L, "limit", p->limit);
    set_name(L, "result", p->result);
    set_name(L, "more", p->more);
    return 1;
}

static void push_acceptor(lua_State *L, const br_acceptor *a)
{
    static const char *const states[] = {"success", "failure", "retry"};
    lua_createtable(L, 0, 3);
    set_name(L, "path", a->path);
    set_name(L, "expected", a->expected);
    lua_pushstring(L, states[a->state]);
    lua_setfield(L, -2, "state");
}

static void push_waiter(lua_State *L, const br_waiter *w)
{
    lua_createtable(L, 0, 5);
    set_name(L, "name", w->name);
    set_integer(L, "op", w->op);
    set_integer(L, "delay", w->delay);
    set_integer(L, "attempts", w->attempts);
    lua_createtable(L, w->count, 0);
    for (unsigned i = 0; i < w->count; i++) {
        push_acceptor(L, &model->acceptors[w->first + i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "acceptors");
}

/* waiters() -> list of {name, op, delay (seconds), attempts, acceptors = {{path, expected, state}}}
 */
int br_lua_waiters(lua_State *L)
{
    lua_createtable(L, (int)model->waiter_count, 0);
    for (unsigned i = 0; i < model->waiter_count; i++) {
        push_waiter(L, &model->waiters[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}
