#include "core/aws/role.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/aws/arn.h"
#include "core/aws/sts.h"
#include "core/base/ascii.h"
#include "core/base/owned_text.h"
#include "core/base/suggest.h"
#include "core/base/whole.h"
#include "core/text/printable.h"

#define FIELD_PATH_MAX (BR_ROLE_PATH_MAX + sizeof(br_printable))

static const struct field {
    const char *name, *parameter;
    size_t min, max;
    const char *others; /* beside letters and digits; NULL: anything */
} fields[BR_ROLE_TEXT_COUNT] = {
    [BR_ROLE_ARN] = {"role_arn", "RoleArn", 20, 2048, NULL},
    [BR_ROLE_SESSION_NAME] = {"session_name", "RoleSessionName", 2, 64, "_+=,.@-"},
    [BR_ROLE_EXTERNAL_ID] = {"external_id", "ExternalId", 2, 1224, "_+=,.@:/-"},
    [BR_ROLE_POLICY] = {"policy", "Policy", 1, 16384, NULL},
    [BR_ROLE_SOURCE_IDENTITY] = {"source_identity", "SourceIdentity", 2, 256, "_+=,.@-"},
};

static const char *const others[] = {"duration", "policy_arns", "tags", "transitive_tag_keys"};

void br_role_init(br_role *r, const char *path)
{
    memset(r, 0, sizeof *r);
    snprintf(r->path, sizeof r->path, "%s", path);
}

static void list_free(br_role_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        br_text_free(l->items[i]);
    l->count = 0;
}

void br_role_free(br_role *r)
{
    for (int i = 0; i < BR_ROLE_TEXT_COUNT; i++)
        br_text_free(r->text[i]);
    list_free(&r->policy_arns);
    list_free(&r->tags);
    list_free(&r->tag_values);
    list_free(&r->transitive_tag_keys);
    memset(r->text, 0, sizeof r->text);
}

/* "assume_role.session_name", in `out`. */
static br_slice path_of(const br_role *r, br_slice field, char out[FIELD_PATH_MAX])
{
    snprintf(out, FIELD_PATH_MAX, "%s.%s", r->path, br_print(field).text);
    return br_slice_of(out);
}

static bool no_memory(const br_role *r, br_problems *p)
{
    return br_problems_add(p, "file", br_slice_of(r->path), "out of memory");
}

static bool unknown(const br_role *r, br_slice field, br_problems *p)
{
    char path[FIELD_PATH_MAX];
    br_suggest near;
    br_suggest_init(&near, field);
    for (int i = 0; i < BR_ROLE_TEXT_COUNT; i++)
        br_suggest_try(&near, br_slice_of(fields[i].name));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        br_suggest_try(&near, br_slice_of(others[i]));
    return br_problems_add(p, "unknown", path_of(r, field, path), "unknown option%s%.*s%s",
                           near.best.p ? " (did you mean " : "", (int)near.best.n,
                           near.best.p ? near.best.p : "", near.best.p ? "?)" : "");
}

bool br_role_is_list(br_slice field)
{
    return br_slice_eqs(field, "policy_arns") || br_slice_eqs(field, "transitive_tag_keys");
}

static const char *wanted(br_slice field)
{
    for (int i = 0; i < BR_ROLE_TEXT_COUNT; i++)
        if (br_slice_eqs(field, fields[i].name))
            return i == BR_ROLE_POLICY ? "a string or a table" : "a string";
    if (br_slice_eqs(field, "duration"))
        return "an integer";
    if (br_slice_eqs(field, "tags"))
        return "a table of name = value, both strings";
    return br_role_is_list(field) ? "a list of strings" : NULL;
}

bool br_role_wrong_type(const br_role *r, br_slice field, const char *given, br_problems *p)
{
    char path[FIELD_PATH_MAX];
    const char *want = wanted(field);
    if (want == NULL)
        return unknown(r, field, p);
    return br_problems_add(p, "type", path_of(r, field, path), "must be %s, got %s", want, given);
}

