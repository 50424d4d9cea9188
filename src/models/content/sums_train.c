/* sums_train.c - data, tables and epochs of sums.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "models/content/sums_train.h"
#include "nn/adam.h"
#include "nn/parameters.h"

enum { SUMS_USERS = 512 /* whose pairs one stream deals */ };
static const double sums_deviation = 0.02; /* of first rows */

/* --- data --- */

/* The value of a pair is that of its newest event. */
static pal_status sums_take_values(pal_sums_job *job, const pal_log *log, pal_arena *scratch) {
    int64_t n = job->used.starts[log->n_users];
    if (!log->values) {
        return pal_fail(
            job->ctx, PAL_EDATA,
            "%s: loss=squared needs values, and the log has none: use loss=bpr, or name "
            "a value column",
            job->form->name);
    }
    job->targets = PAL_ARENA_ARRAY(scratch, float, n);
    if (!job->targets) return pal_fail_memory(job->ctx, job->form->name, 4.0 * (double)n);
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            int64_t at = pal_row_find(job->used.cols, job->used.starts[u], job->used.starts[u + 1],
                                      log->items[e]);
            if (at >= 0) job->targets[at] = log->values[e];
        }
    }
    for (int64_t e = 0; e < n; e++) job->mean += (double)job->targets[e] / (double)n;
    for (int64_t e = 0; e < n; e++) job->targets[e] = (float)((double)job->targets[e] - job->mean);
    return PAL_OK;
}

/* Groups of a user's pairs: at most half of them, so that something is left to tell who he is. */
static pal_status sums_group(pal_sums_job *job, pal_arena *scratch) {
    const int64_t *starts = job->used.starts;
    int64_t n_pairs = starts[job->n_users];
    for (int32_t pass = 0; pass < 2; pass++) {
        job->n_groups = 0;
        for (int32_t u = 0; u < job->n_users; u++) {
            int64_t n = starts[u + 1] - starts[u], size = (n + 1) / 2;
            if (size > job->o->group) size = job->o->group;
            for (int64_t at = 0; at < n; at += size) {
                if (pass) job->group_users[job->n_groups] = u;
                if (pass) job->group_starts[job->n_groups] = starts[u] + at;
                job->n_groups++;
                if (size > job->most_pairs) job->most_pairs = (int32_t)size;
            }
        }
        if (pass) break;
        job->group_users = PAL_ARENA_ARRAY(scratch, int32_t, job->n_groups);
        job->group_starts = PAL_ARENA_ARRAY(scratch, int64_t, job->n_groups + 1);
        job->order = PAL_ARENA_ARRAY(scratch, int32_t, n_pairs);
        if (!job->group_users || !job->group_starts || !job->order)
            return pal_fail_memory(job->ctx, job->form->name, 16.0 * (double)n_pairs);
    }
    job->group_starts[job->n_groups] = n_pairs;
    return PAL_OK;
}

static void sums_deal_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const pal_sums_job *job = arg;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "groups of sums"),
                             ((uint64_t)job->epoch << 32) + (uint64_t)chunk);
    int64_t last =
        (chunk + 1) * SUMS_USERS < job->n_users ? (chunk + 1) * SUMS_USERS : job->n_users;
    for (int64_t u = chunk * SUMS_USERS; u < last; u++) {
        int64_t begin = job->used.starts[u];
        int32_t n = (int32_t)(job->used.starts[u + 1] - begin);
        for (int32_t i = 0; i < n; i++) job->order[begin + i] = i;
        pal_rng_shuffle(&rng, job->order + begin, n);
    }
}

void pal_sums_deal(pal_sums_job *job, int64_t epoch) {
    job->epoch = epoch;
    pal_parallel(job->ctx->pool, (job->n_users + SUMS_USERS - 1) / SUMS_USERS, sums_deal_chunk,
                 job);
}

static pal_status sums_look_at_data(pal_sums_job *job, const pal_train_input *train,
                                    pal_arena *scratch) {
    const pal_log *log = train->log;
    TRY(pal_log_pairs(job->ctx, log, UINT32_MAX, scratch, &job->used));
    int64_t n = job->used.starts[log->n_users];
    double sum = 0;
    for (int64_t e = 0; job->used.values && e < n; e++) sum += (double)job->used.values[e];
    job->mean_weight = sum > 0 ? sum / (double)n : 1;
    if (job->o->loss == PAL_SUMS_SQUARED) TRY(sums_take_values(job, log, scratch));
    TRY(pal_fields_make_of_items(job->ctx, job->form->name, train, job->o->words, scratch,
                                 &job->item_fields));
    TRY(pal_fields_make(job->ctx, train->users, log->about.user_ids, log->n_users, log->n_users,
                        scratch, &job->user_fields));
    return sums_group(job, scratch);
}

