/* test_mind.c - what was shown and what was clicked, in MIND's behaviors.tsv. */
#include "read_support.h"

#define FIRST    "1\tU1\t11/11/2019 9:05:58 AM\tN9 N8\tN1-1 N2-0\n"
#define SECOND   "2\tU2\t11/12/2019 12:11:30 PM\t\tN3-0 N1-1\n"
#define EARLIEST "3\tU1\t11/11/2019 12:00:01 AM\tN9 N8\tN4-0\n"

enum { MIDNIGHT = 1573430400 }; /* 2019-11-11 */

static void check_events(const pal_data *data) {
    static const char *const items[] = {"N9", "N8", "N4", "N1", "N2", "N3", "N1"};
    static const int32_t clicks[] = {1, 1, 0, 1, 0, 0, 1};
    static const int64_t seconds[] = {0, 0, 1, 32758, 32758, 130290, 130290};
    const pal_log *log = &data->parts[0];
    assert_string_equal(data->format, "mind");
    assert_int_equal(log->n_events, 7);
    assert_int_equal(log->about.n_types, 2);
    for (int64_t e = 0; e < 7; e++) {
        assert_event(data, e, e < 5 ? "U1" : "U2", items[e]);
        assert_string_equal(log->about.type_names[log->types[e]], clicks[e] ? "click" : "shown");
        assert_int_equal(log->times[e] - MIDNIGHT, seconds[e]);
        assert_int_equal(pal_log_is_target(log, e), clicks[e]);
    }
    assert_finds(data, "target: click");
}

static void test_file(void **state) {
    (void)state;
    static const char *const texts[] = {
        FIRST SECOND EARLIEST,
        "1\tU1\t11/11/2019 9:05:58 AM\tN9  N8 \t N1-1 N2-0 \r\n" SECOND EARLIEST,
    };
    for (size_t i = 0; i < 2; i++) {
        pal_data *data = read_text(texts[i], NULL);
        check_events(data);
        assert_non_null(strstr(data->shown.bytes, "click"));
        pal_data_free(data);
    }
    pal_data *data = read_text(FIRST SECOND, "target=shown");
    assert_finds(data, "target: shown");
    pal_data_free(data);
}

static void test_folder_with_news(void **state) {
    (void)state;
    write_text("behaviors.tsv", FIRST SECOND EARLIEST);
    write_text("news.tsv", "N1\tnews\tworld\tThe \"One\", indeed\tLong\thttp://a\t[]\t[{\"a\":1}]\n"
                           "N2\tsport\tgolf\t\"Two\t\thttp://b\t\t\n");
    for (int i = 0; i < 2; i++) {
        pal_data *data =
            i ? read_folder() : read_paths(&(pal_paths){.log = path_of("behaviors.tsv")}, NULL);
        check_events(data);
        assert_int_equal(data->catalog.n_columns, 5);
        assert_string_equal(data->catalog.columns[2].name, "subcategory");
        assert_string_equal(data->catalog.columns[2].cells[1], "golf");
        assert_string_equal(data->catalog.columns[4].cells[0], "Long");
        assert_title(data, "N1", "The \"One\", indeed");
        assert_title(data, "N2", "\"Two");
        pal_data_free(data);
    }
}

static void test_parts(void **state) {
    (void)state;
    write_text("train.tsv", FIRST EARLIEST);
    write_text("dev.tsv", "1\tU1\t11/13/2019 1:00:00 AM\tN9 N8\tN5-1\n"
                          "2\tU3\t11/13/2019 1:00:00 PM\tN7\tN5-0 N6-1\n");
    pal_data *data =
        read_paths(&(pal_paths){.train = path_of("train.tsv"), .test = path_of("dev.tsv")}, NULL);
    assert_int_equal(data->parts[0].n_events, 5);
    assert_int_equal(data->parts[1].n_events, 3); /* no history: it would count as asked for */
    assert_finds(data, "histories of 1 users");
    pal_data_free(data);
}

static const struct {
    const char *text;
    pal_status status;
    const char *sentence;
} refused[] = {
    {"1\tU1\t11/11/2019 9:05:58 AM\tN9\tN1 N2\n", PAL_EFORMAT,
     "log:1: expected -0 or -1 behind each impression: the test set of MIND does not say what was "
     "clicked"},
    {FIRST "2\tU2\t11/12/2019 9:05:58\tN9\tN1-1\n", PAL_EFORMAT,
     "log:2: expected a time such as 11/9/2019 9:05:58 AM in column 3"},
    {FIRST "2\tU2\t13/12/2019 9:05:58 AM\tN9\tN1-1\n", PAL_EFORMAT, "log:2: expected a time"},
    {FIRST "2\tU2\t2/29/2019 9:05:58 AM\tN9\tN1-1\n", PAL_EFORMAT, "log:2: expected a time"},
    {FIRST "2\tU2\t1/1/2019 13:05:58 PM\tN9\tN1-1\n", PAL_EFORMAT, "log:2: expected a time"},
    {FIRST "2\tU2\t1/1/2019 0:05:58 AM\tN9\tN1-1\n", PAL_EFORMAT, "log:2: expected a time"},
    {FIRST "\n2\tU2\t11/12/2019 9:05:58 AM\tN9\n", PAL_EFORMAT,
     "log:3: expected 5 columns with tabs between them"},
    {FIRST "2\t\t11/12/2019 9:05:58 AM\tN9\tN1-1\n", PAL_EFORMAT, "log:2: user id is empty"},
    {FIRST "2\tU2\t11/12/2019 9:05:58 AM\tN9\t-1\n", PAL_EFORMAT, "log:2: expected -0 or -1"},
    {"1\tU1\t11/11/2019 9:05:58 AM\t\t\n", PAL_EDATA, "log: holds no events"},
    {"1\tU1\t11/11/2019 9:05:58 AM\t\tN1-0\n", PAL_EDATA, "log: holds no clicks"},
};

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_text_refused(refused[i].text, NULL, refused[i].status, refused[i].sentence);
    assert_text_refused(FIRST, "columns=user=1,item=2", PAL_EUSAGE,
                        "log: the columns of MIND are known");
    assert_text_refused("", "format=mind", PAL_EFORMAT, "log: the file is empty");
    pal_data *data =
        read_text(FIRST "2\tU5\t11/12/2019 9:05:58 AM\tN9\tN1 N2\n" SECOND, "bad_lines=skip");
    assert_int_equal(data->user_ids.n, 2);
    assert_finds(data, "1 lines skipped");
    pal_data_free(data);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        FOLDER_TEST(test_folder_with_news),
        FOLDER_TEST(test_parts),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
