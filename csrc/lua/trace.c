/*
** What happens to calls, for who listens:
**   listen(level) -> methods of calls    0: nobody, 1: events, 2: heads and bodies, too; of calls
**                                        that are made from now on
**   client:listen()                      events of that client's calls
**   call:trace() -> events               nil: nothing has happened since
** An event is a table of what core/base/trace.h has; times are milliseconds, in its table `ms`.
*/
#include "core/base/trace.h"

#include "lua/call.h"

int br_lua_listen(lua_State *L)
{
    lua_Integer level = luaL_checkinteger(L, 1);
    luaL_argcheck(L, level >= BR_TRACE_OFF && level <= BR_TRACE_WIRE, 1, "no level");
    br_lua_state_of(L)->trace = (br_trace_level)level;
    luaL_getmetatable(L, BR_LUA_CALL);
    lua_getfield(L, -1, "__index");
    return 1;
}

static br_slice waiting(const br_lua_call *c)
{
    br_trace *t = c->call ? br_call_trace(c->call) : NULL;
    if (t)
        return br_trace_waiting(t);
    return c->frames ? br_buf_slice(&c->frames->trace) : (br_slice){NULL, 0};
}

static void taken(br_lua_call *c)
{
    if (c->call)
        br_trace_taken(br_call_trace(c->call));
    else
        br_buf_clear(&c->frames->trace);
}

/*
** All of it, in memory that Lua collects. Asking for that may run a finalizer, which may do anything
** to the call.
*/
static br_slice take(lua_State *L, br_lua_call *c)
{
    char *to;
    size_t n;
    do {
        lua_settop(L, 1);
        n = waiting(c).n;
        if (n == 0)
            return (br_slice){NULL, 0};
        to = lua_newuserdatauv(L, n, 0);
    } while (waiting(c).n != n);
    memcpy(to, waiting(c).p, n);
    taken(c);
    return (br_slice){to, n};
}

/* Into the table of the event on top of the stack, below which is that of its times, or nil. */
static void set_field(lua_State *L, int event, int ms, br_trace_type type,
                      const br_trace_field *field)
{
    br_lua_push(L, field->name);
    if (type == BR_TRACE_TEXT)
        br_lua_push(L, field->text);
    else if (type == BR_TRACE_NUMBER)
        br_push_integer(L, field->number);
    else
        lua_pushnumber(L, (lua_Number)field->number / 1000);
    lua_rawset(L, type == BR_TRACE_TIME ? ms : event);
}

/* Pushes the next event; false: there is none. */
static bool push_event(lua_State *L, br_slice *bytes)
{
    br_trace_field field;
    br_trace_type type = br_trace_read(bytes, &field);
    if (type == BR_TRACE_NOTHING)
        return false;
    lua_newtable(L);
    int event = lua_gettop(L);
    lua_newtable(L);
    for (; type != BR_TRACE_NOTHING && type != BR_TRACE_END; type = br_trace_read(bytes, &field))
        set_field(L, event, event + 1, type, &field);
    lua_setfield(L, event, "ms");
    return true;
}

int br_lua_call_trace(lua_State *L)
{
    br_lua_call *c = br_lua_call_check(L);
    luaL_checkstack(L, 10, NULL);
    br_slice bytes = take(L, c);
    if (bytes.n == 0)
        return 0;
    lua_newtable(L);
    int list = lua_gettop(L);
    for (int n = 1; push_event(L, &bytes); n++)
        lua_rawseti(L, list, n);
    return 1;
}
