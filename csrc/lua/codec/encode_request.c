#include "core/http/uri.h"
#include "core/text/json.h"
#include "lua/codec/decode.h"
#include "lua/codec/encode.h"
#include "lua/codec/literal.h"

#define PATH_FIRST 200 /* room for most paths with their labels */

/* One operation's input on its way into a request. */
typedef struct head {
    br_encoder e;
    const br_op *op;
    const br_service *service;
    const br_shape *input; /* NULL: the operation has no members */
    br_request *request;
} head;

void br_encode_ctx_init(br_encode_ctx *ctx, const br_model *model)
{
    *ctx = (br_encode_ctx){.model = model, .validate = true, .token_member = -1};
}

static br_slice member_name(const head *h, int member)
{
    return br_model_name(h->e.model, h->e.model->members[member].name);
}

/* Pushes the member's value; null counts as absent, as in every structure. */
static bool push_member(head *h, int member)
{
    br_slice name = member_name(h, member);
    lua_pushlstring(h->e.L, name.p, name.n);
    lua_rawget(h->e.L, -2);
    if (!lua_isnil(h->e.L, -1) && !br_lua_is_null(h->e.L, -1))
        return true;
    lua_pop(h->e.L, 1);
    return false;
}

typedef void text_sink(head *h, int member, br_slice text);

static void check_utf8(head *h, br_slice text)
{
    if (!br_utf8_valid(text))
        br_encode_problem(&h->e, "type", "is not valid UTF-8");
}

/* How many bytes from the first on are ASCII and no controls, looked at by eights. */
static size_t printable_words(br_slice text)
{
    size_t i = 0;
    for (; text.n - i >= 8; i += 8) {
        uint64_t word = br_load8(text.p + i);
        if ((((word - BR_ONES * ' ') | (word + BR_ONES) | word) & BR_HIGHS) != 0)
            break;
    }
    return i;
}

/* C0, DEL and C1, which no identifier holds; C1 is C2 80 to C2 9F in UTF-8. */
static bool has_control(br_slice text)
{
    for (size_t i = printable_words(text); i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool c1 = c == 0xC2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || c1)
            return true;
    }
    return false;
}

/*
** Dots count between slashes even where these are sent as %2F: what decodes the path on the way
** resolves them, and deletes the whole in the place of a part. A '%' is sent as %25 and stays itself.
*/
static void check_label(head *h, br_slice text)
{
    check_utf8(h, text);
    if (text.n == 0)
        br_encode_problem(&h->e, "empty-label", "is part of the path and must not be empty");
    else if (br_uri_has_dot_segment(text, false))
        br_encode_problem(&h->e, "label-value",
                          "is part of the path and must not contain the segments \".\" or \"..\", "
                          "which would change the path");
    else if (has_control(text))
        br_encode_problem(
            &h->e, "label-value",
            "is part of the path and must not contain control characters, such as line breaks");
}

static void put_label(head *h, int member, br_slice text)
{
    (void)member;
    check_label(h, text);
    br_uri_encode(&h->request->path, text, false);
}

/* May take several segments of the path. */
static void put_greedy_label(head *h, int member, br_slice text)
{
    (void)member;
    check_label(h, text);
    br_uri_encode(&h->request->path, text, true);
}

static void put_query(head *h, int member, br_slice text)
{
    br_buf *query = &h->request->query;
    check_utf8(h, text);
    if (query->len > 0)
        br_buf_addc(query, '&');
    br_uri_encode(query, br_model_wire_name(h->e.model, (unsigned)member), false);
    br_buf_addc(query, '=');
    br_uri_encode(query, text, false);
}

static void put_header(head *h, int member, br_slice text)
{
    br_slice name = br_model_wire_name(h->e.model, (unsigned)member);
    check_utf8(h, text);
    if (!br_header_value_ok(text))
        br_encode_problem(
            &h->e, "header-value",
            "is sent as a header and must not contain control characters, such as line breaks");
    else
        br_headers_add(&h->request->headers, name, text);
}

