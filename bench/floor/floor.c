/*
** The floors as Lua functions: the least code that does a job with the best library, called from
** Lua. What is measured against them is this project's own code; nothing here is used by it.
**
**   floor.sign(method, path, host, date, token, body) -> Authorization  raw OpenSSL, kept HMAC key
**   floor.post(url, ca_file, header lines, body)      -> status, body   bare libcurl, one handle
*/
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#define SCOPE "20261122/us-east-1/bedrock/aws4_request"
#define NAMES "accept;content-type;host;x-amz-date;x-amz-security-token;x-amzn-bedrock-trace"

static EVP_MD *sha;
static EVP_MD_CTX *digest;
static EVP_MAC_CTX *keyed;

static void derive(unsigned char key[32])
{
    static const char *const steps[] = {"20261122", "us-east-1", "bedrock", "aws4_request"};
    char secret[64] = "AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    unsigned n = (unsigned)strlen(secret);
    memcpy(key, secret, 32);
    for (int i = 0; i < 4; i++) {
        const void *k = i == 0 ? (const void *)secret : key;
        HMAC(EVP_sha256(), k, i == 0 ? (int)n : 32, (const unsigned char *)steps[i],
             strlen(steps[i]), key, NULL);
    }
}

static void setup_signing(void)
{
    unsigned char key[32];
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 6), OSSL_PARAM_END};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    sha = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest = EVP_MD_CTX_new();
    keyed = EVP_MAC_CTX_new(mac);
    derive(key);
    EVP_MAC_init(keyed, key, 32, params);
}

static void hex_digest(const char *text, size_t n, char hex[65])
{
    unsigned char md[32];
    EVP_DigestInit_ex2(digest, sha, NULL);
    EVP_DigestUpdate(digest, text, n);
    EVP_DigestFinal_ex(digest, md, NULL);
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[md[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[md[i] & 15];
    }
    hex[64] = '\0';
}

static char *put(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static int floor_sign(lua_State *L)
{
    static char text[16384];
    size_t n[6];
    const char *arg[6];
    char hash[65], *at = text;
    unsigned char mac[32];
    size_t mac_len;
    for (int i = 0; i < 6; i++)
        arg[i] = luaL_checklstring(L, i + 1, &n[i]);
    hex_digest(arg[5], n[5], hash);
    at = put(at, arg[0], n[0]);
    at = PUT(at, "\n");
    at = put(at, arg[1], n[1]);
    at = PUT(at, "\n\naccept:application/json\ncontent-type:application/json\nhost:");
    at = put(at, arg[2], n[2]);
    at = PUT(at, "\nx-amz-date:");
    at = put(at, arg[3], n[3]);
    at = PUT(at, "\nx-amz-security-token:");
    at = put(at, arg[4], n[4]);
    at = PUT(at, "\nx-amzn-bedrock-trace:DISABLED\n\n" NAMES "\n");
    at = put(at, hash, 64);
    hex_digest(text, (size_t)(at - text), hash);
    at = PUT(text, "AWS4-HMAC-SHA256\n");
    at = put(at, arg[3], n[3]);
    at = PUT(at, "\n" SCOPE "\n");
    at = put(at, hash, 64);
    EVP_MAC_CTX *c = EVP_MAC_CTX_dup(keyed);
    EVP_MAC_update(c, (unsigned char *)text, (size_t)(at - text));
    EVP_MAC_final(c, mac, &mac_len, sizeof(mac));
    EVP_MAC_CTX_free(c);
    at = PUT(text, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" SCOPE ", SignedHeaders=" NAMES
                   ", Signature=");
    for (int i = 0; i < 32; i++) {
        *at++ = "0123456789abcdef"[mac[i] >> 4];
        *at++ = "0123456789abcdef"[mac[i] & 15];
    }
    lua_pushlstring(L, text, (size_t)(at - text));
    return 1;
}

static size_t collect(char *bytes, size_t size, size_t n, void *user)
{
    luaL_Buffer *b = user;
    luaL_addlstring(b, bytes, size * n);
    return size * n;
}

static struct curl_slist *header_list(lua_State *L, int index)
{
    struct curl_slist *list = NULL;
    for (int i = 1;; i++) {
        lua_rawgeti(L, index, i);
        if (lua_isnil(L, -1))
            break;
        list = curl_slist_append(list, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return list;
}

static int floor_post(lua_State *L)
{
    static CURL *easy;
    size_t n;
    long status = 0;
    const char *body = luaL_checklstring(L, 4, &n);
    if (easy == NULL)
        easy = curl_easy_init();
    struct curl_slist *list = header_list(L, 3);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    curl_easy_setopt(easy, CURLOPT_URL, luaL_checkstring(L, 1));
    curl_easy_setopt(easy, CURLOPT_CAINFO, luaL_checkstring(L, 2));
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &b);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(list);
    luaL_pushresult(&b);
    if (code != CURLE_OK)
        return luaL_error(L, "%s", curl_easy_strerror(code));
    lua_pushinteger(L, status);
    lua_insert(L, -2);
    return 2;
}

int luaopen_floor(lua_State *L);
int luaopen_floor(lua_State *L)
{
    setup_signing();
    lua_newtable(L);
    lua_pushcfunction(L, floor_sign);
    lua_setfield(L, -2, "sign");
    lua_pushcfunction(L, floor_post);
    lua_setfield(L, -2, "post");
    return 1;
}
