#include "core/base/error.h"

#include "check.h"
#include "core/base/problems.h"
#include "core/base/suggest.h"

#include <string.h>

static void test_set(void)
{
    br_error e;
    br_error_clear(&e);
    CHECK(e.kind == BR_OK && e.code[0] == '\0' && e.message[0] == '\0');
    CHECK(!br_error_set(&e, BR_ERR_CONFIG, "ConfigError", "option %s: %d", "x", 7));
    CHECK_INT(e.kind, BR_ERR_CONFIG);
    CHECK_STR(e.code, "ConfigError");
    CHECK_STR(e.message, "option x: 7");
    br_error_set(&e, BR_ERR_STREAM, e.code, "while reading: %s", e.message);
    CHECK_STR(e.code, "ConfigError");
    CHECK_STR(e.message, "while reading: option x: 7");
    br_error_set(&e, BR_ERR_STREAM, "", "%s", "");
    CHECK(e.code[0] != '\0');
    br_error_set(&e, BR_ERR_STREAM, NULL, "m");
    CHECK(e.code[0] != '\0');
}

/* Characters of 1 to 4 bytes, from every offset: whole ones only, and none left out for nothing. */
static void test_cut(const char *character)
{
    size_t width = strlen(character);
    for (size_t lead = 0; lead < width; lead++) {
        char text[BR_ERROR_MESSAGE_MAX * 2];
        size_t n = lead;
        memset(text, 'x', lead);
        while (n + width < sizeof(text) - 1) {
            memcpy(text + n, character, width);
            n += width;
        }
        text[n] = '\0';
        br_error e;
        br_error_set(&e, BR_ERR_SERVICE, text, "%s", text);
        size_t message = strlen(e.message), code = strlen(e.code);
        CHECK(message < sizeof(e.message) && message + width >= sizeof(e.message));
        CHECK_INT((message - lead) % width, 0);
        CHECK(code < sizeof(e.code) && code + width >= sizeof(e.code));
        CHECK_INT((code - lead) % width, 0);
    }
}

static void test_exact_fit(void)
{
    char text[BR_ERROR_MESSAGE_MAX];
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text + sizeof(text) - 4, "\xE2\x82\xAC", 4);
    br_error e;
    br_error_set(&e, BR_ERR_SERVICE, "C", "%s", text);
    CHECK_STR(e.message, text);
}

static void test_kinds(void)
{
    CHECK_STR(br_err_kind_name(BR_ERR_CONFIG), "config");
    CHECK_STR(br_err_kind_name(BR_ERR_VALIDATION), "validation");
    CHECK_STR(br_err_kind_name(BR_ERR_CREDENTIALS), "credentials");
    CHECK_STR(br_err_kind_name(BR_ERR_TRANSPORT), "transport");
    CHECK_STR(br_err_kind_name(BR_ERR_TIMEOUT), "timeout");
    CHECK_STR(br_err_kind_name(BR_ERR_SERVICE), "service");
    CHECK_STR(br_err_kind_name(BR_ERR_STREAM), "stream");
    CHECK_STR(br_err_kind_name(BR_ERR_CANCELLED), "cancelled");
}

static void test_problems(void)
{
    br_problems p;
    br_problems_init(&p);
    CHECK(!br_problems_any(&p));
    CHECK(!br_problems_add(&p, "missing", BR_SLICE("a.bXX"), "is missing, give %d", 3));
    CHECK(!br_problems_add(&p, "type", (br_slice){NULL, 0}, "m"));
    CHECK(br_problems_any(&p) && p.count == 2);
    CHECK_STR(p.items[0].path, "");
    CHECK_STR(p.items[1].kind, "missing");
    CHECK_STR(p.items[1].path, "a.bXX");
    CHECK_STR(p.items[1].message, "is missing, give 3");
    for (int i = 0; i < 30; i++)
        br_problems_add(&p, "type", BR_SLICE("p"), "%02d", i * 7 % 30);
    CHECK_INT(p.count, BR_PROBLEMS_MAX);
    CHECK_INT(p.dropped, 12);
    CHECK_STR(p.items[BR_PROBLEMS_MAX - 1].message, "17");
    br_problems_add(&p, "other", BR_SLICE("p"), "17");
    CHECK_INT(p.dropped, 13);
    CHECK_STR(p.items[BR_PROBLEMS_MAX - 1].kind, "other");
    br_problems_free(&p);
    CHECK(!br_problems_any(&p) && p.count == 0);
}

/* Each before the next. */
static void test_natural_order(void)
{
    static const char *const texts[] = {
        "",
        "0",
        "00",
        "1",
        "2",
        "10",
        "A",
        "a",
        "a.b",
        "a[02]",
        "a[2]",
        "a[2].c",
        "a[3]",
        "a[10]",
        "a[10].b2",
        "a[10].b10",
        "a[18446744073709551616]",
        "a[18446744073709551617]",
        "a[x]",
        "ab",
        "\xC3\xA9",
    };
    size_t count = sizeof(texts) / sizeof(texts[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            int order = br_natural_order(texts[i], texts[k]);
            CHECK(i < k ? order < 0 : i > k ? order > 0 : order == 0);
        }
    }
}

static const char *suggestion(const char *given)
{
    static const char *const names[] = {"region",      "model_id", "modelId", "certificate",
                                        "profile_arn", "role_arn", "ab"};
    br_suggest s;
    br_suggest_init(&s, br_slice_of(given));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        br_suggest_try(&s, br_slice_of(names[i]));
    return s.best.p != NULL ? s.best.p : "";
}

static void test_suggest(void)
{
    CHECK_STR(suggestion("regoin"), "region");
    CHECK_STR(suggestion("Region"), "region");
    CHECK_STR(suggestion("modelid"), "model_id");
    CHECK_STR(suggestion("certifcate"), "certificate");
    CHECK_STR(suggestion("certificates"), "certificate");
    CHECK_STR(suggestion("profileArn"), "profile_arn");
    CHECK_STR(suggestion("rol_arm"), "role_arn");
    CHECK_STR(suggestion("regggxxn"), "");
    CHECK_STR(suggestion("reggxn"), "region");
    CHECK_STR(suggestion("regxxn"), "region");
    CHECK_STR(suggestion("rexxxn"), "");
    CHECK_STR(suggestion("ac"), "");
    CHECK_STR(suggestion("A-B"), "ab");
    CHECK_STR(suggestion("model"), "model_id");
    CHECK_STR(suggestion("cert"), "certificate");
    CHECK_STR(suggestion("PROFILE"), "profile_arn");
    CHECK_STR(suggestion("regionOfBedrock"), "region");
    CHECK_STR(suggestion("reg"), "region");
    CHECK_STR(suggestion("re"), "");
    CHECK_STR(suggestion("abnormal"), "");
    CHECK_STR(suggestion("rolesarn"), "role_arn");
    CHECK_STR(suggestion(""), "");
    char longest[400];
    memset(longest, 'r', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    CHECK_STR(suggestion(longest), "");
}

int main(void)
{
    test_set();
    test_cut("x");
    test_cut("\xC3\xA9");
    test_cut("\xE2\x82\xAC");
    test_cut("\xF0\x9F\x98\x80");
    test_exact_fit();
    test_kinds();
    test_problems();
    test_natural_order();
    test_suggest();
    return check_done();
}
