/* leave_last.c - each user's last event is the test, the one before it the validation. */
#include "data/split.h"

enum { LEAVE_LAST_EVENTS_MIN = 3 }; /* users with fewer only train */

static const pal_param leave_last_table[] = {{0}};

/* Backwards through a user's events: the last use and what was shown since the one before are the
 * test, since both stood on one page; the same again for validation. */
static void leave_last_user(const pal_log *log, int32_t user, bool test, uint8_t *part) {
    int64_t begin = log->starts[user], end = log->starts[user + 1];
    int32_t n = 0, met = 0;
    for (int64_t e = begin; e < end; e++) n += !pal_log_is_shown(log, e);
    bool only_trains = n < LEAVE_LAST_EVENTS_MIN - !test;
    for (int64_t e = end - 1; e >= begin; e--) {
        met += !pal_log_is_shown(log, e);
        int32_t last = (met > 0 ? met : 1) + !test; /* 1: of the test, 2: of validation */
        part[e] = only_trains || last > 2 ? PAL_PART_TRAIN
                  : last == 2             ? PAL_PART_VALID
                                          : PAL_PART_TEST;
    }
}

static pal_status leave_last_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                                    uint8_t *part) {
    (void)ctx;
    (void)params;
    for (int32_t u = 0; u < log->n_users; u++) leave_last_user(log, u, test, part);
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
