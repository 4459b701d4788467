#include "engine/ways.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/digest.h"
#include "core/base/hex.h"
#include "core/ways/ways.h"
#include "engine/files/aws_files.h"

#define LOGIN_NAME_SIZE (2 * BR_SHA256_SIZE + sizeof "/.json")

static const struct shared {
    br_option option;
    const char *variable, *below_home;
    bool (*read)(br_shared *, br_slice, br_problems *);
} shared[BR_WAYS_FILES] = {
    {BR_OPT_CONFIG_FILE, "AWS_CONFIG_FILE", "/.aws/config", br_shared_read_config},
    {BR_OPT_CREDENTIALS_FILE, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
     br_shared_read_credentials},
};

static bool no_memory(br_problems *p)
{
    return br_problems_add(p, "file", (br_slice){"", 0}, "out of memory");
}

static bool path_of(const br_settings *s, const struct shared *f, char out[BR_AWS_PATH_MAX])
{
    return br_aws_path(br_settings_text(s, f->option).p, f->variable, f->below_home, out);
}

/* One that an option names must be there. */
static bool read_file(const br_settings *s, const struct shared *f, br_shared *files,
                      char path[BR_AWS_PATH_MAX], br_problems *p)
{
    br_buf text;
    bool ok = true;
    br_shared_file *file = f->read == br_shared_read_config ? &files->config : &files->credentials;
    br_buf_init_secret(&text, BR_INI_TEXT_MAX + 4096);
    if (!path_of(s, f, path))
        snprintf(path, BR_AWS_PATH_MAX, "~%s", f->below_home);
    file->path = path;
    file->state = br_aws_read(path, &text);
    if (file->state != NULL && br_settings_text(s, f->option).n > 0)
        ok = br_problems_add(p, "file", br_slice_of(br_option_name(f->option)), "\"%.300s\"%s",
                             path, file->state);
    ok = ok && f->read(files, file->state == NULL ? br_buf_slice(&text) : (br_slice){"", 0}, p);
    br_buf_free(&text);
    return ok;
}

/* As the AWS CLI names it: the SHA-256 of the session's name. */
static bool login_path(br_slice session, char path[BR_AWS_PATH_MAX])
{
    uint8_t hash[BR_SHA256_SIZE];
    char name[LOGIN_NAME_SIZE] = "/";
    br_digest *digest = br_digest_new();
    bool ok = digest != NULL && br_sha256(digest, session, hash) &&
              br_aws_path(NULL, "AWS_LOGIN_CACHE_DIRECTORY", "/.aws/login/cache", path) &&
              strlen(path) + sizeof name < BR_AWS_PATH_MAX;
    br_digest_free(digest);
    if (!ok)
        return false;
    br_hex(name + 1, hash, sizeof hash);
    memcpy(name + 1 + 2 * BR_SHA256_SIZE, ".json", sizeof ".json");
    memcpy(path + strlen(path), name, sizeof name);
    return true;
}

static bool login_token(void *user, br_slice session, br_buf *out)
{
    char *path = user;
    return login_path(session, path) && br_aws_read(path, out) == NULL;
}

static br_found from_variables(br_ways *w, br_settings *s, const br_model *m, br_way *out,
                               br_problems *p)
{
    switch (s->auth) {
    case BR_AUTH_ENVIRONMENT:
        return br_ways_environment(w, out, p);
    case BR_AUTH_WEB_IDENTITY:
        return br_ways_web_identity(w, &s->own, out, p);
    case BR_AUTH_CONTAINER:
        return br_ways_container(w, &s->own, out, p);
    case BR_AUTH_INSTANCE:
        return br_ways_instance(w, &s->own, out, p);
    default:
        return br_ways_process(br_settings_text(s, BR_OPT_CREDENTIAL_PROCESS), out, s, m, p);
    }
}

/* Their paths are wanted for messages as long as the search goes on. */
typedef char paths[BR_WAYS_FILES + 1][BR_AWS_PATH_MAX];

/* fill: where what options leave open goes; NULL: nowhere. */
static br_found from_files(br_ways *w, const br_settings *s, br_settings *fill, const br_model *m,
                           br_way *out, br_problems *p)
{
    paths *at = malloc(sizeof *at);
    bool ok = at != NULL || no_memory(p);
    for (size_t i = 0; i < BR_WAYS_FILES; i++)
        ok = ok && read_file(s, &shared[i], &w->files, (*at)[i], p);
    w->login_token = login_token;
    w->user = at != NULL ? (*at)[BR_WAYS_FILES] : NULL;
    br_ways_name_profile(w, br_settings_text(s, BR_OPT_PROFILE));
    br_found found = BR_BROKEN;
    if (ok && fill != NULL)
        br_ways_settings(w, fill, m, p);
    if (ok && s->auth == BR_AUTH_PROFILE)
        found = br_ways_profile(w, out, fill, m, p);
    else if (ok)
        found = br_ways_chain(w, &s->own, out, fill, m, p);
    free(at);
    return found;
}

