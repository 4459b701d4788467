/*
** A request of Roles Anywhere that is signed outside of the engine. Of one order it is always the
** same, so that only the order and the signature are kept.
*/
#ifndef BR_ENGINE_CREDENTIALS_OUTSIDE_SIGNATURE_H
#define BR_ENGINE_CREDENTIALS_OUTSIDE_SIGNATURE_H

#include "engine/credentials/sources.h"

typedef struct br_outside_signature {
    br_signature_order order;
    size_t n; /* 0: none */
    uint8_t bytes[BR_SIGNATURE_MAX];
} br_outside_signature;

/* What signs for whom, where. Borrowed. */
typedef struct br_outside {
    const br_ra_params *params;
    const br_x509 *x509;
    const br_url *endpoint;
} br_outside;

/* Appends what is to be signed. */
bool br_outside_data(const br_outside *o, const br_signature_order *order, br_buf *data,
                     br_error *error);
/* The request, complete. false: error set, also of a signature that does not fit. */
bool br_outside_request(const br_outside *o, const br_signature_order *order, br_slice signature,
                        br_request *out, br_error *error);
bool br_outside_wanted(br_error *error); /* SignatureWanted; false */

/* What a source keeps of it; zero-filled before use. From any thread: under br_registry_enter. */
typedef struct br_outside_desk {
    br_outside_signature signature; /* for the next exchange */
    bool suspected;                 /* a refusal has shown a skew, which is to be tried */
    int64_t skew_ms;
} br_outside_desk;

/* false: it does not fit; error set. */
bool br_outside_put(br_outside_desk *d, const br_outside *o, const br_signature_order *order,
                    br_slice signature, br_error *error);
/* A signature serves one exchange. false: there is none that is young enough. */
bool br_outside_take(br_outside_desk *d, int64_t now_ms, br_outside_signature *out);
bool br_outside_ready(const br_outside_desk *d, int64_t now_ms);
/* Of a source of Roles Anywhere that is signed outside. NULL: any other. */
br_outside_desk *br_roles_anywhere_desk(br_source *s, br_outside *what);
/* A profile's refusal of the name, noted at note_ms (0: none), counts for a day. */
bool br_session_name_ordered(const br_ra_params *params, bool fresh, int64_t note_ms,
                             int64_t now_ms);

void br_outside_suspect(br_outside_desk *d, int64_t skew_ms);
/* What is to be tried, from the time as the skew has it. */
int64_t br_outside_clock_ms(const br_outside_desk *d, const br_skew *skew);
/* After an exchange signed for a suspected skew: it is learned, or forgotten. */
void br_outside_judge(br_outside_desk *d, bool accepted, br_skew *skew);

#endif
