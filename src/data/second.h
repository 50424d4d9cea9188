/* second.h - a log's second domain: read beside it and joined as it was declared, or cut from the
 * log by a column of its items. */
#ifndef PAL_DATA_SECOND_H
#define PAL_DATA_SECOND_H

#include "data/read.h"

/* The second domain as models see it; false where there is none. */
bool pal_data_source(const pal_data *data, pal_source *out);

/* --domain: takes the events on items of the source out of the log, and those on items of neither
 * side. Comes once catalogs are settled and before the filters. */
pal_status pal_second_cut(pal_ctx *ctx, const pal_paths *paths, pal_data *data);
/* --source: reads it, or the source that was cut; checks what was declared against what there is.
 * Comes after the filters. */
pal_status pal_second_join(pal_ctx *ctx, const pal_paths *paths, pal_data *data);

/* Reads a log that is to be the second domain of another, with options of its own (read.c). */
pal_status pal_data_read_second(pal_ctx *ctx, const pal_paths *paths, const char *options,
                                pal_data **out);
/* Empty data with such options, to be filled. */
pal_status pal_data_new_second(pal_ctx *ctx, const char *options, pal_data **out);

/* --map: ids of the shared side of `second` become those of `data` (rename.c). */
pal_status pal_second_rename(pal_ctx *ctx, const char *path, const pal_data *data,
                             pal_data *second);

/* Says in the findings what the second domain is. */
void pal_second_tell(pal_data *data);

typedef struct { /* ids of the second domain's log that stand in the log too, shared or not */
    int32_t users, items;
} pal_overlap;
pal_overlap pal_second_overlap(const pal_data *data);
/* Warns where ids are equal by accident, or where what was declared does not fit them (overlap.c).
 */
void pal_second_guard(pal_ctx *ctx, const pal_data *data);

#endif
