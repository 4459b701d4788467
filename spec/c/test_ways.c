/* Ways found in texts and variables: which layers, and what is said where there are none. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "core/ways/ways.h"

#define ROLE "arn:aws:iam::123456789012:role/"
#define KEYS(name) "aws_access_key_id = AKID" name "\naws_secret_access_key = secret\n"
#define NOW_MS INT64_C(1792000000000) /* 2026-10-14T17:46:40Z */

/* "NAME=value" each; NULL ends. */
typedef const char *const *variables;

static const char *get(void *user, const char *name)
{
    size_t n = strlen(name);
    for (variables v = user; v != NULL && *v != NULL; v++)
        if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
            return *v + n + 1;
    return NULL;
}

static const char *login;

static bool login_token(void *user, br_slice session, br_buf *out)
{
    (void)user;
    CHECK_SLICE(session, "me");
    return login != NULL && br_buf_adds(out, login);
}

typedef struct found {
    br_ways ways;
    br_way way;
    br_settings settings;
    br_problems problems;
    br_found state;
} found;

static void begin(found *f, const char *config, const char *credentials, variables v,
                  const char *profile)
{
    br_ways *w = &f->ways;
    br_ways_init(w);
    br_way_init(&f->way);
    br_settings_init(&f->settings);
    br_problems_init(&f->problems);
    w->variables.get = get;
    memcpy(&w->variables.user, &v, sizeof v);
    w->login_token = login_token;
    w->now_ms = NOW_MS;
    w->files.config.path = "CONFIG";
    w->files.credentials.path = "CREDENTIALS";
    f->state = br_shared_read_config(&w->files, br_slice_of(config), &f->problems) &&
                       br_shared_read_credentials(&w->files, br_slice_of(credentials), &f->problems)
                   ? BR_FOUND
                   : BR_BROKEN;
    br_ways_name_profile(w, br_slice_of(profile));
}

static void end(found *f)
{
    br_ways_free(&f->ways);
    br_way_free(&f->way);
    br_settings_free(&f->settings);
    br_problems_free(&f->problems);
}

static void chain(found *f, const char *config, const char *credentials, variables v,
                  const char *profile)
{
    br_layer none = {.kind = BR_LAYER_NOTHING};
    begin(f, config, credentials, v, profile);
    if (f->state == BR_FOUND)
        f->state =
            br_ways_chain(&f->ways, &none, &f->way, &f->settings, &br_model_builtin, &f->problems);
}

/* The layers from the base up, with one text of the base: "access_keys(AKIDA) assume_role". */
static void gives(const char *config, const char *credentials, variables v, const char *profile,
                  const char *want)
{
    found f;
    char got[512] = "";
    chain(&f, config, credentials, v, profile);
    CHECK_INT(f.state, BR_FOUND);
    for (size_t i = 0; i < f.way.count; i++) {
        const br_layer *l = &f.way.layers[i];
        size_t at = strlen(got);
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", i > 0 ? " " : "",
                               br_layer_name(l->kind));
        for (int t = 0; t < BR_LAYER_TEXT_COUNT && i == 0; t++)
            if (l->text[t] != NULL && t != BR_LAYER_SECRET_ACCESS_KEY && t != BR_LAYER_PROFILE)
                at += (size_t)snprintf(got + at, sizeof got - at, "(%s)", l->text[t]);
        if (l->form.len > 0)
            snprintf(got + at, sizeof got - at, "{%s}", l->form.data);
    }
    CHECK_STR(got, want);
    for (size_t i = 0; i < f.problems.count; i++)
        printf("  unexpected: %s\n", f.problems.items[i].message);
    end(&f);
}

static void refuses(const char *config, const char *credentials, variables v, const char *profile,
                    const char *words)
{
    found f;
    chain(&f, config, credentials, v, profile);
    CHECK_INT(f.state, BR_BROKEN);
    CHECK_INT(f.problems.count, 1);
    const char *message = f.problems.count > 0 ? f.problems.items[0].message : "";
    if (strstr(message, words) == NULL)
        printf("  \"%s\" is not in: %s\n", words, message);
    CHECK(strstr(message, words) != NULL);
    CHECK(strstr(message, "secret\n") == NULL);
    end(&f);
}

