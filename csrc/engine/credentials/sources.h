/*
** All sources there are, each a file of its name. br_source_new chooses among them.
*/
#ifndef BR_ENGINE_CREDENTIALS_SOURCES_H
#define BR_ENGINE_CREDENTIALS_SOURCES_H

#include "core/aws/way.h"
#include "core/x509/x509.h"
#include "engine/credentials/principal.h"
#include "engine/credentials/source.h"

/* What sources are made from. */
typedef struct br_source_input {
    br_config *config;
    const br_way *way;     /* of the config's settings, or a later one */
    const br_layer *layer; /* of that */
    const br_model *model;
    const br_platform *platform;
    br_principal *below; /* of the layer below, which the source takes a reference of; NULL: none */
} br_source_input;

/*
** Reads what is its own of the layer (Roles Anywhere: of the settings) and the files that this names.
** NULL: problems say why.
*/
typedef br_source *br_source_maker(const br_source_input *in, br_problems *problems);

br_source_maker br_static_new;
br_source_maker br_roles_anywhere_new;
br_source_maker br_assume_role_new; /* assume_role and web_identity */
br_source_maker br_custom_new;
br_source_maker br_process_new;
br_source_maker br_container_new;
br_source_maker br_instance_new;
br_source_maker br_sso_new;
br_source_maker br_nothing_new; /* which always fails, with what was looked for */

/*
** Of a principal whose base is a function of the host's: are credentials wanted from it, as none of
** the layers holds any that may be used at once (now_ms: corrected time) and none were given that
** nobody has taken yet? Other principals want none.
*/
bool br_custom_wanted(const br_principal *who, int64_t now_ms);
/* What it gave; the next exchange takes it. A reference is taken. */
void br_custom_give(const br_principal *who, const br_credentials *set);
/* Code of the error of an exchange that found nothing given. */
#define BR_CUSTOM_WANTED "CredentialsWanted"

/* NULL: it is another source. Borrowed from it. */
const br_x509 *br_roles_anywhere_x509(const br_source *s);

/*
** With "sign", requests of Roles Anywhere are signed by whoever has the key, outside of the engine:
** a signature must be there when an exchange begins. Where none is, the exchange fails with code
** SignatureWanted (kind credentials). The host then orders what is to be signed, has it signed in its
** own thread, gives the signature, and obtains again. That again may end so (the profile refused the
** session name, the clock was wrong, the certificate was renewed): up to BR_SIGNATURES_MAX times.
**
** `who`: a client's principal; its base may lie below roles. All of it from any thread. now_ms:
** corrected time.
*/
#define BR_SIGNATURE_WANTED "SignatureWanted"
#define BR_SIGNATURES_MAX 4
#define BR_SIGNATURE_LIFE_MS 240000 /* then it is not sent any more */

typedef struct br_signature_order {
    int64_t now_ms;
    int64_t clock_ms;      /* what the service has shown this time to be wrong by */
    bool named;            /* the request carries the session name */
    const char *algorithm; /* "RSA-SHA256" (PKCS#1 v1.5), "ECDSA-SHA256" (DER); static */
} br_signature_order;

/*
** Is the base signed outside, and does none of the layers hold what may be used at once, and is no
** signature there? (An exchange also begins earlier or later than this says: see above.)
*/
bool br_signature_wanted(const br_principal *who, int64_t now_ms);
/*
** fresh: for BR_OBTAIN_FRESH. Appends the data to be signed. false: error set (another source: kind
** config).
*/
bool br_signature_order_new(const br_principal *who, int64_t now_ms, bool fresh,
                            br_signature_order *order, br_buf *data, br_error *error);
/* For the next exchange. false: it is no signature of that data by the certificate's key. */
bool br_signature_give(const br_principal *who, const br_signature_order *order, br_slice signature,
                       br_error *error);

/* Why files of a certificate that are there are not used, or "". */
#define BR_RENEWAL_PROBLEM_MAX 512
void br_roles_anywhere_problem(const br_source *s, char problem[BR_RENEWAL_PROBLEM_MAX]);

#endif
