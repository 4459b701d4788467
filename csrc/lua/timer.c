/*
** A timer as userdata: what a host waits for like for a call, only that it has no answer. So every
** host that can wait for calls can also pause, without blocking where calls do not.
*/
#include <string.h>

#include "engine/loop/task.h"
#include "lua/binding.h"

#define BR_LUA_TIMER "bedrock.timer"
#define BR_TIMER_MAX_MS 2147483647

typedef struct br_lua_timer {
    br_engine *engine; /* NULL: over */
    br_task task;
    br_timer timer;
    br_lua_waiter waiter;
} br_lua_timer;

static br_lua_timer *check(lua_State *L)
{
    return luaL_checkudata(L, 1, BR_LUA_TIMER);
}

static void end(br_lua_timer *t)
{
    br_engine *e = t->engine;
    t->engine = NULL;
    if (!e)
        return;
    br_timer_stop(e, &t->timer);
    br_task_leave(e, &t->task);
    br_lua_waiter_wake(&t->waiter);
}

static void due(void *user)
{
    br_lua_timer *t = user;
    br_engine *e = t->engine;
    end(t);
    br_engine_notify(e);
}

/* The engine ends, or stays with the parent: whoever waits goes on, and finds out. */
static void gone(void *user)
{
    end(user);
}

/* timer(ms) -> timer | nil, err */
int br_lua_timer_new(lua_State *L)
{
    br_error error;
    lua_Number ms = luaL_checknumber(L, 1);
    luaL_argcheck(L, ms >= 0 && ms <= BR_TIMER_MAX_MS, 1, "milliseconds, at most 2147483647");
    br_lua_timer *t = lua_newuserdatauv(L, sizeof *t, 0);
    memset(t, 0, sizeof *t);
    br_lua_waiter_init(&t->waiter, br_lua_state_of(L));
    luaL_getmetatable(L, BR_LUA_TIMER);
    lua_setmetatable(L, -2);

    br_error_clear(&error);
    br_engine *e = br_lua_engine(br_lua_state_of(L), &error);
    if (!e)
        return br_lua_fail(L, &error, BR_SLICE("timer"), NULL);
    if (!br_task_enter(e, &t->task, gone, t))
        return luaL_error(L, "not enough memory");
    t->engine = e;
    if (!br_timer_start(e, &t->timer, (int64_t)ms, due, t)) {
        end(t);
        return luaL_error(L, "not enough memory");
    }
    return 1;
}

/* ready() -> is it over? */
static int timer_ready(lua_State *L)
{
    br_lua_leave_parent(br_lua_state_of(L));
    lua_pushboolean(L, !check(L)->engine);
    return 1;
}

/* step(ms): over, at once or after at most one turn of the engine? */
static int timer_step(lua_State *L)
{
    br_lua_timer *t = check(L);
    br_lua_leave_parent(br_lua_state_of(L));
    if (t->engine)
        br_engine_step(t->engine, (int)luaL_optinteger(L, 2, 0));
    lua_pushboolean(L, !t->engine);
    return 1;
}

/* arm(id): over? If not, woken gives that number when it is. */
static int timer_arm(lua_State *L)
{
    br_lua_timer *t = check(L);
    lua_Integer id = luaL_checkinteger(L, 2);
    br_lua_leave_parent(br_lua_state_of(L));
    if (t->engine)
        br_lua_waiter_arm(&t->waiter, id);
    lua_pushboolean(L, !t->engine);
    return 1;
}

static int timer_cancel(lua_State *L)
{
    br_lua_timer *t = check(L);
    br_lua_leave_parent(br_lua_state_of(L));
    end(t);
    return 0;
}

static int timer_gc(lua_State *L)
{
    timer_cancel(L);
    br_lua_waiter_leave(&check(L)->waiter);
    return 0;
}

static const luaL_Reg methods[] = {
    {"arm", timer_arm}, {"cancel", timer_cancel}, {"ready", timer_ready}, {"step", timer_step},
    {NULL, NULL},
};

static const luaL_Reg meta[] = {
    {"__gc", timer_gc},
    {NULL, NULL},
};

void br_lua_open_timer(lua_State *L)
{
    br_lua_class(L, BR_LUA_TIMER, methods, meta);
}
