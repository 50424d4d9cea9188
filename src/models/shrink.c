/* shrink.c - float32 rows to bf16 or int8 once, for serving. */
#include "models/shrink.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/train.h"

/* --- one tensor --- */

static pal_status shrink_rows(pal_ctx *ctx, const pal_model *model, const pal_tensor *tensor,
                              pal_precision precision, pal_arena *arena, pal_small *out) {
    int64_t n = tensor->dims[0], width = tensor->dims[1];
    bool has_scales = precision == PAL_PRECISION_INT8;
    if (out->precision != PAL_PRECISION_FLOAT32)
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: its rows are kept as %s already: shrink the model that keeps float32",
                        model->kind->name, pal_precision_names[out->precision]);
    void *codes = pal_arena_alloc(arena, n * width, pal_precision_size(precision));
    float *scales = has_scales ? PAL_ARENA_ARRAY(arena, float, n) : NULL;
    if (!codes || (has_scales && !scales))
        return pal_fail_memory(ctx, "the smaller model", 2.0 * (double)(n * width));
    int64_t row = pal_small_write(*tensor->data, n, width, precision, codes, scales);
    if (row < n)
        return pal_fail(ctx, PAL_EDATA,
                        "%s: row %" PRId64
                        " of %s holds a number that %s cannot: keep float32, or train again with "
                        "more regularization or a smaller learning rate",
                        model->kind->name, row, tensor->name, pal_precision_names[precision]);
    *out = (pal_small){
        .precision = precision, .n = n, .width = width, .codes = codes, .scales = scales};
    return PAL_OK;
}

static pal_dtype shrink_dtype(pal_precision precision) {
    return precision == PAL_PRECISION_INT8 ? PAL_I8 : PAL_BF16;
}

pal_status pal_tensor_store(pal_ctx *ctx, const pal_model *model, const pal_tensor *tensor,
                            const char *name, pal_precision precision, pal_container *container) {
    pal_small small = {0};
    if (tensor->small) small = *tensor->small;
    if (tensor->small && precision != PAL_PRECISION_FLOAT32)
        TRY(shrink_rows(ctx, model, tensor, precision, &container->arena, &small));
    if (small.precision == PAL_PRECISION_FLOAT32)
        return pal_container_add(ctx, container, name, tensor->dtype, tensor->n_dims, tensor->dims,
                                 *tensor->data);
    TRY(pal_container_add(ctx, container, name, shrink_dtype(small.precision), 2, tensor->dims,
                          small.codes));
    if (small.precision != PAL_PRECISION_INT8) return PAL_OK;
    char scales[112];
    snprintf(scales, sizeof scales, "%s.scales", name);
    return pal_container_add(ctx, container, scales, PAL_F32, 1, tensor->dims, small.scales);
}

bool pal_tensor_is_small(const pal_container *container, const pal_tensor *tensor,
                         const char *name) {
    const pal_stored *stored = tensor->small ? pal_container_look(container, name) : NULL;
    return stored && (stored->dtype == PAL_BF16 || stored->dtype == PAL_I8);
}

static pal_status shrink_fail_tensor(pal_ctx *ctx, const pal_container *container,
                                     const char *name) {
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s: the model's tensor %s is not valid: train the model again",
                    container->what, name);
}

static pal_status shrink_restore_scales(pal_ctx *ctx, const pal_container *container,
                                        const char *tensor, int64_t n, pal_arena *arena,
                                        pal_small *small) {
    char name[112];
    const pal_stored *stored;
    snprintf(name, sizeof name, "%s.scales", tensor);
    TRY(pal_container_find(ctx, container, name, PAL_F32, 1, &stored));
    if (stored->dims[0] != n) return shrink_fail_tensor(ctx, container, name);
    const float *from = stored->data;
    for (int64_t r = 0; r < n; r++) {
        if (!isfinite(from[r]) || from[r] < 0) return shrink_fail_tensor(ctx, container, name);
    }
    float *scales = PAL_ARENA_ARRAY(arena, float, n);
    if (!scales) return pal_fail_memory(ctx, "the model", 4.0 * (double)n);
    if (n) memcpy(scales, from, (size_t)n * sizeof *scales);
    small->scales = scales;
    return PAL_OK;
}

