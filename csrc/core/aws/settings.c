#include "core/aws/settings_private.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "core/base/owned_text.h"

static const struct option {
    const char *name;
    br_option_type type;
} options[BR_OPT_COUNT] = {
    [BR_OPT_AUTH] = {"auth", BR_TYPE_TEXT},
    [BR_OPT_PROFILE_ARN] = {"profile_arn", BR_TYPE_TEXT},
    [BR_OPT_ROLE_ARN] = {"role_arn", BR_TYPE_TEXT},
    [BR_OPT_TRUST_ANCHOR_ARN] = {"trust_anchor_arn", BR_TYPE_TEXT},
    [BR_OPT_CERTIFICATE] = {"certificate", BR_TYPE_TEXT},
    [BR_OPT_PRIVATE_KEY] = {"private_key", BR_TYPE_TEXT},
    [BR_OPT_CERTIFICATE_CHAIN] = {"certificate_chain", BR_TYPE_TEXT},
    [BR_OPT_PRIVATE_KEY_PASSWORD] = {"private_key_password", BR_TYPE_TEXT},
    [BR_OPT_PKCS12] = {"pkcs12", BR_TYPE_TEXT},
    [BR_OPT_OPENSSL_PROVIDERS] = {"openssl_providers", BR_TYPE_TEXT},
    [BR_OPT_SESSION_NAME] = {"session_name", BR_TYPE_TEXT},
    [BR_OPT_ROLES_ANYWHERE_REGION] = {"roles_anywhere_region", BR_TYPE_TEXT},
    [BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION] = {"roles_anywhere_custom_region", BR_TYPE_TEXT},
    [BR_OPT_ACCESS_KEY_ID] = {"access_key_id", BR_TYPE_TEXT},
    [BR_OPT_SECRET_ACCESS_KEY] = {"secret_access_key", BR_TYPE_TEXT},
    [BR_OPT_SESSION_TOKEN] = {"session_token", BR_TYPE_TEXT},
    [BR_OPT_API_KEY] = {"api_key", BR_TYPE_TEXT},
    [BR_OPT_REGION] = {"region", BR_TYPE_TEXT},
    [BR_OPT_CUSTOM_REGION] = {"custom_region", BR_TYPE_TEXT},
    [BR_OPT_CA_FILE] = {"ca_file", BR_TYPE_TEXT},
    [BR_OPT_CLIENT_CERTIFICATE] = {"client_certificate", BR_TYPE_TEXT},
    [BR_OPT_CLIENT_KEY] = {"client_key", BR_TYPE_TEXT},
    [BR_OPT_CLIENT_KEY_PASSWORD] = {"client_key_password", BR_TYPE_TEXT},
    [BR_OPT_CACHE_DIR] = {"cache_dir", BR_TYPE_TEXT},
    [BR_OPT_UNKNOWN] = {"unknown", BR_TYPE_TEXT},
    [BR_OPT_PROFILE] = {"profile", BR_TYPE_TEXT},
    [BR_OPT_CONFIG_FILE] = {"config_file", BR_TYPE_TEXT},
    [BR_OPT_CREDENTIALS_FILE] = {"credentials_file", BR_TYPE_TEXT},
    [BR_OPT_CREDENTIAL_PROCESS] = {"credential_process", BR_TYPE_TEXT},
    [BR_OPT_DURATION] = {"duration", BR_TYPE_NUMBER},
    [BR_OPT_CONNECT_TIMEOUT] = {"connect_timeout", BR_TYPE_NUMBER},
    [BR_OPT_READ_TIMEOUT] = {"read_timeout", BR_TYPE_NUMBER},
    [BR_OPT_FIRST_BYTE_TIMEOUT] = {"first_byte_timeout", BR_TYPE_NUMBER},
    [BR_OPT_TOTAL_TIMEOUT] = {"total_timeout", BR_TYPE_NUMBER},
    [BR_OPT_MAX_ATTEMPTS] = {"max_attempts", BR_TYPE_NUMBER},
    [BR_OPT_ALLOW_HTTP] = {"allow_http", BR_TYPE_FLAG},
    [BR_OPT_USE_FIPS] = {"use_fips", BR_TYPE_FLAG},
    [BR_OPT_USE_DUALSTACK] = {"use_dualstack", BR_TYPE_FLAG},
    [BR_OPT_VALIDATE] = {"validate", BR_TYPE_FLAG},
    [BR_OPT_STRICT] = {"strict", BR_TYPE_FLAG},
    [BR_OPT_RETRY_TIMEOUTS] = {"retry_timeouts", BR_TYPE_FLAG},
    [BR_OPT_ENDPOINT] = {"endpoint", BR_TYPE_ENDPOINT},
    [BR_OPT_PROXY] = {"proxy", BR_TYPE_PROXY},
    [BR_OPT_CACHE] = {"cache", BR_TYPE_CACHE},
    [BR_OPT_HEADERS] = {"headers", BR_TYPE_HEADERS},
    [BR_OPT_WEB_IDENTITY] = {"web_identity", BR_TYPE_PARTS},
    [BR_OPT_CONTAINER] = {"container", BR_TYPE_PARTS},
    [BR_OPT_INSTANCE] = {"instance", BR_TYPE_PARTS},
    [BR_OPT_ASSUME_ROLE] = {"assume_role", BR_TYPE_ROLES},
    [BR_OPT_CREDENTIALS] = {"credentials", BR_TYPE_FUNCTION},
    [BR_OPT_SIGN] = {"sign", BR_TYPE_FUNCTION},
};

