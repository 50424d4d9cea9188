/* recurrent.c - steps over packed sequences. */
#include "nn/recurrent.h"

#include <string.h>

#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/panel.h"

int64_t pal_recurrent_gates(pal_cell cell) {
    return cell == PAL_CELL_GRU ? 3 : cell == PAL_CELL_LSTM ? 4 : 1;
}

int64_t pal_recurrent_biases(pal_cell cell, int64_t n_hidden) {
    return cell == PAL_CELL_GRU ? 4 * n_hidden : pal_recurrent_gates(cell) * n_hidden;
}

/* --- panels and room --- */

static int64_t recurrent_width(const pal_recurrent *net) {
    return pal_recurrent_gates(net->cell) * net->n_hidden;
}

static int64_t recurrent_at_hidden(const pal_recurrent *net) {
    return pal_panel_size(recurrent_width(net), net->n_in);
}

static int64_t recurrent_at_back(const pal_recurrent *net) {
    return recurrent_at_hidden(net) + pal_panel_size(recurrent_width(net), net->n_hidden);
}

int64_t pal_recurrent_packed(const pal_recurrent *net) {
    return recurrent_at_back(net) + pal_panel_size(net->n_hidden, recurrent_width(net));
}

void pal_recurrent_pack(const pal_recurrent *net, pal_real *panels) {
    int64_t width = recurrent_width(net), h = net->n_hidden;
    pal_panel_pack(net->w_in, net->n_in, 1, width, net->n_in, panels);
    pal_panel_pack(net->w_hidden, h, 1, width, h, panels + recurrent_at_hidden(net));
    pal_panel_pack(net->w_hidden, 1, h, h, width, panels + recurrent_at_back(net));
}

typedef struct {
    pal_real *gates;  /* [n, width] after their activations */
    pal_real *before; /* [n, n_hidden] h' */
    pal_real *inner;  /* [n, n_hidden] U_n h' + c of a GRU, s of an LSTM */
    pal_real *side;   /* [sequences, width] U h' of a step */
    /* Backward. */
    pal_real *d_gates; /* [n, width] by W x + b */
    pal_real *d_side;  /* [n, width] by U h': d_gates but for a GRU's n */
    pal_real *carry;   /* [sequences, n_hidden] what later steps pass back to h */
    pal_real *d_cell;  /* [sequences, n_hidden] and to s */
} recurrent_room;

int64_t pal_recurrent_room(const pal_recurrent *net, int64_t n, int64_t n_sequences, bool trains) {
    int64_t width = recurrent_width(net), h = net->n_hidden;
    int64_t size = n * (width + 2 * h) + n_sequences * width;
    if (!trains) return size;
    return size + n * width * (net->cell == PAL_CELL_GRU ? 2 : 1) + 2 * n_sequences * h;
}

static recurrent_room recurrent_cut(const pal_recurrent *net, int64_t n, int64_t n_sequences,
                                    pal_real *room) {
    int64_t width = recurrent_width(net), h = net->n_hidden;
    recurrent_room r = {.gates = room,
                        .before = room + n * width,
                        .inner = room + n * (width + h),
                        .side = room + n * (width + 2 * h)};
    r.d_gates = r.side + n_sequences * width;
    r.d_side = net->cell == PAL_CELL_GRU ? r.d_gates + n * width : r.d_gates;
    r.carry = r.d_side + n * width;
    r.d_cell = r.carry + n_sequences * h;
    return r;
}

/* --- forward --- */

static void recurrent_elman(int64_t h, const pal_real *side, pal_real *gates, pal_real *hidden) {
    const pal_loops *loops = pal_loops_best();
    loops->add_scaled(gates, side, 1, h);
    loops->tanh(gates, gates, h);
    memcpy(hidden, gates, (size_t)h * sizeof *hidden);
}

static void recurrent_gru(int64_t h, const pal_real *restrict side, const pal_real *restrict shift,
                          const pal_real *restrict before, pal_real *restrict gates,
                          pal_real *restrict inner, pal_real *restrict hidden) {
    const pal_loops *loops = pal_loops_best();
    pal_real *restrict fresh = gates + 2 * h;
    loops->add_scaled(gates, side, 1, 2 * h);
    loops->sigmoid(gates, gates, 2 * h);
    for (int64_t i = 0; i < h; i++) {
        inner[i] = side[2 * h + i] + shift[i];
        fresh[i] += gates[i] * inner[i];
    }
    loops->tanh(fresh, fresh, h);
    for (int64_t i = 0; i < h; i++) hidden[i] = fresh[i] + gates[h + i] * (before[i] - fresh[i]);
}

