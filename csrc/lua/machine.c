/* What the command needs of the machine: its settings file, the terminal, another program. */
#define _GNU_SOURCE /* winsize, environ */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/files/settings_file.h"
#include "lua/binding.h"

#define SETTINGS_MAX ((size_t)1024 * 1024)
#define ARGUMENTS_MAX 4096

/* read_settings(path) -> text | nil, why: a file that nobody else may write */
int br_lua_read_settings(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    br_buf text;
    br_buf_init_secret(&text, SETTINGS_MAX);
    const char *why = br_read_settings_file(path, &text);
    if (why != NULL) {
        int number = errno;
        br_buf_free(&text);
        lua_pushnil(L);
        lua_pushfstring(L, "%s%s%s", why, number != 0 ? ": " : "",
                        number != 0 ? strerror(number) : "");
        return 2;
    }
    br_lua_push(L, br_buf_slice(&text));
    br_buf_free(&text);
    return 1;
}

/* others_read(path) -> boolean: a file that users of no group of its own may read */
int br_lua_others_read(lua_State *L)
{
    struct stat st;
    const char *path = luaL_checkstring(L, 1);
    lua_pushboolean(L, stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0);
    return 1;
}

/* variables(prefix) -> list of the names in the environment that begin so */
int br_lua_variables(lua_State *L)
{
    size_t n;
    const char *prefix = luaL_checklstring(L, 1, &n);
    int count = 0;
    lua_newtable(L);
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        const char *end = strchr(*at, '=');
        if (end == NULL || strncmp(*at, prefix, n) != 0)
            continue;
        lua_pushlstring(L, *at, (size_t)(end - *at));
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

/* terminal(fd) -> columns (0: unknown) | false */
int br_lua_terminal(lua_State *L)
{
    struct winsize size;
    int fd = (int)luaL_checkinteger(L, 1);
    if (!isatty(fd)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_pushinteger(L, ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0);
    return 1;
}

/* The table at index: name -> value, or false for none. */
static void set_environment(lua_State *L, int index)
{
    lua_pushnil(L);
    for (; lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            continue;
        if (lua_type(L, -1) == LUA_TSTRING)
            (void)setenv(lua_tostring(L, -2), lua_tostring(L, -1), 1);
        else
            (void)unsetenv(lua_tostring(L, -2));
    }
}

/*
** A standard descriptor that is closed would be given to the next file or socket that is opened, and
** take what is meant for people. Instead reading and writing there fail, as they do on a closed one.
*/
static void keep_place(int fd)
{
    if (fcntl(fd, F_GETFD) < 0)
        (void)open("/dev/null", (fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

/* keep_output_errors(): what cannot be written fails, and neither ends the program nor goes elsewhere */
int br_lua_keep_output_errors(lua_State *L)
{
    (void)L;
    (void)signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd <= 2; fd++)
        keep_place(fd);
    return 0;
}

/* exec(list of arguments, changes of the environment) -> nil, why, code: "missing" or "refused" */
int br_lua_exec(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t n = lua_rawlen(L, 1);
    luaL_argcheck(L, n >= 1 && n <= ARGUMENTS_MAX, 1, "a program and its arguments are needed");
    luaL_checkstack(L, (int)n + 8, "too many arguments");
    char **arguments = lua_newuserdatauv(L, (n + 1) * sizeof *arguments, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (int)i + 1);
        const char *text = luaL_checkstring(L, -1);
        arguments[i] = (char *)(uintptr_t)text;
    }
    arguments[n] = NULL;
    set_environment(L, 2);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)execvp(arguments[0], arguments);
    int why = errno;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", arguments[0], strerror(why));
    lua_pushstring(L, why == ENOENT ? "missing" : "refused");
    return 3;
}

/*
** input(fd) -> "file", "ready" (a pipe or socket that has data or has ended), "silent" (one that has
** not), or nil: a terminal or another device
*/
int br_lua_input(lua_State *L)
{
    struct stat st;
    int fd = (int)luaL_checkinteger(L, 1);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (fstat(fd, &st) != 0)
        return 0;
    if (S_ISREG(st.st_mode))
        lua_pushliteral(L, "file");
    else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
        lua_pushstring(L, poll(&wait, 1, 0) > 0 ? "ready" : "silent");
    else
        return 0;
    return 1;
}

/* make_directory(path) -> true | nil, why: with those above it that are missing, for the user alone */
int br_lua_make_directory(lua_State *L)
{
    char path[PATH_MAX];
    size_t n;
    const char *given = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n > 0 && n < sizeof path, 1, "too long");
    memcpy(path, given, n + 1);
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        (void)mkdir(path, 0700);
        *p = '/';
    }
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, strerror(errno));
    return 2;
}

/* A signal's handler finds its Lua state here; there is one program with a prompt in a process. */
static lua_State *volatile prompt;

static void raise_interrupted(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

/* As Lua's own interpreter does it, whose handler serves once. */
static void on_interrupt(int signal_number)
{
    (void)signal_number;
    if (prompt != NULL)
        lua_sethook(prompt, raise_interrupted, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

/* Whoever reads a line goes on reading. */
static void ignore_interrupt(int signal_number)
{
    (void)signal_number;
}

/*
** interruptible(yes): from now on each Ctrl-C raises "interrupted!" in the coroutine that called this;
** no: does nothing
*/
int br_lua_interruptible(lua_State *L)
{
    bool yes = lua_toboolean(L, 1);
    struct sigaction action = {.sa_handler = yes ? on_interrupt : ignore_interrupt,
                               .sa_flags = yes ? 0 : SA_RESTART};
    prompt = L;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    return 0;
}

static volatile sig_atomic_t ended_by;

static void on_end(int signal_number)
{
    ended_by = signal_number;
    on_interrupt(signal_number);
}

static void catch_once(int signal_number)
{
    struct sigaction before, action = {.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        (void)sigaction(signal_number, &action, NULL);
}

/*
** endable(): the first SIGTERM or SIGHUP raises "interrupted!" in the coroutine that called this, so
** that programs it started are ended with it; the next ends it at once. Those ignored stay so (nohup).
*/
int br_lua_endable(lua_State *L)
{
    prompt = L;
    catch_once(SIGTERM);
    catch_once(SIGHUP);
    return 0;
}

/* ended_by() -> the number of the signal that came, or nil */
int br_lua_ended_by(lua_State *L)
{
    if (ended_by == 0)
        return 0;
    lua_pushinteger(L, ended_by);
    return 1;
}
