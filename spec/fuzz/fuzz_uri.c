#include "core/aws/arn.h"
#include "core/aws/endpoint.h"
#include "core/aws/region.h"
#include "core/base/times.h"
#include "core/http/uri.h"
#include "core/http/url.h"
#include "fuzz.h"

#include <string.h>

static void fuzz_url(br_slice text)
{
    br_url url, again;
    br_error error;
    if (!br_url_parse(&url, text, &error)) {
        MUST(error.kind == BR_ERR_CONFIG && error.message[0] != '\0');
        return;
    }
    br_buf b;
    br_buf_init(&b, 4096);
    br_url_origin(&b, &url);
    br_buf_adds(&b, url.path);
    MUST(!b.failed && br_url_parse(&again, br_buf_slice(&b), &error));
    MUST(strcmp(url.host, again.host) == 0 && strcmp(url.path, again.path) == 0);
    MUST(url.port == again.port && url.https == again.https && url.ipv6 == again.ipv6);
    MUST(url.loopback == again.loopback);
    br_buf_free(&b);
}

/* A canonical query is its own canonical form; so is a normalised path that is not encoded. */
static void fuzz_canonical(br_slice text)
{
    br_buf once, twice;
    br_buf_init(&once, 1 << 24);
    br_buf_init(&twice, 1 << 24);
    br_uri_canonical_query(&once, text);
    if (!once.failed) {
        br_uri_canonical_query(&twice, br_buf_slice(&once));
        MUST(br_slice_eq(br_buf_slice(&once), br_buf_slice(&twice)));
    }
    br_buf_clear(&once);
    br_buf_clear(&twice);
    br_uri_canonical_path(&once, text, true, false);
    br_uri_canonical_path(&twice, br_buf_slice(&once), true, false);
    MUST(br_slice_eq(br_buf_slice(&once), br_buf_slice(&twice)));
    br_buf_clear(&once);
    br_uri_canonical_path(&once, text, true, true);
    MUST(once.len > 0 && once.data[0] == '/' && strstr(once.data, "//") == NULL);
    br_buf_free(&once);
    br_buf_free(&twice);
}

static void fuzz_times(br_slice text)
{
    int64_t ms, again;
    char iso[BR_ISO_DATE_SIZE];
    if (!br_time_parse_iso(text, &ms) && !br_time_parse_http(text, &ms) &&
        !br_time_parse_amz(text, &ms))
        return;
    br_time_iso(ms, iso);
    if (iso[0] != '0')
        MUST(br_time_parse_iso(br_slice_of(iso), &again) && again == ms);
}

static void fuzz_region(br_slice text)
{
    br_arn arn;
    br_url url;
    br_error error;
    if (br_arn_parse(text, &arn))
        MUST(arn.resource.n > 0 && arn.resource.p + arn.resource.n == text.p + text.n);
    MUST(br_region_partition(text) != NULL);
    bool ok = br_endpoint_resolve(&br_model_builtin, 0, text, false, true, &url, &error);
    MUST(ok == br_region_syntax_ok(text));
    if (ok) {
        MUST(strlen(url.host) < sizeof(url.host));
        br_suggest s;
        br_suggest_init(&s, text);
        br_region_suggest(&s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    br_slice text = {(const char *)data, size};
    fuzz_url(text);
    fuzz_canonical(text);
    fuzz_times(text);
    fuzz_region(text);
    return 0;
}
