/* test_features.c - columns of catalogs and profiles get the types that their cells mean, told
 * types win, and a stored log gives them back. */
#include <math.h>

#include "read_support.h"

static const char log_text[] = "user_id,item_id,timestamp\nann,a,1000000000\nbob,b,1000000060\n"
                               "ann,c,1000000120\nbob,d,1000000180\n";

static const char items_text[] =
    "item_id\ttitle\tgenres\ttags\tyear\tprice\tbrand\tmaker_id\tabout\n"
    "a\tRed Fox\tDrama|Comedy\told, red\t1990\t$3.50\tAcme\t11\tA fox that runs over the hills\n"
    "b\tBlue Hen\tDrama\tblue, old\t1991\t4\tAcme\t12\tA hen which lays very many eggs\n"
    "c\tGrey Owl\tComedy\told\t?\t\tZeta\t11\tAn owl who sees all by night\n"
    "d\tAnt\tComedy| Drama |Comedy\tred\t1990.5\t1e3\t\t11\tOne of a very long row\n";

static pal_data *read_with(const char *items, const char *users, const char *options) {
    write_text("log.csv", log_text);
    pal_paths paths = {.log = path_of("log.csv")};
    if (items) {
        write_text("things.tsv", items);
        paths.items = path_of("things.tsv");
    }
    if (users) {
        write_text("people.tsv", users);
        paths.users = path_of("people.tsv");
    }
    return read_paths(&paths, options);
}

static const pal_column *column_of(const pal_catalog *catalog, const char *name,
                                   pal_feature_type type) {
    const pal_column *column = pal_catalog_column(catalog, name);
    if (!column) fail_msg("no column %s", name);
    if (column->type != type)
        fail_msg("%s is %s, not %s", name, pal_feature_names[column->type],
                 pal_feature_names[type]);
    return column;
}

static void assert_set(const pal_column *column, int32_t row, const char *expected) {
    char text[256] = "";
    for (int64_t k = column->sets.starts[row]; k < column->sets.starts[row + 1]; k++) {
        strcat(text, *text ? "|" : "");
        strcat(text, pal_ids_at(&column->vocabulary, column->sets.cols[k]));
    }
    assert_string_equal(text, expected);
}

static void test_types_are_guessed(void **state) {
    (void)state;
    pal_data *data = read_with(items_text, NULL, NULL);
    const pal_catalog *items = &data->catalog;
    column_of(items, "item_id", PAL_FEATURE_ID);
    column_of(items, "title", PAL_FEATURE_TEXT);
    column_of(items, "about", PAL_FEATURE_TEXT);
    const pal_column *genres = column_of(items, "genres", PAL_FEATURE_SET);
    assert_int_equal(genres->vocabulary.n, 2);
    assert_set(genres, 0, "Drama|Comedy");
    assert_set(genres, 3, "Drama|Comedy");
    assert_set(column_of(items, "tags", PAL_FEATURE_SET), 1, "old|blue");
    const pal_column *year = column_of(items, "year", PAL_FEATURE_NUMBER);
    assert_true(year->numbers[3] == 1990.5F && isnan(year->numbers[2]));
    assert_int_equal(year->n_missing, 1);
    const pal_column *price = column_of(items, "price", PAL_FEATURE_NUMBER);
    assert_true(price->numbers[0] == 3.5F && price->numbers[3] == 1000 && isnan(price->numbers[2]));
    const pal_column *brand = column_of(items, "brand", PAL_FEATURE_TOKEN);
    assert_int_equal(brand->vocabulary.n, 2);
    assert_int_equal(brand->tokens[1], 0);
    assert_int_equal(brand->tokens[2], 1);
    assert_int_equal(brand->tokens[3], -1);
    column_of(items, "maker_id", PAL_FEATURE_TOKEN);
    assert_int_equal(pal_catalog_count_features(items), 8);
    assert_finds(data, "features of items: 8 columns (title: text, genres: sets of 2 tokens");
    pal_data_free(data);
}

