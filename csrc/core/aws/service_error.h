/*
** The name and text of an error answer, whatever form it has: x-amzn-ErrorType (cut at ':' or ',',
** after '#'), else JSON code / __type / Code, else XML <Code>; message from message / Message /
** errorMessage / <Message>; HTML and empty bodies give a code made of the status.
*/
#ifndef BR_CORE_AWS_SERVICE_ERROR_H
#define BR_CORE_AWS_SERVICE_ERROR_H

#include "core/base/error.h"
#include "core/http/request.h"

#define BR_ERROR_BODY_SHOWN 256 /* bytes of an unreadable body that a message shows, cleaned */

/*
** Fills kind service, code ("HTTP418" style when there is no name: "HTTP" and the status) and
** message (never empty, valid UTF-8, no control characters but line feed and tab).
*/
void br_service_error(int status, const br_headers *headers, br_slice body, br_error *out);

/* x-amzn-requestid, else x-amzn-request-id, else x-amz-request-id; {NULL, 0} if there is none. */
br_slice br_request_id(const br_headers *headers);

#endif
