/* transformer.c - slices, room, the two directions. */
#include "nn/transformer.h"

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "nn/dropout.h"
#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/norm.h"

void pal_transformer_add(pal_transformer *t, pal_parameters *p) {
    int64_t k = t->width, f = t->inner;
    for (int32_t b = 0; b < t->n_blocks; b++) {
        pal_block *block = &t->blocks[b];
        block->gain1 = pal_parameters_add(p, "gain1", 1, k);
        block->bias1 = pal_parameters_add(p, "bias1", 1, k);
        block->w_qkv = pal_parameters_add(p, "w_qkv", 3 * k, k);
        block->b_qkv = pal_parameters_add(p, "b_qkv", 1, 3 * k);
        block->w_out = pal_parameters_add(p, "w_out", k, k);
        block->b_out = pal_parameters_add(p, "b_out", 1, k);
        block->gain2 = pal_parameters_add(p, "gain2", 1, k);
        block->bias2 = pal_parameters_add(p, "bias2", 1, k);
        block->w1 = pal_parameters_add(p, "w1", f, k);
        block->b1 = pal_parameters_add(p, "b1", 1, f);
        block->w2 = pal_parameters_add(p, "w2", k, f);
        block->b2 = pal_parameters_add(p, "b2", 1, k);
    }
    t->gain = pal_parameters_add(p, "gain", 1, k);
    t->bias = pal_parameters_add(p, "bias", 1, k);
}

static void transformer_ones(pal_real *values, int64_t n) {
    for (int64_t i = 0; i < n; i++) values[i] = 1;
}

void pal_transformer_draw(const pal_transformer *t, uint64_t seed, pal_real *values) {
    int64_t k = t->width, f = t->inner;
    for (int32_t b = 0; b < t->n_blocks; b++) {
        const pal_block *block = &t->blocks[b];
        char purpose[32];
        snprintf(purpose, sizeof purpose, "block %d", b);
        uint64_t own = pal_seed_for(seed, purpose);
        transformer_ones(values + block->gain1, k);
        transformer_ones(values + block->gain2, k);
        pal_draw_uniform(own, "qkv", values + block->w_qkv, 3 * k * k, pal_glorot_bound(k, k));
        pal_draw_uniform(own, "out", values + block->w_out, k * k, pal_glorot_bound(k, k));
        pal_draw_uniform(own, "in", values + block->w1, f * k, pal_glorot_bound(k, f));
        pal_draw_uniform(own, "back", values + block->w2, k * f, pal_glorot_bound(f, k));
    }
    transformer_ones(values + t->gain, k);
}

/* --- room --- */

static int64_t transformer_wide(const pal_transformer *t) {
    return t->inner > 3 * t->width ? t->inner : 3 * t->width;
}

static bool transformer_open_block(const pal_transformer *t, int64_t n, int64_t longest,
                                   pal_arena *scratch, pal_block_room *out) {
    int64_t k = t->width;
    out->x = PAL_ARENA_ARRAY(scratch, pal_real, n * k);
    out->normed1 = PAL_ARENA_ARRAY(scratch, pal_real, n * k);
    out->qkv = PAL_ARENA_ARRAY(scratch, pal_real, n * 3 * k);
    out->mixed = PAL_ARENA_ARRAY(scratch, pal_real, n * k);
    out->middle = PAL_ARENA_ARRAY(scratch, pal_real, n * k);
    out->normed2 = PAL_ARENA_ARRAY(scratch, pal_real, n * k);
    out->inner = PAL_ARENA_ARRAY(scratch, pal_real, n * t->inner);
    out->active = PAL_ARENA_ARRAY(scratch, pal_real, n * t->inner);
    out->kept1 = PAL_ARENA_ARRAY(scratch, pal_real, n * 2);
    out->kept2 = PAL_ARENA_ARRAY(scratch, pal_real, n * 2);
    out->weights = PAL_ARENA_ARRAY(scratch, pal_real, n * t->n_heads * longest);
    out->mask1 = PAL_ARENA_ARRAY(scratch, uint8_t, n * k);
    out->mask2 = PAL_ARENA_ARRAY(scratch, uint8_t, n * k);
    return out->x && out->normed1 && out->qkv && out->mixed && out->middle && out->normed2 &&
           out->inner && out->active && out->kept1 && out->kept2 && out->weights && out->mask1 &&
           out->mask2;
}

