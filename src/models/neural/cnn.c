/* cnn.c - the next item from convolutions over the last events (Tang and Wang 2018, "Caser").
 *
 * With the rows of the newest `window` events as an image: o = [horizontal filters of all heights
 * 1 … window, their largest values; vertical filters, sums over the events], y = V relu(W o + b) +
 * c. Caser's row of the user is left out: it is unknown for strangers. Every position of a history
 * is a window, and what windows share is computed once (nn/convolution.h); losses:
 * models/sequence.h. Cost of an event and epoch: 3 times F k L (L + 1) / 2 + G k L + h (F L + G k)
 * + h k multiply-adds with window L, F horizontal filters a height, G vertical ones, factors k and
 * hidden h. */
#include <math.h>
#include <string.h>

#include "models/sequence.h"
#include "nn/activation.h"
#include "nn/convolution.h"
#include "nn/linear.h"

typedef struct {
    pal_sequence_options sequence;
    int64_t window, horizontal, vertical, hidden;
    double hidden_dropout;
} cnn_params;

static const pal_param cnn_table[] = {
    PAL_SEQUENCE_ROWS(cnn_params, "200", "0.2", "0.004", "32", "40", "10", "linear", "1"),
    {.name = "window",
     .type = PAL_PARAM_INT,
     .offset = offsetof(cnn_params, window),
     .initial = "10",
     .min = 1,
     .max = 100,
     .scale = PAL_LOG,
     .help = "newest events that filters look at"},
    {.name = "horizontal",
     .type = PAL_PARAM_INT,
     .offset = offsetof(cnn_params, horizontal),
     .initial = "16",
     .min = 1,
     .max = 256,
     .scale = PAL_LOG,
     .help = "filters over 1, 2, … window events in a row, so many of each height"},
    {.name = "vertical",
     .type = PAL_PARAM_INT,
     .offset = offsetof(cnn_params, vertical),
     .initial = "4",
     .min = 1,
     .max = 256,
     .scale = PAL_LOG,
     .help = "filters that sum the window's rows"},
    {.name = "hidden",
     .type = PAL_PARAM_INT,
     .offset = offsetof(cnn_params, hidden),
     .initial = "128",
     .min = 1,
     .max = 2048,
     .scale = PAL_LOG,
     .help = "width of the layer between filters and output"},
    {.name = "hidden_dropout",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(cnn_params, hidden_dropout),
     .initial = "0.2",
     .min = 0,
     .max = 0.95,
     .help = "share of what the filters say that is left out while training"},
    {0},
};

/* --- the network --- */

typedef struct {
    int64_t filters, filter_biases; /* heights 1, 2, … one after the other */
    int64_t vertical, w, b, v, c;
} cnn_places;

static int64_t cnn_width(const cnn_params *p) {
    return p->horizontal * p->window + p->vertical * p->sequence.factors;
}

/* Elements of the horizontal filters lower than `height`. */
static int64_t cnn_filters_before(const cnn_params *p, int64_t height) {
    return p->horizontal * p->sequence.factors * height * (height - 1) / 2;
}

static cnn_places cnn_list(const cnn_params *p, pal_parameters *list) {
    int64_t k = p->sequence.factors;
    return (cnn_places){
        .filters = pal_parameters_add(list, "filters", 1, cnn_filters_before(p, p->window + 1)),
        .filter_biases = pal_parameters_add(list, "filter_biases", p->window, p->horizontal),
        .vertical = pal_parameters_add(list, "vertical", p->vertical, p->window),
        .w = pal_parameters_add(list, "w", p->hidden, cnn_width(p)),
        .b = pal_parameters_add(list, "b", 1, p->hidden),
        .v = pal_parameters_add(list, "v", k, p->hidden),
        .c = pal_parameters_add(list, "c", 1, k)};
}

static void cnn_layout(const void *params, pal_parameters *list) { cnn_list(params, list); }

static void cnn_draw(const void *params, uint64_t seed, float *network) {
    const cnn_params *p = params;
    pal_parameters list = {0};
    cnn_places at = cnn_list(p, &list);
    int64_t k = p->sequence.factors;
    for (int64_t height = 1; height <= p->window; height++) {
        int64_t n = p->horizontal * height * k, from = cnn_filters_before(p, height);
        pal_draw_uniform(seed + (uint64_t)height, "filters", network + at.filters + from, n,
                         1 / sqrt((double)(height * k)));
    }
    pal_draw_uniform(seed, "vertical", network + at.vertical, p->vertical * p->window,
                     1 / sqrt((double)p->window));
    pal_draw_uniform(seed, "w", network + at.w, p->hidden * cnn_width(p),
                     pal_glorot_bound(cnn_width(p), p->hidden));
    pal_draw_uniform(seed, "v", network + at.v, k * p->hidden, pal_glorot_bound(p->hidden, k));
}

