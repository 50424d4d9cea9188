/* table.c - rows in, gradients out. */
#include "nn/table.h"

#include <string.h>

#include "nn/loops.h"

pal_status pal_table_open(pal_ctx *ctx, const char *what, pal_real *values, int32_t n_rows,
                          int32_t width, int64_t capacity, pal_arena *scratch, pal_table *out) {
    int64_t size = (int64_t)n_rows * width, most = capacity < n_rows ? capacity : n_rows;
    *out = (pal_table){
        .n_rows = n_rows,
        .width = width,
        .values = values,
        .first = PAL_ARENA_ARRAY(scratch, pal_real, size),
        .second = PAL_ARENA_ARRAY(scratch, pal_real, size),
        .capacity = capacity,
        .touched = PAL_ARENA_ARRAY(scratch, int32_t, most),
        .starts = PAL_ARENA_ARRAY(scratch, int64_t, most + 2),
        .sources = PAL_ARENA_ARRAY(scratch, int32_t, capacity),
        .weights = PAL_ARENA_ARRAY(scratch, pal_real, capacity),
        .gradient = PAL_ARENA_ARRAY(scratch, pal_real, most * width),
        .place = PAL_ARENA_ARRAY(scratch, int32_t, n_rows),
    };
    if (out->first && out->second && out->touched && out->starts && out->sources && out->weights &&
        out->gradient && out->place)
        return PAL_OK;
    return pal_fail_memory(ctx, what, pal_table_bytes(n_rows, width, (double)capacity));
}

double pal_table_bytes(double n_rows, double width, double capacity) {
    double most = capacity < n_rows ? capacity : n_rows;
    return (double)sizeof(pal_real) * width * (2 * n_rows + most) + 4 * n_rows + 8 * capacity +
           12 * most;
}

void pal_table_gather(const pal_table *table, const int32_t *rows, int64_t n, pal_real *out,
                      int64_t stride) {
    size_t bytes = (size_t)table->width * sizeof *out;
    for (int64_t e = 0; e < n; e++) {
        if (rows[e] < 0) {
            memset(out + e * stride, 0, bytes);
        } else {
            memcpy(out + e * stride, table->values + (int64_t)rows[e] * table->width, bytes);
        }
    }
}

void pal_table_pool(const pal_table *table, const int32_t *rows, const pal_real *weights, int64_t n,
                    pal_real *out) {
    memset(out, 0, (size_t)table->width * sizeof *out);
    for (int64_t e = 0; e < n; e++) {
        if (rows[e] < 0) continue;
        pal_loops_best()->add_scaled(out, table->values + (int64_t)rows[e] * table->width,
                                     weights ? weights[e] : 1, table->width);
    }
}

void pal_table_touch(pal_table *table, const int32_t *rows, const int32_t *sources,
                     const pal_real *weights, int64_t n) {
    int64_t *starts = table->starts;
    for (int32_t t = 0; t < table->n_touched; t++) table->place[table->touched[t]] = 0;
    table->n_touched = 0;
    for (int64_t e = 0; e < n; e++) {
        if (rows[e] < 0) continue;
        int32_t *place = &table->place[rows[e]];
        if (!*place) {
            table->touched[table->n_touched] = rows[e];
            *place = ++table->n_touched;
            starts[*place + 1] = 0;
        }
        starts[*place + 1]++;
    }
    /* starts[t + 1] is where row t writes next, and at the end where it ends. */
    starts[0] = starts[1] = 0;
    for (int32_t t = 1; t <= table->n_touched; t++) starts[t + 1] += starts[t];
    for (int64_t e = 0; e < n; e++) {
        if (rows[e] < 0) continue;
        int64_t to = starts[table->place[rows[e]]]++;
        table->sources[to] = sources ? sources[e] : (int32_t)e;
        table->weights[to] = weights ? weights[e] : 1;
    }
}

typedef struct {
    pal_table *table;
    const pal_real *source;
    int64_t stride;
} table_job;

static void table_sum_part(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const table_job *job = arg;
    const pal_table *table = job->table;
    const pal_loops *loops = pal_loops_best();
    int64_t first = chunk * PAL_TABLE_CHUNK, last = first + PAL_TABLE_CHUNK;
    if (last > table->n_touched) last = table->n_touched;
    for (int64_t t = first; t < last; t++) {
        pal_real *row = table->gradient + t * table->width;
        memset(row, 0, (size_t)table->width * sizeof *row);
        for (int64_t e = table->starts[t]; e < table->starts[t + 1]; e++)
            loops->add_scaled(row, job->source + table->sources[e] * job->stride, table->weights[e],
                              table->width);
    }
}

void pal_table_sum(pal_pool *pool, pal_table *table, const pal_real *source, int64_t stride) {
    table_job job = {table, source, stride};
    pal_parallel(pool, (table->n_touched + PAL_TABLE_CHUNK - 1) / PAL_TABLE_CHUNK, table_sum_part,
                 &job);
}
