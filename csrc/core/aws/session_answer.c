#include "core/aws/roles_anywhere.h"
#include "core/base/times.h"
#include "core/text/json.h"

#include <string.h>

#define EXPIRATION_MAX 64

/* Members in the order of member_names. */
enum { ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, EXPIRATION, MEMBERS };

static const char *const member_names[MEMBERS] = {"accessKeyId", "secretAccessKey", "sessionToken",
                                                  "expiration"};

typedef struct answer {
    br_buf values[MEMBERS]; /* copies, as the reader reuses its memory */
    bool found[MEMBERS];
} answer;

static void answer_init(answer *a)
{
    static const size_t limits[MEMBERS] = {BR_ACCESS_KEY_ID_MAX, BR_SECRET_MAX,
                                           BR_SESSION_TOKEN_MAX, EXPIRATION_MAX};
    for (int i = 0; i < MEMBERS; i++) {
        br_buf_init_secret(&a->values[i], limits[i]);
        a->found[i] = false;
    }
}

static void answer_free(answer *a)
{
    for (int i = 0; i < MEMBERS; i++)
        br_buf_free(&a->values[i]);
}

static bool read_member(br_json_reader *r, br_slice name, answer *a)
{
    for (int i = 0; i < MEMBERS; i++) {
        if (!br_slice_eqs(name, member_names[i]))
            continue;
        br_slice text;
        if (br_json_peek(r) != BR_JSON_STRING)
            return br_json_skip(r);
        if (!br_json_string(r, &text))
            return false;
        br_buf_clear(&a->values[i]);
        a->found[i] = true;
        br_buf_add_slice(&a->values[i], text);
        return true;
    }
    return br_json_skip(r);
}

static bool read_credentials(br_json_reader *r, answer *a)
{
    br_slice name;
    int more = -1;
    if (br_json_peek(r) != BR_JSON_OBJECT)
        return br_json_skip(r);
    if (!br_json_object_begin(r))
        return false;
    for (bool first = true; (more = br_json_object_next(r, first, &name)) == 1; first = false)
        if (!read_member(r, name, a))
            return false;
    return more == 0;
}

/* The value of the member `wanted` is read by `read`, all others are skipped. */
static bool read_object(br_json_reader *r, const char *wanted, answer *a,
                        bool (*read)(br_json_reader *r, answer *a))
{
    br_slice name;
    int more = -1;
    if (br_json_peek(r) != BR_JSON_OBJECT)
        return br_json_skip(r);
    if (!br_json_object_begin(r))
        return false;
    for (bool first = true; (more = br_json_object_next(r, first, &name)) == 1; first = false)
        if (!(br_slice_eqs(name, wanted) ? read(r, a) : br_json_skip(r)))
            return false;
    return more == 0;
}

static bool read_set_element(br_json_reader *r, answer *a)
{
    return read_object(r, "credentials", a, read_credentials);
}

static bool read_set(br_json_reader *r, answer *a)
{
    int more = -1;
    if (br_json_peek(r) != BR_JSON_ARRAY)
        return br_json_skip(r);
    if (!br_json_array_begin(r))
        return false;
    for (bool first = true; (more = br_json_array_next(r, first)) == 1; first = false)
        if (!(first ? read_set_element(r, a) : br_json_skip(r)))
            return false;
    return more == 0;
}

static bool bad(br_error *error, const char *what, const char *name)
{
    return br_error_set(error, BR_ERR_CREDENTIALS, "BadResponse",
                        "the Roles Anywhere answer %s%s: check that the endpoint is "
                        "rolesanywhere's",
                        what, name);
}

static bool check(const answer *a, br_error *error)
{
    for (int i = 0; i < MEMBERS; i++) {
        br_slice value = br_buf_slice(&a->values[i]);
        if (!a->found[i])
            return bad(error, "lacks credentialSet[0].credentials.", member_names[i]);
        if (a->values[i].failed)
            return bad(error, "has too long a value in credentials.", member_names[i]);
        if (value.n == 0 || !br_header_value_ok(value))
            return bad(error, "has an empty or damaged credentials.", member_names[i]);
    }
    return true;
}

static const br_credentials *make(const answer *a, br_error *error)
{
    int64_t expiration_ms;
    if (!check(a, error))
        return NULL;
    if (!br_time_parse_iso(br_buf_slice(&a->values[EXPIRATION]), &expiration_ms)) {
        bad(error, "has no ISO 8601 time in credentials.", member_names[EXPIRATION]);
        return NULL;
    }
    const br_credentials *c = br_credentials_new(
        br_buf_slice(&a->values[ACCESS_KEY_ID]), br_buf_slice(&a->values[SECRET_ACCESS_KEY]),
        br_buf_slice(&a->values[SESSION_TOKEN]), expiration_ms);
    if (c == NULL)
        br_error_set(error, BR_ERR_CREDENTIALS, "NoMemory", "out of memory");
    return c;
}

const br_credentials *br_ra_answer(br_slice body, br_error *error)
{
    br_json_reader r;
    answer a;
    const br_credentials *c = NULL;
    answer_init(&a);
    br_json_reader_init(&r, body);
    r.scratch.secret = true;
    if (br_json_peek(&r) == BR_JSON_OBJECT && read_object(&r, "credentialSet", &a, read_set) &&
        br_json_end(&r))
        c = make(&a, error);
    else
        bad(error, "is not a JSON object", "");
    br_json_reader_free(&r);
    answer_free(&a);
    return c;
}
