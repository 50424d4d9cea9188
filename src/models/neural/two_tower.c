/* two_tower.c - a network for the person, a row for each item, and their product (Covington, Adams,
 * Sargin 2016, "Deep neural networks for YouTube recommendations": candidate generation).
 *
 * x = (Σ_p a_p H_(i_p), Σ_p b_p H_(i_p), Σ_f profile features), the two sums over the newest events
 * of the history (models/past.h); user = (MLP(x), 1); item = E_i + Σ_f item features, its last
 * number a bias; score = user · item. Each event is an example: guess its item among all items from
 * the events before it (or all others of the person). The loss is the softmax over all items, or
 * over those of the batch and drawn ones with the log of how likely they come up taken off
 * (nn/shared.h), which costs the same for any catalogue. Profiles are hidden from some examples, so
 * that people without one are answered. Features: models/fields.h.
 * Cost of an epoch: an event takes 4 n_items (factors + 1) multiply-adds with the softmax over all,
 * 3 (batch + negatives) (factors + 1) else, 6 times the network's weights, and 2 factors an entry
 * of the history. The model is 4 (2 factors + 1) bytes an item, 4 factors a profile. */
#include <math.h>
#include <string.h>

#include "models/fields.h"
#include "models/history.h"
#include "models/panels.h"
#include "models/past.h"
#include "nn/adam.h"
#include "nn/loops.h"
#include "nn/mlp.h"
#include "nn/shared.h"
#include "nn/softmax.h"
#include "nn/training.h"

typedef enum { TOWER_AUTO, TOWER_FULL, TOWER_SAMPLED, TOWER_BATCH } tower_loss;
static const char *const tower_losses[] = {"auto", "full", "sampled", "batch", NULL};
enum { TOWER_FULL_ITEMS = 20000 }; /* up to so many auto looks at all */

typedef struct {
    int64_t factors, history, recent, negatives, epochs, patience, batch;
    pal_ints layers;
    int32_t activation, context, loss;
    double dropout, hide_profile, learning_rate, decay, tolerance;
} tower_params;

#define FIELD(name) offsetof(tower_params, name)
static const pal_param tower_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = FIELD(factors),
     .initial = "64",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "length of the rows of people and items, without the item's bias"},
    {.name = "layers",
     .type = PAL_PARAM_INTS,
     .offset = FIELD(layers),
     .min = 1,
     .max = 4096,
     .help =
         "sizes of the hidden layers of the person's network, e.g. 256,128; without: one linear "
         "layer"},
    {.name = "activation",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(activation),
     .initial = "relu",
     .choices = pal_activations,
     .help = "what hidden units do"},
    {.name = "history",
     .type = PAL_PARAM_INT,
     .offset = FIELD(history),
     .initial = "100",
     .min = 1,
     .max = 10000,
     .scale = PAL_LOG,
     .help = "newest events of a history that are summed, all weighed alike"},
    {.name = "recent",
     .type = PAL_PARAM_INT,
     .offset = FIELD(recent),
     .initial = "0",
     .min = 0,
     .max = 1000,
     .help = "newest events that are summed once more, the p-th newest weighed 1/p; 0: none"},
    {.name = "context",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(context),
     .initial = "others",
     .choices = pal_past_forms,
     .help = "what an event is learned from: those before it, or all others of the person"},
    {.name = "dropout",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(dropout),
     .initial = "0.3",
     .min = 0,
     .max = 0.95,
     .help = "share of a history's events that are left out while training"},
    {.name = "hide_profile",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(hide_profile),
     .initial = "0.3",
     .min = 0,
     .max = 1,
     .help =
         "share of examples whose profile is hidden, so that people without one are answered; 1: "
         "profiles are not looked at"},
    {.name = "loss",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(loss),
     .initial = "auto",
     .choices = tower_losses,
     .help = "softmax over all items (full), over those of the batch and drawn ones (sampled), "
             "over those of the batch alone (batch); auto: full up to 20,000 items, else sampled"},
    {.name = "negatives",
     .type = PAL_PARAM_INT,
     .offset = FIELD(negatives),
     .initial = "1024",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "items drawn for each batch (loss=sampled)"},
    {.name = "epochs",
     .type = PAL_PARAM_INT,
     .offset = FIELD(epochs),
     .initial = "50",
     .min = 1,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "passes over the events at the most"},
    {.name = "patience",
     .type = PAL_PARAM_INT,
     .offset = FIELD(patience),
     .initial = "5",
     .min = 0,
     .max = 100000,
     .help = "epochs without a better validation after which training ends; 0: all epochs"},
    {.name = "batch",
     .type = PAL_PARAM_INT,
     .offset = FIELD(batch),
     .initial = "512",
     .min = 1,
     .max = 65536,
     .scale = PAL_LOG,
     .help = "events of a step"},
    {.name = "learning_rate",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(learning_rate),
     .initial = "0.002",
     .min = 1e-6,
     .max = 1,
     .scale = PAL_LOG,
     .help = "length of Adam's steps"},
    {.name = "decay",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(decay),
     .initial = "0.05",
     .min = 0,
     .max = 100,
     .scale = PAL_LOG,
     .help = "decoupled weight decay (AdamW)"},
    {.name = "tolerance",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(tolerance),
     .initial = "1e-5",
     .min = 0,
     .max = 1,
     .help = "relative change of the loss under which training ends"},
    {0},
};
#undef FIELD

