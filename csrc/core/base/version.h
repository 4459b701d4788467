/*
** The version, defined here: `_VERSION` in Lua, the user agent, and what `make dist` writes. A spec
** compares CHANGELOG.md, the rockspec and Debian's changelog with it.
*/
#ifndef BR_CORE_BASE_VERSION_H
#define BR_CORE_BASE_VERSION_H

#define BR_VERSION "0.2.0"

#endif
