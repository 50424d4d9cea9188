/* cooccur.c - one item at a time against all others, in a row of counters that stays in cache.
 *
 * Counts of pairs are whole numbers: 16 bits hold them where no item has more users, and half the
 * width keeps twice the catalogue in the first-level cache.
 *
 * Where similarities are symmetric an item meets only those before it: half the additions, and the
 * additions that are left go to fewer counters where rows begin with the popular items. What it
 * finds is offered to both. Rows are taken in steps: within a step each row writes down which
 * earlier items it would enter by where their lists stood at the step's start, after it the offers
 * are taken in by ranges of earlier items. The k best under (value, row) do not depend on the order
 * of offers, so the lists are those of whole rows, bit for bit. */
#include "math/cooccur.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "base/progress.h"
#include "math/topk.h"

enum {
    COOCCUR_ROWS = 8, /* of a chunk */
    COOCCUR_MAX = UINT16_MAX,
    COOCCUR_BLOCK = 512, /* similarities at once */
    COOCCUR_RANGES = 16, /* of earlier items */
    COOCCUR_STEP_LEAST = 8,
    COOCCUR_STEP_MOST = 512,
    COOCCUR_ROOM = 8 << 20 /* offers of a step */
};

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
    const uint32_t *rows; /* where each user's row starts in them */
    pal_similarity_fn *similarity;
    const void *arg;
    int32_t *neighbours, *counts;
    float *similarities;
    cooccur_scratch *scratch; /* one a worker */
    int64_t first_chunk;
    /* Of symmetric similarities. A list takes what reaches its limit: its last value when it is
     * full, else the least positive number. */
    pal_topk *tops; /* [n_items] */
    float *limits;  /* [n_items] as of the step's start */
    int32_t n_step; /* rows of a step */
    int32_t first_row, end_row;
    int32_t *offered,
        *n_offered; /* [n_step, n_items] earlier items, ascending; [n_step] how many */
    float *offers;  /* like offered */
} cooccur_job;

/* dots [n] from counts, which are zero again. */
static void cooccur_take_counts(uint16_t *restrict counts, int32_t n, float *restrict dots) {
    for (int32_t j = 0; j < n; j++) dots[j] = (float)counts[j];
    memset(counts, 0, (size_t)n * sizeof *counts);
}

static void cooccur_count_row(uint16_t *restrict counts, const uint16_t *col) {
    for (; *col != COOCCUR_MAX; col++) counts[*col]++;
}

/* The items before `item`, which is in the row: neither it nor what follows is less. */
static void cooccur_count_before(uint16_t *restrict counts, const uint16_t *col, int32_t item) {
    for (; col[3] < item; col += 4) {
        counts[col[0]]++;
        counts[col[1]]++;
        counts[col[2]]++;
        counts[col[3]]++;
    }
    for (; *col < item; col++) counts[*col]++;
}

/* Counts who used `item` and what else they used, if that is before item `n`. Rows of users are far
 * apart in memory: while one is counted those behind it are on their way. */
static void cooccur_count(const cooccur_job *job, cooccur_scratch *s, int32_t item, int32_t n) {
    enum { BLOCK = 256, AHEAD = 8, LINE = 32 };
    const pal_csr *t = job->by_item;
    bool is_whole = n == t->n_rows;
    for (int64_t first = t->starts[item]; first < t->starts[item + 1]; first += BLOCK) {
        const uint16_t *rows[BLOCK + AHEAD];
        int32_t n_rows =
            (int32_t)(t->starts[item + 1] - first < BLOCK ? t->starts[item + 1] - first : BLOCK);
        for (int32_t i = 0; i < n_rows; i++) rows[i] = job->cols + job->rows[t->cols[first + i]];
        for (int32_t i = 0; i < AHEAD; i++) rows[n_rows + i] = rows[n_rows - 1];
        for (int32_t i = 0; i < n_rows; i++) {
            __builtin_prefetch(rows[i + AHEAD]);
            __builtin_prefetch(rows[i + AHEAD] + LINE);
            if (is_whole) {
                cooccur_count_row(s->counts, rows[i]);
            } else {
                cooccur_count_before(s->counts, rows[i], item);
            }
        }
    }
    cooccur_take_counts(s->counts, n, s->dots);
}

static void cooccur_add(const cooccur_job *job, cooccur_scratch *s, int32_t item, int32_t n) {
    const pal_csr *u = job->by_user, *t = job->by_item;
    memset(s->dots, 0, (size_t)n * sizeof *s->dots);
    for (int64_t e = t->starts[item]; e < t->starts[item + 1]; e++) {
        int32_t user = t->cols[e];
        float weight = t->values ? t->values[e] : 1;
        int64_t end = u->starts[user + 1];
        for (int64_t f = u->starts[user]; f < end && u->cols[f] < n; f++) {
            s->dots[u->cols[f]] += u->values ? weight * u->values[f] : 1;
        }
    }
}