typedef struct {
    float *history;         /* [n_items, factors] H */
    float *items;           /* [n_items, factors + 1] with features, the bias last */
    int64_t *network_range; /* [2] 0 and the network's size */
    float *network;
    int64_t *profile_range; /* [2] 0 and the size of profiles: 0 without features of people */
    float *profiles;        /* [n_users + 1, factors] summed features; the last: nothing is known */
    int32_t n_users, n_items;
    /* Derived. */
    pal_mlp mlp;
    float *panels;
    pal_packed packed;
    pal_small small_history, small_items; /* instead of history and items */
} tower_state;

/* --- the person's network --- */

static pal_past tower_past(const tower_params *p) {
    return (pal_past){.form = p->context,
                      .n_long = (int32_t)p->history,
                      .n_recent = (int32_t)p->recent,
                      .dropout = p->dropout};
}

/* Parts of x, `factors` wide each: the long sum, the recent one, the profile. */
static int32_t tower_n_parts(const tower_params *p, bool has_profiles) {
    return 1 + (p->recent > 0) + has_profiles;
}

static void tower_plan(const tower_params *p, bool has_profiles, pal_parameters *parameters,
                       pal_mlp *out) {
    pal_mlp_plan(tower_n_parts(p, has_profiles) * (int32_t)p->factors, p->layers.at, p->layers.n,
                 (int32_t)p->factors, (pal_activation)p->activation, parameters, out);
}

/* The history's parts of x [n_parts, factors]. */
static void tower_sum_history(const tower_params *p, const float *history, const int32_t *rows,
                              const float *weights, float *x) {
    pal_table table = {.width = (int32_t)p->factors, .values = (float *)(uintptr_t)history};
    pal_table_pool(&table, rows, weights, p->history, x);
    if (p->recent > 0)
        pal_table_pool(&table, rows + p->history, weights + p->history, p->recent, x + p->factors);
}

/* --- training --- */

enum { TOWER_CHUNKS = 16 };

typedef struct {
    pal_ctx *ctx;
    pal_arena *arena;
    const tower_params *p;
    const pal_log *log;
    tower_state *s;
    pal_past past;
    bool is_full;
    int32_t n_parts, n_entries, most_profile; /* entries of a history, of a profile */
    uint64_t seed;
    pal_fields item_fields, user_fields;
    pal_parameters network;
    pal_table history, items, item_features, user_features;
    /* Examples. */
    int64_t n_examples, *events; /* [n_examples] */
    int32_t *users;              /* [n_examples] */
    pal_csr used;                /* by user: no negatives, for loss sampled and batch */
    int32_t *people;             /* [B] users of the batch */
    double mean_weight;
    float *log_counts; /* [n_items] log of the share of examples, for loss sampled and batch */
    /* The batch: B rows. */
    const pal_step *step;
    int32_t *rows, *sources; /* [B, n_entries] */
    float *row_weights;
    int32_t *profile_rows, *profile_sources; /* [B, most_profile] */
    float *profile_weights;
    float *x, *dx;        /* [B, n_parts, factors] */
    float *room;          /* [B, pal_mlp_room] */
    float *user, *d_user; /* [B, factors + 1] */
    float *d_out;         /* [B, factors] */
    int32_t *targets;     /* [B] */
    float *amounts;       /* [B] */
    int64_t *begins;      /* [B + 1] 0, 1, … */
    /* Candidates: all items, or the batch's and drawn ones. */
    int64_t n_candidates;
    int32_t *candidates;
    float *vectors, *d_vectors; /* [n_candidates, factors + 1] */
    float *log_q;
    int32_t *feature_rows, *feature_sources; /* entries of the candidates' features */
    float *feature_weights;
    int32_t most_features;
    pal_softmax softmax;
    pal_shared shared;
} tower_job;

static bool tower_is_full(const tower_params *p, int32_t n_items) {
    return p->loss == TOWER_FULL || (p->loss == TOWER_AUTO && n_items <= TOWER_FULL_ITEMS);
}

