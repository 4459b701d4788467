#include "core/http/url.h"

#include "core/base/ascii.h"
#include "core/http/uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define LABEL_MAX 63
#define URL_SHOWN 128

static br_slice skip(br_slice s, size_t n)
{
    return (br_slice){s.p + n, s.n - n};
}

static size_t span_before(br_slice s, char stop)
{
    const char *at = s.n > 0 ? memchr(s.p, stop, s.n) : NULL;
    return at != NULL ? (size_t)(at - s.p) : s.n;
}

static bool take_scheme(br_url *url, br_slice *rest)
{
    static const char https[] = "https://", http[] = "http://";
    br_slice head = {rest->p, sizeof(https) - 1};
    if (rest->n >= head.n && br_slice_eq_nocase(head, BR_SLICE(https))) {
        url->https = true;
        *rest = skip(*rest, head.n);
        return true;
    }
    head.n = sizeof(http) - 1;
    if (rest->n < head.n || !br_slice_eq_nocase(head, BR_SLICE(http)))
        return false;
    url->https = false;
    *rest = skip(*rest, head.n);
    return true;
}

/* Letters, digits and inner dashes (RFC 1123). */
static bool label_ok(br_slice label)
{
    if (label.n == 0 || label.n > LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!br_is_alnum_or(label.p[i], "-"))
            return false;
    return label.p[0] != '-' && label.p[label.n - 1] != '-';
}

static bool is_number(br_slice label)
{
    if (label.n >= 2 && label.p[0] == '0' && (label.p[1] == 'x' || label.p[1] == 'X'))
        return true;
    for (size_t i = 0; i < label.n; i++)
        if (!br_is_digit(label.p[i]))
            return false;
    return true;
}

/*
** A name that ends in a number is read as an IPv4 address by resolvers, in forms such as 127.1 or
** 0x7f000001 too; only four plain decimal parts are allowed, so that what was checked is what is
** connected to.
*/
static const char *check_name(br_url *url)
{
    br_slice rest = br_slice_of(url->host), label;
    for (;;) {
        label = (br_slice){rest.p, span_before(rest, '.')};
        if (!label_ok(label))
            return "its host is not a valid host name";
        if (label.n == rest.n)
            break;
        rest = skip(rest, label.n + 1);
    }
    struct in_addr address;
    bool ipv4 = inet_pton(AF_INET, url->host, &address) == 1;
    if (is_number(label) && !ipv4)
        return "its host is not a valid IPv4 address (four decimal numbers)";
    url->loopback =
        ipv4 ? (ntohl(address.s_addr) >> 24) == 127 : strcmp(url->host, "localhost") == 0;
    return NULL;
}

static const char *check_ipv6(br_url *url)
{
    struct in6_addr address;
    if (inet_pton(AF_INET6, url->host, &address) != 1)
        return "its host is not a valid IPv6 address";
    url->loopback = strcmp(url->host, "::1") == 0;
    return NULL;
}

static bool copy_host(br_url *url, br_slice host)
{
    if (host.n == 0 || host.n > BR_HOST_MAX || memchr(host.p, '\0', host.n) != NULL)
        return false;
    for (size_t i = 0; i < host.n; i++)
        url->host[i] = br_to_lower(host.p[i]);
    url->host[host.n] = '\0';
    return true;
}

static const char *take_host(br_url *url, br_slice *rest)
{
    url->ipv6 = rest->n > 0 && rest->p[0] == '[';
    if (url->ipv6)
        *rest = skip(*rest, 1);
    br_slice host = {rest->p, span_before(*rest, url->ipv6 ? ']' : ':')};
    *rest = skip(*rest, host.n);
    if (url->ipv6) {
        if (rest->n == 0)
            return "the ']' of its IPv6 address is missing";
        *rest = skip(*rest, 1);
    }
    if (!copy_host(url, host))
        return host.n == 0 ? "it has no host" : "its host is not a valid host name";
    return url->ipv6 ? check_ipv6(url) : check_name(url);
}

