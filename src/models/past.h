/* past.h - what a network sees of a history: its newest events, weighed, so that a row for a person
 * is a sum of the rows of items.
 *
 * Entries are places of two sums, one after the other. The long one holds the newest n_long events,
 * all weighed 1/√n; the recent one the newest n_recent, the p-th newest weighed 1/p over the sum of
 * such weights. Places that are not used hold -1. */
#ifndef PAL_MODELS_PAST_H
#define PAL_MODELS_PAST_H

#include "base/rng.h"
#include "data/log.h"

typedef enum {
    PAL_PAST_BEFORE, /* an event is told by those before it */
    PAL_PAST_OTHERS, /* by all others of the person */
} pal_past_form;
extern const char *const pal_past_forms[]; /* "before", "others", NULL */

typedef struct {
    int32_t form, n_long, n_recent;
    double dropout; /* share of events that are left out of a sum while training */
} pal_past;

static inline int32_t pal_past_entries(const pal_past *past) {
    return past->n_long + past->n_recent;
}

/* Of a history: items [n], oldest first. rows, weights [pal_past_entries]. */
void pal_past_of_items(const pal_past *past, const int32_t *items, int64_t n, int32_t *rows,
                       float *weights);
/* Of the user's events when `item` at `event` of the log is to be guessed: its events are left out
 * of "others". rng may be NULL: no dropout. */
void pal_past_of_event(const pal_past *past, const pal_log *log, int32_t user, int64_t event,
                       int32_t item, pal_rng *rng, int32_t *rows, float *weights);
/* Events that can be learned from: those with something before them, or with others beside them;
 * where there are none, all. users, events [n_events of the log]; returns how many. */
int64_t pal_past_examples(const pal_past *past, const pal_log *log, int32_t *users,
                          int64_t *events);

#endif
