/* transfer.h - what the kinds that learn from a second domain share. */
#ifndef PAL_MODELS_TRANSFER_TRANSFER_H
#define PAL_MODELS_TRANSFER_TRANSFER_H

#include "models/model.h"

/* The row of a kind's table by which its single-domain twin is named; `use_source` is the member
 * that holds it. */
#define PAL_TRANSFER_SOURCE_ROW(values)                                                            \
    {                                                                                              \
        .name = "source", .type = PAL_PARAM_FLAG, .offset = offsetof(values, use_source),          \
        .initial = "true",                                                                         \
        .help = "learn from the source too, where there is one; off: the single-domain twin"       \
    }

#endif