/* Nothing: a base that says so whenever it is asked. */
static bool close_way(const br_ways *w, br_found found, br_way *out, br_problems *p)
{
    bool last = out->count == 1 && out->layers[0].kind == BR_LAYER_INSTANCE;
    if (found == BR_BROKEN)
        return false;
    if (found == BR_NOT_THERE && br_way_add(out, BR_LAYER_NOTHING) == NULL)
        return no_memory(p);
    if ((found == BR_NOT_THERE || last) && w->looked.len > 0)
        out->looked = strdup(w->looked.data);
    return true;
}

static bool find(const br_settings *s, br_settings *fill, const br_model *m, int64_t now_ms,
                 br_way *out, br_problems *p)
{
    br_ways w;
    br_ways_init(&w);
    w.variables.get = br_aws_variable;
    w.now_ms = now_ms;
    br_found found = br_ways_has_files(s) ? from_files(&w, s, fill, m, out, p)
                                          : from_variables(&w, fill, m, out, p);
    bool ok = close_way(&w, found, out, p);
    br_ways_free(&w);
    return ok;
}

static bool add_base(br_settings *s, br_layer_kind kind, br_problems *p)
{
    return br_way_add(&s->way, kind) != NULL || no_memory(p);
}

bool br_ways_find(br_settings *s, const br_model *m, int64_t now_ms, br_problems *problems)
{
    switch (s->auth) {
    case BR_AUTH_ROLES_ANYWHERE:
        return add_base(s, BR_LAYER_ROLES_ANYWHERE, problems);
    case BR_AUTH_ACCESS_KEYS:
        return add_base(s, BR_LAYER_KEYS, problems);
    case BR_AUTH_CUSTOM:
        return add_base(s, BR_LAYER_CUSTOM, problems);
    case BR_AUTH_API_KEY:
        return !s->has_function[BR_OPT_API_KEY] || add_base(s, BR_LAYER_CUSTOM, problems);
    case BR_AUTH_UNSIGNED:
        return true;
    case BR_AUTH_PROCESS:
        if (br_settings_text(s, BR_OPT_CREDENTIAL_PROCESS).n == 0)
            return add_base(s, BR_LAYER_PROCESS, problems);
        /* fall through */
    default:
        return find(s, s, m, now_ms, &s->way, problems);
    }
}

bool br_ways_has_files(const br_settings *s)
{
    return s->auth == BR_AUTH_PROFILE || s->auth == BR_AUTH_CHAIN;
}

br_ways_stamps br_ways_stamps_of(const br_settings *s)
{
    char path[BR_AWS_PATH_MAX];
    br_ways_stamps stamps = {0};
    for (size_t i = 0; i < BR_WAYS_FILES; i++)
        if (path_of(s, &shared[i], path))
            stamps.file[i] = br_file_stamp_of(path);
    return stamps;
}

bool br_ways_stamps_eq(const br_ways_stamps *a, const br_ways_stamps *b)
{
    for (size_t i = 0; i < BR_WAYS_FILES; i++)
        if (!br_file_stamp_eq(&a->file[i], &b->file[i]))
            return false;
    return true;
}

/* What is wrong with the files is told whoever asks for credentials. */
static void tell_nothing(const br_problems *p, br_way *out)
{
    br_way_free(out);
    if (p->count > 0 && br_way_add(out, BR_LAYER_NOTHING) != NULL)
        out->looked = strdup(p->items[0].message);
}

static bool asks_roles_anywhere(const br_way *w)
{
    return w->count > 0 && w->layers[0].kind == BR_LAYER_ROLES_ANYWHERE;
}

static bool same_line(const br_way *old, const br_way *now)
{
    bool same = asks_roles_anywhere(old) && now->count <= old->count &&
                br_slice_eq(br_layer_get(&old->layers[0], BR_LAYER_COMMAND),
                            br_layer_get(&now->layers[0], BR_LAYER_COMMAND));
    for (size_t i = 1; same && i < now->count; i++)
        same = br_slice_eq(br_buf_slice(&old->layers[i].form), br_buf_slice(&now->layers[i].form));
    return same;
}

bool br_ways_find_again(const br_settings *s, const br_model *m, int64_t now_ms, const br_way *old,
                        br_way *out)
{
    br_problems problems;
    br_way_init(out);
    br_problems_init(&problems);
    bool ok = find(s, NULL, m, now_ms, out, &problems);
    bool kept = ok && asks_roles_anywhere(out) && same_line(old, out);
    if (ok && !kept && asks_roles_anywhere(out))
        ok = br_problems_add(&problems, "file", BR_SLICE("profile"),
                             "its line for Roles Anywhere, or a role on it, changed since connect, "
                             "which reads certificates: connect again");
    for (size_t i = 0; ok && i < s->role_count; i++)
        ok = br_role_build(&s->roles[i], br_way_gives_role(out), out, &problems);
    if (kept)
        br_way_free(out);
    else if (!ok)
        tell_nothing(&problems, out);
    br_problems_free(&problems);
    return out->count > 0;
}
