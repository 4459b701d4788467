/*
** The version, defined here and nowhere else: `_VERSION` in Lua, and the user agent.
*/
#ifndef BR_CORE_BASE_VERSION_H
#define BR_CORE_BASE_VERSION_H

#define BR_VERSION "0.1.0"

#endif
