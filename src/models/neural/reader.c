/* reader.c - one recurrent layer between the rows of items. */
#include "models/neural/reader.h"

#include <math.h>

#include "nn/linear.h"
#include "nn/panel.h"

/* Slices of the parameters, in elements. */
typedef struct {
    int64_t w_in, w_hidden, biases, out, out_biases;
} reader_places;

static reader_places reader_list(pal_cell cell, const pal_reader_params *p, pal_parameters *list) {
    int64_t k = p->sequence.factors, h = p->hidden, width = pal_recurrent_gates(cell) * h;
    return (reader_places){.w_in = pal_parameters_add(list, "w_in", width, k),
                           .w_hidden = pal_parameters_add(list, "w_hidden", width, h),
                           .biases =
                               pal_parameters_add(list, "biases", 1, pal_recurrent_biases(cell, h)),
                           .out = pal_parameters_add(list, "out", k, h),
                           .out_biases = pal_parameters_add(list, "out_biases", 1, k)};
}

static pal_recurrent reader_net(pal_cell cell, const pal_reader_params *p, const float *network,
                                const float *derived, reader_places *at) {
    pal_parameters list = {0};
    *at = reader_list(cell, p, &list);
    return (pal_recurrent){.cell = cell,
                           .n_in = p->sequence.factors,
                           .n_hidden = p->hidden,
                           .w_in = network + at->w_in,
                           .w_hidden = network + at->w_hidden,
                           .biases = network + at->biases,
                           .panels = derived};
}

/* All weights of the layer as PyTorch draws them: uniform in ± 1 / √hidden. */
static void reader_draw(pal_cell cell, const pal_reader_params *p, uint64_t seed, float *network) {
    pal_parameters list = {0};
    reader_places at = reader_list(cell, p, &list);
    double bound = 1 / sqrt((double)p->hidden);
    pal_draw_uniform(seed, "recurrent", network, at.out, bound);
    pal_draw_uniform(seed, "out", network + at.out, p->sequence.factors * p->hidden, bound);
}

/* Panels of the layer, then of V. */
static int64_t reader_n_derived(pal_cell cell, const pal_reader_params *p) {
    pal_recurrent net = {.cell = cell, .n_in = p->sequence.factors, .n_hidden = p->hidden};
    return pal_recurrent_packed(&net) + pal_panel_size(p->sequence.factors, p->hidden);
}

static void reader_derive(pal_cell cell, const pal_reader_params *p, const float *network,
                          float *derived) {
    reader_places at;
    pal_recurrent net = reader_net(cell, p, network, derived, &at);
    pal_recurrent_pack(&net, derived);
    pal_panel_pack(network + at.out, p->hidden, 1, p->sequence.factors, p->hidden,
                   derived + pal_recurrent_packed(&net));
}

/* Room: h, ∂L/∂h where it trains, the layer's. */
static int64_t reader_room(pal_cell cell, const pal_reader_params *p, int64_t n,
                           int64_t n_sequences, bool trains) {
    pal_recurrent net = {.cell = cell, .n_in = p->sequence.factors, .n_hidden = p->hidden};
    return n * p->hidden * (trains ? 2 : 1) + pal_recurrent_room(&net, n, n_sequences, trains);
}

static void reader_forward(pal_cell cell, const pal_reader_params *p,
                           const pal_sequence_pass *pass) {
    reader_places at;
    pal_recurrent net = reader_net(cell, p, pass->network, pass->derived, &at);
    int64_t k = p->sequence.factors, h = p->hidden;
    float *hidden = pass->room, *room = hidden + pass->n * h * (pass->trains ? 2 : 1);
    pal_recurrent_forward(&net, pass->starts, pass->n_groups, pass->x, hidden, room);
    pal_panel_times(hidden, pass->derived + pal_recurrent_packed(&net), pass->n, k, h, pass->y);
    const float *biases = pass->network + at.out_biases;
    for (int64_t r = 0; r < pass->n; r++) {
        for (int64_t f = 0; f < k; f++) pass->y[r * k + f] += biases[f];
    }
}

static void reader_backward(pal_cell cell, const pal_reader_params *p,
                            const pal_sequence_pass *pass) {
    reader_places at;
    pal_recurrent net = reader_net(cell, p, pass->network, pass->derived, &at);
    int64_t h = p->hidden;
    float *hidden = pass->room, *d_hidden = hidden + pass->n * h, *room = d_hidden + pass->n * h,
          *d = pass->gradient;
    pal_linear_backward(hidden, pass->network + at.out, pass->dy, pass->n, h, p->sequence.factors,
                        d_hidden, d + at.out, d + at.out_biases);
    pal_recurrent_backward(&net, pass->starts, pass->n_groups, pass->x, hidden, d_hidden, room,
                           pass->dx, d + at.w_in, d + at.w_hidden, d + at.biases);
}

static double reader_work(pal_cell cell, const pal_reader_params *p) {
    double k = (double)p->sequence.factors, h = (double)p->hidden;
    return (double)pal_recurrent_gates(cell) * h * (k + h) + h * k;
}

/* The slots of a cell. */
#define READER_SLOTS(name, cell)                                                                   \
    static void name##_layout(const void *params, pal_parameters *list) {                          \
        reader_list(cell, params, list);                                                           \
    }                                                                                              \
    static void name##_draw(const void *params, uint64_t seed, float *network) {                   \
        reader_draw(cell, params, seed, network);                                                  \
    }                                                                                              \
    static int64_t name##_n_derived(const void *params) { return reader_n_derived(cell, params); } \
    static void name##_derive(const void *params, const float *network, float *derived) {          \
        reader_derive(cell, params, network, derived);                                             \
    }                                                                                              \
    static int64_t name##_room(const void *params, int64_t n, int64_t n_sequences, bool trains) {  \
        return reader_room(cell, params, n, n_sequences, trains);                                  \
    }                                                                                              \
    static void name##_forward(const void *params, const pal_sequence_pass *pass) {                \
        reader_forward(cell, params, pass);                                                        \
    }                                                                                              \
    static void name##_backward(const void *params, const pal_sequence_pass *pass) {               \
        reader_backward(cell, params, pass);                                                       \
    }                                                                                              \
    static double name##_work(const void *params, double length) {                                 \
        (void)length;                                                                              \
        return reader_work(cell, params);                                                          \
    }                                                                                              \
    static const pal_encoder name##_slots = {.by_step = true,                                      \
                                             .deviation = 0.1,                                     \
                                             .layout = name##_layout,                              \
                                             .draw = name##_draw,                                  \
                                             .n_derived = name##_n_derived,                        \
                                             .derive = name##_derive,                              \
                                             .room = name##_room,                                  \
                                             .forward = name##_forward,                            \
                                             .backward = name##_backward,                          \
                                             .work = name##_work};

READER_SLOTS(elman, PAL_CELL_ELMAN)
READER_SLOTS(gru, PAL_CELL_GRU)
READER_SLOTS(lstm, PAL_CELL_LSTM)

pal_encoder pal_reader_encoder(const char *name, pal_cell cell, const pal_reader_params *params) {
    pal_encoder encoder = cell == PAL_CELL_GRU    ? gru_slots
                          : cell == PAL_CELL_LSTM ? lstm_slots
                                                  : elman_slots;
    encoder.name = name;
    encoder.options = &params->sequence;
    encoder.params = params;
    return encoder;
}
