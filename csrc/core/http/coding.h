/*
** Content codings (RFC 9110, section 8.4): what a gateway on the way does to answers, gzip most of
** the time. Without accept-encoding any coding is acceptable, so requests say "identity" (section
** 12.5.3), and an answer that is coded all the same is refused: nothing is unpacked here.
*/
#ifndef BR_CORE_HTTP_CODING_H
#define BR_CORE_HTTP_CODING_H

#include "core/base/error.h"
#include "core/http/request.h"
#include "core/text/printable.h"

/* Whether an answer with these headers has one; identity is none. */
bool br_coded(const br_headers *headers);
/*
** It, or them, as a message shows it: "gzip"; "": none; "strangely" for what no RFC knows, as it may be
** anything, a secret too.
*/
br_printable br_coding_of(const br_headers *headers);
/* Whether the caller of a request with these headers deals with coded answers himself. */
bool br_coding_asked(const br_headers *request);
/* Refuses an answer that has one: BadResponse, which names it. Returns false. */
bool br_coding_refuse(const br_headers *headers, br_error *error);

#endif
