#include "core/aws/service_error.h"

#include "core/text/json.h"

#include "check.h"
#include "core/text/utf8.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

static br_error read_error(int status, const char *type, br_slice body)
{
    br_headers headers;
    br_error e;
    char *copy = guard_copy(body.p, body.n);
    br_headers_init(&headers);
    if (type != NULL)
        br_headers_add(&headers, BR_SLICE("x-amzn-ErrorType"), br_slice_of(type));
    br_error_clear(&e);
    br_service_error(status, &headers, (br_slice){copy, body.n}, &e);
    CHECK(e.kind == BR_ERR_SERVICE && e.code[0] != '\0' && e.message[0] != '\0');
    CHECK(br_utf8_valid(br_slice_of(e.message)));
    br_headers_free(&headers);
    guard_free(copy, body.n);
    return e;
}

static void test_forms(void)
{
    static const struct {
        const char *type, *body, *code, *message;
    } cases[] = {
        {"ThrottlingException", "{\"message\":\"slow\"}", "ThrottlingException", "slow"},
        {"ValidationException:http://internal.amazon.com/coral/com.amazon.coral.validate/",
         "{\"message\":\"m\"}", "ValidationException", "m"},
        {"aws.coral#Denied:x", "{\"Message\":\"m\"}", "Denied", "m"},
        {"One,Two", "{\"errorMessage\":\"m\"}", "One", "m"},
        {"", "{\"__type\":\"com.amazon#AccessDeniedException\",\"Message\":\"no\"}",
         "AccessDeniedException", "no"},
        {NULL, "{\"__type\":\"A#B:http://x#y\",\"message\":\"m\"}", "B", "m"},
        {NULL, "{\"code\":\"C\",\"__type\":\"T\",\"message\":\"m\"}", "C", "m"},
        {NULL, "{\"__type\":\"T\",\"code\":\"C\",\"message\":\"m\"}", "C", "m"},
        {NULL, "{\"code\":7,\"__type\":\"T\",\"message\":\"m\"}", "T", "m"},
        {NULL, "{\"Code\":\"U\",\"Message\":\"big\",\"message\":\"small\"}", "U", "small"},
        {NULL, "{\"__type\":\"T\",\"message\":{\"a\":[1]},\"Message\":\"M\"}", "T", "M"},
        {NULL, "{\"__type\":\"T\",\"message\":null}", "T",
         "the service answered HTTP 400 without a reason"},
        {"H", "{\"__type\":\"T\"}", "H", "the service answered HTTP 400 without a reason"},
        {"H", "", "H", "the service answered HTTP 400 without a reason"},
        {NULL, "", "HTTP400", "the service answered HTTP 400 without a reason"},
        {NULL, " \n\t", "HTTP400", "the service answered HTTP 400 without a reason"},
        {NULL, "{\"error\":\"x\"}", "HTTP400", "{\"error\":\"x\"}"},
        {NULL, "{\"message\":\"cut", "HTTP400", "{\"message\":\"cut"},
        {NULL, "{\"message\":\"m\"} trailing", "HTTP400", "{\"message\":\"m\"} trailing"},
        {NULL, "[\"message\"]", "HTTP400", "[\"message\"]"},
        {NULL, "{\"message\":\"a \\\"quoted\\\" \\u20ac\"}", "HTTP400",
         "a \"quoted\" \xE2\x82\xAC"},
        {"<bad name>", "{\"__type\":\"T\",\"message\":\"m\"}", "T", "m"},
        {NULL, "{\"__type\":\"bad name\",\"message\":\"m\"}", "HTTP400", "m"},
        {NULL,
         "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
         "<Message>The &lt;token&gt; &amp; &quot;key&quot; &apos;x&#39; "
         "&#x41;&#65;</Message></Error>"
         "<RequestId>r</RequestId></ErrorResponse>",
         "InvalidClientTokenId", "The <token> & \"key\" 'x' AA"},
        {NULL, "<?xml version=\"1.0\"?>\n<E><message>low</message><Code>a.B</Code></E>", "a.B",
         "low"},
        {NULL, "<Error><Code>C</Code></Error>", "C",
         "the service answered HTTP 400 without a reason"},
        {NULL,
         "<Error><Code>C</Code><Message>&#0;&#10;&#x110000;&unknown; &#x; &#12;</Message></Error>",
         "C", "&#0;\n&#x110000;&unknown; &#x;"},
        {NULL,
         "<e:Error><e:Code>C</e:Code><e:Message>caf&#233; <![CDATA[<a>]]></e:Message></e:Error>",
         "C", "caf\xC3\xA9 <a>"},
        {NULL, "<Code>never closed", "HTTP400", "never closed"},
        {NULL,
         "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
         "<center><h1>502 Bad Gateway</h1></center>\r\n<hr>nginx\x07\r\n</body></html>",
         "HTTP400", "502 Bad Gateway 502 Bad Gateway nginx"},
        {NULL, "a < b and c > d", "HTTP400", "a < b and c > d"},
        {NULL, "text\xFF with\xC3\xA9 bytes", "HTTP400", "text? with\xC3\xA9 bytes"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        br_error e = read_error(400, cases[i].type, br_slice_of(cases[i].body));
        CHECK_STR(e.code, cases[i].code);
        CHECK_STR(e.message, cases[i].message);
    }
    CHECK_STR(read_error(418, NULL, (br_slice){NULL, 0}).code, "HTTP418");
}

/* Long bodies are cut at whole characters; control characters do not come through. */
static void test_long(void)
{
    br_buf b;
    br_buf_init(&b, 100000);
    for (size_t lead = 0; lead < 3; lead++) {
        br_buf_clear(&b);
        br_buf_adds(&b, &"xx"[2 - lead]);
        for (int i = 0; i < 3000; i++)
            br_buf_adds(&b, "\xE2\x82\xAC");
        br_error e = read_error(500, NULL, br_buf_slice(&b));
        size_t n = strlen(e.message);
        CHECK(n <= BR_ERROR_BODY_SHOWN && n >= BR_ERROR_BODY_SHOWN - 4);
        br_buf json;
        br_buf_init(&json, 100000);
        br_buf_addf(&json, "{\"message\":\"%s\"}", b.data);
        e = read_error(500, NULL, br_buf_slice(&json));
        n = strlen(e.message);
        CHECK(n < BR_ERROR_MESSAGE_MAX && n + 3 >= BR_ERROR_MESSAGE_MAX && (n - lead) % 3 == 0);
        br_buf_clear(&json);
        br_buf_addf(&json, "<Message>%s</Message>", b.data);
        e = read_error(500, NULL, br_buf_slice(&json));
        n = strlen(e.message);
        CHECK(n < BR_ERROR_MESSAGE_MAX && n + 3 >= BR_ERROR_MESSAGE_MAX && (n - lead) % 3 == 0);
        br_buf_free(&json);
    }
    br_buf_free(&b);
    br_slice controls = BR_SLICE("{\"message\":\"a\\u0000b\\u001b[1m\x7F\\r\\n\\tc\"}");
    CHECK_STR(read_error(500, NULL, controls).message, "a b [1m  \n\tc");
    char name[400];
    memset(name, 'N', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    CHECK_STR(read_error(500, name, BR_SLICE("{}")).code, "HTTP500");
}

static void test_request_id(void)
{
    br_headers h;
    br_headers_init(&h);
    CHECK(br_request_id(&h).p == NULL);
    br_headers_add(&h, BR_SLICE("x-amz-request-id"), BR_SLICE("three"));
    CHECK_SLICE(br_request_id(&h), "three");
    br_headers_add(&h, BR_SLICE("x-amzn-request-id"), BR_SLICE("two"));
    CHECK_SLICE(br_request_id(&h), "two");
    br_headers_add(&h, BR_SLICE("X-Amzn-RequestId"), BR_SLICE("one"));
    CHECK_SLICE(br_request_id(&h), "one");
    br_headers_free(&h);
}

int main(void)
{
    test_forms();
    test_long();
    test_request_id();
    return check_done();
}
