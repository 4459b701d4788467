/*
** Signature Version 4 against values made by others: the cases of AWS's public signing test suite
** (its credentials, date and scope), and Bedrock requests signed by botocore.
*/
#include "check.h"
#include "core/aws/sigv4.h"
#include "sigv4_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static br_digest *crypto;
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
        {"Keep-Alive", "timeout=5"},
        {"Proxy-Authenticate", "x"},
        {"traceparent", "00-1"},
        {"tracestate", "a=1"},
        {"baggage", "a=1"},
        {"Via", "1.1 p"},
        {"Forwarded", "for=x"},
        {"X-Forwarded-For", "10.0.0.1"},
        {"X-Forwarded-Proto", "https"},
        {"Authorization", "Basic"},
    };
    br_headers headers;
    vanilla_headers(&headers);
    add_headers(&headers, changing, sizeof changing / sizeof changing[0]);
    br_sign_input in = input("GET", "/", "", &headers, "");
    check_one("headers that proxies change", &in, "service", VANILLA, NULL);
    br_headers_free(&headers);
}

/* As long as those above, or beginning alike. */
static void test_signed_headers(void)
{
    static const header kept[] = {
        {"accept", "1"},      {"baggages", "1"},    {"connections", "1"},     {"content-md5", "1"},
        {"forward", "1"},     {"keep-alives", "1"}, {"proxyid", "1"},         {"tf", "1"},
        {"user-agents", "1"}, {"vi", "1"},          {"x-amz-trace-idx", "1"}, {"x-forwarded", "1"},
    };
    br_headers headers;
    vanilla_headers(&headers);
    add_headers(&headers, kept, sizeof kept / sizeof kept[0]);
    br_sign_input in = input("GET", "/", "", &headers, "");
    br_buf out, names;
    br_buf_init(&out, 4096);
    br_buf_init(&names, 4096);
    CHECK(br_canonical_request(crypto, &in, &out, &names));
    CHECK_SLICE(br_buf_slice(&names),
                "accept;baggages;connections;content-md5;forward;host;keep-alives;proxyid;tf;"
                "user-agents;vi;x-amz-date;x-amz-trace-idx;x-forwarded");
    br_buf_free(&out);
    br_buf_free(&names);
    br_headers_free(&headers);
}

static void test_s3_names(void)
{
    static const char *const others[] = {"", "s", "s33", "s3tables", "s3vectors", "S3", "bedrock"};
    CHECK(br_sigv4_is_s3(BR_SLICE("s3")));
    CHECK(br_sigv4_is_s3(BR_SLICE("s3express")));
    CHECK(br_sigv4_is_s3(BR_SLICE("s3-object-lambda")));
    CHECK(br_sigv4_is_s3(BR_SLICE("s3-outposts")));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!br_sigv4_is_s3(br_slice_of(others[i])));
}

