/* support_source.h - two small domains of two camps each. People and items of even rows are of one
 * camp, of odd rows of the other; camps are the same in both domains. */
#ifndef PAL_TESTS_SUPPORT_SOURCE_H
#define PAL_TESTS_SUPPORT_SOURCE_H

#include "support.h"

#include "data/source.h"

enum { SOURCE_USERS = 24, SOURCE_NEW = 6, SOURCE_HERE = 16, SOURCE_THERE = 12 };

typedef struct {
    support_log target, log;
    pal_source source;
} support_domains;

/* Users past the target's n_users are known in the source alone. */
static inline void support_domain_make(pal_ctx *ctx, int32_t n_users, int32_t n_items,
                                       int32_t per_user, int64_t time, support_log *out) {
    int64_t n = 0, capacity = (int64_t)n_users * per_user;
    int32_t *users = calloc((size_t)capacity, sizeof *users),
            *items = calloc((size_t)capacity, sizeof *items);
    int64_t *times = calloc((size_t)capacity, sizeof *times);
    float *values = calloc((size_t)capacity, sizeof *values);
    assert_true(users && items && times && values);
    for (int32_t u = 0; u < n_users; u++) {
        for (int32_t e = 0; e < per_user; e++, n++) {
            users[n] = u;
            items[n] = (u / 2 + e) % (n_items / 2) * 2 + u % 2;
            times[n] = time + n;
            values[n] = 4;
        }
    }
    support_log_make(ctx, out, n_users, n_items, n, users, items, times, values);
    free(users);
    free(items);
    free(times);
    free(values);
}

static inline void support_domains_make(pal_ctx *ctx, pal_sharing shared, support_domains *out) {
    support_domain_make(ctx, SOURCE_USERS - SOURCE_NEW, SOURCE_HERE, 5, 2000, &out->target);
    support_domain_make(ctx, SOURCE_USERS, SOURCE_THERE, 4, 1000, &out->log);
    out->source = (pal_source){.log = &out->log.log, .shared = shared};
}

static inline void support_domains_release(support_domains *domains) {
    support_log_release(&domains->target);
    support_log_release(&domains->log);
}

#endif
