/* sequence.c - from histories to scores: state, packing, queries. Training: sequence_train.c. */
#include "models/sequence.h"

#include <math.h>
#include <string.h>

#include "models/history.h"
#include "models/panels.h"
#include "models/sequence_loss.h"
#include "models/sequence_train.h"
#include "nn/softmax.h"
#include "nn/table.h"

const char *const pal_sequence_losses[] = {"softmax", "sampled", "bpr", "gbce", NULL};

/* --- state --- */

static int64_t sequence_network_size(const pal_encoder *encoder) {
    pal_parameters p = {0};
    encoder->layout(encoder->params, &p);
    return p.n;
}

pal_status pal_sequence_prepare(pal_ctx *ctx, const pal_encoder *encoder, pal_arena *arena,
                                pal_sequence_state *s) {
    if (encoder->derive) {
        int64_t n = encoder->n_derived(encoder->params);
        if (!s->derived) s->derived = PAL_ARENA_ARRAY(arena, float, n);
        if (!s->derived) return pal_fail_memory(ctx, encoder->name, 4.0 * (double)n);
        encoder->derive(encoder->params, s->network, s->derived);
    }
    return pal_panels_pack_rows(ctx, encoder->name, s->items, &s->small, s->n_items,
                                (int32_t)encoder->options->factors, arena, &s->panels, &s->packed);
}

int32_t pal_sequence_tensors(const pal_encoder *encoder, pal_sequence_state *s, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    s->n_items = n_items;
    tensors[0] = pal_float_rows("items", &s->items, n_items, encoder->options->factors,
                                PAL_ROLE_ITEMS, &s->small);
    tensors[1] = pal_floats("network", &s->network, sequence_network_size(encoder));
    return 2;
}

/* A schedule ends with the last epoch, so that the best is seldom far from it. */
static double sequence_epochs(const pal_sequence_options *o) {
    bool stops = o->patience > 0 && o->schedule == PAL_SCHEDULE_CONSTANT;
    return (double)o->epochs / (stops ? 4 : 1);
}

void pal_sequence_estimate(const pal_encoder *encoder, const pal_log *log, int32_t n_threads,
                           pal_estimate *out) {
    const pal_sequence_options *o = encoder->options;
    double n = (double)log->n_events, k = (double)o->factors, items = (double)log->n_items,
           longest = fmin((double)o->length, (double)pal_log_longest(log)),
           mean = fmin(longest, n / fmax(1, (double)log->n_users));
    double held = o->loss == PAL_SEQUENCE_SOFTMAX ? 4 * items : 3 * (double)o->negatives;
    out->seconds = sequence_epochs(o) * n * (3 * encoder->work(encoder->params, mean) + held * k) *
                   4e-11 / n_threads;
    double positions = (double)o->batch * longest;
    if (positions > n) positions = n;
    double room = (double)encoder->room(encoder->params, (int64_t)positions, o->batch, true);
    bool is_softmax = o->loss == PAL_SEQUENCE_SOFTMAX;
    double drawn = is_softmax ? 0 : fmin((double)o->negatives, items),
           entries = 2 * positions + PAL_SEQUENCE_CHUNKS * drawn,
           network = (double)sequence_network_size(encoder);
    out->bytes = 4 * (2 * items * k + room + (entries + 3.25 * positions + drawn) * k +
                      2 * (entries + positions) + network * (4 + PAL_SEQUENCE_CHUNKS) +
                      PAL_SEQUENCE_CHUNKS * drawn * (k + PAL_SEQUENCE_ROWS_HELD)) +
                 pal_table_bytes(log->n_items, k, entries) + 24.0 * log->n_users +
                 (is_softmax ? 16 * items * k + pal_softmax_bytes(log->n_items, k, n_threads) : 0);
}

/* --- queries --- */

/* Positions of a query at the most. */
static int64_t sequence_length(const pal_encoder *encoder) {
    int64_t length = encoder->options->length;
    return encoder->reach > 0 && encoder->reach < length ? encoder->reach : length;
}

typedef struct {
    int64_t *lengths, *starts; /* [n_queries], [max(n_queries, length) + 1] */
    int32_t *order;            /* [n_queries] queries, the longest first */
    float *x, *y, *users, *room;
} sequence_scratch;

