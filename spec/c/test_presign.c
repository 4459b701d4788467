/*
** Presigned queries and API keys against values made by others: AWS's own example of S3's, those of
** botocore's SigV4QueryAuth and S3SigV4QueryAuth, and of aws-bedrock-token-generator.
*/
#include "check.h"
#include "core/aws/presign.h"
#include "core/base/times.h"
#include "sigv4_cases.h"

#include <math.h>
#include <string.h>

static br_digest *crypto;
static br_signer *signer;

static const br_presign_keys plain = {{KEY_ID, sizeof KEY_ID - 1},
                                      {SECRET, sizeof SECRET - 1},
                                      {"", 0},
                                      {"us-east-1", 9},
                                      {"s3", 2},
                                      BR_NEVER_EXPIRES};

typedef struct request {
    const char *method, *path, *query, *stamp;
    header headers[3];
} request;

static bool presign(const request *r, const br_presign_keys *keys, double expires_s, br_buf *out,
                    br_error *error)
{
    br_headers headers;
    br_headers_init(&headers);
    for (size_t i = 0; i < 3 && r->headers[i].name != NULL; i++)
        CHECK(br_headers_add(&headers, br_slice_of(r->headers[i].name),
                             br_slice_of(r->headers[i].value)));
    bool s3 = br_sigv4_is_s3(keys->service);
    size_t n = strlen(r->query);
    char *query = guard_copy(r->query, n);
    br_sign_input in = {.method = br_slice_of(r->method),
                        .path = br_slice_of(r->path),
                        .query = {query, n},
                        .headers = &headers,
                        .normalise_path = !s3,
                        .encode_path = !s3,
                        .amz_date = br_slice_of(r->stamp)};
    br_error_clear(error);
    bool ok = br_presign(signer, &in, keys, expires_s, out, error);
    guard_free(query, n);
    br_headers_free(&headers);
    return ok;
}

static void check_query(const request *r, const br_presign_keys *keys, double expires_s,
                        const char *wanted)
{
    br_error error;
    br_buf out;
    br_buf_init(&out, 8192);
    CHECK(presign(r, keys, expires_s, &out, &error));
    CHECK_SLICE(br_buf_slice(&out), wanted);
    br_buf_free(&out);
}

