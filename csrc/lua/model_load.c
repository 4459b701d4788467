/*
** Models from records at run time. Each array of a model is a userdata of its own, without a
** finalizer and anchored in the registry: so it is there as long as anything in this Lua state can
** run, and no "not enough memory" on the way can lose it.
*/
#include <stddef.h>
#include <string.h>

#include "core/base/whole.h"
#include "lua/binding.h"
#include "model/check.h"

#define BR_LUA_ANCHORS "bedrock.models"
#define RECORDS 1 /* stack: the records, */
#define ANCHORS 2 /* the list that anchors the arrays, */
#define LOADED 3  /* and the registry's list of such lists */
#define STACK_MAX 20

lua_Integer br_lua_op_ref(unsigned model, unsigned index)
{
    return (lua_Integer)model * 65536 + (lua_Integer)index;
}

static const br_model *model_at(lua_State *L, int arg, unsigned *index)
{
    const br_lua_state *s = br_lua_state_of(L);
    lua_Integer ref = luaL_checkinteger(L, arg);
    *index = (unsigned)(ref % 65536);
    if (ref / 65536 == BR_LUA_ROUTES)
        return &br_model_routes;
    if (ref < 0 || ref / 65536 >= (lua_Integer)s->model_count)
        luaL_error(L, "no such operation or service");
    return s->models[ref / 65536];
}

br_lua_op br_lua_check_op(lua_State *L, int arg)
{
    br_lua_op which;
    which.model = model_at(L, arg, &which.op);
    if (which.op >= which.model->op_count)
        luaL_error(L, "no such operation");
    return which;
}

const br_model *br_lua_check_service(lua_State *L, int arg, uint8_t *service)
{
    unsigned index;
    const br_model *m = model_at(L, arg, &index);
    if (index >= m->service_count)
        luaL_error(L, "no such service");
    *service = (uint8_t)index;
    return m;
}

const br_model *br_lua_model_of_service(const br_lua_state *s, br_slice id_or_namespace)
{
    for (unsigned k = s->model_count; k-- > 0;) {
        if (br_model_service(s->models[k], id_or_namespace) >= 0)
            return s->models[k];
    }
    return br_model_service(&br_model_routes, id_or_namespace) >= 0 ? &br_model_routes
                                                                    : &br_model_builtin;
}

/* Where a number of a row goes in its record. */
typedef struct field {
    uint8_t offset, size;
} field;

/* Its versions differ here. */
/* clang-format off */
#define FIELD(type, name) {offsetof(type, name), sizeof(((type *)NULL)->name)}
/* clang-format on */

static const field shape_fields[] = {
    FIELD(br_shape, kind), FIELD(br_shape, flags), FIELD(br_shape, a),
    FIELD(br_shape, b),    FIELD(br_shape, c),
};
static const field member_fields[] = {
    FIELD(br_member, name), FIELD(br_member, shape), FIELD(br_member, bits),
    FIELD(br_member, rank), FIELD(br_member, at),
};
static const field op_fields[] = {
    FIELD(br_op, name),   FIELD(br_op, snake),  FIELD(br_op, uri),    FIELD(br_op, in),
    FIELD(br_op, out),    FIELD(br_op, errors), FIELD(br_op, stream), FIELD(br_op, service),
    FIELD(br_op, method), FIELD(br_op, code),   FIELD(br_op, flags),
};
static const field service_fields[] = {
    FIELD(br_service, id),       FIELD(br_service, space),       FIELD(br_service, prefix),
    FIELD(br_service, signing),  FIELD(br_service, api_version), FIELD(br_service, target),
    FIELD(br_service, domain),   FIELD(br_service, first_op),    FIELD(br_service, op_count),
    FIELD(br_service, protocol), FIELD(br_service, auth),
};
static const field paginator_fields[] = {
    FIELD(br_paginator, op),    FIELD(br_paginator, in),     FIELD(br_paginator, out),
    FIELD(br_paginator, limit), FIELD(br_paginator, result), FIELD(br_paginator, more),
};
static const field waiter_fields[] = {
    FIELD(br_waiter, name),     FIELD(br_waiter, op),    FIELD(br_waiter, delay),
    FIELD(br_waiter, attempts), FIELD(br_waiter, first), FIELD(br_waiter, count),
};
static const field acceptor_fields[] = {
    FIELD(br_acceptor, path),
    FIELD(br_acceptor, expected),
    FIELD(br_acceptor, state),
};
static const field wire_fields[] = {{0, 2}, {2, 2}};
static const field element_fields[] = {{0, 2}, {2, 2}, {4, 2}};
static const field index_fields[] = {{0, 2}};

/* What reads records gives false or NULL where they cannot be read, and has pushed a text that says why. */

