/* convolution.c - products over images. */
#include "nn/convolution.h"

#include <string.h>

#include "nn/linear.h"
#include "nn/loops.h"

int64_t pal_window_images(int64_t n, int64_t n_sequences, int64_t window) {
    return n + n_sequences * (window - 1);
}

/* Image j of a sequence of n rows holds its rows [*row, *row + count) from its own row *at on. */
static int64_t window_run(int64_t j, int64_t n, int64_t window, int64_t *row, int64_t *at) {
    *at = j < window - 1 ? window - 1 - j : 0;
    *row = j - (window - 1) + *at;
    int64_t room = window - *at;
    return n - *row < room ? n - *row : room;
}

void pal_window_spread(const pal_real *x, const int64_t *starts, int64_t n_sequences, int64_t width,
                       int64_t window, pal_real *images, int64_t *first) {
    int64_t image = 0, row, at;
    for (int64_t s = 0; s < n_sequences; s++) {
        int64_t n = starts[s + 1] - starts[s];
        for (int64_t j = 0; j < n + window - 1; j++, image++) {
            int64_t count = window_run(j, n, window, &row, &at);
            pal_real *to = images + image * window * width;
            if (j < n) first[starts[s] + j] = image;
            memset(to, 0, (size_t)(window * width) * sizeof *to);
            memcpy(to + at * width, x + (starts[s] + row) * width,
                   (size_t)(count * width) * sizeof *to);
        }
    }
}

void pal_window_gather(const pal_real *d_images, const int64_t *starts, int64_t n_sequences,
                       int64_t width, int64_t window, pal_real *dx) {
    int64_t image = 0, row, at;
    memset(dx, 0, (size_t)(starts[n_sequences] * width) * sizeof *dx);
    for (int64_t s = 0; s < n_sequences; s++) {
        int64_t n = starts[s + 1] - starts[s];
        for (int64_t j = 0; j < n + window - 1; j++, image++) {
            int64_t count = window_run(j, n, window, &row, &at);
            pal_loops_best()->add_scaled(dx + (starts[s] + row) * width,
                                         d_images + (image * window + at) * width, 1,
                                         count * width);
        }
    }
}

/* --- horizontal --- */

void pal_horizontal_forward(const pal_windows *x, const pal_real *w, const pal_real *b,
                            int64_t height, int64_t n_filters, pal_real *values, pal_real *out,
                            int64_t out_stride, int32_t *kept) {
    int64_t k = height * x->width;
    pal_gemm(false, true, x->n_images, n_filters, k, x->images, x->window * x->width, w, k, 0,
             values, n_filters);
    for (int64_t p = 0; p < x->n; p++) {
        pal_real *to = out + p * out_stride;
        int32_t *from = kept + p * n_filters;
        int64_t first = x->first[p], last = first + x->window - height;
        memcpy(to, values + first * n_filters, (size_t)n_filters * sizeof *to);
        for (int64_t f = 0; f < n_filters; f++) from[f] = (int32_t)first;
        for (int64_t r = first + 1; r <= last; r++) {
            const pal_real *row = values + r * n_filters;
            for (int64_t f = 0; f < n_filters; f++) {
                from[f] = row[f] > to[f] ? (int32_t)r : from[f];
                to[f] = row[f] > to[f] ? row[f] : to[f];
            }
        }
        for (int64_t f = 0; f < n_filters; f++) {
            to[f] += b[f];
            if (to[f] > 0) continue;
            from[f] = -1;
            to[f] = 0;
        }
    }
}

void pal_horizontal_backward(const pal_windows *x, const pal_real *w, int64_t height,
                             int64_t n_filters, const pal_real *dy, int64_t dy_stride,
                             const int32_t *kept, pal_real *values, pal_real *d_images,
                             pal_real *dw, pal_real *db) {
    int64_t k = height * x->width, stride = x->window * x->width;
    memset(values, 0, (size_t)(x->n_images * n_filters) * sizeof *values);
    for (int64_t p = 0; p < x->n; p++) {
        for (int64_t f = 0; f < n_filters; f++) {
            int32_t row = kept[p * n_filters + f];
            if (row < 0) continue;
            values[row * n_filters + f] += dy[p * dy_stride + f];
            db[f] += dy[p * dy_stride + f];
        }
    }
    pal_gemm(true, false, n_filters, k, x->n_images, values, n_filters, x->images, stride, 1, dw,
             k);
    pal_gemm(false, false, x->n_images, k, n_filters, values, n_filters, w, k, 1, d_images, stride);
}

