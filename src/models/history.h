/* history.h - what kinds that do not look at order see of a query's history. */
#ifndef PAL_MODELS_HISTORY_H
#define PAL_MODELS_HISTORY_H

#include "base/rng.h"
#include "models/model.h"

/* Bytes of a part of a scratch, so that the next part is aligned to 64 bytes. */
static inline size_t pal_scratch_round(size_t bytes) { return (bytes + 63) / 64 * 64; }
/* Cuts a scratch from byte `at` on into n parts of sizes[i] numbers of 4 bytes; a NULL scratch has
 * NULL parts. Returns where the last one ends. */
size_t pal_scratch_cut(void *scratch, size_t at, const size_t *sizes, int32_t n, void **parts);

/* Bytes of scratch for pal_distinct_rows over a catalogue of n_items, a multiple of 64. It must
 * lie at the same place in every call with the same scratch. */
size_t pal_history_bytes(int32_t n_items);
/* The distinct rows of items[n] that lie in [0, n_items), ascending; *out points into scratch,
 * which must be zero at first and is left so but for the rows. */
int32_t pal_distinct_rows(const int32_t *items, int32_t n, int32_t n_items, void *scratch,
                          const int32_t **out);
/* The same of the items of the query. */
static inline int32_t pal_history_distinct(const pal_query *query, int32_t n_items, void *scratch,
                                           const int32_t **items) {
    return pal_distinct_rows(query->items, query->n_events, n_items, scratch, items);
}
/* The stream of draws that learn the row of a stranger: depends on what is in the history alone. */
pal_rng pal_history_stream(const int32_t *items, int64_t n_items);

#endif
