/* Files of the user's that nobody else may read. */

#include <errno.h>
#include <string.h>

#include "engine/files/write_file.h"
#include "lua/binding.h"

/* save(path, bytes) -> true | nil, why; 0600, and whole or as it was before */
int br_lua_save(lua_State *L)
{
    uint8_t random[BR_WRITE_FILE_RANDOM];
    const char *path = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TSTRING);
    errno = 0;
    if (br_platform_system.random(br_platform_system.user, random, sizeof random) &&
        br_write_file(path, br_lua_string_arg(L, 2), random)) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path,
                    errno == ENOTSUP ? "it is no regular file"
                                     : strerror(errno != 0 ? errno : EIO));
    return 2;
}
