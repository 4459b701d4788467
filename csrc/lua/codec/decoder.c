#include "lua/codec/decode.h"
#include "lua/codec/patterns.h"

/* Keys of the registry: only their addresses count. */
static const char decoder_key = 'd', metatable_key = 'm', strict_key = 's';

/* The reader gives its block back, which it had from here. */
static void take_back_unescaped(br_decoder *d)
{
    if (d->reader.scratch.cap > BR_DECODER_KEPT)
        br_buf_free(&d->reader.scratch);
    d->unescaped = d->reader.scratch;
    d->reader.scratch = (br_buf){0};
}

void br_decoder_close(br_decoder *d)
{
    if (d->busy)
        take_back_unescaped(d);
    br_buf_free(&d->scratch);
    if (d->keys.cap > BR_DECODER_KEPT)
        br_buf_free(&d->keys);
    d->busy = false;
}

static int collect_decoder(lua_State *L)
{
    br_decoder *d = lua_touserdata(L, 1);
    br_decoder_close(d);
    br_buf_free(&d->unescaped);
    br_buf_free(&d->keys);
    return 0;
}

void br_decoder_open(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, collect_decoder);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}

static br_decoder *push_new(lua_State *L)
{
    br_decoder *d = lua_newuserdatauv(L, sizeof *d, 1);
    memset(d, 0, sizeof *d);
    br_buf_init(&d->keys, BR_DECODER_KEYS_MAX);
    br_buf_init(&d->unescaped, BR_JSON_STRING_MAX);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &strict_key);
    d->strict = lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_createtable(L, BR_DECODER_NAMES, 0);
    br_lua_set_kept(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &decoder_key);
    return d;
}

br_decoder *br_decoder_push(lua_State *L, const br_model *m, br_slice text)
{
    unsigned levels = lua_checkstack(L, BR_DECODE_STACK) ? BR_DECODE_LEVELS : 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &decoder_key);
    br_decoder *d = lua_touserdata(L, -1);
    if (d == NULL || d->busy) {
        lua_pop(L, 1);
        d = push_new(L);
    }
    br_lua_get_kept(L, -1);
    memset(d, 0, offsetof(br_decoder, named));
    d->L = L;
    d->busy = true;
    d->cached = m == &br_model_builtin;
    d->names = lua_gettop(L);
    d->model = m;
    d->levels = levels;
    br_json_reader_init(&d->reader, text);
    d->reader.scratch = d->unescaped;
    br_buf_init(&d->scratch, BR_BODY_MAX);
    br_buf_clear(&d->keys);
    return d;
}

void br_decoder_strict(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &strict_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &decoder_key);
    br_decoder *d = lua_touserdata(L, -1);
    if (d != NULL)
        d->strict = true;
    lua_pop(L, 1);
}

void br_decoder_check_texts(br_decoder *d, const br_shape *s, br_slice text)
{
    if ((s->b != BR_NONE && !br_text_in_enum(d->model, s->b, text)) ||
        (s->c != BR_NONE && !br_text_matches(d->L, d->model, s->c, text)))
        d->odd |= BR_ODD;
}

void br_decoder_finish(br_decoder *d)
{
    lua_State *L = d->L;
    int names = d->names;
    br_decoder_close(d);
    lua_replace(L, names - 1);
    lua_settop(L, names - 1);
}

void br_decoder_drop(br_decoder *d)
{
    br_decoder_close(d);
    lua_settop(d->L, d->names - 2);
}

/*
** Once made, a name is found by its number: Lua would hash it each time to find the same string.
** Each number has one place in the list, where the last one stays.
*/
void br_decoder_name(br_decoder *d, unsigned name)
{
    lua_State *L = d->L;
    unsigned place = name % BR_DECODER_NAMES;
    if (d->cached && d->named[place] == name + 1) {
        lua_rawgeti(L, d->names, (int)place + 1);
        return;
    }
    br_slice text = br_model_name(d->model, name);
    lua_pushlstring(L, text.p, text.n);
    if (d->cached) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, d->names, (int)place + 1);
        d->named[place] = name + 1;
    }
}
