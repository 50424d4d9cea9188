/* test_progress.c - what is told while work goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/progress.h"

typedef struct {
    int32_t n;
    char first[128], last[128];
} heard;

static void listen(void *arg, pal_notice_type type, const char *line) {
    heard *lines = arg;
    assert_int_equal(type, PAL_NOTICE_PROGRESS);
    strncpy(lines->n == 0 ? lines->first : lines->last, line, sizeof lines->last - 1);
    strncpy(lines->last, line, sizeof lines->last - 1);
    lines->n++;
}

static void test_first_update_shows_and_end_clears(void **state) {
    (void)state;
    heard lines = {0};
    pal_ctx ctx = {.notice = listen, .notice_arg = &lines};
    pal_progress_begin(&ctx);
    pal_progress_update(&ctx, "training ease", 2, 5);
    assert_string_equal(lines.first, "training ease: 40 %");
    pal_progress_end(&ctx);
    assert_string_equal(lines.last, "");
    int32_t n = lines.n;
    pal_progress_end(&ctx);
    assert_int_equal(lines.n, n);
}

/* A tight loop would otherwise spend its time on telling. */
static void test_updates_are_rare(void **state) {
    (void)state;
    heard lines = {0};
    pal_ctx ctx = {.notice = listen, .notice_arg = &lines};
    double begin = pal_clock();
    pal_progress_begin(&ctx);
    for (int64_t i = 0; i < 20000; i++) pal_progress_update(&ctx, "reading", i, 20000);
    double allowed = 2 + 10 * (pal_clock() - begin);
    assert_true(lines.n >= 1 && lines.n <= allowed);
}

static void test_time_left_follows_the_share_done(void **state) {
    (void)state;
    heard lines = {0};
    pal_ctx ctx = {.notice = listen, .notice_arg = &lines};
    pal_progress_begin(&ctx);
    /* As if a quarter of the work had taken 1,000 seconds: 3,000 are left. */
    ctx.progress_started -= 1000;
    pal_progress_update(&ctx, "training", 25, 100);
    assert_non_null(strstr(lines.last, "training: 25 % · 50 min"));
    assert_non_null(strstr(lines.last, " left"));
}

static void test_nothing_to_tell(void **state) {
    (void)state;
    heard lines = {0};
    pal_ctx ctx = {.notice = listen, .notice_arg = &lines}, deaf = {0};
    pal_progress_begin(&ctx);
    pal_progress_update(&ctx, "reading", 0, 0);
    pal_progress_end(&ctx);
    assert_int_equal(lines.n, 0);
    pal_progress_begin(&deaf);
    pal_progress_update(&deaf, "reading", 1, 2);
    pal_progress_end(&deaf);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_update_shows_and_end_clears),
        cmocka_unit_test(test_updates_are_rare),
        cmocka_unit_test(test_time_left_follows_the_share_done),
        cmocka_unit_test(test_nothing_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
