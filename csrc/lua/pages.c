/* How operations page, and what can be waited for, as lua/bedrock/{pages,wait}.lua need it. */
#include "lua/binding.h"

static void set_name(lua_State *L, const br_model *model, const char *key, unsigned name)
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
    br_lua_op which = br_lua_check_op(L, 1);
    const br_model *model = which.model;
    const br_paginator *p = br_model_paginator(model, which.op);
    if (!p)
        return 0;
    lua_createtable(L, 0, 5);
    set_name(L, model, "input", p->in);
    set_name(L, model, "output", p->out);
    set_name(L, model, "limit", p->limit);
    set_name(L, model, "result", p->result);
    set_name(L, model, "more", p->more);
    return 1;
}

static void push_acceptor(lua_State *L, const br_model *model, const br_acceptor *a)
{
    static const char *const states[] = {"success", "failure", "retry"};
    lua_createtable(L, 0, 3);
    set_name(L, model, "path", a->path);
    set_name(L, model, "expected", a->expected);
    lua_pushstring(L, states[a->state]);
    lua_setfield(L, -2, "state");
}

static void push_waiter(lua_State *L, const br_lua_state *s, unsigned index, const br_waiter *w)
{
    const br_model *model = s->models[index];
    lua_createtable(L, 0, 5);
    set_name(L, model, "name", w->name);
    set_integer(L, "op", br_lua_op_ref(index, w->op));
    set_integer(L, "delay", w->delay);
    set_integer(L, "attempts", w->attempts);
    lua_createtable(L, w->count, 0);
    for (unsigned i = 0; i < w->count; i++) {
        push_acceptor(L, model, &model->acceptors[w->first + i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "acceptors");
}

/*
** waiters() -> list of {name, op, delay (seconds), attempts, acceptors = {{path, expected,
** state}}}; those that were loaded last come first.
*/
int br_lua_waiters(lua_State *L)
{
    const br_lua_state *s = br_lua_state_of(L);
    int count = 0;
    lua_newtable(L);
    for (unsigned m = s->model_count; m-- > 0;) {
        for (unsigned i = 0; i < s->models[m]->waiter_count; i++) {
            push_waiter(L, s, m, &s->models[m]->waiters[i]);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}
