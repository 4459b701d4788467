#define _GNU_SOURCE
#include "bridge_client.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "endpoint.h"
#include "engine/bridge/frames.h"

br_client *bridge_client(const char *url)
{
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    const char *const options[][2] = {{"auth", "access_keys"},
                                      {"access_key_id", endpoint_text("access_key_id")},
                                      {"secret_access_key", endpoint_text("secret_access_key")},
                                      {"ca_file", endpoint_text("ca_file")},
                                      {"endpoint", url}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        br_settings_set_text(&s, br_slice_of(options[i][0]), br_slice_of(options[i][1]), &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static void ask(br_request *r, const char *path)
{
    br_request_init(r);
    r->service = (uint8_t)br_model_service(&br_model_builtin, BR_SLICE("bedrock-runtime"));
    r->auth = BR_SCHEME_SIGV4;
    memcpy(r->method, "POST", 5);
    br_buf_adds(&r->path, path);
    r->has_body = true;
    br_buf_adds(&r->body,
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hello there\"}]}]");
    br_headers_add(&r->headers, BR_SLICE("content-type"), BR_SLICE("application/json"));
}

/* What is asked, with the end of its body. */
static br_call *make_call(br_client *c, br_call_mode mode, br_request *r)
{
    br_error error;
    br_call_opts opts = {
        .mode = mode, .model = &br_model_builtin, .timeouts = {-1, -1, -1, -1}, .max_attempts = 1};
    br_buf_adds(&r->body, "}");
    br_call *call = br_call_new(c, r, &opts, &error);
    CHECK(call != NULL);
    br_request_free(r);
    return call;
}

br_call *bridge_call(br_client *c, br_call_mode mode, const char *path)
{
    br_request r;
    ask(&r, path);
    return make_call(c, mode, &r);
}

br_call *bridge_call_with(br_client *c, const void *bytes, size_t n)
{
    br_request r;
    ask(&r, BRIDGE_UNARY);
    br_buf_adds(&r.body, ",\"attached\":\"");
    CHECK(br_request_attach(&r, (br_slice){bytes, n}, true));
    br_buf_adds(&r.body, "\"");
    return make_call(c, BR_CALL_UNARY, &r);
}

br_bridge *bridge_open(void)
{
    br_error error;
    br_bridge *b = br_bridge_ref(&error);
    if (b == NULL)
        printf("  %s\n", error.message);
    CHECK(b != NULL);
    return b;
}

br_channel *bridge_hand_over(br_bridge *b, br_call *call)
{
    br_error error;
    br_channel *p = br_bridge_submit(b, call, &error);
    CHECK(p != NULL);
    return p;
}

int bridge_dial(const char *address)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    CHECK(strncmp(address, "unix:", 5) == 0);
    memcpy(a.sun_path, address + 5, strnlen(address + 5, sizeof a.sun_path - 1));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

void bridge_open_channel(int fd, const br_channel *p)
{
    CHECK_INT(send(fd, br_channel_id(p), BR_CHANNEL_ID_SIZE, MSG_NOSIGNAL), BR_CHANNEL_ID_SIZE);
}

static void note_item(bridge_outcome *o, const br_item *item)
{
    size_t n = strlen(o->items);
    char letter = "-HDVPCEX"[item->kind];
    if (n + 1 < sizeof o->items && (n == 0 || o->items[n - 1] != letter))
        o->items[n] = letter;
    o->events += item->kind == BR_EVENT;
    o->bytes += item->data.n;
    if (item->kind == BR_ERROR)
        o->error = *item->error;
    if (item->kind == BR_CREDENTIALS) {
        CHECK(item->credentials->secret_access_key.n == 0);
        snprintf(o->key, sizeof o->key, "%.*s", (int)item->credentials->access_key_id.n,
                 item->credentials->access_key_id.p);
    }
}

bool bridge_receive(int fd, bridge_outcome *o)
{
    static _Thread_local char bytes[65536];
    br_frames f;
    br_item item = {0};
    memset(o, 0, sizeof *o);
    br_frames_init(&f, false);
    ssize_t n;
    while (!f.over && (n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        br_frames_feed(&f, (br_slice){bytes, (size_t)n});
        while (br_frames_next(&f, &item) != BR_WAIT) {
            note_item(o, &item);
            if (item.kind >= BR_END)
                break;
        }
    }
    bool whole = f.over;
    o->info = f.info;
    o->info.headers = NULL;
    br_frames_free(&f);
    return whole;
}

bridge_outcome bridge_run_on(br_bridge *b, int fd, br_call *call)
{
    bridge_outcome o;
    br_channel *p = bridge_hand_over(b, call);
    bridge_open_channel(fd, p);
    CHECK(bridge_receive(fd, &o));
    br_channel_drop(b, p);
    return o;
}

bridge_outcome bridge_run(br_bridge *b, br_call *call)
{
    int fd = bridge_dial(br_bridge_address(b));
    bridge_outcome o = bridge_run_on(b, fd, call);
    close(fd);
    return o;
}

bool bridge_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}
