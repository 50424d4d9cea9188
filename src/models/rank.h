/* rank.h - lists: scores of batches of queries, masked, filtered, the k best. Offline and served
 * lists both come from here. */
#ifndef PAL_MODELS_RANK_H
#define PAL_MODELS_RANK_H

#include "models/model.h"

/* AUTO is what the model was compared with, else TARGET. */
typedef enum { PAL_HIDE_AUTO, PAL_HIDE_TARGET, PAL_HIDE_ANY, PAL_HIDE_NONE } pal_hide;
extern const char *const pal_hide_choices[]; /* "auto", "target", "any", "none" */

typedef enum {
    PAL_FALLBACK_MODEL, /* model->fallback, or popularity */
    PAL_FALLBACK_NONE,  /* queries without history get empty lists */
    PAL_FALLBACK_SELF,  /* the kind answers strangers itself (PAL_SCORES_STRANGERS, PAL_IS_CONTROL)
                         */
} pal_fallback_use;

/* Who answers strangers where lists are served: the fallback that the model was given, else the
 * kind itself where it can, else popularity. */
pal_fallback_use pal_model_fallback_use(const pal_model *model);

/* Whether the model itself answers a query without a history, by its words, its profile or what he
 * did in the source, or by a part that does. */
bool pal_model_answers(const pal_model *model, const pal_query *query);
/* Who answers a query as the model sees it where the kind does not list for strangers itself: the
 * model, where it has a history or says something that it reads (unless its own fallback was chosen
 * because it does that better), the fallback (`other` instead of its own, or NULL), where that
 * reads or needs nothing, else popularity. */
typedef enum { PAL_BY_ITSELF, PAL_BY_FALLBACK, PAL_BY_POPULARITY } pal_answerer;
pal_answerer pal_model_answerer(const pal_model *model, const pal_model *other,
                                const pal_query *query);
/* The traits of the kind and of those of its parts that are models of their own. */
unsigned pal_model_traits(const pal_model *model);

typedef struct {
    int32_t k;
    pal_hide hide;             /* which items of the query's history are not listed */
    const uint8_t *excluded;   /* [n_items] 1: not listed; NULL: none */
    const pal_model *fallback; /* instead of the model's own; NULL: the model's own */
    pal_fallback_use use;
    int32_t first_item; /* rows of items before it are not listed */
    int32_t end_item; /* rows from here on are in no list and no history; 0: the model's own end */
} pal_rank_options;

typedef struct {
    int32_t n, k;      /* k is at most the number of items */
    int32_t *items;    /* [n, k] rows of the training log, best first; -1 beyond counts */
    float *scores;     /* [n, k] */
    int32_t *counts;   /* [n] */
    uint8_t *fallback; /* [n] pal_answerer: 0 where the model answered itself */
} pal_lists;

/* Rows in query histories outside the training log are left out before a kind sees them; a query of
 * whose history nothing is left is a stranger's. user_plus_1 is kept only if the history equals the
 * training one. The same of rows of the source; where the model knows none, source rows are none of
 * its business. Batches are sized by ctx->memory_limit; lists do not depend on how queries are cut
 * into batches, or on threads. PAL_ENOMEM when not even one query fits. */
pal_status pal_rank(pal_ctx *ctx, const pal_model *model, const pal_query *queries,
                    int32_t n_queries, const pal_rank_options *options, pal_arena *arena,
                    pal_lists *out);

/* The query as a kind sees it: without rows outside the training log and the source, user_plus_1
 * (source_user_plus_1) kept only where the history is that of training (of the source). Arrays are
 * copied into the arena where they change. */
pal_status pal_query_settle(pal_ctx *ctx, const pal_model *model, const pal_query *query,
                            pal_arena *arena, pal_query *out);

/* The query without items that are no rows below n_items, its arrays in the arena. PAL_ENOMEM
 * without a sentence. */
pal_status pal_query_drop_unknown(const pal_query *query, int32_t n_items, pal_arena *arena,
                                  pal_query *out);

/* The query of a user with all that a log has of him; a stranger's when that is nothing, or the
 * user is past the log's rows. */
pal_query pal_query_of_log(const pal_log *log, int32_t user, int64_t now);

/* The query of a known user with all that the model's log has of him. */
pal_query pal_query_of_user(const pal_model *model, int32_t user);

/* The k users whose representations lie nearest to that of `user` (cosine), or, for kinds without
 * representations of users, whose histories do (cosine of sets). `items` of the lists are rows of
 * users. */
pal_status pal_similar_users(pal_ctx *ctx, const pal_model *model, int32_t user, int32_t k,
                             pal_arena *arena, pal_lists *out);

/* The k items that a person whose history is `item` alone would be shown: the model's own measure
 * of similarity; for kinds that predict values the items whose representations lie nearest
 * (cosine). PAL_EUSAGE for kinds whose lists do not depend on a history. */
pal_status pal_similar_items(pal_ctx *ctx, const pal_model *model, int32_t item, int32_t k,
                             const uint8_t *excluded, pal_arena *arena, pal_lists *out);

#endif
