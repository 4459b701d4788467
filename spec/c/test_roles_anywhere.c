/* CreateSession: the request against hand-written text, its signature with OpenSSL, the answer. */
#include "check.h"
#include "core/aws/roles_anywhere.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROFILE "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/aaaa"
#define ROLE "arn:aws:iam::123456789012:role/R"
#define ANCHOR "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/bbbb"
#define NOW_MS INT64_C(1767323045678) /* 2026-01-02T03:04:05.678Z */

static const char *pki;
static br_digest *crypto;

/* key NULL: signed outside */
static br_x509 *load(const char *certificate, const char *key)
{
    char path[512];
    size_t n, m = 0;
    br_problems problems;
    snprintf(path, sizeof path, "%s/%s", pki, certificate);
    char *first = slurp(path, &n);
    snprintf(path, sizeof path, "%s/%s", pki, key != NULL ? key : "");
    char *second = key != NULL ? slurp(path, &m) : NULL;
    br_problems_init(&problems);
    CHECK(first != NULL && (second != NULL) == (key != NULL));
    br_x509_input in = {
        .certificate = {first, n}, .private_key = {second, m}, .signed_outside = key == NULL};
    br_x509 *x = br_x509_load(&in, (int64_t)time(NULL) * 1000, &problems);
    if (x == NULL) {
        printf("cannot load %s from %s\n", certificate, pki);
        exit(1);
    }
    br_problems_free(&problems);
    free(first);
    free(second);
    return x;
}

static br_ra_params params(void)
{
    return (br_ra_params){.profile_arn = BR_SLICE(PROFILE),
                          .role_arn = BR_SLICE(ROLE),
                          .trust_anchor_arn = BR_SLICE(ANCHOR),
                          .region = BR_SLICE("eu-west-1"),
                          .session_name = BR_SLICE("me@example"),
                          .duration_s = 900};
}

static br_url url(const char *text)
{
    br_url u;
    br_error error;
    CHECK(br_url_parse(&u, br_slice_of(text), &error));
    return u;
}

static size_t from_hex(const char *hex, unsigned char *out, size_t max)
{
    size_t n = 0;
    for (unsigned value; n < max && sscanf(hex + 2 * n, "%2x", &value) == 1; n++)
        out[n] = (unsigned char)value;
    return n;
}

static bool verifies(br_slice certificate_der, const br_buf *text, const char *hex)
{
    unsigned char signature[BR_SIGNATURE_MAX];
    size_t n = from_hex(hex, signature, sizeof signature);
    const unsigned char *p = (const unsigned char *)certificate_der.p;
    X509 *leaf = d2i_X509(NULL, &p, (long)certificate_der.n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(leaf)) == 1 &&
              EVP_DigestVerify(ctx, signature, n, (unsigned char *)text->data, text->len) == 1;
    EVP_MD_CTX_free(ctx);
    X509_free(leaf);
    return ok;
}

