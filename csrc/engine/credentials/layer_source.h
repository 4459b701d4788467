/*
** What sources that are made of nothing but a layer of a way have in common.
*/
#ifndef BR_ENGINE_CREDENTIALS_LAYER_SOURCE_H
#define BR_ENGINE_CREDENTIALS_LAYER_SOURCE_H

#include "engine/credentials/sources.h"

/* The first member of each. */
typedef struct br_layer_source {
    br_source base;
    const br_layer *layer; /* of the config's settings */
} br_layer_source;

/* Zero-filled, of that size, but for the first member. NULL: no memory, a problem says so. */
void *br_layer_source_new(size_t size, const br_source_ops *ops, const br_source_input *in,
                          br_problems *problems);
void br_layer_source_free(br_source *s); /* of a source that has nothing of its own */

/*
** Its kind, its texts, and those of `more`, which have to tell from others what it asks: its
** endpoints, say. For `identity`.
*/
bool br_layer_source_identity(const br_layer_source *s, const br_slice *more, size_t count,
                              uint8_t out[BR_IDENTITY_SIZE]);

#endif
