/* heads.c - towers, and the softmax of each task. */
#include "models/transfer/heads.h"

#include <string.h>

#include "nn/loops.h"

/* --- towers --- */

void pal_tower_plan(int32_t width, const pal_ints *layers, int32_t activation,
                    pal_parameters *parameters, pal_tower *out) {
    *out = (pal_tower){.has_scale = true, .has_layers = layers->n > 0};
    out->scale = pal_parameters_add(parameters, "scale", 1, width);
    if (out->has_layers)
        pal_mlp_plan(width, layers->at, layers->n, width, (pal_activation)activation, parameters,
                     &out->mlp);
}

void pal_tower_draw(const pal_tower *tower, int32_t width, uint64_t seed, pal_real *values) {
    for (int32_t f = 0; tower->has_scale && f < width; f++) values[tower->scale + f] = 1;
    if (tower->has_layers) pal_mlp_draw(&tower->mlp, seed, "tower", values);
}

int64_t pal_tower_room(const pal_tower *tower) {
    return tower->has_layers ? pal_mlp_room(&tower->mlp) : 0;
}

void pal_tower_forward(const pal_tower *tower, const pal_real *values, int32_t width,
                       const pal_real *x, int64_t n, pal_real *room, pal_real *out) {
    const pal_loops *loops = pal_loops_best();
    if (!tower->has_scale) memcpy(out, x, (size_t)(n * width) * sizeof *out);
    for (int64_t r = 0; tower->has_scale && r < n; r++)
        loops->multiply(x + r * width, values + tower->scale, out + r * width, width);
    if (!tower->has_layers) return;
    const pal_real *more = pal_mlp_forward(&tower->mlp, values, x, n, room);
    loops->add_scaled(out, more, 1, n * width);
}

void pal_tower_backward(const pal_tower *tower, const pal_real *values, int32_t width,
                        const pal_real *x, const pal_real *dy, int64_t n, pal_real *room,
                        pal_real *dx, pal_real *gradient) {
    const pal_loops *loops = pal_loops_best();
    if (tower->has_layers) {
        pal_mlp_backward(&tower->mlp, values, x, n, dy, room, dx, gradient);
    } else {
        memset(dx, 0, (size_t)(n * width) * sizeof *dx);
    }
    if (!tower->has_scale) loops->add_scaled(dx, dy, 1, n * width);
    for (int64_t r = 0; tower->has_scale && r < n; r++) {
        for (int32_t f = 0; f < width; f++) {
            dx[r * width + f] += values[tower->scale + f] * dy[r * width + f];
            gradient[tower->scale + f] += x[r * width + f] * dy[r * width + f];
        }
    }
}

/* --- heads --- */

static pal_status head_open(pal_heads *heads, const char *what, int64_t batch, float *vectors,
                            float *d_vectors, pal_arena *scratch, pal_head *head) {
    int64_t k = heads->width;
    head->vectors = vectors;
    head->d_vectors = d_vectors;
    head->rows = PAL_ARENA_ARRAY(scratch, int64_t, batch);
    head->x = PAL_ARENA_ARRAY(scratch, float, batch *k);
    head->dx = PAL_ARENA_ARRAY(scratch, float, batch *k);
    head->room = PAL_ARENA_ARRAY(scratch, float, batch *pal_tower_room(&head->tower));
    head->hidden = PAL_ARENA_ARRAY(scratch, float, batch *(k + 1));
    head->d_hidden = PAL_ARENA_ARRAY(scratch, float, batch *(k + 1));
    head->people = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    head->begins = PAL_ARENA_ARRAY(scratch, int64_t, batch);
    head->ends = PAL_ARENA_ARRAY(scratch, int64_t, batch);
    if (!head->rows || !head->x || !head->dx || !head->room || !head->hidden || !head->d_hidden ||
        !head->people || !head->begins || !head->ends)
        return pal_fail_memory(heads->ctx, what, 20.0 * (double)(batch * k));
    TRY(pal_softmax_open(heads->ctx, what, head->task->n_items, (int32_t)k + 1, scratch,
                         &head->softmax));
    head->softmax.weights = vectors;
    head->softmax.d_weights = d_vectors;
    head->softmax.hidden = head->hidden;
    head->softmax.d_hidden = head->d_hidden;
    head->softmax.begins = head->begins;
    head->softmax.ends = head->ends;
    head->softmax.targets = head->asked->items;
    head->softmax.amounts = head->asked->amounts;
    head->softmax.used = &head->task->used;
    head->softmax.people = head->people;
    return PAL_OK;
}

