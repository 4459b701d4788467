/*
** The floors as Lua functions: the least code that does a job with the best library, called from
** Lua. What is measured against them is this project's own code; nothing here is used by it.
**
**   floor.sign(method, path, host, date, token, body) -> Authorization  raw OpenSSL, kept HMAC key
**   floor.sign_request(request) -> headers              the same with bedrock.sign's two tables
**   floor.post(url, ca_file, header lines, body[, access key, secret key]) -> status, body
**       bare libcurl, one handle; with keys it signs, unless it cannot: nil
**   floor.stream(url, ca_file, header lines, body, each)  the same, its answer an event stream
**   floor.frame(event type, payload)                  -> one message of an event stream
**   floor.events(bytes, each)                         calls each(event type, payload) for each
*/
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#define SCOPE "20261122/us-east-1/bedrock/aws4_request"
#define CREDENTIAL "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" SCOPE ", SignedHeaders="
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

static char *put_hex(char *at, const unsigned char md[32])
{
    for (int i = 0; i < 32; i++) {
        *at++ = "0123456789abcdef"[md[i] >> 4];
        *at++ = "0123456789abcdef"[md[i] & 15];
    }
    return at;
}

static void hex_digest(const char *text, size_t n, char hex[64])
{
    unsigned char md[32];
    EVP_DigestInit_ex2(digest, sha, NULL);
    EVP_DigestUpdate(digest, text, n);
    EVP_DigestFinal_ex(digest, md, NULL);
    put_hex(hex, md);
}

static char *put(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static void keyed_mac(const char *text, size_t n, unsigned char mac[32])
{
    size_t mac_len;
    EVP_MAC_CTX *c = EVP_MAC_CTX_dup(keyed);
    EVP_MAC_update(c, (const unsigned char *)text, n);
    EVP_MAC_final(c, mac, &mac_len, 32);
    EVP_MAC_CTX_free(c);
}

static int floor_sign(lua_State *L)
{
    static char text[16384];
    size_t n[6];
    const char *arg[6];
    char hash[64], *at = text;
    unsigned char mac[32];
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
    keyed_mac(text, (size_t)(at - text), mac);
    at = PUT(text, CREDENTIAL NAMES ", Signature=");
    at = put_hex(at, mac);
    lua_pushlstring(L, text, (size_t)(at - text));
    return 1;
}

typedef struct text {
    const char *p;
    size_t n;
} text;

typedef struct header {
    text name, value;
} header;

static text field(lua_State *L, int table, const char *name)
{
    text t;
    lua_getfield(L, table, name);
    t.p = lua_tolstring(L, -1, &t.n);
    lua_pop(L, 1);
    return t;
}

static int insert(header *all, int count, text name, text value)
{
    int i = count;
    for (; i > 0 && strcmp(all[i - 1].name.p, name.p) > 0; i--)
        all[i] = all[i - 1];
    all[i] = (header){name, value};
    return count + 1;
}

static int read_headers(lua_State *L, header *all)
{
    int count = 0;
    lua_getfield(L, 1, "headers");
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        text name, value;
        name.p = lua_tolstring(L, -2, &name.n);
        value.p = lua_tolstring(L, -1, &value.n);
        count = insert(all, count, name, value);
    }
    return count;
}

static char *put_text(char *at, text t)
{
    return put(at, t.p, t.n);
}

static char *put_path(char *at, text path)
{
    for (size_t i = 0; i < path.n; i++) {
        *at++ = path.p[i];
        if (path.p[i] == '%')
            at = PUT(at, "25");
    }
    return at;
}

static char *put_names(char *at, const header *all, int count)
{
    for (int i = 0; i < count; i++) {
        at = put_text(at, all[i].name);
        *at++ = ';';
    }
    return at - 1;
}

static void set_text(lua_State *L, const char *name, text value)
{
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

static text utc_date(lua_State *L, char date[17])
{
    struct tm utc;
    lua_getfield(L, 1, "time");
    time_t now = (time_t)lua_tointeger(L, -1);
    return (text){date, strftime(date, 17, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc))};
}

