/* clicks.h - how well scores tell what was clicked from what was only shown. */
#ifndef PAL_EVAL_CLICKS_H
#define PAL_EVAL_CLICKS_H

#include "data/split.h"
#include "eval/significance.h"
#include "models/rank.h"

/* The impressions of a part: each user and item once, clicked when the part has a target event of
 * them, shown otherwise. */
typedef struct {
    int32_t n_users;
    int32_t *users;     /* [n_users] rows of the split, ascending */
    pal_query *queries; /* [n_users] everything before the part */
    int64_t *starts;    /* [n_users + 1] */
    int32_t *items;     /* [n] rows, ascending in a user; they may go past the model's */
    uint8_t *clicked;   /* [n] */
    int64_t n, n_clicked;
    pal_arena arena;
} pal_clicks;

/* known: what queries may see of their users; shown: a log of the split's shown_valid or
 * shown_test. n = 0 when the log has no shown events or one of the two classes is missing. */
pal_status pal_clicks_make(pal_ctx *ctx, const pal_log *known, const pal_log *targets,
                           const pal_log *shown, pal_clicks *out);
void pal_clicks_release(pal_clicks *clicks);

/* The model's scores: [clicks.n]. What it cannot score gets the mean of its other scores, which
 * says nothing either way. */
pal_status pal_clicks_score(pal_ctx *ctx, const pal_model *model, const pal_clicks *clicks,
                            double *scores);

typedef struct {                /* probability of a click = 1 / (1 + exp(-(a + b score))) */
    double a, b, center, scale; /* of (score - center) / scale; a NaN: not fitted */
} pal_click_curve;

/* Maximum likelihood by Newton's method. */
void pal_clicks_fit(const pal_clicks *clicks, const double *scores, pal_click_curve *out);
double pal_click_probability(const pal_click_curve *curve, double score);

typedef struct {
    pal_interval auc;     /* over all pairs of a clicked and a shown one, ties by half */
    pal_interval gauc;    /* mean over users with both classes, weighted by impressions */
    pal_interval logloss; /* natural logarithm */
    double
        calibration; /* mean over 10 bins of equal counts of |mean probability - share clicked| */
} pal_click_errors;

/* resamples 0: means alone. Intervals are 95 %: of gauc and logloss by resampled users, of auc by
 * the users' shares in it (Obuchowski 1997, Biometrics 53). NaN where it cannot be told. */
pal_status pal_clicks_judge(pal_ctx *ctx, const pal_clicks *clicks, const double *scores,
                            const pal_click_curve *curve, int64_t resamples, pal_click_errors *out);

#endif
