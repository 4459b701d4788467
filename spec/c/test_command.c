/*
** credential_process lines in words: what Python's shlex.split, which botocore uses, makes of them.
*/
#include "core/aws/command.h"

#include <stdio.h>

#include "check.h"

/* The words, each behind a '|'. */
static void splits(const char *line, const char *want)
{
    br_command c;
    char got[512] = "";
    char *copy = guard_copy(line, strlen(line));
    const char *problem = br_command_split((br_slice){copy, strlen(line)}, &c);
    CHECK(problem == NULL);
    for (size_t i = 0; i < c.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "|%s", c.words[i]);
    CHECK_STR(got, want);
    CHECK(problem != NULL || c.words[c.count] == NULL);
    br_command_free(&c);
    br_command_free(&c);
    guard_free(copy, strlen(line));
}

static void refused(br_slice line, const char *why)
{
    br_command c;
    const char *problem = br_command_split(line, &c);
    CHECK_STR(problem != NULL ? problem : "", why);
    CHECK(c.words == NULL && c.count == 0);
}

static void test_words(void)
{
    splits("a", "|a");
    splits("  /bin/a  b\tc\r\n d ", "|/bin/a|b|c|d");
    splits("a 'b c' \"d e\"", "|a|b c|d e");
    splits("a b'c d'e\"f g\"h", "|a|bc def gh");
    splits("a '' \"\"", "|a||");
    splits("a '\\' 'b\\'", "|a|\\|b\\");
    splits("a \"\\\" \\\\ \\n \\'\"", "|a|\" \\ \\n \\'");
    splits("a b\\ c \\'d\\' \\\\ \\\"", "|a|b c|'d'|\\|\"");
    splits("a $HOME ~ `b` ; c | d > e # f * ?", "|a|$HOME|~|`b`|;|c|||d|>|e|#|f|*|?");
    splits("a \"it's\" 'say \"x\"'", "|a|it's|say \"x\"");
    splits("a \xc3\xa9 '\xff'", "|a|\xc3\xa9|\xff");
}

static void test_refused(void)
{
    static char many[2 * (BR_COMMAND_WORDS_MAX + 1)], long_line[BR_COMMAND_MAX + 1];
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 == 0 ? 'a' : ' ';
    memset(long_line, 'a', sizeof long_line);
    refused(BR_SLICE(""), "names no program");
    refused((br_slice){NULL, 0}, "names no program");
    refused(BR_SLICE(" \t"), "names no program");
    refused(BR_SLICE("'' a"), "names no program");
    refused(BR_SLICE("a 'b"), "has an opening ' without a closing one");
    refused(BR_SLICE("a \"b\\\""), "has an opening \" without a closing one");
    refused(BR_SLICE("a \"b\\"), "has an opening \" without a closing one");
    refused(BR_SLICE("a \\"), "ends in a backslash that nothing follows");
    refused(BR_SLICE("a\0b"), "has a NUL byte");
    refused((br_slice){many, sizeof many}, "has too many words");
    refused((br_slice){long_line, sizeof long_line}, "is too long");
}

int main(void)
{
    test_words();
    test_refused();
    return check_done();
}
