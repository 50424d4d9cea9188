/* pairwise.c - epochs of steps over pairs.
 *
 * Users are dealt to B groups for good, items to B groups anew in every epoch. The B × B blocks of
 * pairs are gone through in B rounds of B blocks that share neither a user nor an item; what a
 * block draws comes from its own items. So no two threads touch the same row, the result does not
 * depend on how many there are, and a block's rows, which lie together while the epoch runs, stay
 * in cache. A user's pairs in a block are one run: his row is read once, and what he used is known
 * by marks, without a search. */
#include "models/pairwise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/kernels.h"

int32_t pal_pairwise_width(int64_t factors) {
    return (int32_t)((factors + PAL_LANES - 1) / PAL_LANES * PAL_LANES);
}

/* --- start --- */

enum { PAIR_ROWS = 512 }; /* rows that one stream draws */

typedef struct {
    float *rows;
    int32_t n, width, factors;
    uint64_t seed;
} pair_drawing;

static void pair_draw_rows(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const pair_drawing *job = arg;
    pal_rng rng = pal_rng_at(job->seed, (uint64_t)chunk);
    int64_t last = (chunk + 1) * PAIR_ROWS < job->n ? (chunk + 1) * PAIR_ROWS : job->n;
    for (int64_t r = chunk * PAIR_ROWS; r < last; r++) {
        for (int32_t f = 0; f < job->factors; f++)
            job->rows[r * job->width + f] = (float)(0.1 * pal_rng_normal(&rng));
    }
}

static void pair_draw(const pal_pairwise *job, const char *what, float *rows, int32_t n) {
    pair_drawing drawing = {.rows = rows,
                            .n = n,
                            .width = job->width,
                            .factors = (int32_t)job->o.factors,
                            .seed = pal_seed_for(job->ctx->seed, what)};
    pal_parallel(job->ctx->pool, (n + PAIR_ROWS - 1) / PAIR_ROWS, pair_draw_rows, &drawing);
}

/* Users to groups, and how much room the runs of each group's users take. */
static void pair_deal_users(pal_pairwise *job) {
    int32_t n = job->pairs->n_rows, b = job->n_blocks;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "users of blocks"), 0);
    for (int32_t u = 0; u < n; u++) job->group_users[u] = u;
    pal_rng_shuffle(&rng, job->group_users, n);
    for (int32_t g = 0; g < b; g++) {
        job->user_starts[g] = (int32_t)((int64_t)n * g / b);
        job->user_starts[g + 1] = (int32_t)((int64_t)n * (g + 1) / b);
        int64_t room = (int64_t)(job->user_starts[g + 1] - job->user_starts[g]) * b;
        for (int32_t i = job->user_starts[g]; i < job->user_starts[g + 1]; i++) {
            int32_t user = job->group_users[i];
            room += job->pairs->starts[user + 1] - job->pairs->starts[user];
        }
        job->group_starts[g + 1] = job->group_starts[g] + room;
    }
}

static float pair_mean_weight(const pal_csr *pairs) {
    double sum = 0;
    int64_t n = pairs->starts[pairs->n_rows];
    for (int64_t e = 0; pairs->values && e < n; e++) sum += (double)pairs->values[e];
    return sum > 0 ? (float)(sum / (double)n) : 1;
}

