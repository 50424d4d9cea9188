/* test_jsonl.c - JSON lines under the names of their publishers, and what a wrong line is told. */
#include "read_support.h"

#include <jansson.h>
#include <zlib.h>

#include "data/formats/jsonl_scan.h"

/* --- published names --- */

/* Each is three events: ann on fig with 4 at 1252800000, bob on pear with 2.5 at 1252800060, ann on
 * pear with 1 at 1252800120. */
static const struct {
    const char *columns, *text;
} published[] = {
    {"user=reviewerID item=asin value=overall time=unixReviewTime", /* Amazon 2014 */
     "{\"reviewerID\":\"ann\",\"asin\":\"fig\",\"reviewerName\":\"A \\\"x\\\"\",\"helpful\":[0, 1],"
     "\"overall\":4.0,\"unixReviewTime\":1252800000,\"reviewTime\":\"09 13, 2009\"}\n"
     "{\"reviewerID\":\"bob\",\"asin\":\"pear\",\"overall\":2.5,\"unixReviewTime\":1252800060}\n"
     "{\"reviewerID\":\"ann\",\"asin\":\"pear\",\"overall\":1,\"unixReviewTime\":1252800120}\n"},
    {"user=reviewerID item=asin value=overall time=unixReviewTime", /* Amazon 2018 */
     "{\"overall\": 4.0, \"vote\": \"1,002\", \"verified\": true, \"reviewerID\": \"ann\", "
     "\"asin\": \"fig\", \"style\": {\"Format:\": \" \\\"}{[\", \"a\": [{}]}, "
     "\"unixReviewTime\": 1252800000}\r\n"
     "{\"overall\": 2.5, \"reviewerID\": \"bob\", \"asin\": \"pear\", "
     "\"unixReviewTime\": 1252800060}\r\n\r\n"
     "{\"overall\": 1.0, \"reviewerID\": \"ann\", \"asin\": \"pear\", "
     "\"unixReviewTime\": 1252800120, \"image\": [\"http://a\"]}"},
    {"user=user_id item=parent_asin value=rating time=timestamp", /* Amazon 2023 */
     "{\"rating\":4.0,\"title\":\"t\",\"text\":\"\\ud83d\\ude00\",\"images\":[],\"asin\":\"x1\","
     "\"parent_asin\":\"fig\",\"user_id\":\"ann\",\"timestamp\":1252800000728}\n"
     "{\"rating\":2.5,\"asin\":\"x2\",\"parent_asin\":\"pear\",\"user_id\":\"bob\","
     "\"timestamp\":1252800060000}\n"
     "{\"rating\":1.0,\"asin\":\"x3\",\"parent_asin\":\"pear\",\"user_id\":\"ann\","
     "\"timestamp\":1252800120999}\n"},
    {"user=user_id item=business_id value=stars time=date", /* Yelp */
     "\xEF\xBB\xBF{\"review_id\":\"r\",\"user_id\":\"ann\",\"business_id\":\"fig\",\"stars\":4.0,"
     "\"useful\":0,\"text\":\"\",\"date\":\"2009-09-13 00:00:00\"}\n"
     "{\"user_id\":\"bob\",\"business_id\":\"pear\",\"stars\":2.5,\"date\":\"2009-09-13 "
     "00:01:00\"}\n"
     "{\"user_id\":\"ann\",\"business_id\":\"pear\",\"stars\":1.0,\"date\":\"2009-09-13 "
     "00:02:00\"}\n"},
    {"user=user item=item value=score time=ts", /* numbers as texts, spaces, escapes */
     "\n  { \"user\" : \"a\\u006en\" , \"item\":\"fig\",\"score\":\"4\",\"ts\":\"1252800000\" }  \n"
     "{\"us\\u0065r\":\"bob\",\"item\":\"pear\",\"score\":\"2.5\",\"ts\":\"1252800060\"}\n"
     "{\"user\":\"x\",\"user\":\"ann\",\"item\":\"pear\",\"score\":\"1e0\",\"ts\":1252800120}\n"},
};

