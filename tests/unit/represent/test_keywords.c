/* test_keywords.c - rows equal those of scikit-learn and rank_bm25, know nothing of later rows and
 * nothing of threads. */
#include "support.h"

#include <math.h>

#include "../../golden/keywords.h"
#include "represent/keywords.h"
#include "represent/languages.h"

enum { TEXTS = sizeof golden_texts / sizeof *golden_texts };
#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

static pal_documents documents_of(const char *const *texts, int32_t n) {
    return (pal_documents){
        .n_rows = n, .n_columns = 1, .cells = {texts}, .languages = {PAL_LANGUAGE_NONE}};
}

static float value_at(const pal_csr *rows, int32_t row, int32_t col) {
    int64_t at = pal_row_find(rows->cols, rows->starts[row], rows->starts[row + 1], col);
    return at < 0 ? 0 : rows->values[at];
}

static void rows_equal_peers(void **state) {
    (void)state;
    static const struct {
        pal_keyword_options options;
        const char *const *words;
        const double *values;
        int32_t n_words;
    } cases[] = {
        {{.form = PAL_KEYWORDS_TFIDF}, golden_tfidf_words, golden_tfidf, COUNT(golden_tfidf_words)},
        {{.form = PAL_KEYWORDS_TFIDF, .sublinear = true},
         golden_sublinear_words,
         golden_sublinear,
         COUNT(golden_sublinear_words)},
        {{.form = PAL_KEYWORDS_TFIDF, .min_df = 2, .max_df = 0.6},
         golden_limited_words,
         golden_limited,
         COUNT(golden_limited_words)},
        {{.form = PAL_KEYWORDS_TFIDF, .most = 2},
         golden_most_words,
         golden_most,
         COUNT(golden_most_words)},
        {{.form = PAL_KEYWORDS_BM25, .k1 = 1.2, .b = 0.75},
         golden_bm25_words,
         golden_bm25,
         COUNT(golden_bm25_words)},
        {{.form = PAL_KEYWORDS_BM25, .k1 = 2, .b = 0},
         golden_bm25_flat_words,
         golden_bm25_flat,
         COUNT(golden_bm25_flat_words)},
    };
    pal_ctx *ctx = support_open(2);
    const pal_documents documents = documents_of(golden_texts, TEXTS);
    for (int32_t c = 0; c < COUNT(cases); c++) {
        pal_arena arena = {0};
        pal_vocabulary words;
        pal_csr rows, again;
        assert_int_equal(pal_keywords_fit(ctx, &cases[c].options, &documents, TEXTS, &arena, &words,
                                          &arena, &rows),
                         PAL_OK);
        assert_int_equal(words.n_words, cases[c].n_words);
        for (int32_t w = 0; w < words.n_words; w++) {
            assert_string_equal(pal_vocabulary_word(&words, w), cases[c].words[w]);
            assert_string_equal(pal_vocabulary_shown(&words, w), cases[c].words[w]);
            assert_int_equal(pal_vocabulary_find(&words, cases[c].words[w]), w);
            for (int32_t r = 0; r < TEXTS; r++) {
                double expected = cases[c].values[r * words.n_words + w];
                assert_true(fabs(value_at(&rows, r, w) - expected) <= 1e-5);
            }
        }
        assert_int_equal(pal_vocabulary_find(&words, "zebra"), -1);
        assert_int_equal(
            pal_keywords_encode(ctx, &cases[c].options, &words, &documents, &arena, &again),
            PAL_OK);
        assert_memory_equal(again.starts, rows.starts, (TEXTS + 1) * sizeof *rows.starts);
        assert_memory_equal(again.values, rows.values,
                            (size_t)rows.starts[TEXTS] * sizeof *rows.values);
        pal_arena_release(&arena);
    }
    support_close(ctx);
}

/* Words, idf and lengths come from the first rows; rows without a text count for nothing. */
static void later_rows_teach_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"red fox", "red hen", "", "zebra fox fox", "zebra red"};
    const int32_t places[] = {0, -1, 1, 2, 3, 4};
    const pal_keyword_options options = {.form = PAL_KEYWORDS_BM25, .k1 = 1.2, .b = 0.75};
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    pal_documents all = documents_of(texts, 6), first = documents_of(texts, 2);
    all.rows = places;
    pal_vocabulary words, fewer;
    pal_csr rows, fewer_rows;
    assert_int_equal(pal_keywords_fit(ctx, &options, &all, 4, &arena, &words, &arena, &rows),
                     PAL_OK);
    assert_int_equal(
        pal_keywords_fit(ctx, &options, &first, 2, &arena, &fewer, &arena, &fewer_rows), PAL_OK);
    assert_int_equal(words.n_words, 3);
    assert_int_equal(words.n_rows, 2);
    assert_int_equal(fewer.n_words, 3);
    assert_memory_equal(words.idf, fewer.idf, 3 * sizeof *words.idf);
    assert_true(words.mean_length == 2 && fewer.mean_length == 2);
    assert_int_equal(rows.starts[2] - rows.starts[1], 0);
    assert_int_equal(rows.starts[5] - rows.starts[4], 1); /* of "zebra fox fox" the fox alone */
    assert_true(value_at(&rows, 4, 0) > value_at(&rows, 0, 0));
    assert_true(fabsf(value_at(&rows, 0, 0) - value_at(&fewer_rows, 0, 0)) <= 0);
    pal_arena_release(&arena);
    support_close(ctx);
}

