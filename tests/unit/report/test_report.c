/* test_report.c - what people see: whatever a file holds stays text, the same comparison gives the
 * same bytes, and what cannot be told is a dash. */
#include "support.h"

#include <ctype.h>
#include <math.h>

#include "base/json.h"
#include "report/report.h"

/* --- a comparison on files whose every text is hostile --- */

enum { USERS = 24, ITEMS = 12, EVENTS = 8 };

static char folder[64], log_path[160], items_path[160];

static void write_files(void) {
    FILE *log = fopen(log_path, "w"), *items = fopen(items_path, "w");
    assert_true(log && items);
    fprintf(log, "user_id,item_id,timestamp\n");
    uint32_t x = 7;
    for (int u = 0; u < USERS; u++) {
        for (int e = 0; e < EVENTS; e++) {
            x = x * 1664525u + 1013904223u;
            fprintf(log, "<u%d onload='x'>,<i%u>&,%d\n", u, (x >> 8) % ITEMS,
                    1600000000 + 86400 * e + 60 * u);
        }
    }
    fprintf(items, "item_id,title\n");
    for (int i = 0; i < ITEMS; i++)
        fprintf(items, "<i%d>&,\"</li></svg><script>alert(\"\"%d\"\")</script>'&amp;\"\n", i, i);
    fclose(log);
    fclose(items);
}

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/palate_report_XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(log_path, sizeof log_path, "%s/<b>&'\"x.csv", folder);
    snprintf(items_path, sizeof items_path, "%s/items.csv", folder);
    write_files();
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(log_path);
    unlink(items_path);
    return rmdir(folder);
}

typedef struct {
    pal_ctx *ctx;
    pal_data *data;
    pal_comparison comparison;
    json_t *results;
    pal_text html;
} bench;

enum { POPULAR, KNN, RANDOM, ROWS };

/* What a clock measured differs from run to run; the rest must not. */
static void bench_stop_clocks(bench *b) {
    for (int32_t r = 0; r < b->comparison.tables[0].n_rows; r++) {
        pal_row *row = &b->comparison.tables[0].rows[r];
        row->train_seconds = row->test.list_us_p50 = row->test.list_us_p99 = 0;
        row->peak_bytes = 0;
        row->on_front = false;
    }
}

static void bench_open(bench *b, int32_t n_threads) {
    static const char *const specs[] = {"popular", "item_knn", "random", NULL};
    *b = (bench){.ctx = support_open(n_threads)};
    pal_paths paths = {.log = log_path, .items = items_path};
    if (pal_data_read(b->ctx, &paths, "", &b->data) != PAL_OK) fail_msg("%s", b->ctx->error);
    if (pal_compare_run(b->ctx, b->data, specs, "split=leave_last hide=none resamples=100 k=3,5",
                        NULL, NULL, &b->comparison) != PAL_OK) {
        fail_msg("%s", b->ctx->error);
    }
    bench_stop_clocks(b);
}

/* Takes the page's own constant parts out: its script, and the policy that allows no other. */
static void cut_out(char *html, const char *begin, const char *end) {
    char *from = strstr(html, begin), *to = from ? strstr(from, end) : NULL;
    assert_non_null(to);
    to += strlen(end);
    memmove(from, to, strlen(to) + 1);
}

static void cut_out_own(char *html) {
    cut_out(html, "<script id=\"sorts\">", "</script>");
    cut_out(html, "<meta http-equiv=\"Content-Security-Policy\"", ">");
}

static void bench_draw(bench *b) {
    json_decref(b->results);
    pal_text_release(&b->html);
    b->results = NULL;
    assert_int_equal(pal_report_json(b->ctx, &b->comparison, &b->results), PAL_OK);
    assert_int_equal(pal_report_html(b->ctx, b->results, &b->html), PAL_OK);
    cut_out_own(b->html.bytes);
}

static void bench_close(bench *b) {
    json_decref(b->results);
    pal_text_release(&b->html);
    pal_comparison_release(&b->comparison);
    pal_data_free(b->data);
    support_close(b->ctx);
}

/* --- looking at pages --- */

static int32_t count_of(const char *text, const char *part) {
    int32_t n = 0;
    for (const char *c = text; (c = strstr(c, part)); c += strlen(part)) n++;
    return n;
}

static bool is_void(const char *name, size_t n) { return n == 4 && !memcmp(name, "meta", 4); }

