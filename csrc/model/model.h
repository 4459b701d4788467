/*
** The API as tables: static const, no pointers inside, so no relocations; 16-bit indexes into each
** other. tables.c is generated from the facts by generate.lua; see there. All text is in one, where
** names share what they have in common; a name is an index into `name_places`.
*/
#ifndef BR_MODEL_MODEL_H
#define BR_MODEL_MODEL_H

#include "core/base/slice.h"

#include <stdint.h>

#define BR_NONE 0xFFFFu
#define BR_MODEL_FORMAT 5  /* format_version that this code reads */
#define BR_MEMBERS_MAX 256 /* members of one structure */
#define BR_PATTERN_MAX 4096
#define BR_FRAGMENTS_MAX 127

/* Where a name is in the text, and its length below that. */
#define BR_NAME_LENGTH_BITS 12
#define BR_NAME_MAX ((1u << BR_NAME_LENGTH_BITS) - 1)
#define BR_NAMES_BYTES_MAX (1u << (32 - BR_NAME_LENGTH_BITS))

typedef enum br_shape_kind {
    BR_SHAPE_STRUCTURE, /* a = first member, b = member count (sorted by name), c = BR_NONE, or an
                           error's name */
    BR_SHAPE_UNION,     /* as structure */
    BR_SHAPE_LIST,      /* a = element shape, b = limits */
    BR_SHAPE_MAP,       /* a = key shape, b = value shape, c = limits */
    BR_SHAPE_STRING,    /* a = limits, b = enum, c = pattern (BR_NONE each) */
    BR_SHAPE_BLOB,      /* a = limits */
    BR_SHAPE_BOOLEAN,
    BR_SHAPE_INTEGER,   /* a = limits */
    BR_SHAPE_LONG,      /* a = limits */
    BR_SHAPE_FLOAT,     /* a = limits */
    BR_SHAPE_DOUBLE,    /* a = limits */
    BR_SHAPE_TIMESTAMP, /* a = br_timestamp_format */
    BR_SHAPE_DOCUMENT
} br_shape_kind;

typedef enum br_timestamp_format { BR_TIME_ISO, BR_TIME_EPOCH, BR_TIME_HTTP } br_timestamp_format;

#define BR_SHAPE_SENSITIVE 0x01
#define BR_SHAPE_SPARSE 0x02
#define BR_SHAPE_EVENT 0x04
#define BR_SHAPE_EVENTSTREAM 0x08
#define BR_SHAPE_ERROR 0x10
#define BR_SHAPE_ANSWERED 0x20 /* a structure or union that the output of some operation holds */
/* A list or map whose elements, in XML and forms, stand where it would stand itself. */
#define BR_SHAPE_FLATTENED 0x40

typedef struct br_shape {
    uint8_t kind, flags;
    uint16_t a, b, c;
} br_shape;

#define BR_MEMBER_LOC_MASK 0x0007
#define BR_MEMBER_BODY 0
#define BR_MEMBER_URI 1
#define BR_MEMBER_QUERY 2
#define BR_MEMBER_HEADER 3
#define BR_MEMBER_STATUS 4
#define BR_MEMBER_ATTRIBUTE 5 /* in the tag of the structure's XML */
#define BR_MEMBER_REQUIRED 0x0008
#define BR_MEMBER_TOKEN 0x0010   /* idempotency token: filled in when absent */
#define BR_MEMBER_PAYLOAD 0x0020 /* is the whole body */
#define BR_MEMBER_WIRE 0x0040    /* has another name on the wire: see br_model_wire_name */
#define BR_MEMBER_DEPRECATED 0x0080
/* In the bits of a structure's first member: how many of its members a body must have. */
#define BR_MEMBER_DEMANDED_SHIFT 8

typedef struct br_member {
    uint16_t name, shape, bits;
    uint8_t rank; /* place in AWS's own order of the structure's members, in which they are sent */
    uint8_t at;   /* the other way: the member of that structure whose rank is this one's place */
} br_member;

