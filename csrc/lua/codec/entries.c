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
    int table; /* its place on the Lua stack */
    int order; /* that of the list of keys that come first; 0: there is none */
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

static void sort_few(entry *entries, int n)
{
    for (int i = 1; i < n; i++) {
        entry new = entries[i];
        int at = i;
        for (; at > 0 && br_compare_keys(entries[at - 1].key, new.key) > 0; at--)
            entries[at] = entries[at - 1];
        entries[at] = new;
    }
}

/* The pairs stay on the Lua stack until all are there. -1, and none stays: they are more than a few. */
static int take_few(lua_State *L, walk *w, entry entries[FEW])
{
    int top = lua_gettop(L), n = 0;
    lua_pushnil(L);
    while (lua_next(L, w->table) != 0) {
        if (!is_wanted(L, w)) {
            lua_pop(L, 1);
            continue;
        }
        if (n == FEW) {
            lua_settop(L, top);
            return -1;
        }
        entries[n] = (entry){key_at(L, -2), top + 2 * (n + 1)};
        n++;
        lua_pushvalue(L, -2);
    }
    return n;
}

/* Mostly it is the same string of Lua's. */
static bool is_same_key(br_slice a, br_slice b)
{
    return a.p == b.p || br_slice_eq(a, b);
}

/* Moves those that the remembered order has to the front, in that order; gives their number. */
static int put_in_order(lua_State *L, const walk *w, entry *entries, int n)
{
    int done = 0, top = lua_gettop(L);
    for (int i = 1; done < n; i++) {
        if (i % FEW == 0)
            lua_settop(L, top);
        lua_rawgeti(L, w->order, i);
        br_slice key = key_at(L, -1);
        if (key.p == NULL)
            break;
        int at = done;
        while (at < n && !is_same_key(entries[at].key, key))
            at++;
        if (at == n)
            continue;
        entry found = entries[at];
        entries[at] = entries[done];
        entries[done++] = found;
    }
    lua_settop(L, top);
    return done;
}

/* false: they are more than a few. */
static bool visit_few(lua_State *L, walk *w)
{
    entry entries[FEW];
    int top = lua_gettop(L), n = take_few(L, w, entries);
    int first = n > 0 && w->order != 0 ? put_in_order(L, w, entries, n) : 0;
    sort_few(entries + first, n - first);
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L, entries[i].at);
        w->visit(L, w->state, entries[i].key);
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return n >= 0;
}

static int count_wanted(lua_State *L, walk *w)
{
    int n = 0;
    lua_pushnil(L);
    for (; lua_next(L, w->table) != 0; lua_pop(L, 1))
        n += is_wanted(L, w);
    return n;
}

/*
** Keys go into the list on top of the stack, which keeps them when the table does not. Nothing here
** allocates, so no finalizer runs.
*/
static int take_keys(lua_State *L, walk *w, entry *entries, int room)
{
    int list = lua_gettop(L), n = 0;
    lua_pushnil(L);
    while (lua_next(L, w->table) != 0) {
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
static bool visit_key(lua_State *L, walk *w)
{
    br_slice key = key_at(L, -1);
    lua_pushvalue(L, -1);
    lua_rawget(L, w->table);
    bool there = !lua_isnil(L, -1);
    if (there)
        w->visit(L, w->state, key);
    lua_pop(L, 2);
    return there;
}

static void visit_many(lua_State *L, walk *w)
{
    int top = lua_gettop(L), room = count_wanted(L, w);
    entry *entries = lua_newuserdatauv(L, (size_t)room * sizeof *entries + 1, 0);
    lua_createtable(L, room, 0);
    int list = lua_gettop(L), n = take_keys(L, w, entries, room);
    qsort(entries, (size_t)n, sizeof *entries, compare_entries);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, list, entries[i].at);
        visit_key(L, w);
    }
    lua_settop(L, top);
}

/* Those that the remembered order has. Gives their number. */
static int visit_in_order(lua_State *L, walk *w)
{
    int count = 0;
    for (int i = 1;; i++) {
        lua_rawgeti(L, w->order, i);
        if (lua_type(L, -1) != LUA_TSTRING)
            break;
        count += visit_key(L, w);
    }
    lua_pop(L, 1);
    return count;
}

/* Pushes the set of the elements of the list at that place. */
static void push_set(lua_State *L, int list)
{
    lua_newtable(L);
    for (int i = 1;; i++) {
        lua_rawgeti(L, list, i);
        if (lua_isnil(L, -1))
            break;
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    lua_pop(L, 1);
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

/* Keys that the remembered order does not have. */
static void visit_additions(lua_State *L, walk *w)
{
    push_set(L, w->order);
    addition state = {w, lua_gettop(L)};
    walk rest = {.filter = is_addition,
                 .visit = visit_addition,
                 .state = &state,
                 .strange = LUA_TNONE,
                 .table = w->table};
    if (!visit_few(L, &rest))
        visit_many(L, &rest);
    lua_pop(L, 1);
}

static void visit_many_in_order(lua_State *L, walk *w)
{
    int visited = visit_in_order(L, w);
    if (count_wanted(L, w) > visited)
        visit_additions(L, w);
}

int br_each_sorted(lua_State *L, br_entry_filter *filter, br_entry_visitor *visit, void *state)
{
    walk w = {.filter = filter,
              .visit = visit,
              .state = state,
              .strange = LUA_TNONE,
              .table = lua_gettop(L)};
    if (!visit_few(L, &w))
        visit_many(L, &w);
    return w.strange;
}

int br_each_in_order(lua_State *L, int table, int order, br_entry_visitor *visit, void *state)
{
    walk w = {.visit = visit, .state = state, .strange = LUA_TNONE, .table = table, .order = order};
    if (!visit_few(L, &w))
        visit_many_in_order(L, &w);
    return w.strange;
}

int br_each_entry(lua_State *L, br_entry_visitor *visit, void *state)
{
    int table = lua_gettop(L);
    if (!br_document_push_order(L))
        return br_each_sorted(L, NULL, visit, state);
    int strange = br_each_in_order(L, table, table + 1, visit, state);
    lua_pop(L, 1);
    return strange;
}