pal_status pal_tensor_restore_small(pal_ctx *ctx, const pal_container *container,
                                    const pal_tensor *tensor, const char *name, pal_arena *arena) {
    const pal_stored *stored = pal_container_look(container, name);
    int64_t n = tensor->dims[0], width = tensor->dims[1];
    pal_small small = {.precision =
                           stored->dtype == PAL_I8 ? PAL_PRECISION_INT8 : PAL_PRECISION_BF16,
                       .n = n,
                       .width = width};
    if (stored->n_dims != 2 || stored->dims[0] != n || stored->dims[1] != width)
        return shrink_fail_tensor(ctx, container, name);
    if (small.precision == PAL_PRECISION_INT8)
        TRY(shrink_restore_scales(ctx, container, name, n, arena, &small));
    size_t bytes = (size_t)(n * width) * pal_precision_size(small.precision);
    void *codes = pal_arena_alloc(arena, (int64_t)bytes, 1);
    if (!codes) return pal_fail_memory(ctx, "the model", (double)bytes);
    if (bytes) memcpy(codes, stored->data, bytes);
    small.codes = codes;
    *tensor->small = small;
    *tensor->data = NULL;
    return PAL_OK;
}

const float *pal_tensor_floats(const pal_tensor *tensor, pal_arena *arena) {
    if (*tensor->data) return *tensor->data;
    int64_t n = tensor->dims[0], width = tensor->dims[1];
    float *rows = PAL_ARENA_ARRAY(arena, float, n *width);
    for (int64_t r = 0; rows && r < n; r++) pal_small_read(tensor->small, r, rows + r * width);
    return rows;
}

/* --- a model --- */

/* Says once a kind what stays as it was; returns how many tensors shrank. */
static int32_t shrink_tell(pal_ctx *ctx, const pal_model *model, pal_precision precision) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors), n_parts, n_small = 0;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t i = 0; i < n; i++) n_small += tensors[i].small != NULL;
    bool is_whole = n_small == 0 && n_parts == 0;
    for (int32_t i = 0; i < n_parts; i++) n_small += shrink_tell(ctx, parts[i], precision);
    if (is_whole)
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "%s keeps float32: its lists do not come from rows of items that %s could stand "
                 "for",
                 model->kind->name, pal_precision_names[precision]);
    if (model->fallback) n_small += shrink_tell(ctx, model->fallback, precision);
    return n_small;
}

pal_status pal_model_shrink_to(pal_ctx *ctx, const pal_model *model, pal_precision precision,
                               pal_model **out) {
    pal_container container = {.what = "the smaller model"};
    pal_status status = pal_model_store(ctx, model, precision, &container);
    if (status == PAL_OK) status = pal_model_restore(ctx, &container, out);
    pal_container_release(&container);
    if (status != PAL_OK) return status;
    (*out)->cost.seconds = model->cost.seconds;
    (*out)->cost.multiply_adds = model->cost.multiply_adds;
    (*out)->cost.peak_bytes = model->cost.peak_bytes;
    if (precision == PAL_PRECISION_FLOAT32) return PAL_OK;
    if (shrink_tell(ctx, model, precision) == 0) return PAL_OK;
    pal_text before = {0}, after = {0};
    pal_text_add_size(&before, (double)pal_model_state_bytes(model));
    pal_text_add_size(&after, (double)pal_model_state_bytes(*out));
    if (!before.failed && !after.failed)
        pal_note(ctx, PAL_NOTICE_INFO, "%s: what it learned takes %s as %s, %s before", model->spec,
                 after.bytes, pal_precision_names[precision], before.bytes);
    pal_text_release(&before);
    pal_text_release(&after);
    return PAL_OK;
}