/* Pushes the list of that name. */
static bool push_section(lua_State *L, const char *name, uint32_t *count)
{
    br_lua_rawfield(L, RECORDS, name);
    if (!lua_istable(L, -1)) {
        lua_pushfstring(L, "%s: expected a list, got %s", name, br_lua_kind(lua_type(L, -1)));
        return false;
    }
    size_t n = lua_rawlen(L, -1);
    *count = (uint32_t)n;
    if (n > BR_NONE)
        lua_pushfstring(L, "%s: has %d records, and %d are the most", name, (int)n, (int)BR_NONE);
    return n <= BR_NONE;
}

/* Memory for a part of the model, zeroed. */
static void *new_array(lua_State *L, size_t bytes)
{
    void *array = lua_newuserdatauv(L, bytes > 0 ? bytes : 1, 0);
    memset(array, 0, bytes > 0 ? bytes : 1);
    lua_rawseti(L, ANCHORS, (int)lua_rawlen(L, ANCHORS) + 1);
    return array;
}

static unsigned most_of(field where)
{
    return where.size == 1 ? UINT8_MAX : UINT16_MAX;
}

/* The number on top of the stack into its place. */
static bool store(lua_State *L, uint8_t *record, field where)
{
    lua_Number value = lua_tonumber(L, -1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(value >= 0 && value <= most_of(where)) ||
        !br_is_whole(value))
        return false;
    uint16_t wide = (uint16_t)value;
    uint8_t narrow = (uint8_t)value;
    memcpy(record + where.offset, where.size == 1 ? (void *)&narrow : (void *)&wide, where.size);
    return true;
}

/* The number that could not be stored is on top of the stack. */
static bool refuse_number(lua_State *L, const char *name, uint32_t row, unsigned place, field where)
{
    bool is_number = lua_type(L, -1) == LUA_TNUMBER;
    const char *got = is_number ? luaL_tolstring(L, -1, NULL) : br_lua_kind(lua_type(L, -1));
    lua_pushfstring(L, "%s[%d], number %d: expected a whole number from 0 to %d, got %s", name,
                    (int)row + 1, (int)place + 1, (int)most_of(where), got);
    return false;
}

/* A record is a list of its numbers; of one number it may be that. It is on top of the stack. */
static void push_number(lua_State *L, unsigned place, unsigned count)
{
    if (lua_istable(L, -1))
        lua_rawgeti(L, -1, (int)place + 1);
    else if (count == 1)
        lua_pushvalue(L, -1);
    else
        lua_pushnil(L);
}

