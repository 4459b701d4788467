/*
** What local sources and IAM Identity Center answer: credentials, refusals, and what is neither. No
** value of an answer is ever part of an error.
*/
#include "core/aws/credential_answer.h"

#include <stdio.h>

#include "check.h"

#define METADATA                                                                                   \
    "\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"se/cret\",\"Token\":\"to+ken\","              \
    "\"Expiration\":\"2026-11-29T10:00:00Z\""
#define PROCESS "\"AccessKeyId\":\"AKIA1\",\"SecretAccessKey\":\"se/cret\""
#define END_MS INT64_C(1795946400000)

static const br_credentials *read_it(br_answer_form which, const char *text, br_error *error)
{
    char *copy = guard_copy(text, strlen(text));
    const br_credentials *c =
        br_credential_answer(which, "the answer", (br_slice){copy, strlen(text)}, error);
    guard_free(copy, strlen(text));
    return c;
}

static void gives(br_answer_form which, const char *text, const char *id, const char *token,
                  int64_t expiration_ms)
{
    br_error error;
    const br_credentials *c = read_it(which, text, &error);
    CHECK(c != NULL);
    if (c == NULL)
        return;
    CHECK_SLICE(c->access_key_id, id);
    CHECK_SLICE(c->secret_access_key, "se/cret");
    CHECK_SLICE(c->session_token, token);
    CHECK_INT(c->expiration_ms, expiration_ms);
    br_credentials_unref(c);
}

