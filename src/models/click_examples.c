/* click_examples.c - used and shown events with their amounts. */
#include "models/click_examples.h"

#include <math.h>

static const double click_value_most = 10; /* times the mean that one event's value counts */

/* Weight of the event's value against the mean, bounded; values that are not positive weigh 0. */
static double click_value(const pal_log *log, int64_t e, double mean) {
    double share = (double)log->values[e] / mean;
    return share > 0 ? fmin(share, click_value_most) : 0;
}

static bool click_weighs_values(const pal_click_options *o, const pal_log *log) {
    return log->values && (o->weigh == PAL_CLICK_BY_VALUE ||
                           (o->weigh == PAL_CLICK_AUTO && !log->about.values_are_ratings &&
                            *log->about.value_name));
}

static void click_weigh(const pal_click_options *o, const pal_log *log, pal_click_examples *x) {
    bool by_value = click_weighs_values(o, log);
    double values = 0, sum = 0;
    for (int64_t i = 0; by_value && i < x->n_used; i++)
        values += fmax(0, (double)log->values[x->events[i]]);
    by_value = by_value && values > 0 && isfinite(values);
    for (int64_t i = 0; i < x->n_used; i++) {
        int64_t e = x->events[i];
        double amount = log->weights ? (double)log->weights[e] : 1;
        if (by_value) amount *= click_value(log, e, values / (double)x->n_used);
        x->amounts[i] = (float)amount;
        sum += (double)x->amounts[i];
    }
    for (int64_t i = 0; i < x->n_used && sum > 0; i++)
        x->amounts[i] = (float)((double)x->amounts[i] * (double)x->n_used / sum);
    for (int64_t i = x->n_used; i < x->n; i++) x->amounts[i] = 1;
}

/* Where in the user's events a time falls: the first one not before it. */
static int64_t click_place(const pal_log *log, int32_t user, const int64_t *time) {
    int64_t e = log->starts[user];
    if (!time || !log->times) return log->starts[user + 1];
    while (e < log->starts[user + 1] && log->times[e] < *time) e++;
    return e;
}

static void click_add_shown(const pal_log *log, const pal_log *shown, const pal_csr *used,
                            pal_click_examples *x) {
    for (int32_t u = 0; u < shown->n_users && u < log->n_users; u++) {
        for (int64_t e = shown->starts[u]; e < shown->starts[u + 1]; e++) {
            int32_t item = shown->items[e];
            if (item >= log->n_items || pal_csr_has(used, u, item)) continue;
            x->users[x->n] = u;
            x->events[x->n] = click_place(log, u, shown->times ? &shown->times[e] : NULL);
            x->items[x->n++] = item;
        }
    }
}

pal_status pal_click_examples_list(pal_ctx *ctx, const char *kind, const pal_click_options *o,
                                   const pal_train_input *train, const pal_csr *used,
                                   pal_arena *scratch, pal_click_examples *out) {
    const pal_log *log = train->log, *shown = train->shown;
    pal_past past = pal_feature_past(&o->f);
    int64_t n = log->n_events + (shown ? shown->n_events : 0);
    *out = (pal_click_examples){.events = PAL_ARENA_ARRAY(scratch, int64_t, n),
                                .users = PAL_ARENA_ARRAY(scratch, int32_t, n),
                                .items = PAL_ARENA_ARRAY(scratch, int32_t, n),
                                .amounts = PAL_ARENA_ARRAY(scratch, float, n)};
    if (!out->events || !out->users || !out->items || !out->amounts)
        return pal_fail_memory(ctx, kind, 20.0 * (double)n);
    out->n = out->n_used = pal_past_examples(&past, log, out->users, out->events);
    for (int64_t i = 0; i < out->n; i++) out->items[i] = log->items[out->events[i]];
    if (shown) click_add_shown(log, shown, used, out);
    click_weigh(o, log, out);
    return PAL_OK;
}
