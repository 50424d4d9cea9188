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

enum { COOCCUR_ROWS = 8, COOCCUR_COUNT_MAX = UINT16_MAX };

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
    bool counts_fit;
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
        const int32_t *cols = u->cols + u->starts[t->cols[e]];
        int64_t n = u->starts[t->cols[e] + 1] - u->starts[t->cols[e]], i = 0;
        for (; i + 4 <= n; i += 4) {
            counts[cols[i]]++;
            counts[cols[i + 1]]++;
            counts[cols[i + 2]]++;
            counts[cols[i + 3]]++;
        }
        for (; i < n; i++) counts[cols[i]]++;
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
    if (job->counts_fit) {
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

static bool cooccur_counts_fit(const pal_csr *by_user, const pal_csr *by_item) {
    if (by_user->values) return false;
    for (int32_t i = 0; i < by_item->n_rows; i++) {
        if (by_item->starts[i + 1] - by_item->starts[i] > COOCCUR_COUNT_MAX) return false;
    }
    return true;
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
        .counts_fit = cooccur_counts_fit(by_user, by_item),
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
