/*
** What sources of credentials on this machine, and IAM Identity Center, say: the first byte
** chooses.
*/
#include <string.h>

#include "core/aws/command.h"
#include "core/aws/container_uri.h"
#include "core/aws/credential_answer.h"
#include "core/aws/instance_metadata.h"
#include "core/aws/sso.h"
#include "fuzz.h"

#define NOW_MS INT64_C(1795946400000)

static bool fits(br_slice text, size_t max)
{
    return text.n <= max && br_header_value_ok(text);
}

static void answer(br_answer_form form, br_slice body)
{
    br_error error;
    br_error_clear(&error);
    const br_credentials *c = br_credential_answer(form, "it", body, &error);
    if (c == NULL) {
        MUST(error.kind == BR_ERR_CREDENTIALS && error.message[0] != '\0');
        return;
    }
    MUST(c->access_key_id.n > 0 && fits(c->access_key_id, BR_ACCESS_KEY_ID_MAX));
    MUST(c->secret_access_key.n > 0 && fits(c->secret_access_key, BR_SECRET_MAX));
    MUST(fits(c->session_token, BR_SESSION_TOKEN_MAX));
    const br_credentials *longer = br_instance_extended(c, NOW_MS, 0.5);
    MUST(longer != NULL && br_credentials_fresh(longer, NOW_MS));
    br_credentials_unref(longer);
    br_credentials_unref(c);
}

static void command(br_slice line)
{
    br_command c;
    size_t n = 0;
    if (br_command_split(line, &c) != NULL) {
        MUST(c.words == NULL);
        return;
    }
    for (size_t i = 0; i < c.count; i++)
        n += strlen(c.words[i]) + 1;
    MUST(c.count > 0 && c.words[c.count] == NULL && n <= line.n + 1);
    br_command_free(&c);
}

static void container(br_slice uri)
{
    br_url endpoint;
    br_buf target;
    br_error error;
    br_buf_init(&target, BR_CONTAINER_TARGET_MAX);
    if (br_container_uri_parse(uri, &endpoint, &target, &error)) {
        MUST(endpoint.https || br_container_host_allowed(&endpoint));
        MUST(target.len > 0 && target.data[0] == '/' && br_header_value_ok(br_buf_slice(&target)));
    }
    br_buf_free(&target);
}

/* What is written is read again as it was. */
static void written(const br_sso_token *t)
{
    br_sso_token again;
    br_buf text;
    br_sso_token_init(&again);
    br_buf_init_secret(&text, 8 * BR_SSO_FILE_MAX);
    br_sso_token_write(t, BR_SLICE("https://a/"), BR_SLICE("us-east-1"), &text);
    MUST(!text.failed && br_sso_token_read(br_buf_slice(&text), &again));
    MUST(again.expires_ms == t->expires_ms);
    for (int i = 0; i < BR_SSO_TEXT_COUNT; i++)
        MUST(br_slice_eq(br_buf_slice(&again.text[i]), br_buf_slice(&t->text[i])));
    br_buf_free(&text);
    br_sso_token_free(&again);
}

static void token(br_slice text)
{
    br_sso_token t;
    br_sso_token_init(&t);
    if (br_sso_token_read(text, &t))
        written(&t);
    if (br_sso_renewal_answer(text, NOW_MS, &t))
        MUST(t.expires_ms > NOW_MS);
    (void)br_sso_renewable(&t, NOW_MS);
    br_sso_token_free(&t);
}

static void metadata(br_slice body)
{
    br_slice found = br_instance_token(body), role = br_instance_role(body);
    MUST(found.n <= BR_INSTANCE_TOKEN_MAX && br_header_value_ok(found));
    MUST(role.n <= BR_INSTANCE_ROLE_MAX && (role.n == 0 || memchr(role.p, '/', role.n) == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    br_slice rest = {(const char *)data + 1, size - 1};
    switch (data[0] % 7) {
    case 0:
    case 1:
    case 2:
        answer((br_answer_form)(data[0] % 7), rest);
        break;
    case 3:
        command(rest);
        break;
    case 4:
        container(rest);
        break;
    case 5:
        token(rest);
        break;
    default:
        metadata(rest);
    }
    return 0;
}
