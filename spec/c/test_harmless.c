/* What is shown of answers that can hold credentials: AWS's words, and no spelling of a secret. */
#include "core/aws/harmless.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define KEY_ID "ASIAIOSFODNN7EXAMPLE"
#define HIDDEN "its text is not shown, because it may contain credentials"

static const br_slice OWN[] = {{"arn:aws:iam::123456789012:role/mine", 35}, {"us-east-1", 9}};
static const br_harmless STRICT = {OWN, 2, false}, WITH_ARNS = {NULL, 0, true};

static void shows(const char *message, const char *want, const br_harmless *known)
{
    br_buf out;
    br_buf_init(&out, 4096);
    br_harmless_text(&out, br_slice_of(message), known);
    CHECK_SLICE(br_buf_slice(&out), want);
    br_buf_free(&out);
}

static void test_messages_of_aws(void)
{
    static const char *const messages[] = {
        "Not authorized to set roleSessionName.",
        "Untrusted signing certificate",
        "Untrusted certificate. Insufficient certificate",
        "Invalid signature",
        "Some attributes failed to be mapped into session tags",
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z "
        "(20260101T001000Z - 5 "
        "min.)",
        "Signature not yet current: 20260101T000500Z is still later than 20260101T000000Z",
        "Credential should be scoped to a valid region.",
        "Unable to assume role for arn:aws:iam::123456789012:role/mine",
        "The security token included in the request is invalid.",
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS "
        "access key and signing method.",
        "Value at 'durationSeconds' failed to satisfy constraint: Member must have value less than "
        "or "
        "equal to 43200",
        "502 Bad Gateway nginx",
        "Rate exceeded",
        "The profile is disabled in us-east-1",
        "the service answered HTTP 500 without a reason",
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        br_buf out;
        br_buf_init(&out, 4096);
        br_harmless_text(&out, br_slice_of(messages[i]), &STRICT);
        check_text(out.data, out.len,
                   i == 11 ? "Value at 'durationSeconds' failed to satisfy constraint: "
                             "Member must have value less than or equal to ***"
                           : messages[i],
                   __FILE__, __LINE__);
        br_buf_free(&out);
    }
}

static void test_gaps(void)
{
    shows("The key is " SECRET " and the token, too", "The key is *** and the token, too", &STRICT);
    shows("no token {\"a\": \"" SECRET "\"}", "no token {\"a\": ***", &STRICT);
    shows("denied for arn:aws:iam::123456789012:role/other", "denied for ***", &STRICT);
    shows("denied  in\n\tus-east-1, us-west-2.", "denied in us-east-1, ***", &STRICT);
    shows("", HIDDEN, &STRICT);
    shows(SECRET, HIDDEN, &STRICT);
    shows("token=" SECRET, HIDDEN, &STRICT);
    shows("is " SECRET, HIDDEN, &STRICT);
    shows("a b c d", HIDDEN, &STRICT);
    shows("12345 67890 123456789", HIDDEN, &STRICT);
}

static void test_arns(void)
{
    shows("User: arn:aws:sts::123456789012:assumed-role/ci/job-7 is not authorized to perform: "
          "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/deploy",
          "User: arn:aws:sts::123456789012:assumed-role/ci/job-7 is not authorized to perform: "
          "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/deploy",
          &WITH_ARNS);
    shows("is not arn:aws:iam::1:user/" KEY_ID, "is not ***", &WITH_ARNS);
    shows("is not arn:aws:iam::1:user/wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY", "is not ***",
          &WITH_ARNS);
    shows("is not arn:aws:" SECRET, "is not ***", &WITH_ARNS);
}

/* Each writes the secret in some way. */
typedef void spelling(const char *secret, char *out, size_t size);

static void plain(const char *secret, char *out, size_t size)
{
    snprintf(out, size, "%s", secret);
}

static void changed(const char *secret, char *out, size_t size, int (*change)(int))
{
    size_t n = strlen(secret);
    for (size_t i = 0; i < n && i + 1 < size; i++)
        out[i] = (char)change((unsigned char)secret[i]);
    out[n < size ? n : size - 1] = '\0';
}

static void upper(const char *secret, char *out, size_t size)
{
    changed(secret, out, size, toupper);
}

static void lower(const char *secret, char *out, size_t size)
{
    changed(secret, out, size, tolower);
}

static void backwards(const char *secret, char *out, size_t size)
{
    size_t n = strlen(secret);
    for (size_t i = 0; i < n && i + 1 < size; i++)
        out[i] = secret[n - 1 - i];
    out[n < size ? n : size - 1] = '\0';
}

