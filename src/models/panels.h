/* panels.h - scores as inner products of float rows, for kinds whose items are such rows. */
#ifndef PAL_MODELS_PANELS_H
#define PAL_MODELS_PANELS_H

#include "math/topk.h"
#include "models/model.h"

/* Packs vectors [n_items, n_factors] for scanning. What *panels points to is allocated from `arena`
 * when it is NULL and used again otherwise. */
pal_status pal_panels_pack(pal_ctx *ctx, const char *what, const float *vectors, int32_t n_items,
                           int32_t n_factors, pal_arena *arena, float **panels, pal_packed *out);
/* The same for rows that may be small (vectors NULL: math/small.h), with zeros up to n_factors. */
pal_status pal_panels_pack_rows(pal_ctx *ctx, const char *what, const float *vectors,
                                const pal_small *small, int32_t n_items, int32_t n_factors,
                                pal_arena *arena, float **panels, pal_packed *out);
/* scores[q * n_items + i] = users[q]·V_i + biases[i]; users [n_queries, n_factors]; biases may be
 * NULL. One chain of fused multiply-adds a score. */
void pal_panels_score(const pal_packed *packed, const float *users, int32_t n_queries,
                      const float *biases, float *scores);

#endif
