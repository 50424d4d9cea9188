/* test_read_blocks.c - a large table gives the same log, findings and sentences whether it is read
 * line by line or in blocks, by one, two or three threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/formats/marks.h"
#include "data/read.h"

typedef enum { NUMBERS, NAMES, LONG_NAMES, MIXED } shape_ids;
typedef enum { SECONDS, MILLISECONDS, DATES, COUNTER, DECIMALS } shape_times;

typedef struct {
    const char *name;
    const char *separator, *newline, *start, *end; /* NULL: "," "\n" "" "" */
    shape_ids ids;
    shape_times times;
    bool quotes, no_times, types, fine_values, no_header;
    bool no_values;
    int64_t many_values_from; /* lines before there are many; 0: there never are */
    int64_t n;                /* lines; 0: 25,000 */
    int32_t odd_every;        /* lines between odd ones; 0: none */
    const char *const *odd;   /* NULL-ended lines, in turn */
    const char *options;
    const char *refused; /* part of the sentence, when the log is refused */
} log_shape;

static const char *const bad_lines[] = {"",
                                        "1,2",
                                        "1,2,3,1000000000,5",
                                        ",2,3,1000000000",
                                        "1,,3,1000000000",
                                        "1,2,three,1000000000",
                                        "1,2,3,-5",
                                        "1,2,3,yesterday",
                                        "1,2,3,2024-01-01",
                                        "1,2,3,1600000000000",
                                        "new\xFF,2,3,1000000000",
                                        "fresh,2,,1000000000",
                                        "\"open,2,3,1000000000",
                                        "\"1\"x,2,3,1000000000",
                                        "   ,2,1e999,1000000000",
                                        NULL};
static const char *const good_lines[] = {"",
                                         "  7,07,1e1,1000000000.75",
                                         "+7,-7,-0.25,+1000000001",
                                         "\"a, \"\"b\"\"\",\"2\",\"3\",\"1000000000\"",
                                         "4194303,4194304,123456789.125,999",
                                         "twelve_bytes,thirteen_byte,3,1000000000",
                                         "\xC3\xA9t\xC3\xA9,12345678,00.5,00001000000000",
                                         "99999999999999999999,sixteen_bytes_id,.5,1000000000",
                                         NULL};
static const char *const quoted_newline[] = {"1,\"2\n3\",3,1000000000", NULL};
static const char *const quoted_newline_type[] = {"1,\"2\n3\",3,1000000000,type3", NULL};
static const char *const newline_then_date[] = {"1,\"2\n3\",3,7", "1,2,3,8", "1,2,3,1000000000000",
                                                NULL};
static const char *const late_date[] = {"1,2,3,1000000000", NULL};
static const char *const far_time[] = {"1,2,3,99999999999", NULL};

static const log_shape shapes[] = {
    {.name = "numbers"},
    {.name = "names", .ids = NAMES, .separator = "\t", .newline = "\r\n"},
    {.name = "long names", .ids = LONG_NAMES, .separator = ";"},
    {.name = "mixed ids", .ids = MIXED, .start = "\xEF\xBB\xBF", .fine_values = true},
    {.name = "two characters", .separator = "::", .no_header = true},
    {.name = "quotes", .quotes = true, .ids = NAMES, .newline = "\r\n"},
    {.name = "milliseconds", .times = MILLISECONDS, .separator = "|"},
    {.name = "dates", .times = DATES},
    {.name = "counter", .times = COUNTER, .fine_values = true},
    {.name = "decimal times", .times = DECIMALS},
    {.name = "no times", .no_times = true, .n = 50000},
    {.name = "no values", .no_values = true},
    {.name = "many values late", .many_values_from = 15000},
    {.name = "many values at once", .fine_values = true, .types = true},
    {.name = "types", .types = true, .ids = NAMES},
    {.name = "no last newline", .end = "12,13,4,1000000000"},
    {.name = "several waves", .n = 90000, .odd_every = 20000, .odd = good_lines},
    {.name = "odd lines", .odd_every = 997, .odd = good_lines},
    {.name = "empty lines", .odd_every = 3, .odd = (const char *const[]){"", "\r", NULL}},
    {.name = "bad lines", .odd_every = 97, .odd = bad_lines, .options = "bad_lines=skip"},
    {.name = "a newline in quotes", .n = 140000, .odd_every = 60000, .odd = quoted_newline},
    {.name = "a newline, types",
     .types = true,
     .n = 70000,
     .odd_every = 40000,
     .odd = quoted_newline_type},
    {.name = "a newline, then a date",
     .times = COUNTER,
     .n = 90000,
     .odd_every = 25000,
     .odd = newline_then_date},
    {.name = "a newline, then values",
     .n = 90000,
     .odd_every = 50000,
     .odd = quoted_newline,
     .many_values_from = 60000},
    {.name = "a date late", .times = COUNTER, .odd_every = 20000, .odd = late_date},
    {.name = "a time far away", .odd_every = 20000, .odd = far_time},
    {.name = "columns", .odd_every = 20000, .odd = &bad_lines[1], .refused = ":20002: has 2 col"},
    {.name = "empty id", .odd_every = 20000, .odd = &bad_lines[3], .refused = ":20002: user id is"},
    {.name = "value", .odd_every = 20000, .odd = &bad_lines[5], .refused = ":20002: rating must"},
    {.name = "time", .odd_every = 20000, .odd = &bad_lines[7], .refused = ":20002: time must"},
    {.name = "open quote", .odd_every = 20000, .odd = &bad_lines[12], .refused = ":20002: a quote"},
};

