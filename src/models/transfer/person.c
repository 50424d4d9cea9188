/* person.c - a person as the sum of rows of what he used: files, scores, explanations. */
#include "models/transfer/person.h"

#include <math.h>
#include <string.h>

#include "models/history.h"
#include "nn/loops.h"

pal_status pal_person_make(pal_ctx *ctx, const pal_person_form *p, int32_t n_users, int32_t n_items,
                           int32_t n_source, pal_arena *arena, pal_person_state *s) {
    int64_t k = p->factors;
    pal_parameters tower = {0};
    if (p->has_tower) pal_tower_plan((int32_t)k, p->layers, p->activation, &tower, &s->tower);
    s->n_users = n_users;
    s->n_items = n_items;
    s->users = PAL_ARENA_ARRAY(arena, float, p->own ? n_users *k : 0);
    s->history = PAL_ARENA_ARRAY(arena, float, n_items *k);
    s->items = PAL_ARENA_ARRAY(arena, float, n_items *(k + 1));
    s->source_history = PAL_ARENA_ARRAY(arena, float, n_source *k);
    s->source_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    s->network = PAL_ARENA_ARRAY(arena, float, tower.n);
    s->network_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    if (!s->users || !s->history || !s->items || !s->source_history || !s->source_range ||
        !s->network || !s->network_range)
        return pal_fail_memory(ctx, p->kind,
                               4.0 * (double)k * (n_users + 2.0 * n_items + n_source));
    s->source_range[1] = n_source;
    s->network_range[1] = tower.n;
    return PAL_OK;
}

/* A file may be damaged on purpose: the size that it tells must be that of the tower. */
pal_status pal_person_prepare(pal_ctx *ctx, const pal_person_form *p, pal_arena *arena,
                              pal_person_state *s) {
    pal_parameters network = {0};
    if (p->has_tower)
        pal_tower_plan((int32_t)p->factors, p->layers, p->activation, &network, &s->tower);
    if ((p->has_tower && s->network_range[1] != network.n) || s->source_range[1] > INT32_MAX)
        return pal_fail(ctx, PAL_EFORMAT, "%s: the model's network does not fit: train it again",
                        p->kind);
    return pal_panels_pack_rows(ctx, p->kind, s->items, &s->small_items, s->n_items,
                                (int32_t)p->factors + 1, arena, &s->panels, &s->packed);
}

/* --- scores --- */

typedef struct {
    void *distinct, *source_distinct;
    float *row, *thing, *x, *room, *users;
} person_scratch;

static size_t person_carve(const pal_person_form *p, const pal_person_state *s, int32_t n_queries,
                           void *scratch, person_scratch *out) {
    size_t k = (size_t)p->factors, own = pal_history_bytes(s->n_items),
           both = own + pal_history_bytes((int32_t)s->source_range[1]),
           sizes[] = {k + 1, k + 1, k, (size_t)pal_tower_room(&s->tower),
                      (size_t)n_queries * (k + 1)};
    void *parts[5];
    size_t at = pal_scratch_cut(scratch, both, sizes, 5, parts);
    if (out)
        *out = (person_scratch){
            scratch, (char *)scratch + own, parts[0], parts[1], parts[2], parts[3], parts[4]};
    return at;
}

size_t pal_person_scratch_bytes(const pal_person_form *p, const pal_person_state *s,
                                int32_t n_queries) {
    return person_carve(p, s, n_queries, NULL, NULL);
}

/* What a query used, in both domains, and how much each use weighs. */
typedef struct {
    int32_t n, n_source;
    const int32_t *items, *source_items; /* distinct */
    float share, source_share;
} person_uses;

static person_uses person_look(const pal_person_state *s, const pal_query *query,
                               const person_scratch *scratch) {
    person_uses uses;
    uses.n = pal_distinct_rows(query->items, query->n_events, s->n_items, scratch->distinct,
                               &uses.items);
    uses.n_source =
        pal_distinct_rows(query->source_items, query->n_source, (int32_t)s->source_range[1],
                          scratch->source_distinct, &uses.source_items);
    uses.share = uses.n ? 1 / sqrtf((float)uses.n) : 0;
    uses.source_share = uses.n_source ? 1 / sqrtf((float)uses.n_source) : 0;
    return uses;
}

static const float *person_own(const pal_person_form *p, const pal_person_state *s,
                               const pal_query *query) {
    return p->own && query->user_plus_1 ? s->users + (query->user_plus_1 - 1) * p->factors : NULL;
}

