/* next_item.c - windows, batches, losses over the next item. */
#include "models/next_item.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/loss.h"

enum { NEXT_TRIES = 16, NEXT_PART = 4096 };

const char *const pal_next_losses[] = {"auto", "softmax", "sampled", "gbce", NULL};
const char *const pal_next_windows[] = {"newest", "all", NULL};

pal_next_loss_form pal_next_form(const pal_next_options *options, int64_t n_items) {
    if (options->loss != PAL_NEXT_AUTO) return (pal_next_loss_form)options->loss;
    return n_items <= options->negatives ? PAL_NEXT_SOFTMAX : PAL_NEXT_SAMPLED;
}

/* --- windows --- */

/* Windows of `user`, newest first; written to firsts and lengths unless they are NULL. The last
 * event has no follower, so n events make n - 1 positions. */
static int64_t next_cut(const pal_next_options *options, const pal_log *log, int32_t user,
                        int64_t *firsts, int32_t *lengths) {
    int64_t begin = log->starts[user], end = log->starts[user + 1] - 1, n = 0;
    while (end > begin && (n == 0 || options->windows)) {
        int64_t first = end - options->length > begin ? end - options->length : begin;
        if (firsts) firsts[n] = first;
        if (lengths) lengths[n] = (int32_t)(end - first);
        n++;
        end = first;
    }
    return n;
}

double pal_next_positions(const pal_next_options *options, const pal_log *log) {
    double sum = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t n = log->starts[u + 1] - log->starts[u] - 1;
        if (n > options->length && !options->windows) n = options->length;
        if (n > 0) sum += (double)n;
    }
    return sum;
}

static pal_status next_find_windows(pal_ctx *ctx, const char *what, pal_arena *scratch,
                                    pal_next *s) {
    const pal_log *log = s->log;
    for (int32_t u = 0; u < log->n_users; u++)
        s->n_windows += next_cut(s->options, log, u, NULL, NULL);
    s->firsts = PAL_ARENA_ARRAY(scratch, int64_t, s->n_windows);
    s->lengths = PAL_ARENA_ARRAY(scratch, int32_t, s->n_windows);
    s->users = PAL_ARENA_ARRAY(scratch, int32_t, s->n_windows);
    if (!s->firsts || !s->lengths || !s->users)
        return pal_fail_memory(ctx, what, 16.0 * (double)s->n_windows);
    for (int64_t u = 0, n = 0; u < log->n_users; u++) {
        int64_t more = next_cut(s->options, log, (int32_t)u, s->firsts + n, s->lengths + n);
        for (; more > 0; more--, n++) {
            s->users[n] = (int32_t)u;
            if (s->lengths[n] > s->longest) s->longest = s->lengths[n];
        }
    }
    return PAL_OK;
}

/* --- room --- */

static int64_t next_entries(const pal_next *s) {
    bool draws = s->form != PAL_NEXT_SOFTMAX;
    return 2 * s->capacity + (draws ? s->options->batch * s->options->negatives : 0);
}

static pal_status next_open_batch(pal_ctx *ctx, const char *what, pal_arena *scratch, pal_next *s) {
    int64_t entries = next_entries(s), batch = s->options->batch;
    s->starts = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
    s->owners = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    s->inputs = PAL_ARENA_ARRAY(scratch, int32_t, s->capacity);
    s->targets = PAL_ARENA_ARRAY(scratch, int32_t, s->capacity);
    s->d_hidden = PAL_ARENA_ARRAY(scratch, pal_real, s->capacity * s->width);
    s->sources = PAL_ARENA_ARRAY(scratch, pal_real, entries * s->width);
    s->losses = PAL_ARENA_ARRAY(scratch, double, PAL_NEXT_CHUNKS);
    if (!s->starts || !s->owners || !s->inputs || !s->targets || !s->d_hidden || !s->sources ||
        !s->losses)
        return pal_fail_memory(ctx, what, 4.0 * (double)(entries + s->capacity) * (double)s->width);
    s->d_inputs = s->sources;
    s->hidden = s->sources + s->capacity * s->width;
    return PAL_OK;
}

