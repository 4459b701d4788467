#include "core/aws/credential_answer.h"

#include "core/aws/harmless.h"
#include "core/base/times.h"
#include "core/http/headers.h"
#include "core/text/json_members.h"

#define SHORT_TEXT_MAX 64
#define TOLD_MAX 1024 /* of a message */

enum { ID, SECRET, TOKEN, EXPIRATION, VERSION, CODE, MESSAGE, MEMBERS };

typedef struct answer_form {
    const char *within;
    const char *names[MEMBERS]; /* "": it has none */
    bool token, expiration;     /* may not be left out */
} answer_form;

static const answer_form forms[] = {
    [BR_ANSWER_METADATA] = {NULL,
                            {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "", "Code",
                             "Message"},
                            true,
                            true},
    [BR_ANSWER_PROCESS] = {NULL,
                           {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration",
                            "Version", "", ""},
                           false,
                           false},
    [BR_ANSWER_SSO] = {"roleCredentials",
                       {"accessKeyId", "secretAccessKey", "sessionToken", "expiration", "", "", ""},
                       true,
                       true},
};

static bool bad(br_error *error, const char *whose, const char *what, const char *name)
{
    return br_error_set(error, BR_ERR_CREDENTIALS, "BadResponse", "%s %s%s", whose, what, name);
}

static bool check(const answer_form *f, const char *whose, const br_json_member *m, br_error *error)
{
    for (int i = ID; i <= EXPIRATION; i++) {
        bool needed = i <= SECRET || (i == TOKEN && f->token) || (i == EXPIRATION && f->expiration);
        if (!m[i].found && !needed)
            continue;
        if (!m[i].found)
            return bad(error, whose, "lacks ", m[i].name);
        if (m[i].text.failed)
            return bad(error, whose, "has too long a value of ", m[i].name);
        if ((needed && m[i].text.len == 0) || !br_header_value_ok(br_buf_slice(&m[i].text)))
            return bad(error, whose, "has an empty or damaged ", m[i].name);
    }
    return true;
}

static bool read_milliseconds(br_slice text, int64_t *ms)
{
    int64_t value = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || value > INT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (text.p[i] - '0');
    }
    *ms = value;
    return text.n > 0;
}

static bool read_expiration(br_answer_form which, const char *whose, const br_json_member *m,
                            int64_t *ms, br_error *error)
{
    br_slice text = br_buf_slice(&m->text);
    *ms = BR_NEVER_EXPIRES;
    if (!m->found)
        return true;
    if (which == BR_ANSWER_SSO)
        return read_milliseconds(text, ms) ||
               bad(error, whose, "has no time in milliseconds in ", m->name);
    return br_time_parse_iso(text, ms) || bad(error, whose, "has no ISO 8601 time in ", m->name);
}

/* The metadata services answer 200 also where they have none. */
static bool is_refusal(const char *whose, const br_json_member *m, br_error *error)
{
    br_slice code = br_buf_slice(&m[CODE].text);
    br_harmless known = {.echoes = NULL};
    br_buf text;
    if (m[ID].found || !m[CODE].found || br_slice_eqs(code, "Success"))
        return false;
    br_buf_init(&text, (size_t)2 * BR_ERROR_MESSAGE_MAX);
    br_harmless_text(&text, br_slice_cut(br_buf_slice(&m[MESSAGE].text), TOLD_MAX), &known);
    br_error_set(error, BR_ERR_CREDENTIALS,
                 br_harmless_code(code) ? m[CODE].text.data : "BadResponse", "%s holds none: %.*s",
                 whose, (int)text.len, text.len > 0 ? text.data : "");
    br_buf_free(&text);
    return true;
}

static const br_credentials *make(br_answer_form which, const char *whose, const br_json_member *m,
                                  br_error *error)
{
    int64_t expiration_ms;
    if (is_refusal(whose, m, error))
        return NULL;
    if (which == BR_ANSWER_PROCESS && !br_slice_eqs(br_buf_slice(&m[VERSION].text), "1")) {
        bad(error, whose, m[VERSION].found ? "has another Version than 1" : "lacks Version: 1", "");
        return NULL;
    }
    if (!check(&forms[which], whose, m, error) ||
        !read_expiration(which, whose, &m[EXPIRATION], &expiration_ms, error))
        return NULL;
    const br_credentials *c =
        br_credentials_new(br_buf_slice(&m[ID].text), br_buf_slice(&m[SECRET].text),
                           br_buf_slice(&m[TOKEN].text), expiration_ms);
    if (c == NULL)
        br_error_set(error, BR_ERR_CREDENTIALS, "NoMemory", "out of memory");
    return c;
}

const br_credentials *br_credential_answer(br_answer_form form, const char *whose, br_slice body,
                                           br_error *error)
{
    static const size_t limits[MEMBERS] = {
        BR_ACCESS_KEY_ID_MAX, BR_SECRET_MAX,         BR_SESSION_TOKEN_MAX, SHORT_TEXT_MAX,
        SHORT_TEXT_MAX,       BR_ERROR_CODE_MAX - 1, BR_ERROR_MESSAGE_MAX};
    br_json_member members[MEMBERS] = {{.name = NULL}};
    const br_credentials *c = NULL;
    for (int i = 0; i < MEMBERS; i++) {
        members[i].name = forms[form].names[i];
        members[i].max = limits[i];
        members[i].number = i == VERSION || (i == EXPIRATION && form == BR_ANSWER_SSO);
    }
    if (br_json_members_read(body, forms[form].within, members, MEMBERS))
        c = make(form, whose, members, error);
    else
        bad(error, whose, "is not a JSON object", "");
    br_json_members_free(members, MEMBERS);
    return c;
}

bool br_credentials_expired(const br_credentials *c, const char *whose, int64_t now_ms,
                            br_slice date, br_error *error)
{
    int64_t date_ms;
    char end[BR_ISO_DATE_SIZE], now[BR_ISO_DATE_SIZE];
    if (date.n > 0 && br_time_parse_http(date, &date_ms) && date_ms < now_ms)
        now_ms = date_ms;
    if (br_credentials_life_ms(c, now_ms) > 0)
        return false;
    br_time_iso(c->expiration_ms, end);
    br_time_iso(now_ms, now);
    br_error_set(error, BR_ERR_CREDENTIALS, "CredentialsExpired",
                 "%s holds credentials that expired at %s, and it is %s: renew them, or set the "
                 "clock",
                 whose, end, now);
    return true;
}