/* Events with something before them (or beside them); where there are none, all. */
static pal_status tower_list_examples(tower_job *job, pal_arena *scratch) {
    const pal_log *log = job->log;
    job->events = PAL_ARENA_ARRAY(scratch, int64_t, log->n_events);
    job->users = PAL_ARENA_ARRAY(scratch, int32_t, log->n_events);
    if (!job->events || !job->users)
        return pal_fail_memory(job->ctx, "two_tower", 12.0 * (double)log->n_events);
    for (int32_t all = 0; all < 2 && job->n_examples == 0; all++) {
        double weights = 0;
        for (int32_t u = 0; u < log->n_users; u++) {
            int64_t begin = log->starts[u], end = log->starts[u + 1];
            for (int64_t e = begin; e < end; e++) {
                bool has_past = job->p->context == PAL_PAST_BEFORE ? e > begin : end - begin > 1;
                if (!all && !has_past) continue;
                job->users[job->n_examples] = u;
                job->events[job->n_examples++] = e;
                weights += log->weights ? (double)log->weights[e] : 1;
            }
        }
        if (job->n_examples) job->mean_weight = weights / (double)job->n_examples;
    }
    return PAL_OK;
}

/* The chunk's histories, targets and profiles. */
static void tower_look(tower_job *job, int64_t chunk, int64_t first, int64_t last) {
    const pal_log *log = job->log;
    pal_rng rng =
        pal_rng_at(job->seed, (uint64_t)job->step->number * TOWER_CHUNKS + (uint64_t)chunk);
    int32_t n_fields = job->user_fields.n_fields, part = job->n_parts - 1;
    for (int64_t r = first; r < last; r++) {
        int64_t example = job->step->examples[r], e = job->events[example];
        int32_t user = job->users[example], *rows = job->rows + r * job->n_entries;
        pal_past_of_event(&job->past, log, user, e, log->items[e], &rng, rows,
                          job->row_weights + r * job->n_entries);
        job->targets[r] = log->items[e];
        job->people[r] = user;
        job->amounts[r] = log->weights ? (float)((double)log->weights[e] / job->mean_weight) : 1;
        if (n_fields == 0) continue;
        const int32_t *features;
        const float *weights;
        int32_t known = pal_rng_uniform(&rng) < job->p->hide_profile ? -1 : user;
        int32_t n = pal_fields_all(&job->user_fields, known, &features, &weights);
        int64_t at = r * job->most_profile;
        memcpy(job->profile_rows + at, features, (size_t)n * sizeof *features);
        memcpy(job->profile_weights + at, weights, (size_t)n * sizeof *weights);
        for (; n < job->most_profile; n++) job->profile_rows[at + n] = -1;
        pal_table_pool(&job->user_features, job->profile_rows + at, job->profile_weights + at,
                       job->most_profile, job->x + (r * job->n_parts + part) * job->p->factors);
    }
}

static void tower_forward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    tower_job *job = arg;
    int64_t first, last, d = job->p->factors, width = job->n_parts * d;
    pal_chunk_range(job->step->n, TOWER_CHUNKS, chunk, &first, &last);
    if (first == last) return;
    tower_look(job, chunk, first, last);
    for (int64_t r = first; r < last; r++)
        tower_sum_history(job->p, job->s->history, job->rows + r * job->n_entries,
                          job->row_weights + r * job->n_entries, job->x + r * width);
    const float *out =
        pal_mlp_forward(&job->s->mlp, job->network.values, job->x + first * width, last - first,
                        job->room + first * pal_mlp_room(&job->s->mlp));
    for (int64_t r = first; r < last; r++) {
        memcpy(job->user + r * (d + 1), out + (r - first) * d, (size_t)d * sizeof *out);
        job->user[r * (d + 1) + d] = 1;
    }
}

static void tower_backward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    tower_job *job = arg;
    int64_t first, last, d = job->p->factors, width = job->n_parts * d;
    pal_chunk_range(job->step->n, TOWER_CHUNKS, chunk, &first, &last);
    float *gradient = pal_parameters_chunk(&job->network, chunk);
    if (first == last) return;
    for (int64_t r = first; r < last; r++)
        memcpy(job->d_out + r * d, job->d_user + r * (d + 1), (size_t)d * sizeof *job->d_out);
    pal_mlp_backward(&job->s->mlp, job->network.values, job->x + first * width, last - first,
                     job->d_out + first * d, job->room + first * pal_mlp_room(&job->s->mlp),
                     job->dx + first * width, gradient);
}

enum { TOWER_ITEMS = 128 }; /* candidates of one chunk */

/* Rows of the chunk's candidates: their own and their features. */
static void tower_make_vectors(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    tower_job *job = arg;
    int64_t first = chunk * TOWER_ITEMS, last = first + TOWER_ITEMS;
    int32_t width = (int32_t)job->p->factors + 1;
    if (last > job->n_candidates) last = job->n_candidates;
    pal_table_gather(&job->items, job->candidates + first, last - first,
                     job->vectors + first * width, width);
    for (int64_t c = first; c < last; c++)
        pal_fields_add(&job->item_fields, job->candidates[c], job->item_features.values, width,
                       job->vectors + c * width);
}

