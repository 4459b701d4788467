#include "core/x509/facts.h"
#include "core/x509/internal.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX 512
#define NAMES_MAX 4096

/* Of one certificate. */
typedef struct looked {
    br_buf subject, issuer, names;
    char serial[BR_SERIAL_MAX + 1];
    char key[16];
    char usage[LIST_MAX], purposes[LIST_MAX];
    uint8_t fingerprint[BR_SHA256_SIZE];
} looked;

static void add(char list[LIST_MAX], const char *word)
{
    size_t n = strlen(list);
    snprintf(list + n, LIST_MAX - n, "%s%s", n > 0 ? ", " : "", word);
}

static void read_usage(X509 *x, char out[LIST_MAX])
{
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {{KU_DIGITAL_SIGNATURE, "digitalSignature"},
                {KU_NON_REPUDIATION, "nonRepudiation"},
                {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
                {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
                {KU_KEY_AGREEMENT, "keyAgreement"},
                {KU_KEY_CERT_SIGN, "keyCertSign"},
                {KU_CRL_SIGN, "cRLSign"},
                {KU_ENCIPHER_ONLY, "encipherOnly"},
                {KU_DECIPHER_ONLY, "decipherOnly"}};
    out[0] = '\0';
    if (!(X509_get_extension_flags(x) & EXFLAG_KUSAGE))
        return;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (X509_get_key_usage(x) & bits[i].bit)
            add(out, bits[i].name);
}

static void read_purposes(const X509 *x, char out[LIST_MAX])
{
    out[0] = '\0';
    EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
        char text[80];
        const ASN1_OBJECT *purpose = sk_ASN1_OBJECT_value(list, i);
        int nid = OBJ_obj2nid(purpose);
        OBJ_obj2txt(text, sizeof text, purpose, 1);
        add(out, nid != NID_undef ? OBJ_nid2sn(nid) : text);
    }
    EXTENDED_KEY_USAGE_free(list);
}

static void read_names(const X509 *x, br_buf *out)
{
    int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
    BIO *text = at >= 0 ? BIO_new(BIO_s_mem()) : NULL;
    if (text == NULL)
        return;
    char *data = NULL;
    X509V3_EXT_print(text, X509_get_ext(x, at), 0, 0);
    long n = BIO_get_mem_data(text, &data);
    if (n > 0)
        br_buf_add(out, data, (size_t)n < out->max ? (size_t)n : out->max);
    BIO_free(text);
}

static int64_t time_of(const ASN1_TIME *t)
{
    int64_t ms;
    return br_asn1_time_ms(t, &ms) ? ms : INT64_MIN;
}

static const char *key_text(const X509 *x, char out[16])
{
    const EVP_PKEY *key = X509_get0_pubkey(x);
    const char *mldsa = br_mldsa_name(x);
    if (mldsa != NULL)
        return mldsa;
    if (key == NULL)
        return "";
    (void)br_key_type(key, out);
    return out;
}

static bool is_of_key(const br_x509_loading *l, const X509 *x)
{
    EVP_PKEY *public_key = X509_get0_pubkey(x);
    return l->key != NULL && public_key != NULL && EVP_PKEY_eq(public_key, l->key) == 1;
}

static void look_at(const br_x509_loading *l, const br_given_certificate *given, looked *t,
                    void (*each)(void *, const br_certificate_facts *), void *user)
{
    X509 *x = given->x;
    int signature = X509_get_signature_nid(x);
    br_x509_name(&t->subject, X509_get_subject_name(x));
    br_x509_name(&t->issuer, X509_get_issuer_name(x));
    (void)br_x509_serial_text(x, t->serial);
    read_usage(x, t->usage);
    read_purposes(x, t->purposes);
    read_names(x, &t->names);
    if (!X509_digest(x, EVP_sha256(), t->fingerprint, NULL))
        memset(t->fingerprint, 0, sizeof t->fingerprint);
    br_certificate_facts facts = {
        .option = given->option,
        .subject = br_buf_slice(&t->subject),
        .issuer = br_buf_slice(&t->issuer),
        .serial = t->serial,
        .key = key_text(x, t->key),
        .signature = signature != NID_undef ? OBJ_nid2ln(signature) : "",
        .not_before_ms = time_of(X509_get0_notBefore(x)),
        .not_after_ms = time_of(X509_get0_notAfter(x)),
        .usage = t->usage,
        .purposes = t->purposes,
        .names = br_buf_slice(&t->names),
        .authority = (X509_get_extension_flags(x) & EXFLAG_CA) != 0,
        .belongs = is_of_key(l, x),
        .fingerprint = t->fingerprint,
    };
    each(user, &facts);
}

void br_x509_look(const br_x509_input *in, br_problems *problems,
                  void (*each)(void *user, const br_certificate_facts *facts), void *user)
{
    br_x509_loading l = {.in = in, .problems = problems, .queue_ours = ERR_peek_error() == 0};
    ERR_set_mark();
    br_x509_read_all(&l);
    for (size_t i = 0; i < l.count; i++) {
        looked texts;
        br_buf_init(&texts.subject, BR_X509_NAME_MAX);
        br_buf_init(&texts.issuer, BR_X509_NAME_MAX);
        br_buf_init(&texts.names, NAMES_MAX);
        look_at(&l, &l.given[i], &texts, each, user);
        br_buf_free(&texts.subject);
        br_buf_free(&texts.issuer);
        br_buf_free(&texts.names);
    }
    br_x509_release(&l);
    ERR_pop_to_mark();
}
