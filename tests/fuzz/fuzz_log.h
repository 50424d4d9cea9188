/* fuzz_log.h - what must hold of every log that is read, whatever its format. */
#ifndef PALATE_TESTS_FUZZ_LOG_H
#define PALATE_TESTS_FUZZ_LOG_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/text.h"
#include "data/read.h"

static inline void fuzz_check(bool holds) {
    if (!holds) abort();
}

static inline void fuzz_check_ids(const pal_ids *ids) {
    for (int32_t i = 0; i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        size_t n = strlen(id);
        fuzz_check(n > 0 && n <= PAL_ID_MAX && pal_utf8_valid_prefix(id, n) == n);
        fuzz_check(pal_ids_find(ids, id, n) == i);
    }
}

static inline void fuzz_check_log(const pal_data *data) {
    const pal_log *log = &data->parts[0];
    fuzz_check(data->n_parts == 1 && log->n_events > 0 &&
               log->starts[log->n_users] == log->n_events);
    fuzz_check(log->n_users == data->user_ids.n && log->n_items == data->item_ids.n);
    fuzz_check_ids(&data->user_ids);
    fuzz_check_ids(&data->item_ids);
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            fuzz_check(log->items[e] >= 0 && log->items[e] < log->n_items);
            fuzz_check(!log->values || isfinite(log->values[e]));
            fuzz_check(!log->types || log->types[e] < log->about.n_types);
            if (log->times)
                fuzz_check(log->times[e] >= (e > log->starts[u] ? log->times[e - 1] : 0));
        }
    }
    const pal_text *shown = &data->shown;
    fuzz_check(shown->failed ||
               pal_utf8_valid_prefix(shown->bytes, shown->length) == shown->length);
    for (size_t i = 0; i < shown->length; i++) {
        fuzz_check(shown->bytes[i] == '\n' || (unsigned char)shown->bytes[i] >= 0x20);
    }
}

/* The hash of the log, or 0 when it is refused. */
static inline uint64_t fuzz_read(const pal_bytes *bytes, const char *options, const char *more) {
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    pal_text both = {0};
    pal_text_addf(&both, "%s %s", options, more);
    uint64_t hash = 0;
    if (both.failed) return 0;
    if (pal_data_parse(&ctx, "input", bytes, both.bytes, &data) == PAL_OK) {
        fuzz_check_log(data);
        hash = pal_log_hash(&data->parts[0]);
        pal_data_free(data);
    } else {
        fuzz_check(*ctx.error && !strchr(ctx.error, '\n'));
    }
    pal_text_release(&both);
    return hash;
}

#endif
