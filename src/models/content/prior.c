/* prior.c - how much popularity weighs beside likeness, learned from the last items of some people.
 *
 * With two weights the likelihood is concave; Newton's steps are halved until it rises. */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "models/content/prior.h"

enum { PRIOR_PEOPLE = 1024, PRIOR_ITEMS = 1000, PRIOR_STEPS = 30 };
static const double prior_largest = 100, prior_ridge = 1e-5;

typedef struct {
    const pal_prior_input *input;
    int32_t n_people, n_items;    /* asked; what the hidden item stands among, itself included */
    const int32_t *people;        /* [n_people] users */
    float *likeness, *popularity; /* [n_people, n_items], the hidden item first */
    void **scratch;               /* [threads] */
    float **scores;               /* [threads][log's items] */
    int32_t **history;            /* [threads][longest] */
    float **values;
    int64_t **times;
} prior_job;

/* --- what is seen of each person --- */

/* The history without the last item, into the worker's arrays. */
static pal_query prior_query(const prior_job *job, int32_t user, int32_t worker) {
    const pal_log *log = job->input->log;
    int64_t begin = log->starts[user], end = log->starts[user + 1];
    int32_t hidden = log->items[end - 1];
    pal_query query = {.items = job->history[worker],
                       .values = log->values ? job->values[worker] : NULL,
                       .times = log->times ? job->times[worker] : NULL,
                       .now = log->times ? log->times[end - 1] : 0};
    for (int64_t e = begin; e < end; e++) {
        if (log->items[e] == hidden) continue;
        job->history[worker][query.n_events] = log->items[e];
        if (log->values) job->values[worker][query.n_events] = log->values[e];
        if (log->times) job->times[worker][query.n_events] = log->times[e];
        query.n_events++;
    }
    return query;
}

/* The popularity that the item has without this person. */
static float prior_without(const prior_job *job, int32_t item) {
    double scale = log1p(job->input->most),
           n = expm1((double)job->input->popularity[item] * scale) - 1;
    return n > 0 ? (float)(log1p(n) / scale) : 0;
}

static void prior_look(void *arg, int64_t person, int32_t worker) {
    const prior_job *job = arg;
    const pal_prior_input *input = job->input;
    const pal_log *log = input->log;
    int32_t user = job->people[person], n_all = input->n_seen,
            hidden = log->items[log->starts[user + 1] - 1];
    pal_query query = prior_query(job, user, worker);
    float *scores = job->scores[worker], *likeness = job->likeness + person * job->n_items,
          *popularity = job->popularity + person * job->n_items;
    input->likeness(input->arg, &query, job->scratch[worker], scores);
    likeness[0] = scores[hidden];
    popularity[0] = prior_without(job, hidden);
    for (int32_t e = 0; e < query.n_events; e++) scores[query.items[e]] = -INFINITY;
    scores[hidden] = -INFINITY;
    pal_rng rng = pal_rng_at(1, (uint64_t)person); /* of no seed: the same for all */
    for (int32_t i = 1; i < job->n_items; i++) {
        int32_t item = n_all <= PRIOR_ITEMS ? i - 1 : (int32_t)pal_rng_below(&rng, (uint32_t)n_all);
        likeness[i] = scores[item];
        popularity[i] = input->popularity[item];
    }
}

/* --- two weights --- */

typedef struct {
    double likelihood, slope[2], curve[3]; /* curve: aa, ab, bb, of its negative */
} prior_sums;

static void prior_add(const prior_job *job, int32_t person, const double w[2], prior_sums *out) {
    const float *s = job->likeness + (int64_t)person * job->n_items,
                *q = job->popularity + (int64_t)person * job->n_items;
    double top = -INFINITY, total = 0, mean[2] = {0}, square[3] = {0};
    for (int32_t i = 0; i < job->n_items; i++) {
        double x = w[0] * (double)s[i] + w[1] * (double)q[i];
        if (isfinite(s[i]) && x > top) top = x;
    }
    for (int32_t i = 0; i < job->n_items; i++) {
        if (!isfinite(s[i])) continue; /* used before */
        double a = (double)s[i], b = (double)q[i], p = exp(w[0] * a + w[1] * b - top);
        total += p;
        mean[0] += p * a;
        mean[1] += p * b;
        square[0] += p * a * a;
        square[1] += p * a * b;
        square[2] += p * b * b;
    }
    mean[0] /= total;
    mean[1] /= total;
    out->likelihood += w[0] * (double)s[0] + w[1] * (double)q[0] - top - log(total);
    out->slope[0] += (double)s[0] - mean[0];
    out->slope[1] += (double)q[0] - mean[1];
    out->curve[0] += square[0] / total - mean[0] * mean[0];
    out->curve[1] += square[1] / total - mean[0] * mean[1];
    out->curve[2] += square[2] / total - mean[1] * mean[1];
}

/* With a little of the weights' squares taken off, so that there is one maximum. */
static prior_sums prior_sum(const prior_job *job, const double w[2]) {
    prior_sums sums = {0};
    for (int32_t person = 0; person < job->n_people; person++) prior_add(job, person, w, &sums);
    double ridge = prior_ridge * job->n_people;
    sums.likelihood -= ridge / 2 * (w[0] * w[0] + w[1] * w[1]);
    for (int32_t d = 0; d < 2; d++) sums.slope[d] -= ridge * w[d];
    sums.curve[0] += ridge;
    sums.curve[2] += ridge;
    return sums;
}

