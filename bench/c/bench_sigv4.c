/*
** What a signature costs: br_sigv4_sign against the bare OpenSSL calls it cannot do without, and
** that of Roles Anywhere by any key.
**
**   bench_sigv4 NAME N [CERTIFICATE KEY]
*/
#include "core/aws/roles_anywhere.h"
#include "core/aws/sigv4.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "alone.h"

#define BODY_SIZE 2048

typedef struct bench {
    br_digest *crypto;
    br_signer *signer;
    br_headers headers;
    br_sign_input input;
    br_buf authorization, canonical;
    char body[BODY_SIZE];
    char secret[41];
    unsigned turn;
    EVP_MD *md;
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
    br_x509 *x509;
} bench;

static void digest(bench *b, const void *bytes, size_t n, unsigned char out[32])
{
    must(EVP_DigestInit_ex2(b->digest, b->md, NULL) && EVP_DigestUpdate(b->digest, bytes, n) &&
             EVP_DigestFinal_ex(b->digest, out, NULL),
         "digest");
}

/* Body, a canonical request of the real size, and a string to sign of the real size. */
static void crypto_alone(void *state)
{
    bench *b = state;
    unsigned char out[32];
    size_t n;
    digest(b, b->body, BODY_SIZE, out);
    digest(b, b->canonical.data, b->canonical.len, out);
    must(EVP_MAC_init(b->mac, NULL, 0, NULL) &&
             EVP_MAC_update(b->mac, (const unsigned char *)b->body, 132) &&
             EVP_MAC_final(b->mac, out, &n, sizeof out),
         "mac");
}

static void sign_once(void *state)
{
    bench *b = state;
    br_buf_clear(&b->authorization);
    must(br_sigv4_sign(b->signer, &b->input, BR_SLICE("ASIAEXAMPLEEXAMPLE00"),
                       br_slice_of(b->secret), BR_SLICE("us-east-1"), BR_SLICE("bedrock"),
                       &b->authorization, NULL),
         "sign");
}

static void sign_new_key(void *state)
{
    bench *b = state;
    b->turn++;
    for (int i = 0; i < 8; i++)
        b->secret[i] = (char)('A' + (b->turn >> 4 * i & 15));
    sign_once(b);
    memset(b->secret, 'x', 8);
}

static void sign_x509(void *state)
{
    const bench *b = state;
    uint8_t out[BR_SIGNATURE_MAX];
    size_t n;
    must(br_x509_sign(b->x509, BR_SLICE("AWS4-X509-RSA-SHA256\n20260101T000000Z\n"), out, &n),
         "x509");
}

static void set_up_mac(bench *b)
{
    char sha256[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    b->mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    must(EVP_MAC_init(b->mac, (const unsigned char *)b->body, 32, params), "mac key");
}

static void set_up_request(bench *b)
{
    char token[1000];
    memset(token, 'T', sizeof token);
    br_headers_init_secret(&b->headers);
    br_headers_add(&b->headers, BR_SLICE("content-type"), BR_SLICE("application/json"));
    br_headers_add(&b->headers, BR_SLICE("accept"), BR_SLICE("application/json"));
    br_headers_add(&b->headers, BR_SLICE("host"),
                   BR_SLICE("bedrock-runtime.us-east-1.amazonaws.com"));
    br_headers_add(&b->headers, BR_SLICE("x-amz-date"), BR_SLICE("20260101T000000Z"));
    br_headers_add(&b->headers, BR_SLICE("amz-sdk-invocation-id"),
                   BR_SLICE("0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"));
    br_headers_add(&b->headers, BR_SLICE("x-amz-security-token"), (br_slice){token, sizeof token});
    b->input = (br_sign_input){
        .method = BR_SLICE("POST"),
        .path = BR_SLICE("/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"),
        .query = BR_SLICE(""),
        .headers = &b->headers,
        .body = {b->body, BODY_SIZE},
        .normalise_path = true,
        .encode_path = true,
    };
}

static void set_up(bench *b)
{
    memset(b->body, 'b', sizeof b->body);
    memset(b->secret, 'x', sizeof b->secret - 1);
    b->crypto = br_digest_new();
    b->signer = br_signer_new(b->crypto);
    b->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    b->digest = EVP_MD_CTX_new();
    must(b->crypto && b->signer && b->md && b->digest, "set up");
    set_up_mac(b);
    set_up_request(b);
    br_buf_init(&b->authorization, 4096);
    br_buf_init(&b->canonical, BR_CANONICAL_MAX);
    br_buf names;
    br_buf_init(&names, 4096);
    must(br_canonical_request(b->crypto, &b->input, &b->canonical, &names), "canonical");
    br_buf_free(&names);
}

static char *read_all(const char *path, br_slice *out)
{
    static const size_t max = 65536;
    FILE *f = fopen(path, "rb");
    char *data = f != NULL ? malloc(max) : NULL;
    must(data != NULL, path);
    *out = (br_slice){data, fread(data, 1, max, f)};
    fclose(f);
    return data;
}

static br_x509 *load(const char *certificate, const char *key)
{
    br_x509_input in = {0};
    br_problems problems;
    br_problems_init(&problems);
    char *first = read_all(certificate, &in.certificate);
    char *second = read_all(key, &in.private_key);
    br_x509 *x = br_x509_load(&in, (int64_t)time(NULL) * 1000, &problems);
    must(x != NULL, certificate);
    br_problems_free(&problems);
    free(first);
    free(second);
    return x;
}

static void tear_down(bench *b)
{
    br_x509_unref(b->x509);
    br_buf_free(&b->authorization);
    br_buf_free(&b->canonical);
    br_headers_free(&b->headers);
    br_signer_free(b->signer);
    br_digest_free(b->crypto);
    EVP_MAC_CTX_free(b->mac);
    EVP_MD_CTX_free(b->digest);
    EVP_MD_free(b->md);
}

/* An X.509 signature: "PROGRAM NAME N CERTIFICATE KEY". */
int main(int argc, char **argv)
{
    static const contestant all[] = {
        {"crypto-alone", crypto_alone, 1},
        {"sigv4-key-kept", sign_once, 1},
        {"sigv4-key-derived", sign_new_key, 1},
        {"roles-anywhere", sign_x509, 1},
    };
    static bench b;
    set_up(&b);
    if (argc == 5)
        b.x509 = load(argv[3], argv[4]);
    alone(&b, all, sizeof(all) / sizeof(all[0]), argc == 5 ? 3 : argc, argv);
    tear_down(&b);
    return 0;
}
