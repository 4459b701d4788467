/* One HTTP exchange at a time against the local endpoint, and all the ways it can go wrong. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "endpoint.h"
#include "engine/transfer/transfer_private.h"

/* The machine's clocks, moved. */
static int64_t clock_ahead_ms;

static void add_many(br_buf *b, char c, size_t n)
{
    char *to = br_buf_reserve(b, n);
    if (to == NULL)
        abort();
    memset(to, c, n);
    br_buf_commit(b, n);
}

static int64_t moved_clock(void *user)
{
    (void)user;
    return br_platform_system.mono_ms(NULL) + clock_ahead_ms;
}

static br_engine *engine;

typedef struct run {
    br_transfer *transfer;
    int heads, status;
    br_headers headers;
    br_buf body;
    int pieces;
    int pause_at;   /* the piece after which it pauses; 0: never */
    char cancel_in; /* 'h'ead, 'd'ata, 'e'nd: cancels itself there */
    bool trusted;
    bool done;
    br_transfer_end end;
    bool sent;
    br_error error;
} run;

static void on_head(void *user, int status, br_headers *headers)
{
    run *r = user;
    r->heads++;
    r->status = status;
    r->trusted = br_transfer_date_trusted(r->transfer);
    br_headers_clear(&r->headers);
    for (size_t i = 0; i < headers->count; i++)
        br_headers_add(&r->headers, br_headers_name(headers, i), br_headers_value(headers, i));
    if (r->cancel_in == 'h')
        br_transfer_cancel(r->transfer);
}

static bool on_data(void *user, br_slice bytes)
{
    run *r = user;
    br_buf_add_slice(&r->body, bytes);
    r->pieces++;
    if (r->cancel_in == 'd')
        br_transfer_cancel(r->transfer);
    return r->pieces != r->pause_at;
}

static void on_done(void *user, const br_transfer_result *result)
{
    run *r = user;
    if (r->cancel_in == 'e')
        br_transfer_cancel(r->transfer);
    r->done = true;
    r->end = result->end;
    r->sent = result->sent;
    if (result->error != NULL)
        r->error = *result->error;
    br_engine_notify(engine);
}

static const br_transfer_ops ops = {on_head, on_data, on_done};

static void run_init(run *r)
{
    memset(r, 0, sizeof *r);
    br_headers_init(&r->headers);
    br_buf_init(&r->body, (size_t)64 * 1024 * 1024);
}

static void run_free(run *r)
{
    br_headers_free(&r->headers);
    br_buf_free(&r->body);
}

static br_headers no_headers;
static br_url where;

static br_transfer_request request_to(const char *listener, const char *target)
{
    where = endpoint_url(listener);
    return (br_transfer_request){
        .method = "GET",
        .endpoint = &where,
        .target = br_slice_of(target),
        .headers = &no_headers,
        .timeouts = {-1, -1, -1, -1},
        .net.ca_file = endpoint_text("ca_file"),
    };
}

static void begin(run *r, const br_transfer_request *request)
{
    br_error error;
    r->transfer = br_transfer_start(engine, request, &ops, r, &error);
    CHECK(r->transfer != NULL);
}

static void finish(run *r)
{
    while (!r->done && br_engine_step(engine, 20000) > 0)
        continue;
    CHECK(r->done);
}

/* Runs one to its end; the caller frees r. */
static void perform(run *r, const br_transfer_request *request)
{
    run_init(r);
    begin(r, request);
    finish(r);
}

/* Every request to /t/… is answered with this action, before any signature is looked at. */
static void answer_with(const char *action)
{
    char script[8192];
    snprintf(script, sizeof script,
             "[{\"match\":{\"path\":\"^/t\"},\"times\":-1,\"after_verify\":false,\"action\":%s}]",
             action);
    endpoint_reset();
    endpoint_script(script);
}

