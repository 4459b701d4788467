#include "core/text/regex.h"

#ifdef HAVE_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "core/text/ecma_pattern.h"

#define TRANSLATED_MAX ((size_t)64 * BR_REGEX_TEXT_MAX)
#define WORKSPACE_FEW 1024 /* ints on the stack: enough for nearly all */
#define WORKSPACE_OF_A_WAY 6
#define OPTIONS (PCRE2_UTF | PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C)

struct br_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

bool br_regex_available(void)
{
    return true;
}

static pcre2_code *compile(br_slice pattern)
{
    int error;
    size_t at;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        return NULL;
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, OPTIONS, &error, &at, context);
    pcre2_compile_context_free(context);
    return code;
}

br_regex *br_regex_compile(br_slice pattern)
{
    br_regex *regex = calloc(1, sizeof *regex);
    br_buf translated;
    br_buf_init(&translated, TRANSLATED_MAX);
    if (regex != NULL && pattern.n <= BR_REGEX_TEXT_MAX && br_ecma_pattern(&translated, pattern)) {
        regex->code = compile(br_buf_slice(&translated));
        regex->limits = pcre2_match_context_create(NULL);
    }
    br_buf_free(&translated);
    if (regex == NULL || regex->code == NULL || regex->limits == NULL) {
        br_regex_free(regex);
        return NULL;
    }
    /* PCRE2 counts the match itself, too. */
    pcre2_set_match_limit(regex->limits, 1 + BR_REGEX_LOOKAHEADS_MAX);
    return regex;
}

void br_regex_free(br_regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    free(regex);
}

/* The longest match is told first. */
static int match(const br_regex *regex, br_slice text, pcre2_match_data *found, int *workspace,
                 size_t n)
{
    int result = pcre2_dfa_match(regex->code, (PCRE2_SPTR)text.p, text.n, 0, 0, found,
                                 regex->limits, workspace, n);
    if (result >= 0)
        return pcre2_get_ovector_pointer(found)[1] == text.n ? BR_REGEX_YES : BR_REGEX_NO;
    return result;
}

/* PCRE2 looks for each way among all others, so their square counts. */
static size_t ways_allowed(size_t n)
{
    uint64_t ways = 0, step = 64;
    while (ways < BR_REGEX_WAYS_MAX && (ways + step) * (ways + step) <= BR_REGEX_WORK_MAX / (n + 1))
        ways += step;
    return (size_t)ways;
}

static int match_with_more(const br_regex *regex, br_slice text, pcre2_match_data *found)
{
    size_t n = ways_allowed(text.n) * WORKSPACE_OF_A_WAY;
    int *workspace = n > WORKSPACE_FEW ? malloc(n * sizeof *workspace) : NULL;
    int result = PCRE2_ERROR_DFA_WSSIZE;
    if (workspace != NULL)
        result = match(regex, text, found, workspace, n);
    free(workspace);
    return result;
}

static bool says_no(int result)
{
    return result == PCRE2_ERROR_NOMATCH ||
           (result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21);
}

br_regex_verdict br_regex_match(const br_regex *regex, br_slice text)
{
    int few[WORKSPACE_FEW];
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    if (found == NULL)
        return BR_REGEX_UNKNOWN;
    if (text.p == NULL)
        text = BR_SLICE("");
    int result = match(regex, text, found, few, WORKSPACE_FEW);
    if (result == PCRE2_ERROR_DFA_WSSIZE)
        result = match_with_more(regex, text, found);
    pcre2_match_data_free(found);
    if (says_no(result))
        return BR_REGEX_NO;
    return result >= 0 ? (br_regex_verdict)result : BR_REGEX_UNKNOWN;
}

#else

bool br_regex_available(void)
{
    return false;
}

br_regex *br_regex_compile(br_slice pattern)
{
    (void)pattern;
    return NULL;
}

void br_regex_free(br_regex *regex)
{
    (void)regex;
}

br_regex_verdict br_regex_match(const br_regex *regex, br_slice text)
{
    (void)regex, (void)text;
    return BR_REGEX_UNKNOWN;
}

#endif
