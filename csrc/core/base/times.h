/*
** Dates, as pure functions. Times are milliseconds since 1970-01-01T00:00:00Z (int64_t). Nothing
** here asks a clock; callers pass the time in.
*/
#ifndef BR_CORE_BASE_TIMES_H
#define BR_CORE_BASE_TIMES_H

#include "core/base/buffer.h"

#define BR_AMZ_DATE_SIZE 17  /* YYYYMMDD'T'HHMMSS'Z' and NUL */
#define BR_HTTP_DATE_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and NUL */
#define BR_ISO_DATE_SIZE 32  /* year 0000 to 9999, at most milliseconds, and NUL */

/* Times outside years 0 to 9999 are clamped to them. */
void br_time_amz(int64_t ms, char out[BR_AMZ_DATE_SIZE]);
void br_time_iso(int64_t ms, char out[BR_ISO_DATE_SIZE]); /* fraction (3 digits) only if not zero */
void br_time_http(int64_t ms, char out[BR_HTTP_DATE_SIZE]); /* RFC 9110, IMF-fixdate */

/*
** ISO 8601 / RFC 3339 date-time: Z or a numeric offset, fraction of any length (beyond ms cut),
** leap second 60 read as 59. All of the text must match; impossible dates are refused.
*/
bool br_time_parse_iso(br_slice text, int64_t *ms);
/* RFC 9110 HTTP-date: IMF-fixdate, and the two obsolete forms. */
bool br_time_parse_http(br_slice text, int64_t *ms);
/* x-amz-date form. */
bool br_time_parse_amz(br_slice text, int64_t *ms);

#endif
