/* panels.c - all items for some queries, panel by panel. */
#include "models/panels.h"

#include <string.h>

pal_status pal_panels_pack(pal_ctx *ctx, const char *what, const float *vectors, int32_t n_items,
                           int32_t n_factors, pal_arena *arena, float **panels, pal_packed *out) {
    int64_t n = (int64_t)pal_packed_floats(n_items, n_factors);
    if (!*panels) *panels = PAL_ARENA_ARRAY(arena, float, n);
    if (!*panels) return pal_fail_memory(ctx, what, 4.0 * (double)n);
    *out = pal_pack(vectors, n_items, n_factors, *panels);
    return PAL_OK;
}

pal_status pal_panels_pack_rows(pal_ctx *ctx, const char *what, const float *vectors,
                                const pal_small *small, int32_t n_items, int32_t n_factors,
                                pal_arena *arena, float **panels, pal_packed *out) {
    if (vectors) return pal_panels_pack(ctx, what, vectors, n_items, n_factors, arena, panels, out);
    int64_t n = (int64_t)pal_packed_floats(n_items, n_factors);
    bool has_scales = small->precision == PAL_PRECISION_INT8;
    void *codes = pal_arena_alloc(arena, n, pal_precision_size(small->precision));
    float *scales = has_scales ? PAL_ARENA_ARRAY(arena, float, (int64_t)n_items + PAL_PANEL) : NULL;
    if (!codes || (has_scales && !scales)) return pal_fail_memory(ctx, what, 2.0 * (double)n);
    *out = pal_pack_small(small, n_factors, codes, scales);
    return PAL_OK;
}

void pal_panels_score(const pal_packed *packed, const float *users, int32_t n_queries,
                      const float *biases, float *scores) {
    enum { QUERIES = 16 };
    const pal_kernels *kernels = pal_kernels_best();
    int32_t k = packed->n_factors, n = packed->n_items;
    for (int32_t first = 0; first < n_queries; first += QUERIES) {
        int32_t n_now = n_queries - first < QUERIES ? n_queries - first : QUERIES;
        float *rows = scores + (int64_t)first * n, last[QUERIES * PAL_PANEL];
        for (int32_t p = 0; p < packed->n_panels; p++) {
            int32_t at = p * PAL_PANEL, width = n - at < PAL_PANEL ? n - at : PAL_PANEL;
            if (width == PAL_PANEL) {
                pal_packed_panel(kernels, packed, p, users + (int64_t)first * k, n_now, rows + at,
                                 n);
                continue;
            }
            pal_packed_panel(kernels, packed, p, users + (int64_t)first * k, n_now, last,
                             PAL_PANEL);
            for (int32_t q = 0; q < n_now; q++)
                memcpy(rows + (int64_t)q * n + at, last + q * PAL_PANEL,
                       (size_t)width * sizeof *last);
        }
        for (int32_t q = 0; biases && q < n_now; q++) {
            for (int32_t i = 0; i < n; i++) rows[(int64_t)q * n + i] += biases[i];
        }
    }
}
