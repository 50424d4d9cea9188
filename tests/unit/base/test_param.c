/* test_param.c - a table of options: setting, refusing, writing back, describing. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/json.h"
#include "base/param.h"

typedef struct {
    int64_t factors, seed, memory;
    double l2, span, loss;
    bool verbose, implicit;
    int32_t order;
    const char *title, *format;
    pal_texts runs;
    pal_ints k, depths;
} options;

static const char *const orders[] = {"by_time", "random", "given", NULL};

#define FIELD(name) offsetof(options, name)
static const pal_param table[] = {
    {.name = "n_factors",
     .type = PAL_PARAM_INT,
     .offset = FIELD(factors),
     .initial = "64",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "Numbers kept for a user and for an item",
     .letter = 'f'},
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = FIELD(seed),
     .help = "Where random numbers start"},
    {.name = "l2",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(l2),
     .initial = "0.10",
     .min = 1e-6,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "Penalty on large weights"},
    {.name = "loss",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(loss),
     .initial = "-1.5",
     .min = -2,
     .max = INFINITY,
     .help = "A number with one bound"},
    {.name = "verbose",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(verbose),
     .help = "Tells more",
     .letter = 'v'},
    {.name = "implicit",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(implicit),
     .initial = "yes",
     .help = "Values are ignored"},
    {.name = "order",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(order),
     .choices = orders,
     .help = "Which events come last"},
    {.name = "title",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(title),
     .help = "Shown in the report"},
    {.name = "format",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(format),
     .initial = "auto",
     .value_name = "NAME",
     .help = "How the file is read: a|b"},
    {.name = "run",
     .type = PAL_PARAM_TEXTS,
     .offset = FIELD(runs),
     .value_name = "FILE",
     .help = "Lists to score"},
    {.name = "k",
     .type = PAL_PARAM_INTS,
     .offset = FIELD(k),
     .initial = "10,20",
     .min = 1,
     .max = 1000,
     .help = "Depths of lists"},
    {.name = "depths", .type = PAL_PARAM_INTS, .offset = FIELD(depths), .help = "More of them"},
    {.name = "half_life",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(span),
     .initial = "4w",
     .min = 0,
     .max = 315576000,
     .help = "After this time an event counts half"},
    {.name = "memory",
     .type = PAL_PARAM_BYTES,
     .offset = FIELD(memory),
     .initial = "2GB",
     .min = 1e6,
     .max = 1e15,
     .help = "What batches and scratch may take, a sentence long enough that it does not fit into "
             "one line of a hundred columns"},
    {0},
};

static options values;
static pal_arena arena;
static pal_ctx ctx;

static int set_up(void **state) {
    (void)state;
    memset(&values, 0xA5, sizeof values);
    ctx = (pal_ctx){0};
    pal_params_init(table, &values);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    pal_arena_release(&arena);
    return 0;
}

static pal_status set(const char *name, const char *text) {
    return pal_param_set(&ctx, "als", table, &values, &arena, name, text);
}

static void expect_refused(const char *name, const char *text, const char *sentence) {
    assert_int_equal(set(name, text), PAL_EUSAGE);
    assert_string_equal(ctx.error, sentence);
}

static void test_initial_values(void **state) {
    (void)state;
    assert_int_equal(values.factors, 64);
    assert_int_equal(values.seed, 0);
    assert_int_equal(values.memory, 2000000000);
    assert_true(values.l2 == 0.1 && values.loss == -1.5 && values.span == 4 * 604800.0);
    assert_false(values.verbose);
    assert_true(values.implicit);
    assert_int_equal(values.order, 0);
    assert_null(values.title);
    assert_string_equal(values.format, "auto");
    assert_int_equal(values.runs.n, 0);
    assert_int_equal(values.k.n, 2);
    assert_int_equal(values.k.at[1], 20);
    assert_int_equal(values.depths.n, 0);
}

static void test_whole_numbers(void **state) {
    (void)state;
    assert_int_equal(set("n_factors", "4096"), PAL_OK);
    assert_int_equal(values.factors, 4096);
    assert_int_equal(set("N-Factors", "1"), PAL_OK);
    assert_int_equal(values.factors, 1);
    static const int64_t extremes[] = {INT64_MAX, INT64_MIN, 9007199254740993, -9007199254740993};
    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, extremes[i]);
        assert_int_equal(set("seed", text), PAL_OK);
        assert_int_equal(values.seed, extremes[i]);
        pal_text out = {0};
        pal_param_format_value(pal_param_find(table, "seed"), &values, &out);
        assert_string_equal(out.bytes, text);
        pal_text_release(&out);
    }
    assert_int_equal(set("seed", "9223372036854775808"), PAL_EUSAGE);
    expect_refused("n_factors", "0",
                   "als: n_factors must be a whole number from 1 to 4096, not '0'");
    expect_refused("n_factors", "1e2",
                   "als: n_factors must be a whole number from 1 to 4096, not '1e2'");
    expect_refused("seed", "two", "als: seed must be a whole number, not 'two'");
    assert_int_equal(values.factors, 1);
}

static void test_reals(void **state) {
    (void)state;
    assert_int_equal(set("l2", "1e-6"), PAL_OK);
    assert_true(values.l2 == 1e-6);
    assert_int_equal(set("loss", "1e300"), PAL_OK);
    expect_refused("l2", "0", "als: l2 must be a number from 1e-06 to 1000000, not '0'");
    expect_refused("loss", "-2.01", "als: loss must be a number at least -2, not '-2.01'");
    static const char *const none[] = {"", "nan", "inf", "0x1", "1,5", "1e400", "1 "};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(set("loss", none[i]), PAL_EUSAGE);
    assert_true(values.loss == 1e300);
}

static void test_flags(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool value;
    } rows[] = {{"1", true},   {"0", false}, {"true", true}, {"false", false}, {"yes", true},
                {"no", false}, {"", true},   {"on", true},   {"off", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(set("verbose", rows[i].text), PAL_OK);
        assert_int_equal(values.verbose, rows[i].value);
    }
    expect_refused("verbose", "maybe", "als: verbose must be on or off, not 'maybe'");
}

static void test_choices(void **state) {
    (void)state;
    assert_int_equal(set("order", "given"), PAL_OK);
    assert_int_equal(values.order, 2);
    assert_int_equal(set("order", "By-Time"), PAL_OK);
    assert_int_equal(values.order, 0);
    assert_int_equal(set("order", "radnom"), PAL_EUSAGE);
    assert_string_equal(
        ctx.error,
        "als: order must be one of by_time, random, given, not 'radnom'; did you mean random?");
    assert_int_equal(set("order", "alphabetical"), PAL_EUSAGE);
    assert_null(strstr(ctx.error, "did you mean"));
}

static void test_texts_are_copied(void **state) {
    (void)state;
    char source[] = "My shop";
    assert_int_equal(set("title", source), PAL_OK);
    assert_int_equal(set("run", source), PAL_OK);
    source[0] = 'X';
    assert_string_equal(values.title, "My shop");
    assert_int_equal(set("run", "b.tsv"), PAL_OK);
    assert_int_equal(values.runs.n, 2);
    assert_string_equal(values.runs.at[0], "My shop");
    assert_string_equal(values.runs.at[1], "b.tsv");
    for (int32_t i = 2; i < PAL_TEXTS_MAX; i++) assert_int_equal(set("run", "c"), PAL_OK);
    assert_int_equal(set("run", "one too many"), PAL_EUSAGE);
    assert_int_equal(values.runs.n, PAL_TEXTS_MAX);
}

static void test_lists_of_numbers(void **state) {
    (void)state;
    assert_int_equal(set("k", "5"), PAL_OK);
    assert_int_equal(values.k.n, 1);
    assert_int_equal(set("k", "1,2,3,4,5,6,7,1000"), PAL_OK);
    assert_int_equal(values.k.n, PAL_INTS_MAX);
    assert_int_equal(values.k.at[7], 1000);
    static const char *const none[] = {
        "",    ",",          "1,", ",1", "1,,2", "0", "1001", "1, 2", "1,2,3,4,5,6,7,8,9",
        "1.5", "99999999999"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(set("k", none[i]), PAL_EUSAGE);
        assert_int_equal(values.k.n, PAL_INTS_MAX);
    }
    assert_int_equal(set("depths", "-2147483648,2147483647"), PAL_OK);
    assert_int_equal(values.depths.at[0], INT32_MIN);
    assert_int_equal(set("depths", "2147483648"), PAL_EUSAGE);
}

static void test_times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } rows[] = {{"0", 0},       {"90", 90},      {"90s", 90},      {"30m", 1800}, {"12h", 43200},
                {"7d", 604800}, {"4w", 2419200}, {"1y", 31557600}, {"1.5h", 5400}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(set("half_life", rows[i].text), PAL_OK);
        assert_true(values.span == rows[i].seconds);
    }
    static const char *const none[] = {"", "d", "7 d", "7x", "-1d", "11y", "1e308y", "7dd", "nan"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(set("half_life", none[i]), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "half_life must be a time such as 90s, 12h, 7d from 0 to"));
}

static void test_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {{"1000000", 1000000}, {"500MB", 500000000}, {"2GB", 2000000000},
                {"2048KiB", 2097152}, {"1GiB", 1073741824}, {"0.5TB", 500000000000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(set("memory", rows[i].text), PAL_OK);
        assert_int_equal(values.memory, rows[i].bytes);
    }
    static const char *const none[] = {"", "MB", "1 GB", "2gigs", "512", "2000TB", "1e30", "-1GB"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(set("memory", none[i]), PAL_EUSAGE);
}

static void test_unknown_names_are_answered(void **state) {
    (void)state;
    expect_refused("n_factor", "3", "als has no option 'n_factor'; did you mean n_factors?");
    expect_refused("half-lief", "3", "als has no option 'half-lief'; did you mean half_life?");
    assert_int_equal(set("something_else", "3"), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "there are n_factors, seed, l2"));
    static const pal_param empty[] = {{0}};
    assert_int_equal(pal_param_set(&ctx, "random", empty, &values, &arena, "x", "1"), PAL_EUSAGE);
    assert_string_equal(ctx.error, "random has no option 'x': it takes none");
    assert_null(pal_param_find(table, "nothing"));
    assert_ptr_equal(pal_param_find(table, "HALF-life"), &table[12]);
}

static pal_status parse(const char *text) {
    return pal_params_parse(&ctx, "als", table, &values, &arena, text);
}

static void test_option_text(void **state) {
    (void)state;
    assert_int_equal(parse("  n-factors=8\tverbose title='two words'  run=a run=\"b c\" k=5,6\n"),
                     PAL_OK);
    assert_int_equal(values.factors, 8);
    assert_true(values.verbose);
    assert_string_equal(values.title, "two words");
    assert_int_equal(values.runs.n, 2);
    assert_string_equal(values.runs.at[1], "b c");
    assert_int_equal(parse("title=a=b"), PAL_OK);
    assert_string_equal(values.title, "a=b");
    assert_int_equal(values.factors, 64);
    assert_int_equal(parse("title="), PAL_OK);
    assert_string_equal(values.title, "");
    assert_int_equal(parse(NULL), PAL_OK);
    assert_null(values.title);
    assert_int_equal(parse("title='open"), PAL_EUSAGE);
    assert_non_null(strstr(ctx.error, "quote"));
    assert_int_equal(parse("=3"), PAL_EUSAGE);
    assert_int_equal(parse("n_factors=8 l2=x"), PAL_EUSAGE);
}

static void test_several_tables(void **state) {
    (void)state;
    struct {
        int64_t users;
    } more;
    static const pal_param other[] = {
        {.name = "users", .type = PAL_PARAM_INT, .initial = "5", .help = "How many"}, {0}};
    pal_params_init(other, &more);
    const pal_param_group groups[] = {{table, &values}, {other, &more}, {0}};
    assert_int_equal(pal_params_parse_tables(&ctx, "demo", groups, &arena, "users=9 n_factors=2"),
                     PAL_OK);
    assert_int_equal(more.users, 9);
    assert_int_equal(values.factors, 2);
    assert_int_equal(pal_params_parse_tables(&ctx, "demo", groups, &arena, "usesr=9"), PAL_EUSAGE);
    assert_string_equal(ctx.error, "demo has no option 'usesr'; did you mean users?");
}

static char *format(bool every) {
    pal_text out = {0};
    pal_params_format(table, &values, every, &out);
    char *copy = pal_arena_text(&arena, out.bytes ? out.bytes : "", out.length);
    pal_text_release(&out);
    return copy;
}

static void test_only_differences_are_written(void **state) {
    (void)state;
    assert_string_equal(format(false), "");
    /* The same values in other words are no difference. */
    assert_int_equal(
        parse("l2=0.1 half_life=28d memory=2000MB implicit=true order=by-time k=10,20"), PAL_OK);
    assert_string_equal(format(false), "");
    assert_int_equal(parse("l2=0.30 half_life=36h memory=512KiB"), PAL_EUSAGE);
    assert_int_equal(parse("l2=0.30 half_life=36h memory=1500MB implicit=no order=given depths=1"),
                     PAL_OK);
    assert_string_equal(format(false),
                        "l2=0.3 implicit=off order=given depths=1 half_life=36h memory=1500MB");
    pal_text out = {0};
    pal_text_add(&out, "als ");
    pal_params_format(table, &values, false, &out);
    assert_int_equal(strncmp(out.bytes, "als l2=0.3", 10), 0);
    pal_text_release(&out);
}

