#include "core/http/headers.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/ascii.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define FIRST_BYTES 500 /* room for most lists, so that few need to grow */

void br_headers_init(br_headers *h)
{
    memset(h, 0, sizeof *h);
    br_buf_init(&h->text, BR_HEADERS_BYTES_MAX);
}

void br_headers_init_secret(br_headers *h)
{
    memset(h, 0, sizeof *h);
    br_buf_init_secret(&h->text, BR_HEADERS_BYTES_MAX);
}

/* Only saves growing: what is not to be had now fails when it is needed. */
void br_headers_reserve(br_headers *h, size_t bytes)
{
    if (bytes > h->text.cap && bytes <= h->text.max - h->text.len)
        br_buf_reserve(&h->text, bytes);
    h->text.failed = false;
}

void br_headers_free(br_headers *h)
{
    br_buf_free(&h->text);
    free(h->refs);
    h->refs = NULL;
    h->count = h->cap = 0;
    h->failed = false;
}

void br_headers_clear(br_headers *h)
{
    br_buf_clear(&h->text);
    h->count = 0;
    h->failed = false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

br_slice br_header_trim(br_slice s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool room_for_ref(br_headers *h)
{
    if (h->count < h->cap)
        return true;
    if (h->count >= BR_HEADERS_MAX)
        return false;
    size_t cap = h->cap == 0 ? 16 : h->cap * 2;
    struct br_header_ref *refs = realloc(h->refs, cap * sizeof *refs);
    if (refs == NULL)
        return false;
    h->refs = refs;
    h->cap = cap;
    return true;
}

/* The characters of a token (RFC 9110) in lower case; 0 for all others. */
static const char token[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*',
    ['+'] = '+', ['-'] = '-', ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`',   ['|'] = '|',
    ['~'] = '~', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4',   ['5'] = '5',
    ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b',   ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',   ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p',   ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',   ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',   ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k',   ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',   ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',   ['z'] = 'z',
};

/* Writes the name in lower case; false if it is none. */
static bool put_name(char *to, br_slice name)
{
    char all = (char)-1;
    for (size_t i = 0; i < name.n; i++) {
        to[i] = token[(unsigned char)name.p[i]];
        all = to[i] != '\0' ? all : '\0';
    }
    return name.n > 0 && all != '\0';
}

static bool put_text(char *to, br_slice name, br_slice value)
{
    if (!put_name(to, name))
        return false;
    to += name.n;
    *to++ = value.n > 0 ? ':' : ';';
    *to++ = value.n > 0 ? ' ' : '\0';
    if (value.n > 0)
        memcpy(to, value.p, value.n);
    to[value.n] = '\0';
    return true;
}

static bool add(br_headers *h, br_slice name, br_slice value)
{
    if (name.n > BR_HEADERS_BYTES_MAX || value.n > BR_HEADERS_BYTES_MAX ||
        !br_header_value_ok(value) || !room_for_ref(h))
        return false;
    size_t at = h->text.len, needed = name.n + value.n + 3;
    if (h->text.cap == 0)
        br_headers_reserve(h, FIRST_BYTES);
    char *to = br_buf_reserve(&h->text, needed);
    if (to == NULL || !put_text(to, name, value))
        return false;
    br_buf_commit(&h->text, needed);
    h->refs[h->count++] = (struct br_header_ref){
        .name = (uint32_t)at,
        .name_len = (uint32_t)name.n,
        .value = (uint32_t)(at + name.n + 2),
        .value_len = (uint32_t)value.n,
    };
    return true;
}

bool br_headers_add(br_headers *h, br_slice name, br_slice value)
{
    if (!h->failed)
        h->failed = !add(h, name, br_header_trim(value));
    return !h->failed;
}

/* In any case. The length tells most names apart. */
static bool is_named(const br_headers *h, size_t i, br_slice name)
{
    return h->refs[i].name_len == name.n && br_slice_eq_nocase(br_headers_name(h, i), name);
}

bool br_headers_set(br_headers *h, br_slice name, br_slice value)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->count; i++)
        if (!is_named(h, i, name))
            h->refs[kept++] = h->refs[i];
    h->count = kept;
    return br_headers_add(h, name, value);
}

void br_headers_swap(br_headers *a, br_headers *b)
{
    br_headers kept = *a;
    *a = *b;
    *b = kept;
}

const char *br_headers_line(const br_headers *h, size_t i)
{
    return h->text.data + h->refs[i].name;
}

br_slice br_headers_name(const br_headers *h, size_t i)
{
    return (br_slice){h->text.data + h->refs[i].name, h->refs[i].name_len};
}

br_slice br_headers_value(const br_headers *h, size_t i)
{
    return (br_slice){h->text.data + h->refs[i].value, h->refs[i].value_len};
}

br_slice br_headers_get(const br_headers *h, const char *name)
{
    br_slice wanted = br_slice_of(name);
    for (size_t i = 0; i < h->count; i++)
        if (h->refs[i].name_len == wanted.n && br_slice_eq(br_headers_name(h, i), wanted))
            return br_headers_value(h, i);
    return (br_slice){NULL, 0};
}

bool br_headers_has(const br_headers *h, br_slice name)
{
    for (size_t i = 0; i < h->count; i++)
        if (is_named(h, i, name))
            return true;
    return false;
}

/* The first letter tells most names apart. */
static bool is_one_of(br_slice name, const char *const *list, size_t count)
{
    char first = name.n > 0 ? br_to_lower(name.p[0]) : '\0';
    for (size_t i = 0; i < count; i++)
        if (list[i][0] == first && br_slice_eq_nocase(name, br_slice_of(list[i])))
            return true;
    return false;
}

#define IS_ONE_OF(name, list) is_one_of(name, list, sizeof(list) / sizeof *(list))

bool br_header_is_reserved(br_slice name)
{
    static const char *const reserved[] = {
        "connection", "content-length",       "expect",  "host",
        "te",         "transfer-encoding",    "upgrade", "x-amz-content-sha256",
        "x-amz-date", "x-amz-security-token",
    };
    return IS_ONE_OF(name, reserved);
}

bool br_header_is_public(br_slice name)
{
    static const char *const known[] = {
        "accept",
        "accept-encoding",
        "accept-language",
        "content-encoding",
        "content-type",
        "content-length",
        "host",
        "user-agent",
    };
    static const char *const hidden[] = {"x-amz-security-token", "x-amz-s3session-token"};
    static const char *const prefixes[] = {"x-amz", "anthropic-", "openai-"};
    if (IS_ONE_OF(name, known))
        return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        br_slice start = {name.p, strlen(prefixes[i])};
        if (name.n > start.n && br_slice_eq_nocase(start, br_slice_of(prefixes[i])))
            return !IS_ONE_OF(name, hidden);
    }
    return false;
}

bool br_header_name_ok(br_slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (token[(unsigned char)name.p[i]] == '\0')
            return false;
    return name.n > 0;
}

static bool is_control(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/*
** Whether any of eight bytes may be below 0x20 or be 0x7f. Never misses one; a byte after such a
** byte may be suspected too. Session tokens are long, so many at a time.
*/
static bool suspicious(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t below = (word - ones * 0x20) & ~word & tops;
    uint64_t del = word ^ (ones * 0x7f);
    return (below | ((del - ones) & ~del & tops)) != 0;
}

static bool has_control(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_control((unsigned char)p[i]))
            return true;
    return false;
}

#ifdef __SSE2__
static bool has_control_16(const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
    return _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del)) != 0;
}
#endif

/* Where SSE2 is missing, and for the last bytes, eight at a time. */
bool br_header_value_ok(br_slice value)
{
    size_t i = 0;
    if (value.n == 0)
        return true;
#ifdef __SSE2__
    for (; value.n - i >= 16; i += 16)
        if (has_control_16(value.p + i))
            return false;
#endif
    for (uint64_t word; value.n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, value.p + i, sizeof word);
        if (suspicious(word) && has_control(value.p + i, sizeof word))
            return false;
    }
    return !has_control(value.p + i, value.n - i);
}
