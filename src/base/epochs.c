/* epochs.c - the count of epochs, and who is told. */
#include "base/epochs.h"

#include <math.h>
#include <stdio.h>

#include "base/ctx.h"
#include "base/progress.h"

void pal_epochs_init(pal_epochs *run, pal_ctx *ctx, const char *kind, int64_t n_epochs,
                     double tolerance) {
    *run = (pal_epochs){
        .ctx = ctx, .kind = kind, .n_epochs = n_epochs, .tolerance = tolerance, .before = INFINITY};
}

void pal_epochs_add(pal_epochs *run, const char *name, void *data, int64_t bytes) {
    if (bytes == 0) return;
    /* One too many is counted: pal_epochs_begin says so. */
    if (run->n_pieces++ >= PAL_PIECES_MAX) return;
    pal_piece *piece = &run->pieces[run->n_pieces - 1];
    *piece = (pal_piece){.data = data, .bytes = bytes};
    snprintf(piece->name, sizeof piece->name, "%s", name);
}

void pal_epochs_add_rows(pal_epochs *run, const char *name, int32_t *rows, int64_t n,
                         int64_t n_rows) {
    int32_t before = run->n_pieces;
    pal_epochs_add(run, name, rows, n * (int64_t)sizeof *rows);
    if (run->n_pieces > before && before < PAL_PIECES_MAX) run->pieces[before].n_rows = n_rows;
}

void pal_epochs_carry(pal_epochs *run, const char *name, void *data, int64_t bytes, int64_t n_users,
                      int64_t n_items, bool is_double) {
    if (bytes == 0 || run->n_carried == PAL_CARRIED_MAX) return;
    pal_carried *carried = &run->carried[run->n_carried++];
    *carried = (pal_carried){.data = data,
                             .bytes = bytes,
                             .n_users = n_users,
                             .n_items = n_items,
                             .is_double = is_double};
    snprintf(carried->name, sizeof carried->name, "%s", name);
}

pal_status pal_epochs_begin(pal_epochs *run) {
    if (run->n_pieces > PAL_PIECES_MAX) {
        return pal_fail(run->ctx, PAL_EDATA, "%s: learns %d arrays, more than the %d that are kept",
                        run->kind, (int)run->n_pieces, (int)PAL_PIECES_MAX);
    }
    const pal_listener *listener = run->ctx->listener;
    return listener ? listener->begin(listener->arg, run) : PAL_OK;
}

bool pal_epochs_next(pal_epochs *run) {
    if (run->is_over || run->epoch >= run->n_epochs) return false;
    char title[64];
    snprintf(title, sizeof title, "training %s", run->kind);
    pal_progress_update(run->ctx, title, run->epoch, run->n_epochs);
    run->epoch++;
    return true;
}

pal_status pal_epochs_end(pal_epochs *run, double loss) {
    const pal_listener *listener = run->ctx->listener;
    bool stands_still =
        run->tolerance > 0 && fabs(run->before - loss) <= run->tolerance * fabs(loss);
    run->is_over = run->epoch >= run->n_epochs || stands_still;
    run->before = loss;
    return listener ? listener->end(listener->arg, run, loss) : pal_check_cancelled(run->ctx);
}
