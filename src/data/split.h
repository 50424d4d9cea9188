/* split.h - train, validation and test parts of a log.
 *
 * A split is one const descriptor in data/split/. After it, rows are renumbered so that items and
 * users of train come first, then those that only validation adds, then those that only test adds:
 * nothing trained can depend on ids it has not seen.
 *
 * To add a split: one file in split/, named in split.c and in data/CMakeLists.txt. */
#ifndef PAL_DATA_SPLIT_H
#define PAL_DATA_SPLIT_H

#include "base/param.h"
#include "data/read.h"

/* Events of the two last parts are known when the part is asked, though no model learned from them:
 * the fold-in part of held-out users. */
typedef enum {
    PAL_PART_TRAIN,
    PAL_PART_VALID,
    PAL_PART_TEST,
    PAL_PART_VALID_KNOWN,
    PAL_PART_TEST_KNOWN,
    /* Given after a splitter: what was only shown in validation, test, elsewhere, and training. */
    PAL_PART_SHOWN_VALID,
    PAL_PART_SHOWN_TEST,
    PAL_PART_SHOWN,
    PAL_PART_SHOWN_TRAIN
} pal_part;

typedef struct pal_split {
    /* Canonical: "time valid=0.1 test=0.1", "files", or "files, validation: time valid=0.1". */
    char spec[256];
    pal_log train; /* what models that are judged on validation learn from */
    pal_log valid; /* rows may go past train's n_users and n_items */
    /* train + validation: what final models learn from; history and mask of the test. */
    pal_log history;
    pal_log test; /* rows may go past history's */
    /* What queries of each part may see beyond that; n_events = 0: train and history themselves.
     * Rows may go past those of the models. */
    pal_log valid_known, test_known;
    /* What was shown in each part without being used, the log's shown_types; n_events = 0: none.
     * No other log has such events. Rows may go past those of all others. shown_history: in
     * training and validation. */
    pal_log shown_train, shown_valid, shown_history, shown_test;
    int64_t valid_from, test_from; /* seconds of the first event of the part, or 0 without times */
    pal_ids user_ids, item_ids;    /* of all parts, renumbered */
} pal_split;

typedef struct {
    const char *name, *summary;
    const pal_param *params;
    size_t params_size;
    bool needs_times;
    /* part[e] for each event of the log, in its order; with `test` false nothing goes to the test
     * part (it was given). Parts may come out empty: the caller refuses that with a sentence. */
    pal_status (*assign)(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                         uint8_t *part);
} pal_splitter;
extern const pal_splitter *const pal_splitters[]; /* NULL-ended */
extern const pal_splitter pal_splitter_time, pal_splitter_leave_last, pal_splitter_random,
    pal_splitter_users, pal_splitter_kfold, pal_splitter_cold_items, pal_splitter_cold_users;

/* What cold_items and cold_users share (split/cold.c). */
typedef struct {
    double valid, test;
    int64_t seed;
} pal_cold_params;
extern const pal_param pal_cold_table[];
pal_status pal_cold_assign(pal_ctx *ctx, const pal_cold_params *params, const pal_log *log,
                           bool test, bool by_item, uint8_t *part);

/* Of kfold's parameters: how many folds there are when all are asked for, else 0. */
int32_t pal_kfold_folds(const void *params);
/* Makes them ask for one fold, from 1. */
void pal_kfold_choose(void *params, int32_t fold);

/* A parsed spec: splitter and its parameters, in the arena. PAL_EUSAGE with the nearest name. */
pal_status pal_split_parse(pal_ctx *ctx, const char *spec, pal_arena *arena,
                           const pal_splitter **splitter, void **params);

/* Splits a single log by `spec` (NULL: time, or random where there are no times). Given parts are
 * taken as they are; where validation was not given, it is cut from train by the same rule; where
 * all are given, `spec` must be NULL. PAL_EDATA when a part is empty or a need is unmet. Logs of
 * `out` point to its ids: it stays where it was made. */
pal_status pal_split_make(pal_ctx *ctx, const pal_data *data, const char *spec, pal_split *out);
void pal_split_release(pal_split *split);
/* What queries of validation (or, with `test`, of the test) may see. */
const pal_log *pal_split_known(const pal_split *split, bool test);
/* How many folds a spec asks for, one after the other; 0: it is no kfold, or names one fold. */
pal_status pal_split_folds(pal_ctx *ctx, const char *spec, int32_t *folds);
/* The spec of a kfold that asks for `fold` alone, in the arena. */
pal_status pal_split_fold(pal_ctx *ctx, const char *spec, int32_t fold, pal_arena *arena,
                          const char **out);
/* xxh3 of the parts: which event is where. */
uint64_t pal_split_hash(const pal_split *split);

#endif