static bool length_ok(const br_role *r, br_slice field, br_slice value, size_t min, size_t max,
                      br_problems *p)
{
    char path[FIELD_PATH_MAX];
    if (value.n >= min && value.n <= max && memchr(value.p, '\0', value.n) == NULL)
        return true;
    return br_problems_add(p, value.n < min ? "min-length" : "max-length", path_of(r, field, path),
                           "must have %zu to %zu characters and no NUL, got %zu", min, max,
                           value.n);
}

static bool text_ok(const br_role *r, const struct field *f, br_slice value, br_problems *p)
{
    char path[FIELD_PATH_MAX];
    br_slice name = br_slice_of(f->name);
    if (!length_ok(r, name, value, f->min, f->max, p))
        return false;
    for (size_t i = 0; f->others != NULL && i < value.n; i++)
        if (!br_is_alnum_or(value.p[i], f->others))
            return br_problems_add(p, "pattern", path_of(r, name, path),
                                   "may contain only letters, digits and %s", f->others);
    return true;
}

/* A value that is empty is not set, as elsewhere. */
bool br_role_set_text(br_role *r, br_slice field, br_slice value, br_problems *p)
{
    for (int i = 0; i < BR_ROLE_TEXT_COUNT; i++) {
        if (!br_slice_eqs(field, fields[i].name))
            continue;
        br_text_free(r->text[i]);
        r->text[i] = NULL;
        if (value.n == 0)
            return true;
        if (!text_ok(r, &fields[i], value, p))
            return false;
        r->text[i] = br_text_copy(value);
        return r->text[i] != NULL || no_memory(r, p);
    }
    return br_role_wrong_type(r, field, "a string", p);
}

bool br_role_set_number(br_role *r, br_slice field, double value, br_problems *p)
{
    char path[FIELD_PATH_MAX];
    if (!br_slice_eqs(field, "duration"))
        return br_role_wrong_type(r, field, "a number", p);
    if (!br_is_whole(value) || value < BR_ROLE_DURATION_MIN || value > BR_ROLE_DURATION_MAX)
        return br_problems_add(p, value > BR_ROLE_DURATION_MAX ? "max-value" : "min-value",
                               path_of(r, field, path),
                               "must be an integer from %d to %d (seconds), got %.14g",
                               BR_ROLE_DURATION_MIN, BR_ROLE_DURATION_MAX, value);
    r->duration_s = (int64_t)value;
    return true;
}

static bool append(const br_role *r, br_slice field, br_role_list *l, size_t max, br_slice value,
                   br_problems *p)
{
    char path[FIELD_PATH_MAX];
    if (l->count == max)
        return br_problems_add(p, "max-length", path_of(r, field, path),
                               "has more than %zu elements", max);
    l->items[l->count] = br_text_copy(value);
    if (l->items[l->count] == NULL)
        return no_memory(r, p);
    l->count++;
    return true;
}

bool br_role_add(br_role *r, br_slice field, br_slice value, br_problems *p)
{
    bool arns = br_slice_eqs(field, "policy_arns");
    return length_ok(r, field, value, arns ? 20 : 1, arns ? 2048 : 128, p) &&
           append(r, field, arns ? &r->policy_arns : &r->transitive_tag_keys,
                  arns ? BR_ROLE_POLICY_ARNS_MAX : BR_ROLE_TAGS_MAX, value, p);
}

/* Kept in the order of their names: tables have none. */
static void sort_last(br_role *r)
{
    char **names = r->tags.items, **values = r->tag_values.items;
    for (size_t i = r->tags.count - 1; i > 0 && strcmp(names[i - 1], names[i]) > 0; i--) {
        char *name = names[i], *value = values[i];
        names[i] = names[i - 1];
        values[i] = values[i - 1];
        names[i - 1] = name;
        values[i - 1] = value;
    }
}

