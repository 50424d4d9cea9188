/* source.h - a second domain: another log, whose people or whose items are the same as those of the
 * log in question, because it was said so. Equal ids alone say nothing: two shops number their
 * customers from 1 each. */
#ifndef PAL_DATA_SOURCE_H
#define PAL_DATA_SOURCE_H

#include "data/catalog.h"
#include "data/log.h"

typedef enum { PAL_SHARED_NONE, PAL_SHARED_USERS, PAL_SHARED_ITEMS } pal_sharing;
extern const char *const pal_sharing_choices[]; /* "none", "users", "items", NULL */

typedef struct pal_source {
    const pal_log *log;       /* rows and ids of its own */
    const pal_catalog *items; /* of its items; or NULL */
    const pal_catalog *users; /* profiles of its users; or NULL */
    pal_sharing shared;       /* whose ids mean the same in both logs */
} pal_source;

/* For each user of the source his row in `log`, or -1 where he has none there, and everywhere when
 * users are not shared: [source->log->n_users], in the arena. */
pal_status pal_source_user_rows(pal_ctx *ctx, const pal_source *source, const pal_log *log,
                                pal_arena *arena, const int32_t **out);
/* The same of items. */
pal_status pal_source_item_rows(pal_ctx *ctx, const pal_source *source, const pal_log *log,
                                pal_arena *arena, const int32_t **out);

#endif
