/*
** Private to the decoder. Functions that decode push one value; on false they may leave anything on
** the stack, and the entry point that began the walk cuts it back.
*/
#ifndef BR_LUA_CODEC_DECODE_H
#define BR_LUA_CODEC_DECODE_H

#include "core/text/json.h"
#include "lua/base/values.h"
#include "lua/codec/came.h"
#include "lua/codec/codec.h"
#include "lua/codec/limits.h"

#define BR_DECODE_STACK_PER_LEVEL 6
#define BR_DECODE_LEVELS 4 /* most answers are no deeper */
#define BR_DECODE_STACK (8 + BR_DECODE_LEVELS * BR_DECODE_STACK_PER_LEVEL)
#define BR_DECODE_ITEMS 4 /* room of a new list, map or document: to enlarge one is costly */

/* Containers: scalars, which most values are, do without the room that these take. */
#define BR_DECODE_APART static __attribute__((noinline))

#define BR_DECODER_NAMES 256                  /* a power of two */
#define BR_DECODER_KEYS_MAX (4 * BR_BODY_MAX) /* a key takes five bytes of a text at least */
#define BR_DECODER_KEPT 16384 /* bytes of a block that stays; a larger one is freed */

/*
** Lives in a userdata, so that a Lua error cannot leak what the reader holds. One is kept in the
** registry; while it is busy (a finalizer decodes, or a Lua error left it) another takes its place.
*/
typedef struct br_decoder {
    lua_State *L;
    bool busy;
    bool cached;     /* names of members come from the list of names that the userdata keeps */
    int names;       /* its place on the stack */
    unsigned levels; /* the Lua stack has room for those, if nothing else was pushed */
    const br_model *model;
    const char *problem; /* what was wrong besides the JSON itself: static text, or `mismatch` */
    bool declared_only;  /* unknown members of the outermost structure are dropped */
    unsigned known;      /* declared members that the outermost structure had */
    unsigned unknown;    /* others that it had */
    br_json_reader reader;
    br_buf scratch;
    unsigned odd; /* what the table in hand came with, to be remembered (lua/came.h) */
    unsigned named[BR_DECODER_NAMES]; /* the number, plus one, of each name in the list; it stays */
    char mismatch[80];                /* "expected …, got …"; it stays */
    bool strict;      /* texts are compared with enumerations and patterns, too; it stays */
    br_buf keys;      /* br_slice each: of the documents' objects being read; its memory stays */
    br_buf unescaped; /* what the reader's scratch is between two walks; its memory stays */
} br_decoder;

#define BR_ODD 1       /* something that the encoder would refuse */
#define BR_ODD_NULLS 2 /* members that are null, which are to be taken out */

/* Something in the table in hand does not fit what the model says. */
static inline void br_decoder_check(br_decoder *d, unsigned limits, double value)
{
    if (limits != BR_NONE && !br_limits_fit(&d->model->limits[limits], value))
        d->odd |= BR_ODD;
}

void br_decoder_check_texts(br_decoder *d, const br_shape *s, br_slice text);

static inline void br_decoder_check_string(br_decoder *d, const br_shape *s, br_slice text)
{
    if (s->a != BR_NONE && !br_limits_fit_text(&d->model->limits[s->a], text))
        d->odd |= BR_ODD;
    if (d->strict)
        br_decoder_check_texts(d, s, text);
}

/*
** The table on top is read: remembers what came with it, if that is odd. `outer` is what the table
** around it was found to be until then.
*/
static inline void br_decoder_remember(br_decoder *d, unsigned outer)
{
    if (d->odd != 0)
        br_came_remember(d->L, (d->odd & BR_ODD_NULLS) != 0);
    d->odd = outer;
}

/* Pushes two values of its own; what is decoded comes above them. */
br_decoder *br_decoder_push(lua_State *L, const br_model *m, br_slice text);
/* Leaves the value on top, in the place of its own. */
void br_decoder_finish(br_decoder *d);
/* Leaves all, its own two below the others. */
void br_decoder_close(br_decoder *d);
/* Leaves nothing. */
void br_decoder_drop(br_decoder *d);
void br_decoder_open(lua_State *L);
/*
** From now on, in this Lua state: somebody wants texts to be compared with enumerations and patterns
** (strict), which would else refuse what came from an answer.
*/
void br_decoder_strict(lua_State *L);
/* Pushes a name of the model. */
void br_decoder_name(br_decoder *d, unsigned name);

bool br_decode_fail(br_decoder *d, const char *problem);

/* Room on the Lua stack for what a container pushes. */
static inline bool br_decode_room(br_decoder *d)
{
    return d->reader.depth < d->levels || lua_checkstack(d->L, BR_DECODE_STACK_PER_LEVEL) ||
           br_decode_fail(d, "the Lua stack is full");
}

bool br_decode_value(br_decoder *d, unsigned shape);
/* The members of the object that comes next, set into the table on top of the stack. */
bool br_decode_members(br_decoder *d, const br_shape *s);
/* What an integer's shape reads: whole numbers as integers, however they are written. */
void br_decode_push_whole(br_decoder *d, const br_shape *s, const br_json_number *n);

/* decode_text.c: text from a header, or of an XML element or attribute. */
bool br_decode_text(br_decoder *d, const br_shape *s, br_slice text);
/* Smithy writes what JSON numbers cannot say as strings. */
bool br_decode_push_special(lua_State *L, br_slice text);
bool br_decode_push_time(br_decoder *d, br_slice text);

/* decode_document.c: any JSON; and what values of a shape read, too. */
bool br_decode_document(br_decoder *d);
bool br_decode_boolean(br_decoder *d);
bool br_decode_null(br_decoder *d);

/* decode_xml.c: the output of a query operation, set into the table on top of the stack. */
bool br_decode_xml(br_decoder *d, const br_op *op, br_slice body);

#endif