/* --- room --- */

typedef struct {
    int64_t *first;                   /* [n] */
    int32_t *kept;                    /* [window, n, horizontal] */
    uint8_t *mask;                    /* [n, width] */
    float *images, *values;           /* [images, window factors], [images, horizontal] */
    float *o, *hidden;                /* [n, width], [n, hidden] */
    float *d_images, *d_o, *d_hidden; /* alike, where it trains */
} cnn_room;

/* Floats of the room; with base NULL only counts. */
static int64_t cnn_cut(const cnn_params *p, int64_t n, int64_t n_sequences, bool trains,
                       float *base, cnn_room *out) {
    int64_t n_images = pal_window_images(n, n_sequences, p->window), k = p->sequence.factors,
            width = cnn_width(p), again = trains ? 1 : 0;
    int64_t sizes[] = {2 * n,
                       n * p->window * p->horizontal,
                       (n * width + 3) / 4,
                       n_images * p->window * k,
                       n_images * p->horizontal,
                       n * width,
                       n * p->hidden,
                       again * n_images * p->window * k,
                       again * n * width,
                       again * n * p->hidden};
    enum { PARTS = sizeof sizes / sizeof *sizes, LINE = 16 };
    void *parts[PARTS];
    int64_t total = 0;
    for (int32_t i = 0; i < PARTS; i++) {
        parts[i] = base ? base + total : NULL;
        total += (sizes[i] + LINE - 1) / LINE * LINE;
    }
    *out = (cnn_room){parts[0], parts[1], parts[2], parts[3], parts[4],
                      parts[5], parts[6], parts[7], parts[8], parts[9]};
    return total;
}

static int64_t cnn_room_floats(const void *params, int64_t n, int64_t n_sequences, bool trains) {
    cnn_room unused;
    return cnn_cut(params, n, n_sequences, trains, NULL, &unused);
}

/* --- passes --- */

static pal_windows cnn_windows(const cnn_params *p, const pal_sequence_pass *pass,
                               const cnn_room *room) {
    return (pal_windows){.n = pass->n,
                         .n_images = pal_window_images(pass->n, pass->n_sequences, p->window),
                         .width = p->sequence.factors,
                         .window = p->window,
                         .images = room->images,
                         .first = room->first};
}

static void cnn_pass(const cnn_params *p, const pal_sequence_pass *pass) {
    pal_parameters list = {0};
    cnn_places at = cnn_list(p, &list);
    const float *net = pass->network;
    int64_t n = pass->n, k = p->sequence.factors, width = cnn_width(p);
    cnn_room room;
    cnn_cut(p, n, pass->n_sequences, pass->trains, pass->room, &room);
    pal_window_spread(pass->x, pass->starts, pass->n_sequences, k, p->window, room.images,
                      room.first);
    pal_windows windows = cnn_windows(p, pass, &room);
    for (int64_t height = 1; height <= p->window; height++) {
        int64_t of = (height - 1) * p->horizontal;
        pal_horizontal_forward(&windows, net + at.filters + cnn_filters_before(p, height),
                               net + at.filter_biases + of, height, p->horizontal, room.values,
                               room.o + of, width, room.kept + of * n);
    }
    pal_vertical_forward(&windows, net + at.vertical, p->vertical,
                         room.o + p->window * p->horizontal, width);
    if (pass->trains)
        pal_dropout_forward(pass->key, p->hidden_dropout, room.o, room.mask, n * width);
    pal_linear_forward(room.o, net + at.w, net + at.b, n, width, p->hidden, room.hidden);
    pal_activation_forward(PAL_ACTIVATION_RELU, room.hidden, room.hidden, n * p->hidden);
    pal_linear_forward(room.hidden, net + at.v, net + at.c, n, p->hidden, k, pass->y);
}

