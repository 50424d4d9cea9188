/* test_ids.c - strings to rows and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "data/ids.h"

static int32_t add(pal_ids *ids, const char *id) { return pal_ids_add(ids, id, strlen(id)); }
static int32_t find(const pal_ids *ids, const char *id) {
    return pal_ids_find(ids, id, strlen(id));
}

static void test_rows_follow_first_appearance(void **state) {
    (void)state;
    pal_ids ids = {0};
    assert_int_equal(add(&ids, "pear"), 0);
    assert_int_equal(add(&ids, "apple"), 1);
    assert_int_equal(add(&ids, "pear"), 0);
    assert_int_equal(add(&ids, "fig"), 2);
    assert_int_equal(ids.n, 3);
    assert_string_equal(pal_ids_at(&ids, 0), "pear");
    assert_string_equal(pal_ids_at(&ids, 2), "fig");
    pal_ids_release(&ids);
    assert_int_equal(ids.n, 0);
}

static void test_empty_table_knows_nothing(void **state) {
    (void)state;
    pal_ids ids = {0};
    assert_int_equal(find(&ids, "pear"), -1);
    pal_ids_release(&ids);
}

/* An id is its bytes and their number: a prefix, another case or a leading zero is another id. */
static void test_alike_ids_are_different(void **state) {
    (void)state;
    static const char *const alike[] = {"1", "01", "1 ", "10", "A", "a", "ä", "a\xCC\x88", "1.0"};
    enum { N = sizeof alike / sizeof *alike };
    pal_ids ids = {0};
    for (int32_t i = 0; i < N; i++) assert_int_equal(add(&ids, alike[i]), i);
    for (int32_t i = 0; i < N; i++) assert_int_equal(find(&ids, alike[i]), i);
    assert_int_equal(pal_ids_find(&ids, "10", 1), 0);
    assert_int_equal(pal_ids_find(&ids, "100", 2), 3);
    assert_int_equal(find(&ids, "100"), -1);
    pal_ids_release(&ids);
}

static void test_many_ids_keep_their_rows(void **state) {
    (void)state;
    enum { MANY = 100000 };
    pal_ids ids = {0};
    char id[32];
    for (int32_t i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "sku-%d", i * 7);
        assert_int_equal(add(&ids, id), i);
    }
    for (int32_t i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "sku-%d", i * 7);
        assert_int_equal(find(&ids, id), i);
        assert_string_equal(pal_ids_at(&ids, i), id);
        snprintf(id, sizeof id, "sku-%d", i * 7 + 1);
        assert_int_equal(find(&ids, id), -1);
    }
    pal_ids_release(&ids);
}

static void test_longest_id(void **state) {
    (void)state;
    pal_ids ids = {0};
    char longest[PAL_ID_MAX + 1];
    memset(longest, 'x', PAL_ID_MAX);
    longest[PAL_ID_MAX] = '\0';
    assert_int_equal(add(&ids, "short"), 0);
    assert_int_equal(add(&ids, longest), 1);
    assert_int_equal(pal_ids_find(&ids, longest, PAL_ID_MAX - 1), -1);
    assert_int_equal(find(&ids, longest), 1);
    pal_ids_release(&ids);
}

static void test_select_renumbers(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_ids ids = {0}, some = {0}, none = {0};
    add(&ids, "a");
    add(&ids, "b");
    add(&ids, "c");
    static const int32_t rows[] = {2, 0};
    assert_int_equal(pal_ids_select(&ctx, &ids, rows, 2, &some), PAL_OK);
    assert_int_equal(some.n, 2);
    assert_int_equal(find(&some, "c"), 0);
    assert_int_equal(find(&some, "a"), 1);
    assert_int_equal(find(&some, "b"), -1);
    assert_int_equal(pal_ids_select(&ctx, &ids, rows, 0, &none), PAL_OK);
    assert_int_equal(none.n, 0);
    assert_int_equal(find(&none, "a"), -1);
    pal_ids_release(&ids);
    pal_ids_release(&some);
    pal_ids_release(&none);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_follow_first_appearance),
        cmocka_unit_test(test_empty_table_knows_nothing),
        cmocka_unit_test(test_alike_ids_are_different),
        cmocka_unit_test(test_many_ids_keep_their_rows),
        cmocka_unit_test(test_longest_id),
        cmocka_unit_test(test_select_renumbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
