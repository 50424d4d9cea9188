/* emcdr_train.c - als in both domains, the map learned from who is known in both, and people's rows
 * by it. */
#include <math.h>
#include <string.h>

#include "models/train.h"
#include "models/transfer/emcdr.h"
#include "models/transfer/linear.h"

typedef struct {
    emcdr_state *s;
    const pal_log *source;
    const int32_t *rows; /* [users of the source] */
    const int32_t *from; /* [n_users] row in the source of each user, or -1 */
    pal_csr pairs;       /* of the log in question */
    int32_t n_shared;
    int32_t *shared; /* [n_shared] users with events in both */
    float *z, *y;    /* [n_shared, k] their rows there, and what these are mapped to */
    char *rooms;     /* [workers, room_bytes] */
    size_t room_bytes;
} emcdr_job;

enum { EMCDR_ROWS = 16 }; /* people of a chunk */

/* y [k]: of all rows the one whose products with the items are nearest to what the user used, 1,
 * and did not use, 0: (VᵀV)⁻¹ Σ_S V_i, VᵀV diagonal. */
static void emcdr_aim(const emcdr_state *s, const pal_csr *pairs, int32_t user, float *y) {
    int32_t k = s->side.n_factors;
    double most = 0;
    for (int32_t f = 0; f < k; f++) most = fmax(most, (double)s->side.spectrum[f]);
    for (int32_t f = 0; f < k; f++) {
        double sum = 0;
        for (int64_t e = pairs->starts[user]; e < pairs->starts[user + 1]; e++)
            sum += (double)s->side.items[(int64_t)pairs->cols[e] * s->side.width + f];
        double least = 1e-6 * most + 1e-30; /* a direction that no item has */
        y[f] = (float)(s->side.alpha0 * sum / ((double)s->side.spectrum[f] + least));
    }
}

/* The rows in the source of shared people. */
static void emcdr_fold_shared(void *arg, int64_t chunk, int32_t worker) {
    const emcdr_job *job = arg;
    const emcdr_state *s = job->s;
    emcdr_there room = {0};
    pal_emcdr_there_cut(s, job->rooms + (size_t)worker * job->room_bytes, &room);
    int32_t k = s->side.n_factors;
    for (int64_t r = chunk * EMCDR_ROWS; r < (chunk + 1) * EMCDR_ROWS && r < job->n_shared; r++) {
        int32_t user = job->shared[r], there = job->from[user];
        int64_t begin = job->source->starts[there];
        const int32_t *items;
        pal_emcdr_fold(s, job->source->items + begin,
                       (int32_t)(job->source->starts[there + 1] - begin), &room, &items);
        memcpy(job->z + r * k, room.z, (size_t)k * sizeof *room.z);
        emcdr_aim(s, &job->pairs, user, job->y + r * k);
    }
}

/* What the source foretells of a user here, of whom it is kept by which history. */
static bool emcdr_guess_user(const void *arg, int32_t user, void *memory, float *guess) {
    const emcdr_job *job = arg;
    int32_t there = job->from[user];
    if (there < 0) return false;
    emcdr_there room = {0};
    pal_emcdr_there_cut(job->s, memory, &room);
    int64_t begin = job->source->starts[there];
    int32_t n = (int32_t)(job->source->starts[there + 1] - begin);
    if (!pal_emcdr_guess(job->s, job->source->items + begin, n, &room, guess)) return false;
    job->s->marks[user] = pal_emcdr_mark(job->source->items + begin, n);
    return true;
}

/* als in the source, of which the items' rows are kept. */
static pal_status emcdr_learn_source(pal_ctx *ctx, const emcdr_params *p,
                                     const pal_train_input *train, pal_arena *arena,
                                     pal_arena *scratch, emcdr_state *s) {
    const pal_source *source = train->source;
    const pal_train_input input = {.log = source->log,
                                   .items = source->items,
                                   .users = source->users,
                                   .epochs = p->source_epochs,
                                   .deadline = train->deadline,
                                   .checkpoint = train->checkpoint};
    pal_model *model = NULL;
    pal_als_side there;
    TRY(pal_model_train(ctx, p->of, &input, &model));
    pal_status status = pal_als_side_of(ctx, "emcdr", model, scratch, &there);
    int64_t n = status == PAL_OK ? there.n_items : 0, k = s->side.n_factors;
    s->source_items = PAL_ARENA_ARRAY(arena, float, n *k);
    bool has_memory = s->source_items != NULL;
    for (int64_t i = 0; has_memory && i < n; i++)
        memcpy(s->source_items + i * k, there.items + i * there.width, (size_t)k * sizeof(float));
    if (status == PAL_OK) memcpy(s->source_spectrum, there.spectrum, (size_t)k * sizeof(float));
    s->source_range[1] = n;
    pal_model_free(model);
    if (status != PAL_OK) return status;
    return has_memory ? PAL_OK : pal_fail_memory(ctx, "emcdr", 4.0 * (double)(n * k));
}

