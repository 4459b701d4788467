#include "core/aws/foreign_options.h"

#include "core/base/error.h"
#include "core/base/suggest.h"

#define TIMEOUTS                                                                                   \
    "use total_timeout, connect_timeout, read_timeout or first_byte_timeout, in "                  \
    "milliseconds"
#define ALWAYS_VERIFIED "certificates are always verified; to trust your own authority set ca_file"
#define ATTEMPTS "did you mean max_attempts? it counts the first try, too"
#define OF_A_CALL "it belongs to a call, not to the connection"
#define OF_EACH_CALL "each call names its own model: modelId, or model in generate"
#define PROFILE "did you mean profile? it goes with auth = \"profile\" or \"chain\""

static const struct slip {
    const char *name, *hint;
    bool of_calls; /* calls have such an option, too */
} slips[] = {
    {"timeout", TIMEOUTS, true},
    {"timeouts", TIMEOUTS, true},
    {"timeout_ms", TIMEOUTS, true},
    {"request_timeout", TIMEOUTS, true},
    {"key", "did you mean private_key?", false},
    {"key_file", "did you mean private_key?", false},
    {"keyfile", "did you mean private_key?", false},
    {"ssl_key", "did you mean private_key?", false},
    {"passphrase", "did you mean private_key_password?", false},
    {"key_passphrase", "did you mean private_key_password?", false},
    {"password", "did you mean private_key_password?", false},
    {"key_password", "did you mean private_key_password?", false},
    {"pkcs12_password", "did you mean private_key_password?", false},
    {"cert", "did you mean certificate?", false},
    {"certs", "did you mean certificate?", false},
    {"cert_file", "did you mean certificate?", false},
    {"ssl_cert", "did you mean certificate?", false},
    {"chain", "did you mean certificate_chain?", false},
    {"cert_chain", "did you mean certificate_chain?", false},
    {"intermediates", "did you mean certificate_chain?", false},
    {"p12", "did you mean pkcs12?", false},
    {"pfx", "did you mean pkcs12?", false},
    {"keystore", "did you mean pkcs12?", false},
    {"ca", "did you mean ca_file?", false},
    {"ca_bundle", "did you mean ca_file?", false},
    {"ca_cert", "did you mean ca_file?", false},
    {"ca_certs", "did you mean ca_file?", false},
    {"ca_path", "did you mean ca_file?", false},
    {"verify", ALWAYS_VERIFIED, false},
    {"verify_ssl", ALWAYS_VERIFIED, false},
    {"ssl_verify", ALWAYS_VERIFIED, false},
    {"tls_verify", ALWAYS_VERIFIED, false},
    {"insecure", ALWAYS_VERIFIED, false},
    {"region_name", "did you mean region?", false},
    {"aws_default_region", "did you mean region?", false},
    {"default_region", "did you mean region?", false},
    {"signing_region", "did you mean region?", false},
    {"secret", "did you mean secret_access_key?", false},
    {"secret_key", "did you mean secret_access_key?", false},
    {"aws_secret_key", "did you mean secret_access_key?", false},
    {"security_token", "did you mean session_token?", false},
    {"token", "did you mean session_token, of temporary keys, or api_key?", false},
    {"bearer", "did you mean api_key?", false},
    {"bearer_token", "did you mean api_key?", false},
    {"aws_bearer_token_bedrock", "did you mean api_key?", false},
    {"profile_name", PROFILE, false},
    {"aws_profile", PROFILE, false},
    {"credentials", "use access_key_id, secret_access_key and session_token", false},
    {"model", OF_EACH_CALL, false},
    {"model_id", OF_EACH_CALL, false},
    {"model_name", OF_EACH_CALL, false},
    {"base_url", "did you mean endpoint?", false},
    {"url", "did you mean endpoint?", false},
    {"host", "did you mean endpoint?", false},
    {"retries", ATTEMPTS, true},
    {"retry", ATTEMPTS, true},
    {"max_retries", ATTEMPTS, true},
    {"http_proxy", "did you mean proxy?", false},
    {"https_proxy", "did you mean proxy?", false},
    {"proxies", "did you mean proxy?", false},
    {"proxy_url", "did you mean proxy?", false},
    {"ttl", "did you mean duration?", false},
    {"session_duration", "did you mean duration?", false},
    {"default_headers", "did you mean headers?", false},
    {"extra_headers", "did you mean headers?", false},
    {"max_tokens", OF_A_CALL, false},
    {"temperature", OF_A_CALL, false},
    {"top_p", OF_A_CALL, false},
    {"messages", OF_A_CALL, false},
    {"system", OF_A_CALL, false},
    {"prompt", OF_A_CALL, false},
};

const char *br_foreign_option(br_slice name, bool of_a_call)
{
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        if (br_name_alike(name, br_slice_of(slips[i].name)))
            return of_a_call && !slips[i].of_calls ? NULL : slips[i].hint;
    return NULL;
}
