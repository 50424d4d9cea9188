/* read_support.h - logs in a folder of their own, read and refused. */
#ifndef PAL_TESTS_READ_SUPPORT_H
#define PAL_TESTS_READ_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "data/read.h"

static char folder[64]; /* of the running test */

static inline int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/palate-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    const char *const *names;
    int32_t n = 0;
    if (pal_folder_list(&ctx, folder, &arena, &names, &n) != PAL_OK) return -1;
    for (int32_t i = 0; i < n; i++) unlink(pal_path_join(&arena, folder, names[i]));
    pal_arena_release(&arena);
    return rmdir(folder);
}

static inline const char *path_of(const char *name) {
    static char paths[32][128];
    static int next;
    char *path = paths[next++ % 32];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void write_text(const char *name, const char *text) {
    pal_ctx ctx = {0};
    assert_int_equal(pal_file_write(&ctx, path_of(name), text, strlen(text)), PAL_OK);
}

static inline pal_data *read_paths(const pal_paths *paths, const char *options) {
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    if (pal_data_read(&ctx, paths, options, &data) != PAL_OK) fail_msg("%s", ctx.error);
    return data;
}

static inline pal_data *read_folder(void) { return read_paths(&(pal_paths){.log = folder}, NULL); }

static inline void assert_refused(const pal_paths *paths, const char *options, pal_status expected,
                                  const char *part) {
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    pal_status status = pal_data_read(&ctx, paths, options, &data);
    if (status != expected || !strstr(ctx.error, part)) {
        fail_msg("status %d, '%s' does not say '%s'", status, ctx.error, part);
    }
    assert_null(data);
}

static inline void assert_title(const pal_data *data, const char *item, const char *title) {
    const char *found = pal_catalog_title(&data->catalog, item);
    if (!title) {
        assert_null(found);
        return;
    }
    if (!found) fail_msg("item %s has no title", item);
    assert_string_equal(found, title);
}

static inline void assert_finds(const pal_data *data, const char *part) {
    for (int32_t i = 0; i < data->n_findings; i++) {
        if (strstr(data->findings[i].what, part)) return;
    }
    fail_msg("no finding says '%s'", part);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

/* --- logs at hand --- */

static inline pal_data *read_text(const char *text, const char *options) {
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    const pal_bytes bytes = {.bytes = text, .length = strlen(text)};
    if (pal_data_parse(&ctx, "log", &bytes, options, &data) != PAL_OK)
        fail_msg("'%.60s' is refused: %s", text, ctx.error);
    return data;
}

static inline void assert_text_refused(const char *text, const char *options, pal_status expected,
                                       const char *part) {
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    const pal_bytes bytes = {.bytes = text, .length = strlen(text)};
    pal_status status = pal_data_parse(&ctx, "log", &bytes, options, &data);
    if (status != expected || !strstr(ctx.error, part))
        fail_msg("'%.60s': status %d, '%s' does not say '%s'", text, status, ctx.error, part);
    assert_null(data);
}

/* The event of the first part that stands at place `e`: ids, and type where there are types. */
static inline void assert_event(const pal_data *data, int64_t e, const char *user,
                                const char *item) {
    const pal_log *log = &data->parts[0];
    int32_t u = 0;
    assert_true(e < log->n_events);
    while (log->starts[u + 1] <= e) u++;
    assert_string_equal(pal_ids_at(&data->user_ids, u), user);
    assert_string_equal(pal_ids_at(&data->item_ids, log->items[e]), item);
}

#endif
