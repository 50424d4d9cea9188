/* click_net.c - shapes and scores of networks over a person and an item. */
#include "models/click_net.h"

#include <string.h>

#include "models/feature_tables.h"
#include "models/history.h"
#include "nn/linear.h"
#include "nn/loops.h"

const char *const pal_click_weights[] = {"auto", "alike", "value", NULL};

enum { CLICK_TILE = 64 };

/* The network over so many fields of a profile and of an item. */
void pal_click_plan(const pal_click_form *form, const pal_click_options *o, int32_t n_profile,
                    int32_t n_item, pal_parameters *parameters, pal_mlp *out) {
    int32_t n_parts = pal_feature_sums(&o->f) + n_profile + n_item + form->has_product;
    pal_mlp_plan(n_parts * (int32_t)o->f.factors, o->f.layers.at, o->f.layers.n, 1,
                 (pal_activation)o->f.activation, parameters, out);
}

/* Of fields [n, d + 1]: sum [d] = Σ x_f; returns Σ linear weights and, with FM, Σ_(f<g) x_f·x_g. */
float pal_click_gather(const pal_click_form *form, const float *fields, int32_t n, int32_t d,
                       float *sum) {
    const pal_loops *loops = pal_loops_best();
    float linear = 0, squares = 0;
    memset(sum, 0, (size_t)d * sizeof *sum);
    for (int32_t f = 0; f < n; f++) {
        const float *row = fields + f * (d + 1);
        loops->add_scaled(sum, row, 1, d);
        linear += row[d];
        if (form->has_fm) squares += loops->dot(row, row, d);
    }
    return form->has_fm ? linear + (loops->dot(sum, sum, d) - squares) / 2 : linear;
}

/* What of a score is the item's alone. */
void pal_click_derive(const pal_click_form *form, const pal_click_options *o, pal_click_state *s) {
    int32_t d = (int32_t)o->f.factors, w = d + 1, n = s->n_item_fields, n_out = s->mlp.sizes[1];
    int64_t before = (int64_t)(pal_feature_sums(&o->f) + s->n_profile_fields) * d;
    for (int32_t i = 0; i < s->n_items; i++) {
        const float *fields = s->items + (int64_t)i * n * w;
        float *base = s->base + (int64_t)i * n_out;
        s->constant[i] = pal_click_gather(form, fields, n, d, s->sums + (int64_t)i * d);
        for (int32_t h = 0; h < n_out; h++) {
            const float *weights =
                s->network + s->mlp.weights[0] + (int64_t)h * s->mlp.sizes[0] + before;
            base[h] = 0;
            for (int32_t f = 0; f < n; f++)
                base[h] += pal_loops_best()->dot(weights + f * d, fields + f * w, d);
        }
    }
}

pal_status pal_click_open_derived(pal_ctx *ctx, const pal_click_form *form,
                                  const pal_click_options *o, pal_arena *arena,
                                  pal_click_state *s) {
    if (!s->base) {
        s->base = PAL_ARENA_ARRAY(arena, float, (int64_t)s->n_items * s->mlp.sizes[1]);
        s->sums = PAL_ARENA_ARRAY(arena, float, s->n_items * o->f.factors);
        s->constant = PAL_ARENA_ARRAY(arena, float, s->n_items);
    }
    if (s->base && s->sums && s->constant) return PAL_OK;
    return pal_fail_memory(ctx, form->name,
                           4.0 * s->n_items * ((double)s->mlp.sizes[1] + (double)o->f.factors));
}

/* A file may be damaged on purpose: the sizes that it tells must fit each other. */
pal_status pal_click_prepare(pal_ctx *ctx, const pal_click_form *form, const pal_click_options *o,
                             pal_arena *arena, pal_click_state *s) {
    int64_t w = o->f.factors + 1, of_items = s->n_items * w,
            of_users = (s->n_users + INT64_C(1)) * w, n_item = s->item_range[1] / of_items,
            n_profile = s->profile_range[1] / of_users;
    pal_parameters network = {0};
    TRY(pal_profile_code_prepare(ctx, form->name, arena, &s->told.code));
    bool fits = n_profile == s->told.code.n_fields && n_item >= 1 && n_item <= PAL_FIELDS_MAX + 1 &&
                n_profile <= PAL_FIELDS_MAX && n_item * of_items == s->item_range[1] &&
                n_profile * of_users == s->profile_range[1];
    if (fits) pal_click_plan(form, o, (int32_t)n_profile, (int32_t)n_item, &network, &s->mlp);
    if (!fits || s->network_range[1] != network.n)
        return pal_fail(ctx, PAL_EFORMAT, "%s: the model's network does not fit: train it again",
                        form->name);
    s->n_item_fields = (int32_t)n_item;
    s->n_profile_fields = (int32_t)n_profile;
    TRY(pal_click_open_derived(ctx, form, o, arena, s));
    pal_click_derive(form, o, s);
    return PAL_OK;
}

