/*
** Names of operations and services, as Lua gives them: "list_agents", "ListAgents",
** "agent.tag_resource", "bedrock-agent.tag_resource"; a service by its id or its namespace. All models are asked: the
** newest says what an operation is, the oldest that has a flat name says whose it is.
*/
#include <string.h>

#include "core/text/printable.h"
#include "lua/binding.h"

static const char *kind_of(const br_op *op)
{
    if (op->flags & BR_OP_EVENT_IN)
        return "two_way";
    if (op->flags & BR_OP_EVENT_OUT)
        return "events";
    return op->flags & BR_OP_RAW_OUT ? "raw" : "plain";
}

static br_slice service_id(const br_model *m, unsigned service)
{
    return br_model_name(m, m->services[service].id);
}

static int push_kind(lua_State *L, const br_model *m, unsigned op)
{
    lua_pushstring(L, kind_of(&m->ops[op]));
    br_lua_push(L, br_model_name(m, m->ops[op].snake));
    return 2;
}

static void try_service(const br_model *m, const br_service *service, br_suggest *near)
{
    for (unsigned i = 0; i < service->op_count; i++)
        br_suggest_try(near, br_model_name(m, m->ops[service->first_op + i].snake));
}

/* The operations of all services, or of the one of that name. */
static void try_operations(const br_lua_state *s, br_slice service, br_suggest *near)
{
    for (unsigned k = 0; k < s->model_count; k++) {
        const br_model *m = s->models[k];
        int only = service.p ? br_model_service(m, service) : -1;
        for (unsigned i = 0; i < m->service_count; i++) {
            if (!service.p || (int)i == only)
                try_service(m, &m->services[i], near);
        }
    }
}

static int op_of(const br_model *m, br_slice service, br_slice name)
{
    int index = br_model_service(m, service);
    if (index < 0)
        return -1;
    int op = br_model_op(m, (unsigned)index, name);
    return op >= 0 ? op : br_model_op_by_name(m, (unsigned)index, name);
}

/* Does a model before that one have the operation? */
static bool op_is_older(const br_lua_state *s, unsigned model, const br_op *op)
{
    const br_model *m = s->models[model];
    for (unsigned k = 0; k < model; k++) {
        if (op_of(s->models[k], service_id(m, op->service), br_model_name(m, op->snake)) >= 0)
            return true;
    }
    return false;
}

static void add(luaL_Buffer *text, br_slice part)
{
    luaL_addlstring(text, part.p ? part.p : "", part.n);
}

/* The operations of that very name, whatever their service; how many there are. */
static unsigned add_namesakes(const br_lua_state *s, br_slice name, luaL_Buffer *text)
{
    unsigned count = 0;
    for (unsigned k = 0; k < s->model_count; k++) {
        const br_model *m = s->models[k];
        for (unsigned i = 0; i < m->service_count; i++) {
            int op = op_of(m, service_id(m, i), name);
            if (op < 0 || op_is_older(s, k, &m->ops[op]))
                continue;
            luaL_addstring(text, count++ == 0 ? " (did you mean \"" : "\", \"");
            add(text, br_model_name(m, m->services[i].space));
            luaL_addchar(text, '.');
            add(text, br_model_name(m, m->ops[op].snake));
        }
    }
    return count;
}

static void add_hint(const br_lua_state *s, br_slice service, const br_suggest *near,
                     luaL_Buffer *text)
{
    if (service.p && add_namesakes(s, near->given, text) > 0) {
        luaL_addstring(text, "\"?)");
    } else if (near->best.p) {
        luaL_addstring(text, " (did you mean \"");
        add(text, near->best);
        luaL_addstring(text, "\"?)");
    } else {
        luaL_addstring(text, " (bedrock.operations() lists them)");
    }
}

/* nil, message. service {NULL, 0}: any. */
static int unknown(lua_State *L, br_slice service, br_slice name, int others)
{
    const br_lua_state *s = br_lua_state_of(L);
    luaL_Buffer text;
    br_suggest near;
    br_suggest_init(&near, name);
    try_operations(s, service, &near);
    br_lua_suggest_list(L, others, &near);
    lua_pushnil(L);
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "no operation \"");
    luaL_addstring(&text, br_print(name).text);
    luaL_addstring(&text, service.p ? "\" in " : "\"");
    add(&text, service);
    add_hint(s, service, &near, &text);
    luaL_pushresult(&text);
    return 2;
}

