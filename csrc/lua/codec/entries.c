#include "lua/codec/entries.h"

#include <stdlib.h>
#include <string.h>

#include "lua/codec/document.h"

#define FEW 8 /* so many are sorted on the stacks, with two slots each; most tables have no more */

typedef struct entry {
    br_slice key;
    int at; /* of the value on the Lua stack, or of the key in the list of keys */
} entry;

typedef struct walk {
    br_entry_filter *filter; /* NULL: all */
    br_entry_visitor *visit;
    void *state;
    int strange;
} walk;

int br_compare_keys(br_slice a, br_slice b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_entries(const void *left, const void *right)
{
    return br_compare_keys(((const entry *)left)->key, ((const entry *)right)->key);
}

static br_slice key_at(lua_State *L, int index)
{
    br_slice key;
    key.p = lua_tolstring(L, index, &key.n);
    return key;
}

/* Whether the pair on top of the stack is of those to be visited. */
static bool is_wanted(lua_State *L, walk *w)
{
    int type = lua_type(L, -2);
    if (type != LUA_TSTRING) {
        br_note_strange(&w->strange, type);
        return false;
    }
    return w->filter == NULL || w->filter(L, w->state);
}

static void insert(entry *entries, int n, entry new)
{
    for (; n > 0 && br_compare_keys(entries[n - 1].key, new.key) > 0; n--)
        entries[n] = entries[n - 1];
    entries[n] = new;
}

/* The pairs stay on the Lua stack until all are there. -1: they are more than a few. */
static int take_few(lua_State *L, walk *w, entry entries[FEW])
{
    int table = lua_gettop(L), n = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        if (!is_wanted(L, w)) {
            lua_pop(L, 1);
            continue;
        }
        if (n == FEW) {
            lua_settop(L, table);
            return -1;
        }
        insert(entries, n++, (entry){key_at(L, -2), lua_gettop(L)});
        lua_pushvalue(L, -2);
    }
    return n;
}

static int count_wanted(lua_State *L, walk *w)
{
    int n = 0;
    lua_pushnil(L);
    for (; lua_next(L, -2) != 0; lua_pop(L, 1))
        n += is_wanted(L, w);
    return n;
}

/*
** Keys go into the list on top of the stack, which keeps them when the table does not. Nothing here
** allocates, so no finalizer runs.
*/
static int take_keys(lua_State *L, int table, walk *w, entry *entries, int room)
{
    int list = lua_gettop(L), n = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        if (n < room && is_wanted(L, w)) {
            lua_pushvalue(L, -2);
            lua_rawseti(L, list, n + 1);
            entries[n] = (entry){key_at(L, -2), n + 1};
            n++;
        }
        lua_pop(L, 1);
    }
    return n;
}

/* The key is on top of the stack and is popped. */
static bool visit_key(lua_State *L, int table, walk *w)
{
    br_slice key = key_at(L, -1);
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    bool there = !lua_isnil(L, -1);
    if (there)
        w->visit(L, w->state, key);
    lua_pop(L, 2);
    return there;
}

static void visit_many(lua_State *L, walk *w)
{
    int table = lua_gettop(L), room = count_wanted(L, w);
    entry *entries = lua_newuserdatauv(L, (size_t)room * sizeof *entries + 1, 0);
    lua_createtable(L, room, 0);
    int list = lua_gettop(L), n = take_keys(L, table, w, entries, room);
    qsort(entries, (size_t)n, sizeof *entries, compare_entries);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, list, entries[i].at);
        visit_key(L, table, w);
    }
    lua_settop(L, table);
}

static void visit_sorted(lua_State *L, walk *w)
{
    entry entries[FEW];
    int table = lua_gettop(L), n = take_few(L, w, entries);
    if (n < 0) {
        visit_many(L, w);
        return;
    }
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L, entries[i].at);
        w->visit(L, w->state, entries[i].key);
        lua_pop(L, 1);
    }
    lua_settop(L, table);
}

/* The remembered order is on top of the stack, the table below it. Gives the number of entries. */
static int visit_in_order(lua_State *L, walk *w)
{
    int order = lua_gettop(L), count = 0;
    for (int i = 1;; i++) {
        lua_rawgeti(L, order, i);
        if (lua_type(L, -1) != LUA_TSTRING)
            break;
        count += visit_key(L, order - 1, w);
    }
    lua_pop(L, 1);
    return count;
}

/* Replaces the list on top of the stack by the set of its elements. */
static void make_set(lua_State *L)
{
    lua_newtable(L);
    for (int i = 1;; i++) {
        lua_rawgeti(L, -2, i);
        if (lua_isnil(L, -1))
            break;
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    lua_pop(L, 1);
    lua_replace(L, -2);
}

typedef struct addition {
    walk *w;
    int known; /* the set of the keys that were visited already, on the stack */
} addition;

static bool is_addition(lua_State *L, void *state)
{
    lua_pushvalue(L, -2);
    lua_rawget(L, ((addition *)state)->known);
    bool known = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return !known;
}

static void visit_addition(lua_State *L, void *state, br_slice key)
{
    walk *w = ((addition *)state)->w;
    w->visit(L, w->state, key);
}

/* Keys that the remembered order on top of the stack does not have. */
static void visit_additions(lua_State *L, walk *w)
{
    make_set(L);
    addition state = {w, lua_gettop(L)};
    walk rest = {.filter = is_addition, .visit = visit_addition, .state = &state};
    lua_pushvalue(L, -2);
    visit_sorted(L, &rest);
    lua_pop(L, 1);
}

int br_each_sorted(lua_State *L, br_entry_filter *filter, br_entry_visitor *visit, void *state)
{
    walk w = {.filter = filter, .visit = visit, .state = state, .strange = LUA_TNONE};
    visit_sorted(L, &w);
    return w.strange;
}

int br_each_entry(lua_State *L, br_entry_visitor *visit, void *state)
{
    walk w = {.visit = visit, .state = state, .strange = LUA_TNONE};
    if (!br_document_push_order(L)) {
        visit_sorted(L, &w);
        return w.strange;
    }
    int visited = visit_in_order(L, &w);
    lua_pushvalue(L, -2);
    int all = count_wanted(L, &w);
    lua_pop(L, 1);
    if (all > visited)
        visit_additions(L, &w);
    lua_pop(L, 1);
    return w.strange;
}
