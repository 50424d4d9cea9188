/* ctx.h - what every verb works with: the last error's sentence, threads, seed, memory limit, who
 * listens. */
#ifndef PAL_BASE_CTX_H
#define PAL_BASE_CTX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "palate.h"

typedef struct pal_pool pal_pool;

enum { PAL_ERROR_MAX = 1024 };

struct pal_ctx {
    char error[PAL_ERROR_MAX]; /* one sentence, no newline; "" before the first failure */
    pal_pool *pool;            /* threads of this context */
    uint64_t seed;
    int64_t memory_limit; /* bytes that batches and scratch may take; > 0 */
    bool verbose;
    pal_notice_fn *notice; /* or NULL */
    void *notice_arg;
    const struct pal_listener *listener; /* of the training that runs (epochs.h), or NULL */
    atomic_bool cancelled;
    /* A request to stop waits: an epoch that runs will be kept when it is whole (models/watch.h).
     * Told once. */
    bool holds_cancel, has_told_hold;
    /* Hashes of the sentences that pal_note_once told since the verb began, the last ones. */
    uint64_t told[8];
    int32_t n_told;
    double multiply_adds; /* of the running fit, as its kind counts them */
    int64_t diverged; /* epoch in which the running fit left all bounds and went back; 0: none */
    double progress_started, progress_shown; /* seconds of a monotonic clock; base/progress.c */
    pal_status open_status;                  /* what pal_open found wrong with its options */
};

/* Writes the sentence to ctx->error and returns `status`. One thread at a time; workers return
 * their trouble instead. Bytes that are not printable UTF-8 are shown as '?', so that a file's
 * content cannot drive a terminal. */
pal_status pal_fail(pal_ctx *ctx, pal_status status, const char *format, ...) PAL_PRINTF(3, 4);

/* PAL_ENOMEM with "<what> needs <bytes>, …". */
pal_status pal_fail_memory(pal_ctx *ctx, const char *what, double bytes);

/* PAL_EUSAGE for a `what` ("kind") of an unknown name: "did you mean" the nearest of names[0 … n),
 * or all that there are. */
pal_status pal_fail_name(pal_ctx *ctx, const char *what, const char *name, const char *const *names,
                         int32_t n);

/* Tells whoever listens; one line. */
void pal_note(pal_ctx *ctx, pal_notice_type type, const char *format, ...) PAL_PRINTF(3, 4);

/* The same of what would be told for one training after the other: once a verb. */
void pal_note_once(pal_ctx *ctx, pal_notice_type type, const char *format, ...) PAL_PRINTF(3, 4);

/* PAL_ECANCELLED when somebody asked to stop, and the request does not wait. */
pal_status pal_check_cancelled(pal_ctx *ctx);

/* The only macro that hides a return. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        pal_status try_status_ = (expression);                                                     \
        if (try_status_ != PAL_OK) return try_status_;                                             \
    } while (0)

#endif