/* "Authenticating requests: using query parameters" of Amazon S3's API reference. */
static void test_example(void)
{
    br_presign_keys keys = plain;
    keys.access_key_id = BR_SLICE("AKIAIOSFODNN7EXAMPLE");
    keys.secret_access_key = BR_SLICE("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    const request get = {
        "GET", "/test.txt", "", "20130524T000000Z", {{"host", "examplebucket.s3.amazonaws.com"}}};
    check_query(&get, &keys, 86400,
                "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
                "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
                "&X-Amz-SignedHeaders=host&X-Amz-Signature="
                "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void test_botocore(void)
{
    br_presign_keys keys = plain;
    const request put = {"PUT",
                         "/a//../b%20c",
                         "x-id=PutObject",
                         STAMP,
                         {{"host", "bucket.s3.amazonaws.com"}, {"x-amz-acl", "private"}}};
    check_query(&put, &keys, 604800,
                "x-id=PutObject&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE"
                "%2F20150830%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Am"
                "z-Expires=604800&X-Amz-SignedHeaders=host%3Bx-amz-acl&X-Amz-Signature=f2f3cc"
                "ac2afbb4f23d4311eee4bd1e4ef13957be668d8e9781e989d67ba51e2a");
    keys.service = BR_SLICE("bedrock");
    keys.session_token = BR_SLICE("TOKEN//+=");
    const request get = {
        "GET",
        "/model/a%3A0//./converse",
        "b=2&&a=1%202&c&d=x+y/z",
        STAMP,
        {{"host", RUNTIME}, {"X-Meta", " a   b "}, {"content-type", "application/json"}}};
    check_query(&get, &keys, 60,
                "b=2&a=1%202&c=&d=x%20y%2Fz&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential"
                "=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fbedrock%2Faws4_request&X-Amz-Date=2015"
                "0830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=content-type%3Bhost%3Bx-me"
                "ta&X-Amz-Security-Token=TOKEN%2F%2F%2B%3D&X-Amz-Signature=81926e68228a414b4d"
                "28b9a97312825c88b4aac8b7dbb18aacd64007da95f30c");
}

static const char *refusal(const request *r, const br_presign_keys *keys, double expires_s)
{
    static br_error error;
    br_buf out;
    br_buf_init(&out, 8192);
    CHECK(!presign(r, keys, expires_s, &out, &error));
    CHECK(error.kind == BR_ERR_VALIDATION);
    br_buf_free(&out);
    return error.message;
}

static void check_refused(const request *r, const br_presign_keys *keys, double expires_s,
                          const char *part)
{
    const char *message = refusal(r, keys, expires_s);
    CHECK(strstr(message, part) != NULL);
}

static request with(const char *query, const char *name)
{
    request r = {"GET", "/", query, STAMP, {{"host", "h"}, {name, "x"}}};
    return r;
}

static void test_refusals(void)
{
    static const char *const headers[] = {"Authorization", "X-Amz-Date", "x-amz-security-token"};
    static const char *const queries[] = {
        "a=1&X-Amz-Signature=1",  "x-amz-date", "X%2DAmz-Credential=", "&X-Amz-Expires=1&b",
        "X-Amz-S3session-Token=",
    };
    request r = with("", NULL);
    check_refused(&r, &plain, 0,
                  "expires must be a whole number of seconds from 1 to 604800, got 0");
    check_refused(&r, &plain, 604801, "got 604801");
    check_refused(&r, &plain, 1.5, "got 1.5");
    check_refused(&r, &plain, NAN, "got");
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        r = with("", headers[i]);
        check_refused(&r, &plain, 60, "does not go with a presigned URL");
    }
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        r = with(queries[i], NULL);
        check_refused(&r, &plain, 60, "in its query already");
    }
    br_presign_keys keys = plain;
    r = with("x-amz-acl=1&a=X-Amz-Date&x-amz-dates=1", NULL);
    keys.secret_access_key.n = 0;
    check_refused(&r, &keys, 60, "cannot be signed");
    keys = plain;
    keys.access_key_id.n = 0;
    check_refused(&r, &keys, 60, "cannot be signed");
    keys = plain;
    keys.region.n = 0;
    check_refused(&r, &keys, 60, "cannot be signed");
    r.headers[0].name = "hosts";
    check_refused(&r, &plain, 60, "cannot be signed");
    r = with("", NULL);
    r.stamp = "20150830";
    check_refused(&r, &plain, 60, "cannot be signed");
}

static void check_cut(int64_t life_ms, const char *wanted)
{
    br_error error;
    br_buf out;
    br_presign_keys keys = plain;
    request r = with("", NULL);
    br_buf_init(&out, 8192);
    CHECK(br_time_parse_amz(BR_SLICE(STAMP), &keys.expiration_ms));
    keys.expiration_ms += life_ms;
    CHECK(presign(&r, &keys, 60, &out, &error) == (wanted != NULL));
    if (wanted != NULL)
        CHECK(strstr(out.data, wanted) != NULL);
    else
        CHECK(error.kind == BR_ERR_CREDENTIALS);
    br_buf_free(&out);
}

static void test_credentials_that_end(void)
{
    check_cut(61000, "X-Amz-Expires=60&");
    check_cut(60000, "X-Amz-Expires=60&");
    check_cut(59999, "X-Amz-Expires=59&");
    check_cut(1000, "X-Amz-Expires=1&");
    check_cut(999, NULL);
    check_cut(-1000, NULL);
}

/* The limits themselves, and a buffer that has something in it. */
static void test_limits(void)
{
    br_error error;
    br_buf out;
    request r = with("x-amz-acl=1", NULL);
    br_buf_init(&out, 8192);
    br_buf_adds(&out, "https://h/?");
    CHECK(presign(&r, &plain, 1, &out, &error));
    CHECK(br_slice_starts(br_buf_slice(&out), "https://h/?x-amz-acl=1&X-Amz-Algorithm="));
    br_buf_free(&out);
    br_buf_init(&out, 100);
    CHECK(!presign(&r, &plain, BR_PRESIGN_EXPIRES_MAX, &out, &error));
    br_buf_free(&out);
}

static bool makes_key(const br_presign_keys *keys, double duration_s, br_buf *key, br_error *error)
{
    int64_t expiration_ms;
    br_error_clear(error);
    return br_api_key(signer, keys, BR_SLICE(STAMP), duration_s, key, &expiration_ms, error);
}