/* Queries one by one: BLAS may round a row otherwise where others stand beside it. */
static void cnn_forward(const void *params, const pal_sequence_pass *pass) {
    const cnn_params *p = params;
    if (pass->trains) {
        cnn_pass(p, pass);
        return;
    }
    int64_t k = p->sequence.factors;
    for (int64_t s = 0; s < pass->n_sequences; s++) {
        int64_t at = pass->starts[s], starts[2] = {0, pass->starts[s + 1] - at};
        pal_sequence_pass one = *pass;
        one.n = starts[1];
        one.n_groups = one.n_sequences = 1;
        one.starts = starts;
        one.x += at * k;
        one.y += at * k;
        cnn_pass(p, &one);
    }
}

static void cnn_backward(const void *params, const pal_sequence_pass *pass) {
    const cnn_params *p = params;
    pal_parameters list = {0};
    cnn_places at = cnn_list(p, &list);
    const float *net = pass->network;
    float *d = pass->gradient;
    int64_t n = pass->n, k = p->sequence.factors, width = cnn_width(p);
    cnn_room room;
    cnn_cut(p, n, pass->n_sequences, true, pass->room, &room);
    pal_windows windows = cnn_windows(p, pass, &room);
    pal_linear_backward(room.hidden, net + at.v, pass->dy, n, p->hidden, k, room.d_hidden, d + at.v,
                        d + at.c);
    pal_activation_backward(PAL_ACTIVATION_RELU, NULL, room.hidden, room.d_hidden, room.d_hidden,
                            n * p->hidden);
    pal_linear_backward(room.o, net + at.w, room.d_hidden, n, width, p->hidden, room.d_o, d + at.w,
                        d + at.b);
    pal_dropout_backward(p->hidden_dropout, room.mask, room.d_o, n * width);
    memset(room.d_images, 0, (size_t)(windows.n_images * p->window * k) * sizeof(float));
    for (int64_t height = 1; height <= p->window; height++) {
        int64_t of = (height - 1) * p->horizontal, from = cnn_filters_before(p, height);
        pal_horizontal_backward(&windows, net + at.filters + from, height, p->horizontal,
                                room.d_o + of, width, room.kept + of * n, room.values,
                                room.d_images, d + at.filters + from, d + at.filter_biases + of);
    }
    pal_vertical_backward(&windows, net + at.vertical, p->vertical,
                          room.d_o + p->window * p->horizontal, width, room.d_images,
                          d + at.vertical);
    pal_window_gather(room.d_images, pass->starts, pass->n_sequences, k, p->window, pass->dx);
}

static double cnn_work(const void *params, double length) {
    (void)length;
    const cnn_params *p = params;
    double k = (double)p->sequence.factors, width = (double)cnn_width(p), h = (double)p->hidden;
    return (double)cnn_filters_before(p, p->window + 1) +
           (double)p->vertical * (double)p->window * k + h * width + h * k;
}

static pal_encoder cnn_encoder(const void *params) {
    const cnn_params *p = params;
    return (pal_encoder){.name = "cnn",
                         .options = &p->sequence,
                         .params = params,
                         .reach = p->window,
                         .deviation = 0.1,
                         .layout = cnn_layout,
                         .draw = cnn_draw,
                         .room = cnn_room_floats,
                         .forward = cnn_forward,
                         .backward = cnn_backward,
                         .work = cnn_work};
}

PAL_SEQUENCE_SLOTS(cnn)

const pal_kind pal_kind_cnn = {
    .name = "cnn",
    .family = "neural",
    .summary = "filters over the last events that point to the next item",
    .paper = "Tang, Wang: Personalized top-n sequential recommendation via convolutional sequence "
             "embedding, WSDM 2018",
    .measured =
        "ML-1M, each person's last event (by time, then by place in the file) withheld, seen items "
        "not listed: ndcg@10 .152, hit@10 .272 after epochs=5, no more were tried, and markov "
        ".162, by "
        "`palate train train.inter -m \"cnn epochs=5\"` and `palate evaluate MODEL --test "
        "test.inter`.",
    .represents = "the last {window} items used, seen by filters | a row of {factors} numbers",
    .lesson = "patterns of the last few events suffice here: order counts, but only nearby",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_NEEDS_TIME | PAL_IS_STOCHASTIC,
    .params = cnn_table,
    .params_size = sizeof(cnn_params),
    .state_size = sizeof(pal_sequence_state),
    .fit = cnn_fit,
    .prepare = cnn_prepare,
    .scratch_bytes = cnn_scratch_bytes,
    .score = cnn_score,
    .tensors = cnn_tensors,
    .estimate = cnn_estimate,
};
