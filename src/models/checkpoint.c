/* checkpoint.c - what is kept of a training, and whether it belongs to the one that goes on. */
#include "models/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/progress.h"
#include "models/train.h"

/* How far the training came, as the file has it. */
enum {
    COURSE_EPOCH,
    COURSE_OVER,
    COURSE_BEST,
    COURSE_BEST_KEPT,
    COURSE_LIMITED,
    COURSE_TENSORS, /* 1: the best epoch's are there */
    COURSE_NUMBERS
};

enum { CHECKPOINT_FILES = 64, CHECKPOINT_PATH_MAX = 4096 }; /* files that are looked for at once */

/* The file of the n-th training in epochs; one too long is nowhere. */
typedef struct {
    char path[CHECKPOINT_PATH_MAX];
} checkpoint_name;

static checkpoint_name checkpoint_name_of(const pal_checkpoint *c, int32_t ordinal) {
    checkpoint_name name;
    if (ordinal == 1) {
        snprintf(name.path, sizeof name.path, "%s", c->path);
    } else {
        snprintf(name.path, sizeof name.path, "%s.%d", c->path, (int)ordinal);
    }
    return name;
}

/* --- whose it is --- */

static uint64_t checkpoint_hash_data(const pal_train_input *input) {
    uint64_t parts[6] = {pal_log_hash(input->log)};
    if (input->histories) parts[1] = pal_log_hash(input->histories);
    if (input->shown) parts[2] = pal_log_hash(input->shown);
    if (input->items) parts[3] = pal_catalog_hash(input->items);
    if (input->users) parts[4] = pal_catalog_hash(input->users);
    parts[5] = (uint64_t)input->n_items;
    uint64_t hash = XXH3_64bits(parts, sizeof parts);
    return input->source ? hash ^ pal_source_hash(input->source) : hash;
}

/* What differs between the training that is kept and the one that shall go on from it. */
static pal_status checkpoint_check_owner(pal_ctx *ctx, const pal_checkpoint *c,
                                         const pal_container *file) {
    const struct {
        const char *key, *what, *now;
    } owner[] = {
        {"palate", "palate", PAL_VERSION}, {"spec", "-m", c->spec}, {"seed", "--seed", c->seed}};
    for (size_t i = 0; i < sizeof owner / sizeof *owner; i++) {
        const char *then = pal_container_get(file, owner[i].key);
        if (then && !strcmp(then, owner[i].now)) continue;
        return pal_fail(ctx, PAL_EDATA,
                        "%s: was made with %s %.200s, not %.200s: ask for the same, or leave out "
                        "--resume to start anew",
                        file->what, owner[i].what, then ? then : "of another kind", owner[i].now);
    }
    const char *data = pal_container_get(file, "data");
    if (data && !strcmp(data, c->data)) return PAL_OK;
    return pal_fail(ctx, PAL_EDATA,
                    "%s: was made from other data (events, weights, items or users differ): name "
                    "the same with the same options, or leave out --resume to start anew",
                    file->what);
}

/* A file that cannot be used is no reason to be stuck. */
static pal_status checkpoint_fail_file(pal_ctx *ctx, pal_status status) {
    char why[PAL_ERROR_MAX];
    snprintf(why, sizeof why, "%s", ctx->error);
    return pal_fail(ctx, status, "%s; leave out --resume to start anew", why);
}

static pal_status checkpoint_damaged(pal_ctx *ctx, const pal_container *file, const char *what) {
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s: its %s is not that of such a training: leave out --resume to start anew",
                    file->what, what);
}

static pal_status checkpoint_read(pal_ctx *ctx, const pal_checkpoint *c, const char *path,
                                  pal_container *out) {
    pal_status status = pal_container_open(ctx, path, "checkpoint", true, out);
    if (status != PAL_OK) return checkpoint_fail_file(ctx, status);
    status = checkpoint_check_owner(ctx, c, out);
    if (status != PAL_OK) pal_container_release(out);
    return status;
}

/* The first file that is there; path "" when none is. With c->resumes all are checked, so that
 * nobody waits to be refused; else what is no checkpoint does not count. */
