/* test_vectors.c - .npy files become vector columns, row by row; what is no such file is refused in
 * one sentence. */
#include <math.h>

#include "data/container.h"
#include "data/npy.h"
#include "read_support.h"

static const char log_text[] = "user_id,item_id,timestamp\nann,a,1000000000\nbob,b,1000000060\n"
                               "ann,c,1000000120\nbob,d,1000000180\n";
static const char header_text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";

static const pal_column *column_of(const pal_data *data) {
    const pal_column *column = pal_catalog_column(&data->catalog, "img");
    if (!column || column->type != PAL_FEATURE_VECTOR) fail_msg("no vectors");
    return column;
}

/* A file of version `version` with the header and the bytes behind it. */
static void write_npy(const char *name, int version, const char *header, const void *data,
                      size_t n) {
    char file[512] = "\x93NUMPY";
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    file[6] = (char)version;
    file[8] = (char)length;
    memcpy(file + start, header, length);
    memcpy(file + start + length, data, n);
    pal_ctx ctx = {0};
    assert_int_equal(pal_file_write(&ctx, path_of(name), file, start + length + n), PAL_OK);
}

static void test_all_types(void **state) {
    (void)state;
    const float singles[] = {1, -2.5F, 0, 3, 0.25F, 65504};
    const double doubles[] = {1, -2.5, 0, 3, 0.25, 65504};
    const uint16_t halves[] = {0x3C00, 0xC100, 0, 0x4200, 0x3400, 0x7BFF};
    const struct {
        const char *descr;
        const void *data;
        size_t n;
    } types[] = {{"<f4", singles, sizeof singles},
                 {"<f8", doubles, sizeof doubles},
                 {"<f2", halves, sizeof halves}};
    write_text("log.csv", log_text);
    write_text("img.ids.txt", "a\nzz\r\nb");
    for (int version = 1; version <= 2; version++) {
        for (size_t i = 0; i < 3; i++) {
            char header[128];
            snprintf(header, sizeof header,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (3, 2), }   \n",
                     types[i].descr);
            write_npy("img.npy", version, header, types[i].data, types[i].n);
            pal_data *data = read_paths(
                &(pal_paths){.log = path_of("log.csv"), .vectors = path_of("img.npy")}, NULL);
            const pal_column *column = column_of(data);
            assert_int_equal(column->n_dims, 2);
            assert_memory_equal(column->vectors, singles, sizeof singles);
            assert_int_equal(data->catalog.ids.n, 3);
            assert_int_equal(column->n_missing, 0);
            pal_data_free(data);
        }
    }
}

/* Subnormal, largest and infinite halves. */
static void test_halves(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    const uint16_t halves[] = {0x0001, 0x8001, 0x0400, 0x7C00, 0xFC00, 0x7E00};
    write_npy("x.npy", 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", halves,
              sizeof halves);
    pal_bytes bytes;
    pal_npy npy;
    float row[3];
    assert_int_equal(pal_file_read(&ctx, path_of("x.npy"), &bytes), PAL_OK);
    assert_int_equal(pal_npy_parse(&ctx, "x", &bytes, &npy), PAL_OK);
    assert_int_equal(pal_npy_row(&npy, 0, row), -1);
    assert_true(row[0] == 0x1p-24F && row[1] == -0x1p-24F && row[2] == 0x1p-14F);
    assert_int_equal(pal_npy_row(&npy, 1, row), 0);
    assert_true(isinf(row[0]) && row[0] > 0 && isinf(row[1]) && row[1] < 0 && isnan(row[2]));
    pal_bytes_release(&bytes);
}

static void test_vectors_go_with_a_catalog(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    const float vectors[] = {1, -2.5F, 0, 3, 0.25F, 65504};
    write_text("log.csv", log_text);
    write_text("things.tsv", "item_id\ttitle\nb\tBee\na\tAnt\n");
    write_text("img.ids.txt", "b\nnew\na\n");
    write_npy("img.npy", 1, header_text, vectors, sizeof vectors);
    pal_paths paths = {
        .log = path_of("log.csv"), .items = path_of("things.tsv"), .vectors = path_of("img.npy")};
    pal_data *data = read_paths(&paths, NULL);
    const float expected[] = {1, -2.5F, 0.25F, 65504, 0, 3};
    assert_int_equal(data->catalog.ids.n, 3);
    assert_memory_equal(column_of(data)->vectors, expected, sizeof expected);
    assert_title(data, "b", "Bee");
    assert_title(data, "new", NULL);
    assert_int_equal(pal_data_save(&ctx, data, path_of("x.palate")), PAL_OK);
    pal_data *back = read_paths(&(pal_paths){.log = path_of("x.palate")}, NULL);
    assert_int_equal(column_of(back)->n_dims, 2);
    assert_memory_equal(column_of(back)->vectors, expected, sizeof expected);
    pal_data_free(back);
    pal_data_free(data);
    assert_refused(&paths, "item_columns=img=token", PAL_EUSAGE, "cannot be a token");

    unlink(path_of("img.ids.txt"));
    assert_refused(&paths, NULL, PAL_EFORMAT,
                   "has 3 rows where the table of items has 2: name the rows in");
    write_text("things.tsv", "item_id\ttitle\nb\tBee\na\tAnt\nc\tCow\n");
    data = read_paths(&paths, NULL);
    assert_memory_equal(column_of(data)->vectors, vectors, sizeof vectors);
    pal_data_free(data);
    write_text("things.tsv", "item_id\timg\nb\tBee\na\tAnt\nc\tCow\n");
    assert_refused(&paths, NULL, PAL_EUSAGE, "has a column 'img' already");
}

