/* Certificates and the files of the credential cache, for people to look at. */
#include "core/x509/facts.h"
#include "engine/files/cache_file.h"
#include "lua/binding.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROBLEMS "bedrock.look"

static int problems_gc(lua_State *L)
{
    br_problems_free(lua_touserdata(L, 1));
    return 0;
}

static br_problems *push_problems(lua_State *L)
{
    br_problems *problems = lua_newuserdatauv(L, sizeof *problems, 0);
    br_problems_init(problems);
    if (luaL_newmetatable(L, PROBLEMS)) {
        lua_pushcfunction(L, problems_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return problems;
}

static void set_slice(lua_State *L, const char *name, br_slice text)
{
    if (text.n == 0)
        return;
    br_lua_push(L, text);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    set_slice(L, name, br_slice_of(text));
}

static void set_time(lua_State *L, const char *name, int64_t ms)
{
    if (ms == INT64_MIN)
        return;
    br_push_integer(L, ms / 1000);
    lua_setfield(L, -2, name);
}

/* (facts, list): adds them to it */
static int add_facts(lua_State *L)
{
    const br_certificate_facts *f = lua_touserdata(L, 1);
    lua_createtable(L, 0, 14);
    set_text(L, "option", f->option);
    set_slice(L, "subject", f->subject);
    set_slice(L, "issuer", f->issuer);
    set_text(L, "serial", f->serial);
    set_text(L, "key", f->key);
    set_text(L, "signature", f->signature);
    set_time(L, "not_before", f->not_before_ms);
    set_time(L, "not_after", f->not_after_ms);
    set_text(L, "usage", f->usage);
    set_text(L, "purposes", f->purposes);
    set_slice(L, "names", f->names);
    set_slice(L, "fingerprint", (br_slice){(const char *)f->fingerprint, BR_SHA256_SIZE});
    lua_pushboolean(L, f->authority);
    lua_setfield(L, -2, "authority");
    lua_pushboolean(L, f->belongs);
    lua_setfield(L, -2, "belongs");
    lua_rawseti(L, 2, (int)lua_rawlen(L, 2) + 1);
    return 0;
}

/* Where the function and the list are; an error of Lua's must not pass through what called this. */
typedef struct looking {
    lua_State *L;
    int add, list;
    bool failed;
} looking;

static void each_certificate(void *user, const br_certificate_facts *facts)
{
    looking *k = user;
    lua_pushvalue(k->L, k->add);
    lua_pushlightuserdata(k->L, (void *)(uintptr_t)facts);
    lua_pushvalue(k->L, k->list);
    k->failed |= lua_pcall(k->L, 2, 0, 0) != 0;
    if (k->failed)
        lua_settop(k->L, k->list);
}

static br_slice field(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    if (lua_type(L, -1) != LUA_TSTRING)
        return (br_slice){NULL, 0};
    return br_lua_string_arg(L, -1);
}

/*
** certificates{certificate=, private_key=, certificate_chain=, pkcs12=, password=} -> list | nil, err
** Contents, not paths. What the private key is and whether any of it would do is not looked at.
*/
int br_lua_certificates(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    br_x509_input in = {
        .certificate = field(L, "certificate"),
        .private_key = field(L, "private_key"),
        .certificate_chain = field(L, "certificate_chain"),
        .pkcs12 = field(L, "pkcs12"),
        .password = field(L, "password"),
    };
    in.signed_outside = in.private_key.p == NULL;
    br_problems *problems = push_problems(L);
    lua_pushcfunction(L, add_facts);
    lua_newtable(L);
    looking k = {L, lua_gettop(L) - 1, lua_gettop(L), false};
    luaL_checkstack(L, 8, NULL);
    br_x509_look(&in, problems, each_certificate, &k);
    if (k.failed)
        return luaL_error(L, "not enough memory");
    if (lua_rawlen(L, k.list) == 0 && br_problems_any(problems))
        return br_lua_fail_problems(L, BR_ERR_CONFIG, BR_SLICE("certificate"), problems);
    return 1;
}

static void each_file(void *user, const char *stem, int64_t expires_ms)
{
    looking *k = user;
    lua_createtable(k->L, 0, 2);
    set_text(k->L, "identity", stem);
    set_time(k->L, "expiration", expires_ms);
    lua_rawseti(k->L, k->list, (int)lua_rawlen(k->L, k->list) + 1);
}

static int list_files(lua_State *L)
{
    looking k = {L, 0, 2, false};
    lua_settop(L, 2);
    br_cache_files((int)lua_tointeger(L, 1), each_file, &k);
    return 0;
}

static void push_path(lua_State *L, int dir)
{
    char path[4096];
#ifdef F_GETPATH
    ssize_t n = fcntl(dir, F_GETPATH, path) == 0 ? (ssize_t)strlen(path) : 0;
#else
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, path, sizeof path);
#endif
    if (n > 0)
        lua_pushlstring(L, path, (size_t)n);
    else
        lua_pushnil(L);
}

/* cache_files(cache_dir or nil) -> list of {identity, expiration}, path of the directory | nil */
int br_lua_cache_files(lua_State *L)
{
    int dir = br_cache_dir_open(luaL_optstring(L, 1, NULL), NULL);
    if (dir < 0)
        return 0;
    lua_newtable(L);
    lua_pushcfunction(L, list_files);
    lua_pushinteger(L, dir);
    lua_pushvalue(L, -3);
    int failed = lua_pcall(L, 2, 0, 0);
    if (!failed)
        push_path(L, dir);
    close(dir);
    return failed ? lua_error(L) : 2;
}

/* cache_remove(cache_dir or nil, identity) -> boolean */
int br_lua_cache_remove(lua_State *L)
{
    size_t n;
    const char *stem = luaL_checklstring(L, 2, &n);
    luaL_argcheck(L, n == BR_CACHE_STEM_SIZE - 1, 2, "an identity is expected");
    int dir = br_cache_dir_open(luaL_optstring(L, 1, NULL), NULL);
    lua_pushboolean(L, dir >= 0 && br_cache_file_remove(dir, stem));
    if (dir >= 0)
        close(dir);
    return 1;
}
