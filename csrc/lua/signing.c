#include "lua/signing.h"

#include "core/text/printable.h"
#include "lua/binding.h"
#include "lua/credentials.h"

#define TYPE "bedrock.signing"
#define TIME_MAX_MS 253402300799999.0
#define OUT_MAX ((size_t)512 * 1024) /* the longest URL, or header */

static const br_slice fields[BR_SIGNING_END] = {
    [BR_SIGNING_ACCESS_KEY_ID] = {"access_key_id", 13},
    [BR_SIGNING_BODY] = {"body", 4},
    [BR_SIGNING_EXPIRES] = {"expires", 7},
    [BR_SIGNING_HEADERS] = {"headers", 7},
    [BR_SIGNING_METHOD] = {"method", 6},
    [BR_SIGNING_REGION] = {"region", 6},
    [BR_SIGNING_SECRET_ACCESS_KEY] = {"secret_access_key", 17},
    [BR_SIGNING_SERVICE] = {"service", 7},
    [BR_SIGNING_SESSION_TOKEN] = {"session_token", 13},
    [BR_SIGNING_TIME] = {"time", 4},
    [BR_SIGNING_URL] = {"url", 3},
};

static int signing_gc(lua_State *L)
{
    br_signing *s = lua_touserdata(L, 1);
    br_signer_free(s->signer);
    br_digest_free(s->crypto);
    br_headers_free(&s->headers);
    br_buf_free(&s->origin);
    br_buf_free(&s->host);
    br_buf_free(&s->out);
    br_problems_free(&s->problems);
    memset(s, 0, sizeof *s);
    return 0;
}

/* Fields */

/* A connection signs with its own keys, at its own time. */
static bool takes(lua_State *L, int place, int except)
{
    bool own = place == BR_SIGNING_ACCESS_KEY_ID || place == BR_SIGNING_SECRET_ACCESS_KEY ||
               place == BR_SIGNING_SESSION_TOKEN || place == BR_SIGNING_TIME;
    return place != except && !(own && !lua_isnil(L, BR_SIGNING_LENT));
}

/* The only field that a name of that length and beginning can be; 0: none. */
static int place_like(br_slice name)
{
    switch (name.n) {
    case 3:
        return BR_SIGNING_URL;
    case 4:
        return name.p[0] == 'b' ? BR_SIGNING_BODY : BR_SIGNING_TIME;
    case 6:
        return name.p[0] == 'm' ? BR_SIGNING_METHOD : BR_SIGNING_REGION;
    case 7:
        return name.p[0] == 'h'   ? BR_SIGNING_HEADERS
               : name.p[0] == 's' ? BR_SIGNING_SERVICE
                                  : BR_SIGNING_EXPIRES;
    case 13:
        return name.p[0] == 'a' ? BR_SIGNING_ACCESS_KEY_ID : BR_SIGNING_SESSION_TOKEN;
    case 17:
        return BR_SIGNING_SECRET_ACCESS_KEY;
    default:
        return 0;
    }
}

/* 0: there is no such field. */
static int place_of(lua_State *L, int key, int except)
{
    if (lua_type(L, key) != LUA_TSTRING)
        return 0;
    br_slice name = br_lua_string(L, key);
    int place = place_like(name);
    bool found = place > 0 && memcmp(name.p, fields[place].p, name.n) == 0;
    return found && takes(L, place, except) ? place : 0;
}

static void refuse(lua_State *L, int key, int except, br_problems *p)
{
    if (lua_type(L, key) != LUA_TSTRING) {
        br_problems_add(p, "unknown", (br_slice){"", 0}, "names of fields must be strings, got %s",
                        br_lua_kind(lua_type(L, key)));
        return;
    }
    br_slice name = br_lua_string_arg(L, key);
    br_printable shown = br_print(name);
    br_suggest near;
    br_suggest_init(&near, name);
    for (int place = BR_SIGNING_LENT + 1; place < BR_SIGNING_END; place++)
        if (takes(L, place, except))
            br_suggest_try(&near, fields[place]);
    br_problems_add(p, "unknown", br_slice_of(shown.text), "unknown field of a request%s%.*s%s",
                    near.best.p ? " (did you mean " : "", (int)near.best.n,
                    near.best.p ? near.best.p : "", near.best.p ? "?)" : "");
}

/* Walks the table instead of asking it for each field: what it has besides is seen for nothing. */
static bool read_fields(lua_State *L, int except, br_problems *p)
{
    br_problems_free(p);
    luaL_checkstack(L, BR_SIGNING_END + LUA_MINSTACK, NULL);
    lua_settop(L, BR_SIGNING_END - 1);
    lua_pushvalue(L, lua_upvalueindex(1)); /* stays, whoever replaces it */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        int place = place_of(L, -2, except);
        if (place > 0) {
            lua_replace(L, place);
        } else {
            refuse(L, -2, except, p);
            lua_pop(L, 1);
        }
    }
    return !br_problems_any(p);
}

br_slice br_signing_text(lua_State *L, const br_signing *s, int place, const char *fallback)
{
    int type = lua_type(L, place);
    if (type == LUA_TNIL && fallback != NULL)
        return br_slice_of(fallback);
    if (type != LUA_TSTRING)
        luaL_error(L, "%s: %s must be a string, got %s", s->name, fields[place].p,
                   br_lua_kind(type));
    return br_lua_string(L, place);
}

