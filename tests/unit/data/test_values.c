/* test_values.c - values made of two columns, searches without an item, and logs whose columns are
 * not what they seem. */
#include "data/container.h"
#include "data/inspect.h"
#include "read_support.h"

/* --- values of two columns --- */

static void assert_values(const pal_data *data, const char *name, const float *expected,
                          int64_t n) {
    const pal_log *log = &data->parts[0];
    assert_string_equal(log->about.value_name, name);
    assert_false(log->about.values_are_ratings);
    assert_int_equal(log->n_events, n);
    assert_memory_equal(log->values, expected, (size_t)n * sizeof *expected);
}

static const char bought[] = "user_id,item_id,quantity,price,rating\nann,a,2,1.5,5\nann,b,1,4,4\n"
                             "bob,a,3,0,1\n";

static void test_product_and_ratio(void **state) {
    (void)state;
    pal_data *data = read_text(bought, "value=quantity*price");
    assert_values(data, "quantity*price", (const float[]){3, 4, 0}, 3);
    assert_string_equal(data->columns, "user=user_id item=item_id value=quantity*price");
    pal_data_free(data);
    data = read_text(bought, "value=price/quantity");
    assert_values(data, "price/quantity", (const float[]){0.75F, 4, 0}, 3);
    pal_data_free(data);
    data = read_text(bought, "value=quantity/price bad_lines=skip");
    assert_values(data, "quantity/price", (const float[]){2 / 1.5F, 0.25F}, 2);
    assert_finds(data, "log:4: quantity/price divides by zero");
    pal_data_free(data);
    data = read_text("user_id,item_id,a*b,a,b\nx,y,7,2,3\nx,z,8,2,3\n", "value=a*b");
    assert_values(data, "a*b", (const float[]){7, 8}, 2);
    pal_data_free(data);
}

static void test_wrong_values_are_refused(void **state) {
    (void)state;
    assert_text_refused(bought, "value=quantity/price", PAL_EFORMAT,
                        "log:4: quantity/price divides");
    assert_text_refused(bought, "value=quantity*cost", PAL_EUSAGE, "has no column 'cost'");
    assert_text_refused(bought, "value=a*b*c", PAL_EUSAGE, "--value must be a column, or two such");
    assert_text_refused(bought, "value=*price", PAL_EUSAGE, "not '*price'");
    assert_text_refused(bought, "value=price/", PAL_EUSAGE, "not 'price/'");
    assert_text_refused("user_id,item_id,q,p\nx,y,1,many\n", "value=q*p", PAL_EFORMAT,
                        "log:2: q*p needs two finite numbers, and the second is 'many'");
    assert_text_refused("user_id,item_id,q,p\nx,y,1e30,1e30\n", "value=q*p", PAL_EFORMAT,
                        "of 1e+30 and 1e+30 is not a finite number");
    assert_text_refused(bought, "value=quantity/items.length", PAL_EUSAGE,
                        "--value: the catalog has no column 'length': name the table of items");
}

static void test_ratio_with_the_catalog(void **state) {
    (void)state;
    write_text("log.csv", "user,item,watched\nann,a,30\nann,b,10\nbob,c,5\nbob,d,7\n");
    write_text("things.csv", "item,duration,kind\na,60,x\nb,0,y\nc,,x\n");
    pal_paths paths = {.log = path_of("log.csv"), .items = path_of("things.csv")};
    pal_data *data = read_paths(&paths, "value=watched/items.duration");
    assert_values(data, "watched/items.duration", (const float[]){0.5F, 0, 0, 0}, 4);
    assert_finds(data, "3 events have no value, as the catalog has no usable duration");
    pal_ctx ctx = {0};
    assert_int_equal(pal_data_save(&ctx, data, path_of("x.palate")), PAL_OK);
    pal_data *back = read_paths(&(pal_paths){.log = path_of("x.palate")}, NULL);
    assert_values(back, "watched/items.duration", (const float[]){0.5F, 0, 0, 0}, 4);
    pal_data_free(back);
    pal_data_free(data);
    assert_refused(&paths, "value=watched/items.kind", PAL_EUSAGE, "'kind' is not of numbers");
}

