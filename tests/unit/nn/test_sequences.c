/* test_sequences.c - recurrent layers and convolutions, compiled once more in double: forward and
 * backward against PyTorch's numbers, backward against central differences. */
#define PAL_REAL_IS_DOUBLE
#include "slopes.h"

#include <math.h>

#include "../../golden/sequences.h"
#include "nn/convolution.c"
#include "nn/linear.c"
#include "nn/loops.c"
#include "nn/loops_reference.c"
#include "nn/panel.c"
#include "nn/recurrent.c"
#include "nn/reversal.c"

enum { N = 7, SEQUENCES = 3, IN = 3, H = 5, WINDOW = 3, HEIGHT = 2, FILTERS = 4, TAPS = 3 };
enum { MOST = 512 };
static const int64_t by_step[] = {0, 3, 5, 6, 7}, by_sequence[] = {0, 4, 6, 7};

static void near(const double *a, const double *golden, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        assert_true(fabs(a[i] - golden[i]) <= 1e-12 * (1 + fabs(golden[i])));
}

static double weigh(const double *y, const double *pull, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += pull[i] * y[i];
    return sum;
}

static double x[N * IN], y[MOST], room[4096], dx[N * IN];

/* --- recurrent --- */

static double w[4 * H * IN], u[4 * H * H], b[4 * H], panels[4096];
static pal_recurrent net;

static double recurrent_value(void) {
    pal_recurrent_pack(&net, panels);
    pal_recurrent_forward(&net, by_step, 4, x, y, room);
    return weigh(y, golden_pull, N * H);
}

static void check_cell(pal_cell cell, const double *gw, const double *gu, const double *gb,
                       const double *gy, const double *gdx, const double *gdw, const double *gdu,
                       const double *gdb) {
    int64_t width = pal_recurrent_gates(cell) * H, n_biases = pal_recurrent_biases(cell, H);
    double dw[4 * H * IN] = {0}, du[4 * H * H] = {0}, db[4 * H] = {0};
    net = (pal_recurrent){cell, IN, H, w, u, b, panels};
    memcpy(x, golden_x_by_step, sizeof x);
    memcpy(w, gw, (size_t)(width * IN) * sizeof *w);
    memcpy(u, gu, (size_t)(width * H) * sizeof *u);
    memcpy(b, gb, (size_t)n_biases * sizeof *b);
    assert_true(pal_recurrent_packed(&net) <= 4096);
    assert_true(pal_recurrent_room(&net, N, SEQUENCES, true) <= 4096);
    recurrent_value();
    near(y, gy, N * H);
    pal_recurrent_backward(&net, by_step, 4, x, y, golden_pull, room, dx, dw, du, db);
    near(dx, gdx, N * IN);
    near(dw, gdw, width * IN);
    near(du, gdu, width * H);
    near(db, gdb, n_biases);
    check_slopes(recurrent_value, x, dx, N * IN);
    check_slopes(recurrent_value, w, dw, width * IN);
    check_slopes(recurrent_value, u, du, width * H);
    check_slopes(recurrent_value, b, db, n_biases);
}

static void cells_are_pytorchs(void **state) {
    (void)state;
    check_cell(PAL_CELL_ELMAN, golden_elman_w, golden_elman_u, golden_elman_b, golden_elman,
               golden_elman_d_x, golden_elman_d_w, golden_elman_d_u, golden_elman_d_b);
    check_cell(PAL_CELL_GRU, golden_gru_w, golden_gru_u, golden_gru_b, golden_gru, golden_gru_d_x,
               golden_gru_d_w, golden_gru_d_u, golden_gru_d_b);
    check_cell(PAL_CELL_LSTM, golden_lstm_w, golden_lstm_u, golden_lstm_b, golden_lstm,
               golden_lstm_d_x, golden_lstm_d_w, golden_lstm_d_u, golden_lstm_d_b);
}

static void no_steps_write_nothing(void **state) {
    (void)state;
    const int64_t none[] = {0};
    y[0] = 7;
    pal_recurrent_forward(&net, none, 0, x, y, room);
    pal_recurrent_backward(&net, none, 0, x, y, y, room, dx, NULL, NULL, NULL);
    assert_true(y[0] == 7);
}

/* --- Caser's --- */

enum { IMAGES = N + SEQUENCES * (WINDOW - 1) };
static double images[IMAGES * WINDOW * IN], values[IMAGES * FILTERS], f[FILTERS * HEIGHT * IN],
    fb[FILTERS], v[FILTERS * WINDOW];
static int64_t first[N];
static int32_t kept[N * FILTERS];
static const pal_windows windows = {N, IMAGES, IN, WINDOW, images, first};

static double horizontal_value(void) {
    pal_window_spread(x, by_sequence, SEQUENCES, IN, WINDOW, images, first);
    pal_horizontal_forward(&windows, f, fb, HEIGHT, FILTERS, values, y, H, kept);
    double sum = 0;
    for (int64_t r = 0; r < N; r++) sum += weigh(y + r * H, golden_pull + r * H, FILTERS);
    return sum;
}