/* Every element is closed in its turn, and every attribute is quoted: text that broke out of its
 * place would leave something open. */
static void assert_well_formed(const char *html) {
    struct {
        const char *name;
        size_t n;
    } open[64];
    int32_t depth = 0;
    for (const char *c = strchr(html, '<'); c; c = strchr(c, '<')) {
        const char *end = strchr(c, '>');
        assert_non_null(end);
        if (c[1] == '!') {
            c = end;
            continue;
        }
        bool closes = c[1] == '/';
        const char *name = c + 1 + closes;
        size_t n = strcspn(name, " />");
        int32_t quotes = 0;
        for (const char *q = name; q < end; q++) quotes += *q == '"';
        if (!isalpha((unsigned char)*name) || quotes % 2) fail_msg("odd tag: %.60s", c);
        if (closes) {
            if (depth == 0 || open[depth - 1].n != n || memcmp(open[depth - 1].name, name, n))
                fail_msg("closed out of turn: %.60s", c);
            depth--;
        } else if (end[-1] != '/' && !is_void(name, n)) {
            assert_true(depth < 64);
            open[depth].name = name;
            open[depth++].n = n;
        }
        c = end;
    }
    assert_int_equal(depth, 0);
}

static void assert_no_bare_numbers(const char *text) {
    static const char *const words[] = {"nan", "NaN", ">inf", " inf", "-inf", "(null)"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *found = strstr(text, words[i]);
        if (found) fail_msg("%s in: %.80s", words[i], found - 40 < text ? text : found - 40);
    }
}

/* --- tests --- */

static void hostile_texts_stay_text(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    bench_draw(&b);
    const char *html = b.html.bytes;
    assert_well_formed(html);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<i1"));
    assert_null(strstr(html, "<u1"));
    assert_null(strstr(html, "<b>"));
    /* They are there, as text: in the title, the heading, the examples and the command. */
    assert_non_null(strstr(html, "<title>palate: &lt;b&gt;&amp;&#39;&quot;x</title>"));
    assert_non_null(strstr(html, "<h1>Which recommender for &lt;b&gt;&amp;&#39;&quot;x?</h1>"));
    assert_non_null(strstr(html, "&lt;script&gt;alert(&quot;"));
    assert_non_null(strstr(html, "&lt;/script&gt;&#39;&amp;amp;"));
    assert_non_null(strstr(html, "<h3>User &lt;u"));
    assert_non_null(strstr(pal_json_text_at(b.results, "command", ""), "/<b>&'\\''\"x.csv'"));
    assert_null(strstr(html, "&lt;i1&gt;")); /* the title stands for the id */
    bench_close(&b);
}

static void a_page_needs_nothing_from_elsewhere(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    bench_draw(&b);
    static const char *const loads[] = {"http", "src=", "href=", "url(", "@import"};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
        assert_null(strstr(b.html.bytes, loads[i]));
    bench_close(&b);
}

static void the_same_comparison_gives_the_same_bytes(void **state) {
    (void)state;
    pal_text documents[3] = {{0}}, pages[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        bench b;
        bench_open(&b, i + 1);
        bench_draw(&b);
        pal_json_print(b.results, &documents[i]);
        pal_text_add(&pages[i], b.html.bytes);
        bench_close(&b);
        assert_string_equal(documents[i].bytes, documents[0].bytes);
        assert_string_equal(pages[i].bytes, pages[0].bytes);
    }
    for (int i = 0; i < 3; i++) {
        pal_text_release(&documents[i]);
        pal_text_release(&pages[i]);
    }
}

/* The page is drawn from the document alone: printed and read again it gives the same page. */
static void a_page_can_be_drawn_from_the_file(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    bench_draw(&b);
    pal_text document = {0}, page = {0};
    json_t *again;
    pal_json_print(b.results, &document);
    assert_int_equal(pal_json_parse(b.ctx, "results.json", document.bytes, document.length, &again),
                     PAL_OK);
    assert_int_equal(pal_report_html(b.ctx, again, &page), PAL_OK);
    cut_out_own(page.bytes);
    assert_string_equal(page.bytes, b.html.bytes);
    json_decref(again);
    pal_text_release(&document);
    pal_text_release(&page);
    bench_close(&b);
}