/* NULL: that section is no list of such records. */
static void *read_section(lua_State *L, const char *name, size_t size, const field *fields,
                          unsigned field_count, uint32_t *count)
{
    if (!push_section(L, name, count))
        return NULL;
    uint8_t *array = new_array(L, *count * size);
    for (uint32_t i = 0; i < *count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        for (unsigned k = 0; k < field_count; k++) {
            push_number(L, k, field_count);
            if (!store(L, array + i * size, fields[k]))
                return refuse_number(L, name, i, k, fields[k]), NULL;
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return array;
}

#define READ(L, name, type, fields, count)                                                         \
    read_section(L, name, sizeof(type), fields, sizeof(fields) / sizeof((fields)[0]), count)

/* The two numbers of the list on top of the stack. */
static bool push_pair(lua_State *L)
{
    if (!lua_istable(L, -1))
        return false;
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    return lua_type(L, -2) == LUA_TNUMBER && lua_type(L, -1) == LUA_TNUMBER;
}

static bool read_limits(lua_State *L, br_model *m)
{
    if (!push_section(L, "limits", &m->limit_count))
        return false;
    br_limits *limits = new_array(L, m->limit_count * sizeof *limits);
    m->limits = limits;
    for (uint32_t i = 0; i < m->limit_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        if (!push_pair(L)) {
            lua_pushfstring(L, "limits[%d]: expected two numbers", (int)i + 1);
            return false;
        }
        limits[i] = (br_limits){lua_tonumber(L, -2), lua_tonumber(L, -1)};
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
    return true;
}

/* The name on top of the stack, of which there are `size` bytes before. */
static bool fits_name(lua_State *L, uint32_t i, uint32_t size)
{
    bool is_string =
        lua_type(L, -1) == LUA_TSTRING; /* LuaJIT makes one of a number that it measures */
    size_t n = is_string ? lua_rawlen(L, -1) : 0;
    if (!is_string)
        lua_pushfstring(L, "names[%d]: expected a string, got %s", (int)i + 1,
                        br_lua_kind(lua_type(L, -1)));
    else if (n > BR_NAME_MAX)
        lua_pushfstring(L, "names[%d]: has %d bytes, and %d are the most", (int)i + 1, (int)n,
                        (int)BR_NAME_MAX);
    else if (size + n >= BR_NAMES_BYTES_MAX)
        lua_pushfstring(L, "names[%d]: has %d bytes with all names before, and %d are the most",
                        (int)i + 1, (int)(size + n), (int)BR_NAMES_BYTES_MAX - 1);
    else
        return true;
    return false;
}

/* The list of names is on top. */
static bool place_names(lua_State *L, uint32_t *places, uint32_t count, uint32_t *size)
{
    *size = 0;
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        if (!fits_name(L, i, *size))
            return false;
        uint32_t n = (uint32_t)lua_rawlen(L, -1);
        lua_pop(L, 1);
        places[i] = *size << BR_NAME_LENGTH_BITS | n;
        *size += n;
    }
    return true;
}

static bool read_names(lua_State *L, br_model *m)
{
    if (!push_section(L, "names", &m->name_count))
        return false;
    uint32_t *places = new_array(L, m->name_count * sizeof *places);
    if (!place_names(L, places, m->name_count, &m->names_size))
        return false;
    char *text = new_array(L, m->names_size + 1); /* so that an empty name has a byte, too */
    for (uint32_t i = 0; i < m->name_count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        br_slice name = br_lua_string_arg(L, -1);
        memcpy(text + (places[i] >> BR_NAME_LENGTH_BITS), name.p, name.n);
        lua_pop(L, 1);
    }
    m->names = text;
    m->name_places = places;
    lua_pop(L, 1);
    return true;
}

static bool read_shapes(lua_State *L, br_model *m)
{
    return (m->shapes = READ(L, "shapes", br_shape, shape_fields, &m->shape_count)) != NULL &&
           (m->members = READ(L, "members", br_member, member_fields, &m->member_count)) != NULL &&
           (m->enums = READ(L, "enums", uint16_t, index_fields, &m->enum_count)) != NULL &&
           (m->wires = READ(L, "wires", uint16_t[2], wire_fields, &m->wire_count)) != NULL &&
           (m->elements = READ(L, "elements", uint16_t[3], element_fields, &m->element_count)) !=
               NULL &&
           (m->patterns = READ(L, "patterns", uint16_t, index_fields, &m->pattern_count)) != NULL;
}

static bool read_ops(lua_State *L, br_model *m)
{
    uint32_t flat = 0;
    if ((m->ops = READ(L, "ops", br_op, op_fields, &m->op_count)) == NULL ||
        (m->flat = READ(L, "flat", uint16_t, index_fields, &flat)) == NULL)
        return false;
    if (flat != m->op_count)
        lua_pushfstring(L, "flat: has %d records, of %d operations", (int)flat, (int)m->op_count);
    return flat == m->op_count;
}

static bool read_waiters(lua_State *L, br_model *m)
{
    return (m->paginators = READ(L, "paginators", br_paginator, paginator_fields,
                                 &m->paginator_count)) != NULL &&
           (m->waiters = READ(L, "waiters", br_waiter, waiter_fields, &m->waiter_count)) != NULL &&
           (m->acceptors =
                READ(L, "acceptors", br_acceptor, acceptor_fields, &m->acceptor_count)) != NULL;
}

static bool read_services(lua_State *L, br_model *m)
{
    return (m->services = READ(L, "services", br_service, service_fields, &m->service_count)) !=
               NULL &&
           (m->error_lists =
                READ(L, "error_lists", uint16_t, index_fields, &m->error_list_count)) != NULL;
}

static bool read_model(lua_State *L, br_model *m)
{
    *m = br_model_builtin;
    m->fragment_count = 0;
    return read_names(L, m) && read_limits(L, m) && read_shapes(L, m) && read_ops(L, m) &&
           read_services(L, m) && read_waiters(L, m);
}

/* Pushes a list for the arrays of one model, and the registry's list of these. */
static void push_anchors(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, BR_LUA_ANCHORS);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, BR_LUA_ANCHORS);
    }
    lua_newtable(L);
    lua_insert(L, -2);
}

/* The text on top of the stack says why. */
static int refuse(lua_State *L)
{
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

static int refuse_fault(lua_State *L, br_model_fault fault)
{
    lua_pushnil(L);
    lua_pushstring(L, fault.why);
    if (fault.table == NULL)
        return 2;
    lua_pushstring(L, fault.table);
    lua_pushinteger(L, (lua_Integer)fault.index + 1);
    return 4;
}

/*
** model(records) -> true | nil, what is wrong[, "shapes" or "ops", which of them]. The records are those of
** lua/bedrock/facts.lua.
*/
int br_lua_load_model(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_model_fault fault;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, STACK_MAX, NULL);
    lua_settop(L, 1);
    if (s->model_count == BR_LUA_MODELS_MAX) {
        lua_pushfstring(L, "too many files have been loaded: %d are the most",
                        BR_LUA_MODELS_MAX - 1);
        return refuse(L);
    }
    push_anchors(L);
    br_model *m = new_array(L, sizeof *m);
    if (!read_model(L, m))
        return refuse(L);
    if (!br_model_check(m, &fault))
        return refuse_fault(L, fault);
    lua_pushvalue(L, ANCHORS);
    lua_rawseti(L, LOADED, (int)lua_rawlen(L, LOADED) + 1);
    s->models[s->model_count++] = m;
    lua_pushboolean(L, 1);
    return 1;
}
