/*
** The local endpoint (spec/endpoint), steered from C: what runs is described in
** $BEDROCK_TEST_ENDPOINT/endpoint.json. Everything here ends the program if there is none.
*/
#ifndef BR_SPEC_ENDPOINT_H
#define BR_SPEC_ENDPOINT_H

#include "core/http/uri.h"
#include "core/http/url.h"

/* A text of endpoint.json: "https", "ca_file", "access_key_id", …; kept until the end. */
const char *endpoint_text(const char *name);
br_url endpoint_url(const char *name);

void endpoint_reset(void);
void endpoint_config(const char *json);
void endpoint_script(const char *json); /* a list of rules */
void endpoint_expire(void);
long endpoint_counter(const char *name); /* 0 for what never happened */
/* The record of requests, as JSON; valid until the next call. */
const char *endpoint_requests(void);

#endif
