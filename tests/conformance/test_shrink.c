/* test_shrink.c - models in bf16 and int8: every kind answers the same from memory and from its
 * file, near to what it answered in float32, in the fewer bytes that were promised. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "models/explain.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"
#include "specs.h"

enum { USERS = 48, ITEMS = 70, EVENTS = 600 };

/* Three tastes with some noise. */
static void make_log(pal_ctx *ctx, support_log *out) {
    static int32_t users[EVENTS], items[EVENTS];
    static int64_t times[EVENTS];
    static float values[EVENTS];
    pal_rng rng = pal_rng_at(7, 0);
    for (int32_t e = 0; e < EVENTS; e++) {
        users[e] = e % USERS;
        int32_t any = (int32_t)pal_rng_below(&rng, ITEMS);
        items[e] = e < ITEMS ? e : e % 5 ? any / 3 * 3 % 69 + users[e] % 3 : any;
        values[e] = (float)(1 + pal_rng_below(&rng, 5));
        times[e] = 1000 + e;
    }
    support_log_make(ctx, out, USERS, ITEMS, EVENTS, users, items, times, values);
}

static void spec_of(const pal_kind *kind, char *out, size_t n) {
    bool is_long = !strcmp(kind->family, "neural") && pal_param_find(kind->params, "epochs");
    spec_of_kind(kind, "als factors=8 > bpr epochs=3", "als factors=12, item_knn", "bpr epochs=3",
                 is_long ? " epochs=4" : "", out, n);
}

static pal_model *train(pal_ctx *ctx, const char *spec, const support_log *log) {
    pal_model *model = NULL;
    pal_catalog catalog;
    support_catalog_make(ctx, log, &catalog);
    pal_train_input input = {.log = &log->log, .items = &catalog};
    if (pal_model_train(ctx, spec, &input, &model) != PAL_OK) fail_msg("%s: %s", spec, ctx->error);
    model->items = NULL; /* ends with this function */
    pal_catalog_release(&catalog);
    return model;
}

static char *file_bytes(pal_ctx *ctx, const pal_model *model, size_t *n) {
    char path[] = "/tmp/palate-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    if (pal_model_save(ctx, model, path) != PAL_OK) fail_msg("%s", ctx->error);
    FILE *file = fopen(path, "rb");
    char *bytes = aligned_alloc(64, 1 << 23);
    *n = fread(bytes, 1, 1 << 23, file);
    fclose(file);
    unlink(path);
    return bytes;
}

/* Known users, then the same histories of strangers, then nothing. */
enum { QUERIES = 2 * USERS + 1 };

static pal_lists rank_all(pal_ctx *ctx, const pal_model *model, pal_arena *arena) {
    static pal_query queries[QUERIES];
    for (int32_t u = 0; u < USERS; u++) {
        queries[u] = queries[USERS + u] = pal_query_of_user(model, u);
        queries[USERS + u].user_plus_1 = 0;
        queries[USERS + u].n_events -= u % 3;
    }
    pal_lists lists;
    pal_rank_options options = {.k = ITEMS, .hide = PAL_HIDE_NONE};
    assert_int_equal(pal_rank(ctx, model, queries, QUERIES, &options, arena, &lists), PAL_OK);
    return lists;
}

static void assert_same_lists(const pal_lists *a, const pal_lists *b) {
    size_t n = (size_t)(a->n * a->k);
    assert_int_equal(a->k, b->k);
    assert_memory_equal(a->items, b->items, n * sizeof *a->items);
    assert_memory_equal(a->scores, b->scores, n * sizeof *a->scores);
}

/* Scores of one query by item; -inf where it is not listed. */
static void spread(const pal_lists *lists, int32_t q, float *scores) {
    for (int32_t i = 0; i < ITEMS; i++) scores[i] = -INFINITY;
    for (int32_t r = 0; r < lists->counts[q]; r++)
        scores[lists->items[q * lists->k + r]] = lists->scores[q * lists->k + r];
}

