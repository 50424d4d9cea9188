/* test_attributes.c - cells as features: which rows teach, what is missing, what is crossed. */
#include "support.h"

#include <math.h>

#include "represent/attributes.h"

enum { ROWS = 5 };

/* Told types, so that five rows suffice. */
static void catalog_make(pal_ctx *ctx, pal_catalog *out) {
    static const char *const ids[ROWS] = {"a", "b", "c", "d", "e"}, *const cells[4][ROWS] = {
                                                                        {"acme", "acme", "zeta", "",
                                                                         "zeta"},
                                                                        {"drama|war", "war",
                                                                         "drama", "", "war|noir"},
                                                                        {"1", "3", "", "5", "1e30"},
                                                                        {"A", "B", "C", "D", "E"},
                                                                    };
    static const char *const names[4] = {"brand", "genres", "price", "title"};
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < ROWS; i++) assert_int_equal(pal_ids_add(&out->ids, ids[i], 1), i);
    out->columns = PAL_ARENA_ARRAY(&out->arena, pal_column, 4);
    assert_non_null(out->columns);
    for (int32_t c = 0; c < 4; c++) {
        strcpy(out->columns[c].name, names[c]);
        out->columns[c].cells = cells[c];
    }
    out->n_columns = 4;
    out->title = 3;
    assert_int_equal(
        pal_catalog_settle(ctx, out, "items", "brand=token,genres=set,price=number,title=token"),
        PAL_OK);
}

static int32_t feature_of(const pal_attributes *attributes, const char *name) {
    for (int32_t f = 0; f < attributes->n_features; f++) {
        pal_text text = {0};
        pal_attribute_describe(attributes, f, &text);
        bool is_it = !strcmp(text.bytes, name);
        pal_text_release(&text);
        if (is_it) return f;
    }
    return -1;
}

static double value_of(const pal_csr *rows, const pal_attributes *attributes, int32_t row,
                       const char *name) {
    int32_t f = feature_of(attributes, name);
    if (f < 0) fail_msg("no feature '%s'", name);
    int64_t at = pal_row_find(rows->cols, rows->starts[row], rows->starts[row + 1], f);
    return at < 0 ? 0 : (double)rows->values[at];
}

static void cells_become_features(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_catalog catalog;
    pal_arena arena = {0};
    pal_attributes attributes;
    pal_csr rows;
    catalog_make(ctx, &catalog);
    const int32_t places[] = {0, 1, 2, 3, -1, 4}; /* the last is new */
    const pal_attribute_options options = {0};
    assert_int_equal(
        pal_attributes_fit(ctx, &options, &catalog, places, 6, 5, &arena, &attributes, &rows),
        PAL_OK);
    assert_int_equal(attributes.n_features, 2 + 2 + 2); /* noir is of the new row alone */
    assert_true(value_of(&rows, &attributes, 0, "brand: acme") == 1);
    assert_true(value_of(&rows, &attributes, 0, "genres: drama") == 1);
    assert_true(value_of(&rows, &attributes, 0, "genres: war") == 1);
    assert_true(value_of(&rows, &attributes, 1, "genres: drama") == 0);
    assert_true(value_of(&rows, &attributes, 5, "brand: zeta") == 1);
    assert_int_equal(feature_of(&attributes, "genres: noir"), -1);
    assert_int_equal(feature_of(&attributes, "title: A"), -1);
    /* 1, 3, 5: mean 3, deviation √(8/3); far values end at 8. */
    assert_true(fabs(value_of(&rows, &attributes, 0, "price") + 2 / sqrt(8.0 / 3)) < 1e-6);
    assert_true(value_of(&rows, &attributes, 1, "price") == 0);
    assert_true(value_of(&rows, &attributes, 5, "price") == 8);
    assert_true(value_of(&rows, &attributes, 2, "price: missing") == 1);
    assert_true(value_of(&rows, &attributes, 0, "price: missing") == 0);
    assert_int_equal(rows.starts[5] - rows.starts[4], 0);
    pal_arena_release(&arena);
    pal_catalog_release(&catalog);
    support_close(ctx);
}

static void rare_tokens_are_left_out(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_catalog catalog;
    pal_arena arena = {0};
    pal_attributes attributes;
    pal_csr rows;
    catalog_make(ctx, &catalog);
    const int32_t places[] = {0, 1, 2, 3, 4};
    const pal_attribute_options options = {.least = 3};
    assert_int_equal(
        pal_attributes_fit(ctx, &options, &catalog, places, 5, 5, &arena, &attributes, &rows),
        PAL_OK);
    assert_int_equal(attributes.n_features, 1 + 2);
    assert_true(value_of(&rows, &attributes, 4, "genres: war") == 1);
    pal_arena_release(&arena);
    pal_catalog_release(&catalog);
    support_close(ctx);
}

static void pairs_are_crossed(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_catalog catalog;
    pal_arena arena = {0};
    pal_attributes attributes;
    pal_csr rows;
    catalog_make(ctx, &catalog);
    const int32_t places[] = {0, 1, 2, 3, 4};
    pal_attribute_options options = {
        .n_crosses = 1, .crosses = {{&catalog.columns[0], &catalog.columns[1]}}, .cross_bits = 16};
    assert_int_equal(
        pal_attributes_fit(ctx, &options, &catalog, places, 5, 5, &arena, &attributes, &rows),
        PAL_OK);
    const pal_attribute *cross = &attributes.at[attributes.n - 1];
    int32_t first = cross->first;
    assert_int_equal(cross->n_features, 1 << 16);
    int64_t n[ROWS], last[ROWS];
    for (int32_t r = 0; r < ROWS; r++) {
        n[r] = 0;
        for (int64_t e = rows.starts[r]; e < rows.starts[r + 1]; e++) {
            if (rows.cols[e] < first) continue;
            n[r]++;
            last[r] = rows.cols[e];
        }
    }
    assert_int_equal(n[0], 2); /* acme × {drama, war} */
    assert_int_equal(n[1], 1);
    assert_int_equal(n[2], 1);
    assert_int_equal(n[3], 0);
    assert_int_equal(n[4], 2);
    assert_true(pal_row_find(rows.cols, rows.starts[0], rows.starts[1], (int32_t)last[1]) >= 0);
    assert_true(pal_row_find(rows.cols, rows.starts[0], rows.starts[1], (int32_t)last[2]) < 0);
    /* One bucket: what falls into it adds up. */
    options.cross_bits = 0;
    options.n_crosses = 1;
    assert_int_equal(
        pal_attributes_fit(ctx, &options, &catalog, places, 5, 5, &arena, &attributes, &rows),
        PAL_OK);
    assert_true(value_of(&rows, &attributes, 0, "brand x genres") == 2);
    options.crosses[0][1] = &catalog.columns[2];
    assert_int_equal(
        pal_attributes_fit(ctx, &options, &catalog, places, 5, 5, &arena, &attributes, &rows),
        PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "'price'"));
    pal_arena_release(&arena);
    pal_catalog_release(&catalog);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_become_features),
        cmocka_unit_test(rare_tokens_are_left_out),
        cmocka_unit_test(pairs_are_crossed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