static pal_status checkpoint_look(pal_ctx *ctx, const pal_checkpoint *c, checkpoint_name *first) {
    *first = (checkpoint_name){0};
    for (int32_t n = 1; n <= CHECKPOINT_FILES; n++) {
        checkpoint_name name = checkpoint_name_of(c, n);
        pal_container file;
        if (!pal_path_exists(name.path)) continue;
        if (!c->resumes && !pal_container_is(name.path, "checkpoint")) continue;
        if (!*first->path) *first = name;
        if (!c->resumes) return PAL_OK;
        TRY(checkpoint_read(ctx, c, name.path, &file));
        pal_container_release(&file);
    }
    return PAL_OK;
}

/* Those that are checkpoints, but not number `kept`; other files and folders stay. Beyond
 * CHECKPOINT_FILES as far as this training came, or names go on without a gap. */
static void checkpoint_remove_others(const pal_checkpoint *c, int32_t kept) {
    for (int32_t n = 1;; n++) {
        checkpoint_name name = checkpoint_name_of(c, n);
        bool is_there = pal_path_exists(name.path);
        if (n > CHECKPOINT_FILES && n > c->ordinal && !is_there) return;
        if (is_there && n != kept && pal_container_is(name.path, "checkpoint"))
            (void)unlink(name.path);
    }
}

pal_status pal_checkpoint_open(pal_ctx *ctx, const char *path, double every, bool resumes,
                               const char *spec, const pal_train_input *input,
                               pal_checkpoint *out) {
    checkpoint_name there;
    *out = (pal_checkpoint){.path = path, .every = every, .resumes = resumes};
    snprintf(out->data, sizeof out->data, "%016" PRIx64, checkpoint_hash_data(input));
    snprintf(out->seed, sizeof out->seed, "%" PRIu64, ctx->seed);
    pal_status status = pal_spec_canonical(ctx, spec, &out->arena, &out->spec);
    if (status == PAL_OK) status = checkpoint_look(ctx, out, &there);
    if (status != PAL_OK) {
        pal_checkpoint_release(out);
        return status;
    }
    if (resumes && !*there.path)
        pal_note(ctx, PAL_NOTICE_INFO, "%s: is not there, training starts at the beginning", path);
    if (!resumes && *there.path)
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "%s: is there from a training that did not end: --resume goes on from it, this "
                 "one starts anew",
                 there.path);
    return PAL_OK;
}

void pal_checkpoint_release(pal_checkpoint *c) {
    pal_arena_release(&c->arena);
    c->spec = NULL;
}

void pal_checkpoint_remove(const pal_checkpoint *c) { checkpoint_remove_others(c, 0); }

void pal_checkpoint_fail_stopped(pal_ctx *ctx, const pal_checkpoint *c) {
    char after[48] = "";
    if (c->held > 0) snprintf(after, sizeof after, " after epoch %" PRId64, c->held);
    checkpoint_name name = checkpoint_name_of(c, c->stands);
    pal_fail(ctx, PAL_ECANCELLED,
             "stopped on request%s: %.800s holds the training so far, the same command with "
             "--resume goes on from there",
             after, name.path);
}

/* --- going on --- */

/* Copies a tensor of exactly n numbers, or a sentence. */
static pal_status checkpoint_copy(pal_ctx *ctx, const pal_container *file, const char *prefix,
                                  const char *name, pal_dtype dtype, int64_t n, void *to) {
    char full[96];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const pal_stored *stored = pal_container_look(file, full);
    if (!stored || stored->dtype != dtype || stored->n_dims != 1 || stored->dims[0] != n)
        return checkpoint_damaged(ctx, file, full);
    memcpy(to, stored->data, (size_t)n * pal_dtype_size(dtype));
    return PAL_OK;
}

static bool checkpoint_is_in_range(const pal_piece *piece) {
    const int32_t *rows = piece->data;
    for (int64_t i = 0; piece->n_rows > 0 && i < piece->bytes / (int64_t)sizeof *rows; i++) {
        if (rows[i] < 0 || rows[i] >= piece->n_rows) return false;
    }
    return true;
}

