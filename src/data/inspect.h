/* inspect.h - what a log is, what is odd about it, and which flags fit it. compare uses the same answers. */
#ifndef PAL_DATA_INSPECT_H
#define PAL_DATA_INSPECT_H

#include <jansson.h>

#include "data/read.h"

typedef struct {
    int64_t n_events, n_pairs; /* pairs: distinct (user, item) */
    int32_t n_users, n_items;
    double density;            /* pairs / (users * items) */
    double median_user_events, median_item_events, largest_user_share; /* share of events by the most active user */
    double repeat_share;       /* events whose (user, item) occurred before */
    double session_share;      /* users all of whose events lie within one day; 0 without times */
    double constant_time_share;/* events that share their second with another of the same user */
    double head_share;         /* events on the most popular 20 % of items */
    int64_t first_time, last_time;
    bool has_times, has_values, ids_are_sessions, repeats_matter;
    /* Proposals, as option values: */
    const char *split, *task, *hide;
} pal_inspection;

void pal_inspect_log(pal_ctx *ctx, const pal_log *log, pal_inspection *out);
/* The object under "data" of results: sizes, shares, findings, warnings (one sentence each with what to do), and what the report draws: item
 * counts by rank ("long_tail": [[rank, events]…], at most 200 points), events over time ("timeline": [[seconds, events]…]), value
 * levels ("values": [[value, events]…]), users by history length. */
pal_status pal_inspect_json(pal_ctx *ctx, const pal_data *data, json_t **out);

#endif