typedef enum br_method { BR_GET, BR_POST, BR_PUT, BR_DELETE, BR_PATCH, BR_HEAD_METHOD } br_method;

#define BR_OP_EVENT_OUT 0x01
#define BR_OP_EVENT_IN 0x02
#define BR_OP_READONLY 0x04
#define BR_OP_IDEMPOTENT 0x08
#define BR_OP_NO_AUTH 0x10
#define BR_OP_RAW_OUT 0x20 /* the payload of the answer is a streaming blob */
#define BR_OP_TOKEN 0x40   /* the input has an idempotency token (session IDs do not count) */
#define BR_OP_FLAT 0x80    /* its name was flat before other services had it, and stays so */

typedef struct br_op {
    uint16_t name;    /* "Converse" */
    uint16_t snake;   /* "converse" */
    uint16_t uri;     /* template "/model/{modelId}/converse" */
    uint16_t in, out; /* structures; BR_NONE: no members at all */
    uint16_t errors;  /* first entry in `error_lists`: count, then shapes; BR_NONE: none */
    uint16_t stream;  /* name of the member of `out` that streams, or BR_NONE */
    uint8_t service;
    uint8_t method; /* br_method */
    uint8_t code;   /* success status - 200 */
    uint8_t flags;
} br_op;

typedef enum br_protocol { BR_REST_JSON, BR_JSON_11, BR_QUERY_XML } br_protocol;
#define BR_ROUTES_ONLY 0xFF /* in place of a protocol: no operations, see br_model_routes */

#define BR_SERVICE_AUTH_SIGV4 0x01
#define BR_SERVICE_AUTH_BEARER 0x02

typedef struct br_service {
    uint16_t id;          /* "bedrock-runtime" */
    uint16_t space;       /* namespace in Lua: "runtime" */
    uint16_t prefix;      /* endpoint prefix */
    uint16_t signing;     /* signing name */
    uint16_t api_version; /* "2023-09-30" */
    uint16_t target;      /* X-Amz-Target prefix of BR_JSON_11, or BR_NONE */
    uint16_t domain;      /* "api.aws": of all its endpoints, whatever partition; or BR_NONE */
    uint16_t first_op, op_count; /* operations of a service lie together, sorted by snake */
    uint8_t protocol;
    uint8_t auth;
} br_service;

typedef struct br_limits {
    double min, max; /* -INFINITY / INFINITY: none */
} br_limits;

typedef struct br_paginator {
    uint16_t op, in, out, limit, result, more; /* names, or BR_NONE; dotted paths are one name */
} br_paginator;

/* Waiting for a state: an operation is repeated until an acceptor of success or failure fits. */
typedef struct br_waiter {
    uint16_t name; /* "memory_created" */
    uint16_t op;
    uint16_t delay; /* seconds between two requests */
    uint16_t attempts;
    uint16_t first, count; /* acceptors, to be asked in this order */
} br_waiter;

typedef enum br_waiter_state { BR_WAIT_SUCCESS, BR_WAIT_FAILURE, BR_WAIT_RETRY } br_waiter_state;

typedef struct br_acceptor {
    uint16_t path;     /* into the output, dotted; BR_NONE: the code of an error */
    uint16_t expected; /* what is found there */
    uint16_t state;    /* br_waiter_state */
} br_acceptor;

typedef struct br_partition {
    char id[16];
    char dns_suffix[32];
    char dualstack_suffix[40];
    char region_prefixes[48]; /* "us|eu|ap": a region is PREFIX-\w+-\d+ */
    bool fips, dualstack;
} br_partition;

typedef struct br_known_region {
    char name[24];
    uint8_t partition;
} br_known_region;