static pal_status checkpoint_restore_curve(pal_ctx *ctx, const pal_container *file, pal_watcher *w,
                                           pal_epochs *run) {
    pal_curve *curve = &w->model->curve;
    int64_t course[COURSE_NUMBERS] = {0};
    TRY(checkpoint_copy(ctx, file, "", "course", PAL_I64, COURSE_NUMBERS, course));
    int64_t n = course[COURSE_EPOCH];
    if (n < 1 || n > run->n_epochs || course[COURSE_BEST] < 0 || course[COURSE_BEST] > n)
        return checkpoint_damaged(ctx, file, "course");
    TRY(pal_watcher_reserve_curve(w, n));
    TRY(checkpoint_copy(ctx, file, "", "losses", PAL_F64, n, curve->loss));
    TRY(checkpoint_copy(ctx, file, "", "judged", PAL_F64, n, curve->judged));
    TRY(checkpoint_copy(ctx, file, "", "best", PAL_F64, 1, &w->best));
    curve->n = (int32_t)n;
    curve->best = (int32_t)course[COURSE_BEST];
    curve->is_best_kept = course[COURSE_BEST_KEPT] != 0;
    curve->is_budget_limited = course[COURSE_LIMITED] != 0;
    run->epoch = n;
    run->is_over = course[COURSE_OVER] != 0;
    run->before = curve->loss[n - 1];
    if (!course[COURSE_TENSORS]) return PAL_OK;
    pal_tensor tensors[PAL_TENSORS_MAX];
    TRY(pal_watcher_reserve_best(w, tensors));
    for (int32_t i = 0; i < w->n_tensors; i++)
        TRY(checkpoint_copy(ctx, file, "best/", tensors[i].name, PAL_U8,
                            pal_tensor_bytes(&tensors[i]), w->kept[i]));
    return PAL_OK;
}

static pal_status checkpoint_restore(const pal_container *file, pal_watcher *w, pal_epochs *run) {
    pal_ctx *ctx = w->ctx;
    const char *part = pal_container_get(file, "part");
    if (!part || strcmp(part, w->model->spec)) return checkpoint_damaged(ctx, file, "part");
    TRY(checkpoint_restore_curve(ctx, file, w, run));
    for (int32_t p = 0; p < run->n_pieces; p++) {
        const pal_piece *piece = &run->pieces[p];
        TRY(checkpoint_copy(ctx, file, "state/", piece->name, PAL_U8, piece->bytes, piece->data));
        if (!checkpoint_is_in_range(piece)) return checkpoint_damaged(ctx, file, piece->name);
    }
    return PAL_OK;
}

pal_status pal_checkpoint_begin(pal_checkpoint *c, pal_watcher *w, pal_epochs *run) {
    pal_ctx *ctx = w->ctx;
    checkpoint_name name = checkpoint_name_of(c, ++c->ordinal);
    c->held = 0;
    c->last = pal_clock();
    if (!c->resumes || !pal_path_exists(name.path)) return PAL_OK;
    pal_container file;
    TRY(checkpoint_read(ctx, c, name.path, &file));
    pal_status status = checkpoint_restore(&file, w, run);
    pal_container_release(&file);
    if (status != PAL_OK) return status;
    c->held = run->epoch;
    c->stands = c->ordinal;
    pal_note(ctx, PAL_NOTICE_INFO,
             "%s: goes on after epoch %" PRId64 " of at most %" PRId64 " (%s)", run->kind,
             run->epoch, run->n_epochs, name.path);
    return PAL_OK;
}

/* --- keeping --- */

static pal_status checkpoint_add(pal_ctx *ctx, pal_container *out, const char *prefix,
                                 const char *name, pal_dtype dtype, int64_t n, const void *data) {
    char full[96];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return pal_container_add(ctx, out, full, dtype, 1, &n, data);
}

