/* fuzz_delimited.c - tables: what is read keeps the promises of a log, and skipping bad lines
 * changes nothing where there are none. The first byte chooses the options. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/formats/format.h"
#include "fuzz.h"
#include "fuzz_log.h"

static const char *const fuzz_options[] = {
    "format=table",
    "format=recbole",
    "format=table columns=user=2,item=1",
    "format=table columns=user=1,item=2,value=3,time=4,event=5",
    "format=table value=4 min_user=2 min_item=2 dedupe since=2000-01-01",
    "format=table columns=user=1,item=2,text=3 value=4*5",
    "format=table value=3/4 min_user=2",
};

/* What the types promise. */
static void fuzz_check_column(const pal_catalog *catalog, const pal_column *column) {
    fuzz_check(column->type != PAL_FEATURE_UNKNOWN);
    fuzz_check((column->type == PAL_FEATURE_TOKEN) == (column->tokens != NULL));
    fuzz_check((column->type == PAL_FEATURE_NUMBER) == (column->numbers != NULL));
    fuzz_check((column->type == PAL_FEATURE_SET) == (column->sets.starts != NULL));
    fuzz_check((column->type == PAL_FEATURE_VECTOR) == (column->vectors != NULL));
    for (int32_t i = 0; i < catalog->ids.n; i++) {
        const char *cell = column->cells[i];
        fuzz_check(pal_utf8_valid_prefix(cell, strlen(cell)) == strlen(cell));
        if (column->tokens)
            fuzz_check(column->tokens[i] >= -1 && column->tokens[i] < column->vocabulary.n);
        if (column->numbers) fuzz_check(!isinf(column->numbers[i]));
        if (!column->sets.starts) continue;
        for (int64_t k = column->sets.starts[i]; k < column->sets.starts[i + 1]; k++) {
            int32_t token = column->sets.cols[k];
            fuzz_check(token >= 0 && token < column->vocabulary.n);
            fuzz_check(k == column->sets.starts[i] || token > column->sets.cols[k - 1]);
        }
    }
}

static void fuzz_catalog(const pal_bytes *bytes, bool is_latin1) {
    static const pal_data_options options = {0};
    pal_ctx ctx = {0};
    pal_data data = {.catalog = {.title = -1}};
    pal_reader reader = {.ctx = &ctx, .data = &data, .options = &options};
    pal_catalog_dialect dialect = {.is_latin1 = is_latin1};
    if (pal_catalog_read(&reader, "input", bytes, &dialect) == PAL_OK) {
        fuzz_check_ids(&data.catalog.ids);
        if (data.catalog.ids.n) {
            fuzz_check(pal_catalog_settle(&ctx, &data.catalog, "--item-columns", NULL) == PAL_OK);
            for (int32_t c = 0; c < data.catalog.n_columns; c++)
                fuzz_check_column(&data.catalog, &data.catalog.columns[c]);
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