pal_status pal_heads_open(const char *what, int64_t batch, pal_arena *scratch, pal_heads *heads) {
    int64_t k = heads->width, n_vectors = 0;
    heads->n = heads->batch->n_tasks;
    for (int32_t t = 0; t < heads->n; t++) n_vectors += heads->batch->tasks[t].n_items;
    float *vectors = PAL_ARENA_ARRAY(scratch, float, n_vectors *(k + 1)),
          *d_vectors = PAL_ARENA_ARRAY(scratch, float, n_vectors *(k + 1));
    heads->x = PAL_ARENA_ARRAY(scratch, float, batch *k);
    heads->dx = PAL_ARENA_ARRAY(scratch, float, batch *k);
    if (!vectors || !d_vectors || !heads->x || !heads->dx)
        return pal_fail_memory(heads->ctx, what, 8.0 * (double)((n_vectors + batch) * (k + 1)));
    for (int32_t t = 0; t < heads->n; t++) {
        pal_head *head = &heads->at[t];
        head->task = &heads->batch->tasks[t];
        head->asked = &heads->batch->asked[t];
        TRY(head_open(heads, what, batch, vectors, d_vectors, scratch, head));
        vectors += head->task->n_items * (k + 1);
        d_vectors += head->task->n_items * (k + 1);
    }
    return PAL_OK;
}

/* Those of the batch's people of whom the task asks something, chunk after chunk. */
static void head_list(const pal_heads *heads, pal_head *head) {
    const pal_domain_batch *batch = heads->batch;
    head->n = 0;
    for (int64_t chunk = 0; chunk < PAL_DOMAIN_CHUNKS; chunk++) {
        int64_t first, last;
        pal_chunk_range(batch->step->n, PAL_DOMAIN_CHUNKS, chunk, &first, &last);
        head->starts[chunk] = head->n;
        for (int64_t r = first; r < last; r++) {
            if (head->asked->at[r] == head->asked->ends[r]) continue;
            head->rows[head->n] = r;
            head->people[head->n] = batch->people[r];
            head->begins[head->n] = head->asked->at[r];
            head->ends[head->n++] = head->asked->ends[r];
        }
    }
    head->starts[PAL_DOMAIN_CHUNKS] = head->n;
}

static void heads_forward(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_heads *heads = arg;
    int64_t k = heads->width;
    for (int32_t t = 0; t < heads->n; t++) {
        pal_head *head = &heads->at[t];
        int64_t first = head->starts[chunk], n = head->starts[chunk + 1] - first;
        if (n == 0) continue;
        for (int64_t i = first; i < first + n; i++)
            memcpy(head->x + i * k, heads->x + head->rows[i] * k, (size_t)k * sizeof *head->x);
        /* dx is free until the way back. */
        pal_tower_forward(&head->tower, heads->parameters ? heads->parameters->values : NULL,
                          heads->width, head->x + first * k, n,
                          head->room + first * pal_tower_room(&head->tower), head->dx + first * k);
        for (int64_t i = first; i < first + n; i++) {
            memcpy(head->hidden + i * (k + 1), head->dx + i * k, (size_t)k * sizeof *head->dx);
            head->hidden[i * (k + 1) + k] = 1;
        }
    }
}

double pal_heads_lose(pal_heads *heads) {
    double loss = 0;
    for (int32_t t = 0; t < heads->n; t++) head_list(heads, &heads->at[t]);
    pal_parallel(heads->ctx->pool, PAL_DOMAIN_CHUNKS, heads_forward, heads);
    for (int32_t t = 0; t < heads->n; t++) {
        pal_head *head = &heads->at[t];
        double weight = head->task->weight / head->task->mean_amount;
        memset(head->d_vectors, 0,
               (size_t)head->task->n_items * (size_t)(heads->width + 1) * sizeof *head->d_vectors);
        if (head->n == 0) continue;
        head->softmax.n_rows = head->n;
        head->softmax.scale = (float)(weight / (double)heads->batch->step->n);
        loss += weight * pal_softmax_run(heads->ctx->pool, &head->softmax);
    }
    return loss;
}

void pal_heads_back(pal_heads *heads, int64_t chunk, float *gradient) {
    int64_t k = heads->width, begin, end;
    pal_chunk_range(heads->batch->step->n, PAL_DOMAIN_CHUNKS, chunk, &begin, &end);
    memset(heads->dx + begin * k, 0, (size_t)((end - begin) * k) * sizeof *heads->dx);
    for (int32_t t = 0; t < heads->n; t++) {
        pal_head *head = &heads->at[t];
        int64_t first = head->starts[chunk], n = head->starts[chunk + 1] - first;
        if (n == 0) continue;
        /* Without the derivative of the 1 at the end; hidden is not needed any more. */
        float *dy = head->hidden + first * (k + 1);
        for (int64_t i = 0; i < n; i++)
            memcpy(dy + i * k, head->d_hidden + (first + i) * (k + 1), (size_t)k * sizeof *dy);
        pal_tower_backward(&head->tower, heads->parameters ? heads->parameters->values : NULL,
                           heads->width, head->x + first * k, dy, n,
                           head->room + first * pal_tower_room(&head->tower), head->dx + first * k,
                           gradient);
        for (int64_t i = first; i < first + n; i++)
            pal_loops_best()->add_scaled(heads->dx + head->rows[i] * k, head->dx + i * k, 1, k);
    }
}

double pal_heads_work(const pal_heads *heads) {
    double work = 0;
    for (int32_t t = 0; t < heads->n; t++) {
        const pal_head *head = &heads->at[t];
        double tower = head->tower.has_layers ? pal_mlp_work(&head->tower.mlp) : 0;
        work += (double)head->n * (4.0 * head->task->n_items * (heads->width + 1) + 3 * tower);
    }
    return work;
}
