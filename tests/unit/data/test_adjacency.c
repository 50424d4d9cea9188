/* test_adjacency.c - LightGCN's lines of a user and its items. */
#include "read_support.h"

static void test_file(void **state) {
    (void)state;
    static const char *const texts[] = {
        "0 795 694 1531\n2 3465 694\n3\n",
        "0 795 694 1531\r\n2 3465 694 \r\n\r\n3 ",
        "\n0 795 694 1531\n2  3465 694\n3 \n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pal_data *data = read_text(texts[i], NULL);
        assert_string_equal(data->format, "adjacency");
        assert_string_equal(data->columns, "user=1 item=2");
        assert_int_equal(data->parts[0].n_events, 5);
        assert_int_equal(data->user_ids.n, 2);
        assert_event(data, 0, "0", "795");
        assert_event(data, 2, "0", "1531");
        assert_event(data, 4, "2", "694");
        assert_null(data->parts[0].times);
        assert_null(data->parts[0].values);
        assert_finds(data, "1 user without items in log");
        pal_data_free(data);
    }
}

static void test_what_is_no_adjacency(void **state) {
    (void)state;
    static const char *const texts[] = {
        "1 2 4\n1 3 5\n", /* equally many: LIBMF or a graph */
        "1 2 4\n1 3\n",   /* a user twice */
        "1 2 4.5\n2 3\n", /* no whole number */
        "a 2 4\nb 3\n",   /* no numbers */
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_text_refused(texts[i], NULL, PAL_EFORMAT, "only one column found");
    pal_data *data = read_text("1 2 4\n2 3 5\n", "format=adjacency");
    assert_int_equal(data->parts[0].n_events, 4);
    pal_data_free(data);
    data = read_text("1,2\n3,4\n", NULL);
    assert_string_equal(data->format, "table");
    pal_data_free(data);
}

static void test_wrong_lines(void **state) {
    (void)state;
    static const char text[] = "0 1 2\n1 7 x\n2 3\n4 1 -5\n5\t1\n6 1\n7 1\n8 1\n";
    assert_text_refused(text, "format=adjacency", PAL_EFORMAT,
                        "log:2: expected a user and its items as whole numbers with one space "
                        "between them, not 'x'");
    pal_data *data = read_text(text, "format=adjacency bad_lines=skip");
    assert_int_equal(data->parts[0].n_events, 6);
    assert_int_equal(pal_ids_find(&data->item_ids, "7", 1), -1); /* nothing of a wrong line */
    assert_finds(data, "3 lines skipped");
    pal_data_free(data);
    assert_text_refused("", "format=adjacency", PAL_EFORMAT, "log: the file is empty");
    assert_text_refused("1\n2\n", "format=adjacency", PAL_EDATA, "log: holds no events");
    assert_text_refused("1 2\n2\n", "columns=user=1,item=2", PAL_EUSAGE,
                        "log: adjacency lines have a user and its items, no columns");
}

static void test_folder(void **state) {
    (void)state;
    write_text("train.txt", "0 5 6 7\n1 5\n2\n");
    write_text("test.txt", "0 8\n1 \n3 5\n");
    pal_data *data = read_folder();
    assert_string_equal(data->format, "adjacency");
    assert_int_equal(data->n_parts, 2);
    assert_int_equal(data->parts[0].n_events, 4);
    assert_int_equal(data->parts[0].n_users, 2);
    assert_int_equal(data->parts[0].n_items, 3);
    assert_int_equal(data->parts[1].n_events, 2);
    assert_int_equal(data->parts[1].n_users, 3);
    assert_int_equal(data->parts[1].n_items, 4);
    pal_data_free(data);
    write_text("valid.txt", "1 6\n");
    data = read_folder();
    assert_int_equal(data->n_parts, 3);
    assert_int_equal(data->parts[1].n_events, 1);
    pal_data_free(data);
    assert_refused(&(pal_paths){.train = folder, .test = path_of("test.txt")}, NULL, PAL_EUSAGE,
                   "holds 3 parts already: name it alone");
    write_text("test.txt", "0 8\n1 y\n");
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT, "test.txt:2: expected a user");
    write_text("train.txt", "user,item\na,b\n");
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT, "is a folder of no known kind");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_what_is_no_adjacency),
        cmocka_unit_test(test_wrong_lines),
        FOLDER_TEST(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