/* All rows of the table are touched in every batch, each at its own place. */
static pal_status next_open_softmax(pal_ctx *ctx, const char *what, pal_arena *scratch,
                                    pal_next *s) {
    pal_table *items = &s->items;
    int64_t size = (int64_t)items->n_rows * s->width, threads = pal_pool_threads(ctx->pool);
    items->n_touched = items->n_rows;
    for (int32_t i = 0; i < items->n_rows; i++) items->touched[i] = i;
    s->d_tables = PAL_ARENA_ARRAY(scratch, pal_real, PAL_NEXT_CHUNKS * size);
    s->logits = PAL_ARENA_ARRAY(scratch, pal_real, threads * PAL_NEXT_ROWS * items->n_rows);
    if (s->d_tables && s->logits) return PAL_OK;
    return pal_fail_memory(ctx, what, 4.0 * PAL_NEXT_CHUNKS * (double)size);
}

static pal_status next_open_draws(pal_ctx *ctx, const char *what, pal_arena *scratch, pal_next *s) {
    int64_t threads = pal_pool_threads(ctx->pool), k = s->options->negatives,
            entries = next_entries(s);
    TRY(pal_log_pairs(ctx, s->log, UINT32_MAX, scratch, &s->known));
    s->drawn = PAL_ARENA_ARRAY(scratch, int32_t, s->options->batch * k);
    s->drawn_rows = PAL_ARENA_ARRAY(scratch, pal_real, threads * k * s->width);
    s->logits = PAL_ARENA_ARRAY(scratch, pal_real, threads * s->longest * (1 + k));
    s->rows = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    s->from = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    s->shares = PAL_ARENA_ARRAY(scratch, pal_real, entries);
    if (s->drawn && s->drawn_rows && s->logits && s->rows && s->from && s->shares) return PAL_OK;
    return pal_fail_memory(ctx, what, 12.0 * (double)entries);
}

pal_status pal_next_open(pal_ctx *ctx, const char *what, const pal_next_options *options,
                         const pal_log *log, int64_t width, pal_real *values, pal_arena *scratch,
                         pal_next *out) {
    *out = (pal_next){.options = options,
                      .form = pal_next_form(options, log->n_items),
                      .log = log,
                      .width = width,
                      .seed = pal_seed_for(ctx->seed, "drawn items of sequences")};
    TRY(next_find_windows(ctx, what, scratch, out));
    out->capacity =
        (options->batch < out->n_windows ? options->batch : out->n_windows) * out->longest;
    TRY(next_open_batch(ctx, what, scratch, out));
    bool is_softmax = out->form == PAL_NEXT_SOFTMAX;
    int64_t entries = is_softmax ? log->n_items : next_entries(out);
    TRY(pal_table_open(ctx, what, values, log->n_items, (int32_t)width, entries, scratch,
                       &out->items));
    return is_softmax ? next_open_softmax(ctx, what, scratch, out)
                      : next_open_draws(ctx, what, scratch, out);
}

double pal_next_bytes(const pal_next_options *options, const pal_log *log, double width) {
    int64_t longest = pal_log_longest(log) - 1;
    if (longest > options->length) longest = options->length;
    bool is_softmax = pal_next_form(options, log->n_items) == PAL_NEXT_SOFTMAX;
    double capacity = (double)options->batch * (double)longest,
           entries = 2 * capacity +
                     (is_softmax ? 0 : (double)options->batch * (double)options->negatives);
    return 4 * width * (entries + capacity) +
           pal_table_bytes(log->n_items, width, is_softmax ? log->n_items : entries) +
           (is_softmax ? 4.0 * log->n_items * (PAL_NEXT_CHUNKS * width + 2 * PAL_NEXT_ROWS)
                       : 12 * entries);
}

/* --- batches --- */

void pal_next_pack(pal_next *s, const pal_step *step) {
    s->n_sequences = step->n;
    s->step = step->number;
    s->n = 0;
    for (int64_t i = 0; i < step->n; i++) {
        int64_t window = step->examples[i], length = s->lengths[window];
        const int32_t *events = s->log->items + s->firsts[window];
        s->starts[i] = s->n;
        s->owners[i] = s->users[window];
        memcpy(s->inputs + s->n, events, (size_t)length * sizeof *events);
        memcpy(s->targets + s->n, events + 1, (size_t)length * sizeof *events);
        s->n += length;
    }
    s->starts[step->n] = s->n;
}

