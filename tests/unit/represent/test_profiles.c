/* test_profiles.c - histories as weighed items, their sums, and dense rows of columns and texts. */
#include "support.h"

#include <math.h>

#include "represent/history.h"
#include "represent/keywords.h"
#include "represent/languages.h"
#include "represent/vectors.h"

static void assert_near(double found, double expected) {
    if (!(fabs(found - expected) <= 1e-6)) fail_msg("%.9g is not %.9g", found, expected);
}

static void events_are_weighed(void **state) {
    (void)state;
    const int32_t items[] = {3, 1, 3, 0};
    const float values[] = {1, 5, 3, 3}, equal[] = {4, 4, 4, 4};
    const int64_t times[] = {0, 100, 200, 300};
    static const struct {
        pal_profile_options options;
        int32_t values;
        double weights[3]; /* of items 0, 1, 3 */
    } rows[] = {
        {{0, 0}, 1, {1, 1, 2}},
        {{0, 1}, 0, {1, 1, 2}},                /* no values */
        {{0, 1}, 2, {1, 1, 2}},                /* all alike */
        {{0, 1}, 1, {1, 2, 0 + 1}},            /* mean 3, largest distance 2 */
        {{0, 2}, 1, {1, 3, -1 + 1}},           /* disliked and liked again */
        {{100, 0}, 1, {1, 0.25, 0.125 + 0.5}}, /* now is 300 */
        {{100, 1}, 1, {1, 0.5, 0 + 0.5}},
    };
    float sums[4] = {0};
    uint8_t marks[4] = {0};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const pal_profile_events events = {.n = 4,
                                           .items = items,
                                           .values = rows[r].values == 0   ? NULL
                                                     : rows[r].values == 1 ? values
                                                                           : equal,
                                           .times = times,
                                           .now = 300};
        int32_t found[3]; /* as many as are distinct */
        float weights[3];
        assert_int_equal(pal_profile_weigh(&rows[r].options, &events, sums, marks, found, weights),
                         3);
        assert_int_equal(found[0], 0);
        assert_int_equal(found[1], 1);
        assert_int_equal(found[2], 3);
        for (int32_t i = 0; i < 3; i++) assert_near((double)weights[i], rows[r].weights[i]);
        for (int32_t i = 0; i < 4; i++) assert_true(sums[i] == 0 && marks[i] == 0);
    }
    const pal_profile_events none = {0}, late = {.n = 1, .items = items, .times = times, .now = -9};
    int32_t found[3];
    float weights[3];
    assert_int_equal(pal_profile_weigh(&rows[5].options, &none, sums, marks, found, weights), 0);
    assert_int_equal(pal_profile_weigh(&rows[5].options, &late, sums, marks, found, weights), 1);
    assert_near((double)weights[0], 1);
}

static void rows_add_up(void **state) {
    (void)state;
    const int64_t starts[] = {0, 2, 3};
    const int32_t cols[] = {0, 2, 2};
    const float values[] = {1, 2, 3}, weights[] = {2, -1};
    const int32_t items[] = {0, 1};
    const pal_csr rows = {
        .n_rows = 2, .n_cols = 3, .starts = starts, .cols = cols, .values = values};
    float out[3] = {0};
    pal_profile_add(&rows, items, weights, 2, out);
    assert_near((double)out[0], 2);
    assert_near((double)out[1], 0);
    assert_near((double)out[2], 1);
}

static void vectors_have_length_one(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    const float vectors[] = {3, 4, 0, 0, 1e30F, 0};
    const pal_column column = {.type = PAL_FEATURE_VECTOR, .n_dims = 2, .vectors = vectors},
                     other = {.type = PAL_FEATURE_TEXT};
    const int32_t rows[] = {0, -1, 1, 2};
    pal_vectors out;
    assert_int_equal(pal_vectors_of_column(ctx, &column, rows, 4, &arena, &out), PAL_OK);
    assert_near((double)out.vectors[0], 0.6);
    assert_near((double)out.vectors[1], 0.8);
    assert_near((double)out.vectors[6], 1);
    assert_true(pal_vectors_known(&out, 0) && pal_vectors_known(&out, 3));
    assert_false(pal_vectors_known(&out, 1) || pal_vectors_known(&out, 2));
    assert_int_equal(pal_vectors_of_column(ctx, &other, rows, 4, &arena, &out), PAL_OK);
    assert_int_equal(out.n_rows, 0);
    pal_arena_release(&arena);
    support_close(ctx);
}

static double similarity(const pal_vectors *v, int32_t a, int32_t b) {
    double sum = 0;
    for (int32_t d = 0; d < v->n_dims; d++)
        sum += (double)v->vectors[a * v->n_dims + d] * (double)v->vectors[b * v->n_dims + d];
    return sum;
}

/* "car" and "auto" stand with the same words, never with each other; the last row is new. */
static void texts_that_share_no_word_are_near(void **state) {
    (void)state;
    static const char *const texts[] = {"car engine wheel",
                                        "auto engine wheel",
                                        "car wheel road",
                                        "auto road engine",
                                        "apple pear plum",
                                        "pear plum tree",
                                        "apple tree plum",
                                        "car",
                                        "auto",
                                        "pear",
                                        "",
                                        "auto zebra"};
    enum { TEXTS = sizeof texts / sizeof *texts, FIT = TEXTS - 1 };
    pal_arena arena = {0};
    pal_vectors of_threads[2];
    for (int32_t t = 0; t < 2; t++) {
        pal_ctx *ctx = support_open(t + 1);
        const pal_documents documents = {
            .n_rows = TEXTS, .n_columns = 1, .cells = {texts}, .languages = {PAL_LANGUAGE_NONE}};
        const pal_keyword_options options = {0};
        pal_vocabulary words;
        pal_csr rows;
        float *directions;
        assert_int_equal(
            pal_keywords_fit(ctx, &options, &documents, FIT, &arena, &words, &arena, &rows),
            PAL_OK);
        assert_int_equal(
            pal_vectors_of_keywords(ctx, &rows, FIT, 2, &arena, &of_threads[t], &directions),
            PAL_OK);
        pal_csr none = {.starts = (const int64_t[]){0}};
        assert_int_equal(
            pal_vectors_of_keywords(ctx, &none, 0, 2, &arena, &(pal_vectors){0}, &directions),
            PAL_EDATA);
        support_close(ctx);
    }
    const pal_vectors *v = &of_threads[0];
    assert_memory_equal(v->vectors, of_threads[1].vectors, TEXTS * 2 * sizeof *v->vectors);
    assert_true(similarity(v, 7, 8) > 0.9);
    assert_true(fabs(similarity(v, 7, 9)) < 0.1);
    assert_near(similarity(v, 7, 7), 1);
    assert_true(similarity(v, 8, 11) > 0.999);
    assert_false(pal_vectors_known(v, 10));
    pal_arena_release(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_weighed),
        cmocka_unit_test(rows_add_up),
        cmocka_unit_test(vectors_have_length_one),
        cmocka_unit_test(texts_that_share_no_word_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