static bool pair_allocate(pal_pairwise *job, pal_arena *arena) {
    int64_t n_users = job->pairs->n_rows, n_items = job->pairs->n_cols;
    int64_t n_runs = job->pairs->starts[n_users] + n_users * job->n_blocks;
    bool is_adaptive = job->o.draw == PAL_DRAW_ADAPTIVE;
    int64_t ranks = is_adaptive ? job->o.factors + 1 : 0;
    job->users = PAL_ARENA_ARRAY(arena, float, n_users * job->width);
    job->items = PAL_ARENA_ARRAY(arena, float, n_items * job->width);
    job->biases = PAL_ARENA_ARRAY(arena, float, n_items);
    job->placed = PAL_ARENA_ARRAY(arena, float, n_items * job->width);
    job->placed_biases = PAL_ARENA_ARRAY(arena, float, n_items);
    job->group_users = PAL_ARENA_ARRAY(arena, int32_t, n_users);
    job->dealt = PAL_ARENA_ARRAY(arena, int32_t, n_items);
    job->place = PAL_ARENA_ARRAY(arena, int32_t, n_items);
    job->item_group = PAL_ARENA_ARRAY(arena, uint8_t, n_items);
    job->marks = PAL_ARENA_ARRAY(arena, uint8_t, n_items);
    job->runs = PAL_ARENA_ARRAY(arena, int32_t, n_runs);
    job->weights = job->pairs->values ? PAL_ARENA_ARRAY(arena, float, n_runs) : NULL;
    job->ranked = PAL_ARENA_ARRAY(arena, int32_t, ranks * n_items);
    job->room = PAL_ARENA_ARRAY(arena, pal_pair_ranked, is_adaptive ? n_items : 0);
    job->deviations = PAL_ARENA_ARRAY(arena, float, ranks * job->n_blocks);
    job->shares = PAL_ARENA_ARRAY(arena, float, ranks * job->n_blocks);
    return job->users && job->items && job->biases && job->placed && job->placed_biases &&
           job->group_users && job->dealt && job->place && job->item_group && job->marks &&
           job->runs && (job->weights || !job->pairs->values) && job->ranked && job->room &&
           job->deviations && job->shares;
}

pal_status pal_pairwise_open(pal_ctx *ctx, const char *name, const pal_pair_options *options,
                             const pal_csr *pairs, pal_arena *arena, pal_pairwise *out) {
    int32_t least = pairs->n_rows < pairs->n_cols ? pairs->n_rows : pairs->n_cols;
    *out = (pal_pairwise){.ctx = ctx,
                          .o = *options,
                          .pairs = pairs,
                          .mean_weight = pair_mean_weight(pairs),
                          .width = pal_pairwise_width(options->factors),
                          .n_blocks = least < 16                    ? 1
                                      : least / 8 < PAL_PAIR_BLOCKS ? least / 8
                                                                    : PAL_PAIR_BLOCKS};
    if (!pair_allocate(out, arena))
        return pal_fail_memory(ctx, name,
                               4.0 * out->width * ((double)pairs->n_rows + 2.0 * pairs->n_cols) +
                                   8.0 * (double)pairs->starts[pairs->n_rows]);
    pair_draw(out, "rows of users", out->users, pairs->n_rows);
    pair_draw(out, "rows of items", out->items, pairs->n_cols);
    pair_deal_users(out);
    return PAL_OK;
}

/* --- the order of an epoch --- */

static void pair_deal_items(pal_pairwise *job) {
    int32_t n = job->pairs->n_cols, b = job->n_blocks;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "items of blocks"), (uint64_t)job->epoch);
    for (int32_t i = 0; i < n; i++) job->dealt[i] = i;
    pal_rng_shuffle(&rng, job->dealt, n);
    for (int32_t h = 0; h < b; h++) {
        job->item_starts[h] = (int32_t)((int64_t)n * h / b);
        job->item_starts[h + 1] = (int32_t)((int64_t)n * (h + 1) / b);
        for (int32_t p = job->item_starts[h]; p < job->item_starts[h + 1]; p++) {
            job->place[job->dealt[p]] = p;
            job->item_group[job->dealt[p]] = (uint8_t)h;
        }
    }
}

/* Copies one group's rows to where they are dealt. */
static void pair_place_group(void *arg, int64_t group, int32_t worker) {
    (void)worker;
    pal_pairwise *job = arg;
    size_t bytes = (size_t)job->width * sizeof(float);
    for (int64_t p = job->item_starts[group]; p < job->item_starts[group + 1]; p++) {
        memcpy(job->placed + p * job->width, job->items + (int64_t)job->dealt[p] * job->width,
               bytes);
        job->placed_biases[p] = job->biases[job->dealt[p]];
    }
}

