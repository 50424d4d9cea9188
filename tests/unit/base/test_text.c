/* test_text.c - growing text, numbers, UTF-8, names. */
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/text.h"

/* --- growing --- */

static void check_and_release(pal_text *text, const char *expected) {
    assert_false(text->failed);
    assert_string_equal(text->bytes, expected);
    assert_int_equal(text->length, strlen(expected));
    pal_text_release(text);
    assert_null(text->bytes);
}

static void test_additions_follow_one_another(void **state) {
    (void)state;
    pal_text text = {0};
    assert_null(text.bytes);
    pal_text_add(&text, "one");
    pal_text_add_bytes(&text, ", two, three", 5);
    pal_text_addf(&text, ", %d %s", 3, "times");
    pal_text_add(&text, "");
    check_and_release(&text, "one, two, 3 times");
}

static void test_long_text_keeps_every_byte(void **state) {
    (void)state;
    enum { LINES = 5000 };
    pal_text text = {0};
    for (int i = 0; i < LINES; i++) pal_text_addf(&text, "%07d\n", i);
    assert_int_equal(text.length, 8 * LINES);
    for (int i = 0; i < LINES; i++) assert_int_equal(atoi(text.bytes + 8 * i), i);
    pal_text_release(&text);

    char large[10000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    pal_text_addf(&text, "<%s>", large);
    assert_int_equal(text.length, sizeof large + 1);
    assert_int_equal(text.bytes[sizeof large], '>');
    pal_text_release(&text);
}

static void test_failed_text_stays_failed(void **state) {
    (void)state;
    pal_text text = {0};
    pal_text_add(&text, "before");
    text.failed = true;
    pal_text_add(&text, "after");
    pal_text_addf(&text, "%d", 1);
    assert_string_equal(text.bytes, "before");
    assert_null(pal_text_take(&text));
    assert_null(text.bytes);
}

static void test_take_gives_the_bytes_away(void **state) {
    (void)state;
    pal_text text = {0};
    char *empty = pal_text_take(&text);
    assert_string_equal(empty, "");
    free(empty);
    pal_text_add(&text, "mine");
    char *bytes = pal_text_take(&text);
    assert_string_equal(bytes, "mine");
    assert_null(text.bytes);
    assert_int_equal(text.length, 0);
    free(bytes);
}

static void test_html_is_escaped(void **state) {
    (void)state;
    pal_text text = {0};
    pal_text_add_html(&text, "<b a=\"1\" c='2'>&\x01\x1b\x7f caf\xC3\xA9");
    check_and_release(&text, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp; caf\xC3\xA9");
}

static void test_json_is_escaped(void **state) {
    (void)state;
    pal_text text = {0};
    pal_text_add_json(&text, "a\"b\\c\nd\x01 \xC3\xA9");
    check_and_release(&text, "\"a\\\"b\\\\c\\u000ad\\u0001 \xC3\xA9\"");
}

static void test_roff_is_escaped(void **state) {
    (void)state;
    pal_text text = {0};
    pal_text_add_man(&text, ".it's a-b \\n\n\"x\" ^`~ \xE2\x80\xA6 \xFF\x01");
    check_and_release(&text, "\\&.it\\(aqs a\\-b \\(rsn \\(dqx\\(dq \\(ha\\(ga\\(ti \\[u2026] ");
}

static void test_words_are_quoted_for_a_shell(void **state) {
    (void)state;
    pal_text text = {0};
    pal_text_add_word(&text, "a-Z_0./,=");
    pal_text_add_word(&text, "");
    pal_text_add_word(&text, "$(b) it's;\n");
    pal_text_add_quoted(&text, "plain");
    check_and_release(&text, "a-Z_0./,='''$(b) it'\\''s;\n''plain'");
}

static void test_counts_have_separators(void **state) {
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } rows[] = {{0, "0"},
                {999, "999"},
                {1000, "1,000"},
                {1234567, "1,234,567"},
                {-12, "-12"},
                {-123456, "-123,456"},
                {INT64_MAX, "9,223,372,036,854,775,807"},
                {INT64_MIN, "-9,223,372,036,854,775,808"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_text text = {0};
        pal_text_add_count(&text, rows[i].n);
        check_and_release(&text, rows[i].text);
    }
}

static void test_sizes_and_times_for_people(void **state) {
    (void)state;
    static const struct {
        void (*add)(pal_text *, double);
        double value;
        const char *text;
    } rows[] = {
        {pal_text_add_size, 0, "0 bytes"},         {pal_text_add_size, 999, "999 bytes"},
        {pal_text_add_size, 1000, "1.0 kB"},       {pal_text_add_size, 12.3e6, "12 MB"},
        {pal_text_add_size, 3.2e9, "3.2 GB"},      {pal_text_add_size, 5e15, "5000 TB"},
        {pal_text_add_seconds, 5e-5, "50 µs"},     {pal_text_add_seconds, 0.012, "12 ms"},
        {pal_text_add_seconds, 0.41, "0.41 s"},    {pal_text_add_seconds, 4.44, "4.4 s"},
        {pal_text_add_seconds, 42, "42 s"},        {pal_text_add_seconds, 185, "3 min 5 s"},
        {pal_text_add_seconds, 7500, "2 h 5 min"}, {pal_text_add_seconds, 30 * 86400.0, "30 days"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_text text = {0};
        rows[i].add(&text, rows[i].value);
        check_and_release(&text, rows[i].text);
    }
}

static void test_times_are_utc(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{0, "1970-01-01 00:00:00"},
                {893286638, "1998-04-22 23:10:38"},
                {-1, "1969-12-31 23:59:59"},
                {INT64_MAX, "9223372036854775807 s"}};
    setenv("TZ", "Asia/Tokyo", 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_text text = {0};
        pal_text_add_time(&text, rows[i].seconds);
        check_and_release(&text, rows[i].text);
    }
    unsetenv("TZ");
}

/* --- numbers --- */

static bool parse_double(const char *text, double *out) {
    return pal_parse_double(text, text + strlen(text), out);
}

static void test_numbers_are_the_nearest_double(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"0", 0},
        {"1", 1},
        {"+1", 1},
        {"-1", -1},
        {"4.5", 4.5},
        {".5", 0.5},
        {"1.", 1},
        {"0.1", 0.1},
        {"1e3", 1e3},
        {"1E+3", 1e3},
        {"25e-1", 2.5},
        {"1e22", 1e22},
        {"1e23", 1e23},
        {"1e-22", 1e-22},
        {"1e-23", 1e-23},
        {"0.3", 0.3},
        {"123456789.123456", 123456789.123456},
        {"9007199254740993", 9007199254740993.0},
        {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"4.9406564584124654e-324", 4.9406564584124654e-324},
        {"1e-400", 0},
        {"0e999999", 0},
        {"000000000000000000001", 1},
        {"0.000000000000000000000000000000000001", 1e-36},
        {"978300760", 978300760},
        {"1e0000000000000000000002", 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = -99;
        assert_true(parse_double(rows[i].text, &value));
        assert_true(value == rows[i].value);
    }
    double zero = 1;
    assert_true(parse_double("-0", &zero));
    assert_true(zero == 0 && signbit(zero));
}

static void test_what_is_no_number_is_refused(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",         " ",     "1 ",     " 1",       "nan",   "NaN",          "inf",   "-inf",
        "infinity", "1e400", "-1e400", "0x10",     "0x1p3", "1e",           "1e+",   "e5",
        ".",        "-",     "+",      "--1",      "+-1",   "1,5",          "1.2.3", "1e5.0",
        "1d3",      "1f",    "1_000",  "\xD9\xA1", "1\n",   "1e99999999999"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = 42;
        assert_false(parse_double(rows[i], &value));
        assert_true(value == 42);
    }
    static const char with_nul[] = "1\0";
    double value;
    assert_false(pal_parse_double(with_nul, with_nul + 2, &value));
    char *digits = malloc(100000);
    assert_non_null(digits);
    memset(digits, '7', 100000);
    assert_false(pal_parse_double(digits, digits + 100000, &value));
    free(digits);
}