static const char *or_else(const char *text, const char *otherwise) {
    return text ? text : otherwise;
}

static void add_id(pal_text *text, const log_shape *shape, uint64_t row) {
    shape_ids form = shape->ids == MIXED ? (shape_ids)(row % 4) : shape->ids;
    pal_text_add(text, shape->quotes ? "\"" : "");
    switch (form) {
    case NUMBERS:
        pal_text_addf(text, "%d", (int)row);
        break;
    case NAMES:
        pal_text_addf(text, "u%d", (int)row);
        break;
    case LONG_NAMES:
        pal_text_addf(text, "a-long-name-of-user-%d", (int)row);
        break;
    case MIXED:
        pal_text_addf(text, "0%d", (int)row);
        break;
    }
    pal_text_add(text, shape->quotes ? "\"" : "");
}

static void add_time(pal_text *text, const log_shape *shape, int64_t e, uint64_t random) {
    int64_t time = 1000000000 + e * 5 + (int64_t)(random % 400);
    switch (shape->times) {
    case SECONDS:
        pal_text_addf(text, "%lld", (long long)time);
        break;
    case MILLISECONDS:
        pal_text_addf(text, "%lld", (long long)(time * 1000 + 7));
        break;
    case DATES:
        pal_text_addf(text, "2024-%02d-%02dT%02d:30:00Z", (int)(1 + random % 12),
                      (int)(1 + random % 28), (int)(random % 24));
        break;
    case COUNTER:
        pal_text_addf(text, "%lld", (long long)(random % 100000));
        break;
    case DECIMALS:
        pal_text_addf(text, "%lld.25", (long long)time);
        break;
    }
}

static uint64_t random_bits(pal_rng *rng) {
    uint64_t high = pal_rng_u32(rng);
    return high << 32 | pal_rng_u32(rng);
}

static void add_line(pal_text *text, const log_shape *shape, int64_t e, pal_rng *rng) {
    const char *separator = or_else(shape->separator, ",");
    uint64_t a = random_bits(rng), b = random_bits(rng);
    add_id(text, shape, a % 3000 * (a >> 32) % 3000);
    pal_text_add(text, separator);
    add_id(text, shape, b % 800);
    bool is_fine = shape->fine_values || (shape->many_values_from && e > shape->many_values_from);
    if (is_fine) {
        pal_text_addf(text, "%s%.9g", separator, (double)(a >> 20) / 1e9);
    } else if (!shape->no_values) {
        pal_text_addf(text, "%s%.2g", separator, (double)(a >> 40 & 7) / 2);
    }
    if (!shape->no_times) {
        pal_text_add(text, separator);
        add_time(text, shape, e, b >> 16);
    }
    if (shape->types) pal_text_addf(text, "%stype%d", separator, (int)(b >> 40 & 15));
    pal_text_add(text, or_else(shape->newline, "\n"));
}

static void write_log(const log_shape *shape, pal_text *text) {
    const char *separator = or_else(shape->separator, ",");
    pal_rng rng = pal_rng_at(5, 0);
    pal_text_add(text, or_else(shape->start, ""));
    if (!shape->no_header) {
        pal_text_addf(text, "user_id%sitem_id", separator);
        if (!shape->no_values) pal_text_addf(text, "%srating", separator);
        if (!shape->no_times) pal_text_addf(text, "%stimestamp", separator);
        if (shape->types) pal_text_addf(text, "%sevent_type", separator);
        pal_text_add(text, or_else(shape->newline, "\n"));
    }
    int64_t n = shape->n ? shape->n : 25000;
    int32_t next = 0;
    for (int64_t e = 0; e < n; e++) {
        add_line(text, shape, e, &rng);
        if (!shape->odd_every || (e + 1) % shape->odd_every) continue;
        pal_text_addf(text, "%s\n", shape->odd[next]);
        if (!shape->odd[++next]) next = 0;
    }
    pal_text_add(text, or_else(shape->end, ""));
    assert_false(text->failed);
}

/* The log, or NULL with the sentence. Its text is in a block of exactly its size, so that a read
 * past the end is seen. */
static pal_data *read_log(const pal_text *text, const log_shape *shape, pal_pool *pool,
                          char sentence[PAL_ERROR_MAX]) {
    pal_ctx ctx = {.pool = pool};
    char *bytes = malloc(text->length);
    assert_non_null(bytes);
    memcpy(bytes, text->bytes, text->length);
    pal_data *data = NULL;
    pal_status status =
        pal_data_parse(&ctx, "log.csv", &(pal_bytes){.bytes = bytes, .length = text->length},
                       shape->options, &data);
    free(bytes);
    memcpy(sentence, ctx.error, PAL_ERROR_MAX);
    if (status != PAL_OK && !shape->refused) fail_msg("%s: %s", shape->name, ctx.error);
    return status == PAL_OK ? data : NULL;
}