static void pair_return_group(void *arg, int64_t group, int32_t worker) {
    (void)worker;
    pal_pairwise *job = arg;
    size_t bytes = (size_t)job->width * sizeof(float);
    for (int64_t p = job->item_starts[group]; p < job->item_starts[group + 1]; p++) {
        memcpy(job->items + (int64_t)job->dealt[p] * job->width, job->placed + p * job->width,
               bytes);
        job->biases[job->dealt[p]] = job->placed_biases[p];
    }
}

/* The group's users in a new order, from that of the epoch before. */
static void pair_shuffle_users(pal_pairwise *job, int64_t epoch, int64_t group) {
    int32_t first = job->user_starts[group];
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "order of users"),
                             (uint64_t)(epoch * PAL_PAIR_BLOCKS + group));
    pal_rng_shuffle(&rng, job->group_users + first, job->user_starts[group + 1] - first);
}

/* The pairs of one group of users by groups of items, users in a new order. */
static void pair_order_group(void *arg, int64_t group, int32_t worker) {
    (void)worker;
    pal_pairwise *job = arg;
    const pal_csr *pairs = job->pairs;
    int32_t b = job->n_blocks, first = job->user_starts[group],
            n = job->user_starts[group + 1] - first;
    const int32_t *users = job->group_users + first;
    pair_shuffle_users(job, job->epoch, group);
    int64_t counts[PAL_PAIR_BLOCKS] = {0}, at[PAL_PAIR_BLOCKS];
    for (int32_t i = 0; i < n; i++) {
        for (int64_t e = pairs->starts[users[i]]; e < pairs->starts[users[i] + 1]; e++)
            counts[job->item_group[pairs->cols[e]]]++;
    }
    at[0] = job->group_starts[group];
    for (int32_t h = 1; h < b; h++) at[h] = at[h - 1] + counts[h - 1] + n;
    memcpy(job->block_starts + group * b, at, (size_t)b * sizeof *at);
    for (int32_t i = 0; i < n; i++) {
        int32_t last[PAL_PAIR_BLOCKS] = {0};
        for (int64_t e = pairs->starts[users[i]]; e < pairs->starts[users[i] + 1]; e++) {
            int32_t item = pairs->cols[e], h = job->item_group[item];
            if (!last[h]) job->runs[at[h]++] = -1 - users[i];
            last[h] = 1;
            if (job->weights) job->weights[at[h]] = pairs->values[e];
            job->runs[at[h]++] = job->place[item];
        }
    }
    memcpy(job->block_ends + group * b, at, (size_t)b * sizeof *at);
}

/* --- adaptive draws (Rendle and Freudenthaler 2014) --- */