/* There is no query. */
static char *put_canonical(lua_State *L, char *at, text path, const header *all, int count)
{
    text body = field(L, 1, "body");
    at = put_text(at, field(L, 1, "method"));
    *at++ = '\n';
    at = put_path(at, path);
    at = PUT(at, "\n\n");
    for (int i = 0; i < count; i++) {
        at = put_text(at, all[i].name);
        *at++ = ':';
        at = put_text(at, all[i].value);
        *at++ = '\n';
    }
    *at++ = '\n';
    at = put_names(at, all, count);
    *at++ = '\n';
    hex_digest(body.p, body.n, at);
    return at + 64;
}

/* The key's scope is the kept one. */
static void sign_text(const char *canonical, size_t n, text date, unsigned char mac[32])
{
    char to_sign[256];
    char *at = PUT(to_sign, "AWS4-HMAC-SHA256\n");
    at = put_text(at, date);
    at = PUT(at, "\n" SCOPE "\n");
    hex_digest(canonical, n, at);
    keyed_mac(to_sign, (size_t)(at + 64 - to_sign), mac);
}

static int floor_sign_request(lua_State *L)
{
    static char canonical[16384], authorization[1024];
    header all[8];
    char buffer[17];
    unsigned char mac[32];
    text url = field(L, 1, "url"), token = field(L, 1, "session_token");
    const char *start = url.p + sizeof("https://") - 1, *slash = strchr(start, '/');
    text host = {start, (size_t)(slash - start)}, date = utc_date(L, buffer);
    int count = read_headers(L, all);
    count = insert(all, count, (text){"host", 4}, host);
    count = insert(all, count, (text){"x-amz-date", 10}, date);
    count = insert(all, count, (text){"x-amz-security-token", 20}, token);
    text path = {slash, (size_t)(url.p + url.n - slash)};
    char *at = put_canonical(L, canonical, path, all, count);
    sign_text(canonical, (size_t)(at - canonical), date, mac);
    at = PUT(authorization, CREDENTIAL);
    at = put_names(at, all, count);
    at = PUT(at, ", Signature=");
    at = put_hex(at, mac);

    lua_createtable(L, 0, 4);
    set_text(L, "host", host);
    set_text(L, "x-amz-date", date);
    lua_getfield(L, 1, "session_token");
    lua_setfield(L, -2, "x-amz-security-token");
    set_text(L, "authorization", (text){authorization, (size_t)(at - authorization)});
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

/* What all requests have: their arguments are url, ca_file, header lines, body. */
static CURL *prepare(lua_State *L, struct curl_slist *list)
{
    static CURL *easy;
    size_t n;
    const char *body = luaL_checklstring(L, 4, &n);
    if (easy == NULL)
        easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, luaL_checkstring(L, 1));
    curl_easy_setopt(easy, CURLOPT_CAINFO, luaL_checkstring(L, 2));
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    return easy;
}

/* Returns the status. */
static long perform(lua_State *L, CURL *easy, struct curl_slist *list)
{
    long status = 0;
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(list);
    if (code != CURLE_OK)
        luaL_error(L, "%s", curl_easy_strerror(code));
    return status;
}

/* false: this libcurl cannot. */
static bool sign_by_libcurl(lua_State *L, CURL *easy)
{
    if (lua_isnoneornil(L, 5))
        return true;
    curl_easy_setopt(easy, CURLOPT_USERNAME, luaL_checkstring(L, 5));
    curl_easy_setopt(easy, CURLOPT_PASSWORD, luaL_checkstring(L, 6));
    return curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:bedrock") == CURLE_OK;
}

static int floor_post(lua_State *L)
{
    struct curl_slist *list = header_list(L, 3);
    CURL *easy = prepare(L, list);
    if (!sign_by_libcurl(L, easy)) {
        curl_slist_free_all(list);
        return 0;
    }
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &b);
    long status = perform(L, easy, list);
    luaL_pushresult(&b);
    lua_pushinteger(L, status);
    lua_insert(L, -2);
    return 2;
}

static uint32_t checksum(const char *p, size_t n)
{
#ifdef HAVE_LIBDEFLATE
    return libdeflate_crc32(0, p, n);
#else
    return (uint32_t)crc32(0, (const Bytef *)p, (uInt)n);
#endif
}

static uint32_t get32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static void put32(char *to, uint32_t value)
{
    for (int i = 4; i-- > 0; value >>= 8)
        to[i] = (char)(value & 0xff);
}

