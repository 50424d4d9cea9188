/* cold_map.h - als's rows, and what features foretell of them. */
#ifndef PAL_MODELS_TRANSFER_COLD_MAP_H
#define PAL_MODELS_TRANSFER_COLD_MAP_H

#include "models/panels.h"
#include "models/profile_code.h"
#include "models/transfer/toward.h"

typedef struct {
    const char *of;
    double half, few, trust;
} cold_params;

typedef struct {
    pal_model *parts[1]; /* als of the items with events */
    float *items;        /* [n_items, k] */
    float *people;       /* [n_users, k] */
    uint8_t *marks;      /* [n_users] 1: the row was solved with a profile */
    pal_profile_code code;
    float *constants, *profiles; /* [k], [features of code, k] the map from profiles */
    /* derived */
    pal_als_side side; /* with all items */
    float *padded, *panels;
    pal_packed packed;
    int32_t n_items;
} cold_state;

/* als's side with the rows of all items. */
pal_status pal_cold_derive(pal_ctx *ctx, pal_arena *arena, cold_state *s);

pal_status pal_cold_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                        pal_arena *arena, pal_arena *scratch, void *state);

#endif