/* --- scores --- */

typedef struct {
    int32_t *rows;
    float *weights;  /* [n_entries] */
    float *person;   /* [n_user, width] */
    float *sum;      /* [d] */
    float *base;     /* [h] what the first layer makes of the person */
    float *products; /* [TILE, d] */
    float *hidden;   /* [TILE, h] */
    float *room;     /* [TILE, pal_mlp_room] */
} click_scratch;

static size_t click_carve(const pal_click_options *o, const pal_click_state *s, void *scratch,
                          click_scratch *out) {
    pal_past past = pal_feature_past(&o->f);
    size_t d = (size_t)o->f.factors, h = (size_t)s->mlp.sizes[1],
           entries = (size_t)pal_past_entries(&past),
           fields = (size_t)(pal_feature_sums(&o->f) + s->n_profile_fields),
           sizes[] = {entries,
                      entries,
                      fields * (d + 1),
                      d,
                      h,
                      CLICK_TILE * d,
                      CLICK_TILE * h,
                      CLICK_TILE * (size_t)pal_mlp_room(&s->mlp)};
    void *parts[8];
    size_t at = pal_scratch_cut(scratch, 0, sizes, 8, parts);
    if (out)
        *out = (click_scratch){parts[0], parts[1], parts[2], parts[3],
                               parts[4], parts[5], parts[6], parts[7]};
    return at;
}

size_t pal_click_scratch_bytes(const pal_click_form *form, const pal_click_options *o,
                               const pal_click_state *s) {
    (void)form;
    return click_carve(o, s, NULL, NULL);
}

/* The person's fields, their sum, and what the first layer makes of them; returns the constant. */
static float click_person(const pal_click_form *form, const pal_click_options *o,
                          const pal_click_state *s, const pal_query *query, click_scratch *c) {
    int32_t d = (int32_t)o->f.factors, w = d + 1, n_sums = pal_feature_sums(&o->f),
            n = n_sums + s->n_profile_fields;
    pal_feature_sum_query(&o->f, s->history, NULL, w, query, c->rows, c->weights, NULL, c->person);
    int64_t row = query->user_plus_1 > 0 ? query->user_plus_1 - 1 : s->n_users;
    if (s->n_profile_fields &&
        !pal_feature_told_row(&s->told, query, w, false, c->person + n_sums * w))
        memcpy(c->person + n_sums * w, s->profiles + row * s->n_profile_fields * w,
               (size_t)s->n_profile_fields * (size_t)w * sizeof *c->person);
    for (int32_t h = 0; h < s->mlp.sizes[1]; h++) {
        const float *weights = s->network + s->mlp.weights[0] + (int64_t)h * s->mlp.sizes[0];
        c->base[h] = s->network[s->mlp.biases[0] + h];
        for (int32_t f = 0; f < n; f++)
            c->base[h] += pal_loops_best()->dot(weights + f * d, c->person + f * w, d);
    }
    return pal_click_gather(form, c->person, n, d, c->sum);
}

/* The network behind the first layer's sums; [n] in c->room. */
static const float *click_finish(const pal_click_state *s, int32_t n, click_scratch *c) {
    pal_mlp rest = s->mlp;
    if (s->mlp.n_layers == 1) return c->hidden;
    pal_activation_forward(rest.activation, c->hidden, c->room, n * (int64_t)rest.sizes[1]);
    memcpy(c->hidden, c->room, (size_t)n * (size_t)rest.sizes[1] * sizeof *c->hidden);
    rest.n_layers--;
    memmove(rest.sizes, rest.sizes + 1, PAL_MLP_LAYERS * sizeof *rest.sizes);
    memmove(rest.weights, rest.weights + 1, (PAL_MLP_LAYERS - 1) * sizeof *rest.weights);
    memmove(rest.biases, rest.biases + 1, (PAL_MLP_LAYERS - 1) * sizeof *rest.biases);
    return pal_mlp_forward(&rest, s->network, c->hidden, n, c->room);
}

