#include "lua/codec/known.h"

#include <string.h>

/* A key of the registry: only its address counts. */
static const char known_key = 'k';

/* Its metatable is the list of the strings that it keeps, each at its key's place plus one. */
static br_known *make(lua_State *L)
{
    br_known *known = lua_newuserdatauv(L, sizeof *known, 0);
    memset(known, 0, sizeof *known);
    br_document_find_marks(L, &known->marks);
    lua_createtable(L, BR_KNOWN_KEYS, 0);
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &known_key);
    return known;
}

br_known *br_known_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &known_key);
    br_known *known = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return known != NULL ? known : make(L);
}

/* The string at index, instead of the one that was kept for that place. */
static void keep(lua_State *L, int index, unsigned place)
{
    lua_pushvalue(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &known_key);
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_rawseti(L, -2, (int)place + 1);
    lua_pop(L, 3);
}

int br_known_search(lua_State *L, const br_model *m, unsigned shape, br_slice name, int index,
                    br_known *known, unsigned place)
{
    const br_known_key *other = &known->keys[place ^ 1];
    if (other->key == name.p && other->shape == shape)
        return other->member;
    int member = br_model_member(m, &m->shapes[shape], name);
    if (member < 0)
        return member;
    if (known->keys[place].key != NULL && other->key == NULL)
        place ^= 1;
    keep(L, index, place);
    known->keys[place] = (br_known_key){name.p, shape, member};
    return member;
}
