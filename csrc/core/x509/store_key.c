#include "core/x509/internal.h"

#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECTS_MAX 64 /* of a store, looked at */

/* Who is asked for a password. */
typedef struct asked {
    br_slice password;
    bool asked;
} asked;

/*
** An empty one where there is none: if this failed, the provider of PKCS#11 would ask at the terminal
** itself. The key is not used then.
*/
static int give_password(UI *ui, UI_STRING *question)
{
    asked *a = UI_get0_user_data(ui);
    enum UI_string_types type = UI_get_string_type(question);
    if (type != UIT_PROMPT && type != UIT_VERIFY)
        return 1;
    a->asked = true;
    return UI_set_result_ex(ui, question, a->password.n > 0 ? a->password.p : "",
                            (int)a->password.n) == 0;
}

static UI_METHOD *new_asking(void)
{
    UI_METHOD *asking = UI_create_method("lua-bedrock");
    if (asking != NULL && UI_method_set_reader(asking, give_password) == 0)
        return asking;
    UI_destroy_method(asking);
    return NULL;
}

bool br_providers_next(br_slice *rest, br_slice *name)
{
    const char *p = rest->p, *end = rest->p + rest->n;
    while (p < end && (*p == ',' || *p == ' '))
        p++;
    name->p = p;
    while (p < end && *p != ',' && *p != ' ')
        p++;
    name->n = (size_t)(p - name->p);
    *rest = (br_slice){p, (size_t)(end - p)};
    return name->n > 0;
}

/* Of what belongs to OpenSSL itself, all know everything. */
static bool is_builtin(const char *provider)
{
    static const char *const names[] = {"default", "base", "legacy", "fips", "null"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(provider, names[i]) == 0)
            return true;
    return false;
}

static void prefer(br_store_key *k, const char *provider)
{
    if (k->query[0] == '\0' && provider != NULL && !is_builtin(provider))
        snprintf(k->query, sizeof k->query, "?provider=%s", provider);
}

static const char *query_of(const br_store_key *k)
{
    return k->query[0] != '\0' ? k->query : NULL;
}

/* " (reason)", or nothing. */
static const char *in_brackets(char reason[BR_REASON_MAX])
{
    size_t n = strlen(reason);
    if (n == 0 || n + 4 > BR_REASON_MAX)
        return "";
    memmove(reason + 2, reason, n);
    memcpy(reason, " (", 2);
    memcpy(reason + n + 2, ")", 2);
    return reason;
}

static const char *package_of(const char *provider)
{
    if (strcmp(provider, "tpm2") == 0)
        return " (Debian's package tpm2-openssl)";
    if (strcmp(provider, "pkcs11") == 0)
        return " (package pkcs11-provider, in Debian from 13 on: the engine of "
               "libengine-pkcs11-openssl is not used)";
    return "";
}

/* PKCS#11 keeps the PIN, as it would ask at the terminal for it where a session was lost. */
static OSSL_PROVIDER *start_provider(OSSL_LIB_CTX *context, const char *name)
{
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
    char keep[] = "cache";
    OSSL_PARAM options[] = {OSSL_PARAM_construct_utf8_string("pkcs11-module-cache-pins", keep, 0),
                            OSSL_PARAM_construct_end()};
    if (strcmp(name, "pkcs11") == 0)
        return OSSL_PROVIDER_load_ex(context, name, options);
#endif
    return OSSL_PROVIDER_load(context, name);
}

static bool load_provider(br_x509_loading *l, br_store_key *k, br_slice name)
{
    char text[BR_PROVIDER_NAME_MAX + 1], reason[BR_REASON_MAX];
    bool clean = ERR_peek_error() == 0;
    snprintf(text, sizeof text, "%.*s", (int)name.n, name.p);
    OSSL_PROVIDER *provider = start_provider(k->context, text);
    if (provider != NULL) {
        k->providers[k->provider_count++] = provider;
        prefer(k, text);
        return true;
    }
    bool missing = !clean || ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_DSO;
    br_openssl_reason(reason, clean, (br_slice){NULL, 0});
    if (missing)
        return br_x509_problem(l, "openssl_providers",
                               "OpenSSL has no provider \"%s\" in %s: install it%s", text,
                               OPENSSL_info(OPENSSL_INFO_MODULES_DIR), package_of(text));
    return br_x509_problem(l, "openssl_providers", "the provider \"%s\" does not start%s%s", text,
                           in_brackets(reason),
                           strcmp(text, "tpm2") == 0 ? ": is there a TPM, and may it be used? "
                                                       "TPM2OPENSSL_TCTI says where it is"
                                                     : "");
}

