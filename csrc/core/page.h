/*
** Pages: what a proxy, a gateway or a captive portal answers in the service's place, with a status
** of success.
*/
#ifndef BR_CORE_PAGE_H
#define BR_CORE_PAGE_H

#include "core/request.h"
#include "core/shown.h"

/* Not JSON, whatever its Content-Type says. An empty body is none. */
bool br_page_for_json(br_slice body);
/*
** Neither declared as application/vnd.amazon.eventstream nor begun like it: a message's first byte
** is the highest of its length, and small. `bytes`: the first that came.
*/
bool br_page_for_events(const br_headers *headers, br_slice bytes);

typedef struct br_page_words {
    char text[3 * sizeof(br_shown) + 160];
} br_page_words;

/* Content type and first bytes, for a message: "it is of type text/html, beginning with …". */
br_page_words br_page_describe(const br_headers *headers, br_slice body);

#endif
