/* topk.c - a heap of the best, fed by a filter that lets almost nothing through. */
#include "math/topk.h"

#include <math.h>
#include <string.h>

/* True when (score, item) stands behind (other_score, other_item) in a list. */
static inline bool topk_is_worse(float score, int32_t item, float other_score, int32_t other_item) {
    return score < other_score || (score == other_score && item > other_item);
}

static void topk_swap(pal_topk *top, int32_t i, int32_t j) {
    int32_t item = top->items[i];
    float score = top->scores[i];
    top->items[i] = top->items[j];
    top->scores[i] = top->scores[j];
    top->items[j] = item;
    top->scores[j] = score;
}

/* The worst is on top: sinks entry i among the first n. */
static void topk_sink(pal_topk *top, int32_t i, int32_t n) {
    for (;;) {
        int32_t worst = i;
        for (int32_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++) {
            if (topk_is_worse(top->scores[child], top->items[child], top->scores[worst],
                              top->items[worst])) {
                worst = child;
            }
        }
        if (worst == i) return;
        topk_swap(top, i, worst);
        i = worst;
    }
}

void pal_topk_start(pal_topk *top, int32_t k, int32_t *items, float *scores) {
    *top = (pal_topk){.items = items, .scores = scores, .k = k};
}

float pal_topk_threshold(const pal_topk *top) {
    return top->n < top->k ? -INFINITY : top->scores[0];
}

void pal_topk_add(pal_topk *top, int32_t item, float score) {
    if (!(score > -INFINITY) || top->k == 0) return;
    if (top->n < top->k) {
        int32_t i = top->n++;
        top->items[i] = item;
        top->scores[i] = score;
        for (int32_t parent; i > 0; i = parent) {
            parent = (i - 1) / 2;
            if (!topk_is_worse(top->scores[i], top->items[i], top->scores[parent],
                               top->items[parent]))
                break;
            topk_swap(top, i, parent);
        }
        return;
    }
    if (!topk_is_worse(top->scores[0], top->items[0], score, item)) return;
    top->items[0] = item;
    top->scores[0] = score;
    topk_sink(top, 0, top->n);
}

void pal_topk_offer(pal_topk *top, const pal_kernels *kernels, const float *scores, int32_t n,
                    int32_t first, int32_t *found) {
    int32_t i = 0;
    /* Until the heap is full everything passes; short steps let the threshold rise before the long
     * scan. */
    for (int32_t step = top->k; i < n; i += step, step = n) {
        int32_t length = step < n - i ? step : n - i;
        if (step == 0) return;
        int32_t n_found = kernels->above(scores + i, length, pal_topk_threshold(top), found);
        for (int32_t j = 0; j < n_found; j++) {
            float score = scores[i + found[j]];
            if (score > pal_topk_threshold(top)) pal_topk_add(top, first + i + found[j], score);
        }
    }
}

int32_t pal_topk_finish(pal_topk *top) {
    for (int32_t n = top->n - 1; n > 0; n--) {
        topk_swap(top, 0, n);
        topk_sink(top, 0, n);
    }
    return top->n;
}

size_t pal_packed_floats(int32_t n_items, int32_t n_factors) {
    size_t n_panels = ((size_t)n_items + PAL_PANEL - 1) / PAL_PANEL;
    return n_panels * (size_t)n_factors * PAL_PANEL;
}

pal_packed pal_pack(const float *vectors, int32_t n_items, int32_t n_factors, float *panels) {
    memset(panels, 0, pal_packed_floats(n_items, n_factors) * sizeof *panels);
    for (int32_t i = 0; i < n_items; i++) {
        float *panel = panels + (int64_t)(i / PAL_PANEL) * n_factors * PAL_PANEL;
        for (int32_t f = 0; f < n_factors; f++) {
            panel[(int64_t)f * PAL_PANEL + i % PAL_PANEL] = vectors[(int64_t)i * n_factors + f];
        }
    }
    return (pal_packed){.panels = panels,
                        .n_items = n_items,
                        .n_factors = n_factors,
                        .n_panels = (n_items + PAL_PANEL - 1) / PAL_PANEL};
}

pal_packed pal_pack_small(const pal_small *small, int32_t n_factors, void *panels, float *scales) {
    int32_t n_items = (int32_t)small->n;
    size_t size = pal_precision_size(small->precision);
    pal_packed packed = {.panels = panels,
                         .n_items = n_items,
                         .n_factors = n_factors,
                         .n_panels = (n_items + PAL_PANEL - 1) / PAL_PANEL,
                         .precision = small->precision,
                         .scales = scales};
    memset(panels, 0, pal_packed_floats(n_items, n_factors) * size);
    for (int64_t i = 0; i < n_items; i++) {
        int64_t first = i / PAL_PANEL * n_factors * PAL_PANEL + i % PAL_PANEL;
        for (int64_t f = 0; f < small->width; f++)
            memcpy((char *)panels + (size_t)(first + f * PAL_PANEL) * size,
                   (const char *)small->codes + (size_t)(i * small->width + f) * size, size);
        if (scales) scales[i] = small->scales[i];
    }
    for (int64_t i = n_items; scales && i < (int64_t)packed.n_panels * PAL_PANEL; i++)
        scales[i] = 0;
    return packed;
}

