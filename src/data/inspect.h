/* inspect.h - what a log is, what is odd about it, and which flags fit it. compare uses the same
 * answers. */
#ifndef PAL_DATA_INSPECT_H
#define PAL_DATA_INSPECT_H

#include <jansson.h>

#include "data/read.h"

enum { PAL_LEVELS_MAX = 40 };

typedef struct {
    int64_t n_events;
    int64_t n_pairs;          /* distinct (user, item) */
    int64_t n_targets;        /* events of the target types */
    int32_t n_users, n_items; /* with an event */
    double density;           /* pairs / (users * items) */
    double median_user_events, median_item_events;
    double largest_user_share; /* of events, by the most active user */
    double head_share;         /* of events, on the most popular 20 % of items */
    double repeat_share;       /* of target events: the same user and item had one before */
    double single_event_share; /* of users: have one event */
    /* 0 without times: */
    double duplicate_share;     /* of events: as an earlier one in user, item, type and second */
    double session_share;       /* of users with two events and more: all within one day */
    double constant_time_share; /* of target events: share their second with another of the user */
    double user_burst_share; /* of users with two events and more: half of their gaps are under an
                                hour */
    double item_burst_share; /* the same of items */
    double churn_share;      /* of users: no event in the last 10 % of the time */
    double
        median_item_days; /* from an item's first event to its last; of items with five and more */
    /* Of the newest tenth of the events: */
    double late_stranger_share; /* of its users: have no event before */
    double new_item_share;      /* of its events: on items that have none before */
    int64_t first_time, last_time;
    /* Times put a user's events in order: they differ, and most not by sharing a second. */
    bool is_ordered;
    bool has_times, has_values, ids_are_sessions, repeats_matter;

    int32_t busiest_user; /* row */
    int32_t n_groups;     /* with 5 % of the events and more, that no chain of events connects */
    double group_share;   /* of events: in the largest */
    int64_t n_late;       /* events of the newest tenth */
    int32_t new_item;     /* the most popular that starts there */
    int64_t new_item_events;
    int32_t n_idle;    /* users with so many events that having no target event is no chance */
    int32_t idle_user; /* the busiest of them */
    int64_t type_events[PAL_TYPES_MAX];       /* events of each type */
    int64_t type_after_target[PAL_TYPES_MAX]; /* of them: user and item had a target event before */

    int32_t n_levels;             /* distinct values; 0 when there are more than PAL_LEVELS_MAX */
    float levels[PAL_LEVELS_MAX]; /* [n_levels] ascending */
    int64_t level_events[PAL_LEVELS_MAX];
    double value_min, value_max;
    double id_value_share; /* of values in that sample: are the number that is the item's or user's
                              id */
    double whole_share, distinct_share; /* of values, looked at in a sample of at most 100,000 */

    /* Proposals, as option values: */
    const char *split, *task, *hide;
} pal_inspection;

/* split: time, or random where times tell nothing. task: next when ids are sessions or the median
 * user has under 10 events, and there are times to order them, else window. hide: none when 20 % of
 * the target events and more are repeats, else target. */
pal_status pal_inspect_log(pal_ctx *ctx, const pal_log *log, pal_inspection *out);

/* Parts of pal_inspect_log (inspect_parts.c). */
pal_status pal_inspect_end(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                           pal_inspection *out);
pal_status pal_inspect_groups(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                              pal_inspection *out);

/* The preset that the names of types and columns are nearest to, with why; NULL: none. */
const char *pal_inspect_nearest(const pal_data *data, const pal_inspection *found, pal_text *why);
/* The object under "second" of an inspection: sizes of the second domain, equal ids, the share of
 * the shared side here that is known there, of shared users those who were there before they came
 * here, times [first, last] of both; NULL: there is none. */
json_t *pal_inspect_source_json(const pal_data *data);
/* Its lines for a terminal (NULL: none). */
void pal_inspect_source_text(const json_t *json, pal_text *out);
/* Says how many items of the log stand in the catalog: ids that are written differently in the two
 * match nothing. A warning where most do not. */
void pal_inspect_tell_match(pal_ctx *ctx, const pal_data *data);
/* A sentence about a column of the catalog that gives the answer away, or nothing. */
void pal_inspect_catalog(const pal_data *data, pal_text *sentence);

/* Writes one sentence about what the checks find odd, with what to do about it; nothing when
 * `check` finds nothing. Checks are numbered from 0; false past the last one. */
bool pal_inspect_check(const pal_log *log, const pal_inspection *found, int32_t check,
                       pal_text *sentence);

/* The object under "data" of results: sizes, shares, findings, warnings (one sentence each with
 * what to do), proposal, and what the report draws: item counts by rank ("long_tail": [[rank,
 * events]…], at most 200 points), events over time ("timeline": [[seconds, events]…]), value levels
 * ("values": [[value, events]…], lower edges of bins where there are too many levels), users by
 * history length ("history_lengths": [[least events, users]…]). Of given parts the training part is
 * inspected. */
pal_status pal_inspect_json(pal_ctx *ctx, const pal_data *data, json_t **out);
/* The same for a terminal. */
pal_status pal_inspect_text(pal_ctx *ctx, const pal_data *data, pal_text *out);

#endif
