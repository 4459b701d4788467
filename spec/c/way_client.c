#define _GNU_SOURCE
#include "way_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

#define ROUNDS_MAX 200000
#define ROUNDS_IN_TIME 200 /* of a wait: a millisecond each; */
#define SLOWER 100         /* … then so many for one */

static void layer_free(br_layer *l)
{
    for (int i = 0; i < BR_LAYER_TEXT_COUNT; i++)
        br_layer_set(l, (br_layer_text)i, (br_slice){NULL, 0});
}

static br_config *new_config(way_client *w, const way_options *o)
{
    br_settings s;
    br_problems p;
    br_problems_init(&p);
    br_settings_init(&s);
    br_settings_set_text(&s, BR_SLICE("auth"), BR_SLICE("none"), &p);
    br_settings_set_text(&s, BR_SLICE("region"), BR_SLICE("eu-central-1"), &p);
    br_settings_set_text(&s, BR_SLICE("cache"), BR_SLICE("memory"), &p);
    br_settings_set_text(&s, BR_SLICE("endpoint"),
                         br_slice_of(o->endpoint != NULL ? o->endpoint : "https://127.0.0.1:1"),
                         &p);
    if (o->proxy != NULL)
        br_settings_set_text(&s, BR_SLICE("proxy"), br_slice_of(o->proxy), &p);
    if (o->read_timeout > 0)
        br_settings_set_number(&s, BR_SLICE("read_timeout"), o->read_timeout, &p);
    if (o->max_attempts > 0)
        br_settings_set_number(&s, BR_SLICE("max_attempts"), o->max_attempts, &p);
    br_config *c = br_config_new(&s, &br_model_builtin, &w->platform, &p);
    CHECK(c != NULL && p.count == 0);
    br_problems_free(&p);
    return c;
}

br_principal *way_principal(way_client *w, br_source_maker *make, br_layer *layer)
{
    br_problems p;
    br_problems_init(&p);
    br_layer *kept = &w->layers[w->layer_count++];
    *kept = *layer;
    br_source_input in = {
        w->config, &w->config->settings.way, kept, &br_model_builtin, &w->platform, NULL};
    br_source *source = make(&in, &p);
    for (size_t i = 0; i < p.count; i++)
        printf("  unexpected: %s: %s\n", p.items[i].path, p.items[i].message);
    CHECK(source != NULL);
    br_problems_free(&p);
    br_principal *who = br_principal_new(source);
    CHECK(who != NULL);
    return who;
}

void way_begin(way_client *w, br_source_maker *make, br_layer *layer, const way_options *o)
{
    br_error error;
    memset(w, 0, sizeof *w);
    w->now = (ra_clock){.wall_ms = WAY_NOW_MS, .mono_ms = 1000000};
    w->platform = ra_platform(&w->now);
    w->engine = br_engine_new(&w->platform, &error);
    CHECK(w->engine != NULL && br_engine_fd(w->engine) >= 0); /* a host that looks at it waits */
    w->config = new_config(w, o);
    w->client.principal = way_principal(w, make, layer);
}

void way_ask(way_client *w, br_obtain_mode mode)
{
    ra_ask(&w->want, w->engine, &w->client, mode);
}

static void round_of(way_client *w, int number)
{
    br_engine_step(w->engine, 0);
    w->now.mono_ms += number < ROUNDS_IN_TIME || number % SLOWER == 0;
    usleep(number < ROUNDS_IN_TIME ? 20 : 100);
}

void way_wait(way_client *w)
{
    for (int i = 0; i < ROUNDS_MAX && !w->want.done; i++)
        round_of(w, i);
    CHECK(w->want.done);
}

void way_until(way_client *w, const atomic_int *count, int n)
{
    for (int i = 0; i < ROUNDS_MAX && atomic_load(count) < n; i++)
        round_of(w, i);
    CHECK(atomic_load(count) >= n);
}

bool way_get(way_client *w, br_obtain_mode mode)
{
    way_ask(w, mode);
    way_wait(w);
    return w->want.ok;
}

void way_pass(way_client *w, int ms)
{
    for (int i = 0; i < 20; i++)
        br_engine_step(w->engine, 0);
    w->now.mono_ms += ms;
    for (int i = 0; i < 20; i++)
        br_engine_step(w->engine, 0);
}

void way_end(way_client *w)
{
    ra_release(&w->want);
    br_principal_unref(w->client.principal);
    br_engine_free(w->engine);
    CHECK_INT(atomic_load(&w->config->refs), 1);
    br_config_unref(w->config);
    while (w->layer_count > 0)
        layer_free(&w->layers[--w->layer_count]);
}

const char *way_refusal(br_source_maker *make, br_layer *layer)
{
    static char text[1024];
    br_problems p;
    way_client w = {.now = {.wall_ms = WAY_NOW_MS}};
    w.platform = ra_platform(&w.now);
    w.config = new_config(&w, &(way_options){.endpoint = NULL});
    br_problems_init(&p);
    br_source_input in = {w.config, &w.config->settings.way, layer, &br_model_builtin, &w.platform,
                          NULL};
    br_source *source = make(&in, &p);
    CHECK(source == NULL);
    CHECK_INT(p.count, 1);
    snprintf(text, sizeof text, "%s: %s", p.items[0].path, p.items[0].message);
    br_problems_free(&p);
    layer_free(layer);
    br_config_unref(w.config);
    return text;
}
