#include "check.h"

#include <string.h>

#include "model/model.h"

static const br_model *const m = &br_model_builtin;

static bool ordered(br_slice a, br_slice b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order < 0 || (order == 0 && a.n < b.n);
}

static void every_index_is_in_range(void)
{
    for (unsigned i = 0; i < m->shape_count; i++) {
        const br_shape *s = &m->shapes[i];
        if (s->kind == BR_SHAPE_STRUCTURE || s->kind == BR_SHAPE_UNION)
            CHECK(s->b <= BR_MEMBERS_MAX && s->a + s->b <= m->member_count);
        if (s->kind == BR_SHAPE_LIST)
            CHECK(s->a < m->shape_count);
        if (s->kind == BR_SHAPE_MAP)
            CHECK(s->a < m->shape_count && s->b < m->shape_count);
        if (s->flags & BR_SHAPE_ERROR)
            CHECK(br_model_name(m, s->c).n > 0);
    }
    for (unsigned i = 0; i < m->member_count; i++)
        CHECK(m->members[i].shape < m->shape_count && m->members[i].name < m->name_count);
    for (unsigned i = 0; i < m->op_count; i++)
        CHECK(m->ops[i].service < m->service_count && br_model_name(m, m->ops[i].uri).p[0] == '/');
}

static void members_are_sorted_and_found(void)
{
    for (unsigned i = 0; i < m->shape_count; i++) {
        const br_shape *s = &m->shapes[i];
        if (s->kind != BR_SHAPE_STRUCTURE && s->kind != BR_SHAPE_UNION)
            continue;
        for (int k = s->a; k < s->a + s->b; k++) {
            br_slice name = br_model_name(m, m->members[k].name);
            CHECK_INT(br_model_member(m, s, name), k);
            if (k > s->a)
                CHECK(ordered(br_model_name(m, m->members[k - 1].name), name));
        }
        CHECK_INT(br_model_member(m, s, BR_SLICE("no such member")), -1);
    }
}

static void operations_are_found_by_every_name(void)
{
    unsigned hidden = 0;
    for (unsigned i = 0; i < m->op_count; i++) {
        const br_op *op = &m->ops[i];
        uint16_t found[BR_FLAT_MAX];
        CHECK_INT(br_model_op(m, op->service, br_model_name(m, op->snake)), i);
        CHECK_INT(br_model_op_by_name(m, op->service, br_model_name(m, op->name)), i);
        unsigned n = br_model_flat(m, br_model_name(m, op->snake), found);
        bool listed = false;
        for (unsigned k = 0; k < n && k < BR_FLAT_MAX; k++)
            listed = listed || found[k] == i;
        /* A name that was flat before others had it leads to its first owner alone. */
        CHECK(listed || (n == 1 && (m->ops[found[0]].flags & BR_OP_FLAT)));
        hidden += !listed;
    }
    CHECK_INT(hidden, 12);
}

static void names_that_many_services_have(void)
{
    uint16_t ops[BR_FLAT_MAX];
    unsigned ambiguous = 0;
    for (unsigned i = 0; i < m->op_count; i++)
        ambiguous += br_model_flat(m, br_model_name(m, m->ops[i].snake), ops) > 1 && ops[0] == i;
    CHECK_INT(ambiguous, 7);
    CHECK(br_model_flat(m, BR_SLICE("tag_resource"), ops) > 1);
    CHECK_INT(br_model_flat(m, BR_SLICE("converse"), ops), 1);
    CHECK_SLICE(br_model_name(m, m->services[m->ops[ops[0]].service].id), "bedrock-runtime");
    CHECK_INT(br_model_flat(m, BR_SLICE("convers"), ops), 0);
    CHECK_INT(br_model_flat(m, BR_SLICE("zzz"), ops), 0);
    CHECK_INT(br_model_flat(m, BR_SLICE(""), ops), 0);
}

static void services_have_two_names(void)
{
    int runtime = br_model_service(m, BR_SLICE("bedrock-runtime"));
    CHECK(runtime >= 0);
    CHECK_INT(br_model_service(m, BR_SLICE("runtime")), runtime);
    CHECK_INT(br_model_service(m, BR_SLICE("run")), -1);
    CHECK_INT(m->services[runtime].auth, BR_SERVICE_AUTH_SIGV4 | BR_SERVICE_AUTH_BEARER);
    int agentcore = br_model_service(m, BR_SLICE("agentcore"));
    CHECK_SLICE(br_model_name(m, m->services[agentcore].signing), "bedrock-agentcore");
    CHECK_INT(m->services[agentcore].auth, BR_SERVICE_AUTH_SIGV4);
    int keystone = br_model_service(m, BR_SLICE("data_automation_runtime"));
    CHECK_INT(m->services[keystone].protocol, BR_JSON_11);
    CHECK_SLICE(br_model_name(m, m->services[keystone].target),
                "AmazonBedrockKeystoneRuntimeService");
}

static int op_index(const char *service, const char *snake)
{
    int s = br_model_service(m, (br_slice){service, strlen(service)});
    return br_model_op(m, (unsigned)s, (br_slice){snake, strlen(snake)});
}

