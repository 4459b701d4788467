/*
** Which members the keys of the caller's tables are: asked for every key of every structure that is
** encoded, and mostly the same ones as in the request before. A key that was found is kept alive, so
** that its address alone tells it the next time. Nothing here holds C memory.
*/
#ifndef BR_LUA_CODEC_KNOWN_H
#define BR_LUA_CODEC_KNOWN_H

#include "lua/codec/document.h"
#include "model/model.h"

#define BR_KNOWN_KEYS_BITS 7
#define BR_KNOWN_KEYS (1 << BR_KNOWN_KEYS_BITS)

/* A key that was found. */
typedef struct br_known_key {
    const char *key; /* the text of a string of Lua's; NULL: none */
    uint32_t shape;  /* the structure that was asked for it */
    int member;
} br_known_key;

/* One of a Lua state, which is made when first asked for. */
typedef struct br_known {
    br_known_key keys[BR_KNOWN_KEYS];
    br_marks marks; /* ours alone */
} br_known;

br_known *br_known_of(lua_State *L);

/* The slow way of br_known_member: another place, or a search, which is remembered. */
int br_known_search(lua_State *L, const br_model *m, unsigned shape, br_slice name, int index,
                    br_known *known, unsigned place);

/*
** As br_model_member of the built-in model, of whose shapes the structure is one, for the name that the
** string at index is. Two places are looked at, which differ in one bit.
*/
static inline int br_known_member(lua_State *L, const br_model *m, const br_shape *structure,
                                  br_slice name, int index, br_known *known)
{
    unsigned shape = (unsigned)(structure - m->shapes);
    uint64_t mixed = ((uintptr_t)name.p + shape) * UINT64_C(0x9E3779B97F4A7C15);
    unsigned place = (unsigned)(mixed >> (64 - BR_KNOWN_KEYS_BITS));
    const br_known_key *k = &known->keys[place];
    if (k->key == name.p && k->shape == shape)
        return k->member;
    return br_known_search(L, m, shape, name, index, known, place);
}

#endif