static void test_payload_hash_and_blanks(void)
{
    br_headers headers;
    vanilla_headers(&headers);
    br_headers_add(&headers, BR_SLICE("b"), BR_SLICE("one\t \ttwo  three \t"));
    br_headers_add(&headers, BR_SLICE("a"), BR_SLICE(""));
    br_headers_add(&headers, BR_SLICE("c"), BR_SLICE("four\tfive"));
    br_headers_add(&headers, BR_SLICE("a-b"), BR_SLICE("1"));
    br_sign_input in = input("PUT", "", "", &headers, "ignored");
    in.payload_hash = BR_SLICE("STREAMING-AWS4-HMAC-SHA256-EVENTS");
    br_buf out, names;
    br_buf_init(&out, 4096);
    br_buf_init(&names, 4096);
    CHECK(br_canonical_request(crypto, &in, &out, &names));
    CHECK_SLICE(br_buf_slice(&out),
                "PUT\n/\n\na:\na-b:1\nb:one two three\nc:four five\nhost:example.amazonaws.com\n"
                "x-amz-date:20150830T123600Z\n\na;a-b;b;c;host;x-amz-date\n"
                "STREAMING-AWS4-HMAC-SHA256-EVENTS");
    CHECK_SLICE(br_buf_slice(&names), "a;a-b;b;c;host;x-amz-date");
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

static void sign_full(size_t count, bool listed, br_slice apart, char out[BR_SHA256_HEX + 1])
{
    br_headers headers;
    vanilla_headers(&headers);
    if (listed)
        CHECK(br_headers_add(&headers, BR_SLICE("x-amz-security-token"), BR_SLICE("t")));
    while (headers.count < count)
        CHECK(br_headers_add(&headers, BR_SLICE("x-one"), BR_SLICE("v")));
    br_sign_input in = input("GET", "/", "", &headers, "");
    in.session_token = apart;
    br_buf value;
    br_buf_init(&value, 4096);
    CHECK(br_sigv4_sign(signer, &in, BR_SLICE(KEY_ID), BR_SLICE(SECRET), BR_SLICE("us-east-1"),
                        BR_SLICE("service"), &value, NULL));
    snprintf(out, BR_SHA256_HEX + 1, "%s", signature_in(&value));
    br_buf_free(&value);
    br_headers_free(&headers);
}

/* A token beside the list is signed as one in it, in place of that one, and when the list is full, too. */
static void test_token_apart(void)
{
    char in_list[BR_SHA256_HEX + 1], apart[BR_SHA256_HEX + 1], more[BR_SHA256_HEX + 1];
    br_slice token = BR_SLICE("t");
    sign_full(BR_HEADERS_MAX, true, (br_slice){NULL, 0}, in_list);
    sign_full(BR_HEADERS_MAX - 1, false, token, apart);
    CHECK_STR(apart, in_list);
    sign_full(BR_HEADERS_MAX, true, token, apart);
    CHECK_STR(apart, in_list);
    sign_full(BR_HEADERS_MAX, true, BR_SLICE("u"), more);
    CHECK(strcmp(more, in_list) != 0);
    sign_full(BR_HEADERS_MAX, false, token, more);
    CHECK(strcmp(more, in_list) != 0);
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
        for (int j = 0; j < i; j++)
            CHECK(strcmp(first[i], first[j]) != 0);
    char now[BR_SHA256_HEX + 1];
    sign_with_secret(SECRET, "us-east-1", now);
    CHECK_STR(now, VANILLA);
}

static void sign_on(br_signer *by, const char *stamp, char out[BR_SHA256_HEX + 1])
{
    br_headers headers;
    br_headers_init(&headers);
    br_headers_add(&headers, BR_SLICE("host"), BR_SLICE("h"));
    br_headers_add(&headers, BR_SLICE("x-amz-date"), br_slice_of(stamp));
    br_sign_input in = input("GET", "/", "", &headers, "");
    br_buf value;
    br_buf_init(&value, 4096);
    CHECK(br_sigv4_sign(by, &in, BR_SLICE(KEY_ID), BR_SLICE(SECRET), BR_SLICE("us-east-1"),
                        BR_SLICE("service"), &value, NULL));
    snprintf(out, BR_SHA256_HEX + 1, "%s", signature_in(&value));
    br_buf_free(&value);
    br_headers_free(&headers);
}

/* A key of yesterday is not used today: a signer without any kept key agrees. */
static void test_next_day(void)
{
    static const char *const stamps[] = {"20150830T235959Z", "20150831T000000Z"};
    for (int i = 0; i < 2; i++) {
        char kept[BR_SHA256_HEX + 1], derived[BR_SHA256_HEX + 1];
        br_signer *fresh = br_signer_new(crypto);
        sign_on(signer, stamps[i], kept);
        sign_on(fresh, stamps[i], derived);
        CHECK_STR(kept, derived);
        br_signer_free(fresh);
    }
}

int main(void)
{
    crypto = br_digest_new();
    signer = br_signer_new(crypto);
    test_suite();
    test_bedrock();
    test_whole_value_and_trace();
    test_unsigned_headers();
    test_signed_headers();
    test_s3_names();
    test_payload_hash_and_blanks();
    test_refusals();
    test_token_apart();
    test_kept_keys();
    test_next_day();
    br_signer_free(signer);
    br_signer_free(NULL);
    br_digest_free(crypto);
    return check_done();
}
