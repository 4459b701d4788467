#include "lua/codec/patterns.h"

#include <string.h>

#include "core/text/regex.h"
#include "core/text/utf8.h"

#define PLACES 1024 /* more than the built-in model has patterns */

/* A key of the registry: only its address counts. */
static const char patterns_key = 'p';

typedef struct place {
    const br_model *model; /* NULL: free */
    unsigned pattern;
    br_regex *regex; /* NULL: not to be had */
} place;

static int collect(lua_State *L)
{
    place *places = lua_touserdata(L, 1);
    for (size_t i = 0; i < PLACES; i++)
        br_regex_free(places[i].regex);
    memset(places, 0, PLACES * sizeof *places);
    return 0;
}

/* They live as long as the Lua state. */
static place *places_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &patterns_key);
    place *places = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (places != NULL)
        return places;
    places = lua_newuserdatauv(L, PLACES * sizeof *places, 0);
    memset(places, 0, PLACES * sizeof *places);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &patterns_key);
    return places;
}

static const br_regex *regex_of(lua_State *L, const br_model *m, unsigned pattern)
{
    char room[BR_PATTERN_MAX];
    place *p = &places_of(L)[(pattern + (uintptr_t)m / sizeof(*m) * 31) % PLACES];
    if (p->model == m && p->pattern == pattern)
        return p->regex;
    br_regex_free(p->regex);
    *p = (place){m, pattern, br_regex_compile(br_model_pattern(m, pattern, room))};
    return p->regex;
}

bool br_text_matches(lua_State *L, const br_model *m, unsigned pattern, br_slice text)
{
    if (!br_regex_available() || !br_utf8_valid(text))
        return true;
    const br_regex *regex = regex_of(L, m, pattern);
    return regex == NULL || br_regex_match(regex, text) != BR_REGEX_NO;
}
