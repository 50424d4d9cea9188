/* progress.c - an estimate from what is done so far. */
#include "base/progress.h"

#include <time.h>

#include "base/ctx.h"
#include "base/text.h"

double pal_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void pal_progress_begin(pal_ctx *ctx) {
    ctx->progress_started = pal_clock();
    ctx->progress_shown = 0;
}

void pal_progress_update(pal_ctx *ctx, const char *what, int64_t done, int64_t total) {
    if (!ctx->notice || total <= 0) return;
    double now = pal_clock();
    if (now - ctx->progress_shown < 0.1) return;
    ctx->progress_shown = now;
    pal_text line = {0};
    pal_text_addf(&line, "%s: %d %%", what, (int)(100.0 * (double)done / (double)total));
    double elapsed = now - ctx->progress_started;
    /* The first half second says too little about the rest. */
    if (done > 0 && done < total && elapsed > 0.5) {
        pal_text_add(&line, " · ");
        pal_text_add_seconds(&line, elapsed * (double)(total - done) / (double)done);
        pal_text_add(&line, " left");
    }
    if (!line.failed) pal_note(ctx, PAL_NOTICE_PROGRESS, "%s", line.bytes);
    pal_text_release(&line);
}

void pal_progress_end(pal_ctx *ctx) {
    if (ctx->progress_shown > 0) pal_note(ctx, PAL_NOTICE_PROGRESS, "%s", "");
    ctx->progress_shown = 0;
}