/* One person at a time, so that a batch gives the same bits. */
static void person_row(const pal_person_form *p, const pal_person_state *s, const pal_query *query,
                       const person_scratch *scratch, float *user) {
    const pal_loops *loops = pal_loops_best();
    int64_t k = p->factors;
    person_uses uses = person_look(s, query, scratch);
    const float *own = person_own(p, s, query);
    memset(scratch->x, 0, (size_t)k * sizeof *scratch->x);
    if (own) memcpy(scratch->x, own, (size_t)k * sizeof *own);
    for (int32_t h = 0; h < uses.n; h++)
        loops->add_scaled(scratch->x,
                          pal_row_at(s->history, &s->small_history, k, uses.items[h], scratch->row),
                          uses.share, k);
    for (int32_t h = 0; h < uses.n_source; h++)
        loops->add_scaled(
            scratch->x,
            pal_row_at(s->source_history, &s->small_source, k, uses.source_items[h], scratch->row),
            uses.source_share, k);
    pal_tower_forward(&s->tower, s->network, (int32_t)k, scratch->x, 1, scratch->room, user);
    user[k] = 1;
}

void pal_person_score(const pal_person_form *p, const pal_person_state *s, const pal_query *queries,
                      int32_t n_queries, void *scratch, float *scores) {
    person_scratch carved;
    person_carve(p, s, n_queries, scratch, &carved);
    for (int32_t q = 0; q < n_queries; q++)
        person_row(p, s, &queries[q], &carved, carved.users + q * (p->factors + 1));
    pal_panels_score(&s->packed, carved.users, n_queries, NULL, scores);
}

bool pal_person_answers(const pal_person_state *s, const pal_query *query) {
    for (int32_t e = 0; e < query->n_source; e++) {
        if (query->source_items[e] >= 0 && query->source_items[e] < s->source_range[1]) return true;
    }
    return false;
}

/* --- explanations --- */

static double person_scale(const pal_person_state *s, int64_t f) {
    return s->tower.has_scale ? (double)s->network[s->tower.scale + f] : 1;
}

static double person_dot(const pal_person_state *s, const float *row, const float *item,
                         int64_t k) {
    double sum = 0;
    for (int64_t f = 0; f < k; f++) sum += (double)row[f] * person_scale(s, f) * (double)item[f];
    return sum;
}

/* The linear form is a sum over what was used; what hidden layers add to it is one reason more. */
int32_t pal_person_explain(const pal_person_form *p, const pal_person_state *s,
                           const pal_query *query, int32_t item, void *scratch,
                           pal_reason *reasons) {
    person_scratch c;
    int64_t k = p->factors;
    int32_t n = 0;
    person_carve(p, s, 1, scratch, &c);
    person_uses uses = person_look(s, query, &c);
    const float *own = person_own(p, s, query),
                *thing = pal_row_at(s->items, &s->small_items, k + 1, item, c.thing);
    for (int32_t h = 0; h < uses.n; h++) {
        const float *row = pal_row_at(s->history, &s->small_history, k, uses.items[h], c.row);
        reasons[n++] = (pal_reason){.item = uses.items[h],
                                    .amount = (double)uses.share * person_dot(s, row, thing, k)};
    }
    for (int32_t h = 0; h < uses.n_source; h++) {
        const float *row =
            pal_row_at(s->source_history, &s->small_source, k, uses.source_items[h], c.row);
        reasons[n++] =
            (pal_reason){.item = uses.source_items[h],
                         .amount = (double)uses.source_share * person_dot(s, row, thing, k),
                         .is_of_source = true};
    }
    if (own)
        reasons[n++] = (pal_reason){.item = -1,
                                    .what = "what is known of the person besides the history",
                                    .amount = person_dot(s, own, thing, k)};
    reasons[n++] =
        (pal_reason){.item = -1, .what = "what everybody makes of it", .amount = (double)thing[k]};
    if (!s->tower.has_layers) return n;
    double left = 0;
    person_row(p, s, query, &c, c.users);
    for (int64_t f = 0; f < k; f++)
        left += ((double)c.users[f] - person_scale(s, f) * (double)c.x[f]) * (double)thing[f];
    reasons[n++] =
        (pal_reason){.item = -1, .what = "what the hidden layers make of all that", .amount = left};
    return n;
}

int32_t pal_person_tensors(const pal_person_form *p, pal_person_state *s, int32_t n_users,
                           int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {
    int64_t k = p->factors;
    s->n_users = n_users;
    s->n_items = n_items;
    const pal_tensor all[] = {
        pal_float_rows("history", &s->history, n_items, k, PAL_ROLE_DATA, &s->small_history),
        pal_float_rows("items", &s->items, n_items, k + 1, PAL_ROLE_ITEMS, &s->small_items),
        {"source_range", PAL_I64, 1, {2}, (void **)&s->source_range, PAL_ROLE_STARTS, 0, NULL},
        pal_float_rows("source_history", &s->source_history, -1, k, PAL_ROLE_DATA,
                       &s->small_source),
        {"network_range", PAL_I64, 1, {2}, (void **)&s->network_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("network", &s->network, -1),
        pal_float_rows("users", &s->users, n_users, k, PAL_ROLE_USERS, NULL),
    };
    memcpy(tensors, all, sizeof all);
    return (int32_t)(sizeof all / sizeof *all) - (p->own ? 0 : p->has_tower ? 1 : 3);
}