static void test_an_answer(void)
{
    run r;
    answer_with("{\"status\":203,\"body\":\"hello\",\"headers\":{\"X-One\":\"two  words\"}}");
    br_transfer_request request = request_to("https", "/t/a%2Fb/../c//d?x=%20&y");
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK(r.sent && r.trusted);
    CHECK_INT(r.heads, 1);
    CHECK_INT(r.status, 203);
    CHECK_SLICE(br_headers_get(&r.headers, "x-one"), "two  words");
    CHECK_SLICE(br_buf_slice(&r.body), "hello");
    const char *seen = endpoint_requests();
    CHECK(strstr(seen, "\\/t\\/a%2Fb\\/..\\/c\\/\\/d?x=%20&y") != NULL);
    CHECK(strstr(seen, "[\"user-agent\",\"lua-bedrock\\/") != NULL);
    CHECK(strstr(seen, "\"accept\"") == NULL);
    CHECK(strstr(seen, "[\"accept-encoding\",\"identity\"]") != NULL);
    CHECK(strstr(seen, "\"content-length\"") == NULL);
    run_free(&r);
}

static bool saw_header(const char *name, const char *value)
{
    char want[256];
    snprintf(want, sizeof want, "[\"%s\",\"%s\"]", name, value);
    return strstr(endpoint_requests(), want) != NULL;
}