/* Logits of one row to scale · (softmax - target), in place; returns the loss. */
static double next_softmax_row(pal_real *row, int64_t n, int32_t target, pal_real scale) {
    const pal_loops *loops = pal_loops_best();
    double most = (double)loops->largest(row, n), hit = (double)row[target],
           sum = (double)loops->exp(row, (pal_real)-most, 1, row, n);
    pal_real share = scale / (pal_real)sum;
    for (int64_t i = 0; i < n; i++) row[i] *= share;
    row[target] -= scale;
    return most + log(sum) - hit;
}

/* --- losses by draws --- */

/* Items of the user are not drawn; where he has nearly all of them, fewer than `negatives` are. */
static void next_draw(const pal_next *s, int64_t sequence, int32_t *drawn) {
    uint64_t stream = (uint64_t)s->step * (uint64_t)s->options->batch + (uint64_t)sequence;
    pal_rng rng = pal_rng_at(s->seed, stream);
    for (int64_t j = 0; j < s->options->negatives; j++) {
        drawn[j] = -1;
        for (int32_t t = 0; t < NEXT_TRIES && drawn[j] < 0; t++) {
            int32_t item = (int32_t)pal_rng_below(&rng, (uint32_t)s->items.n_rows);
            if (!pal_csr_has(&s->known, s->owners[sequence], item)) drawn[j] = item;
        }
    }
}

/* logits [length, 1 + k], the used item first. */
static void next_logits(const pal_next *s, int64_t sequence, const int32_t *drawn,
                        const pal_real *drawn_rows, pal_real *logits) {
    int64_t k = s->options->negatives, width = s->width, at = s->starts[sequence],
            n = s->starts[sequence + 1] - at;
    const pal_real *hidden = s->hidden + at * width;
    pal_gemm(false, true, n, k, width, hidden, width, drawn_rows, width, 0, logits + 1, 1 + k);
    for (int64_t r = 0; r < n; r++) {
        pal_real *row = logits + r * (1 + k);
        row[0] = pal_loops_best()->dot(
            hidden + r * width, s->items.values + (int64_t)s->targets[at + r] * width, width);
        for (int64_t j = 0; j < k; j++) {
            if (drawn[j] < 0) row[1 + j] = -INFINITY;
        }
    }
}

static double next_drawn_loss(const pal_next *s, int64_t sequence, int32_t worker) {
    int64_t k = s->options->negatives, width = s->width, at = s->starts[sequence],
            n = s->starts[sequence + 1] - at;
    int32_t *drawn = s->drawn + sequence * k;
    pal_real *rows = s->drawn_rows + worker * k * width,
             *d = s->logits + worker * s->longest * (1 + k),
             *d_drawn = s->sources + (2 * s->capacity + sequence * k) * width,
             *d_hidden = s->d_hidden + at * width, scale = (pal_real)(1 / (double)s->n);
    next_draw(s, sequence, drawn);
    pal_table_gather(&s->items, drawn, k, rows, width);
    next_logits(s, sequence, drawn, rows, d);
    double loss = 0, beta = pal_loss_gbce_beta(k, s->items.n_rows, s->options->calibration);
    if (s->form == PAL_NEXT_GBCE) loss = pal_loss_gbce(d, n, k, beta, scale, d);
    for (int64_t r = 0; s->form == PAL_NEXT_SAMPLED && r < n; r++)
        loss += next_softmax_row(d + r * (1 + k), 1 + k, 0, scale);
    pal_gemm(false, false, n, width, k, d + 1, 1 + k, rows, width, 0, d_hidden, width);
    pal_gemm(true, false, k, width, n, d + 1, 1 + k, s->hidden + at * width, width, 0, d_drawn,
             width);
    for (int64_t r = 0; r < n; r++) {
        s->shares[s->n + at + r] = d[r * (1 + k)];
        pal_loops_best()->add_scaled(d_hidden + r * width,
                                     s->items.values + (int64_t)s->targets[at + r] * width,
                                     d[r * (1 + k)], width);
    }
    return loss;
}

/* --- loss over all items --- */

