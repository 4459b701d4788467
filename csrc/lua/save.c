/* Files of the user's. */

#include <errno.h>
#include <string.h>

#include "engine/files/write_file.h"
#include "lua/binding.h"

/*
** Could it be written where it stands? A device, a file that something is mounted on, one of another owner, or one in
** a folder that takes no new file, or none with a longer name.
*/
static bool may_be_written_in_place(int why)
{
    switch (why) {
    case EACCES:
    case EBUSY:
    case EDQUOT:
    case ENAMETOOLONG:
    case ENOTSUP:
    case EPERM:
    case EROFS:
        return true;
    default:
        return false;
    }
}

/*
** save(path, bytes, for_anybody) -> true | nil, why, in_place; whole or as it was before. 0600, or as any
** program's file.
*/
int br_lua_save(lua_State *L)
{
    uint8_t random[BR_WRITE_FILE_RANDOM];
    const char *path = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TSTRING);
    errno = 0;
    if (br_platform_system.random(br_platform_system.user, random, sizeof random) &&
        br_write_file(path, br_lua_string_arg(L, 2),
                      lua_toboolean(L, 3) ? BR_WRITE_FILE_FOR_ANYBODY : BR_WRITE_FILE_FOR_OWNER,
                      random)) {
        lua_pushboolean(L, 1);
        return 1;
    }
    int why = errno != 0 ? errno : EIO;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, why == ENOTSUP ? "it is no regular file" : strerror(why));
    lua_pushboolean(L, may_be_written_in_place(why));
    return 3;
}