/* --- tables --- */

static pal_status sums_open_bank(pal_sums_job *job, pal_sums_bank_name name, int32_t n_rows,
                                 int64_t n_sums, int32_t most, float *values, pal_arena *scratch) {
    static const char *const purposes[] = {"rows of people", "rows of profiles",
                                           "rows of histories", "rows of items",
                                           "rows of features"};
    pal_sums_bank *bank = &job->banks[name];
    int64_t n = n_sums * most;
    bank->most = n_rows ? most : 0;
    bank->decay = name == PAL_BANK_PROFILES || name == PAL_BANK_FEATURES ? job->o->decay_features
                                                                         : job->o->decay_own;
    bank->rows = PAL_ARENA_ARRAY(scratch, int32_t, n);
    bank->sources = PAL_ARENA_ARRAY(scratch, int32_t, n);
    bank->weights = PAL_ARENA_ARRAY(scratch, float, n);
    if (!values) values = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_rows * job->width);
    if (!bank->rows || !bank->sources || !bank->weights || !values)
        return pal_fail_memory(job->ctx, job->form->name,
                               12.0 * (double)n + 4.0 * (double)n_rows * job->width);
    for (int64_t e = 0; e < n; e++) bank->sources[e] = (int32_t)(e / most);
    TRY(pal_table_open(job->ctx, job->form->name, values, n_rows, job->width, n, scratch,
                       &bank->table));
    pal_draw_normal(job->ctx->seed, purposes[name], values, (int64_t)n_rows * job->width,
                    sums_deviation);
    for (int32_t r = 0; r < n_rows; r++) values[(int64_t)r * job->width + job->k] = 0;
    return PAL_OK;
}

static pal_status sums_open_batch(pal_sums_job *job, int64_t batch, pal_arena *scratch) {
    int64_t things = 2 * batch * job->most_pairs;
    if (things < PAL_SUMS_CHUNKS) things = PAL_SUMS_CHUNKS; /* room to publish in */
    job->people = PAL_ARENA_ARRAY(scratch, float, batch * job->width);
    job->d_people = PAL_ARENA_ARRAY(scratch, float, batch * job->width);
    job->things = PAL_ARENA_ARRAY(scratch, float, things * job->width);
    job->d_things = PAL_ARENA_ARRAY(scratch, float, things * job->width);
    job->people_pulls = PAL_ARENA_ARRAY(scratch, float, batch);
    job->thing_pulls = PAL_ARENA_ARRAY(scratch, float, things);
    if (job->people && job->d_people && job->things && job->d_things && job->people_pulls &&
        job->thing_pulls)
        return PAL_OK;
    return pal_fail_memory(job->ctx, job->form->name, 8.0 * (double)things * job->width);
}

/* The longest history that a group can see. */
static int32_t sums_longest(const pal_sums_job *job) {
    int64_t most = 1;
    for (int32_t u = 0; u < job->n_users; u++) {
        int64_t n = job->used.starts[u + 1] - job->used.starts[u];
        if (n > most) most = n;
    }
    return (int32_t)(most < job->o->history ? most : job->o->history);
}

static pal_status sums_open_state(pal_sums_job *job) {
    pal_sums_state *s = job->s;
    pal_arena *arena = job->arena;
    int64_t k = job->k, n_features = job->item_fields.n_features;
    s->n_users = job->n_users;
    s->n_items = job->n_items;
    s->users = PAL_ARENA_ARRAY(arena, float, job->n_users *k);
    s->user_constants = PAL_ARENA_ARRAY(arena, float, job->n_users);
    s->items = PAL_ARENA_ARRAY(arena, float, job->n_items *k);
    s->item_constants = PAL_ARENA_ARRAY(arena, float, job->n_items);
    s->stranger = PAL_ARENA_ARRAY(arena, float, k + 2);
    s->history = job->form->has_history
                     ? PAL_ARENA_ARRAY(arena, float, (int64_t)job->n_items * job->width)
                     : NULL;
    s->features = PAL_ARENA_ARRAY(arena, float, n_features * job->width);
    s->profiles = PAL_ARENA_ARRAY(arena, float, (int64_t)job->user_fields.n_features * job->width);
    s->facts = PAL_ARENA_ARRAY(arena, double, PAL_SUMS_FACTS);
    s->feature_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    if (!s->users || !s->user_constants || !s->items || !s->item_constants || !s->stranger ||
        (job->form->has_history && !s->history) || !s->features || !s->profiles || !s->facts ||
        !s->feature_range)
        return pal_fail_memory(job->ctx, job->form->name,
                               4.0 * (double)k * (job->n_users + 2.0 * job->n_items));
    s->feature_range[1] = n_features;
    s->facts[PAL_SUMS_PREDICTS_VALUES] = job->o->loss == PAL_SUMS_SQUARED;
    s->facts[PAL_SUMS_MEAN] = job->mean;
    s->facts[PAL_SUMS_N_SEEN] = job->n_seen;
    return PAL_OK;
}

