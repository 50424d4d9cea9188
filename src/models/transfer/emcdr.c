/* emcdr.c - who a person is in a second domain foretells who he is in this one (Man, Shen, Jin,
 * Cheng 2017, "Cross-domain recommendation: an embedding and mapping approach").
 *
 * als learns rows in the source and, apart, V in the log in question. A linear map m(z) = c + z M
 * (transfer/linear.h) is learned from people with a history in both, from their row z there to
 *   y = argmin Σ_all (r_ui - y·V_i)², r = 1 for what they used here and else 0,
 * each miss weighed by VᵀV, so that m(z)·V_i is a least squares guess of who uses what here. (als's
 * own row as the aim, which the paper has, guesses what als would answer, and als lets what nobody
 * used count little: on ML-1M, Drama and Thriller to Comedy and Children's, that puts new people's
 * lists below popularity.) A person's row is then als's with m(z) as the mean that it is pulled to
 * instead of 0 (transfer/toward.h): m(z) itself for somebody whom only the source knows, his own
 * row where he did much here. z is folded in from what he did in the source, so that also
 * strangers and changed histories have one.
 * score(u, i) = x_u·V_i is linear in the events of both domains: reasons are theirs.
 * Cost: als twice and n_shared k² for the map; a person two solves instead of one.
 *
 * Without a source, with source=off and for people whom the source does not know it is als. */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "models/history.h"
#include "models/panels.h"
#include "models/train.h"
#include "models/training_rows.h"
#include "models/transfer/linear.h"
#include "models/transfer/toward.h"
#include "models/transfer/transfer.h"

typedef struct {
    const char *of;
    bool use_source;
    int64_t source_epochs;
    double trust;
} emcdr_params;

static const pal_param emcdr_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(emcdr_params, of),
     .initial = "als",
     .value_name = "SPEC",
     .help = "what learns the rows of both domains: als, with options emcdr(als factors=64)"},
    PAL_TRANSFER_SOURCE_ROW(emcdr_params),
    PAL_ROW(emcdr_params, source_epochs, PAL_PARAM_INT, "16", 0, 10000, PAL_LINEAR,
            "epochs of als in the source, where nothing is judged; 0: as many as it may take here"),
    PAL_ROW(emcdr_params, trust, PAL_PARAM_REAL, "1", 1e-3, 1e6, PAL_LOG,
            "how strongly a row is held where the source foretells it, in terms of als's l2"),
    {0},
};

typedef struct {
    pal_model *parts[1];    /* als in the log in question */
    int64_t *source_range;  /* [2] 0, items of the source; 0: nothing is learned from it */
    float *source_items;    /* [items of the source, k] */
    float *source_spectrum; /* [k] */
    float *map;             /* [k + 1, k] constants first */
    float *people;          /* [n_users, k] */
    int32_t *marks; /* [n_users] of the source history that a row was solved with; 0: none */
    /* derived */
    pal_als_side side, source; /* source.n_items = 0: none */
    float *source_padded;
    float *panels;
    pal_packed packed;
} emcdr_state;

static pal_model **emcdr_parts(const void *params, void *state, int32_t *n) {
    (void)params;
    *n = 1;
    return ((emcdr_state *)state)->parts;
}

static bool emcdr_has_source(const emcdr_state *s) { return s->source.n_items > 0; }

/* Of the items of a history, never 0. */
static int32_t emcdr_mark(const int32_t *items, int32_t n) {
    if (n == 0) return 0;
    return (int32_t)(XXH3_64bits(items, (size_t)n * sizeof *items) & INT32_MAX) | 1;
}

/* --- people --- */

typedef struct { /* of one thread */
    pal_toward_room here, there;
    float *users;         /* [n_queries, width] */
    float *z, *guess, *v; /* [width] */
    float *amounts;       /* [n_items of either] */
} emcdr_room;

static size_t emcdr_cut(const emcdr_state *s, int32_t n_queries, void *memory, emcdr_room *out) {
    size_t width = (size_t)s->side.width, most = (size_t)s->side.n_items;
    if (emcdr_has_source(s) && (size_t)s->source.n_items > most) most = (size_t)s->source.n_items;
    emcdr_room unused, *room = out ? out : &unused;
    size_t at = pal_toward_cut(&s->side, memory, &room->here);
    if (emcdr_has_source(s))
        at += pal_toward_cut(&s->source, memory ? (char *)memory + at : NULL, &room->there);
    size_t sizes[] = {(size_t)n_queries * width, width, width, width, most};
    void *parts[5];
    at = pal_scratch_cut(memory, at, sizes, 5, parts);
    room->users = parts[0];
    room->z = parts[1];
    room->guess = parts[2];
    room->v = parts[3];
    room->amounts = parts[4];
    return at;
}

