/* test_ctx.c - sentences and notices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/text.h"

static void test_sentence_and_status(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    assert_int_equal(pal_fail(&ctx, PAL_EDATA, "%s:%d: is empty", "a.csv", 7), PAL_EDATA);
    assert_string_equal(ctx.error, "a.csv:7: is empty");
}

/* What a file holds must not drive the terminal that shows the sentence. */
static void test_unprintable_bytes_become_question_marks(void **state) {
    (void)state;
    static const struct {
        const char *given, *shown;
    } rows[] = {
        {"a\x1b[31mb", "a?[31mb"},
        {"line\nfeed\ttab\x7f", "line?feed?tab?"},
        {"\xff\xfe", "??"},
        {"caf\xC3\xA9", "caf\xC3\xA9"},
        {"\xC3", "?"},
        {"x\xC2\x9Bz", "x??z"},
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xED\xA0\x80", "???"},
    };
    pal_ctx ctx = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_fail(&ctx, PAL_EFORMAT, "%s", rows[i].given);
        assert_string_equal(ctx.error, rows[i].shown);
    }
}

static void test_long_sentence_is_cut_into_valid_text(void **state) {
    (void)state;
    char text[2 * PAL_ERROR_MAX + 1];
    for (size_t i = 0; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xC3\xA9", 2);
    text[sizeof text - 1] = '\0';
    pal_ctx ctx = {0};
    pal_fail(&ctx, PAL_EFORMAT, "%s", text);
    size_t n = strlen(ctx.error);
    assert_int_equal(n, PAL_ERROR_MAX - 1);
    assert_int_equal(pal_utf8_valid_prefix(ctx.error, n), n);
}

static void test_sentence_may_quote_the_one_before(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_fail(&ctx, PAL_EIO, "no such file");
    pal_fail(&ctx, PAL_EDATA, "ease was left out: %s", ctx.error);
    assert_string_equal(ctx.error, "ease was left out: no such file");
}

static void test_memory_sentence_names_thing_and_size(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    assert_int_equal(pal_fail_memory(&ctx, "the Gram matrix", 3.2e9), PAL_ENOMEM);
    assert_non_null(strstr(ctx.error, "the Gram matrix needs 3.2 GB"));
}

typedef struct {
    int32_t n;
    pal_notice_type type;
    char line[256];
} heard;

static void listen(void *arg, pal_notice_type type, const char *line) {
    heard *last = arg;
    last->n++;
    last->type = type;
    strncpy(last->line, line, sizeof last->line - 1);
}

static void test_notices_reach_who_listens(void **state) {
    (void)state;
    heard last = {0};
    pal_ctx ctx = {0};
    pal_note(&ctx, PAL_NOTICE_INFO, "nobody hears this");
    ctx.notice = listen;
    ctx.notice_arg = &last;
    pal_note(&ctx, PAL_NOTICE_WARNING, "%d lines\nskipped", 3);
    assert_int_equal(last.n, 1);
    assert_int_equal(last.type, PAL_NOTICE_WARNING);
    assert_string_equal(last.line, "3 lines?skipped");
}

static void test_cancelled(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    assert_int_equal(pal_check_cancelled(&ctx), PAL_OK);
    atomic_store(&ctx.cancelled, true);
    assert_int_equal(pal_check_cancelled(&ctx), PAL_ECANCELLED);
    assert_true(strlen(ctx.error) > 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentence_and_status),
        cmocka_unit_test(test_unprintable_bytes_become_question_marks),
        cmocka_unit_test(test_long_sentence_is_cut_into_valid_text),
        cmocka_unit_test(test_sentence_may_quote_the_one_before),
        cmocka_unit_test(test_memory_sentence_names_thing_and_size),
        cmocka_unit_test(test_notices_reach_who_listens),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