/* The largest change of a score against how far scores of its list lie apart. */
static double largest_change(const pal_lists *before, const pal_lists *after) {
    double largest = 0;
    for (int32_t q = 0; q < before->n; q++) {
        float a[ITEMS], b[ITEMS], low = INFINITY, high = -INFINITY;
        spread(before, q, a);
        spread(after, q, b);
        for (int32_t i = 0; i < ITEMS; i++) {
            assert_int_equal(isinf(a[i]), isinf(b[i]));
            if (isinf(a[i])) continue;
            low = fminf(low, a[i]);
            high = fmaxf(high, a[i]);
        }
        for (int32_t i = 0; i < ITEMS && high > low; i++) {
            if (isfinite(a[i]))
                largest = fmax(largest, fabs((double)(a[i] - b[i])) / (double)(high - low));
        }
    }
    return largest;
}

static bool has_small(const pal_model *model) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors), n_parts;
    for (int32_t t = 0; t < n; t++) {
        if (tensors[t].small) return true;
    }
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t p = 0; p < n_parts; p++) {
        if (has_small(parts[p])) return true;
    }
    return false;
}

/* Reasons of a kind's own add up to the small model's score. */
static void assert_reasons_add_up(pal_ctx *ctx, const pal_model *model, pal_arena *arena) {
    for (int32_t u = 0; u < USERS; u += 11) {
        pal_query query = pal_query_of_user(model, u);
        query.user_plus_1 = u % 2 ? query.user_plus_1 : 0;
        pal_explanation found;
        assert_int_equal(pal_explain(ctx, model, &query, u, arena, &found), PAL_OK);
        double sum = 0;
        for (int32_t r = 0; r < found.n; r++) sum += found.reasons[r].amount;
        if (found.is_sum) assert_true(fabs(sum - found.score) <= 1e-4 * (1 + fabs(sum)));
    }
}

/* Who is like whom is read from the rows, whatever form they have. */
static void assert_likeness_stays(pal_ctx *ctx, const pal_model *whole, const pal_model *small,
                                  pal_arena *arena) {
    const pal_model *models[] = {whole, small};
    float cosines[2][USERS] = {{0}};
    for (int m = 0; m < 2; m++) {
        pal_lists found;
        assert_int_equal(pal_similar_users(ctx, models[m], 5, USERS, arena, &found), PAL_OK);
        for (int32_t r = 0; r < found.counts[0]; r++) cosines[m][found.items[r]] = found.scores[r];
    }
    for (int32_t u = 0; u < USERS; u++) assert_true(fabsf(cosines[0][u] - cosines[1][u]) < 0.02f);
}

static void assert_damage_is_refused(pal_ctx *ctx, char *bytes, size_t n) {
    pal_model *loaded;
    for (size_t at = 0; at < n; at += 1 + n / 101) {
        bytes[at] = (char)(bytes[at] ^ 4);
        assert_int_not_equal(pal_model_parse(ctx, "a test", bytes, n, &loaded), PAL_OK);
        assert_true(strlen(ctx->error) > 10);
        bytes[at] = (char)(bytes[at] ^ 4);
    }
}

/* What of a score's range a rounding may move: bf16 keeps 8 bits, int8 a 254th of a row's largest
 * number; both add up over a few rows and a network. */
static const double most_change[] = {0, 0.06, 0.06};

