/* transformer_answer.c - one sequence through a trained transformer, for what follows its last
 * position alone. Products run in panels (panel.h), logits and sums of attention are single chains
 * of the kernels that all CPUs share. Cost: (n_blocks - 1) n (6 width² + n width) + 2 n width²
 * multiply-adds with inner = width. */
#include <math.h>
#include <string.h>

#include "math/kernels.h"
#include "nn/loops.h"
#include "nn/norm.h"
#include "nn/panel.h"
#include "nn/transformer.h"

/* The four weights of a block with their shapes and where they lie. */
enum { ANSWER_WEIGHTS = 4 };
typedef struct {
    int64_t at, n_out, n_in;
} answer_weight;

static void answer_list(const pal_transformer *t, int32_t b, answer_weight out[ANSWER_WEIGHTS]) {
    const pal_block *block = &t->blocks[b];
    int64_t k = t->width, f = t->inner;
    out[0] = (answer_weight){block->w_qkv, 3 * k, k};
    out[1] = (answer_weight){block->w_out, k, k};
    out[2] = (answer_weight){block->w1, f, k};
    out[3] = (answer_weight){block->w2, k, f};
}

/* Numbers of a block's panels, which all have the same. */
static int64_t answer_block_packed(const pal_transformer *t) {
    answer_weight weights[ANSWER_WEIGHTS];
    int64_t n = 0;
    answer_list(t, 0, weights);
    for (int32_t w = 0; w < ANSWER_WEIGHTS; w++)
        n += pal_panel_size(weights[w].n_out, weights[w].n_in);
    return n;
}

int64_t pal_transformer_packed(const pal_transformer *t) {
    return t->n_blocks * answer_block_packed(t);
}

void pal_transformer_pack(const pal_transformer *t, const pal_real *values, pal_real *panels) {
    for (int32_t b = 0; b < t->n_blocks; b++) {
        answer_weight weights[ANSWER_WEIGHTS];
        answer_list(t, b, weights);
        for (int32_t w = 0; w < ANSWER_WEIGHTS; w++) {
            const answer_weight *weight = &weights[w];
            pal_panel_pack(values + weight->at, weight->n_in, 1, weight->n_out, weight->n_in,
                           panels);
            panels += pal_panel_size(weight->n_out, weight->n_in);
        }
    }
}

typedef struct {
    const pal_real *qkv, *out, *first, *second;
} answer_panels;

static answer_panels answer_panels_of(const pal_transformer *t, int32_t b, const pal_real *panels) {
    int64_t k = t->width, f = t->inner;
    const pal_real *qkv = panels + b * answer_block_packed(t),
                   *out = qkv + pal_panel_size(3 * k, k), *first = out + pal_panel_size(k, k);
    return (answer_panels){qkv, out, first, first + pal_panel_size(f, k)};
}

/* --- room --- */

typedef struct {
    pal_real *normed, *mixed, *qkv, *inner, *active, *kept, *keys, *weights;
    int32_t *rows; /* 0, 1, 2, … */
} answer_room;

static int64_t answer_most(int64_t a, int64_t b) { return a > b ? a : b; }

/* With base NULL only counts. */
static int64_t answer_cut(const pal_transformer *t, int64_t n, pal_real *base, answer_room *out) {
    enum { LINE = 16 };
    int64_t k = t->width, f = t->inner, at = 0;
    pal_real **const parts[] = {&out->normed, &out->mixed, &out->qkv,  &out->inner,
                                &out->active, &out->kept,  &out->keys, &out->weights};
    const int64_t sizes[] = {n * k, n * k, n * 3 * k, n * f, n * f, n * 2, n * k, n};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        *parts[i] = base ? base + at : NULL;
        at += (sizes[i] + LINE - 1) / LINE * LINE;
    }
    out->rows = base ? (int32_t *)(base + at) : NULL;
    return at + (answer_most(n, k) + LINE - 1) / LINE * LINE;
}

int64_t pal_transformer_answer_room(const pal_transformer *t, int64_t longest) {
    answer_room unused;
    return answer_cut(t, longest, NULL, &unused);
}

/* --- passes --- */