/* s_before NULL: zeros. */
static void recurrent_lstm(int64_t h, const pal_real *restrict side,
                           const pal_real *restrict s_before, pal_real *restrict gates,
                           pal_real *restrict s, pal_real *restrict hidden) {
    const pal_loops *loops = pal_loops_best();
    loops->add_scaled(gates, side, 1, 4 * h);
    loops->sigmoid(gates, gates, 2 * h);
    loops->tanh(gates + 2 * h, gates + 2 * h, h);
    loops->sigmoid(gates + 3 * h, gates + 3 * h, h);
    for (int64_t i = 0; i < h; i++)
        s[i] = gates[i] * gates[2 * h + i] + (s_before ? gates[h + i] * s_before[i] : 0);
    loops->tanh(s, hidden, h);
    for (int64_t i = 0; i < h; i++) hidden[i] *= gates[3 * h + i];
}

static void recurrent_step(const pal_recurrent *net, const recurrent_room *r, const int64_t *starts,
                           int64_t t, pal_real *hidden) {
    int64_t h = net->n_hidden, width = recurrent_width(net), n = starts[t + 1] - starts[t];
    int64_t last = t > 0 ? starts[t - 1] : 0; /* row of the first sequence's step before */
    pal_real *before = r->before + starts[t] * h;
    if (t > 0) {
        memcpy(before, hidden + last * h, (size_t)(n * h) * sizeof *before);
        pal_panel_times(before, net->panels + recurrent_at_hidden(net), n, width, h, r->side);
    } else {
        memset(before, 0, (size_t)(n * h) * sizeof *before);
        memset(r->side, 0, (size_t)(n * width) * sizeof *r->side);
    }
    for (int64_t q = 0; q < n; q++) {
        int64_t row = starts[t] + q;
        const pal_real *side = r->side + q * width;
        pal_real *gates = r->gates + row * width, *inner = r->inner + row * h,
                 *out = hidden + row * h;
        if (net->cell == PAL_CELL_ELMAN) recurrent_elman(h, side, gates, out);
        if (net->cell == PAL_CELL_GRU)
            recurrent_gru(h, side, net->biases + width, before + q * h, gates, inner, out);
        if (net->cell == PAL_CELL_LSTM)
            recurrent_lstm(h, side, t > 0 ? r->inner + (last + q) * h : NULL, gates, inner, out);
    }
}

void pal_recurrent_forward(const pal_recurrent *net, const int64_t *starts, int64_t n_steps,
                           const pal_real *x, pal_real *hidden, pal_real *room) {
    if (n_steps == 0) return;
    int64_t n = starts[n_steps], width = recurrent_width(net);
    recurrent_room r = recurrent_cut(net, n, starts[1], room);
    pal_panel_times(x, net->panels, n, width, net->n_in, r.gates);
    for (int64_t p = 0; p < n; p++)
        pal_loops_best()->add_scaled(r.gates + p * width, net->biases, 1, width);
    for (int64_t t = 0; t < n_steps; t++) recurrent_step(net, &r, starts, t, hidden);
}

/* --- backward: d is ∂L/∂h of a row, d_before is added to or written with what h' gets directly ---
 */

static void recurrent_gru_back(int64_t h, const pal_real *restrict gates,
                               const pal_real *restrict before, const pal_real *restrict inner,
                               const pal_real *restrict d, pal_real *restrict d_gates,
                               pal_real *restrict d_side, pal_real *restrict d_before) {
    for (int64_t i = 0; i < h; i++) {
        pal_real r = gates[i], z = gates[h + i], n = gates[2 * h + i];
        pal_real dn = d[i] * (1 - z) * (1 - n * n), dr = dn * inner[i] * r * (1 - r),
                 dz = d[i] * (before[i] - n) * z * (1 - z);
        d_gates[i] = d_side[i] = dr;
        d_gates[h + i] = d_side[h + i] = dz;
        d_gates[2 * h + i] = dn;
        d_side[2 * h + i] = dn * r;
        d_before[i] = d[i] * z;
    }
}