static void test_wrong_files_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *header, *sentence;
    } wrong[] = {
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }", "is in Fortran order"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (3, 2), }", "of type '<i8'"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (3, 2), }", "of type '>f4'"},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,), }", "[('x', '<f4')]"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", "has 1 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "has 0 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 1), }", "has 3 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3), }", "cut or damaged"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1), }", "cut or damaged"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, "
         "999999999999999999), }",
         "cut or damaged"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", "holds no numbers"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, -2), }", "has no shape"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 2), }", "does not say type"},
        {"{'descr': '<f4', 'fortran_order': False}", "does not say type"},
        {"", "does not say type"},
    };
    const float vectors[] = {1, -2.5F, 0, 3, NAN, 65504};
    write_text("log.csv", log_text);
    write_text("img.ids.txt", "a\nb\nc\n");
    pal_paths paths = {.log = path_of("log.csv"), .vectors = path_of("img.npy")};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_npy("img.npy", 1, wrong[i].header, vectors, sizeof vectors);
        pal_status status = strstr(wrong[i].sentence, "no numbers") ? PAL_EDATA : PAL_EFORMAT;
        assert_refused(&paths, NULL, status, wrong[i].sentence);
    }
    write_npy("img.npy", 1, header_text, vectors, sizeof vectors);
    assert_refused(&paths, NULL, PAL_EFORMAT, "row 2, column 0 (counted from 0) is not a finite");
    write_text("img.ids.txt", "a\nb\n");
    assert_refused(&paths, NULL, PAL_EFORMAT, "names 2 ids, but");
    write_text("img.ids.txt", "a\nb\na\n");
    assert_refused(&paths, NULL, PAL_EFORMAT, "img.ids.txt:3: 'a' stands in line 1 already");
    write_text("img.ids.txt", "a\n\nc\n");
    assert_refused(&paths, NULL, PAL_EFORMAT, "img.ids.txt:2: the id is empty");
    write_npy("img.npy", 9, header_text, vectors, sizeof vectors);
    assert_refused(&paths, NULL, PAL_EFORMAT, "has .npy version 9.0");
    write_text("img.npy", "hello, world");
    assert_refused(&paths, NULL, PAL_EFORMAT, "is no .npy file");
    write_text("img.npy", "\x93NUMPY\1");
    assert_refused(&paths, NULL, PAL_EFORMAT, "is no .npy file");
}

/* What a file says of its vectors is not believed. */
static void test_strangers_vectors_are_refused(void **state) {
    (void)state;
    const float vectors[] = {1, 2, NAN, 4};
    const char *const cells[] = {"", ""};
    pal_ids ids = {0};
    assert_int_equal(pal_ids_add(&ids, "a", 1), 0);
    assert_int_equal(pal_ids_add(&ids, "b", 1), 1);
    for (int32_t n_dims = 1; n_dims <= 2; n_dims++) {
        pal_column column = {.name = "v",
                             .cells = cells,
                             .type = PAL_FEATURE_VECTOR,
                             .n_dims = n_dims,
                             .vectors = vectors};
        const pal_catalog catalog = {.ids = ids, .n_columns = 1, .columns = &column, .title = -1};
        pal_ctx ctx = {0};
        pal_container made = {0}, opened;
        pal_catalog back = {0};
        assert_int_equal(pal_catalog_store(&ctx, &catalog, false, "c/", &made), PAL_OK);
        assert_int_equal(pal_container_write(&ctx, &made, "log", path_of("v.palate")), PAL_OK);
        assert_int_equal(pal_container_open(&ctx, path_of("v.palate"), "log", true, &opened),
                         PAL_OK);
        pal_status status = pal_catalog_restore(&ctx, &opened, "c/", &back);
        assert_int_equal(status, n_dims == 1 ? PAL_OK : PAL_EFORMAT);
        if (n_dims == 2) assert_non_null(strstr(ctx.error, "vectors are not finite"));
        pal_catalog_release(&back);
        pal_container_release(&opened);
        pal_container_release(&made);
    }
    pal_ids_release(&ids);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_all_types),
        FOLDER_TEST(test_halves),
        FOLDER_TEST(test_vectors_go_with_a_catalog),
        FOLDER_TEST(test_wrong_files_are_refused),
        FOLDER_TEST(test_strangers_vectors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
