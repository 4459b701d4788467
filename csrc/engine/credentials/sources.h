/*
** All sources there are, each a file of its name. br_source_new chooses among them.
*/
#ifndef BR_ENGINE_CREDENTIALS_SOURCES_H
#define BR_ENGINE_CREDENTIALS_SOURCES_H

#include "core/x509/x509.h"
#include "engine/credentials/principal.h"
#include "engine/credentials/source.h"

/* What sources are made from. */
typedef struct br_source_input {
    br_config *config;
    const br_layer *layer; /* of the config's settings */
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
/* Why files of a certificate that are there are not used, or "". */
#define BR_RENEWAL_PROBLEM_MAX 512
void br_roles_anywhere_problem(const br_source *s, char problem[BR_RENEWAL_PROBLEM_MAX]);

#endif