static void test_published_names(void **state) {
    (void)state;
    static const int64_t times[] = {1252800000, 1252800120, 1252800060};
    static const float values[] = {4, 1, 2.5f};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        pal_data *data = read_text(published[i].text, NULL);
        assert_string_equal(data->format, "jsonl");
        assert_string_equal(data->columns, published[i].columns);
        assert_int_equal(data->parts[0].n_events, 3);
        assert_event(data, 0, "ann", "fig");
        assert_event(data, 1, "ann", "pear");
        assert_event(data, 2, "bob", "pear");
        assert_memory_equal(data->parts[0].times, times, sizeof times);
        assert_memory_equal(data->parts[0].values, values, sizeof values);
        assert_true(data->parts[0].about.values_are_ratings);
        assert_null(data->parts[0].types);
        pal_data_free(data);
    }
}

static void test_event_types_and_numbers_as_ids(void **state) {
    (void)state;
    pal_data *data = read_text("{\"FeedbackType\":\"star\",\"UserId\":7,\"ItemId\":\"o:o\","
                               "\"Value\":1.0,\"Timestamp\":\"2022-02-24\"}\n"
                               "{\"FeedbackType\":\"read\",\"UserId\":8,\"ItemId\":\"\\u00e9\","
                               "\"Value\":2,\"Timestamp\":\"2022-02-25\"}\n",
                               NULL);
    assert_string_equal(data->columns,
                        "user=UserId item=ItemId value=Value time=Timestamp event=FeedbackType");
    assert_event(data, 0, "7", "o:o");
    assert_event(data, 1, "8", "é");
    assert_string_equal(data->parts[0].about.type_names[1], "read");
    assert_non_null(strstr(data->shown.bytes, "2022-02-24"));
    pal_data_free(data);
}

static void test_columns_named(void **state) {
    (void)state;
    static const char text[] = "{\"who\":\"a\",\"what\":\"x\",\"vote\":3,\"user\":\"no\"}\n"
                               "{\"what\":\"y\",\"vote\":4,\"who\":\"b\"}\n";
    pal_data *data = read_text(text, "columns=user=who,item=what value=vote");
    assert_string_equal(data->columns, "user=who item=what value=vote");
    assert_string_equal(data->parts[0].about.value_name, "vote");
    assert_event(data, 1, "b", "y");
    pal_data_free(data);
    assert_text_refused(text, NULL, PAL_EFORMAT, "log: cannot tell which of 4 columns is the item");
    assert_text_refused(text, "columns=user=who,item=which", PAL_EUSAGE,
                        "log has no column 'which': it has who, what, vote, user");
    assert_text_refused(text, "columns=user=user,item=what", PAL_EFORMAT,
                        "log:2: expected the key \"user\", which holds the user");
}

static void test_compressed_file(void **state) {
    (void)state;
    gzFile file = gzopen(path_of("reviews.json.gz"), "wb");
    assert_non_null(file);
    gzputs(file, published[0].text);
    gzclose(file);
    pal_data *data = read_paths(&(pal_paths){.log = path_of("reviews.json.gz")}, NULL);
    assert_string_equal(data->format, "jsonl");
    assert_int_equal(data->parts[0].n_events, 3);
    pal_data_free(data);
}

/* --- wrong lines --- */

#define GOOD "{\"user\":\"a\",\"item\":\"x\",\"rating\":1}\n"