static void what_cannot_be_told_is_a_dash(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    bench_draw(&b);
    assert_no_bare_numbers(b.html.bytes);
    int32_t before = count_of(b.html.bytes, "\">–</td>");
    pal_comparison *comparison = &b.comparison;
    pal_row *row = &comparison->tables[0].rows[KNN];
    for (int32_t m = 0; m < comparison->measures.n; m++)
        row->intervals[m] = (pal_interval){NAN, NAN, NAN};
    for (int32_t s = 0; s < comparison->tables[0].slices.n; s++)
        row->slice_intervals[s] = (pal_interval){NAN, INFINITY, -INFINITY};
    row->test.mean[0] = NAN;
    row->train_seconds = row->multiply_adds = NAN;
    comparison->tables[0].ceiling = NAN;
    comparison->tables[0].smallest_difference = NAN;
    row->parameters = 1234567;
    bench_draw(&b);
    assert_non_null(strstr(
        b.html.bytes, "data-label=\"learned numbers\" data-value=\"1234567\">1.23 million</td>"));
    assert_no_bare_numbers(b.html.bytes);
    assert_well_formed(b.html.bytes);
    assert_int_equal(count_of(b.html.bytes, "\">–</td>"),
                     before + 6);                         /* four metrics, time, work */
    assert_non_null(strstr(b.html.bytes, ">– – –</td>")); /* low – high */
    assert_non_null(strstr(b.html.bytes, "that this test can see is about –."));
    assert_int_equal(count_of(b.html.bytes, "\">–</text>"), comparison->tables[0].slices.n);
    pal_text document = {0}, line = {0};
    pal_json_print(b.results, &document);
    assert_no_bare_numbers(document.bytes);
    row->train_seconds = 0;
    pal_report_table_row(comparison, 0, KNN, &line);
    assert_no_bare_numbers(line.bytes);
    assert_non_null(strstr(line.bytes, "–"));
    pal_text_release(&document);
    pal_text_release(&line);
    bench_close(&b);
}

/* Whatever is in use today was not trained or timed here. */
static void a_run_has_no_times(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    pal_row *run = &b.comparison.tables[0].rows[RANDOM];
    run->is_run = true;
    run->kind = run->family = "run";
    bench_draw(&b);
    assert_int_equal(count_of(b.html.bytes, "data-label=\"training\">–</td>"), 1);
    assert_int_equal(count_of(b.html.bytes, "data-label=\"one list\">–</td>"), 1);
    assert_int_equal(count_of(b.html.bytes, "data-label=\"multiply-adds\">–</td>"), 1);
    assert_int_equal(count_of(b.html.bytes, "data-label=\"learned numbers\">–</td>"), 1);
    assert_int_equal(count_of(b.html.bytes, ">0 µs</td>"), 4); /* the models' own */
    pal_text line = {0};
    pal_report_table_row(&b.comparison, 0, RANDOM, &line);
    assert_non_null(strstr(line.bytes, "      –        –\n"));
    pal_text_release(&line);
    bench_close(&b);
}

static void rows_that_are_not_done_keep_their_reason(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    pal_table *table = &b.comparison.tables[0];
    table->winner_known = table->most_accurate = KNN;
    table->rows[POPULAR].status = PAL_ROW_FAILED;
    strcpy(table->rows[POPULAR].reason, "<i>needs 9 GB & \"more\"</i>");
    table->rows[RANDOM].status = PAL_ROW_SKIPPED;
    strcpy(table->rows[RANDOM].reason, "stopped before its turn");
    bench_draw(&b);
    assert_well_formed(b.html.bytes);
    assert_non_null(strstr(b.html.bytes,
                           "<td>popular</td><td class=\"text\" colspan=\"11\">failed: "
                           "&lt;i&gt;needs 9 GB &amp; &quot;more&quot;&lt;/i&gt;</td>"));
    assert_non_null(strstr(b.html.bytes, "colspan=\"11\">skipped: stopped before its turn</td>"));
    /* Slices are those of the row that was done. */
    int32_t n_slices = table->slices.n;
    assert_true(n_slices > 0);
    assert_int_equal(count_of(b.html.bytes, "class=\"bar front\""), n_slices);
    assert_int_equal(count_of(b.html.bytes, "class=\"bar\""), 1); /* a tile of the data section */
    assert_int_equal(count_of(b.html.bytes, ">item_knn</text>"), n_slices + 1); /* and its point */
    const json_t *failed = json_array_get(json_object_get(b.results, "models"), POPULAR);
    assert_string_equal(pal_json_text_at(failed, "status", ""), "failed");
    assert_string_equal(pal_json_text_at(failed, "reason", ""), table->rows[POPULAR].reason);
    assert_null(json_object_get(failed, "metrics"));
    pal_text line = {0};
    pal_report_table_row(&b.comparison, 0, POPULAR, &line);
    pal_report_table_row(&b.comparison, 0, RANDOM, &line);
    assert_non_null(strstr(line.bytes, "  failed: <i>needs 9 GB & \"more\"</i>\n"));
    assert_non_null(strstr(line.bytes, "  skipped: stopped before its turn\n"));
    pal_text_release(&line);
    bench_close(&b);
}

