/* A client made from settings: files read, texts told from paths, endpoints chosen. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/x509/x509.h"
#include "engine/client/client.h"
#include "engine/files/read_file.h"

#define NOW_MS 1790000000000 /* 2026-09-21 */

static const char *pki;

static int64_t fixed_wall(void *user)
{
    (void)user;
    return NOW_MS;
}

static br_platform platform;

static const char *in_pki(const char *name)
{
    static char path[4][600];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", pki, name);
    return path[turn];
}

static void set(br_settings *s, const char *name, const char *value, br_problems *p)
{
    br_settings_set_text(s, br_slice_of(name), br_slice_of(value), p);
}

static void roles_anywhere(br_settings *s, const char *certificate, const char *key)
{
    br_problems p;
    br_problems_init(&p);
    br_settings_init(s);
    set(s, "profile_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:profile/a", &p);
    set(s, "role_arn", "arn:aws:iam::123456789012:role/a", &p);
    set(s, "trust_anchor_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/a", &p);
    set(s, "session_name", "test", &p);
    set(s, "certificate", certificate, &p);
    set(s, "private_key", key, &p);
    CHECK_INT(p.count, 0);
    br_problems_free(&p);
}

/* The one problem that is expected, under that option and of that kind. */
static void refused(br_settings *s, const char *path, const char *kind, const char *words)
{
    br_problems p;
    br_problems_init(&p);
    CHECK(br_client_new(s, &br_model_builtin, &platform, &p) == NULL);
    CHECK_INT(p.count, 1);
    if (p.count > 0) {
        CHECK_STR(p.items[0].path, path);
        CHECK_STR(p.items[0].kind, kind);
        if (strstr(p.items[0].message, words) == NULL)
            CHECK_STR(p.items[0].message, words);
    }
    br_problems_free(&p);
}