/* The distinct items of a source history; those that are no rows are looked past. */
static int32_t emcdr_source_items(const emcdr_state *s, const int32_t *events, int32_t n,
                                  const emcdr_room *room, const int32_t **items) {
    const pal_query there = {.items = events, .n_events = emcdr_has_source(s) ? n : 0};
    for (int32_t e = 0; e < there.n_events; e++) {
        if (events[e] < 0 || events[e] >= s->source.n_items) return 0;
    }
    if (there.n_events == 0) return 0;
    return pal_history_distinct(&there, s->source.n_items, room->there.history, items);
}

/* What a source history foretells, in room->guess; false: it says nothing. */
static bool emcdr_guess(const emcdr_state *s, const int32_t *events, int32_t n,
                        const emcdr_room *room) {
    const int32_t *items;
    int32_t n_items = emcdr_source_items(s, events, n, room, &items);
    if (n_items == 0) return false;
    pal_toward_solve(&s->source, 1, items, n_items, NULL, NULL, &room->there, room->z);
    memset(room->guess, 0, (size_t)s->side.width * sizeof *room->guess);
    pal_linear_apply(s->map, s->side.n_factors, s->side.n_factors, 1, room->z, room->guess);
    return true;
}

/* Whether the trained row holds for the query: his history is that of training, and what he did in
 * the source too, or nothing is said of it. */
static bool emcdr_is_trained(const emcdr_state *s, const pal_query *query) {
    int32_t user = query->user_plus_1 - 1;
    if (user < 0 || user >= s->side.n_users) return false;
    return query->n_source == 0 || !emcdr_has_source(s) ||
           s->marks[user] == emcdr_mark(query->source_items, query->n_source);
}

/* user [width] */
static void emcdr_person(const emcdr_params *p, const emcdr_state *s, const pal_query *query,
                         const emcdr_room *room, float *user) {
    int32_t k = s->side.n_factors;
    if (emcdr_is_trained(s, query)) {
        memset(user, 0, (size_t)s->side.width * sizeof *user);
        memcpy(user, s->people + (int64_t)(query->user_plus_1 - 1) * k, (size_t)k * sizeof *user);
        return;
    }
    bool has_guess = emcdr_guess(s, query->source_items, query->n_source, room);
    const int32_t *items;
    int32_t n = pal_history_distinct(query, s->side.n_items, room->here.history, &items);
    pal_toward_solve(&s->side, has_guess ? p->trust : 1, items, n, NULL,
                     has_guess ? room->guess : NULL, &room->here, user);
}

/* --- fit --- */

typedef struct {
    const emcdr_params *p;
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

static emcdr_room emcdr_room_of(const emcdr_job *job, int32_t worker) {
    emcdr_room room = {0};
    emcdr_cut(job->s, 1, job->rooms + (size_t)worker * job->room_bytes, &room);
    return room;
}

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
    emcdr_room room = emcdr_room_of(job, worker);
    int32_t k = s->side.n_factors;
    for (int64_t r = chunk * EMCDR_ROWS; r < (chunk + 1) * EMCDR_ROWS && r < job->n_shared; r++) {
        int32_t user = job->shared[r], there = job->from[user];
        int64_t begin = job->source->starts[there];
        const int32_t *items;
        int32_t n =
            emcdr_source_items(s, job->source->items + begin,
                               (int32_t)(job->source->starts[there + 1] - begin), &room, &items);
        pal_toward_solve(&s->source, 1, items, n, NULL, NULL, &room.there, room.z);
        memcpy(job->z + r * k, room.z, (size_t)k * sizeof *room.z);
        emcdr_aim(s, &job->pairs, user, job->y + r * k);
    }
}

