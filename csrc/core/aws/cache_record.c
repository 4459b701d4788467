#include "core/aws/cache_record.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

/*
** File: magic (8, the last byte is the version) salt (32) nonce (12) ciphertext tag (16).
** Plain text: flags (1) written, offset, refused, expiration (8 each, big-endian), then access
** key ID, secret and token, each with its length before it (4, big-endian).
*/
#define MAGIC "LBRCACH\x01"
#define MAGIC_SIZE 8
#define SALT_SIZE 32
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define KEY_SIZE 32
#define HEADER_SIZE (MAGIC_SIZE + BR_CACHE_RECORD_RANDOM)
#define INFO "lua-bedrock cache v1"

#define HAS_CREDENTIALS 1
#define HAS_OFFSET 2

#define IDENTITY_VERSION "lua-bedrock identity v1"
#define IDENTITY_TEXT_MAX 65536

_Static_assert(SALT_SIZE + NONCE_SIZE == BR_CACHE_RECORD_RANDOM, "random bytes are salt and nonce");

static void add_be(br_buf *out, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        br_buf_addc(out, (char)(uint8_t)(value >> 8 * bytes));
}

static void add_text(br_buf *out, br_slice text)
{
    add_be(out, text.n, 4);
    br_buf_add_slice(out, text);
}

bool br_identity(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                 uint8_t out[BR_IDENTITY_SIZE])
{
    br_buf text, url;
    br_buf_init(&text, IDENTITY_TEXT_MAX);
    br_buf_init(&url, BR_HOST_MAX + BR_URL_PATH_MAX + 32);
    br_url_origin(&url, endpoint);
    br_buf_adds(&url, endpoint->path);
    add_text(&text, BR_SLICE(IDENTITY_VERSION));
    add_text(&text, p->profile_arn);
    add_text(&text, p->role_arn);
    add_text(&text, p->trust_anchor_arn);
    add_text(&text, p->region);
    add_text(&text, p->session_name);
    add_be(&text, (uint64_t)p->duration_s, 8);
    add_text(&text, (br_slice){(const char *)br_x509_fingerprint(x), BR_SHA256_SIZE});
    add_text(&text, br_buf_slice(&url));
    bool ok = !text.failed && !url.failed && br_sha256(c, br_buf_slice(&text), out);
    br_buf_free(&text);
    br_buf_free(&url);
    return ok;
}

void br_cache_record_clear(br_cache_record *r)
{
    br_credentials_unref(r->credentials);
    *r = (br_cache_record){0};
}

static bool hkdf(EVP_KDF_CTX *ctx, br_slice key_material, const uint8_t *salt, const uint8_t *info,
                 size_t info_len, uint8_t key[KEY_SIZE])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, sizeof digest - 1),
        {OSSL_KDF_PARAM_KEY, OSSL_PARAM_OCTET_STRING, (void *)(uintptr_t)key_material.p,
         key_material.n, 0},
        {OSSL_KDF_PARAM_SALT, OSSL_PARAM_OCTET_STRING, (void *)(uintptr_t)salt, SALT_SIZE, 0},
        {OSSL_KDF_PARAM_INFO, OSSL_PARAM_OCTET_STRING, (void *)(uintptr_t)info, info_len, 0},
        OSSL_PARAM_END,
    };
    return EVP_KDF_derive(ctx, key, KEY_SIZE, params) == 1;
}

