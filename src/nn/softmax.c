/* softmax.c - slabs of items, blocks of rows. */
#include "nn/softmax.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "nn/linear.h"
#include "nn/loops.h"

/* Tiles of a slab at the most. */
static int64_t softmax_tiles(int32_t n_items) {
    int64_t slab = ((int64_t)n_items + PAL_SOFTMAX_SLABS - 1) / PAL_SOFTMAX_SLABS;
    return (slab + PAL_SOFTMAX_TILE - 1) / PAL_SOFTMAX_TILE;
}

static bool softmax_keeps(int64_t n_tiles) {
    return PAL_SOFTMAX_SLABS * n_tiles * PAL_SOFTMAX_ROWS * PAL_SOFTMAX_TILE <= PAL_SOFTMAX_KEPT;
}

double pal_softmax_bytes(int32_t n_items, double width, int32_t n_threads) {
    int64_t n_tiles = softmax_tiles(n_items), kept = PAL_SOFTMAX_SLABS * n_tiles;
    double tile = (double)sizeof(pal_real) * PAL_SOFTMAX_ROWS * PAL_SOFTMAX_TILE,
           cells = PAL_SOFTMAX_SLABS * PAL_SOFTMAX_ROWS;
    return softmax_keeps(n_tiles) ? (double)kept * (tile + 8.0 * PAL_SOFTMAX_ROWS) +
                                        cells * (sizeof(pal_real) * width + 24)
                                  : n_threads * tile + cells * (sizeof(pal_real) * width + 24);
}

pal_status pal_softmax_open(pal_ctx *ctx, const char *what, int32_t n_items, int32_t width,
                            pal_arena *scratch, pal_softmax *out) {
    int64_t cells = PAL_SOFTMAX_SLABS * PAL_SOFTMAX_ROWS,
            tile = PAL_SOFTMAX_ROWS * PAL_SOFTMAX_TILE, n_tiles = softmax_tiles(n_items),
            n_kept = PAL_SOFTMAX_SLABS * n_tiles;
    bool is_kept = softmax_keeps(n_tiles);
    int64_t n_logits = is_kept ? n_kept * tile : pal_pool_threads(ctx->pool) * tile;
    *out = (pal_softmax){
        .n_items = n_items,
        .width = width,
        .is_kept = is_kept,
        .n_tiles = (int32_t)n_tiles,
        .logits = PAL_ARENA_ARRAY(scratch, pal_real, n_logits),
        .shifts = PAL_ARENA_ARRAY(scratch, double, is_kept ? n_kept *PAL_SOFTMAX_ROWS : 1),
        .parts = PAL_ARENA_ARRAY(scratch, pal_real, cells * width),
        .largest = PAL_ARENA_ARRAY(scratch, double, cells),
        .sums = PAL_ARENA_ARRAY(scratch, double, cells),
        .hits = PAL_ARENA_ARRAY(scratch, double, cells),
        .shift = PAL_ARENA_ARRAY(scratch, double, PAL_SOFTMAX_ROWS),
        .total = PAL_ARENA_ARRAY(scratch, double, PAL_SOFTMAX_ROWS),
    };
    if (out->logits && out->shifts && out->parts && out->largest && out->sums && out->hits &&
        out->shift && out->total)
        return PAL_OK;
    return pal_fail_memory(ctx, what,
                           pal_softmax_bytes(n_items, width, pal_pool_threads(ctx->pool)));
}

static int32_t softmax_rows(const pal_softmax *job) {
    int64_t n = job->n_rows - job->first_row;
    return (int32_t)(n < PAL_SOFTMAX_ROWS ? n : PAL_SOFTMAX_ROWS);
}

static float softmax_amount(const pal_softmax *job, int64_t e) {
    return job->amounts ? job->amounts[e] : 1;
}

