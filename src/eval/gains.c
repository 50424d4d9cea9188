/* gains.c - the worth of relevant items, from the log's values or a column of the catalog. */
#include "eval/gains.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/ctx.h"

static bool gains_are_values(const pal_protocol *protocol) {
    return pal_name_equal(protocol->gain, "value");
}

/* The column that --gain names, or a sentence with those that there are. */
static pal_status gains_find_column(pal_ctx *ctx, const pal_protocol *protocol,
                                    const pal_data *data, const pal_column **out) {
    const pal_catalog *catalog = &data->catalog;
    if (catalog->ids.n == 0) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "--gain '%s' is a column of the catalog, and there is none: name its file "
                        "with --items, or use --gain value",
                        protocol->gain);
    }
    pal_text list = {0};
    *out = pal_catalog_column(catalog, protocol->gain);
    for (int32_t c = 0; c < catalog->n_columns && !*out; c++)
        pal_text_addf(&list, c ? ", %s" : "%s", catalog->columns[c].name);
    pal_status status = PAL_OK;
    if (!*out) {
        status = pal_fail(ctx, PAL_EUSAGE,
                          "--gain: the catalog has no column '%s': it has %s; value stands for the "
                          "log's own",
                          protocol->gain, list.bytes ? list.bytes : "no columns");
    }
    pal_text_release(&list);
    return status;
}

/* A column of numbers, some of which are there. */
static pal_status gains_check_column(pal_ctx *ctx, const pal_protocol *protocol,
                                     const pal_data *data) {
    const pal_column *column;
    TRY(gains_find_column(ctx, protocol, data, &column));
    if (column->type != PAL_FEATURE_NUMBER) {
        return pal_fail(ctx, PAL_EDATA,
                        "--gain '%s': the catalog's column was taken for %s, not for numbers: name "
                        "a column of numbers, or say --item-columns %s=number",
                        column->name, pal_feature_names[column->type], column->name);
    }
    for (int32_t i = 0; i < data->catalog.ids.n; i++) {
        if (!isnan(column->numbers[i])) return PAL_OK;
    }
    return pal_fail(ctx, PAL_EDATA, "--gain '%s': the column is empty: name another",
                    protocol->gain);
}

pal_status pal_gains_check(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data) {
    if (!protocol->gain) return PAL_OK;
    if (!gains_are_values(protocol)) return gains_check_column(ctx, protocol, data);
    if (data->parts[0].values) return PAL_OK;
    return pal_fail(ctx, PAL_EUSAGE,
                    "--gain value needs values, and the log has none: name their column with "
                    "--value, or a column of the catalog with --gain");
}

pal_status pal_gains_make(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data,
                          pal_questions *questions) {
    if (!protocol->gain) return PAL_OK;
    const pal_column *column = NULL;
    if (!gains_are_values(protocol)) TRY(gains_find_column(ctx, protocol, data, &column));
    double *gains = PAL_ARENA_ARRAY(&questions->arena, double, questions->n_pairs);
    if (!gains) return pal_fail_memory(ctx, "the gains", 8.0 * (double)questions->n_pairs);
    int64_t n_missing = 0;
    for (int64_t r = 0; r < questions->n_pairs; r++) {
        if (!column) {
            gains[r] = questions->relevant_values ? (double)questions->relevant_values[r] : 0;
            continue;
        }
        const char *id = pal_ids_at(questions->targets->about.item_ids, questions->relevant[r]);
        int32_t row = pal_ids_find(&data->catalog.ids, id, strlen(id));
        bool is_told = row >= 0 && !isnan(column->numbers[row]);
        gains[r] = is_told ? (double)column->numbers[row] : 0;
        n_missing += !is_told;
    }
    if (n_missing)
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "--gain: of %" PRId64 " of %" PRId64
                 " relevant items the catalog has no %s; they count as worth 0",
                 n_missing, questions->n_pairs, protocol->gain);
    questions->gains = gains;
    return PAL_OK;
}