static void cooccur_row(const cooccur_job *job, cooccur_scratch *s, int32_t item) {
    int32_t n_items = job->by_user->n_cols;
    if (job->cols) {
        cooccur_count(job, s, item, n_items);
    } else {
        cooccur_add(job, s, item, n_items);
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

/* --- symmetric similarities --- */

static float cooccur_limit(const pal_topk *top) {
    float last = pal_topk_threshold(top);
    return last > 0 ? last : FLT_TRUE_MIN;
}

/* The item's list of those before it, and its offers to them. */
static void cooccur_row_before(const cooccur_job *job, cooccur_scratch *s, int32_t item) {
    if (job->cols) {
        cooccur_count(job, s, item, item);
    } else {
        cooccur_add(job, s, item, item);
    }
    job->similarity(job->arg, item, s->dots, item, s->similarity);
    pal_topk *top = &job->tops[item];
    pal_topk_start(top, job->k, job->neighbours + (int64_t)item * job->k,
                   job->similarities + (int64_t)item * job->k);
    for (int32_t first = 0; first < item; first += COOCCUR_BLOCK) {
        int32_t n = item - first < COOCCUR_BLOCK ? item - first : COOCCUR_BLOCK;
        const float *values = s->similarity + first;
        int32_t n_found =
            job->kernels->above(values, n, fmaxf(pal_topk_threshold(top), 0), s->found);
        for (int32_t i = 0; i < n_found; i++) {
            float value = values[s->found[i]];
            if (value > pal_topk_threshold(top)) pal_topk_add(top, first + s->found[i], value);
        }
    }
    int64_t row = item - job->first_row, to = row * job->by_user->n_cols;
    int32_t n = job->kernels->reaching(s->similarity, job->limits, item, job->offered + to);
    for (int32_t i = 0; i < n; i++) job->offers[to + i] = s->similarity[job->offered[to + i]];
    job->n_offered[row] = n;
}

static void cooccur_before_chunk(void *arg, int64_t chunk, int32_t worker) {
    const cooccur_job *job = arg;
    int64_t first = job->first_row + chunk * COOCCUR_ROWS, end = first + COOCCUR_ROWS;
    if (end > job->end_row) end = job->end_row;
    for (int64_t item = first; item < end; item++)
        cooccur_row_before(job, &job->scratch[worker], (int32_t)item);
}

static int32_t cooccur_first_from(const int32_t *items, int32_t n, int32_t least) {
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (items[middle] < least) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Takes in what the step's rows offer to one range of earlier items. */
static void cooccur_take_range(void *arg, int64_t range, int32_t worker) {
    (void)worker;
    const cooccur_job *job = arg;
    int32_t first = (int32_t)(job->end_row * range / COOCCUR_RANGES),
            end = (int32_t)(job->end_row * (range + 1) / COOCCUR_RANGES);
    for (int32_t item = job->first_row; item < job->end_row; item++) {
        int64_t row = item - job->first_row, from = row * job->by_user->n_cols;
        const int32_t *offered = job->offered + from;
        int32_t n = job->n_offered[row];
        for (int32_t i = cooccur_first_from(offered, n, first); i < n && offered[i] < end; i++)
            pal_topk_add(&job->tops[offered[i]], item, job->offers[from + i]);
    }
    for (int32_t j = first; j < end; j++) job->limits[j] = cooccur_limit(&job->tops[j]);
}

static void cooccur_finish(void *arg, int64_t range, int32_t worker) {
    (void)worker;
    const cooccur_job *job = arg;
    int64_t n = job->by_user->n_cols;
    for (int64_t j = n * range / COOCCUR_RANGES; j < n * (range + 1) / COOCCUR_RANGES; j++)
        job->counts[j] = pal_topk_finish(&job->tops[j]);
}

static pal_status cooccur_run_before(cooccur_job *job) {
    int32_t n = job->by_user->n_cols;
    for (int32_t j = 0; j < n; j++) job->limits[j] = FLT_TRUE_MIN;
    for (job->first_row = 0; job->first_row < n; job->first_row = job->end_row) {
        TRY(pal_check_cancelled(job->ctx));
        pal_progress_update(job->ctx, job->what, job->first_row, n);
        job->end_row = n - job->first_row < job->n_step ? n : job->first_row + job->n_step;
        pal_parallel(job->ctx->pool,
                     (job->end_row - job->first_row + COOCCUR_ROWS - 1) / COOCCUR_ROWS,
                     cooccur_before_chunk, job);
        pal_parallel(job->ctx->pool, COOCCUR_RANGES, cooccur_take_range, job);
    }
    pal_parallel(job->ctx->pool, COOCCUR_RANGES, cooccur_finish, job);
    return PAL_OK;
}

static bool cooccur_allocate_before(cooccur_job *job, pal_arena *arena) {
    int32_t n = job->by_user->n_cols, fits = n > 0 ? COOCCUR_ROOM / n : COOCCUR_STEP_MOST;
    job->n_step = fits < COOCCUR_STEP_LEAST  ? COOCCUR_STEP_LEAST
                  : fits < COOCCUR_STEP_MOST ? fits
                                             : COOCCUR_STEP_MOST;
    job->tops = PAL_ARENA_ARRAY(arena, pal_topk, n);
    job->limits = PAL_ARENA_ARRAY(arena, float, n);
    job->n_offered = PAL_ARENA_ARRAY(arena, int32_t, job->n_step);
    job->offered = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)job->n_step * n);
    job->offers = PAL_ARENA_ARRAY(arena, float, (int64_t)job->n_step *n);
    return job->tops && job->limits && job->n_offered && job->offered && job->offers;
}

/* --- both --- */

/* Columns in 16 bits, where counts and columns fit, each row ended by marks that are no item; job's
 * cols stay NULL where they do not. False without memory. */
static bool cooccur_shorten(cooccur_job *job, pal_arena *arena) {
    enum { MARKS = 4 }; /* a row may be read in steps of 4 */
    const pal_csr *u = job->by_user, *t = job->by_item;
    int64_t n = u->starts[u->n_rows] + (int64_t)u->n_rows * MARKS;
    if (u->values || u->n_cols > COOCCUR_MAX || n > UINT32_MAX) return true;
    for (int32_t i = 0; i < t->n_rows; i++) {
        if (t->starts[i + 1] - t->starts[i] > COOCCUR_MAX) return true;
    }
    uint16_t *cols = PAL_ARENA_ARRAY(arena, uint16_t, n);
    uint32_t *rows = PAL_ARENA_ARRAY(arena, uint32_t, u->n_rows);
    if (!cols || !rows) return false;
    uint16_t *to = cols;
    for (int32_t r = 0; r < u->n_rows; r++) {
        rows[r] = (uint32_t)(to - cols);
        for (int64_t e = u->starts[r]; e < u->starts[r + 1]; e++) *to++ = (uint16_t)u->cols[e];
        for (int32_t m = 0; m < MARKS; m++) *to++ = COOCCUR_MAX;
    }
    job->cols = cols;
    job->rows = rows;
    return true;
}

static pal_status cooccur_run(cooccur_job *job) {
    enum { CHUNKS_A_STEP = 64 }; /* between two looks at whether somebody wants to stop */
    int64_t n_chunks = ((int64_t)job->by_user->n_cols + COOCCUR_ROWS - 1) / COOCCUR_ROWS;
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
                            const void *arg, bool is_symmetric, int32_t *neighbours,
                            float *similarities, int32_t *counts) {
    int32_t n_threads = pal_pool_threads(ctx->pool), n_items = by_user->n_cols;
    pal_arena arena = {0};
    cooccur_job job = {
        .ctx = ctx,
        .what = what,
        .by_user = by_user,
        .by_item = by_item,
        .kernels = pal_kernels_best(),
        .k = k,
        .similarity = similarity,
        .arg = arg,
        .neighbours = neighbours,
        .counts = counts,
        .similarities = similarities,
        .scratch = PAL_ARENA_ARRAY(&arena, cooccur_scratch, n_threads),
    };
    bool has_memory = job.scratch && cooccur_shorten(&job, &arena) &&
                      (!is_symmetric || cooccur_allocate_before(&job, &arena));
    for (int32_t i = 0; has_memory && i < n_threads; i++) {
        cooccur_scratch *s = &job.scratch[i];
        s->counts = PAL_ARENA_ARRAY(&arena, uint16_t, n_items);
        s->dots = PAL_ARENA_ARRAY(&arena, float, n_items);
        s->similarity = PAL_ARENA_ARRAY(&arena, float, n_items);
        s->found = PAL_ARENA_ARRAY(&arena, int32_t, n_items);
        has_memory = s->counts && s->dots && s->similarity && s->found;
    }
    pal_status status = PAL_OK;
    if (!has_memory) {
        status =
            pal_fail_memory(ctx, what, 14.0 * n_items * n_threads + 8.0 * job.n_step * n_items);
    } else {
        status = is_symmetric ? cooccur_run_before(&job) : cooccur_run(&job);
    }
    pal_arena_release(&arena);
    return status;
}