pal_status pal_transformer_open(pal_ctx *ctx, const char *what, const pal_transformer *t,
                                int64_t capacity, int64_t longest, pal_arena *scratch,
                                pal_transformer_room *out) {
    int64_t k = t->width;
    *out = (pal_transformer_room){
        .capacity = capacity,
        .longest = longest,
        .last = PAL_ARENA_ARRAY(scratch, pal_real, capacity * k),
        .kept = PAL_ARENA_ARRAY(scratch, pal_real, capacity * 2),
        .d = PAL_ARENA_ARRAY(scratch, pal_real, capacity * k),
        .d_wide = PAL_ARENA_ARRAY(scratch, pal_real, capacity * transformer_wide(t)),
        .tile = PAL_ARENA_ARRAY(scratch, pal_real,
                                pal_pool_threads(ctx->pool) * pal_attention_room(longest)),
    };
    bool has_memory = out->last && out->kept && out->d && out->d_wide && out->tile;
    for (int32_t b = 0; has_memory && b < t->n_blocks; b++)
        has_memory = transformer_open_block(t, capacity, longest, scratch, &out->blocks[b]);
    for (int32_t i = 0; i < 2 * t->n_blocks; i++) {
        char purpose[32];
        snprintf(purpose, sizeof purpose, "dropout %d", i);
        out->seeds[i] = pal_seed_for(ctx->seed, purpose);
    }
    if (has_memory) return PAL_OK;
    return pal_fail_memory(ctx, what, pal_transformer_bytes(t, (double)capacity, (double)longest));
}

double pal_transformer_bytes(const pal_transformer *t, double capacity, double longest) {
    double k = (double)t->width, block = 8 * k + 2 * (double)t->inner + t->n_heads * longest + 4;
    return capacity * (t->n_blocks * ((double)sizeof(pal_real) * block + 2 * k) +
                       (double)sizeof(pal_real) * (2 * k + (double)transformer_wide(t) + 2));
}

/* --- forward --- */

static pal_attention transformer_attention(const pal_transformer_job *job) {
    return (pal_attention){.width = job->t->width,
                           .n_heads = job->t->n_heads,
                           .n_sequences = job->n_sequences,
                           .starts = job->starts};
}

static pal_dropout_key transformer_key(const pal_transformer_job *job, int32_t use) {
    return (pal_dropout_key){job->room->seeds[use], job->step, job->chunk};
}

/* Sequences of the chunk have at most `longest` positions each, so that Σ length² stays within
 * rows · longest. */
static pal_real *transformer_weights(const pal_transformer_job *job, int32_t b) {
    return job->room->blocks[b].weights + job->starts[0] * job->t->n_heads * job->room->longest;
}

/* `next` is where the block's output goes; sums are written over the layer's own output. */
static void transformer_block_forward(const pal_transformer_job *job, int32_t b, pal_real *next) {
    const pal_transformer *t = job->t;
    const pal_block *block = &t->blocks[b];
    const pal_block_room *r = &job->room->blocks[b];
    const pal_real *values = job->values;
    int64_t at = job->starts[0], n = job->starts[job->n_sequences] - at, k = t->width, f = t->inner;
    pal_real *x = r->x + at * k, *middle = r->middle + at * k, *mixed = r->mixed + at * k;
    const pal_attention attention = transformer_attention(job);
    pal_norm_forward(x, values + block->gain1, values + block->bias1, n, k, PAL_TRANSFORMER_EPSILON,
                     r->normed1 + at * k, r->kept1 + at * 2);
    pal_linear_forward(r->normed1 + at * k, values + block->w_qkv, values + block->b_qkv, n, k,
                       3 * k, r->qkv + at * 3 * k);
    pal_attention_forward(&attention, r->qkv + at * 3 * k, transformer_weights(job, b), mixed);
    pal_linear_forward(mixed, values + block->w_out, values + block->b_out, n, k, k, middle);
    pal_dropout_forward(transformer_key(job, 2 * b), t->dropout, middle, r->mask1 + at * k, n * k);
    pal_loops_best()->add_scaled(middle, x, 1, n * k);
    pal_norm_forward(middle, values + block->gain2, values + block->bias2, n, k,
                     PAL_TRANSFORMER_EPSILON, r->normed2 + at * k, r->kept2 + at * 2);
    pal_linear_forward(r->normed2 + at * k, values + block->w1, values + block->b1, n, k, f,
                       r->inner + at * f);
    pal_activation_forward(t->activation, r->inner + at * f, r->active + at * f, n * f);
    pal_linear_forward(r->active + at * f, values + block->w2, values + block->b2, n, f, k, next);
    pal_dropout_forward(transformer_key(job, 2 * b + 1), t->dropout, next, r->mask2 + at * k,
                        n * k);
    pal_loops_best()->add_scaled(next, middle, 1, n * k);
}

