#include "core/http/uri.h"

#include "check.h"
#include "core/http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_encode(br_slice text, bool keep_slash, const char *want)
{
    char *copy = guard_copy(text.p, text.n);
    br_buf b;
    br_buf_init(&b, 10000);
    br_uri_encode(&b, (br_slice){copy, text.n}, keep_slash);
    CHECK_SLICE(br_buf_slice(&b), want);
    br_buf_free(&b);
    guard_free(copy, text.n);
}

static void test_encode(void)
{
    check_encode(BR_SLICE(""), false, "");
    check_encode(BR_SLICE("AZaz09-._~"), false, "AZaz09-._~");
    check_encode(BR_SLICE("anthropic.claude-v2:1"), false, "anthropic.claude-v2%3A1");
    check_encode(BR_SLICE("a/b"), false, "a%2Fb");
    check_encode(BR_SLICE("a/b c+d*e%41"), true, "a/b%20c%2Bd%2Ae%2541");
    check_encode(BR_SLICE("\xC3\xA9\0\xFF\x7F"), false, "%C3%A9%00%FF%7F");
    br_buf b;
    br_buf_init(&b, 5);
    br_uri_encode(&b, BR_SLICE("::"), false);
    CHECK(b.failed && b.len == 0);
    br_buf_free(&b);
}

static void check_path(const char *path, bool normalise, bool encode, const char *want)
{
    size_t n = strlen(path);
    char *copy = guard_copy(path, n);
    br_buf b;
    br_buf_init(&b, 10000);
    br_buf_adds(&b, "P");
    br_uri_canonical_path(&b, (br_slice){copy, n}, normalise, encode);
    CHECK(!b.failed && b.data[0] == 'P');
    CHECK_STR(b.data + 1, want);
    br_buf_free(&b);
    guard_free(copy, n);
}

static void test_path(void)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"", "/"},
        {"/", "/"},
        {"//", "/"},
        {"/.", "/"},
        {"/..", "/"},
        {"/./", "/"},
        {"/../..", "/"},
        {"/example/..", "/"},
        {"/example1/example2/../..", "/"},
        {"/./example", "/example"},
        {"//example//", "/example/"},
        {"/a/b/../c", "/a/c"},
        {"/a/b/..", "/a"},
        {"/a/b/../", "/a/"},
        {"/a/./b/", "/a/b/"},
        {"/a/../../b", "/b"},
        {"/a..b/...", "/a..b/..."},
        {"/model/x%3A0/converse", "/model/x%253A0/converse"},
        {"/model/arn%3Aaws%2Fy/invoke", "/model/arn%253Aaws%252Fy/invoke"},
        {"/a b/\xC3\xA9", "/a%20b/%C3%A9"},
        {"/%2E%2E/x", "/%252E%252E/x"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_path(cases[i].path, true, true, cases[i].want);
    check_path("/a//b/../%3A", false, true, "/a//b/../%253A");
    check_path("/a//b/../%3A", false, false, "/a//b/../%3A");
    check_path("/a//b/../%3A", true, false, "/a/%3A");
    check_path("", false, false, "/");
}

static void check_query(const char *query, const char *want)
{
    size_t n = strlen(query);
    char *copy = guard_copy(query, n);
    br_buf b;
    br_buf_init(&b, 10000);
    br_uri_canonical_query(&b, (br_slice){copy, n});
    CHECK(!b.failed);
    CHECK_SLICE(br_buf_slice(&b), want);
    br_buf_free(&b);
    guard_free(copy, n);
}

