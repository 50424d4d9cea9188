/* watch.c - early stopping: judged after each epoch, the best one is put back at the end. */
#include "models/watch.h"

#include <math.h>
#include <string.h>

#include "base/progress.h"
#include "models/carry.h"
#include "models/checkpoint.h"
#include "models/train.h"

pal_status pal_watcher_reserve_curve(pal_watcher *w, int64_t n) {
    pal_curve *curve = &w->model->curve;
    if (n <= curve->capacity) return PAL_OK;
    int64_t capacity = n < 64 ? 64 : 2 * n;
    double *losses = PAL_ARENA_ARRAY(&w->model->arena, double, capacity),
           *judgements = PAL_ARENA_ARRAY(&w->model->arena, double, capacity);
    if (!losses || !judgements)
        return pal_fail_memory(w->ctx, "the learning curve", 16.0 * (double)capacity);
    if (curve->n) memcpy(losses, curve->loss, (size_t)curve->n * sizeof *losses);
    if (curve->n) memcpy(judgements, curve->judged, (size_t)curve->n * sizeof *judgements);
    curve->loss = losses;
    curve->judged = judgements;
    curve->capacity = (int32_t)capacity;
    return PAL_OK;
}

pal_status pal_watcher_reserve_best(pal_watcher *w, pal_tensor tensors[PAL_TENSORS_MAX]) {
    w->n_tensors = pal_model_tensors(w->model, tensors);
    for (int32_t i = 0; i < w->n_tensors; i++) {
        int64_t bytes = pal_tensor_bytes(&tensors[i]);
        if (!w->kept[i]) w->kept[i] = pal_arena_alloc(w->scratch, bytes, 1);
        if (!w->kept[i]) return pal_fail_memory(w->ctx, "the best epoch", (double)bytes);
    }
    return PAL_OK;
}

/* Copies the tensors as they are now. */
static pal_status watch_keep(pal_watcher *w) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    TRY(pal_watcher_reserve_best(w, tensors));
    for (int32_t i = 0; i < w->n_tensors; i++)
        memcpy(w->kept[i], *tensors[i].data, (size_t)pal_tensor_bytes(&tensors[i]));
    return PAL_OK;
}

/* What the judge says of this epoch; may end the training. */
static pal_status watch_judge(pal_watcher *w, pal_epochs *run, double judged) {
    pal_curve *curve = &w->model->curve;
    if (isnan(judged)) return PAL_OK;
    if (curve->best == 0 || judged > w->best) {
        w->best = judged;
        curve->best = (int32_t)run->epoch;
        if (w->patience > 0) TRY(watch_keep(w));
        curve->is_best_kept = w->patience > 0;
    }
    bool has_enough = w->patience > 0 && run->epoch - curve->best >= w->patience;
    if (has_enough) run->is_over = true;
    if (!has_enough) curve->is_budget_limited = run->epoch == curve->best;
    return PAL_OK;
}

static pal_status watch_begin(void *arg, pal_epochs *run) {
    pal_watcher *w = arg;
    if (w->input->checkpoint) TRY(pal_checkpoint_begin(w->input->checkpoint, w, run));
    bool is_new = run->epoch == 0; /* else it holds what it began with */
    if (w->input->kept && !is_new) TRY(pal_carry_keep(w->ctx, w->input->kept, run));
    return w->input->start && is_new ? pal_carry_lay(w->ctx, w->input->start, run) : PAL_OK;
}

static pal_status watch_end(void *arg, pal_epochs *run, double loss) {
    pal_watcher *w = arg;
    pal_curve *curve = &w->model->curve;
    double judged = NAN;
    if (w->input->kept) TRY(pal_carry_keep(w->ctx, w->input->kept, run));
    if (w->input->judge && isfinite(loss)) judged = w->input->judge(w->input->judge_arg, w->model);
    TRY(pal_watcher_reserve_curve(w, (int64_t)curve->n + 1));
    curve->loss[curve->n] = loss;
    curve->judged[curve->n++] = judged;
    TRY(watch_judge(w, run, judged));
    if (w->input->deadline > 0 && pal_clock() > w->input->deadline) run->is_over = true;
    return w->input->checkpoint ? pal_checkpoint_end(w->input->checkpoint, w, run)
                                : pal_check_cancelled(w->ctx);
}

void pal_watcher_begin(pal_watcher *watcher, pal_ctx *ctx, const pal_train_input *input,
                       pal_model *model, pal_arena *scratch) {
    *watcher = (pal_watcher){.ctx = ctx,
                             .model = model,
                             .input = input,
                             .scratch = scratch,
                             .listener = {watch_begin, watch_end, watcher},
                             .outer = ctx->listener};
    const pal_param *row = pal_param_find(model->kind->params, "patience");
    if (row) memcpy(&watcher->patience, (char *)model->params + row->offset, sizeof(int64_t));
    ctx->listener = &watcher->listener;
}

void pal_watcher_end(pal_watcher *watcher) {
    watcher->ctx->listener = watcher->outer;
    watcher->ctx->holds_cancel = false;
    if (!watcher->n_tensors) return;
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(watcher->model, tensors);
    for (int32_t i = 0; i < n && watcher->kept[i]; i++)
        memcpy(*tensors[i].data, watcher->kept[i], (size_t)pal_tensor_bytes(&tensors[i]));
}
