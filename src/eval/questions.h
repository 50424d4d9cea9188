/* questions.h - what one part of a split asks of a model: for whom, knowing what, and what would
 * have been right. */
#ifndef PAL_EVAL_QUESTIONS_H
#define PAL_EVAL_QUESTIONS_H

#include "eval/protocol.h"

/* Queries stand by user, users ascending. In the window task a user has one query and all his later
 * events are relevant; in the next task each of his events is a query whose history is everything
 * of him before it. */
typedef struct {
    const pal_log *history, *targets;
    pal_task task;
    int32_t n_users;       /* users with something relevant: who is averaged */
    int32_t *users;        /* [n_users] rows of the split */
    int32_t *query_starts; /* [n_users + 1] */
    int32_t n_queries;
    pal_query *queries;       /* [n_queries] */
    int64_t *relevant_starts; /* [n_queries + 1] */
    int32_t *relevant; /* item rows, ascending in a query; rows past the candidates can be found by
                          nobody and stay */
    float *relevant_values;  /* like relevant: the largest value, or NULL */
    double *gains;           /* like relevant: what a hit is worth; NULL without --gain */
    int64_t *relevant_times; /* like relevant: the earliest, or NULL */
    int64_t *judged_starts;  /* [n_queries + 1] all test pairs with a rating, relevant or not; NULL
                                without ratings */
    int32_t *judged;         /* item rows, ascending in a query */
    uint8_t *disliked;       /* like judged: 1 where the value is in the lowest 40 % of the scale */
    pal_csr categories;      /* [items, words] of the catalog; n_cols = 0: none */
    int32_t first_candidate, n_candidates; /* rows [first_candidate, n_candidates) can be listed */
    int64_t n_pairs;                       /* relevant pairs asked */
    int64_t n_masked;                      /* pairs left out because the mask would hide them */
    int64_t n_irrelevant;                  /* events that are no target or not relevant */
    int64_t n_unreachable;                 /* pairs whose item is no candidate */
    int32_t n_strangers;                   /* users without history */
    pal_arena arena;
} pal_questions;

/* `history` is what models are trained on. With first_candidate > 0 nothing before it is asked.
 * PAL_EDATA when nothing is asked, or when the mask takes
 * over 30 % of the pairs without allow_drop. */
pal_status pal_questions_make(pal_ctx *ctx, const pal_protocol *protocol, pal_task task,
                              const pal_log *history, const pal_log *targets,
                              int32_t first_candidate, int32_t n_candidates, pal_questions *out);
/* What is known of people besides their histories. */
typedef struct {
    const pal_catalog *users;     /* profiles; or NULL */
    const pal_searches *searches; /* of the people of search_ids, at their rows; or NULL */
    const pal_ids *search_ids;
    const pal_source *source; /* as it was when the history ended; or NULL */
    bool cuts_source;         /* it is a later one: of it only what came before source_until and
                                 before the first event that is asked of the person */
    int64_t source_until;
} pal_background;
/* Up to when searches of the row `user` are known where `targets` are asked: before `end`, and
 * before the first event that is asked of the person. Targets have times. */
int64_t pal_searches_end(const pal_log *targets, int32_t user, int64_t end);
/* Says it in the queries: the profile, the newest searches before the query's time, and what the
 * person did in the source where users are shared. user_ids: of the rows of users. Texts and rows
 * are borrowed or in the questions' arena. */
pal_status pal_questions_describe(pal_ctx *ctx, const pal_background *background,
                                  const pal_ids *user_ids, pal_questions *questions);
/* At most n_max of the users, evenly spread, with their queries and what is relevant, without
 * values, times, ratings and gains; arrays are shared or in the arena. */
pal_status pal_questions_sample(pal_ctx *ctx, const pal_questions *questions, int32_t n_max,
                                pal_arena *arena, pal_questions *out);
void pal_questions_release(pal_questions *questions);

#endif