typedef struct br_model {
    uint32_t format_version;
    const char *facts_hash;   /* hex SHA-256 of the facts the tables were made from */
    const char *facts_source; /* "botocore 1.43.67 …", for api_version() */
    const char *names;
    uint32_t names_size;
    const uint32_t *name_places;
    uint32_t name_count;
    const br_shape *shapes;
    uint32_t shape_count;
    const br_member *members;
    uint32_t member_count;
    const br_op *ops;
    uint32_t op_count;
    const uint16_t *flat; /* operation indexes sorted by snake name, for flat lookup */
    const br_service *services;
    uint32_t service_count;
    const br_limits *limits;
    uint32_t limit_count;
    const uint16_t *enums; /* lists: count, then names */
    uint32_t enum_count;
    const uint16_t *error_lists; /* lists: count, then shape indexes */
    uint32_t error_list_count;
    const uint16_t (*wires)[2]; /* sorted: member index, name on the wire */
    uint32_t wire_count;
    /* sorted: a list and the name of an element in XML and forms, or a map and those of key and value;
       BR_NONE: the usual ones, "member", "key" and "value" */
    const uint16_t (*elements)[3];
    uint32_t element_count;
    const uint16_t *patterns; /* name indexes of the pattern texts */
    uint32_t pattern_count;
    const uint16_t
        *fragments; /* names; without any, patterns' texts are as they are: br_model_pattern */
    uint32_t fragment_count;
    const br_paginator *paginators; /* sorted by op */
    uint32_t paginator_count;
    const br_waiter *waiters;
    uint32_t waiter_count;
    const br_acceptor *acceptors;
    uint32_t acceptor_count;
    const br_partition *partitions;
    uint32_t partition_count;
    const br_known_region *regions; /* sorted by name */
    uint32_t region_count;
} br_model;

extern const br_model br_model_builtin;
/*
** Services of which no model is published: they have no operations, but requests can be signed and
** sent to them. bedrock-mantle: https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html
*/
extern const br_model br_model_routes;

br_slice br_model_name(const br_model *m, unsigned name);
br_slice br_model_wire_name(const br_model *m,
                            unsigned member); /* its own name if it has no other */
/*
** The text of a pattern; `room` is for those that are put together. In its name's text bytes from 128 on
** stand for fragments, and 255 comes before one that stands for itself.
*/
br_slice br_model_pattern(const br_model *m, unsigned pattern, char room[BR_PATTERN_MAX]);
/* The first or second of the names in `elements`; {NULL, 0}: the usual one. */
br_slice br_model_element_name(const br_model *m, const br_shape *s, unsigned which);
/* Binary search; -1 if not found. */
int br_model_member(const br_model *m, const br_shape *structure, br_slice name);
/* The same by the name that a JSON body has for it. */
int br_model_body_member(const br_model *m, const br_shape *structure, br_slice key);

/* Whether a JSON body has another name for it, as for very few. */
static inline bool br_member_is_renamed(const br_member *member)
{
    return (member->bits & (BR_MEMBER_WIRE | BR_MEMBER_LOC_MASK)) == BR_MEMBER_WIRE;
}

static inline br_slice br_member_name(const br_model *m, const br_member *member)
{
    uint32_t place = m->name_places[member->name];
    return (br_slice){m->names + (place >> BR_NAME_LENGTH_BITS), place & BR_NAME_MAX};
}

int br_model_service(const br_model *m, br_slice id_or_namespace);
int br_model_op(const br_model *m, unsigned service, br_slice snake);
int br_model_op_by_name(const br_model *m, unsigned service, br_slice upper_camel);

/*
** Flat lookup. count = how many services have it; ops[] gets at most BR_FLAT_MAX of them. One that
** owns the name (BR_OP_FLAT) is the only one found.
*/
#define BR_FLAT_MAX 16
unsigned br_model_flat(const br_model *m, br_slice snake, uint16_t ops[BR_FLAT_MAX]);

/* The error shape of that name: among the operation's, else any of the model; -1 if none. */
int br_model_error_shape(const br_model *m, unsigned op, br_slice name);
const br_paginator *br_model_paginator(const br_model *m, unsigned op);

#endif
