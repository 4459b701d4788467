/*
** What somebody meant who wrote a name that is near to one of ours.
*/
#ifndef BR_CORE_BASE_SUGGEST_H
#define BR_CORE_BASE_SUGGEST_H

#include "core/base/slice.h"

/*
** "Did you mean": feed every candidate, then look at `best`, which is NULL when nothing is near.
** Near = Damerau-Levenshtein distance (ASCII case and _ - ignored at no cost) of at most a third
** of the length given; failing that, the name of which this is the beginning, or that begins it.
** Candidates are borrowed.
*/
typedef struct br_suggest {
    br_slice given;
    br_slice best;  /* p == NULL: nothing near */
    unsigned limit; /* of the distance */
    unsigned best_distance;
} br_suggest;

void br_suggest_init(br_suggest *s, br_slice given);
void br_suggest_try(br_suggest *s, br_slice candidate);
/* The same name but for ASCII case, _ and -. */
bool br_name_alike(br_slice a, br_slice b);

#endif
