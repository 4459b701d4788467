/*
** Keys that OpenSSL's store opens. Devices are in spec/devices_spec.lua: here are URIs of files, which
** the same way opens, and what there is to say without a device.
*/
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "x509_fixture.h"

#define PATH_SHOWN 512

/* "file:" and the absolute path of a file of the test PKI. */
static br_slice uri(const char *name)
{
    static char text[2 * PATH_SHOWN];
    const char *pki = getenv("BEDROCK_TEST_PKI") ? getenv("BEDROCK_TEST_PKI") : "build/pki";
    char *path = realpath(pki, NULL);
    CHECK(path != NULL);
    snprintf(text, sizeof text, "file:%s/%s", path != NULL ? path : "", name);
    free(path);
    return copy_text(text);
}

static br_x509_input with(br_slice key, const char *password, const char *providers)
{
    br_x509_input in = {.certificate = file("p256", ".chain.pem"), .private_key = key};
    if (password != NULL)
        in.password = br_slice_of(password);
    if (providers != NULL)
        in.providers = br_slice_of(providers);
    return in;
}

static void check_signs(br_x509_input in, const char *what)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n;
    br_buf material;
    br_x509 *x = load_good(&in, what);
    if (x == NULL)
        return;
    br_buf_init_secret(&material, 4096);
    CHECK(br_x509_sign(x, BR_SLICE("text"), signature, &n));
    CHECK(br_x509_verify(x, BR_SLICE("text"), (br_slice){(const char *)signature, n}));
    CHECK_STR(br_x509_algorithm(x), "AWS4-X509-ECDSA-SHA256");
    CHECK(!br_x509_key_material(x, &material));
    CHECK_INT((long long)material.len, 0);
    br_buf_free(&material);
    br_x509_unref(x);
}

static void test_opened(void)
{
    check_signs(with(uri("p256.key.pkcs8.pem"), NULL, NULL), "a URI");
    check_signs(with(uri("p256.key.pkcs8.der"), NULL, NULL), "a URI of DER");
    check_signs(with(uri("p256.key.pkcs8.enc.pem"), PASSWORD, NULL), "a URI with a password");
    check_signs(with(uri("p256.key.pkcs8.pem"), NULL, "default"), "a URI, a provider");
    check_signs(with(file("p256", ".key.pkcs8.pem"), NULL, " default,base ,"), "PEM, providers");
    check_signs(with(file("p256", ".key.pkcs8.der"), NULL, "default"), "DER, a provider");
    check_signs(with(file("p256", ".key.pkcs8.enc.pem"), PASSWORD, "default"), "a password");
}

static void expect(br_x509_input in, const char *option, const char *text)
{
    expect_problem(&in, option, text);
}

static void test_refused(void)
{
    expect(with(copy_text("handle:0x81000001"), NULL, NULL), "private_key",
           "install tpm2-openssl and set openssl_providers = {\"tpm2\", \"default\"}");
    expect(with(copy_text("pkcs11:object=x?pin-value=12345"), NULL, NULL), "private_key",
           "install pkcs11-provider (in Debian from 13 on");
    expect(with(copy_text("pkcs11:object=x?pin-value=12345"), NULL, "default"), "private_key",
           "PKCS11_PROVIDER_MODULE");
    expect(with(copy_text("odd:x"), NULL, NULL), "private_key", "cannot open odd:…");
    expect(with(copy_text("file:/no/such"), NULL, NULL), "private_key", "No such file");
    expect(with(uri("p256.crt.pem"), NULL, NULL), "private_key", "no private key in file:…");
    expect(with(uri("p384.key.pkcs8.pem"), NULL, NULL), "private_key", "does not belong to");
    expect(with(uri("p256.key.pkcs8.enc.pem"), NULL, NULL), "private_key",
           "wants a password or PIN: set private_key_password");
    expect(with(file("p256", ".key.pkcs8.enc.pem"), "hunter2", "default"), "private_key_password",
           "is wrong");
    expect(with(file("p256", ".key.pkcs8.pem"), NULL, "default,nosuch"), "openssl_providers",
           "no provider \"nosuch\" in /");
    expect(with(copy_text(""), NULL, "default"), "private_key", "is empty");
}

static void test_several(void)
{
    br_slice one = file("p256", ".key.pkcs8.pem"), other = file("p384", ".key.pkcs8.pem");
    char text[8192];
    snprintf(text, sizeof text, "%.*s%.*s", (int)one.n, one.p, (int)other.n, other.p);
    expect(with(copy_text(text), NULL, "default"), "private_key", "names several private keys");
    snprintf(text, sizeof text, "%.*s%.*s", (int)one.n, one.p, (int)one.n, one.p);
    check_signs(with(copy_text(text), NULL, "default"), "the same key twice");
    drop(one);
    drop(other);
}

/* A PEM block of a TPM's key that is given as an ordinary one. */
static void test_tss_block(void)
{
    static const char text[] = "-----BEGIN TSS2 PRIVATE KEY-----\nMIHwBgZngQUKAQM=\n"
                               "-----END TSS2 PRIVATE KEY-----\n";
    expect(with(copy_text(text), NULL, NULL), "private_key",
           "set openssl_providers = {\"tpm2\", \"default\"}");
}

static void test_names(void)
{
    static const char *const uris[] = {"pkcs11:x", "handle:0x1", "file:/a", "file:a"};
    static const char *const others[] = {"C:/key.pem", "key.pem", "/a:b",  "./a:b", "a/b:c",
                                         "",           ":",       "File:", "1a:b"};
    br_slice rest = BR_SLICE(" a, bc,,d "), name;
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++)
        CHECK(br_x509_is_uri(br_slice_of(uris[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!br_x509_is_uri(br_slice_of(others[i])));
    CHECK(br_providers_next(&rest, &name) && br_slice_eqs(name, "a"));
    CHECK(br_providers_next(&rest, &name) && br_slice_eqs(name, "bc"));
    CHECK(br_providers_next(&rest, &name) && br_slice_eqs(name, "d"));
    CHECK(!br_providers_next(&rest, &name));
    rest = (br_slice){NULL, 0};
    CHECK(!br_providers_next(&rest, &name));
}

/* A device is the process's that opened it: a child that a fork made leaves it alone. */
static void test_fork(void)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n;
    br_buf why;
    br_x509_input in = with(uri("p256.key.pkcs8.pem"), NULL, "default");
    br_x509 *x = load_good(&in, "before a fork");
    pid_t child = fork();
    if (child == 0) {
        br_buf_init(&why, 1024);
        bool signs = br_x509_sign_or_tell(x, BR_SLICE("text"), signature, &n, &why);
        bool told = why.len > 0 && strstr(why.data, "connect again in this process") != NULL;
        br_x509_unref(x);
        _exit(!signs && told ? 0 : 1);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(br_x509_sign(x, BR_SLICE("text"), signature, &n));
    br_x509_unref(x);
}

int main(void)
{
    test_names();
    test_opened();
    test_refused();
    test_several();
    test_tss_block();
    test_fork();
    return check_done();
}