static const char *const off[] = {"AWS_EC2_METADATA_DISABLED=true", NULL};

static void test_order(void)
{
    static const char *const keys[] = {"AWS_ACCESS_KEY_ID=AKIDE", "AWS_SECRET_ACCESS_KEY=s",
                                       "AWS_SECURITY_TOKEN=old", "AWS_SESSION_TOKEN=new", NULL};
    static const char *const web[] = {"AWS_WEB_IDENTITY_TOKEN_FILE=/t", "AWS_ROLE_ARN=" ROLE "w",
                                      NULL};
    static const char *const container[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c",
                                            "AWS_CONTAINER_AUTHORIZATION_TOKEN=t", NULL};
    static const char *const six[] = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6", NULL};
    const char *config = "[default]\n" KEYS("C") "credential_process = prog\n";
    const char *credentials = "[default]\n" KEYS("K");
    gives(config, credentials, keys, NULL, "environment(AKIDE)(old)");
    gives(config, credentials, keys, "default", "access_keys(AKIDK)");
    gives(config, credentials, web, NULL, "web_identity(/t)(" ROLE "w)");
    gives(config, credentials, off, NULL, "access_keys(AKIDK)");
    gives(config, "", off, NULL, "process(prog)");
    gives("[default]\n" KEYS("C"), "", off, NULL, "access_keys(AKIDC)");
    gives("", "", container, NULL, "container(http://169.254.170.2/c)(t)");
    gives("", "", six, NULL, "instance(http://[fd00:ec2::254])");
    gives("", "", NULL, NULL, "instance");
    gives("[default]\nec2_metadata_service_endpoint = http://h\n", "", NULL, NULL,
          "instance(http://h)");
}

