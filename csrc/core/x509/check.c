#include "core/base/times.h"
#include "core/x509/internal.h"

#include <openssl/bn.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SERIAL_OCTETS_MAX 20 /* RFC 5280 */
#define VERSION_3 2          /* as the field counts */

/* No time_t goes to OpenSSL: on a machine of 32 bits, its own may be another than ours. */
bool br_asn1_time_ms(const ASN1_TIME *t, int64_t *ms)
{
    ASN1_TIME *epoch = ASN1_TIME_new();
    int days = 0, seconds = 0;
    bool ok = epoch != NULL && ASN1_TIME_set_string(epoch, "19700101000000Z") == 1 &&
              ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
    ASN1_TIME_free(epoch);
    *ms = ((int64_t)days * 86400 + seconds) * 1000;
    return ok;
}

void br_x509_name(br_buf *out, const X509_NAME *name)
{
    BIO *text = X509_NAME_entry_count(name) > 0 ? BIO_new(BIO_s_mem()) : NULL;
    if (text == NULL) {
        br_buf_adds(out, "(no name)");
        return;
    }
    X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    char *data = NULL;
    long n = BIO_get_mem_data(text, &data);
    if (n > 0)
        br_buf_add(out, data, (size_t)n < out->max ? (size_t)n : out->max);
    BIO_free(text);
}

bool br_x509_serial_text(const X509 *x, char out[BR_SERIAL_MAX + 1])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    out[0] = '\0';
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ||
        ASN1_STRING_length(serial) > SERIAL_OCTETS_MAX)
        return false;
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *digits = number != NULL ? BN_bn2dec(number) : NULL;
    size_t n = digits != NULL ? strlen(digits) : 0;
    bool ok = n > 0 && n <= BR_SERIAL_MAX;
    if (ok)
        memcpy(out, digits, n + 1);
    OPENSSL_free(digits);
    BN_free(number);
    return ok;
}

static void check_dates(br_x509_loading *l, const X509 *x, const char *option, const char *what)
{
    int64_t from, to;
    char date[BR_ISO_DATE_SIZE];
    if (!br_asn1_time_ms(X509_get0_notBefore(x), &from) ||
        !br_asn1_time_ms(X509_get0_notAfter(x), &to)) {
        br_x509_problem(l, option, "%s has dates that cannot be read", what);
    } else if (l->now_ms > to) {
        br_time_iso(to, date);
        br_x509_problem(l, option, "%s expired on %s: renew it", what, date);
    } else if (l->now_ms < from) {
        br_time_iso(from, date);
        br_x509_problem(l, option,
                        "%s is not valid before %s: check this computer's clock, or wait", what,
                        date);
    }
}

static void check_extensions(br_x509_loading *l, X509 *leaf, const char *option)
{
    uint32_t flags = X509_get_extension_flags(leaf);
    if (X509_get_version(leaf) != VERSION_3)
        br_x509_problem(l, option,
                        "is an X.509 version %ld certificate, AWS accepts only version 3",
                        X509_get_version(leaf) + 1);
    else if (flags & EXFLAG_INVALID)
        br_x509_problem(l, option, "has an extension that cannot be read");
    if (flags & EXFLAG_CA)
        br_x509_problem(l, option,
                        "is the certificate of an authority (CA:TRUE), not of an end entity: give "
                        "the one it issued");
    if (!(flags & EXFLAG_KUSAGE))
        br_x509_problem(l, option,
                        "has no keyUsage extension, AWS requires one with digitalSignature");
    else if (!(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE))
        br_x509_problem(l, option, "lacks digitalSignature in its keyUsage extension");
}