static void sha256_hex(br_slice bytes, char out[65])
{
    unsigned char digest[32];
    EVP_Digest(bytes.p, bytes.n, digest, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

typedef struct sample {
    const char *certificate, *key, *endpoint, *host, *path;
    bool chain;
} sample;

static void check_canonical(const sample *s, const br_x509 *x, const br_request *r,
                            const br_buf *canonical)
{
    char hash[65];
    br_buf want;
    br_buf_init(&want, 65536);
    sha256_hex(br_buf_slice(&r->body), hash);
    br_buf_addf(&want,
                "POST\n%s\n\naccept:application/json\ncontent-type:application/json\nhost:%s\n"
                "x-amz-date:20260102T030405Z\nx-amz-x509:%s\n",
                s->path, s->host, br_x509_base64(x).p);
    if (s->chain)
        br_buf_addf(&want, "x-amz-x509-chain:%s\n", br_x509_chain_base64(x).p);
    br_buf_addf(&want, "\naccept;content-type;host;x-amz-date;x-amz-x509%s\n%s",
                s->chain ? ";x-amz-x509-chain" : "", hash);
    CHECK_SLICE(br_buf_slice(canonical), br_buf_slice(&want).p);
    br_buf_free(&want);
}

static void check_authorization(const sample *s, const br_x509 *x, const br_request *r,
                                const br_buf *canonical, const br_buf *to_sign)
{
    char hash[65], text[1024];
    sha256_hex(br_buf_slice(canonical), hash);
    snprintf(text, sizeof text,
             "%s\n20260102T030405Z\n20260102/eu-west-1/rolesanywhere/aws4_request\n%s",
             br_x509_algorithm(x), hash);
    CHECK_SLICE(br_buf_slice(to_sign), text);
    snprintf(text, sizeof text,
             "%s Credential=%s/20260102/eu-west-1/rolesanywhere/aws4_request, "
             "SignedHeaders=accept;content-type;host;x-amz-date;x-amz-x509%s, Signature=",
             br_x509_algorithm(x), br_x509_serial(x).p, s->chain ? ";x-amz-x509-chain" : "");
    br_slice value = br_headers_get(&r->headers, "authorization");
    CHECK(br_slice_starts(value, text));
    CHECK(verifies(br_x509_der(x), to_sign, value.p + strlen(text)));
}

static const sample samples[] = {
    {"p256.crt.pem", "p256.key.pkcs8.pem", "https://rolesanywhere.eu-west-1.amazonaws.com",
     "rolesanywhere.eu-west-1.amazonaws.com", "/sessions", false},
    {"p256.chain.pem", "p256.key.pkcs8.pem", "https://localhost:8443/vpc/x", "localhost:8443",
     "/vpc/x/sessions", true},
    {"rsa2048.chain.pem", "rsa2048.key.trad.pem", "http://[::1]:80", "[::1]", "/sessions", true},
    {"p521.crt.pem", "p521.key.pkcs8.pem", "http://127.0.0.1:9000/", "127.0.0.1:9000", "/sessions",
     false},
};

static void test_request(const sample *s)
{
    br_x509 *x = load(s->certificate, s->key);
    br_ra_params p = params();
    br_url endpoint = url(s->endpoint);
    br_request r;
    br_error error;
    br_buf canonical, to_sign;
    br_buf_init(&canonical, 65536);
    br_buf_init(&to_sign, 65536);
    br_sign_trace trace = {&canonical, &to_sign};
    br_request_init(&r);
    br_buf_adds(&r.query, "left=over");
    CHECK(br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, &trace, &error));
    CHECK_STR(r.method, "POST");
    CHECK_SLICE(br_buf_slice(&r.path), s->path);
    CHECK_SLICE(br_buf_slice(&r.query), "");
    CHECK(r.has_body);
    CHECK_SLICE(br_buf_slice(&r.body),
                "{\"durationSeconds\":900,\"profileArn\":\"" PROFILE "\",\"roleArn\":\"" ROLE
                "\",\"trustAnchorArn\":\"" ANCHOR "\",\"roleSessionName\":\"me@example\"}");
    CHECK_INT((long long)r.headers.count, s->chain ? 7 : 6);
    CHECK_SLICE(br_headers_get(&r.headers, "host"), s->host);
    check_canonical(s, x, &r, &canonical);
    check_authorization(s, x, &r, &canonical, &to_sign);
    br_buf_free(&canonical);
    br_buf_free(&to_sign);
    br_request_free(&r);
    br_x509_unref(x);
}

/* In two steps: as in one, but for the signature, which a key of its own makes here. */
static void test_signed_outside(const char *certificate, const char *key, const char *algorithm)
{
    br_x509 *with_key = load(certificate, key), *x = load(certificate, NULL);
    br_ra_params p = params();
    br_url endpoint = url("https://localhost:8443/vpc/x");
    br_request r, whole;
    br_ra_signing s;
    br_error error;
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n = 0;
    br_request_init(&r);
    br_request_init(&whole);
    br_ra_signing_init(&s);
    CHECK_STR(br_ra_signature_algorithm(x), algorithm);
    CHECK(!br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, NULL, &error));
    CHECK(strstr(error.message, "the private key failed") != NULL);
    CHECK(br_ra_prepare(crypto, &p, x, &endpoint, NOW_MS, &r, &s, NULL, &error));
    CHECK(br_headers_get(&r.headers, "authorization").p == NULL);
    CHECK(br_x509_sign(with_key, br_buf_slice(&s.to_sign), signature, &n));
    signature[n - 1] ^= 1;
    br_slice given = {(const char *)signature, n};
    CHECK(!br_ra_complete(&s, x, given, &r, &error));
    CHECK_STR(error.code, "SigningFailed");
    CHECK(strstr(error.message, algorithm) != NULL);
    CHECK(br_headers_get(&r.headers, "authorization").p == NULL);
    signature[n - 1] ^= 1;
    CHECK(br_ra_complete(&s, x, given, &r, &error));
    CHECK(br_ra_request(crypto, &p, with_key, &endpoint, NOW_MS, &whole, NULL, &error));
    CHECK(br_slice_eq(br_buf_slice(&r.body), br_buf_slice(&whole.body)));
    CHECK_INT((long long)r.headers.count, (long long)whole.headers.count);
    br_slice one = br_headers_get(&r.headers, "authorization"),
             other = br_headers_get(&whole.headers, "authorization");
    size_t head = br_buf_slice(&s.authorization).n;
    CHECK(other.n > head && memcmp(one.p, other.p, head) == 0);
    CHECK(verifies(br_x509_der(x), &s.to_sign, one.p + head));
    br_ra_signing_free(&s);
    br_request_free(&r);
    br_request_free(&whole);
    br_x509_unref(with_key);
    br_x509_unref(x);
}