/* --- vertical --- */

void pal_vertical_forward(const pal_windows *x, const pal_real *v, int64_t n_filters, pal_real *out,
                          int64_t out_stride) {
    for (int64_t p = 0; p < x->n; p++) {
        const pal_real *rows = x->images + x->first[p] * x->window * x->width;
        pal_real *to = out + p * out_stride;
        memset(to, 0, (size_t)(n_filters * x->width) * sizeof *to);
        for (int64_t f = 0; f < n_filters; f++) {
            for (int64_t l = 0; l < x->window; l++)
                pal_loops_best()->add_scaled(to + f * x->width, rows + l * x->width,
                                             v[f * x->window + l], x->width);
        }
    }
}

void pal_vertical_backward(const pal_windows *x, const pal_real *v, int64_t n_filters,
                           const pal_real *dy, int64_t dy_stride, pal_real *d_images,
                           pal_real *dv) {
    const pal_loops *loops = pal_loops_best();
    for (int64_t p = 0; p < x->n; p++) {
        int64_t at = x->first[p] * x->window * x->width;
        for (int64_t f = 0; f < n_filters; f++) {
            const pal_real *d = dy + p * dy_stride + f * x->width;
            for (int64_t l = 0; l < x->window; l++) {
                int64_t row = at + l * x->width;
                loops->add_scaled(d_images + row, d, v[f * x->window + l], x->width);
                dv[f * x->window + l] += loops->dot(d, x->images + row, x->width);
            }
        }
    }
}

/* --- dilated --- */

void pal_dilated_forward(const pal_dilated *form, const pal_real *x, const int64_t *starts,
                         int64_t n_sequences, const pal_real *w, const pal_real *b, pal_real *y) {
    int64_t n_in = form->n_in, n_out = form->n_out;
    for (int64_t r = 0; r < starts[n_sequences]; r++)
        memcpy(y + r * n_out, b, (size_t)n_out * sizeof *y);
    for (int64_t s = 0; s < n_sequences; s++) {
        for (int64_t j = 0; j < form->taps; j++) {
            int64_t back = j * form->dilation, n = starts[s + 1] - starts[s] - back;
            if (n <= 0) break;
            pal_gemm(false, true, n, n_out, n_in, x + starts[s] * n_in, n_in, w + j * n_out * n_in,
                     n_in, 1, y + (starts[s] + back) * n_out, n_out);
        }
    }
}

void pal_dilated_backward(const pal_dilated *form, const pal_real *x, const int64_t *starts,
                          int64_t n_sequences, const pal_real *w, const pal_real *dy, pal_real *dx,
                          pal_real *dw, pal_real *db) {
    int64_t n_in = form->n_in, n_out = form->n_out;
    memset(dx, 0, (size_t)(starts[n_sequences] * n_in) * sizeof *dx);
    for (int64_t r = 0; r < starts[n_sequences]; r++)
        pal_loops_best()->add_scaled(db, dy + r * n_out, 1, n_out);
    for (int64_t s = 0; s < n_sequences; s++) {
        for (int64_t j = 0; j < form->taps; j++) {
            int64_t back = j * form->dilation, n = starts[s + 1] - starts[s] - back;
            if (n <= 0) break;
            const pal_real *d = dy + (starts[s] + back) * n_out;
            pal_gemm(false, false, n, n_in, n_out, d, n_out, w + j * n_out * n_in, n_in, 1,
                     dx + starts[s] * n_in, n_in);
            pal_gemm(true, false, n_out, n_in, n, d, n_out, x + starts[s] * n_in, n_in, 1,
                     dw + j * n_out * n_in, n_in);
        }
    }
}
