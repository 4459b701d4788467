/* The syntax of AWS's shared files: what is read, and what is a fault, with its line. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ways/ini.h"

/* Sections and settings as "[a]k=v;k=v[b]…", line breaks as |. The text lies against an unmapped page. */
static void reads(const char *text, const char *want)
{
    br_ini ini;
    br_ini_fault fault;
    char got[1024] = "";
    size_t n = strlen(text), setting = 0;
    char *copy = guard_copy(text, n);
    bool ok = br_ini_read(&ini, (br_slice){copy, n}, &fault);
    guard_free(copy, n);
    CHECK(ok);
    for (size_t i = 0; ok && i < ini.section_count; i++) {
        size_t at = strlen(got);
        at += (size_t)snprintf(got + at, sizeof got - at, "[%.*s]", (int)ini.sections[i].n,
                               ini.sections[i].p);
        for (; setting < ini.setting_count && ini.settings[setting].section == i; setting++) {
            const br_ini_setting *s = &ini.settings[setting];
            at += (size_t)snprintf(got + at, sizeof got - at, "%.*s=%.*s;", (int)s->key.n, s->key.p,
                                   (int)s->value.n, s->value.p);
        }
    }
    for (char *p = got; *p != '\0'; p++)
        *p = *p == '\n' ? '|' : *p;
    CHECK_STR(got, want);
    if (ok)
        br_ini_free(&ini);
}

static void fails(const char *text, size_t line, const char *what)
{
    br_ini ini;
    br_ini_fault fault = {"", 0};
    CHECK(!br_ini_read(&ini, br_slice_of(text), &fault));
    CHECK_INT(fault.line, line);
    CHECK(strstr(fault.what, what) != NULL);
}

static void test_lines(void)
{
    reads("", "");
    reads("\n \n\t\n", "");
    reads("[a]\nk = v\n", "[a]k=v;");
    reads("[a]\nk=v", "[a]k=v;");
    reads("[a]\r\nk = v\r\nl = w\r\n", "[a]k=v;l=w;");
    reads("[a]\rk = v\rl = w", "[a]k=v;l=w;");
    reads("\xEF\xBB\xBF[a]\nk = v", "[a]k=v;");
    reads("[ a  b ]\n", "[a  b]");
    reads("[a] # usual\n[b]]\n", "[a][b]]");
    reads("  [a]\n  k = v\n  l = w\n", "[a]k=v;l=w;");
    reads("[a]\nKey.Name : v : w = x\n", "[a]key.name=v : w = x;");
    reads("[a]\nk =\nl = \n", "[a]k=;l=;");
    reads("[a]\nk = v ; no comment # nor this\n", "[a]k=v ; no comment # nor this;");
    reads("# one\n;two\n[a]\n   # three\nk = v\n", "[a]k=v;");
    reads("[a]\nk = 1\n[b]\n[a]\nk = 2\n", "[a]k=1;[b][a]k=2;");
}

static void test_continuation(void)
{
    reads("[a]\nk = one\n  two\n\tthree\nl = 4\n", "[a]k=one|two|three;l=4;");
    reads("[a]\nk = one\n\n\n  two\n\n\nl = 4\n\n", "[a]k=one|||two;l=4;");
    reads("[a]\nk = one\n  # not\n  two\n", "[a]k=one|two;");
    reads("[a]\nk = one\n  [b]\n", "[a]k=one|[b];");
    reads("[a]\n  k = 1\n   l = 2\n  m = 3\n", "[a]k=1|l = 2;m=3;");
    reads("[a]\n  # c\n k = 1\nl = 2\n", "[a]k=1;l=2;");
    reads("[a]\ns3 =\n  x = y\n  z = 1\nk = v\n", "[a]s3=|x = y|z = 1;k=v;");
}

static void test_faults(void)
{
    fails("k = v\n[a]\n", 1, "before the first");
    fails("[a]\n\nlonely\n", 3, "key = value");
    fails("[a]\n= v\n", 2, "key = value");
    fails("[]\n", 1, "before the first");
    fails("[a]\n[b\n", 2, "key = value");
    fails("[a]\ns3 =\n  nonsense\nk = v\n", 4, "nested");
    fails("[a]\ns3 =\n  nonsense\n", 3, "nested");
    br_ini ini;
    br_ini_fault fault;
    CHECK(!br_ini_read(&ini, BR_SLICE("[a]\nk = \0\n"), &fault));
    CHECK(strstr(fault.what, "NUL") != NULL && fault.line == 0);
}

static void test_limits(void)
{
    br_ini ini;
    br_ini_fault fault;
    char *text = malloc(BR_INI_TEXT_MAX + 1);
    memset(text, '\n', BR_INI_TEXT_MAX + 1);
    CHECK(br_ini_read(&ini, (br_slice){text, BR_INI_TEXT_MAX}, &fault));
    br_ini_free(&ini);
    br_ini_free(&ini);
    CHECK(!br_ini_read(&ini, (br_slice){text, BR_INI_TEXT_MAX + 1}, &fault));
    CHECK(strstr(fault.what, "mebibyte") != NULL);
    for (size_t i = 0; i + 4 <= BR_INI_TEXT_MAX; i += 4)
        memcpy(text + i, "[a]\n", 4);
    CHECK(!br_ini_read(&ini, (br_slice){text, BR_INI_TEXT_MAX}, &fault));
    CHECK_INT(fault.line, BR_INI_SECTIONS_MAX + 1);
    for (size_t i = 4; i + 4 <= BR_INI_TEXT_MAX; i += 4)
        memcpy(text + i, "a=b\n", 4);
    CHECK(!br_ini_read(&ini, (br_slice){text, BR_INI_TEXT_MAX}, &fault));
    CHECK_INT(fault.line, BR_INI_SETTINGS_MAX + 2);
    free(text);
}

static void test_nested(void)
{
    br_slice value = BR_SLICE("\na = 1\n\nb=2 = 3\na = 4");
    CHECK_SLICE(br_ini_nested(value, BR_SLICE("a")), "4");
    CHECK_SLICE(br_ini_nested(value, BR_SLICE("b")), "2 = 3");
    CHECK(br_ini_nested(value, BR_SLICE("A")).p == NULL);
    CHECK(br_ini_nested(BR_SLICE("a = 1"), BR_SLICE("a")).p == NULL);
    CHECK(br_ini_nested((br_slice){NULL, 0}, BR_SLICE("a")).p == NULL);
}

int main(void)
{
    test_lines();
    test_continuation();
    test_faults();
    test_limits();
    test_nested();
    return check_done();
}