static int pair_compare_ranked(const void *a, const void *b) {
    const pal_pair_ranked *x = a, *y = b;
    if (x->key < y->key || x->key > y->key) return x->key < y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static void pair_rank_group(void *arg, int64_t group, int32_t worker) {
    (void)worker;
    pal_pairwise *job = arg;
    int32_t first = job->item_starts[group], n = job->item_starts[group + 1] - first,
            k = (int32_t)job->o.factors;
    pal_pair_ranked *room = job->room + first;
    for (int32_t f = 0; f <= k; f++) {
        double sum = 0, squares = 0;
        for (int32_t p = 0; p < n; p++) {
            int32_t item = job->dealt[first + p];
            room[p] = (pal_pair_ranked){
                f < k ? job->items[(int64_t)item * job->width + f] : job->biases[item], first + p};
            sum += (double)room[p].key;
            squares += (double)room[p].key * (double)room[p].key;
        }
        qsort(room, (size_t)n, sizeof *room, pair_compare_ranked);
        int32_t *ranked = job->ranked + (int64_t)f * job->pairs->n_cols + first;
        for (int32_t p = 0; p < n; p++) ranked[p] = room[p].place;
        job->deviations[group * (k + 1) + f] =
            (float)sqrt(fmax(squares / n - sum / n * (sum / n), 0));
    }
}

/* What makes rows of this user comparable: |U_uf| times the deviation of V_f, cumulated. */
static void pair_cumulate_shares(const pal_pairwise *job, const float *user, int32_t group,
                                 float *shares) {
    int32_t k = (int32_t)job->o.factors;
    const float *deviations = job->deviations + (int64_t)group * (k + 1);
    float sum = 0;
    for (int32_t f = 0; f <= k; f++)
        shares[f] = sum += (f < k ? fabsf(user[f]) : 1) * deviations[f];
}

static int32_t pair_draw_adaptive(const pal_pairwise *job, const float *user, int32_t group,
                                  float *shares, pal_rng *rng) {
    int32_t k = (int32_t)job->o.factors, first = job->item_starts[group],
            n = job->item_starts[group + 1] - first;
    pair_cumulate_shares(job, user, group, shares);
    float at = (float)pal_rng_uniform(rng) * shares[k];
    int32_t f = 0;
    while (f < k && shares[f] <= at) f++;
    double rank = -job->o.tail * n * log(1 - pal_rng_uniform(rng));
    int32_t r = (int32_t)fmod(rank, n);
    bool from_above = f == k || user[f] > 0;
    return job->ranked[(int64_t)f * job->pairs->n_cols + first + (from_above ? n - 1 - r : r)];
}

/* --- steps --- */

/* e^x for x in [-30, 0], to 3e-7 of itself: 2^n times a polynomial of what is left of x. A step of
 * a user waits for the one before it, so what counts is the longest chain: adding 1.5 2^23 rounds
 * to whole numbers and leaves n in the low bits; the polynomial's pairs are worked out side by
 * side. */
static float pair_exp(float x) {
    union {
        float number;
        int32_t bits;
    } turns = {x * 1.44269504f + 12582912.0f}, power;
    float n = turns.number - 12582912.0f;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f, q = r * r;
    float low = 0.5f + r * 1.6666667e-1f, high = (4.1666668e-2f + r * 8.3333e-3f) + q * 1.39e-3f;
    power.bits = (turns.bits - 0x4b400000 + 127) << 23;
    return ((1 + r) + q * (low + q * high)) * power.number;
}

/* With z = e^-|x| in (0, 1] and s = z / (2 + z), log(1 + z) = 2 artanh s, a short series. */
float pal_pair_logistic(float x, float *derivative) {
    float size = fabsf(x);
    if (!(size <= 30)) size = 30;
    float z = pair_exp(-size), s = z / (2 + z), q = s * s;
    float soft =
        2 * s *
        (1 + q * (0.33333333f + q * (0.2f + q * (0.14285714f + q * (0.11111111f + q * 0.0909f)))));
    *derivative = x >= 0 ? z / (1 + z) : 1 / (1 + z);
    if (isnan(x)) *derivative = soft = x; /* so that a divergence is seen */
    return x >= 0 ? soft : soft + size;
}

typedef struct { /* one block at work */
    pal_pairwise *job;
    const pal_kernels *kernels;
    int64_t begin, end; /* of its runs */
    int32_t group;      /* of items */
    float *shares;
    pal_rng rng;
    double loss;
} pair_block;

/* The place of an item that the user at work has not used, or -1 when chance finds none. */
static int32_t pair_draw_item(pair_block *block, const float *user) {
    enum { TRIES = 16 };
    pal_pairwise *job = block->job;
    int32_t first = job->item_starts[block->group], n = job->item_starts[block->group + 1] - first;
    for (int32_t t = 0; t < TRIES; t++) {
        int32_t place = -1;
        if (job->o.draw == PAL_DRAW_UNIFORM) {
            place = first + (int32_t)pal_rng_below(&block->rng, (uint32_t)n);
        } else if (job->o.draw == PAL_DRAW_ADAPTIVE) {
            place = pair_draw_adaptive(job, user, block->group, block->shares, &block->rng);
        } else { /* as often as the item is used here; heads of runs are no items */
            place = job->runs[block->begin +
                              pal_rng_below(&block->rng, (uint32_t)(block->end - block->begin))];
        }
        if (place >= 0 && !job->marks[place]) return place;
    }
    return -1;
}

static float pair_margin(const pair_block *block, const float *user, int32_t i, int32_t j) {
    const pal_pairwise *job = block->job;
    return block->kernels->pair_margin(user, job->placed + (int64_t)i * job->width,
                                       job->placed + (int64_t)j * job->width, job->width) +
           (job->placed_biases[i] - job->placed_biases[j]);
}

static void pair_step(const pair_block *block, float *user, int32_t i, int32_t j, float e,
                      float weight) {
    const pal_pairwise *job = block->job;
    float rate = (float)job->o.learning_rate * weight;
    pal_pair_step step = {.pull = rate * e,
                          .keep_user = 1 - rate * (float)job->o.l2_users,
                          .keep_a = 1 - rate * (float)job->o.l2_positives,
                          .keep_b = 1 - rate * (float)job->o.l2_negatives};
    block->kernels->pair_step(user, job->placed + (int64_t)i * job->width,
                              job->placed + (int64_t)j * job->width, job->width, &step);
    if (!job->o.has_biases) return;
    job->placed_biases[i] = step.keep_a * job->placed_biases[i] + step.pull;
    job->placed_biases[j] = step.keep_b * job->placed_biases[j] - step.pull;
}

static float pair_weight(const pal_pairwise *job, int64_t at) {
    enum { MOST = 10 }; /* one event of a huge weight must not throw its rows out of all bounds */
    if (!job->weights) return 1;
    float weight = job->weights[at] / job->mean_weight;
    return weight < MOST ? weight : MOST;
}

static void pair_fetch_row(const float *row, int32_t width) {
    enum { LINE = 16 }; /* floats */
    for (int32_t f = 0; f < width; f += LINE) __builtin_prefetch(row + f, 1);
}

static void pair_fetch(const pal_pairwise *job, int32_t place) {
    pair_fetch_row(job->placed + (int64_t)place * job->width, job->width);
}

/* Items are drawn one step ahead, so that their rows are on the way when they are needed. */
static void pair_learn_logistic(pair_block *block, float *user, int64_t from, int64_t to) {
    const pal_pairwise *job = block->job;
    int32_t ahead = pair_draw_item(block, user);
    for (int64_t e = from; e < to; e++) {
        int32_t place = ahead;
        if (e + 1 < to) {
            ahead = pair_draw_item(block, user);
            if (ahead >= 0) pair_fetch(job, ahead);
        }
        if (place < 0) continue;
        float pull;
        block->loss +=
            (double)pal_pair_logistic(pair_margin(block, user, job->runs[e], place), &pull);
        pair_step(block, user, job->runs[e], place, pull, pair_weight(job, e));
    }
}

/* Σ_{r ≤ rank} 1 / r, near enough. */
static float pair_harmonic(float rank) {
    return rank < 1 ? 0 : logf(rank) + 0.5772157f + 0.5f / rank - 1 / (12 * rank * rank);
}

static void pair_learn_warp(pair_block *block, float *user, int64_t e) {
    const pal_pairwise *job = block->job;
    int32_t item = job->runs[e];
    float n = (float)job->pairs->n_cols;
    for (int64_t t = 1; t <= job->o.tries; t++) {
        int32_t other = pair_draw_item(block, user);
        if (other < 0) return;
        float x = pair_margin(block, user, item, other);
        if (x >= 1) continue;
        float rank = fmaxf(floorf((n - 1) / (float)t), 1),
              pull = pair_harmonic(rank) / fmaxf(pair_harmonic(n - 1), 1);
        block->loss += (double)(pull * (1 - x));
        pair_step(block, user, item, other, pull, pair_weight(job, e));
        return;
    }
}

static void pair_run_block(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_pairwise *job = arg;
    int32_t group = (int32_t)((chunk + job->round) % job->n_blocks);
    int64_t index = chunk * job->n_blocks + group;
    pair_block block = {
        .job = job,
        .kernels = pal_kernels_best(),
        .begin = job->block_starts[index],
        .end = job->block_ends[index],
        .group = group,
        .shares = job->shares + chunk * (job->o.factors + 1) * (job->o.draw == PAL_DRAW_ADAPTIVE),
        .rng = pal_rng_at(pal_seed_for(job->ctx->seed, "pairs"),
                          (uint64_t)(job->epoch * PAL_PAIR_BLOCKS * PAL_PAIR_BLOCKS + index))};
    const int32_t *runs = job->runs;
    for (int64_t at = block.begin, next; at < block.end; at = next) {
        float *user = job->users + (int64_t)(-1 - runs[at]) * job->width;
        for (next = at + 1; next < block.end && runs[next] >= 0; next++) {
            job->marks[runs[next]] = 1;
            pair_fetch(job, runs[next]);
        }
        if (next < block.end)
            pair_fetch_row(job->users + (int64_t)(-1 - runs[next]) * job->width, job->width);
        if (job->o.loss == PAL_PAIR_LOGISTIC) pair_learn_logistic(&block, user, at + 1, next);
        for (int64_t e = at + 1; job->o.loss == PAL_PAIR_WARP && e < next; e++)
            pair_learn_warp(&block, user, e);
        for (int64_t e = at + 1; e < next; e++) job->marks[runs[e]] = 0;
    }
    job->losses[chunk] = block.loss;
}

double pal_pairwise_epoch(pal_pairwise *job) {
    int32_t b = job->n_blocks;
    job->epoch++;
    pair_deal_items(job);
    pal_parallel(job->ctx->pool, b, pair_place_group, job);
    pal_parallel(job->ctx->pool, b, pair_order_group, job);
    if (job->o.draw == PAL_DRAW_ADAPTIVE) pal_parallel(job->ctx->pool, b, pair_rank_group, job);
    double loss = 0;
    for (job->round = 0; job->round < b; job->round++) {
        pal_parallel(job->ctx->pool, b, pair_run_block, job);
        for (int32_t g = 0; g < b; g++) loss += job->losses[g];
    }
    pal_parallel(job->ctx->pool, b, pair_return_group, job);
    return loss / (double)job->pairs->starts[job->pairs->n_rows];
}

void pal_pairwise_list(pal_pairwise *job, pal_epochs *run) {
    int64_t size = sizeof(float), row = job->width * size;
    pal_epochs_add(run, "users", job->users, job->pairs->n_rows * row);
    pal_epochs_add(run, "items", job->items, job->pairs->n_cols * row);
    pal_epochs_add(run, "biases", job->biases, job->pairs->n_cols * size);
    int64_t n_users = job->pairs->n_rows, n_items = job->pairs->n_cols;
    pal_epochs_carry(run, "users", job->users, n_users * row, n_users, 0, false);
    pal_epochs_carry(run, "items", job->items, n_items * row, 0, n_items, false);
    pal_epochs_carry(run, "biases", job->biases, n_items * size, 0, n_items, false);
}

void pal_pairwise_go_on(pal_pairwise *job, int64_t epochs) {
    for (int64_t e = 1; e <= epochs; e++) {
        for (int32_t g = 0; g < job->n_blocks; g++) pair_shuffle_users(job, e, g);
    }
    job->epoch = epochs;
}
