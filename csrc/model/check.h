/*
** Whether a model may be used: every index in range, every search's order kept, every shape where
** it can be encoded and decoded. All code that uses a model relies on what is checked here, so a
** model from outside passes it or is not used.
*/
#ifndef BR_MODEL_CHECK_H
#define BR_MODEL_CHECK_H

#include "model/model.h"

#define BR_SHAPE_NEST_MAX 16 /* lists and maps in each other, without a structure between */

typedef struct br_model_fault {
    const char *why;   /* a static text; NULL: nothing is wrong */
    const char *table; /* "shapes" or "ops": the fault is in that one at `index`; NULL: elsewhere */
    uint32_t index;
} br_model_fault;

/* Partitions and regions apart. false: `fault` says what is wrong. */
bool br_model_check(const br_model *m, br_model_fault *fault);

#endif
