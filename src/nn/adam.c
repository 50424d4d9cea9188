/* adam.c - steps in fixed chunks. */
#include "nn/adam.h"

#include <math.h>

#include "nn/loops.h"

pal_adam pal_adam_at(double rate, int64_t step) {
    return (pal_adam){
        .rate = rate, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .scale = 1, .step = step};
}

static pal_adam_step adam_step(const pal_adam *adam) {
    double t = (double)adam->step, fresh1 = 1 - pow(adam->beta1, t),
           fresh2 = 1 - pow(adam->beta2, t);
    return (pal_adam_step){.scale = (pal_real)adam->scale,
                           .l2 = (pal_real)adam->l2,
                           .keep = (pal_real)(1 - adam->rate * adam->decay),
                           .beta1 = (pal_real)adam->beta1,
                           .beta2 = (pal_real)adam->beta2,
                           .rate = (pal_real)(adam->rate / fresh1),
                           .root = (pal_real)sqrt(fresh2),
                           .epsilon = (pal_real)adam->epsilon};
}

typedef struct {
    pal_adam_step step;
    pal_parameters *p;
    pal_table *table;
} adam_job;

static void adam_parameters_part(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const adam_job *job = arg;
    const pal_parameters *p = job->p;
    int64_t first = chunk * PAL_PARAMETERS_CHUNK, n = p->n - first;
    if (n > PAL_PARAMETERS_CHUNK) n = PAL_PARAMETERS_CHUNK;
    pal_loops_best()->adam(p->values + first, p->gradient + first, p->first + first,
                           p->second + first, n, &job->step);
}

void pal_adam_parameters(pal_pool *pool, const pal_adam *adam, pal_parameters *p) {
    adam_job job = {.step = adam_step(adam), .p = p};
    pal_parallel(pool, (p->n + PAL_PARAMETERS_CHUNK - 1) / PAL_PARAMETERS_CHUNK,
                 adam_parameters_part, &job);
}

static void adam_table_part(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const adam_job *job = arg;
    const pal_table *table = job->table;
    int64_t first = chunk * PAL_TABLE_CHUNK, last = first + PAL_TABLE_CHUNK;
    if (last > table->n_touched) last = table->n_touched;
    for (int64_t t = first; t < last; t++) {
        int64_t at = (int64_t)table->touched[t] * table->width;
        pal_loops_best()->adam(table->values + at, table->gradient + t * table->width,
                               table->first + at, table->second + at, table->width, &job->step);
    }
}

void pal_adam_table(pal_pool *pool, const pal_adam *adam, pal_table *table) {
    adam_job job = {.step = adam_step(adam), .table = table};
    pal_parallel(pool, (table->n_touched + PAL_TABLE_CHUNK - 1) / PAL_TABLE_CHUNK, adam_table_part,
                 &job);
}

/* Short chains in the real type, summed in double. */
static double adam_squares(const pal_real *g, int64_t n) {
    enum { PART = 1024 };
    double sum = 0;
    for (int64_t i = 0; i < n; i += PART)
        sum += (double)pal_loops_best()->dot(g + i, g + i, n - i < PART ? n - i : PART);
    return sum;
}

double pal_clip(const pal_parameters *p, pal_table *const *tables, int32_t n_tables, double most,
                double *norm) {
    if (!norm && !(most > 0)) return 1;
    double sum = p ? adam_squares(p->gradient, p->n) : 0;
    for (int32_t t = 0; t < n_tables; t++)
        sum += adam_squares(tables[t]->gradient, (int64_t)tables[t]->n_touched * tables[t]->width);
    double length = sqrt(sum);
    if (norm) *norm = length;
    return most > 0 && length > most ? most / length : 1;
}