void pal_transformer_forward(const pal_transformer_job *job, pal_real *y) {
    const pal_transformer *t = job->t;
    pal_transformer_room *room = job->room;
    int64_t at = job->starts[0], n = job->starts[job->n_sequences] - at, k = t->width;
    for (int32_t b = 0; b < t->n_blocks; b++) {
        pal_real *next = b + 1 < t->n_blocks ? room->blocks[b + 1].x : room->last;
        transformer_block_forward(job, b, next + at * k);
    }
    pal_norm_forward(room->last + at * k, job->values + t->gain, job->values + t->bias, n, k,
                     PAL_TRANSFORMER_EPSILON, y + at * k, room->kept + at * 2);
}

/* --- backward --- */

/* dx [n, width] of the chunk from the block's output to its input, in place; d and wide are room.
 */
static void transformer_block_backward(const pal_transformer_job *job, int32_t b, pal_real *dx,
                                       pal_real *g) {
    const pal_transformer *t = job->t;
    const pal_block *block = &t->blocks[b];
    const pal_block_room *r = &job->room->blocks[b];
    const pal_real *values = job->values;
    const pal_attention attention = transformer_attention(job);
    int64_t at = job->starts[0], n = job->starts[job->n_sequences] - at, k = t->width, f = t->inner;
    pal_real *d = job->room->d + at * k, *wide = job->room->d_wide + at * transformer_wide(t);
    size_t bytes = (size_t)(n * k) * sizeof *d;
    memcpy(d, dx, bytes);
    pal_dropout_backward(t->dropout, r->mask2 + at * k, d, n * k);
    pal_linear_backward(r->active + at * f, values + block->w2, d, n, f, k, wide, g + block->w2,
                        g + block->b2);
    pal_activation_backward(t->activation, r->inner + at * f, r->active + at * f, wide, wide,
                            n * f);
    pal_linear_backward(r->normed2 + at * k, values + block->w1, wide, n, k, f, d, g + block->w1,
                        g + block->b1);
    pal_norm_backward(r->middle + at * k, values + block->gain2, r->kept2 + at * 2, d, n, k, d,
                      g + block->gain2, g + block->bias2);
    pal_loops_best()->add_scaled(dx, d, 1, n * k);

    memcpy(d, dx, bytes);
    pal_dropout_backward(t->dropout, r->mask1 + at * k, d, n * k);
    /* The derivative of `mixed` goes to `middle`, which nobody reads again. */
    pal_real *d_mixed = r->middle + at * k;
    pal_linear_backward(r->mixed + at * k, values + block->w_out, d, n, k, k, d_mixed,
                        g + block->w_out, g + block->b_out);
    pal_attention_backward(&attention, r->qkv + at * 3 * k, transformer_weights(job, b), d_mixed,
                           job->room->tile + job->worker * pal_attention_room(job->room->longest),
                           wide);
    pal_linear_backward(r->normed1 + at * k, values + block->w_qkv, wide, n, k, 3 * k, d,
                        g + block->w_qkv, g + block->b_qkv);
    pal_norm_backward(r->x + at * k, values + block->gain1, r->kept1 + at * 2, d, n, k, d,
                      g + block->gain1, g + block->bias1);
    pal_loops_best()->add_scaled(dx, d, 1, n * k);
}

void pal_transformer_backward(const pal_transformer_job *job, const pal_real *dy,
                              pal_real *gradient, pal_real *dx) {
    const pal_transformer *t = job->t;
    int64_t at = job->starts[0], n = job->starts[job->n_sequences] - at, k = t->width;
    pal_norm_backward(job->room->last + at * k, job->values + t->gain, job->room->kept + at * 2,
                      dy + at * k, n, k, dx + at * k, gradient + t->gain, gradient + t->bias);
    for (int32_t b = t->n_blocks - 1; b >= 0; b--)
        transformer_block_backward(job, b, dx + at * k, gradient);
}
