/* test_read_shared.c - published logs are read with the counts that their READMEs print.
 *
 * They are looked for in the folder PALATE_DATA, else in ../shared/data beside the sources, and
 * skipped where missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "data/read.h"

typedef struct {
    const char *folder, *format, *columns;
    int64_t n_events;
    int32_t n_users, n_items;
    bool are_ratings;
    const char *item, *title; /* or NULL */
} shared_log;

static const shared_log logs[] = {
    {"ml-latest-small", "movielens", "user=userId item=movieId value=rating time=timestamp", 100004,
     671, 9066, true, "1", "Toy Story (1995)"},
    {"movietweetings", "folder", "user=user_id item=item_id value=rating time=timestamp", 100000,
     16554, 10506, true, "1853728", "Django Unchained (2012)"},
    {"completejourney", "folder", "user=user_id item=item_id value=quantity time=timestamp", 75000,
     2377, 20902, false, "25671", "ICE - CRUSHED/CUBED"},
    {"msweb", "folder", "user=user_id item=item_id", 113845, 32711, 286, false, "1001",
     "Support Desktop"},
    {"uci-restaurant", "folder", "user=user_id item=item_id value=rating", 1161, 138, 130, true,
     "134999", "Kiku Cuernavaca"},
    {"git", "folder", "user=user_id item=item_id time=timestamp", 124999, 2669, 6241, false, "1",
     "Makefile"},
};

static bool find_folder(const char *name, char *out, size_t size) {
    const char *data = getenv("PALATE_DATA"), *source = getenv("PALATE_SOURCE");
    if (data) {
        snprintf(out, size, "%s/%s", data, name);
    } else {
        snprintf(out, size, "%s/../shared/data/%s", source ? source : ".", name);
    }
    return pal_path_is_folder(out);
}

static void test_log(void **state) {
    const shared_log *log = *state;
    char folder[1024];
    if (!find_folder(log->folder, folder, sizeof folder)) {
        print_message("skipped: no folder %s; PALATE_DATA names where it lies\n", folder);
        skip();
    }
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    if (pal_data_read(&ctx, &(pal_paths){.log = folder}, NULL, &data) != PAL_OK) {
        fail_msg("%s", ctx.error);
    }
    const pal_log *part = &data->parts[0];
    assert_string_equal(data->format, log->format);
    assert_string_equal(data->columns, log->columns);
    assert_string_equal(data->name, log->folder);
    assert_int_equal(part->n_events, log->n_events);
    assert_int_equal(part->n_users, log->n_users);
    assert_int_equal(part->n_items, log->n_items);
    assert_int_equal(part->about.values_are_ratings, log->are_ratings);
    const char *title = pal_catalog_title(&data->catalog, log->item);
    assert_non_null(title);
    assert_string_equal(title, log->title);
    pal_data_free(data);
}

int main(void) {
    enum { N = sizeof logs / sizeof *logs };
    struct CMUnitTest tests[N];
    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){.name = logs[i].folder,
                                       .test_func = test_log,
                                       .initial_state = (void *)(uintptr_t)&logs[i]};
    }
    return _cmocka_run_group_tests("shared logs", tests, N, NULL, NULL);
}