static int ambiguous(lua_State *L, const br_model *m, br_slice name, const uint16_t *ops,
                     unsigned count)
{
    luaL_Buffer text;
    lua_pushnil(L);
    luaL_buffinit(L, &text);
    luaL_addchar(&text, '"');
    add(&text, name);
    luaL_addstring(&text, "\" is an operation of several services; say which: ");
    for (unsigned i = 0; i < count && i < BR_FLAT_MAX; i++) {
        br_slice space = br_model_name(m, m->services[m->ops[ops[i]].service].space);
        luaL_addstring(&text, i > 0 ? ", \"" : "\"");
        add(&text, space);
        luaL_addchar(&text, '.');
        add(&text, name);
        luaL_addchar(&text, '"');
    }
    luaL_pushresult(&text);
    return 2;
}

static void try_services(const br_model *m, br_suggest *near)
{
    for (unsigned i = 0; i < m->service_count; i++) {
        br_suggest_try(near, service_id(m, i));
        br_suggest_try(near, br_model_name(m, m->services[i].space));
    }
}

/* Does a model before that one know the service? */
static bool service_is_older(const br_lua_state *s, unsigned model, br_slice id)
{
    for (unsigned k = 0; k < model; k++) {
        if (br_model_service(s->models[k], id) >= 0)
            return true;
    }
    return false;
}

static void add_services(const br_lua_state *s, luaL_Buffer *text)
{
    const char *before = " (there are ";
    for (unsigned k = 0; k < s->model_count; k++) {
        const br_model *m = s->models[k];
        for (unsigned i = 0; i < m->service_count; i++) {
            if (service_is_older(s, k, service_id(m, i)))
                continue;
            luaL_addstring(text, before);
            add(text, br_model_name(m, m->services[i].space));
            before = ", ";
        }
    }
    luaL_addchar(text, ')');
}

/* nil, message */
static int unknown_service(lua_State *L, br_slice name)
{
    const br_lua_state *s = br_lua_state_of(L);
    luaL_Buffer text;
    br_suggest near;
    br_suggest_init(&near, name);
    try_services(&br_model_routes, &near);
    for (unsigned k = 0; k < s->model_count; k++)
        try_services(s->models[k], &near);
    lua_pushnil(L);
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "no service \"");
    luaL_addstring(&text, br_print(name).text);
    luaL_addstring(&text, near.best.p ? "\" (did you mean \"" : "\"");
    add(&text, near.best);
    if (near.best.p)
        luaL_addstring(&text, "\"?)");
    else
        add_services(s, &text);
    luaL_pushresult(&text);
    return 2;
}

static int find_in(lua_State *L, br_slice service, br_slice name)
{
    const br_lua_state *s = br_lua_state_of(L);
    for (unsigned k = s->model_count; k-- > 0;) {
        int op = op_of(s->models[k], service, name);
        if (op < 0)
            continue;
        lua_pushinteger(L, br_lua_op_ref(k, (unsigned)op));
        return 1 + push_kind(L, s->models[k], (unsigned)op);
    }
    if (br_model_service(br_lua_model_of_service(s, service), service) < 0)
        return unknown_service(L, service);
    return unknown(L, service, name, 0);
}

/* The oldest model with that flat name, and the operations of that name in it; NULL: none has it. */
static const br_model *flat_owner(const br_lua_state *s, br_slice name, uint16_t ops[BR_FLAT_MAX],
                                  unsigned *count)
{
    for (unsigned k = 0; k < s->model_count; k++) {
        *count = br_model_flat(s->models[k], name, ops);
        if (*count > 0)
            return s->models[k];
    }
    return NULL;
}

/* The flat name of what AWS calls so, as "Converse"; the name itself if that is none of AWS's. */
static br_slice flat_name(const br_lua_state *s, br_slice name)
{
    for (unsigned k = 0; k < s->model_count; k++) {
        const br_model *m = s->models[k];
        for (unsigned i = 0; i < m->service_count; i++) {
            int op = br_model_op_by_name(m, i, name);
            if (op >= 0)
                return br_model_name(m, m->ops[op].snake);
        }
    }
    return name;
}

static int find_anywhere(lua_State *L, br_slice given, int others)
{
    uint16_t ops[BR_FLAT_MAX];
    unsigned count;
    const br_lua_state *s = br_lua_state_of(L);
    br_slice name = given;
    const br_model *m = flat_owner(s, name, ops, &count);
    if (!m) {
        name = flat_name(s, given);
        m = flat_owner(s, name, ops, &count);
    }
    if (!m)
        return unknown(L, (br_slice){NULL, 0}, given, others);
    if (count > 1)
        return ambiguous(L, m, name, ops, count);
    return find_in(L, service_id(m, m->ops[ops[0]].service), name);
}

