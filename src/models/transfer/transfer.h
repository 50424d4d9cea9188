/* transfer.h - what kinds that learn from a second domain have alike. */
#ifndef PAL_MODELS_TRANSFER_H
#define PAL_MODELS_TRANSFER_H

#include "models/training_rows.h"

/* Off: the single-domain twin. */
#define PAL_TRANSFER_SOURCE_ROW(values)                                                            \
    PAL_ROW(values, source, PAL_PARAM_FLAG, "1", 0, 0, PAL_LINEAR,                                 \
            "learn from the source too, where there is one; 0: as if there were none")

#endif
