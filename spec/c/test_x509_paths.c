/* Chains that AWS refuses and that are known to be wrong before it is asked; and names. */
#include "check.h"
#include "x509_fixture.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define LEVELS 4

/* A certificate and its key, of the test's own. */
typedef struct issued {
    X509 *x;
    EVP_PKEY *key;
} issued;

typedef struct recipe {
    const char *name;        /* NULL: none */
    const char *constraints; /* basicConstraints */
    const char *usage;       /* keyUsage */
    const char *more;        /* nameConstraints; NULL: none */
} recipe;

static const recipe leaf_recipe = {"a leaf", "critical,CA:FALSE", "critical,digitalSignature",
                                   NULL};

static void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    CHECK(extension != NULL && X509_add_ext(x, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Signed by `issuer`; by itself if that is NULL. */
static issued issue(const recipe *r, const issued *issuer)
{
    static long serial;
    issued made = {X509_new(), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
    X509_set_version(made.x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.x), 3600);
    if (r->name != NULL)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made.x), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)r->name, -1, -1, 0);
    X509_set_issuer_name(made.x, X509_get_subject_name(issuer != NULL ? issuer->x : made.x));
    X509_set_pubkey(made.x, made.key);
    add_extension(made.x, NID_basic_constraints, r->constraints);
    add_extension(made.x, NID_key_usage, r->usage);
    if (r->more != NULL)
        add_extension(made.x, NID_name_constraints, r->more);
    CHECK(X509_sign(made.x, issuer != NULL ? issuer->key : made.key, EVP_sha256()) > 0);
    return made;
}

static void release(issued *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        X509_free(all[i].x);
        EVP_PKEY_free(all[i].key);
    }
}

static br_slice pem_of(BIO *text)
{
    char *data;
    long n = BIO_get_mem_data(text, &data);
    br_slice copy = {guard_copy(data, (size_t)n), (size_t)n};
    BIO_free(text);
    return copy;
}

/* Root first, leaf last: the leaf with its key, the others from `top` on as chain. */
static br_x509_input input_of(const issued *all, size_t n, size_t top)
{
    BIO *leaf = BIO_new(BIO_s_mem()), *chain = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(leaf, all[n - 1].x);
    PEM_write_bio_PrivateKey(leaf, all[n - 1].key, NULL, NULL, 0, NULL, NULL);
    for (size_t i = top; i + 1 < n; i++)
        PEM_write_bio_X509(chain, all[i].x);
    br_x509_input in = {.certificate = pem_of(leaf)};
    if (top + 1 < n)
        in.certificate_chain = pem_of(chain);
    else
        BIO_free(chain);
    return in;
}

/* Root, two authorities and a leaf, the first three with those constraints. */
static void make_path(issued all[LEVELS], const char *root, const char *first, const char *second)
{
    const char *usage = "critical,keyCertSign";
    const recipe authorities[] = {{"the root", root, usage, NULL},
                                  {"first", first, usage, NULL},
                                  {"second", second, usage, NULL}};
    all[0] = issue(&authorities[0], NULL);
    all[1] = issue(&authorities[1], &all[0]);
    all[2] = issue(&authorities[2], &all[1]);
    all[3] = issue(&leaf_recipe, &all[2]);
}

