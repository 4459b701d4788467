/*
** The codec: Lua values to requests and answers to Lua values, by the shapes of the model. One
** pass each way, no Lua tables in between.
**
** Rules that hold for everything here. Tables are read raw: no metamethod runs, nothing yields. The
** only Lua error that can leave these functions is "not enough memory"; whatever C memory is held
** then hangs on `request`, `problems`, or a collectable userdata of the codec. So callers keep
** request and problems in a userdata with a __gc. Needs br_codec_open once per Lua state.
*/
#ifndef BR_LUA_CODEC_CODEC_H
#define BR_LUA_CODEC_CODEC_H

#include "core/aws/eventstream.h"
#include "core/base/error.h"
#include "core/base/problems.h"
#include "core/http/request.h"
#include "lua/base/compat.h"
#include "model/model.h"

/* JSON's null, as br_push_null pushes it. */
static inline bool br_lua_is_null(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL;
}

#define BR_UUID_SIZE 37 /* 36 characters and NUL */

/* Makes the metatables of documents in the registry. Leaves the stack as it was. */
void br_codec_open(lua_State *L);

/* Writes a random version 4 UUID; false when there is no randomness to be had. */
typedef bool br_uuid_source(void *state, char out[BR_UUID_SIZE]);

typedef struct br_encode_ctx {
    const br_model *model;
    bool validate;   /* lengths, values and unknown members are checked; false: only what cannot be
                      encoded is refused, and unknown members pass */
    bool strict;     /* enum values, patterns and the regions of ARNs are checked too */
    br_slice region; /* the connection's; empty: ARNs of any may be given */
    bool unknown_pass; /* unknown members are encoded by their Lua type instead of refused */
    bool by_hand;      /* JSON that was read is checked like tables that are written by hand */
    /* > 0: long bytes are attached to the request (br_request_attach). That place of the stack, nil
       before, then has a table of the strings, to be kept until they are joined. 0: all goes into
       the body at once */
    int keep;
    br_uuid_source *uuid;
    void *uuid_state;
    /* Out: the idempotency token or session ID that was made up, if one was. */
    int token_member; /* index into model->members; -1: none */
    char token[BR_UUID_SIZE];
} br_encode_ctx;

/* validate on, the rest off; uuid must still be set. */
void br_encode_ctx_init(br_encode_ctx *ctx, const br_model *model);

/*
** Validates the table at `params` (nil or none counts as an empty one) against the operation's
** input and fills `request` (freshly initialised): method, path, query, headers, body, has_body,
** service, auth, retry_safe. Nothing is assumed about the order of members; query members come in
** the order of their names. false: `problems` says why, and request is to be freed.
** A payload that is a blob is taken as it is, or, given as a table, becomes a JSON document with
** content-type application/json unless a member says otherwise.
*/
bool br_encode_input(lua_State *L, br_encode_ctx *ctx, int op, int params, br_request *request,
                     br_problems *problems);

/*
** Pushes the decoded output of a success answer. Headers, status and payload members are in it;
** of a streaming operation only what the head says (no body is read), and without the streaming
** member. A payload of bytes is left out when body.p is NULL (the caller streams it). Members that
** the model does not know are kept, decoded like a document.
** false: nothing is pushed, error is transport/BadResponse; so is an answer that has none of the
** operation's members though some are required, or is an error document in disguise.
*/
bool br_decode_output(lua_State *L, const br_model *m, int op, int status, const br_headers *h,
                      br_slice body, br_error *error);

typedef enum br_event_result {
    BR_EVENT_BAD,      /* nothing pushed; error is stream/BadResponse */
    BR_EVENT_VALUE,    /* pushed: name, event table. Unknown events: their document. Here, and with
                          halves, two values of the codec's own lie below what is pushed: a C
                          function returns what is on top, and moving it would only cost */
    BR_EVENT_HALVES,   /* the same, and the event again, with lone halves of surrogate pairs kept
                          (br_json_reader.keep_halves): the other half may be in the next event */
    BR_EVENT_INITIAL,  /* pushed: table of output members; to be merged into the stream's fields */
    BR_EVENT_EXCEPTION /* pushed: table of the exception's members; error is kind service with the
                          shape's name (or :error-code) as code, and its message */
} br_event_result;

/*
** Decodes one message of the operation's event stream. `initial-response` is a result of its own,
** so the caller decides. Message types other than event, exception and error are BAD.
** *last: the member of the last event, -1 before the first. The next one is mostly of the same name, and
** needs no search then.
*/
br_event_result br_decode_event(lua_State *L, const br_model *m, int op, const br_es_message *msg,
                                int *last, br_error *error);

/*
** Pushes the members of a service error: those its shape declares, from headers and body; an empty
** table if the code is unknown or the body unreadable. Never fails.
*/
void br_decode_error_fields(lua_State *L, const br_model *m, int op, br_slice code,
                            const br_headers *h, br_slice body);

/*
** Documents. Decoding: integers stay integers (LuaJIT: beyond 2^53 decimal strings), null becomes
** the NULL light userdata, lists and maps carry the metatables "bedrock.array" and
** "bedrock.object", by which encoding knows an empty list from an empty map.
** br_push_json: false: nothing pushed, error is transport/BadResponse. keep_halves: see core/json.h.
** br_write_json: appends the value at index; problems have paths relative to the value.
*/
bool br_push_json(lua_State *L, br_slice text, bool keep_halves, br_error *error);
bool br_write_json(lua_State *L, int index, br_buf *out, br_problems *problems);

void br_push_null(lua_State *L);
/* Sets the array metatable on the table at index. */
void br_mark_array(lua_State *L, int index);

#endif
