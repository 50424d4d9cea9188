/* schedule.h - the learning rate over the steps of a training. */
#ifndef PAL_NN_SCHEDULE_H
#define PAL_NN_SCHEDULE_H

#include <math.h>
#include <stdint.h>

typedef enum { PAL_SCHEDULE_CONSTANT, PAL_SCHEDULE_LINEAR, PAL_SCHEDULE_COSINE } pal_schedule_form;
/* "constant", "linear", "cosine", NULL: for a row of a kind's table. */
extern const char *const pal_schedule_forms[];

typedef struct {
    pal_schedule_form form;
    int64_t warm_up; /* steps in which the rate rises in a line from 1 / warm_up; 0: none */
    int64_t n_steps; /* of the whole training: where linear and cosine reach 0 */
} pal_schedule;

/* The factor of step t, from 1. */
double pal_schedule_at(const pal_schedule *schedule, int64_t t);

#endif
