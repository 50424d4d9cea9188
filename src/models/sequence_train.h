/* sequence_train.h - what queries and training of sequence kinds share: packing; and what training
 * learns from: windows. */
#ifndef PAL_MODELS_SEQUENCE_TRAIN_H
#define PAL_MODELS_SEQUENCE_TRAIN_H

#include "models/sequence.h"

/* Groups of n sequences of lengths [n], the longest first: starts [groups + 1]; returns how many.
 */
int64_t pal_sequence_pack(bool by_step, int64_t n, const int64_t *lengths, int64_t *starts);

typedef struct { /* targets are the events [first, first + n); inputs the ones before */
    int64_t first;
    int32_t n, user;
    bool is_start; /* of the history: its first input is the start */
} pal_sequence_window;

typedef struct {
    int64_t n, longest;
    pal_sequence_window *all; /* [n] */
    float mean_weight;        /* of the events */
} pal_sequence_windows;

/* All histories in windows of at most `length` positions, from their ends on. */
pal_status pal_sequence_cut(pal_ctx *ctx, const char *what, const pal_log *log, int64_t length,
                            pal_arena *scratch, pal_sequence_windows *out);

#endif
