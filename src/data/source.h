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

/* A source that owns what it says: the part of another that came before something, or a model's
 * copy. It stays where it was made: the source points into it. */
typedef struct {
    pal_source source;
    pal_log log;
    pal_ids user_ids, item_ids;
    pal_catalog catalog; /* of a copy; a part shares cells with the whole */
    pal_arena arena;
} pal_source_own;

/* The events before `until`, and, with a log `asked` whose users are the same people, of each of
 * them only those before his first event there; words of items before `until`. Rows are numbered
 * anew in their old order, so that each has an event; where nothing is left the log has none. A
 * source without times is taken whole. `items` and `users` must outlive the part. */
pal_status pal_source_before(pal_ctx *ctx, const pal_source *whole, int64_t until,
                             const pal_log *asked, pal_source_own *out);
/* The log, its ids and titles. */
pal_status pal_source_copy(pal_ctx *ctx, const pal_source *source, pal_source_own *out);
void pal_source_own_release(pal_source_own *own);

/* Of log, sharing and the items' cells: which source it was. */
uint64_t pal_source_hash(const pal_source *source);

#endif
