#include <string.h>

#include "core/base/ascii.h"
#include "lua/codec/decode.h"

/* The shape of the operation's event stream: a structure with a member per event. NULL: none. */
static const br_shape *stream_shape(const br_model *m, const br_op *op)
{
    if (op->stream == BR_NONE || op->out == BR_NONE)
        return NULL;
    const br_shape *out = &m->shapes[op->out];
    for (unsigned i = out->a; i < (unsigned)out->a + out->b; i++) {
        const br_shape *s = &m->shapes[m->members[i].shape];
        if ((s->flags & BR_SHAPE_EVENTSTREAM) != 0)
            return s;
    }
    return NULL;
}

static int event_member(const br_model *m, const br_op *op, br_slice name)
{
    const br_shape *s = stream_shape(m, op);
    return s != NULL ? br_model_member(m, s, name) : -1;
}

static int member_after(const br_model *m, const br_op *op, br_slice name, int *last)
{
    if (*last < 0 || !br_slice_eq(br_model_name(m, m->members[*last].name), name))
        *last = event_member(m, op, name);
    return *last;
}

static bool is_json(br_slice content_type)
{
    return content_type.n == 0 || br_slice_starts(content_type, "application/json") ||
           br_slice_starts(content_type, "application/x-amz-json");
}

static bool bad(br_error *error, const char *why)
{
    return br_error_set(error, BR_ERR_STREAM, "BadResponse", "an event cannot be read: %s", why);
}

static bool push_json(br_decoder *d, int shape, br_error *error)
{
    bool ok = shape >= 0 ? br_decode_value(d, (unsigned)shape) : br_decode_document(d);
    if (ok && br_json_end(&d->reader))
        return true;
    return bad(error, d->problem != NULL        ? d->problem
                      : d->reader.error != NULL ? d->reader.error
                                                : "unexpected content");
}

/* Pushes the payload by shape (-1: as a document); an empty one is an empty table. */
static bool push_payload(br_decoder *d, int shape, const br_es_message *msg, br_error *error)
{
    if (msg->payload.n == 0)
        lua_newtable(d->L);
    else if (shape < 0 && !is_json(msg->content_type))
        lua_pushlstring(d->L, msg->payload.p, msg->payload.n);
    else
        return push_json(d, shape, error);
    return true;
}

/* The payload alone. */
static bool push_value(lua_State *L, const br_model *m, int shape, const br_es_message *msg,
                       br_error *error)
{
    br_decoder *d = br_decoder_push(L, m, msg->payload);
    bool ok = push_payload(d, shape, msg, error);
    if (ok)
        br_decoder_finish(d);
    else
        br_decoder_drop(d);
    return ok;
}

static br_slice string_field(lua_State *L, const char *name)
{
    br_slice s = {NULL, 0};
    if (!lua_istable(L, -1))
        return s;
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n);
    lua_pop(L, 1);
    return s;
}

/* The code in UpperCamel and the message of the table on top, which still anchors its strings. */
static void set_service_error(lua_State *L, br_slice name, br_error *error)
{
    char code[BR_ERROR_CODE_MAX];
    size_t n = name.n < sizeof code ? name.n : sizeof code - 1;
    memcpy(code, name.p, n);
    code[n] = '\0';
    code[0] = br_to_upper(code[0]);
    br_slice message = string_field(L, "message");
    if (message.n == 0)
        message = string_field(L, "Message");
    if (message.n == 0)
        message = BR_SLICE("the service ended the stream with this exception");
    int shown = message.n < BR_ERROR_MESSAGE_MAX ? (int)message.n : BR_ERROR_MESSAGE_MAX;
    br_error_set(error, BR_ERR_SERVICE, n > 0 ? code : "UnknownException", "%.*s", shown,
                 message.p);
}

static br_event_result push_exception(lua_State *L, const br_model *m, int member, br_slice name,
                                      const br_es_message *msg, br_error *error)
{
    int shape = member >= 0 ? m->members[member].shape : -1;
    if (!push_value(L, m, shape, msg, error))
        return BR_EVENT_BAD;
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    if (shape >= 0 && m->shapes[shape].c != BR_NONE)
        name = br_model_name(m, m->shapes[shape].c);
    set_service_error(L, name, error);
    return BR_EVENT_EXCEPTION;
}

static br_event_result push_error_message(lua_State *L, const br_es_message *msg, br_error *error)
{
    lua_createtable(L, 0, 1);
    if (msg->error_message.n > 0) {
        lua_pushlstring(L, msg->error_message.p, msg->error_message.n);
        lua_setfield(L, -2, "message");
    }
    set_service_error(L, msg->error_code, error);
    return BR_EVENT_EXCEPTION;
}

/* Rare, so that it costs the others nothing. */
static bool push_again(br_decoder *d, int shape, const br_es_message *msg, br_error *error)
{
    br_json_reader_free(&d->reader);
    br_json_reader_init(&d->reader, msg->payload);
    d->reader.keep_halves = true;
    return push_payload(d, shape, msg, error);
}

static br_event_result push_event(lua_State *L, const br_model *m, const br_op *op,
                                  const br_es_message *msg, int *last, br_error *error)
{
    int member = member_after(m, op, msg->event_type, last);
    int shape = member >= 0 ? m->members[member].shape : -1;
    if (shape >= 0 && (m->shapes[shape].flags & BR_SHAPE_ERROR) != 0)
        return push_exception(L, m, member, msg->event_type, msg, error);
    br_decoder *d = br_decoder_push(L, m, msg->payload);
    if (member >= 0)
        br_decoder_name(d, m->members[member].name);
    else
        lua_pushlstring(L, msg->event_type.p, msg->event_type.n);
    if (!push_payload(d, shape, msg, error)) {
        br_decoder_drop(d);
        return BR_EVENT_BAD;
    }
    bool halves = d->reader.halves > 0;
    if (halves && !push_again(d, shape, msg, error)) {
        br_decoder_drop(d);
        return BR_EVENT_BAD;
    }
    br_decoder_close(d);
    return halves ? BR_EVENT_HALVES : BR_EVENT_VALUE;
}

br_event_result br_decode_event(lua_State *L, const br_model *m, int op, const br_es_message *msg,
                                int *last, br_error *error)
{
    const br_op *operation = &m->ops[op];
    if (br_slice_eq(msg->message_type, BR_SLICE("event")) && msg->event_type.n > 0) {
        if (!br_slice_eq(msg->event_type, BR_SLICE("initial-response")))
            return push_event(L, m, operation, msg, last, error);
        int shape = operation->out != BR_NONE ? operation->out : -1;
        return push_value(L, m, shape, msg, error) ? BR_EVENT_INITIAL : BR_EVENT_BAD;
    }
    if (br_slice_eq(msg->message_type, BR_SLICE("exception")) && msg->exception_type.n > 0)
        return push_exception(L, m, event_member(m, operation, msg->exception_type),
                              msg->exception_type, msg, error);
    if (br_slice_eq(msg->message_type, BR_SLICE("error")))
        return push_error_message(L, msg, error);
    bad(error, "it is not an event, an exception or an error");
    return BR_EVENT_BAD;
}
