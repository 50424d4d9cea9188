/* toward.c - als's row from a guess on. */
#include "models/transfer/toward.h"

#include <math.h>
#include <string.h>

#include "models/history.h"

size_t pal_toward_cut(const pal_als_side *side, void *memory, pal_toward_room *out) {
    int32_t width = side->width;
    size_t sizes[] = {(size_t)side->n_items, (size_t)pal_ridge_scratch(width, width, 0),
                      (size_t)width};
    void *parts[3];
    size_t bytes = pal_scratch_cut(memory, pal_history_bytes(side->n_items), sizes, 3, parts);
    if (out) *out = (pal_toward_room){memory, parts[0], parts[1], parts[2]};
    return bytes;
}

static pal_ridge_row toward_row(const pal_als_side *side, double trust, const int32_t *items,
                                int32_t n) {
    return (pal_ridge_row){
        .others = items, .n = n, .l2 = (float)(trust * (double)pal_als_side_l2(side, n))};
}

static double toward_dot(const float *a, const float *b, int32_t n) {
    double sum = 0;
    for (int32_t f = 0; f < n; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

void pal_toward_solve(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                      const float *weights, const float *guess, const pal_toward_room *room,
                      float *x) {
    int32_t width = side->width;
    pal_ridge ridge = pal_als_side_ridge(side);
    pal_ridge_row row = toward_row(side, trust, items, n);
    row.weights = weights;
    row.gains = weights;
    for (int32_t e = 0; guess && e < n; e++) {
        double missed = 1 - toward_dot(guess, side->items + (int64_t)items[e] * width, width);
        room->gains[e] = (float)(weights ? (double)weights[e] * missed : missed);
    }
    if (guess) row.gains = room->gains;
    memset(x, 0, (size_t)width * sizeof *x);
    if (n > 0) pal_ridge_exact(&ridge, &row, room->ridge, x);
    for (int32_t f = 0; guess && f < width; f++) x[f] += guess[f];
}

void pal_toward_explain(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                        const float *v, const pal_toward_room *room, float *amounts, float *rest) {
    int32_t width = side->width;
    pal_ridge ridge = pal_als_side_ridge(side);
    pal_ridge_row row = toward_row(side, trust, items, n);
    memcpy(room->vector, v, (size_t)width * sizeof *v);
    memmove(rest, v, (size_t)width * sizeof *v);
    if (n > 0) pal_ridge_inverse(&ridge, &row, room->ridge, room->vector);
    for (int32_t e = 0; e < n; e++) {
        const float *item = side->items + (int64_t)items[e] * width;
        amounts[e] = (float)toward_dot(item, room->vector, width);
        for (int32_t f = 0; f < width; f++) rest[f] -= amounts[e] * item[f];
    }
}

/* --- people --- */

size_t pal_toward_person_cut(const pal_als_side *side, int32_t n_queries, int32_t n_amounts,
                             void *memory, pal_toward_person *out) {
    size_t width = (size_t)side->width,
           sizes[] = {(size_t)n_queries * width, width, width, (size_t)n_amounts};
    pal_toward_person unused, *room = out ? out : &unused;
    void *parts[4];
    size_t at = pal_toward_cut(side, memory, &room->solve);
    at = pal_scratch_cut(memory, at, sizes, 4, parts);
    room->users = parts[0];
    room->guess = parts[1];
    room->v = parts[2];
    room->amounts = parts[3];
    return at;
}

void pal_toward_trained(const pal_als_side *side, const float *people, int32_t row, float *user) {
    int64_t k = side->n_factors;
    memset(user, 0, (size_t)side->width * sizeof *user);
    memcpy(user, people + row * k, (size_t)k * sizeof *user);
}

void pal_toward_fold(const pal_als_side *side, double trust, const pal_query *query, bool has_guess,
                     const pal_toward_person *room, float *user) {
    const int32_t *items;
    int32_t n = pal_history_distinct(query, side->n_items, room->solve.history, &items);
    pal_toward_solve(side, has_guess ? trust : 1, items, n, NULL, has_guess ? room->guess : NULL,
                     &room->solve, user);
}

int32_t pal_toward_explain_history(const pal_als_side *side, double trust, const pal_query *query,
                                   int32_t item, const pal_toward_person *room,
                                   pal_reason *reasons) {
    const int32_t *items;
    const float *v = side->items + (int64_t)item * side->width;
    int32_t n = pal_history_distinct(query, side->n_items, room->solve.history, &items);
    pal_toward_explain(side, trust, items, n, v, &room->solve, room->amounts, room->v);
    for (int32_t e = 0; e < n; e++)
        reasons[e] = (pal_reason){.item = items[e], .amount = (double)room->amounts[e]};
    return n;
}

int32_t pal_toward_explain_left(const pal_als_side *side, const float *user, int32_t item,
                                const char *what, pal_reason *reasons, int32_t n) {
    double left = toward_dot(user, side->items + (int64_t)item * side->width, side->width);
    for (int32_t e = 0; e < n; e++) left -= reasons[e].amount;
    if (fabs(left) > 1e-5) reasons[n++] = (pal_reason){.item = -1, .what = what, .amount = left};
    return n;
}

/* --- all people of a log --- */

enum { TOWARD_ROWS = 16 }; /* people of a chunk */

typedef struct {
    const pal_toward_crowd *crowd;
    char *rooms; /* [workers, bytes] a person's, then what `guess` works in */
    size_t bytes;
} toward_job;

static void toward_solve_chunk(void *arg, int64_t chunk, int32_t worker) {
    const toward_job *job = arg;
    const pal_toward_crowd *crowd = job->crowd;
    const pal_als_side *side = crowd->side;
    const pal_csr *pairs = crowd->pairs;
    char *memory = job->rooms + (size_t)worker * job->bytes;
    pal_toward_person room;
    size_t own = pal_toward_person_cut(side, 1, 0, memory, &room);
    int64_t k = side->n_factors, end = (chunk + 1) * TOWARD_ROWS;
    for (int64_t u = chunk * TOWARD_ROWS; u < end && u < side->n_users; u++) {
        int64_t first = pairs->starts[u];
        if (!crowd->guess(crowd->arg, (int32_t)u, memory + own, room.guess)) continue;
        pal_toward_solve(
            side, crowd->trust, pairs->cols + first, (int32_t)(pairs->starts[u + 1] - first),
            pairs->values ? pairs->values + first : NULL, room.guess, &room.solve, room.users);
        memcpy(crowd->people + u * k, room.users, (size_t)k * sizeof *room.users);
    }
}

pal_status pal_toward_solve_all(pal_ctx *ctx, const char *what, const pal_toward_crowd *crowd,
                                pal_arena *scratch) {
    int64_t n_workers = pal_pool_threads(ctx->pool), n = crowd->side->n_users;
    toward_job job = {.crowd = crowd,
                      .bytes = pal_toward_person_cut(crowd->side, 1, 0, NULL, NULL) +
                               pal_scratch_round(crowd->room_bytes)};
    job.rooms = pal_arena_alloc(scratch, n_workers, (int64_t)job.bytes);
    if (!job.rooms) return pal_fail_memory(ctx, what, (double)n_workers * (double)job.bytes);
    pal_parallel(ctx->pool, (n + TOWARD_ROWS - 1) / TOWARD_ROWS, toward_solve_chunk, &job);
    return pal_check_cancelled(ctx);
}

/* --- files --- */

int64_t pal_toward_factors(const pal_model *part) {
    const pal_param *row = pal_param_find(part->kind->params, "factors");
    int64_t k = 0;
    if (row) memcpy(&k, (const char *)part->params + row->offset, sizeof k);
    return k;
}

pal_status pal_toward_pad(pal_ctx *ctx, const char *what, const pal_als_side *side, float *rows,
                          int64_t n, pal_arena *arena, float **out) {
    int64_t k = side->n_factors, width = side->width;
    float *padded = k == width ? rows : PAL_ARENA_ARRAY(arena, float, n *width);
    if (!padded) return pal_fail_memory(ctx, what, 4.0 * (double)(n * width));
    for (int64_t i = 0; k != width && i < n; i++)
        memcpy(padded + i * width, rows + i * k, (size_t)k * sizeof *rows);
    *out = padded;
    return PAL_OK;
}