static void test_methods_and_bodies(void)
{
    static const struct {
        const char *method;
        bool has_body;
        const char *body;
        const char *length; /* Content-Length; NULL: none */
    } cases[] = {{"GET", false, "", NULL},     {"DELETE", false, "", NULL},
                 {"HEAD", false, "", NULL},    {"POST", false, "", "0"},
                 {"POST", true, "", "0"},      {"POST", true, "{}", "2"},
                 {"PUT", true, "abc", "3"},    {"PATCH", true, "abcd", "4"},
                 {"DELETE", true, "xyz", "3"}, {"GET", true, "q", "1"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run r;
        answer_with("{\"status\":200,\"body\":\"ok\"}");
        br_transfer_request request = request_to("https", "/t");
        request.method = cases[i].method;
        request.has_body = cases[i].has_body;
        request.body = br_slice_of(cases[i].body);
        perform(&r, &request);
        CHECK_INT(r.end, BR_DONE_OK);
        CHECK_SLICE(br_buf_slice(&r.body), strcmp(cases[i].method, "HEAD") == 0 ? "" : "ok");
        char method[32];
        snprintf(method, sizeof method, "\"method\":\"%s\"", cases[i].method);
        CHECK(strstr(endpoint_requests(), method) != NULL);
        if (cases[i].length != NULL)
            CHECK(saw_header("content-length", cases[i].length));
        else
            CHECK(strstr(endpoint_requests(), "content-length") == NULL);
        CHECK(strstr(endpoint_requests(), "urlencoded") == NULL);
        run_free(&r);
    }
}

static void test_given_headers_go_out(void)
{
    run r;
    br_headers headers;
    br_headers_init(&headers);
    br_headers_add(&headers, BR_SLICE("Content-Type"), BR_SLICE("application/json"));
    br_headers_add(&headers, BR_SLICE("accept"), BR_SLICE("text/plain"));
    br_headers_add(&headers, BR_SLICE("x-empty"), BR_SLICE(""));
    br_headers_add(&headers, BR_SLICE("x-twice"), BR_SLICE("1"));
    br_headers_add(&headers, BR_SLICE("x-twice"), BR_SLICE("2"));
    br_headers_add(&headers, BR_SLICE("content-length"), BR_SLICE("7"));
    br_headers_add(&headers, BR_SLICE("transfer-encoding"), BR_SLICE("chunked"));
    br_headers_add(&headers, BR_SLICE("host"), BR_SLICE("other.example"));
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    br_transfer_request request = request_to("https", "/t");
    request.method = "POST";
    request.has_body = true;
    request.body = BR_SLICE("{}");
    request.headers = &headers;
    perform(&r, &request);
    CHECK(saw_header("content-type", "application\\/json"));
    CHECK(saw_header("accept", "text\\/plain"));
    CHECK(saw_header("x-empty", ""));
    CHECK(saw_header("content-length", "2"));
    CHECK(strstr(endpoint_requests(), "transfer-encoding") == NULL);
    CHECK(saw_header("x-twice", "1") && saw_header("x-twice", "2"));
    CHECK(saw_header("host", "other.example"));
    br_headers_free(&headers);
    run_free(&r);
}

static void test_connections_are_reused(void)
{
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    br_error error;
    br_engine_free(engine);
    engine = br_engine_new(&br_platform_system, &error);
    for (int i = 0; i < 5; i++) {
        run r;
        br_transfer_request request = request_to("https", "/t");
        request.fresh_connection = i == 3;
        perform(&r, &request);
        CHECK_INT(r.end, BR_DONE_OK);
        run_free(&r);
    }
    CHECK_INT(endpoint_counter("requests"), 5);
    CHECK_INT(endpoint_counter("connections"), 2);
    CHECK_INT(endpoint_counter("handshakes"), 1);
    CHECK_INT((long long)engine->pooled, 1);
}

static void fails_before_sending(const br_transfer_request *request, const char *code,
                                 const char *in_message)
{
    run r;
    perform(&r, request);
    CHECK_INT(r.end, BR_DONE_UNSENT);
    CHECK(!r.sent && r.heads == 0);
    CHECK_INT(r.error.kind, BR_ERR_TRANSPORT);
    CHECK_STR(r.error.code, code);
    CHECK(strstr(r.error.message, in_message) != NULL);
    run_free(&r);
}

/* The engine is there already; descriptors that are open stay so. */
static void test_no_descriptors(void)
{
    struct rlimit usual, none;
    endpoint_reset();
    CHECK(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    none = (struct rlimit){0, usual.rlim_max};
    br_transfer_request request = request_to("http", "/t");
    request.fresh_connection = true;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    fails_before_sending(&request, "ConnectFailed", "too many open files: raise the limit");
    snprintf(where.host, sizeof where.host, "name.invalid");
    where.loopback = false;
    fails_before_sending(&request, "DnsFailed", "too many open files: raise the limit");
    CHECK(setrlimit(RLIMIT_NOFILE, &usual) == 0);
}

static void test_no_connection(void)
{
    endpoint_reset();
    br_transfer_request request = request_to("refused", "/t");
    fails_before_sending(&request, "ConnectFailed", "127.0.0.1:");
    request = request_to("https_untrusted", "/t");
    fails_before_sending(&request, "TlsFailed", "ca_file");
    request = request_to("https_expired", "/t");
    fails_before_sending(&request, "TlsFailed", "expired");
    request = request_to("https_wronghost", "/t");
    fails_before_sending(&request, "TlsFailed", "127.0.0.1");
    request = request_to("https", "/t");
    request.net.ca_file = NULL;
    fails_before_sending(&request, "TlsFailed", "ca_file");
    request.net.ca_file = "/nonexistent/ca.pem";
    char why[80];
    snprintf(why, sizeof why, "the user %lu cannot read it: No such file",
             (unsigned long)geteuid());
    fails_before_sending(&request, "TlsFailed", why);
    request = request_to("http", "/t");
    where.https = true;
    fails_before_sending(&request, "TlsFailed", "TLS 1.2");
    endpoint_config("{\"tls_refuse\":true}");
    request = request_to("https", "/t");
    request.fresh_connection = true;
    br_error error;
    br_engine_free(engine);
    engine = br_engine_new(&br_platform_system, &error);
    fails_before_sending(&request, "TlsFailed", "127.0.0.1");
    endpoint_reset();
}

static void test_proxies(void)
{
    run r;
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    setenv("https_proxy", endpoint_text("refused"), 1);
    br_transfer_request request = request_to("https", "/t");
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    run_free(&r);
    memcpy(where.host, "bedrock.example", sizeof("bedrock.example"));
    where.loopback = false;
    fails_before_sending(&request, "ConnectFailed", "bedrock.example:");
    unsetenv("https_proxy");
    request = request_to("https", "/t");
    request.fresh_connection = true;
    request.net.proxy = endpoint_text("http");
    setenv("no_proxy", "127.0.0.1", 1);
    fails_before_sending(&request, "ProxyFailed", "proxy");
    unsetenv("no_proxy");
    request.net.proxy = NULL;
    request.net.no_proxy_at_all = true;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    run_free(&r);
}

/* A proxy stands between: its Date is not the peer's, even with plain http to loopback. */
static void test_whose_date_is_believed(void)
{
    run r;
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    br_transfer_request request = request_to("http", "/t");
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK(r.trusted);
    run_free(&r);
    request.net.proxy = endpoint_text("http");
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK(!r.trusted);
    run_free(&r);
}

static void test_localhost_is_pinned(void)
{
    run r;
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    br_transfer_request request = request_to("https", "/t");
    memcpy(where.host, "localhost", sizeof("localhost"));
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    run_free(&r);
}

static void expect_end(const char *action, br_transfer_end end, const char *code, bool fresh)
{
    run r;
    answer_with(action);
    br_transfer_request request = request_to("https", "/t");
    request.fresh_connection = fresh;
    perform(&r, &request);
    CHECK_INT(r.end, end);
    CHECK_STR(r.error.code, code);
    CHECK(r.error.message[0] != '\0');
    CHECK(r.sent);
    run_free(&r);
}

static void test_lost_connections(void)
{
    expect_end("{\"close\":true}", BR_DONE_LOST, "ConnectionLost", true);
    CHECK_INT(endpoint_counter("requests"), 1);
    expect_end("{\"status\":200,\"body\":\"0123456789\",\"truncate\":5}", BR_DONE_TRUNCATED,
               "Truncated", true);
    expect_end("{\"status\":200,\"body\":\"0123456789\",\"truncate\":0}", BR_DONE_TRUNCATED,
               "Truncated", true);
    expect_end("{\"status\":200,\"body\":\"0123456789\",\"chunked\":true,\"truncate\":5}",
               BR_DONE_TRUNCATED, "Truncated", true);
    expect_end("{\"status\":200,\"body\":\"0123456789\",\"chunked\":true,\"abort\":true}",
               BR_DONE_TRUNCATED, "Truncated", true);
}

/* libcurl would send it again of its own accord: up to five times, on whatever connection. */
static void test_a_dead_reused_connection(void)
{
    run r;
    br_transfer_request request = request_to("https", "/t");
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    for (int i = 0; i < 3; i++) {
        request.fresh_connection = true;
        perform(&r, &request);
        CHECK_INT(r.end, BR_DONE_OK);
        run_free(&r);
    }
    answer_with("{\"close\":true}");
    request.fresh_connection = false;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_STALE);
    CHECK_STR(r.error.code, "ConnectionLost");
    CHECK_INT(endpoint_counter("requests"), 1);
    run_free(&r);
}

static void expect_timeout(const char *action, const char *code, bool sent, br_timeouts timeouts)
{
    run r;
    answer_with(action);
    br_transfer_request request = request_to("https", "/t");
    request.timeouts = timeouts;
    request.fresh_connection = true;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_TIMED_OUT);
    CHECK_INT(r.error.kind, BR_ERR_TIMEOUT);
    CHECK_STR(r.error.code, code);
    CHECK(r.sent == sent);
    run_free(&r);
}

