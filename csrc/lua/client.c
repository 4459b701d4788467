#include <stdio.h>

#include "core/base/times.h"
#include "core/text/printable.h"
#include "engine/credentials/sources.h"
#include "lua/binding.h"
#include "lua/setup.h"

#define SIGNED_TEXT_MAX 1024 /* a string to sign */
#define EPOCH_MAX_S 1e12
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
    br_lua_setup *s = br_lua_push_setup(L);
    br_lua_client *c = lua_newuserdatauv(L, sizeof *c, 0);
    c->client = NULL;
    luaL_getmetatable(L, BR_LUA_CLIENT);
    lua_setmetatable(L, -2);

    br_lua_setup_read(L, s, 1);
    c->client = br_client_new(&s->settings, &br_model_builtin, &br_platform_system, &s->problems);
    bool sound = !br_problems_any(&s->problems);
    if (!sound) {
        release(c);
        br_lua_fail_problems(L, BR_ERR_CONFIG, BR_SLICE("connect"), &s->problems);
    }
    br_lua_setup_clear(s);
    return sound ? 1 : 2;
}

/* Nothing, or "file" or "redis" and why that cache is done without just now. */
static int client_cache_trouble(lua_State *L)
{
    br_lua_client *c = check(L, 1);
    char why[BR_STORE_WHY_SIZE];
    br_origin origin = c->client ? br_client_cache_trouble(c->client, why) : BR_FROM_NOWHERE;
    if (origin == BR_FROM_NOWHERE)
        return 0;
    lua_pushstring(L, br_origin_name(origin));
    lua_pushstring(L, why);
    return 2;
}