/* d_cell: ∂L/∂s of later steps, turned into that for s'. */
static void recurrent_lstm_back(int64_t h, const pal_real *restrict gates,
                                const pal_real *restrict s, const pal_real *restrict s_before,
                                const pal_real *restrict d, pal_real *restrict d_gates,
                                pal_real *restrict d_cell) {
    enum { PART = 256 };
    pal_real shown[PART];
    for (int64_t first = 0; first < h; first += PART) {
        int64_t part = h - first < PART ? h - first : PART;
        pal_loops_best()->tanh(s + first, shown, part);
        for (int64_t i = first; i < first + part; i++) {
            pal_real in = gates[i], keep = gates[h + i], g = gates[2 * h + i],
                     out = gates[3 * h + i], y = shown[i - first];
            pal_real ds = d_cell[i] + d[i] * out * (1 - y * y);
            d_gates[i] = ds * g * in * (1 - in);
            d_gates[h + i] = s_before ? ds * s_before[i] * keep * (1 - keep) : 0;
            d_gates[2 * h + i] = ds * in * (1 - g * g);
            d_gates[3 * h + i] = d[i] * y * out * (1 - out);
            d_cell[i] = ds * keep;
        }
    }
}

static void recurrent_step_back(const pal_recurrent *net, const recurrent_room *r,
                                const int64_t *starts, int64_t t, const pal_real *hidden,
                                const pal_real *d_hidden, pal_real *direct) {
    int64_t h = net->n_hidden, width = recurrent_width(net), n = starts[t + 1] - starts[t];
    const pal_loops *loops = pal_loops_best();
    for (int64_t q = 0; q < n; q++) {
        int64_t row = starts[t] + q;
        const pal_real *gates = r->gates + row * width, *inner = r->inner + row * h;
        pal_real *d = r->carry + q * h, *d_gates = r->d_gates + row * width;
        loops->add_scaled(d, d_hidden + row * h, 1, h);
        if (net->cell == PAL_CELL_ELMAN) loops->tanh_backward(hidden + row * h, d, d_gates, h);
        if (net->cell == PAL_CELL_GRU)
            recurrent_gru_back(h, gates, r->before + row * h, inner, d, d_gates,
                               r->d_side + row * width, direct + q * h);
        if (net->cell == PAL_CELL_LSTM)
            recurrent_lstm_back(h, gates, inner, t > 0 ? r->inner + (starts[t - 1] + q) * h : NULL,
                                d, d_gates, r->d_cell + q * h);
    }
    if (t == 0) return;
    pal_panel_times(r->d_side + starts[t] * width, net->panels + recurrent_at_back(net), n, h,
                    width, r->carry);
    if (net->cell == PAL_CELL_GRU) loops->add_scaled(r->carry, direct, 1, n * h);
}

void pal_recurrent_backward(const pal_recurrent *net, const int64_t *starts, int64_t n_steps,
                            const pal_real *x, const pal_real *hidden, const pal_real *d_hidden,
                            pal_real *room, pal_real *dx, pal_real *dw_in, pal_real *dw_hidden,
                            pal_real *d_biases) {
    if (n_steps == 0) return;
    int64_t n = starts[n_steps], h = net->n_hidden, width = recurrent_width(net);
    const pal_loops *loops = pal_loops_best();
    recurrent_room r = recurrent_cut(net, n, starts[1], room);
    memset(r.carry, 0, (size_t)(starts[1] * h) * sizeof *r.carry);
    memset(r.d_cell, 0, (size_t)(starts[1] * h) * sizeof *r.d_cell);
    for (int64_t t = n_steps - 1; t >= 0; t--) /* side is free again: as wide as h, or wider */
        recurrent_step_back(net, &r, starts, t, hidden, d_hidden, r.side);
    pal_gemm(true, false, width, h, n, r.d_side, width, r.before, h, 1, dw_hidden, h);
    pal_linear_backward(x, net->w_in, r.d_gates, n, net->n_in, width, dx, dw_in, d_biases);
    for (int64_t p = 0; net->cell == PAL_CELL_GRU && p < n; p++)
        loops->add_scaled(d_biases + width, r.d_side + p * width + 2 * h, 1, h);
}
