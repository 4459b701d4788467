/*
** A Lua interpreter, for Luas whose sources come without their own: what `make test` uses where
** Lua 5.5 is in no package.
**
**   interpreter -v | -e TEXT | [-] | FILE [ARGUMENT...]
*/
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static lua_State *interrupted;

static void raise_interrupted(lua_State *L, lua_Debug *where)
{
    (void)where;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

/* Ctrl-C raises an error in what runs, as in lua.c: lua_sethook may be called by a signal. */
static void interrupt(int number)
{
    signal(number, SIG_DFL);
    lua_sethook(interrupted, raise_interrupted, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

/* `arg` as lua.c makes it: the script at 0, what stands before it below. */
static void set_arguments(lua_State *L, char **argv, int argc, int script)
{
    lua_createtable(L, argc - script, script + 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

static int load(lua_State *L, char **argv, int argc)
{
    const char *first = argc > 1 ? argv[1] : "-";
    if (strcmp(first, "-v") == 0)
        return luaL_loadstring(L, "print(_VERSION)");
    if (strcmp(first, "-e") == 0 && argc > 2)
        return luaL_loadbuffer(L, argv[2], strlen(argv[2]), "=(command line)");
    return luaL_loadfile(L, strcmp(first, "-") == 0 ? NULL : first);
}

/* What was raised, as text with a traceback. */
static int explain(lua_State *L)
{
    luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
    return 1;
}

static int run(lua_State *L, char **argv, int argc)
{
    int status, given = argc > 2 ? argc - 2 : 0;

    lua_pushcfunction(L, explain);
    status = load(L, argv, argc);
    if (status == LUA_OK) {
        luaL_checkstack(L, given, "too many arguments");
        for (int i = 0; i < given; i++)
            lua_pushstring(L, argv[i + 2]);
        interrupted = L;
        signal(SIGINT, interrupt);
        status = lua_pcall(L, given, 0, 1);
        signal(SIGINT, SIG_DFL);
    }
    if (status != LUA_OK)
        fprintf(stderr, "%s: %s\n", argv[0], lua_tostring(L, -1));
    return status == LUA_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    int status;

    if (L == NULL)
        return 1;
    luaL_openlibs(L);
    set_arguments(L, argv, argc, argc > 1 ? 1 : 0);
    status = run(L, argv, argc);
    lua_close(L);
    return status;
}
