#include "engine/credentials/provider_exchange.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/aws/harmless.h"
#include "core/aws/service_error.h"
#include "core/base/times.h"
#include "core/http/coding.h"

#define REGION_ADVICE_MAX 384 /* three regions and the words between */
#define TOLD_SHOWN_MAX 1024   /* of a message */

static void send_request(br_exchange *x);

static void finish(br_exchange *x)
{
    x->done(x->user);
}

static void forget_attempt(br_exchange *x)
{
    br_request_free(&x->request);
    br_request_init(&x->request);
    br_headers_clear(&x->headers);
    br_buf_clear(&x->body);
    x->status = 0;
}

static void fire_retry(void *user)
{
    br_exchange *x = user;
    send_request(x);
}

static void repeat_after(br_exchange *x, int delay_ms)
{
    forget_attempt(x);
    if (br_timer_start(x->engine, &x->retry, delay_ms, fire_retry, x))
        return;
    br_error_set(&x->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    finish(x);
}

/*
** The last failure is in x->error; repeats it if its kind, the number of attempts and the time for
** which the service asks allow.
*/
static void fail_or_repeat(br_exchange *x, br_failure failure)
{
    int max = x->client->max_attempts;
    max = max < BR_EXCHANGE_ATTEMPTS ? max : BR_EXCHANGE_ATTEMPTS;
    int64_t hint = br_retry_hint_ms(&x->headers, br_client_now_ms(x->client, x->engine));
    x->error.told_to_wait = hint >= 0;
    x->error.retry_after_ms = hint;
    if (!x->retryable || x->attempt >= max || hint > BR_RETRY_HINT_MAX_MS) {
        finish(x);
        return;
    }
    repeat_after(x, br_retry_delay_ms(failure, x->attempt, br_engine_random01(x->engine), hint));
}

static void transfer_failed(br_exchange *x, const br_transfer_result *result)
{
    br_error_set(&x->error, result->error->kind, result->error->code,
                 "getting credentials from IAM Roles Anywhere: %s", result->error->message);
    x->retryable = true;
    x->fresh_connection = true;
    if (result->end == BR_DONE_STALE && !x->stale_repeated) {
        x->stale_repeated = true;
        x->attempt--;
        repeat_after(x, 0);
        return;
    }
    fail_or_repeat(x, BR_FAIL_TRANSIENT);
}

static bool clock_corrected(br_exchange *x, const br_error *told)
{
    if (!br_clock_suspect(&x->clock, x->status, told))
        return false;
    bool again = br_clock_correct(&x->clock, told);
    if (!again)
        br_clock_settle(&x->clock, x->client, false);
    return again;
}

/* Repeats that the refusal itself calls for, uncounted. */
static bool repeat_corrected(br_exchange *x, const br_error *told)
{
    if (x->name_sent && br_ra_session_name_refused(x->status, br_slice_of(told->message))) {
        x->name_refused = true;
        x->name_sent = false;
    } else if (!clock_corrected(x, told)) {
        return false;
    }
    x->attempt--;
    repeat_after(x, 0);
    return true;
}

static const char *likely_causes(int status)
{
    if (status == 404)
        return ". Check that profile_arn and trust_anchor_arn exist in this region and account";
    if (status != 401 && status != 403)
        return "";
    return ". Check that the trust anchor is enabled and its CA issued the certificate (with any "
           "intermediates in certificate_chain); that the profile is enabled and lists the role; "
           "that the role's trust policy allows rolesanywhere.amazonaws.com sts:AssumeRole, "
           "sts:TagSession and sts:SetSourceIdentity; that the certificate is not revoked; and "
           "that this machine's clock is right";
}

/* "" unless the ARNs are of another region than the one that was asked. */
static void explain_region(const br_exchange *x, char out[REGION_ADVICE_MAX])
{
    const br_settings *s = &x->client->settings;
    br_slice region;
    br_option option;
    out[0] = '\0';
    if (x->status < 500 && x->status != 429 && br_settings_foreign_arns(s, &region, &option))
        snprintf(out, REGION_ADVICE_MAX,
                 ". profile_arn and trust_anchor_arn are of region %.*s but Roles Anywhere was "
                 "asked as %s: set %s = \"%.*s\"",
                 (int)region.n, region.p, s->ra_region, br_option_name(option), (int)region.n,
                 region.p);
}

/* Of what was told only what is known to be no secret. */
static void add_told(const br_exchange *x, const br_error *told, br_buf *out)
{
    const br_ra_params *p = &x->client->ra;
    const br_slice echoes[] = {p->profile_arn, p->role_arn, p->trust_anchor_arn, p->region,
                               p->session_name};
    const br_harmless known = {echoes, sizeof echoes / sizeof *echoes, false};
    br_slice message = br_slice_of(told->message);
    message.n = message.n < TOLD_SHOWN_MAX ? message.n : TOLD_SHOWN_MAX;
    br_harmless_text(out, message, &known);
}

static void explain_refusal(br_exchange *x, const br_error *told)
{
    char region[REGION_ADVICE_MAX], code[BR_ERROR_CODE_MAX];
    br_slice id = br_request_id(&x->headers);
    br_buf text;
    br_buf_init(&text, BR_ERROR_MESSAGE_MAX);
    add_told(x, told, &text);
    explain_region(x, region);
    bool named = br_harmless_code(br_slice_of(told->code));
    if (named)
        snprintf(code, sizeof code, "%s", told->code);
    else
        snprintf(code, sizeof code, "HTTP%d", x->status);
    br_error_set(&x->error, BR_ERR_CREDENTIALS, code,
                 "IAM Roles Anywhere refused CreateSession: %.*s%s%s", (int)text.len,
                 text.len > 0 ? text.data : "", region, likely_causes(x->status));
    br_buf_free(&text);
    x->error.status = x->status;
    if (br_harmless_id(id))
        snprintf(x->error.request_id, sizeof(x->error.request_id), "%.*s", (int)id.n, id.p);
}

static void judge_refusal(br_exchange *x, const br_error *told)
{
    br_failure failure = br_retry_classify(x->status, br_slice_of(told->code));
    bool throttled = x->status == 429 || failure == BR_FAIL_THROTTLING;
    x->retryable = throttled || x->status >= 500;
    if (!x->retryable && repeat_corrected(x, told))
        return;
    explain_refusal(x, told);
    fail_or_repeat(x, throttled ? BR_FAIL_THROTTLING : BR_FAIL_TRANSIENT);
}

static void refused(br_exchange *x)
{
    br_error told;
    br_service_error(x->status, &x->headers, br_buf_slice(&x->body), &told);
    judge_refusal(x, &told);
    OPENSSL_cleanse(&told, sizeof told);
}

static void unusable(br_exchange *x)
{
    br_error_set(&x->error, BR_ERR_TRANSPORT, "BadResponse",
                 "the answer of IAM Roles Anywhere is over %zu bytes", BR_EXCHANGE_ANSWER_MAX);
    x->retryable = true;
    fail_or_repeat(x, BR_FAIL_TRANSIENT);
}

static void answered(br_exchange *x)
{
    if (x->body.failed || x->headers.failed) {
        unusable(x);
        return;
    }
    if (x->status < 200 || x->status > 299) {
        refused(x);
        return;
    }
    x->retryable = false;
    if (!br_coded(&x->headers))
        x->credentials = br_ra_answer(br_buf_slice(&x->body), &x->error);
    else
        br_coding_refuse(&x->headers, &x->error);
    finish(x);
}

static void on_head(void *user, int status, br_headers *headers)
{
    br_exchange *x = user;
    x->status = status;
    for (size_t i = 0; i < headers->count; i++)
        br_headers_add(&x->headers, br_headers_name(headers, i), br_headers_value(headers, i));
    if (status < 200 || status > 299)
        br_clock_read(&x->clock, headers, br_transfer_date_trusted(x->transfer),
                      br_engine_wall_ms(x->engine));
    else
        br_clock_settle(&x->clock, x->client, true);
}

static bool on_data(void *user, br_slice bytes)
{
    br_exchange *x = user;
    if (br_buf_add_slice(&x->body, bytes))
        return true;
    br_transfer_cancel(x->transfer);
    x->transfer = NULL;
    unusable(x);
    return false;
}

static void on_done(void *user, const br_transfer_result *result)
{
    br_exchange *x = user;
    x->transfer = NULL;
    if (result->end == BR_DONE_OK)
        answered(x);
    else
        transfer_failed(x, result);
}

static void explain_expiry(br_exchange *x)
{
    char end[BR_ISO_DATE_SIZE], problem[BR_RENEWAL_PROBLEM_MAX];
    br_slice subject = br_x509_subject(x->x509);
    br_time_iso(br_x509_not_after_ms(x->x509), end);
    br_client_renewal_problem(x->client, problem);
    br_error_set(&x->error, BR_ERR_CREDENTIALS, "CertificateExpired",
                 "the certificate of %.*s expired at %s, so IAM Roles Anywhere gives no "
                 "credentials for it: %s%s%s",
                 (int)(subject.n < 512 ? subject.n : 512), subject.p, end,
                 x->client->renewable ? "put a renewed one in its place, with its key"
                                      : "connect again with a renewed one",
                 problem[0] != '\0' ? "; what is there now is not used: " : "", problem);
}

static bool certificate_good(br_exchange *x)
{
    if (x->signed_ms <= br_x509_not_after_ms(x->x509))
        return true;
    explain_expiry(x);
    return false;
}

static bool build_request(br_exchange *x)
{
    br_ra_params params = x->client->ra;
    if (!x->name_sent)
        params.session_name = (br_slice){NULL, 0};
    return br_ra_request(br_engine_digest(x->engine), &params, x->x509, &x->client->ra_endpoint,
                         x->signed_ms, &x->request, NULL, &x->error);
}

static bool start_transfer(br_exchange *x)
{
    static const br_transfer_ops ops = {on_head, on_data, on_done};
    br_transfer_request request = {
        .method = x->request.method,
        .endpoint = &x->client->ra_endpoint,
        .target = br_buf_slice(&x->request.path),
        .headers = &x->request.headers,
        .body = br_buf_slice(&x->request.body),
        .has_body = x->request.has_body,
        .timeouts = x->client->timeouts,
        .net = x->client->ra_net,
        .fresh_connection = x->fresh_connection,
    };
    x->transfer = br_transfer_start(x->engine, &request, &ops, x, &x->error);
    return x->transfer != NULL;
}

static void send_request(br_exchange *x)
{
    x->attempt++;
    x->retryable = false;
    forget_attempt(x);
    x->signed_ms = br_clock_now_ms(&x->clock, x->client, x->engine);
    if (!certificate_good(x) || !build_request(x) || !start_transfer(x))
        finish(x);
}

bool br_exchange_start(br_exchange *x, br_engine *e, br_client *c, const br_x509 *x509,
                       bool with_name, void (*done)(void *user), void *user)
{
    x->engine = e;
    x->client = c;
    x->x509 = x509;
    x->done = done;
    x->user = user;
    x->name_sent = with_name && c->ra.session_name.n > 0;
    br_request_init(&x->request);
    br_headers_init_secret(&x->headers);
    br_buf_init_secret(&x->body, BR_EXCHANGE_ANSWER_MAX);
    if (br_timer_start(e, &x->retry, 0, fire_retry, x))
        return true;
    return br_error_set(&x->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

void br_exchange_stop(br_exchange *x)
{
    if (x->engine == NULL)
        return;
    br_transfer_cancel(x->transfer);
    x->transfer = NULL;
    br_timer_stop(x->engine, &x->retry);
    br_request_free(&x->request);
    br_headers_free(&x->headers);
    br_buf_free(&x->body);
    br_credentials_unref(x->credentials);
    x->credentials = NULL;
    x->engine = NULL;
}
