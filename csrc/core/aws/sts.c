#include "core/aws/sts.h"

#include <string.h>

#include "core/base/hex.h"
#include "core/base/times.h"
#include "core/http/uri.h"
#include "core/text/xml.h"

#define EXPIRATION_MAX 64

enum { ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, EXPIRATION, MEMBERS };

static const struct {
    const char *name;
    size_t max;
} members[MEMBERS] = {
    {"AccessKeyId", BR_ACCESS_KEY_ID_MAX},
    {"SecretAccessKey", BR_SECRET_MAX},
    {"SessionToken", BR_SESSION_TOKEN_MAX},
    {"Expiration", EXPIRATION_MAX},
};

void br_sts_session_name(const uint8_t random[BR_STS_RANDOM], char out[BR_STS_NAME_SIZE])
{
    static const char prefix[] = "lua-bedrock-";
    memcpy(out, prefix, sizeof prefix - 1);
    br_hex(out + sizeof prefix - 1, random, BR_STS_RANDOM);
    out[sizeof prefix - 1 + 2 * BR_STS_RANDOM] = '\0';
}

void br_sts_add(br_buf *form, const char *name, br_slice value)
{
    br_buf_addf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    br_uri_encode(form, value, false);
}

bool br_sts_request(const char *action, br_slice form, const br_url *endpoint, br_request *out)
{
    br_request_free(out);
    br_request_init(out);
    out->body.secret = true;
    br_headers_init_secret(&out->headers);
    memcpy(out->method, "POST", sizeof "POST");
    br_buf_adds(&out->path, endpoint->path);
    br_buf_adds(&out->path, "/");
    br_headers_add(&out->headers, BR_SLICE("content-type"),
                   BR_SLICE("application/x-www-form-urlencoded; charset=utf-8"));
    br_buf_addf(&out->body, "Action=%s&Version=2011-06-15&", action);
    br_buf_add_slice(&out->body, form);
    out->has_body = true;
    return !out->body.failed && !out->path.failed && !out->headers.failed;
}

static bool bad(br_error *error, const char *what, const char *name)
{
    return br_error_set(error, BR_ERR_CREDENTIALS, "BadResponse",
                        "the STS answer %s%s: check that the endpoint is STS's", what, name);
}

/* The member's text; elements within Credentials have no elements of their own. */
static bool read_member(br_xml *x, br_slice name, br_buf values[MEMBERS])
{
    for (int i = 0; i < MEMBERS; i++) {
        if (!br_slice_eqs(name, members[i].name))
            continue;
        br_buf_clear(&values[i]);
        x->text = &values[i];
        return br_xml_text(x);
    }
    return true;
}

static bool read_credentials(br_slice body, br_buf values[MEMBERS])
{
    br_xml x = {.p = body.p, .end = body.p + body.n, .text = &values[0]};
    br_xml_tag tag;
    bool inside = false;
    while (br_xml_next_tag(&x, &tag)) {
        if (br_slice_eqs(tag.name, "Credentials")) {
            if (inside || tag.empty)
                return true;
            inside = !tag.closing;
        } else if (inside && !tag.closing && !tag.empty && !read_member(&x, tag.name, values)) {
            return false;
        }
    }
    return x.error == NULL && !inside;
}

static const br_credentials *make(const br_buf values[MEMBERS], br_error *error)
{
    int64_t expiration_ms;
    for (int i = 0; i < MEMBERS; i++) {
        br_slice value = br_buf_slice(&values[i]);
        if (value.n == 0 || values[i].failed || !br_header_value_ok(value)) {
            bad(error, "has no usable Credentials.", members[i].name);
            return NULL;
        }
    }
    if (!br_time_parse_iso(br_buf_slice(&values[EXPIRATION]), &expiration_ms)) {
        bad(error, "has no ISO 8601 time in Credentials.", members[EXPIRATION].name);
        return NULL;
    }
    const br_credentials *c = br_credentials_new(
        br_buf_slice(&values[ACCESS_KEY_ID]), br_buf_slice(&values[SECRET_ACCESS_KEY]),
        br_buf_slice(&values[SESSION_TOKEN]), expiration_ms);
    if (c == NULL)
        br_error_set(error, BR_ERR_CREDENTIALS, "NoMemory", "out of memory");
    return c;
}

const br_credentials *br_sts_answer(br_slice body, br_error *error)
{
    br_buf values[MEMBERS];
    const br_credentials *c = NULL;
    for (int i = 0; i < MEMBERS; i++)
        br_buf_init_secret(&values[i], members[i].max);
    if (read_credentials(body, values))
        c = make(values, error);
    else
        bad(error, "is not the XML that was expected", "");
    for (int i = 0; i < MEMBERS; i++)
        br_buf_free(&values[i]);
    return c;
}