static void test_only_the_given_range_is_read(void **state) {
    (void)state;
    static const char line[] = "12345,6.75";
    double value;
    int64_t whole;
    assert_true(pal_parse_double(line, line + 5, &value) && value == 12345);
    assert_true(pal_parse_double(line, line + 2, &value) && value == 12);
    assert_true(pal_parse_int64(line + 1, line + 4, &whole) && whole == 234);
    assert_false(pal_parse_double(line, line, &value));
}

/* Against the C library, on both sides of where the fast path ends. */
static void test_fast_path_agrees_with_the_library(void **state) {
    (void)state;
    pal_rng rng = pal_rng_at(11, 0);
    for (int i = 0; i < 30000; i++) {
        char text[64];
        int digits = 1 + (int)pal_rng_below(&rng, 18);
        char mantissa[32];
        for (int d = 0; d < digits; d++) mantissa[d] = (char)('0' + pal_rng_below(&rng, 10));
        mantissa[digits] = '\0';
        int point = (int)pal_rng_below(&rng, (uint32_t)digits + 1);
        snprintf(text, sizeof text, "%s%.*s.%se%d", pal_rng_below(&rng, 2) ? "-" : "", point,
                 mantissa, mantissa + point, (int)pal_rng_below(&rng, 60) - 30);
        double value;
        assert_true(parse_double(text, &value));
        assert_true(value == strtod(text, NULL));
    }
}

static void test_numbers_do_not_follow_the_locale(void **state) {
    (void)state;
    static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "nb_NO.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof with_comma / sizeof *with_comma && !set; i++)
        set = setlocale(LC_ALL, with_comma[i]);
    if (!set) skip();
    double value;
    assert_true(parse_double("0.12345678901234567890", &value));
    assert_true(fabs(value - 0.123456789) < 1e-9);
    assert_false(parse_double("0,5", &value));
    pal_text text = {0};
    pal_text_addf(&text, "%.2f", 0.25);
    setlocale(LC_ALL, "C");
    check_and_release(&text, "0.25");
}