/* Entries of the candidates in the tables of items and of their features. */
static void tower_touch_candidates(tower_job *job) {
    int64_t n = 0;
    pal_table_touch(&job->items, job->candidates, NULL, NULL, job->n_candidates);
    if (job->item_fields.n_fields == 0) return;
    for (int64_t c = 0; c < job->n_candidates; c++) {
        const int32_t *features;
        const float *weights;
        int32_t n_found =
            pal_fields_all(&job->item_fields, job->candidates[c], &features, &weights);
        for (int32_t i = 0; i < n_found; i++, n++) {
            job->feature_rows[n] = features[i];
            job->feature_weights[n] = weights[i];
            job->feature_sources[n] = (int32_t)c;
        }
    }
    pal_table_touch(&job->item_features, job->feature_rows, job->feature_sources,
                    job->feature_weights, n);
}

/* The batch's own items, then drawn ones; how likely each comes up. */
static void tower_draw(tower_job *job) {
    pal_rng rng = pal_rng_at(pal_seed_for(job->seed, "drawn"), (uint64_t)job->step->number);
    int32_t n_items = job->log->n_items;
    int64_t n = job->step->n, drawn = job->p->loss == TOWER_BATCH ? 0 : job->p->negatives;
    for (int64_t r = 0; r < n; r++)
        job->candidates[r] = job->log->items[job->events[job->step->examples[r]]];
    for (int64_t c = n; c < n + drawn; c++)
        job->candidates[c] = (int32_t)pal_rng_below(&rng, (uint32_t)n_items);
    job->n_candidates = n + drawn;
    for (int64_t c = 0; c < job->n_candidates; c++) {
        double share = exp((double)job->log_counts[job->candidates[c]]);
        job->log_q[c] =
            (float)log(((double)n * share + (double)drawn / n_items) / (double)job->n_candidates);
    }
}

static double tower_lose(tower_job *job) {
    pal_pool *pool = job->ctx->pool;
    float scale = 1 / (float)job->step->n;
    int64_t width = job->p->factors + 1;
    if (job->is_full) {
        memset(job->d_vectors, 0, (size_t)(job->n_candidates * width) * sizeof *job->d_vectors);
        job->softmax.n_rows = job->step->n;
        job->softmax.scale = scale;
        return pal_softmax_run(pool, &job->softmax);
    }
    job->shared.n_rows = job->step->n;
    job->shared.n_candidates = job->n_candidates;
    job->shared.scale = scale;
    return pal_shared_run(pool, &job->shared);
}

/* Gradients of the tables of histories and profiles, summed from dx. */
static void tower_sum_tables(tower_job *job) {
    pal_pool *pool = job->ctx->pool;
    int64_t d = job->p->factors, width = d + 1, n = job->step->n;
    pal_table_touch(&job->history, job->rows, job->sources, job->row_weights, n * job->n_entries);
    pal_table_sum(pool, &job->history, job->dx, d);
    pal_table_sum(pool, &job->items, job->d_vectors, width);
    if (job->item_fields.n_fields) pal_table_sum(pool, &job->item_features, job->d_vectors, width);
    if (job->user_fields.n_fields) {
        pal_table_touch(&job->user_features, job->profile_rows, job->profile_sources,
                        job->profile_weights, n * job->most_profile);
        pal_table_sum(pool, &job->user_features, job->dx, d);
    }
}

static double tower_step(void *arg, const pal_step *step) {
    tower_job *job = arg;
    pal_pool *pool = job->ctx->pool;
    job->step = step;
    pal_parallel(pool, TOWER_CHUNKS, tower_forward, job);
    if (!job->is_full) {
        tower_draw(job);
        tower_touch_candidates(job);
    }
    pal_parallel(pool, (job->n_candidates + TOWER_ITEMS - 1) / TOWER_ITEMS, tower_make_vectors,
                 job);
    double loss = tower_lose(job);
    pal_parallel(pool, TOWER_CHUNKS, tower_backward, job);
    pal_parameters_sum(pool, &job->network);
    tower_sum_tables(job);
    pal_adam adam = pal_adam_at(step->rate, step->number);
    adam.decay = job->p->decay;
    pal_adam_parameters(pool, &adam, &job->network);
    pal_adam_table(pool, &adam, &job->history);
    pal_adam_table(pool, &adam, &job->items);
    if (job->item_fields.n_fields) pal_adam_table(pool, &adam, &job->item_features);
    if (job->user_fields.n_fields) pal_adam_table(pool, &adam, &job->user_features);
    job->ctx->multiply_adds +=
        (double)step->n *
        ((job->is_full ? 4.0 : 3.0) * (double)job->n_candidates * (double)(job->p->factors + 1) +
         3 * pal_mlp_work(&job->s->mlp) + 2.0 * job->n_entries * (double)job->p->factors);
    return loss;
}

/* --- what the model keeps --- */

