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
#include <string.h>
#include <xxhash.h>

#include "models/history.h"
#include "models/train.h"
#include "models/training_rows.h"
#include "models/transfer/emcdr.h"
#include "models/transfer/linear.h"
#include "models/transfer/transfer.h"

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

static pal_model **emcdr_parts(const void *params, void *state, int32_t *n) {
    (void)params;
    *n = 1;
    return ((emcdr_state *)state)->parts;
}

/* --- the source --- */

int32_t pal_emcdr_mark(const int32_t *items, int32_t n) {
    if (n == 0) return 0;
    return (int32_t)(XXH3_64bits(items, (size_t)n * sizeof *items) & INT32_MAX) | 1;
}

size_t pal_emcdr_there_cut(const emcdr_state *s, void *memory, emcdr_there *out) {
    if (!pal_emcdr_has_source(s)) return 0;
    emcdr_there unused, *room = out ? out : &unused;
    size_t at = pal_toward_cut(&s->source, memory, &room->solve),
           sizes[] = {(size_t)s->source.width};
    void *parts[1];
    at = pal_scratch_cut(memory, at, sizes, 1, parts);
    room->z = parts[0];
    return at;
}

int32_t pal_emcdr_fold(const emcdr_state *s, const int32_t *events, int32_t n,
                       const emcdr_there *room, const int32_t **items) {
    if (!pal_emcdr_has_source(s) || n == 0) return 0;
    int32_t n_items = pal_distinct_rows(events, n, s->source.n_items, room->solve.history, items);
    if (n_items == 0) return 0;
    pal_toward_solve(&s->source, 1, *items, n_items, NULL, NULL, &room->solve, room->z);
    return n_items;
}

bool pal_emcdr_guess(const emcdr_state *s, const int32_t *events, int32_t n,
                     const emcdr_there *room, float *guess) {
    const int32_t *items;
    if (pal_emcdr_fold(s, events, n, room, &items) == 0) return false;
    memset(guess, 0, (size_t)s->side.width * sizeof *guess);
    pal_linear_apply(s->map, s->side.n_factors, s->side.n_factors, 1, room->z, guess);
    return true;
}

/* --- people --- */

typedef struct { /* of one thread */
    pal_toward_person here;
    emcdr_there there;
} emcdr_room;

/* What histories are read in comes first: it lies at the same place for any number of queries. */
static size_t emcdr_cut(const emcdr_state *s, int32_t n_queries, void *memory, emcdr_room *out) {
    int32_t most = s->side.n_items > s->source.n_items ? s->side.n_items : s->source.n_items;
    size_t at = pal_emcdr_there_cut(s, memory, out ? &out->there : NULL);
    return at + pal_toward_person_cut(&s->side, n_queries, most,
                                      memory ? (char *)memory + at : NULL, out ? &out->here : NULL);
}

/* Whether the trained row holds for the query: his history is that of training, and what he did in
 * the source too, or nothing is said of it. */
static bool emcdr_is_trained(const emcdr_state *s, const pal_query *query) {
    int32_t user = query->user_plus_1 - 1;
    if (user < 0 || user >= s->side.n_users) return false;
    return query->n_source == 0 || !pal_emcdr_has_source(s) ||
           s->marks[user] == pal_emcdr_mark(query->source_items, query->n_source);
}

/* user [width] */
static void emcdr_person(const emcdr_params *p, const emcdr_state *s, const pal_query *query,
                         const emcdr_room *room, float *user) {
    if (emcdr_is_trained(s, query)) {
        pal_toward_trained(&s->side, s->people, query->user_plus_1 - 1, user);
        return;
    }
    bool has_guess =
        pal_emcdr_guess(s, query->source_items, query->n_source, &room->there, room->here.guess);
    pal_toward_fold(&s->side, p->trust, query, has_guess, &room->here, user);
}

/* --- files --- */

static int32_t emcdr_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_items;
    emcdr_state *s = state;
    int64_t k = pal_toward_factors(s->parts[0]);
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