static void test_whole_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"+7", 7},
                {"007", 7},
                {"-42", -42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999",
                                      "1,000",
                                      "nan",
                                      "--1",
                                      "\xC2\xB2"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t value = -99;
        assert_true(pal_parse_int64(good[i].text, good[i].text + strlen(good[i].text), &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = -99;
        assert_false(pal_parse_int64(bad[i], bad[i] + strlen(bad[i]), &value));
        assert_int_equal(value, -99);
    }
}

/* --- UTF-8 --- */

static void test_valid_prefix(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n, valid;
    } rows[] = {
        {"", 0, 0},
        {"plain", 5, 5},
        {"\xC3\xA9", 2, 2},
        {"\xE2\x82\xAC", 3, 3},
        {"\xF0\x9F\x8E\xAC", 4, 4},
        {"\xF4\x8F\xBF\xBF", 4, 4}, /* U+10FFFF */
        {"\xF4\x90\x80\x80", 4, 0}, /* past it */
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xC0\x80", 2, 0}, /* overlong forms */
        {"\xC1\xBF", 2, 0},
        {"\xE0\x80\xAF", 3, 0},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xE0\xA0\x80", 3, 3},
        {"\xF0\x80\x80\xAF", 4, 0},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xED\x9F\xBF", 3, 3}, /* surrogates and their neighbours */
        {"\xED\xA0\x80", 3, 0},
        {"\xED\xBF\xBF", 3, 0},
        {"\xEE\x80\x80", 3, 3},
        {"ab\x80", 3, 2}, /* a continuation alone */
        {"ab\xC3", 3, 2}, /* cut sequences */
        {"ab\xE2\x82", 4, 2},
        {"ab\xF0\x9F\x8E", 5, 2},
        {"a\xC3(z", 4, 1},
        {"a\0z", 3, 3},
        {"\xFE\xFF", 2, 0},
        {"z\xE2\x82\xAC\xFFz", 6, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(pal_utf8_valid_prefix(rows[i].bytes, rows[i].n), rows[i].valid);
    }
}

static void test_columns(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int32_t columns;
    } rows[] = {{"", 0},          {"abc", 3},   {"caf\xC3\xA9", 4},
                {"e\xCC\x81", 1}, {"日本", 4},  {"\xF0\x9F\x8E\xAC", 2},
                {"a\xFFz", 3},    {"한국어", 6}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(pal_utf8_columns(rows[i].text), rows[i].columns);
    }
}

/* --- names --- */

static void test_names_equal(void **state) {
    (void)state;
    assert_true(pal_name_equal("min-user", "min_user"));
    assert_true(pal_name_equal("L2", "l2"));
    assert_true(pal_name_equal("", ""));
    assert_false(pal_name_equal("l2", "l"));
    assert_false(pal_name_equal("l", "l2"));
    assert_false(pal_name_equal("min user", "min_user"));
}

static void test_nearest_name(void **state) {
    (void)state;
    static const char *const names[] = {"item_knn", "ease", "popular", "random", "als", "factors"};
    static const struct {
        const char *name, *nearest;
    } rows[] = {
        {"esae", "ease"},           {"eas", "ease"},
        {"EASE", "ease"},           {"item-knn", "item_knn"},
        {"itemknn", "item_knn"},    {"populer", "popular"},
        {"factor", "factors"},      {"al", "als"},
        {"wholly_different", NULL}, {"xyz", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *nearest = pal_nearest_name(rows[i].name, names, 6);
        if (rows[i].nearest) {
            assert_non_null(nearest);
            assert_string_equal(nearest, rows[i].nearest);
        } else {
            assert_null(nearest);
        }
    }
    assert_null(pal_nearest_name("ease", names, 0));
    char long_name[500];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_null(pal_nearest_name(long_name, names, 6));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_additions_follow_one_another),
        cmocka_unit_test(test_long_text_keeps_every_byte),
        cmocka_unit_test(test_failed_text_stays_failed),
        cmocka_unit_test(test_take_gives_the_bytes_away),
        cmocka_unit_test(test_html_is_escaped),
        cmocka_unit_test(test_json_is_escaped),
        cmocka_unit_test(test_roff_is_escaped),
        cmocka_unit_test(test_words_are_quoted_for_a_shell),
        cmocka_unit_test(test_counts_have_separators),
        cmocka_unit_test(test_sizes_and_times_for_people),
        cmocka_unit_test(test_times_are_utc),
        cmocka_unit_test(test_numbers_are_the_nearest_double),
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_only_the_given_range_is_read),
        cmocka_unit_test(test_fast_path_agrees_with_the_library),
        cmocka_unit_test(test_numbers_do_not_follow_the_locale),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_valid_prefix),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_names_equal),
        cmocka_unit_test(test_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
