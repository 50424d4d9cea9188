/* cold_items.c - items of which training knows nothing: all their events are asked. */
#include "data/split.h"

static pal_status cold_items_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                                    uint8_t *part) {
    return pal_cold_assign(ctx, params, log, test, true, part);
}

const pal_splitter pal_splitter_cold_items = {
    .name = "cold_items",
    .summary = "items of which training knows nothing",
    .params = pal_cold_table,
    .params_size = sizeof(pal_cold_params),
    .needs_times = false,
    .assign = cold_items_assign,
};
