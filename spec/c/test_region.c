#include "core/aws/region.h"

#include "check.h"
#include "core/aws/arn.h"
#include "core/aws/endpoint.h"
#include "core/http/url.h"

#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

static void test_syntax(void)
{
    static const char *const good[] = {
        "a",         "0",
        "us-east-1", "eu-isoe-west-1",
        "x1-2-3",    "a23456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {
        "",           "-",
        "-a",         "a-",
        "a--b",       "US-EAST-1",
        "us_east_1",  "us.east",
        "us east",    "us-east-1 ",
        "us-east-1/", "us-east-1\n",
        "\xC3\xA9",   "a@b",
        "a:b",        "a234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < LENGTH(good); i++)
        check_that(br_region_syntax_ok(br_slice_of(good[i])), good[i], __FILE__, __LINE__);
    for (size_t i = 0; i < LENGTH(bad); i++)
        check_that(!br_region_syntax_ok(br_slice_of(bad[i])), bad[i], __FILE__, __LINE__);
    CHECK(!br_region_syntax_ok((br_slice){"us\0x", 4}) &&
          !br_region_syntax_ok((br_slice){NULL, 0}));
}

static void test_known(void)
{
    static const char *const known[] = {"us-east-1",  "af-south-1",    "us-west-2",
                                        "cn-north-1", "us-gov-west-1", "eusc-de-east-1",
                                        "me-west-1"};
    static const char *const unknown[] = {"",         "us-east-9",  "aws-global", "aws-cn-global",
                                          "us-east-", "us-east-11", "US-EAST-1",  "zz-1",
                                          "a"};
    for (size_t i = 0; i < LENGTH(known); i++)
        check_that(br_region_known(br_slice_of(known[i])), known[i], __FILE__, __LINE__);
    for (size_t i = 0; i < LENGTH(unknown); i++)
        check_that(!br_region_known(br_slice_of(unknown[i])), unknown[i], __FILE__, __LINE__);
    for (uint32_t i = 0; i < br_model_builtin.region_count; i++)
        CHECK(br_region_known(br_slice_of(br_model_builtin.regions[i].name)));
    CHECK(!br_region_known((br_slice){NULL, 0}));
}

static void test_partition(void)
{
    static const struct {
        const char *region, *partition;
    } cases[] = {
        {"us-east-1", "aws"},
        {"us-east-9", "aws"},
        {"mx-new-12", "aws"},
        {"cn-north-1", "aws-cn"},
        {"cn-south-3", "aws-cn"},
        {"us-gov-west-1", "aws-us-gov"},
        {"us-gov-north-7", "aws-us-gov"},
        {"eusc-de-east-1", "aws-eusc"},
        {"eusc-de-west-2", "aws-eusc"},
        {"eusc-fr-west-2", "aws"},
        {"us-iso-east-1", "aws-iso"},
        {"us-iso-mid-4", "aws-iso"},
        {"us-isob-mid-4", "aws-iso-b"},
        {"us-isof-mid-4", "aws-iso-f"},
        {"eu-isoe-mid-4", "aws-iso-e"},
        {"us-isox-mid-4", "aws"},
        {"us-gov-west-x", "aws"},
        {"us-gov-west-", "aws"},
        {"us-gov--1", "aws"},
        {"moon-base-1", "aws"},
        {"", "aws"},
        {"cn", "aws"},
        {"cn-", "aws"},
        {"cn-north", "aws"},
        {"cn-north-1-2", "aws"},
        {"CN-NORTH-1", "aws"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        CHECK_STR(br_region_partition(br_slice_of(cases[i].region))->id, cases[i].partition);
}

static void test_suggest(void)
{
    br_suggest s;
    br_suggest_init(&s, BR_SLICE("us-eats-1"));
    br_region_suggest(&s);
    CHECK_SLICE(s.best, "us-east-1");
    br_suggest_init(&s, BR_SLICE("nowhere"));
    br_region_suggest(&s);
    CHECK(s.best.p == NULL);
}

static void check_host(const br_model *m, const char *service, const char *region, bool fips,
                       bool dualstack, const char *want)
{
    br_url url;
    br_error e;
    br_error_clear(&e);
    int index = br_model_service(m, br_slice_of(service));
    bool ok = index >= 0 && br_endpoint_resolve(m, (unsigned)index, br_slice_of(region), fips,
                                                dualstack, &url, &e);
    CHECK(ok == (want != NULL));
    if (ok && want != NULL) {
        CHECK_STR(url.host, want);
        CHECK(url.https && url.port == 443 && !url.loopback && !url.ipv6 && url.path[0] == '\0');
    } else {
        CHECK(e.kind == BR_ERR_CONFIG && strcmp(e.code, "ConfigError") == 0);
    }
}

static void test_endpoints(void)
{
    const br_model *m = &br_model_builtin;
    check_host(m, "bedrock-runtime", "us-east-1", false, false,
               "bedrock-runtime.us-east-1.amazonaws.com");
    check_host(m, "bedrock-runtime", "us-east-1", true, false,
               "bedrock-runtime-fips.us-east-1.amazonaws.com");
    check_host(m, "bedrock-runtime", "us-east-1", false, true, "bedrock-runtime.us-east-1.api.aws");
    check_host(m, "bedrock", "ca-central-1", true, true, "bedrock-fips.ca-central-1.api.aws");
    check_host(m, "bedrock-agentcore", "cn-north-1", false, false,
               "bedrock-agentcore.cn-north-1.amazonaws.com.cn");
    check_host(m, "bedrock-agent", "cn-north-1", false, true,
               "bedrock-agent.cn-north-1.api.amazonwebservices.com.cn");
    check_host(m, "rolesanywhere", "eusc-de-east-1", false, false,
               "rolesanywhere.eusc-de-east-1.amazonaws.eu");
    check_host(m, "rolesanywhere", "us-gov-west-1", true, false,
               "rolesanywhere-fips.us-gov-west-1.amazonaws.com");
    check_host(m, "bedrock", "us-iso-east-1", false, false, "bedrock.us-iso-east-1.c2s.ic.gov");
    check_host(m, "bedrock", "moon-base-1", false, false, "bedrock.moon-base-1.amazonaws.com");
    check_host(m, "sts", "us-east-1", false, false, "sts.us-east-1.amazonaws.com");
    check_host(m, "sts", "us-east-1", true, false, "sts-fips.us-east-1.amazonaws.com");
    check_host(m, "sts", "us-gov-west-1", false, false, "sts.us-gov-west-1.amazonaws.com");
    check_host(m, "sts", "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com");
    check_host(m, "sts", "us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws");
    check_host(m, "bedrock", "", false, false, NULL);
    check_host(m, "bedrock", "evil.example/", false, false, NULL);
    check_host(m, "bedrock", "US-EAST-1", false, false, NULL);
    check_host(m, "agent-registry", "us-east-1", false, false, "agent-registry.us-east-1.api.aws");
    check_host(m, "agent-registry-control", "eu-west-1", false, true,
               "agent-registry-control.eu-west-1.api.aws");
    check_host(m, "agent-registry", "us-east-1", true, false, NULL);
}

/* https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints-region-availability.html */
static void test_mantle(void)
{
    const br_model *m = &br_model_routes;
    int service = br_model_service(m, BR_SLICE("mantle"));
    CHECK_SLICE(br_model_name(m, m->services[service].id), "bedrock-mantle");
    CHECK_SLICE(br_model_name(m, m->services[service].signing), "bedrock-mantle");
    for (int dualstack = 0; dualstack < 2; dualstack++) {
        check_host(m, "bedrock-mantle", "us-east-1", false, dualstack,
                   "bedrock-mantle.us-east-1.api.aws");
        check_host(m, "bedrock-mantle", "eu-north-9", false, dualstack,
                   "bedrock-mantle.eu-north-9.api.aws");
        check_host(m, "bedrock-mantle", "us-gov-west-1", false, dualstack,
                   "bedrock-mantle.us-gov-west-1.api.aws");
        check_host(m, "bedrock-mantle", "cn-north-1", false, dualstack, NULL);
        check_host(m, "bedrock-mantle", "eusc-de-east-1", false, dualstack, NULL);
        check_host(m, "bedrock-mantle", "us-iso-east-1", false, dualstack, NULL);
        check_host(m, "bedrock-mantle", "us-east-1", true, dualstack, NULL);
    }
}

/* All partitions have both kinds today, so one without them is made up. */
static void test_missing_variants(void)
{
    br_partition bare = {.id = "aws", .dns_suffix = "example.com", .region_prefixes = "us"};
    br_model m = br_model_builtin;
    m.partitions = &bare;
    m.partition_count = 1;
    m.region_count = 0;
    check_host(&m, "bedrock", "us-east-1", false, false, "bedrock.us-east-1.example.com");
    check_host(&m, "bedrock", "us-east-1", true, false, NULL);
    check_host(&m, "bedrock", "us-east-1", false, true, NULL);
    check_host(&m, "bedrock", "us-east-1", true, true, NULL);
    bare.fips = true;
    check_host(&m, "bedrock", "us-east-1", true, false, "bedrock-fips.us-east-1.example.com");
    check_host(&m, "bedrock", "us-east-1", true, true, NULL);
}

static void test_arn(void)
{
    br_arn arn;
    CHECK(br_arn_parse(BR_SLICE("arn:aws:iam::123456789012:role/path/name"), &arn));
    CHECK_SLICE(arn.partition, "aws");
    CHECK_SLICE(arn.service, "iam");
    CHECK_SLICE(arn.region, "");
    CHECK_SLICE(arn.account, "123456789012");
    CHECK_SLICE(arn.resource, "role/path/name");
    CHECK(br_arn_parse(BR_SLICE("arn:aws-cn:bedrock:cn-north-1::foundation-model/x:0:1"), &arn));
    CHECK_SLICE(arn.region, "cn-north-1");
    CHECK_SLICE(arn.account, "");
    CHECK_SLICE(arn.resource, "foundation-model/x:0:1");
    static const char *const bad[] = {"",
                                      "arn",
                                      "arn:",
                                      "arn:aws:s:r:a",
                                      "arn:aws:s:r:a:",
                                      "arn::s:r:a:x",
                                      "arn:aws::r:a:x",
                                      "ARN:aws:s:r:a:x",
                                      "xarn:aws:s:r:a:x",
                                      " arn:aws:s:r:a:x",
                                      "arn:aws:s:r:a:x y",
                                      "arn:aws:s:r:a:x\n",
                                      "us-east-1"};
    for (size_t i = 0; i < LENGTH(bad); i++)
        check_that(!br_arn_parse(br_slice_of(bad[i]), &arn), bad[i], __FILE__, __LINE__);
    char text[BR_ARN_MAX + 2];
    memset(text, 'x', sizeof(text));
    memcpy(text, "arn:aws:s:r:a:", 14);
    CHECK(br_arn_parse((br_slice){text, BR_ARN_MAX}, &arn));
    CHECK(!br_arn_parse((br_slice){text, BR_ARN_MAX + 1}, &arn));
    CHECK(!br_arn_parse((br_slice){NULL, 0}, &arn));
}

int main(void)
{
    test_syntax();
    test_known();
    test_partition();
    test_suggest();
    test_endpoints();
    test_mantle();
    test_missing_variants();
    test_arn();
    return check_done();
}
