/* Bases that variables alone describe. */
#include "core/base/times.h"
#include "core/ways/ways.h"

#define ECS_HOST "http://169.254.170.2" /* of a relative URI; the SDKs' own */
#define IMDS_V6 "http://[fd00:ec2::254]"

static br_found no_memory(br_problems *p)
{
    br_problems_add(p, "file", (br_slice){"", 0}, "out of memory");
    return BR_BROKEN;
}

static br_found broken(br_problems *p, const char *variable, const char *why)
{
    br_problems_add(p, "missing", BR_SLICE("auth"), "the variable %s %s", variable, why);
    return BR_BROKEN;
}

static bool set(br_layer *l, br_layer_text which, br_slice value)
{
    return l != NULL && br_layer_set(l, which, value);
}

static br_slice token(const br_variables *v)
{
    br_slice old = br_variable(v, "AWS_SECURITY_TOKEN");
    return old.n > 0 ? old : br_variable(v, "AWS_SESSION_TOKEN");
}

br_found br_ways_environment(br_ways *w, br_way *out, br_problems *p)
{
    int64_t ms;
    const br_variables *v = &w->variables;
    br_slice id = br_variable(v, "AWS_ACCESS_KEY_ID");
    br_slice secret = br_variable(v, "AWS_SECRET_ACCESS_KEY");
    br_slice expiration = br_variable(v, "AWS_CREDENTIAL_EXPIRATION");
    if (id.n == 0) {
        br_ways_note(w, "environment: AWS_ACCESS_KEY_ID is not set");
        return BR_NOT_THERE;
    }
    if (secret.n == 0)
        return broken(p, "AWS_SECRET_ACCESS_KEY", "is not set, but AWS_ACCESS_KEY_ID is");
    if (expiration.n > 0 && !br_time_parse_iso(expiration, &ms))
        return broken(p, "AWS_CREDENTIAL_EXPIRATION", "is no time such as 2030-01-31T12:00:00Z");
    br_layer *l = br_way_add(out, BR_LAYER_ENVIRONMENT);
    bool ok = set(l, BR_LAYER_ACCESS_KEY_ID, id) && set(l, BR_LAYER_SECRET_ACCESS_KEY, secret) &&
              set(l, BR_LAYER_SESSION_TOKEN, token(v)) && set(l, BR_LAYER_EXPIRATION, expiration);
    return ok ? BR_FOUND : no_memory(p);
}

/* An option, else a variable. */
static bool choose(br_layer *l, br_layer_text which, const br_layer *own, const br_variables *v,
                   const char *variable)
{
    br_slice option = br_layer_get(own, which);
    return set(l, which, option.n > 0 ? option : br_variable(v, variable));
}