static void test_what_is_written_reads_back(void **state) {
    (void)state;
    static const char *const rows[] = {
        "",   "plain",  "two words",      "it's", "say \"hi\"", "it's \"both\" 'kinds'", "'",
        "\"", "'\"'\"", "tab\tand\nline", "a=b",  "--x",        "caf\xC3\xA9",           " edges ",
        "\\",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int every = 0; every < 2; every++) {
            set_up(NULL);
            assert_int_equal(set("title", rows[i]), PAL_OK);
            assert_int_equal(set("run", rows[i]), PAL_OK);
            assert_int_equal(set("run", "b,c"), PAL_OK);
            assert_int_equal(parse(format(every)), PAL_OK);
            assert_string_equal(values.title, rows[i]);
            assert_int_equal(values.runs.n, 2);
            assert_string_equal(values.runs.at[0], rows[i]);
            assert_string_equal(values.runs.at[1], "b,c");
        }
    }
    set_up(NULL);
    assert_int_equal(parse(format(true)), PAL_OK);
    assert_null(values.title);
    assert_int_equal(values.depths.n, 0);
    static const double reals[] = {
        0.1, 1.0 / 3, 1e-6, 123456.789, 999999.99999999988, DBL_EPSILON * 1e12};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        values.l2 = reals[i];
        values.loss = reals[i] * 1e30;
        double loss = values.loss;
        assert_int_equal(parse(format(false)), PAL_OK);
        assert_true(values.l2 == reals[i] && values.loss == loss);
    }
    static const double spans[] = {
        0, 1, 59.5, 60, 3600, 86400, 90061, 31557600, 172800.00000000003, 1e-7};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        values.span = spans[i];
        values.memory = 1000000 + (int64_t)i * 999999;
        int64_t memory = values.memory;
        assert_int_equal(parse(format(true)), PAL_OK);
        assert_true(values.span == spans[i]);
        assert_int_equal(values.memory, memory);
    }
}