pal_status pal_emcdr_derive(pal_ctx *ctx, pal_arena *arena, emcdr_state *s) {
    int64_t n = s->source_range[1];
    if (n > INT32_MAX || n < 0)
        return pal_fail(ctx, PAL_EFORMAT, "emcdr: the model's source is too large: train it again");
    float *spectrum = PAL_ARENA_ARRAY(arena, float, s->side.width), *items;
    if (!spectrum) return pal_fail_memory(ctx, "emcdr", 4.0 * s->side.width);
    TRY(pal_toward_pad(ctx, "emcdr", &s->side, s->source_items, n, arena, &items));
    memcpy(spectrum, s->source_spectrum, (size_t)s->side.n_factors * sizeof *spectrum);
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
    TRY(pal_emcdr_derive(ctx, arena, s));
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
        emcdr_person(params, s, &queries[q], &room, room.here.users + (int64_t)q * s->side.width);
    pal_panels_score(&s->packed, room.here.users, n_queries, NULL, scores);
}

static bool emcdr_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const emcdr_state *s = state;
    for (int32_t e = 0; e < query->n_source; e++) {
        if (query->source_items[e] >= 0 && query->source_items[e] < s->source.n_items) return true;
    }
    return false;
}

/* The source's share of a score is guess·rest, rest in room->here.v: what all have in common, and,
 * by z = A⁻¹ Σ_e s_e, a part for each event e there. Returns how many reasons there are then. */
static int32_t emcdr_explain_source(const emcdr_state *s, const pal_query *query,
                                    const emcdr_room *room, pal_reason *reasons, int32_t n) {
    const emcdr_there *there = &room->there;
    const float *rest = room->here.v;
    float *amounts = room->here.amounts;
    const int32_t *items;
    int32_t n_items = pal_emcdr_fold(s, query->source_items, query->n_source, there, &items);
    int32_t k = s->side.n_factors;
    if (n_items == 0) return n;
    double constant = 0;
    memset(there->z, 0, (size_t)s->side.width * sizeof *there->z);
    for (int32_t t = 0; t < k; t++) constant += (double)s->map[t] * (double)rest[t];
    for (int32_t f = 0; f < k; f++) {
        double sum = 0;
        for (int32_t t = 0; t < k; t++)
            sum += (double)s->map[(int64_t)(f + 1) * k + t] * (double)rest[t];
        there->z[f] = (float)sum;
    }
    pal_toward_explain(&s->source, 1, items, n_items, there->z, &there->solve, amounts, there->z);
    for (int32_t e = 0; e < n_items; e++)
        reasons[n++] =
            (pal_reason){.item = items[e], .amount = (double)amounts[e], .is_of_source = true};
    reasons[n++] = (pal_reason){
        .item = -1, .what = "what people of both domains like in general", .amount = constant};
    return n;
}

/* A trained row is explained by the solve that made it, also where what the person did in the
 * source is not told now: then that is what the rest is. */
static int32_t emcdr_explain(const void *params, const void *state, const pal_query *query,
                             int32_t item, void *memory, pal_reason *reasons) {
    const emcdr_params *p = params;
    const emcdr_state *s = state;
    emcdr_room room = {0};
    emcdr_cut(s, 1, memory, &room);
    emcdr_person(p, s, query, &room, room.here.users);
    bool is_marked = emcdr_is_trained(s, query) && s->marks[query->user_plus_1 - 1],
         has_guess = is_marked || emcdr_answers(p, s, query), is_told = query->n_source > 0;
    int32_t n = pal_toward_explain_history(&s->side, has_guess ? p->trust : 1, query, item,
                                           &room.here, reasons);
    if (has_guess && is_told) n = emcdr_explain_source(s, query, &room, reasons, n);
    return pal_toward_explain_left(&s->side, room.here.users, item,
                                   is_marked && !is_told ? "what the source foretells"
                                                         : "what training weighed otherwise",
                                   reasons, n);
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
    .fit = pal_emcdr_fit,
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