br_found br_ways_web_identity(br_ways *w, const br_layer *own, br_way *out, br_problems *p)
{
    const br_variables *v = &w->variables;
    bool options =
        br_layer_get(own, BR_LAYER_TOKEN_FILE).n > 0 || br_layer_get(own, BR_LAYER_ROLE_ARN).n > 0;
    if (!options && br_variable(v, "AWS_WEB_IDENTITY_TOKEN_FILE").n == 0 &&
        br_variable(v, "AWS_ROLE_ARN").n == 0) {
        br_ways_note(w, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set");
        return BR_NOT_THERE;
    }
    br_layer *l = br_way_add(out, BR_LAYER_WEB_IDENTITY);
    bool ok = choose(l, BR_LAYER_TOKEN_FILE, own, v, "AWS_WEB_IDENTITY_TOKEN_FILE") &&
              choose(l, BR_LAYER_ROLE_ARN, own, v, "AWS_ROLE_ARN") &&
              choose(l, BR_LAYER_SESSION_NAME, own, v, "AWS_ROLE_SESSION_NAME");
    return ok ? BR_FOUND : no_memory(p);
}

/* The relative one is a path on the host that ECS has for it, and comes first. */
static bool set_uri(br_layer *l, const br_layer *own, const br_variables *v)
{
    br_slice option = br_layer_get(own, BR_LAYER_URI);
    br_slice path = br_variable(v, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    br_buf uri;
    if (option.n > 0 || path.n == 0)
        return set(l, BR_LAYER_URI,
                   option.n > 0 ? option : br_variable(v, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    br_buf_init(&uri, sizeof ECS_HOST + path.n);
    br_buf_adds(&uri, ECS_HOST);
    br_buf_add_slice(&uri, path);
    bool ok = !uri.failed && set(l, BR_LAYER_URI, br_buf_slice(&uri));
    br_buf_free(&uri);
    return ok;
}

/* A token of the environment is for the URI of the environment. */
static bool set_authorization(br_layer *l, const br_layer *own, const br_variables *v)
{
    bool options = br_layer_get(own, BR_LAYER_AUTHORIZATION_TOKEN).n > 0 ||
                   br_layer_get(own, BR_LAYER_AUTHORIZATION_TOKEN_FILE).n > 0;
    if (options || br_layer_get(own, BR_LAYER_URI).n > 0)
        return set(l, BR_LAYER_AUTHORIZATION_TOKEN,
                   br_layer_get(own, BR_LAYER_AUTHORIZATION_TOKEN)) &&
               set(l, BR_LAYER_AUTHORIZATION_TOKEN_FILE,
                   br_layer_get(own, BR_LAYER_AUTHORIZATION_TOKEN_FILE));
    br_slice file = br_variable(v, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (file.n > 0)
        return set(l, BR_LAYER_AUTHORIZATION_TOKEN_FILE, file);
    return set(l, BR_LAYER_AUTHORIZATION_TOKEN,
               br_variable(v, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
}

br_found br_ways_container(br_ways *w, const br_layer *own, br_way *out, br_problems *p)
{
    const br_variables *v = &w->variables;
    if (br_layer_get(own, BR_LAYER_URI).n == 0 &&
        br_variable(v, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").n == 0 &&
        br_variable(v, "AWS_CONTAINER_CREDENTIALS_FULL_URI").n == 0) {
        br_ways_note(w, "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and "
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI are not set");
        return BR_NOT_THERE;
    }
    br_layer *l = br_way_add(out, BR_LAYER_CONTAINER);
    return set_uri(l, own, v) && set_authorization(l, own, v) ? BR_FOUND : no_memory(p);
}

static br_slice variable_or_setting(const br_ways *w, const char *variable, const char *key)
{
    br_slice value = br_variable(&w->variables, variable);
    return value.n > 0 || w->profile.n == 0 ? value : br_ways_get(w, w->profile, key);
}

/* {NULL, 0}: the usual one. */
static bool instance_endpoint(const br_ways *w, const br_layer *own, br_slice *out, br_problems *p)
{
    br_slice mode = variable_or_setting(w, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                        "ec2_metadata_service_endpoint_mode");
    bool six = br_slice_eq_nocase(mode, BR_SLICE("ipv6"));
    *out = br_layer_get(own, BR_LAYER_ENDPOINT);
    if (out->n > 0)
        return true;
    *out = variable_or_setting(w, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                               "ec2_metadata_service_endpoint");
    if (mode.n > 0 && !six && !br_slice_eq_nocase(mode, BR_SLICE("ipv4")))
        return br_problems_add(p, "enum", BR_SLICE("instance"),
                               "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (or "
                               "ec2_metadata_service_endpoint_mode) must be IPv4 or IPv6");
    if (out->n == 0 && six)
        *out = BR_SLICE(IMDS_V6);
    return true;
}

br_found br_ways_instance(br_ways *w, const br_layer *own, br_way *out, br_problems *p)
{
    br_slice endpoint;
    br_slice off = br_variable(&w->variables, "AWS_EC2_METADATA_DISABLED");
    if (br_slice_eq_nocase(off, BR_SLICE("true"))) {
        br_ways_note(w, "instance: AWS_EC2_METADATA_DISABLED is true");
        return BR_NOT_THERE;
    }
    if (!instance_endpoint(w, own, &endpoint, p))
        return BR_BROKEN;
    br_layer *l = br_way_add(out, BR_LAYER_INSTANCE);
    return set(l, BR_LAYER_ENDPOINT, endpoint) ? BR_FOUND : no_memory(p);
}
