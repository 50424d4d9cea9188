/* support.h - small logs and contexts for tests of the upper layers. */
#ifndef PAL_TESTS_SUPPORT_H
#define PAL_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "data/catalog.h"
#include "data/log.h"

static inline pal_ctx *support_open(int32_t n_threads) {
    pal_ctx *ctx = calloc(1, sizeof *ctx);
    assert_non_null(ctx);
    ctx->pool = pal_pool_new(n_threads);
    assert_non_null(ctx->pool);
    ctx->seed = 42;
    ctx->memory_limit = INT64_C(1) << 30;
    return ctx;
}

static inline void support_close(pal_ctx *ctx) {
    pal_pool_free(ctx->pool);
    free(ctx);
}

/* A log whose ids are "u<row>" and "i<row>". */
typedef struct {
    pal_log log;
    pal_ids users, items;
} support_log;

static inline void support_log_make(pal_ctx *ctx, support_log *out, int32_t n_users,
                                    int32_t n_items, int64_t n, const int32_t *users,
                                    const int32_t *items, const int64_t *times,
                                    const float *values) {
    memset(out, 0, sizeof *out);
    char id[32];
    for (int32_t u = 0; u < n_users; u++) {
        snprintf(id, sizeof id, "u%d", u);
        assert_int_equal(pal_ids_add(&out->users, id, strlen(id)), u);
    }
    for (int32_t i = 0; i < n_items; i++) {
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(pal_ids_add(&out->items, id, strlen(id)), i);
    }
    pal_log_about about = {.n_users = n_users,
                           .n_items = n_items,
                           .target_types = UINT32_MAX,
                           .user_ids = &out->users,
                           .item_ids = &out->items};
    if (values) strcpy(about.value_name, "rating");
    pal_events events = {.n = n, .users = users, .items = items, .times = times, .values = values};
    assert_int_equal(pal_log_build(ctx, &events, &about, &out->log), PAL_OK);
}

static inline void support_log_release(support_log *log) {
    pal_log_release(&log->log);
    pal_ids_release(&log->users);
    pal_ids_release(&log->items);
}

/* Features of the log's items: of two camps, even and odd rows, in tokens ("camp"), words ("about")
 * and vectors ("picture"). */
static inline void support_catalog_make(pal_ctx *ctx, const support_log *log, pal_catalog *out) {
    int32_t n = log->items.n;
    memset(out, 0, sizeof *out);
    out->title = -1;
    const char **camps = PAL_ARENA_ARRAY(&out->arena, const char *, n),
               **words = PAL_ARENA_ARRAY(&out->arena, const char *, n);
    out->columns = PAL_ARENA_ARRAY(&out->arena, pal_column, 2);
    float *vectors = PAL_ARENA_ARRAY(&out->arena, float, 2 * (int64_t)n);
    assert_true(camps && words && out->columns && vectors);
    for (int32_t i = 0; i < n; i++) {
        const char *id = pal_ids_at(&log->items, i);
        char text[64];
        snprintf(text, sizeof text, "%s thing number %d", i % 2 ? "odd" : "even", (int)i / 2);
        assert_int_equal(pal_ids_add(&out->ids, id, strlen(id)), i);
        camps[i] = i % 2 ? "odd" : "even";
        words[i] = pal_arena_text(&out->arena, text, strlen(text));
        vectors[2 * i + i % 2] = 1;
        vectors[2 * i + !(i % 2)] = 0.01f * (float)i;
    }
    strcpy(out->columns[0].name, "camp");
    out->columns[0].cells = camps;
    strcpy(out->columns[1].name, "about");
    out->columns[1].cells = words;
    out->n_columns = 2;
    assert_int_equal(pal_catalog_settle(ctx, out, "items", "camp=token,about=text"), PAL_OK);
    assert_int_equal(pal_catalog_add_vectors(ctx, out, "picture", vectors, 2), PAL_OK);
}

#endif
