#include "core/http/error_page.h"

#include <stdio.h>
#include <string.h>

#include "core/base/ascii.h"
#include "core/http/coding.h"

#define EVENT_STREAM "application/vnd.amazon.eventstream"
#define TOKEN_MIN 20      /* bytes; access keys have as many, everything secret has more */
#define LENGTH_BYTE_MAX 1 /* of messages up to 16 MiB and a little; text is above */

static br_slice without_blanks(br_slice text)
{
    while (text.n > 0 && br_is_space(*text.p))
        text = (br_slice){text.p + 1, text.n - 1};
    return text;
}

bool br_error_page_for_json(br_slice body)
{
    body = without_blanks(body);
    return body.n > 0 && *body.p != '{' && *body.p != '[';
}

/* Up to its parameters. */
static br_slice media_type(const br_headers *headers)
{
    br_slice type = br_headers_get(headers, "content-type");
    for (size_t i = 0; i < type.n; i++)
        if (type.p[i] == ';' || type.p[i] == ' ')
            type.n = i;
    return type;
}

bool br_error_page_for_events(const br_headers *headers, br_slice bytes)
{
    return bytes.n > 0 && (unsigned char)*bytes.p > LENGTH_BYTE_MAX &&
           !br_slice_eq_nocase(media_type(headers), BR_SLICE(EVENT_STREAM));
}

static bool is_of_token(char c)
{
    return br_is_alnum_or(c, "+/=_-%.~\\&#;");
}

/* The beginning of a text, without what is long enough to be a key or a token that it echoes. */
static br_printable beginning(br_slice text)
{
    char out[BR_PRINTABLE_MAX + TOKEN_MIN + sizeof "…"];
    size_t n = 0;
    for (size_t i = 0, end; i < text.n && n <= BR_PRINTABLE_MAX; i = end) {
        for (end = i; end < text.n && is_of_token(text.p[end]);)
            end++;
        bool token = end - i >= TOKEN_MIN;
        if (end == i)
            end++;
        br_slice part = token ? BR_SLICE("…") : (br_slice){text.p + i, end - i};
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    return br_print((br_slice){out, n});
}

br_error_page_words br_error_page_describe(const br_headers *headers, br_slice body)
{
    br_error_page_words words;
    br_slice type = media_type(headers);
    br_printable coding = br_coding_of(headers);
    snprintf(
        words.text, sizeof words.text,
        "it is %s%s%s%s%s, beginning with \"%s\": did a proxy or gateway answer in the service's "
        "place?",
        type.n > 0 ? "of type " : "of no type", br_print(type).text,
        coding.text[0] != '\0' ? ", " : "", coding.text, coding.text[0] != '\0' ? "-encoded" : "",
        beginning(without_blanks(body)).text);
    return words;
}
