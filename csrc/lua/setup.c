#include "lua/setup.h"

#include "core/text/printable.h"
#include "lua/codec/codec.h"

#define POLICY_MAX ((size_t)64 * 1024)

void br_lua_setup_clear(br_lua_setup *s)
{
    br_settings_free(&s->settings);
    br_buf_free(&s->text);
    br_problems_free(&s->problems);
}

static int setup_gc(lua_State *L)
{
    br_lua_setup_clear(lua_touserdata(L, 1));
    return 0;
}

br_lua_setup *br_lua_push_setup(lua_State *L)
{
    br_lua_setup *s = lua_newuserdatauv(L, sizeof *s, 0);
    br_settings_init(&s->settings);
    br_problems_init(&s->problems);
    br_buf_init(&s->text, POLICY_MAX);
    luaL_getmetatable(L, BR_LUA_SETUP);
    lua_setmetatable(L, -2);
    return s;
}

static void report_type(br_lua_setup *s, br_slice name, const char *type_name)
{
    br_settings_wrong_type(name, type_name, &s->problems);
}

/* The service at -2, its URL at -1. */
static void read_endpoint(lua_State *L, br_lua_setup *s)
{
    if (lua_type(L, -2) != LUA_TSTRING) {
        br_problems_add(&s->problems, "type", BR_SLICE("endpoint"),
                        "the keys of a table of endpoints must be services, got %s",
                        br_lua_kind(lua_type(L, -2)));
        return;
    }
    br_slice service = br_lua_string_arg(L, -2);
    const br_model *model = br_lua_model_of_service(br_lua_state_of(L), service);
    if (lua_type(L, -1) == LUA_TSTRING)
        br_settings_set_endpoint(&s->settings, model, service, br_lua_string_arg(L, -1),
                                 &s->problems);
    else if (!br_lua_is_null(L, -1))
        br_problems_add(&s->problems, "type", BR_SLICE("endpoint"),
                        "for \"%s\": must be a URL, got %s", br_print(service).text,
                        br_lua_kind(lua_type(L, -1)));
}

/* endpoint = { [service] = url } */
static void read_endpoints(lua_State *L, br_lua_setup *s, int table)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1))
        read_endpoint(L, s);
}

/* headers = { [name] = value }; null is no value */
static void read_headers(lua_State *L, br_lua_setup *s, int table)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        br_slice name =
            lua_type(L, -2) == LUA_TSTRING ? br_lua_string_arg(L, -2) : (br_slice){"", 0};
        if (lua_type(L, -1) == LUA_TSTRING || name.n == 0)
            br_settings_set_header(&s->settings, name,
                                   name.n > 0 ? br_lua_string_arg(L, -1) : (br_slice){"", 0},
                                   &s->problems);
        else if (!br_lua_is_null(L, -1))
            br_problems_add(&s->problems, "type", BR_SLICE("headers"),
                            "%s must be a string, got %s", br_print(name).text,
                            br_lua_kind(lua_type(L, -1)));
    }
}

/* A field of a table of options; its name, or "" where that is no string. */
static br_slice field_name(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TSTRING ? br_lua_string_arg(L, index) : (br_slice){"", 0};
}

/* web_identity, container, instance = { [field] = text }; null is no value */
static void read_parts(lua_State *L, br_lua_setup *s, br_slice name, int table)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        br_slice field = field_name(L, -2);
        if (lua_type(L, -1) == LUA_TSTRING || field.n == 0)
            br_settings_set_part(&s->settings, name, field,
                                 field.n > 0 ? field_name(L, -1) : (br_slice){"", 0}, &s->problems);
        else if (!br_lua_is_null(L, -1))
            br_problems_add(&s->problems, "type", name, "%s must be a string, got %s",
                            br_print(field).text, br_lua_kind(lua_type(L, -1)));
    }
}

/* policy = { … } as JSON. */
static void read_policy(lua_State *L, br_lua_setup *s, br_role *role, br_slice field, int table)
{
    br_buf_clear(&s->text);
    if (br_write_json(L, table, &s->text, &s->problems))
        br_role_set_text(role, field, br_buf_slice(&s->text), &s->problems);
}

static void read_tags(lua_State *L, br_lua_setup *s, br_role *role, br_slice field, int table)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING)
            br_role_add_tag(role, br_lua_string_arg(L, -2), br_lua_string_arg(L, -1), &s->problems);
        else
            br_role_wrong_type(role, field, "something else in it", &s->problems);
    }
}

static void read_list(lua_State *L, br_lua_setup *s, br_role *role, br_slice field, int table)
{
    size_t n = lua_rawlen(L, table);
    for (size_t i = 1; i <= n && i <= BR_ROLE_TAGS_MAX + 1; i++) {
        lua_rawgeti(L, table, (lua_Integer)i);
        if (lua_type(L, -1) == LUA_TSTRING)
            br_role_add(role, field, br_lua_string_arg(L, -1), &s->problems);
        else
            br_role_wrong_type(role, field, "something else in it", &s->problems);
        lua_pop(L, 1);
    }
}

