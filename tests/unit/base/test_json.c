/* test_json.c - parsing with sentences, one way to print, looking things up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/json.h"

static json_t *parse(const char *text) {
    pal_ctx ctx = {0};
    json_t *json = NULL;
    assert_int_equal(pal_json_parse(&ctx, "test", text, strlen(text), &json), PAL_OK);
    return json;
}

static void test_print_and_parse_round_trip(void **state) {
    (void)state;
    static const char canonical[] = "{\n"
                                    "  \"zeta\": 1,\n"
                                    "  \"alpha\": [\n"
                                    "    0.333333333,\n"
                                    "    null,\n"
                                    "    true\n"
                                    "  ],\n"
                                    "  \"text\": \"a\\\\b\\\"\\n\xC3\xA9\"\n"
                                    "}\n";
    json_t *json = parse(canonical);
    for (int round = 0; round < 2; round++) {
        pal_text out = {0};
        pal_json_print(json, &out);
        assert_string_equal(out.bytes, canonical);
        json_decref(json);
        json = parse(out.bytes);
        pal_text_release(&out);
    }
    json_decref(json);
}

static void test_reals_have_nine_digits(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *printed;
    } rows[] = {
        {1.0 / 3, "0.333333333\n"}, {1e300, "1e300\n"},    {0.1, "0.1\n"}, {NAN, "null\n"},
        {INFINITY, "null\n"},       {-INFINITY, "null\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *json = pal_json_real(rows[i].value);
        pal_text out = {0};
        pal_json_print(json, &out);
        assert_string_equal(out.bytes, rows[i].printed);
        pal_text_release(&out);
        json_decref(json);
    }
}

static void test_invalid_text_is_mended(void **state) {
    (void)state;
    static const struct {
        const char *given, *kept;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xC3\xA9", "caf\xC3\xA9"},
        {"a\xFFz", "a\xEF\xBF\xBDz"},
        {"\xC3", "\xEF\xBF\xBD"},
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *json = pal_json_text(rows[i].given);
        assert_string_equal(json_string_value(json), rows[i].kept);
        json_decref(json);
    }
    json_t *none = pal_json_text(NULL);
    assert_true(json_is_null(none));
    json_decref(none);
}

static void test_malformed_is_refused_with_a_sentence(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",
        "{",
        "[1,]",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": NaN}",
        "[1e999]",
        "[\"\xFF\"]",
        "{} trailing",
        "{\"a\": \"\\u0000\"}",
        "[01]",
        "[99999999999999999999]",
        "nul",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_ctx ctx = {0};
        json_t *json = NULL;
        assert_int_equal(pal_json_parse(&ctx, "body", rows[i], strlen(rows[i]), &json),
                         PAL_EFORMAT);
        assert_null(json);
        assert_int_equal(strncmp(ctx.error, "body:", 5), 0);
    }
    pal_ctx ctx = {0};
    json_t *json = NULL;
    static const char twice[] = "{\"seed\": 1,\n \"seed\": 2}";
    assert_int_equal(pal_json_parse(&ctx, "body", twice, strlen(twice), &json), PAL_EFORMAT);
    assert_non_null(strstr(ctx.error, "body:2"));
    assert_non_null(strstr(ctx.error, "uplicate"));
}

/* A request of brackets must not exhaust the stack. */
static void test_deep_nesting_is_refused(void **state) {
    (void)state;
    enum { DEPTH = 200000 };
    char *deep = malloc(DEPTH);
    assert_non_null(deep);
    memset(deep, '[', DEPTH);
    pal_ctx ctx = {0};
    json_t *json = NULL;
    assert_int_equal(pal_json_parse(&ctx, "body", deep, DEPTH, &json), PAL_EFORMAT);
    free(deep);
}

static void test_only_given_bytes_are_read(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    json_t *json = NULL;
    assert_int_equal(pal_json_parse(&ctx, "body", "[1]garbage", 3, &json), PAL_OK);
    assert_int_equal(json_array_size(json), 1);
    json_decref(json);
}

static void test_looking_up(void **state) {
    (void)state;
    json_t *json = parse(
        "{\"rows\": [{\"name\": \"ease\", \"ndcg\": 0.25}, {\"name\": \"popular\"}], \"n\": 3}");
    assert_string_equal(pal_json_text_at(json, "rows/0/name", "none"), "ease");
    assert_string_equal(pal_json_text_at(json, "rows/1/name", "none"), "popular");
    assert_true(pal_json_number_at(json, "rows/0/ndcg", -1) == 0.25);
    assert_true(pal_json_number_at(json, "n", -1) == 3);
    assert_true(pal_json_number_at(json, "rows/1/ndcg", -1) == -1);
    assert_true(pal_json_number_at(json, "rows/0/name", -1) == -1);
    assert_string_equal(pal_json_text_at(json, "n", "none"), "none");
    assert_null(pal_json_at(json, "rows/2"));
    assert_null(pal_json_at(json, "rows/-1"));
    assert_null(pal_json_at(json, "rows/first"));
    assert_null(pal_json_at(json, "n/deeper"));
    assert_null(pal_json_at(NULL, "n"));
    assert_ptr_equal(pal_json_at(json, ""), json);
    json_decref(json);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_and_parse_round_trip),
        cmocka_unit_test(test_reals_have_nine_digits),
        cmocka_unit_test(test_invalid_text_is_mended),
        cmocka_unit_test(test_malformed_is_refused_with_a_sentence),
        cmocka_unit_test(test_deep_nesting_is_refused),
        cmocka_unit_test(test_only_given_bytes_are_read),
        cmocka_unit_test(test_looking_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