static void check_precision(pal_ctx *ctx, const pal_model *model, pal_precision precision) {
    pal_arena arena = {0};
    pal_model *small, *loaded;
    size_t n, n_again;
    if (pal_model_shrink_to(ctx, model, precision, &small) != PAL_OK) fail_msg("%s", ctx->error);
    char *bytes = file_bytes(ctx, small, &n);
    if (pal_model_parse(ctx, "a test", bytes, n, &loaded) != PAL_OK) fail_msg("%s", ctx->error);
    char *again = file_bytes(ctx, loaded, &n_again);
    assert_int_equal(n, n_again);
    assert_memory_equal(bytes, again, n);
    pal_lists whole = rank_all(ctx, model, &arena), lists = rank_all(ctx, small, &arena),
              of_file = rank_all(ctx, loaded, &arena);
    assert_same_lists(&lists, &of_file);
    int64_t before = pal_model_state_bytes(model), after = pal_model_state_bytes(small);
    assert_int_equal(pal_model_parameters(small), pal_model_parameters(model));
    if (has_small(model)) {
        double change = largest_change(&whole, &lists);
        assert_true(after < before);
        if (!(change <= most_change[precision]))
            fail_msg("%s as %s moves a score by %g of their range", model->spec,
                     pal_precision_names[precision], change);
        assert_reasons_add_up(ctx, small, &arena);
        assert_likeness_stays(ctx, model, small, &arena);
        assert_int_equal(pal_model_shrink_to(ctx, small, precision, &loaded), PAL_EUSAGE);
    } else {
        assert_int_equal(after, before);
        assert_same_lists(&whole, &lists);
    }
    assert_damage_is_refused(ctx, bytes, n);
    free(bytes);
    free(again);
    pal_model_free(small);
    pal_model_free(loaded);
    pal_arena_release(&arena);
}

static void small_models_answer_alike(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    int32_t n_small = 0;
    make_log(ctx, &log);
    for (int32_t k = 0; pal_kinds[k]; k++) {
        char spec[96];
        spec_of(pal_kinds[k], spec, sizeof spec);
        print_message("  %s\n", spec);
        pal_model *model = train(ctx, spec, &log);
        n_small += has_small(model);
        check_precision(ctx, model, PAL_PRECISION_BF16);
        check_precision(ctx, model, PAL_PRECISION_INT8);
        pal_model_free(model);
    }
    assert_true(n_small >= 12);
    support_log_release(&log);
    support_close(ctx);
}

/* Half and a quarter of the numbers, and a scale for each row. */
static void bytes_are_as_promised(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    make_log(ctx, &log);
    pal_model *model = train(ctx, "bpr factors=32 epochs=2", &log), *small;
    int64_t rows = USERS + ITEMS, biases = 4 * ITEMS;
    assert_int_equal(pal_model_state_bytes(model), rows * 32 * 4 + biases);
    assert_int_equal(pal_model_parameters(model), rows * 32 + ITEMS);
    const int64_t expected[] = {rows * 32 * 4, rows * 32 * 2, rows * (32 + 4)};
    for (int32_t p = PAL_PRECISION_FLOAT32; p <= PAL_PRECISION_INT8; p++) {
        assert_int_equal(pal_model_shrink_to(ctx, model, (pal_precision)p, &small), PAL_OK);
        assert_int_equal(pal_model_state_bytes(small), expected[p] + biases);
        pal_model_free(small);
    }
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

typedef struct {
    int32_t n_keeps, n_takes;
} told;

static void listen(void *arg, pal_notice_type kind, const char *text) {
    told *t = arg;
    (void)kind;
    t->n_keeps += strstr(text, "keeps float32") != NULL;
    t->n_takes += strstr(text, "what it learned takes") != NULL;
}

/* Where nothing shrank no sizes are told; where a part did they are. */
static void sizes_are_told_where_they_differ(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        told expected;
    } cases[] = {{"item_knn", {1, 0}},
                 {"bpr epochs=2", {0, 1}},
                 {"blend(item_knn, bpr epochs=2) weights=1,1", {1, 1}},
                 {"blend(item_knn, markov) weights=1,1", {2, 0}}};
    pal_ctx *ctx = support_open(1);
    support_log log;
    make_log(ctx, &log);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        pal_model *model = train(ctx, cases[c].spec, &log), *small;
        told t = {0};
        ctx->notice = listen;
        ctx->notice_arg = &t;
        assert_int_equal(pal_model_shrink_to(ctx, model, PAL_PRECISION_INT8, &small), PAL_OK);
        ctx->notice = NULL;
        assert_int_equal(t.n_keeps, cases[c].expected.n_keeps);
        assert_int_equal(t.n_takes, cases[c].expected.n_takes);
        pal_model_free(small);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_models_answer_alike),
        cmocka_unit_test(bytes_are_as_promised),
        cmocka_unit_test(sizes_are_told_where_they_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
