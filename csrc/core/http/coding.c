#include "core/http/coding.h"

static bool separates(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

/* The next name of a list, or an empty one at its end. */
static br_slice next_name(br_slice *list)
{
    size_t n = 0;
    while (list->n > 0 && separates(list->p[0]))
        *list = (br_slice){list->p + 1, list->n - 1};
    while (n < list->n && !separates(list->p[n]))
        n++;
    br_slice name = {list->p, n};
    if (n > 0)
        *list = (br_slice){list->p + n, list->n - n};
    return name;
}

static bool is_one_of(br_slice name, const char *const names[])
{
    for (; *names != NULL; names++)
        if (br_slice_eq_nocase(name, br_slice_of(*names)))
            return true;
    return false;
}

static bool all_are(br_slice codings, const char *const names[])
{
    for (br_slice name; (name = next_name(&codings)).n > 0;)
        if (!is_one_of(name, names))
            return false;
    return true;
}

static bool is_identity(br_slice codings)
{
    static const char *const identity[] = {"identity", NULL};
    return all_are(codings, identity);
}

static br_slice find(const br_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        br_slice value = br_headers_value(headers, i);
        if (br_slice_eqs(br_headers_name(headers, i), "content-encoding") && !is_identity(value))
            return value;
    }
    return (br_slice){NULL, 0};
}

bool br_coded(const br_headers *headers)
{
    return find(headers).p != NULL;
}

br_printable br_coding_of(const br_headers *headers)
{
    static const char *const registered[] = {"identity", "gzip", "x-gzip", "deflate",
                                             "compress", "br",   "zstd",   NULL};
    br_slice found = find(headers);
    if (found.p == NULL)
        return br_print((br_slice){"", 0});
    return br_print(all_are(found, registered) ? found : BR_SLICE("strangely"));
}

bool br_coding_asked(const br_headers *request)
{
    return !is_identity(br_headers_get(request, "accept-encoding"));
}

bool br_coding_refuse(const br_headers *headers, br_error *error)
{
    return br_error_set(
        error, BR_ERR_TRANSPORT, "BadResponse",
        "the answer is %s-encoded, though the request said \"accept-encoding: "
        "identity\": a proxy or gateway in front of the service compresses answers; turn that off",
        br_coding_of(headers).text);
}
