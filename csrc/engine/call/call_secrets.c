#include "core/base/ascii.h"
#include "engine/call/call_private.h"

#include <string.h>

#define SECRET_MIN 8    /* shorter ones would hide innocent words */
#define REFERENCE_MAX 8 /* digits of a character reference */

/* Up to `max` digits at the start of the text; returns how many. */
static size_t read_digits(br_slice text, int base, size_t max, unsigned *value)
{
    size_t n = 0;
    *value = 0;
    for (; n < max && n < text.n; n++) {
        int digit = br_hex_value(text.p[n]);
        if (digit < 0 || digit >= base)
            break;
        *value = *value * (unsigned)base + (unsigned)digit;
    }
    return n;
}

static br_slice after(br_slice text, size_t n)
{
    return (br_slice){text.p + n, text.n - n};
}

/* "&#43;" or "&#x2b;" */
static size_t says_by_reference(br_slice text, char c)
{
    unsigned value;
    bool hex = text.n > 2 && (text.p[2] == 'x' || text.p[2] == 'X');
    size_t start = hex ? 3 : 2;
    if (text.n < start || text.p[1] != '#')
        return 0;
    size_t end = start + read_digits(after(text, start), hex ? 16 : 10, REFERENCE_MAX, &value);
    bool whole = end > start && end < text.n && text.p[end] == ';';
    return whole && value == (unsigned char)c ? end + 1 : 0;
}

/* How much at the start of the text says that character, as such or as JSON, HTML or URLs have it. */
static size_t says_char(br_slice text, char c)
{
    unsigned value;
    if (text.n == 0)
        return 0;
    if (text.p[0] == c)
        return 1;
    if (text.p[0] == '\\' && text.n > 1 && text.p[1] == c)
        return 2;
    if (text.p[0] == '\\' && text.n > 5 && text.p[1] == 'u' &&
        read_digits(after(text, 2), 16, 4, &value) == 4)
        return value == (unsigned char)c ? 6 : 0;
    if (text.p[0] == '%' && text.n > 2 && read_digits(after(text, 1), 16, 2, &value) == 2)
        return value == (unsigned char)c ? 3 : 0;
    return text.p[0] == '&' && text.n > 3 ? says_by_reference(text, c) : 0;
}

/* How much of the text says the secret; 0 if it does not. */
static size_t says(br_slice text, br_slice secret)
{
    size_t at = 0;
    for (size_t i = 0; i < secret.n; i++) {
        size_t n = says_char(after(text, at), secret.p[i]);
        if (n == 0)
            return 0;
        at += n;
    }
    return at;
}

/* Spares nearly all bytes the long look. */
static bool may_begin(char c, char first)
{
    return c == first || c == '\\' || c == '%' || c == '&';
}

/* The padding of base64 says nothing. No text is shorter than what it says, in whatever way. */
static void hide(br_slice text, br_slice secret)
{
    char *bytes = (char *)(uintptr_t)text.p;
    while (secret.n > 0 && secret.p[secret.n - 1] == '=')
        secret.n--;
    if (secret.n < SECRET_MIN)
        return;
    for (size_t i = 0; i + secret.n <= text.n; i++)
        if (may_begin(bytes[i], secret.p[0]))
            memset(bytes + i, '*', says(after(text, i), secret));
}

/* With and without the word before it, as in "Bearer ...". */
static void hide_value(br_slice text, br_slice value)
{
    const char *blank = value.n > 0 ? memchr(value.p, ' ', value.n) : NULL;
    hide(text, value);
    if (blank != NULL)
        hide(text, after(value, (size_t)(blank + 1 - value.p)));
}

static void hide_headers(br_slice text, const br_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        if (!br_header_is_public(br_headers_name(headers, i)))
            hide_value(text, br_headers_value(headers, i));
}

void br_call_hide_secrets_in_headers(const br_call *c)
{
    for (size_t i = 0; i < c->headers.count; i++) {
        br_slice value = br_headers_value(&c->headers, i);
        if (value.n >= SECRET_MIN)
            br_call_hide_secrets(c, value);
    }
}

void br_call_hide_secrets(const br_call *c, br_slice text)
{
    hide(text, br_settings_text(&c->client->config->settings, BR_OPT_API_KEY));
    hide_headers(text, &c->client->config->settings.headers);
    hide_headers(text, &c->request.headers);
    if (c->authorized)
        hide_value(text, br_buf_slice(&c->authorization));
    if (c->credentials == NULL)
        return;
    hide(text, c->credentials->secret_access_key);
    hide(text, c->credentials->session_token);
}
