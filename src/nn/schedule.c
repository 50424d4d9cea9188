/* schedule.c - rise, then stay or fall. */
#include "nn/schedule.h"

#include <stddef.h>

const char *const pal_schedule_forms[] = {"constant", "linear", "cosine", NULL};

double pal_schedule_at(const pal_schedule *schedule, int64_t t) {
    if (t < schedule->warm_up) return (double)t / (double)schedule->warm_up;
    int64_t rest = schedule->n_steps - schedule->warm_up;
    if (schedule->form == PAL_SCHEDULE_CONSTANT || rest <= 0) return 1;
    double done = (double)(t - schedule->warm_up) / (double)rest;
    if (done > 1) done = 1;
    if (schedule->form == PAL_SCHEDULE_LINEAR) return 1 - done;
    return 0.5 * (1 + cos(3.14159265358979323846 * done));
}