static char noticed[1024];
static void keep_notice(void *arg, pal_notice_type type, const char *line) {
    (void)arg;
    (void)type;
    snprintf(noticed, sizeof noticed, "%s", line);
}

static void test_other_numbers_are_told(void **state) {
    (void)state;
    pal_ctx ctx = {.notice = keep_notice};
    pal_data *data = NULL;
    const char *text =
        "user_id,item_id,quantity,price,discount,basket_id,store\nann,a,2,1.5,0,7,x\n";
    const pal_bytes bytes = {.bytes = text, .length = strlen(text)};
    assert_int_equal(pal_data_parse(&ctx, "log", &bytes, NULL, &data), PAL_OK);
    assert_non_null(strstr(noticed, "; other numbers: price, discount: choose with --value"));
    pal_data_free(data);
}

/* --- searches --- */

static const char searched[] =
    "user_id,item_id,query,rating,timestamp\nann,a,,4,1000000100\nbob,,red shoe,,1000000050\n"
    "ann,,\"blue, warm\",,1000000090\nbob,b,,3,1000000200\nzoe,,hat,,1000000300\n"
    "ann,,\"shoe\",,1000000010\n";

static void assert_search(const pal_data *data, int64_t at, const char *text, int64_t time) {
    assert_string_equal(pal_search_text(&data->searches, at), text);
    assert_int_equal(data->searches.times[at], time);
    assert_int_equal(data->searches.parts[at], 0);
}

static void assert_searches(const pal_data *data) {
    const pal_searches *found = &data->searches;
    assert_int_equal(data->parts[0].n_events, 2);
    assert_int_equal(found->n, 3);
    assert_int_equal(found->n_users, 2);
    assert_int_equal(found->starts[1], 2);
    assert_int_equal(found->starts[2], 3);
    assert_search(data, 0, "shoe", 1000000010);
    assert_search(data, 1, "blue, warm", 1000000090);
    assert_search(data, 2, "red shoe", 1000000050);
}

static void test_searches_are_kept_apart(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    write_text("log.csv", searched);
    pal_data *data = read_paths(&(pal_paths){.log = path_of("log.csv")}, NULL);
    assert_string_equal(data->columns,
                        "user=user_id item=item_id value=rating time=timestamp text=query");
    assert_searches(data);
    assert_finds(data, "3 searches kept for kinds that read words; 1 left out, of users who have "
                       "no event with an item");
    assert_int_equal(pal_data_save(&ctx, data, path_of("x.palate")), PAL_OK);
    pal_data *back = read_paths(&(pal_paths){.log = path_of("x.palate")}, NULL);
    assert_searches(back);
    pal_data_free(back);
    pal_data_free(data);
}

static void test_searches_follow_filters(void **state) {
    (void)state;
    pal_data *data = read_text(searched, "since=1000000150");
    assert_int_equal(data->searches.n, 0);
    assert_finds(data, "3 searches dropped with the events or users");
    pal_data_free(data);
    write_text("drop.txt", "ann\n");
    char options[128];
    snprintf(options, sizeof options, "drop_users=%s", path_of("drop.txt"));
    data = read_text(searched, options);
    assert_int_equal(data->searches.n, 1);
    assert_search(data, 0, "red shoe", 1000000050);
    pal_data_free(data);
}

static void test_texts_beside_items_are_no_searches(void **state) {
    (void)state;
    pal_data *data = read_text("user_id,item_id,text\nann,a,good\nbob,b,bad\n", NULL);
    assert_string_equal(data->columns, "user=user_id item=item_id");
    assert_int_equal(data->searches.n, 0);
    pal_data_free(data);
    data = read_text("user_id,item_id,words\nann,a,\nann,,much\nbob,b,\n", "columns=text=words");
    assert_int_equal(data->searches.n, 1);
    assert_int_equal(data->searches.times[0], 0);
    pal_data_free(data);
    assert_text_refused("user_id,item_id,query\nann,a,\nann,,x\nbob,,\n", NULL, PAL_EFORMAT,
                        "log:4: item id is empty");
    assert_text_refused("user_id,item_id,query\nann,a,\n,,x\nbob,b,\n", NULL, PAL_EFORMAT,
                        "log:3: user id is empty");
}

