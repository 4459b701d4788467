/*
** Names of operations and services, as Lua gives them: "list_agents", "agent.tag_resource",
** "bedrock-agent.tag_resource"; a service by its id or its namespace.
*/
#include <string.h>

#include "lua/binding.h"

static const br_model *const model = &br_model_builtin;

static br_slice name_of(unsigned index)
{
    return br_model_name(model, index);
}

static const char *kind_of(const br_op *op)
{
    if (op->flags & BR_OP_EVENT_IN)
        return "two_way";
    if (op->flags & BR_OP_EVENT_OUT)
        return "events";
    return op->flags & BR_OP_RAW_OUT ? "raw" : "plain";
}

static int push_found(lua_State *L, unsigned op)
{
    lua_pushinteger(L, (lua_Integer)op);
    lua_pushstring(L, kind_of(&model->ops[op]));
    br_lua_push(L, name_of(model->ops[op].snake));
    return 3;
}

static void try_service(br_suggest *near, const br_service *service)
{
    for (unsigned i = 0; i < service->op_count; i++)
        br_suggest_try(near, name_of(model->ops[service->first_op + i].snake));
}

/* The names of a list at that index, too. */
static void try_list(lua_State *L, int list, br_suggest *near)
{
    if (!lua_istable(L, list))
        return;
    for (int i = 1, n = (int)lua_rawlen(L, list); i <= n; i++) {
        lua_rawgeti(L, list, i);
        if (lua_type(L, -1) == LUA_TSTRING)
            br_suggest_try(near, br_lua_slice(L, -1));
        lua_pop(L, 1);
    }
}

/* nil, message */
static int unknown(lua_State *L, int service, br_slice name, int others)
{
    br_suggest near;
    br_suggest_init(&near, name);
    for (unsigned i = 0; i < model->service_count; i++) {
        if (service < 0 || i == (unsigned)service)
            try_service(&near, &model->services[i]);
    }
    try_list(L, others, &near);
    lua_pushnil(L);
    lua_pushliteral(L, "no operation \"");
    br_lua_push(L, name);
    if (near.best.p) {
        lua_pushliteral(L, "\" (did you mean \"");
        br_lua_push(L, near.best);
        lua_pushliteral(L, "\"?)");
    } else {
        lua_pushliteral(L, "\" (bedrock.operations() lists them)");
        lua_pushliteral(L, "");
        lua_pushliteral(L, "");
    }
    lua_concat(L, 5);
    return 2;
}

static int ambiguous(lua_State *L, br_slice name, const uint16_t *ops, unsigned count)
{
    luaL_Buffer text;
    lua_pushnil(L);
    luaL_buffinit(L, &text);
    luaL_addchar(&text, '"');
    luaL_addlstring(&text, name.p, name.n);
    luaL_addstring(&text, "\" is an operation of several services; say which: ");
    for (unsigned i = 0; i < count && i < BR_FLAT_MAX; i++) {
        br_slice space = name_of(model->services[model->ops[ops[i]].service].space);
        if (i > 0)
            luaL_addstring(&text, ", ");
        luaL_addlstring(&text, space.p, space.n);
        luaL_addchar(&text, '.');
        luaL_addlstring(&text, name.p, name.n);
    }
    luaL_pushresult(&text);
    return 2;
}

static int find_in(lua_State *L, int service, br_slice name)
{
    int op = br_model_op(model, (unsigned)service, name);
    if (op < 0)
        op = br_model_op_by_name(model, (unsigned)service, name);
    return op < 0 ? unknown(L, service, name, 0) : push_found(L, (unsigned)op);
}

static int find_anywhere(lua_State *L, br_slice name, int others)
{
    uint16_t ops[BR_FLAT_MAX];
    unsigned count = br_model_flat(model, name, ops);
    if (count == 0)
        return unknown(L, -1, name, others);
    return count == 1 ? push_found(L, ops[0]) : ambiguous(L, name, ops, count);
}

/* nil, message */
static int unknown_service(lua_State *L, br_slice name)
{
    br_suggest near;
    br_suggest_init(&near, name);
    for (unsigned i = 0; i < model->service_count; i++) {
        br_suggest_try(&near, name_of(model->services[i].id));
        br_suggest_try(&near, name_of(model->services[i].space));
    }
    lua_pushnil(L);
    lua_pushliteral(L, "no service \"");
    br_lua_push(L, name);
    lua_pushstring(L, near.best.p ? "\" (did you mean \"" : "\"");
    br_lua_push(L, near.best);
    lua_pushstring(L, near.best.p ? "\"?)" : "");
    lua_concat(L, 5);
    return 2;
}

