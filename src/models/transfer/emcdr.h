/* emcdr.h - als's rows here, those of the source's items, and the map between people. */
#ifndef PAL_MODELS_TRANSFER_EMCDR_H
#define PAL_MODELS_TRANSFER_EMCDR_H

#include "models/panels.h"
#include "models/transfer/toward.h"

typedef struct {
    const char *of;
    bool use_source;
    int64_t source_epochs;
    double trust;
} emcdr_params;

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
    float *panels;
    pal_packed packed;
} emcdr_state;

typedef struct { /* of one thread, for what a history in the source foretells */
    pal_toward_room solve;
    float *z; /* [width] */
} emcdr_there;

static inline bool pal_emcdr_has_source(const emcdr_state *s) { return s->source.n_items > 0; }

/* Cuts `memory` (NULL: only counts) and returns the bytes that it takes, a multiple of 64. */
size_t pal_emcdr_there_cut(const emcdr_state *s, void *memory, emcdr_there *out);
/* The row z there of a source history, in room->z, and its distinct items, of which those that are
 * no rows are looked past; returns how many, 0: it says nothing. */
int32_t pal_emcdr_fold(const emcdr_state *s, const int32_t *events, int32_t n,
                       const emcdr_there *room, const int32_t **items);
/* What a source history foretells, in guess [width]; false: it says nothing. */
bool pal_emcdr_guess(const emcdr_state *s, const int32_t *events, int32_t n,
                     const emcdr_there *room, float *guess);
/* Of a source history, never 0 where it has events. */
int32_t pal_emcdr_mark(const int32_t *items, int32_t n);
/* The source's side from what is stored of it. */
pal_status pal_emcdr_derive(pal_ctx *ctx, pal_arena *arena, emcdr_state *s);

pal_status pal_emcdr_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state);

#endif
