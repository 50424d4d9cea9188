/* test_read_folders.c - folders and parts as they are published: MovieLens, atomic files, and a log
 * beside its items. */
#include "read_support.h"

/* --- MovieLens --- */

static void test_movielens_100k(void **state) {
    (void)state;
    write_text("u.data",
               "196\t242\t3\t881250949\n186\t302\t3\t891717742\n196\t302\t5\t881250940\n");
    write_text("u.item", "242|Mis\xE9rables, Les (1995)|01-Jan-1995||http://a/?\"b\"|0|1\n"
                         "302|\"L.A.\" Confidential (1997)|01-Jan-1997||http://c|1|0\n");
    pal_data *data = read_folder();
    assert_string_equal(data->format, "movielens");
    assert_string_equal(data->columns, "user=1 item=2 value=3 time=4");
    assert_int_equal(data->parts[0].n_events, 3);
    assert_true(data->parts[0].about.values_are_ratings);
    assert_string_equal(data->parts[0].about.value_name, "rating");
    assert_int_equal(data->parts[0].items[0], 1); /* the older event of user 196 */
    assert_title(data, "242", "Misérables, Les (1995)");
    assert_title(data, "302", "\"L.A.\" Confidential (1997)");
    assert_title(data, "999", NULL);
    pal_data_free(data);
    assert_refused(&(pal_paths){.log = folder}, "columns=user=2", PAL_EUSAGE,
                   "the columns of u.data are known: name the file itself");
    data = read_paths(&(pal_paths){.log = path_of("u.data")}, "columns=user=2,item=1");
    assert_string_equal(pal_ids_at(&data->user_ids, 0), "242");
    pal_data_free(data);
}

static void test_movielens_1m_and_10m(void **state) {
    (void)state;
    static const struct {
        const char *movies, *title;
    } releases[] = {
        {"1193::Caf\xE9: One (1975)::Drama|Comedy\n661::James (1996)::Animation\n",
         "Café: One (1975)"},
        {"1193::Caf\xC3\xA9: One (1975)::Drama|Comedy\n661::James (1996)::Animation\n",
         "Café: One (1975)"},
    };
    write_text("ratings.dat",
               "1::1193::5::978300760\n1::661::3.5::978302109\n2::661::4::978302109\n");
    for (int i = 0; i < 2; i++) {
        write_text("movies.dat", releases[i].movies);
        pal_data *data = read_folder();
        assert_int_equal(data->parts[0].n_events, 3);
        assert_int_equal(data->user_ids.n, 2);
        assert_true(data->parts[0].values[1] == 3.5f);
        assert_title(data, "1193", releases[i].title);
        assert_int_equal(data->catalog.n_columns, 3);
        assert_string_equal(data->catalog.columns[2].cells[0], "Drama|Comedy");
        pal_data_free(data);
    }
}

static void test_movielens_latest(void **state) {
    (void)state;
    write_text("ratings.csv", "userId,movieId,rating,timestamp\r\n1,2,3.5,1112486027\r\n"
                              "1,3,0.5,1112486028\r\n2,4,5.0,1112486029\r\n");
    write_text("movies.csv", "movieId,title,genres\r\n2,\"City, The (1995)\",\"Drama\"\r\n"
                             "3,\"The \"\"Big\"\" One\",\"a \"\"b\"\" c\"\r\n4,Plain,(no genres "
                             "listed)\r\n3,Again,x\r\n");
    pal_data *data = read_folder();
    assert_string_equal(data->format, "movielens");
    assert_string_equal(data->columns, "user=userId item=movieId value=rating time=timestamp");
    assert_title(data, "2", "City, The (1995)");
    assert_title(data, "3", "The \"Big\" One");
    assert_title(data, "4", "Plain");
    int32_t row = pal_ids_find(&data->catalog.ids, "3", 1);
    assert_string_equal(data->catalog.columns[2].cells[row], "a \"b\" c");
    assert_string_equal(data->catalog.columns[2].name, "genres");
    assert_string_equal(data->catalog.columns[2].cells[row + 1], "(no genres listed)");
    assert_int_equal(data->catalog.ids.n, 3);
    pal_data_free(data);
}

/* --- atomic files --- */

static const char inter[] = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
                            "196\t242\t3\t881250949\n186\t302\t3\t891717742\n";
static const char item[] = "item_id:token\tmovie_title:token_seq\tclass:token_seq\n"
                           "242\t\"Kolya\" (1996)\tComedy\n302\t\"L.A.\tCrime\n";

static void test_recbole_folder_and_file(void **state) {
    (void)state;
    write_text("ml.inter", inter);
    write_text("ml.item", item);
    pal_data *folder_data = read_folder();
    pal_data *file_data = read_paths(&(pal_paths){.log = path_of("ml.inter")}, NULL);
    const pal_data *both[] = {folder_data, file_data};
    for (int i = 0; i < 2; i++) {
        assert_string_equal(both[i]->format, "recbole");
        assert_string_equal(both[i]->columns,
                            "user=user_id item=item_id value=rating time=timestamp");
        assert_int_equal(both[i]->parts[0].n_events, 2);
        /* Titles are text: their quotes stay. */
        assert_title(both[i], "242", "\"Kolya\" (1996)");
        assert_title(both[i], "302", "\"L.A.");
    }
    assert_string_equal(file_data->name, "ml");
    pal_data_free(folder_data);
    pal_data_free(file_data);
    write_text("other.inter", inter);
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT,
                   "holds 2 .inter files: name the one to read");
}

