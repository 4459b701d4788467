/*
** Whether a model may be used: every index in range, every search's order kept, every shape where
** it can be encoded and decoded. All code that uses a model relies on what is checked here, so a
** model from outside passes it or is not used.
*/
#ifndef BR_MODEL_CHECK_H
#define BR_MODEL_CHECK_H

#include "model/model.h"

#define BR_SHAPE_NEST_MAX 16 /* lists and maps in each other, without a structure between */

/* Partitions and regions apart. false: *why says what is wrong; a static text. */
bool br_model_check(const br_model *m, const char **why);

#endif
