/* sequence_draws.c - a deck, shuffled as far as cards are taken. */
#include "models/sequence_draws.h"

#include "base/rng.h"

static pal_status draws_open_spared(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                    pal_sequence_draws *d) {
    enum { REPEATS = 5 };
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &d->known));
    d->spares = (log->n_events - d->known.starts[log->n_users]) * REPEATS < log->n_events;
    for (int32_t u = 0; d->spares && u < log->n_users; u++) {
        int64_t n = d->known.starts[u + 1] - d->known.starts[u];
        if (n > d->n_spared) d->n_spared = n;
    }
    if (d->n_spared > d->n_drawn) d->n_spared = d->n_drawn;
    return PAL_OK;
}

pal_status pal_sequence_draws_open(pal_ctx *ctx, const char *what, const pal_log *log,
                                   int64_t negatives, int64_t n_chunks, pal_arena *scratch,
                                   pal_sequence_draws *out) {
    int32_t n_items = log->n_items;
    *out = (pal_sequence_draws){.n_items = n_items,
                                .n_drawn = negatives < n_items ? negatives : n_items,
                                .deck = PAL_ARENA_ARRAY(scratch, int32_t, n_items),
                                .slot = PAL_ARENA_ARRAY(scratch, int32_t, n_items)};
    if (!out->deck || !out->slot) return pal_fail_memory(ctx, what, 8.0 * n_items);
    for (int32_t i = 0; i < n_items; i++) out->deck[i] = i;
    out->n_cards = n_chunks * out->n_drawn < n_items ? n_chunks * out->n_drawn : n_items;
    return draws_open_spared(ctx, log, scratch, out);
}

void pal_sequence_draw(pal_sequence_draws *d, uint64_t seed, int64_t number) {
    pal_rng rng = pal_rng_at(seed, (uint64_t)number);
    for (int64_t i = 0; i < d->n_cards; i++) d->slot[d->deck[i]] = 0;
    for (int64_t i = 0; i < d->n_cards; i++) {
        int64_t other = i + pal_rng_below(&rng, (uint32_t)(d->n_items - i));
        int32_t item = d->deck[other];
        d->deck[other] = d->deck[i];
        d->deck[i] = item;
        d->slot[item] = (int32_t)i + 1;
    }
}

void pal_sequence_drawn(const pal_sequence_draws *d, int64_t chunk, int32_t *items) {
    for (int64_t i = 0; i < d->n_drawn; i++)
        items[i] = d->deck[(chunk * d->n_drawn + i) % d->n_items];
}

int64_t pal_sequence_spare(const pal_sequence_draws *d, int64_t chunk, int32_t user,
                           int32_t *places) {
    int64_t n = 0;
    for (int64_t e = d->known.starts[user]; e < d->known.starts[user + 1]; e++) {
        int64_t place = pal_sequence_place(d, chunk, d->known.cols[e]);
        if (place >= 0) places[n++] = (int32_t)place;
    }
    return n;
}
