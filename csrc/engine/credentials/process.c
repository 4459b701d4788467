/*
** The credentials that a program prints: credential_process. It is run for each acquisition,
** without a shell. What it says on standard error goes where the host's goes; nothing that it
** prints becomes part of an error.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/aws/command.h"
#include "core/aws/credential_answer.h"
#include "engine/credentials/layer_source.h"
#include "engine/credentials/process_mark.h"
#include "engine/loop/child.h"

#define LIMIT_MS 60000 /* where no read_timeout is given */
#define NAME_SHOWN_MAX 256
#define WHOSE "the output of credential_process"

typedef struct process {
    br_layer_source base;
    br_command command;
} process;

typedef struct run {
    br_child child;
    const process *source;
    br_source_order order;
    int64_t limit_ms;
    br_error error;
} run;

static void explain_end(run *r)
{
    const br_child *c = &r->child;
    br_slice name = br_slice_cut(br_slice_of(r->source->command.words[0]), NAME_SHOWN_MAX);
    bool late = c->end == BR_CHILD_TIMED_OUT;
    char how[128];
    if (c->end == BR_CHILD_EXITED)
        snprintf(how, sizeof how, "exited with status %d", c->code);
    else if (c->end == BR_CHILD_SIGNALLED)
        snprintf(how, sizeof how, "was ended by signal %d", c->code);
    else if (late)
        snprintf(how, sizeof how, "did not end within %lld ms, so it was ended",
                 (long long)r->limit_ms);
    else
        snprintf(how, sizeof how, "printed more than %zu bytes, so it was ended",
                 BR_CHILD_OUTPUT_MAX);
    br_error_set(
        &r->error, late ? BR_ERR_TIMEOUT : BR_ERR_CREDENTIALS,
        late ? "ProcessTimeout" : "ProcessFailed",
        "credential_process: \"%.*s\" %s; what it says is in this program's standard error",
        (int)name.n, name.p, how);
}

/* One whose status the host has taken is judged by what it printed. */
static const br_credentials *result_of(run *r)
{
    const br_child *c = &r->child;
    if (c->end != BR_CHILD_UNKNOWN && (c->end != BR_CHILD_EXITED || c->code != 0)) {
        explain_end(r);
        return NULL;
    }
    return br_credential_answer(BR_ANSWER_PROCESS, WHOSE, br_buf_slice(&c->output), &r->error);
}

static void ended(void *user)
{
    run *r = user;
    br_engine *e = r->order.engine;
    int64_t now_ms = br_skew_now_ms(&r->source->base.base.config->skew, e);
    const br_credentials *set = result_of(r);
    bool expired =
        set != NULL && br_credentials_expired(set, WHOSE, now_ms, (br_slice){NULL, 0}, &r->error);
    br_source_result result = {.credentials = expired ? NULL : set,
                               .error = &r->error,
                               .retryable = r->child.end == BR_CHILD_TIMED_OUT};
    r->order.done(r->order.user, &result);
    br_credentials_unref(set);
}

static void stop(void *acquisition)
{
    run *r = acquisition;
    br_child_stop(&r->child);
    free(r);
}

static int64_t limit_of(const br_config *config)
{
    return config->settings.given[BR_OPT_READ_TIMEOUT] && config->timeouts.read_ms >= 0
               ? config->timeouts.read_ms
               : LIMIT_MS;
}

static bool identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    return br_layer_source_identity((const br_layer_source *)base, NULL, 0, out);
}

static void explain_mark(br_mark_end end, br_slice name, br_error *error)
{
    if (end == BR_MARK_NO_MEMORY)
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    else if (end == BR_MARK_AGAIN)
        br_error_set(error, BR_ERR_CREDENTIALS, "ProcessFailed",
                     "credential_process: \"%.*s\" is what runs this program: it would ask itself, "
                     "without end; give it settings that do not lead back to this line",
                     (int)name.n, name.p);
    else
        br_error_set(error, BR_ERR_CREDENTIALS, "ProcessFailed",
                     "credential_process: \"%.*s\" would be the %dth that runs within another; "
                     "no more are started",
                     (int)name.n, name.p, BR_PROCESS_MARK_DEPTH_MAX + 1);
}

static bool start(run *r, br_error *error)
{
    const process *s = r->source;
    uint8_t id[BR_IDENTITY_SIZE];
    br_marked marked;
    br_slice name = br_slice_cut(br_slice_of(s->command.words[0]), NAME_SHOWN_MAX);
    br_mark_end end =
        identity(&s->base.base, id) ? br_process_mark(id, &marked) : BR_MARK_NO_MEMORY;
    if (end != BR_MARK_SET) {
        explain_mark(end, name, error);
        return false;
    }
    int problem = br_child_start(&r->child, r->order.engine, s->command.words, marked.list,
                                 r->limit_ms, ended, r);
    br_process_mark_free(&marked);
    if (problem != 0)
        br_error_set(error, BR_ERR_CREDENTIALS, "ProcessFailed",
                     "credential_process: cannot start \"%.*s\": %s", (int)name.n, name.p,
                     strerror(problem));
    return problem == 0;
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    const process *s = (const process *)base;
    run *r = calloc(1, sizeof *r);
    if (r == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    r->source = s;
    r->order = *order;
    r->limit_ms = limit_of(base->config);
    if (start(r, error))
        return r;
    stop(r);
    return NULL;
}

static void release(br_source *base)
{
    br_command_free(&((process *)base)->command);
    br_layer_source_free(base);
}

br_source *br_process_new(const br_source_input *in, br_problems *problems)
{
    static const br_source_ops ops = {
        .begin = begin, .stop = stop, .identity = identity, .free = release};
    if (in->layer->text[BR_LAYER_COMMAND] == NULL) {
        br_problems_add(problems, "missing", BR_SLICE("credential_process"),
                        "missing: a command line that prints credentials");
        return NULL;
    }
    process *s = br_layer_source_new(sizeof *s, &ops, in, problems);
    if (s == NULL)
        return NULL;
    const char *why = br_command_split(br_layer_get(s->base.layer, BR_LAYER_COMMAND), &s->command);
    if (why == NULL)
        return &s->base.base;
    br_problems_add(problems, "pattern", BR_SLICE("credential_process"), "the line %s", why);
    br_source_unref(&s->base.base);
    return NULL;
}
