/* plan.h - what a comparison will take, before it is begun, and who gets how much of a budget. */
#ifndef PAL_CHOOSE_PLAN_H
#define PAL_CHOOSE_PLAN_H

#include "choose/compare.h"

/* Fills comparison->plan [n_specs] with what each spec takes in all: two trainings and the lists of
 * both parts, by the kinds' estimates. */
pal_status pal_plan_make(pal_ctx *ctx, const char *const *specs, pal_comparison *comparison);

/* Names the kinds that the weights of events do not reach, when the log has any. */
void pal_plan_tell_weights(pal_ctx *ctx, const char *const *specs, const pal_log *log);

/* Whether a row may begin: false writes the reason. With a budget, *deadline (of pal_clock) is when
 * a kind that learns in epochs has to stop: half of what is left, divided by the rows to come. */
bool pal_plan_allows(const pal_comparison *comparison, int32_t row, int32_t n_specs,
                     double *deadline, char reason[PAL_ERROR_MAX]);

#endif