/*
** find(name, service?, others?) -> index, kind, snake-case name | nil, message. kind: "plain",
** "events" (the answer is an event stream), "raw" (it may be one of bytes), "two_way".
** others: more names to suggest.
*/
int br_lua_find(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_slice name = br_lua_slice(L, 1), space = br_lua_slice(L, 2);
    luaL_checkstack(L, 12, NULL);
    const char *dot = memchr(name.p, '.', name.n);
    if (!space.p && dot) {
        space = (br_slice){name.p, (size_t)(dot - name.p)};
        name = (br_slice){dot + 1, name.n - space.n - 1};
    }
    if (!space.p)
        return find_anywhere(L, name, 3);
    int service = br_model_service(model, space);
    return service < 0 ? unknown_service(L, space) : find_in(L, service, name);
}

/* operation(index) -> kind, snake-case name, as find gives them */
int br_lua_operation(lua_State *L)
{
    lua_Integer index = luaL_checkinteger(L, 1);
    luaL_argcheck(L, index >= 0 && index < (lua_Integer)model->op_count, 1, "no such operation");
    push_found(L, (unsigned)index);
    return 2;
}

/* service(name) -> index, id | nil, message */
int br_lua_service(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    int service = br_model_service(model, br_lua_slice(L, 1));
    if (service < 0)
        return unknown_service(L, br_lua_slice(L, 1));
    lua_pushinteger(L, service);
    br_lua_push(L, name_of(model->services[service].id));
    return 2;
}

/* services() -> list of {id, namespace} */
int br_lua_services(lua_State *L)
{
    lua_createtable(L, (int)model->service_count, 0);
    for (unsigned i = 0; i < model->service_count; i++) {
        lua_createtable(L, 0, 2);
        br_lua_push(L, name_of(model->services[i].id));
        lua_setfield(L, -2, "id");
        br_lua_push(L, name_of(model->services[i].space));
        lua_setfield(L, -2, "namespace");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* The name under which an operation is found without a service: "converse", "agent.tag_resource".
 */
static void push_full_name(lua_State *L, const br_op *op)
{
    uint16_t ops[BR_FLAT_MAX];
    br_slice snake = name_of(op->snake);
    if (br_model_flat(model, snake, ops) == 1) {
        br_lua_push(L, snake);
        return;
    }
    br_lua_push(L, name_of(model->services[op->service].space));
    lua_pushliteral(L, ".");
    br_lua_push(L, snake);
    lua_concat(L, 3);
}

/* operations(service?) -> list of names; nil, message for an unknown service */
int br_lua_operations(lua_State *L)
{
    br_slice wanted = br_lua_slice(L, 1);
    int service = wanted.p ? br_model_service(model, wanted) : -1;
    if (wanted.p && service < 0)
        return unknown_service(L, wanted);
    lua_newtable(L);
    int count = 0;
    for (unsigned i = 0; i < model->op_count; i++) {
        const br_op *op = &model->ops[i];
        if (service >= 0 && op->service != service)
            continue;
        push_full_name(L, op);
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* suggest(given, list) -> the name of the list that was probably meant | nil */
int br_lua_suggest(lua_State *L)
{
    br_suggest near;
    luaL_checktype(L, 1, LUA_TSTRING);
    br_suggest_init(&near, br_lua_slice(L, 1));
    try_list(L, 2, &near);
    if (!near.best.p)
        return 0;
    br_lua_push(L, near.best);
    return 1;
}

/* api_version() -> {source, hash, services = {[id] = version}} */
int br_lua_api_version(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, model->facts_source);
    lua_setfield(L, -2, "source");
    lua_pushstring(L, model->facts_hash);
    lua_setfield(L, -2, "hash");
    lua_createtable(L, 0, (int)model->service_count);
    for (unsigned i = 0; i < model->service_count; i++) {
        br_lua_push(L, name_of(model->services[i].id));
        br_lua_push(L, name_of(model->services[i].api_version));
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "services");
    return 1;
}
