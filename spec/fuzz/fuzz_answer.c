#include "core/aws/roles_anywhere.h"
#include "core/http/request.h"
#include "fuzz.h"

#include <string.h>

static bool fits(br_slice text, size_t max)
{
    return text.n > 0 && text.n <= max && br_header_value_ok(text);
}

/* Credentials that can be signed with, or an error that says why not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    br_slice body = {(const char *)data, size};
    br_error error;
    br_error_clear(&error);
    const br_credentials *c = br_ra_answer(body, &error);
    if (c != NULL) {
        MUST(fits(c->access_key_id, BR_ACCESS_KEY_ID_MAX));
        MUST(fits(c->secret_access_key, BR_SECRET_MAX));
        MUST(fits(c->session_token, BR_SESSION_TOKEN_MAX));
        MUST(c->expiration_ms != BR_NEVER_EXPIRES);
    } else {
        MUST(error.kind == BR_ERR_CREDENTIALS && error.message[0] != '\0');
    }
    br_credentials_unref(c);
    MUST(!br_ra_session_name_refused(200, body));
    br_ra_session_name_refused(403, body);
    return 0;
}
