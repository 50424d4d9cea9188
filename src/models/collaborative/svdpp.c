/* svdpp.c - SVD++: matrix factorization that also looks at what was valued, whatever the value
 * (Koren 2008, section 4).
 *
 * r̂_ui = m + b_u + b_i + q_i·z_u, z_u = p_u + |N|^-½ Σ_{j in N} y_j, m the mean of the values, N
 * the distinct items of u. With e = r - r̂ a step goes against half the gradient of e² plus l2 times
 * the squares of what it moves: q_i += rate (e z_u - l2 q_i), p_u += rate (e q_i - l2 p_u), biases
 * alike. For events r is 1, or 0 for items drawn as not used, e = r - σ(r̂), and z_u leaves out y_i,
 * or else an item would learn to speak for itself (Kabbur, Ning, Karypis 2013).
 *
 * Order of steps: users are dealt to groups and, within each, to lanes, items to as many blocks as
 * lanes. For a group the sums of y_j are made once; then lane c takes its steps in block c + r,
 * round r after round, so that no two threads write the same row; then, in rounds again, y_j +=
 * rate (|N|^-½ Σ_i e q_i - l2 |N|^½ y_j) for all j of N: once a user and epoch, not once a value.
 * Nothing depends on how many threads there are. Rows start normal with deviation 0.1 / sqrt(k):
 * larger ones cost accuracy. Cost of an epoch with k factors: 14 k flops a value, 4 k a distinct
 * item of a user; 12 k bytes a user and 8 k an item meanwhile. */
#include <math.h>
#include <string.h>

#include "base/epochs.h"
#include "base/rng.h"
#include "math/topk.h"
#include "models/history.h"
#include "models/model.h"
#include "models/pointwise.h"

typedef struct {
    int32_t target;
    int64_t factors, epochs, patience, negatives;
    double learning_rate, l2, tolerance;
} svdpp_params;

static const pal_param svdpp_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(svdpp_params, factors),
     .initial = "32",
     .min = 1,
     .max = 1000,
     .scale = PAL_LOG,
     .help = "length of the rows q, p and y"},
    {.name = "target",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(svdpp_params, target),
     .choices = pal_pointwise_targets,
     .help = "what is learned: value (ratings), event (used or not), or auto: values where they "
             "are ratings"},
    {.name = "epochs",
     .type = PAL_PARAM_INT,
     .offset = offsetof(svdpp_params, epochs),
     .initial = "100",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "passes over the data at the most"},
    {.name = "patience",
     .type = PAL_PARAM_INT,
     .offset = offsetof(svdpp_params, patience),
     .initial = "5",
     .min = 0,
     .max = 100000,
     .help = "epochs without a better validation after which training ends; 0: all epochs"},
    {.name = "learning_rate",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(svdpp_params, learning_rate),
     .initial = "0.007",
     .min = 1e-7,
     .max = 10,
     .scale = PAL_LOG,
     .help = "length of a step against the gradient"},
    {.name = "l2",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(svdpp_params, l2),
     .initial = "-1",
     .min = -1,
     .max = 10,
     .scale = PAL_LOG,
     .help = "regularization of all rows and biases; -1: 0.05 for values, 0.01 for events"},
    {.name = "negatives",
     .type = PAL_PARAM_INT,
     .offset = offsetof(svdpp_params, negatives),
     .initial = "4",
     .min = 0,
     .max = 1000,
     .scale = PAL_LOG,
     .help = "items drawn for each event as not used (target event)"},
    {.name = "tolerance",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(svdpp_params, tolerance),
     .initial = "1e-6",
     .min = 0,
     .max = 1,
     .scale = PAL_LOG,
     .help = "relative change of the loss in an epoch under which training ends"},
    {0},
};

typedef struct {
    float *users;    /* [n_users, k + 1] z_u, b_u */
    float *items;    /* [n_items, k + 1] q_i, b_i */
    float *implicit; /* [n_items, k] y_i */
    double *facts;   /* [SVDPP_FACTS] */
    float *panels;   /* derived: items, packed for scanning */
    pal_packed packed;
    int32_t n_users, n_items, k;
} svdpp_state;
enum { SVDPP_IS_VALUE, SVDPP_MEAN, SVDPP_FACTS };

/* --- learning --- */

enum { SVDPP_LANES = 8, SVDPP_GROUPS = 16, SVDPP_GROUP_VALUES = 5000, SVDPP_WIDE = 8 };

typedef struct { /* (user, item) in the order of (group, lane, block) */
    int64_t n;
    const int32_t *users, *items;
    int64_t *starts; /* [n_groups * n_lanes * n_lanes + 1] */
    int64_t *order;  /* [n] */
} svdpp_cells;

