#include <stdio.h>

#include "core/base/times.h"
#include "core/text/printable.h"
#include "engine/credentials/sources.h"
#include "lua/binding.h"

#define CERTIFICATE_TEXT_MAX 1280 /* the longest subject, kind and date */

/* A connection's userdata. Its metatable says nothing about what is in it. */
typedef struct br_lua_client {
    br_client *client; /* NULL: closed */
} br_lua_client;

static br_lua_client *check(lua_State *L, int arg)
{
    return br_lua_class_check(L, arg, br_lua_state_of(L)->client_class, BR_LUA_CLIENT);
}

br_client *br_lua_check_client(lua_State *L, int arg)
{
    return check(L, arg)->client;
}

#define BR_LUA_SETUP "bedrock.setup"

/* What connect works on, in a userdata. */
typedef struct br_lua_setup {
    br_settings settings;
    br_problems problems;
} br_lua_setup;

static void clear_setup(br_lua_setup *s)
{
    br_settings_free(&s->settings);
    br_problems_free(&s->problems);
}

static int setup_gc(lua_State *L)
{
    clear_setup(lua_touserdata(L, 1));
    return 0;
}

static br_lua_setup *push_setup(lua_State *L)
{
    br_lua_setup *s = lua_newuserdatauv(L, sizeof *s, 0);
    br_settings_init(&s->settings);
    br_problems_init(&s->problems);
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
        else
            report_type(s, name, "a table");
        break;
    case LUA_TLIGHTUSERDATA:
        if (!br_lua_is_null(L, -1))
            report_type(s, name, "a userdata");
        break;
    default:
        report_type(s, name, br_lua_kind(lua_type(L, -1)));
    }
}

static void read_options(lua_State *L, br_lua_setup *s, int table)
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

static void release(br_lua_client *c)
{
    br_client *client = c->client;
    c->client = NULL;
    if (client)
        br_client_unref(client);
}

/* connect(settings) -> client | nil, err */
int br_lua_connect(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, 12, NULL);
    lua_settop(L, 1);
    br_lua_setup *s = push_setup(L);
    br_lua_client *c = lua_newuserdatauv(L, sizeof *c, 0);
    c->client = NULL;
    luaL_getmetatable(L, BR_LUA_CLIENT);
    lua_setmetatable(L, -2);

    read_options(L, s, 1);
    c->client = br_client_new(&s->settings, &br_model_builtin, &br_platform_system, &s->problems);
    bool sound = !br_problems_any(&s->problems);
    if (!sound) {
        release(c);
        br_lua_fail_problems(L, BR_ERR_CONFIG, BR_SLICE("connect"), &s->problems);
    }
    clear_setup(s);
    return sound ? 1 : 2;
}

static int client_close(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_client *c = check(L, 1);
    br_lua_leave_parent(s);
    if (c->client)
        br_lua_end_calls(s, c->client, "Closed");
    release(c);
    lua_pushboolean(L, 1);
    return 1;
}

/* Calls that run go on: they hold the client themselves. */
static int client_gc(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_leave_parent(s);
    release(check(L, 1));
    return 0;
}

/* region, kind of credentials, session name: what may be shown. nil: closed. */
/* Copied, as each push may run a finalizer that closes the connection. */
static int client_about(lua_State *L)
{
    static const char *const auths[] = {"roles_anywhere", "access_keys", "api_key", "chain",
                                        "none"};
    br_lua_client *c = check(L, 1);
    if (!c->client)
        return 0;
    const br_settings *s = &c->client->config->settings;
    br_slice name = br_settings_text(s, BR_OPT_SESSION_NAME);
    char region[sizeof s->region], session[BR_SESSION_NAME_MAX + 1] = "";
    const char *auth = auths[s->auth];
    memcpy(region, s->region, sizeof region);
    if (name.n <= BR_SESSION_NAME_MAX)
        memcpy(session, name.p != NULL ? name.p : "", name.n);
    lua_pushstring(L, region);
    lua_pushstring(L, auth);
    if (session[0] == '\0')
        return 2;
    lua_pushstring(L, session);
    return 3;
}

/*
** Where profile and trust anchor are of another region than the one that Roles Anywhere is asked in:
** their region, the one asked in, and the option to set. nil: they are not, or it is closed.
*/
static int client_foreign_arns(lua_State *L)
{
    br_lua_client *c = check(L, 1);
    br_slice region;
    br_option option;
    char theirs[BR_REGION_MAX + 1], asked[BR_REGION_MAX + 1];
    if (!c->client || !br_settings_foreign_arns(&c->client->config->settings, &region, &option))
        return 0;
    snprintf(theirs, sizeof theirs, "%.*s", (int)region.n, region.p);
    memcpy(asked, c->client->config->settings.ra_region, sizeof asked);
    lua_pushstring(L, theirs);
    lua_pushstring(L, asked);
    lua_pushstring(L, br_option_name(option));
    return 3;
}

/* In C's own memory first, as the certificate may be replaced, and pushes may end in an error. */
static void describe_certificate(const br_x509 *x, char *out, size_t size)
{
    char until[BR_ISO_DATE_SIZE];
    br_slice subject = br_x509_subject(x);
    br_time_iso(br_x509_not_after_ms(x), until);
    snprintf(out, size, "%.*s, %s, valid until %s", (int)subject.n, subject.p, br_x509_key_type(x),
             until);
}

/* A line for people about the certificate; nil: closed, or none is used. */
static int client_certificate(lua_State *L)
{
    char text[CERTIFICATE_TEXT_MAX] = "";
    br_lua_client *c = check(L, 1);
    if (!c->client)
        return 0;
    br_principal *who = br_client_principal(c->client);
    const br_x509 *x509 = br_roles_anywhere_x509(who->source);
    if (x509)
        describe_certificate(x509, text, sizeof text);
    br_principal_unref(who);
    if (text[0] == '\0')
        return 0;
    lua_pushstring(L, text);
    return 1;
}

static int client_tostring(lua_State *L)
{
    lua_pushstring(L, check(L, 1)->client ? BR_LUA_CLIENT : BR_LUA_CLIENT " (closed)");
    return 1;
}

static const luaL_Reg methods[] = {
    {"about", client_about},
    {"call", br_lua_client_call},
    {"certificate", client_certificate},
    {"close", client_close},
    {"foreign_arns", client_foreign_arns},
    {"identity", br_lua_client_identity},
    {"request", br_lua_client_request},
    {NULL, NULL},
};

static const luaL_Reg meta[] = {
    {"__gc", client_gc},
    {"__tostring", client_tostring},
    {NULL, NULL},
};

static const luaL_Reg no_methods[] = {{NULL, NULL}};

static const luaL_Reg setup_meta[] = {
    {"__gc", setup_gc},
    {NULL, NULL},
};

void br_lua_open_client(lua_State *L)
{
    br_lua_state *s = lua_touserdata(L, -1);
    br_lua_class(L, BR_LUA_CLIENT, methods, meta);
    s->client_class = br_lua_class_find(L, BR_LUA_CLIENT);
    br_lua_class(L, BR_LUA_SETUP, no_methods, setup_meta);
}