bool br_signing_lent(lua_State *L, br_presign_keys *keys)
{
    const br_lua_credentials *lent = br_lua_credentials_arg(L, BR_SIGNING_LENT);
    if (lent == NULL)
        return false;
    keys->access_key_id = lent->set->access_key_id;
    keys->secret_access_key = lent->set->secret_access_key;
    keys->session_token = lent->set->session_token;
    keys->expiration_ms = lent->set->expiration_ms;
    return true;
}

br_presign_keys br_signing_keys(lua_State *L, const br_signing *s)
{
    br_presign_keys keys = {
        .region = br_signing_text(L, s, BR_SIGNING_REGION, NULL),
        .service = br_signing_text(L, s, BR_SIGNING_SERVICE, "bedrock"),
        .expiration_ms = BR_NEVER_EXPIRES,
    };
    if (br_signing_lent(L, &keys))
        return keys;
    keys.access_key_id = br_signing_text(L, s, BR_SIGNING_ACCESS_KEY_ID, NULL);
    keys.secret_access_key = br_signing_text(L, s, BR_SIGNING_SECRET_ACCESS_KEY, NULL);
    keys.session_token = br_signing_text(L, s, BR_SIGNING_SESSION_TOKEN, "");
    return keys;
}

static int64_t time_ms(lua_State *L, const br_signing *s)
{
    const br_lua_credentials *lent = br_lua_credentials_arg(L, BR_SIGNING_LENT);
    int64_t now_ms = br_platform_system.wall_ms(br_platform_system.user);
    if (lent != NULL)
        return now_ms + lent->skew_ms;
    if (lua_isnil(L, BR_SIGNING_TIME))
        return now_ms;
    if (lua_type(L, BR_SIGNING_TIME) != LUA_TNUMBER)
        luaL_error(L, "%s: time must be a number, got %s", s->name,
                   br_lua_kind(lua_type(L, BR_SIGNING_TIME)));
    double ms = (double)lua_tonumber(L, BR_SIGNING_TIME) * 1000;
    if (!(ms >= 0 && ms <= TIME_MAX_MS))
        luaL_error(L, "%s: time must be seconds since 1970, up to the year 9999", s->name);
    return (int64_t)ms;
}

void br_signing_date(lua_State *L, const br_signing *s, char date[BR_AMZ_DATE_SIZE])
{
    br_time_amz(time_ms(L, s), date);
}

/* Functions */

/* At the first signature: OpenSSL takes longer to start than the rest of the module to load. */
static void need_signer(lua_State *L, br_signing *s)
{
    if (s->crypto == NULL)
        s->crypto = br_digest_new();
    if (s->crypto != NULL && s->signer == NULL)
        s->signer = br_signer_new(s->crypto);
    if (s->signer == NULL)
        luaL_error(L, "%s: OpenSSL offers no SHA-256, or memory ran out", s->name);
}

static br_signing *push_signing(lua_State *L)
{
    br_signing *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    br_headers_init_secret(&s->headers);
    br_buf_init(&s->origin, BR_HOST_MAX + 16);
    br_buf_init(&s->host, BR_HOST_MAX + 16);
    br_buf_init(&s->out, OUT_MAX);
    br_problems_init(&s->problems);
    if (luaL_newmetatable(L, TYPE)) {
        lua_pushcfunction(L, signing_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return s;
}

static br_signing *enter(lua_State *L, const char *name)
{
    br_signing *s = lua_touserdata(L, lua_upvalueindex(1));
    if (s->busy) {
        s = push_signing(L);
        lua_replace(L, lua_upvalueindex(1));
    }
    s->busy = true;
    s->name = name;
    return s;
}

static int work_on(lua_State *L, br_signing *s, br_signing_work *work)
{
    br_error error;
    br_error_clear(&error);
    need_signer(L, s);
    br_headers_clear(&s->headers);
    br_buf_clear(&s->out);
    s->out.secret = false;
    int n = work(L, s, &error);
    return n > 0 ? n : br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
}

int br_signing_run(lua_State *L, const char *name, int except, br_signing_work *work)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, BR_SIGNING_LENT);
    br_signing *s = enter(L, name);
    int n = read_fields(L, except, &s->problems)
                ? work_on(L, s, work)
                : br_lua_fail_problems(L, BR_ERR_VALIDATION, br_slice_of(name), &s->problems);
    s->busy = false;
    return n;
}

int br_signing_run_bare(lua_State *L, const char *name, br_signing_work *work)
{
    br_signing *s = enter(L, name);
    lua_pushvalue(L, lua_upvalueindex(1)); /* stays, whoever replaces it */
    int n = work_on(L, s, work);
    s->busy = false;
    return n;
}

static int sign(lua_State *L)
{
    return br_signing_run(L, "sign", BR_SIGNING_EXPIRES, br_sign_work);
}

static int presign(lua_State *L)
{
    return br_signing_run(L, "presign", BR_SIGNING_BODY, br_presign_work);
}

static int api_key(lua_State *L)
{
    return br_signing_run_bare(L, "api_key", br_api_key_work);
}

void br_lua_open_signing(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"api_key", api_key}, {"presign", presign}, {"sign", sign}, {NULL, NULL}};
    push_signing(L);
    luaL_setfuncs(L, functions, 1);
}
