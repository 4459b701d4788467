#include "core/base/times.h"

#include <string.h>

#include "core/base/ascii.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_0_MS INT64_C(-62167219200000)
#define YEAR_9999_END_MS INT64_C(253402300799999)

typedef struct civil {
    int year, month, day, hour, minute, second, ms;
} civil;

/*
** Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so the
** leap day is the last of its year; 400 years are one era of 146097 days.
*/
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(civil *c, int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    c->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    c->month = (int)(month < 10 ? month + 3 : month - 9);
    c->year = (int)(year_of_era + era * 400 + (c->month <= 2 ? 1 : 0));
}

static civil civil_from_ms(int64_t ms)
{
    if (ms < YEAR_0_MS)
        ms = YEAR_0_MS;
    if (ms > YEAR_9999_END_MS)
        ms = YEAR_9999_END_MS;
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        days--;
        rest += DAY_MS;
    }
    civil c;
    date_from_days(&c, days);
    c.hour = (int)(rest / 3600000);
    c.minute = (int)(rest / 60000 % 60);
    c.second = (int)(rest / 1000 % 60);
    c.ms = (int)(rest % 1000);
    return c;
}

static void put_digits(char *to, int value, int width)
{
    while (width-- > 0) {
        to[width] = (char)('0' + value % 10);
        value /= 10;
    }
}

void br_time_amz(int64_t ms, char out[BR_AMZ_DATE_SIZE])
{
    civil c = civil_from_ms(ms);
    memcpy(out, "00000000T000000Z", BR_AMZ_DATE_SIZE);
    put_digits(out, c.year, 4);
    put_digits(out + 4, c.month, 2);
    put_digits(out + 6, c.day, 2);
    put_digits(out + 9, c.hour, 2);
    put_digits(out + 11, c.minute, 2);
    put_digits(out + 13, c.second, 2);
}

void br_time_iso(int64_t ms, char out[BR_ISO_DATE_SIZE])
{
    civil c = civil_from_ms(ms);
    memcpy(out, "0000-00-00T00:00:00Z", sizeof("0000-00-00T00:00:00Z"));
    put_digits(out, c.year, 4);
    put_digits(out + 5, c.month, 2);
    put_digits(out + 8, c.day, 2);
    put_digits(out + 11, c.hour, 2);
    put_digits(out + 14, c.minute, 2);
    put_digits(out + 17, c.second, 2);
    if (c.ms != 0) {
        memcpy(out + 19, ".000Z", sizeof(".000Z"));
        put_digits(out + 20, c.ms, 3);
    }
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Checks the fields and joins them; a leap second becomes the second before it. */
static bool civil_to_ms(const civil *c, int64_t *ms)
{
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > days_in_month(c->year, c->month))
        return false;
    if (c->hour > 23 || c->minute > 59 || c->second > 60)
        return false;
    int second = c->second == 60 ? 59 : c->second;
    int64_t seconds = (int64_t)c->hour * 3600 + c->minute * 60 + second;
    *ms = days_from_civil(c->year, c->month, c->day) * DAY_MS + seconds * 1000 + c->ms;
    return true;
}

/* What is left of a text. Each take_… consumes what it names, or fails. */
typedef struct scan {
    const char *p, *end;
} scan;