static void one_operation_in_full(void)
{
    const br_op *op = &m->ops[op_index("runtime", "invoke_model_with_response_stream")];
    CHECK_SLICE(br_model_name(m, op->uri), "/model/{modelId}/invoke-with-response-stream");
    CHECK_SLICE(br_model_name(m, op->stream), "body");
    CHECK_INT(op->method, BR_POST);
    CHECK_INT(op->code, 0);
    CHECK_INT(op->flags, BR_OP_EVENT_OUT);
    int trace = br_model_member(m, &m->shapes[op->in], BR_SLICE("trace"));
    CHECK(trace >= 0);
    CHECK_INT(m->members[trace].bits & BR_MEMBER_LOC_MASK, BR_MEMBER_HEADER);
    CHECK_SLICE(br_model_wire_name(m, (unsigned)trace), "X-Amzn-Bedrock-Trace");
    int model = br_model_member(m, &m->shapes[op->in], BR_SLICE("modelId"));
    CHECK_SLICE(br_model_wire_name(m, (unsigned)model), "modelId");
    CHECK_INT(m->members[model].bits, BR_MEMBER_URI | BR_MEMBER_REQUIRED);
    const br_shape *id = &m->shapes[m->members[model].shape];
    CHECK_INT(id->kind, BR_SHAPE_STRING);
    CHECK(m->limits[id->a].min == 1 && m->limits[id->a].max == 2048);
}

static void errors_by_name(void)
{
    unsigned op = (unsigned)op_index("runtime", "invoke_model");
    int shape = br_model_error_shape(m, op, BR_SLICE("ModelErrorException"));
    CHECK(shape >= 0);
    CHECK(br_model_member(m, &m->shapes[shape], BR_SLICE("originalStatusCode")) >= 0);
    CHECK_INT(br_model_error_shape(m, op, BR_SLICE("NoSuchException")), -1);
    CHECK(br_model_error_shape(m, op, BR_SLICE("MalformedPolicyDocument")) >= 0);
}

static void paginators_by_operation(void)
{
    const br_paginator *p =
        br_model_paginator(m, (unsigned)op_index("agent", "list_agent_action_groups"));
    CHECK(p != NULL);
    if (p == NULL)
        return;
    CHECK_SLICE(br_model_name(m, p->in), "nextToken");
    CHECK_SLICE(br_model_name(m, p->result), "actionGroupSummaries");
    CHECK_INT(p->more, BR_NONE);
    p = br_model_paginator(m, (unsigned)op_index("agentcore", "list_browser_sessions"));
    CHECK(p != NULL);
    CHECK(br_model_paginator(m, (unsigned)op_index("runtime", "converse")) == NULL);
}

static void waiters_with_their_acceptors(void)
{
    CHECK_INT(m->waiter_count, 8);
    for (unsigned i = 0; i < m->waiter_count; i++) {
        const br_waiter *w = &m->waiters[i];
        CHECK(w->op < m->op_count && w->delay > 0 && w->attempts > 0 && w->count > 0);
        CHECK((uint32_t)w->first + w->count <= m->acceptor_count);
    }
    const br_waiter *created = &m->waiters[0];
    CHECK_SLICE(br_model_name(m, created->name), "memory_created");
    CHECK_SLICE(br_model_name(m, m->ops[created->op].snake), "get_memory");
    CHECK_INT(created->delay, 2);
    CHECK_INT(created->attempts, 60);
    CHECK_INT(created->count, 3);
    const br_acceptor *a = &m->acceptors[created->first + 1];
    CHECK_SLICE(br_model_name(m, a->path), "memory.status");
    CHECK_SLICE(br_model_name(m, a->expected), "ACTIVE");
    CHECK_INT(a->state, BR_WAIT_SUCCESS);
}

static void regions_and_partitions(void)
{
    for (unsigned i = 0; i < m->region_count; i++) {
        CHECK(m->regions[i].partition < m->partition_count);
        if (i > 0)
            CHECK(strcmp(m->regions[i - 1].name, m->regions[i].name) < 0);
        CHECK(strstr(m->regions[i].name, "-global") == NULL);
    }
    CHECK_STR(m->partitions[0].id, "aws");
    CHECK_STR(m->partitions[0].dns_suffix, "amazonaws.com");
    CHECK(strncmp(m->partitions[0].region_prefixes, "us|eu|", 6) == 0);
    CHECK_STR(m->partitions[2].region_prefixes, "eusc-de");
}

/* Bytes that stand for fragments are those parts; others, and one that follows 255, are themselves. */
static void patterns_are_put_together(void)
{
    static const uint32_t places[] = {0 << BR_NAME_LENGTH_BITS | 5, 5 << BR_NAME_LENGTH_BITS | 3};
    static const uint16_t first[] = {0}, second[] = {1};
    char room[BR_PATTERN_MAX];
    br_model made = {
        .names = "x\x80y\xFF\x80[a]",
        .names_size = 8,
        .name_places = places,
        .name_count = 2,
        .patterns = first,
        .pattern_count = 1,
        .fragments = second,
        .fragment_count = 1,
    };
    br_slice text = br_model_pattern(&made, 0, room);
    CHECK(br_slice_eqs(text, "x[a]y\x80"));
    made.fragment_count = 0;
    text = br_model_pattern(&made, 0, room);
    CHECK(br_slice_eqs(text, "x\x80y\xFF\x80"));
}

int main(void)
{
    CHECK_INT(m->format_version, BR_MODEL_FORMAT);
    CHECK_INT(strlen(m->facts_hash), 64);
    CHECK_INT(m->op_count, 617);
    CHECK_INT(m->service_count, 12);
    every_index_is_in_range();
    members_are_sorted_and_found();
    operations_are_found_by_every_name();
    names_that_many_services_have();
    services_have_two_names();
    one_operation_in_full();
    errors_by_name();
    paginators_by_operation();
    waiters_with_their_acceptors();
    regions_and_partitions();
    patterns_are_put_together();
    return check_done();
}
