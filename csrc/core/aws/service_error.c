#include "core/aws/service_error.h"

#include "core/base/ascii.h"
#include "core/http/coding.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "core/text/xml.h"

#include <stdio.h>
#include <string.h>

#define XML_LOOKED_AT 65536

/* Longer than a message, so that a character cut off here lies beyond where br_error_set cuts. */
#define TEXT_MAX (BR_ERROR_MESSAGE_MAX + 3)

/* What an answer says of its error; an empty part is unknown. It may repeat secrets. */
typedef struct told {
    br_buf code, message;
} told;

static void told_init(told *t)
{
    br_buf_init_secret(&t->code, BR_ERROR_CODE_MAX - 1);
    br_buf_init_secret(&t->message, TEXT_MAX);
}

static void told_free(told *t)
{
    br_buf_free(&t->code);
    br_buf_free(&t->message);
}

static br_slice trimmed(br_slice s)
{
    while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
        s = (br_slice){s.p + 1, s.n - 1};
    while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
        s.n--;
    return s;
}

/*
** "com.amazon.coral#ThrottlingException:http://…" gives "ThrottlingException": cut at ':' or ',',
** then after '#'. What is no name in the end counts as none.
*/
static br_slice bare_name(br_slice text)
{
    size_t n = 0, from = 0;
    while (n < text.n && text.p[n] != ':' && text.p[n] != ',')
        n++;
    for (size_t i = 0; i < n; i++)
        if (text.p[i] == '#')
            from = i + 1;
    br_slice name = trimmed((br_slice){text.n > 0 ? text.p + from : "", n - from});
    for (size_t i = 0; i < name.n; i++)
        if (!br_is_alnum_or(name.p[i], "._-"))
            return (br_slice){"", 0};
    return name.n < BR_ERROR_CODE_MAX ? name : (br_slice){"", 0};
}

static void set_code(told *t, br_slice text)
{
    if (t->code.len == 0)
        br_buf_add_slice(&t->code, bare_name(text));
}

static void add_what_fits(br_buf *to, br_slice text)
{
    size_t room = to->max - to->len;
    br_buf_add(to, text.p, text.n < room ? text.n : room);
}

/* A message may be shown on a terminal, so no control character but line feed and tab stays. */
static void set_message(told *t, br_slice text)
{
    if (t->message.len > 0)
        return;
    add_what_fits(&t->message, trimmed(text));
    for (size_t i = 0; i < t->message.len; i++) {
        char *c = &t->message.data[i];
        if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7F)
            *c = ' ';
    }
}

/* JSON */

/* Members in the order in which they are believed; of equals the first in the text counts. */
typedef enum member {
    CODE,
    TYPE,
    UPPER_CODE,
    MESSAGE,
    UPPER_MESSAGE,
    ERROR_MESSAGE,
    MEMBERS
} member;

static int member_of(br_slice key)
{
    static const char *const names[MEMBERS] = {
        [CODE] = "code",       [TYPE] = "__type",           [UPPER_CODE] = "Code",
        [MESSAGE] = "message", [UPPER_MESSAGE] = "Message", [ERROR_MESSAGE] = "errorMessage"};
    for (int i = 0; i < MEMBERS; i++)
        if (br_slice_eqs(key, names[i]))
            return i;
    return -1;
}

static bool read_member(br_json_reader *r, br_buf *to)
{
    br_slice text;
    if (br_json_peek(r) != BR_JSON_STRING)
        return br_json_skip(r);
    if (!br_json_string(r, &text))
        return false;
    if (to->len == 0)
        add_what_fits(to, text);
    return true;
}

static bool read_members(br_json_reader *r, br_buf found[MEMBERS])
{
    br_slice key;
    int more;
    if (!br_json_object_begin(r))
        return false;
    for (bool first = true; (more = br_json_object_next(r, first, &key)) == 1; first = false) {
        int i = member_of(key);
        if (!(i >= 0 ? read_member(r, &found[i]) : br_json_skip(r)))
            return false;
    }
    return more == 0 && br_json_end(r);
}

/* Members of a broken text are not believed. */
static void from_json(told *t, br_slice body)
{
    br_buf found[MEMBERS];
    for (int i = 0; i < MEMBERS; i++)
        br_buf_init_secret(&found[i], TEXT_MAX);
    br_json_reader r;
    br_json_reader_init(&r, body);
    r.scratch.secret = true;
    bool ok = read_members(&r, found);
    br_json_reader_free(&r);
    for (int i = 0; i < MEMBERS; i++) {
        if (ok && i < MESSAGE)
            set_code(t, br_buf_slice(&found[i]));
        else if (ok)
            set_message(t, br_buf_slice(&found[i]));
        br_buf_free(&found[i]);
    }
}

