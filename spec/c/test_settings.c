/* Settings: all problems are found at once, each under its option's name and of the right kind. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "core/aws/settings.h"

#define ANCHOR "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/abc"
#define PROFILE "arn:aws:rolesanywhere:us-east-1:123456789012:profile/xxx"
#define ROLE "arn:aws:iam::123456789012:role/team/Reader"

typedef struct setting {
    const char *name, *value; /* value: text; "#…" a number; "!t" "!f" a flag; NULL = end */
} setting;

static const setting good[] = {
    {"profile_arn", PROFILE},    {"role_arn", ROLE},          {"trust_anchor_arn", ANCHOR},
    {"certificate", "leaf.pem"}, {"session_name", "nightly"}, {NULL, NULL},
};

/* The same without a session name. */
static const setting nameless[] = {
    {"profile_arn", PROFILE},    {"role_arn", ROLE}, {"trust_anchor_arn", ANCHOR},
    {"certificate", "leaf.pem"}, {NULL, NULL},
};

static void put(br_settings *s, const setting *list, br_problems *p)
{
    for (; list != NULL && list->name != NULL; list++) {
        br_slice name = br_slice_of(list->name);
        double number;
        if (strcmp(list->value, "!function") == 0)
            br_settings_set_function(s, name, p);
        else if (strcmp(list->value, "!t") == 0 || strcmp(list->value, "!f") == 0)
            br_settings_set_flag(s, name, list->value[1] == 't', p);
        else if (sscanf(list->value, "#%lf", &number) == 1)
            br_settings_set_number(s, name, number, p);
        else
            br_settings_set_text(s, name, br_slice_of(list->value), p);
    }
}

static void expect(const setting *base, const setting *change, const char *kind, const char *path,
                   const char *words)
{
    br_settings s;
    br_problems p;
    bool found = false;
    br_settings_init(&s);
    br_problems_init(&p);
    put(&s, base, &p);
    put(&s, change, &p);
    br_settings_check(&s, &br_model_builtin, &p);
    for (size_t i = 0; i < p.count; i++)
        found |= strcmp(p.items[i].kind, kind) == 0 && strcmp(p.items[i].path, path) == 0 &&
                 strstr(p.items[i].message, words) != NULL;
    if (!found)
        for (size_t i = 0; i < p.count; i++)
            printf("  there is: %s %s: %s\n", p.items[i].path, p.items[i].kind, p.items[i].message);
    check_that(found, path, __FILE__, __LINE__);
    CHECK_INT(p.count, 1);
    br_problems_free(&p);
    br_settings_free(&s);
}

static void one(const char *name, const char *value, const char *kind, const char *words)
{
    setting change[] = {{name, value}, {NULL, NULL}};
    expect(good, change, kind, name, words);
}

static void fine(const setting *base, const setting *change, br_settings *s)
{
    br_problems p;
    br_settings_init(s);
    br_problems_init(&p);
    put(s, base, &p);
    put(s, change, &p);
    CHECK(br_settings_check(s, &br_model_builtin, &p));
    for (size_t i = 0; i < p.count; i++)
        printf("  unexpected: %s %s: %s\n", p.items[i].path, p.items[i].kind, p.items[i].message);
    br_problems_free(&p);
}

