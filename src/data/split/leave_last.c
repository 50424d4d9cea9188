/* leave_last.c - each user's last event is the test, the one before it the validation. */
#include "data/split.h"

enum { LEAVE_LAST_EVENTS_MIN = 3 }; /* users with fewer only train */

static const pal_param leave_last_table[] = {{0}};

static pal_status leave_last_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                                    uint8_t *part) {
    (void)ctx;
    (void)params;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t begin = log->starts[u], end = log->starts[u + 1];
        for (int64_t e = begin; e < end; e++) part[e] = PAL_PART_TRAIN;
        if (end - begin < LEAVE_LAST_EVENTS_MIN - !test) continue;
        if (test) part[--end] = PAL_PART_TEST;
        part[end - 1] = PAL_PART_VALID;
    }
    return PAL_OK;
}

const pal_splitter pal_splitter_leave_last = {
    .name = "leave_last",
    .summary = "each user's last event is the test, the one before it the validation",
    .params = leave_last_table,
    .params_size = 1,
    .needs_times = false,
    .assign = leave_last_assign,
};
