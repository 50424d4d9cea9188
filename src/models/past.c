/* past.c - histories as weighed rows. */
#include "models/past.h"

#include <math.h>
#include <stddef.h>

const char *const pal_past_forms[] = {"before", "others", NULL};

typedef struct {
    const pal_past *past;
    int32_t *rows;
    float *weights;
    int32_t n_long, n_recent;
} past_sums;

static void past_begin(past_sums *s) {
    for (int32_t e = 0; e < pal_past_entries(s->past); e++) {
        s->rows[e] = -1;
        s->weights[e] = 0;
    }
}

/* The next older event; false when there is no more room. */
static bool past_take(past_sums *s, int32_t item, bool in_long, bool in_recent) {
    const pal_past *past = s->past;
    if (in_recent && s->n_recent < past->n_recent) s->rows[past->n_long + s->n_recent++] = item;
    if (in_long && s->n_long < past->n_long) s->rows[s->n_long++] = item;
    return s->n_long < past->n_long || s->n_recent < past->n_recent;
}

static void past_weigh(past_sums *s) {
    double sum = 0;
    for (int32_t p = 0; p < s->n_long; p++) s->weights[p] = 1 / sqrtf((float)s->n_long);
    for (int32_t p = 1; p <= s->n_recent; p++) sum += 1.0 / p;
    for (int32_t p = 1; p <= s->n_recent; p++)
        s->weights[s->past->n_long + p - 1] = (float)(1 / (p * sum));
}

void pal_past_of_items(const pal_past *past, const int32_t *items, int64_t n, int32_t *rows,
                       float *weights) {
    past_sums sums = {.past = past, .rows = rows, .weights = weights};
    past_begin(&sums);
    for (int64_t e = n - 1; e >= 0; e--) {
        if (!past_take(&sums, items[e], true, true)) break;
    }
    past_weigh(&sums);
}

void pal_past_of_event(const pal_past *past, const pal_log *log, int32_t user, int64_t event,
                       int32_t item, pal_rng *rng, int32_t *rows, float *weights) {
    past_sums sums = {.past = past, .rows = rows, .weights = weights};
    past_begin(&sums);
    bool others = past->form == PAL_PAST_OTHERS, room = true;
    int64_t newest = others ? log->starts[user + 1] - 1 : event - 1;
    for (int64_t e = newest; room && e >= log->starts[user]; e--) {
        if (others && log->items[e] == item) continue;
        bool dropped = rng && past->dropout > 0 && pal_rng_uniform(rng) < past->dropout;
        room = past_take(&sums, log->items[e], !dropped, e < event && !dropped);
    }
    past_weigh(&sums);
}

int64_t pal_past_examples(const pal_past *past, const pal_log *log, int32_t *users,
                          int64_t *events) {
    int64_t n = 0;
    for (int32_t all = 0; all < 2 && n == 0; all++) {
        for (int32_t u = 0; u < log->n_users; u++) {
            int64_t begin = log->starts[u], end = log->starts[u + 1];
            for (int64_t e = begin; e < end; e++) {
                bool has = past->form == PAL_PAST_BEFORE ? e > begin : end - begin > 1;
                if (!all && !has) continue;
                users[n] = u;
                events[n++] = e;
            }
        }
    }
    return n;
}