static void test_regions(void)
{
    static const struct {
        const char *set[8], *region, *ra_region;
    } cases[] = {
        {{NULL}, "us-east-1", "us-east-1"},
        {{"region", ""}, "us-east-1", "us-east-1"},
        {{"roles_anywhere_region", "auto"}, "us-east-1", "us-east-1"},
        {{"region", "eu-west-1", "roles_anywhere_region", "us-east-1"}, "eu-west-1", "us-east-1"},
        {{"custom_region", "xx-new-7", "roles_anywhere_region", "us-east-1"},
         "xx-new-7",
         "us-east-1"},
        {{"region", "eu-west-1", "custom_region", "us-east-1"}, "us-east-1", "us-east-1"},
        {{"region", "eu-west-1", "roles_anywhere_region", "eu-west-1",
          "roles_anywhere_custom_region", "us-east-1"},
         "eu-west-1",
         "us-east-1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        setting change[5] = {{NULL, NULL}};
        for (int k = 0; k < 8 && cases[i].set[k] != NULL; k += 2)
            change[k / 2] = (setting){cases[i].set[k], cases[i].set[k + 1]};
        br_settings s;
        fine(good, change, &s);
        CHECK_STR(s.region, cases[i].region);
        CHECK_STR(s.ra_region, cases[i].ra_region);
        br_settings_free(&s);
    }
}

static void test_bad_regions(void)
{
    static const char *const bad[] = {"EU-west-1",
                                      "-a",
                                      "a-",
                                      "a--b",
                                      "a.b",
                                      "a/b",
                                      "a b",
                                      "a_b",
                                      ("0123456789012345678901234567890123456789012345678901234567"
                                       "890123")};
    one("region", "us-east-11", "enum", "did you mean us-east-1?");
    one("region", "aws-global", "enum", "not a known region");
    one("region", "US-EAST-1", "enum", "custom_region");
    one("custom_region", "aws-global", "pattern", "pseudo-region");
    one("roles_anywhere_region", "nowhere", "enum", "roles_anywhere_custom_region");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        one("custom_region", bad[i], "pattern", "lower-case");
        one("roles_anywhere_custom_region", bad[i], "pattern", "lower-case");
    }
}

static void test_arns(void)
{
    static const setting moved[] = {
        {"trust_anchor_arn", "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/abc"},
        {"profile_arn", "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/xxx"},
        {NULL, NULL}};
    static const setting overridden[] = {{"roles_anywhere_custom_region", "us-east-9"},
                                         {NULL, NULL}};
    static const setting moved_with_endpoint[] = {
        {"trust_anchor_arn", "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/abc"},
        {"profile_arn", "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/xxx"},
        {"endpoint", "https://127.0.0.1:8443"},
        {NULL, NULL}};
    br_settings s;
    one("profile_arn", ANCHOR, "pattern", "profile/ID");
    one("profile_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:profile/", "pattern", "ARN");
    one("profile_arn", "arn:aws:rolesanywhere:us-east-1:12345678901:profile/x", "pattern", "ARN");
    one("profile_arn", "arn:aws:rolesanywhere::123456789012:profile/x", "pattern", "ARN");
    one("role_arn", "arn:aws:iam::123456789012:user/x", "pattern", "role/NAME");
    one("role_arn", "arn:aws:iam:us-east-1:123456789012:role/x", "pattern", "role/NAME");
    one("role_arn", "arn:aws:iam::123456789012:role/x\r\ny", "pattern", "role/NAME");
    one("trust_anchor_arn", "nonsense", "pattern", "got \"nonsense\"");
    one("profile_arn", "arn:aws:rolesanywhere:us-west-2:123456789012:profile/xxx", "conflict",
        "both must be in the same region");
    expect(good, moved, "conflict", "trust_anchor_arn", "roles_anywhere_region = \"eu-west-1\"");
    expect(good, overridden, "conflict", "trust_anchor_arn",
           "roles_anywhere_custom_region = \"us-east-1\"");
    fine(good, moved_with_endpoint, &s);
    br_settings_free(&s);
    one("profile_arn", "arn:awsome:rolesanywhere:us-east-1:123456789012:profile/x", "pattern",
        "ARN");
    one("role_arn", "arn:aws:iam::123456789012:role/team/", "pattern", "role/NAME");
    one("role_arn", "arn:aws-us-gov:iam::123456789012:role/x", "conflict",
        "partition aws-us-gov but trust_anchor_arn is in aws");
}

#define ALIAS_OF(kind) "arn:aws:rolesanywhere:us-east-1:123456789012:alias/" kind "/"

static void one_alias(const char *option, const char *start, const char *name, bool good_name)
{
    char arn[1024];
    snprintf(arn, sizeof(arn), "%s%s", start, name);
    setting change[] = {{option, arn}, {NULL, NULL}};
    br_settings s;
    if (!good_name) {
        one(option, arn, "pattern", "(or …:alias/");
        return;
    }
    fine(good, change, &s);
    br_settings_free(&s);
}

