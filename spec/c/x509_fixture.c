#include "x509_fixture.h"

#include "check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const kinds[KINDS] = {"rsa2048", "rsa4096", "p256", "p384", "p521"};

static const char *pki_dir(void)
{
    const char *dir = getenv("BEDROCK_TEST_PKI");
    return dir != NULL ? dir : "build/pki";
}

int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static char *path_of(const char *name, const char *suffix, char out[512])
{
    snprintf(out, 512, "%s/%s%s", pki_dir(), name, suffix);
    return out;
}

br_slice file(const char *name, const char *suffix)
{
    char path[512];
    size_t n = 0;
    if (name == NULL || suffix == NULL)
        return (br_slice){NULL, 0};
    char *data = slurp(path_of(name, suffix, path), &n);
    if (data == NULL) {
        printf("no test file %s: run spec/pki/make.sh %s\n", path, pki_dir());
        exit(1);
    }
    br_slice guarded = {guard_copy(data, n), n};
    free(data);
    return guarded;
}

void drop(br_slice s)
{
    char *p;
    memcpy(&p, &s.p, sizeof p);
    if (p != NULL)
        guard_free(p, s.n);
}

br_slice copy_text(const char *text)
{
    return (br_slice){guard_copy(text, strlen(text)), strlen(text)};
}

static void drop_input(br_x509_input *in)
{
    drop(in->certificate);
    drop(in->private_key);
    drop(in->certificate_chain);
    drop(in->pkcs12);
}

br_x509 *load_at(br_x509_input *in, int64_t at, br_problems *problems)
{
    br_problems_init(problems);
    ERR_put_error(ERR_LIB_USER, 0, 1, __FILE__, __LINE__);
    unsigned long before = ERR_peek_last_error();
    br_x509 *x = br_x509_load(in, at, problems);
    unsigned long after = ERR_peek_last_error();
    CHECK(after == before || (x == NULL && after == 0));
    ERR_clear_error();
    CHECK((x == NULL) == br_problems_any(problems));
    drop_input(in);
    return x;
}

br_x509 *load_good(br_x509_input *in, const char *what)
{
    br_problems problems;
    br_x509 *x = load_at(in, now_ms(), &problems);
    CHECK(x != NULL);
    for (size_t i = 0; i < problems.count; i++)
        printf("%s: %s %s\n", what, problems.items[i].path, problems.items[i].message);
    br_problems_free(&problems);
    return x;
}

X509 *reference(const char *name, const char *suffix)
{
    char path[512];
    FILE *f = fopen(path_of(name, suffix, path), "r");
    X509 *x = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    if (f != NULL)
        fclose(f);
    CHECK(x != NULL);
    return x;
}

br_slice guarded_der(unsigned char *der, int n)
{
    br_slice copy = {guard_copy(der, (size_t)n), (size_t)n};
    OPENSSL_free(der);
    return copy;
}

void expect_problem_at(br_x509_input *in, int64_t at, const char *option, const char *text)
{
    br_problems problems;
    br_x509 *x = load_at(in, at, &problems);
    CHECK(x == NULL);
    CHECK_INT((long long)problems.count, 1);
    if (problems.count == 0)
        printf("taken, want \"%s\"\n", text);
    if (problems.count > 0) {
        CHECK_STR(problems.items[0].kind, "certificate");
        CHECK_STR(problems.items[0].path, option);
        bool found = strstr(problems.items[0].message, text) != NULL;
        CHECK(found);
        CHECK(strstr(problems.items[0].message, PASSWORD) == NULL);
        if (!found)
            printf("got \"%s\", want \"%s\"\n", problems.items[0].message, text);
    }
    for (size_t i = 1; i < problems.count; i++)
        printf("too much: %s %s\n", problems.items[i].path, problems.items[i].message);
    br_problems_free(&problems);
    br_x509_unref(x);
}

void expect_problem(br_x509_input *in, const char *option, const char *text)
{
    expect_problem_at(in, now_ms(), option, text);
}
