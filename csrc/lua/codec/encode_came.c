#include "lua/codec/came.h"
#include "lua/codec/encode.h"

#define STACK 10 /* what a question takes */

/* Whether a table around the value in hand came from an answer, or was marked as one. */
static bool is_in_one_that_came(const br_encoder *e)
{
    for (unsigned i = 0; i < e->depth; i++) {
        if (br_came_push(e->L, e->path[i].table)) {
            lua_pop(e->L, 1);
            return true;
        }
    }
    return false;
}

/*
** JSON that was read, as a chat that was saved is: data, no slip of the pen. Only in structures that
** answers hold, so that slips in settings and whole requests that are written as JSON are found.
** bedrock.array marks lists that are written by hand, so what counts is the object around. Where the
** call says that it wants checks (by_hand), only messages of a saved chat are data, which the chat has
** marked. `depth` is that of the table.
*/
static bool is_saved(br_encoder *e, int table, unsigned depth)
{
    if (e->holder == NULL || (e->holder->flags & BR_SHAPE_ANSWERED) == 0)
        return false;
    br_mark mark = br_document_mark(e->L, &e->marks, table);
    while (mark == BR_MARK_ARRAY && depth > 0)
        mark = br_document_mark(e->L, &e->marks, e->path[--depth].table);
    bool object = mark == BR_MARK_OBJECT || mark == BR_MARK_ORDERED;
    return object && (!e->ctx->by_hand || is_in_one_that_came(e));
}

static void push_last_step(const br_encoder *e)
{
    const br_step *step = &e->path[e->depth - 1];
    if (step->name.p != NULL)
        lua_pushlstring(e->L, step->name.p, step->name.n);
    else
        lua_pushinteger(e->L, step->index);
}

bool br_encode_came(br_encoder *e)
{
    lua_State *L = e->L;
    if (e->depth == 0 || !lua_checkstack(L, STACK))
        return false;
    int value = lua_gettop(L), table = e->path[e->depth - 1].table;
    if (is_saved(e, table, e->depth - 1))
        return true;
    if (!br_came_push(L, table))
        return false;
    push_last_step(e);
    lua_rawget(L, -2);
    bool same = lua_rawequal(L, -1, value);
    lua_pop(L, 2);
    return same;
}

bool br_encode_came_text(br_encoder *e, br_slice text, bool too_short)
{
    if (br_encode_came(e))
        return true;
    bool in_hand = lua_type(e->L, -1) == LUA_TSTRING && br_lua_string(e->L, -1).p == text.p;
    return in_hand && !too_short && lua_checkstack(e->L, STACK) && br_came_somewhere(e->L, -1);
}

bool br_encode_came_whole(br_encoder *e)
{
    int table = lua_gettop(e->L);
    return lua_checkstack(e->L, STACK) &&
           (is_saved(e, table, e->depth) || br_came_whole(e->L, table));
}

br_absence br_encode_absence(br_encoder *e, int table, br_slice name)
{
    lua_State *L = e->L;
    br_absence absence = BR_ABSENT_MISSING;
    if (!lua_checkstack(L, STACK))
        return absence;
    if (is_saved(e, table, e->depth))
        return BR_ABSENT_CAME;
    if (!br_came_push(L, table))
        return absence;
    lua_pushlstring(L, name.p, name.n);
    lua_rawget(L, -2);
    if (br_lua_is_null(L, -1))
        absence = BR_ABSENT_NULL;
    else if (lua_isnil(L, -1))
        absence = BR_ABSENT_CAME;
    lua_pop(L, 2);
    return absence;
}