static void answer_add_biases(pal_real *rows, const pal_real *biases, int64_t n, int64_t width) {
    for (int64_t r = 0; r < n; r++)
        pal_loops_best()->add_scaled(rows + r * width, biases, 1, width);
}

/* Attention of positions [from, n) over those up to themselves: mixed from qkv. */
static void answer_attend(const pal_transformer *t, int64_t from, int64_t n, answer_room *room) {
    const pal_kernels *kernels = pal_kernels_best();
    const pal_loops *loops = pal_loops_best();
    int64_t width = t->width, k = width / t->n_heads, stride = 3 * width;
    float scale = (float)(1 / sqrt((double)k));
    for (int64_t j = 0; j < n; j++) {
        for (int64_t f = 0; f < width; f++)
            room->keys[f * n + j] = room->qkv[j * stride + width + f];
    }
    for (int64_t h = 0; h < t->n_heads; h++) {
        for (int64_t r = from; r < n; r++) {
            int32_t seen = (int32_t)r + 1;
            float *weights = room->weights;
            kernels->weigh_rows(room->keys + h * k * n, n, room->rows,
                                room->qkv + r * stride + h * k, (int32_t)k, weights, seen);
            for (int32_t j = 0; j < seen; j++) weights[j] *= scale;
            float sum = loops->exp(weights, -loops->largest(weights, seen), 1, weights, seen);
            for (int32_t j = 0; j < seen; j++) weights[j] /= sum;
            kernels->weigh_rows(room->qkv + 2 * width + h * k, stride, room->rows, weights, seen,
                                room->mixed + r * width + h * k, (int32_t)k);
        }
    }
}

/* x of positions [from, n) after the block; of the others it stays what it was. */
static void answer_block(const pal_transformer *t, const pal_real *values, const pal_real *panels,
                         int32_t b, int64_t from, int64_t n, pal_real *whole, answer_room *room) {
    const pal_block *block = &t->blocks[b];
    const answer_panels packed = answer_panels_of(t, b, panels);
    int64_t k = t->width, f = t->inner, n_left = n - from;
    pal_real *x = whole + from * k, *normed = room->normed + from * k;
    pal_norm_forward(whole, values + block->gain1, values + block->bias1, n, k,
                     PAL_TRANSFORMER_EPSILON, room->normed, room->kept);
    pal_panel_times(room->normed, packed.qkv, n, 3 * k, k, room->qkv);
    answer_add_biases(room->qkv, values + block->b_qkv, n, 3 * k);
    answer_attend(t, from, n, room);
    pal_panel_times(room->mixed + from * k, packed.out, n_left, k, k, normed);
    answer_add_biases(normed, values + block->b_out, n_left, k);
    pal_loops_best()->add_scaled(x, normed, 1, n_left * k);
    pal_norm_forward(x, values + block->gain2, values + block->bias2, n_left, k,
                     PAL_TRANSFORMER_EPSILON, normed, room->kept);
    pal_panel_times(normed, packed.first, n_left, f, k, room->inner);
    answer_add_biases(room->inner, values + block->b1, n_left, f);
    pal_activation_forward(t->activation, room->inner, room->active, n_left * f);
    pal_panel_times(room->active, packed.second, n_left, k, f, normed);
    answer_add_biases(normed, values + block->b2, n_left, k);
    pal_loops_best()->add_scaled(x, normed, 1, n_left * k);
}

void pal_transformer_answer(const pal_transformer *t, const pal_real *values,
                            const pal_real *panels, int64_t n, pal_real *x, pal_real *room,
                            pal_real *y) {
    answer_room parts;
    int64_t k = t->width;
    answer_cut(t, n, room, &parts);
    for (int32_t i = 0; i < answer_most(n, k); i++) parts.rows[i] = i;
    for (int32_t b = 0; b < t->n_blocks; b++)
        answer_block(t, values, panels, b, b + 1 < t->n_blocks ? 0 : n - 1, n, x, &parts);
    pal_norm_forward(x + (n - 1) * k, values + t->gain, values + t->bias, 1, k,
                     PAL_TRANSFORMER_EPSILON, y, parts.kept);
}
