/* dense.h - kinds of the content family whose items are dense rows, given or learned from texts:
 * how a history meets them.
 *
 * x_i: the row of item i, of length 1; w_h: what the events on item h weigh (represent/history.h).
 *   profile  s(u, i) = (p / |p|) · x_i,   p = Σ_h w_h x_h                  (Rocchio 1971)
 *   nearest  s(u, i) = Σ of the k largest w_h x_h · x_i, none below 0
 *   score(u, i) = s(u, i) + t · x_i + prior q_i
 * with t the row of what is asked for in words, if anything, and q what popularity adds (prior.h).
 * Cost of a list: a multiply-add a number of an item (profile), as many for each item of the
 * history (nearest). Memory: 4 bytes a number of an item, kept twice. */
#ifndef PAL_MODELS_CONTENT_DENSE_H
#define PAL_MODELS_CONTENT_DENSE_H

#include "math/topk.h"
#include "models/content/sparse.h"

typedef struct {
    float *items;      /* [n_items, width] of length 1, or all 0 where nothing is known */
    pal_small small;   /* instead of items */
    float *popularity; /* [n_items] q */
    float *prior;      /* [1] as given or as learned */
    float *panels;     /* derived, like the rest */
    pal_packed packed;
    float *added; /* [n_items] prior q */
    int32_t n_items, width;
} pal_dense_state;

/* state->items, n_items and width are there. */
pal_status pal_dense_fit(pal_ctx *ctx, const char *what, const pal_content_params *params,
                         const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                         pal_dense_state *state);
pal_status pal_dense_prepare(pal_ctx *ctx, const char *what, pal_arena *arena,
                             pal_dense_state *state);
double pal_dense_bytes(const pal_content_params *params, const pal_log *log, double width,
                       int32_t n_threads);
/* `width` may be -1: the end of the starts listed before. */
int32_t pal_dense_tensors(pal_dense_state *state, int32_t n_items, int64_t width,
                          pal_tensor *tensors);

size_t pal_dense_scratch_bytes(const pal_content_params *params, const pal_dense_state *state);
/* scores [n_items]; said [width]: t, or NULL. */
void pal_dense_score(const pal_content_params *params, const pal_dense_state *state,
                     const pal_query *query, const float *said, void *scratch, float *scores);
/* By items used, what is asked for, and popularity. */
int32_t pal_dense_explain(const pal_content_params *params, const pal_dense_state *state,
                          const pal_query *query, const float *said, int32_t item, void *scratch,
                          pal_reason *reasons);

#endif
