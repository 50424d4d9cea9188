/* ratings.h - predicted values beside those of a part of a split: rmse and mae. */
#ifndef PAL_EVAL_RATINGS_H
#define PAL_EVAL_RATINGS_H

#include "data/split.h"
#include "eval/significance.h"
#include "models/rank.h"
#include "models/train.h"

typedef struct { /* whose values are predicted, from what history */
    int32_t n_users;
    pal_query *queries; /* [n_users] everything before the part */
    int64_t *starts;    /* [n_users + 1] */
    int32_t *items;     /* [n] rows; those past the model's get the mean of training */
    float *values;      /* [n] */
    int64_t n;
    double low,
        high;    /* the scale: least and largest value of training; predictions are cut to it */
    double mean; /* of training */
    double constant_rmse, constant_mae; /* of predicting that mean for everything */
    pal_arena arena;
} pal_ratings;

/* All target events of `targets` that have a value; history: what models are trained on, known:
 * what queries may see of their users (history, or more). n = 0 when the values are no ratings. */
pal_status pal_ratings_make(pal_ctx *ctx, const pal_log *history, const pal_log *known,
                            const pal_log *targets, pal_ratings *out);
void pal_ratings_release(pal_ratings *ratings);

typedef struct {
    pal_interval rmse, mae; /* over all values; 95 % by resampled users */
} pal_rating_errors;

/* resamples 0: means alone. Users beyond the first `users_max` (0: all), evenly spread, are left
 * out. */
pal_status pal_ratings_judge(pal_ctx *ctx, const pal_model *model, const pal_ratings *ratings,
                             int32_t users_max, int64_t resamples, pal_rating_errors *out);

#endif
