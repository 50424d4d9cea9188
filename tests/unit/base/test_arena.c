/* test_arena.c - zeroed, aligned, refused when too large, given back to the system. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"

static bool is_zero(const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (bytes[i]) return false;
    }
    return true;
}

static void test_elements_are_zero_and_aligned(void **state) {
    (void)state;
    static const size_t sizes[] = {
        0, 1, 63, 64, 65, 4096, 65536, 100000, 1 << 20, (1 << 20) + 1, 5000000};
    pal_arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char *bytes = pal_arena_alloc(&arena, (int64_t)sizes[i], 1);
            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % 64, 0);
            assert_true(is_zero(bytes, sizes[i]));
            memset(bytes, 0xAB, sizes[i]);
        }
        pal_arena_reset(&arena);
    }
    pal_arena_release(&arena);
}

static void test_arrays_do_not_overlap(void **state) {
    (void)state;
    enum { N = 2000 };
    static int32_t *arrays[N];
    pal_arena arena = {0};
    for (int32_t i = 0; i < N; i++) {
        int32_t length = 1 + (i * 37) % 3000;
        arrays[i] = PAL_ARENA_ARRAY(&arena, int32_t, length);
        assert_non_null(arrays[i]);
        for (int32_t j = 0; j < length; j++) arrays[i][j] = i;
    }
    for (int32_t i = 0; i < N; i++) {
        int32_t length = 1 + (i * 37) % 3000;
        for (int32_t j = 0; j < length; j++) assert_int_equal(arrays[i][j], i);
    }
    pal_arena_release(&arena);
}

static void test_impossible_sizes_are_refused(void **state) {
    (void)state;
    pal_arena arena = {0};
    assert_null(pal_arena_alloc(&arena, -1, 1));
    assert_null(pal_arena_alloc(&arena, INT64_MIN, 8));
    assert_null(pal_arena_alloc(&arena, INT64_MAX, 1));
    assert_null(pal_arena_alloc(&arena, INT64_MAX, 8));
    assert_null(pal_arena_alloc(&arena, ((int64_t)1 << 61) + 1, 8));
    assert_null(pal_arena_alloc(&arena, (int64_t)1 << 32, (size_t)1 << 32));
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(pal_arena_alloc(&arena, 10, 10));
    pal_arena_release(&arena);
}

/* Whether an address belongs to a mapping; the page may have been taken by somebody else only if
 * another thread ran. */
static bool is_mapped(const void *address) {
    uintptr_t page = (uintptr_t)address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    return msync((void *)page, 1, MS_ASYNC) == 0 || errno != ENOMEM;
}

static void test_large_blocks_return_to_the_system(void **state) {
    (void)state;
    pal_arena arena = {0};
    char *small = pal_arena_alloc(&arena, 100, 1);
    char *large = pal_arena_alloc(&arena, 8 << 20, 1);
    small[0] = large[4 << 20] = 1;
    assert_true(is_mapped(large + (4 << 20)));
    pal_arena_reset(&arena);
    assert_false(is_mapped(large + (4 << 20)));
    char *first = pal_arena_alloc(&arena, 100, 1);
    assert_ptr_equal(first, small);
    assert_int_equal(first[0], 0);

    large = pal_arena_alloc(&arena, 8 << 20, 1);
    pal_arena_release(&arena);
    assert_false(is_mapped(large + (4 << 20)));
}

static void test_use_is_counted(void **state) {
    (void)state;
    pal_arena arena = {0};
    assert_non_null(pal_arena_alloc(&arena, 1000, 1));
    assert_in_range(arena.used_bytes, 1000, 1063);
    assert_non_null(pal_arena_alloc(&arena, 2 << 20, 1));
    size_t peak = arena.used_bytes;
    assert_true(peak >= 1000 + (2 << 20));
    pal_arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
    assert_int_equal(arena.peak_bytes, peak);
    pal_arena_release(&arena);
    assert_int_equal(arena.peak_bytes, 0);
}

static void test_text_is_a_copy_with_its_end(void **state) {
    (void)state;
    pal_arena arena = {0};
    char source[] = "events.csv";
    char *copy = pal_arena_text(&arena, source, 6);
    source[0] = 'X';
    assert_string_equal(copy, "events");
    assert_string_equal(pal_arena_text(&arena, "", 0), "");
    pal_arena_release(&arena);
}

static void test_adopted_blocks_stay_valid(void **state) {
    (void)state;
    pal_arena to = {0}, from = {0}, empty = {0};
    char *old = pal_arena_text(&to, "old", 3);
    char *moved = pal_arena_text(&from, "moved", 5);
    char *large = pal_arena_alloc(&from, 2 << 20, 1);
    large[100] = 'x';
    size_t used = to.used_bytes + from.used_bytes;
    pal_arena_adopt(&to, &from);
    pal_arena_adopt(&to, &empty);
    pal_arena_release(&from);
    assert_int_equal(to.used_bytes, used);
    assert_string_equal(old, "old");
    assert_string_equal(moved, "moved");
    assert_int_equal(large[100], 'x');
    assert_non_null(pal_arena_alloc(&to, 100000, 1));
    pal_arena_adopt(&empty, &to);
    assert_string_equal(old, "old");
    pal_arena_release(&empty);
    pal_arena_release(&to);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_are_zero_and_aligned),
        cmocka_unit_test(test_arrays_do_not_overlap),
        cmocka_unit_test(test_impossible_sizes_are_refused),
        cmocka_unit_test(test_large_blocks_return_to_the_system),
        cmocka_unit_test(test_use_is_counted),
        cmocka_unit_test(test_text_is_a_copy_with_its_end),
        cmocka_unit_test(test_adopted_blocks_stay_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
