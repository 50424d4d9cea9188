/* watch.c - early stopping: judged after each epoch, the best one is put back at the end. */
#include "models/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "models/train.h"

static bool watch_note(pal_watcher *w, double loss, double judged) {
    pal_curve *curve = &w->model->curve;
    if (curve->n == curve->capacity) {
        int32_t capacity = curve->capacity ? 2 * curve->capacity : 64;
        double *losses = PAL_ARENA_ARRAY(&w->model->arena, double, capacity),
               *judgements = PAL_ARENA_ARRAY(&w->model->arena, double, capacity);
        if (!losses || !judgements) return false;
        if (curve->n) memcpy(losses, curve->loss, (size_t)curve->n * sizeof *losses);
        if (curve->n) memcpy(judgements, curve->judged, (size_t)curve->n * sizeof *judgements);
        curve->loss = losses;
        curve->judged = judgements;
        curve->capacity = capacity;
    }
    curve->loss[curve->n] = loss;
    curve->judged[curve->n++] = judged;
    return true;
}

/* Copies the tensors as they are now. */
static bool watch_keep(pal_watcher *w) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(w->model, tensors);
    for (int32_t i = 0; i < n; i++) {
        int64_t bytes = pal_tensor_bytes(&tensors[i]);
        if (!w->kept[i]) w->kept[i] = pal_arena_alloc(w->scratch, bytes, 1);
        if (!w->kept[i]) return false;
        memcpy(w->kept[i], *tensors[i].data, (size_t)bytes);
    }
    w->n_tensors = n;
    return true;
}

static bool watch_fail_memory(pal_watcher *w) {
    w->status = pal_fail_memory(w->ctx, "the best epoch", 1e6);
    return true;
}

static bool watch_epoch(void *arg, int32_t epoch, double loss) {
    pal_watcher *w = arg;
    pal_curve *curve = &w->model->curve;
    w->status = pal_check_cancelled(w->ctx);
    if (w->status != PAL_OK) return true;
    double judged = NAN;
    if (w->input->judge && isfinite(loss)) judged = w->input->judge(w->input->judge_arg, w->model);
    if (!watch_note(w, loss, judged)) return watch_fail_memory(w);
    bool is_late = w->input->deadline > 0 && pal_clock() > w->input->deadline;
    if (!isnan(judged)) {
        if (curve->best == 0 || judged > w->best) {
            w->best = judged;
            curve->best = epoch;
            if (w->patience > 0 && !watch_keep(w)) return watch_fail_memory(w);
            curve->is_best_kept = w->patience > 0;
        }
        if (w->patience > 0 && epoch - curve->best >= w->patience) return true;
        curve->is_budget_limited = epoch == curve->best;
    }
    return is_late;
}

void pal_watcher_begin(pal_watcher *watcher, pal_ctx *ctx, const pal_train_input *input,
                       pal_model *model, pal_arena *scratch) {
    *watcher = (pal_watcher){.ctx = ctx, .model = model, .input = input, .scratch = scratch};
    const pal_param *row = pal_param_find(model->kind->params, "patience");
    if (row) memcpy(&watcher->patience, (char *)model->params + row->offset, sizeof(int64_t));
    ctx->watch = watch_epoch;
    ctx->watch_arg = watcher;
}

pal_status pal_watcher_end(pal_watcher *watcher) {
    watcher->ctx->watch = NULL;
    watcher->ctx->watch_arg = NULL;
    if (watcher->status != PAL_OK || !watcher->n_tensors) return watcher->status;
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(watcher->model, tensors);
    for (int32_t i = 0; i < n; i++) {
        memcpy(*tensors[i].data, watcher->kept[i], (size_t)pal_tensor_bytes(&tensors[i]));
    }
    return PAL_OK;
}
