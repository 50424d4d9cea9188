/* fuzz_delimited.c - tables: what is read keeps the promises of a log, and skipping bad lines
 * changes nothing where there are none. The first byte chooses the options. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/format.h"
#include "fuzz.h"

static const char *const fuzz_options[] = {
    "format=table",
    "format=recbole",
    "format=table columns=user=2,item=1",
    "format=table columns=user=1,item=2,value=3,time=4,event=5",
    "format=table value=4 min_user=2 min_item=2 dedupe since=2000-01-01",
};

static void fuzz_check(bool holds) {
    if (!holds) abort();
}

static void fuzz_check_ids(const pal_ids *ids) {
    for (int32_t i = 0; i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        size_t n = strlen(id);
        fuzz_check(n > 0 && n <= PAL_ID_MAX && pal_utf8_valid_prefix(id, n) == n);
        fuzz_check(pal_ids_find(ids, id, n) == i);
    }
}

static void fuzz_check_log(const pal_data *data) {
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
static uint64_t fuzz_read(const pal_bytes *bytes, const char *options, const char *more) {
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

static void fuzz_catalog(const pal_bytes *bytes, bool is_latin1) {
    static const pal_data_options options = {0};
    pal_ctx ctx = {0};
    pal_data data = {.catalog = {.title = -1}};
    pal_reader reader = {.ctx = &ctx, .data = &data, .options = &options};
    pal_catalog_dialect dialect = {.is_latin1 = is_latin1};
    if (pal_catalog_read(&reader, "input", bytes, &dialect) == PAL_OK) {
        fuzz_check_ids(&data.catalog.ids);
        for (int32_t c = 0; c < data.catalog.n_columns; c++) {
            for (int32_t i = 0; i < data.catalog.ids.n; i++) {
                const char *cell = data.catalog.columns[c].cells[i];
                fuzz_check(pal_utf8_valid_prefix(cell, strlen(cell)) == strlen(cell));
            }
        }
    } else {
        fuzz_check(*ctx.error);
    }
    pal_catalog_release(&data.catalog);
    pal_arena_release(&data.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    if (n == 0) return 0;
    size_t choice = bytes[0] % (sizeof fuzz_options / sizeof *fuzz_options);
    /* The end of the copy is the end of its allocation. */
    char *copy = malloc(n > 1 ? n - 1 : 1);
    if (!copy) return 0;
    memcpy(copy, bytes + 1, n - 1);
    pal_bytes table = {.bytes = copy, .length = n - 1};
    uint64_t strict = fuzz_read(&table, fuzz_options[choice], "");
    uint64_t tolerant = fuzz_read(&table, fuzz_options[choice], "bad_lines=skip");
    fuzz_check(!strict || strict == tolerant);
    fuzz_catalog(&table, bytes[0] & 0x80);
    free(copy);
    return 0;
}
