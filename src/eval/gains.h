/* gains.h - what a hit is worth: --gain. */
#ifndef PAL_EVAL_GAINS_H
#define PAL_EVAL_GAINS_H

#include "eval/questions.h"

/* Refuses a --gain that the data cannot answer: it is "value" (the log's), or a column of numbers
 * of the catalog. */
pal_status pal_gains_check(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data);

/* Fills questions->gains; nothing without --gain. A relevant item of which the catalog has no
 * number is worth 0, and counted in a warning. */
pal_status pal_gains_make(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data,
                          pal_questions *questions);

#endif
