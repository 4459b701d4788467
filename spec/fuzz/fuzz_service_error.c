#include "core/aws/service_error.h"
#include "core/http/retry.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "fuzz.h"

#include <string.h>

/* The first line is the header, the rest the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    br_slice text = {(const char *)data, size};
    const char *line = size > 0 ? memchr(data, '\n', size) : NULL;
    br_slice type = {text.p, line != NULL ? (size_t)(line - text.p) : 0};
    br_slice body = line != NULL ? (br_slice){line + 1, size - type.n - 1} : text;
    br_headers headers;
    br_headers_init(&headers);
    br_headers_add(&headers, BR_SLICE("x-amzn-errortype"), type);
    br_error error;
    br_error_clear(&error);
    br_service_error(400 + (int)(size % 200), &headers, body, &error);
    MUST(error.kind == BR_ERR_SERVICE && error.code[0] != '\0' && error.message[0] != '\0');
    MUST(strlen(error.code) < sizeof(error.code) && strlen(error.message) < sizeof(error.message));
    MUST(br_utf8_valid(br_slice_of(error.code)) && br_utf8_valid(br_slice_of(error.message)));
    MUST(br_request_id(&headers).p == NULL);
    br_retry_classify(400, br_slice_of(error.code));
    br_headers_add(&headers, BR_SLICE("retry-after"), type);
    br_headers_add(&headers, BR_SLICE("x-amz-retry-after"), body);
    int64_t hint = br_retry_hint_ms(&headers, 0);
    MUST(hint >= -1);
    MUST(br_retry_delay_ms(BR_FAIL_THROTTLING, 1, 0.5, hint) <= BR_RETRY_DELAY_MAX_MS);
    br_headers_free(&headers);
    return 0;
}
