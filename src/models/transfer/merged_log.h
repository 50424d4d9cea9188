/* merged_log.h - two domains as one log: people who are the same are one person, items that are the
 * same one item. */
#ifndef PAL_MODELS_TRANSFER_MERGED_LOG_H
#define PAL_MODELS_TRANSFER_MERGED_LOG_H

#include "data/source.h"

typedef struct {
    pal_log log; /* rows of the target first; arrays and ids are the arena's */
    pal_ids user_ids, item_ids;
    int32_t *user_rows, *item_rows; /* [source's users, items] rows of the merged log */
} pal_merged_log;

/* Events of both, each person's in order of time; where one log has no times, his events in the
 * source come first. Values and types are kept where both logs have them, and a type that only the
 * source has counts as the first target type. Ids of the source that are not shared are written
 * "source: id". Points into `out`. Cost: one pass over both logs. */
pal_status pal_merged_log_make(pal_ctx *ctx, const pal_log *log, const pal_source *source,
                               pal_arena *arena, pal_merged_log *out);

#endif
