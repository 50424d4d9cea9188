/* sparse.h - kinds of the content family whose items are sparse rows, of words or of attributes:
 * how a history meets them.
 *
 * x_i: the row of item i, of length 1; w_h: what the events on item h weigh (represent/history.h).
 *   profile  s(u, i) = (p / |p|) · x_i,   p = Σ_h w_h x_h                  (Rocchio 1971)
 *   nearest  s(u, i) = Σ of the k largest w_h x_h · x_i, none below 0
 *   score(u, i) = s(u, i) + prior q_i, what popularity adds (prior.h)
 * What a query says itself, in words, is one more row x_q of length 1: it is added with weight w_q
 * to p / |p|, or is one more of the rows that are nearest; without a history it stands alone, with
 * a smaller prior: a few words are less like an item than a history is, and should not lose against
 * what is popular. Cost of a list: the entries of the profile's features (profile) or of those of
 * each item of the history (nearest). Memory: 16 bytes an entry. */
#ifndef PAL_MODELS_CONTENT_SPARSE_H
#define PAL_MODELS_CONTENT_SPARSE_H

#include "models/rows.h"

typedef enum { PAL_CONTENT_PROFILE, PAL_CONTENT_NEAREST } pal_content_scoring;
extern const char *const pal_content_scorings[]; /* "profile", "nearest", NULL */

typedef struct {
    int32_t scoring;
    int64_t k;
    double prior; /* below 0: learned */
    double half_life, ratings;
} pal_content_params;

/* Rows of a kind's table for these, `field` the member that holds them. */
#define PAL_CONTENT_PARAMS(values, field)                                                          \
    {.name = "scoring",                                                                            \
     .type = PAL_PARAM_CHOICE,                                                                     \
     .offset = offsetof(values, field.scoring),                                                    \
     .choices = pal_content_scorings,                                                              \
     .help = "by the sum of all items used, or by those of them that are most similar"},           \
        {.name = "k",                                                                              \
         .type = PAL_PARAM_INT,                                                                    \
         .offset = offsetof(values, field.k),                                                      \
         .initial = "3",                                                                           \
         .min = 1,                                                                                 \
         .max = 50,                                                                                \
         .scale = PAL_LOG,                                                                         \
         .help = "items used that count with scoring=nearest"},                                    \
        {.name = "prior",                                                                          \
         .type = PAL_PARAM_REAL,                                                                   \
         .offset = offsetof(values, field.prior),                                                  \
         .initial = "-1",                                                                          \
         .min = -1,                                                                                \
         .max = 100,                                                                               \
         .help = "what the most popular item has ahead, where a likeness is 1 at the most; below " \
                 "0: learned"},                                                                    \
        {.name = "half_life",                                                                      \
         .type = PAL_PARAM_SECONDS,                                                                \
         .offset = offsetof(values, field.half_life),                                              \
         .initial = "0",                                                                           \
         .min = 0,                                                                                 \
         .max = 3.2e9,                                                                             \
         .scale = PAL_LOG,                                                                         \
         .help = "an event counts half after this time; 0 counts all alike"},                      \
    {                                                                                              \
        .name = "ratings", .type = PAL_PARAM_REAL, .offset = offsetof(values, field.ratings),      \
        .initial = "0", .min = 0, .max = 4,                                                        \
        .help = "how much values count: 0 not, 1 the lowest nothing, more: against their like"     \
    }

typedef struct {
    pal_rows rows;               /* [n_items, n_features] */
    float *popularity;           /* [n_items] q */
    float *prior;                /* [1] as given or as learned */
    pal_csr by_item, by_feature; /* derived: the same entries */
    int32_t n_items, n_features;
} pal_content_state;

/* From rows of train's items, which are copied. */
pal_status pal_content_fit(pal_ctx *ctx, const char *what, const pal_content_params *params,
                           const pal_csr *rows, const pal_train_input *train, pal_arena *arena,
                           pal_arena *scratch, pal_content_state *state);
pal_status pal_content_prepare(pal_ctx *ctx, const char *what, int32_t n_features, pal_arena *arena,
                               pal_content_state *state);
/* Bytes that fit takes for rows of so many entries, beside those. */
double pal_content_bytes(const pal_content_params *params, const pal_log *log, double n_entries,
                         int32_t n_threads);
int32_t pal_content_tensors(pal_content_state *state, int32_t n_items, pal_tensor *tensors);

/* What a query says itself: features ascending, weights of length 1. n = 0: nothing. */
typedef struct {
    int32_t n;
    const int32_t *features;
    const float *weights;
    double share; /* what it weighs beside a history */
    double prior; /* where there is no history, the prior at most */
} pal_content_said;

size_t pal_content_scratch_bytes(const pal_content_params *params, const pal_content_state *state);
/* scores [n_items] = s of the query, without the prior. said: or NULL. */
void pal_content_likeness(const pal_content_params *params, const pal_content_state *state,
                          const pal_query *query, const pal_content_said *said, void *scratch,
                          float *scores);
/* The same with the prior. */
void pal_content_score(const pal_content_params *params, const pal_content_state *state,
                       const pal_query *query, const pal_content_said *said, void *scratch,
                       float *scores);

/* What a feature is called; lives as long as the model. */
typedef const char *pal_content_name_fn(const void *arg, int32_t feature);
/* By features (profile), or by items used and features that the query says (nearest). */
int32_t pal_content_explain(const pal_content_params *params, const pal_content_state *state,
                            const pal_query *query, const pal_content_said *said, int32_t item,
                            void *scratch, pal_content_name_fn *name, const void *name_arg,
                            pal_reason *reasons);

#endif