typedef struct {
    pal_ctx *ctx;
    const svdpp_params *p;
    const pal_csr *pairs;
    const float *targets; /* of each step; NULL: events */
    svdpp_cells steps, used;
    int32_t n_users, n_items, width; /* k filled up to whole SVDPP_WIDE */
    int32_t n_groups, n_lanes, group, round;
    int64_t epoch;
    float mean, rate, l2;
    /* Rows of `width`, zero beyond k: users p, sums |N|^-½ Σ y, pulls Σ e q; items q, y. */
    float *p_rows, *sums, *pulls, *q_rows, *y_rows;
    float *user_biases, *item_biases;
    float *errors; /* [pairs] e of each event's own step */
    int32_t *user_cell, *item_block, *dealt, *deal_starts;
    int32_t *group_users, *group_starts; /* users by (group, lane) */
    double losses[SVDPP_LANES];
} svdpp_job;

/* out += by * row */
static void svdpp_add(float *restrict out, const float *restrict row, float by, int32_t width) {
    for (int32_t f = 0; f < width; f += SVDPP_WIDE) {
        for (int32_t lane = 0; lane < SVDPP_WIDE; lane++) out[f + lane] += by * row[f + lane];
    }
}

static float svdpp_scale(const svdpp_job *job, int32_t user) {
    int64_t n = job->pairs->starts[user + 1] - job->pairs->starts[user];
    return n ? 1 / sqrtf((float)n) : 0;
}

/* One step. z is p plus the sums; `own` is y_i's part of them where it is to be left out, else 0.
 */
static float svdpp_move(const svdpp_job *job, int32_t user, int32_t item, float target, float own,
                        double *loss) {
    int32_t width = job->width;
    float *restrict p = job->p_rows + (int64_t)user * width,
                    *restrict q = job->q_rows + (int64_t)item * width,
                    *restrict pull = job->pulls + (int64_t)user * width;
    const float *restrict sum = job->sums + (int64_t)user * width, *restrict y =
                                                                       job->y_rows +
                                                                       (int64_t)item * width;
    float *b_user = &job->user_biases[user], *b_item = &job->item_biases[item],
          products[SVDPP_WIDE] = {0};
    for (int32_t f = 0; f < width; f += SVDPP_WIDE) {
        for (int32_t lane = 0; lane < SVDPP_WIDE; lane++)
            products[lane] += q[f + lane] * (p[f + lane] + sum[f + lane] - own * y[f + lane]);
    }
    float predicted = job->mean + *b_user + *b_item;
    for (int32_t lane = 0; lane < SVDPP_WIDE; lane++) predicted += products[lane];
    float e = target - predicted;
    if (job->targets) {
        *loss += (double)e * (double)e;
    } else {
        float used = 1 / (1 + expf(-predicted));
        e = target - used;
        *loss -= log(fmax((double)(target > 0 ? used : 1 - used), 1e-12));
    }
    float rate = job->rate, l2 = job->l2;
    for (int32_t f = 0; f < width; f += SVDPP_WIDE) {
        for (int32_t lane = 0; lane < SVDPP_WIDE; lane++) {
            float before = q[f + lane], z = p[f + lane] + sum[f + lane] - own * y[f + lane];
            pull[f + lane] += e * before;
            q[f + lane] += rate * (e * z - l2 * before);
            p[f + lane] += rate * (e * before - l2 * p[f + lane]);
        }
    }
    *b_user += rate * (e - l2 * *b_user);
    *b_item += rate * (e - l2 * *b_item);
    return e;
}

/* Items of the block that the user did not use; a person who used nearly all gets fewer. */
static void svdpp_move_negatives(const svdpp_job *job, int32_t user, int32_t block, pal_rng *rng,
                                 double *loss) {
    enum { TRIES = 16 };
    const int32_t *items = job->dealt + job->deal_starts[block];
    int32_t n = job->deal_starts[block + 1] - job->deal_starts[block];
    for (int64_t i = 0; i < job->p->negatives; i++) {
        for (int32_t t = 0; t < TRIES; t++) {
            int32_t item = items[pal_rng_below(rng, (uint32_t)n)];
            if (pal_csr_has(job->pairs, user, item)) continue;
            svdpp_move(job, user, item, 0, 0, loss);
            break;
        }
    }
}

static int64_t svdpp_cell(const svdpp_job *job, int64_t lane, int32_t *block) {
    *block = (int32_t)((lane + job->round) % job->n_lanes);
    return (job->group * (int64_t)job->n_lanes + lane) * job->n_lanes + *block;
}