/* A context of its own for the key alone, so that the process's is left alone. */
static bool load_providers(br_x509_loading *l, br_store_key *k)
{
    br_slice rest = l->in->providers, name;
    if (rest.n == 0)
        return true;
    k->context = OSSL_LIB_CTX_new();
    if (k->context == NULL)
        return br_x509_problem(l, "openssl_providers", "could not be loaded: out of memory");
    while (br_providers_next(&rest, &name)) {
        if (name.n > BR_PROVIDER_NAME_MAX || k->provider_count == BR_PROVIDERS_MAX)
            return br_x509_problem(l, "openssl_providers",
                                   "may have up to %d names of up to %d characters",
                                   BR_PROVIDERS_MAX, BR_PROVIDER_NAME_MAX);
        if (!load_provider(l, k, name))
            return false;
    }
    return true;
}

static OSSL_STORE_CTX *open_store(const br_store_key *k, BIO *bytes, const char *uri,
                                  const UI_METHOD *ui, asked *password)
{
    const char *query = query_of(k);
    if (bytes != NULL)
        return OSSL_STORE_attach(bytes, "file", k->context, query, ui, password, NULL, NULL, NULL);
    return OSSL_STORE_open_ex(uri, k->context, query, ui, password, NULL, NULL, NULL);
}

typedef struct found {
    EVP_PKEY *key;
    bool several;
} found;

static void keep(found *f, EVP_PKEY *key)
{
    if (f->key == NULL) {
        f->key = key;
        return;
    }
    f->several |= key != NULL && EVP_PKEY_eq(f->key, key) != 1;
    EVP_PKEY_free(key);
}

static found look(OSSL_STORE_CTX *store)
{
    found f = {NULL, false};
    OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    for (int i = 0; i < OBJECTS_MAX && !OSSL_STORE_eof(store); i++) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL && OSSL_STORE_error(store))
            break;
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            keep(&f, OSSL_STORE_INFO_get1_PKEY(info));
        OSSL_STORE_INFO_free(info);
    }
    return f;
}

/* The scheme alone: what follows may hold a PIN. */
static void show_scheme(const char *uri, char out[24])
{
    size_t n = strcspn(uri, ":");
    snprintf(out, 24, "%.*s:…", (int)(n < 16 ? n : 16), uri);
}

static const char *advice_for(const br_x509_loading *l, const char *uri)
{
    bool given = l->in->providers.n > 0;
    if (strncmp(uri, "pkcs11:", 7) == 0)
        return given ? ": is \"pkcs11\" among openssl_providers? PKCS11_PROVIDER_MODULE names the "
                       "library of the token"
                     : ": install pkcs11-provider (in Debian from 13 on; the engine of "
                       "libengine-pkcs11-openssl is not used) and set openssl_providers = "
                       "{\"pkcs11\", \"default\"}";
    if (strncmp(uri, "handle:", 7) == 0)
        return given ? ": is \"tpm2\" among openssl_providers, and the handle as handle:0x81000001?"
                     : ": install tpm2-openssl and set openssl_providers = {\"tpm2\", "
                       "\"default\"}";
    if (strncmp(uri, "file:", 5) == 0)
        return "";
    return ": set openssl_providers to the provider that knows it";
}

static bool explain(br_x509_loading *l, const found *f, const asked *a, const char *uri,
                    bool opened, char reason[BR_REASON_MAX])
{
    char scheme[24] = "it";
    if (uri != NULL)
        show_scheme(uri, scheme);
    if (f->several)
        return br_x509_problem(
            l, "private_key",
            "names several private keys: name one (of pkcs11: by object= or id=)");
    if (a->asked && a->password.p == NULL)
        return br_x509_problem(l, "private_key",
                               "wants a password or PIN: set private_key_password");
    if (a->asked && uri != NULL && reason[0] == '\0')
        return br_x509_problem(l, "private_key",
                               "OpenSSL finds no private key in %s: is its name right, and "
                               "private_key_password?",
                               scheme);
    if (a->asked)
        return br_x509_wrong_password(l, reason[0] != '\0' ? reason : "it does not open the key");
    if (!opened)
        return br_x509_problem(l, "private_key", "OpenSSL cannot open %s%s%s", scheme,
                               in_brackets(reason), uri != NULL ? advice_for(l, uri) : "");
    return br_x509_problem(l, "private_key", "OpenSSL finds no private key in %s%s",
                           uri != NULL ? scheme : "it", in_brackets(reason));
}

