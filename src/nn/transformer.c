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

typedef struct { /* what is left of a flat room; base NULL: only counts */
    pal_real *base;
    int64_t at;
} transformer_cutter;

static pal_real *transformer_take(transformer_cutter *c, int64_t n) {
    enum { LINE = 16 };
    pal_real *part = c->base ? c->base + c->at : NULL;
    c->at += (n + LINE - 1) / LINE * LINE;
    return part;
}

static uint8_t *transformer_take_mask(transformer_cutter *c, int64_t n) {
    return (uint8_t *)transformer_take(c, (n + (int64_t)sizeof(pal_real) - 1) /
                                              (int64_t)sizeof(pal_real));
}

static void transformer_cut_block(const pal_transformer *t, int64_t n, int64_t squares,
                                  transformer_cutter *c, pal_block_room *out) {
    int64_t k = t->width;
    out->x = transformer_take(c, n * k);
    out->normed1 = transformer_take(c, n * k);
    out->qkv = transformer_take(c, n * 3 * k);
    out->mixed = transformer_take(c, n * k);
    out->middle = transformer_take(c, n * k);
    out->normed2 = transformer_take(c, n * k);
    out->inner = transformer_take(c, n * t->inner);
    out->active = transformer_take(c, n * t->inner);
    out->kept1 = transformer_take(c, n * 2);
    out->kept2 = transformer_take(c, n * 2);
    out->weights = transformer_take(c, t->n_heads * squares);
    out->mask1 = transformer_take_mask(c, n * k);
    out->mask2 = transformer_take_mask(c, n * k);
}

int64_t pal_transformer_cut(const pal_transformer *t, int64_t n, int64_t longest, int64_t squares,
                            pal_real *base, pal_transformer_room *out) {
    transformer_cutter c = {.base = base};
    for (int32_t b = 0; b < t->n_blocks; b++)
        transformer_cut_block(t, n, squares, &c, &out->blocks[b]);
    out->last = transformer_take(&c, n * t->width);
    out->kept = transformer_take(&c, n * 2);
    out->d = transformer_take(&c, n * t->width);
    out->d_wide = transformer_take(&c, n * transformer_wide(t));
    out->tile = transformer_take(&c, pal_attention_room(longest));
    return c.at;
}

/* --- forward --- */

static pal_attention transformer_attention(const pal_transformer_job *job) {
    return (pal_attention){.width = job->t->width,
                           .n_heads = job->t->n_heads,
                           .n_sequences = job->n_sequences,
                           .starts = job->starts};
}

static pal_dropout_key transformer_key(const pal_transformer_job *job, int32_t use) {
    pal_dropout_key key = job->key;
    key.seed += (uint64_t)use;
    return key;
}

/* `next` is where the block's output goes; sums are written over the layer's own output. */
static void transformer_block_forward(const pal_transformer_job *job, int32_t b, pal_real *next) {
    const pal_transformer *t = job->t;
    const pal_block *block = &t->blocks[b];
    const pal_block_room *r = &job->room->blocks[b];
    const pal_real *values = job->values;
    int64_t n = job->starts[job->n_sequences], k = t->width, f = t->inner;
    pal_real *x = r->x, *middle = r->middle, *mixed = r->mixed;
    const pal_attention attention = transformer_attention(job);
    pal_norm_forward(x, values + block->gain1, values + block->bias1, n, k, PAL_TRANSFORMER_EPSILON,
                     r->normed1, r->kept1);
    pal_linear_forward(r->normed1, values + block->w_qkv, values + block->b_qkv, n, k, 3 * k,
                       r->qkv);
    pal_attention_forward(&attention, r->qkv, r->weights, mixed);
    pal_linear_forward(mixed, values + block->w_out, values + block->b_out, n, k, k, middle);
    pal_dropout_forward(transformer_key(job, 2 * b), t->dropout, middle, r->mask1, n * k);
    pal_loops_best()->add_scaled(middle, x, 1, n * k);
    pal_norm_forward(middle, values + block->gain2, values + block->bias2, n, k,
                     PAL_TRANSFORMER_EPSILON, r->normed2, r->kept2);
    pal_linear_forward(r->normed2, values + block->w1, values + block->b1, n, k, f, r->inner);
    pal_activation_forward(t->activation, r->inner, r->active, n * f);
    pal_linear_forward(r->active, values + block->w2, values + block->b2, n, f, k, next);
    pal_dropout_forward(transformer_key(job, 2 * b + 1), t->dropout, next, r->mask2, n * k);
    pal_loops_best()->add_scaled(next, middle, 1, n * k);
}

void pal_transformer_forward(const pal_transformer_job *job, pal_real *y) {
    const pal_transformer *t = job->t;
    const pal_transformer_room *room = job->room;
    int64_t n = job->starts[job->n_sequences], k = t->width;
    for (int32_t b = 0; b < t->n_blocks; b++) {
        pal_real *next = b + 1 < t->n_blocks ? room->blocks[b + 1].x : room->last;
        transformer_block_forward(job, b, next);
    }
    pal_norm_forward(room->last, job->values + t->gain, job->values + t->bias, n, k,
                     PAL_TRANSFORMER_EPSILON, y, room->kept);
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
    int64_t n = job->starts[job->n_sequences], k = t->width, f = t->inner;
    pal_real *d = job->room->d, *wide = job->room->d_wide;
    size_t bytes = (size_t)(n * k) * sizeof *d;
    memcpy(d, dx, bytes);
    pal_dropout_backward(t->dropout, r->mask2, d, n * k);
    pal_linear_backward(r->active, values + block->w2, d, n, f, k, wide, g + block->w2,
                        g + block->b2);
    pal_activation_backward(t->activation, r->inner, r->active, wide, wide, n * f);
    pal_linear_backward(r->normed2, values + block->w1, wide, n, k, f, d, g + block->w1,
                        g + block->b1);
    pal_norm_backward(r->middle, values + block->gain2, r->kept2, d, n, k, d, g + block->gain2,
                      g + block->bias2);
    pal_loops_best()->add_scaled(dx, d, 1, n * k);

    memcpy(d, dx, bytes);
    pal_dropout_backward(t->dropout, r->mask1, d, n * k);
    /* The derivative of `mixed` goes to `middle`, which nobody reads again. */
    pal_real *d_mixed = r->middle;
    pal_linear_backward(r->mixed, values + block->w_out, d, n, k, k, d_mixed, g + block->w_out,
                        g + block->b_out);
    pal_attention_backward(&attention, r->qkv, r->weights, d_mixed, job->room->tile, wide);
    pal_linear_backward(r->normed1, values + block->w_qkv, wide, n, k, 3 * k, d, g + block->w_qkv,
                        g + block->b_qkv);
    pal_norm_backward(r->x, values + block->gain1, r->kept1, d, n, k, d, g + block->gain1,
                      g + block->bias1);
    pal_loops_best()->add_scaled(dx, d, 1, n * k);
}

void pal_transformer_backward(const pal_transformer_job *job, const pal_real *dy,
                              pal_real *gradient, pal_real *dx) {
    const pal_transformer *t = job->t;
    int64_t n = job->starts[job->n_sequences], k = t->width;
    pal_norm_backward(job->room->last, job->values + t->gain, job->room->kept, dy, n, k, dx,
                      gradient + t->gain, gradient + t->bias);
    for (int32_t b = t->n_blocks - 1; b >= 0; b--) transformer_block_backward(job, b, dx, gradient);
}
