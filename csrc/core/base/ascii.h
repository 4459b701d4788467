/*
** Classes of characters: ASCII's, whatever the locale. No other byte is in any of them.
*/
#ifndef BR_CORE_BASE_ASCII_H
#define BR_CORE_BASE_ASCII_H

#include <stdbool.h>
#include <string.h>

static inline bool br_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool br_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool br_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool br_is_letter(char c)
{
    return br_is_lower(c) || br_is_upper(c);
}

static inline bool br_is_alnum(char c)
{
    return br_is_letter(c) || br_is_digit(c);
}

static inline bool br_is_alnum_or(char c, const char *others)
{
    return br_is_alnum(c) || (c != '\0' && strchr(others, c) != NULL);
}

/* White space of JSON (RFC 8259, 2) and XML (2.3). */
static inline bool br_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What is printed, but not the blank. */
static inline bool br_is_visible(char c)
{
    return c > ' ' && c <= '~';
}

static inline char br_to_lower(char c)
{
    return br_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

static inline char br_to_upper(char c)
{
    return br_is_lower(c) ? (char)(c - ('a' - 'A')) : c;
}

/* The value of a hexadecimal digit, or -1. */
static inline int br_hex_value(char c)
{
    if (br_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline bool br_is_hex(char c)
{
    return br_hex_value(c) >= 0;
}

#endif