static void test_searches_in_json_lines(void **state) {
    (void)state;
    pal_data *data = read_text("{\"user\":\"ann\",\"item\":\"a\",\"rating\":1}\n"
                               "{\"user\":\"ann\",\"q\":\"caf\\u00e9\"}\n"
                               "{\"user\":\"ann\",\"item\":null,\"q\":\"x\",\"rating\":null}\n"
                               "{\"user\":\"bob\",\"item\":\"b\",\"rating\":2}\n",
                               "columns=text=q");
    assert_int_equal(data->parts[0].n_events, 2);
    assert_int_equal(data->searches.n, 2);
    assert_search(data, 0, "café", 0);
    pal_data_free(data);
    data = read_text("{\"user\":\"ann\",\"item\":\"a\",\"text\":\"good\"}\n"
                     "{\"user\":\"ann\",\"item\":\"\",\"text\":\"hats\"}\n",
                     NULL);
    assert_string_equal(data->columns, "user=user item=item text=text");
    assert_int_equal(data->searches.n, 1);
    pal_data_free(data);
    data = read_text("{\"user\":\"ann\",\"item\":\"a\",\"text\":\"good\"}\n", NULL);
    assert_string_equal(data->columns, "user=user item=item");
    pal_data_free(data);
}

static void test_searches_of_parts(void **state) {
    (void)state;
    write_text("a.csv", "user,item,query,ts\nann,a,,1588687728923\nann,,old,1588687728000\n");
    write_text("b.csv", "user,item,query,ts\nann,,new,1588687730000\nbob,a,,1588687731000\n");
    pal_data *data =
        read_paths(&(pal_paths){.train = path_of("a.csv"), .test = path_of("b.csv")}, NULL);
    assert_int_equal(data->searches.n, 2);
    assert_search(data, 0, "old", 1588687728);
    assert_string_equal(pal_search_text(&data->searches, 1), "new");
    assert_int_equal(data->searches.parts[1], 1);
    assert_int_equal(data->searches.times[1], 1588687730);
    pal_data_free(data);
}

/* --- stored by strangers --- */

static void assert_restores(const pal_searches *searches, int32_t n_users, const char *sentence) {
    pal_ctx ctx = {0};
    pal_container made = {0}, opened;
    pal_searches back = {0};
    assert_int_equal(pal_searches_store(&ctx, searches, "searches/", &made), PAL_OK);
    assert_int_equal(pal_container_write(&ctx, &made, "log", path_of("s.palate")), PAL_OK);
    assert_int_equal(pal_container_open(&ctx, path_of("s.palate"), "log", true, &opened), PAL_OK);
    pal_status status = pal_searches_restore(&ctx, &opened, "searches/", n_users, 2, &back);
    if (sentence) {
        assert_int_equal(status, PAL_EFORMAT);
        if (!strstr(ctx.error, sentence)) fail_msg("'%s' in: %s", sentence, ctx.error);
        assert_int_equal(back.n, 0);
    } else {
        assert_int_equal(status, PAL_OK);
        assert_int_equal(back.n, searches->n);
    }
    pal_searches_release(&back);
    pal_container_release(&opened);
    pal_container_release(&made);
}

static void test_strangers_searches_are_refused(void **state) {
    (void)state;
    const pal_searches right = {.n_users = 2,
                                .n = 2,
                                .starts = (const int64_t[]){0, 1, 2},
                                .times = (const int64_t[]){5, 7},
                                .parts = (const uint8_t[]){0, 1},
                                .offsets = (const int64_t[]){0, 3, 5},
                                .bytes = "ab\0c"};
    assert_restores(&right, 2, NULL);
    assert_restores(&right, 3, "arrays differ in length");
    pal_searches wrong = right;
    wrong.starts = (const int64_t[]){0, 3, 2};
    assert_restores(&wrong, 2, "row starts are not valid");
    wrong.starts = (const int64_t[]){0, -1, 2};
    assert_restores(&wrong, 2, "row starts are not valid");
    wrong.starts = (const int64_t[]){1, 1, 2};
    assert_restores(&wrong, 2, "row starts are not valid");
    wrong = right;
    wrong.parts = (const uint8_t[]){0, 2};
    assert_restores(&wrong, 2, "parts are out of range");
    wrong = right;
    wrong.times = (const int64_t[]){-5, 7};
    assert_restores(&wrong, 2, "times are out of range");
    wrong = right;
    wrong.offsets = (const int64_t[]){0, 2, 5};
    assert_restores(&wrong, 2, "texts of searches are not valid");
    wrong = right;
    wrong.bytes = "ab\0\xff";
    assert_restores(&wrong, 2, "texts of searches are not valid");
}