static pal_status checkpoint_store_curve(pal_ctx *ctx, const pal_watcher *w, const pal_epochs *run,
                                         const int64_t *course, pal_container *out) {
    const pal_curve *curve = &w->model->curve;
    TRY(checkpoint_add(ctx, out, "", "course", PAL_I64, COURSE_NUMBERS, course));
    TRY(checkpoint_add(ctx, out, "", "losses", PAL_F64, run->epoch, curve->loss));
    TRY(checkpoint_add(ctx, out, "", "judged", PAL_F64, run->epoch, curve->judged));
    TRY(checkpoint_add(ctx, out, "", "best", PAL_F64, 1, &w->best));
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = w->n_tensors ? pal_model_tensors(w->model, tensors) : 0;
    for (int32_t i = 0; i < n; i++)
        TRY(checkpoint_add(ctx, out, "best/", tensors[i].name, PAL_U8,
                           pal_tensor_bytes(&tensors[i]), w->kept[i]));
    return PAL_OK;
}

static pal_status checkpoint_store(pal_ctx *ctx, const pal_checkpoint *c, const pal_watcher *w,
                                   const pal_epochs *run, const int64_t *course,
                                   pal_container *out) {
    TRY(pal_container_set(ctx, out, "palate", PAL_VERSION));
    TRY(pal_container_set(ctx, out, "spec", c->spec));
    TRY(pal_container_set(ctx, out, "seed", c->seed));
    TRY(pal_container_set(ctx, out, "data", c->data));
    TRY(pal_container_set(ctx, out, "part", w->model->spec));
    TRY(checkpoint_store_curve(ctx, w, run, course, out));
    for (int32_t p = 0; p < run->n_pieces; p++)
        TRY(checkpoint_add(ctx, out, "state/", run->pieces[p].name, PAL_U8, run->pieces[p].bytes,
                           run->pieces[p].data));
    return PAL_OK;
}

static pal_status checkpoint_write(pal_ctx *ctx, pal_checkpoint *c, const pal_watcher *w,
                                   const pal_epochs *run) {
    const pal_curve *curve = &w->model->curve;
    const int64_t course[COURSE_NUMBERS] = {[COURSE_EPOCH] = run->epoch,
                                            [COURSE_OVER] = run->is_over,
                                            [COURSE_BEST] = curve->best,
                                            [COURSE_BEST_KEPT] = curve->is_best_kept,
                                            [COURSE_LIMITED] = curve->is_budget_limited,
                                            [COURSE_TENSORS] = w->n_tensors > 0};
    checkpoint_name name = checkpoint_name_of(c, c->ordinal);
    pal_container container = {0};
    /* What another training left would make a later --resume be refused. Not before: until now
     * somebody who forgot --resume has lost nothing. */
    if (!c->resumes && !c->stands) checkpoint_remove_others(c, c->ordinal);
    pal_status status = checkpoint_store(ctx, c, w, run, course, &container);
    if (status == PAL_OK) status = pal_container_write(ctx, &container, "checkpoint", name.path);
    pal_container_release(&container);
    c->last = pal_clock();
    if (status != PAL_OK) return status;
    c->held = run->epoch;
    c->stands = c->ordinal;
    return PAL_OK;
}

pal_status pal_checkpoint_end(pal_checkpoint *c, pal_watcher *w, pal_epochs *run) {
    pal_ctx *ctx = w->ctx;
    ctx->holds_cancel = false;
    bool stops = atomic_load(&ctx->cancelled);
    bool may_write = c->every > 0, is_part = w->outer != NULL;
    /* A part that is over is followed by others, a whole by the model. */
    bool is_due = (!run->is_over || is_part) && pal_clock() - c->last >= c->every;
    if (may_write && (stops || is_due)) {
        pal_status status = checkpoint_write(ctx, c, w, run);
        if (status != PAL_OK && stops) return status;
        /* The training is worth more than its checkpoint. */
        if (status != PAL_OK)
            pal_note(ctx, PAL_NOTICE_WARNING, "the training is not kept: %s", ctx->error);
    }
    if (stops) return pal_check_cancelled(ctx);
    ctx->holds_cancel = may_write && c->held != run->epoch && !run->is_over;
    return PAL_OK;
}
