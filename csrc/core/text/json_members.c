#include "core/text/json_members.h"

static bool read_text(br_json_reader *r, br_json_member *m)
{
    br_slice text = {NULL, 0};
    br_json_number number;
    br_json_type type = br_json_peek(r);
    if (type == BR_JSON_STRING && !m->number) {
        if (!br_json_string(r, &text))
            return false;
    } else if (type == BR_JSON_NUMBER && m->number) {
        if (!br_json_number_value(r, &number))
            return false;
        text = number.text;
    }
    br_buf_clear(&m->text);
    m->found = text.p != NULL;
    br_buf_add_slice(&m->text, text);
    return m->found || br_json_skip(r);
}

static bool read_one(br_json_reader *r, br_slice name, br_json_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (br_slice_eqs(name, members[i].name))
            return read_text(r, &members[i]);
    return br_json_skip(r);
}

typedef struct wanted {
    br_slice within; /* n == 0: here */
    br_json_member *members;
    size_t count;
} wanted;

static bool read_value(br_json_reader *r, wanted w);

/* The member of that name, if the way leads through it. */
static bool read_step(br_json_reader *r, br_slice name, wanted w)
{
    const char *dot = memchr(w.within.p, '.', w.within.n);
    size_t n = dot != NULL ? (size_t)(dot - w.within.p) : w.within.n;
    size_t behind = dot != NULL ? n + 1 : n;
    if (!br_slice_eq(name, (br_slice){w.within.p, n}))
        return br_json_skip(r);
    w.within = (br_slice){w.within.p + behind, w.within.n - behind};
    return read_value(r, w);
}

static bool read_object(br_json_reader *r, wanted w)
{
    br_slice name;
    int more = -1;
    if (!br_json_object_begin(r))
        return false;
    for (bool first = true; (more = br_json_object_next(r, first, &name)) == 1; first = false)
        if (!(w.within.n > 0 ? read_step(r, name, w) : read_one(r, name, w.members, w.count)))
            return false;
    return more == 0;
}

static bool read_list(br_json_reader *r, wanted w)
{
    int more = -1;
    if (!br_json_array_begin(r))
        return false;
    for (bool first = true; (more = br_json_array_next(r, first)) == 1; first = false)
        if (!(first ? read_value(r, w) : br_json_skip(r)))
            return false;
    return more == 0;
}

static bool read_value(br_json_reader *r, wanted w)
{
    switch (br_json_peek(r)) {
    case BR_JSON_OBJECT:
        return read_object(r, w);
    case BR_JSON_ARRAY:
        return read_list(r, w);
    default:
        return br_json_skip(r);
    }
}

bool br_json_members_read(br_slice text, const char *within, br_json_member *members, size_t count)
{
    br_json_reader r;
    wanted all = {br_slice_of(within), members, count};
    for (size_t i = 0; i < count; i++) {
        br_buf_init_secret(&members[i].text, members[i].max);
        members[i].found = false;
    }
    br_json_reader_init(&r, text);
    r.scratch.secret = true;
    bool ok = br_json_peek(&r) == BR_JSON_OBJECT && read_object(&r, all) && br_json_end(&r);
    br_json_reader_free(&r);
    return ok;
}

void br_json_members_free(br_json_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        br_buf_free(&members[i].text);
}
