/* split.h - train, validation and test parts of a log.
 *
 * A split is one const descriptor in data/split/. After it, rows are renumbered so that items and users of train come first, then those that
 * only validation adds, then those that only test adds: nothing trained can depend on ids that it has not seen. */
#ifndef PAL_DATA_SPLIT_H
#define PAL_DATA_SPLIT_H

#include "base/param.h"
#include "data/read.h"

typedef struct pal_split {
    char spec[256];    /* canonical: "time valid=0.1 test=0.1", or "files" */
    pal_log train;     /* what models that are judged on validation learn from */
    pal_log valid;     /* rows may go past train's n_users and n_items */
    pal_log history;   /* train + validation: what the final models learn from; history and mask of the test */
    pal_log test;      /* rows may go past history's */
    int64_t valid_from, test_from; /* seconds of the first event of the part, or 0 without times */
    pal_ids user_ids, item_ids;    /* of all parts, renumbered */
} pal_split;

typedef struct {
    const char *name, *summary;
    const pal_param *params;
    size_t params_size;
    bool needs_times;
    /* part[e] = 0 train, 1 validation, 2 test for each event of the log (in its order by user). May leave parts empty; the caller
     * refuses those with a sentence. */
    pal_status (*assign)(pal_ctx *ctx, const void *params, const pal_log *log, uint8_t *part);
} pal_splitter;
extern const pal_splitter *const pal_splitters[]; /* time, leave_last, random; NULL-ended */

/* Splits a single log by `spec` (NULL: time, or random where there are no times); for given parts takes them, and cuts validation from train
 * by the same rule (time where there are times, else random) when it was not given. PAL_EDATA when a part is empty or
 * a split's need is unmet. */
pal_status pal_split_make(pal_ctx *ctx, const pal_data *data, const char *spec, pal_split *out);
void pal_split_release(pal_split *split);
/* xxh3 of the three parts: which event is where. */
uint64_t pal_split_hash(const pal_split *split);

#endif