/* All items' rows and all profiles, as scoring wants them. */
static pal_status tower_publish(void *arg) {
    tower_job *job = arg;
    tower_state *s = job->s;
    int32_t d = (int32_t)job->p->factors, width = d + 1;
    memcpy(s->items, job->items.values, (size_t)s->n_items * (size_t)width * sizeof *s->items);
    for (int32_t i = 0; i < s->n_items; i++)
        pal_fields_add(&job->item_fields, i, job->item_features.values, width,
                       s->items + (int64_t)i * width);
    memset(s->profiles, 0, (size_t)s->profile_range[1] * sizeof *s->profiles);
    for (int32_t u = 0; s->profile_range[1] && u <= s->n_users; u++)
        pal_fields_add(&job->user_fields, u < s->n_users ? u : -1, job->user_features.values, d,
                       s->profiles + (int64_t)u * d);
    return pal_panels_pack(job->ctx, "two_tower", s->items, s->n_items, width, job->arena,
                           &s->panels, &s->packed);
}

/* --- fit --- */

static pal_status tower_make_state(tower_job *job) {
    tower_state *s = job->s;
    int64_t d = job->p->factors, n_items = job->log->n_items;
    bool has_profiles = job->user_fields.n_fields > 0;
    s->n_users = job->log->n_users;
    s->n_items = job->log->n_items;
    s->history = PAL_ARENA_ARRAY(job->arena, float, n_items *d);
    s->items = PAL_ARENA_ARRAY(job->arena, float, n_items *(d + 1));
    s->network_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    s->profile_range = PAL_ARENA_ARRAY(job->arena, int64_t, 2);
    int64_t n_profiles = has_profiles ? (s->n_users + INT64_C(1)) * d : 0;
    s->profiles = PAL_ARENA_ARRAY(job->arena, float, n_profiles);
    if (!s->history || !s->items || !s->network_range || !s->profile_range || !s->profiles)
        return pal_fail_memory(job->ctx, "two_tower", 8.0 * (double)(n_items * d + n_profiles));
    s->network_range[1] = job->network.n;
    s->profile_range[1] = n_profiles;
    return PAL_OK;
}

/* Tables and network with their first values: rows of unit length on average, so that logits begin
 * near 0 but not at it. */
static pal_status tower_open_tables(tower_job *job, int64_t batch, pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    tower_state *s = job->s;
    int32_t d = (int32_t)job->p->factors, n_items = job->log->n_items,
            n_item_features = job->item_fields.n_features,
            n_user_features = job->user_fields.n_features;
    float *items = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_items *(d + 1)),
          *of_items = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_item_features *(d + 1)),
          *of_users = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_user_features *d);
    if (!items || !of_items || !of_users)
        return pal_fail_memory(ctx, "two_tower", 4.0 * n_items * (d + 1));
    TRY(pal_parameters_open(ctx, "two_tower", TOWER_CHUNKS, job->arena, scratch, &job->network));
    s->network = job->network.values;
    TRY(tower_make_state(job));
    TRY(pal_table_open(ctx, "two_tower", s->history, n_items, d, batch * job->n_entries, scratch,
                       &job->history));
    TRY(pal_table_open(ctx, "two_tower", items, n_items, d + 1, job->n_candidates, scratch,
                       &job->items));
    TRY(pal_table_open(ctx, "two_tower", of_items, n_item_features, d + 1,
                       job->n_candidates * job->most_features, scratch, &job->item_features));
    TRY(pal_table_open(ctx, "two_tower", of_users, n_user_features, d, batch * job->most_profile,
                       scratch, &job->user_features));
    double deviation = 1 / sqrt(d);
    pal_mlp_draw(&s->mlp, ctx->seed, "network of two_tower", job->network.values);
    pal_draw_normal(ctx->seed, "history of two_tower", s->history, (int64_t)n_items * d, deviation);
    pal_draw_normal(ctx->seed, "items of two_tower", items, (int64_t)n_items * (d + 1),
                    0.1 * deviation);
    pal_draw_normal(ctx->seed, "features of two_tower", of_items,
                    (int64_t)n_item_features * (d + 1), 0.1 * deviation);
    pal_draw_normal(ctx->seed, "profiles of two_tower", of_users, (int64_t)n_user_features * d,
                    deviation);
    return PAL_OK;
}

