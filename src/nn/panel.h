/* panel.h - y = x wᵀ where w stands in panels of PAL_PANEL of its rows side by side (math/topk.h):
 * each y is one chain of multiply-adds, so that a row of y is the same bits however many rows are
 * asked for. BLAS does not promise that, and packs w anew in each call, which costs more than the
 * product itself where x has few rows: the steps of a recurrent layer. */
#ifndef PAL_NN_PANEL_H
#define PAL_NN_PANEL_H

#include <stdint.h>

#include "nn/real.h"

/* Elements of the panels of w [n_out, k]. */
int64_t pal_panel_size(int64_t n_out, int64_t k);
/* w [n_out, k] by rows `row` and columns `col` elements apart: a transposed matrix has row = 1. */
void pal_panel_pack(const pal_real *w, int64_t row, int64_t col, int64_t n_out, int64_t k,
                    pal_real *panels);
/* x [n, k], y [n, n_out]. */
void pal_panel_times(const pal_real *x, const pal_real *panels, int64_t n, int64_t n_out, int64_t k,
                     pal_real *y);

#endif