/* What items are made of, and what their features are called. */
static pal_status sums_keep_features(pal_sums_job *job) {
    pal_sums_state *s = job->s;
    const pal_fields *fields = &job->item_fields;
    int64_t n_cells = (int64_t)fields->n_rows * fields->n_fields, n = 0, n_bytes = 0;
    if (n_cells) n = fields->starts[n_cells];
    for (int32_t f = 0; f < fields->n_features; f++)
        n_bytes += (int64_t)strlen(fields->names[f]) + 1;
    s->item_starts = PAL_ARENA_ARRAY(job->arena, int64_t, (int64_t)job->n_items + 1);
    s->item_features = PAL_ARENA_ARRAY(job->arena, int32_t, n);
    s->item_weights = PAL_ARENA_ARRAY(job->arena, float, n);
    s->name_starts = PAL_ARENA_ARRAY(job->arena, int64_t, (int64_t)fields->n_features + 1);
    s->name_bytes = PAL_ARENA_ARRAY(job->arena, uint8_t, n_bytes);
    if (!s->item_starts || !s->item_features || !s->item_weights || !s->name_starts ||
        !s->name_bytes)
        return pal_fail_memory(job->ctx, job->form->name, 8.0 * (double)n + (double)n_bytes);
    for (int32_t i = 0; n_cells && i < job->n_items; i++)
        s->item_starts[i + 1] = fields->starts[((int64_t)i + 1) * fields->n_fields];
    if (n) memcpy(s->item_features, fields->features, (size_t)n * sizeof *s->item_features);
    if (n) memcpy(s->item_weights, fields->weights, (size_t)n * sizeof *s->item_weights);
    for (int32_t f = 0; f < fields->n_features; f++) {
        size_t length = strlen(fields->names[f]) + 1;
        memcpy(s->name_bytes + s->name_starts[f], fields->names[f], length);
        s->name_starts[f + 1] = s->name_starts[f] + (int64_t)length;
    }
    return PAL_OK;
}

pal_status pal_sums_open(pal_ctx *ctx, const pal_sums_form *form, const pal_sums_options *o,
                         const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                         pal_sums_state *s, pal_sums_job *job) {
    *job = (pal_sums_job){.ctx = ctx,
                          .arena = arena,
                          .form = form,
                          .o = o,
                          .s = s,
                          .k = (int32_t)o->factors,
                          .width = (int32_t)o->factors + 1,
                          .n_users = train->log->n_users,
                          .n_items = train->log->n_items,
                          .n_seen = train->n_seen_items,
                          .seed = pal_seed_for(ctx->seed, "pairs of sums")};
    TRY(sums_look_at_data(job, train, scratch));
    TRY(sums_open_state(job));
    TRY(sums_keep_features(job));
    TRY(pal_profile_code_keep(ctx, form->name, &job->user_fields, arena, &s->code));
    int64_t batch = o->batch < job->n_groups ? o->batch : job->n_groups,
            things = 2 * batch * job->most_pairs;
    TRY(sums_open_batch(job, batch, scratch));
    TRY(sums_open_bank(job, PAL_BANK_USERS, job->n_users, batch, 1, NULL, scratch));
    TRY(sums_open_bank(job, PAL_BANK_PROFILES, job->user_fields.n_features, batch,
                       pal_fields_most(&job->user_fields), s->profiles, scratch));
    TRY(sums_open_bank(job, PAL_BANK_HISTORY, form->has_history ? job->n_items : 0, batch,
                       sums_longest(job), s->history, scratch));
    /* Nothing trains what a new item in a history adds: it adds nothing. */
    if (form->has_history)
        memset(s->history + (int64_t)job->n_seen * job->width, 0,
               (size_t)(job->n_items - job->n_seen) * (size_t)job->width * sizeof *s->history);
    TRY(sums_open_bank(job, PAL_BANK_ITEMS, job->n_seen, things, 1, NULL, scratch));
    return sums_open_bank(job, PAL_BANK_FEATURES, job->item_fields.n_features, things,
                          pal_fields_most(&job->item_fields), s->features, scratch);
}

/* --- epochs --- */