void pal_packed_panel(const pal_kernels *kernels, const pal_packed *packed, int32_t p,
                      const float *users, int32_t n_queries, float *scores, int64_t stride) {
    int32_t n_factors = packed->n_factors;
    int64_t first = (int64_t)p * n_factors * PAL_PANEL;
    if (packed->precision == PAL_PRECISION_INT8)
        kernels->score_panel_int8(users, n_queries, (const int8_t *)packed->panels + first,
                                  packed->scales + (int64_t)p * PAL_PANEL, n_factors, scores,
                                  stride);
    else if (packed->precision == PAL_PRECISION_BF16)
        kernels->score_panel_bf16(users, n_queries, (const uint16_t *)packed->panels + first,
                                  n_factors, scores, stride);
    else
        kernels->score_panel(users, n_queries, (const float *)packed->panels + first, n_factors,
                             scores, stride);
}

void pal_packed_scores(const pal_kernels *kernels, const pal_packed *packed, const float *users,
                       int32_t n_queries, float *edge, float *scores) {
    int32_t n_items = packed->n_items;
    for (int32_t p = 0; p < packed->n_panels; p++) {
        int32_t first = p * PAL_PANEL,
                n = n_items - first < PAL_PANEL ? n_items - first : PAL_PANEL;
        bool is_whole = n == PAL_PANEL;
        pal_packed_panel(kernels, packed, p, users, n_queries, is_whole ? scores + first : edge,
                         is_whole ? n_items : PAL_PANEL);
        for (int32_t q = 0; !is_whole && q < n_queries; q++)
            memcpy(scores + (int64_t)q * n_items + first, edge + (int64_t)q * PAL_PANEL,
                   (size_t)n * sizeof *scores);
    }
}

enum { SCAN_QUERIES = 24, SCAN_PANELS = 8, SCAN_ITEMS = SCAN_PANELS * PAL_PANEL };

size_t pal_scan_scratch(int32_t k) {
    (void)k;
    return SCAN_QUERIES * SCAN_ITEMS * sizeof(float) + SCAN_ITEMS * sizeof(int32_t) +
           SCAN_QUERIES * (sizeof(pal_topk) + sizeof(int64_t));
}

typedef struct {
    float *scores;  /* [SCAN_QUERIES, SCAN_ITEMS] */
    int32_t *found; /* [SCAN_ITEMS] */
    pal_topk *tops; /* [SCAN_QUERIES] */
    int64_t *next;  /* [SCAN_QUERIES] the first hidden row that the scan has not passed */
} scan_scratch;

/* Offers one query's scores of items [first, first + n), but not its hidden rows. */
static void scan_offer(const pal_kernels *kernels, scan_scratch *s, int32_t q, int32_t first,
                       int32_t n, const int32_t *hidden, int64_t hidden_end) {
    float *scores = s->scores + (int64_t)q * SCAN_ITEMS;
    int64_t h = s->next[q];
    for (; h < hidden_end && hidden[h] < first + n; h++) scores[hidden[h] - first] = -INFINITY;
    s->next[q] = h;
    pal_topk *top = &s->tops[q];
    int32_t n_found = kernels->above(scores, n, pal_topk_threshold(top), s->found);
    for (int32_t j = 0; j < n_found; j++) {
        float score = scores[s->found[j]];
        if (score > pal_topk_threshold(top)) pal_topk_add(top, first + s->found[j], score);
    }
}

void pal_scan(const pal_kernels *kernels, const pal_packed *packed, const float *users,
              int32_t n_queries, const int64_t *hidden_starts, const int32_t *hidden, int32_t k,
              int32_t *items, float *scores, int32_t *counts, void *scratch) {
    scan_scratch s = {.scores = scratch};
    s.tops = (pal_topk *)(s.scores + SCAN_QUERIES * SCAN_ITEMS);
    s.next = (int64_t *)(s.tops + SCAN_QUERIES);
    s.found = (int32_t *)(s.next + SCAN_QUERIES);
    for (int32_t from = 0; from < n_queries; from += SCAN_QUERIES) {
        int32_t n = n_queries - from < SCAN_QUERIES ? n_queries - from : SCAN_QUERIES;
        for (int32_t q = 0; q < n; q++) {
            pal_topk_start(&s.tops[q], k, items + (int64_t)(from + q) * k,
                           scores + (int64_t)(from + q) * k);
            s.next[q] = hidden_starts[from + q];
        }
        for (int32_t p = 0; p < packed->n_panels; p += SCAN_PANELS) {
            int32_t first = p * PAL_PANEL, last = first + SCAN_ITEMS;
            if (last > packed->n_items) last = packed->n_items;
            for (int32_t j = p; j < p + SCAN_PANELS && j < packed->n_panels; j++) {
                pal_packed_panel(kernels, packed, j, users + (int64_t)from * packed->n_factors, n,
                                 s.scores + (int64_t)(j - p) * PAL_PANEL, SCAN_ITEMS);
            }
            for (int32_t q = 0; q < n; q++) {
                scan_offer(kernels, &s, q, first, last - first, hidden,
                           hidden_starts[from + q + 1]);
            }
        }
        for (int32_t q = 0; q < n; q++) counts[from + q] = pal_topk_finish(&s.tops[q]);
    }
}