static bool derive_key(br_slice key_material, const uint8_t *salt,
                       const uint8_t identity[BR_IDENTITY_SIZE], uint8_t key[KEY_SIZE])
{
    uint8_t info[sizeof INFO - 1 + BR_IDENTITY_SIZE];
    memcpy(info, INFO, sizeof INFO - 1);
    memcpy(info + sizeof INFO - 1, identity, BR_IDENTITY_SIZE);
    if (key_material.n == 0)
        return false;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && hkdf(ctx, key_material, salt, info, sizeof info, key);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

/* A context that has seen nonce, key and the additional data: header, then identity. */
static EVP_CIPHER_CTX *cipher(bool encrypt, const uint8_t key[KEY_SIZE], const uint8_t *header,
                              const uint8_t identity[BR_IDENTITY_SIZE])
{
    int n;
    EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *ctx = gcm != NULL ? EVP_CIPHER_CTX_new() : NULL;
    const uint8_t *nonce = header + MAGIC_SIZE + SALT_SIZE;
    if (ctx != NULL && (!EVP_CipherInit_ex2(ctx, gcm, key, nonce, encrypt, NULL) ||
                        !EVP_CipherUpdate(ctx, NULL, &n, header, HEADER_SIZE) ||
                        !EVP_CipherUpdate(ctx, NULL, &n, identity, BR_IDENTITY_SIZE))) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(gcm);
    return ctx;
}

static void write_plain(br_buf *out, const br_cache_record *r)
{
    unsigned flags =
        (r->credentials != NULL ? HAS_CREDENTIALS : 0) | (r->clock_offset_known ? HAS_OFFSET : 0);
    add_be(out, flags, 1);
    add_be(out, (uint64_t)r->written_ms, 8);
    add_be(out, (uint64_t)r->clock_offset_ms, 8);
    add_be(out, (uint64_t)r->note_ms, 8);
    if (r->credentials == NULL)
        return;
    add_be(out, (uint64_t)r->credentials->expiration_ms, 8);
    add_text(out, r->credentials->access_key_id);
    add_text(out, r->credentials->secret_access_key);
    add_text(out, r->credentials->session_token);
}

static bool encrypt_into(EVP_CIPHER_CTX *ctx, br_slice plain, br_buf *out)
{
    int n = 0, last = 0;
    uint8_t *to = (uint8_t *)br_buf_reserve(out, plain.n + TAG_SIZE);
    if (to == NULL || !EVP_CipherUpdate(ctx, to, &n, (const uint8_t *)plain.p, (int)plain.n) ||
        (size_t)n != plain.n || !EVP_CipherFinal_ex(ctx, to + n, &last) || last != 0 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, to + n) != 1)
        return false;
    br_buf_commit(out, plain.n + TAG_SIZE);
    return true;
}

static bool seal_plain(br_slice plain, br_slice key_material, const uint8_t *header,
                       const uint8_t identity[BR_IDENTITY_SIZE], br_buf *out)
{
    uint8_t key[KEY_SIZE];
    size_t before = out->len;
    EVP_CIPHER_CTX *ctx = NULL;
    if (derive_key(key_material, header + MAGIC_SIZE, identity, key))
        ctx = cipher(true, key, header, identity);
    bool ok = ctx != NULL && br_buf_add(out, header, HEADER_SIZE) && encrypt_into(ctx, plain, out);
    if (!ok && out->len > before)
        out->len = before;
    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(key, sizeof key);
    return ok;
}

bool br_cache_record_encrypt(const br_cache_record *r, br_slice key_material,
                             const uint8_t identity[BR_IDENTITY_SIZE],
                             const uint8_t random[BR_CACHE_RECORD_RANDOM], br_buf *out)
{
    uint8_t header[HEADER_SIZE];
    br_buf plain;
    memcpy(header, MAGIC, MAGIC_SIZE);
    memcpy(header + MAGIC_SIZE, random, BR_CACHE_RECORD_RANDOM);
    br_buf_init_secret(&plain, BR_CACHE_RECORD_MAX - HEADER_SIZE - TAG_SIZE);
    ERR_set_mark();
    write_plain(&plain, r);
    bool ok =
        !plain.failed && seal_plain(br_buf_slice(&plain), key_material, header, identity, out);
    ERR_pop_to_mark();
    br_buf_free(&plain);
    return ok;
}

