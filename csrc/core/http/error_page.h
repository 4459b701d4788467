/*
** Pages: what a proxy, a gateway or a captive portal answers in the service's place, with a status
** of success.
*/
#ifndef BR_CORE_HTTP_ERROR_PAGE_H
#define BR_CORE_HTTP_ERROR_PAGE_H

#include "core/http/request.h"
#include "core/text/printable.h"

/* Not JSON, whatever its Content-Type says. An empty body is none. */
bool br_error_page_for_json(br_slice body);
/*
** Neither declared as application/vnd.amazon.eventstream nor begun like it: a message's first byte
** is the highest of its length, and small. `bytes`: the first that came.
*/
bool br_error_page_for_events(const br_headers *headers, br_slice bytes);

typedef struct br_error_page_words {
    char text[3 * sizeof(br_printable) + 160];
} br_error_page_words;

/* Content type and first bytes, for a message: "it is of type text/html, beginning with …". */
br_error_page_words br_error_page_describe(const br_headers *headers, br_slice body);

#endif