static size_t sequence_take(char **at, size_t bytes) {
    size_t rounded = pal_scratch_round(bytes);
    if (*at) *at += rounded;
    return rounded;
}

/* With base NULL only counts. */
static size_t sequence_cut(const pal_encoder *encoder, int64_t n_queries, char *base,
                           sequence_scratch *out) {
    int64_t length = sequence_length(encoder), n = n_queries * length,
            k = encoder->options->factors, groups = n_queries > length ? n_queries : length;
    size_t sizes[] = {(size_t)n_queries * 8,
                      (size_t)(groups + 1) * 8,
                      (size_t)n_queries * 4,
                      (size_t)(n * k) * 4,
                      (size_t)(n * k) * 4,
                      (size_t)(n_queries * k) * 4,
                      (size_t)encoder->room(encoder->params, n, n_queries, false) * 4};
    enum { PARTS = sizeof sizes / sizeof *sizes };
    void *parts[PARTS];
    size_t total = 0;
    for (int32_t i = 0; i < PARTS; i++) {
        parts[i] = base;
        total += sequence_take(&base, sizes[i]);
    }
    *out = (sequence_scratch){.lengths = parts[0],
                              .starts = parts[1],
                              .order = parts[2],
                              .x = parts[3],
                              .y = parts[4],
                              .users = parts[5],
                              .room = parts[6]};
    return total;
}

size_t pal_sequence_scratch_bytes(const pal_encoder *encoder, const pal_sequence_state *state,
                                  int32_t n_queries) {
    (void)state;
    sequence_scratch unused;
    return sequence_cut(encoder, n_queries, NULL, &unused);
}

/* Queries by length, the longest first: insertion, for there are few. */
static void sequence_order(const pal_encoder *encoder, const pal_query *queries, int32_t n,
                           sequence_scratch *c) {
    int64_t most = sequence_length(encoder);
    for (int32_t q = 0; q < n; q++) {
        int64_t length = (int64_t)queries[q].n_events + 1 < most ? queries[q].n_events + 1 : most;
        int32_t to = q;
        for (; to > 0 && c->lengths[to - 1] < length; to--) {
            c->lengths[to] = c->lengths[to - 1];
            c->order[to] = c->order[to - 1];
        }
        c->lengths[to] = length;
        c->order[to] = q;
    }
}

static int64_t sequence_position(const pal_encoder *encoder, const int64_t *starts, int64_t s,
                                 int64_t t) {
    return encoder->by_step ? starts[t] + s : starts[s] + t;
}

void pal_sequence_score(const pal_encoder *encoder, const pal_sequence_state *state,
                        const pal_query *queries, int32_t n_queries, void *scratch, float *scores) {
    sequence_scratch c;
    size_t row = (size_t)encoder->options->factors * sizeof(float);
    int64_t k = encoder->options->factors;
    sequence_cut(encoder, n_queries, scratch, &c);
    sequence_order(encoder, queries, n_queries, &c);
    int64_t n_groups = pal_sequence_pack(encoder->by_step, n_queries, c.lengths, c.starts);
    for (int32_t s = 0; s < n_queries; s++) {
        const pal_query *query = &queries[c.order[s]];
        for (int64_t t = 0; t < c.lengths[s]; t++) {
            int64_t event = query->n_events - c.lengths[s] + t;
            float *to = c.x + sequence_position(encoder, c.starts, s, t) * k;
            if (event < 0) {
                memset(to, 0, row);
            } else {
                const float *from =
                    pal_row_at(state->items, &state->small, k, query->items[event], to);
                if (from != to) memcpy(to, from, row);
            }
        }
    }
    pal_sequence_pass pass = {.network = state->network,
                              .derived = state->derived,
                              .n = c.starts[n_groups],
                              .n_groups = n_groups,
                              .starts = c.starts,
                              .n_sequences = n_queries,
                              .x = c.x,
                              .y = c.y,
                              .room = c.room};
    encoder->forward(encoder->params, &pass);
    for (int32_t s = 0; s < n_queries; s++)
        memcpy(c.users + c.order[s] * k,
               c.y + sequence_position(encoder, c.starts, s, c.lengths[s] - 1) * k, row);
    pal_panels_score(&state->packed, c.users, n_queries, NULL, scores);
}