/* Reads from the front; after a read beyond the end everything reads as zero or empty. */
typedef struct cursor {
    const uint8_t *p;
    size_t n;
    bool failed;
} cursor;

static const uint8_t *take(cursor *c, size_t n)
{
    if (c->failed || n > c->n) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *at = c->p;
    c->p += n;
    c->n -= n;
    return at;
}

static uint64_t take_be(cursor *c, unsigned bytes)
{
    const uint8_t *at = take(c, bytes);
    uint64_t value = 0;
    for (unsigned i = 0; at != NULL && i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static br_slice take_text(cursor *c)
{
    size_t n = (size_t)take_be(c, 4);
    const uint8_t *at = take(c, n);
    return (br_slice){(const char *)at, at != NULL ? n : 0};
}

static bool read_plain(br_slice plain, br_cache_record *out)
{
    cursor c = {(const uint8_t *)plain.p, plain.n, false};
    br_cache_record r = {0};
    unsigned flags = (unsigned)take_be(&c, 1);
    r.written_ms = (int64_t)take_be(&c, 8);
    r.clock_offset_ms = (int64_t)take_be(&c, 8);
    r.note_ms = (int64_t)take_be(&c, 8);
    r.clock_offset_known = (flags & HAS_OFFSET) != 0;
    if (flags & HAS_CREDENTIALS) {
        int64_t expiration_ms = (int64_t)take_be(&c, 8);
        br_slice id = take_text(&c), secret = take_text(&c), token = take_text(&c);
        if (!c.failed)
            r.credentials = br_credentials_new(id, secret, token, expiration_ms);
        c.failed = c.failed || r.credentials == NULL;
    }
    if (c.failed || c.n > 0) {
        br_cache_record_clear(&r);
        return false;
    }
    *out = r;
    return true;
}

static bool decrypt_into(EVP_CIPHER_CTX *ctx, br_slice sealed, br_buf *out)
{
    size_t length = sealed.n - TAG_SIZE;
    int n = 0, last = 0;
    uint8_t tag[TAG_SIZE];
    memcpy(tag, sealed.p + length, TAG_SIZE);
    uint8_t *to = (uint8_t *)br_buf_reserve(out, length);
    if (to == NULL || !EVP_CipherUpdate(ctx, to, &n, (const uint8_t *)sealed.p, (int)length) ||
        (size_t)n != length ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) != 1 ||
        EVP_CipherFinal_ex(ctx, to + n, &last) != 1)
        return false;
    br_buf_commit(out, length);
    return true;
}

static bool open_sealed(br_slice file, br_slice key_material,
                        const uint8_t identity[BR_IDENTITY_SIZE], br_buf *plain)
{
    const uint8_t *header = (const uint8_t *)file.p;
    uint8_t key[KEY_SIZE];
    EVP_CIPHER_CTX *ctx = NULL;
    if (derive_key(key_material, header + MAGIC_SIZE, identity, key))
        ctx = cipher(false, key, header, identity);
    br_slice sealed = {file.p + HEADER_SIZE, file.n - HEADER_SIZE};
    bool ok = ctx != NULL && decrypt_into(ctx, sealed, plain);
    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(key, sizeof key);
    return ok;
}

bool br_cache_record_decrypt(br_slice file, br_slice key_material,
                             const uint8_t identity[BR_IDENTITY_SIZE], br_cache_record *out)
{
    if (file.n <= HEADER_SIZE + TAG_SIZE || file.n > BR_CACHE_RECORD_MAX ||
        memcmp(file.p, MAGIC, MAGIC_SIZE) != 0)
        return false;
    br_buf plain;
    br_buf_init_secret(&plain, BR_CACHE_RECORD_MAX);
    ERR_set_mark();
    bool ok =
        open_sealed(file, key_material, identity, &plain) && read_plain(br_buf_slice(&plain), out);
    ERR_pop_to_mark();
    br_buf_free(&plain);
    return ok;
}