/* A tile of items; products with a matrix have the tile's shape whatever the items are. */
static void click_tile(const pal_click_form *form, const pal_click_options *o,
                       const pal_click_state *s, const int32_t *items, int32_t first, int32_t n,
                       float constant, click_scratch *c, float *scores) {
    const pal_loops *loops = pal_loops_best();
    int32_t d = (int32_t)o->f.factors, n_out = s->mlp.sizes[1];
    for (int32_t t = 0; t < CLICK_TILE; t++) {
        int32_t i = t < n ? (items ? items[first + t] : first + t) : 0;
        float *hidden = c->hidden + (int64_t)t * n_out;
        memcpy(hidden, c->base, (size_t)n_out * sizeof *hidden);
        loops->add_scaled(hidden, s->base + (int64_t)i * n_out, 1, n_out);
        if (form->has_product)
            loops->multiply(c->sum, s->sums + (int64_t)i * d, c->products + (int64_t)t * d, d);
    }
    if (form->has_product)
        pal_gemm(false, true, CLICK_TILE, n_out, d, c->products, d,
                 s->network + s->mlp.weights[0] + s->mlp.sizes[0] - d, s->mlp.sizes[0], 1,
                 c->hidden, n_out);
    const float *out = click_finish(s, CLICK_TILE, c);
    for (int32_t t = 0; t < n; t++) {
        int32_t i = items ? items[first + t] : first + t;
        scores[first + t] = out[t] + constant + s->constant[i];
        if (form->has_fm) scores[first + t] += loops->dot(c->sum, s->sums + (int64_t)i * d, d);
    }
}

void pal_click_score(const pal_click_form *form, const pal_click_options *o,
                     const pal_click_state *s, const pal_query *query, const int32_t *items,
                     int32_t n, void *scratch, float *scores) {
    click_scratch carved;
    click_carve(o, s, scratch, &carved);
    float constant = click_person(form, o, s, query, &carved);
    for (int32_t first = 0; first < n; first += CLICK_TILE)
        click_tile(form, o, s, items, first, n - first < CLICK_TILE ? n - first : CLICK_TILE,
                   constant, &carved, scores);
}

int32_t pal_click_tensors(const pal_click_options *o, pal_click_state *s, int32_t n_users,
                          int32_t n_items, pal_tensor tensors[PAL_TENSORS_MAX]) {
    s->n_users = n_users;
    s->n_items = n_items;
    const pal_tensor all[] = {
        pal_float_rows("history", &s->history, n_items, o->f.factors + 1, PAL_ROLE_DATA, NULL),
        {"item_range", PAL_I64, 1, {2}, (void **)&s->item_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("items", &s->items, -1),
        {"profile_range", PAL_I64, 1, {2}, (void **)&s->profile_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("profiles", &s->profiles, -1),
        {"network_range", PAL_I64, 1, {2}, (void **)&s->network_range, PAL_ROLE_STARTS, 0, NULL},
        pal_floats("network", &s->network, -1),
    };
    int32_t n = sizeof all / sizeof *all;
    memcpy(tensors, all, sizeof all);
    return n +
           pal_profile_code_tensors(&s->told.code, &s->told.rows, o->f.factors + 1, tensors + n);
}

void pal_click_estimate(const pal_click_form *form, const pal_click_options *o, const pal_log *log,
                        int32_t n_threads, pal_estimate *out) {
    enum { FIELDS = 8 }; /* a guess: catalogs are not seen here */
    pal_parameters network = {0};
    pal_mlp mlp;
    pal_click_plan(form, o, FIELDS / 2, FIELDS / 2, &network, &mlp);
    double pairs = 1 + (double)o->negatives, width = (double)o->f.factors + 1,
           entries = (double)(o->f.history + o->f.recent), epochs = pal_feature_epochs(&o->f),
           batch = (double)o->f.batch, n_items = log->n_items;
    out->seconds = epochs * (double)log->n_events *
                   (pairs * (3 * pal_mlp_work(&mlp) / 4e10 + FIELDS * width * 2e-9) +
                    entries * width * 0.3e-9) /
                   n_threads;
    out->bytes =
        24 * (double)log->n_events + pal_parameters_bytes(network.n, PAL_CLICK_CHUNKS) +
        2 * pal_table_bytes(n_items, width, batch * entries) +
        4 * batch * pairs * (2.0 * mlp.sizes[0] + (double)pal_mlp_room(&mlp) + 2 * FIELDS * width) +
        4 * n_items * ((FIELDS / 2 + 1) * width + mlp.sizes[1]);
}