typedef struct sink_item {
    head *h;
    text_sink *sink;
    int member;
} sink_item;

static void put_scalar(head *h, text_sink *sink, int member, unsigned shape)
{
    const br_shape *s = br_encoder_shape(&h->e, shape);
    unsigned sensitive = (s->flags & BR_SHAPE_SENSITIVE) != 0;
    br_text text;
    h->e.secret += sensitive;
    if (br_encode_text(&h->e, s, &text))
        sink(h, member, text.s);
    h->e.secret -= sensitive;
}

static void put_element(br_encoder *e, const void *how)
{
    const sink_item *item = how;
    (void)e;
    const br_model *m = item->h->e.model;
    unsigned list = m->members[item->member].shape;
    put_scalar(item->h, item->sink, item->member, m->shapes[list].a);
}

/* br_encode_items writes brackets; lists outside the body have none. */
static void put_list(head *h, text_sink *sink, int member, const br_shape *s)
{
    sink_item item = {h, sink, member};
    size_t count;
    bool form = h->e.form;
    h->e.form = true;
    int table = br_encode_enter(&h->e, lua_type(h->e.L, -1), s, "a list");
    if (table != 0 && br_encode_items(&h->e, table, s, put_element, &item, &count))
        br_encode_check_size(&h->e, s->b, count, "elements");
    h->e.form = form;
}

static void put_value(head *h, text_sink *sink, int member)
{
    unsigned shape = h->e.model->members[member].shape;
    const br_shape *s = br_encoder_shape(&h->e, shape);
    br_encode_step(&h->e, member_name(h, member), lua_gettop(h->e.L) - 1);
    if (s->kind == BR_SHAPE_LIST)
        put_list(h, sink, member, s);
    else
        put_scalar(h, sink, member, shape);
    h->e.depth--;
}

/* A query or header member that is there, or whose token is to be made up. */
static void put_member(head *h, text_sink *sink, int member)
{
    br_slice token;
    if (push_member(h, member)) {
        put_value(h, sink, member);
        lua_pop(h->e.L, 1);
    } else if ((h->e.model->members[member].bits & BR_MEMBER_TOKEN) != 0 &&
               br_encode_token(&h->e, member, &token)) {
        sink(h, member, token);
    }
}

static void encode_located_members(head *h)
{
    for (unsigned i = 0; h->input != NULL && i < h->input->b; i++) {
        int member = h->input->a + (int)i;
        unsigned location = h->e.model->members[member].bits & BR_MEMBER_LOC_MASK;
        if (location == BR_MEMBER_QUERY)
            put_member(h, put_query, member);
        else if (location == BR_MEMBER_HEADER)
            put_member(h, put_header, member);
    }
}

static void encode_label(head *h, br_slice name)
{
    bool greedy = name.n > 0 && name.p[name.n - 1] == '+';
    name.n -= greedy;
    int member = h->input != NULL ? br_model_member(h->e.model, h->input, name) : -1;
    if (member < 0)
        return;
    if (push_member(h, member)) {
        put_value(h, greedy ? put_greedy_label : put_label, member);
        lua_pop(h->e.L, 1);
    } else if ((h->e.model->members[member].bits & BR_MEMBER_REQUIRED) == 0) {
        br_encode_problem_at(&h->e, "missing", name, "missing");
    }
}

/* The template holds its labels as {name}, or {name+} for greedy ones. */
static void encode_path(head *h)
{
    br_slice uri = br_model_name(h->e.model, h->op->uri);
    size_t from = 0;
    br_buf_reserve(&h->request->path, PATH_FIRST);
    for (size_t i = 0; i < uri.n; i++) {
        if (uri.p[i] != '{')
            continue;
        const char *close = memchr(uri.p + i, '}', uri.n - i);
        if (close == NULL)
            break;
        br_buf_add(&h->request->path, uri.p + from, i - from);
        encode_label(h, (br_slice){uri.p + i + 1, (size_t)(close - uri.p) - i - 1});
        i = (size_t)(close - uri.p);
        from = i + 1;
    }
    br_buf_add(&h->request->path, uri.p + from, uri.n - from);
}

