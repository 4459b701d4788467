#define _GNU_SOURCE
#include "engine/transfer/transfer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/variable.h"

#define SHOWN_MAX 200 /* of a path */

static bool set_long(CURL *curl, CURLoption option, long value)
{
    return curl_easy_setopt(curl, option, value) == CURLE_OK;
}

static bool set_text(CURL *curl, CURLoption option, const char *text)
{
    return curl_easy_setopt(curl, option, text) == CURLE_OK;
}

static bool read_variable(const char *name, char **copy)
{
    const char *value = br_variable(name);
    if (value == NULL || *value == '\0')
        return true;
    *copy = strdup(value);
    return *copy != NULL;
}

bool br_authorities_read(br_authorities *a)
{
    return read_variable("SSL_CERT_FILE", &a->file) && read_variable("SSL_CERT_DIR", &a->dir);
}

void br_authorities_free(br_authorities *a)
{
    free(a->file);
    free(a->dir);
    a->file = a->dir = NULL;
}

/*
** What is built into libcurl counts where nothing else is given. Where it has both a file and a
** directory built in, the directory would keep it from caching the parsed file: 29 ms of CPU for
** each new connection instead of 1.
*/
bool br_tls_set_authorities(CURL *curl, const br_authorities *given, const char *ca_file)
{
    const curl_version_info_data *built_in = curl_version_info(CURLVERSION_NOW);
    const char *file = given->file != NULL ? given->file : built_in->cainfo;
    const char *dir = built_in->cainfo == NULL ? built_in->capath : NULL;
    if (given->dir != NULL)
        dir = given->dir;
    if (ca_file != NULL) {
        file = ca_file;
        dir = NULL;
    }
    return set_text(curl, CURLOPT_CAINFO, file) && set_text(curl, CURLOPT_PROXY_CAINFO, file) &&
           set_text(curl, CURLOPT_CAPATH, dir) && set_text(curl, CURLOPT_PROXY_CAPATH, dir);
}

bool br_tls_start(CURL *curl)
{
    return set_long(curl, CURLOPT_SSL_VERIFYPEER, 1) && set_long(curl, CURLOPT_SSL_VERIFYHOST, 2) &&
           set_long(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
}

static bool tell_authorities(br_transfer *t, const char *ca_file)
{
    return br_tls_set_authorities(t->curl, &t->engine->authorities, ca_file);
}

bool br_transfer_start_tls(br_transfer *t)
{
    return br_tls_start(t->curl) && tell_authorities(t, NULL);
}

bool br_transfer_set_authorities(br_transfer *t, const char *ca_file)
{
    if (t->ca_file == ca_file ||
        (t->ca_file != NULL && ca_file != NULL && strcmp(t->ca_file, ca_file) == 0))
        return true;
    char *copy = ca_file != NULL ? strdup(ca_file) : NULL;
    if (ca_file != NULL && copy == NULL)
        return false;
    free(t->ca_file);
    t->ca_file = copy;
    return tell_authorities(t, ca_file);
}

static bool set_blob(CURL *curl, CURLoption option, const br_buf *pem)
{
    struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};
    if (pem == NULL)
        return curl_easy_setopt(curl, option, NULL) == CURLE_OK;
    blob.data = pem->data;
    blob.len = pem->len;
    return curl_easy_setopt(curl, option, &blob) == CURLE_OK;
}

bool br_tls_set_identity(CURL *curl, const br_tls_identity *identity)
{
    return set_blob(curl, CURLOPT_SSLCERT_BLOB, identity ? &identity->certificate : NULL) &&
           set_blob(curl, CURLOPT_SSLKEY_BLOB, identity ? &identity->key : NULL);
}

bool br_transfer_set_identity(br_transfer *t, const br_tls_identity *identity)
{
    if (t->identity == identity)
        return true;
    t->identity = identity;
    return br_tls_set_identity(t->curl, identity);
}

void br_transfer_say_authorities(const br_transfer *t, char *out, size_t size)
{
    const br_authorities *given = &t->engine->authorities;
    if (t->ca_file != NULL)
        snprintf(out, size, "ca_file \"%.*s\"", SHOWN_MAX, t->ca_file);
    else if (given->file != NULL && given->dir != NULL)
        snprintf(out, size, "SSL_CERT_FILE \"%.*s\" and SSL_CERT_DIR \"%.*s\" of the environment",
                 SHOWN_MAX, given->file, SHOWN_MAX, given->dir);
    else if (given->file != NULL)
        snprintf(out, size, "SSL_CERT_FILE \"%.*s\" of the environment", SHOWN_MAX, given->file);
    else if (given->dir != NULL)
        snprintf(out, size, "the system's and SSL_CERT_DIR \"%.*s\" of the environment", SHOWN_MAX,
                 given->dir);
    else
        snprintf(out, size, "the system's");
}