static void test_help_is_two_columns(void **state) {
    (void)state;
    pal_text out = {0};
    pal_params_help(table, true, &out);
    assert_non_null(strstr(out.bytes, "  -f, --n-factors N         Numbers kept for a user and for "
                                      "an item (default 64; from 1 to 4096)\n"));
    assert_non_null(strstr(out.bytes, "  --order NAME              Which events come last "
                                      "(by_time, random, given; default by_time)\n"));
    assert_non_null(strstr(out.bytes, "  -v, --verbose             Tells more\n"));
    assert_non_null(
        strstr(out.bytes, "  --run FILE                Lists to score (can be repeated)\n"));
    for (const char *line = out.bytes; *line;) {
        size_t n = strcspn(line, "\n");
        assert_true(n <= 100);
        /* An option starts in the third column, what it means in the 29th. */
        bool starts = n > 2 && line[2] == '-';
        assert_true(starts || strspn(line, " ") == 28);
        assert_int_equal(line[n], '\n');
        line += n + 1;
    }
    pal_text_release(&out);
    pal_params_help(table, false, &out);
    assert_non_null(strstr(out.bytes, "  n_factors=N "));
    assert_non_null(strstr(out.bytes, "  verbose=on|off "));
    pal_text_release(&out);
}

static void test_markdown_has_a_row_an_option(void **state) {
    (void)state;
    pal_text out = {0};
    pal_params_markdown(table, false, &out);
    int32_t lines = 0;
    for (const char *line = out.bytes; *line; lines++) {
        size_t n = strcspn(line, "\n"), bars = 0;
        for (size_t i = 0; i < n; i++) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
        assert_int_equal(bars, 6);
        line += n + (line[n] == '\n');
    }
    assert_int_equal(lines, 2 + 14);
    assert_non_null(
        strstr(out.bytes, "| `n_factors` | whole number | 64 | from 1 to 4096 | Numbers kept"));
    assert_non_null(strstr(out.bytes, "a\\|b"));
    pal_text_release(&out);
    pal_params_markdown(table, true, &out);
    assert_non_null(strstr(out.bytes, "| `-f, --n-factors` |"));
    pal_text_release(&out);
}

