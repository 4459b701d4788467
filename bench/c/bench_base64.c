/* Base64 of 768 KiB, an image say, beside OpenSSL's, which takes more than is base64. */
#include <openssl/evp.h>

#include "alone.h"
#include "core/text/base64.h"

#define SIZE ((size_t)768 * 1024)

typedef struct bench {
    br_buf bytes, text, out;
} bench;

static void decode_openssl(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    char *to = br_buf_reserve(&b->out, SIZE);
    int n =
        EVP_DecodeBlock((unsigned char *)to, (const unsigned char *)b->text.data, (int)b->text.len);
    must(n == (int)SIZE, "EVP_DecodeBlock");
}

static void decode(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    must(br_base64_decode(&b->out, br_buf_slice(&b->text)), "decode");
}

static void encode_openssl(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    char *to = br_buf_reserve(&b->out, SIZE / 3 * 4);
    EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)b->bytes.data, (int)SIZE);
}

static void encode(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    br_base64_encode(&b->out, br_buf_slice(&b->bytes));
}

int main(int argc, char **argv)
{
    static const contestant all[] = {
        {"base64-decode-openssl", decode_openssl, 1},
        {"base64-decode", decode, 1},
        {"base64-encode-openssl", encode_openssl, 1},
        {"base64-encode", encode, 1},
    };
    static bench b;
    br_buf_init(&b.bytes, SIZE);
    br_buf_init(&b.text, 2 * SIZE);
    br_buf_init(&b.out, 2 * SIZE);
    for (size_t i = 0; i < SIZE; i++)
        br_buf_addc(&b.bytes, (char)(i * 211 + i / 256));
    br_base64_encode(&b.text, br_buf_slice(&b.bytes));
    alone(&b, all, sizeof(all) / sizeof(all[0]), argc, argv);
    return 0;
}