#define HEADERS_END                                                                                \
    "\x0d:content-type\x07\0\x10"                                                                  \
    "application/json\x0d:message-type\x07\0\x05"                                                  \
    "event"

static int floor_frame(lua_State *L)
{
    char frame[4096];
    size_t type_n, n;
    const char *type = luaL_checklstring(L, 1, &type_n), *payload = luaL_checklstring(L, 2, &n);
    luaL_argcheck(L, type_n < 256 && n < 3000, 2, "too long");
    char *at = PUT(frame + 12, "\x0b:event-type\x07\0");
    *at++ = (char)type_n;
    at = put(at, type, type_n);
    at = PUT(at, HEADERS_END);
    put32(frame + 4, (uint32_t)(at - frame - 12));
    at = put(at, payload, n);
    put32(frame, (uint32_t)(at - frame + 4));
    put32(frame + 8, checksum(frame, 8));
    put32(at, checksum(frame, (size_t)(at - frame)));
    lua_pushlstring(L, frame, (size_t)(at - frame + 4));
    return 1;
}

/* Pushes the value of :event-type; all headers are strings. */
static void push_event_type(lua_State *L, const char *p, const char *end)
{
    while (p < end) {
        size_t name = (unsigned char)p[0];
        const char *value = p + name + 4;
        size_t n = (size_t)(unsigned char)value[-2] << 8 | (unsigned char)value[-1];
        if (name == 11 && memcmp(p + 1, ":event-type", 11) == 0) {
            lua_pushlstring(L, value, n);
            return;
        }
        p = value + n;
    }
    lua_pushnil(L);
}

/* Calls the function at that place for each whole message; returns the bytes that they were. */
static size_t read_events(lua_State *L, int each, const char *bytes, size_t n)
{
    size_t at = 0;
    while (n - at >= 16 && n - at >= get32(bytes + at)) {
        const char *p = bytes + at;
        uint32_t total = get32(p), headers = get32(p + 4);
        if (get32(p + 8) != checksum(p, 8) || get32(p + total - 4) != checksum(p, total - 4))
            luaL_error(L, "wrong checksum");
        lua_pushvalue(L, each);
        push_event_type(L, p + 12, p + 12 + headers);
        lua_pushlstring(L, p + 12 + headers, total - headers - 16);
        lua_call(L, 2, 0);
        at += total;
    }
    return at;
}

static int floor_events(lua_State *L)
{
    size_t n;
    const char *bytes = luaL_checklstring(L, 1, &n);
    if (read_events(L, 2, bytes, n) != n)
        return luaL_error(L, "the last message is not whole");
    return 0;
}

/* What came of an event stream and is not yet read. */
typedef struct arrived {
    lua_State *L;
    size_t n;
    char bytes[65536];
} arrived;

static size_t arrive(char *bytes, size_t size, size_t n, void *user)
{
    arrived *a = user;
    if (size * n > sizeof a->bytes - a->n)
        return 0;
    memcpy(a->bytes + a->n, bytes, size * n);
    a->n += size * n;
    size_t read = read_events(a->L, 5, a->bytes, a->n);
    a->n -= read;
    memmove(a->bytes, a->bytes + read, a->n);
    return size * n;
}

static int floor_stream(lua_State *L)
{
    static arrived a;
    struct curl_slist *list = header_list(L, 3);
    CURL *easy = prepare(L, list);
    a.L = L;
    a.n = 0;
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, arrive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &a);
    lua_pushinteger(L, perform(L, easy, list));
    return 1;
}

int luaopen_floor(lua_State *L);
int luaopen_floor(lua_State *L)
{
    setup_signing();
    lua_newtable(L);
    lua_pushcfunction(L, floor_sign);
    lua_setfield(L, -2, "sign");
    lua_pushcfunction(L, floor_sign_request);
    lua_setfield(L, -2, "sign_request");
    lua_pushcfunction(L, floor_post);
    lua_setfield(L, -2, "post");
    lua_pushcfunction(L, floor_stream);
    lua_setfield(L, -2, "stream");
    lua_pushcfunction(L, floor_frame);
    lua_setfield(L, -2, "frame");
    lua_pushcfunction(L, floor_events);
    lua_setfield(L, -2, "events");
    return 1;
}