static void test_man_has_a_paragraph_an_option(void **state) {
    (void)state;
    pal_text out = {0};
    pal_params_man(table, true, &out);
    int32_t paragraphs = 0;
    for (const char *at = out.bytes; (at = strstr(at, ".TP\n")); at++) paragraphs++;
    assert_int_equal(paragraphs, 14);
    assert_non_null(strstr(out.bytes, "\\fB\\-f\\fR, \\fB\\-\\-n\\-factors\\fR \\fIN\\fR\n"));
    pal_text_release(&out);
    pal_params_man(table, false, &out);
    assert_non_null(strstr(out.bytes, "\\fBn_factors\\fR=\\fIN\\fR\n"));
    pal_text_release(&out);
}

static void test_json_describes_every_option(void **state) {
    (void)state;
    pal_text out = {0};
    pal_params_json(table, &out);
    json_t *json = NULL;
    assert_int_equal(pal_json_parse(&ctx, "table", out.bytes, out.length, &json), PAL_OK);
    assert_int_equal(json_array_size(json), 14);
    assert_string_equal(pal_json_text_at(json, "0/name", ""), "n_factors");
    assert_string_equal(pal_json_text_at(json, "0/default", ""), "64");
    assert_string_equal(pal_json_text_at(json, "0/scale", ""), "log");
    assert_true(pal_json_number_at(json, "0/max", 0) == 4096);
    assert_true(pal_json_number_at(json, "2/min", 0) == 1e-6);
    assert_true(pal_json_number_at(json, "3/min", 0) == -2);
    assert_null(pal_json_at(json, "3/max"));
    assert_null(pal_json_at(json, "1/min"));
    assert_string_equal(pal_json_text_at(json, "6/choices/2", ""), "given");
    assert_true(json_is_null(pal_json_at(json, "7/default")));
    json_decref(json);
    pal_text_release(&out);
}

