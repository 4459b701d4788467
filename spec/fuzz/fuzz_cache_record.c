/*
** Files that pass for a cache. A byte of form, then: 0 the file itself; 1 what is laid over a good
** file, which must then be refused; 2 the plain text of a file that is sealed with the right key.
*/
#include "core/aws/cache_record.h"
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#define HEADER 52 /* magic 8, salt 32, nonce 12 */
#define TAG 16

static const uint8_t identity[BR_IDENTITY_SIZE] = {1, 2, 3};
static const uint8_t fresh[BR_CACHE_RECORD_RANDOM] = {4, 5, 6};
static const br_slice material = {"key material", 12};

static void derive(uint8_t key[32])
{
    uint8_t info[20 + BR_IDENTITY_SIZE] = "lua-bedrock cache v1";
    size_t n = 32;
    memcpy(info + 20, identity, BR_IDENTITY_SIZE);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    MUST(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1);
    MUST(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) == 1);
    MUST(EVP_PKEY_CTX_set1_hkdf_salt(ctx, fresh, 32) == 1);
    MUST(EVP_PKEY_CTX_set1_hkdf_key(ctx, (const uint8_t *)material.p, (int)material.n) == 1);
    MUST(EVP_PKEY_CTX_add1_hkdf_info(ctx, info, sizeof info) == 1);
    MUST(EVP_PKEY_derive(ctx, key, &n) == 1);
    EVP_PKEY_CTX_free(ctx);
}

static void seal_by_hand(br_slice plain, br_buf *out)
{
    static const char magic[8] = "LBRCACH\x01";
    uint8_t key[32], *to;
    int n = 0, last = 0;
    br_buf_add(out, magic, sizeof magic);
    br_buf_add(out, fresh, sizeof fresh);
    MUST(out->len == HEADER && (to = (uint8_t *)br_buf_reserve(out, plain.n + TAG)) != NULL);
    derive(key);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    MUST(ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, fresh + 32));
    MUST(EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)out->data, HEADER));
    MUST(EVP_EncryptUpdate(ctx, NULL, &n, identity, sizeof identity));
    MUST(EVP_EncryptUpdate(ctx, to, &n, (const uint8_t *)plain.p, (int)plain.n));
    MUST(EVP_EncryptFinal_ex(ctx, to + n, &last));
    MUST(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, to + n));
    br_buf_commit(out, plain.n + TAG);
    EVP_CIPHER_CTX_free(ctx);
}

/* Opened, sealed and opened once more, it says the same. */
static void check_record(const br_cache_record *r)
{
    br_cache_record again = {0};
    br_buf file;
    br_buf_init(&file, BR_CACHE_RECORD_MAX);
    MUST(br_cache_record_encrypt(r, material, identity, fresh, &file));
    MUST(br_cache_record_decrypt(br_buf_slice(&file), material, identity, &again));
    MUST(again.written_ms == r->written_ms && again.clock_offset_ms == r->clock_offset_ms);
    MUST(again.clock_offset_known == r->clock_offset_known);
    MUST(again.note_ms == r->note_ms);
    MUST((again.credentials == NULL) == (r->credentials == NULL));
    const br_credentials *a = again.credentials, *b = r->credentials;
    if (a != NULL) {
        MUST(a->expiration_ms == b->expiration_ms);
        MUST(br_slice_eq(a->access_key_id, b->access_key_id));
        MUST(br_slice_eq(a->secret_access_key, b->secret_access_key));
        MUST(br_slice_eq(a->session_token, b->session_token));
    }
    br_cache_record_clear(&again);
    br_buf_free(&file);
}

static bool open_exact(br_slice file)
{
    br_cache_record r = {0};
    char *exact = malloc(file.n > 0 ? file.n : 1);
    MUST(exact != NULL);
    if (file.n > 0)
        memcpy(exact, file.p, file.n);
    bool ok = br_cache_record_decrypt((br_slice){exact, file.n}, material, identity, &r);
    free(exact);
    MUST(ok || r.credentials == NULL);
    if (ok)
        check_record(&r);
    br_cache_record_clear(&r);
    return ok;
}

static void open_altered(br_slice over)
{
    br_cache_record r = {.written_ms = 1, .clock_offset_ms = -2, .clock_offset_known = true};
    br_buf file;
    bool altered = false;
    br_buf_init(&file, BR_CACHE_RECORD_MAX);
    r.credentials = br_credentials_new(BR_SLICE("AKIA"), BR_SLICE("secret"), BR_SLICE("token"), 3);
    MUST(r.credentials != NULL && br_cache_record_encrypt(&r, material, identity, fresh, &file));
    for (size_t i = 0; i < over.n && i < file.len; i++) {
        file.data[i] = (char)(file.data[i] ^ over.p[i]);
        altered = altered || over.p[i] != 0;
    }
    MUST(open_exact(br_buf_slice(&file)) == !altered);
    br_cache_record_clear(&r);
    br_buf_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > BR_CACHE_RECORD_MAX)
        return 0;
    br_slice rest = {(const char *)data + 1, size - 1};
    br_buf file;
    br_buf_init(&file, (size_t)2 * BR_CACHE_RECORD_MAX);
    switch (data[0] % 3) {
    case 0:
        open_exact(rest);
        break;
    case 1:
        open_altered(rest);
        break;
    default:
        seal_by_hand(rest, &file);
        open_exact(br_buf_slice(&file));
    }
    br_buf_free(&file);
    return 0;
}