static void svdpp_run_steps(void *arg, int64_t lane, int32_t worker) {
    (void)worker;
    svdpp_job *job = arg;
    int32_t block;
    int64_t cell = svdpp_cell(job, lane, &block), begin = job->steps.starts[cell],
            end = job->steps.starts[cell + 1], *order = job->steps.order;
    int64_t n_cells = (int64_t)job->n_groups * job->n_lanes * job->n_lanes;
    pal_rng rng =
        pal_rng_at(pal_seed_for(job->ctx->seed, "steps"), (uint64_t)(job->epoch * n_cells + cell));
    for (int64_t i = end - 1; i > begin; i--) {
        int64_t other = begin + pal_rng_below(&rng, (uint32_t)(i - begin + 1)), moved = order[i];
        order[i] = order[other];
        order[other] = moved;
    }
    double loss = 0;
    for (int64_t i = begin; i < end; i++) {
        int64_t t = order[i];
        int32_t user = job->steps.users[t], item = job->steps.items[t];
        if (job->targets) {
            svdpp_move(job, user, item, job->targets[t], 0, &loss);
        } else {
            job->errors[t] = svdpp_move(job, user, item, 1, svdpp_scale(job, user), &loss);
            svdpp_move_negatives(job, user, block, &rng, &loss);
        }
    }
    job->losses[lane] += loss;
}

static void svdpp_sum(const svdpp_job *job, int32_t user) {
    float *sum = job->sums + (int64_t)user * job->width, scale = svdpp_scale(job, user);
    memset(sum, 0, (size_t)job->width * sizeof *sum);
    for (int64_t e = job->pairs->starts[user]; e < job->pairs->starts[user + 1]; e++)
        svdpp_add(sum, job->y_rows + (int64_t)job->pairs->cols[e] * job->width, scale, job->width);
}

static void svdpp_run_sums(void *arg, int64_t lane, int32_t worker) {
    (void)worker;
    const svdpp_job *job = arg;
    int64_t at = job->group * (int64_t)job->n_lanes + lane;
    for (int32_t i = job->group_starts[at]; i < job->group_starts[at + 1]; i++) {
        int32_t user = job->group_users[i];
        svdpp_sum(job, user);
        memset(job->pulls + (int64_t)user * job->width, 0, (size_t)job->width * sizeof *job->pulls);
    }
}

static void svdpp_run_implicit(void *arg, int64_t lane, int32_t worker) {
    (void)worker;
    const svdpp_job *job = arg;
    int32_t block, width = job->width;
    int64_t cell = svdpp_cell(job, lane, &block);
    for (int64_t i = job->used.starts[cell]; i < job->used.starts[cell + 1]; i++) {
        int64_t t = job->used.order[i];
        int32_t user = job->used.users[t], item = job->used.items[t];
        float *y = job->y_rows + (int64_t)item * width, scale = svdpp_scale(job, user) * job->rate;
        float keep = 1 - job->rate * job->rate * job->l2 / scale;
        for (int32_t f = 0; f < width; f++) y[f] *= keep;
        svdpp_add(y, job->pulls + (int64_t)user * width, scale, width);
        if (!job->targets)
            svdpp_add(y, job->q_rows + (int64_t)item * width, -scale * job->errors[t], width);
    }
}

static void svdpp_sort(const svdpp_job *job, svdpp_cells *cells) {
    int64_t n_cells = (int64_t)job->n_groups * job->n_lanes * job->n_lanes, *starts = cells->starts;
    memset(starts, 0, ((size_t)n_cells + 1) * sizeof *starts);
    for (int64_t pass = 0; pass < 2; pass++) {
        for (int64_t t = 0; t < cells->n; t++) {
            int64_t cell = (int64_t)job->user_cell[cells->users[t]] * job->n_lanes +
                           job->item_block[cells->items[t]];
            if (pass == 0) {
                starts[cell + 1]++;
            } else {
                cells->order[starts[cell]++] = t;
            }
        }
        for (int64_t c = 0; pass == 0 && c < n_cells; c++) starts[c + 1] += starts[c];
    }
    for (int64_t c = n_cells; c > 0; c--) starts[c] = starts[c - 1];
    starts[0] = 0;
}

/* Deals rows to blocks: a shuffled deck, dealt round. dealt: the rows by block. */
static void svdpp_deal(const svdpp_job *job, int32_t n, const char *what, int32_t n_blocks,
                       int32_t *block_of, int32_t *dealt, int32_t *starts) {
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, what), (uint64_t)job->epoch);
    for (int32_t i = 0; i < n; i++) dealt[i] = i;
    pal_rng_shuffle(&rng, dealt, n);
    for (int32_t i = 0; i < n; i++) block_of[dealt[i]] = i % n_blocks;
    memset(starts, 0, ((size_t)n_blocks + 1) * sizeof *starts);
    for (int32_t i = 0; i < n; i++) starts[block_of[i] + 1]++;
    for (int32_t b = 0; b < n_blocks; b++) starts[b + 1] += starts[b];
    for (int32_t i = 0; i < n; i++) dealt[starts[block_of[i]]++] = i;
    for (int32_t b = n_blocks; b > 0; b--) starts[b] = starts[b - 1];
    starts[0] = 0;
}

