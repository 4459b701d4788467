/* Where the files of AWS's tools are: what variables of the environment may say. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "engine/files/aws_files.h"

#define VARIABLE "AWS_CONFIG_FILE"

static const char *path_by(const char *option, const char *value)
{
    static char path[BR_AWS_PATH_MAX];
    setenv(VARIABLE, value, 1);
    return br_aws_path(option, VARIABLE, "/.aws/config", path) ? path : "refused";
}

/* The right column is what os.path.expanduser(os.path.expandvars(…)) of Python gives. */
static void test_variables_in_a_path(void)
{
    static const char *const cases[][2] = {
        {"/etc/aws", "/etc/aws"},
        {"~/aws", "/home/us/aws"},
        {"$HOME/aws", "/home/us/aws"},
        {"${HOME}/aws", "/home/us/aws"},
        {"$TILDE/aws", "/home/us/aws"},
        {"/a/$X_1$X_1/${X_1}y", "/a/oneone/oney"},
        {"/a/$X_1-b", "/a/one-b"},
        {"/a/$X_1b", "/a/$X_1b"},
        {"/a/$UNSET/${UNSET}", "/a/$UNSET/${UNSET}"},
        {"/a/$DOLLAR", "/a/$X_1"},
        {"/a/${X_1", "/a/${X_1"},
        {"/a/${}$/$$X_1$", "/a/${}$/$one$"},
        {"/a/$EMPTY/b", "/a//b"},
    };
    setenv("HOME", "/home/us", 1);
    setenv("TILDE", "~", 1);
    setenv("X_1", "one", 1);
    setenv("DOLLAR", "$X_1", 1);
    setenv("EMPTY", "", 1);
    unsetenv("UNSET");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STR(path_by(NULL, cases[i][0]), cases[i][1]);
}

static void test_an_option_is_taken_as_it_is(void)
{
    CHECK_STR(path_by("/a/$X_1", "/b"), "/a/$X_1");
    CHECK_STR(path_by("~/$X_1", "/b"), "/home/us/$X_1");
}

static void test_none_or_too_long(void)
{
    static char text[BR_AWS_PATH_MAX + 10];
    CHECK_STR(path_by(NULL, ""), "/home/us/.aws/config");
    CHECK_STR(path_by(NULL, "$EMPTY"), "refused");
    memset(text, 'x', sizeof text - 1);
    setenv("LONG", text, 1);
    CHECK_STR(path_by(NULL, "/$LONG"), "refused");
    text[0] = '$';
    CHECK_STR(path_by(NULL, text), "refused");
    text[BR_AWS_PATH_MAX - 1] = '\0';
    CHECK_STR(path_by(NULL, text), text);
}

int main(void)
{
    test_variables_in_a_path();
    test_an_option_is_taken_as_it_is();
    test_none_or_too_long();
    return check_done();
}
