/* evaluation.h - one model's lists judged on one part of a split. */
#ifndef PAL_EVAL_EVALUATION_H
#define PAL_EVAL_EVALUATION_H

#include "eval/metric.h"

enum { PAL_MEASURES_MAX = 96, PAL_SLICES_MAX = 32 };

/* A measure is a metric at a cut-off: "ndcg@10". */
typedef struct {
    char name[32];
    const pal_metric *metric;
    int32_t k;
} pal_measure;

typedef struct {
    int32_t n;
    pal_measure at[PAL_MEASURES_MAX];
} pal_measures;
void pal_measures_list(const pal_protocol *protocol, pal_measures *out);

/* A subset of users, or of what is relevant; for one reading of relevance "value >= 4" too. */
typedef struct pal_slice {
    char name[64];  /* "users with 1-4 events", "tail items", "day 1" */
    char group[24]; /* "history", "source", "popularity", "age", "relevant", "known", "profile" */
    int32_t n_users;
    int64_t n_pairs;
    uint8_t *users; /* [questions.n_users] 1: in; NULL: all with something relevant left */
    uint8_t *pairs; /* [questions.n_pairs] 1: still relevant; NULL: all */
} pal_slice;

typedef struct {
    int32_t n;
    pal_slice at[PAL_SLICES_MAX];
    pal_arena arena;
} pal_slices;
/* known, strangers; history 0, 1-4, 5-19, 20+; without history: those with a profile, who searched;
 * of 0 and 1-4 those whom a second domain knows; head and tail items, new items; day 1, 2-7, 8-30,
 * later; value >= 4 (or the upper 40 % of the scale) for ratings; by each column of the profiles
 * that --slice names its eight most frequent tokens or quarters of its numbers, and who has none.
 * Slices of nobody are left out. */
pal_status pal_slices_make(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data,
                           const pal_questions *questions, const pal_split *split, pal_slices *out);
/* Refuses columns of --slice that the profiles do not have, or that divide no users. */
pal_status pal_slices_check(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data);
void pal_slices_release(pal_slices *slices);

typedef struct {
    int32_t n_users;
    double *by_user;  /* [measures.n, n_users] NaN for metrics of all lists */
    double *mean;     /* [measures.n] */
    double *by_slice; /* [slices.n, measures.n] means in each slice; NaN where it cannot be told */
    double *slice_by_user; /* [slices.n, n_users] of the first measure (choice metric), NaN where
                              the user is not in it */
    double list_us_p50, list_us_p99;
    pal_lists lists; /* of all queries */
    pal_arena arena;
} pal_evaluation;

/* Ranks and judges. Lists have the largest k of the protocol. */
pal_status pal_evaluate_model(pal_ctx *ctx, const pal_protocol *protocol,
                              const pal_questions *questions, const pal_slices *slices,
                              const pal_model *model, const pal_rank_options *rank,
                              pal_evaluation *out);
/* The choice metric of each user alone: [n_users], NaN where nothing is asked. */
pal_status pal_evaluate_choice_users(pal_ctx *ctx, const pal_protocol *protocol,
                                     const pal_questions *questions, const pal_model *model,
                                     const pal_rank_options *rank, double *by_user);
/* Mean of the choice metric alone, without slices: what training asks between epochs. */
pal_status pal_evaluate_choice(pal_ctx *ctx, const pal_protocol *protocol,
                               const pal_questions *questions, const pal_model *model,
                               const pal_rank_options *rank, double *out);
/* Judges lists that something else made (a TREC run). */
pal_status pal_evaluate_lists(pal_ctx *ctx, const pal_protocol *protocol,
                              const pal_questions *questions, const pal_slices *slices,
                              const pal_lists *lists, pal_evaluation *out);
void pal_evaluation_release(pal_evaluation *evaluation);

#endif