static double svdpp_epoch(svdpp_job *job) {
    svdpp_deal(job, job->n_users, "users of lanes", job->n_groups * job->n_lanes, job->user_cell,
               job->group_users, job->group_starts);
    svdpp_deal(job, job->n_items, "items of blocks", job->n_lanes, job->item_block, job->dealt,
               job->deal_starts);
    svdpp_sort(job, &job->steps);
    svdpp_sort(job, &job->used);
    memset(job->losses, 0, sizeof job->losses);
    for (job->group = 0; job->group < job->n_groups; job->group++) {
        pal_parallel(job->ctx->pool, job->n_lanes, svdpp_run_sums, job);
        for (job->round = 0; job->round < job->n_lanes; job->round++)
            pal_parallel(job->ctx->pool, job->n_lanes, svdpp_run_steps, job);
        for (job->round = 0; job->round < job->n_lanes; job->round++)
            pal_parallel(job->ctx->pool, job->n_lanes, svdpp_run_implicit, job);
    }
    double loss = 0;
    for (int32_t lane = 0; lane < job->n_lanes; lane++) loss += job->losses[lane];
    return loss;
}

/* --- fit --- */

static float svdpp_l2(const svdpp_params *p, bool is_value) {
    return p->l2 >= 0 ? (float)p->l2 : is_value ? 0.05f : 0.01f;
}

static pal_status svdpp_data(svdpp_job *job, const pal_log *log, bool is_value, pal_csr *pairs,
                             pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, pairs));
    int64_t n = pairs->starts[pairs->n_rows];
    int32_t *users = PAL_ARENA_ARRAY(scratch, int32_t, n),
            *of_events = PAL_ARENA_ARRAY(scratch, int32_t, is_value ? log->n_events : 0);
    if (!users || !of_events) return pal_fail_memory(ctx, "svdpp", 8.0 * (double)n);
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++) users[e] = u;
    }
    job->pairs = pairs;
    job->used = (svdpp_cells){.n = n, .users = users, .items = pairs->cols};
    job->steps = job->used;
    if (!is_value) return PAL_OK;
    pal_log_users(log, of_events);
    job->steps = (svdpp_cells){.n = log->n_events, .users = of_events, .items = log->items};
    job->targets = log->values;
    double sum = 0;
    for (int64_t e = 0; e < log->n_events; e++) sum += (double)log->values[e];
    job->mean = (float)(sum / (double)log->n_events);
    return PAL_OK;
}

/* Small logs take fewer lanes. What a group's users push y to adds up before any of them sees it:
 * with many values in a group that step overshoots. */
static void svdpp_plan(svdpp_job *job) {
    int32_t least = job->n_users < job->n_items ? job->n_users : job->n_items;
    job->n_lanes = least < 16 ? 1 : least / 8 < SVDPP_LANES ? least / 8 : SVDPP_LANES;
    int64_t wanted = job->steps.n / SVDPP_GROUP_VALUES + 1, room = job->n_users / job->n_lanes;
    if (wanted < SVDPP_GROUPS) wanted = SVDPP_GROUPS;
    job->n_groups = (int32_t)(wanted < room ? wanted : room);
}

static bool svdpp_allocate(svdpp_job *job, pal_arena *scratch) {
    int64_t n_users = job->n_users, n_items = job->n_items, w = job->width,
            n_cells = (int64_t)job->n_groups * job->n_lanes * job->n_lanes;
    job->p_rows = PAL_ARENA_ARRAY(scratch, float, n_users *w);
    job->sums = PAL_ARENA_ARRAY(scratch, float, n_users *w);
    job->pulls = PAL_ARENA_ARRAY(scratch, float, n_users *w);
    job->q_rows = PAL_ARENA_ARRAY(scratch, float, n_items *w);
    job->y_rows = PAL_ARENA_ARRAY(scratch, float, n_items *w);
    job->user_biases = PAL_ARENA_ARRAY(scratch, float, n_users);
    job->item_biases = PAL_ARENA_ARRAY(scratch, float, n_items);
    job->errors = PAL_ARENA_ARRAY(scratch, float, job->targets ? 0 : job->used.n);
    job->user_cell = PAL_ARENA_ARRAY(scratch, int32_t, n_users);
    job->group_users = PAL_ARENA_ARRAY(scratch, int32_t, n_users);
    job->group_starts =
        PAL_ARENA_ARRAY(scratch, int32_t, (int64_t)job->n_groups * job->n_lanes + 1);
    job->item_block = PAL_ARENA_ARRAY(scratch, int32_t, n_items);
    job->dealt = PAL_ARENA_ARRAY(scratch, int32_t, n_items);
    job->deal_starts = PAL_ARENA_ARRAY(scratch, int32_t, job->n_lanes + 1);
    job->steps.starts = PAL_ARENA_ARRAY(scratch, int64_t, n_cells + 1);
    job->steps.order = PAL_ARENA_ARRAY(scratch, int64_t, job->steps.n);
    job->used.starts = PAL_ARENA_ARRAY(scratch, int64_t, n_cells + 1);
    job->used.order = PAL_ARENA_ARRAY(scratch, int64_t, job->used.n);
    return job->p_rows && job->sums && job->pulls && job->q_rows && job->y_rows &&
           job->user_biases && job->item_biases && job->errors && job->user_cell &&
           job->group_users && job->group_starts && job->item_block && job->dealt &&
           job->deal_starts && job->steps.starts && job->steps.order && job->used.starts &&
           job->used.order;
}