/* The rows here of all whom the source knows. */
static void emcdr_solve_people(void *arg, int64_t chunk, int32_t worker) {
    const emcdr_job *job = arg;
    emcdr_state *s = job->s;
    emcdr_room room = emcdr_room_of(job, worker);
    int32_t k = s->side.n_factors;
    for (int64_t u = chunk * EMCDR_ROWS; u < (chunk + 1) * EMCDR_ROWS && u < s->side.n_users; u++) {
        int32_t there = job->from[u];
        if (there < 0) continue;
        int64_t begin = job->source->starts[there], first = job->pairs.starts[u];
        int32_t n = (int32_t)(job->source->starts[there + 1] - begin);
        if (!emcdr_guess(s, job->source->items + begin, n, &room)) continue;
        pal_toward_solve(&s->side, job->p->trust, job->pairs.cols + first,
                         (int32_t)(job->pairs.starts[u + 1] - first),
                         job->pairs.values ? job->pairs.values + first : NULL, room.guess,
                         &room.here, room.users);
        memcpy(s->people + u * k, room.users, (size_t)k * sizeof *room.users);
        s->marks[u] = emcdr_mark(job->source->items + begin, n);
    }
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
    job->room_bytes = emcdr_cut(job->s, 1, NULL, NULL);
    job->rooms = pal_arena_alloc(scratch, n_workers, job->room_bytes);
    return job->z && job->y && job->rooms
               ? PAL_OK
               : pal_fail_memory(ctx, "emcdr", 8.0 * (double)job->n_shared * k);
}

static pal_status emcdr_derive(pal_ctx *ctx, pal_arena *arena, emcdr_state *s);

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
    TRY(emcdr_derive(ctx, arena, s));
    emcdr_job job = {.p = p, .s = s, .source = train->source->log};
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
    n_chunks = ((int64_t)s->side.n_users + EMCDR_ROWS - 1) / EMCDR_ROWS;
    pal_parallel(ctx->pool, n_chunks, emcdr_solve_people, &job);
    pal_note(ctx, PAL_NOTICE_INFO,
             "emcdr: learned from %d people with a history in both domains; what they did in the "
             "source foretells %.1f %% of what they do here",
             (int)job.n_shared, 100 * found.explained);
    return pal_check_cancelled(ctx);
}

static pal_status emcdr_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
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

/* --- files --- */

static int32_t emcdr_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_items;
    emcdr_state *s = state;
    const pal_param *factors = pal_param_find(s->parts[0]->kind->params, "factors");
    int64_t k = 0;
    if (factors) memcpy(&k, (const char *)s->parts[0]->params + factors->offset, sizeof k);
    const pal_tensor all[] = {
        {"source_range", PAL_I64, 1, {2}, (void **)&s->source_range, PAL_ROLE_STARTS, 0, NULL},
        pal_float_rows("source_items", &s->source_items, -1, k, PAL_ROLE_DATA, NULL),
        pal_floats("source_spectrum", &s->source_spectrum, k),
        pal_float_rows("map", &s->map, k + 1, k, PAL_ROLE_DATA, NULL),
        pal_float_rows("users", &s->people, n_users, k, PAL_ROLE_USERS, NULL),
        {"marks", PAL_I32, 1, {n_users}, (void **)&s->marks, PAL_ROLE_DATA, 0, NULL},
    };
    memcpy(tensors, all, sizeof all);
    return (int32_t)(sizeof all / sizeof *all);
}

static pal_status emcdr_derive(pal_ctx *ctx, pal_arena *arena, emcdr_state *s) {
    int64_t n = s->source_range[1], k = s->side.n_factors, width = s->side.width;
    if (n > INT32_MAX || n < 0)
        return pal_fail(ctx, PAL_EFORMAT, "emcdr: the model's source is too large: train it again");
    float *spectrum = PAL_ARENA_ARRAY(arena, float, width);
    float *items = k == width ? s->source_items : PAL_ARENA_ARRAY(arena, float, n *width);
    if (!spectrum || !items) return pal_fail_memory(ctx, "emcdr", 4.0 * (double)(n * width));
    for (int64_t i = 0; k != width && i < n; i++)
        memcpy(items + i * width, s->source_items + i * k, (size_t)k * sizeof *items);
    memcpy(spectrum, s->source_spectrum, (size_t)k * sizeof *spectrum);
    s->source = s->side;
    s->source.n_users = 0;
    s->source.users = NULL;
    s->source.n_items = s->source.n_learned = (int32_t)n;
    s->source.items = items;
    s->source.spectrum = spectrum;
    return PAL_OK;
}

static pal_status emcdr_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    emcdr_state *s = state;
    TRY(pal_als_side_of(ctx, "emcdr", s->parts[0], arena, &s->side));
    TRY(emcdr_derive(ctx, arena, s));
    return pal_panels_pack(ctx, "emcdr", s->side.items, s->side.n_items, s->side.width, arena,
                           &s->panels, &s->packed);
}

/* --- score, explain --- */

static size_t emcdr_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    return emcdr_cut(state, n_queries, NULL, NULL);
}

static void emcdr_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *memory, float *scores) {
    const emcdr_state *s = state;
    emcdr_room room = {0};
    emcdr_cut(s, n_queries, memory, &room);
    for (int32_t q = 0; q < n_queries; q++)
        emcdr_person(params, s, &queries[q], &room, room.users + (int64_t)q * s->side.width);
    pal_panels_score(&s->packed, room.users, n_queries, NULL, scores);
}