/* The repeat without a session name, in a request object used before. */
static void test_without_session_name(void)
{
    br_x509 *x = load("p256.crt.pem", "p256.key.pkcs8.pem");
    br_ra_params p = params();
    br_url endpoint = url("https://localhost");
    br_request r;
    br_error error;
    br_request_init(&r);
    CHECK(br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, NULL, &error));
    p.session_name = (br_slice){NULL, 0};
    CHECK(br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, NULL, &error));
    CHECK_INT((long long)r.headers.count, 6);
    CHECK(strstr(r.body.data, "roleSessionName") == NULL);
    CHECK(strstr(r.body.data, "\"trustAnchorArn\":\"" ANCHOR "\"}") != NULL);
    br_request_free(&r);
    br_x509_unref(x);
}

static void test_refused_params(void)
{
    br_x509 *x = load("p256.crt.pem", "p256.key.pkcs8.pem");
    br_url endpoint = url("https://localhost");
    const int durations[] = {899, 900, 3600, 3601, -1, 0};
    br_request r;
    br_error error;
    br_request_init(&r);
    for (size_t i = 0; i < 6; i++) {
        br_ra_params p = params();
        p.duration_s = durations[i];
        bool good = durations[i] == 900 || durations[i] == 3600;
        CHECK(br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, NULL, &error) == good);
    }
    br_ra_params p = params();
    p.region = BR_SLICE("");
    CHECK(!br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, NULL, &error));
    CHECK_INT(error.kind, BR_ERR_CONFIG);
    p = params();
    p.session_name = BR_SLICE("\xff");
    CHECK(!br_ra_request(crypto, &p, x, &endpoint, NOW_MS, &r, NULL, &error));
    CHECK_INT(error.kind, BR_ERR_CREDENTIALS);
    br_request_free(&r);
    br_x509_unref(x);
}

#define ID "\"accessKeyId\":\"ASIAX\""
#define SECRET "\"secretAccessKey\":\"s/e+c\""
#define TOKEN "\"sessionToken\":\"to\\u006ben\""
#define UNTIL "\"expiration\":\"2026-01-02T04:04:05Z\""
#define ANSWER(members) "{\"credentialSet\":[{\"credentials\":{" members "}}]}"

static const br_credentials *answer(const char *text, size_t n, br_error *error)
{
    char *guarded = guard_copy(text, n);
    br_error_clear(error);
    const br_credentials *c = br_ra_answer((br_slice){guarded, n}, error);
    guard_free(guarded, n);
    CHECK((c == NULL) == (error->kind != BR_OK));
    return c;
}

static void test_good_answers(void)
{
    static const char *const good[] = {
        ANSWER(ID "," SECRET "," TOKEN "," UNTIL),
        ANSWER(UNTIL "," TOKEN "," SECRET "," ID ",\"more\":{\"a\":[1,null]}"),
        " {\"subjectArn\":\"x\",\"credentialSet\":[{\"packedPolicySize\":9,\"roleArn\":\"r\","
        "\"assumedRoleUser\":{\"arn\":\"a\"},\"credentials\":{" ID "," SECRET "," TOKEN "," UNTIL
        "}},{\"credentials\":{\"accessKeyId\":\"OTHER\"}}]}\n",
        ANSWER(ID "," SECRET "," TOKEN ",\"expiration\":\"2026-01-02T05:04:05.000+01:00\""),
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        br_error error;
        const br_credentials *c = answer(good[i], strlen(good[i]), &error);
        CHECK(c != NULL);
        if (c == NULL)
            continue;
        CHECK_SLICE(c->access_key_id, "ASIAX");
        CHECK_SLICE(c->secret_access_key, "s/e+c");
        CHECK_SLICE(c->session_token, "token");
        CHECK_INT(c->expiration_ms, NOW_MS - 678 + 3600000);
        br_credentials_unref(c);
    }
}