static double sums_step(void *arg, const pal_step *step) {
    pal_sums_job *job = arg;
    if (step->epoch != job->epoch) pal_sums_deal(job, step->epoch);
    double loss = pal_sums_batch(job, step), n = 0;
    for (int32_t b = 0; b < PAL_BANKS; b++) {
        if (!job->banks[b].most) continue;
        bool is_of_features = b == PAL_BANK_PROFILES || b == PAL_BANK_FEATURES;
        pal_adam adam =
            pal_adam_at(step->rate * (is_of_features ? job->o->feature_rate : 1), step->number);
        adam.decay = job->banks[b].decay;
        pal_adam_table(job->ctx->pool, &adam, &job->banks[b].table);
        n += (double)job->banks[b].table.starts[job->banks[b].table.n_touched];
    }
    job->ctx->multiply_adds += 4 * n * job->width;
    return loss;
}

static void sums_publish_items(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_sums_job *job = arg;
    const float one = 1, *weights;
    const int32_t *features;
    float *sum = job->things + chunk * job->width;
    int64_t first, last;
    pal_chunk_range(job->n_items, PAL_SUMS_CHUNKS, chunk, &first, &last);
    for (int32_t i = (int32_t)first; i < last; i++) {
        memset(sum, 0, (size_t)job->width * sizeof *sum);
        float squares =
            pal_sums_add(job, &job->banks[PAL_BANK_ITEMS], &i, &one, i < job->n_seen, sum);
        int32_t n = pal_fields_all(&job->item_fields, i, &features, &weights);
        squares += pal_sums_add(job, &job->banks[PAL_BANK_FEATURES], features, weights, n, sum);
        memcpy(job->s->items + (int64_t)i * job->k, sum, (size_t)job->k * sizeof *sum);
        job->s->item_constants[i] =
            sum[job->k] + (job->form->has_products ? pal_sums_within(sum, squares, job->k) : 0);
    }
}

/* The sum of the user's row, or of what stands for a profile of which nothing is known, and of his
 * history; returns Σ w² |x|². A user without events has no row of his own. */
static float sums_publish_person(const pal_sums_job *job, int32_t user, float *sum) {
    const float *weights;
    const int32_t *features;
    int64_t begin = 0, n = 0;
    if (user >= 0) {
        begin = job->used.starts[user];
        n = job->used.starts[user + 1] - begin;
    }
    const float one = 1, share = n ? (float)(1 / sqrt((double)n)) : 0;
    memset(sum, 0, (size_t)job->width * sizeof *sum);
    float squares = pal_sums_add(job, &job->banks[PAL_BANK_USERS], &user, &one, n > 0, sum);
    int32_t n_features = pal_fields_all(&job->user_fields, user, &features, &weights);
    squares +=
        pal_sums_add(job, &job->banks[PAL_BANK_PROFILES], features, weights, n_features, sum);
    for (int64_t e = 0; job->form->has_history && e < n; e++)
        squares += pal_sums_add(job, &job->banks[PAL_BANK_HISTORY], &job->used.cols[begin + e],
                                &share, 1, sum);
    return squares;
}

static void sums_publish_users(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_sums_job *job = arg;
    float *sum = job->things + chunk * job->width;
    int64_t first, last;
    pal_chunk_range(job->n_users, PAL_SUMS_CHUNKS, chunk, &first, &last);
    for (int32_t u = (int32_t)first; u < last; u++) {
        float squares = sums_publish_person(job, u, sum);
        memcpy(job->s->users + (int64_t)u * job->k, sum, (size_t)job->k * sizeof *sum);
        job->s->user_constants[u] =
            sum[job->k] + (job->form->has_products ? pal_sums_within(sum, squares, job->k) : 0);
    }
}

static pal_status sums_publish(void *arg) {
    pal_sums_job *job = arg;
    pal_parallel(job->ctx->pool, PAL_SUMS_CHUNKS, sums_publish_items, job);
    pal_parallel(job->ctx->pool, PAL_SUMS_CHUNKS, sums_publish_users, job);
    job->s->stranger[job->width] = sums_publish_person(job, -1, job->s->stranger);
    return pal_sums_prepare(job->ctx, job->form, job->o, job->arena, job->s);
}

pal_status pal_sums_fit(pal_ctx *ctx, const pal_sums_form *form, const pal_sums_options *o,
                        const pal_train_input *train, pal_arena *arena, pal_arena *scratch,
                        pal_sums_state *s) {
    pal_sums_job job;
    TRY(pal_sums_open(ctx, form, o, train, arena, scratch, s, &job));
    pal_training training = {.kind = form->name,
                             .epochs = o->epochs,
                             .n_examples = job.n_groups,
                             .batch = o->batch < job.n_groups ? o->batch : job.n_groups,
                             .learning_rate = o->learning_rate,
                             .tolerance = o->tolerance,
                             .step = sums_step,
                             .publish = sums_publish,
                             .arg = &job};
    for (int32_t b = 0; b < PAL_BANKS; b++) training.tables[b] = &job.banks[b].table;
    return pal_training_run(ctx, &training, scratch);
}
