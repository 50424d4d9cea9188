/* metric.h - a metric is one const descriptor in eval/metrics/. Definitions are trec_eval's; see
 * docs/metrics.md.
 *
 * To add a metric: one file (or a row in a file of its family), named in metrics/list.c and in
 * CMakeLists.txt. */
#ifndef PAL_EVAL_METRIC_H
#define PAL_EVAL_METRIC_H

#include "eval/questions.h"

typedef struct {         /* one list beside what was right */
    const uint8_t *hits; /* [n] 1 where the item at that place is relevant */
    const double *gains; /* [n] what the hit at that place is worth, 0 elsewhere; NULL: not asked */
    int32_t n;           /* length of the list */
    int32_t n_relevant;  /* |R| > 0 */
} pal_judged;

typedef struct { /* all lists of a part, for what a list alone cannot tell */
    const pal_lists *lists;
    const pal_questions *questions;
    const double *popularity; /* [n_items] training users of each item */
    int32_t n_training_users;
    const pal_csr *by_item; /* training users of each item, for cosines between items; or NULL */
    uint64_t seed;
} pal_shown;

typedef struct pal_metric {
    const char *name, *summary, *formula;
    bool larger_is_better;
    bool needs_gains; /* only there when --gain asks */
    double (*of_list)(const pal_judged *list,
                      int32_t k); /* averaged within users, then over users */
    double (*of_all)(pal_ctx *ctx, const pal_shown *shown,
                     int32_t k); /* or over all lists at once; NaN: cannot be told */
} pal_metric;

extern const pal_metric *const pal_metrics[]; /* NULL-ended; ndcg first */
const pal_metric *pal_metric_find(const char *name);

#endif