static int client_listen(lua_State *L)
{
    br_lua_client *c = check(L, 1);
    if (c->client)
        atomic_store(&c->client->heard, true);
    return 0;
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
    br_lua_client *c = check(L, 1);
    if (!c->client)
        return 0;
    const br_settings *s = &c->client->config->settings;
    br_slice name = br_settings_text(s, BR_OPT_SESSION_NAME);
    char region[sizeof s->region], session[BR_SESSION_NAME_MAX + 1] = "";
    const char *auth = br_auth_name(s->auth);
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

/* The layers that credentials come through, from the outermost in; nil: closed. */
static int client_via(lua_State *L)
{
    br_lua_client *c = check(L, 1);
    if (!c->client)
        return 0;
    br_client *client = br_client_ref(c->client);
    br_principal *who = br_client_principal(client);
    const br_way *way =
        who->source != NULL ? br_source_way(who->source) : &client->config->settings.way;
    br_layer_kind kinds[BR_WAY_LAYERS_MAX];
    size_t count = way->count;
    bool from_profile = way->from_profile;
    for (size_t i = 0; i < count; i++)
        kinds[i] = way->layers[i].kind;
    br_principal_unref(who);
    br_client_unref(client);
    int n = 0;
    lua_newtable(L);
    for (size_t i = count; i-- > 0;) {
        if (i == 0 && from_profile) {
            lua_pushliteral(L, "profile");
            lua_rawseti(L, -2, ++n);
            if (kinds[i] == BR_LAYER_KEYS)
                break;
        }
        lua_pushstring(L, br_layer_name(kinds[i]));
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static const br_credentials *read_given(lua_State *L, int64_t expiration_ms)
{
    size_t n[3];
    const char *text[3];
    for (int i = 0; i < 3; i++)
        text[i] = luaL_optlstring(L, i + 2, "", &n[i]);
    return br_credentials_new((br_slice){text[0], n[0]}, (br_slice){text[1], n[1]},
                              (br_slice){text[2], n[2]}, expiration_ms);
}

/* Epoch seconds or an ISO 8601 time; nil: for good. */
static bool read_expiration(lua_State *L, int index, int64_t *ms)
{
    double s = lua_tonumber(L, index);
    *ms = BR_NEVER_EXPIRES;
    if (lua_isnoneornil(L, index))
        return true;
    if (lua_type(L, index) == LUA_TSTRING)
        return br_time_parse_iso(br_lua_string_arg(L, index), ms);
    *ms = s >= 0 && s < EPOCH_MAX_S ? (int64_t)(s * 1000) : 0;
    return s >= 0 && s < EPOCH_MAX_S;
}

static void give(br_client *client, const br_credentials *set)
{
    br_principal *who = br_client_principal(client);
    br_custom_give(who, set);
    br_principal_unref(who);
    br_credentials_unref(set);
}

/*
** give(access_key_id, secret_access_key, session_token, expiration) -> true | nil, problem: what the
** connection's function gave.
*/
static int client_give(lua_State *L)
{
    int64_t expiration_ms;
    br_lua_client *c = check(L, 1);
    const char *problem = "expiration must be epoch seconds or an ISO 8601 time";
    bool ok = read_expiration(L, 5, &expiration_ms);
    for (int i = 2; ok && i <= 4; i++) {
        ok = lua_isnil(L, i) || br_slice_is_visible(br_lua_string_arg(L, i));
        problem =
            "a part of the credentials has a space, a line break or a control character in it";
    }
    const br_credentials *set = ok ? read_given(L, expiration_ms) : NULL;
    if (set == NULL) {
        lua_pushnil(L);
        lua_pushstring(L, ok ? "a part of the credentials is too long" : problem);
        return 2;
    }
    if (c->client)
        give(c->client, set);
    else
        br_credentials_unref(set);
    lua_pushboolean(L, 1);
    return 1;
}

/* Corrected time. */
static int64_t now_ms(const br_lua_client *c)
{
    int64_t local_ms = br_platform_system.wall_ms(br_platform_system.user);
    return local_ms + atomic_load(&c->client->config->skew.ms);
}

/* Must the connection's function be called before the next call? nil: closed. */
static int client_wanted(lua_State *L)
{
    br_lua_client *c = check(L, 1);
    if (!c->client)
        return 0;
    br_principal *who = br_client_principal(c->client);
    lua_pushboolean(L, br_custom_wanted(who, now_ms(c)) || br_signature_wanted(who, now_ms(c)));
    br_principal_unref(who);
    return 1;
}

/* What is ordered, in C's own memory, as pushes may end in an error. */
static bool order_signature(br_lua_client *c, bool fresh, br_signature_order *order,
                            char data[SIGNED_TEXT_MAX], size_t *n, br_error *error)
{
    br_buf text;
    br_buf_init(&text, SIGNED_TEXT_MAX);
    br_client_renew(c->client, now_ms(c));
    br_principal *who = br_client_principal(c->client);
    bool ok = br_signature_order_new(who, now_ms(c), fresh, order, &text, error);
    if (ok && text.failed)
        ok = br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    *n = ok ? text.len : 0;
    if (ok)
        memcpy(data, text.data, text.len);
    br_principal_unref(who);
    br_buf_free(&text);
    return ok;
}

/* order(fresh) -> order, data, algorithm | nil, err: what the connection's function is to sign. */
static int client_order(lua_State *L)
{
    br_error error;
    char data[SIGNED_TEXT_MAX];
    size_t n;
    br_lua_client *c = check(L, 1);
    br_signature_order *order = lua_newuserdatauv(L, sizeof *order, 0);
    br_error_clear(&error);
    if (!c->client)
        br_error_set(&error, BR_ERR_CANCELLED, "Closed", "the connection was closed");
    else if (order_signature(c, lua_toboolean(L, 2), order, data, &n, &error)) {
        lua_pushlstring(L, data, n);
        lua_pushstring(L, order->algorithm);
        return 3;
    }
    return br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
}

/* sign(order, signature) -> true | nil, err: what it signed, for the next exchange. */
static int client_sign(lua_State *L)
{
    br_error error;
    br_lua_client *c = check(L, 1);
    luaL_checktype(L, 2, LUA_TUSERDATA);
    br_signature_order order;
    memcpy(&order, lua_touserdata(L, 2), sizeof order);
    br_slice signature = br_lua_string_arg(L, 3);
    bool ok = true;
    br_error_clear(&error);
    if (c->client) {
        br_principal *who = br_client_principal(c->client);
        ok = br_signature_give(who, &order, signature, &error);
        br_principal_unref(who);
    }
    if (!ok)
        return br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
    lua_pushboolean(L, 1);
    return 1;
}

static int client_tostring(lua_State *L)
{
    lua_pushstring(L, check(L, 1)->client ? BR_LUA_CLIENT : BR_LUA_CLIENT " (closed)");
    return 1;
}

static const luaL_Reg methods[] = {
    {"about", client_about},
    {"cache_trouble", client_cache_trouble},
    {"call", br_lua_client_call},
    {"certificate", client_certificate},
    {"close", client_close},
    {"foreign_arns", client_foreign_arns},
    {"give", client_give},
    {"identity", br_lua_client_identity},
    {"listen", client_listen},
    {"order", client_order},
    {"request", br_lua_client_request},
    {"sign", client_sign},
    {"via", client_via},
    {"wanted", client_wanted},
    {NULL, NULL},
};

static const luaL_Reg meta[] = {
    {"__gc", client_gc},
    {"__tostring", client_tostring},
    {NULL, NULL},
};

void br_lua_open_client(lua_State *L)
{
    br_lua_state *s = lua_touserdata(L, -1);
    br_lua_class(L, BR_LUA_CLIENT, methods, meta);
    s->client_class = br_lua_class_find(L, BR_LUA_CLIENT);
    br_lua_open_setup(L);
}
