/* case_matrix.c - the two matrices of the article's case.
 *
 * Full: every cell uniform in [0, 1), as in the article's listing; nothing is held out. Mostly
 * empty: a cell's truth is 3.2 + b_i + c_j + P_i·Q_j, cut to [1, 5], with b ~ N(0, 0.4²), c ~ N(0,
 * 0.5²) and P, Q of rank 3 whose product has a standard deviation of 0.7; its value adds noise
 * N(0, 0.3²) and is rounded to 1 … 5. A cell is filled with probability 0.2, a filled one held out
 * with probability 0.2. */
#include <math.h>

#include "base/rng.h"
#include "choose/case.h"

enum { MATRIX_RANK = 3 };

static bool matrix_allocate(pal_arena *arena, pal_case_matrix *out) {
    out->values = PAL_ARENA_ARRAY(arena, double, PAL_CASE_CELLS);
    out->truth = PAL_ARENA_ARRAY(arena, double, PAL_CASE_CELLS);
    out->cells = PAL_ARENA_ARRAY(arena, uint8_t, PAL_CASE_CELLS);
    return out->values && out->truth && out->cells;
}

/* The cells that are `wanted`, row by row. */
static bool matrix_list(const pal_case_matrix *matrix, pal_case_cell wanted, pal_arena *arena,
                        pal_triples *out) {
    int32_t *users = PAL_ARENA_ARRAY(arena, int32_t, PAL_CASE_CELLS),
            *items = PAL_ARENA_ARRAY(arena, int32_t, PAL_CASE_CELLS);
    double *targets = PAL_ARENA_ARRAY(arena, double, PAL_CASE_CELLS);
    if (!users || !items || !targets) return false;
    int64_t n = 0;
    for (int32_t c = 0; c < PAL_CASE_CELLS; c++) {
        if (matrix->cells[c] != wanted) continue;
        users[n] = c / PAL_CASE_ITEMS;
        items[n] = c % PAL_CASE_ITEMS;
        targets[n++] = matrix->values[c];
    }
    *out = (pal_triples){n, users, items, targets};
    return true;
}

static pal_status matrix_finish(pal_ctx *ctx, pal_arena *arena, pal_case_matrix *out) {
    if (!matrix_list(out, PAL_CELL_TRAIN, arena, &out->train) ||
        !matrix_list(out, PAL_CELL_HELD, arena, &out->held))
        return pal_fail_memory(ctx, "the case", 32.0 * PAL_CASE_CELLS);
    out->lowest = INFINITY;
    out->highest = -INFINITY;
    for (int64_t t = 0; t < out->train.n; t++) {
        out->lowest = fmin(out->lowest, out->train.targets[t]);
        out->highest = fmax(out->highest, out->train.targets[t]);
    }
    return PAL_OK;
}

pal_status pal_case_draw_full(pal_ctx *ctx, pal_arena *arena, pal_case_matrix *out) {
    if (!matrix_allocate(arena, out))
        return pal_fail_memory(ctx, "the case", 17.0 * PAL_CASE_CELLS);
    out->truth = NULL;
    pal_rng rng = pal_rng_at(pal_seed_for(ctx->seed, "full matrix of the case"), 0);
    for (int32_t c = 0; c < PAL_CASE_CELLS; c++) {
        out->values[c] = pal_rng_uniform(&rng);
        out->cells[c] = PAL_CELL_TRAIN;
    }
    return matrix_finish(ctx, arena, out);
}

static void matrix_draw_truth(pal_rng *rng, double *truth) {
    double user_bias[PAL_CASE_USERS], item_bias[PAL_CASE_ITEMS], users[PAL_CASE_USERS][MATRIX_RANK],
        items[PAL_CASE_ITEMS][MATRIX_RANK];
    double factor = sqrt(0.7 / sqrt(MATRIX_RANK));
    for (int32_t u = 0; u < PAL_CASE_USERS; u++) {
        user_bias[u] = 0.4 * pal_rng_normal(rng);
        for (int32_t f = 0; f < MATRIX_RANK; f++) users[u][f] = factor * pal_rng_normal(rng);
    }
    for (int32_t i = 0; i < PAL_CASE_ITEMS; i++) {
        item_bias[i] = 0.5 * pal_rng_normal(rng);
        for (int32_t f = 0; f < MATRIX_RANK; f++) items[i][f] = factor * pal_rng_normal(rng);
    }
    for (int32_t c = 0; c < PAL_CASE_CELLS; c++) {
        int32_t u = c / PAL_CASE_ITEMS, i = c % PAL_CASE_ITEMS;
        double value = 3.2 + user_bias[u] + item_bias[i];
        for (int32_t f = 0; f < MATRIX_RANK; f++) value += users[u][f] * items[i][f];
        truth[c] = fmin(5, fmax(1, value));
    }
}

pal_status pal_case_draw_sparse(pal_ctx *ctx, pal_arena *arena, pal_case_matrix *out) {
    if (!matrix_allocate(arena, out))
        return pal_fail_memory(ctx, "the case", 17.0 * PAL_CASE_CELLS);
    pal_rng rng = pal_rng_at(pal_seed_for(ctx->seed, "sparse matrix of the case"), 0);
    matrix_draw_truth(&rng, out->truth);
    for (int32_t c = 0; c < PAL_CASE_CELLS; c++) {
        double value = fmin(5, fmax(1, round(out->truth[c] + 0.3 * pal_rng_normal(&rng))));
        bool is_filled = pal_rng_uniform(&rng) < 0.2, is_held = pal_rng_uniform(&rng) < 0.2;
        out->cells[c] = !is_filled ? PAL_CELL_EMPTY : is_held ? PAL_CELL_HELD : PAL_CELL_TRAIN;
        out->values[c] = is_filled ? value : NAN;
    }
    return matrix_finish(ctx, arena, out);
}