static const struct {
    const char *text, *sentence;
} wrong[] = {
    {GOOD "{\"user\":\"a\",\"item\":\"x\",\"rating\":null}\n",
     "log:2: expected text or a number in \"rating\", not null"},
    {GOOD "\n{\"user\":[\"a\"],\"item\":\"x\",\"rating\":1}\n",
     "log:3: expected text or a number in \"user\", not [\"a\"]"},
    {GOOD "{\"user\":\"\",\"item\":\"x\",\"rating\":1}\n", "log:2: user id is empty"},
    {GOOD "{\"user\":\"a\\u0000\",\"item\":\"x\",\"rating\":1}\n",
     "log:2: user id contains a NUL byte"},
    {GOOD "{\"user\":\"a\\ud800\",\"item\":\"x\",\"rating\":1}\n",
     "log:2: expected \\n, \\\", \\u00e9 or another escape of JSON in \"user\""},
    {GOOD "{\"user\":\"a\",\"item\":\"\\x\",\"rating\":1}\n",
     "log:2: expected \\n, \\\", \\u00e9 or another escape of JSON in \"item\""},
    {GOOD "{\"user\":\"a\",\"item\":\"x\",\"rating\":\"good\"}\n",
     "log:2: rating must be a finite number, not 'good'"},
    {GOOD "{\"user\":\"a\",\"item\":\"x\",\"rating\":01}\n",
     "log:2: expected , or }, at byte 34 of the line"},
    {GOOD "{\"user\":\"a\",\"item\":\"x\",}\n",
     "log:2: expected a key in double quotes, at byte 24 of the line"},
    {GOOD "{\"user\":\"a\",\"item\":\"x\",\"more\":[{]}\n",
     "log:2: expected }, not ], at byte 33 of the line"},
    {GOOD "{\"user\" \"a\"}\n", "log:2: expected : behind a key, at byte 9 of the line"},
    {GOOD "{\"user\":NaN}\n", "log:2: expected a value: text, a number, true, false, null, { or ["},
    {GOOD "{\"user\":\"a\",\"item\":\"x\",\"rating\":1}{}\n",
     "log:2: expected nothing behind the object, at byte 35 of the line"},
    {GOOD "[\"a\",\"x\",1]\n", "log:2: expected an object: {, at byte 1 of the line"},
    {GOOD "{\"user\":\"a\",\"item\":\"x\",\"rating\":1\n",
     "log:2: expected the end of the object in the line where it begins, at byte 34 of the line: "
     "JSON lines have one object a line, as jq -c . writes it"},
    {GOOD "{\"user\":\"a\n", "log:2: expected the closing quote of this text, at byte 9"},
    {"{\n  \"user\": \"a\",\n  \"item\": \"x\"\n}\n",
     "log:1: expected the end of the object in the line where it begins"},
    {"{'user': 'a', 'item': 'x'}\n",
     "log:1: is a Python literal, not JSON: convert the file with python3 -c 'import ast"},
    {"{u'user': u'a', u'item': u'x'}\n", "log:1: is a Python literal"},
    {"{\"user\": None, \"item\": \"x\"}\n", "log:1: is a Python literal"},
    {GOOD "{\"user\": True, \"item\": \"x\"}\n", "log:2: is a Python literal"},
    {"{}\n", "log: the first lines are no objects with at least two keys, user and item"},
    {"{\"users\":[{\"user\":1,\"item\":2}]}\n",
     "log: the first lines are no objects with at least"},
    {"{\"user\":1,\"User\":2,\"item\":3}\n", "log: columns 1 and 2 are both called 'user'"},
};

static void test_wrong_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_text_refused(wrong[i].text, NULL, PAL_EFORMAT, wrong[i].sentence);
    assert_text_refused("", "format=jsonl", PAL_EFORMAT, "log: the file is empty");
}

static void test_wrong_lines_skipped(void **state) {
    (void)state;
    pal_data *data =
        read_text(GOOD GOOD GOOD "{\"user\":\"b\"\n" GOOD "{\"user\":\"b\",\"item\":\"x\"}\n",
                  "bad_lines=skip");
    assert_int_equal(data->parts[0].n_events, 4);
    assert_int_equal(data->user_ids.n, 1);
    assert_finds(data, "2 lines skipped");
    assert_finds(data, "first skipped line: log:4: expected the end of the object");
    pal_data_free(data);
}

/* --- the scanner beside jansson --- */

