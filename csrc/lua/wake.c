/*
** The line of those that woke. A coroutine that waits gives its call or timer a number; the numbers
** of those that have something come out in the order in which it came. So a program with a thousand
** streams asks none of the others.
*/
#include "lua/binding.h"

void br_lua_waiter_init(br_lua_waiter *w, br_lua_state *s)
{
    *w = (br_lua_waiter){.state = s};
}

void br_lua_waiter_arm(br_lua_waiter *w, lua_Integer id)
{
    br_lua_waiter_leave(w);
    w->id = id;
}

/* Outside of a step the descriptor has to tell, so that an event loop comes and looks. */
void br_lua_waiter_wake(void *waiter)
{
    br_lua_waiter *w = waiter;
    br_lua_state *s = w->state;
    if (w->id == 0 || w->in_line)
        return;
    w->in_line = true;
    w->next = NULL;
    w->prev = s->woken_last;
    if (w->prev)
        w->prev->next = w;
    else
        s->woken = w;
    s->woken_last = w;
    if (s->engine)
        br_engine_notify(s->engine);
}

void br_lua_waiter_leave(br_lua_waiter *w)
{
    br_lua_state *s = w->state;
    w->id = 0;
    if (!w->in_line)
        return;
    w->in_line = false;
    if (w->prev)
        w->prev->next = w->next;
    else
        s->woken = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        s->woken_last = w->prev;
}

/* woken() -> the number of the next one that woke | nil */
int br_lua_woken(lua_State *L)
{
    br_lua_waiter *w = br_lua_state_of(L)->woken;
    if (!w)
        return 0;
    lua_pushinteger(L, w->id);
    br_lua_waiter_leave(w);
    return 1;
}

/* notify(): the descriptor becomes readable, or a waiting step returns, though nothing came. */
int br_lua_notify(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_leave_parent(s);
    if (s->engine)
        br_engine_notify(s->engine);
    return 0;
}

/* step(ms) -> number of things still running */
int br_lua_step(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    int ms = (int)luaL_checkinteger(L, 1);
    br_lua_leave_parent(s);
    lua_pushinteger(L, s->engine ? br_engine_step(s->engine, ms) : 0);
    return 1;
}

/* fd() -> descriptor that is readable when step has something to do */
int br_lua_fd(lua_State *L)
{
    br_error error;
    br_error_clear(&error);
    br_engine *e = br_lua_engine(br_lua_state_of(L), &error);
    if (!e)
        return br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
    lua_pushinteger(L, br_engine_fd(e));
    return 1;
}

/* now_ms() -> milliseconds of a clock that never goes back */
int br_lua_now_ms(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)br_platform_system.mono_ms(br_platform_system.user));
    return 1;
}