/* --- logs that are not what they seem --- */

static void test_mixed_units_are_refused(void **state) {
    (void)state;
    assert_text_refused("user_id,item_id,timestamp\nann,a,978300760\nann,b,978300761\n"
                        "bob,b,1588687728923\n",
                        NULL, PAL_EFORMAT,
                        "log:4: time is in milliseconds here but in seconds before: "
                        "'1588687728923', but 978300760 in line 2: bring all times to one unit");
}

static void test_target_names_what_there_is(void **state) {
    (void)state;
    const char *text = "user,item,event\nann,a,view\nann,b,buy\nbob,a,view\nbob,c,cart\n";
    assert_text_refused(text, "target=order", PAL_EUSAGE,
                        "no event type 'order': it has view, buy, cart");
    assert_text_refused(text, "events=view=1,cart=2 target=buy", PAL_EDATA,
                        "--target: no event is of type buy: there are view, cart");
}

/* A log of `n` lines made by a pattern with the line's number in it, thrice. */
static void assert_warns(const char *header, const char *pattern, int n, const char *sentence) {
    pal_text text = {0}, found = {0};
    pal_ctx ctx = {0};
    pal_text_addf(&text, "%s\n", header);
    for (int i = 0; i < n; i++) {
        char line[128], number[16];
        snprintf(number, sizeof number, "%d", i);
        size_t length = 0;
        for (const char *c = pattern; *c && length < 100; c++) {
            if (*c == '#') {
                length += (size_t)sprintf(line + length, "%s", number);
            } else if (*c == '%') {
                length += (size_t)sprintf(line + length, "%d", 1 + i % 5);
            } else {
                line[length++] = *c;
            }
        }
        line[length] = '\0';
        pal_text_addf(&text, "%s\n", line);
    }
    pal_data *data = read_text(text.bytes, NULL);
    assert_int_equal(pal_inspect_text(&ctx, data, &found), PAL_OK);
    if (!strstr(found.bytes, sentence)) fail_msg("'%s' in: %s", sentence, found.bytes);
    pal_text_release(&found);
    pal_text_release(&text);
    pal_data_free(data);
}

static void test_odd_logs_are_warned_of(void **state) {
    (void)state;
    assert_warns("session_id,item_id", "s#,i%", 50,
                 "100 % of the users, such as s0, have a single event, so that nothing goes");
    assert_warns("user_id,item_id", "u%,i#", 50, "no item, such as i0, stands in more than one");
    assert_warns("user_id,item_id,rating", "u#,i%,3", 50,
                 "all values in rating are 3 and so say nothing");
    assert_warns("user_id,item_id", "u#,%", 600,
                 "the ids of items, such as 1 and 5, few small numbers, look like the levels");
    assert_warns("user_id,item_id", "%.5,i#", 50, "the ids of users, such as 1.5 and 5.5");
    assert_warns("user_id,item_id", "u#,2024-01-0%", 50, "dates, look like times");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product_and_ratio),
        cmocka_unit_test(test_wrong_values_are_refused),
        FOLDER_TEST(test_ratio_with_the_catalog),
        cmocka_unit_test(test_other_numbers_are_told),
        FOLDER_TEST(test_searches_are_kept_apart),
        FOLDER_TEST(test_searches_follow_filters),
        cmocka_unit_test(test_texts_beside_items_are_no_searches),
        cmocka_unit_test(test_searches_in_json_lines),
        FOLDER_TEST(test_searches_of_parts),
        FOLDER_TEST(test_strangers_searches_are_refused),
        cmocka_unit_test(test_mixed_units_are_refused),
        cmocka_unit_test(test_target_names_what_there_is),
        cmocka_unit_test(test_odd_logs_are_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