/* XML */

/* Bytes that are not UTF-8 become '?'. */
static void replace_bad_utf8(br_buf *text)
{
    if (text->len == 0)
        return;
    char *p = text->data, *end = text->data + text->len;
    while (p < end) {
        size_t n = (unsigned char)*p < 0x80 ? 1 : br_utf8_sequence(p, end);
        if (n == 0)
            *p = '?';
        p += n > 0 ? n : 1;
    }
}

/* Elements may be anywhere: AWS's services nest them differently. The first of each name counts. */
static void from_xml(told *t, br_slice body)
{
    br_slice seen = br_slice_cut(body, XML_LOOKED_AT);
    br_buf text;
    br_buf_init_secret(&text, TEXT_MAX);
    br_xml x = {.p = seen.p, .end = seen.p + seen.n, .text = &text, .lenient = true};
    br_xml_tag tag;
    while (br_xml_next_tag(&x, &tag)) {
        bool code = br_slice_eqs(tag.name, "Code");
        if (tag.closing || tag.empty ||
            !(code || br_slice_eq_nocase(tag.name, BR_SLICE("message"))))
            continue;
        if (!br_xml_text(&x) && !text.failed)
            break;
        replace_bad_utf8(&text);
        (code ? set_code : set_message)(t, br_buf_slice(&text));
    }
    br_buf_free(&text);
}

/* Other bodies */

static bool begins_tag(br_slice text)
{
    char next = text.p[0] == '<' && text.n > 1 ? text.p[1] : ' ';
    return next == '/' || next == '!' || next == '?' || br_is_letter(next);
}

/* One line of what a person would read: tags, controls and runs of blanks become one blank. */
static void clean(br_buf *out, br_slice text)
{
    bool in_tag = false, gap = false;
    for (; text.n > 0 && out->len + 2 <= out->max; text = (br_slice){text.p + 1, text.n - 1}) {
        char c = text.p[0];
        in_tag = in_tag || begins_tag(text);
        if (in_tag || (unsigned char)c <= ' ' || c == 0x7F) {
            in_tag = in_tag && c != '>';
            gap = true;
            continue;
        }
        if (gap && out->len > 0)
            br_buf_addc(out, ' ');
        br_buf_addc(out, c);
        gap = false;
    }
}

/* The readable beginning of any body. */
static void from_text(told *t, br_slice body)
{
    br_buf line;
    br_buf_init_secret(&line, BR_ERROR_BODY_SHOWN);
    clean(&line, body);
    replace_bad_utf8(&line);
    set_message(t, br_buf_slice(&line));
    br_buf_free(&line);
}

static void read_body(told *t, br_slice body)
{
    body = trimmed(body);
    if (body.n > 0 && body.p[0] == '{')
        from_json(t, body);
    else
        from_xml(t, body);
    if (t->message.len == 0 && t->code.len == 0)
        from_text(t, body);
}

void br_service_error(int status, const br_headers *headers, br_slice body, br_error *out)
{
    char code[BR_ERROR_CODE_MAX];
    told t;
    bool coded = br_coded(headers);
    told_init(&t);
    if (!coded)
        read_body(&t, body);
    br_slice name = bare_name(br_headers_get(headers, "x-amzn-errortype"));
    if (name.n == 0)
        name = br_buf_slice(&t.code);
    if (name.n > 0)
        snprintf(code, sizeof(code), "%.*s", (int)name.n, name.p);
    else
        snprintf(code, sizeof(code), "HTTP%d", status);
    if (t.message.len > 0)
        br_error_set(out, BR_ERR_SERVICE, code, "%.*s", (int)t.message.len, t.message.data);
    else if (coded)
        br_error_set(out, BR_ERR_SERVICE, code,
                     "the service answered HTTP %d; the reason cannot be read, because a proxy or "
                     "gateway sent it %s-encoded",
                     status, br_coding_of(headers).text);
    else
        br_error_set(out, BR_ERR_SERVICE, code, "the service answered HTTP %d without a reason",
                     status);
    told_free(&t);
}

br_slice br_request_id(const br_headers *headers)
{
    static const char *const names[] = {"x-amzn-requestid", "x-amzn-request-id",
                                        "x-amz-request-id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        br_slice id = br_headers_get(headers, names[i]);
        if (id.n > 0)
            return id;
    }
    return (br_slice){NULL, 0};
}
