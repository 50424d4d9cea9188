/* cooccur.c - one item at a time against all others, in a row of counters that stays in cache.
 *
 * Counts of pairs are whole numbers: 16 bits hold them where no item has more users, and half the
 * width keeps twice the catalogue in the first-level cache. */
#include "math/cooccur.h"

#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "base/progress.h"
#include "math/topk.h"

enum { COOCCUR_ROWS = 8, COOCCUR_MAX = UINT16_MAX };

typedef struct {
    uint16_t *counts; /* [n_items], zero between rows */
    float *dots;      /* [n_items] */
    float *similarity;
    int32_t *found;
} cooccur_scratch;

typedef struct {
    pal_ctx *ctx;
    const char *what;
    const pal_csr *by_user, *by_item;
    const pal_kernels *kernels;
    int32_t k;
    const uint16_t *cols; /* by_user's columns in 16 bits, or NULL: sums of values */
    pal_similarity_fn *similarity;
    const void *arg;
    int32_t *neighbours, *counts;
    float *similarities;
    cooccur_scratch *scratch; /* one a worker */
    int64_t first_chunk;
} cooccur_job;

static void cooccur_count(const cooccur_job *job, cooccur_scratch *s, int32_t item) {
    const pal_csr *u = job->by_user, *t = job->by_item;
    uint16_t *restrict counts = s->counts;
    for (int64_t e = t->starts[item]; e < t->starts[item + 1]; e++) {
        int64_t begin = u->starts[t->cols[e]], end = u->starts[t->cols[e] + 1];
        /* Rows of users are far apart in memory: the next one is on its way while this one counts.
         */
        if (e + 2 < t->starts[item + 1]) {
            const uint16_t *ahead = job->cols + u->starts[t->cols[e + 2]];
            for (int line = 0; line < 4; line++) __builtin_prefetch(ahead + 32 * line);
        }
        for (int64_t i = begin; i < end; i++) counts[job->cols[i]]++;
    }
    for (int32_t j = 0; j < u->n_cols; j++) s->dots[j] = (float)counts[j];
    memset(counts, 0, (size_t)u->n_cols * sizeof *counts);
}

static void cooccur_add(const cooccur_job *job, cooccur_scratch *s, int32_t item) {
    const pal_csr *u = job->by_user, *t = job->by_item;
    memset(s->dots, 0, (size_t)u->n_cols * sizeof *s->dots);
    for (int64_t e = t->starts[item]; e < t->starts[item + 1]; e++) {
        int32_t user = t->cols[e];
        float weight = t->values ? t->values[e] : 1;
        for (int64_t f = u->starts[user]; f < u->starts[user + 1]; f++) {
            s->dots[u->cols[f]] += u->values ? weight * u->values[f] : 1;
        }
    }
}

static void cooccur_row(const cooccur_job *job, cooccur_scratch *s, int32_t item) {
    int32_t n_items = job->by_user->n_cols;
    if (job->cols) {
        cooccur_count(job, s, item);
    } else {
        cooccur_add(job, s, item);
    }
    job->similarity(job->arg, item, s->dots, n_items, s->similarity);
    s->similarity[item] = -INFINITY;
    pal_topk top;
    pal_topk_start(&top, job->k, job->neighbours + (int64_t)item * job->k,
                   job->similarities + (int64_t)item * job->k);
    /* Only positive similarities are neighbours: most pairs never met, so that the filter starts at
     * 0. */
    int32_t n_found = job->kernels->above(s->similarity, n_items, 0, s->found);
    for (int32_t i = 0; i < n_found; i++) {
        float value = s->similarity[s->found[i]];
        if (value > pal_topk_threshold(&top)) pal_topk_add(&top, s->found[i], value);
    }
    job->counts[item] = pal_topk_finish(&top);
}

static void cooccur_chunk(void *arg, int64_t chunk, int32_t worker) {
    const cooccur_job *job = arg;
    int64_t first = (job->first_chunk + chunk) * COOCCUR_ROWS, last = first + COOCCUR_ROWS;
    if (last > job->by_user->n_cols) last = job->by_user->n_cols;
    for (int64_t item = first; item < last; item++)
        cooccur_row(job, &job->scratch[worker], (int32_t)item);
}

/* Columns in 16 bits, where counts and columns fit; NULL where they do not. */
static const uint16_t *cooccur_short_cols(const pal_csr *by_user, const pal_csr *by_item,
                                          pal_arena *arena) {
    if (by_user->values || by_user->n_cols > COOCCUR_MAX) return NULL;
    for (int32_t i = 0; i < by_item->n_rows; i++) {
        if (by_item->starts[i + 1] - by_item->starts[i] > COOCCUR_MAX) return NULL;
    }
    int64_t n = by_user->starts[by_user->n_rows];
    uint16_t *cols = PAL_ARENA_ARRAY(arena, uint16_t, n + 128); /* prefetched past the end */
    for (int64_t e = 0; cols && e < n; e++) cols[e] = (uint16_t)by_user->cols[e];
    return cols;
}

static pal_status cooccur_run(cooccur_job *job, int64_t n_chunks) {
    enum { CHUNKS_A_STEP = 64 }; /* between two looks at whether somebody wants to stop */
    for (int64_t done = 0; done < n_chunks; done += CHUNKS_A_STEP) {
        TRY(pal_check_cancelled(job->ctx));
        pal_progress_update(job->ctx, job->what, done, n_chunks);
        job->first_chunk = done;
        int64_t n = n_chunks - done < CHUNKS_A_STEP ? n_chunks - done : CHUNKS_A_STEP;
        pal_parallel(job->ctx->pool, n, cooccur_chunk, job);
    }
    return PAL_OK;
}

pal_status pal_cooccur_topk(pal_ctx *ctx, const char *what, const pal_csr *by_user,
                            const pal_csr *by_item, int32_t k, pal_similarity_fn *similarity,
                            const void *arg, int32_t *neighbours, float *similarities,
                            int32_t *counts) {
    int32_t n_threads = pal_pool_threads(ctx->pool), n_items = by_user->n_cols;
    pal_arena arena = {0};
    cooccur_job job = {
        .ctx = ctx,
        .what = what,
        .by_user = by_user,
        .by_item = by_item,
        .kernels = pal_kernels_best(),
        .k = k,
        .cols = cooccur_short_cols(by_user, by_item, &arena),
        .similarity = similarity,
        .arg = arg,
        .neighbours = neighbours,
        .counts = counts,
        .similarities = similarities,
        .scratch = PAL_ARENA_ARRAY(&arena, cooccur_scratch, n_threads),
    };
    bool has_memory = job.scratch != NULL;
    for (int32_t i = 0; has_memory && i < n_threads; i++) {
        cooccur_scratch *s = &job.scratch[i];
        s->counts = PAL_ARENA_ARRAY(&arena, uint16_t, n_items);
        s->dots = PAL_ARENA_ARRAY(&arena, float, n_items);
        s->similarity = PAL_ARENA_ARRAY(&arena, float, n_items);
        s->found = PAL_ARENA_ARRAY(&arena, int32_t, n_items);
        has_memory = s->counts && s->dots && s->similarity && s->found;
    }
    pal_status status =
        has_memory ? cooccur_run(&job, ((int64_t)n_items + COOCCUR_ROWS - 1) / COOCCUR_ROWS)
                   : pal_fail_memory(ctx, what, 14.0 * n_items * n_threads);
    pal_arena_release(&arena);
    return status;
}