/* The value on top of the stack. */
static void read_role_field(lua_State *L, br_lua_setup *s, br_role *role, br_slice field)
{
    int type = lua_type(L, -1), top = lua_gettop(L);
    if (type == LUA_TSTRING)
        br_role_set_text(role, field, br_lua_string_arg(L, -1), &s->problems);
    else if (type == LUA_TNUMBER)
        br_role_set_number(role, field, lua_tonumber(L, -1), &s->problems);
    else if (type == LUA_TTABLE && br_slice_eqs(field, "policy"))
        read_policy(L, s, role, field, top);
    else if (type == LUA_TTABLE && br_slice_eqs(field, "tags"))
        read_tags(L, s, role, field, top);
    else if (type == LUA_TTABLE && br_role_is_list(field))
        read_list(L, s, role, field, top);
    else if (!br_lua_is_null(L, -1))
        br_role_wrong_type(role, field, br_lua_kind(type), &s->problems);
}

static void read_role(lua_State *L, br_lua_setup *s, size_t number, int table)
{
    br_role *role = br_settings_add_role(&s->settings, number, &s->problems);
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (role != NULL)
            read_role_field(L, s, role, field_name(L, -2));
    }
}

/* What has a name beside a list would be passed over in silence. */
static void refuse_names(lua_State *L, br_lua_setup *s, int table)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            br_problems_add(&s->problems, "unknown", BR_SLICE("assume_role"),
                            "%s stands beside a list of roles: put it into one of them",
                            br_print(br_lua_string_arg(L, -2)).text);
}

/* assume_role = { … }, or a list of such */
static void read_roles(lua_State *L, br_lua_setup *s, int table)
{
    size_t n = lua_rawlen(L, table);
    if (n == 0)
        read_role(L, s, 0, table);
    else
        refuse_names(L, s, table);
    for (size_t i = 1; i <= n && i <= BR_WAY_LAYERS_MAX; i++) {
        lua_rawgeti(L, table, (lua_Integer)i);
        if (lua_istable(L, -1))
            read_role(L, s, i, lua_gettop(L));
        else
            report_type(s, BR_SLICE("assume_role"), br_lua_kind(lua_type(L, -1)));
        lua_pop(L, 1);
    }
}

/* A list of texts, as one text with commas. */
static void read_names(lua_State *L, br_lua_setup *s, br_slice name, int table)
{
    size_t n = lua_rawlen(L, table);
    br_buf_clear(&s->text);
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, table, (lua_Integer)i);
        int type = lua_type(L, -1);
        if (type == LUA_TSTRING) {
            br_buf_add_slice(&s->text, br_lua_string_arg(L, -1));
            br_buf_addc(&s->text, ',');
        } else {
            br_problems_add(&s->problems, "type", name, "must be a list of strings, has %s in it",
                            br_lua_kind(type));
        }
        lua_pop(L, 1);
    }
    br_settings_set_text(&s->settings, name, br_buf_slice(&s->text), &s->problems);
}

/* The value on top of the stack, for that option. JSON's null counts as not given. */
static void read_option(lua_State *L, br_lua_setup *s, br_slice name)
{
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        br_settings_set_text(&s->settings, name, br_lua_string_arg(L, -1), &s->problems);
        break;
    case LUA_TNUMBER:
        br_settings_set_number(&s->settings, name, lua_tonumber(L, -1), &s->problems);
        break;
    case LUA_TBOOLEAN:
        br_settings_set_flag(&s->settings, name, lua_toboolean(L, -1), &s->problems);
        break;
    case LUA_TTABLE:
        if (br_slice_eqs(name, "endpoint"))
            read_endpoints(L, s, lua_gettop(L));
        else if (br_slice_eqs(name, "headers"))
            read_headers(L, s, lua_gettop(L));
        else if (br_slice_eqs(name, "assume_role"))
            read_roles(L, s, lua_gettop(L));
        else if (br_slice_eqs(name, "openssl_providers"))
            read_names(L, s, name, lua_gettop(L));
        else if (br_settings_has_parts(name))
            read_parts(L, s, name, lua_gettop(L));
        else
            report_type(s, name, "a table");
        break;
    case LUA_TFUNCTION:
        br_settings_set_function(&s->settings, name, &s->problems);
        break;
    case LUA_TLIGHTUSERDATA:
        if (!br_lua_is_null(L, -1))
            report_type(s, name, "a userdata");
        break;
    default:
        report_type(s, name, br_lua_kind(lua_type(L, -1)));
    }
}

void br_lua_setup_read(lua_State *L, br_lua_setup *s, int table)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            read_option(L, s, br_lua_string_arg(L, -2));
        else
            br_problems_add(&s->problems, "unknown", (br_slice){"", 0},
                            "names of settings must be strings, got %s (is a name missing?)",
                            br_lua_kind(lua_type(L, -2)));
    }
}

static const luaL_Reg no_methods[] = {{NULL, NULL}};

static const luaL_Reg meta[] = {
    {"__gc", setup_gc},
    {NULL, NULL},
};

void br_lua_open_setup(lua_State *L)
{
    br_lua_class(L, BR_LUA_SETUP, no_methods, meta);
}