static void test_what_a_text_gives(void **state) {
    (void)state;
    assert_true(pal_params_gives("seed=3 n-factors=8 verbose", "n_factors", &arena));
    assert_true(pal_params_gives("seed=3 verbose", "verbose", &arena));
    assert_false(pal_params_gives("format='l2=1 seed=2' verbose", "l2", &arena));
    assert_false(pal_params_gives("l2x=1", "l2", &arena));
    assert_false(pal_params_gives("", "l2", &arena));
    assert_false(pal_params_gives(NULL, "l2", &arena));
    assert_false(pal_params_gives("title='open l2=1", "l2", &arena));
}

static void test_initial_flags(void **state) {
    (void)state;
    pal_text text = {0};
    pal_params_format_initial(table, "n_factors", &values, &text);
    assert_string_equal(text.bytes, " --n-factors '64'");
    assert_int_equal(set("n_factors", "8"), PAL_OK);
    pal_params_format_initial(table, "n_factors", &values, &text);
    pal_params_format_initial(table, "no_such_row", &values, &text);
    assert_string_equal(text.bytes, " --n-factors '64'");
    pal_text_release(&text);
}

static void test_specs_are_split(void **state) {
    (void)state;
    static const struct {
        const char *spec, *name, *options;
    } good[] = {{"ease", "ease", ""},
                {"ease l2=500", "ease", " l2=500"},
                {"  item_knn\tk=3 ", "item_knn", "\tk=3 "},
                {"als2", "als2", ""}};
    static const char *const bad[] = {"",       "   ",  "Ease",  "ease,als",
                                      "ease=3", "it's", "ea/se", "caf\xC3\xA9"};
    const char *name, *rest;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(pal_spec_split(&ctx, good[i].spec, &arena, &name, &rest), PAL_OK);
        assert_string_equal(name, good[i].name);
        assert_string_equal(rest, good[i].options);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pal_spec_split(&ctx, bad[i], &arena, &name, &rest), PAL_EUSAGE);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(test_initial_values),
        TEST(test_whole_numbers),
        TEST(test_reals),
        TEST(test_flags),
        TEST(test_choices),
        TEST(test_texts_are_copied),
        TEST(test_lists_of_numbers),
        TEST(test_times),
        TEST(test_sizes),
        TEST(test_unknown_names_are_answered),
        TEST(test_option_text),
        TEST(test_several_tables),
        TEST(test_only_differences_are_written),
        TEST(test_what_is_written_reads_back),
        TEST(test_help_is_two_columns),
        TEST(test_markdown_has_a_row_an_option),
        TEST(test_man_has_a_paragraph_an_option),
        TEST(test_json_describes_every_option),
        TEST(test_what_a_text_gives),
        TEST(test_initial_flags),
        TEST(test_specs_are_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
