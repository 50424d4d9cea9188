/* progress.h - where the work is and how long it will take, told at most ten times a second. */
#ifndef PAL_BASE_PROGRESS_H
#define PAL_BASE_PROGRESS_H

#include <stdint.h>

#include "palate.h"

double pal_clock(void); /* seconds of a monotonic clock */

/* begin resets the estimate; update says done of total ("training ease: 40 % · 3 s left"); end
 * clears the line. */
void pal_progress_begin(pal_ctx *ctx);
void pal_progress_update(pal_ctx *ctx, const char *what, int64_t done, int64_t total);
void pal_progress_end(pal_ctx *ctx);

#endif