static bool tower_open_batch(tower_job *job, int64_t batch, pal_arena *scratch) {
    int64_t d = job->p->factors, entries = batch * job->n_entries,
            profile = batch * job->most_profile, c = job->n_candidates,
            features = c * job->most_features;
    job->rows = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    job->sources = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    job->row_weights = PAL_ARENA_ARRAY(scratch, float, entries);
    job->profile_rows = PAL_ARENA_ARRAY(scratch, int32_t, profile);
    job->profile_sources = PAL_ARENA_ARRAY(scratch, int32_t, profile);
    job->profile_weights = PAL_ARENA_ARRAY(scratch, float, profile);
    job->x = PAL_ARENA_ARRAY(scratch, float, batch * job->n_parts * d);
    job->dx = PAL_ARENA_ARRAY(scratch, float, batch * job->n_parts * d);
    job->room = PAL_ARENA_ARRAY(scratch, float, batch *pal_mlp_room(&job->s->mlp));
    job->user = PAL_ARENA_ARRAY(scratch, float, batch *(d + 1));
    job->d_user = PAL_ARENA_ARRAY(scratch, float, batch *(d + 1));
    job->d_out = PAL_ARENA_ARRAY(scratch, float, batch *d);
    job->targets = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    job->amounts = PAL_ARENA_ARRAY(scratch, float, batch);
    job->people = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    job->begins = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
    job->candidates = PAL_ARENA_ARRAY(scratch, int32_t, c);
    job->vectors = PAL_ARENA_ARRAY(scratch, float, c *(d + 1));
    job->d_vectors = PAL_ARENA_ARRAY(scratch, float, c *(d + 1));
    job->log_q = PAL_ARENA_ARRAY(scratch, float, c);
    job->log_counts = PAL_ARENA_ARRAY(scratch, float, job->log->n_items);
    job->feature_rows = PAL_ARENA_ARRAY(scratch, int32_t, features);
    job->feature_sources = PAL_ARENA_ARRAY(scratch, int32_t, features);
    job->feature_weights = PAL_ARENA_ARRAY(scratch, float, features);
    job->shared.logits = PAL_ARENA_ARRAY(scratch, float, job->is_full ? 0 : batch *c);
    return job->rows && job->sources && job->row_weights && job->profile_rows &&
           job->profile_sources && job->profile_weights && job->x && job->dx && job->room &&
           job->user && job->d_user && job->d_out && job->targets && job->amounts && job->people &&
           job->begins && job->candidates && job->vectors && job->d_vectors && job->log_q &&
           job->log_counts && job->feature_rows && job->feature_sources && job->feature_weights &&
           job->shared.logits;
}

/* What does not change from batch to batch. */
static void tower_fill_batch(tower_job *job, int64_t batch) {
    for (int64_t r = 0; r < batch; r++) {
        for (int32_t e = 0; e < job->n_entries; e++)
            job->sources[r * job->n_entries + e] =
                (int32_t)(r * job->n_parts + (e >= job->p->history));
        for (int32_t e = 0; e < job->most_profile; e++)
            job->profile_sources[r * job->most_profile + e] = (int32_t)((r + 1) * job->n_parts - 1);
    }
    for (int64_t r = 0; r <= batch; r++) job->begins[r] = r;
    for (int64_t e = 0; e < job->n_examples; e++)
        job->log_counts[job->log->items[job->events[e]]] += 1;
    for (int32_t i = 0; i < job->log->n_items; i++)
        job->log_counts[i] = logf(job->log_counts[i] / (float)job->n_examples);
    for (int64_t c = 0; job->is_full && c < job->n_candidates; c++) job->candidates[c] = (int32_t)c;
}

static pal_status tower_open_loss(tower_job *job, pal_arena *scratch) {
    int32_t width = (int32_t)job->p->factors + 1;
    if (!job->is_full) {
        float *logits = job->shared.logits;
        job->shared = (pal_shared){.width = width,
                                   .items = job->candidates,
                                   .used = &job->used,
                                   .people = job->people,
                                   .vectors = job->vectors,
                                   .log_q = job->log_q,
                                   .amounts = job->amounts,
                                   .hidden = job->user,
                                   .d_hidden = job->d_user,
                                   .d_vectors = job->d_vectors,
                                   .logits = logits};
        return PAL_OK;
    }
    TRY(pal_softmax_open(job->ctx, "two_tower", job->log->n_items, width, scratch, &job->softmax));
    job->softmax.weights = job->vectors;
    job->softmax.d_weights = job->d_vectors;
    job->softmax.hidden = job->user;
    job->softmax.d_hidden = job->d_user;
    job->softmax.begins = job->begins;
    job->softmax.ends = job->begins + 1;
    job->softmax.targets = job->targets;
    job->softmax.amounts = job->amounts;
    tower_touch_candidates(job);
    return PAL_OK;
}