static void svdpp_draw(const svdpp_job *job, const char *what, int32_t n, float *rows) {
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, what), 0);
    double deviation = 0.1 / sqrt((double)job->p->factors);
    for (int64_t r = 0; r < n; r++) {
        for (int64_t f = 0; f < job->p->factors; f++)
            rows[r * job->width + f] = (float)(deviation * pal_rng_normal(&rng));
    }
}

static pal_status svdpp_allocate_state(pal_ctx *ctx, const svdpp_params *p, const pal_log *log,
                                       pal_arena *arena, svdpp_state *s) {
    int64_t k = p->factors;
    s->k = (int32_t)k;
    s->n_users = log->n_users;
    s->n_items = log->n_items;
    s->users = PAL_ARENA_ARRAY(arena, float, log->n_users *(k + 1));
    s->items = PAL_ARENA_ARRAY(arena, float, log->n_items *(k + 1));
    s->implicit = PAL_ARENA_ARRAY(arena, float, log->n_items *k);
    s->facts = PAL_ARENA_ARRAY(arena, double, SVDPP_FACTS);
    s->panels = PAL_ARENA_ARRAY(arena, float, pal_packed_floats(log->n_items, s->k + 1));
    return s->users && s->items && s->implicit && s->facts && s->panels
               ? PAL_OK
               : pal_fail_memory(ctx, "svdpp",
                                 4.0 * (double)(k + 1) * (log->n_users + 3.0 * log->n_items));
}

typedef struct {
    const svdpp_job *job;
    svdpp_state *state;
} svdpp_publication;

enum { SVDPP_USERS = 256 }; /* of a chunk */

static void svdpp_publish_users(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const svdpp_job *job = ((const svdpp_publication *)arg)->job;
    svdpp_state *s = ((const svdpp_publication *)arg)->state;
    int64_t last = (chunk + 1) * SVDPP_USERS < s->n_users ? (chunk + 1) * SVDPP_USERS : s->n_users;
    for (int64_t u = chunk * SVDPP_USERS; u < last; u++) {
        float *row = s->users + u * (s->k + 1);
        svdpp_sum(job, (int32_t)u);
        for (int32_t f = 0; f < s->k; f++)
            row[f] = job->p_rows[u * job->width + f] + job->sums[u * job->width + f];
        row[s->k] = job->user_biases[u];
    }
}

/* The state that a file would hold, from the rows as they are. */
static void svdpp_publish(const svdpp_job *job, svdpp_state *s) {
    svdpp_publication publication = {.job = job, .state = s};
    pal_parallel(job->ctx->pool, ((int64_t)s->n_users + SVDPP_USERS - 1) / SVDPP_USERS,
                 svdpp_publish_users, &publication);
    for (int64_t i = 0; i < s->n_items; i++) {
        float *row = s->items + i * (s->k + 1);
        memcpy(row, job->q_rows + i * job->width, (size_t)s->k * sizeof *row);
        row[s->k] = job->item_biases[i];
        memcpy(s->implicit + i * s->k, job->y_rows + i * job->width, (size_t)s->k * sizeof *row);
    }
    s->facts[SVDPP_IS_VALUE] = job->targets != NULL;
    s->facts[SVDPP_MEAN] = (double)job->mean;
    s->packed = pal_pack(s->items, s->n_items, s->k + 1, s->panels);
}

/* All that an epoch starts from. */
static void svdpp_list(const svdpp_job *job, pal_epochs *run) {
    int64_t n_users = job->n_users, n_items = job->n_items, size = sizeof(float),
            row = job->width * size;
    pal_epochs_init(run, job->ctx, "svdpp", job->p->epochs, job->p->tolerance);
    pal_epochs_add(run, "p", job->p_rows, n_users * row);
    pal_epochs_add(run, "q", job->q_rows, n_items * row);
    pal_epochs_add(run, "y", job->y_rows, n_items * row);
    pal_epochs_add(run, "user_biases", job->user_biases, n_users * size);
    pal_epochs_add(run, "item_biases", job->item_biases, n_items * size);
    pal_epochs_carry(run, "p", job->p_rows, n_users * row, n_users, 0, false);
    pal_epochs_carry(run, "q", job->q_rows, n_items * row, 0, n_items, false);
    pal_epochs_carry(run, "y", job->y_rows, n_items * row, 0, n_items, false);
    pal_epochs_carry(run, "user_biases", job->user_biases, n_users * size, n_users, 0, false);
    pal_epochs_carry(run, "item_biases", job->item_biases, n_items * size, 0, n_items, false);
}

