/*
** Signature Version 4 against values made by others: the cases of AWS's public signing test suite
** (its credentials, date and scope), and Bedrock requests signed by botocore.
*/
#include "check.h"
#include "core/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define STAMP "20150830T123600Z"
#define VANILLA "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define STS_TOKEN                                                                                  \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfp"   \
    "SPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQ"   \
    "DYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+s"   \
    "cqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
#define RUNTIME "bedrock-runtime.us-east-1.amazonaws.com"

typedef struct header {
    const char *name, *value;
} header;

typedef struct sample {
    const char *title, *method, *path, *query;
    header extra[4];
    const char *body, *signature;
    bool keep_path; /* sign the path as it is */
} sample;

static const sample suite[] = {
    {"vanilla", "GET", "/", "", {{0}}, "", VANILLA, false},
    {"duplicate header",
     "GET",
     "/",
     "",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
     false},
    {"several lines as several headers",
     "GET",
     "/",
     "",
     {{"My-Header1", "value1"}, {"My-Header1", "  value2"}, {"My-Header1", "     value3"}},
     "",
     "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
     false},
    {"several lines, unfolded",
     "GET",
     "/",
     "",
     {{"My-Header1", "value1  value2     value3"}},
     "",
     "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
     false},
    {"header order",
     "GET",
     "/",
     "",
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     "",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
     false},
    {"header trim",
     "GET",
     "/",
     "",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
     false},
    {"relative", "GET", "/example/..", "", {{0}}, "", VANILLA, false},
    {"relative twice", "GET", "/example1/example2/../..", "", {{0}}, "", VANILLA, false},
    {"slash dot slash", "GET", "/./", "", {{0}}, "", VANILLA, false},
    {"two slashes", "GET", "//", "", {{0}}, "", VANILLA, false},
    {"pointless dot",
     "GET",
     "/./example",
     "",
     {{0}},
     "",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
     false},
    {"slashes",
     "GET",
     "//example//",
     "",
     {{0}},
     "",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
     false},
    {"space",
     "GET",
     "/example space/",
     "",
     {{0}},
     "",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
     false},
    {"relative kept",
     "GET",
     "/example/..",
     "",
     {{0}},
     "",
     "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282",
     true},
    {"relative twice kept",
     "GET",
     "/example1/example2/../..",
     "",
     {{0}},
     "",
     "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b",
     true},
    {"slash dot slash kept",
     "GET",
     "/./",
     "",
     {{0}},
     "",
     "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145",
     true},
    {"two slashes kept",
     "GET",
     "//",
     "",
     {{0}},
     "",
     "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e",
     true},
    {"pointless dot kept",
     "GET",
     "/./example",
     "",
     {{0}},
     "",
     "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff",
     true},
    {"slashes kept",
     "GET",
     "//example//",
     "",
     {{0}},
     "",
     "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
     true},
    {"space kept",
     "GET",
     "/example space/",
     "",
     {{0}},
     "",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
     true},
    {"unreserved",
     "GET",
     "/" UNRESERVED,
     "",
     {{0}},
     "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
     false},
    {"UTF-8",
     "GET",
     "/\xe1\x88\xb4",
     "",
     {{0}},
     "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
     false},
    {"query",
     "GET",
     "/",
     "Param1=value1",
     {{0}},
     "",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
     false},
    {"query order by name",
     "GET",
     "/",
     "Param2=value2&Param1=value1",
     {{0}},
     "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
     false},
    {"query order by case",
     "GET",
     "/",
     "Param1=value2&Param1=Value1",
     {{0}},
     "",
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
     false},
    {"query order by value",
     "GET",
     "/",
     "Param1=value2&Param1=value1",
     {{0}},
     "",
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
     false},
    {"query order encoded",
     "GET",
     "/",
     "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {{0}},
     "",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
     false},
    {"query unreserved",
     "GET",
     "/",
     UNRESERVED "=" UNRESERVED,
     {{0}},
     "",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
     false},
    {"query UTF-8",
     "GET",
     "/",
     "\xe1\x88\xb4=bar",
     {{0}},
     "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
     false},
    {"session token",
     "GET",
     "/",
     "",
     {{"X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
     "",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
     false},
    {"post",
     "POST",
     "/",
     "",
     {{0}},
     "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
     false},
    {"post header sort",
     "POST",
     "/",
     "",
     {{"My-Header1", "value1"}},
     "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
     false},
    {"post header value case",
     "POST",
     "/",
     "",
     {{"My-Header1", "VALUE1"}},
     "",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
     false},
    {"post with token",
     "POST",
     "/",
     "",
     {{"X-Amz-Security-Token", STS_TOKEN}},
     "",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
     false},
    {"post query",
     "POST",
     "/",
     "Param1=value1",
     {{0}},
     "",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
     false},
    {"post form",
     "POST",
     "/",
     "",
     {{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Length", "13"}},
     "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
     false},
    {"post form with parameters",
     "POST",
     "/",
     "",
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
     "Param1=value1",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
     false},
};

/* Host in extra[0]; the service is bedrock. Signatures and canonical paths are botocore's. */
typedef struct bedrock_sample {
    const char *method, *path, *query;
    header extra[3];
    const char *body, *signature, *canonical_start;
} bedrock_sample;

static const bedrock_sample bedrock[] = {
    {"POST",
     "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
     "",
     {{"host", RUNTIME},
      {"content-type", "application/json"},
      {"x-amz-security-token", "TOKEN//+="}},
     "{\"messages\":[]}",
     "d15b3f0fc80a12a93150925e403b85812666176008e525bb66dd842e5645ce44",
     "POST\n/model/anthropic.claude-3-haiku-20240307-v1%253A0/converse\n\ncontent-type:"},
    {"POST",
     "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fx/invoke",
     "",
     {{"host", RUNTIME}, {"content-type", "application/json"}},
     "{}",
     "0fac990e0d580793dbb4ae06dfb085a51f29d8375ad0f67262b9967e4d29489e",
     "POST\n/model/arn%253Aaws%253Abedrock%253Aus-east-1%253A123456789012%253A"
     "inference-profile%252Fx/invoke\n\n"},
    {"GET",
     "/a%20b/%2A~%2B%25%3D%C3%BC",
     "",
     {{"host", RUNTIME}},
     "",
     "cc9e791f49982004454ef1f7309e48b58128a0c02df338c5581267bc86d18258",
     "GET\n/a%2520b/%252A~%252B%2525%253D%25C3%25BC\n\n"},
    {"GET",
     "/foundation-models",
     "nextToken=a%2Bb%2Fc%3D%3D&empty=&x=%20y&x=1&X=2",
     {{"host", RUNTIME}},
     "",
     "b165389b0359ff9e1fc7be897ce4a490eb5c8f27a0b66e3b219c84d9de539ffd",
     "GET\n/foundation-models\nX=2&empty=&nextToken=a%2Bb%2Fc%3D%3D&x=%20y&x=1\n"},
    {"GET",
     "/vpc/model/a%3Ab",
     "",
     {{"host", "localhost:8443"}},
     "",
     "3d551df7c05af0cb7f87d5bf0d44528ecec5753471896af674ebbbaeb41a4ff8",
     "GET\n/vpc/model/a%253Ab\n\nhost:localhost:8443\n"},
};

static br_crypto *crypto;
static br_signer *signer;

static br_slice guarded(const char *text)
{
    return (br_slice){guard_copy(text, strlen(text)), strlen(text)};
}

static void unguard(br_slice s)
{
    char *p;
    memcpy(&p, &s.p, sizeof p);
    guard_free(p, s.n);
}

static void add_headers(br_headers *list, const header *headers, size_t count)
{
    for (size_t i = 0; i < count && headers[i].name != NULL; i++)
        CHECK(br_headers_add(list, br_slice_of(headers[i].name), br_slice_of(headers[i].value)));
}

static bool sign(const br_sign_input *in, const char *service, br_buf *out, br_buf *canonical)
{
    br_sign_trace trace = {canonical, NULL};
    return br_sigv4_sign(signer, in, BR_SLICE(KEY_ID), BR_SLICE(SECRET), BR_SLICE("us-east-1"),
                         br_slice_of(service), out, &trace);
}

static const char *signature_in(const br_buf *authorization)
{
    const char *at = authorization->data ? strstr(authorization->data, "Signature=") : NULL;
    return at != NULL ? at + strlen("Signature=") : "none";
}

static void check_one(const char *title, br_sign_input *in, const char *service,
                      const char *signature, const char *canonical_start)
{
    br_slice method = in->method, path = in->path, query = in->query, body = in->body;
    in->method = guarded(method.p);
    in->path = guarded(path.p);
    in->query = guarded(query.p);
    in->body = guarded(body.p);
    br_buf out, canonical;
    br_buf_init(&out, 4096);
    br_buf_init(&canonical, 65536);
    CHECK(sign(in, service, &out, &canonical));
    if (strcmp(signature_in(&out), signature) != 0)
        printf("in \"%s\": %.*s\n", title, (int)canonical.len, canonical.data);
    CHECK_STR(signature_in(&out), signature);
    if (canonical_start != NULL)
        CHECK(br_slice_starts(br_buf_slice(&canonical), canonical_start));
    br_buf_free(&out);
    br_buf_free(&canonical);
    unguard(in->method);
    unguard(in->path);
    unguard(in->query);
    unguard(in->body);
}

static br_sign_input input(const char *method, const char *path, const char *query,
                           const br_headers *headers, const char *body)
{
    br_sign_input in = {.method = br_slice_of(method),
                        .path = br_slice_of(path),
                        .query = br_slice_of(query),
                        .headers = headers,
                        .body = br_slice_of(body),
                        .normalise_path = true,
                        .encode_path = true};
    return in;
}

static void test_suite(void)
{
    for (size_t i = 0; i < sizeof suite / sizeof suite[0]; i++) {
        const sample *s = &suite[i];
        br_headers headers;
        br_headers_init(&headers);
        add_headers(&headers, s->extra, 4);
        br_headers_add(&headers, BR_SLICE("X-Amz-Date"), BR_SLICE(STAMP));
        br_headers_add(&headers, BR_SLICE("Host"), BR_SLICE("example.amazonaws.com"));
        br_sign_input in = input(s->method, s->path, s->query, &headers, s->body);
        in.normalise_path = !s->keep_path;
        check_one(s->title, &in, "service", s->signature, NULL);
        br_headers_free(&headers);
    }
}

static void test_bedrock(void)
{
    for (size_t i = 0; i < sizeof bedrock / sizeof bedrock[0]; i++) {
        const bedrock_sample *s = &bedrock[i];
        br_headers headers;
        br_headers_init(&headers);
        add_headers(&headers, s->extra, 3);
        br_headers_add(&headers, BR_SLICE("x-amz-date"), BR_SLICE(STAMP));
        br_sign_input in = input(s->method, s->path, s->query, &headers, s->body);
        check_one(s->path, &in, "bedrock", s->signature, s->canonical_start);
        br_headers_free(&headers);
    }
}

static void vanilla_headers(br_headers *h)
{
    br_headers_init(h);
    br_headers_add(h, BR_SLICE("host"), BR_SLICE("example.amazonaws.com"));
    br_headers_add(h, BR_SLICE("x-amz-date"), BR_SLICE(STAMP));
}

static void test_whole_value_and_trace(void)
{
    br_headers headers;
    vanilla_headers(&headers);
    br_sign_input in = input("GET", "/", "", &headers, "");
    br_buf out, canonical, to_sign;
    br_buf_init(&out, 4096);
    br_buf_init(&canonical, 4096);
    br_buf_init(&to_sign, 4096);
    br_buf_adds(&out, "before ");
    br_sign_trace trace = {&canonical, &to_sign};
    CHECK(br_sigv4_sign(signer, &in, BR_SLICE(KEY_ID), BR_SLICE(SECRET), BR_SLICE("us-east-1"),
                        BR_SLICE("service"), &out, &trace));
    CHECK_SLICE(br_buf_slice(&out),
                "before AWS4-HMAC-SHA256 "
                "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                "SignedHeaders=host;x-amz-date, Signature=" VANILLA);
    CHECK_SLICE(br_buf_slice(&canonical),
                "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
                "host;x-amz-date\n"
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_SLICE(br_buf_slice(&to_sign),
                "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
                "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
    br_buf_free(&out);
    br_buf_free(&canonical);
    br_buf_free(&to_sign);
    br_headers_free(&headers);
}

static void test_unsigned_headers(void)
{
    static const header changing[] = {
        {"Connection", "close"},
        {"User-Agent", "x"},
        {"Expect", "100-continue"},
        {"TE", "trailers"},
        {"Trailer", "x"},
        {"Transfer-Encoding", "chunked"},
        {"Upgrade", "h2c"},
        {"Proxy-Authorization", "x"},
        {"Proxy-Connection", "x"},
        {"Content-Length", "0"},
        {"X-Amzn-Trace-Id", "Root=1"},
        {"Accept-Encoding", "gzip"},
        {"Authorization", "Basic"},
    };
    br_headers headers;
    vanilla_headers(&headers);
    add_headers(&headers, changing, sizeof changing / sizeof changing[0]);
    br_sign_input in = input("GET", "/", "", &headers, "");
    check_one("headers that proxies change", &in, "service", VANILLA, NULL);
    br_headers_free(&headers);
}

static void test_payload_hash_and_blanks(void)
{
    br_headers headers;
    vanilla_headers(&headers);
    br_headers_add(&headers, BR_SLICE("b"), BR_SLICE("one\t \ttwo  three \t"));
    br_headers_add(&headers, BR_SLICE("a"), BR_SLICE(""));
    br_headers_add(&headers, BR_SLICE("a-b"), BR_SLICE("1"));
    br_sign_input in = input("PUT", "", "", &headers, "ignored");
    in.payload_hash = BR_SLICE("STREAMING-AWS4-HMAC-SHA256-EVENTS");
    br_buf out, names;
    br_buf_init(&out, 4096);
    br_buf_init(&names, 4096);
    CHECK(br_canonical_request(crypto, &in, &out, &names));
    CHECK_SLICE(br_buf_slice(&out),
                "PUT\n/\n\na:\na-b:1\nb:one two three\nhost:example.amazonaws.com\n"
                "x-amz-date:20150830T123600Z\n\na;a-b;b;host;x-amz-date\n"
                "STREAMING-AWS4-HMAC-SHA256-EVENTS");
    CHECK_SLICE(br_buf_slice(&names), "a;a-b;b;host;x-amz-date");
    br_buf_free(&out);
    br_buf_free(&names);
    br_headers_free(&headers);
}

static bool signs_with(const header *headers, size_t count, br_slice id, br_slice secret,
                       br_slice region, br_slice service, size_t max)
{
    br_headers list;
    br_headers_init(&list);
    add_headers(&list, headers, count);
    br_sign_input in = input("GET", "/", "", &list, "");
    br_buf out;
    br_buf_init(&out, max);
    bool ok = br_sigv4_sign(signer, &in, id, secret, region, service, &out, NULL);
    br_buf_free(&out);
    br_headers_free(&list);
    return ok;
}

static void test_refusals(void)
{
    static const header good[] = {{"host", "h"}, {"x-amz-date", STAMP}};
    static const header no_host[] = {{"x-amz-date", STAMP}};
    static const header no_date[] = {{"host", "h"}};
    br_slice id = BR_SLICE(KEY_ID), secret = BR_SLICE(SECRET), r = BR_SLICE("us-east-1"),
             s = BR_SLICE("bedrock"), empty = BR_SLICE("");
    char big[513];
    memset(big, 'x', sizeof big);
    CHECK(signs_with(good, 2, id, secret, r, s, 4096));
    CHECK(!signs_with(no_host, 1, id, secret, r, s, 4096));
    CHECK(!signs_with(no_date, 1, id, secret, r, s, 4096));
    CHECK(!signs_with(good, 2, empty, secret, r, s, 4096));
    CHECK(!signs_with(good, 2, id, empty, r, s, 4096));
    CHECK(!signs_with(good, 2, id, secret, empty, s, 4096));
    CHECK(!signs_with(good, 2, id, secret, r, empty, 4096));
    CHECK(!signs_with(good, 2, id, secret, (br_slice){big, 65}, s, 4096));
    CHECK(!signs_with(good, 2, id, secret, r, (br_slice){big, 65}, 4096));
    CHECK(!signs_with(good, 2, id, (br_slice){big, 513}, r, s, 4096));
    CHECK(signs_with(good, 2, id, (br_slice){big, 512}, (br_slice){big, 64}, (br_slice){big, 64},
                     4096));
    CHECK(!signs_with(good, 2, id, secret, r, s, 100));
    static const char *const bad_dates[] = {"20150830",         "20150830T123600",
                                            "20150830T123600+", "2015083aT123600Z",
                                            "20150830 123600Z", "20150830T123600ZZ"};
    for (size_t i = 0; i < sizeof bad_dates / sizeof bad_dates[0]; i++) {
        header with[] = {{"host", "h"}, {"x-amz-date", bad_dates[i]}};
        CHECK(!signs_with(with, 2, id, secret, r, s, 4096));
    }
}

static void sign_with_secret(const char *secret, const char *region, char out[BR_SHA256_HEX + 1])
{
    br_headers headers;
    vanilla_headers(&headers);
    br_sign_input in = input("GET", "/", "", &headers, "");
    br_buf value;
    br_buf_init(&value, 4096);
    CHECK(br_sigv4_sign(signer, &in, BR_SLICE(KEY_ID), br_slice_of(secret), br_slice_of(region),
                        BR_SLICE("service"), &value, NULL));
    snprintf(out, BR_SHA256_HEX + 1, "%s", signature_in(&value));
    br_buf_free(&value);
    br_headers_free(&headers);
}

/* More origins than places: evicted keys are derived again, and none is taken for another. */
static void test_kept_keys(void)
{
    enum { ORIGINS = BR_SIGNING_KEYS_MAX * 2 + 3 };
    static char first[ORIGINS][BR_SHA256_HEX + 1];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < ORIGINS; i++) {
            char secret[32], region[32], now[BR_SHA256_HEX + 1];
            snprintf(secret, sizeof secret, "secret-%d", i / 2);
            snprintf(region, sizeof region, "region-%d", i % 2);
            sign_with_secret(secret, region, now);
            if (round == 0)
                memcpy(first[i], now, sizeof now);
            CHECK_STR(now, first[i]);
        }
    for (int i = 1; i < ORIGINS; i++)
        CHECK(strcmp(first[i], first[i - 1]) != 0);
    char now[BR_SHA256_HEX + 1];
    sign_with_secret(SECRET, "us-east-1", now);
    CHECK_STR(now, VANILLA);
}

int main(void)
{
    crypto = br_crypto_new();
    signer = br_signer_new(crypto);
    test_suite();
    test_bedrock();
    test_whole_value_and_trace();
    test_unsigned_headers();
    test_payload_hash_and_blanks();
    test_refusals();
    test_kept_keys();
    br_signer_free(signer);
    br_signer_free(NULL);
    br_crypto_free(crypto);
    return check_done();
}
