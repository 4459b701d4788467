#include "core/x509/internal.h"

#include <openssl/asn1t.h>
#include <openssl/pkcs12.h>
#include <string.h>

static uint64_t number(const ASN1_INTEGER *i)
{
    uint64_t value;
    return ASN1_INTEGER_get_uint64(&value, i) ? value : UINT64_MAX;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t product(uint64_t a, uint64_t b)
{
    return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t pbkdf2_rounds(const ASN1_TYPE *parameter)
{
    PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
    uint64_t rounds = p != NULL ? number(p->iter) : 0;
    PBKDF2PARAM_free(p);
    return rounds;
}

static uint64_t scrypt_rounds(const ASN1_TYPE *parameter)
{
    SCRYPT_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
    uint64_t rounds = 0;
    if (p != NULL)
        rounds = product(product(number(p->costParameter), number(p->blockSize)),
                         number(p->parallelizationParameter));
    SCRYPT_PARAMS_free(p);
    return rounds;
}

static uint64_t derivation_rounds(const X509_ALGOR *derivation)
{
    switch (OBJ_obj2nid(derivation->algorithm)) {
    case NID_id_pbkdf2:
        return pbkdf2_rounds(derivation->parameter);
    case NID_id_scrypt:
        return scrypt_rounds(derivation->parameter);
    default:
        return 0;
    }
}

static uint64_t old_rounds(const ASN1_TYPE *parameter)
{
    PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameter);
    uint64_t rounds = p != NULL ? number(p->iter) : 0;
    PBEPARAM_free(p);
    return rounds;
}

/* What cannot be read counts as nothing: OpenSSL does not decrypt it either. */
static uint64_t scheme_rounds(const X509_ALGOR *scheme)
{
    if (OBJ_obj2nid(scheme->algorithm) != NID_pbes2)
        return old_rounds(scheme->parameter);
    PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), scheme->parameter);
    uint64_t rounds = p != NULL ? derivation_rounds(p->keyfunc) : 0;
    PBE2PARAM_free(p);
    return rounds;
}

static uint64_t sealed_rounds(const X509_SIG *sealed)
{
    const X509_ALGOR *scheme;
    X509_SIG_get0(sealed, &scheme, NULL);
    return scheme_rounds(scheme);
}

bool br_key_rounds_ok(const X509_SIG *sealed)
{
    return sealed_rounds(sealed) <= BR_PASSWORD_ROUNDS_MAX;
}

static uint64_t bags_rounds(const STACK_OF(PKCS12_SAFEBAG) * bags)
{
    uint64_t rounds = 0;
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        int kind = PKCS12_SAFEBAG_get_nid(bag);
        if (kind == NID_pkcs8ShroudedKeyBag)
            rounds = sum(rounds, sealed_rounds(PKCS12_SAFEBAG_get0_pkcs8(bag)));
        else if (kind == NID_safeContentsBag)
            rounds = sum(rounds, bags_rounds(PKCS12_SAFEBAG_get0_safes(bag)));
    }
    return rounds;
}

static uint64_t plain_safe_rounds(PKCS7 *safe)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7data(safe);
    uint64_t rounds = bags_rounds(bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return rounds;
}

static uint64_t safe_rounds(PKCS7 *safe)
{
    if (PKCS7_type_is_data(safe))
        return plain_safe_rounds(safe);
    if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted != NULL)
        return scheme_rounds(safe->d.encrypted->enc_data->algorithm);
    return 0;
}

static uint64_t safes_rounds(const PKCS12 *p12)
{
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    uint64_t rounds = 0;
    for (int i = 0; i < sk_PKCS7_num(safes); i++)
        rounds = sum(rounds, safe_rounds(sk_PKCS7_value(safes, i)));
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return rounds;
}

bool br_pkcs12_rounds_ok(const PKCS12 *p12)
{
    const ASN1_INTEGER *iterations = NULL;
    PKCS12_get0_mac(NULL, NULL, NULL, &iterations, p12);
    uint64_t rounds = iterations != NULL ? number(iterations) : 1;
    return sum(rounds, safes_rounds(p12)) <= BR_PASSWORD_ROUNDS_MAX;
}

/* What no password opens counts as nothing: it is not read later either. */
static uint64_t encrypted_safe_rounds(PKCS7 *safe, const char *password)
{
    int n = (int)strlen(password);
    STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7encdata(safe, password, n);
    if (bags == NULL && n == 0)
        bags = PKCS12_unpack_p7encdata(safe, NULL, 0);
    uint64_t rounds = bags_rounds(bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return rounds;
}

bool br_pkcs12_inner_rounds_ok(const PKCS12 *p12, const char *password)
{
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    uint64_t rounds = 0;
    for (int i = 0; i < sk_PKCS7_num(safes); i++) {
        PKCS7 *safe = sk_PKCS7_value(safes, i);
        if (PKCS7_type_is_encrypted(safe))
            rounds = sum(rounds, encrypted_safe_rounds(safe, password));
    }
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return rounds <= BR_PASSWORD_ROUNDS_MAX;
}