static const char *const values[] = {
    "\"\"",
    "\"plain\"",
    "\"\\\"\"",
    "\"\\\\\"",
    "\"\\\\\\\"\"",
    "\"\\u00e9\\u20ac\"",
    "\"\\ud834\\udd1e\\/\\b\\f\\n\\r\\t\"",
    "\"é€𝄞\"",
    "0",
    "-0",
    "-12",
    "1.5",
    "1e5",
    "2.5E-3",
    "1E+2",
    "true",
    "false",
    "null",
    "{}",
    "[]",
    "{\"a\":\"]\"}",
    "[[],[{}],\"\\\"}\"]",
    /* no values */
    "01",
    "1.",
    ".5",
    "-",
    "1e",
    "+1",
    "tru",
    "nul",
    "\"",
    "\"\\\"",
    "{",
    "[",
    "[}",
    "{]",
    "]",
    "\"\\ud834\"",
    "\"\\udd1e\"",
    "\"\\u12g4\"",
    "\"\\x\"",
    "'a'",
    "",
};

static void check_against_jansson(const char *value) {
    char line[256], text[256];
    snprintf(line, sizeof line, " {\"first\" : %s,\"k\\u0065y\":%s }\t", value, value);
    json_t *object = json_loadb(line, strlen(line), JSON_ALLOW_NUL, NULL);
    pal_jsonl_cursor cursor = {.at = line, .end = line + strlen(line)};
    pal_jsonl_value key, found = {0};
    pal_jsonl_result result;
    while ((result = pal_jsonl_next(&cursor, &key, &found)) == PAL_JSONL_MEMBER) {
        ptrdiff_t n = pal_jsonl_decode(&key, text, sizeof text - 1);
        text[n] = '\0';
        const json_t *expected = object ? json_object_get(object, text) : NULL;
        if (!object) continue;
        assert_non_null(expected);
        n = found.type == PAL_JSONL_TEXT ? pal_jsonl_decode(&found, text, sizeof text - 1)
                                         : found.end - found.begin;
        if (found.type != PAL_JSONL_TEXT) memcpy(text, found.begin, (size_t)n);
        text[n] = '\0';
        if (json_is_string(expected)) assert_string_equal(text, json_string_value(expected));
        if (json_is_number(expected))
            assert_true(strtod(text, NULL) == json_number_value(expected));
        assert_int_equal(json_is_string(expected), found.type == PAL_JSONL_TEXT);
        assert_int_equal(json_is_number(expected), found.type == PAL_JSONL_NUMBER);
        assert_int_equal(json_is_object(expected) || json_is_array(expected),
                         found.type == PAL_JSONL_NESTED);
    }
    bool is_refused = result == PAL_JSONL_WRONG || pal_jsonl_decode(&found, text, 255) < 0;
    if (is_refused != !object) fail_msg("'%s': jansson says otherwise", line);
    json_decref(object);
}

static void test_same_verdict_as_jansson(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) check_against_jansson(values[i]);
}

static void test_long_texts_are_cut(void **state) {
    (void)state;
    char text[2100], out[1032];
    for (size_t i = 0; i < sizeof text; i += 6) memcpy(text + i, "\\u20ac", 6);
    pal_jsonl_value value = {text, text + sizeof text, PAL_JSONL_TEXT, true};
    assert_int_equal(pal_jsonl_decode(&value, out, sizeof out), 1032);
    assert_int_equal(pal_jsonl_decode(&value, out, 1000), 999);
    char line[3000];
    snprintf(line, sizeof line, "{\"user\":\"%.*s\",\"item\":1}\n", 2100, text);
    assert_text_refused(line, NULL, PAL_EFORMAT, "log:1: user id is longer than 1024 bytes");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_names),
        cmocka_unit_test(test_event_types_and_numbers_as_ids),
        cmocka_unit_test(test_columns_named),
        FOLDER_TEST(test_compressed_file),
        cmocka_unit_test(test_wrong_lines),
        cmocka_unit_test(test_wrong_lines_skipped),
        cmocka_unit_test(test_same_verdict_as_jansson),
        cmocka_unit_test(test_long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
