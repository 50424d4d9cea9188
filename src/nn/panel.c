/* panel.c - by math's kernel of scores; in double, for tests, by plain loops. */
#include "nn/panel.h"

#include <string.h>

#include "math/kernels.h"

int64_t pal_panel_size(int64_t n_out, int64_t k) {
    return (n_out + PAL_PANEL - 1) / PAL_PANEL * PAL_PANEL * k;
}

void pal_panel_pack(const pal_real *w, int64_t row, int64_t col, int64_t n_out, int64_t k,
                    pal_real *panels) {
    for (int64_t first = 0; first < n_out; first += PAL_PANEL) {
        for (int64_t f = 0; f < k; f++) {
            for (int64_t i = 0; i < PAL_PANEL; i++)
                *panels++ = first + i < n_out ? w[(first + i) * row + f * col] : 0;
        }
    }
}

static void panel_block(const pal_real *x, int64_t n, const pal_real *panel, int64_t k, pal_real *y,
                        int64_t stride) {
#ifdef PAL_REAL_IS_DOUBLE
    for (int64_t r = 0; r < n; r++) {
        for (int64_t i = 0; i < PAL_PANEL; i++) {
            pal_real sum = 0;
            for (int64_t f = 0; f < k; f++) sum += x[r * k + f] * panel[f * PAL_PANEL + i];
            y[r * stride + i] = sum;
        }
    }
#else
    pal_kernels_best()->score_panel(x, (int32_t)n, panel, (int32_t)k, y, stride);
#endif
}

void pal_panel_times(const pal_real *x, const pal_real *panels, int64_t n, int64_t n_out, int64_t k,
                     pal_real *y) {
    enum { ROWS = 48 }; /* stay in cache while all panels pass */
    pal_real edge[ROWS * PAL_PANEL];
    for (int64_t r = 0; r < n; r += ROWS) {
        int64_t rows = n - r < ROWS ? n - r : ROWS;
        for (int64_t first = 0; first < n_out; first += PAL_PANEL) {
            const pal_real *panel = panels + first * k;
            pal_real *to = y + r * n_out + first;
            if (first + PAL_PANEL <= n_out) {
                panel_block(x + r * k, rows, panel, k, to, n_out);
                continue;
            }
            panel_block(x + r * k, rows, panel, k, edge, PAL_PANEL);
            for (int64_t q = 0; q < rows; q++)
                memcpy(to + q * n_out, edge + q * PAL_PANEL, (size_t)(n_out - first) * sizeof *to);
        }
    }
}