static void test_types_are_told(void **state) {
    (void)state;
    pal_data *data =
        read_with(items_text, NULL, "item_columns='year=token,maker-id=number,about=set'");
    column_of(&data->catalog, "year", PAL_FEATURE_TOKEN);
    assert_true(column_of(&data->catalog, "maker_id", PAL_FEATURE_NUMBER)->numbers[1] == 12);
    assert_int_equal(column_of(&data->catalog, "about", PAL_FEATURE_SET)->separator, ' ');
    pal_data_free(data);
    pal_paths paths = {.log = path_of("log.csv"), .items = path_of("things.tsv")};
    assert_refused(&paths, "item_columns=yaer=number", PAL_EUSAGE,
                   "--item-columns: there is no column 'yaer': there are item_id, title, genres");
    assert_refused(&paths, "item_columns=year=date", PAL_EUSAGE, "not 'year=date'");
    assert_refused(&paths, "item_columns=year", PAL_EUSAGE, "must look like genre=set");
    assert_refused(&paths, "item_columns=about=vector", PAL_EUSAGE, "about cannot be a vector");
    assert_refused(&paths, "user_columns=age=number", PAL_EUSAGE,
                   "--user-columns: there is no table of users: name it with --users");
}

static void test_profiles(void **state) {
    (void)state;
    pal_data *data =
        read_with(NULL, "user_id\tage\tplan\nann\t31\tgold\nbob\t\tfree\nzoe\t40\tgold\n", NULL);
    assert_int_equal(data->users.ids.n, 3);
    assert_int_equal(data->catalog.ids.n, 0);
    assert_true(column_of(&data->users, "age", PAL_FEATURE_NUMBER)->numbers[0] == 31);
    assert_int_equal(column_of(&data->users, "plan", PAL_FEATURE_TOKEN)->vocabulary.n, 2);
    assert_finds(data, "profiles: 3 rows, 2 of the log's 2 users described");
    pal_data_free(data);
    write_text("people.tsv", "user_id\tage\nANN\t31\nBOB\t1\n");
    pal_paths paths = {.log = path_of("log.csv"), .users = path_of("people.tsv")};
    assert_refused(
        &paths, NULL, PAL_EDATA,
        "describes only 0 of the log's 2 users (0 %): are the ids written the same way? The "
        "log has 'ann', the table 'ANN'");
    write_text("people.tsv", "user_id\tage\n\t31\n");
    assert_refused(&paths, NULL, PAL_EFORMAT, "people.tsv:2: the user id is empty");
}

static void test_folders_have_profiles(void **state) {
    (void)state;
    write_text("interactions.tsv", "user_id\titem_id\n1\ta\n2\tb\n1\tb\n");
    write_text("users.tsv", "user_id\tage\n1\t30\n2\t40\n");
    pal_data *data = read_folder();
    column_of(&data->users, "age", PAL_FEATURE_NUMBER);
    pal_data_free(data);
}

static void test_movielens_has_profiles(void **state) {
    (void)state;
    write_text("u.data", "1\ta\t5\t881250949\n2\tb\t3\t891717742\n");
    write_text("u.user", "1|24|M|technician|85711\n2|53|F|other|94043\n");
    pal_data *data = read_folder();
    column_of(&data->users, "age", PAL_FEATURE_NUMBER);
    column_of(&data->users, "zip", PAL_FEATURE_TOKEN);
    column_of(&data->users, "gender", PAL_FEATURE_TOKEN);
    pal_data_free(data);
}

static void test_recbole_tells_types(void **state) {
    (void)state;
    write_text("x.inter", "user_id:token\titem_id:token\nu1\ti1\nu2\ti2\n");
    write_text("x.item",
               "item_id:token\tmovie_title:token_seq\tclass:token_seq\tyear:token\temb:float_seq\t"
               "none:float_seq\todd:float_seq\n"
               "i1\tToy Story\tComedy Drama\t1995\t0.5 1 -2\t\t1 2\n"
               "i2\tHeat\tDrama\t1996\t\t\t1 2 3\n");
    write_text("x.user", "user_id:token\tage:float\nu1\t24\nu2\t30\n");
    pal_data *data = read_folder();
    column_of(&data->catalog, "movie_title", PAL_FEATURE_TEXT);
    assert_set(column_of(&data->catalog, "class", PAL_FEATURE_SET), 0, "Comedy|Drama");
    column_of(&data->catalog, "year", PAL_FEATURE_TOKEN);
    const pal_column *vectors = column_of(&data->catalog, "emb", PAL_FEATURE_VECTOR);
    assert_int_equal(vectors->n_dims, 3);
    assert_int_equal(vectors->n_missing, 1);
    column_of(&data->catalog, "none", PAL_FEATURE_TEXT);
    column_of(&data->catalog, "odd", PAL_FEATURE_TEXT);
    assert_true(vectors->vectors[2] == -2 && vectors->vectors[3] == 0);
    assert_true(column_of(&data->users, "age", PAL_FEATURE_NUMBER)->numbers[1] == 30);
    pal_data_free(data);
}

