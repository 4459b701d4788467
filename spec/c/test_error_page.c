#include "core/http/error_page.h"

#include "check.h"

#include <string.h>

static br_headers typed(const char *type)
{
    br_headers h;
    br_headers_init(&h);
    if (type != NULL)
        br_headers_add(&h, BR_SLICE("Content-Type"), br_slice_of(type));
    return h;
}

static void test_json(void)
{
    CHECK(!br_error_page_for_json(BR_SLICE("")));
    CHECK(!br_error_page_for_json(BR_SLICE(" \r\n\t")));
    CHECK(!br_error_page_for_json(BR_SLICE(" {\"a\":1}")));
    CHECK(!br_error_page_for_json(BR_SLICE("[")));
    CHECK(br_error_page_for_json(BR_SLICE("\r\n<!DOCTYPE html>")));
    CHECK(br_error_page_for_json(BR_SLICE("blocked")));
}

static void test_events(void)
{
    static const struct {
        const char *type, *bytes;
        size_t n;
        bool page;
    } cases[] = {
        {"application/vnd.amazon.eventstream", "\0\0\0\x10", 4, false},
        {"application/vnd.amazon.eventstream", "<html>", 6, false},
        {"Application/VND.amazon.eventstream; x=y", "<html>", 6, false},
        {"text/html", "<html>", 6, true},
        {"application/json", "{}", 2, true},
        {NULL, "<html>", 6, true},
        {"application/vnd.amazon.eventstreams", "<", 1, true},
        {"application/json", "\0\0\0\x10", 4, false},
        {"application/json", "\1\0\0\0", 4, false},
        {"text/html", "", 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        br_headers h = typed(cases[i].type);
        CHECK(br_error_page_for_events(&h, (br_slice){cases[i].bytes, cases[i].n}) ==
              cases[i].page);
        br_headers_free(&h);
    }
}

static void test_words(void)
{
    char body[300];
    memset(body, 'x', sizeof body);
    for (size_t i = 20; i < sizeof body; i += 10)
        body[i] = ' ';
    memcpy(body, "\n <b>\x1B[2J", 9);
    br_headers h = typed("text/html; charset=utf-8");
    br_error_page_words words = br_error_page_describe(&h, (br_slice){body, sizeof body});
    CHECK(strstr(words.text, "it is of type text/html, beginning with \"<b>?[2Jxx") == words.text);
    CHECK(strstr(words.text, "x…\": did a proxy") != NULL);
    words =
        br_error_page_describe(&h, BR_SLICE("Key: abcdefghij+/=_-01234, id abcdefghijklmnopqrs"));
    CHECK(strstr(words.text, "with \"Key: …, id abcdefghijklmnopqrs\"") != NULL);
    memset(body, 'k', sizeof body);
    words = br_error_page_describe(&h, (br_slice){body, sizeof body});
    CHECK(strstr(words.text, "with \"…\"") != NULL);
    br_headers_free(&h);
    h = typed(NULL);
    words = br_error_page_describe(&h, BR_SLICE("no"));
    CHECK(strstr(words.text, "it is of no type, beginning with \"no\":") == words.text);
    br_headers_free(&h);
}

int main(void)
{
    test_json();
    test_events();
    test_words();
    return check_done();
}
