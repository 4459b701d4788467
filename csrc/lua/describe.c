/* What an operation takes and gives, as tables; lua/bedrock/help/describe.lua prints them. */
#include <math.h>

#include "core/base/whole.h"
#include "lua/binding.h"

#define BR_DESCRIBE_DEPTH_MAX 8

static const char *const kinds[] = {
    "structure", "union", "list",  "map",    "string",    "blob",     "boolean",
    "integer",   "long",  "float", "double", "timestamp", "document",
};

static void push_shape(lua_State *L, const br_model *model, unsigned shape, int depth);

static void set_name(lua_State *L, const br_model *model, const char *key, unsigned name)
{
    br_lua_push(L, br_model_name(model, name));
    lua_setfield(L, -2, key);
}

static void set_pattern(lua_State *L, const br_model *model, unsigned pattern)
{
    char room[BR_PATTERN_MAX];
    br_lua_push(L, br_model_pattern(model, pattern, room));
    lua_setfield(L, -2, "pattern");
}

static void set_flag(lua_State *L, const char *key, bool value)
{
    if (!value)
        return;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, key);
}

static void set_limit(lua_State *L, const char *key, double value)
{
    if (isinf(value))
        return;
    if (br_is_whole(value) && fabs(value) < 9007199254740992.0)
        br_push_integer(L, (int64_t)value);
    else
        lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void set_limits(lua_State *L, const br_model *model, unsigned limits)
{
    if (limits == BR_NONE)
        return;
    set_limit(L, "min", model->limits[limits].min);
    set_limit(L, "max", model->limits[limits].max);
}

static void set_enum(lua_State *L, const br_model *model, unsigned list)
{
    if (list == BR_NONE)
        return;
    unsigned count = model->enums[list];
    lua_createtable(L, (int)count, 0);
    for (unsigned i = 1; i <= count; i++) {
        br_lua_push(L, br_model_name(model, model->enums[list + i]));
        lua_rawseti(L, -2, (int)i);
    }
    lua_setfield(L, -2, "enum");
}

static void set_shape(lua_State *L, const br_model *model, const char *key, unsigned shape,
                      int depth)
{
    push_shape(L, model, shape, depth);
    lua_setfield(L, -2, key);
}

/* Adds a list of members, each its shape with name and marks on it. */
static void set_members(lua_State *L, const br_model *model, const br_shape *s, int depth)
{
    static const char *const places[] = {NULL, "uri", "query", "header", "status", "attribute"};
    lua_createtable(L, s->b, 0);
    for (unsigned i = 0; i < s->b; i++) {
        const br_member *m = &model->members[s->a + i];
        push_shape(L, model, m->shape, depth - 1);
        set_name(L, model, "name", m->name);
        set_flag(L, "required", m->bits & BR_MEMBER_REQUIRED);
        set_flag(L, "token", m->bits & BR_MEMBER_TOKEN);
        set_flag(L, "payload", m->bits & BR_MEMBER_PAYLOAD);
        set_flag(L, "deprecated", m->bits & BR_MEMBER_DEPRECATED);
        if (m->bits & BR_MEMBER_LOC_MASK) {
            lua_pushstring(L, places[m->bits & BR_MEMBER_LOC_MASK]);
            lua_setfield(L, -2, "location");
        }
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "members");
}

static void set_details(lua_State *L, const br_model *model, const br_shape *s, int depth)
{
    switch (s->kind) {
    case BR_SHAPE_STRUCTURE:
    case BR_SHAPE_UNION:
        if (depth > 0)
            set_members(L, model, s, depth);
        else
            set_flag(L, "more", s->b > 0);
        break;
    case BR_SHAPE_LIST:
        set_shape(L, model, "element", s->a, depth);
        set_limits(L, model, s->b);
        break;
    case BR_SHAPE_MAP:
        set_shape(L, model, "key", s->a, depth);
        set_shape(L, model, "value", s->b, depth);
        set_limits(L, model, s->c);
        break;
    case BR_SHAPE_STRING:
        set_limits(L, model, s->a);
        set_enum(L, model, s->b);
        if (s->c != BR_NONE)
            set_pattern(L, model, s->c);
        break;
    case BR_SHAPE_BOOLEAN:
    case BR_SHAPE_TIMESTAMP:
    case BR_SHAPE_DOCUMENT:
        break;
    default:
        set_limits(L, model, s->a);
    }
}

static void push_shape(lua_State *L, const br_model *model, unsigned shape, int depth)
{
    const br_shape *s = &model->shapes[shape];
    luaL_checkstack(L, 8, "shapes are nested too deeply");
    lua_createtable(L, 0, 6);
    lua_pushstring(L, kinds[s->kind]);
    lua_setfield(L, -2, "type");
    set_flag(L, "sensitive", s->flags & BR_SHAPE_SENSITIVE);
    set_flag(L, "sparse", s->flags & BR_SHAPE_SPARSE);
    set_flag(L, "stream", s->flags & BR_SHAPE_EVENTSTREAM);
    set_flag(L, "error", s->flags & BR_SHAPE_ERROR);
    set_details(L, model, s, depth);
}

static void set_errors(lua_State *L, const br_model *model, const br_op *op)
{
    unsigned count = op->errors == BR_NONE ? 0 : model->error_lists[op->errors];
    lua_createtable(L, (int)count, 0);
    for (unsigned i = 1; i <= count; i++) {
        unsigned shape = model->error_lists[op->errors + i];
        br_lua_push(L, br_model_name(model, model->shapes[shape].c));
        lua_rawseti(L, -2, (int)i);
    }
    lua_setfield(L, -2, "errors");
}

static void set_side(lua_State *L, const br_model *model, const char *key, unsigned shape,
                     int depth)
{
    if (shape != BR_NONE)
        set_shape(L, model, key, shape, depth);
}

/* describe(op, depth) -> {name, operation, service, namespace, method, uri, input, output, …} */
int br_lua_describe(lua_State *L)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"};
    br_lua_op which = br_lua_check_op(L, 1);
    lua_Integer depth = luaL_optinteger(L, 2, 3);
    luaL_argcheck(L, depth >= 1 && depth <= BR_DESCRIBE_DEPTH_MAX, 2, "depth must be 1 to 8");
    const br_model *model = which.model;
    const br_op *op = &model->ops[which.op];
    lua_createtable(L, 0, 12);
    set_name(L, model, "name", op->snake);
    set_name(L, model, "operation", op->name);
    set_name(L, model, "service", model->services[op->service].id);
    set_name(L, model, "namespace", model->services[op->service].space);
    set_name(L, model, "uri", op->uri);
    lua_pushstring(L, methods[op->method]);
    lua_setfield(L, -2, "method");
    if (op->stream != BR_NONE)
        set_name(L, model, "stream", op->stream);
    set_flag(L, "readonly", op->flags & BR_OP_READONLY);
    set_flag(L, "idempotent", op->flags & BR_OP_IDEMPOTENT);
    set_flag(L, "two_way", op->flags & BR_OP_EVENT_IN);
    set_side(L, model, "input", op->in, (int)depth);
    set_side(L, model, "output", op->out, (int)depth);
    set_errors(L, model, op);
    return 1;
}

/* api_version() -> {source, hash, services = {[id] = version}} */
int br_lua_api_version(lua_State *L)
{
    const br_lua_state *s = br_lua_state_of(L);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, br_model_builtin.facts_source);
    lua_setfield(L, -2, "source");
    lua_pushstring(L, br_model_builtin.facts_hash);
    lua_setfield(L, -2, "hash");
    lua_newtable(L);
    for (unsigned k = 0; k < s->model_count; k++) {
        const br_model *m = s->models[k];
        for (unsigned i = 0; i < m->service_count; i++) {
            br_lua_push(L, br_model_name(m, m->services[i].id));
            br_lua_push(L, br_model_name(m, m->services[i].api_version));
            lua_rawset(L, -3);
        }
    }
    lua_setfield(L, -2, "services");
    return 1;
}
