/* feature_tables.h - people and items as sums of trained rows, forth and back: what two_tower,
 * ranker and deepfm share.
 *
 * A person has rows: the sum over his history, the recent one (past.h), then one for each field of
 * his profile (fields.h). An item has its own row, then one for each of its fields. Summed, a
 * profile is one row and an item's fields are added to its own. The people and items of a batch
 * write down which rows of the tables went into theirs; gradients of their rows go back the same
 * way, and Adam steps what a batch touched. Cost: an entry of a history, a profile or an item's
 * features takes its width in multiply-adds each way. */
#ifndef PAL_MODELS_FEATURE_TABLES_H
#define PAL_MODELS_FEATURE_TABLES_H

#include "models/feature_options.h"
#include "models/fields.h"
#include "models/model.h"
#include "models/profile_code.h"
#include "nn/adam.h"
#include "nn/table.h"

typedef struct {
    const char *kind; /* for sentences */
    const pal_feature_options *o;
    const pal_log *log;
    pal_past past;
    bool is_summed;
    int32_t person_width, item_width;   /* numbers of a row */
    int32_t n_sums, n_profile, n_thing; /* rows: sums over a history, of a profile, of an item */
    int32_t n_entries, most_profile, most_features; /* of a history, a profile, an item's fields */
    pal_fields item_fields, user_fields;
    pal_table history, items, item_features, user_features;
    /* Of a batch of B people and C items: rows of tables, and into which row they went. */
    int32_t *rows, *sources; /* [B, n_entries] */
    float *row_weights;
    int32_t *profile_rows, *profile_sources; /* [B, most_profile], -1 where there is none */
    float *profile_weights;
    int32_t *feature_rows, *feature_sources; /* [C · most_features] */
    float *feature_weights;
} pal_feature_tables;

/* What a model keeps for people whose profile only a query tells. */
typedef struct {
    pal_profile_code code;
    float *rows; /* [code.n_features, person_width] */
} pal_feature_told;

/* Makes it, of the tables that were looked for; pal_feature_tables_keep fills the rows. */
pal_status pal_feature_told_open(pal_ctx *ctx, const pal_feature_tables *t, pal_arena *arena,
                                 pal_feature_told *out);
/* The rows of the profile that the query of a stranger tells: out [fields, width], or, summed,
 * [width]. False where it tells none: out is left as it is. */
bool pal_feature_told_row(const pal_feature_told *told, const pal_query *query, int32_t width,
                          bool is_summed, float *out);

/* Finds fields and sizes. With hide_profile=1 profiles are not looked at. */
pal_status pal_feature_tables_look(pal_ctx *ctx, const char *kind, const pal_feature_options *o,
                                   const pal_train_input *train, bool is_summed,
                                   int32_t person_width, int32_t item_width, pal_arena *scratch,
                                   pal_feature_tables *out);
/* Tables, and room for so many people and items of a batch. history [n_items, person_width] is the
 * model's; the rest comes from scratch. */
pal_status pal_feature_tables_open(pal_ctx *ctx, float *history, int64_t n_people, int64_t n_things,
                                   pal_arena *scratch, pal_feature_tables *t);
/* First values, normal; `suffix` ends what the draws are for ("of two_tower"). */
void pal_feature_tables_draw(uint64_t seed, const char *suffix, double of_people, double of_items,
                             pal_feature_tables *t);

/* Person r of the batch, when `item` at `event` is to be guessed: out [n_sums + n_profile,
 * person_width]. Sometimes his profile is hidden. */
void pal_feature_tables_person(const pal_feature_tables *t, int64_t r, int32_t user, int64_t event,
                               int32_t item, pal_rng *rng, float *out);
/* out [n_thing, item_width]. */
void pal_feature_tables_item(const pal_feature_tables *t, int32_t item, float *out);
/* Both for all rows of the log, as scores want them: items [n_items, n_thing, item_width], profiles
 * [n_users + 1, n_profile, person_width], the last that of whom nothing is known. */
void pal_feature_tables_keep(const pal_feature_tables *t, float *items, float *profiles,
                             pal_feature_told *told);

/* What the batch's first n people touch; what its items do. */
void pal_feature_tables_touch_people(pal_feature_tables *t, int64_t n);
void pal_feature_tables_touch_items(pal_feature_tables *t, const int32_t *items, int64_t n);
/* Gradients of what is touched from those of people's and items' rows, and Adam's step. */
void pal_feature_tables_step(pal_pool *pool, const pal_adam *adam, const float *d_people,
                             const float *d_items, pal_feature_tables *t);

/* The sums over a query's history, [n_sums, width]; rows, weights: room for pal_past_entries of
 * numbers. Without `history` its rows are the small ones, read into room [width]. */
void pal_feature_sum_query(const pal_feature_options *o, const float *history,
                           const pal_small *small, int32_t width, const pal_query *query,
                           int32_t *rows, float *weights, float *room, float *out);

#endif