static void assert_same(const char *name, const pal_data *a, const pal_data *b) {
    const pal_log *x = &a->parts[0], *y = &b->parts[0];
    if (x->n_events != y->n_events || pal_log_hash(x) != pal_log_hash(y))
        fail_msg("%s: another log: %lld and %lld events, %d and %d users", name,
                 (long long)x->n_events, (long long)y->n_events, x->n_users, y->n_users);
    assert_int_equal(x->about.values_are_ratings, y->about.values_are_ratings);
    assert_string_equal(a->shown.bytes, b->shown.bytes);
    assert_int_equal(a->n_findings, b->n_findings);
    for (int32_t i = 0; i < a->n_findings; i++)
        assert_string_equal(a->findings[i].what, b->findings[i].what);
}

static void test_blocks_read_as_lines_do(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const log_shape *shape = &shapes[i];
        pal_text text = {0};
        write_log(shape, &text);
        char expected[PAL_ERROR_MAX], sentence[PAL_ERROR_MAX];
        pal_data *by_line = read_log(&text, shape, NULL, expected);
        if (shape->refused && (by_line || !strstr(expected, shape->refused)))
            fail_msg("%s: '%s' instead of '%s'", shape->name, expected, shape->refused);
        for (int32_t threads = 1; threads <= 3; threads++) {
            pal_pool *pool = pal_pool_new(threads);
            pal_data *in_blocks = read_log(&text, shape, pool, sentence);
            assert_string_equal(sentence, expected);
            assert_int_equal(in_blocks != NULL, by_line != NULL);
            if (in_blocks) assert_same(shape->name, by_line, in_blocks);
            pal_data_free(in_blocks);
            pal_pool_free(pool);
        }
        pal_data_free(by_line);
        pal_text_release(&text);
    }
}

/* A type too many late in the file, and ids that end in a NUL like none that is known. */
static void test_types_and_nul(void **state) {
    (void)state;
    for (int round = 0; round < 2; round++) {
        log_shape shape = {.name = "types", .types = round == 0, .refused = ""};
        pal_text text = {0};
        write_log(&shape, &text);
        for (int t = 0; round == 0 && t < 40; t++)
            pal_text_addf(&text, "1,2,3,1000000000,late%d\n", t);
        if (round == 1) pal_text_add_bytes(&text, "1\0,2,3,1000000000\n", 17);
        char expected[PAL_ERROR_MAX], sentence[PAL_ERROR_MAX];
        assert_null(read_log(&text, &shape, NULL, expected));
        pal_pool *pool = pal_pool_new(2);
        assert_null(read_log(&text, &shape, pool, sentence));
        assert_string_equal(sentence, expected);
        assert_non_null(strstr(sentence, round ? ":25002: user id contains a NUL" : "event types"));
        pal_pool_free(pool);
        pal_text_release(&text);
    }
}

static void test_marks(void **state) {
    (void)state;
    enum { N = 1000, CAPACITY = 300 };
    char text[N];
    uint32_t fast[CAPACITY], slow[CAPACITY];
    pal_rng rng = pal_rng_at(7, 0);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < N; i++) text[i] = "a,\n\"b\xFF;x"[pal_rng_u32(&rng) >> 29];
        const char *end = text + pal_rng_u32(&rng) % N, *fast_end, *slow_end;
        int32_t n = pal_marks_find(text, end, ",\n\"", fast, CAPACITY, &fast_end),
                m = pal_marks_find_reference(text, end, ",\n\"", slow, CAPACITY, &slow_end);
        int64_t lines = 0;
        for (const char *c = text; c < end; c++) lines += *c == '\n';
        assert_int_equal(pal_marks_lines(text, end), lines);
        /* They may stop elsewhere when there is little room left, but all before it is found. */
        int32_t both = n < m ? n : m;
        assert_memory_equal(fast, slow, (size_t)both * sizeof *fast);
        for (int32_t i = both; i < m; i++) assert_true(text + slow[i] >= fast_end);
        for (int32_t i = both; i < n; i++) assert_true(text + fast[i] >= slow_end);
    }
    uint64_t scale = 10000000;
    for (size_t n = 1; n <= 8; n++) {
        uint64_t number;
        const char digits[] = "12345678", slash[] = "1234567/", colon[] = ":2345678";
        assert_true(pal_word_digits(pal_word(digits, n, digits + 8), n, &number));
        assert_int_equal(number, strtoull(digits, NULL, 10) / scale);
        scale /= 10;
        assert_false(pal_word_digits(pal_word(slash + 8 - n, n, slash + 8), n, &number));
        assert_false(pal_word_digits(pal_word(colon, n, colon + 8), n, &number));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_read_as_lines_do),
        cmocka_unit_test(test_types_and_nul),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
