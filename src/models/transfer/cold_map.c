/* cold_map.c - als for what was used, a map from features to its rows for what was not (Gantner,
 * Drumond, Freudenthaler, Rendle, Schmidt-Thieme 2010, "Learning attribute-to-feature mappings for
 * cold-start recommendations"; the use beside own rows as in Volkovs, Yu, Poutanen 2017,
 * "DropoutNet").
 *
 * als learns rows V_i and U_u. What the catalog says of an item (transfer/item_matrix.h: tokens,
 * sets, numbers, words, vectors) is mapped to V_i by ridge (transfer/sparse_map.h), each item
 * weighed n / (n + half) by the n people who used it; profiles are mapped to U_u alike. An item
 * that nobody used has the row that its features foretell, one of few uses a mixture with `few`. A
 * person with a profile is als's row with the foretold one as the mean that it is pulled to
 * (transfer/toward.h): the foretold one itself for somebody without a history.
 * score(u, i) = x_u·V_i. Cost: als, 400 passes of 2 k multiply-adds over the features; a list as
 * als's. */
#include <string.h>

#include "models/explain.h"
#include "models/train.h"
#include "models/training_rows.h"
#include "models/transfer/cold_map.h"

static const pal_param cold_table[] = {
    {.name = "of",
     .type = PAL_PARAM_TEXT,
     .offset = offsetof(cold_params, of),
     .initial = "als",
     .value_name = "SPEC",
     .help = "what learns the rows: als, with options cold_map(als factors=64)"},
    PAL_ROW(cold_params, half, PAL_PARAM_REAL, "5", 0, 1e6, PAL_LINEAR,
            "uses with which an item or a person counts half in learning the map; 0: all alike"),
    PAL_ROW(cold_params, few, PAL_PARAM_REAL, "0", 0, 1e6, PAL_LINEAR,
            "uses with which an item's own row counts as much as the one that its features "
            "foretell; 0: what was used has its own row alone"),
    PAL_ROW(cold_params, trust, PAL_PARAM_REAL, "1", 1e-3, 1e6, PAL_LOG,
            "how strongly a person's row is held where his profile foretells it, in terms of als's "
            "l2"),
    {0},
};

static pal_model **cold_parts(const void *params, void *state, int32_t *n) {
    (void)params;
    *n = 1;
    return ((cold_state *)state)->parts;
}

/* --- people --- */

static size_t cold_cut(const cold_state *s, int32_t n_queries, void *memory,
                       pal_toward_person *out) {
    return pal_toward_person_cut(&s->side, n_queries, s->side.n_items, memory, out);
}

typedef struct {
    const cold_state *s;
    float *guess;
} cold_cells;

static void cold_add_cell(void *arg, int32_t field, int32_t feature, float weight) {
    (void)field;
    const cold_cells *cells = arg;
    int32_t k = cells->s->side.n_factors;
    const float *row = cells->s->profiles + (int64_t)feature * k;
    for (int32_t f = 0; f < k; f++) cells->guess[f] += weight * row[f];
}

/* What the profile foretells, in room->guess; false: nothing that is told is known. */
static bool cold_guess(const cold_state *s, const pal_query *query, const pal_toward_person *room) {
    if (!pal_profile_answers(&s->code, query)) return false;
    cold_cells cells = {s, room->guess};
    memset(room->guess, 0, (size_t)s->side.width * sizeof *room->guess);
    memcpy(room->guess, s->constants, (size_t)s->side.n_factors * sizeof *room->guess);
    pal_profile_each(&s->code, query, cold_add_cell, &cells);
    return true;
}

static bool cold_is_trained(const cold_state *s, const pal_query *query) {
    return query->user_plus_1 > 0 && query->user_plus_1 <= s->side.n_users;
}

/* user [width]: the trained row, or one solved from the history and what the profile foretells. */
static void cold_person(const cold_params *p, const cold_state *s, const pal_query *query,
                        const pal_toward_person *room, float *user) {
    if (cold_is_trained(s, query)) {
        pal_toward_trained(&s->side, s->people, query->user_plus_1 - 1, user);
        return;
    }
    bool has_guess = cold_guess(s, query, room);
    pal_toward_fold(&s->side, p->trust, query, has_guess, room, user);
}

/* --- files --- */

static int32_t cold_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                            pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    cold_state *s = state;
    s->n_items = n_items;
    int64_t k = pal_toward_factors(s->parts[0]);
    tensors[0] = pal_float_rows("items", &s->items, n_items, k, PAL_ROLE_ITEMS, NULL);
    tensors[1] = pal_float_rows("users", &s->people, n_users, k, PAL_ROLE_USERS, NULL);
    tensors[2] = pal_floats("constants", &s->constants, k);
    tensors[3] =
        (pal_tensor){"marks", PAL_U8, 1, {n_users}, (void **)&s->marks, PAL_ROLE_DATA, 0, NULL};
    return 4 + pal_profile_code_tensors(&s->code, &s->profiles, k, tensors + 4);
}

pal_status pal_cold_derive(pal_ctx *ctx, pal_arena *arena, cold_state *s) {
    TRY(pal_toward_pad(ctx, "cold_map", &s->side, s->items, s->n_items, arena, &s->padded));
    s->side.n_items = s->n_items;
    s->side.items = s->padded;
    return PAL_OK;
}

static pal_status cold_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    cold_state *s = state;
    TRY(pal_profile_code_prepare(ctx, "cold_map", arena, &s->code));
    TRY(pal_als_side_of(ctx, "cold_map", s->parts[0], arena, &s->side));
    TRY(pal_cold_derive(ctx, arena, s));
    return pal_panels_pack(ctx, "cold_map", s->padded, s->n_items, s->side.width, arena, &s->panels,
                           &s->packed);
}

