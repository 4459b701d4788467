#include "core/page.h"

#include <stdio.h>

#define EVENT_STREAM "application/vnd.amazon.eventstream"
#define LENGTH_BYTE_MAX 1 /* of messages up to 16 MiB and a little; text is above */

static br_slice without_blanks(br_slice text)
{
    while (text.n > 0 && (*text.p == ' ' || *text.p == '\t' || *text.p == '\r' || *text.p == '\n'))
        text = (br_slice){text.p + 1, text.n - 1};
    return text;
}

bool br_page_for_json(br_slice body)
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

bool br_page_for_events(const br_headers *headers, br_slice bytes)
{
    return bytes.n > 0 && (unsigned char)*bytes.p > LENGTH_BYTE_MAX &&
           !br_slice_eq_nocase(media_type(headers), BR_SLICE(EVENT_STREAM));
}

br_page_words br_page_describe(const br_headers *headers, br_slice body)
{
    br_page_words words;
    br_slice type = media_type(headers);
    snprintf(words.text, sizeof words.text,
             "it is %s%s, beginning with \"%s\": did a proxy or gateway answer in the service's "
             "place?",
             type.n > 0 ? "of type " : "of no type", br_show(type).text,
             br_show(without_blanks(body)).text);
    return words;
}
