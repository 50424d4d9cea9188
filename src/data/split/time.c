/* time.c - one global cut: the newest events are the test, those before them the validation. */
#include "data/split.h"

typedef struct {
    double valid, test; /* shares of events */
} time_params;

static const pal_param time_table[] = {
    {.name = "valid",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(time_params, valid),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of events in the validation part"},
    {.name = "test",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(time_params, test),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of events in the test part"},
    {0},
};

/* Shares are of what was used: a log may say far more often what was only shown. */
static int64_t time_count_until(const pal_log *log, int64_t time) {
    int64_t count = 0;
    for (int64_t e = 0; e < log->n_events; e++)
        count += log->times[e] <= time && !pal_log_is_shown(log, e);
    return count;
}

/* The newest time that still belongs before the cut, which is the smallest with enough events up to
 * it: equal timestamps go to the earlier part. Bisecting times takes one pass for each bit of their
 * range, and no memory. */
static int64_t time_cut(const pal_log *log, double share_before) {
    int64_t before = (int64_t)(share_before * (double)time_count_until(log, INT64_MAX) + 0.5);
    int64_t low = 0, high = pal_log_end(log);
    if (before < 1) before = 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (time_count_until(log, middle) >= before) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static pal_status time_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                              uint8_t *part) {
    (void)ctx;
    const time_params *p = params;
    double test_share = test ? p->test : 0;
    int64_t train_end = time_cut(log, 1 - test_share - p->valid);
    int64_t valid_end = time_cut(log, 1 - test_share);
    for (int64_t e = 0; e < log->n_events; e++) {
        part[e] = log->times[e] <= train_end            ? PAL_PART_TRAIN
                  : !test || log->times[e] <= valid_end ? PAL_PART_VALID
                                                        : PAL_PART_TEST;
    }
    return PAL_OK;
}

const pal_splitter pal_splitter_time = {
    .name = "time",
    .summary = "one cut in time for everybody: train on the past, test on the future",
    .params = time_table,
    .params_size = sizeof(time_params),
    .needs_times = true,
    .assign = time_assign,
};
