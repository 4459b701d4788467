/*
** All sources there are, each a file of its name. br_source_new chooses among them.
*/
#ifndef BR_ENGINE_CREDENTIALS_SOURCES_H
#define BR_ENGINE_CREDENTIALS_SOURCES_H

#include "core/x509/x509.h"
#include "engine/credentials/source.h"

/*
** Reads the options of the settings that are its own, and the files that they name. NULL: problems
** say why.
*/
typedef br_source *br_source_maker(br_config *config, const br_model *model,
                                   const br_platform *platform, br_problems *problems);

br_source_maker br_static_new;
br_source_maker br_roles_anywhere_new;

/* NULL: it is another source. Borrowed from it. */
const br_x509 *br_roles_anywhere_x509(const br_source *s);
/* Why files of a certificate that are there are not used, or "". */
#define BR_RENEWAL_PROBLEM_MAX 512
void br_roles_anywhere_problem(const br_source *s, char problem[BR_RENEWAL_PROBLEM_MAX]);

#endif
