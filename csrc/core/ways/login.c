/* Tokens of `aws login`: credentials in a JSON file that the AWS CLI writes and renews. */
#include "core/base/times.h"
#include "core/text/json_members.h"
#include "core/text/printable.h"
#include "core/ways/ways.h"

#define MEMBERS 4

static const struct {
    const char *name;
    br_layer_text text;
} members[MEMBERS] = {
    {"accessKeyId", BR_LAYER_ACCESS_KEY_ID},
    {"secretAccessKey", BR_LAYER_SECRET_ACCESS_KEY},
    {"sessionToken", BR_LAYER_SESSION_TOKEN},
    {"expiresAt", BR_LAYER_EXPIRATION},
};

static bool read_token(br_slice text, br_layer *l)
{
    br_json_member found[MEMBERS];
    memset(found, 0, sizeof found);
    for (size_t i = 0; i < MEMBERS; i++) {
        found[i].name = members[i].name;
        found[i].max = BR_LOGIN_TOKEN_MAX;
    }
    bool ok = br_json_members_read(text, "accessToken", found, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        ok = ok && found[i].text.len > 0 &&
             br_layer_set(l, members[i].text, br_buf_slice(&found[i].text));
    br_json_members_free(found, MEMBERS);
    return ok;
}

static br_found broken(br_slice profile, const char *why, br_problems *p)
{
    br_printable name = br_print(profile);
    br_problems_add(p, "file", BR_SLICE("profile"),
                    "\"%s\" uses login_session, and its token %s: run aws login --profile %s",
                    name.text, why, name.text);
    return BR_BROKEN;
}

static const char *wrong_with(br_ways *w, br_slice session, br_layer *l)
{
    int64_t ms;
    br_buf text;
    br_buf_init_secret(&text, BR_LOGIN_TOKEN_MAX);
    const char *wrong = NULL;
    if (l == NULL || w->login_token == NULL || !w->login_token(w->user, session, &text))
        wrong = "is not there";
    else if (!read_token(br_buf_slice(&text), l) ||
             !br_time_parse_iso(br_layer_get(l, BR_LAYER_EXPIRATION), &ms))
        wrong = "cannot be read";
    else if (ms - w->now_ms < BR_CREDENTIALS_MIN_LIFE_MS)
        wrong = "has expired";
    br_buf_free(&text);
    return wrong;
}

br_found br_ways_login(br_ways *w, br_slice profile, br_slice session, br_way *out, br_problems *p)
{
    const char *wrong = wrong_with(w, session, br_way_add(out, BR_LAYER_KEYS));
    return wrong == NULL ? BR_FOUND : broken(profile, wrong, p);
}
