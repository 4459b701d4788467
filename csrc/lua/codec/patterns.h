/*
** The patterns of the model, each compiled once in a Lua state and kept, most of the time: two that want
** the same place take turns.
*/
#ifndef BR_LUA_CODEC_PATTERNS_H
#define BR_LUA_CODEC_PATTERNS_H

#include "lua/base/compat.h"
#include "model/model.h"

/*
** true, too, where there is no verdict: the text is not UTF-8, or takes too long; the matcher does not
** take the pattern, or there is none (br_regex_available). Raises "not enough memory" alone.
*/
bool br_text_matches(lua_State *L, const br_model *m, unsigned pattern, br_slice text);

#endif