static bool take_char(scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool take_text(scan *s, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
        return false;
    s->p += n;
    return true;
}

static bool next_is_digit(const scan *s)
{
    return s->p < s->end && br_is_digit(*s->p);
}

static bool take_digits(scan *s, int width, int *value)
{
    *value = 0;
    for (int i = 0; i < width; i++) {
        if (!next_is_digit(s))
            return false;
        *value = *value * 10 + (*s->p++ - '0');
    }
    return true;
}

static bool take_name(scan *s, const char *const names[], int count, int *index)
{
    for (*index = 0; *index < count; (*index)++)
        if (take_text(s, names[*index]))
            return true;
    return false;
}

static bool take_clock(scan *s, civil *c)
{
    return take_digits(s, 2, &c->hour) && take_char(s, ':') && take_digits(s, 2, &c->minute) &&
           take_char(s, ':') && take_digits(s, 2, &c->second);
}

static bool take_fraction(scan *s, civil *c)
{
    c->ms = 0;
    if (!take_char(s, '.'))
        return true;
    if (!next_is_digit(s))
        return false;
    for (int weight = 100; next_is_digit(s); weight /= 10)
        c->ms += (*s->p++ - '0') * weight;
    return true;
}

/* Z, ±HH, ±HHMM or ±HH:MM, as milliseconds east of Greenwich. */
static bool take_offset(scan *s, int64_t *offset)
{
    *offset = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    bool west = take_char(s, '-');
    int hours, minutes = 0;
    if ((!west && !take_char(s, '+')) || !take_digits(s, 2, &hours))
        return false;
    if ((take_char(s, ':') || next_is_digit(s)) && !take_digits(s, 2, &minutes))
        return false;
    *offset = ((int64_t)hours * 60 + minutes) * 60000 * (west ? -1 : 1);
    return hours <= 23 && minutes <= 59;
}

bool br_time_parse_iso(br_slice text, int64_t *ms)
{
    scan s = {text.p, text.p + text.n};
    civil c;
    int64_t local, offset;
    if (text.n == 0 || !take_digits(&s, 4, &c.year) || !take_char(&s, '-') ||
        !take_digits(&s, 2, &c.month) || !take_char(&s, '-') || !take_digits(&s, 2, &c.day))
        return false;
    if (!(take_char(&s, 'T') || take_char(&s, 't')) || !take_clock(&s, &c))
        return false;
    if (!take_fraction(&s, &c) || !take_offset(&s, &offset) || s.p != s.end)
        return false;
    if (!civil_to_ms(&c, &local))
        return false;
    *ms = local - offset;
    return true;
}

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const short_days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const long_days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

void br_time_http(int64_t ms, char out[BR_HTTP_DATE_SIZE])
{
    civil c = civil_from_ms(ms);
    int64_t days = days_from_civil(c.year, c.month, c.day);
    int64_t weekday = ((days + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    memcpy(out, "Mon, 00 Jan 0000 00:00:00 GMT", BR_HTTP_DATE_SIZE);
    memcpy(out, short_days[weekday], 3);
    put_digits(out + 5, c.day, 2);
    memcpy(out + 8, months[c.month - 1], 3);
    put_digits(out + 12, c.year, 4);
    put_digits(out + 17, c.hour, 2);
    put_digits(out + 20, c.minute, 2);
    put_digits(out + 23, c.second, 2);
}

static bool take_month(scan *s, civil *c)
{
    int index;
    bool ok = take_name(s, months, 12, &index);
    c->month = index + 1;
    return ok;
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool take_imf(scan s, civil *c)
{
    int weekday;
    return take_name(&s, short_days, 7, &weekday) && take_text(&s, ", ") &&
           take_digits(&s, 2, &c->day) && take_char(&s, ' ') && take_month(&s, c) &&
           take_char(&s, ' ') && take_digits(&s, 4, &c->year) && take_char(&s, ' ') &&
           take_clock(&s, c) && take_text(&s, " GMT") && s.p == s.end;
}

/* Sunday, 06-Nov-94 08:49:37 GMT; two digits of year, read as 1970 to 2069. */
static bool take_rfc850(scan s, civil *c)
{
    int weekday;
    if (!(take_name(&s, long_days, 7, &weekday) && take_text(&s, ", ") &&
          take_digits(&s, 2, &c->day) && take_char(&s, '-') && take_month(&s, c) &&
          take_char(&s, '-') && take_digits(&s, 2, &c->year) && take_char(&s, ' ') &&
          take_clock(&s, c) && take_text(&s, " GMT") && s.p == s.end))
        return false;
    c->year += c->year < 70 ? 2000 : 1900;
    return true;
}

/* Sun Nov  6 08:49:37 1994 */
static bool take_asctime(scan s, civil *c)
{
    int weekday;
    return take_name(&s, short_days, 7, &weekday) && take_char(&s, ' ') && take_month(&s, c) &&
           take_char(&s, ' ') &&
           (take_char(&s, ' ') ? take_digits(&s, 1, &c->day) : take_digits(&s, 2, &c->day)) &&
           take_char(&s, ' ') && take_clock(&s, c) && take_char(&s, ' ') &&
           take_digits(&s, 4, &c->year) && s.p == s.end;
}

bool br_time_parse_http(br_slice text, int64_t *ms)
{
    if (text.n == 0)
        return false;
    scan s = {text.p, text.p + text.n};
    civil c = {.ms = 0};
    return (take_imf(s, &c) || take_rfc850(s, &c) || take_asctime(s, &c)) && civil_to_ms(&c, ms);
}

bool br_time_parse_amz(br_slice text, int64_t *ms)
{
    if (text.n == 0)
        return false;
    scan s = {text.p, text.p + text.n};
    civil c = {.ms = 0};
    return take_digits(&s, 4, &c.year) && take_digits(&s, 2, &c.month) &&
           take_digits(&s, 2, &c.day) && take_char(&s, 'T') && take_digits(&s, 2, &c.hour) &&
           take_digits(&s, 2, &c.minute) && take_digits(&s, 2, &c.second) && take_char(&s, 'Z') &&
           s.p == s.end && civil_to_ms(&c, ms);
}
