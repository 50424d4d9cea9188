/* training_rows.h - rows of option tables that kinds that learn in epochs have alike.
 *
 * `values` is the struct of the table, `member` the field, which is the option's name too. */
#ifndef PAL_MODELS_TRAINING_ROWS_H
#define PAL_MODELS_TRAINING_ROWS_H

#include <stddef.h>

#include "base/param.h"

#define PAL_ROW(values, member, row_type, text, least, most, by, sentence)                         \
    {                                                                                              \
        .name = #member, .type = row_type, .offset = offsetof(values, member), .initial = text,    \
        .min = least, .max = most, .scale = by, .help = sentence                                   \
    }
#define PAL_ROW_CHOICE(values, member, text, names, sentence)                                      \
    {                                                                                              \
        .name = #member, .type = PAL_PARAM_CHOICE, .offset = offsetof(values, member),             \
        .initial = text, .choices = names, .help = sentence                                        \
    }

/* epochs, patience, batch, learning_rate of Adam and tolerance; an example is one of `examples`. */
#define PAL_TRAINING_ROWS(values, examples, epochs_now, patience_now, batch_now, most_batch,       \
                          rate_now, tolerance_now)                                                 \
    PAL_ROW(values, epochs, PAL_PARAM_INT, epochs_now, 1, 100000, PAL_LOG,                         \
            "passes over the " examples " at the most"),                                           \
        PAL_ROW(values, patience, PAL_PARAM_INT, patience_now, 0, 100000, PAL_LINEAR,              \
                "epochs without a better validation after which training ends; 0: all epochs"),    \
        PAL_ROW(values, batch, PAL_PARAM_INT, batch_now, 1, most_batch, PAL_LOG,                   \
                examples " of one step"),                                                          \
        PAL_ROW(values, learning_rate, PAL_PARAM_REAL, rate_now, 1e-7, 1, PAL_LOG,                 \
                "length of Adam's steps"),                                                         \
        PAL_ROW(values, tolerance, PAL_PARAM_REAL, tolerance_now, 0, 1, PAL_LOG,                   \
                "relative change of the loss in an epoch under which training ends")

#endif