static bool load_key(br_x509_loading *l, br_store_key *k, const char *uri)
{
    asked password = {l->in->password, false};
    found f = {NULL, false};
    char reason[BR_REASON_MAX];
    bool clean = ERR_peek_error() == 0;
    UI_METHOD *ui = new_asking();
    BIO *bytes =
        uri == NULL ? BIO_new_mem_buf(l->in->private_key.p, (int)l->in->private_key.n) : NULL;
    OSSL_STORE_CTX *store = NULL;
    if (ui != NULL && (uri != NULL || bytes != NULL))
        store = open_store(k, bytes, uri, ui, &password);
    if (store != NULL)
        f = look(store);
    br_openssl_reason(reason, clean, l->in->password);
    OSSL_STORE_close(store);
    BIO_free(bytes);
    UI_destroy_method(ui);
    bool answered = !password.asked || password.password.p != NULL;
    if (f.key != NULL && !f.several && answered) {
        const OSSL_PROVIDER *own = EVP_PKEY_get0_provider(f.key);
        k->query[0] = '\0';
        prefer(k, own != NULL ? OSSL_PROVIDER_get0_name(own) : NULL);
        l->key = f.key;
        return true;
    }
    EVP_PKEY_free(f.key);
    return explain(l, &f, &password, uri, store != NULL, reason);
}

bool br_x509_is_uri(br_slice text)
{
    size_t n = 0;
    while (n < text.n && ((text.p[n] >= 'a' && text.p[n] <= 'z') ||
                          (n > 0 && text.p[n] >= '0' && text.p[n] <= '9')))
        n++;
    return n > 1 && n < text.n && text.p[n] == ':';
}

/* With what the TPM's provider wants to be told, if there is a password. NULL: no memory. */
static char *uri_of(const br_x509_input *in, size_t *size)
{
    br_slice given = in->private_key;
    bool silent = in->password.p != NULL && br_slice_starts(given, "handle:") &&
                  memchr(given.p, '?', given.n) == NULL;
    *size = given.n + sizeof "?pass";
    char *uri = OPENSSL_malloc(*size);
    if (uri != NULL)
        snprintf(uri, *size, "%.*s%s", (int)given.n, given.p, silent ? "?pass" : "");
    return uri;
}

bool br_x509_read_store_key(br_x509_loading *l)
{
    char *uri = NULL;
    size_t size = 0;
    br_slice given = l->in->private_key;
    bool is_uri = br_x509_is_uri(given);
    if (!br_x509_is_usable(l, given, "private_key"))
        return false;
    br_store_key *k = calloc(1, sizeof *k);
    l->store_key = k;
    if (k != NULL)
        k->owner = getpid();
    if (k == NULL || (k->lock = CRYPTO_THREAD_lock_new()) == NULL ||
        (is_uri && (uri = uri_of(l->in, &size)) == NULL))
        return br_x509_problem(l, "private_key", "could not be read: out of memory");
    if (l->queue_ours)
        ERR_clear_error();
    bool ok = load_providers(l, k) && load_key(l, k, uri);
    if (uri != NULL)
        OPENSSL_clear_free(uri, size);
    return ok;
}

bool br_store_key_sign(br_store_key *k, EVP_PKEY *key, br_slice text, uint8_t out[BR_SIGNATURE_MAX],
                       size_t *out_len, br_buf *why)
{
    char reason[BR_REASON_MAX];
    bool clean = ERR_peek_error() == 0;
    if (k->owner != getpid()) {
        if (why != NULL)
            br_buf_adds(why, "it was opened before a fork: connect again in this process");
        return false;
    }
    if (!CRYPTO_THREAD_write_lock(k->lock))
        return false;
    bool ok = br_key_sign(key, k->context, query_of(k), text, out, out_len);
    CRYPTO_THREAD_unlock(k->lock);
    if (ok)
        return true;
    br_openssl_reason(reason, clean, (br_slice){NULL, 0});
    if (why != NULL)
        br_buf_adds(why, reason);
    return false;
}

void br_store_key_free(br_store_key *k, EVP_PKEY *key)
{
    if (k != NULL && k->owner != getpid())
        return;
    EVP_PKEY_free(key);
    if (k == NULL)
        return;
    while (k->provider_count > 0)
        OSSL_PROVIDER_unload(k->providers[--k->provider_count]);
    OSSL_LIB_CTX_free(k->context);
    CRYPTO_THREAD_lock_free(k->lock);
    free(k);
}