static void check_shop_parts(const pal_data *data) {
    assert_int_equal(data->n_parts, 3);
    static const char users[] = "bacd", items[] = "yxzw";
    for (int32_t i = 0; i < 4; i++) {
        assert_int_equal(pal_ids_at(&data->user_ids, i)[0], users[i]);
        assert_int_equal(pal_ids_at(&data->item_ids, i)[0], items[i]);
    }
    static const int32_t n_users[] = {2, 3, 4}, n_items[] = {2, 3, 4};
    for (int32_t p = 0; p < 3; p++) {
        assert_int_equal(data->parts[p].n_users, n_users[p]);
        assert_int_equal(data->parts[p].n_items, n_items[p]);
        assert_int_equal(data->parts[p].n_events, 2);
    }
    assert_title(data, "y", "Why");
    assert_finds(data, "knowledge graph: 2 triples, 1 items linked");
    assert_finds(data, "social network: 1 links");
}

static void test_recbole_parts(void **state) {
    (void)state;
    static const char header[] = "user_id:token\titem_id:token\ttimestamp:float\n";
    char text[256];
    snprintf(text, sizeof text, "%sb\ty\t1000000002\na\tx\t1000000001\n", header);
    write_text("shop.train.inter", text);
    snprintf(text, sizeof text, "%sa\tz\t1000000003\nc\tx\t1000000003\n", header);
    write_text("shop.valid.inter", text);
    snprintf(text, sizeof text, "%sd\tw\t1000000004\na\ty\t1000000005\n", header);
    write_text("shop.test.inter", text);
    write_text("shop.item", "item_id:token\tname:token_seq\nx\tEx\ny\tWhy\n");
    write_text("shop.kg", "head_id:token\trelation_id:token\ttail_id:token\nm.1\tr\tm.2\n\n"
                          "m.2\tr\tm.3\n");
    write_text("shop.link", "item_id:token\tentity_id:token\nx\tm.1");
    write_text("shop.net", "source:token\ttarget:token\r\na\tb\r\n");
    const pal_paths named = {.train = path_of("shop.train.inter"),
                             .valid = path_of("shop.valid.inter"),
                             .test = path_of("shop.test.inter")};
    for (int i = 0; i < 2; i++) {
        pal_data *data = i ? read_folder() : read_paths(&named, NULL);
        check_shop_parts(data);
        pal_data_free(data);
    }
    const pal_paths twice = {.train = folder, .test = folder};
    assert_refused(&twice, NULL, PAL_EUSAGE, "holds 3 parts already: name it alone");
    const pal_paths late = {.train = path_of("shop.train.inter"), .test = folder};
    assert_refused(&late, NULL, PAL_EUSAGE, "holds 3 parts: name it alone");
    write_text("shop.inter", text);
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT,
                   "holds 4 .inter files: name the one to read, or parts with --train");
    unlink(path_of("shop.inter"));
    unlink(path_of("shop.train.inter"));
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT,
                   "holds parts of a split, but no NAME.train.inter");
}

/* --- given parts --- */

static void test_parts_share_event_types(void **state) {
    (void)state;
    write_text("train.csv", "user,item,event\na,x,view\na,y,cart\n");
    write_text("test.csv", "user,item,event\na,z,buy\nb,x,view\n");
    const pal_paths paths = {.train = path_of("train.csv"), .test = path_of("test.csv")};
    pal_data *data = read_paths(&paths, NULL);
    for (int32_t p = 0; p < 2; p++) {
        const pal_log_about *about = &data->parts[p].about;
        assert_int_equal(about->n_types, 3);
        assert_string_equal(about->type_names[0], "view");
        assert_string_equal(about->type_names[1], "cart");
        assert_string_equal(about->type_names[2], "buy");
        assert_int_equal(about->target_types, 1u << 2);
    }
    assert_int_equal(data->parts[1].types[0], 2);
    assert_int_equal(data->parts[1].types[1], 0);
    pal_data_free(data);
    static const char *const filters[] = {"min_user=2",       "min_item=2",  "dedupe",
                                          "since=2020-01-01", "events=view", "drop_users=nobody"};
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        assert_refused(&paths, filters[i], PAL_EUSAGE, "they do not go with given parts");
    }
}

static void test_parts_must_have_the_same_columns(void **state) {
    (void)state;
    write_text("train.csv", "user,item,rating\na,x,1\na,y,2\n");
    write_text("test.csv", "user,item\na,z\n");
    assert_refused(&(pal_paths){.train = path_of("train.csv"), .test = path_of("test.csv")}, NULL,
                   PAL_EFORMAT, "the training part and part 2 have different columns");
    write_text("test.csv", "user,item,rating\n");
    assert_refused(&(pal_paths){.train = path_of("train.csv"), .test = path_of("test.csv")}, NULL,
                   PAL_EDATA, "test.csv: holds no events");
}

