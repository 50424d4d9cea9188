/* sequence_train.h - what queries and training of sequence kinds share. */
#ifndef PAL_MODELS_SEQUENCE_TRAIN_H
#define PAL_MODELS_SEQUENCE_TRAIN_H

#include "models/sequence.h"

/* Groups of n sequences of lengths [n], the longest first: starts [groups + 1]; returns how many.
 */
int64_t pal_sequence_pack(bool by_step, int64_t n, const int64_t *lengths, int64_t *starts);

#endif