static void test_aliases(void)
{
    static const struct {
        const char *option, *start;
    } kinds[] = {{"profile_arn", ALIAS_OF("profile")},
                 {"trust_anchor_arn", ALIAS_OF("trust-anchor")}};
    static const char *const names[] = {"a", "NAME", "team/build_2/Prod-eu", "a-", "x_"};
    static const char *const bad[] = {"",   "/a",  "1a",  "_a",  "-a",        "a//b",
                                      "a/", "a.b", "a b", "a=b", "a\xc3\xa9", "a:b"};
    char longest[BR_ALIAS_NAME_MAX + 2];
    memset(longest, 'x', sizeof(longest));
    for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
            one_alias(kinds[k].option, kinds[k].start, names[i], true);
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
            one_alias(kinds[k].option, kinds[k].start, bad[i], false);
        longest[BR_ALIAS_NAME_MAX + 1] = '\0';
        one_alias(kinds[k].option, kinds[k].start, longest, false);
        longest[BR_ALIAS_NAME_MAX] = '\0';
        one_alias(kinds[k].option, kinds[k].start, longest, true);
        longest[BR_ALIAS_NAME_MAX] = 'x';
    }
    one_alias("profile_arn", ALIAS_OF("trust-anchor"), "a", false);
    one_alias("trust_anchor_arn", ALIAS_OF("profile"), "a", false);
    one_alias("profile_arn", ALIAS_OF("crl"), "a", false);
}

static void test_role_paths(void)
{
    static const char *const roles[] = {
        "arn:aws:iam::123456789012:role/x",
        "arn:aws:iam::123456789012:role/service-role/a.b@c=d,e+f-g_h",
        "arn:aws:iam::123456789012:role/!any:visible~/x",
    };
    br_settings s;
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
        setting change[] = {{"role_arn", roles[i]}, {NULL, NULL}};
        fine(good, change, &s);
        br_settings_free(&s);
    }
    one("role_arn", "arn:aws:iam::123456789012:role/team/a:b", "pattern", "role/NAME");
    one("role_arn", "arn:aws:iam::123456789012:role/\xc3\xa9/a", "pattern", "role/NAME");
}

/* Which option to set, where the ARNs are of another region than the one that is asked. */
static void test_foreign_arns(void)
{
    static const setting here[] = {{"endpoint", "https://127.0.0.1:8443"}, {NULL, NULL}};
    static const setting listed[] = {
        {"trust_anchor_arn", "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/abc"},
        {"profile_arn", "arn:aws:rolesanywhere:eu-west-1:123456789012:alias/profile/x"},
        {"endpoint", "https://127.0.0.1:8443"},
        {NULL, NULL}};
    static const setting unlisted[] = {
        {"trust_anchor_arn", "arn:aws:rolesanywhere:eu-north-9:123456789012:trust-anchor/abc"},
        {"profile_arn", "arn:aws:rolesanywhere:eu-north-9:123456789012:profile/xxx"},
        {NULL, NULL}};
    br_settings s;
    br_slice region;
    br_option option;
    fine(good, here, &s);
    CHECK(!br_settings_foreign_arns(&s, &region, &option));
    br_settings_free(&s);
    fine(good, listed, &s);
    CHECK(br_settings_foreign_arns(&s, &region, &option));
    CHECK(br_slice_eqs(region, "eu-west-1"));
    CHECK_INT(option, BR_OPT_ROLES_ANYWHERE_REGION);
    br_settings_free(&s);
    expect(good, unlisted, "conflict", "trust_anchor_arn",
           "set roles_anywhere_custom_region = \"eu-north-9\"");
}