static void test_timeouts(void)
{
    expect_timeout("{\"hang\":true}", "ReadTimeout", true, (br_timeouts){-1, 60, -1, -1});
    expect_timeout("{\"hang\":true}", "FirstByteTimeout", true, (br_timeouts){-1, 60000, 60, -1});
    expect_timeout("{\"status\":200,\"body\":\"0123456789\",\"body_delay_ms\":60000}",
                   "ReadTimeout", true, (br_timeouts){-1, 60, 60000, -1});
    endpoint_config("{\"tls_delay_ms\":3000}");
    br_error error;
    br_engine_free(engine);
    engine = br_engine_new(&br_platform_system, &error);
    run r;
    br_transfer_request request = request_to("https", "/t");
    request.timeouts.connect_ms = 60;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_TIMED_OUT);
    CHECK_STR(r.error.code, "ConnectTimeout");
    CHECK(!r.sent);
    run_free(&r);
    endpoint_reset();
}

/* Each byte restarts the measurement, so that a slow answer is no silent one. */
static void test_slow_is_not_silent(void)
{
    run r;
    answer_with("{\"status\":200,\"body\":\"0123456789\",\"drip\":{\"bytes\":1,\"ms\":150}}");
    br_transfer_request request = request_to("https", "/t");
    request.timeouts.read_ms = 1000;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK_SLICE(br_buf_slice(&r.body), "0123456789");
    run_free(&r);
}

static void use_moved_clock(bool with_fd)
{
    static const br_platform moved = {moved_clock, moved_clock, NULL, NULL, NULL};
    br_error error;
    br_engine_free(engine);
    engine = br_engine_new(&moved, &error);
    if (with_fd)
        CHECK(br_engine_fd(engine) >= 0);
}

static void step_until(const run *r, bool (*reached)(const run *r))
{
    for (int i = 0; i < 2000 && !reached(r); i++)
        br_engine_step(engine, 10);
    CHECK(reached(r));
}

static bool arrived(const run *r)
{
    (void)r;
    return endpoint_counter("requests") > 0;
}

static bool some_body(const run *r)
{
    return r->body.len > 0;
}

