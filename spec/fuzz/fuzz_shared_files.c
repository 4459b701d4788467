/*
** A byte that chooses the profile and how it is looked for; the config file, a NUL, the credentials file.
** Every text becomes a way, or says why not.
*/
#include "core/ways/ways.h"
#include "fuzz.h"

#include <string.h>

static const char *get(void *user, const char *name)
{
    (void)user;
    return strcmp(name, "AWS_EC2_METADATA_DISABLED") == 0 ? "true" : NULL;
}

static bool login_token(void *user, br_slice session, br_buf *out)
{
    (void)user;
    return br_buf_add_slice(out, session);
}

static void resolve(br_ways *w, bool chain)
{
    br_layer none = {.kind = BR_LAYER_NOTHING};
    br_way way;
    br_settings settings;
    br_problems problems;
    br_way_init(&way);
    br_settings_init(&settings);
    br_problems_init(&problems);
    bool sound = br_ways_settings(w, &settings, &br_model_builtin, &problems);
    MUST(sound == !br_problems_any(&problems));
    br_found found = chain ? br_ways_chain(w, &none, &way, &settings, &br_model_builtin, &problems)
                           : br_ways_profile(w, &way, &settings, &br_model_builtin, &problems);
    if (found == BR_FOUND)
        MUST(way.count > 0 && way.layers[0].kind != BR_LAYER_ASSUME_ROLE);
    if (found == BR_BROKEN)
        MUST(br_problems_any(&problems));
    if (found == BR_NOT_THERE)
        MUST(way.count == 0 && w->looked.len > 0);
    br_way_free(&way);
    br_settings_free(&settings);
    br_problems_free(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {NULL, "default", "a", "b c"};
    br_ways w;
    br_problems problems;
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1, *end = (const char *)data + size;
    const char *nul = memchr(text, '\0', (size_t)(end - text));
    br_slice config = {text, (size_t)((nul != NULL ? nul : end) - text)};
    br_slice credentials = {nul != NULL ? nul + 1 : "", nul != NULL ? (size_t)(end - nul - 1) : 0};
    br_ways_init(&w);
    br_problems_init(&problems);
    w.variables.get = get;
    w.login_token = login_token;
    w.files.config.path = w.files.credentials.path = "FILE";
    br_ways_name_profile(&w, br_slice_of(profiles[data[0] & 3]));
    if (br_shared_read_config(&w.files, config, &problems) &&
        br_shared_read_credentials(&w.files, credentials, &problems))
        resolve(&w, data[0] & 4);
    else
        MUST(br_problems_any(&problems));
    br_ways_free(&w);
    br_problems_free(&problems);
    return 0;
}
