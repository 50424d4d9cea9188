/* case.h - the article's case: a full and a mostly empty 100 × 100 matrix, its three models in both
 * orders of steps, beside the constant and the bias prediction.
 *
 * The equations are those of the kinds mf, gmf and nn (models/forms.h), run in double by the same
 * steps. All parameters are drawn uniformly from [0, 1). Rows and columns count from 0. */
#ifndef PAL_CHOOSE_CASE_H
#define PAL_CHOOSE_CASE_H

#include "base/arena.h"
#include "base/param.h"
#include "models/pointwise.h"

typedef struct {
    int64_t iterations, factors;
    double learning_rate;
    bool initial;
} pal_case_options;
extern const pal_param pal_case_params[];

enum { PAL_CASE_USERS = 100, PAL_CASE_ITEMS = 100, PAL_CASE_CELLS = 10000 };
enum { PAL_CASE_FULL, PAL_CASE_SPARSE, PAL_CASE_MATRICES };
enum { PAL_CASE_MODELS = 4, PAL_CASE_RUNS_MAX = 2 + 4 * PAL_CASE_MODELS };
enum { PAL_CASE_LISTS = 3, PAL_CASE_PICKS = 5 };
enum { PAL_CASE_NO_RUN = -1 };

typedef enum { PAL_CELL_EMPTY, PAL_CELL_TRAIN, PAL_CELL_HELD } pal_case_cell;

typedef struct {
    double *values; /* [USERS, ITEMS], NaN where empty */
    double *truth;  /* [USERS, ITEMS] what the values were drawn around; NULL for the full matrix */
    uint8_t *cells; /* [USERS, ITEMS] pal_case_cell */
    pal_triples train, held; /* row by row */
    double lowest, highest;  /* of the training values */
} pal_case_matrix;

typedef enum {
    PAL_CASE_COMPUTED,  /* not by steps */
    PAL_CASE_CONVERGED, /* the loss changed by under 1e-6 of itself in an iteration */
    PAL_CASE_ENDED,     /* all iterations were done */
    PAL_CASE_DIVERGED   /* the loss was not finite or grew to 1e6 times the first */
} pal_case_outcome;

typedef struct {
    const char *model;    /* "mf", "nn (rows fixed)", "constant" */
    pal_step_order order; /* PAL_STEP_WHOLE or PAL_STEP_ONE */
    double rate;
    bool is_largest; /* rate is the largest found that does not diverge */
    pal_case_outcome outcome;
    int32_t n_iterations;
    double *losses;               /* [n_iterations + 1] of the training values on their scale, the
                                     first before any step; NULL for what is computed */
    double train_rmse, held_rmse; /* NaN where there is none */
    double *predicted;            /* [USERS, ITEMS]; NULL when diverged */
} pal_case_run;

typedef struct {
    int32_t item;
    double predicted, truth, value; /* value NaN unless the cell is held out */
} pal_case_pick;

typedef struct {
    pal_case_matrix matrix;
    int32_t n_runs;
    pal_case_run runs[PAL_CASE_RUNS_MAX]; /* [0] the constant, [1] the biases */
    int32_t best; /* the learned run with the lowest held-out RMSE (full matrix: training RMSE), or
                     PAL_CASE_NO_RUN */
    /* Squared error of the biases minus that of the best, over held-out cells: mean and standard
     * error. */
    double lead, lead_error;
    pal_case_pick lists[PAL_CASE_LISTS][PAL_CASE_PICKS]; /* of users 0, 1, 2, by the best run */
} pal_case_part;

typedef struct {
    const char *name;
    pal_form form;
    pal_weights start; /* the drawn parameters */
} pal_case_model;

typedef struct {
    pal_arena arena; /* owns all */
    pal_case_options options;
    uint64_t seed;
    pal_case_model models[PAL_CASE_MODELS];
    pal_case_part parts[PAL_CASE_MATRICES];
} pal_case_results;

/* Runs all of it; release also after a failure. */
pal_status pal_case_compute(pal_ctx *ctx, const pal_case_options *options, pal_case_results *out);
void pal_case_release(pal_case_results *results);

/* The two matrices (case_matrix.c); arrays from `arena`. */
pal_status pal_case_draw_full(pal_ctx *ctx, pal_arena *arena, pal_case_matrix *out);
pal_status pal_case_draw_sparse(pal_ctx *ctx, pal_arena *arena, pal_case_matrix *out);

#endif
