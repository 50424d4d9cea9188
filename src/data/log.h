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
/* Seconds, the year 33658: no difference or sum of a few times overflows. */
#define PAL_TIME_MAX INT64_C(1000000000000)

/* What describes a log besides its events. */
typedef struct {
    int32_t n_users, n_items; /* rows [0, n); a row may have no event */
    int32_t n_types;          /* 0: events have no type */
    char type_names[PAL_TYPES_MAX][PAL_NAME_MAX];
    uint32_t target_types; /* bit t: type t is what is evaluated; all bits without types */
    uint32_t shown_types;  /* bit t: type t says that an item was shown, not that it was used: such
                              events are judged (eval/clicks.h), no history has them */
    char value_name[PAL_NAME_MAX];      /* "rating"; "" without values */
    bool values_are_ratings;            /* a bounded scale of few levels, not counts or amounts */
    const pal_ids *user_ids, *item_ids; /* at least n_users, n_items ids; borrowed */
} pal_log_about;

/* Immutable once built. Rows are numbered by first appearance; in the parts of a split (split.h)
 * items of an earlier part come before those that only later parts know, so rows of the training
 * log mean the same in all of them. */
typedef struct pal_log {
    int32_t n_users, n_items; /* = about.n_users, about.n_items */
    int64_t n_events;
    const int64_t *starts; /* [n_users + 1] events of a user */
    const int32_t *items;  /* [n_events] oldest first; equal times keep file order */
    const float *values;   /* [n_events], or NULL: the log has no values */
    const int64_t *times;  /* [n_events] seconds since 1970, or NULL: the log has no times */
    const uint8_t *types;  /* [n_events] index into type_names, or NULL: one type */
    const float *weights;  /* [n_events] > 0: the event type's weight and decay, or NULL: all 1 */
    pal_log_about about;
    pal_arena arena; /* owns the arrays */
} pal_log;

void pal_log_release(pal_log *log);

/* Events in any order, from a reader or a generator. Arrays are [n], borrowed; users and items are
 * rows of the ids. */
typedef struct {
    int64_t n;
    const int32_t *users, *items;
    const float *values;  /* or NULL */
    const int64_t *times; /* or NULL */
    const uint8_t *types; /* or NULL */
    const float *weights; /* or NULL */
} pal_events;

/* Sorts events by (user, time, order given). */
pal_status pal_log_build(pal_ctx *ctx, const pal_events *events, const pal_log_about *about,
                         pal_log *out);

/* Events whose arrays, on the heap, are given away. */
typedef struct {
    int64_t n;
    int32_t *users, *items;
    float *values;        /* or NULL */
    int64_t *times;       /* or NULL */
    uint32_t *seconds;    /* times that fit, in place of `times`; or NULL */
    uint8_t *types;       /* or NULL */
    uint8_t *value_codes; /* index into code_values, in place of `values`; or NULL */
    const float *code_values;
    /* Not empty: the columns but types are no heap blocks of their own but stand in this one, of
     * `capacity` events each: seconds, items, values or their codes, users. The log is then built
     * in it. Codes stand nowhere else. */
    pal_arena block;
    int64_t capacity;
} pal_event_columns;

/* The same, but frees each column once it is in place, so that the peak of memory stays near the
 * finished log. What is left of `columns`, after a failure, is the caller's. */
pal_status pal_log_build_taking(pal_ctx *ctx, pal_event_columns *columns,
                                const pal_log_about *about, pal_log *out);

/* The events of `log` with keep[e] != 0, rows renumbered by user_rows and item_rows (new row of
 * each old one; NULL: unchanged). `about` has the new row counts and ids. */
pal_status pal_log_select(pal_ctx *ctx, const pal_log *log, const uint8_t *keep,
                          const int32_t *user_rows, const int32_t *item_rows,
                          const pal_log_about *about, pal_log *out);

/* The same without the rows that no such event is of, and the ids of those that are left, which
 * `out` refers to; they are the caller's, after a failure too. */
pal_status pal_log_keep(pal_ctx *ctx, const pal_log *log, const uint8_t *keep, pal_ids *user_ids,
                        pal_ids *item_ids, pal_log *out);

/* The types whose names say that an item was shown without being used (shown, impression, skip),
 * without those in `target_types`; 0 when no other type is left. */
uint32_t pal_log_shown_types(const pal_log_about *about, uint32_t target_types);

/* The events of `log` that are uses, with the same rows. */
pal_status pal_log_select_used(pal_ctx *ctx, const pal_log *log, pal_log *out);
/* Those that are not. */
pal_status pal_log_select_shown(pal_ctx *ctx, const pal_log *log, pal_log *out);

/* Distinct (user, item) pairs of the events of the types in `types` (a bit mask), items ascending;
 * the value of a pair is its largest event weight (values NULL when all are 1). */
pal_status pal_log_pairs(pal_ctx *ctx, const pal_log *log, uint32_t types, pal_arena *arena,
                         pal_csr *out);

/* The user of each event: out [n_events]. */
void pal_log_users(const pal_log *log, int32_t *out);

/* The newest time, 0 without times. */
int64_t pal_log_end(const pal_log *log);

/* xxh3 of ids, items, values, times, types and weights: what the log is, however it was stored. */
uint64_t pal_log_hash(const pal_log *log);

static inline bool pal_log_is_target(const pal_log *log, int64_t event) {
    return !log->types || (log->about.target_types >> log->types[event] & 1u);
}
static inline bool pal_log_is_shown(const pal_log *log, int64_t event) {
    return log->types && (log->about.shown_types >> log->types[event] & 1u);
}

/* Events of the longest history. */
int64_t pal_log_longest(const pal_log *log);

#endif
