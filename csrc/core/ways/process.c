/* Lines of credential_process: a child's, or what this module does itself. */
#include "core/aws/arn.h"
#include "core/ways/signing_helper.h"
#include "core/ways/ways.h"

static br_found broken(br_problems *p, const char *why)
{
    br_problems_add(p, "pattern", BR_SLICE("credential_process"), "the line %s", why);
    return BR_BROKEN;
}

static bool give(br_settings *s, const char *option, br_slice value, br_problems *p)
{
    return value.n == 0 || br_settings_set_text(s, br_slice_of(option), value, p);
}

/* The helper's own default is the trust anchor's. */
static br_slice region_of(const br_helper *h)
{
    br_arn arn = {.region = {NULL, 0}};
    br_slice region = h->option[BR_HELPER_REGION];
    if (region.n == 0)
        br_arn_parse(h->option[BR_HELPER_TRUST_ANCHOR_ARN], &arn);
    return region.n > 0 ? region : arn.region;
}

/* The options that it has are those of auth = "roles_anywhere". */
static bool give_all(const br_helper *h, br_settings *s, const br_model *m, br_problems *p)
{
    br_slice endpoint = h->option[BR_HELPER_ENDPOINT];
    bool ok = give(s, "certificate", h->option[BR_HELPER_CERTIFICATE], p) &&
              give(s, "private_key", h->option[BR_HELPER_PRIVATE_KEY], p) &&
              give(s, "certificate_chain", h->option[BR_HELPER_INTERMEDIATES], p) &&
              give(s, "profile_arn", h->option[BR_HELPER_PROFILE_ARN], p) &&
              give(s, "role_arn", h->option[BR_HELPER_ROLE_ARN], p) &&
              give(s, "trust_anchor_arn", h->option[BR_HELPER_TRUST_ANCHOR_ARN], p) &&
              give(s, "session_name", h->option[BR_HELPER_ROLE_SESSION_NAME], p) &&
              give(s, "roles_anywhere_custom_region", region_of(h), p);
    if (ok && h->duration_s > 0)
        ok = br_settings_set_number(s, BR_SLICE("duration"), h->duration_s, p);
    if (ok && endpoint.n > 0)
        ok = br_settings_set_endpoint(s, m, BR_SLICE("rolesanywhere"), endpoint, p);
    return ok;
}

br_found br_ways_process(br_slice line, br_way *out, br_settings *s, const br_model *m,
                         br_problems *p)
{
    br_helper helper;
    br_command command;
    const char *wrong = br_command_split(line, &command);
    if (wrong != NULL)
        return broken(p, wrong);
    bool here = br_helper_read(&command, &helper);
    bool ok = !here || s == NULL || give_all(&helper, s, m, p);
    br_command_free(&command);
    if (!ok)
        return BR_BROKEN;
    br_layer *l = br_way_add(out, here ? BR_LAYER_ROLES_ANYWHERE : BR_LAYER_PROCESS);
    return l != NULL && br_layer_set(l, BR_LAYER_COMMAND, line)
               ? BR_FOUND
               : broken(p, "does not fit into memory");
}