static void horizontal_is_pytorchs(void **state) {
    (void)state;
    double d_images[IMAGES * WINDOW * IN] = {0}, df[FILTERS * HEIGHT * IN] = {0},
                                      dfb[FILTERS] = {0};
    memcpy(x, golden_x_by_sequence, sizeof x);
    memcpy(f, golden_f, sizeof f);
    memcpy(fb, golden_f_b, sizeof fb);
    assert_int_equal(pal_window_images(N, SEQUENCES, WINDOW), IMAGES);
    horizontal_value();
    for (int64_t r = 0; r < N; r++) near(y + r * H, golden_horizontal + r * FILTERS, FILTERS);
    pal_horizontal_backward(&windows, f, HEIGHT, FILTERS, golden_pull, H, kept, values, d_images,
                            df, dfb);
    pal_window_gather(d_images, by_sequence, SEQUENCES, IN, WINDOW, dx);
    near(dx, golden_horizontal_d_x, N * IN);
    near(df, golden_horizontal_d_f, FILTERS * HEIGHT * IN);
    near(dfb, golden_horizontal_d_b, FILTERS);
}

/* Where two rows of a window tie, or a filter says just 0, there is no slope: other numbers. */
static void horizontal_goes_back(void **state) {
    (void)state;
    double d_images[IMAGES * WINDOW * IN] = {0}, df[FILTERS * HEIGHT * IN] = {0},
                                      dfb[FILTERS] = {0};
    for (int i = 0; i < N * IN; i++) x[i] = sin(i * i + 1.0);
    for (int i = 0; i < FILTERS * HEIGHT * IN; i++) f[i] = cos(3.0 * i * i);
    for (int i = 0; i < FILTERS; i++) fb[i] = 0.1 + 0.05 * i;
    horizontal_value();
    pal_horizontal_backward(&windows, f, HEIGHT, FILTERS, golden_pull, H, kept, values, d_images,
                            df, dfb);
    pal_window_gather(d_images, by_sequence, SEQUENCES, IN, WINDOW, dx);
    check_slopes(horizontal_value, x, dx, N * IN);
    check_slopes(horizontal_value, f, df, FILTERS * HEIGHT * IN);
    check_slopes(horizontal_value, fb, dfb, FILTERS);
}

static double vertical_value(void) {
    pal_window_spread(x, by_sequence, SEQUENCES, IN, WINDOW, images, first);
    pal_vertical_forward(&windows, v, FILTERS, y, FILTERS * IN);
    return weigh(y, golden_wide, N * FILTERS * IN);
}

static void vertical_is_pytorchs(void **state) {
    (void)state;
    double d_images[IMAGES * WINDOW * IN] = {0}, dv[FILTERS * WINDOW] = {0};
    memcpy(x, golden_x_by_sequence, sizeof x);
    memcpy(v, golden_v, sizeof v);
    vertical_value();
    near(y, golden_vertical, N * FILTERS * IN);
    pal_vertical_backward(&windows, v, FILTERS, golden_wide, FILTERS * IN, d_images, dv);
    pal_window_gather(d_images, by_sequence, SEQUENCES, IN, WINDOW, dx);
    near(dx, golden_vertical_d_x, N * IN);
    near(dv, golden_vertical_d_v, FILTERS * WINDOW);
    check_slopes(vertical_value, x, dx, N * IN);
    check_slopes(vertical_value, v, dv, FILTERS * WINDOW);
}

/* --- dilated, reversal --- */

static const pal_dilated form = {IN, H, TAPS, 2};
static double taps[TAPS * H * IN], taps_b[H];

static double dilated_value(void) {
    pal_dilated_forward(&form, x, by_sequence, SEQUENCES, taps, taps_b, y);
    return weigh(y, golden_pull, N * H);
}

static void dilated_is_pytorchs(void **state) {
    (void)state;
    double dw[TAPS * H * IN] = {0}, db[H] = {0};
    memcpy(x, golden_x_by_sequence, sizeof x);
    memcpy(taps, golden_dilated_w, sizeof taps);
    memcpy(taps_b, golden_dilated_b, sizeof taps_b);
    dilated_value();
    near(y, golden_dilated, N * H);
    pal_dilated_backward(&form, x, by_sequence, SEQUENCES, taps, golden_pull, dx, dw, db);
    near(dx, golden_dilated_d_x, N * IN);
    near(dw, golden_dilated_d_w, TAPS * H * IN);
    near(db, golden_dilated_d_b, H);
    check_slopes(dilated_value, x, dx, N * IN);
    check_slopes(dilated_value, taps, dw, TAPS * H * IN);
    check_slopes(dilated_value, taps_b, db, H);
}

static void reversal_turns_round(void **state) {
    (void)state;
    double d[] = {1, -2, 0.5};
    pal_reversal_backward(d, 0.25, d, 3);
    assert_true(d[0] == -0.25 && d[1] == 0.5 && d[2] == -0.125);
    assert_true(pal_reversal_strength(0) == 0);
    assert_true(fabs(pal_reversal_strength(0.5) - 0.98661429815143) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_pytorchs),     cmocka_unit_test(no_steps_write_nothing),
        cmocka_unit_test(horizontal_is_pytorchs), cmocka_unit_test(horizontal_goes_back),
        cmocka_unit_test(vertical_is_pytorchs),   cmocka_unit_test(dilated_is_pytorchs),
        cmocka_unit_test(reversal_turns_round)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