static br_client *made(br_settings *s)
{
    br_problems p;
    br_problems_init(&p);
    br_client *c = br_client_new(s, &br_model_builtin, &platform, &p);
    for (size_t i = 0; i < p.count; i++)
        printf("  unexpected: %s: %s\n", p.items[i].path, p.items[i].message);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static void test_data_or_path(void)
{
    char der[200] = {0x30, (char)0x82};
    CHECK(br_looks_like_data(BR_SLICE("-----BEGIN CERTIFICATE-----")));
    CHECK(br_looks_like_data(BR_SLICE("\xEF\xBB\xBF-----BEGIN CERTIFICATE-----\\n")));
    CHECK(br_looks_like_data((br_slice){der, sizeof(der)}));
    CHECK(br_looks_like_data(BR_SLICE("no such\nfile")));
    CHECK(!br_looks_like_data(BR_SLICE("/etc/ssl/0.pem")));
    CHECK(!br_looks_like_data(BR_SLICE("0\x82")));
    CHECK(!br_looks_like_data(BR_SLICE("")));
}

static void test_files(void)
{
    br_settings s;
    roles_anywhere(&s, "/nonexistent/leaf.pem", in_pki("p256.key.pkcs8.pem"));
    refused(&s, "certificate", "file", "No such file");
    roles_anywhere(&s, "~/leaf.pem", in_pki("p256.key.pkcs8.pem"));
    refused(&s, "certificate", "file", "not expanded");
    roles_anywhere(&s, in_pki(""), in_pki("p256.key.pkcs8.pem"));
    refused(&s, "certificate", "file", "directory");
    roles_anywhere(&s, "/dev/zero", in_pki("p256.key.pkcs8.pem"));
    refused(&s, "certificate", "file", "not a regular file");
    roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p384.key.pkcs8.pem"));
    refused(&s, "private_key", "certificate", "does not belong");
}

/* Opening a FIFO that nobody writes to must not wait. */
static void test_fifo(void)
{
    char dir[] = "/tmp/lua-bedrock-test-XXXXXX", path[64];
    br_settings s;
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/fifo", dir);
    CHECK_INT(mkfifo(path, 0600), 0);
    roles_anywhere(&s, path, in_pki("p256.key.pkcs8.pem"));
    refused(&s, "certificate", "file", "not a regular file");
    unlink(path);
    rmdir(dir);
}

/* A private key is a sequence of three parts, too, but of others. */
static void test_no_outline(void)
{
    CHECK(
        !br_x509_is_in(BR_SLICE("-----BEGIN CERTIFICATE-----\n"
                                "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                "-----END CERTIFICATE-----\n")));
}

static void test_ca_file(void)
{
    br_settings s;
    br_problems p;
    br_problems_init(&p);
    roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
    set(&s, "ca_file", in_pki("p256.crt.der"), &p);
    refused(&s, "ca_file", "file", "no PEM certificate");
    static const char *const without[] = {"p256.key.pkcs8.pem", "p256.key.pkcs8.enc.pem",
                                          "garbage.pem", "empty.pem"};
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
        set(&s, "ca_file", in_pki(without[i]), &p);
        refused(&s, "ca_file", "file", "no PEM certificate");
    }
    static const char *const with[] = {"ca.pem", "p256.both-reversed.pem", "p256.comments.pem",
                                       "p256.bom.pem", "p256.crlf.pem"};
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
        roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
        set(&s, "ca_file", in_pki(with[i]), &p);
        br_client *c = br_client_new(&s, &br_model_builtin, &platform, &p);
        CHECK(c != NULL && !br_problems_any(&p));
        br_client_unref(c);
    }
    roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
    set(&s, "ca_file", "/nonexistent.pem", &p);
    refused(&s, "ca_file", "file", "No such file");
    br_problems_free(&p);
}

static void test_proxy(void)
{
    static const char *const bad[] = {
        "http://user:TOPSECRET@127.0.0.1:1x",  "http://user:TOPSECRET@127.0.0.1:65536",
        "http://user:TOPSECRET@127.0.0.1:0",   "http://user:TOPSECRET@127.0.0.1:-1",
        "socks5h://user:TOPSECRET@proxy:port",
    };
    br_settings s;
    br_problems p;
    br_problems_init(&p);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
        set(&s, "proxy", bad[i], &p);
        refused(&s, "proxy", "pattern", "cannot be used: its port is not a number from 1 to 65535");
    }
    set(&s, "proxy", "http://user:TOP/SECRET@127.0.0.1:1", &p);
    CHECK(p.count == 1 && strstr(p.items[0].message, "percent-encode") != NULL &&
          strstr(p.items[0].message, "SECRET") == NULL);
    br_settings_free(&s);
    br_problems_free(&p);
    br_problems_init(&p);
    roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
    set(&s, "proxy", "http://user:TOPSECRET@", &p);
    refused(&s, "proxy", "pattern", "cannot be used: ");
    static const char *const good[] = {"http://127.0.0.1:3128", "http://proxy.example.com",
                                       "https://user:p%40ss@[::1]:65535/", "socks4a://proxy:1",
                                       "socks5h://u:p@proxy:1080"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
        set(&s, "proxy", good[i], &p);
        br_client *c = br_client_new(&s, &br_model_builtin, &platform, &p);
        CHECK(c != NULL && !br_problems_any(&p));
        br_client_unref(c);
    }
}

static void endpoint_is(const br_client *c, const char *service, const char *want)
{
    br_url url;
    br_error error;
    br_buf text;
    int index = br_model_service(&br_model_builtin, br_slice_of(service));
    br_buf_init(&text, 512);
    CHECK(br_config_endpoint(c->config, &br_model_builtin, (unsigned)index, &url, &error));
    br_url_origin(&text, &url);
    br_buf_adds(&text, url.path);
    CHECK_SLICE(br_buf_slice(&text), want);
    br_buf_free(&text);
}

static void test_endpoints(void)
{
    br_settings s;
    br_problems p;
    br_problems_init(&p);
    roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
    set(&s, "region", "eu-central-1", &p);
    set(&s, "roles_anywhere_region", "us-east-1", &p);
    br_client *c = made(&s);
    endpoint_is(c, "bedrock-runtime", "https://bedrock-runtime.eu-central-1.amazonaws.com");
    endpoint_is(c, "rolesanywhere", "https://rolesanywhere.us-east-1.amazonaws.com");
    br_client_unref(c);

    roles_anywhere(&s, in_pki("p256.crt.pem"), in_pki("p256.key.pkcs8.pem"));
    set(&s, "endpoint", "https://127.0.0.1:8443/all", &p);
    br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("runtime"),
                             BR_SLICE("https://127.0.0.1:8444"), &p);
    c = made(&s);
    endpoint_is(c, "bedrock-runtime", "https://127.0.0.1:8444");
    endpoint_is(c, "rolesanywhere", "https://127.0.0.1:8443/all");
    endpoint_is(c, "bedrock", "https://127.0.0.1:8443/all");
    br_client_unref(c);
    CHECK_INT(p.count, 0);
    br_problems_free(&p);
}

/* Key and password do not outlive loading, but inside the key object. */
static void test_material_forgotten(void)
{
    size_t n;
    char *key = slurp(in_pki("p256.key.pkcs8.enc.pem"), &n);
    br_settings s;
    br_problems p;
    br_problems_init(&p);
    CHECK(key != NULL);
    roles_anywhere(&s, in_pki("p256.crt.pem"), key);
    set(&s, "private_key_password", "test-password", &p);
    br_client *c = made(&s);
    CHECK(br_settings_text(&c->config->settings, BR_OPT_PRIVATE_KEY).p == NULL);
    CHECK(br_settings_text(&c->config->settings, BR_OPT_PRIVATE_KEY_PASSWORD).p == NULL);
    CHECK_SLICE(br_settings_text(&c->config->settings, BR_OPT_SESSION_NAME), "test");
    CHECK(s.text[BR_OPT_SESSION_NAME] == NULL);
    br_client_unref(c);
    free(key);
    br_problems_free(&p);
}

int main(void)
{
    pki = getenv("BEDROCK_TEST_PKI") ? getenv("BEDROCK_TEST_PKI") : "build/pki";
    platform = br_platform_system;
    platform.wall_ms = fixed_wall;
    test_data_or_path();
    test_files();
    test_fifo();
    test_no_outline();
    test_ca_file();
    test_proxy();
    test_endpoints();
    test_material_forgotten();
    return check_done();
}
