#include "core/text/decimal.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "fuzz.h"

#include <math.h>

static bool copy_value(br_json_reader *r, br_buf *out);

static bool copy_array(br_json_reader *r, br_buf *out)
{
    int more;
    if (!br_json_array_begin(r))
        return false;
    br_buf_addc(out, '[');
    for (bool first = true; (more = br_json_array_next(r, first)) == 1; first = false) {
        if (!first)
            br_buf_addc(out, ',');
        if (!copy_value(r, out))
            return false;
    }
    return br_buf_addc(out, ']') && more == 0;
}

/* A key that is guessed, from where it stood before, leads to the same place or is not taken. */
static void check_guess(br_json_reader before, bool first, br_slice key, const char *after)
{
    const char *ahead = br_json_key_ahead(&before, first);
    MUST(ahead == NULL || !br_json_key_take(&before, ahead, key) || before.p == after);
}

static bool copy_object(br_json_reader *r, br_buf *out)
{
    int more;
    br_slice key;
    br_json_reader before;
    if (!br_json_object_begin(r))
        return false;
    br_buf_addc(out, '{');
    for (bool first = true; before = *r, (more = br_json_object_next(r, first, &key)) == 1;
         first = false) {
        check_guess(before, first, key, r->p);
        if (!first)
            br_buf_addc(out, ',');
        MUST(br_json_write_string(out, key));
        br_buf_addc(out, ':');
        if (!copy_value(r, out))
            return false;
    }
    return br_buf_addc(out, '}') && more == 0;
}

static bool copy_number(br_json_reader *r, br_buf *out)
{
    br_json_number n;
    if (!br_json_number_value(r, &n))
        return false;
    MUST(!isnan(n.d) && n.text.n > 0 && br_decimal_order(n.text, n.text) == 0);
    size_t before = out->len;
    if (n.is_integer)
        br_json_write_int(out, n.i);
    else if (!br_json_number_fits(&n))
        br_buf_add_slice(out, n.text);
    else
        MUST(br_json_write_double(out, n.d));
    br_slice written = {br_buf_slice(out).p + before, out->len - before};
    MUST(out->failed || br_decimal_order(written, n.text) == 0);
    return true;
}

/*
** Read with its halves kept and joined again, a string is the same: those that belong together were
** together already, so what is left is no pair.
*/
static void check_kept_halves(br_slice literal, br_slice want)
{
    br_json_reader r;
    br_slice kept;
    br_buf joined;
    br_buf_init(&joined, literal.n + want.n);
    br_json_reader_init(&r, literal);
    r.keep_halves = true;
    MUST(br_json_string(&r, &kept) && br_json_end(&r));
    MUST((r.halves == 0) == br_utf8_valid(kept));
    MUST(br_utf8_join_halves(&joined, kept) && br_slice_eq(br_buf_slice(&joined), want));
    br_buf_free(&joined);
    br_json_reader_free(&r);
}

static bool copy_string(br_json_reader *r, br_buf *out)
{
    br_slice text;
    const char *at = r->p;
    if (!br_json_string(r, &text))
        return false;
    MUST(br_utf8_valid(text) && br_utf8_length(text) <= text.n);
    check_kept_halves((br_slice){at, (size_t)(r->p - at)}, text);
    return br_json_write_string(out, text);
}

static bool copy_flag(br_json_reader *r, br_buf *out)
{
    bool flag;
    return br_json_bool(r, &flag) && br_buf_adds(out, flag ? "true" : "false");
}

static bool copy_value(br_json_reader *r, br_buf *out)
{
    switch (br_json_peek(r)) {
    case BR_JSON_NULL:
        return br_json_null(r) && br_buf_adds(out, "null");
    case BR_JSON_FALSE:
    case BR_JSON_TRUE:
        return copy_flag(r, out);
    case BR_JSON_NUMBER:
        return copy_number(r, out);
    case BR_JSON_STRING:
        return copy_string(r, out);
    case BR_JSON_ARRAY:
        return copy_array(r, out);
    case BR_JSON_OBJECT:
        return copy_object(r, out);
    case BR_JSON_ERROR:
        break;
    }
    return false;
}

static bool copy_text(br_slice text, br_buf *out)
{
    br_json_reader r;
    br_json_reader_init(&r, text);
    bool ok = copy_value(&r, out) && br_json_end(&r);
    MUST(ok == (r.error == NULL) && br_json_offset(&r) <= text.n);
    br_json_reader_free(&r);
    return ok;
}

static bool skip_text(br_slice text)
{
    br_json_reader r;
    br_json_reader_init(&r, text);
    bool ok = br_json_skip(&r) && br_json_end(&r);
    br_json_reader_free(&r);
    return ok;
}

/* What is read can be written, what is written can be read, and comes out the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    br_slice text = {(const char *)data, size};
    br_buf once, twice;
    br_buf_init(&once, 1 << 26);
    br_buf_init(&twice, 1 << 26);
    bool ok = copy_text(text, &once);
    MUST(skip_text(text) == ok);
    if (ok) {
        MUST(copy_text(br_buf_slice(&once), &twice));
        MUST(br_slice_eq(br_buf_slice(&once), br_buf_slice(&twice)));
    }
    br_buf_free(&once);
    br_buf_free(&twice);
    return 0;
}
