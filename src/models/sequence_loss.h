/* sequence_loss.h - positions held against drawn items: the losses of sequence.h that look at few
 * items, with their slopes. */
#ifndef PAL_MODELS_SEQUENCE_LOSS_H
#define PAL_MODELS_SEQUENCE_LOSS_H

#include "models/sequence.h"
#include "models/sequence_draws.h"

enum { PAL_SEQUENCE_ROWS_HELD = 64 /* positions whose logits are in cache at a time */ };

typedef struct {
    pal_sequence_loss loss; /* not SOFTMAX */
    double calibration;     /* gbce's t */
    const pal_sequence_draws *draws;
    int64_t n, width;       /* positions of the batch */
    const float *items;     /* [n_items, width] E */
    const int32_t *targets; /* [n] */
    const int32_t *owners;  /* [n] window of the chunk */
    const float *weights;   /* [n] of the positions' losses, or NULL: 1 */
    const float *y;         /* [n, width] */
    float *dy, *d_targets;  /* [n, width] slopes by y and by the targets' rows, written */
} pal_sequence_held;

typedef struct { /* a chunk's part */
    int64_t chunk, first, n;
    float *drawn;           /* [n_drawn, width] rows of its items */
    float *logits;          /* [ROWS_HELD, n_drawn] room */
    float *d_drawn;         /* [n_drawn, width] slopes by those rows, written */
    int64_t *spared_starts; /* [windows + 1] places that a window is not held against, and the */
    int32_t *spared;        /* target's among them; only where the draws spare */
} pal_sequence_part;

/* The sum of the losses of positions [first, first + n); slopes are of the mean over the batch. */
double pal_sequence_hold(const pal_sequence_held *h, const pal_sequence_part *part);

#endif