static void refuses(br_answer_form which, const char *text, const char *code, const char *message)
{
    br_error error;
    CHECK(read_it(which, text, &error) == NULL);
    CHECK_INT(error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(error.code, code);
    CHECK_STR(error.message, message);
}

static void test_given(void)
{
    gives(BR_ANSWER_METADATA, "{" METADATA "}", "ASIA1", "to+ken", END_MS);
    gives(BR_ANSWER_METADATA,
          "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"more\":[{\"Token\":1}]," METADATA "}\n",
          "ASIA1", "to+ken", END_MS);
    gives(BR_ANSWER_METADATA, "{\"AccessKeyId\":\"A\"," METADATA "}", "ASIA1", "to+ken", END_MS);
    gives(BR_ANSWER_PROCESS, "{\"Version\":1," PROCESS "}", "AKIA1", "", BR_NEVER_EXPIRES);
    gives(BR_ANSWER_PROCESS,
          "{\"Version\":1," PROCESS ",\"SessionToken\":null,\"Expiration\":null}", "AKIA1", "",
          BR_NEVER_EXPIRES);
    gives(BR_ANSWER_PROCESS,
          "{\"Version\":1," PROCESS
          ",\"SessionToken\":\"\\u0074\",\"Expiration\":\"2026-11-29T11:00:00.5+01:00\"}",
          "AKIA1", "t", END_MS + 500);
    gives(BR_ANSWER_SSO,
          "{\"roleCredentials\":{\"accessKeyId\":\"ASIA2\",\"secretAccessKey\":\"se/cret\","
          "\"sessionToken\":\"to+ken\",\"expiration\":1795946400123}}",
          "ASIA2", "to+ken", END_MS + 123);
}

static void test_lacking(void)
{
    refuses(BR_ANSWER_METADATA, "", "BadResponse", "the answer is not a JSON object");
    refuses(BR_ANSWER_METADATA, "[]", "BadResponse", "the answer is not a JSON object");
    refuses(BR_ANSWER_METADATA, "{" METADATA, "BadResponse", "the answer is not a JSON object");
    refuses(BR_ANSWER_METADATA, "{" METADATA "} {}", "BadResponse",
            "the answer is not a JSON object");
    refuses(BR_ANSWER_METADATA, "{}", "BadResponse", "the answer lacks AccessKeyId");
    refuses(BR_ANSWER_METADATA, "{" METADATA ",\"Token\":null}", "BadResponse",
            "the answer lacks Token");
    refuses(BR_ANSWER_METADATA, "{" METADATA ",\"Token\":\"a\\r\\nb\"}", "BadResponse",
            "the answer has an empty or damaged Token");
    refuses(BR_ANSWER_METADATA, "{" METADATA ",\"SecretAccessKey\":\"\"}", "BadResponse",
            "the answer has an empty or damaged SecretAccessKey");
    refuses(BR_ANSWER_METADATA, "{" METADATA ",\"Expiration\":\"soon\"}", "BadResponse",
            "the answer has no ISO 8601 time in Expiration");
    refuses(BR_ANSWER_PROCESS, "{" PROCESS "}", "BadResponse", "the answer lacks Version: 1");
    refuses(BR_ANSWER_PROCESS, "{\"Version\":2," PROCESS "}", "BadResponse",
            "the answer has another Version than 1");
    refuses(BR_ANSWER_SSO, "{" METADATA "}", "BadResponse", "the answer lacks accessKeyId");
    refuses(BR_ANSWER_SSO, "{\"roleCredentials\":7}", "BadResponse",
            "the answer lacks accessKeyId");
    refuses(BR_ANSWER_SSO,
            "{\"roleCredentials\":{\"accessKeyId\":\"ASIA2\",\"secretAccessKey\":\"se/cret\","
            "\"sessionToken\":\"t\",\"expiration\":\"2026-11-29T10:00:00Z\"}}",
            "BadResponse", "the answer lacks expiration");
    refuses(BR_ANSWER_SSO,
            "{\"roleCredentials\":{\"accessKeyId\":\"ASIA2\",\"secretAccessKey\":\"se/cret\","
            "\"sessionToken\":\"t\",\"expiration\":1.5}}",
            "BadResponse", "the answer has no time in milliseconds in expiration");
    refuses(BR_ANSWER_PROCESS, "{\"Version\":\"1\"," PROCESS "}", "BadResponse",
            "the answer lacks Version: 1");
    refuses(BR_ANSWER_METADATA, "{" METADATA ",\"Token\":7}", "BadResponse",
            "the answer lacks Token");
}

static void test_too_long(void)
{
    char text[1024];
    snprintf(text, sizeof text, "{" METADATA ",\"AccessKeyId\":\"%0*d\"}", BR_ACCESS_KEY_ID_MAX + 1,
             7);
    refuses(BR_ANSWER_METADATA, text, "BadResponse",
            "the answer has too long a value of AccessKeyId");
}

static void test_refusals(void)
{
    br_error error;
    CHECK(read_it(BR_ANSWER_METADATA,
                  "{\"Code\":\"AccessDenied\",\"Message\":\"access denied for "
                  "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY\"}",
                  &error) == NULL);
    CHECK_STR(error.code, "AccessDenied");
    CHECK(strncmp(error.message, "the answer holds none: ", 23) == 0);
    CHECK(strstr(error.message, "wJalr") == NULL);
    CHECK(read_it(BR_ANSWER_METADATA, "{\"Code\":\"wJalrXUtnFEMIK7MDENGbPxRfi\"}", &error) == NULL);
    CHECK_STR(error.code, "BadResponse");
    CHECK(strstr(error.message, "wJalr") == NULL);
}

static bool expired(int64_t end_ms, int64_t now_ms, const char *date, br_error *error)
{
    const br_credentials *c =
        br_credentials_new(BR_SLICE("a"), BR_SLICE("b"), (br_slice){NULL, 0}, end_ms);
    bool is = br_credentials_expired(c, "the answer", now_ms, br_slice_of(date), error);
    br_credentials_unref(c);
    return is;
}

/* The clock that is behind decides: the local one may be wrong. */
static void test_expired(void)
{
    br_error error;
    CHECK(!expired(END_MS, END_MS - 1, NULL, &error));
    CHECK(!expired(BR_NEVER_EXPIRES, END_MS, NULL, &error));
    CHECK(!expired(END_MS, END_MS + 86400000, "Sun, 29 Nov 2026 09:59:59 GMT", &error));
    CHECK(!expired(END_MS, END_MS - 1, "Mon, 30 Nov 2026 09:59:59 GMT", &error));
    CHECK(expired(END_MS, END_MS + 1000, "yesterday", &error));
    CHECK(expired(END_MS, END_MS, NULL, &error));
    CHECK_STR(error.code, "CredentialsExpired");
    CHECK_STR(error.message, "the answer holds credentials that expired at 2026-11-29T10:00:00Z, "
                             "and it is 2026-11-29T10:00:00Z: renew them, or set the clock");
}

int main(void)
{
    test_given();
    test_lacking();
    test_too_long();
    test_refusals();
    test_expired();
    return check_done();
}