/* The sooner of a key's own end and that of the credentials. */
static void test_end_of_key(void)
{
    br_error error;
    int64_t end_ms, now_ms;
    br_buf key;
    br_presign_keys keys = plain;
    br_buf_init(&key, BR_API_KEY_MAX);
    CHECK(br_time_parse_amz(BR_SLICE(STAMP), &now_ms));
    CHECK(br_api_key(signer, &keys, BR_SLICE(STAMP), 60, &key, &end_ms, &error));
    CHECK_INT(end_ms, now_ms + 60000);
    keys.expiration_ms = now_ms + 59999;
    CHECK(br_api_key(signer, &keys, BR_SLICE(STAMP), 60, &key, &end_ms, &error));
    CHECK_INT(end_ms, keys.expiration_ms);
    size_t half = key.len / 2;
    CHECK(memcmp(key.data, key.data + half, half) == 0);
    br_buf_free(&key);
}

static void check_key(const br_presign_keys *keys, double duration_s, const char *wanted)
{
    br_error error;
    br_buf key;
    br_buf_init(&key, BR_API_KEY_MAX);
    CHECK(makes_key(keys, duration_s, &key, &error) == (wanted != NULL));
    CHECK_SLICE(br_buf_slice(&key), wanted != NULL ? wanted : "");
    CHECK(wanted != NULL ||
          strstr(error.message,
                 "api_key: duration must be a whole number of seconds from 1 to 43200") != NULL);
    br_buf_free(&key);
}

static void test_api_keys(void)
{
    br_presign_keys keys = plain;
    keys.region = BR_SLICE("eu-central-1");
    check_key(&keys, 1,
              "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJU"
              "b2tlbiZYLUFtei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFL"
              "SURFWEFNUExFJTJGMjAxNTA4MzAlMkZldS1jZW50cmFsLTElMkZiZWRyb2NrJTJGYXdzNF9yZXF1"
              "ZXN0JlgtQW16LURhdGU9MjAxNTA4MzBUMTIzNjAwWiZYLUFtei1FeHBpcmVzPTEmWC1BbXotU2ln"
              "bmVkSGVhZGVycz1ob3N0JlgtQW16LVNpZ25hdHVyZT02N2RiMGUzODk3ZTA4YTg3MmRhZDkxOWYz"
              "ZjdhOTgzOWFhM2E2ZDJkZWVmNmY1MjA3YWIzMWFjNjY3MWJmMmMwJlZlcnNpb249MQ==");
    check_key(&keys, 0, NULL);
    check_key(&keys, BR_API_KEY_DURATION_MAX + 1, NULL);
    keys.session_token = BR_SLICE("TOKEN//+=");
    check_key(&keys, BR_API_KEY_DURATION_MAX,
              "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJU"
              "b2tlbiZYLUFtei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFL"
              "SURFWEFNUExFJTJGMjAxNTA4MzAlMkZldS1jZW50cmFsLTElMkZiZWRyb2NrJTJGYXdzNF9yZXF1"
              "ZXN0JlgtQW16LURhdGU9MjAxNTA4MzBUMTIzNjAwWiZYLUFtei1FeHBpcmVzPTQzMjAwJlgtQW16"
              "LVNpZ25lZEhlYWRlcnM9aG9zdCZYLUFtei1TZWN1cml0eS1Ub2tlbj1UT0tFTiUyRiUyRiUyQiUz"
              "RCZYLUFtei1TaWduYXR1cmU9MWVkZTA0YmE3OWE2YzdjMTMyY2FkODgxYmI2M2JmODZiNmE0YWIz"
              "MGRjMGNlYzlmMmM0MTViOGM2ZGRmZTllMCZWZXJzaW9uPTE=");
}

/* Every byte of it is encoded, twice. */
static void test_longest_token(void)
{
    static char token[16384];
    br_error error;
    br_buf key;
    br_presign_keys keys = plain;
    memset(token, '/', sizeof token);
    keys.session_token = (br_slice){token, sizeof token};
    br_buf_init(&key, BR_API_KEY_MAX);
    CHECK(makes_key(&keys, 60, &key, &error));
    CHECK(key.len > sizeof token * 4);
    br_buf_free(&key);
}

int main(void)
{
    crypto = br_digest_new();
    signer = br_signer_new(crypto);
    CHECK(signer != NULL);
    test_example();
    test_botocore();
    test_refusals();
    test_credentials_that_end();
    test_limits();
    test_end_of_key();
    test_api_keys();
    test_longest_token();
    br_signer_free(signer);
    br_digest_free(crypto);
    return check_done();
}
