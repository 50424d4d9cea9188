/* made.h - the long-tailed logs that are timed, and what all programs here do alike. */
#ifndef BENCH_MADE_H
#define BENCH_MADE_H

#include <stddef.h>

#include "data/log.h"

/* Says so and ends the program. */
void made_die(const char *what);
/* Zeros; ends the program without memory. */
void *made_alloc(size_t n, size_t size);
/* Distinct items of each user by popularity ~ 1 / (rank + 30)^0.9, ascending; lengths log-normal
 * around n_events / n_users, at most 3000. A log without ids that lives as long as the program. */
pal_log made_log(int32_t n_users, int32_t n_items, int64_t n_events);
/* The same without ids from arrays as of made_log. */
pal_log made_log_of(int32_t n_users, int32_t n_items, int64_t *starts, int32_t *items);
/* Most bytes that the process held so far. */
int64_t made_peak_bytes(void);

#endif
