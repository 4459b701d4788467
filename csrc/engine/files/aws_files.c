#define _GNU_SOURCE
#include "engine/files/aws_files.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/ascii.h"
#include "core/base/variable.h"
#include "engine/files/read_file.h"

#define PASSWD_TEXT_MAX 16384

const char *br_aws_variable(void *user, const char *name)
{
    (void)user;
    return br_variable(name);
}

static bool join(char out[BR_AWS_PATH_MAX], const char *home, const char *below)
{
    int n = snprintf(out, BR_AWS_PATH_MAX, "%s%s", home, below);
    return n > 0 && n < BR_AWS_PATH_MAX;
}

static bool in_passwd_home(const char *below, char out[BR_AWS_PATH_MAX])
{
    struct passwd entry, *found = NULL;
    char *text = malloc(PASSWD_TEXT_MAX);
    bool ok = text != NULL && getpwuid_r(geteuid(), &entry, text, PASSWD_TEXT_MAX, &found) == 0 &&
              found != NULL && join(out, found->pw_dir, below);
    free(text);
    return ok;
}

static bool in_home(const char *below, char out[BR_AWS_PATH_MAX])
{
    const char *home = br_variable("HOME");
    return home != NULL && *home != '\0' ? join(out, home, below) : in_passwd_home(below, out);
}

/* What stands after a '$': a name, maybe in braces. Its length with those; 0: there is none. */
static size_t reference(const char *at, br_slice *name)
{
    size_t n = 0;
    bool braced = at[0] == '{';
    if (braced)
        n = strcspn(at, "}");
    else
        while (br_is_alnum_or(at[n], "_"))
            n++;
    *name = (br_slice){at + braced, n - braced};
    return braced && at[n] == '\0' ? 0 : n + braced;
}

/* NULL: not set, or longer than any path's. */
static const char *value_of(br_slice name)
{
    char text[BR_AWS_PATH_MAX];
    if (name.n == 0 || name.n >= sizeof text)
        return NULL;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    return br_variable(text);
}

/* As os.path.expandvars of Python. */
static bool expand(const char *given, char out[BR_AWS_PATH_MAX])
{
    br_buf path;
    br_buf_init(&path, BR_AWS_PATH_MAX - 1);
    for (const char *at = given; *at != '\0';) {
        br_slice name;
        size_t n = *at == '$' ? reference(at + 1, &name) : 0;
        const char *value = n > 0 ? value_of(name) : NULL;
        if (value != NULL)
            br_buf_adds(&path, value);
        else
            br_buf_add(&path, at, n + 1);
        at += n + 1;
    }
    bool ok = !path.failed && path.len > 0;
    if (ok)
        memcpy(out, path.data, path.len + 1);
    br_buf_free(&path);
    return ok;
}

bool br_aws_path(const char *option, const char *variable, const char *below_home,
                 char out[BR_AWS_PATH_MAX])
{
    const char *given = option != NULL ? option : br_variable(variable);
    char expanded[BR_AWS_PATH_MAX];
    if (given == NULL || *given == '\0')
        return in_home(below_home, out);
    if (option == NULL) {
        if (!expand(given, expanded))
            return false;
        given = expanded;
    }
    return given[0] == '~' && given[1] == '/' ? in_home(given + 1, out) : join(out, given, "");
}

const char *br_aws_read(const char *path, br_buf *out)
{
    struct stat st;
    br_problems problems;
    if (stat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR ? " (no such file)" : " (cannot be read)";
    br_problems_init(&problems);
    bool ok = br_read_file("config_file", path, out, &problems);
    br_problems_free(&problems);
    return ok ? NULL : " (cannot be read)";
}
