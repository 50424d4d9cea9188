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
    *out = NULL;
    for (int32_t c = 0; c < catalog->n_columns && !*out; c++) {
        if (pal_name_equal(catalog->columns[c].name, protocol->gain)) *out = &catalog->columns[c];
        pal_text_addf(&list, c ? ", %s" : "%s", catalog->columns[c].name);
    }
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

/* False where nothing is written; NaN where it is no number. */
static bool gains_parse(const char *cell, double *out) {
    if (!*cell) return false;
    if (!pal_parse_double(cell, cell + strlen(cell), out) || !isfinite(*out)) *out = NAN;
    return true;
}

static pal_status gains_check_column(pal_ctx *ctx, const pal_protocol *protocol,
                                     const pal_data *data) {
    const pal_column *column;
    TRY(gains_find_column(ctx, protocol, data, &column));
    int32_t n = 0;
    for (int32_t i = 0; i < data->catalog.ids.n; i++) {
        double gain;
        if (!gains_parse(column->cells[i], &gain)) continue;
        if (isnan(gain)) {
            return pal_fail(ctx, PAL_EDATA,
                            "--gain '%s': of item '%s' the catalog says '%.60s', which is no "
                            "number: name a column of numbers",
                            protocol->gain, pal_ids_at(&data->catalog.ids, i), column->cells[i]);
        }
        n++;
    }
    if (n > 0) return PAL_OK;
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
        if (row < 0 || !gains_parse(column->cells[row], &gains[r]) || isnan(gains[r])) {
            gains[r] = 0;
            n_missing++;
        }
    }
    if (n_missing)
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "--gain: of %" PRId64 " of %" PRId64
                 " relevant items the catalog has no %s; they count as worth 0",
                 n_missing, questions->n_pairs, protocol->gain);
    questions->gains = gains;
    return PAL_OK;
}