static pal_status svdpp_run(svdpp_job *job, svdpp_state *s) {
    const svdpp_params *p = job->p;
    pal_epochs run;
    svdpp_list(job, &run);
    TRY(pal_epochs_begin(&run));
    if (run.epoch > 0) svdpp_publish(job, s);
    while (pal_epochs_next(&run)) {
        job->epoch = run.epoch;
        double loss = svdpp_epoch(job);
        TRY(pal_check_cancelled(job->ctx));
        if (!isfinite(loss)) {
            double largest = 0;
            for (int64_t t = 0; job->targets && t < job->steps.n; t++)
                largest = fmax(largest, fabs((double)job->targets[t]));
            return pal_fail_diverged(job->ctx, "svdpp", job->epoch, p->learning_rate, largest);
        }
        double steps = (double)job->steps.n * (job->targets ? 1 : 1 + (double)p->negatives);
        job->ctx->multiply_adds += (6 * steps + 3 * (double)job->used.n) * job->width;
        svdpp_publish(job, s);
        TRY(pal_epochs_end(&run, loss));
    }
    return PAL_OK;
}

static pal_status svdpp_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    const svdpp_params *p = params;
    const pal_log *log = train->log;
    if (p->target == PAL_TARGET_VALUE && !log->values) {
        return pal_fail(ctx, PAL_EDATA,
                        "svdpp: target=value needs values, and the log has none: use "
                        "target=event, or name a value column");
    }
    if (p->l2 < 0 && p->l2 > -1)
        return pal_fail(ctx, PAL_EUSAGE, "svdpp: l2 must be 0 or more, or -1 for the default");
    bool is_value = p->target == PAL_TARGET_VALUE ||
                    (p->target == PAL_TARGET_AUTO && log->about.values_are_ratings);
    svdpp_job job = {.ctx = ctx,
                     .p = p,
                     .n_users = log->n_users,
                     .n_items = log->n_items,
                     .rate = (float)p->learning_rate,
                     .l2 = svdpp_l2(p, is_value),
                     .width = ((int32_t)p->factors + SVDPP_WIDE - 1) / SVDPP_WIDE * SVDPP_WIDE};
    pal_csr pairs;
    TRY(svdpp_data(&job, log, is_value, &pairs, scratch));
    svdpp_plan(&job);
    TRY(svdpp_allocate_state(ctx, p, log, arena, state));
    if (!svdpp_allocate(&job, scratch))
        return pal_fail_memory(ctx, "svdpp",
                               4.0 * job.width * (3.0 * log->n_users + 2.0 * log->n_items));
    svdpp_draw(&job, "rows of users", log->n_users, job.p_rows);
    svdpp_draw(&job, "rows of items", log->n_items, job.q_rows);
    svdpp_draw(&job, "rows of what was used", log->n_items, job.y_rows);
    return svdpp_run(&job, state);
}

static pal_status svdpp_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    svdpp_state *s = state;
    int64_t n = (int64_t)pal_packed_floats(s->n_items, s->k + 1);
    if (!s->panels) s->panels = PAL_ARENA_ARRAY(arena, float, n);
    if (!s->panels) return pal_fail_memory(ctx, "the model", 4.0 * (double)n);
    s->packed = pal_pack(s->items, s->n_items, s->k + 1, s->panels);
    return PAL_OK;
}

/* --- the row of a query --- */

enum { SVDPP_PASSES = 100 };

typedef struct {  /* places in scratch */
    float *panel; /* [PAL_PANEL] */
    float *user;  /* [k + 1] z_u, 1 */
    float *moved; /* [k + 1] p_u, b_u */
    float *sum;   /* [k] |N|^-½ Σ y */
    void *history;
} svdpp_places;

static size_t svdpp_floats_bytes(const svdpp_state *s) {
    return pal_scratch_round((PAL_PANEL + 3 * ((size_t)s->k + 1)) * sizeof(float));
}

static svdpp_places svdpp_cut(const svdpp_state *s, void *scratch) {
    int64_t width = s->k + 1;
    svdpp_places at = {.panel = scratch};
    at.user = at.panel + PAL_PANEL;
    at.moved = at.user + width;
    at.sum = at.moved + width;
    at.history = (char *)scratch + svdpp_floats_bytes(s);
    return at;
}

static size_t svdpp_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    (void)n_queries;
    const svdpp_state *s = state;
    return svdpp_floats_bytes(s) + pal_history_bytes(s->n_items);
}

/* One step of p_u and b_u alone: q, y and b_i are as they were learned. p, q: rows of k; the bias
 * of the person stands behind p, that of the item behind q. */