/* The first of the ascending items[begin … end) from `item` on. */
static int64_t softmax_seek(const int32_t *items, int64_t begin, int64_t end, int32_t item) {
    while (begin < end) {
        int64_t middle = begin + (end - begin) / 2;
        if (items[middle] < item) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

/* The first of a row's targets from `item` on. */
static int64_t softmax_target(const pal_softmax *job, int64_t row, int32_t item) {
    return softmax_seek(job->targets, job->begins[row], job->ends[row], item);
}

/* Takes what the row's person used, but the targets, out of the tile. */
static void softmax_hide(const pal_softmax *job, int64_t row, int32_t item, int32_t n,
                         pal_real *logits) {
    const pal_csr *used = job->used;
    int64_t last = used->starts[job->people[row] + 1], target = softmax_target(job, row, item);
    for (int64_t e = softmax_seek(used->cols, used->starts[job->people[row]], last, item);
         e < last && used->cols[e] < item + n; e++) {
        while (target < job->ends[row] && job->targets[target] < used->cols[e]) target++;
        bool is_target = target < job->ends[row] && job->targets[target] == used->cols[e];
        if (!is_target) logits[used->cols[e] - item] = -INFINITY;
    }
}

static void softmax_logits(const pal_softmax *job, int32_t item, int32_t n, pal_real *logits) {
    int32_t n_rows = softmax_rows(job);
    for (int64_t r = 0; job->biases && r < n_rows; r++)
        memcpy(logits + r * PAL_SOFTMAX_TILE, job->biases + item, (size_t)n * sizeof *logits);
    pal_gemm(false, true, n_rows, n, job->width, job->hidden + job->first_row * job->width,
             job->width, job->weights + (int64_t)item * job->width, job->width, job->biases ? 1 : 0,
             logits, PAL_SOFTMAX_TILE);
    for (int64_t r = 0; job->used && r < n_rows; r++)
        softmax_hide(job, job->first_row + r, item, n, logits + r * PAL_SOFTMAX_TILE);
}

/* The sum so far is kept relative to the largest so far. */
static void softmax_add_row(const pal_softmax *job, int64_t cell, int64_t row, int32_t item,
                            int32_t n, pal_real *logits) {
    const pal_loops *loops = pal_loops_best();
    for (int64_t e = softmax_target(job, row, item);
         e < job->ends[row] && job->targets[e] < item + n; e++)
        job->hits[cell] += (double)softmax_amount(job, e) * (double)logits[job->targets[e] - item];
    double most = fmax((double)loops->largest(logits, n), job->largest[cell]);
    /* Nothing finite yet: all is hidden, or not a number, which the sum tells. */
    bool is_empty = !(most > -INFINITY);
    double sum = (double)loops->exp(logits, is_empty ? 0 : (pal_real)-most, 1, logits, n),
           kept = is_empty ? 1 : exp(job->largest[cell] - most);
    job->sums[cell] = job->sums[cell] * kept + sum;
    job->largest[cell] = most;
}

static void softmax_slab(const pal_softmax *job, int64_t slab, int32_t *first, int32_t *last) {
    *first = (int32_t)(job->n_items * slab / PAL_SOFTMAX_SLABS);
    *last = (int32_t)(job->n_items * (slab + 1) / PAL_SOFTMAX_SLABS);
}

static int64_t softmax_tile_of(const pal_softmax *job, int64_t slab, int32_t item, int32_t first,
                               int32_t worker) {
    return job->is_kept ? slab * job->n_tiles + (item - first) / PAL_SOFTMAX_TILE : worker;
}

static void softmax_forward(void *arg, int64_t slab, int32_t worker) {
    const pal_softmax *job = arg;
    int32_t first, last, n_rows = softmax_rows(job);
    softmax_slab(job, slab, &first, &last);
    for (int32_t r = 0; r < n_rows; r++) {
        int64_t cell = slab * PAL_SOFTMAX_ROWS + r;
        job->largest[cell] = -INFINITY;
        job->sums[cell] = job->hits[cell] = 0;
    }
    for (int32_t item = first; item < last; item += PAL_SOFTMAX_TILE) {
        int32_t n = last - item < PAL_SOFTMAX_TILE ? last - item : PAL_SOFTMAX_TILE;
        int64_t tile = softmax_tile_of(job, slab, item, first, worker) * PAL_SOFTMAX_ROWS;
        pal_real *logits = job->logits + tile * PAL_SOFTMAX_TILE;
        softmax_logits(job, item, n, logits);
        for (int32_t r = 0; r < n_rows; r++) {
            int64_t cell = slab * PAL_SOFTMAX_ROWS + r;
            softmax_add_row(job, cell, job->first_row + r, item, n,
                            logits + (int64_t)r * PAL_SOFTMAX_TILE);
            if (job->is_kept) job->shifts[tile + r] = job->largest[cell];
        }
    }
}

/* Brings the slabs of a row together; returns its loss. */
static double softmax_close_row(const pal_softmax *job, int32_t r) {
    double most = -INFINITY, sum = 0, hits = 0, total = 0;
    int64_t row = job->first_row + r;
    for (int64_t s = 0; s < PAL_SOFTMAX_SLABS; s++)
        most = fmax(most, job->largest[s * PAL_SOFTMAX_ROWS + r]);
    for (int64_t s = 0; s < PAL_SOFTMAX_SLABS; s++) {
        int64_t cell = s * PAL_SOFTMAX_ROWS + r;
        sum += job->sums[cell] * exp(job->largest[cell] - most);
        hits += job->hits[cell];
    }
    for (int64_t e = job->begins[row]; e < job->ends[row]; e++)
        total += (double)softmax_amount(job, e);
    job->shift[r] = most + log(sum);
    job->total[r] = total;
    return total * job->shift[r] - hits;
}

/* What the row of a tile becomes: scale (Σ x · softmax - x). */
static void softmax_derive_row(const pal_softmax *job, int32_t r, int32_t item, int32_t n,
                               const double *kept_shift, pal_real *row) {
    int64_t of = job->first_row + r;
    pal_real amount = job->scale * (pal_real)job->total[r];
    if (kept_shift) {
        amount *= (pal_real)exp(*kept_shift - job->shift[r]);
        for (int32_t i = 0; i < n; i++) row[i] *= amount;
    } else {
        pal_loops_best()->exp(row, (pal_real)-job->shift[r], amount, row, n);
    }
    for (int64_t e = softmax_target(job, of, item); e < job->ends[of] && job->targets[e] < item + n;
         e++)
        row[job->targets[e] - item] -= job->scale * (pal_real)softmax_amount(job, e);
}

static void softmax_backward(void *arg, int64_t slab, int32_t worker) {
    const pal_softmax *job = arg;
    int32_t first, last, n_rows = softmax_rows(job);
    int64_t k = job->width;
    const pal_real *hidden = job->hidden + job->first_row * k;
    pal_real *part = job->parts + slab * PAL_SOFTMAX_ROWS * k;
    softmax_slab(job, slab, &first, &last);
    if (first == last) memset(part, 0, (size_t)(n_rows * k) * sizeof *part);
    for (int32_t item = first; item < last; item += PAL_SOFTMAX_TILE) {
        int32_t n = last - item < PAL_SOFTMAX_TILE ? last - item : PAL_SOFTMAX_TILE;
        int64_t tile = softmax_tile_of(job, slab, item, first, worker) * PAL_SOFTMAX_ROWS;
        pal_real *d = job->logits + tile * PAL_SOFTMAX_TILE;
        if (!job->is_kept) softmax_logits(job, item, n, d);
        for (int32_t r = 0; r < n_rows; r++) {
            pal_real *row = d + (int64_t)r * PAL_SOFTMAX_TILE;
            softmax_derive_row(job, r, item, n, job->is_kept ? &job->shifts[tile + r] : NULL, row);
            if (job->d_biases) pal_loops_best()->add_scaled(job->d_biases + item, row, 1, n);
        }
        pal_gemm(true, false, n, k, n_rows, d, PAL_SOFTMAX_TILE, hidden, k, 1,
                 job->d_weights + (int64_t)item * k, k);
        pal_gemm(false, false, n_rows, k, n, d, PAL_SOFTMAX_TILE, job->weights + (int64_t)item * k,
                 k, item > first, part, k);
    }
}

static void softmax_sum_row(void *arg, int64_t r, int32_t worker) {
    (void)worker;
    const pal_softmax *job = arg;
    int64_t k = job->width;
    pal_real *out = job->d_hidden + (job->first_row + r) * k;
    memset(out, 0, (size_t)k * sizeof *out);
    for (int64_t s = 0; s < PAL_SOFTMAX_SLABS; s++)
        pal_loops_best()->add_scaled(out, job->parts + (s * PAL_SOFTMAX_ROWS + r) * k, 1, k);
}

double pal_softmax_run(pal_pool *pool, pal_softmax *job) {
    double loss = 0;
    for (job->first_row = 0; job->first_row < job->n_rows; job->first_row += PAL_SOFTMAX_ROWS) {
        int32_t n = softmax_rows(job);
        pal_parallel(pool, PAL_SOFTMAX_SLABS, softmax_forward, job);
        for (int32_t r = 0; r < n; r++) loss += softmax_close_row(job, r);
        pal_parallel(pool, PAL_SOFTMAX_SLABS, softmax_backward, job);
        pal_parallel(pool, n, softmax_sum_row, job);
    }
    return loss;
}