/* --- JSON lines --- */

static void test_amazon_metadata(void **state) {
    (void)state;
    pal_data *data = read_with(
        "{\"asin\": \"a\", \"title\": \"Caf\\u00e9 \\\"Set\\\"\", \"price\": \"$9.99\", "
        "\"categories\": [[\"Home\", \"Cups|Mugs\"]], \"brand\": \"Acme\", \"images\": [{\"u\": "
        "1}]}\n"
        "\n{\"asin\":\"b\",\"price\":12,\"categories\":[[\"Home\"]],\"brand\":null,"
        "\"description\":[\"Two words.\",\"And more of them.\"],\"rank\":[]}\r\n"
        "{\"asin\":\"c\",\"categories\":[\"Home\",\"Pots\"],\"title\":\"Pot\",\"used\":true}\n",
        NULL, NULL);
    const pal_catalog *items = &data->catalog;
    assert_int_equal(items->ids.n, 3);
    assert_title(data, "a", "Café \"Set\"");
    assert_title(data, "b", NULL);
    assert_title(data, "c", "Pot");
    assert_true(column_of(items, "price", PAL_FEATURE_NUMBER)->numbers[0] == 9.99F);
    assert_true(isnan(pal_catalog_column(items, "price")->numbers[2]));
    assert_string_equal(pal_catalog_column(items, "categories")->cells[0], "Home|Cups/Mugs");
    assert_string_equal(pal_catalog_column(items, "description")->cells[1],
                        "Two words. And more of them.");
    assert_int_equal(column_of(items, "brand", PAL_FEATURE_TOKEN)->tokens[1], -1);
    assert_string_equal(pal_catalog_column(items, "used")->cells[2], "true");
    assert_null(pal_catalog_column(items, "images"));
    assert_null(pal_catalog_column(items, "rank"));
    pal_data_free(data);
}

static void test_wrong_json_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } wrong[] = {
        {"{\"asin\":\"a\"}\n{\"asin\":\"b\",}\n", "things.tsv:2: expected a key"},
        {"{'asin': 'a'}\n", "is a Python literal"},
        {"{\"title\":\"x\",\"asin\":\"\"}\n", "things.tsv:1: the item id \"asin\" is missing"},
        {"{\"asin\":\"a\"}\n{\"title\":\"x\"}\n", "things.tsv:2: the item id \"asin\" is missing"},
        {"{\"asin\":\"a\",\"title\":\"\\q\"}\n", "another escape of JSON in \"title\""},
        {"{\"asin\":\"a\",\"title\":[\"\\ud800\"]}\n", "another escape of JSON in \"title\""},
        {"{}\n", "have no keys"},
        {"{\"asin\":\"a\\u0000b\"}\n", "is missing, empty"},
    };
    write_text("log.csv", log_text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_text("things.tsv", wrong[i].text);
        assert_refused(&(pal_paths){.log = path_of("log.csv"), .items = path_of("things.tsv")},
                       NULL, PAL_EFORMAT, wrong[i].sentence);
    }
}

/* --- stored --- */

static void assert_same_columns(const pal_catalog *a, const pal_catalog *b) {
    assert_int_equal(a->ids.n, b->ids.n);
    assert_int_equal(a->n_columns, b->n_columns);
    for (int32_t c = 0; c < a->n_columns; c++) {
        const pal_column *x = &a->columns[c], *y = &b->columns[c];
        size_t n = (size_t)a->ids.n;
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->type, y->type);
        assert_int_equal(x->separator, y->separator);
        assert_int_equal(x->n_missing, y->n_missing);
        assert_int_equal(x->vocabulary.n, y->vocabulary.n);
        assert_int_equal(x->n_dims, y->n_dims);
        if (x->tokens) assert_memory_equal(x->tokens, y->tokens, n * sizeof *x->tokens);
        if (x->numbers) assert_memory_equal(x->numbers, y->numbers, n * sizeof *x->numbers);
        if (x->vectors)
            assert_memory_equal(x->vectors, y->vectors, n * (size_t)x->n_dims * sizeof(float));
        if (x->sets.starts) assert_memory_equal(x->sets.starts, y->sets.starts, (n + 1) * 8);
    }
}