/* --- a log beside its items --- */

static void test_folder_with_interactions(void **state) {
    (void)state;
    write_text("interactions.tsv", "user_id\titem_id\tsplit\n1\t10\ttrain\n2\t20\ttest\n");
    pal_data *data = read_folder();
    assert_string_equal(data->format, "folder");
    assert_string_equal(data->columns, "user=user_id item=item_id");
    assert_int_equal(data->catalog.ids.n, 0);
    pal_data_free(data);
    write_text("items.tsv",
               "title\titem_id\turl\nTen\t10\t/ten\nTw\xE9nty\t20\t/twenty\nUnknown\t30\n");
    char with_slash[80];
    snprintf(with_slash, sizeof with_slash, "%s/", folder);
    data = read_paths(&(pal_paths){.log = with_slash}, NULL);
    assert_string_equal(data->name, strrchr(folder, '/') + 1);
    assert_title(data, "10", "Ten");
    assert_title(data, "20", NULL); /* not UTF-8 */
    assert_title(data, "30", "Unknown");
    assert_string_equal(data->catalog.columns[2].cells[2], "");
    pal_data_free(data);
}

static void test_items_named(void **state) {
    (void)state;
    write_text("log.csv", "user,item\na,x\nb,y\n");
    write_text("things.csv", "item;name\nx;\"Ex; the \"\"one\"\"\"\nz;Zed\n");
    const pal_paths paths = {.log = path_of("log.csv"), .items = path_of("things.csv")};
    pal_data *data = read_paths(&paths, NULL);
    assert_title(data, "x", "Ex; the \"one\"");
    assert_title(data, "y", NULL);
    pal_data_free(data);
    write_text("things.csv", "item;name\n1;a\n2;b\n");
    assert_refused(
        &paths, NULL, PAL_EDATA,
        "things.csv: describes only 0 of the log's 2 items (0 %): are the ids written the same "
        "way?");
    write_text("things.csv", "item;name\n;a\n");
    assert_refused(&paths, NULL, PAL_EFORMAT,
                   "things.csv:2: the item id is empty, too long or not UTF-8");
    write_text("things.csv", "item;name\n");
    assert_refused(&paths, NULL, PAL_EDATA, "things.csv: holds no items");
    write_text("things.csv", "");
    assert_refused(&paths, NULL, PAL_EDATA, "things.csv: holds no items");
    unlink(path_of("things.csv"));
    assert_refused(&paths, NULL, PAL_EIO, "things.csv: cannot open: No such file or directory");
}

static void test_folders_of_no_known_kind(void **state) {
    (void)state;
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT, "is a folder of no known kind");
    assert_refused(&(pal_paths){.log = folder}, "format=table", PAL_EFORMAT,
                   "is a folder: name the file in it that holds the events");
    assert_refused(&(pal_paths){.log = folder}, "format=movielens", PAL_EFORMAT,
                   "is no MovieLens folder");
    assert_refused(&(pal_paths){.log = folder}, "format=recbole", PAL_EFORMAT,
                   "holds 0 .inter files");
    assert_refused(&(pal_paths){.log = folder}, "format=folder", PAL_EIO,
                   "interactions.tsv: cannot open");
    assert_refused(&(pal_paths){.log = folder}, "format=palate", PAL_EFORMAT, "is a folder");
    assert_refused(&(pal_paths){.log = folder}, "format=jsonl", PAL_EFORMAT, "is a folder");
    assert_refused(&(pal_paths){.log = folder}, "format=adjacency", PAL_EIO, "train.txt");
    assert_refused(&(pal_paths){.log = folder}, "format=mind", PAL_EIO, "behaviors.tsv");
    write_text("part-0.parquet", "PAR1");
    assert_refused(&(pal_paths){.log = folder}, NULL, PAL_EFORMAT, "/*.parquet') TO 'events.csv'");
    write_text("log.csv", "user,item\na,x\n");
    assert_refused(&(pal_paths){.log = path_of("log.csv")}, "format=movielens", PAL_EFORMAT,
                   "is no MovieLens folder");
    assert_refused(&(pal_paths){.log = path_of("log.csv"), .items = folder}, NULL, PAL_EIO,
                   "is a folder, not a file");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_movielens_100k),
        FOLDER_TEST(test_movielens_1m_and_10m),
        FOLDER_TEST(test_movielens_latest),
        FOLDER_TEST(test_recbole_folder_and_file),
        FOLDER_TEST(test_recbole_parts),
        FOLDER_TEST(test_parts_share_event_types),
        FOLDER_TEST(test_parts_must_have_the_same_columns),
        FOLDER_TEST(test_folder_with_interactions),
        FOLDER_TEST(test_items_named),
        FOLDER_TEST(test_folders_of_no_known_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