static const char *take_port(br_url *url, br_slice rest)
{
    static const char wrong[] = "its port is not a number from 1 to 65535";
    url->port = url->https ? 443 : 80;
    if (rest.n == 0)
        return NULL;
    int64_t value = br_slice_number(skip(rest, 1), UINT16_MAX + 1);
    if (rest.p[0] != ':' || rest.n > 6 || value < 1 || value > UINT16_MAX)
        return wrong;
    url->port = (uint16_t)value;
    return NULL;
}

/* The characters of RFC 3986's path, each '%' with two hexadecimal digits. */
static bool path_characters_ok(br_slice path)
{
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if (c == '%') {
            if (path.n - i < 3 || !br_is_hex(path.p[i + 1]) || !br_is_hex(path.p[i + 2]))
                return false;
            i += 2;
        } else if (!br_is_alnum_or(c, "-._~!$&'()*+,;=:@/")) {
            return false;
        }
    }
    return true;
}

static const char *take_path(br_url *url, br_slice path)
{
    url->path[0] = '\0';
    if (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    if (path.n == 0)
        return NULL;
    if (path.n > BR_URL_PATH_MAX)
        return "its path is longer than 1024 bytes";
    if (!path_characters_ok(path))
        return "its path has characters that must be percent-encoded";
    for (br_slice rest = path; rest.n > 0;) {
        rest = skip(rest, 1);
        br_slice segment = {rest.p, span_before(rest, '/')};
        if (segment.n == 0)
            return "its path has an empty segment";
        rest = skip(rest, segment.n);
    }
    if (br_uri_has_dot_segment(path, true))
        return "its path has a '.' or '..' segment";
    memcpy(url->path, path.p, path.n);
    url->path[path.n] = '\0';
    return NULL;
}

static bool has(br_slice text, char c)
{
    return text.n > 0 && memchr(text.p, c, text.n) != NULL;
}

static br_slice authority_of(br_slice text)
{
    text.n = span_before(text, '/');
    text.n = span_before(text, '?');
    text.n = span_before(text, '#');
    return text;
}

static const char *parse(br_url *url, br_slice text)
{
    if (text.n == 0)
        return "it is empty";
    if (br_slice_has_blank_or_control(text))
        return "it has a space or control character";
    if (!take_scheme(url, &text))
        return "it does not start with https:// or http://";
    br_slice authority = authority_of(text);
    br_slice path = skip(text, authority.n);
    if (has(authority, '@'))
        return "it has a user name or password";
    if (has(path, '?'))
        return "it has a query";
    if (has(path, '#'))
        return "it has a fragment";
    const char *wrong = take_host(url, &authority);
    if (wrong == NULL)
        wrong = take_port(url, authority);
    return wrong != NULL ? wrong : take_path(url, path);
}

/* Text that may hold a password or a token (userinfo, query, fragment) is not shown. */
static bool showable(br_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || strchr("@?#", text.p[i]) != NULL)
            return false;
    return text.n > 0 && text.n <= URL_SHOWN;
}

bool br_url_parse(br_url *url, br_slice text, br_error *error)
{
    *url = (br_url){.https = true};
    const char *wrong = parse(url, text);
    if (wrong == NULL)
        return true;
    if (showable(text))
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                            "\"%.*s\" cannot be used as an endpoint: %s; give "
                            "https://host[:port][/path]",
                            (int)text.n, text.p, wrong);
    return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                        "the URL cannot be used as an endpoint: %s; give "
                        "https://host[:port][/path]",
                        wrong);
}

void br_url_host(br_buf *out, const br_url *url)
{
    if (url->ipv6)
        br_buf_addc(out, '[');
    br_buf_adds(out, url->host);
    if (url->ipv6)
        br_buf_addc(out, ']');
    if (url->port != (url->https ? 443 : 80)) {
        br_buf_addc(out, ':');
        br_buf_add_u64(out, url->port);
    }
}

/* Of the texts only what there is of them. */
void br_url_copy(br_url *to, const br_url *from)
{
    to->https = from->https;
    to->ipv6 = from->ipv6;
    to->loopback = from->loopback;
    to->port = from->port;
    memcpy(to->host, from->host, strlen(from->host) + 1);
    memcpy(to->path, from->path, strlen(from->path) + 1);
}

void br_url_origin(br_buf *out, const br_url *url)
{
    br_buf_adds(out, url->https ? "https://" : "http://");
    br_url_host(out, url);
}
