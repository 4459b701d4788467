/* What a profile of the shared files says of credentials, and the chain that it stands in. */
#include <stdarg.h>
#include <stdio.h>

#include "core/text/printable.h"
#include "core/ways/ways.h"

#define WHY_MAX 512

typedef struct search {
    br_ways *ways;
    const br_layer *own; /* options of the chain; NULL: none */
    bool environment;    /* its variables count */
    br_way *out;
    br_settings *settings;
    const br_model *model;
    br_problems *problems;
    br_slice visited[BR_WAY_LAYERS_MAX];
    size_t visited_count;
} search;

static const char *const static_keys[] = {"aws_access_key_id", "aws_secret_access_key"};

static br_slice get(const search *s, br_slice profile, const char *key)
{
    return br_ways_get(s->ways, profile, key);
}

static bool has(const search *s, br_slice profile, const char *key)
{
    return get(s, profile, key).p != NULL;
}

__attribute__((format(printf, 3, 4))) static br_found broken(const search *s, br_slice profile,
                                                             const char *format, ...)
{
    char why[WHY_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    br_problems_add(s->problems, "file", BR_SLICE("profile"), "\"%s\" %s", br_print(profile).text,
                    why);
    return BR_BROKEN;
}

static br_found no_memory(const search *s)
{
    br_problems_add(s->problems, "file", BR_SLICE("profile"), "out of memory");
    return BR_BROKEN;
}

/* Web identity: an option, a variable, then the profile, each value for itself. */

static br_slice web_identity(const search *s, br_slice profile, br_layer_text which,
                             const char *variable, const char *key)
{
    br_slice value = {NULL, 0};
    if (s->own != NULL)
        value = br_layer_get(s->own, which);
    if (value.n == 0 && s->environment)
        value = br_variable(&s->ways->variables, variable);
    return value.n > 0 ? value : get(s, profile, key);
}

static br_found from_web_identity(search *s, br_slice profile)
{
    br_slice file = web_identity(s, profile, BR_LAYER_TOKEN_FILE, "AWS_WEB_IDENTITY_TOKEN_FILE",
                                 "web_identity_token_file");
    br_slice role = web_identity(s, profile, BR_LAYER_ROLE_ARN, "AWS_ROLE_ARN", "role_arn");
    br_slice name = web_identity(s, profile, BR_LAYER_SESSION_NAME, "AWS_ROLE_SESSION_NAME",
                                 "role_session_name");
    if (file.n == 0)
        return BR_NOT_THERE;
    if (role.n == 0)
        return broken(s, profile,
                      "has a web identity's token file, but neither it nor the variable "
                      "AWS_ROLE_ARN names a role");
    br_layer *l = br_way_add(s->out, BR_LAYER_WEB_IDENTITY);
    bool ok = l != NULL && br_layer_set(l, BR_LAYER_TOKEN_FILE, file) &&
              br_layer_set(l, BR_LAYER_ROLE_ARN, role) &&
              br_layer_set(l, BR_LAYER_SESSION_NAME, name);
    s->out->from_profile = br_slice_eq(file, get(s, profile, "web_identity_token_file"));
    return ok ? BR_FOUND : no_memory(s);
}

/* SSO: what a session has counts as the profile's; where both have it, it must be the same. */

static const struct {
    const char *key;
    br_layer_text text;
} sso[] = {
    {"sso_start_url", BR_LAYER_SSO_START_URL},
    {"sso_region", BR_LAYER_SSO_REGION},
    {"sso_account_id", BR_LAYER_SSO_ACCOUNT_ID},
    {"sso_role_name", BR_LAYER_SSO_ROLE_NAME},
};

static br_found add_sso(search *s, br_slice profile, br_slice session, br_layer *l, size_t i)
{
    br_slice own = get(s, profile, sso[i].key), other = {NULL, 0};
    if (session.p != NULL)
        other = br_shared_get(&s->ways->files, BR_SECTION_SSO_SESSION, session, sso[i].key);
    if (own.p != NULL && other.p != NULL && !br_slice_eq(own, other))
        return broken(s, profile, "and its sso-session \"%s\" have different values of %s",
                      br_print(session).text, sso[i].key);
    own = other.p != NULL ? other : own;
    if (own.n == 0)
        return broken(s, profile, "is for SSO, but has no %s", sso[i].key);
    return br_layer_set(l, sso[i].text, own) ? BR_FOUND : no_memory(s);
}

static br_found from_sso(search *s, br_slice profile)
{
    br_slice session = get(s, profile, "sso_session");
    if (!has(s, profile, "sso_role_name") && !has(s, profile, "sso_account_id"))
        return BR_NOT_THERE;
    if (session.p != NULL && !br_shared_has(&s->ways->files, BR_SECTION_SSO_SESSION, session))
        return broken(s, profile, "names the sso_session \"%s\", but there is no [sso-session %s]",
                      br_print(session).text, br_print(session).text);
    br_layer *l = br_way_add(s->out, BR_LAYER_SSO);
    if (l == NULL || !br_layer_set(l, BR_LAYER_SSO_SESSION, session) ||
        !br_layer_set(l, BR_LAYER_PROFILE, profile))
        return no_memory(s);
    for (size_t i = 0; i < sizeof sso / sizeof *sso; i++)
        if (add_sso(s, profile, session, l, i) != BR_FOUND)
            return BR_BROKEN;
    return BR_FOUND;
}

/* Static keys of one of the two files. */
static br_found from_keys(search *s, br_slice profile, const br_shared_file *f)
{
    br_slice id = br_shared_file_get(f, BR_SECTION_PROFILE, profile, static_keys[0]);
    br_slice secret = br_shared_file_get(f, BR_SECTION_PROFILE, profile, static_keys[1]);
    br_slice token = br_shared_file_get(f, BR_SECTION_PROFILE, profile, "aws_security_token");
    if (token.n == 0)
        token = br_shared_file_get(f, BR_SECTION_PROFILE, profile, "aws_session_token");
    if (id.p == NULL)
        return BR_NOT_THERE;
    if (id.n == 0 || secret.n == 0)
        return broken(s, profile, "in \"%.300s\" has no %s", f->path, static_keys[id.n > 0]);
    br_layer *l = br_way_add(s->out, BR_LAYER_KEYS);
    bool ok = l != NULL && br_layer_set(l, BR_LAYER_ACCESS_KEY_ID, id) &&
              br_layer_set(l, BR_LAYER_SECRET_ACCESS_KEY, secret) &&
              br_layer_set(l, BR_LAYER_SESSION_TOKEN, token);
    return ok ? BR_FOUND : no_memory(s);
}

static br_found from_credentials_file(search *s, br_slice profile)
{
    return from_keys(s, profile, &s->ways->files.credentials);
}

static br_found from_config_file(search *s, br_slice profile)
{
    return from_keys(s, profile, &s->ways->files.config);
}

static br_found from_login(search *s, br_slice profile)
{
    br_slice session = get(s, profile, "login_session");
    return session.p == NULL ? BR_NOT_THERE
                             : br_ways_login(s->ways, profile, session, s->out, s->problems);
}

static br_found from_process(search *s, br_slice profile)
{
    br_slice line = get(s, profile, "credential_process");
    br_found found = line.p == NULL
                         ? BR_NOT_THERE
                         : br_ways_process(line, s->out, s->settings, s->model, s->problems);
    br_layer *l = found == BR_FOUND ? &s->out->layers[s->out->count - 1] : NULL;
    return l == NULL || br_layer_set(l, BR_LAYER_PROFILE, profile) ? found : no_memory(s);
}

/* A base, in botocore's order. */
static br_found find_base(search *s, br_slice profile)
{
    static br_found (*const finders[])(search *, br_slice) = {
        from_web_identity, from_sso,     from_credentials_file,
        from_login,        from_process, from_config_file,
    };
    for (size_t i = 0; i < sizeof finders / sizeof *finders; i++) {
        br_found found = finders[i](s, profile);
        if (found == BR_FOUND && i > 0)
            s->out->from_profile = true;
        if (found != BR_NOT_THERE)
            return found;
    }
    return BR_NOT_THERE;
}

/* Roles. */

static bool has_role(const search *s, br_slice profile)
{
    return has(s, profile, "role_arn") && !has(s, profile, "web_identity_token_file");
}

static bool has_keys(const search *s, br_slice profile)
{
    return has(s, profile, static_keys[0]) || has(s, profile, static_keys[1]);
}

static bool visited(const search *s, br_slice profile)
{
    for (size_t i = 0; i < s->visited_count; i++)
        if (br_slice_eq(s->visited[i], profile))
            return true;
    return false;
}

/* A profile may name itself: then its own keys are what the role is assumed with. */
static br_found check_source(const search *s, br_slice profile, br_slice source)
{
    if (!br_shared_has(&s->ways->files, BR_SECTION_PROFILE, source))
        return broken(s, profile, "has the source_profile \"%s\", which is not there",
                      br_print(source).text);
    if (visited(s, source) && (!br_slice_eq(source, profile) || !has_keys(s, source)))
        return broken(s, profile, "has the source_profile \"%s\", which is a loop",
                      br_print(source).text);
    return s->visited_count < BR_WAY_LAYERS_MAX
               ? BR_FOUND
               : broken(s, profile, "comes after %d others: too many", BR_WAY_LAYERS_MAX);
}

static br_found assume(search *s, br_slice profile);

static br_found from_source_profile(search *s, br_slice profile, br_slice source)
{
    br_found found = check_source(s, profile, source);
    if (found != BR_FOUND)
        return found;
    s->visited[s->visited_count++] = source;
    s->own = NULL;
    s->environment = false;
    if (has_role(s, source) && !has_keys(s, source))
        return assume(s, source);
    found = find_base(s, source);
    s->out->from_profile = true;
    if (found != BR_NOT_THERE)
        return found;
    return broken(s, source, "is the source_profile of \"%s\", but has no credentials",
                  br_print(profile).text);
}

static br_found from_credential_source(search *s, br_slice profile, br_slice source)
{
    br_layer none = {.kind = BR_LAYER_NOTHING};
    br_found found;
    s->out->from_profile = true;
    if (br_slice_eqs(source, "Environment"))
        found = br_ways_environment(s->ways, s->out, s->problems);
    else if (br_slice_eqs(source, "EcsContainer"))
        found = br_ways_container(s->ways, &none, s->out, s->problems);
    else if (br_slice_eqs(source, "Ec2InstanceMetadata"))
        found = br_ways_instance(s->ways, &none, s->out, s->problems);
    else
        return broken(s, profile,
                      "has the credential_source \"%s\": it must be Environment, "
                      "EcsContainer or Ec2InstanceMetadata",
                      br_print(source).text);
    if (found != BR_NOT_THERE)
        return found;
    return broken(s, profile, "has the credential_source %s, but nothing is there (%s)",
                  br_print(source).text, br_buf_slice(&s->ways->looked).p);
}

static br_found find_source(search *s, br_slice profile)
{
    br_slice source = get(s, profile, "source_profile");
    br_slice other = get(s, profile, "credential_source");
    if (source.p != NULL && other.p != NULL)
        return broken(s, profile, "has both source_profile and credential_source: remove one");
    if (source.p == NULL && other.p == NULL)
        return broken(s, profile,
                      "has a role_arn, but neither source_profile nor "
                      "credential_source to assume the role with");
    if (has(s, profile, "mfa_serial"))
        return broken(s, profile,
                      "wants a code of an MFA device (mfa_serial), which cannot be asked "
                      "for here: get credentials with it another way, such as aws sts "
                      "assume-role, and use those");
    return source.p != NULL ? from_source_profile(s, profile, source)
                            : from_credential_source(s, profile, other);
}

/* As botocore, what is no number is no duration. */
static bool set_duration(br_role *role, br_slice text, br_problems *p)
{
    double seconds = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return true;
        seconds = seconds * 10 + (text.p[i] - '0');
    }
    return text.n == 0 || br_role_set_number(role, BR_SLICE("duration"), seconds, p);
}

