/* click_examples.h - what a network over clicks learns from: used events, then what was shown to a
 * person and never used by him.
 *
 * A used event counts 1 on average: its weight, times its value against the mean where values are
 * weighed (at most ten times the mean, those that are not positive 0). A shown one counts 1. */
#ifndef PAL_MODELS_CLICK_EXAMPLES_H
#define PAL_MODELS_CLICK_EXAMPLES_H

#include "math/csr.h"
#include "models/click_net.h"

typedef struct {
    int64_t n, n_used; /* used ones first */
    int64_t *events;   /* [n] the history is what comes before this event of the log */
    int32_t *users, *items;
    float *amounts;
} pal_click_examples;

/* used: by user, the items of train->log. */
pal_status pal_click_examples_list(pal_ctx *ctx, const char *kind, const pal_click_options *o,
                                   const pal_train_input *train, const pal_csr *used,
                                   pal_arena *scratch, pal_click_examples *out);

#endif