/* --- score, explain --- */

static size_t cold_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    return cold_cut(state, n_queries, NULL, NULL);
}

static void cold_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *memory, float *scores) {
    const cold_state *s = state;
    pal_toward_person room;
    cold_cut(s, n_queries, memory, &room);
    for (int32_t q = 0; q < n_queries; q++)
        cold_person(params, s, &queries[q], &room, room.users + (int64_t)q * s->side.width);
    pal_panels_score(&s->packed, room.users, n_queries, NULL, scores);
}

static bool cold_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    const cold_state *s = state;
    return pal_profile_answers(&s->code, query);
}

static const pal_profile_code *cold_profiles(const void *state) {
    return &((const cold_state *)state)->code;
}

enum { COLD_CELLS = PAL_REASONS_MORE - 3 }; /* of a profile that are named one by one */

typedef struct {
    const cold_state *s;
    const float *rest; /* what of the item's row is left to the guess */
    pal_reason *reasons;
    int32_t n;
    double others; /* what the columns that are not told, and the weakest cells, add */
} cold_reasons;

static void cold_explain_cell(void *arg, int32_t field, int32_t feature, float weight) {
    cold_reasons *r = arg;
    int32_t k = r->s->side.n_factors;
    const float *row = r->s->profiles + (int64_t)feature * k;
    double sum = 0;
    for (int32_t t = 0; t < k; t++) sum += (double)row[t] * (double)r->rest[t];
    sum *= (double)weight;
    if (feature + 1 == r->s->code.field_starts[field + 1]) { /* not told */
        r->others += sum;
        return;
    }
    const pal_reason reason = {
        .item = -1, .what = pal_profile_name(&r->s->code, feature), .amount = sum};
    r->n = pal_reasons_add(r->reasons, r->n, COLD_CELLS, reason, &r->others);
}

/* The profile's share of a score is guess·rest, a part for each of its features. */
static int32_t cold_explain_profile(const cold_state *s, const pal_query *query, const float *rest,
                                    pal_reason *reasons) {
    cold_reasons found = {.s = s, .rest = rest, .reasons = reasons};
    double constant = 0;
    for (int32_t t = 0; t < s->side.n_factors; t++)
        constant += (double)s->constants[t] * (double)rest[t];
    pal_profile_each(&s->code, query, cold_explain_cell, &found);
    if (found.others > 0 || found.others < 0)
        reasons[found.n++] =
            (pal_reason){.item = -1, .what = "what else the profile says", .amount = found.others};
    reasons[found.n++] = (pal_reason){
        .item = -1, .what = "what people with a profile like in general", .amount = constant};
    return found.n;
}

/* A trained row is explained by the solve that made it. The model keeps no cells, so that what the
 * profile foretold is there as a whole where the query tells none. */
static int32_t cold_explain(const void *params, const void *state, const pal_query *query,
                            int32_t item, void *memory, pal_reason *reasons) {
    const cold_params *p = params;
    const cold_state *s = state;
    pal_toward_person room;
    cold_cut(s, 1, memory, &room);
    cold_person(p, s, query, &room, room.users);
    bool is_trained = cold_is_trained(s, query), is_told = cold_answers(p, s, query),
         has_guess = is_trained ? s->marks[query->user_plus_1 - 1] : is_told;
    int32_t n =
        pal_toward_explain_history(&s->side, has_guess ? p->trust : 1, query, item, &room, reasons);
    if (has_guess && is_told) n += cold_explain_profile(s, query, room.v, reasons + n);
    return pal_toward_explain_left(&s->side, room.users, item,
                                   has_guess && !is_told ? "what the profile foretells"
                                                         : "what training weighed otherwise",
                                   reasons, n);
}

static void cold_estimate(const void *params, const pal_log *log, int32_t n_threads,
                          pal_estimate *out) {
    pal_kind_estimate_spec(((const cold_params *)params)->of, log, n_threads, out);
}

const pal_kind pal_kind_cold_map = {
    .name = "cold_map",
    .family = "transfer",
    .summary = "als, and maps from features to its rows, for items and people without a history",
    .paper = "Gantner, Drumond, Freudenthaler, Rendle, Schmidt-Thieme: Learning "
             "attribute-to-feature mappings for cold-start recommendations, ICDM 2010; Volkovs, "
             "Yu, Poutanen: DropoutNet: addressing cold start in recommender systems, NeurIPS 2017",
    .lesson = "who uses what is foretold by what is known of items, so that new ones can be shown "
              "to the right people from the first day",
    .represents = "a row of numbers, solved from the items used and foretold by the profile | a "
                  "row of numbers, foretold by its features where nobody used it",
    .traits = PAL_SCORES_NEW_USERS | PAL_IS_STOCHASTIC | PAL_SCORES_NEW_ITEMS | PAL_NEEDS_CATALOG |
              PAL_READS_PROFILES,
    .params = cold_table,
    .params_size = sizeof(cold_params),
    .state_size = sizeof(cold_state),
    .fit = pal_cold_fit,
    .prepare = cold_prepare,
    .scratch_bytes = cold_scratch_bytes,
    .score = cold_score,
    .tensors = cold_tensors,
    .explain = cold_explain,
    .answers = cold_answers,
    .profiles = cold_profiles,
    .parts = cold_parts,
    .takes_one_part = true,
    .estimate = cold_estimate,
};