static void test_lengths_of_paths(void)
{
    static const struct {
        const char *root, *first, *second;
        size_t top; /* of those, the first that is given */
        bool good;
    } cases[] = {
        {"CA:TRUE", "CA:TRUE", "CA:TRUE", 0, true},
        {"CA:TRUE,pathlen:2", "CA:TRUE,pathlen:1", "CA:TRUE,pathlen:0", 0, true},
        {"CA:TRUE,pathlen:1", "CA:TRUE", "CA:TRUE", 0, false},
        {"CA:TRUE,pathlen:1", "CA:TRUE", "CA:TRUE", 1, true},
        {"CA:TRUE", "CA:TRUE,pathlen:0", "CA:TRUE", 0, false},
        {"CA:TRUE", "CA:TRUE,pathlen:0", "CA:TRUE", 1, false},
        {"CA:TRUE", "CA:TRUE,pathlen:0", "CA:TRUE", 2, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        issued all[LEVELS];
        make_path(all, cases[i].root, cases[i].first, cases[i].second);
        br_x509_input in = input_of(all, LEVELS, cases[i].top);
        if (cases[i].good)
            br_x509_unref(load_good(&in, "path"));
        else
            expect_problem(&in, "certificate_chain", "(pathlen)");
        release(all, LEVELS);
    }
}

static void test_issuers_that_are_none(void)
{
    issued all[LEVELS];
    make_path(all, "CA:TRUE", "CA:TRUE", "CA:FALSE");
    br_x509_input in = input_of(all, LEVELS, 1);
    expect_problem(&in, "certificate_chain", "an issuer that is not an authority");
    release(all, LEVELS);
}

static void test_names_that_are_not_allowed(void)
{
    const recipe narrow = {"a root", "CA:TRUE", "keyCertSign",
                           "critical,permitted;email:.example.com"};
    issued all[2];
    all[0] = issue(&narrow, NULL);
    all[1] = issue(&leaf_recipe, &all[0]);
    br_x509_input in = input_of(all, 2, 0);
    br_x509_unref(load_good(&in, "no such name"));
    X509_NAME_add_entry_by_NID(X509_get_subject_name(all[1].x), NID_pkcs9_emailAddress,
                               MBSTRING_ASC, (const unsigned char *)"a@example.org", -1, -1, 0);
    CHECK(X509_sign(all[1].x, all[0].key, EVP_sha256()) > 0);
    in = input_of(all, 2, 0);
    expect_problem(&in, "certificate_chain", "is not valid, and AWS refuses it: permitted subtree");
    release(all, 2);
}

static void test_self_signed(void)
{
    issued leaf = issue(&leaf_recipe, NULL);
    br_x509_input in = input_of(&leaf, 1, 0);
    expect_problem(&in, "certificate", "is self-signed: AWS accepts one that the trust anchor");
    release(&leaf, 1);
}

/* Its own name as issuer, but signed by another key: that of a renewed authority may be. */
static void test_same_names_are_not_self_signed(void)
{
    const recipe root = {"a leaf", "CA:TRUE", "keyCertSign", NULL};
    issued all[2];
    all[0] = issue(&root, NULL);
    all[1] = issue(&leaf_recipe, &all[0]);
    br_x509_input in = input_of(all, 2, 0);
    br_x509_unref(load_good(&in, "same names"));
    release(all, 2);
}

static void test_no_name(void)
{
    const recipe root = {"a root", "CA:TRUE", "keyCertSign", NULL};
    recipe nameless = leaf_recipe;
    issued all[2];
    nameless.name = NULL;
    all[0] = issue(&root, NULL);
    all[1] = issue(&nameless, &all[0]);
    br_x509_input in = input_of(all, 2, 0);
    br_x509 *x = load_good(&in, "no name");
    CHECK_SLICE(br_x509_subject(x), "(no name)");
    br_x509_unref(x);
    release(all, 2);
}

/* Each byte of ASCII as two; BOM NULL: none. */
static br_slice utf16(br_slice text, bool big, const char *bom)
{
    br_buf wide;
    br_buf_init(&wide, BR_PEM_INPUT_MAX);
    br_buf_adds(&wide, bom != NULL ? bom : "");
    for (size_t i = 0; i < text.n; i++) {
        br_buf_addc(&wide, big ? '\0' : text.p[i]);
        br_buf_addc(&wide, big ? text.p[i] : '\0');
    }
    br_slice copy = {guard_copy(wide.data, wide.len), wide.len};
    br_buf_free(&wide);
    drop(text);
    return copy;
}

static void test_utf16(void)
{
    static const struct {
        bool big;
        const char *bom;
    } forms[] = {{false, "\xff\xfe"}, {true, "\xfe\xff"}, {false, NULL}, {true, NULL}};
    const char *why = "is UTF-16 text: save it as UTF-8";
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        bool big = forms[i].big;
        const char *bom = forms[i].bom;
        br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                            .private_key = utf16(file("p256", ".key.pkcs8.pem"), big, bom)};
        expect_problem(&in, "private_key", why);
        in = (br_x509_input){.certificate = utf16(file("p256", ".crt.pem"), big, bom),
                             .private_key = file("p256", ".key.pkcs8.pem")};
        expect_problem(&in, "certificate", why);
        in = (br_x509_input){.certificate = utf16(file("p256", ".both.pem"), big, bom),
                             .certificate_chain = file("intermediate", ".pem")};
        expect_problem(&in, "certificate", why);
        in = (br_x509_input){.pkcs12 = utf16(file("p256", ".both.pem"), big, bom)};
        expect_problem(&in, "pkcs12", why);
    }
}

static void test_lines(void)
{
    const char *why = "one line with a line break at its end: if it is a path";
    br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                        .private_key = copy_text("keys/client.pem\n")};
    expect_problem(&in, "private_key", why);
    in = (br_x509_input){.certificate = copy_text("client.pem\r\n"),
                         .private_key = file("p256", ".key.pkcs8.pem")};
    expect_problem(&in, "certificate", why);
    in = (br_x509_input){.pkcs12 = file("p256", ".both.pem")};
    expect_problem(&in, "pkcs12", "but PEM: give it as certificate and private_key");
    in = (br_x509_input){.certificate = file("p256", ".crt.pem"),
                         .private_key = file("p256", ".key.pkcs8.enc.pem"),
                         .password = BR_SLICE("not-this\n")};
    expect_problem(&in, "private_key_password", "it ends in a line break, which is part of it");
}

int main(void)
{
    test_lengths_of_paths();
    test_issuers_that_are_none();
    test_names_that_are_not_allowed();
    test_self_signed();
    test_same_names_are_not_self_signed();
    test_no_name();
    test_utf16();
    test_lines();
    return check_done();
}
