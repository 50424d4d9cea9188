/* explain.h - why a model scores an item as it does. */
#ifndef PAL_MODELS_EXPLAIN_H
#define PAL_MODELS_EXPLAIN_H

#include "models/rank.h"

typedef struct {
    double score;
    bool is_sum;      /* the reasons add up to the score; else each is what the score loses when
                         the event is taken out of the history, the cell out of the profile, or the
                         words out of the query */
    bool is_fallback; /* a stranger's list: the fallback's score is explained, or popularity's */
    pal_answerer answered;
    int32_t n;
    pal_reason *reasons; /* [n] the largest amount first, by absolute value; ties by item row */
} pal_explanation;

/* Of a query as pal_rank sees it; `fallback` as in pal_rank_options. Events taken out one by one
 * are the newest 200 distinct items, and as many of the source. */
pal_status pal_explain(pal_ctx *ctx, const pal_model *model, const pal_query *query, int32_t item,
                       pal_arena *arena, pal_explanation *out);

/* For kinds of more parts than fit: enters the reason among n of at most `most`, the strongest; the
 * one that gives way, or the reason itself, adds to *rest. Returns how many there are. */
int32_t pal_reasons_add(pal_reason *reasons, int32_t n, int32_t most, pal_reason reason,
                        double *rest);

#endif