const char *br_mldsa_name(const X509 *x)
{
    static const char *const names[][2] = {{"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
                                           {"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
                                           {"2.16.840.1.101.3.4.3.19", "ML-DSA-87"}};
    ASN1_OBJECT *id = NULL;
    char text[64] = "";
    if (X509_PUBKEY_get0_param(&id, NULL, NULL, NULL, X509_get_X509_PUBKEY(x)))
        OBJ_obj2txt(text, sizeof text, id, 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

static void check_key(br_x509_loading *l, const X509 *leaf, const char *option)
{
    const EVP_PKEY *key = X509_get0_pubkey(leaf);
    char type[16];
    if (key == NULL && br_mldsa_name(leaf) != NULL)
        br_x509_problem(l, option, "has an %s key, which needs OpenSSL 3.5 or newer: this is %s",
                        br_mldsa_name(leaf), OpenSSL_version(OPENSSL_VERSION_STRING));
    else if (key == NULL)
        br_x509_problem(l, option, "has a public key that cannot be read");
    else if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) > BR_RSA_BITS_MAX)
        br_x509_problem(l, option, "has a key of %d bits, the maximum is %d",
                        EVP_PKEY_get_bits(key), BR_RSA_BITS_MAX);
    else if (br_key_type(key, type))
        return;
    else if (EVP_PKEY_is_a(key, "RSA"))
        br_x509_problem(l, option, "has an RSA key of %d bits, the minimum is %d",
                        EVP_PKEY_get_bits(key), BR_RSA_BITS_MIN);
    else
        br_x509_problem(l, option,
                        "has a key of type %s, it must be RSA, EC P-256, P-384 or P-521, or ML-DSA",
                        type);
}

static void check_signature_hash(br_x509_loading *l, X509 *leaf, const char *option)
{
    static const int weak[] = {NID_md2, NID_md4, NID_md5, NID_sha1, NID_md5_sha1};
    int hash = NID_undef;
    X509_get_signature_info(leaf, &hash, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++)
        if (hash == weak[i])
            br_x509_problem(l, option, "is signed with %s, AWS accepts SHA-256 or stronger",
                            OBJ_nid2ln(hash));
}

void br_x509_check_leaf(br_x509_loading *l, X509 *leaf, const char *option)
{
    char serial[BR_SERIAL_MAX + 1];
    check_dates(l, leaf, option, "the certificate");
    check_extensions(l, leaf, option);
    check_key(l, leaf, option);
    check_signature_hash(l, leaf, option);
    if (!br_x509_serial_text(leaf, serial))
        br_x509_problem(l, option, "has a serial number that is negative or over 20 octets");
}

static bool issued(X509 *issuer, X509 *subject)
{
    return X509_check_issued(issuer, subject) == X509_V_OK &&
           X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

static bool is_current(const br_x509_loading *l, const X509 *x)
{
    int64_t from, to;
    return br_asn1_time_ms(X509_get0_notBefore(x), &from) &&
           br_asn1_time_ms(X509_get0_notAfter(x), &to) && from <= l->now_ms && l->now_ms <= to;
}

/* An issuer not used yet; of several (renewed under the same key) a valid one before others. */
static br_given_certificate *find_issuer(br_x509_loading *l, X509 *subject)
{
    br_given_certificate *found = NULL;
    for (size_t i = 0; i < l->count; i++) {
        br_given_certificate *g = &l->given[i];
        if (g->in_chain || !issued(g->x, subject))
            continue;
        if (found == NULL || (!is_current(l, found->x) && is_current(l, g->x)))
            found = g;
    }
    return found;
}

static void report_strangers(br_x509_loading *l)
{
    for (size_t i = 0; i < l->count; i++) {
        if (l->given[i].in_chain)
            continue;
        br_buf name;
        br_buf_init(&name, BR_X509_NAME_MAX);
        br_x509_name(&name, X509_get_subject_name(l->given[i].x));
        br_x509_problem(l, l->given[i].option,
                        "contains a certificate that does not belong to the leaf's chain: %s",
                        br_buf_slice(&name).p);
        br_buf_free(&name);
    }
}

static bool self_signed(X509 *x)
{
    return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0 &&
           X509_verify(x, X509_get0_pubkey(x)) == 1;
}

/*
** The path from the leaf to `top`, the last that was given, as RFC 5280 wants it: authorities that
** are ones, lengths of paths, names that are allowed, critical extensions. Dates have been seen to.
*/
static int verify_path(const br_x509_loading *l, X509 *top)
{
    int error = X509_V_ERR_OUT_OF_MEM;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *path = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    bool ok = store != NULL && path != NULL && between != NULL && X509_STORE_add_cert(store, top);
    for (size_t i = 0; ok && i < l->chain_count; i++)
        ok = sk_X509_push(between, l->chain[i]) > 0;
    if (ok && X509_STORE_CTX_init(path, store, l->leaf, between)) {
        X509_STORE_CTX_set_flags(path, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
        error = X509_verify_cert(path) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(path);
    }
    sk_X509_free(between);
    X509_STORE_CTX_free(path);
    X509_STORE_free(store);
    return error;
}

/* A leaf with the name of its issuer seems to be signed by itself: whether it is has been seen. */
static void check_path(br_x509_loading *l, X509 *top, const char *option)
{
    int error = verify_path(l, top);
    if (error == X509_V_ERR_PATH_LENGTH_EXCEEDED)
        br_x509_problem(
            l, option,
            "contains the certificate of an authority that allows fewer authorities below "
            "it (pathlen) than the chain has: AWS refuses the chain");
    else if (error == X509_V_ERR_INVALID_CA)
        br_x509_problem(l, option,
                        "contains the certificate of an issuer that is not an authority (not "
                        "CA:TRUE): AWS refuses the chain");
    else if (error != X509_V_OK && error != X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        br_x509_problem(l, option, "contains a chain that is not valid, and AWS refuses it: %s",
                        X509_verify_cert_error_string(error));
}

void br_x509_order_chain(br_x509_loading *l)
{
    if (self_signed(l->leaf)) {
        br_x509_problem(l, l->leaf_option,
                        "is self-signed: AWS accepts one that the trust anchor, or an authority "
                        "below it, has issued");
        return;
    }
    for (size_t i = 0; i < l->count; i++)
        l->given[i].in_chain = l->given[i].x == l->leaf;
    const char *option = NULL;
    X509 *last = l->leaf;
    while (!issued(last, last)) {
        br_given_certificate *next = find_issuer(l, last);
        if (next == NULL)
            break;
        next->in_chain = true;
        last = next->x;
        option = next->option;
        if (issued(last, last))
            break;
        check_dates(l, last, next->option, "an intermediate certificate");
        l->chain[l->chain_count++] = last;
    }
    report_strangers(l);
    if (option != NULL && !l->failed)
        check_path(l, last, option);
}
