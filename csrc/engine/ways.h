/*
** From settings, the environment and files to a way (core/aws/way.h).
*/
#ifndef BR_ENGINE_WAYS_H
#define BR_ENGINE_WAYS_H

#include "core/aws/settings.h"

/*
** The base of s->way, by s->auth: from options, else from the variables and files that it means.
** Nothing of the environment is looked at for "roles_anywhere", "access_keys", "api_key", "none" and
** "custom". Before br_settings_check. false: problems say why.
*/
bool br_ways_find(br_settings *s, br_problems *problems);

#endif
