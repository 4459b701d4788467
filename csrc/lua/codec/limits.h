/*
** What the model says of lengths, values and texts: asked by the encoder, which refuses, and by the
** decoder, which remembers what did not fit.
*/
#ifndef BR_LUA_CODEC_LIMITS_H
#define BR_LUA_CODEC_LIMITS_H

#include "model/model.h"

static inline bool br_limits_fit(const br_limits *l, double value)
{
    return value >= l->min && value <= l->max;
}

/* Whether the number of bytes says that the code points are enough, and not too many. */
static inline bool br_limits_settled(const br_limits *l, size_t bytes)
{
    return (double)bytes <= l->max && (double)bytes / 4 >= l->min;
}

/* Code points are counted only where the number of bytes does not settle the matter. */
bool br_limits_fit_text(const br_limits *l, br_slice text);

bool br_text_in_enum(const br_model *m, unsigned list, br_slice text);

#endif
