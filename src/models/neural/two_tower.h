/* two_tower.h - what training and scoring of two_tower share (two_tower.c says what it is). */
#ifndef PAL_MODELS_TWO_TOWER_H
#define PAL_MODELS_TWO_TOWER_H

#include "models/feature_tables.h"
#include "models/model.h"
#include "models/panels.h"
#include "nn/mlp.h"

typedef enum { TOWER_AUTO, TOWER_FULL, TOWER_SAMPLED, TOWER_BATCH } tower_loss;
enum {
    TOWER_CHUNKS = 16,       /* of a batch */
    TOWER_FULL_ITEMS = 20000 /* up to so many auto looks at all */
};

typedef struct {
    pal_feature_options f; /* first: the table's rows name its fields */
    int64_t negatives;
    int32_t loss;
} tower_params;

typedef struct {
    float *history;         /* [n_items, factors] H */
    float *items;           /* [n_items, factors + 1] with features, the bias last */
    int64_t *network_range; /* [2] 0 and the network's size */
    float *network;
    int64_t *profile_range; /* [2] 0 and the size of profiles: 0 without features of people */
    float *profiles;        /* [n_users + 1, factors] summed features; the last: nothing is known */
    pal_feature_told told;
    int32_t n_users, n_items;
    /* Derived. */
    pal_mlp mlp;
    float *panels;
    pal_packed packed;
    pal_small small_history, small_items; /* instead of history and items */
} tower_state;

static inline bool tower_is_full(const tower_params *p, int32_t n_items) {
    return p->loss == TOWER_FULL || (p->loss == TOWER_AUTO && n_items <= TOWER_FULL_ITEMS);
}

/* Parts of x, `factors` wide each: the long sum, the recent one, the profile. */
static inline int32_t tower_n_parts(const tower_params *p, bool has_profiles) {
    return pal_feature_sums(&p->f) + has_profiles;
}

static inline void tower_plan(const tower_params *p, bool has_profiles, pal_parameters *parameters,
                              pal_mlp *out) {
    pal_mlp_plan(tower_n_parts(p, has_profiles) * (int32_t)p->f.factors, p->f.layers.at,
                 p->f.layers.n, (int32_t)p->f.factors, (pal_activation)p->f.activation, parameters,
                 out);
}

pal_status pal_tower_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                         pal_arena *arena, pal_arena *scratch, void *state);

#endif