static void test_ranges(void)
{
    static const char *const timeouts[] = {"connect_timeout", "read_timeout", "first_byte_timeout",
                                           "total_timeout"};
    one("duration", "#899", "min-value", "899 is below the minimum 900");
    one("duration", "#3601", "max-value", "3601 is above the maximum 3600");
    one("duration", "#900.5", "type", "must be an integer, got 900.5");
    one("duration", "3600", "type", "must be an integer, got a string");
    one("duration", "#1e300", "type", "integer");
    one("max_attempts", "#0", "min-value", "minimum 1");
    one("session_name", "x", "min-length", "minimum 2");
    one("session_name", "a b", "pattern", "letters, digits");
    one("session_name", "", "missing", "CloudTrail");
    static const setting number[] = {{"session_name", "#5"}, {NULL, NULL}};
    expect(nameless, number, "type", "session_name", "must be a string, got a number");
    one("session_name", "12345678901234567890123456789012345678901234567890123456789012345",
        "max-length", "maximum 64");
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(*timeouts); i++) {
        setting change[] = {{timeouts[i], "#-1"}, {NULL, NULL}};
        br_settings s;
        fine(good, change, &s);
        br_settings_free(&s);
        one(timeouts[i], "#0", "min-value", "-1 (none)");
        one(timeouts[i], "#-2", "min-value", "-1 (none)");
        one(timeouts[i], "#2147483648", "max-value", "2147483647");
        one(timeouts[i], "!t", "type", "must be an integer, got true");
        change[0].value = "#2147483647";
        fine(good, change, &s);
        br_settings_free(&s);
    }
}

static void test_names_and_types(void)
{
    one("sesion_name", "x", "unknown", "did you mean session_name?");
    one("conect_timeout", "#5", "unknown", "did you mean connect_timeout?");
    one("zzzz", "!t", "unknown", "unknown option");
    one("validate", "yes", "type", "must be true or false, got a string");
    one("proxy", "!t", "type", "a URL, or false");
    one("proxy", "ftp://x", "pattern", "http://proxy.example.com");
    one("cache", "!t", "type",
        "\"shared\", \"memory\", a URL such as \"redis://host:6379\", or false");
    one("cache", "redis://u:p@@h", "pattern", "percent-encode its user name and password");
    one("cache", "rediss://h:0", "pattern", "its host or port is malformed");
    one("cache", "disk", "enum", "\"memory\"");
    one("unknown", "drop", "enum", "\"pass\"");
    one("auth", "role_anywhere", "enum", "did you mean roles_anywhere?");
    one("endpoint", "http://example.com", "conflict", "allow_http");
    one("endpoint", "ftp://example.com", "pattern", "http");
    one("endpoint", "https://u:p@example.com", "pattern", "");
    static const setting twice[] = {{"pkcs12", "x.p12"}, {NULL, NULL}};
    expect(good, twice, "conflict", "certificate", "together with pkcs12");
    static const setting keys[] = {{"private_key", "x.pem"}, {"sign", "!function"}, {NULL, NULL}};
    expect(good, keys, "conflict", "private_key", "together with sign");
    one("sign", "!f", "type", "must be a function, got false");
    one("sign", "x", "type", "must be a function, got a string");
}

static void test_endpoint_variants(void)
{
    static const setting both[] = {
        {"endpoint", "https://a.example"}, {"use_fips", "!t"}, {NULL, NULL}};
    static const setting http[] = {
        {"endpoint", "http://a.example"}, {"allow_http", "!t"}, {NULL, NULL}};
    static const setting loop[] = {{"endpoint", "http://127.9.9.9:80"}, {NULL, NULL}};
    br_settings s;
    expect(good, both, "conflict", "use_fips", "endpoint");
    fine(good, http, &s);
    br_settings_free(&s);
    fine(good, loop, &s);
    CHECK_INT(s.endpoint_count, 1);
    CHECK_STR(s.endpoints[0].service, "");
    br_settings_free(&s);
}

