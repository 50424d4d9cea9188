/* convolution.h - convolutions over sequences, one after the other in packed rows: sequence s is
 * rows starts[s] … starts[s + 1).
 *
 * Caser's (Tang and Wang 2018) look at a window of the newest `window` rows at each position, zeros
 * where the sequence is shorter. Each sequence of n rows has n + window - 1 images: the runs of
 * `window` rows that begin at each row of it and of the zeros before it. The first h rows of an
 * image are what a filter of height h sees, so what windows share is computed once: horizontal,
 * height h: out_f = max(0, max_j F_f·[rows j … j + h) + b_f), one product over images; vertical:
 * out_f = Σ_l v_fl row_l. Dilated causal (Yuan et al. 2019, "NextItNet"): y_t = b + Σ_j W_j x_{t -
 * j dilation}. Cost forward, a position: horizontal n_filters h width multiply-adds, vertical
 * n_filters window width, dilated taps n_in n_out; backward twice that. */
#ifndef PAL_NN_CONVOLUTION_H
#define PAL_NN_CONVOLUTION_H

#include <stdint.h>

#include "nn/real.h"

typedef struct {
    int64_t n, n_images, width, window; /* positions */
    const pal_real *images;             /* [n_images, window, width] */
    const int64_t *first;               /* [n] the image that is each position's window */
} pal_windows;

/* How many images. */
int64_t pal_window_images(int64_t n, int64_t n_sequences, int64_t window);
/* images and first from x [n, width]. */
void pal_window_spread(const pal_real *x, const int64_t *starts, int64_t n_sequences, int64_t width,
                       int64_t window, pal_real *images, int64_t *first);
/* dx from the slopes of images. */
void pal_window_gather(const pal_real *d_images, const int64_t *starts, int64_t n_sequences,
                       int64_t width, int64_t window, pal_real *dx);

/* w [n_filters, height width], b [n_filters]; out, kept [n, n_filters] with out_stride elements
 * between the rows of out: kept is the row of `values` that was largest, or -1 where the output is
 * 0. values [n_images, n_filters] is room. */
void pal_horizontal_forward(const pal_windows *x, const pal_real *w, const pal_real *b,
                            int64_t height, int64_t n_filters, pal_real *values, pal_real *out,
                            int64_t out_stride, int32_t *kept);
/* d_images, dw, db are added to; values is room. */
void pal_horizontal_backward(const pal_windows *x, const pal_real *w, int64_t height,
                             int64_t n_filters, const pal_real *dy, int64_t dy_stride,
                             const int32_t *kept, pal_real *values, pal_real *d_images,
                             pal_real *dw, pal_real *db);

/* v [n_filters, window]; out row: n_filters pieces of width. */
void pal_vertical_forward(const pal_windows *x, const pal_real *v, int64_t n_filters, pal_real *out,
                          int64_t out_stride);
void pal_vertical_backward(const pal_windows *x, const pal_real *v, int64_t n_filters,
                           const pal_real *dy, int64_t dy_stride, pal_real *d_images, pal_real *dv);

typedef struct {
    int64_t n_in, n_out, taps, dilation;
} pal_dilated;

/* w [taps, n_out, n_in], tap j looks j dilation rows back; b [n_out]; x [n, n_in], y [n, n_out]. */
void pal_dilated_forward(const pal_dilated *form, const pal_real *x, const int64_t *starts,
                         int64_t n_sequences, const pal_real *w, const pal_real *b, pal_real *y);
/* dx is written; dw, db are added to. */
void pal_dilated_backward(const pal_dilated *form, const pal_real *x, const int64_t *starts,
                          int64_t n_sequences, const pal_real *w, const pal_real *dy, pal_real *dx,
                          pal_real *dw, pal_real *db);

#endif