static const char *const type_wants[] = {
    [BR_TYPE_TEXT] = "a string",
    [BR_TYPE_NUMBER] = "an integer",
    [BR_TYPE_FLAG] = "true or false",
    [BR_TYPE_ENDPOINT] = "a URL, or a table of service = URL",
    [BR_TYPE_PROXY] = "a URL, or false for none",
    [BR_TYPE_CACHE] = "\"shared\", \"memory\", a URL such as \"redis://host:6379\", or false",
    [BR_TYPE_HEADERS] = "a table of names and values",
    [BR_TYPE_PARTS] = "a table",
    [BR_TYPE_ROLES] = "a table for a role, or a list of such tables",
    [BR_TYPE_FUNCTION] = "a function",
};

const char *br_option_name(br_option o)
{
    return options[o].name;
}

br_option_type br_option_type_of(br_option o)
{
    return options[o].type;
}

const char *br_option_wants(br_option o)
{
    return type_wants[options[o].type];
}

int br_option_find(br_slice name)
{
    for (int i = 0; i < BR_OPT_COUNT; i++)
        if (br_slice_eqs(name, options[i].name))
            return i;
    return -1;
}

void br_settings_init(br_settings *s)
{
    memset(s, 0, sizeof(*s));
    br_headers_init_secret(&s->headers);
    s->number[0] = BR_RA_DURATION_DEFAULT;
    for (int o = BR_OPT_CONNECT_TIMEOUT; o <= BR_OPT_TOTAL_TIMEOUT; o++)
        s->number[o - BR_OPT_DURATION] = -1;
    s->number[BR_OPT_MAX_ATTEMPTS - BR_OPT_DURATION] = BR_MAX_ATTEMPTS_DEFAULT;
    s->flag[BR_OPT_VALIDATE - BR_OPT_ALLOW_HTTP] = true;
}

static void text_free(char *text, size_t n)
{
    if (text != NULL)
        OPENSSL_cleanse(text, n);
    free(text);
}

void br_settings_free(br_settings *s)
{
    for (int o = 0; o < BR_OPT_TEXT_COUNT; o++)
        text_free(s->text[o], s->text_len[o]);
    br_text_free(s->proxy);
    br_text_free(s->cache_url);
    br_headers_free(&s->headers);
    for (int which = 0; which < BR_LAYER_TEXT_COUNT; which++)
        (void)br_layer_set(&s->own, (br_layer_text)which, (br_slice){NULL, 0});
    for (size_t i = 0; i < s->role_count; i++)
        br_role_free(&s->roles[i]);
    free(s->roles);
    br_way_free(&s->way);
    br_settings_init(s);
}

void br_settings_forget(br_settings *s, br_option o)
{
    text_free(s->text[o], s->text_len[o]);
    s->text[o] = NULL;
    s->text_len[o] = 0;
}

int64_t br_settings_number(const br_settings *s, br_option o)
{
    return s->number[o - BR_OPT_DURATION];
}

bool br_settings_flag(const br_settings *s, br_option o)
{
    return s->flag[o - BR_OPT_ALLOW_HTTP];
}

br_slice br_settings_text(const br_settings *s, br_option o)
{
    return s->text[o] == NULL ? (br_slice){NULL, 0} : (br_slice){s->text[o], s->text_len[o]};
}
