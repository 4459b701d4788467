#include "core/http/redis_url.h"

#include <openssl/crypto.h>
#include <string.h>

#include "core/base/ascii.h"

#define DB_DIGITS_MAX 9

static const char bad_code[] = "a % begins no code: write %25 for %";
static const char raw_word[] = "percent-encode its user name and password: %40 for @, %3A for :, "
                               "%2F for /, %23 for #, %3F for "
                               "?, %25 for %";
static const char bad_host[] = "its host or port is malformed";

bool br_redis_url_like(br_slice text)
{
    return br_slice_starts(text, "redis://") || br_slice_starts(text, "rediss://") ||
           br_slice_starts(text, "redis+unix://");
}

static br_slice from(br_slice text, size_t at)
{
    return (br_slice){text.p + at, text.n - at};
}

/* Where the character is first; n: nowhere. */
static size_t place_of(br_slice text, char c)
{
    const char *at = text.n > 0 ? memchr(text.p, c, text.n) : NULL;
    return at != NULL ? (size_t)(at - text.p) : text.n;
}

static const char *decode(char *out, size_t max, br_slice text, const char *too_long)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        int c = (unsigned char)text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? br_hex_value(text.p[i + 1]) : -1;
            int low = high >= 0 ? br_hex_value(text.p[i + 2]) : -1;
            if (low < 0 || (high == 0 && low == 0))
                return bad_code;
            c = high * 16 + low;
            i += 2;
        }
        if (n == max)
            return too_long;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return NULL;
}

static const char *parse_db(br_redis_url *out, br_slice digits)
{
    static const char wrong[] = "the number of its database must be digits";
    if (digits.n > DB_DIGITS_MAX)
        return wrong;
    for (size_t i = 0; i < digits.n; i++) {
        if (!br_is_digit(digits.p[i]))
            return wrong;
        out->db = out->db * 10 + (digits.p[i] - '0');
    }
    return NULL;
}

static const char *parse_user(br_redis_url *out, br_slice info)
{
    static const char too_long[] = "its user name or password is longer than 512 bytes";
    size_t colon = place_of(info, ':');
    if (colon == info.n)
        return "there is no ':' before its '@': write user:password@, or :password@ without a user";
    out->has_password = true;
    br_slice password = from(info, colon + 1);
    if (place_of(password, ':') < password.n || place_of(info, '@') < info.n)
        return raw_word;
    const char *problem = decode(out->user, BR_REDIS_WORD_MAX, (br_slice){info.p, colon}, too_long);
    return problem != NULL ? problem : decode(out->password, BR_REDIS_WORD_MAX, password, too_long);
}

/* The rules for hosts and ports are those of all URLs. */
static const char *parse_address(br_redis_url *out, br_slice address, bool tls)
{
    br_buf url;
    br_error error;
    size_t bracket = place_of(address, ']');
    br_slice end = bracket < address.n ? from(address, bracket) : address;
    br_buf_init(&url, BR_HOST_MAX + 32);
    br_buf_adds(&url, tls ? "https://" : "http://");
    br_buf_add_slice(&url, address);
    if (place_of(end, ':') == end.n)
        br_buf_adds(&url, ":6379");
    bool ok = !url.failed && br_url_parse(&out->address, br_buf_slice(&url), &error);
    br_buf_free(&url);
    return ok ? NULL : bad_host;
}

static const char *parse_path(br_redis_url *out, br_slice path)
{
    size_t query = place_of(path, '?');
    br_slice asked = from(path, query);
    if (query < path.n && !br_slice_starts(asked, "?db="))
        return "after its '?' only db=NUMBER is known";
    const char *problem = decode(out->path, BR_REDIS_PATH_MAX, (br_slice){path.p, query},
                                 "the path of its socket is longer than 107 bytes");
    if (problem == NULL && (query <= 1 || path.p[0] != '/'))
        problem = "the path of its socket is missing: redis+unix:///path";
    return problem != NULL || query == path.n ? problem : parse_db(out, from(asked, 4));
}

static bool printable(br_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!br_is_visible(text.p[i]))
            return false;
    return true;
}

static const char *parse(br_redis_url *out, br_slice text)
{
    bool local = br_slice_starts(text, "redis+unix://"), tls = br_slice_starts(text, "rediss://");
    br_slice rest = from(text, place_of(text, ':') + 3);
    const char *problem = NULL;
    if (!printable(text) || place_of(rest, '#') < rest.n)
        return raw_word;
    size_t at = rest.n;
    while (at > 0 && rest.p[at - 1] != '@')
        at--;
    br_slice info = {rest.p, at > 0 ? at - 1 : 0};
    if (at > 0 && (place_of(info, '/') < info.n || place_of(info, '?') < info.n))
        return raw_word;
    if (at > 0)
        problem = parse_user(out, info);
    rest = from(rest, at);
    if (problem != NULL || local)
        return problem != NULL ? problem : parse_path(out, rest);
    size_t slash = place_of(rest, '/');
    problem = parse_address(out, (br_slice){rest.p, slash}, tls);
    return problem != NULL || slash == rest.n ? problem : parse_db(out, from(rest, slash + 1));
}

const char *br_redis_url_parse(br_redis_url *out, br_slice text)
{
    memset(out, 0, sizeof *out);
    const char *problem = parse(out, text);
    if (problem != NULL)
        OPENSSL_cleanse(out, sizeof *out);
    return problem;
}