static void svdpp_fold_step(const svdpp_state *s, int32_t item, float target, float own, float rate,
                            float l2, float *p, const float *sum) {
    bool is_value = s->facts[SVDPP_IS_VALUE] > 0;
    const float *q = s->items + (int64_t)item * (s->k + 1), *y = s->implicit + (int64_t)item * s->k;
    float predicted = (float)s->facts[SVDPP_MEAN] + p[s->k] + q[s->k];
    for (int32_t f = 0; f < s->k; f++) predicted += q[f] * (p[f] + sum[f] - own * y[f]);
    float e = target - (is_value ? predicted : 1 / (1 + expf(-predicted)));
    for (int32_t f = 0; f < s->k; f++) p[f] += rate * (e * q[f] - l2 * p[f]);
    p[s->k] += rate * (e - l2 * p[s->k]);
}

/* p_u and b_u by the steps that training takes, as many passes. Draws depend on the history alone.
 * Into at->moved. */
static void svdpp_fold(const svdpp_params *p, const svdpp_state *s, const pal_query *query,
                       const int32_t *history, int32_t n_history, svdpp_places *at) {
    bool is_value = s->facts[SVDPP_IS_VALUE] > 0;
    float l2 = svdpp_l2(p, is_value), rate = (float)p->learning_rate,
          own = 1 / sqrtf((float)n_history);
    int64_t passes = p->epochs < SVDPP_PASSES ? p->epochs : SVDPP_PASSES;
    memset(at->moved, 0, (size_t)(s->k + 1) * sizeof *at->moved);
    pal_rng rng = pal_history_stream(history, n_history);
    for (int64_t pass = 0; pass < passes; pass++) {
        for (int32_t e = 0; is_value && e < query->n_events; e++)
            svdpp_fold_step(s, query->items[e], query->values[e], 0, rate, l2, at->moved, at->sum);
        for (int32_t h = 0; !is_value && h < n_history; h++) {
            svdpp_fold_step(s, history[h], 1, own, rate, l2, at->moved, at->sum);
            for (int64_t i = 0; i < p->negatives; i++) {
                int32_t item = (int32_t)pal_rng_below(&rng, (uint32_t)s->n_items);
                if (pal_row_find(history, 0, n_history, item) < 0)
                    svdpp_fold_step(s, item, 0, 0, rate, l2, at->moved, at->sum);
            }
        }
    }
}

/* Fills at->sum, at->user; returns b_u. */
static float svdpp_user(const svdpp_params *p, const svdpp_state *s, const pal_query *query,
                        svdpp_places *at, const int32_t **history, int32_t *n_history) {
    *n_history = pal_history_distinct(query, s->n_items, at->history, history);
    float scale = *n_history ? 1 / sqrtf((float)*n_history) : 0, bias = 0;
    memset(at->sum, 0, (size_t)s->k * sizeof *at->sum);
    for (int32_t h = 0; h < *n_history; h++) {
        const float *y = s->implicit + (int64_t)(*history)[h] * s->k;
        for (int32_t f = 0; f < s->k; f++) at->sum[f] += scale * y[f];
    }
    memcpy(at->user, at->sum, (size_t)s->k * sizeof *at->user);
    at->user[s->k] = 1;
    if (query->user_plus_1) {
        const float *row = s->users + (int64_t)(query->user_plus_1 - 1) * (s->k + 1);
        memcpy(at->user, row, (size_t)s->k * sizeof *row);
        return row[s->k];
    }
    if (*n_history && (query->values || s->facts[SVDPP_IS_VALUE] <= 0)) {
        svdpp_fold(p, s, query, *history, *n_history, at);
        for (int32_t f = 0; f < s->k; f++) at->user[f] += at->moved[f];
        bias = at->moved[s->k];
    }
    return bias;
}

static void svdpp_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    const svdpp_state *s = state;
    const pal_kernels *kernels = pal_kernels_best();
    svdpp_places at = svdpp_cut(s, scratch);
    for (int32_t q = 0; q < n_queries; q++) {
        const int32_t *history;
        int32_t n_history;
        float *row = scores + (int64_t)q * s->n_items;
        float base = svdpp_user(params, s, &queries[q], &at, &history, &n_history);
        base += (float)s->facts[SVDPP_MEAN];
        for (int32_t first = 0; first < s->n_items; first += PAL_PANEL) {
            int32_t n = s->n_items - first < PAL_PANEL ? s->n_items - first : PAL_PANEL;
            pal_packed_panel(kernels, &s->packed, first / PAL_PANEL, at.user, 1, at.panel,
                             PAL_PANEL);
            for (int32_t i = 0; i < n; i++) row[first + i] = base + at.panel[i];
        }
    }
}