static bool is_done(const run *r)
{
    return r->done;
}

static void test_time_away_is_no_silence(void)
{
    run r;
    run_init(&r);
    answer_with("{\"hang\":true}");
    use_moved_clock(false);
    br_transfer_request request = request_to("https", "/t");
    request.timeouts.read_ms = 60000;
    begin(&r, &request);
    step_until(&r, arrived);
    clock_ahead_ms += 600000;
    br_engine_step(engine, 10);
    CHECK(!r.done);
    br_transfer_cancel(r.transfer);
    use_moved_clock(true);
    answer_with("{\"hang\":true}");
    begin(&r, &request);
    step_until(&r, arrived);
    clock_ahead_ms += 600000;
    br_engine_step(engine, 10);
    CHECK(r.done);
    CHECK_STR(r.error.code, "ReadTimeout");
    run_free(&r);
}

static void test_pause(void)
{
    run r;
    run_init(&r);
    r.pause_at = 1;
    char action[256];
    snprintf(action, sizeof action,
             "{\"status\":200,\"body\":\"0123456789\",\"drip\":{\"bytes\":1,\"ms\":2}}");
    answer_with(action);
    use_moved_clock(true);
    br_transfer_request request = request_to("https", "/t");
    request.timeouts.read_ms = 60000;
    begin(&r, &request);
    step_until(&r, some_body);
    for (int i = 0; i < 20; i++)
        br_engine_step(engine, 10);
    clock_ahead_ms += 600000;
    br_engine_step(engine, 10);
    CHECK_INT(r.pieces, 1);
    CHECK(!r.done);
    br_transfer_resume(r.transfer);
    CHECK_INT(r.pieces, 1);
    step_until(&r, is_done);
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK_SLICE(br_buf_slice(&r.body), "0123456789");
    run_free(&r);
}

static void test_a_large_answer_with_many_pauses(void)
{
    run r;
    run_init(&r);
    br_buf script;
    br_buf_init(&script, 900000);
    br_buf_adds(&script, "[{\"match\":{\"path\":\"^/t\"},\"after_verify\":false,\"action\":"
                         "{\"status\":200,\"body\":\"");
    add_many(&script, 'x', 800000);
    br_buf_adds(&script, "\"}}]");
    endpoint_reset();
    endpoint_script(script.data);
    br_buf_free(&script);
    br_transfer_request request = request_to("https", "/t");
    r.pause_at = 1;
    begin(&r, &request);
    for (int i = 0; i < 20000 && !r.done; i++) {
        br_engine_step(engine, 10);
        if (r.pieces == r.pause_at && !r.done) {
            r.pause_at++;
            br_transfer_resume(r.transfer);
        }
    }
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK_INT((long long)r.body.len, 800000);
    CHECK(r.pieces > 10);
    run_free(&r);
}

static void test_a_large_body(void)
{
    run r;
    size_t n = (size_t)3 * 1024 * 1024;
    char *body = malloc(n);
    memset(body, 'b', n);
    answer_with("{\"status\":200,\"body\":\"ok\"}");
    br_transfer_request request = request_to("https", "/t");
    request.method = "POST";
    request.has_body = true;
    request.body = (br_slice){body, n};
    request.timeouts.read_ms = 20000;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_OK);
    CHECK(r.sent);
    CHECK(strstr(endpoint_requests(), "\"body_length\":3145728") != NULL);
    CHECK(strstr(endpoint_requests(), "\"expect\"") == NULL);
    free(body);
    run_free(&r);
}

static void test_hostile_heads(void)
{
    br_buf script;
    br_buf_init(&script, 300000);
    br_buf_adds(&script, "[{\"match\":{\"path\":\"^/t\"},\"times\":-1,\"after_verify\":false,"
                         "\"action\":{\"status\":200,\"headers\":{");
    for (int i = 0; i < 300; i++)
        br_buf_addf(&script, "%s\"X-%d\":\"v\"", i > 0 ? "," : "", i);
    br_buf_adds(&script, "}}}]");
    endpoint_reset();
    endpoint_script(script.data);
    br_transfer_request request = request_to("https", "/t");
    run r;
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_BAD);
    CHECK_STR(r.error.code, "BadResponse");
    CHECK(strstr(r.error.message, "too many or too long") != NULL);
    CHECK_INT(r.heads, 0);
    run_free(&r);
    br_buf_clear(&script);
    br_buf_adds(&script, "[{\"match\":{\"path\":\"^/t\"},\"times\":-1,\"after_verify\":false,"
                         "\"action\":{\"status\":200,\"headers\":{");
    for (int i = 0; i < 4; i++) {
        br_buf_addf(&script, "%s\"X-%d\":\"", i > 0 ? "," : "", i);
        add_many(&script, 'v', 40000);
        br_buf_addc(&script, '"');
    }
    br_buf_adds(&script, "}}}]");
    endpoint_reset();
    endpoint_script(script.data);
    perform(&r, &request);
    CHECK_INT(r.end, BR_DONE_BAD);
    CHECK_STR(r.error.code, "BadResponse");
    run_free(&r);
    br_buf_free(&script);
}