static void test_nothing(void)
{
    found f;
    chain(&f, "", "", off, NULL);
    CHECK_INT(f.state, BR_NOT_THERE);
    const char *looked = br_buf_slice(&f.ways.looked).p;
    static const char *const parts[] = {
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "profile \"default\"",
        "CONFIG",
        "CREDENTIALS",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_EC2_METADATA_DISABLED",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        CHECK(strstr(looked, parts[i]) != NULL);
    end(&f);
    begin(&f, "", "", off, NULL);
    CHECK_INT(br_ways_profile(&f.ways, &f.way, &f.settings, &br_model_builtin, &f.problems),
              BR_NOT_THERE);
    end(&f);
}

static void test_roles(void)
{
    const char *top = "[default]\nrole_arn = " ROLE "top\nsource_profile = base\n"
                      "external_id = e/1\nrole_session_name = me\nduration_seconds = 1800\n"
                      "[profile base]\n" KEYS("B");
    static const char *const given[] = {"AWS_ACCESS_KEY_ID=AKIDE", "AWS_SECRET_ACCESS_KEY=s", NULL};
    gives(top, "", off, NULL,
          "access_keys(AKIDB) assume_role{RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ftop"
          "&RoleSessionName=me&ExternalId=e%2F1&DurationSeconds=1800}");
    gives("[default]\nrole_arn = " ROLE "t\nsource_profile = default\n" KEYS("S"), "", off, NULL,
          "access_keys(AKIDS) assume_role{RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ft}");
    gives("[default]\nrole_arn = " ROLE "t\ncredential_source = Environment\n", "", given,
          "default",
          "environment(AKIDE) assume_role{RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Ft}");
    refuses("[default]\nrole_arn = " ROLE "t\n", "", off, NULL, "neither source_profile nor");
    refuses("[default]\nrole_arn = " ROLE "t\nsource_profile = default\n", "", off, NULL, "a loop");
    refuses("[default]\nrole_arn = " ROLE "t\nsource_profile = b\n[profile b]\nrole_arn = " ROLE
            "b\nsource_profile = default\n",
            "", off, NULL, "a loop");
    refuses("[default]\nrole_arn = " ROLE "t\nsource_profile = b\n[profile b]\nregion = x\n", "",
            off, NULL, "has no credentials");
    refuses("[default]\nrole_arn = " ROLE "t\nsource_profile = b\n", "", off, NULL, "not there");
    refuses("[default]\nrole_arn = " ROLE
            "t\nsource_profile = b\nmfa_serial = m\n[profile b]\n" KEYS("B"),
            "", off, NULL, "mfa_serial");
    refuses("[default]\nrole_arn = " ROLE "t\ncredential_source = Environment\n", "", off, NULL,
            "AWS_ACCESS_KEY_ID is not set");
    refuses("[default]\nrole_arn = " ROLE "t\nduration_seconds = 7200\nsource_profile = b\n"
            "[profile b]\nrole_arn = " ROLE "b\nsource_profile = c\n[profile c]\n" KEYS("C"),
            "", off, NULL, "above the maximum 3600");
}

/* As many roles as there may be layers, and one more. */
static void test_deep(void)
{
    char config[8192] = "[default]\nrole_arn = " ROLE "top\nsource_profile = p0\n";
    for (int i = 0; i < 20; i++) {
        size_t at = strlen(config);
        snprintf(config + at, sizeof config - at,
                 "[profile p%d]\nrole_arn = " ROLE "p%d\nsource_profile = p%d\n", i, i, i + 1);
    }
    refuses(config, "", off, NULL, "too many");
}

static void test_names(void)
{
    static const char *const both[] = {"AWS_PROFILE=a", "AWS_DEFAULT_PROFILE=b", NULL};
    static const char *const second[] = {"AWS_PROFILE=", "AWS_DEFAULT_PROFILE=b", NULL};
    const char *config = "[profile a]\n" KEYS("A") "[profile \"b\"]\n" KEYS("B") "[default]\n" KEYS(
        "D") "[profile default]\n" KEYS("PD");
    gives(config, "", both, NULL, "access_keys(AKIDA)");
    gives(config, "", second, NULL, "access_keys(AKIDB)");
    gives(config, "", both, "b", "access_keys(AKIDB)");
    gives(config, "", off, NULL, "access_keys(AKIDPD)");
    refuses(config, "", off, "c", "\"c\" is not in \"CONFIG\"");
    refuses("[default]\nx\n", "", off, NULL, "\"CONFIG\", line 2");
    refuses("", "[default\n", off, NULL, "\"CREDENTIALS\", line 1");
    refuses("", "[default]\naws_access_key_id = A\n", off, NULL, "no aws_secret_access_key");
    gives("[default]\naws_access_key_id = AKIDM\n", "[default]\nregion = x\n[default]\n" KEYS("T"),
          off, NULL, "access_keys(AKIDT)");
}

static void test_login(void)
{
    const char *config = "[default]\nlogin_session = me\n";
    login = "{\"accessToken\":{\"accessKeyId\":\"AKIDL\",\"secretAccessKey\":\"s\","
            "\"sessionToken\":\"t\",\"expiresAt\":\"2026-10-14T17:47:40Z\"}}";
    gives(config, "", off, NULL, "access_keys(AKIDL)(t)(2026-10-14T17:47:40Z)");
    login = "{\"accessToken\":{\"accessKeyId\":\"AKIDL\",\"secretAccessKey\":\"s\","
            "\"sessionToken\":\"t\",\"expiresAt\":\"2026-10-14T17:47:39Z\"}}";
    refuses(config, "", off, NULL, "has expired: run aws login --profile default");
    login = "{\"accessToken\":{}}";
    refuses(config, "", off, NULL, "cannot be read");
    login = NULL;
    refuses(config, "", off, NULL, "is not there: run aws login");
}

static void test_sso(void)
{
    const char *own = "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n";
    char config[512];
    snprintf(config, sizeof config,
             "%s[sso-session s]\nsso_start_url = https://u\nsso_region = eu-west-1\n", own);
    gives(config, "", off, NULL, "sso(https://u)(eu-west-1)(s)(1)(r)");
    gives("[default]\nsso_account_id = 1\nsso_role_name = r\nsso_start_url = https://u\n"
          "sso_region = eu-west-1\n",
          "", off, NULL, "sso(https://u)(eu-west-1)(1)(r)");
    refuses(own, "", off, NULL, "no [sso-session s]");
    snprintf(config, sizeof config, "%s[sso-session s]\nsso_start_url = https://u\n", own);
    refuses(config, "", off, NULL, "has no sso_region");
    snprintf(config, sizeof config,
             "%ssso_region = a\n[sso-session s]\nsso_start_url = https://u\nsso_region = b\n", own);
    refuses(config, "", off, NULL, "different values of sso_region");
}

#define RA "arn:aws:rolesanywhere:eu-west-2:123456789012:"
#define HELPER                                                                                     \
    "credential-process --certificate /c.pem --private-key='/k e y.pem' --profile-arn " RA         \
    "profile/p --role-arn " ROLE "r --trust-anchor-arn " RA "trust-anchor/t"

static void helper(const char *line, bool here)
{
    found f;
    char config[1024];
    snprintf(config, sizeof config, "[default]\ncredential_process = %s\n", line);
    chain(&f, config, "", off, NULL);
    CHECK_INT(f.state, BR_FOUND);
    CHECK_INT(f.way.layers[0].kind, here ? BR_LAYER_ROLES_ANYWHERE : BR_LAYER_PROCESS);
    if (here) {
        CHECK_SLICE(br_settings_text(&f.settings, BR_OPT_CERTIFICATE), "/c.pem");
        CHECK_SLICE(br_settings_text(&f.settings, BR_OPT_PRIVATE_KEY), "/k e y.pem");
        CHECK_SLICE(br_settings_text(&f.settings, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION),
                    strstr(line, "--region") != NULL ? "us-west-2" : "eu-west-2");
    }
    end(&f);
}

static void test_helper(void)
{
    found f;
    helper("aws_signing_helper " HELPER, true);
    helper("/opt/bin/aws_signing_helper " HELPER " --with-proxy --region us-west-2 "
           "--session-duration 900 --role-session-name me --intermediates /i.pem "
           "--endpoint https://localhost",
           true);
    helper("./aws_signing_helper " HELPER, false);
    helper("other_aws_signing_helper " HELPER, false);
    helper("/opt/aws_signing_helper serve", false);
    helper("aws_signing_helper " HELPER " --debug", false);
    helper("aws_signing_helper " HELPER " --session-duration 901x", false);
    helper("aws_signing_helper " HELPER " --session-duration 43200", false);
    helper("aws_signing_helper " HELPER " --region", false);
    helper("aws_signing_helper credential-process --certificate /c.pem", false);
    chain(&f, "[default]\ncredential_process = 'open\n", "", off, NULL);
    CHECK_INT(f.state, BR_BROKEN);
    end(&f);
}

/* The settings that are left open, and what keeps them closed. */

static br_settings *settings(found *f, const char *config, variables v, const char *option,
                             const char *value)
{
    begin(f, config, "", v, NULL);
    if (option != NULL)
        br_settings_set_text(&f->settings, br_slice_of(option), br_slice_of(value), &f->problems);
    f->state = br_ways_settings(&f->ways, &f->settings, &br_model_builtin, &f->problems)
                   ? BR_FOUND
                   : BR_BROKEN;
    return &f->settings;
}

static const char *endpoint(const br_settings *s, const char *service)
{
    for (size_t i = 0; i < s->endpoint_count; i++)
        if (strcmp(s->endpoints[i].service, service) == 0)
            return s->endpoints[i].url.host;
    return "";
}

static void test_settings(void)
{
    static const char *const variables_of[] = {
        "AWS_DEFAULT_REGION=eu-west-2",
        "AWS_CA_BUNDLE=/env.pem",
        "AWS_MAX_ATTEMPTS=5",
        "AWS_USE_DUALSTACK_ENDPOINT=True",
        "AWS_BEARER_TOKEN_BEDROCK=key",
        "AWS_ENDPOINT_URL_STS=https://sts.local",
        "AWS_ENDPOINT_URL_SSO_OIDC=https://oidc.local",
        NULL,
    };
    const char *config =
        "[default]\nregion = eu-west-1\nca_bundle = /file.pem\nmax_attempts = 7\n"
        "use_fips_endpoint = true\nservices = l\nendpoint_url = https://own.local\n"
        "[services l]\nbedrock_runtime =\n  endpoint_url = https://run.local\n";
    found f;
    br_settings *s = settings(&f, config, NULL, NULL, NULL);
    CHECK_SLICE(br_settings_text(s, BR_OPT_REGION), "eu-west-1");
    CHECK_SLICE(br_settings_text(s, BR_OPT_CA_FILE), "/file.pem");
    CHECK_INT(br_settings_number(s, BR_OPT_MAX_ATTEMPTS), 7);
    CHECK(br_settings_flag(s, BR_OPT_USE_FIPS) && !br_settings_flag(s, BR_OPT_USE_DUALSTACK));
    CHECK_STR(endpoint(s, "bedrock-runtime"), "run.local");
    CHECK_STR(endpoint(s, ""), "own.local");
    CHECK(!s->given[BR_OPT_ENDPOINT] && !s->given[BR_OPT_REGION]);
    end(&f);
    s = settings(&f, config, variables_of, NULL, NULL);
    CHECK_SLICE(br_settings_text(s, BR_OPT_REGION), "eu-west-2");
    CHECK_SLICE(br_settings_text(s, BR_OPT_CA_FILE), "/env.pem");
    CHECK_SLICE(br_settings_text(s, BR_OPT_API_KEY), "key");
    CHECK_INT(br_settings_number(s, BR_OPT_MAX_ATTEMPTS), 5);
    CHECK(br_settings_flag(s, BR_OPT_USE_FIPS) && br_settings_flag(s, BR_OPT_USE_DUALSTACK));
    CHECK_STR(endpoint(s, "sts"), "sts.local");
    CHECK_STR(endpoint(s, "sso-oidc"), "oidc.local");
    end(&f);
    s = settings(&f, config, variables_of, "region", "sa-east-1");
    CHECK_SLICE(br_settings_text(s, BR_OPT_REGION), "sa-east-1");
    end(&f);
    s = settings(&f, config, variables_of, "endpoint", "https://option.local");
    CHECK_INT(s->endpoint_count, 1);
    CHECK(s->given[BR_OPT_ENDPOINT]);
    end(&f);
}

static void test_settings_refused(void)
{
    static const struct {
        const char *text, *path, *words;
    } cases[] = {
        {"max_attempts = x", "max_attempts", "max_attempts of profile \"default\""},
        {"max_attempts = 0", "max_attempts", "max_attempts of profile \"default\""},
        {"max_attempts = 101", "max_attempts", "must be a number from 1 to 100"},
        {"max_attempts = 99999999999", "max_attempts", "must be a number from 1 to 100"},
        {"services = no", "profile", "no [services no]"},
        {"endpoint_url = ftp://x", "endpoint", "endpoint_url of profile \"default\""},
    };
    static const char *const spaced[] = {"AWS_BEARER_TOKEN_BEDROCK=a b", NULL};
    found f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[128];
        snprintf(config, sizeof config, "[default]\n%s\n", cases[i].text);
        settings(&f, config, NULL, NULL, NULL);
        CHECK_INT(f.state, BR_BROKEN);
        CHECK_INT(f.problems.count, 1);
        CHECK_STR(f.problems.items[0].path, cases[i].path);
        CHECK(strstr(f.problems.items[0].message, cases[i].words) != NULL);
        end(&f);
    }
    settings(&f, "", spaced, NULL, NULL);
    CHECK_INT(f.state, BR_BROKEN);
    CHECK(strstr(f.problems.items[0].message, "a b") == NULL);
    end(&f);
}

int main(void)
{
    test_order();
    test_nothing();
    test_roles();
    test_deep();
    test_names();
    test_login();
    test_sso();
    test_helper();
    test_settings();
    test_settings_refused();
    return check_done();
}
