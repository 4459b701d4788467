/*
** One source that is made of a layer, for tests of it: its connection's config, an engine whose
** clock all but stands still once what takes no time had its time, and one who asks.
*/
#ifndef BR_SPEC_WAY_CLIENT_H
#define BR_SPEC_WAY_CLIENT_H

#include "engine/credentials/sources.h"
#include "ra_client.h"

#define WAY_NOW_MS INT64_C(1795946400000) /* 2026-11-29T10:00:00Z */

#define WAY_LAYERS 8

typedef struct way_client {
    ra_clock now;
    br_platform platform;
    br_engine *engine;
    br_config *config;
    br_client client; /* of which only the principal is used */
    ra_want want;
    br_layer layers[WAY_LAYERS]; /* that were taken */
    int layer_count;
} way_client;

typedef struct way_options {
    const char *endpoint; /* of every service; NULL: none */
    const char *proxy;
    int read_timeout, max_attempts; /* 0: not given */
} way_options;

/* The layer is taken over. */
void way_begin(way_client *w, br_source_maker *make, br_layer *layer, const way_options *o);
/* Another principal of the same config; the caller ends it. */
br_principal *way_principal(way_client *w, br_source_maker *make, br_layer *layer);
void way_ask(way_client *w, br_obtain_mode mode);
void way_wait(way_client *w); /* for the answer to what was asked */
/* Steps until that many requests (say) have come; it takes 200 ms of the clock at most. */
void way_until(way_client *w, const atomic_int *count, int n);
bool way_get(way_client *w, br_obtain_mode mode);
void way_pass(way_client *w, int ms); /* that much time goes by, while the engine is stepped */
void way_end(way_client *w);
/* What the layer is refused for: "path: message"; static text. */
const char *way_refusal(br_source_maker *make, br_layer *layer);

#endif