static void test_bad_answers(void)
{
    static const char *const bad[][2] = {
        {"", "is not a JSON object"},
        {"[]", "is not a JSON object"},
        {"<html>", "is not a JSON object"},
        {"{\"credentialSet\":[]}", "lacks credentialSet[0].credentials.accessKeyId"},
        {"{\"credentialSet\":null}", "lacks credentialSet[0].credentials.accessKeyId"},
        {"{\"credentialSet\":[null]}", "lacks credentialSet[0].credentials.accessKeyId"},
        {"{\"message\":\"x\"}", "lacks credentialSet[0].credentials.accessKeyId"},
        {ANSWER(SECRET "," TOKEN "," UNTIL), "lacks credentialSet[0].credentials.accessKeyId"},
        {ANSWER(ID "," TOKEN "," UNTIL), "lacks credentialSet[0].credentials.secretAccessKey"},
        {ANSWER(ID "," SECRET "," UNTIL), "lacks credentialSet[0].credentials.sessionToken"},
        {ANSWER(ID "," SECRET "," TOKEN), "lacks credentialSet[0].credentials.expiration"},
        {ANSWER("\"accessKeyId\":7," SECRET "," TOKEN "," UNTIL), "credentials.accessKeyId"},
        {ANSWER("\"accessKeyId\":\"\"," SECRET "," TOKEN "," UNTIL), "credentials.accessKeyId"},
        {ANSWER(ID "," SECRET ",\"sessionToken\":\"a\\r\\nb: c\"," UNTIL),
         "damaged credentials.sessionToken"},
        {ANSWER(ID "," SECRET "," TOKEN ",\"expiration\":\"soon\""), "no ISO 8601 time"},
        {ANSWER(ID "," SECRET "," TOKEN ",\"expiration\":1767326645"), "credentials.expiration"},
        {ANSWER(ID "," SECRET "," TOKEN "," UNTIL) "}", "is not a JSON object"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        br_error error;
        CHECK(answer(bad[i][0], strlen(bad[i][0]), &error) == NULL);
        CHECK_INT(error.kind, BR_ERR_CREDENTIALS);
        CHECK_STR(error.code, "BadResponse");
        CHECK(strstr(error.message, bad[i][1]) != NULL);
        CHECK(strstr(error.message, "s/e+c") == NULL);
    }
}

static void test_cut_answers(void)
{
    static const char whole[] = ANSWER(ID "," SECRET "," TOKEN "," UNTIL);
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        br_error error;
        CHECK(answer(whole, n, &error) == NULL);
    }
}

static void test_long_member(void)
{
    br_buf text;
    br_error error;
    br_buf_init(&text, 65536);
    br_buf_adds(&text, "{\"credentialSet\":[{\"credentials\":{" ID "," SECRET "," UNTIL
                       ",\"sessionToken\":\"");
    for (int i = 0; i < BR_SESSION_TOKEN_MAX + 1; i++)
        br_buf_addc(&text, 'x');
    br_buf_adds(&text, "\"}}]}");
    CHECK(answer(text.data, text.len, &error) == NULL);
    CHECK(strstr(error.message, "too long") != NULL);
    br_buf_free(&text);
}

static void test_refused_name(void)
{
    static const char text[] = "Not authorized to set roleSessionName.";
    CHECK(br_ra_session_name_refused(403, br_slice_of(text)));
    CHECK(br_ra_session_name_refused(
        403, BR_SLICE("AccessDenied: Not authorized to set roleSessionName")));
    CHECK(!br_ra_session_name_refused(400, br_slice_of(text)));
    CHECK(!br_ra_session_name_refused(403, BR_SLICE("Not authorized to set roleSessionNam")));
    CHECK(!br_ra_session_name_refused(403, BR_SLICE("Invalid signature")));
    CHECK(!br_ra_session_name_refused(403, (br_slice){NULL, 0}));
}

int main(void)
{
    pki = getenv("BEDROCK_TEST_PKI");
    if (pki == NULL)
        pki = "build/pki";
    crypto = br_digest_new();
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        test_request(&samples[i]);
    test_signed_outside("p256.chain.pem", "p256.key.pkcs8.pem", "ECDSA-SHA256");
    test_signed_outside("rsa2048.chain.pem", "rsa2048.key.pkcs8.pem", "RSA-SHA256");
    test_without_session_name();
    test_refused_params();
    test_good_answers();
    test_bad_answers();
    test_cut_answers();
    test_long_member();
    test_refused_name();
    br_digest_free(crypto);
    return check_done();
}
