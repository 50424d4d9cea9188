/* log.h - a log: events of users on items, by user and in time order. */
#ifndef PAL_DATA_LOG_H
#define PAL_DATA_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "data/ids.h"
#include "math/csr.h"
#include "palate.h"

enum { PAL_TYPES_MAX = 32, PAL_NAME_MAX = 64 };

/* Immutable once built. Rows are numbered by first appearance; in the parts of a split (split.h) items of an earlier part come before
 * those that only later parts know, so rows of the training log mean the same in all of them. */
typedef struct pal_log {
    int32_t n_users, n_items; /* rows [0, n); a row may have no event */
    int64_t n_events;
    const int64_t *starts; /* [n_users + 1] events of a user */
    const int32_t *items;  /* [n_events] oldest first; equal times keep file order */
    const float *values;   /* [n_events], or NULL: the log has no values */
    const int64_t *times;  /* [n_events] seconds since 1970, or NULL: the log has no times */
    const uint8_t *types;  /* [n_events] index into type_names, or NULL: one type */
    const float *weights;  /* [n_events] > 0: event type's weight and decay, or NULL: all 1 */
    int32_t n_types;
    char type_names[PAL_TYPES_MAX][PAL_NAME_MAX];
    uint32_t target_types; /* bit t: type t is what is evaluated; all bits when there are no types */
    char value_name[PAL_NAME_MAX]; /* "rating"; "" without values */
    bool values_are_ratings;       /* a bounded scale with several distinct levels, not counts or amounts */
    const pal_ids *user_ids, *item_ids; /* at least n_users, n_items ids; borrowed */
    pal_arena arena;                    /* owns the arrays */
} pal_log;

void pal_log_release(pal_log *log);

/* Events in any order, from a reader or a generator. Arrays are [n], borrowed; users and items are rows of the ids. */
typedef struct {
    int64_t n;
    const int32_t *users, *items;
    const float *values;  /* or NULL */
    const int64_t *times; /* or NULL */
    const uint8_t *types; /* or NULL */
    const float *weights; /* or NULL */
} pal_events;

/* Sorts events by (user, time, order given) into `out`, whose names, ids and row counts are taken from `like` (its arrays are not). */
pal_status pal_log_build(pal_ctx *ctx, const pal_events *events, const pal_log *like, pal_log *out);

/* Distinct (user, item) pairs of the log's events of the types in `types` (a bit mask), items ascending; the value of a pair is its
 * largest event weight (NULL values when all are 1). */
pal_status pal_log_pairs(pal_ctx *ctx, const pal_log *log, uint32_t types, pal_arena *arena, pal_csr *out);

/* Number of distinct users of each item: out [n_items]. Sums the pair's weight instead of 1 where there are weights. */
void pal_log_popularity(const pal_csr *pairs, double *out);

/* xxh3 of ids, items, values, times, types and weights: what the log is, however it was stored. */
uint64_t pal_log_hash(const pal_log *log);

static inline bool pal_log_is_target(const pal_log *log, int64_t event) {
    return !log->types || (log->target_types >> log->types[event] & 1u);
}

#endif
