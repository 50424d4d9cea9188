/* reader.h - kinds that read a history step by step, one recurrent layer each: rnn, gru, lstm.
 *
 * y_t = V h_t + c with h_t from nn/recurrent.h over the rows of the events so far
 * (models/sequence.h says what y is held against). */
#ifndef PAL_MODELS_NEURAL_READER_H
#define PAL_MODELS_NEURAL_READER_H

#include "models/sequence.h"
#include "nn/recurrent.h"

typedef struct {
    pal_sequence_options sequence;
    int64_t hidden;
} pal_reader_params;

pal_encoder pal_reader_encoder(const char *name, pal_cell cell, const pal_reader_params *params);

#define PAL_READER_ROWS                                                                            \
    PAL_SEQUENCE_ROWS(pal_reader_params, "200", "0.2", "0.004", "32", "40", "10", "linear", "1"),  \
    {                                                                                              \
        .name = "hidden", .type = PAL_PARAM_INT, .offset = offsetof(pal_reader_params, hidden),    \
        .initial = "128", .min = 1, .max = 2048, .scale = PAL_LOG,                                 \
        .help = "length of the state that is carried from event to event"                          \
    }

#endif