static void test_access_keys(void)
{
    static const setting keys[] = {{"auth", "access_keys"},
                                   {"access_key_id", "AKIDEXAMPLE0000000001"},
                                   {"secret_access_key", "abc/def+ghi="},
                                   {NULL, NULL}};
    static const setting line_end[] = {{"secret_access_key", "abc/def\n"}, {NULL, NULL}};
    static const setting forged[] = {{"session_token", "a\r\nx-evil: 1"}, {NULL, NULL}};
    static const setting id[] = {{"access_key_id", "AKID/x"}, {NULL, NULL}};
    static const setting none[] = {{"secret_access_key", ""}, {NULL, NULL}};
    br_settings s;
    fine(keys, NULL, &s);
    CHECK_INT(s.auth, BR_AUTH_ACCESS_KEYS);
    br_settings_free(&s);
    expect(keys, line_end, "pattern", "secret_access_key", "ends in a line break");
    expect(keys, forged, "pattern", "session_token", "control character");
    expect(keys, id, "pattern", "access_key_id", "letters and digits");
    expect(keys, none, "missing", "secret_access_key", "secret");
}

static void test_all_at_once(void)
{
    static const setting many[] = {{"access_key_id", "AKID"}, {"region", "mars-1"},
                                   {"duration", "#1"},        {"colour", "red"},
                                   {"read_timeout", "#0"},    {NULL, NULL}};
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    put(&s, many, &p);
    CHECK(!br_settings_check(&s, &br_model_builtin, &p));
    CHECK_INT(p.count, 9); /* those four, and the five that Roles Anywhere needs */
    bool hinted = false;
    for (size_t i = 0; i < p.count; i++)
        hinted |= strstr(p.items[i].message, "set auth = \"access_keys\"") != NULL;
    CHECK(hinted);
    br_problems_free(&p);
    br_settings_free(&s);
}

/* A secret that is refused is not repeated in the message. */
static void test_no_secret_shown(void)
{
    static const setting leak[] = {{"auth", "access_keys"},
                                   {"access_key_id", "AKID"},
                                   {"secret_access_key", "TOPSECRET with space"},
                                   {"proxy", "nope://user:TOPSECRET@x"},
                                   {NULL, NULL}};
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    put(&s, leak, &p);
    br_settings_check(&s, &br_model_builtin, &p);
    CHECK_INT(p.count, 2);
    for (size_t i = 0; i < p.count; i++)
        CHECK(strstr(p.items[i].message, "TOPSECRET") == NULL);
    br_problems_free(&p);
    br_settings_free(&s);
}

static void test_endpoint_table(void)
{
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    CHECK(br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("runtime"),
                                   BR_SLICE("https://127.0.0.1:1"), &p));
    CHECK(br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("rolesanywhere"),
                                   BR_SLICE("https://127.0.0.1:2/x"), &p));
    CHECK(!br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("bedrok"),
                                    BR_SLICE("https://127.0.0.1:2"), &p));
    CHECK_INT(p.count, 1);
    CHECK_STR(p.items[0].path, "endpoint");
    CHECK_STR(p.items[0].message, "for \"bedrok\": unknown service (did you mean bedrock?)");
    CHECK(!br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("bedrock-runtime"),
                                    BR_SLICE("https://other.example"), &p));
    CHECK_STR(p.items[0].kind, "conflict");
    CHECK_STR(p.items[0].path, "endpoint");
    CHECK(strstr(p.items[0].message, "for \"bedrock-runtime\": given twice") == p.items[0].message);
    CHECK(
        !br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("agent"), BR_SLICE("agent"), &p));
    CHECK_INT(p.count, 3);
    CHECK_STR(p.items[0].path, "endpoint");
    CHECK(strstr(p.items[0].message, "for \"agent\": ") == p.items[0].message);
    CHECK_INT(s.endpoint_count, 2);
    CHECK_STR(s.endpoints[1].url.path, "/x");
    br_problems_free(&p);
    br_settings_free(&s);
}

int main(void)
{
    br_settings s;
    fine(good, NULL, &s);
    CHECK_INT(s.auth, BR_AUTH_ROLES_ANYWHERE);
    CHECK_INT(br_settings_number(&s, BR_OPT_DURATION), 3600);
    br_settings_free(&s);
    br_settings_free(&s);
    test_regions();
    test_bad_regions();
    test_arns();
    test_aliases();
    test_role_paths();
    test_foreign_arns();
    test_ranges();
    test_names_and_types();
    test_endpoint_variants();
    test_access_keys();
    test_all_at_once();
    test_no_secret_shown();
    test_endpoint_table();
    return check_done();
}
