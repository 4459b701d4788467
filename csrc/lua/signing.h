/*
** What bedrock.sign and bedrock.presign have in common: a request in a table, and who signs it, which
** is either in that table or a connection (csrc/lua/credentials.h).
**
** The URL's path and query are taken as they will be sent, already percent-encoded. Wrong types
** raise; anything else that is wrong is an error value.
*/
#ifndef BR_LUA_SIGNING_H
#define BR_LUA_SIGNING_H

#include "core/aws/presign.h"
#include "core/base/problems.h"
#include "core/base/times.h"
#include "lua/base/compat.h"

#define BR_PAYLOAD_HASH "x-amz-content-sha256"

/* Everything is kept for the next signature, so that one costs no allocation but Lua's own. */
typedef struct br_signing {
    br_digest *crypto;
    br_signer *signer;
    br_headers headers;
    br_buf origin, host; /* the URL's last time, and the Host header that it makes */
    br_buf out;          /* what is made; secret where it is good by itself */
    br_problems problems;
    const char *name; /* of the function at work, for messages */
    bool busy;
} br_signing;

/* Places on the stack: the credentials of a connection (or nil), and each field's value. */
enum {
    BR_SIGNING_LENT = 2,
    BR_SIGNING_ACCESS_KEY_ID,
    BR_SIGNING_BODY,
    BR_SIGNING_EXPIRES,
    BR_SIGNING_HEADERS,
    BR_SIGNING_METHOD,
    BR_SIGNING_REGION,
    BR_SIGNING_SECRET_ACCESS_KEY,
    BR_SIGNING_SERVICE,
    BR_SIGNING_SESSION_TOKEN,
    BR_SIGNING_TIME,
    BR_SIGNING_URL,
    BR_SIGNING_END
};

/* A function's work: pushes its results and returns their number; 0: error is set. */
typedef int br_signing_work(lua_State *L, br_signing *s, br_error *error);

/*
** Runs a function of that name over its arguments, the table and the credentials or nil. Its first
** upvalue is a br_signing; one that is at work (a finalizer signs, or a Lua error left it) is replaced.
** `except` is a field that it does not take. Returns how many results were pushed.
*/
int br_signing_run(lua_State *L, const char *name, int except, br_signing_work *work);
/* Likewise without a table of fields: only the credentials are at their place. */
int br_signing_run_bare(lua_State *L, const char *name, br_signing_work *work);

/* For that work. A field that must be a string, or may be missing if `fallback` is given. */
br_slice br_signing_text(lua_State *L, const br_signing *s, int place, const char *fallback);
/* Keys, region and service; what they point to lives as long as the stack. */
br_presign_keys br_signing_keys(lua_State *L, const br_signing *s);
/* Only the keys, of the connection. false: there are none. */
bool br_signing_lent(lua_State *L, br_presign_keys *keys);
/* When: now by the connection's corrected clock, or as the field says. */
void br_signing_date(lua_State *L, const br_signing *s, char date[BR_AMZ_DATE_SIZE]);
/* All of the request but date and query parameters; the headers given, and host, are in s->headers. */
bool br_signing_input(lua_State *L, br_signing *s, br_sign_input *in, br_error *error);
bool br_signing_too_many_headers(const br_signing *s, br_error *error);

/* The module's functions, with one br_signing for all, into the table on top of the stack. */
void br_lua_open_signing(lua_State *L);

br_signing_work br_sign_work, br_presign_work, br_api_key_work;

#endif
