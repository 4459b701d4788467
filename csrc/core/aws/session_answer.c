#include "core/aws/roles_anywhere.h"
#include "core/base/times.h"
#include "core/text/json_members.h"

#define EXPIRATION_MAX 64

enum { ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, EXPIRATION, MEMBERS };

static bool bad(br_error *error, const char *what, const char *name)
{
    return br_error_set(error, BR_ERR_CREDENTIALS, "BadResponse",
                        "the Roles Anywhere answer %s%s: check that the endpoint is "
                        "rolesanywhere's",
                        what, name);
}

static bool check(const br_json_member *m, br_error *error)
{
    for (int i = 0; i < MEMBERS; i++) {
        br_slice value = br_buf_slice(&m[i].text);
        if (!m[i].found)
            return bad(error, "lacks credentialSet[0].credentials.", m[i].name);
        if (m[i].text.failed)
            return bad(error, "has too long a value in credentials.", m[i].name);
        if (value.n == 0 || !br_header_value_ok(value))
            return bad(error, "has an empty or damaged credentials.", m[i].name);
    }
    return true;
}

static const br_credentials *make(const br_json_member *m, br_error *error)
{
    int64_t expiration_ms;
    if (!check(m, error))
        return NULL;
    if (!br_time_parse_iso(br_buf_slice(&m[EXPIRATION].text), &expiration_ms)) {
        bad(error, "has no ISO 8601 time in credentials.", m[EXPIRATION].name);
        return NULL;
    }
    const br_credentials *c = br_credentials_new(
        br_buf_slice(&m[ACCESS_KEY_ID].text), br_buf_slice(&m[SECRET_ACCESS_KEY].text),
        br_buf_slice(&m[SESSION_TOKEN].text), expiration_ms);
    if (c == NULL)
        br_error_set(error, BR_ERR_CREDENTIALS, "NoMemory", "out of memory");
    return c;
}

const br_credentials *br_ra_answer(br_slice body, br_error *error)
{
    br_json_member members[MEMBERS] = {
        [ACCESS_KEY_ID] = {.name = "accessKeyId", .max = BR_ACCESS_KEY_ID_MAX},
        [SECRET_ACCESS_KEY] = {.name = "secretAccessKey", .max = BR_SECRET_MAX},
        [SESSION_TOKEN] = {.name = "sessionToken", .max = BR_SESSION_TOKEN_MAX},
        [EXPIRATION] = {.name = "expiration", .max = EXPIRATION_MAX},
    };
    const br_credentials *c = NULL;
    if (br_json_members_read(body, "credentialSet.credentials", members, MEMBERS))
        c = make(members, error);
    else
        bad(error, "is not a JSON object", "");
    br_json_members_free(members, MEMBERS);
    return c;
}