static void test_features_are_stored(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data *data = read_with(items_text, "user_id\tage\nann\t31\nbob\t7\n",
                               "item_columns=year=token,about=set user_columns=age=token");
    assert_int_equal(pal_data_save(&ctx, data, path_of("x.palate")), PAL_OK);
    pal_data *back = read_paths(&(pal_paths){.log = path_of("x.palate")}, NULL);
    assert_same_columns(&data->catalog, &back->catalog);
    assert_same_columns(&data->users, &back->users);
    assert_int_equal(back->n_findings, data->n_findings);
    pal_data_free(back);
    back = read_paths(&(pal_paths){.log = path_of("x.palate")}, "item_columns=year=number");
    column_of(&back->catalog, "year", PAL_FEATURE_NUMBER);
    column_of(&back->catalog, "about", PAL_FEATURE_SET);
    pal_data_free(back);
    pal_data_free(data);
}

/* Tokens with a time are known from then on; of two the earlier one counts. */
static void test_timed_tokens(void **state) {
    (void)state;
    pal_data *data = read_with("item_id\twords\na\told@100|red@300|old@200\nb\tblue\nc\t\n"
                               "d\tred\n",
                               NULL, "item_columns=words=timed");
    const pal_column *words = column_of(&data->catalog, "words", PAL_FEATURE_SET);
    assert_non_null(words->times);
    assert_set(words, 0, "old|red");
    assert_int_equal(words->times[0], 100);
    assert_int_equal(words->times[1], 300);
    assert_set(words, 1, "blue");
    assert_int_equal(words->times[2], 0);
    assert_set(words, 3, "red");
    const struct {
        int64_t time;
        const char *left;
        int64_t n_left_out;
    } rows[] = {{301, "old|red", 0}, {300, "old", 1}, {100, "", 2}};
    pal_ctx ctx = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_arena arena = {0};
        pal_catalog before;
        int64_t n_left_out;
        assert_int_equal(
            pal_catalog_before(&ctx, &data->catalog, rows[i].time, &arena, &before, &n_left_out),
            PAL_OK);
        const pal_column *cut = column_of(&before, "words", PAL_FEATURE_SET);
        assert_set(cut, 0, rows[i].left);
        assert_set(cut, 1, "blue");
        assert_int_equal(n_left_out, rows[i].n_left_out);
        assert_int_equal(cut->n_missing, words->n_missing + !*rows[i].left);
        pal_arena_release(&arena);
    }
    pal_data_free(data);
}

/* What people wrote about films stands in the folder beside them. */
static void test_movielens_has_timed_tags(void **state) {
    (void)state;
    write_text("ratings.csv",
               "userId,movieId,rating,timestamp\n1,2,4,1000\n2,2,3,2000\n1,3,5,3000\n");
    write_text("movies.csv",
               "movieId,title,genres\n2,\"City, The (1995)\",Drama\n3,Hen (1996),Comedy\n");
    write_text("tags.csv", "userId,movieId,tag,timestamp\n1,2,\"slow, dark\",1500\n2,2,a|b@c,2500\n"
                           "1,9,unknown film,1600\n");
    pal_data *data = read_folder();
    const pal_column *tags = column_of(&data->catalog, "tags", PAL_FEATURE_SET);
    assert_set(tags, 0, "slow, dark|a b c");
    assert_int_equal(tags->times[1], 2500);
    assert_set(tags, 1, "");
    pal_ctx ctx = {0};
    assert_int_equal(pal_data_save(&ctx, data, path_of("x.palate")), PAL_OK);
    pal_data *back = read_paths(&(pal_paths){.log = path_of("x.palate")}, NULL);
    const pal_column *kept = column_of(&back->catalog, "tags", PAL_FEATURE_SET);
    assert_set(kept, 0, "slow, dark|a b c");
    assert_non_null(kept->times);
    assert_int_equal(kept->times[1], 2500);
    pal_data_free(back);
    pal_data_free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_types_are_guessed),
        FOLDER_TEST(test_types_are_told),
        FOLDER_TEST(test_profiles),
        FOLDER_TEST(test_folders_have_profiles),
        FOLDER_TEST(test_movielens_has_profiles),
        FOLDER_TEST(test_recbole_tells_types),
        FOLDER_TEST(test_amazon_metadata),
        FOLDER_TEST(test_wrong_json_is_refused),
        FOLDER_TEST(test_features_are_stored),
        FOLDER_TEST(test_timed_tokens),
        FOLDER_TEST(test_movielens_has_timed_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
