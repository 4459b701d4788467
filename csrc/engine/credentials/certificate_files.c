#include "engine/credentials/certificate_files.h"

#include <string.h>

#define FILE_MAX (BR_PEM_INPUT_MAX + 8192)

enum { CERTIFICATE, PRIVATE_KEY, CHAIN, PKCS12 };

static const br_option options[BR_CERTIFICATE_FILES] = {
    [CERTIFICATE] = BR_OPT_CERTIFICATE,
    [PRIVATE_KEY] = BR_OPT_PRIVATE_KEY,
    [CHAIN] = BR_OPT_CERTIFICATE_CHAIN,
    [PKCS12] = BR_OPT_PKCS12,
};

static bool is_path(br_slice text)
{
    return text.p != NULL && !br_looks_like_data(text);
}

static bool is_uri(br_option o, br_slice text)
{
    return o == BR_OPT_PRIVATE_KEY && is_path(text) && br_x509_is_uri(text);
}

/* What is looked at for changes: of a URI the file, where it names one, else nothing that is there. */
static const char *stamped(br_option o, br_slice text)
{
    if (!is_uri(o, text) || !br_slice_starts(text, "file:"))
        return text.p;
    const char *path = text.p + sizeof "file:" - 1;
    return strncmp(path, "//", 2) == 0 ? path + 2 : path;
}

static bool read_one(const br_settings *s, br_option o, br_buf *out, br_file_stamp *stamp,
                     br_problems *problems)
{
    br_slice text = br_settings_text(s, o);
    if (text.p == NULL)
        return true;
    if (!is_path(text))
        return br_buf_add_slice(out, text) ||
               br_problems_add(problems, "file", br_slice_of(br_option_name(o)), "out of memory");
    *stamp = br_file_stamp_of(stamped(o, text));
    if (is_uri(o, text))
        return br_buf_add_slice(out, text);
    return br_read_file(br_option_name(o), text.p, out, problems);
}

/* {NULL, 0} if the option is not set; an empty file is given and empty. */
static br_slice given(const br_settings *s, int i, const br_buf *b)
{
    return br_settings_text(s, options[i]).p == NULL ? (br_slice){NULL, 0} : br_buf_slice(b);
}

br_x509 *br_certificate_files_load(const br_settings *s, int64_t now_ms,
                                   br_certificate_files_stamps *stamps, br_problems *problems)
{
    br_buf text[BR_CERTIFICATE_FILES];
    br_x509 *x = NULL;
    bool ok = true;
    memset(stamps, 0, sizeof *stamps);
    for (int i = 0; i < BR_CERTIFICATE_FILES; i++) {
        br_buf_init_secret(&text[i], FILE_MAX);
        ok &= read_one(s, options[i], &text[i], &stamps->of[i], problems);
    }
    if (ok) {
        br_x509_input in = {
            .certificate = given(s, CERTIFICATE, &text[CERTIFICATE]),
            .private_key = given(s, PRIVATE_KEY, &text[PRIVATE_KEY]),
            .certificate_chain = given(s, CHAIN, &text[CHAIN]),
            .pkcs12 = given(s, PKCS12, &text[PKCS12]),
            .password = br_settings_text(s, BR_OPT_PRIVATE_KEY_PASSWORD),
            .providers = br_settings_text(s, BR_OPT_OPENSSL_PROVIDERS),
            .signed_outside = s->has_function[BR_OPT_SIGN],
        };
        x = br_x509_load(&in, now_ms, problems);
    } else {
        memset(stamps, 0, sizeof *stamps);
    }
    for (int i = 0; i < BR_CERTIFICATE_FILES; i++)
        br_buf_free(&text[i]);
    return x;
}

bool br_certificate_files_single(const br_settings *s, const br_problems *problems)
{
    for (int i = 0; i < BR_CERTIFICATE_FILES; i++)
        if (br_problems_at(problems, br_option_name(options[i])))
            return false;
    if (br_problems_at(problems, br_option_name(BR_OPT_OPENSSL_PROVIDERS)))
        return false;
    bool pkcs12 = br_settings_text(s, BR_OPT_PKCS12).p != NULL;
    return pkcs12 != (br_settings_text(s, BR_OPT_CERTIFICATE).p != NULL);
}

bool br_certificate_files_all_files(const br_settings *s)
{
    for (int i = 0; i < BR_CERTIFICATE_FILES; i++) {
        br_slice text = br_settings_text(s, options[i]);
        if (text.p != NULL && !is_path(text))
            return false;
    }
    return true;
}

bool br_certificate_files_changed(const br_settings *s, const br_certificate_files_stamps *known)
{
    for (int i = 0; i < BR_CERTIFICATE_FILES; i++) {
        br_slice path = br_settings_text(s, options[i]);
        if (path.p == NULL)
            continue;
        br_file_stamp now = br_file_stamp_of(stamped(options[i], path));
        if (!br_file_stamp_eq(&now, &known->of[i]))
            return true;
    }
    return false;
}

void br_certificate_files_forget(br_settings *s)
{
    bool files = br_certificate_files_all_files(s);
    for (int i = 0; i < BR_CERTIFICATE_FILES && !files; i++)
        br_settings_forget(s, options[i]);
    if (!files)
        br_settings_forget(s, BR_OPT_PRIVATE_KEY_PASSWORD);
}
