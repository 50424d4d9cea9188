/* searches.h - what users asked for in words, where the event names no item: kept beside the log
 * for kinds that read words. */
#ifndef PAL_DATA_SEARCHES_H
#define PAL_DATA_SEARCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "data/ids.h"
#include "palate.h"

/* By user, in time order within a part. */
typedef struct {
    int32_t n_users; /* rows of the log's users */
    int64_t n;
    const int64_t *starts;  /* [n_users + 1] searches of a user */
    const int64_t *times;   /* [n] seconds since 1970; 0 without times */
    const uint8_t *parts;   /* [n] part of the data that it stood in */
    const int64_t *offsets; /* [n + 1] into bytes */
    const char *bytes;      /* the texts, UTF-8, each ended by a NUL */
    pal_arena arena;
} pal_searches; /* zero is none */

static inline const char *pal_search_text(const pal_searches *searches, int64_t search) {
    return searches->bytes + searches->offsets[search];
}

/* Searches as a reader meets them, on the heap; users are known by id. */
typedef struct {
    int64_t n, capacity, n_bytes, bytes_capacity;
    int32_t *users; /* [n] rows of ids */
    int64_t *times, *offsets;
    uint8_t *parts;
    char *bytes;
    pal_ids ids;
} pal_search_list;

/* False without memory. */
bool pal_search_list_add(pal_search_list *list, const char *user, size_t user_length, int64_t time,
                         uint8_t part, const char *text, size_t length);
void pal_search_list_release(pal_search_list *list);

/* The searches of those users that `users` knows; *n_left_out says how many were others'. */
pal_status pal_searches_build(pal_ctx *ctx, const pal_search_list *list, const pal_ids *users,
                              pal_searches *out, int64_t *n_left_out);
enum { PAL_SEARCH_PARTS = 256 }; /* all that there can be */
typedef struct {                 /* which searches */
    int64_t since, before;       /* times in [since, before) */
    int32_t n_parts;             /* of the first so many parts */
} pal_search_range;
/* Those of the users that have a row (user_rows [n_users] ≥ 0); n_users is how many rows there are
 * then. */
pal_status pal_searches_select(pal_ctx *ctx, const pal_searches *searches, const int32_t *user_rows,
                               int32_t n_users, const pal_search_range *range, pal_searches *out);
/* The same, and of each user only those before befores[user] ([n_users of `searches`]). */
pal_status pal_searches_select_before(pal_ctx *ctx, const pal_searches *searches,
                                      const int32_t *user_rows, int32_t n_users,
                                      const int64_t *befores, const pal_search_range *range,
                                      pal_searches *out);
/* The user's newest searches in the range, oldest first, as one text in the arena: what a query of
 * his says in words. *out is NULL where there is none. */
pal_status pal_searches_newest(pal_ctx *ctx, const pal_searches *searches, int32_t user,
                               const pal_search_range *range, pal_arena *arena, const char **out);
void pal_searches_release(pal_searches *searches);

#endif