static pal_status tower_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    const tower_params *p = params;
    const pal_log *log = train->log;
    tower_job job = {.ctx = ctx,
                     .arena = arena,
                     .p = p,
                     .log = log,
                     .s = state,
                     .past = tower_past(p),
                     .is_full = tower_is_full(p, log->n_items),
                     .seed = pal_seed_for(ctx->seed, "examples of two_tower")};
    TRY(tower_list_examples(&job, scratch));
    if (!job.is_full) TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &job.used));
    TRY(pal_fields_make(ctx, train->items, log->about.item_ids, log->n_items, scratch,
                        &job.item_fields));
    const pal_catalog *profiles = p->hide_profile < 1 ? train->users : NULL;
    TRY(pal_fields_make(ctx, profiles, log->about.user_ids, log->n_users, scratch,
                        &job.user_fields));
    int64_t batch = p->batch < job.n_examples ? p->batch : job.n_examples;
    job.most_features = pal_fields_most(&job.item_fields);
    job.most_profile = pal_fields_most(&job.user_fields);
    job.n_parts = tower_n_parts(p, job.user_fields.n_fields > 0);
    job.n_entries = pal_past_entries(&job.past);
    job.n_candidates =
        job.is_full ? log->n_items : batch + (p->loss == TOWER_BATCH ? 0 : p->negatives);
    tower_plan(p, job.user_fields.n_fields > 0, &job.network, &job.s->mlp);
    TRY(tower_open_tables(&job, batch, scratch));
    if (!tower_open_batch(&job, batch, scratch))
        return pal_fail_memory(ctx, "two_tower", 12.0 * (double)(batch * job.n_entries));
    tower_fill_batch(&job, batch);
    TRY(tower_open_loss(&job, scratch));
    pal_training training = {
        .kind = "two_tower",
        .epochs = p->epochs,
        .n_examples = job.n_examples,
        .batch = batch,
        .learning_rate = p->learning_rate,
        .tolerance = p->tolerance,
        .parameters = {&job.network},
        .tables = {&job.history, &job.items, &job.item_features, &job.user_features},
        .step = tower_step,
        .publish = tower_publish,
        .arg = &job};
    return pal_training_run(ctx, &training, scratch);
}

/* A file may be damaged on purpose: the sizes that it tells must be those of the network. */
static pal_status tower_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    const tower_params *p = params;
    tower_state *s = state;
    pal_parameters network = {0};
    int64_t n_profiles = s->profile_range[1];
    tower_plan(p, n_profiles > 0, &network, &s->mlp);
    if (s->network_range[1] != network.n ||
        (n_profiles && n_profiles != (s->n_users + INT64_C(1)) * p->factors))
        return pal_fail(ctx, PAL_EFORMAT,
                        "two_tower: the model's network does not fit: train it again");
    return pal_panels_pack_rows(ctx, "two_tower", s->items, &s->small_items, s->n_items,
                                (int32_t)p->factors + 1, arena, &s->panels, &s->packed);
}

/* --- scores --- */

typedef struct {
    int32_t *rows;
    float *weights, *x, *room, *users;
} tower_scratch;

static size_t tower_carve(const tower_params *p, const tower_state *s, int32_t n_queries,
                          void *scratch, tower_scratch *out) {
    pal_past past = tower_past(p);
    size_t d = (size_t)p->factors, entries = (size_t)pal_past_entries(&past),
           sizes[] = {entries, entries, 3 * d, (size_t)pal_mlp_room(&s->mlp),
                      (size_t)n_queries * (d + 1)},
           at = 0;
    void *parts[5];
    for (int32_t i = 0; i < 5; i++) {
        parts[i] = scratch ? (char *)scratch + at : NULL;
        at += pal_scratch_round(4 * sizes[i]);
    }
    if (out) *out = (tower_scratch){parts[0], parts[1], parts[2], parts[3], parts[4]};
    return at;
}

static size_t tower_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    return tower_carve(params, state, n_queries, NULL, NULL);
}

/* As tower_sum_history, of small rows; room [factors]. */
static void tower_sum_small(const tower_params *p, const tower_state *s, const int32_t *rows,
                            const float *weights, float *room, float *x) {
    int64_t d = p->factors, n = p->history + p->recent;
    memset(x, 0, (size_t)(d * (p->recent > 0 ? 2 : 1)) * sizeof *x);
    for (int64_t e = 0; e < n; e++) {
        if (rows[e] < 0) continue;
        pal_small_read(&s->small_history, rows[e], room);
        pal_loops_best()->add_scaled(x + (e < p->history ? 0 : d), room, weights[e], d);
    }
}

/* One person at a time, so that a batch gives the same bits. */
static void tower_user(const tower_params *p, const tower_state *s, const pal_query *query,
                       const tower_scratch *scratch, float *user) {
    int64_t d = p->factors;
    bool has_profiles = s->profile_range[1] > 0;
    pal_past past = tower_past(p);
    pal_past_of_items(&past, query->items, query->n_events, scratch->rows, scratch->weights);
    if (s->history)
        tower_sum_history(p, s->history, scratch->rows, scratch->weights, scratch->x);
    else
        tower_sum_small(p, s, scratch->rows, scratch->weights, user, scratch->x);
    int64_t row = query->user_plus_1 > 0 ? query->user_plus_1 - 1 : s->n_users;
    if (has_profiles)
        memcpy(scratch->x + (tower_n_parts(p, true) - 1) * d, s->profiles + row * d,
               (size_t)d * sizeof *user);
    const float *out = pal_mlp_forward(&s->mlp, s->network, scratch->x, 1, scratch->room);
    memcpy(user, out, (size_t)d * sizeof *user);
    user[d] = 1;
}

