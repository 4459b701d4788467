#include "core/ways/signing_helper.h"

#include <stdlib.h>
#include <string.h>

#include "core/aws/roles_anywhere.h"

#define NAME "aws_signing_helper"

static const struct {
    const char *name;
    bool needed;
} options[BR_HELPER_OPTIONS] = {
    [BR_HELPER_CERTIFICATE] = {"certificate", true},
    [BR_HELPER_PRIVATE_KEY] = {"private-key", true},
    [BR_HELPER_INTERMEDIATES] = {"intermediates", false},
    [BR_HELPER_PROFILE_ARN] = {"profile-arn", true},
    [BR_HELPER_ROLE_ARN] = {"role-arn", true},
    [BR_HELPER_TRUST_ANCHOR_ARN] = {"trust-anchor-arn", true},
    [BR_HELPER_REGION] = {"region", false},
    [BR_HELPER_SESSION_DURATION] = {"session-duration", false},
    [BR_HELPER_ROLE_SESSION_NAME] = {"role-session-name", false},
    [BR_HELPER_ENDPOINT] = {"endpoint", false},
};

typedef struct words {
    char **at; /* NULL after the last */
} words;

/* {NULL, 0}: there is no more. */
static br_slice next(words *w)
{
    return br_slice_of(*w->at == NULL ? NULL : *w->at++);
}

static bool is_helper(br_slice program)
{
    size_t n = strlen(NAME);
    if (program.n > n && program.p[0] == '/' && program.p[program.n - n - 1] == '/')
        program = (br_slice){program.p + program.n - n, n};
    return br_slice_eqs(program, NAME);
}

/* "--name=value", or the value is the next word. */
static bool take(br_slice word, words *rest, br_helper *out)
{
    if (!br_slice_starts(word, "--"))
        return false;
    const char *equals = memchr(word.p, '=', word.n);
    br_slice name = {word.p + 2, (equals == NULL ? word.n : (size_t)(equals - word.p)) - 2};
    for (int i = 0; i < BR_HELPER_OPTIONS; i++) {
        if (!br_slice_eqs(name, options[i].name))
            continue;
        out->option[i] = equals == NULL
                             ? next(rest)
                             : (br_slice){equals + 1, word.n - (size_t)(equals + 1 - word.p)};
        return out->option[i].n > 0;
    }
    return br_slice_eqs(word, "--with-proxy");
}

/* Digits alone, within the service's bounds. */
static bool read_duration(br_helper *h)
{
    br_slice text = h->option[BR_HELPER_SESSION_DURATION];
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9' || i > 5)
            return false;
    h->duration_s = text.n > 0 ? atoi(text.p) : 0;
    return text.n == 0 ||
           (h->duration_s >= BR_RA_DURATION_MIN && h->duration_s <= BR_RA_DURATION_MAX);
}

/* Certificates and keys of a device or a store are the helper's. */
static bool is_file(br_slice path)
{
    return !br_slice_starts(path, "pkcs11:") && !br_slice_starts(path, "handle:");
}

bool br_helper_read(const br_command *command, br_helper *out)
{
    words rest = {command->words};
    memset(out, 0, sizeof *out);
    if (!is_helper(next(&rest)) || !br_slice_eqs(next(&rest), "credential-process"))
        return false;
    while (*rest.at != NULL)
        if (!take(next(&rest), &rest, out))
            return false;
    for (int i = 0; i < BR_HELPER_OPTIONS; i++)
        if (options[i].needed && out->option[i].n == 0)
            return false;
    return is_file(out->option[BR_HELPER_CERTIFICATE]) &&
           is_file(out->option[BR_HELPER_PRIVATE_KEY]) && read_duration(out);
}