static bool emcdr_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const emcdr_state *s = state;
    for (int32_t e = 0; e < query->n_source; e++) {
        if (query->source_items[e] < 0 || query->source_items[e] >= s->source.n_items) return false;
    }
    return query->n_source > 0;
}

/* The source's share of a score is guess·rest: what all have in common, and, by z = A⁻¹ Σ_e s_e, a
 * part for each event e there. Returns how many reasons there are then. */
static int32_t emcdr_explain_source(const emcdr_state *s, const pal_query *query,
                                    const emcdr_room *room, const float *rest, pal_reason *reasons,
                                    int32_t n) {
    const int32_t *items;
    int32_t n_items = emcdr_source_items(s, query->source_items, query->n_source, room, &items);
    int32_t k = s->side.n_factors;
    if (n_items == 0) return n;
    double constant = 0;
    memset(room->z, 0, (size_t)s->side.width * sizeof *room->z);
    for (int32_t t = 0; t < k; t++) constant += (double)s->map[t] * (double)rest[t];
    for (int32_t f = 0; f < k; f++) {
        double sum = 0;
        for (int32_t t = 0; t < k; t++)
            sum += (double)s->map[(int64_t)(f + 1) * k + t] * (double)rest[t];
        room->z[f] = (float)sum;
    }
    pal_toward_explain(&s->source, 1, items, n_items, room->z, &room->there, room->amounts,
                       room->z);
    for (int32_t e = 0; e < n_items; e++)
        reasons[n++] = (pal_reason){
            .item = items[e], .amount = (double)room->amounts[e], .is_of_source = true};
    reasons[n++] = (pal_reason){
        .item = -1, .what = "what people of both domains like in general", .amount = constant};
    return n;
}

static int32_t emcdr_explain(const void *params, const void *state, const pal_query *query,
                             int32_t item, void *memory, pal_reason *reasons) {
    const emcdr_params *p = params;
    const emcdr_state *s = state;
    emcdr_room room = {0};
    emcdr_cut(s, 1, memory, &room);
    emcdr_person(p, s, query, &room, room.users);
    const float *v = s->side.items + (int64_t)item * s->side.width;
    double left = 0;
    for (int32_t f = 0; f < s->side.width; f++) left += (double)room.users[f] * (double)v[f];
    bool has_guess = emcdr_guess(s, query->source_items, query->n_source, &room);
    const int32_t *items;
    int32_t n = pal_history_distinct(query, s->side.n_items, room.here.history, &items);
    pal_toward_explain(&s->side, has_guess ? p->trust : 1, items, n, v, &room.here, room.amounts,
                       room.v);
    for (int32_t e = 0; e < n; e++)
        reasons[e] = (pal_reason){.item = items[e], .amount = (double)room.amounts[e]};
    n = emcdr_explain_source(s, query, &room, room.v, reasons, n);
    for (int32_t e = 0; e < n; e++) left -= reasons[e].amount;
    if (fabs(left) > 1e-5) /* a row trained with event weights, or with a source not told now */
        reasons[n++] =
            (pal_reason){.item = -1, .what = "what training weighed otherwise", .amount = left};
    return n;
}

static void emcdr_estimate(const void *params, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    pal_kind_estimate_spec(((const emcdr_params *)params)->of, log, n_threads, out);
}

const pal_kind pal_kind_emcdr = {
    .name = "emcdr",
    .family = "transfer",
    .summary = "als in two domains, and a map from who people are in the one to who they are in "
               "the other",
    .paper = "Man, Shen, Jin, Cheng: Cross-domain recommendation: an embedding and mapping "
             "approach, IJCAI 2017",
    .lesson = "what people do in the second domain foretells their taste here, most of all of "
              "those who did little here",
    .represents = "a row of numbers, foretold by a row in the second domain and solved from the "
                  "items used | a row of numbers",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_USES_SOURCE,
    .params = emcdr_table,
    .params_size = sizeof(emcdr_params),
    .state_size = sizeof(emcdr_state),
    .fit = emcdr_fit,
    .prepare = emcdr_prepare,
    .scratch_bytes = emcdr_scratch_bytes,
    .score = emcdr_score,
    .tensors = emcdr_tensors,
    .explain = emcdr_explain,
    .answers = emcdr_answers,
    .parts = emcdr_parts,
    .takes_one_part = true,
    .estimate = emcdr_estimate,
};