static void tower_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    const tower_params *p = params;
    const tower_state *s = state;
    tower_scratch carved;
    tower_carve(p, s, n_queries, scratch, &carved);
    for (int32_t q = 0; q < n_queries; q++)
        tower_user(p, s, &queries[q], &carved, carved.users + q * (p->factors + 1));
    pal_panels_score(&s->packed, carved.users, n_queries, NULL, scores);
}

static int32_t tower_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    const tower_params *p = params;
    tower_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    const pal_tensor all[] = {
        {"history",
         PAL_F32,
         2,
         {n_items, p->factors},
         (void **)&s->history,
         PAL_ROLE_DATA,
         0,
         &s->small_history},
        {"items",
         PAL_F32,
         2,
         {n_items, p->factors + 1},
         (void **)&s->items,
         PAL_ROLE_ITEMS,
         0,
         &s->small_items},
        {"network_range", PAL_I64, 1, {2}, (void **)&s->network_range, PAL_ROLE_STARTS, 0, NULL},
        {"network", PAL_F32, 1, {-1}, (void **)&s->network, PAL_ROLE_DATA, 0, NULL},
        {"profile_range", PAL_I64, 1, {2}, (void **)&s->profile_range, PAL_ROLE_STARTS, 0, NULL},
        {"profiles", PAL_F32, 1, {-1}, (void **)&s->profiles, PAL_ROLE_DATA, 0, NULL},
    };
    memcpy(tensors, all, sizeof all);
    return sizeof all / sizeof *all;
}

static void tower_estimate(const void *params, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    const tower_params *p = params;
    pal_past past = tower_past(p);
    pal_parameters network = {0};
    pal_mlp mlp;
    tower_plan(p, true, &network, &mlp);
    bool is_full = tower_is_full(p, log->n_items);
    double width = (double)p->factors + 1, entries = pal_past_entries(&past),
           candidates = is_full ? log->n_items : (double)(p->batch + p->negatives),
           epochs = p->patience > 0 ? (double)p->epochs / 3 : (double)p->epochs,
           batch = (double)p->batch;
    double event = (is_full ? 4 : 3) * candidates * width + 3 * pal_mlp_work(&mlp);
    out->seconds =
        epochs * (double)log->n_events * (event / 8e10 + entries * width * 0.3e-9) / n_threads;
    out->bytes =
        24 * (double)log->n_events + 4 * batch * (6.0 * width + (double)pal_mlp_room(&mlp)) +
        16 * batch * entries + pal_parameters_bytes(network.n, TOWER_CHUNKS) +
        2 * pal_table_bytes(log->n_items, width, batch * entries) + 8 * candidates * width +
        (is_full ? pal_softmax_bytes(log->n_items, width, n_threads) : 4 * batch * candidates) +
        8.0 * log->n_items * width;
}

const pal_kind pal_kind_two_tower = {
    .name = "two_tower",
    .family = "neural",
    .summary = "a network that turns a history and a profile into a row, and a row for each item "
               "with its features",
    .paper = "Covington, Adams, Sargin: Deep neural networks for YouTube recommendations, RecSys "
             "2016",
    .derivation =
        "With z_j = u·v_j and L = log Σ_j exp(z_j - log q_j) - (z_i - log q_i) for the used item "
        "i: ∂L/∂z_j = p_j - [j = i] with p the softmax of z - log q, so ∂L/∂u = Σ_j (p_j - "
        "[j = i]) v_j and ∂L/∂v_j = (p_j - [j = i]) u. A row of an item's features and of a "
        "history takes the derivative of the sum that it is part of, times its weight there; the "
        "network passes ∂L/∂u on by ∂L/∂h' = Wᵀ (∂L/∂h ∘ f')."
        " On MovieLens 100K, split at random within users, it stands under bpr "
        "(ndcg@10 .280 against .317, validation .236 against .252; ranker .301, "
        "deepfm .312). One difference, not yet measured alone: the softmax over all "
        "items counts what else the person used as not wanted, which the other three "
        "never draw. On the leave_last split, with layers=128, recent=10 gives .109, "
        "context=before without it .062, bpr .064.",
    .represents = "the newest items used, summed, and the profile, through a network to {factors} "
                  "numbers | a row of {factors} numbers and its features'",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_USES_ORDER,
    .params = tower_table,
    .params_size = sizeof(tower_params),
    .state_size = sizeof(tower_state),
    .fit = tower_fit,
    .prepare = tower_prepare,
    .scratch_bytes = tower_scratch_bytes,
    .score = tower_score,
    .tensors = tower_tensors,
    .estimate = tower_estimate,
};
