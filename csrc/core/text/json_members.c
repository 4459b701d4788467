#include "core/text/json_members.h"

static bool read_text(br_json_reader *r, br_json_member *m)
{
    br_slice text = {NULL, 0};
    br_json_number number;
    br_json_type type = br_json_peek(r);
    if (type == BR_JSON_STRING) {
        if (!br_json_string(r, &text))
            return false;
    } else if (type == BR_JSON_NUMBER) {
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

/* Where an object has to be and is none, nothing is found. */
static bool read_object(br_json_reader *r, const char *within, br_json_member *members,
                        size_t count)
{
    br_slice name;
    int more = -1;
    if (br_json_peek(r) != BR_JSON_OBJECT)
        return br_json_skip(r);
    if (!br_json_object_begin(r))
        return false;
    for (bool first = true; (more = br_json_object_next(r, first, &name)) == 1; first = false) {
        bool ok = within == NULL               ? read_one(r, name, members, count)
                  : br_slice_eqs(name, within) ? read_object(r, NULL, members, count)
                                               : br_json_skip(r);
        if (!ok)
            return false;
    }
    return more == 0;
}

bool br_json_members_read(br_slice text, const char *within, br_json_member *members, size_t count)
{
    br_json_reader r;
    for (size_t i = 0; i < count; i++) {
        br_buf_init_secret(&members[i].text, members[i].max);
        members[i].found = false;
    }
    br_json_reader_init(&r, text);
    r.scratch.secret = true;
    bool ok = br_json_peek(&r) == BR_JSON_OBJECT && read_object(&r, within, members, count) &&
              br_json_end(&r);
    br_json_reader_free(&r);
    return ok;
}

void br_json_members_free(br_json_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        br_buf_free(&members[i].text);
}