/* Lines that the endpoint cannot be made to send; NULL ends a head. */
static void test_head_lines(void)
{
    static const struct {
        const char *lines[6];
        int heads, status; /* 0 heads: refused */
    } cases[] = {
        {{"HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n"}, 1, 200},
        {{"HTTP/1.1 200\r\n", "\n"}, 1, 200},
        {{"HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 404 No\r\n", "\r\n"}, 1, 404},
        {{"HTTP/1.1 103 Early\r\n", "A: b\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "\r\n"}, 1, 200},
        {{"HTTP/1.1 101 Switching\r\n"}, 0, 0},
        {{"HTTP/1.1 2000 OK\r\n"}, 0, 0},
        {{"HTTP/1.1 20\r\n"}, 0, 0},
        {{"HTTP/1.1\r\n"}, 0, 0},
        {{"ICY 200 OK\r\n"}, 0, 0},
        {{"HTTP/1.1 099 Odd\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "no colon\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", " folded: x\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "A : b\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "A: b\ac\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "A: b\rc\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", ": b\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: gzip, chunked\r\n", "\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked, chunked\r\n", "\r\n"}, 0, 0},
        {{"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n",
          "\r\n"},
         0,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run r;
        size_t taken = 1;
        run_init(&r);
        br_transfer_request request = request_to("https", "/t");
        begin(&r, &request);
        for (const char *const *line = cases[i].lines; *line != NULL && taken > 0; line++) {
            char copy[64];
            size_t n = strlen(*line);
            memcpy(copy, *line, n);
            taken = br_transfer_on_header(copy, 1, n, r.transfer);
        }
        CHECK_INT(r.heads, cases[i].heads);
        CHECK_INT(r.status, cases[i].status);
        CHECK((taken > 0) == (cases[i].heads > 0));
        CHECK(r.headers.count == (i == 0 ? 1 : 0));
        br_transfer_cancel(r.transfer);
        run_free(&r);
    }
}

/* Interim answers before the head, or trailers after it, may come for ever. */
static void test_heads_without_an_end(void)
{
    for (int trailers = 0; trailers < 2; trailers++) {
        const char *const repeated[] = {trailers ? "A: b\r\n" : "HTTP/1.1 100 Continue\r\n",
                                        trailers ? "C: d\r\n" : "\r\n"};
        const char *const head[] = {"HTTP/1.1 200 OK\r\n", "\r\n"};
        run r;
        size_t bytes = 0, taken = 1;
        run_init(&r);
        br_transfer_request request = request_to("https", "/t");
        begin(&r, &request);
        for (int i = 0; taken > 0 && bytes < BR_HEAD_LINES_MAX * 2; i++) {
            const char *line = trailers && i < 2 ? head[i] : repeated[i % 2];
            char copy[64];
            memcpy(copy, line, strlen(line));
            taken = br_transfer_on_header(copy, 1, strlen(line), r.transfer);
            bytes += taken;
        }
        CHECK(taken == 0 && bytes <= BR_HEAD_LINES_MAX);
        CHECK(bytes > BR_HEADERS_BYTES_MAX);
        CHECK_INT(r.heads, trailers);
        br_transfer_cancel(r.transfer);
        run_free(&r);
    }
}

static void test_bad_targets_are_refused(void)
{
    static const char *const targets[] = {"", "t", "/t t", "/t#x", "/t\n", "/t\x7f", "/\xc3\xa9"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        run r;
        br_error error = {0};
        br_transfer_request request = request_to("https", targets[i]);
        CHECK(br_transfer_start(engine, &request, &ops, &r, &error) == NULL);
        CHECK(error.message[0] != '\0');
    }
}

static void test_cancelling(void)
{
    static const char places[] = {'h', 'd', 'e'};
    for (size_t i = 0; i < sizeof places; i++) {
        run r;
        run_init(&r);
        r.cancel_in = places[i];
        answer_with("{\"status\":200,\"body\":\"ok\"}");
        br_transfer_request request = request_to("https", "/t");
        begin(&r, &request);
        while (br_engine_step(engine, 1000) > 0)
            continue;
        CHECK(r.done == (places[i] == 'e'));
        CHECK_INT((long long)r.body.len, places[i] == 'h' ? 0 : 2);
        run_free(&r);
    }
    run r;
    run_init(&r);
    br_transfer_request request = request_to("https", "/t");
    begin(&r, &request);
    br_transfer_cancel(r.transfer);
    br_transfer_cancel(NULL);
    CHECK_INT(br_engine_step(engine, -1), 0);
    CHECK(!r.done && r.heads == 0);
    run_free(&r);
}

/* Whoever holds a transfer of an engine that is gone still has to give it up. */
static void test_the_engine_ends_first(void)
{
    run r;
    run_init(&r);
    br_error error;
    answer_with("{\"hang\":true}");
    br_transfer_request request = request_to("https", "/t");
    begin(&r, &request);
    br_engine_step(engine, 20);
    br_engine_free(engine);
    br_transfer_resume(r.transfer);
    br_transfer_cancel(r.transfer);
    CHECK(!r.done);
    engine = br_engine_new(&br_platform_system, &error);
    run_free(&r);
}

static int child(run *r, const br_transfer_request *request)
{
    br_error error;
    br_engine_abandon(engine);
    br_transfer_cancel(r->transfer);
    if (br_transfer_start(engine, request, &ops, r, &error) != NULL || br_engine_step(engine, -1))
        return 1;
    br_engine_free(engine);
    engine = br_engine_new(&br_platform_system, &error);
    run other;
    perform(&other, request);
    int code = other.end == BR_DONE_OK && !r->done ? 0 : 2;
    run_free(&other);
    br_engine_free(engine);
    return code;
}

static void test_fork(void)
{
    run r, warm;
    run_init(&r);
    answer_with("{\"status\":200,\"body\":\"ok\",\"delay_ms\":300}");
    br_transfer_request request = request_to("https", "/t");
    perform(&warm, &request);
    run_free(&warm);
    begin(&r, &request);
    br_engine_step(engine, 10);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(&r, &request));
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK_INT(status, 0);
    finish(&r);
    CHECK_INT(r.end, BR_DONE_OK);
    run_free(&r);
}

static void test_many_at_once(void)
{
    enum { COUNT = 100 };
    static run runs[COUNT];
    size_t good = 0;
    answer_with("{\"status\":200,\"body\":\"0123456789\",\"delay_ms\":20}");
    br_transfer_request request = request_to("https", "/t");
    for (int i = 0; i < COUNT; i++) {
        run_init(&runs[i]);
        begin(&runs[i], &request);
    }
    while (br_engine_step(engine, 20000) > 0)
        continue;
    for (int i = 0; i < COUNT; i++) {
        good += runs[i].done && runs[i].end == BR_DONE_OK && runs[i].body.len == 10;
        run_free(&runs[i]);
    }
    CHECK_INT((long long)good, COUNT);
    CHECK_INT((long long)engine->pooled, BR_TRANSFER_POOL_MAX);
}

int main(void)
{
    br_error error;
    engine = br_engine_new(&br_platform_system, &error);
    br_headers_init(&no_headers);
    test_an_answer();
    test_methods_and_bodies();
    test_given_headers_go_out();
    test_connections_are_reused();
    test_no_descriptors();
    test_no_connection();
    test_proxies();
    test_whose_date_is_believed();
    test_localhost_is_pinned();
    test_lost_connections();
    test_a_dead_reused_connection();
    test_timeouts();
    test_slow_is_not_silent();
    test_time_away_is_no_silence();
    test_pause();
    test_a_large_answer_with_many_pauses();
    test_a_large_body();
    test_hostile_heads();
    test_head_lines();
    test_heads_without_an_end();
    test_bad_targets_are_refused();
    test_cancelling();
    test_the_engine_ends_first();
    test_fork();
    test_many_at_once();
    br_engine_free(engine);
    return check_done();
}
