#include "core/base/trace.h"

#define RESERVE 64 /* bytes that "dropped" needs */

void br_trace_init(br_trace *t, br_trace_level level)
{
    size_t max = level == BR_TRACE_WIRE ? BR_TRACE_WIRE_MAX : BR_TRACE_MAX;
    *t = (br_trace){.level = level};
    br_buf_init_secret(&t->bytes, max);
}

void br_trace_free(br_trace *t)
{
    br_buf_free(&t->bytes);
}

static void put(br_trace *t, br_trace_type type, const char *name, const void *bytes, size_t n)
{
    char tag = (char)type;
    br_buf_add_slice(&t->bytes, (br_slice){&tag, 1});
    br_buf_add_slice(&t->bytes, (br_slice){name, strlen(name) + 1});
    br_buf_add_slice(&t->bytes, (br_slice){(const char *)&n, sizeof n});
    br_buf_add_slice(&t->bytes, (br_slice){bytes, n});
}

void br_trace_begin(br_trace *t, const char *event)
{
    t->begun = t->bytes.len;
    put(t, BR_TRACE_TEXT, "event", event, strlen(event));
}

void br_trace_text(br_trace *t, const char *name, br_slice text)
{
    if (text.n > 0)
        put(t, BR_TRACE_TEXT, name, text.p, text.n);
}

void br_trace_number(br_trace *t, const char *name, int64_t number)
{
    put(t, BR_TRACE_NUMBER, name, &number, sizeof number);
}

void br_trace_time(br_trace *t, const char *name, int64_t us)
{
    put(t, BR_TRACE_TIME, name, &us, sizeof us);
}

/* An event that does not fit leaves the room that the count of all such needs. */
void br_trace_end(br_trace *t)
{
    br_buf_addc(&t->bytes, BR_TRACE_END);
    if (!t->bytes.failed && t->bytes.len + RESERVE <= t->bytes.max)
        return;
    t->bytes.failed = false;
    t->bytes.len = t->begun;
    t->dropped++;
}

void br_trace_join(br_trace *t, const br_trace *other)
{
    br_slice bytes = br_buf_slice(&other->bytes);
    t->dropped += other->dropped;
    if (bytes.n + RESERVE > t->bytes.max - t->bytes.len || !br_buf_add_slice(&t->bytes, bytes))
        t->dropped++;
    t->bytes.failed = false;
}

br_slice br_trace_waiting(br_trace *t)
{
    if (t->dropped > 0) {
        br_trace_begin(t, "dropped");
        br_trace_number(t, "count", t->dropped);
        br_buf_addc(&t->bytes, BR_TRACE_END);
        t->dropped = 0;
    }
    return br_buf_slice(&t->bytes);
}

void br_trace_taken(br_trace *t)
{
    br_buf_clear(&t->bytes);
}

static bool skip(br_slice *bytes, size_t n)
{
    if (n > bytes->n)
        return false;
    *bytes = (br_slice){bytes->p + n, bytes->n - n};
    return true;
}

static bool read_name(br_slice *bytes, br_slice *name)
{
    const char *end = bytes->n > 0 ? memchr(bytes->p, '\0', bytes->n) : NULL;
    if (end == NULL)
        return false;
    *name = (br_slice){bytes->p, (size_t)(end - bytes->p)};
    return skip(bytes, name->n + 1);
}

static bool read_contents(br_slice *bytes, br_slice *contents)
{
    size_t n;
    if (bytes->n < sizeof n)
        return false;
    memcpy(&n, bytes->p, sizeof n);
    skip(bytes, sizeof n);
    *contents = (br_slice){bytes->p, n};
    return skip(bytes, n);
}

br_trace_type br_trace_read(br_slice *bytes, br_trace_field *field)
{
    char type = bytes->n > 0 ? *bytes->p : BR_TRACE_NOTHING;
    if (type == BR_TRACE_NOTHING || !skip(bytes, 1) || type == BR_TRACE_END)
        return (br_trace_type)type;
    if (!read_name(bytes, &field->name) || !read_contents(bytes, &field->text))
        return BR_TRACE_NOTHING;
    if (type == BR_TRACE_TEXT)
        return BR_TRACE_TEXT;
    if (field->text.n != sizeof field->number || (type != BR_TRACE_NUMBER && type != BR_TRACE_TIME))
        return BR_TRACE_NOTHING;
    memcpy(&field->number, field->text.p, sizeof field->number);
    return (br_trace_type)type;
}