static void without_slices_or_a_winner_the_page_stands(void **state) {
    (void)state;
    bench b;
    bench_open(&b, 1);
    pal_table *table = &b.comparison.tables[0];
    table->slices.n = 0;
    bench_draw(&b);
    assert_well_formed(b.html.bytes);
    assert_int_equal(count_of(b.html.bytes, "class=\"bar"), 1); /* a tile of the data section */
    assert_int_equal(count_of(b.html.bytes, ">winner</span>"), 1);
    table->winner_known = table->most_accurate = table->winner_strangers = -1;
    table->test.n_users = 0; /* no examples either */
    bench_draw(&b);
    assert_well_formed(b.html.bytes);
    assert_null(strstr(b.html.bytes, "What people would have seen"));
    assert_non_null(strstr(b.html.bytes, "No model can be recommended"));
    assert_int_equal(count_of(b.html.bytes, "class=\"winner\""), 0);
    pal_text text = {0};
    pal_report_table_head(&b.comparison, 0, &text);
    for (int32_t r = 0; r < ROWS; r++) pal_report_table_row(&b.comparison, 0, r, &text);
    assert_int_equal(pal_report_text(b.ctx, b.results, NULL, &text), PAL_OK);
    assert_no_bare_numbers(text.bytes);
    pal_text_release(&text);
    bench_close(&b);
}

/* A results.json that somebody changed by hand: odd, but drawn. */
static void an_odd_document_does_no_harm(void **state) {
    (void)state;
    static const char *const documents[] = {
        "{}",
        "{\"tasks\": 7, \"data\": [], \"protocol\": \"x\", \"command\": null}",
        "{\"tasks\": [{\"verdict\": {\"why\": [1, null, {}, \"said <b>\"]}}, null, 3]}",
        "{\"protocol\": {\"k\": []}, \"tasks\": [{\"models\": [{}, 1, {\"status\": \"done\"}, "
        "{\"status\": \"done\", \"metrics\": 3, \"slices\": [{}, 5], \"difference\": {}}]}]}",
        "{\"tasks\": [{\"models\": [{\"status\": \"done\", \"slices\": [{\"n\": 1e300, "
        "\"interval\": {\"mean\": 1e300, \"low\": -1e300, \"high\": 1e308}}]}], \"examples\": [4, "
        "{\"lists\": [null]}]}], \"data\": {\"events\": -1e300, \"long_tail\": [[1e300, 1], [-1, "
        "0], 5, [0, 1e308]], \"timeline\": [[1e300, 1], [-1e300, 2], [0, 3]], \"findings\": [9]}}",
    };
    pal_ctx *ctx = support_open(1);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        json_t *json;
        pal_text page = {0}, text = {0};
        assert_int_equal(
            pal_json_parse(ctx, "results.json", documents[i], strlen(documents[i]), &json), PAL_OK);
        assert_int_equal(pal_report_html(ctx, json, &page), PAL_OK);
        cut_out_own(page.bytes);
        assert_well_formed(page.bytes);
        assert_int_equal(pal_report_text(ctx, json, NULL, &text), PAL_OK);
        if (i == 2) assert_non_null(strstr(page.bytes, "<p>said &lt;b&gt;</p>"));
        pal_text_release(&page);
        pal_text_release(&text);
        json_decref(json);
    }
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_texts_stay_text),
        cmocka_unit_test(a_page_needs_nothing_from_elsewhere),
        cmocka_unit_test(the_same_comparison_gives_the_same_bytes),
        cmocka_unit_test(a_page_can_be_drawn_from_the_file),
        cmocka_unit_test(what_cannot_be_told_is_a_dash),
        cmocka_unit_test(a_run_has_no_times),
        cmocka_unit_test(rows_that_are_not_done_keep_their_reason),
        cmocka_unit_test(without_slices_or_a_winner_the_page_stands),
        cmocka_unit_test(an_odd_document_does_no_harm),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