static void prior_climb(const prior_job *job, double w[2]) {
    prior_sums at = prior_sum(job, w);
    for (int32_t step = 0; step < PRIOR_STEPS; step++) {
        double det = at.curve[0] * at.curve[2] - at.curve[1] * at.curve[1];
        double move[2] = {(at.curve[2] * at.slope[0] - at.curve[1] * at.slope[1]) / det,
                          (at.curve[0] * at.slope[1] - at.curve[1] * at.slope[0]) / det};
        double share = 1;
        prior_sums next = at;
        for (; share > 1e-4; share /= 2) {
            const double to[2] = {w[0] + share * move[0], w[1] + share * move[1]};
            next = prior_sum(job, to);
            if (next.likelihood > at.likelihood) break;
        }
        if (!(next.likelihood > at.likelihood)) return;
        double rise = next.likelihood - at.likelihood;
        for (int32_t d = 0; d < 2; d++) w[d] += share * move[d];
        at = next;
        if (rise < 1e-6 * job->n_people) return;
    }
}

/* --- the whole --- */

/* People of two different items and more, spread evenly. */
static int32_t prior_choose(const pal_log *log, int32_t *people) {
    int32_t n = 0, wanted = log->n_users < PRIOR_PEOPLE ? log->n_users : PRIOR_PEOPLE;
    for (int32_t i = 0; i < wanted; i++) {
        int32_t user = (int32_t)((int64_t)i * log->n_users / wanted);
        for (int64_t e = log->starts[user]; e < log->starts[user + 1]; e++) {
            if (log->items[e] == log->items[log->starts[user + 1] - 1]) continue;
            people[n++] = user;
            break;
        }
    }
    return n;
}

static bool prior_alloc(prior_job *job, pal_arena *arena, int32_t n_threads) {
    const pal_log *log = job->input->log;
    int64_t longest = pal_log_longest(log), n_cells = (int64_t)job->n_people * job->n_items;
    job->likeness = PAL_ARENA_ARRAY(arena, float, n_cells);
    job->popularity = PAL_ARENA_ARRAY(arena, float, n_cells);
    job->scratch = PAL_ARENA_ARRAY(arena, void *, n_threads);
    job->scores = PAL_ARENA_ARRAY(arena, float *, n_threads);
    job->history = PAL_ARENA_ARRAY(arena, int32_t *, n_threads);
    job->values = PAL_ARENA_ARRAY(arena, float *, n_threads);
    job->times = PAL_ARENA_ARRAY(arena, int64_t *, n_threads);
    bool is_whole = job->likeness && job->popularity && job->scratch && job->scores &&
                    job->history && job->values && job->times;
    for (int32_t t = 0; is_whole && t < n_threads; t++) {
        job->scratch[t] = pal_arena_alloc(arena, (int64_t)job->input->scratch_bytes, 1);
        job->scores[t] = PAL_ARENA_ARRAY(arena, float, log->n_items);
        job->history[t] = PAL_ARENA_ARRAY(arena, int32_t, longest);
        job->values[t] = PAL_ARENA_ARRAY(arena, float, longest);
        job->times[t] = PAL_ARENA_ARRAY(arena, int64_t, longest);
        is_whole =
            job->scratch[t] && job->scores[t] && job->history[t] && job->values[t] && job->times[t];
    }
    return is_whole;
}

pal_status pal_prior_learn(pal_ctx *ctx, const char *what, const pal_prior_input *input,
                           pal_arena *scratch, double *out) {
    int32_t *people = PAL_ARENA_ARRAY(scratch, int32_t, PRIOR_PEOPLE), n_seen = input->n_seen;
    prior_job job = {.input = input, .people = people};
    job.n_people = people ? prior_choose(input->log, people) : 0;
    job.n_items = 1 + (n_seen < PRIOR_ITEMS ? n_seen : PRIOR_ITEMS);
    bool is_whole = people && prior_alloc(&job, scratch, pal_pool_threads(ctx->pool));
    double w[2] = {1, 1};
    if (is_whole) {
        pal_parallel(ctx->pool, job.n_people, prior_look, &job);
        if (job.n_people) prior_climb(&job, w);
        /* Likeness that says nothing leaves popularity alone. */
        double prior = w[0] > 0 ? w[1] / w[0] : prior_largest;
        *out = prior > prior_largest ? prior_largest : prior > 0 ? prior : 0;
    }
    return is_whole ? PAL_OK : pal_fail_memory(ctx, what, 8.0 * PRIOR_PEOPLE * (double)PRIOR_ITEMS);
}

pal_status pal_prior_count(pal_ctx *ctx, const pal_log *log, pal_arena *scratch, float *popularity,
                           double *most) {
    pal_csr pairs;
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    float largest = 1;
    for (int64_t e = 0; e < pairs.starts[pairs.n_rows]; e++) {
        popularity[pairs.cols[e]] += 1;
        if (popularity[pairs.cols[e]] > largest) largest = popularity[pairs.cols[e]];
    }
    for (int32_t i = 0; i < log->n_items; i++)
        popularity[i] = (float)(log1p((double)popularity[i]) / log1p((double)largest));
    *most = (double)largest;
    return PAL_OK;
}

double pal_prior_bytes(const pal_log *log, double scratch_bytes, int32_t n_threads) {
    double people = log->n_users < PRIOR_PEOPLE ? log->n_users : PRIOR_PEOPLE,
           among = log->n_items < PRIOR_ITEMS ? log->n_items : PRIOR_ITEMS,
           of_thread = scratch_bytes + 4.0 * log->n_items + 16.0 * (double)pal_log_longest(log);
    return 16.0 * (double)log->n_events + 8 * people * (among + 1) + of_thread * n_threads + 1e5;
}