#define EACH_AS(name, form)                                                                        \
    static void name(const char *secret, char *out, size_t size)                                   \
    {                                                                                              \
        for (size_t used = 0; *secret != '\0' && used + 16 < size; secret++)                       \
            used += (size_t)snprintf(out + used, size - used, form, (unsigned char)*secret);       \
    }
EACH_AS(hex, "%02x")
EACH_AS(escaped, "\\u%04x")
EACH_AS(percent, "%%%02X")
EACH_AS(entities, "&#%d;")
EACH_AS(numbers, "%d ")

static void split(const char *secret, char *out, size_t size, size_t every)
{
    size_t used = 0;
    for (size_t i = 0; secret[i] != '\0' && used + 2 < size; i++) {
        out[used++] = secret[i];
        if ((i + 1) % every == 0)
            out[used++] = ' ';
    }
    out[used] = '\0';
}

#define SPLIT(name, every)                                                                         \
    static void name(const char *secret, char *out, size_t size)                                   \
    {                                                                                              \
        split(secret, out, size, every);                                                           \
    }
SPLIT(split_1, 1)
SPLIT(split_4, 4)
SPLIT(split_8, 8)

static spelling *const SPELLINGS[] = {plain,   upper,    lower,   backwards, hex,     escaped,
                                      percent, entities, numbers, split_1,   split_4, split_8};

/* Behind innocent words, so that something is shown: none of five characters of it in a row is. */
static void check_hidden(const char *secret, spelling *spell)
{
    char text[1024] = "The request is not valid. The session token of the user is not the one: ";
    char shown[2048] = "";
    size_t start = strlen(text);
    br_buf out;
    spell(secret, text + start, sizeof text - start);
    br_buf_init(&out, sizeof shown - 1);
    br_harmless_text(&out, br_slice_of(text), &STRICT);
    snprintf(shown, sizeof shown, "%.*s", (int)out.len, out.data);
    br_buf_free(&out);
    for (const char *p = text + start; strlen(p) >= 5; p++) {
        char part[6];
        snprintf(part, sizeof part, "%.*s", (int)sizeof part - 1, p);
        if (strspn(part, "0123456789 ") < 5)
            check_that(strstr(shown, part) == NULL, shown, __FILE__, __LINE__);
    }
}

static void test_spellings(void)
{
    static const char *const secrets[] = {SECRET, KEY_ID, "FRESHSECRET",
                                          "IQoJb3JpZ2luX2VjEJr//////////"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        for (size_t j = 0; j < sizeof SPELLINGS / sizeof *SPELLINGS; j++)
            check_hidden(secrets[i], SPELLINGS[j]);
}

static void test_codes(void)
{
    static const char *const good[] = {"AccessDeniedException",
                                       "AccessDenied",
                                       "ThrottlingException",
                                       "HTTP500",
                                       "SlowDown",
                                       "ExpiredToken",
                                       "InternalFailure",
                                       "InvalidClientTokenId",
                                       "RequestNotValidError",
                                       "ValidationError"};
    static const char *const bad[] = {"",
                                      SECRET,
                                      KEY_ID,
                                      "SecretxyzException",
                                      "HTTP12345",
                                      "HTTPabcd",
                                      "Exception",
                                      "FRESHSECRET",
                                      "Access Denied",
                                      "AccessDenied AuthFailure",
                                      "wJalrXUtnFEMIError"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        check_that(br_harmless_code(br_slice_of(good[i])), good[i], __FILE__, __LINE__);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_that(!br_harmless_code(br_slice_of(bad[i])), bad[i], __FILE__, __LINE__);
    CHECK(!br_harmless_code((br_slice){"AccessDenied\0", 13}));
}

static void test_ids(void)
{
    CHECK(br_harmless_id(BR_SLICE("0b8f7f3c-1D2E-4a5b-9c8d-0123456789ab")));
    CHECK(!br_harmless_id(BR_SLICE("0b8f7f3c-1D2E-4a5b-9c8d-0123456789ag")));
    CHECK(!br_harmless_id(BR_SLICE("0b8f7f3c01D2E04a5b09c8d00123456789ab")));
    CHECK(!br_harmless_id(BR_SLICE(SECRET)));
    CHECK(!br_harmless_id((br_slice){NULL, 0}));
}

int main(void)
{
    test_messages_of_aws();
    test_gaps();
    test_arns();
    test_spellings();
    test_codes();
    test_ids();
    return check_done();
}