bool br_role_add_tag(br_role *r, br_slice name, br_slice value, br_problems *p)
{
    br_slice field = BR_SLICE("tags");
    if (!length_ok(r, field, name, 1, 128, p) || !length_ok(r, field, value, 0, 256, p) ||
        !append(r, field, &r->tags, BR_ROLE_TAGS_MAX, name, p))
        return false;
    if (!append(r, field, &r->tag_values, BR_ROLE_TAGS_MAX, value, p)) {
        br_text_free(r->tags.items[--r->tags.count]);
        return false;
    }
    sort_last(r);
    return true;
}

static void add_list(br_buf *form, const br_role_list *l, const char *name, const char *member)
{
    char parameter[64];
    for (size_t i = 0; i < l->count; i++) {
        snprintf(parameter, sizeof parameter, "%s.member.%zu%s", name, i + 1, member);
        br_sts_add(form, parameter, br_slice_of(l->items[i]));
    }
}

static bool write_form(const br_role *r, br_buf *form)
{
    for (int i = 0; i < BR_ROLE_TEXT_COUNT; i++)
        if (r->text[i] != NULL)
            br_sts_add(form, fields[i].parameter, br_slice_of(r->text[i]));
    if (r->duration_s > 0)
        br_buf_addf(form, "&DurationSeconds=%lld", (long long)r->duration_s);
    add_list(form, &r->policy_arns, "PolicyArns", ".arn");
    add_list(form, &r->tags, "Tags", ".Key");
    add_list(form, &r->tag_values, "Tags", ".Value");
    add_list(form, &r->transitive_tag_keys, "TransitiveTagKeys", "");
    return !form->failed;
}

static bool check_arn(const br_role *r, br_problems *p)
{
    br_arn arn;
    char path[FIELD_PATH_MAX];
    br_slice field = BR_SLICE("role_arn");
    if (r->text[BR_ROLE_ARN] == NULL) {
        path_of(r, field, path);
        return !br_problems_at(p, path) &&
               br_problems_add(p, "missing", br_slice_of(path),
                               "missing: the ARN of the role to assume, "
                               "arn:aws:iam::ACCOUNT:role/NAME");
    }
    if (br_arn_parse(br_slice_of(r->text[BR_ROLE_ARN]), &arn) && br_slice_eqs(arn.service, "iam") &&
        br_slice_starts(arn.resource, "role/"))
        return true;
    return br_problems_add(p, "pattern", path_of(r, field, path),
                           "must be a role ARN of the form arn:aws:iam::ACCOUNT:role/NAME, got "
                           "\"%s\"",
                           br_print(br_slice_of(r->text[BR_ROLE_ARN])).text);
}

/* "Role chaining limits your … session to a maximum of one hour" (IAM User Guide). */
static bool check_duration(const br_role *r, bool chained, br_problems *p)
{
    char path[FIELD_PATH_MAX];
    if (!chained || r->duration_s <= BR_ROLE_CHAINED_MAX)
        return true;
    return br_problems_add(p, "max-value", path_of(r, BR_SLICE("duration"), path),
                           "%lld is above the maximum %d (seconds) of a role that is assumed with "
                           "a role's credentials",
                           (long long)r->duration_s, BR_ROLE_CHAINED_MAX);
}

bool br_role_build(const br_role *r, bool chained, br_way *way, br_problems *p)
{
    if (!check_arn(r, p) || !check_duration(r, chained, p))
        return false;
    br_layer *l = br_way_add(way, BR_LAYER_ASSUME_ROLE);
    if (l == NULL)
        return br_problems_add(p, "max-length", br_slice_of(r->path),
                               "more than %d roles lie on one another", BR_WAY_LAYERS_MAX - 1);
    l->name_is_ours = r->text[BR_ROLE_SESSION_NAME] == NULL;
    l->duration_s = (int)r->duration_s;
    return (write_form(r, &l->form) &&
            br_layer_set(l, BR_LAYER_ROLE_ARN, br_slice_of(r->text[BR_ROLE_ARN]))) ||
           no_memory(r, p);
}
