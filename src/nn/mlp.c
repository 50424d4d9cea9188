/* mlp.c - layer after layer. Room: of each layer what its sum was and what its activation gave,
 * then two rows of derivatives that take turns. */
#include "nn/mlp.h"

#include "nn/linear.h"

void pal_mlp_plan(int32_t n_in, const int32_t *hidden, int32_t n_hidden, int32_t n_out,
                  pal_activation activation, pal_parameters *p, pal_mlp *out) {
    *out = (pal_mlp){.n_layers = n_hidden + 1, .activation = activation};
    out->sizes[0] = n_in;
    for (int32_t l = 0; l < n_hidden; l++) out->sizes[l + 1] = hidden[l];
    out->sizes[n_hidden + 1] = n_out;
    for (int32_t l = 0; l < out->n_layers; l++) {
        out->weights[l] = pal_parameters_add(p, "weights", out->sizes[l + 1], out->sizes[l]);
        out->biases[l] = pal_parameters_add(p, "biases", 1, out->sizes[l + 1]);
    }
}

void pal_mlp_draw(const pal_mlp *mlp, uint64_t seed, const char *purpose, pal_real *values) {
    for (int32_t l = 0; l < mlp->n_layers; l++)
        pal_draw_uniform(seed + (uint64_t)l, purpose, values + mlp->weights[l],
                         (int64_t)mlp->sizes[l] * mlp->sizes[l + 1],
                         pal_glorot_bound(mlp->sizes[l], mlp->sizes[l + 1]));
}

static int32_t mlp_widest(const pal_mlp *mlp) {
    int32_t widest = 0;
    for (int32_t l = 1; l <= mlp->n_layers; l++)
        widest = mlp->sizes[l] > widest ? mlp->sizes[l] : widest;
    return widest;
}

int64_t pal_mlp_room(const pal_mlp *mlp) {
    int64_t n = 2 * mlp_widest(mlp);
    for (int32_t l = 1; l <= mlp->n_layers; l++) n += 2 * mlp->sizes[l];
    return n;
}

double pal_mlp_work(const pal_mlp *mlp) {
    double work = 0;
    for (int32_t l = 0; l < mlp->n_layers; l++)
        work += (double)mlp->sizes[l] * (double)mlp->sizes[l + 1];
    return work;
}

pal_real *pal_mlp_forward(const pal_mlp *mlp, const pal_real *values, const pal_real *x, int64_t n,
                          pal_real *room) {
    const pal_real *in = x;
    pal_real *sums = room;
    for (int32_t l = 0; l < mlp->n_layers; l++) {
        int64_t size = n * mlp->sizes[l + 1];
        pal_linear_forward(in, values + mlp->weights[l], values + mlp->biases[l], n, mlp->sizes[l],
                           mlp->sizes[l + 1], sums);
        if (l + 1 == mlp->n_layers) break;
        pal_activation_forward(mlp->activation, sums, sums + size, size);
        in = sums + size;
        sums += 2 * size;
    }
    return sums;
}

void pal_mlp_backward(const pal_mlp *mlp, const pal_real *values, const pal_real *x, int64_t n,
                      const pal_real *dy, pal_real *room, pal_real *dx, pal_real *gradient) {
    pal_real *sums = room, *turns[2];
    for (int32_t l = 1; l < mlp->n_layers; l++) sums += 2 * n * mlp->sizes[l];
    turns[0] = sums + 2 * n * mlp->sizes[mlp->n_layers];
    turns[1] = turns[0] + n * mlp_widest(mlp);
    for (int32_t l = mlp->n_layers - 1; l >= 0; l--) {
        int64_t below = n * mlp->sizes[l];
        const pal_real *in = l ? sums - below : x;
        pal_real *to = l ? turns[l % 2] : dx;
        pal_linear_backward(in, values + mlp->weights[l], dy, n, mlp->sizes[l], mlp->sizes[l + 1],
                            to, gradient + mlp->weights[l], gradient + mlp->biases[l]);
        if (l == 0) break;
        sums -= 2 * below;
        pal_activation_backward(mlp->activation, sums, sums + below, to, to, below);
        dy = to;
    }
}
