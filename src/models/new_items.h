/* new_items.h - items without a training event: who has rows for them. */
#ifndef PAL_MODELS_NEW_ITEMS_H
#define PAL_MODELS_NEW_ITEMS_H

#include "models/model.h"

/* The log with rows for as many items; its arrays are shared. NULL without memory. */
const pal_log *pal_log_with_items(const pal_log *log, int32_t n_items, pal_arena *arena);
/* `input` as the kind may see it: with rows for new items, or without. */
pal_status pal_input_for_kind(pal_ctx *ctx, const pal_kind *kind, const pal_train_input *input,
                              pal_arena *arena, pal_train_input *out);
/* The same for a model of parts that has `log` and is read from a file: the part's log. */
pal_status pal_part_log(pal_ctx *ctx, const pal_kind *kind, const pal_log *log,
                        int32_t n_seen_items, pal_arena *arena, const pal_log **out);
/* Fills model->new_order, from log and n_seen_items. */
pal_status pal_model_order_new(pal_ctx *ctx, pal_model *model);
/* Adds the ids of the catalog that are not there yet, without those of `dropped`: items that were
 * used are not new because their events are left out. *n_dropped says how many these were. */
pal_status pal_ids_add_catalog(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *dropped,
                               pal_ids *ids, int32_t *n_dropped);

#endif