static int payload_member(const head *h)
{
    for (unsigned i = 0; h->input != NULL && i < h->input->b; i++) {
        int member = h->input->a + (int)i;
        if (h->e.model->members[member].bits & BR_MEMBER_PAYLOAD)
            return member;
    }
    return -1;
}

static bool has_body_member(const head *h)
{
    for (unsigned i = 0; h->input != NULL && i < h->input->b; i++) {
        if ((h->e.model->members[h->input->a + i].bits & BR_MEMBER_LOC_MASK) == BR_MEMBER_BODY)
            return true;
    }
    return false;
}

static void default_content_type(head *h, br_slice type)
{
    if (br_headers_get(&h->request->headers, "content-type").p == NULL)
        br_headers_add(&h->request->headers, BR_SLICE("content-type"), type);
}

/* The bytes as they are; nothing tells what they are, so no content type is made up. */
static void encode_raw_payload(head *h, const br_shape *s)
{
    br_slice bytes = br_lua_string(h->e.L, -1);
    br_encode_check_bytes(&h->e, s, bytes);
    if (!br_encode_attach(&h->e, bytes, false))
        br_buf_add_slice(&h->request->body, bytes);
}

static void encode_payload_value(head *h, unsigned shape)
{
    const br_shape *s = br_encoder_shape(&h->e, shape);
    bool is_blob = s->kind == BR_SHAPE_BLOB;
    if (is_blob && lua_type(h->e.L, -1) == LUA_TSTRING) {
        encode_raw_payload(h, s);
        return;
    }
    if (is_blob && !lua_istable(h->e.L, -1) && br_literal_at(h->e.L, -1) == NULL) {
        br_encode_wrong_type(&h->e, NULL, "a string of bytes, or a table to be sent as JSON");
        return;
    }
    if (is_blob)
        br_encode_document(&h->e);
    else
        br_encode_value(&h->e, shape);
    default_content_type(h, BR_SLICE("application/json"));
}

static void encode_payload(head *h, int member)
{
    const br_member *m = &h->e.model->members[member];
    h->request->has_body = true;
    if (br_encoder_shape(&h->e, m->shape)->flags & BR_SHAPE_EVENTSTREAM) {
        default_content_type(h, BR_SLICE("application/vnd.amazon.eventstream"));
    } else if (push_member(h, member)) {
        br_encode_step(&h->e, member_name(h, member), lua_gettop(h->e.L) - 1);
        encode_payload_value(h, m->shape);
        h->e.depth--;
        lua_pop(h->e.L, 1);
    }
}

/* What an operation without members is given can only be a mistake. Keys are known of the model's shapes alone. */
static void refuse_members(head *h)
{
    static const br_shape empty = {.kind = BR_SHAPE_STRUCTURE};
    h->e.known = NULL;
    br_encode_body_members(&h->e, &empty, false);
}

static void encode_rest(head *h)
{
    encode_path(h);
    encode_located_members(h);
    int payload = payload_member(h);
    bool body = payload < 0 && has_body_member(h);
    if (h->input == NULL)
        refuse_members(h);
    else
        br_encode_body_members(&h->e, h->input, body);
    if (payload >= 0)
        encode_payload(h, payload);
    if (!body)
        return;
    h->request->has_body = true;
    default_content_type(h, BR_SLICE("application/json"));
}

static void encode_whole_body(head *h)
{
    br_emit(&h->request->path, "/", 1);
    h->request->has_body = true;
    if (h->input != NULL) {
        br_encode_value(&h->e, h->op->in);
        return;
    }
    refuse_members(h);
    if (!h->e.form)
        br_emit(&h->request->body, "{}", 2);
}