static double next_softmax_loss(const pal_next *s, int64_t chunk, int64_t begin, int64_t end,
                                int32_t worker) {
    int64_t width = s->width, n_items = s->items.n_rows;
    pal_real *d_table = s->d_tables + chunk * n_items * width,
             *logits = s->logits + worker * PAL_NEXT_ROWS * n_items,
             scale = (pal_real)(1 / (double)s->n);
    const pal_real *table = s->items.values;
    double loss = 0;
    memset(d_table, 0, (size_t)(n_items * width) * sizeof *d_table);
    for (int64_t first = begin; first < end; first += PAL_NEXT_ROWS) {
        int64_t n = end - first < PAL_NEXT_ROWS ? end - first : PAL_NEXT_ROWS;
        const pal_real *hidden = s->hidden + first * width;
        pal_gemm(false, true, n, n_items, width, hidden, width, table, width, 0, logits, n_items);
        for (int64_t r = 0; r < n; r++)
            loss += next_softmax_row(logits + r * n_items, n_items, s->targets[first + r], scale);
        pal_gemm(false, false, n, width, n_items, logits, n_items, table, width, 0,
                 s->d_hidden + first * width, width);
        pal_gemm(true, false, n_items, width, n, logits, n_items, hidden, width, 1, d_table, width);
    }
    return loss;
}

void pal_next_loss(pal_next *s, int64_t chunk, int32_t worker) {
    int64_t first, last;
    pal_next_chunk(s, chunk, &first, &last);
    s->losses[chunk] = 0;
    if (s->form == PAL_NEXT_SOFTMAX) {
        s->losses[chunk] = next_softmax_loss(s, chunk, s->starts[first], s->starts[last], worker);
        return;
    }
    for (int64_t sequence = first; sequence < last; sequence++)
        s->losses[chunk] += next_drawn_loss(s, sequence, worker);
}

void pal_next_take_inputs(pal_next *s, int64_t chunk) {
    if (s->form != PAL_NEXT_SOFTMAX) return;
    int64_t first, last;
    pal_next_chunk(s, chunk, &first, &last);
    pal_real *d_table = s->d_tables + chunk * s->items.n_rows * s->width;
    for (int64_t r = s->starts[first]; r < s->starts[last]; r++)
        pal_loops_best()->add_scaled(d_table + s->inputs[r] * s->width, s->d_inputs + r * s->width,
                                     1, s->width);
}

double pal_next_close(pal_ctx *ctx, const pal_next *s) {
    double loss = 0, n = (double)s->n,
           scored = s->form == PAL_NEXT_SOFTMAX ? s->items.n_rows : (double)s->options->negatives;
    for (int32_t c = 0; c < PAL_NEXT_CHUNKS; c++) loss += s->losses[c];
    ctx->multiply_adds += 3 * n * (double)s->width * scored;
    return loss / n * (double)s->n_sequences;
}

/* --- the table's step --- */

static void next_sum_part(void *arg, int64_t part, int32_t worker) {
    (void)worker;
    const pal_next *s = arg;
    int64_t size = (int64_t)s->items.n_rows * s->width, first = part * NEXT_PART,
            n = size - first < NEXT_PART ? size - first : NEXT_PART;
    pal_real *sum = s->items.gradient + first;
    memcpy(sum, s->d_tables + first, (size_t)n * sizeof *sum);
    for (int64_t c = 1; c < PAL_NEXT_CHUNKS; c++)
        pal_loops_best()->add_scaled(sum, s->d_tables + c * size + first, 1, n);
}

static void next_touch_drawn(pal_next *s) {
    int64_t n = s->n, drawn = s->n_sequences * s->options->negatives;
    memcpy(s->rows, s->inputs, (size_t)n * sizeof *s->rows);
    memcpy(s->rows + n, s->targets, (size_t)n * sizeof *s->rows);
    memcpy(s->rows + 2 * n, s->drawn, (size_t)drawn * sizeof *s->rows);
    for (int64_t r = 0; r < n; r++) {
        s->from[r] = (int32_t)r;
        s->from[n + r] = (int32_t)(s->capacity + r);
        s->shares[r] = 1;
    }
    for (int64_t j = 0; j < drawn; j++) {
        s->from[2 * n + j] = (int32_t)(2 * s->capacity + j);
        s->shares[2 * n + j] = 1;
    }
    pal_table_touch(&s->items, s->rows, s->from, s->shares, 2 * n + drawn);
}

void pal_next_step(pal_pool *pool, const pal_adam *adam, pal_next *s) {
    if (s->form == PAL_NEXT_SOFTMAX) {
        int64_t size = (int64_t)s->items.n_rows * s->width;
        pal_parallel(pool, (size + NEXT_PART - 1) / NEXT_PART, next_sum_part, s);
    } else {
        next_touch_drawn(s);
        pal_table_sum(pool, &s->items, s->sources, s->width);
    }
    pal_adam_table(pool, adam, &s->items);
}
