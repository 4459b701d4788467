#include "core/ways/shared_files.h"

#include <stdlib.h>

#include "core/aws/command.h"

#define DEFAULTS "DEFAULT" /* whose settings are those of all sections that lack them */

static const struct {
    const char *word;
    br_section_kind kind;
} words[] = {
    {"profile", BR_SECTION_PROFILE},
    {"sso-session", BR_SECTION_SSO_SESSION},
    {"services", BR_SECTION_SERVICES},
};

/* Two words, of which the second is the name. */
static bool name_section(br_shared_file *f, br_section *section, br_slice header)
{
    br_command split;
    if (br_command_split(header, &split) != NULL)
        return false;
    bool ok = split.count == 2;
    if (ok) {
        section->at = f->names.len;
        section->n = strlen(split.words[1]);
        br_buf_add(&f->names, split.words[1], section->n);
    }
    br_command_free(&split);
    return ok;
}

static void plain_name(br_shared_file *f, br_section *section, br_slice name)
{
    section->kind = BR_SECTION_PROFILE;
    section->at = f->names.len;
    section->n = name.n;
    br_buf_add_slice(&f->names, name);
}

/* A header that begins so is one of that kind or none at all. */
static void classify(br_shared_file *f, br_section *section, br_slice header)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (br_slice_starts(header, words[i].word)) {
            if (name_section(f, section, header))
                section->kind = words[i].kind;
            return;
        }
    if (br_slice_eqs(header, "default")) {
        plain_name(f, section, header);
        section->plain_default = true;
    }
}

static br_slice name_of(const br_shared_file *f, const br_section *section)
{
    return (br_slice){f->names.data + section->at, section->n};
}

static bool is(const br_shared_file *f, size_t section, br_section_kind kind, br_slice name)
{
    const br_section *s = &f->sections[section];
    return s->kind == kind && br_slice_eq(name_of(f, s), name);
}

static void put_default_aside(br_shared_file *f)
{
    bool other = false;
    for (size_t i = 0; i < f->ini.section_count; i++)
        other |= !f->sections[i].plain_default && is(f, i, BR_SECTION_PROFILE, BR_SLICE("default"));
    for (size_t i = 0; i < f->ini.section_count; i++)
        if (other && f->sections[i].plain_default)
            f->sections[i].kind = BR_SECTION_OTHER;
}

static bool no_memory(br_problems *p)
{
    return br_problems_add(p, "file", BR_SLICE("profile"), "out of memory");
}

static bool read_ini(br_shared_file *f, br_slice text, const char *option, br_problems *p)
{
    br_ini_fault fault;
    br_buf_init(&f->names, 2 * BR_INI_TEXT_MAX);
    if (br_ini_read(&f->ini, text, &fault)) {
        f->sections = calloc(f->ini.section_count + 1, sizeof *f->sections);
        return f->sections != NULL || no_memory(p);
    }
    if (fault.line == 0)
        return br_problems_add(p, "file", br_slice_of(option), "\"%.300s\": %s", f->path,
                               fault.what);
    return br_problems_add(p, "file", br_slice_of(option), "\"%.300s\", line %zu: %s", f->path,
                           fault.line, fault.what);
}

bool br_shared_read_config(br_shared *s, br_slice text, br_problems *p)
{
    br_shared_file *f = &s->config;
    if (!read_ini(f, text, "config_file", p))
        return false;
    for (size_t i = 0; i < f->ini.section_count; i++)
        classify(f, &f->sections[i], f->ini.sections[i]);
    put_default_aside(f);
    return !f->names.failed || no_memory(p);
}

bool br_shared_read_credentials(br_shared *s, br_slice text, br_problems *p)
{
    br_shared_file *f = &s->credentials;
    if (!read_ini(f, text, "credentials_file", p))
        return false;
    for (size_t i = 0; i < f->ini.section_count; i++)
        if (!br_slice_eqs(f->ini.sections[i], DEFAULTS))
            plain_name(f, &f->sections[i], f->ini.sections[i]);
    return !f->names.failed || no_memory(p);
}

static void file_free(br_shared_file *f)
{
    br_ini_free(&f->ini);
    free(f->sections);
    br_buf_free(&f->names);
    f->sections = NULL;
}

void br_shared_free(br_shared *s)
{
    file_free(&s->config);
    file_free(&s->credentials);
}

static bool file_has(const br_shared_file *f, br_section_kind kind, br_slice name)
{
    for (size_t i = 0; i < f->ini.section_count; i++)
        if (is(f, i, kind, name))
            return true;
    return false;
}

bool br_shared_has(const br_shared *s, br_section_kind kind, br_slice name)
{
    return file_has(&s->config, kind, name) ||
           (kind == BR_SECTION_PROFILE && file_has(&s->credentials, kind, name));
}

br_slice br_shared_file_get(const br_shared_file *f, br_section_kind kind, br_slice name,
                            const char *key)
{
    br_slice fallback = {NULL, 0};
    bool has = file_has(f, kind, name);
    for (size_t i = f->ini.setting_count; has && i-- > 0;) {
        const br_ini_setting *setting = &f->ini.settings[i];
        if (!br_slice_eqs(setting->key, key))
            continue;
        if (is(f, setting->section, kind, name))
            return setting->value;
        if (fallback.p == NULL && br_slice_eqs(f->ini.sections[setting->section], DEFAULTS))
            fallback = setting->value;
    }
    return fallback;
}

br_slice br_shared_get(const br_shared *s, br_section_kind kind, br_slice name, const char *key)
{
    br_slice value = {NULL, 0};
    if (kind == BR_SECTION_PROFILE)
        value = br_shared_file_get(&s->credentials, kind, name, key);
    return value.p != NULL ? value : br_shared_file_get(&s->config, kind, name, key);
}