static void test_query(void)
{
    static const struct {
        const char *query, *want;
    } cases[] = {
        {"", ""},
        {"a", "a="},
        {"a=", "a="},
        {"a=b=c", "a=b%3Dc"},
        {"=v", "=v"},
        {"b=1&a=2", "a=2&b=1"},
        {"a=2&a=1&a=10", "a=1&a=10&a=2"},
        {"a=1&A=2&a-b=3&a0=4&aa=5", "A=2&a=1&a-b=3&a0=4&aa=5"},
        {"t=a%2Bb%2F%3D", "t=a%2Bb%2F%3D"},
        {"t=a+b", "t=a%2Bb"},
        {"t=a b", "t=a%20b"},
        {"t=%41%7e%c3%a9", "t=A~%C3%A9"},
        {"t=%zz&u=%4&v=%", "t=%25zz&u=%254&v=%25"},
        {"t=%%41", "t=%25A"},
        {"&&a=1&&", "a=1"},
        {"a=/*", "a=%2F%2A"},
        {"x=\xE2\x82\xAC&%E2%82%AC=1", "%E2%82%AC=1&x=%E2%82%AC"},
        {"a%3D=1&a=2", "a=2&a%3D=1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_query(cases[i].query, cases[i].want);
}

static void test_query_limits(void)
{
    br_buf query, out;
    br_buf_init(&query, 100000);
    br_buf_init(&out, 100000);
    for (int i = 0; i < BR_QUERY_PAIRS_MAX; i++)
        br_buf_addf(&query, "k%04d=v&", BR_QUERY_PAIRS_MAX - 1 - i);
    br_uri_canonical_query(&out, br_buf_slice(&query));
    CHECK(!out.failed && out.len == query.len - 1 && memcmp(out.data, "k0000=v&k0001=v&", 16) == 0);
    br_buf_clear(&out);
    br_buf_adds(&query, "one=more");
    br_uri_canonical_query(&out, br_buf_slice(&query));
    CHECK(out.failed);
    br_buf_free(&query);
    br_buf_free(&out);
}

static void check_url(const char *text, const char *origin, const char *path, bool loopback)
{
    size_t n = strlen(text);
    char *copy = guard_copy(text, n);
    br_url url;
    br_error e;
    br_buf b;
    br_buf_init(&b, 1000);
    br_error_clear(&e);
    check_that(br_url_parse(&url, (br_slice){copy, n}, &e), text, __FILE__, __LINE__);
    br_url_origin(&b, &url);
    CHECK_SLICE(br_buf_slice(&b), origin);
    br_buf_clear(&b);
    br_url_host(&b, &url);
    CHECK_SLICE(br_buf_slice(&b), strstr(origin, "//") + 2);
    CHECK_STR(url.path, path);
    CHECK(url.loopback == loopback);
    CHECK(url.https == (strncmp(origin, "https", 5) == 0));
    br_buf_free(&b);
    guard_free(copy, n);
}

static void test_urls(void)
{
    check_url("https://example.com", "https://example.com", "", false);
    check_url("HTTPS://Example.COM/", "https://example.com", "", false);
    check_url("https://example.com:443/vpc/", "https://example.com", "/vpc", false);
    check_url("https://example.com:8443/a/b%20c", "https://example.com:8443", "/a/b%20c", false);
    check_url("http://example.com:443", "http://example.com:443", "", false);
    check_url("http://localhost:80", "http://localhost", "", true);
    check_url("http://LOCALHOST:8080", "http://localhost:8080", "", true);
    check_url("http://127.0.0.1:9000/x", "http://127.0.0.1:9000", "/x", true);
    check_url("http://127.255.255.254", "http://127.255.255.254", "", true);
    check_url("http://128.0.0.1", "http://128.0.0.1", "", false);
    check_url("http://[::1]:1234", "http://[::1]:1234", "", true);
    check_url("https://[FE80::1]/p", "https://[fe80::1]", "/p", false);
    check_url("http://localhost.example", "http://localhost.example", "", false);
    check_url("https://vpce-0a--b.x.vpce.amazonaws.com", "https://vpce-0a--b.x.vpce.amazonaws.com",
              "", false);
    check_url("https://1.example", "https://1.example", "", false);
    check_url("https://h:00443", "https://h", "", false);
    check_url("https://h/...", "https://h", "/...", false);
    check_url("https://h/a:b@c!$&'()*+,;=-._~", "https://h", "/a:b@c!$&'()*+,;=-._~", false);
}

static void check_refused(const char *text)
{
    br_url url;
    br_error e;
    br_error_clear(&e);
    check_that(!br_url_parse(&url, br_slice_of(text), &e), text, __FILE__, __LINE__);
    CHECK(e.kind == BR_ERR_CONFIG && strcmp(e.code, "ConfigError") == 0 && e.message[0] != '\0');
    CHECK(strstr(e.message, "hunter2") == NULL);
}

static void test_refused(void)
{
    static const char *const bad[] = {"",
                                      "example.com",
                                      "ftp://h",
                                      "file:///etc/passwd",
                                      "https:/h",
                                      "https//h",
                                      "https://",
                                      "https:///path",
                                      "https://user@h",
                                      "https://user:hunter2@h",
                                      "https://h/?token=hunter2",
                                      "https://h?x",
                                      "https://h#hunter2",
                                      "https://h:0",
                                      "https://h:65536",
                                      "https://h:99999",
                                      "https://h:",
                                      "https://h:x",
                                      "https://h:+80",
                                      "https://h:8080x",
                                      "https://h:000080",
                                      "https://-h",
                                      "https://h-",
                                      "https://a..b",
                                      "https://.a",
                                      "https://a.",
                                      "https://a_b",
                                      "https://h\xC3\xA9",
                                      "https://h h",
                                      " https://h",
                                      "https://h ",
                                      "https://h/\n",
                                      "https://h/\x7F",
                                      "https://h/a/../b",
                                      "https://h/.",
                                      "https://h/..",
                                      "https://h/%2e%2E/x",
                                      "https://h/.%2e",
                                      "https://h//",
                                      "https://h/a//b",
                                      "https://h//a",
                                      "https://h/%zz",
                                      "https://h/%4",
                                      "https://h/a b",
                                      "https://h/\"",
                                      "https://h/<",
                                      "https://h/\\",
                                      "https://h\\x",
                                      "https://h/^",
                                      "https://h/\xC3\xA9",
                                      "https://127.1",
                                      "https://2130706433",
                                      "https://0x7f.0.0.1",
                                      "https://127.0.0.0x1",
                                      "https://127.0.0.01",
                                      "https://256.1.1.1",
                                      "https://1.2.3.4.5",
                                      "https://a.1",
                                      "https://[::1",
                                      "https://[]",
                                      "https://[::1]x",
                                      "https://[::1%25lo]",
                                      "https://[1.2.3.4]",
                                      "https://::1",
                                      "https://[::g]",
                                      "https://h%41",
                                      "https://[::1]:"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_refused(bad[i]);
}

static void check_long(size_t labels, size_t tail, bool ok)
{
    br_buf b;
    br_url url;
    br_error e;
    br_buf_init(&b, 5000);
    br_buf_adds(&b, "https://");
    for (size_t i = 0; i < labels; i++)
        br_buf_addf(&b, "%063d.", 1);
    for (size_t i = 0; i < tail; i++)
        br_buf_addc(&b, 'z');
    CHECK(br_url_parse(&url, br_buf_slice(&b), &e) == ok);
    br_buf_free(&b);
}

static void test_url_lengths(void)
{
    check_long(0, 63, true);
    check_long(0, 64, false);
    check_long(3, 61, true);
    check_long(3, 62, false);
    for (size_t n = BR_URL_PATH_MAX - 1; n <= BR_URL_PATH_MAX + 2; n++) {
        char *text = calloc(1, n + 16);
        memcpy(text, "https://h/", 10);
        memset(text + 10, 'p', n - 1);
        br_url url;
        br_error e;
        CHECK(br_url_parse(&url, br_slice_of(text), &e) == (n <= BR_URL_PATH_MAX));
        free(text);
    }
    br_url url;
    br_error e;
    CHECK(!br_url_parse(&url, (br_slice){"https://h\0.evil", 15}, &e));
    CHECK(!br_url_parse(&url, (br_slice){NULL, 0}, &e));
}

static void test_dot_segments(void)
{
    static const char *const plain[] = {".", "..", "/..", "a/./b", "a/..", "../a", "//.."};
    static const char *const escaped[] = {"%2e", "/.%2E/x", "a/%2e%2e"};
    static const char *const none[] = {"",      "/",         "...", "a..", "..a",
                                       "/a.b/", "%2e%2e%2e", "%2",  ".%2"};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        CHECK(br_uri_has_dot_segment(br_slice_of(plain[i]), false) &&
              br_uri_has_dot_segment(br_slice_of(plain[i]), true));
    for (size_t i = 0; i < sizeof(escaped) / sizeof(escaped[0]); i++)
        CHECK(!br_uri_has_dot_segment(br_slice_of(escaped[i]), false) &&
              br_uri_has_dot_segment(br_slice_of(escaped[i]), true));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        CHECK(!br_uri_has_dot_segment(br_slice_of(none[i]), true));
    CHECK(!br_uri_has_dot_segment((br_slice){NULL, 0}, true));
}

int main(void)
{
    test_dot_segments();
    test_encode();
    test_path();
    test_query();
    test_query_limits();
    test_urls();
    test_refused();
    test_url_lengths();
    return check_done();
}