/* Who is known in both, and what is known of him. */
static pal_status emcdr_find_shared(pal_ctx *ctx, const pal_train_input *train, pal_arena *scratch,
                                    emcdr_job *job) {
    const pal_log *log = train->log, *source = train->source->log;
    int32_t *from = PAL_ARENA_ARRAY(scratch, int32_t, log->n_users), k = job->s->side.n_factors;
    job->shared = PAL_ARENA_ARRAY(scratch, int32_t, log->n_users);
    if (!from || !job->shared) return pal_fail_memory(ctx, "emcdr", 8.0 * log->n_users);
    TRY(pal_source_user_rows(ctx, train->source, log, scratch, &job->rows));
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &job->pairs));
    memset(from, -1, (size_t)log->n_users * sizeof *from);
    for (int32_t u = 0; u < source->n_users; u++) {
        if (job->rows[u] >= 0 && source->starts[u + 1] > source->starts[u]) from[job->rows[u]] = u;
    }
    for (int32_t u = 0; u < log->n_users; u++) {
        if (from[u] >= 0 && job->pairs.starts[u + 1] > job->pairs.starts[u])
            job->shared[job->n_shared++] = u;
    }
    job->from = from;
    if (job->n_shared < 2)
        return pal_fail(ctx, PAL_EDATA,
                        "emcdr learns from people with a history in both domains, and there %s: "
                        "check --shared, or take source=off",
                        job->n_shared ? "is one" : "are none");
    job->z = PAL_ARENA_ARRAY(scratch, float, (int64_t)job->n_shared *k);
    job->y = PAL_ARENA_ARRAY(scratch, float, (int64_t)job->n_shared *k);
    int64_t n_workers = pal_pool_threads(ctx->pool);
    job->room_bytes = pal_emcdr_there_cut(job->s, NULL, NULL);
    job->rooms = pal_arena_alloc(scratch, n_workers, job->room_bytes);
    return job->z && job->y && job->rooms
               ? PAL_OK
               : pal_fail_memory(ctx, "emcdr", 8.0 * (double)job->n_shared * k);
}

/* The share of what people do here that the source must foretell: a map of less moves all people
 * towards their mean, which gains by itself where histories are short and is none of the source's
 * knowledge. */
#define EMCDR_LEAST 0.002

/* As without a source. */
static pal_status emcdr_forget_source(pal_ctx *ctx, pal_arena *arena, emcdr_state *s) {
    s->source_range[1] = 0;
    s->source_items = PAL_ARENA_ARRAY(arena, float, 0);
    if (!s->source_items) return pal_fail_memory(ctx, "emcdr", 4);
    memset(s->map, 0, (size_t)(s->side.n_factors + 1) * s->side.n_factors * sizeof *s->map);
    return pal_emcdr_derive(ctx, arena, s);
}

static pal_status emcdr_learn_map(pal_ctx *ctx, const emcdr_params *p, const pal_train_input *train,
                                  pal_arena *arena, pal_arena *scratch, emcdr_state *s) {
    if (train->source->shared != PAL_SHARED_USERS)
        return pal_fail(ctx, PAL_EDATA,
                        "emcdr maps people from one domain to the other and needs shared users: "
                        "say --shared users, or take source=off");
    if (!(s->side.alpha0 > 0))
        return pal_fail(ctx, PAL_EUSAGE,
                        "emcdr weighs what people did not use, and alpha0=0 does not: take an "
                        "alpha0 over 0");
    TRY(emcdr_learn_source(ctx, p, train, arena, scratch, s));
    TRY(pal_emcdr_derive(ctx, arena, s));
    emcdr_job job = {.s = s, .source = train->source->log};
    TRY(emcdr_find_shared(ctx, train, scratch, &job));
    int64_t n_chunks = ((int64_t)job.n_shared + EMCDR_ROWS - 1) / EMCDR_ROWS;
    pal_parallel(ctx->pool, n_chunks, emcdr_fold_shared, &job);
    const pal_linear_rows rows = {.n = job.n_shared,
                                  .n_from = s->side.n_factors,
                                  .n_to = s->side.n_factors,
                                  .from = job.z,
                                  .to = job.y,
                                  .importance = s->side.spectrum};
    pal_linear_fit found = {0};
    TRY(pal_linear_map(ctx, "emcdr", &rows, scratch, s->map, &found));
    if (found.explained < EMCDR_LEAST) {
        pal_note(ctx, PAL_NOTICE_WARNING,
                 "emcdr: what %d people with a history in both domains did in the source foretells "
                 "nothing of what they do here: it learns from the log alone",
                 (int)job.n_shared);
        return emcdr_forget_source(ctx, arena, s);
    }
    const pal_toward_crowd crowd = {.side = &s->side,
                                    .pairs = &job.pairs,
                                    .trust = p->trust,
                                    .guess = emcdr_guess_user,
                                    .arg = &job,
                                    .room_bytes = job.room_bytes,
                                    .people = s->people};
    TRY(pal_toward_solve_all(ctx, "emcdr", &crowd, scratch));
    pal_note(ctx, PAL_NOTICE_INFO,
             "emcdr: learned from %d people with a history in both domains; what they did in the "
             "source foretells %.1f %% of what they do here",
             (int)job.n_shared, 100 * found.explained);
    return pal_check_cancelled(ctx);
}

pal_status pal_emcdr_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state) {
    const emcdr_params *p = params;
    emcdr_state *s = state;
    TRY(pal_model_train(ctx, p->of, train, &s->parts[0]));
    TRY(pal_als_side_of(ctx, "emcdr", s->parts[0], arena, &s->side));
    int64_t k = s->side.n_factors, n_users = s->side.n_users;
    s->source_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    s->source_items = PAL_ARENA_ARRAY(arena, float, 0);
    s->source_spectrum = PAL_ARENA_ARRAY(arena, float, k);
    s->map = PAL_ARENA_ARRAY(arena, float, (k + 1) * k);
    s->people = PAL_ARENA_ARRAY(arena, float, n_users *k);
    s->marks = PAL_ARENA_ARRAY(arena, int32_t, n_users);
    if (!s->source_range || !s->source_items || !s->source_spectrum || !s->map || !s->people ||
        !s->marks)
        return pal_fail_memory(ctx, "emcdr", 4.0 * (double)(n_users * k + k * k));
    memcpy(s->people, s->side.users, (size_t)(n_users * k) * sizeof *s->people);
    bool uses = p->use_source && train->source;
    return uses ? emcdr_learn_map(ctx, p, train, arena, scratch, s) : PAL_OK;
}