static int32_t svdpp_explain(const void *params, const void *state, const pal_query *query,
                             int32_t item, void *scratch, pal_reason *reasons) {
    const svdpp_state *s = state;
    svdpp_places at = svdpp_cut(s, scratch);
    const int32_t *history;
    int32_t n_history, n = 0;
    double bias = (double)svdpp_user(params, s, query, &at, &history, &n_history), match = 0;
    double scale = n_history ? 1 / sqrt(n_history) : 0;
    const float *row = s->items + (int64_t)item * (s->k + 1);
    for (int32_t f = 0; f < s->k; f++) match += (double)row[f] * (double)at.user[f];
    for (int32_t h = 0; h < n_history; h++) {
        const float *y = s->implicit + (int64_t)history[h] * s->k;
        double amount = 0;
        for (int32_t f = 0; f < s->k; f++) amount += scale * (double)row[f] * (double)y[f];
        match -= amount;
        reasons[n++] = (pal_reason){.item = history[h], .amount = amount};
    }
    bool is_value = s->facts[SVDPP_IS_VALUE] > 0;
    const pal_reason others[] = {
        {.item = -1, .what = "the mean of all values", .amount = s->facts[SVDPP_MEAN]},
        {.item = -1,
         .what = is_value ? "how high the person values in general" : "how much the person uses",
         .amount = bias},
        {.item = -1,
         .what = is_value ? "how high people value it" : "how many people use it",
         .amount = (double)row[s->k]},
        {.item = -1, .what = "how well it matches the person's tastes", .amount = match},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) reasons[n++] = others[i];
    return n;
}

static int32_t svdpp_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    svdpp_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    s->k = (int32_t)((const svdpp_params *)params)->factors;
    tensors[0] = pal_float_rows("users", &s->users, n_users, s->k + 1, PAL_ROLE_USERS, NULL);
    tensors[1] = pal_float_rows("items", &s->items, n_items, s->k + 1, PAL_ROLE_ITEMS, NULL);
    tensors[2] = pal_float_rows("implicit", &s->implicit, n_items, s->k, PAL_ROLE_DATA, NULL);
    tensors[3] = (pal_tensor){.name = "facts",
                              .dtype = PAL_F64,
                              .n_dims = 1,
                              .dims = {SVDPP_FACTS},
                              .data = (void **)&s->facts};
    return 4;
}

static bool svdpp_predicts_values(const void *params, const void *state) {
    (void)params;
    return ((const svdpp_state *)state)->facts[SVDPP_IS_VALUE] > 0;
}

static void svdpp_estimate(const void *params, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    const svdpp_params *p = params;
    bool is_value = p->target == PAL_TARGET_VALUE ||
                    (p->target == PAL_TARGET_AUTO && log->about.values_are_ratings);
    double k = (double)p->factors, n = (double)log->n_events;
    /* Early stopping ends most trainings after a third of the epochs. */
    double epochs = p->patience > 0 ? (double)p->epochs / 3 : (double)p->epochs;
    double steps = n * (is_value ? 1 : 1 + (double)p->negatives);
    out->seconds = epochs * (steps * (40e-9 + 3e-9 * k) + n * (10e-9 + 1e-9 * k)) / n_threads;
    out->bytes = 40 * n + 4 * k * (4.0 * log->n_users + 4.0 * log->n_items);
}

const pal_kind pal_kind_svdpp = {
    .name = "svdpp",
    .family = "collaborative",
    .summary = "matrix factorization that also looks at what was valued, whatever the value "
               "(SVD++)",
    .paper = "Koren: Factorization meets the neighborhood: a multifaceted collaborative filtering "
             "model, KDD 2008",
    .derivation = "With z_u = p_u + |N(u)|^-½ Σ_j y_j, r̂ = m + b_u + b_i + q_i·z_u, e = r - r̂ and "
                  "L = e²/2, the "
                  "chain rule gives ∂L/∂q_i = -e z_u, ∂L/∂p_u = -e q_i, ∂L/∂b_u = ∂L/∂b_i = -e "
                  "and, by ∂z_u/∂y_j "
                  "= |N(u)|^-½, ∂L/∂y_j = -e |N(u)|^-½ q_i for every j of N(u). The last is the "
                  "same for all j "
                  "but for y_j's own regularization, so that the sum of e q_i over the values of u "
                  "is made once "
                  "and added to all of them.",
    .represents = "a row of {factors} numbers, one for each item used added | a row of {factors} "
                  "numbers, another for having been used",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_PREDICTS_VALUES | PAL_IGNORES_WEIGHTS,
    .params = svdpp_table,
    .params_size = sizeof(svdpp_params),
    .state_size = sizeof(svdpp_state),
    .fit = svdpp_fit,
    .prepare = svdpp_prepare,
    .scratch_bytes = svdpp_scratch_bytes,
    .score = svdpp_score,
    .tensors = svdpp_tensors,
    .explain = svdpp_explain,
    .predicts_values = svdpp_predicts_values,
    .estimate = svdpp_estimate,
};