/*
** find(name, service?, others?) -> operation, kind, snake-case name | nil, message. kind: "plain",
** "events" (the answer is an event stream), "raw" (it may be one of bytes), "two_way".
** others: more names to suggest.
*/
int br_lua_find(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_slice name = br_lua_string_arg(L, 1), space = br_lua_string_arg(L, 2);
    luaL_checkstack(L, 12, NULL);
    const char *dot = memchr(name.p, '.', name.n);
    if (!space.p && dot) {
        space = (br_slice){name.p, (size_t)(dot - name.p)};
        name = (br_slice){dot + 1, name.n - space.n - 1};
    }
    return space.p ? find_in(L, space, name) : find_anywhere(L, name, 3);
}

/* operation(operation) -> kind, snake-case name, as find gives them */
int br_lua_operation(lua_State *L)
{
    br_lua_op which = br_lua_check_op(L, 1);
    return push_kind(L, which.model, which.op);
}

static bool push_found(lua_State *L, const br_model *m, unsigned model, br_slice name)
{
    int service = br_model_service(m, name);
    if (service < 0)
        return false;
    lua_pushinteger(L, br_lua_op_ref(model, (unsigned)service));
    br_lua_push(L, service_id(m, (unsigned)service));
    return true;
}

/* service(name) -> service, id | nil, message */
int br_lua_service(lua_State *L)
{
    const br_lua_state *s = br_lua_state_of(L);
    luaL_checktype(L, 1, LUA_TSTRING);
    br_slice name = br_lua_string_arg(L, 1);
    for (unsigned k = s->model_count; k-- > 0;)
        if (push_found(L, s->models[k], k, name))
            return 2;
    return push_found(L, &br_model_routes, BR_LUA_ROUTES, name) ? 2 : unknown_service(L, name);
}

static void push_service(lua_State *L, const br_model *m, unsigned service)
{
    lua_createtable(L, 0, 2);
    br_lua_push(L, service_id(m, service));
    lua_setfield(L, -2, "id");
    br_lua_push(L, br_model_name(m, m->services[service].space));
    lua_setfield(L, -2, "namespace");
}

/* services() -> list of {id, namespace} */
int br_lua_services(lua_State *L)
{
    const br_lua_state *s = br_lua_state_of(L);
    int count = 0;
    lua_newtable(L);
    for (unsigned k = 0; k < s->model_count; k++) {
        for (unsigned i = 0; i < s->models[k]->service_count; i++) {
            if (service_is_older(s, k, service_id(s->models[k], i)))
                continue;
            push_service(L, s->models[k], i);
            lua_rawseti(L, -2, ++count);
        }
    }
    return 1;
}

/* The name that finds an operation without a service: "converse", "agent.tag_resource". */
static void push_full_name(lua_State *L, const br_model *m, const br_op *op)
{
    uint16_t ops[BR_FLAT_MAX];
    unsigned count = 0;
    br_slice snake = br_model_name(m, op->snake);
    const br_model *owner = flat_owner(br_lua_state_of(L), snake, ops, &count);
    if (owner && count == 1 &&
        br_slice_eq(service_id(owner, owner->ops[ops[0]].service), service_id(m, op->service))) {
        br_lua_push(L, snake);
        return;
    }
    br_lua_push(L, br_model_name(m, m->services[op->service].space));
    lua_pushliteral(L, ".");
    br_lua_push(L, snake);
    lua_concat(L, 3);
}

/* The names of one model's operations that no older one has, to the list on top. */
static int add_operations(lua_State *L, unsigned model, br_slice service, int count)
{
    const br_lua_state *s = br_lua_state_of(L);
    const br_model *m = s->models[model];
    int only = service.p ? br_model_service(m, service) : -1;
    for (unsigned i = 0; i < m->op_count; i++) {
        const br_op *op = &m->ops[i];
        if ((service.p && op->service != only) || op_is_older(s, model, op))
            continue;
        push_full_name(L, m, op);
        lua_rawseti(L, -2, ++count);
    }
    return count;
}

/* operations(service?) -> list of names; nil, message for an unknown service */
int br_lua_operations(lua_State *L)
{
    const br_lua_state *s = br_lua_state_of(L);
    br_slice wanted = br_lua_string_arg(L, 1);
    int count = 0;
    if (wanted.p && br_model_service(br_lua_model_of_service(s, wanted), wanted) < 0)
        return unknown_service(L, wanted);
    lua_newtable(L);
    for (unsigned k = 0; k < s->model_count; k++)
        count = add_operations(L, k, wanted, count);
    return 1;
}