static bool set_role(const search *s, br_slice profile, br_role *role)
{
    static const struct {
        const char *key, *field;
    } texts[] = {
        {"role_arn", "role_arn"},
        {"role_session_name", "session_name"},
        {"external_id", "external_id"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!br_role_set_text(role, br_slice_of(texts[i].field), get(s, profile, texts[i].key),
                              s->problems))
            return false;
    return set_duration(role, get(s, profile, "duration_seconds"), s->problems);
}

static br_found assume(search *s, br_slice profile)
{
    br_role role;
    char path[BR_ROLE_PATH_MAX];
    br_found found = find_source(s, profile);
    if (found != BR_FOUND)
        return found;
    snprintf(path, sizeof path, "profile %.32s", br_print(profile).text);
    br_role_init(&role, path);
    bool ok = set_role(s, profile, &role) &&
              br_role_build(&role, br_way_gives_role(s->out), s->out, s->problems);
    br_role_free(&role);
    return ok ? BR_FOUND : BR_BROKEN;
}

/* Of the top. */

static const char *state_of(const br_shared_file *f)
{
    return f->state != NULL ? f->state : "";
}

static void note_profile(const search *s)
{
    const br_shared *files = &s->ways->files;
    br_ways_note(s->ways,
                 "profile \"%s\": no role_arn, web_identity_token_file, sso_account_id, "
                 "aws_access_key_id, login_session or credential_process in \"%.200s\"%s and "
                 "\"%.200s\"%s",
                 br_print(s->ways->profile).text, files->config.path, state_of(&files->config),
                 files->credentials.path, state_of(&files->credentials));
}

static br_found check_named(const search *s)
{
    const br_ways *w = s->ways;
    const br_shared *files = &w->files;
    if (!w->profile_named || br_shared_has(files, BR_SECTION_PROFILE, w->profile))
        return BR_FOUND;
    return broken(s, w->profile, "is not in \"%.200s\"%s, as [profile %s], nor in \"%.200s\"%s",
                  files->config.path, state_of(&files->config), br_print(w->profile).text,
                  files->credentials.path, state_of(&files->credentials));
}

static br_found find_in_profile(search *s)
{
    br_slice profile = s->ways->profile;
    s->visited[s->visited_count++] = profile;
    br_found found = has_role(s, profile) ? assume(s, profile) : find_base(s, profile);
    if (found == BR_NOT_THERE) {
        if (s->environment)
            br_ways_note(s->ways, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        note_profile(s);
    }
    return found;
}

br_found br_ways_profile(br_ways *w, br_way *out, br_settings *settings, const br_model *m,
                         br_problems *p)
{
    search s = {.ways = w, .out = out, .settings = settings, .model = m, .problems = p};
    br_found found = check_named(&s);
    return found == BR_FOUND ? find_in_profile(&s) : found;
}

br_found br_ways_chain(br_ways *w, const br_layer *own, br_way *out, br_settings *settings,
                       const br_model *m, br_problems *p)
{
    search s = {.ways = w, .out = out, .settings = settings, .model = m, .problems = p};
    br_found found = check_named(&s);
    if (found != BR_FOUND)
        return found;
    found = w->profile_given ? BR_NOT_THERE : br_ways_environment(w, out, p);
    s.own = own;
    s.environment = !w->profile_given;
    if (found == BR_NOT_THERE)
        found = find_in_profile(&s);
    if (found == BR_NOT_THERE)
        found = br_ways_container(w, own, out, p);
    return found == BR_NOT_THERE ? br_ways_instance(w, own, out, p) : found;
}
