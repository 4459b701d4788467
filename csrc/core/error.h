/*
** Errors as values, and lists of problems.
**
** A br_error is what becomes `err` in Lua: a kind, a code that is never empty, one message. A
** message never holds a secret: who writes one names options and limits, not secret values.
*/
#ifndef BR_CORE_ERROR_H
#define BR_CORE_ERROR_H

#include "core/buffer.h"

typedef enum br_err_kind {
    BR_OK = 0,
    BR_ERR_CONFIG,
    BR_ERR_VALIDATION,
    BR_ERR_CREDENTIALS,
    BR_ERR_TRANSPORT,
    BR_ERR_TIMEOUT,
    BR_ERR_SERVICE,
    BR_ERR_STREAM,
    BR_ERR_CANCELLED
} br_err_kind;

#define BR_ERROR_CODE_MAX 128
#define BR_ERROR_MESSAGE_MAX 2048
#define BR_ERROR_REQUEST_ID_MAX 128

typedef struct br_error {
    br_err_kind kind;
    int status; /* HTTP status of the answer that it came with; 0: none */
    char request_id[BR_ERROR_REQUEST_ID_MAX]; /* of that answer; "": none */
    bool told_to_wait;                        /* by that answer: for retry_after_ms */
    int64_t retry_after_ms;
    char code[BR_ERROR_CODE_MAX];
    char message[BR_ERROR_MESSAGE_MAX];
} br_error;

void br_error_clear(br_error *e);
/*
** Longer codes and messages are cut (at a UTF-8 boundary); what an answer said is emptied.
** Always returns false, to be returned.
*/
bool br_error_set(br_error *e, br_err_kind kind, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *br_err_kind_name(br_err_kind kind); /* "config", "validation", … as in Lua */

/*
** All problems of one input, reported together: by path, then by message, so that they do not depend
** on the order of Lua's tables. Beyond the maximum they are only counted.
*/
#define BR_PROBLEMS_MAX 20

typedef struct br_problem {
    const char *kind; /* static text: "missing", "unknown", "type", "min-length", "file", … */
    char *path;       /* owned; "messages[1].content", an option's name, or "" for the whole */
    char *message;    /* owned; what is wrong, what was given, what to do; without the path */
} br_problem;

typedef struct br_problems {
    br_problem items[BR_PROBLEMS_MAX]; /* sorted */
    size_t count;                      /* items filled */
    size_t dropped;                    /* found beyond the maximum */
} br_problems;

void br_problems_init(br_problems *p);
void br_problems_free(br_problems *p);
/* Always returns false, to be returned. Out of memory: counted as dropped. */
bool br_problems_add(br_problems *p, const char *kind, br_slice path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool br_problems_any(const br_problems *p);
/* Whether one of that very path was found. */
bool br_problems_at(const br_problems *p, const char *path);
/* <0, 0, >0: by bytes, but numbers by their value: "a[2]" before "a[10]". 0 for equal texts only. */
int br_natural_order(const char *a, const char *b);

/*
** "Did you mean": feed every candidate, then look at `best`, which is NULL when nothing is near.
** Near = Damerau-Levenshtein distance (ASCII case and _ - ignored at no cost) of at most a third
** of the length given; failing that, the name of which this is the beginning, or that begins it.
** Candidates are borrowed.
*/
typedef struct br_suggest {
    br_slice given;
    br_slice best;  /* p == NULL: nothing near */
    unsigned limit; /* of the distance */
    unsigned best_distance;
} br_suggest;

void br_suggest_init(br_suggest *s, br_slice given);
void br_suggest_try(br_suggest *s, br_slice candidate);
/* The same name but for ASCII case, _ and -. */
bool br_name_alike(br_slice a, br_slice b);

#endif
