/* Content codings: which headers tell of one, and what is said of an answer that has one. */
#include "core/http/coding.h"

#include <string.h>

#include "check.h"
#include "core/aws/service_error.h"
#include "core/http/error_page.h"

/* Two values; NULL: no such header. */
static br_headers with(const char *name, const char *first, const char *second)
{
    br_headers h;
    br_headers_init(&h);
    br_headers_add(&h, BR_SLICE("Content-Type"), BR_SLICE("application/json"));
    if (first != NULL)
        br_headers_add(&h, br_slice_of(name), br_slice_of(first));
    if (second != NULL)
        br_headers_add(&h, br_slice_of(name), br_slice_of(second));
    return h;
}

static void test_codings(void)
{
    static const struct {
        const char *first, *second, *coding;
    } cases[] = {
        {NULL, NULL, ""},
        {"", NULL, ""},
        {"identity", NULL, ""},
        {" Identity , identity,", "", ""},
        {"gzip", NULL, "gzip"},
        {"GZIP", NULL, "GZIP"},
        {"identity", "br", "br"},
        {"identity, br", NULL, "identity, br"},
        {"gzip\t,br", "zstd", "gzip\t,br"},
        {"identities", NULL, "strangely"},
        {",", NULL, ""},
        {"x", NULL, "strangely"},
        {"gzip, wJalrXUtnFEMI", NULL, "strangely"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        br_headers h = with("Content-Encoding", cases[i].first, cases[i].second);
        bool tab = strchr(cases[i].coding, '\t') != NULL;
        CHECK(br_coded(&h) == (cases[i].coding[0] != '\0'));
        CHECK_STR(br_coding_of(&h).text, tab ? "gzip?,br" : cases[i].coding);
        br_headers_free(&h);
    }
}

static void test_asked(void)
{
    static const struct {
        const char *value;
        bool asked;
    } cases[] = {{NULL, false},       {"", false},       {"identity", false},
                 {"gzip", true},      {"*", true},       {"identity;q=0", true},
                 {"identity", false}, {"br, gzip", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        br_headers h = with("Accept-Encoding", cases[i].value, NULL);
        CHECK(br_coding_asked(&h) == cases[i].asked);
        br_headers_free(&h);
    }
}

static void test_words(void)
{
    static const char body[] = "\x1f\x8b\x08 {\"message\":\"not this\"}";
    br_headers h = with("Content-Encoding", "gzip", NULL);
    br_slice bytes = {body, sizeof body - 1};
    br_error error;
    CHECK(!br_coding_refuse(&h, &error));
    CHECK_INT(error.kind, BR_ERR_TRANSPORT);
    CHECK_STR(error.code, "BadResponse");
    CHECK(strstr(error.message, "the answer is gzip-encoded") == error.message);
    CHECK(strstr(br_error_page_describe(&h, bytes).text,
                 "it is of type application/json, gzip-encoded, beginning") != NULL);
    br_service_error(503, &h, bytes, &error);
    CHECK_STR(error.code, "HTTP503");
    CHECK(strstr(error.message, "HTTP 503") != NULL && strstr(error.message, "gzip") != NULL);
    CHECK(strstr(error.message, "not this") == NULL);
    br_headers_add(&h, BR_SLICE("x-amzn-ErrorType"), BR_SLICE("ThrottlingException:http://x"));
    br_service_error(429, &h, bytes, &error);
    CHECK_STR(error.code, "ThrottlingException");
    br_headers_free(&h);
}

int main(void)
{
    test_codings();
    test_asked();
    test_words();
    return check_done();
}