static void encode_json_11(head *h)
{
    const br_model *m = h->e.model;
    br_buf target;
    br_buf_init(&target, BR_HEADERS_BYTES_MAX);
    br_buf_add_slice(&target, br_model_name(m, h->service->target));
    br_buf_addc(&target, '.');
    br_buf_add_slice(&target, br_model_name(m, h->op->name));
    br_headers_add(&h->request->headers, BR_SLICE("x-amz-target"), br_buf_slice(&target));
    br_buf_free(&target);
    default_content_type(h, BR_SLICE("application/x-amz-json-1.1"));
    encode_whole_body(h);
}

static void encode_query_protocol(head *h)
{
    br_buf *body = &h->request->body;
    br_buf_adds(body, "Action=");
    br_buf_add_slice(body, br_model_name(h->e.model, h->op->name));
    br_buf_adds(body, "&Version=");
    br_buf_add_slice(body, br_model_name(h->e.model, h->service->api_version));
    h->e.form = true;
    default_content_type(h, BR_SLICE("application/x-www-form-urlencoded; charset=utf-8"));
    encode_whole_body(h);
}

static void describe_request(head *h)
{
    static const char methods[][8] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"};
    br_request *r = h->request;
    memcpy(r->method, methods[h->op->method], sizeof methods[0]);
    r->service = h->op->service;
    r->retry_safe = (h->op->flags & (BR_OP_READONLY | BR_OP_IDEMPOTENT | BR_OP_TOKEN)) != 0;
    if (h->op->flags & BR_OP_NO_AUTH)
        r->auth = BR_SCHEME_NONE;
    else
        r->auth = h->service->auth & BR_SERVICE_AUTH_BEARER ? BR_SCHEME_BEARER_OK : BR_SCHEME_SIGV4;
}

static void report_overflow(head *h)
{
    const br_request *r = h->request;
    if (r->path.failed || r->query.failed || r->headers.failed || r->body.failed ||
        r->attached_bytes > BR_BODY_MAX - r->body.len)
        br_encode_problem(&h->e, "max-length",
                          "the request is too large (path %d, query %d, "
                          "headers %d, body %zu bytes at most)",
                          BR_PATH_MAX, BR_QUERY_MAX, BR_HEADERS_BYTES_MAX, BR_BODY_MAX);
}

static void encode_protocol(head *h)
{
    switch ((br_protocol)h->service->protocol) {
    case BR_REST_JSON:
        encode_rest(h);
        break;
    case BR_JSON_11:
        encode_json_11(h);
        break;
    case BR_QUERY_XML:
        encode_query_protocol(h);
        break;
    }
}

static void push_params(lua_State *L, int params)
{
    if (lua_isnoneornil(L, params))
        lua_newtable(L);
    else
        lua_pushvalue(L, params);
}

bool br_encode_input(lua_State *L, br_encode_ctx *ctx, int op, int params, br_request *request,
                     br_problems *problems)
{
    const br_model *m = ctx->model;
    head h;
    h.op = &m->ops[op];
    h.service = &m->services[h.op->service];
    h.input = h.op->in != BR_NONE ? &m->shapes[h.op->in] : NULL;
    h.request = request;
    br_encoder_init(&h.e, L, ctx, &request->body, problems);
    h.e.request = request;
    ctx->token_member = -1;
    if (!lua_checkstack(L, BR_ENCODE_STACK))
        return br_problems_add(problems, "type", BR_SLICE(""), "the Lua stack is full");
    if (m == &br_model_builtin) {
        h.e.known = br_known_of(L);
        h.e.marks = h.e.known->marks;
    }
    push_params(L, params);
    h.e.holder = h.e.input = h.input;
    if (ctx->strict)
        br_decoder_strict(L);
    describe_request(&h);
    if (!lua_istable(L, -1))
        br_encode_wrong_type(&h.e, NULL, "a table of parameters");
    else
        encode_protocol(&h);
    lua_pop(L, 1);
    report_overflow(&h);
    return !br_problems_any(problems);
}