/* Stems are looked up, what was written is shown; each column by its own language. */
static void words_are_shown_as_written(void **state) {
    (void)state;
    static const char *const titles[] = {"The galaxies of the king", "A galaxy",
                                         "The king is here"},
                             *const more[] = {"", "Die Häuser und das Haus",
                                              "der Bücher die Stadt"};
    pal_documents documents = {
        .n_rows = 3, .n_columns = 2, .cells = {titles, more}, .languages = {0, 0}};
    const pal_keyword_options options = {0};
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    pal_vocabulary words;
    pal_csr rows;
    assert_int_equal(pal_documents_settle(ctx, &documents, 3), PAL_OK);
    assert_string_equal(pal_languages[documents.languages[0]], "en");
    assert_string_equal(pal_languages[documents.languages[1]], "de");
    assert_int_equal(pal_keywords_fit(ctx, &options, &documents, 3, &arena, &words, &arena, &rows),
                     PAL_OK);
    int32_t galaxy = pal_vocabulary_find(&words, "galaxi"),
            house = pal_vocabulary_find(&words, "haus");
    assert_true(galaxy >= 0 && house >= 0);
    assert_string_equal(pal_vocabulary_shown(&words, galaxy), "galaxies");
    assert_string_equal(pal_vocabulary_shown(&words, house), "häuser");
    assert_true(value_at(&rows, 1, house) > value_at(&rows, 1, galaxy));
    assert_true(pal_vocabulary_is_valid(&words));
    for (int64_t at = 0; at < words.starts[words.n_words]; at++) {
        if (words.bytes[at]) continue;
        words.bytes[at] = 'x'; /* each NUL is needed */
        assert_false(pal_vocabulary_is_valid(&words));
        words.bytes[at] = 0;
    }
    pal_arena_release(&arena);
    support_close(ctx);
}

static void nothing_is_no_trouble(void **state) {
    (void)state;
    static const char *const texts[] = {"", "", "..."};
    pal_ctx *ctx = support_open(2);
    for (int32_t n = 0; n <= 3; n += 3) {
        const pal_documents documents = documents_of(texts, n);
        for (int32_t form = 0; form < 2; form++) {
            const pal_keyword_options options = {.form = form, .k1 = 1.2, .b = 0.75};
            pal_arena arena = {0};
            pal_vocabulary words;
            pal_csr rows;
            assert_int_equal(
                pal_keywords_fit(ctx, &options, &documents, n, &arena, &words, &arena, &rows),
                PAL_OK);
            assert_int_equal(words.n_words, 0);
            assert_int_equal(rows.starts[n], 0);
            pal_arena_release(&arena);
        }
    }
    support_close(ctx);
}

/* Three chunks of rows: the same bytes for any number of threads. */
static void threads_do_not_matter(void **state) {
    (void)state;
    enum { ROWS = 2 * PAL_DOCUMENT_ROWS + 100 };
    static char bytes[ROWS][64];
    static const char *texts[ROWS];
    for (int32_t r = 0; r < ROWS; r++) {
        snprintf(bytes[r], sizeof *bytes, "w%d Word w%d word%d word", r % 997, r * 7 % 4001,
                 r / 50);
        texts[r] = bytes[r];
    }
    const pal_documents documents = documents_of(texts, ROWS);
    const pal_keyword_options options = {.min_df = 2, .most = 3000};
    pal_arena arena = {0};
    pal_vocabulary words[3];
    pal_csr rows[3];
    for (int32_t t = 0; t < 3; t++) {
        pal_ctx *ctx = support_open(t + 1);
        assert_int_equal(pal_keywords_fit(ctx, &options, &documents, ROWS - 50, &arena, &words[t],
                                          &arena, &rows[t]),
                         PAL_OK);
        support_close(ctx);
    }
    size_t n = (size_t)rows[0].starts[ROWS];
    assert_true(n > 3 * ROWS && words[0].n_words == 3000);
    for (int32_t t = 1; t < 3; t++) {
        assert_memory_equal(words[t].starts, words[0].starts, 3001 * sizeof *words[t].starts);
        assert_memory_equal(words[t].bytes, words[0].bytes, (size_t)words[0].starts[3000]);
        assert_memory_equal(words[t].idf, words[0].idf, 3000 * sizeof *words[t].idf);
        assert_memory_equal(rows[t].starts, rows[0].starts, (ROWS + 1) * sizeof *rows[t].starts);
        assert_memory_equal(rows[t].cols, rows[0].cols, n * sizeof *rows[t].cols);
        assert_memory_equal(rows[t].values, rows[0].values, n * sizeof *rows[t].values);
    }
    pal_arena_release(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_equal_peers),           cmocka_unit_test(later_rows_teach_nothing),
        cmocka_unit_test(words_are_shown_as_written), cmocka_unit_test(nothing_is_no_trouble),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
