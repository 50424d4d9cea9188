/* test_read.c - tables in every dialect are read as meant, and what cannot be read is refused in
 * one sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/ctx.h"
#include "base/text.h"
#include "data/formats/format.h"
#include "data/read.h"

static pal_status parse_bytes(pal_ctx *ctx, const char *bytes, size_t n, const char *options,
                              pal_data **out) {
    *out = NULL;
    return pal_data_parse(ctx, "log.csv", &(pal_bytes){.bytes = bytes, .length = n}, options, out);
}

static pal_data *read_bytes(const char *bytes, size_t n, const char *options) {
    pal_ctx ctx = {0};
    pal_data *data;
    if (parse_bytes(&ctx, bytes, n, options, &data) != PAL_OK) {
        fail_msg("'%.60s' is refused: %s", bytes, ctx.error);
    }
    return data;
}

static pal_data *read_text(const char *text, const char *options) {
    return read_bytes(text, strlen(text), options);
}

static void assert_finds(const pal_data *data, const char *part) {
    for (int32_t i = 0; i < data->n_findings; i++) {
        if (strstr(data->findings[i].what, part)) return;
    }
    fail_msg("no finding says '%s'", part);
}

/* --- one log in many dialects --- */

/* Each is three events: ann liked fig with 4 at 1000000000, bob pear with 2.5 at 1000000060, ann
 * pear with 1 at 1000000120. */
static const char *const dialects[] = {
    "user_id,item_id,rating,timestamp\nann,fig,4,1000000000\nbob,pear,2.5,1000000060\n"
    "ann,pear,1,1000000120\n",
    "user_id\titem_id\trating\ttimestamp\nann\tfig\t4\t1000000000\nbob\tpear\t2.5\t1000000060\n"
    "ann\tpear\t1\t1000000120\n",
    "user_id;item_id;rating;timestamp\nann;fig;4;1000000000\nbob;pear;2.5;1000000060\n"
    "ann;pear;1;1000000120\n",
    "user_id|item_id|rating|timestamp\nann|fig|4|1000000000\nbob|pear|2.5|1000000060\n"
    "ann|pear|1|1000000120\n",
    /* No header, with one or two characters between fields. */
    "ann,fig,4,1000000000\nbob,pear,2.5,1000000060\nann,pear,1,1000000120\n",
    "ann::fig::4::1000000000\nbob::pear::2.5::1000000060\nann::pear::1::1000000120\n",
    /* Time before value. */
    "ann\tfig\t1000000000\t4\nbob\tpear\t1000000060\t2.5\nann\tpear\t1000000120\t1\n",
    /* Byte order mark, CRLF, no newline at the end, empty lines. */
    "\xEF\xBB\xBFuser_id,item_id,rating,timestamp\r\nann,fig,4,1000000000\r\n"
    "bob,pear,2.5,1000000060\r\nann,pear,1,1000000120",
    "user_id,item_id,rating,timestamp\n\nann,fig,4,1000000000\n\r\n\nbob,pear,2.5,1000000060\n"
    "ann,pear,1,1000000120\n\n",
    /* Quotes. */
    "\"user_id\",\"item_id\",\"rating\",\"timestamp\"\r\n\"ann\",\"fig\",\"4\",\"1000000000\"\r\n"
    "\"bob\",pear,\"2.5\",1000000060\r\nann,\"pear\",1,\"1000000120\"\r\n",
    "\"ann\"::fig::4::1000000000\nbob::\"pear\"::2.5::1000000060\nann::pear::1::\"1000000120\"",
    /* Other names, other order, columns that have no role, separators and newlines within quotes.
     */
    "note,ts,Score,MovieId,customer-id\n\"a, \"\"b\"\"\",1000000000,4,fig,ann\n\"c\nd\",1000000060,"
    "2.5,pear,bob\n,1000000120,1,pear,ann\n",
    /* Typed names. */
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\nann\tfig\t4.0\t1000000000.0\n"
    "bob\tpear\t2.50\t1.00000006e9\nann\tpear\t1\t1000000120\n",
    /* Milliseconds, microseconds, nanoseconds. */
    "user,item,stars,time\nann,fig,4,1000000000000\nbob,pear,2.5,1000000060999\n"
    "ann,pear,1,1000000120000\n",
    "user,item,stars,time\nann,fig,4,1000000000000000\nbob,pear,2.5,1000000060000001\n"
    "ann,pear,1,1000000120000000\n",
    "user,item,stars,time\nann,fig,4,1000000000000000000\nbob,pear,2.5,1000000060000000001\n"
    "ann,pear,1,1000000120000000000\n",
    /* ISO 8601 with and without fraction and zone. */
    "user,item,stars,date\nann,fig,4,2001-09-09T01:46:40Z\nbob,pear,2.5,2001-09-09 01:47:40.25\n"
    "ann,pear,1,2001-09-09T03:48:40+02:00\n",
    "ann,fig,4,2001-09-09T01:46:40\nbob,pear,2.5,2001-09-08 21:47:40-0400\n"
    "ann,pear,1,2001-09-09T01:48:40.000Z\n",
};

static void check_three_events(const pal_data *data) {
    const pal_log *log = &data->parts[0];
    assert_int_equal(data->n_parts, 1);
    assert_int_equal(log->n_events, 3);
    assert_int_equal(log->n_users, 2);
    assert_int_equal(log->n_items, 2);
    assert_string_equal(pal_ids_at(&data->user_ids, 0), "ann");
    assert_string_equal(pal_ids_at(&data->user_ids, 1), "bob");
    assert_string_equal(pal_ids_at(&data->item_ids, 0), "fig");
    assert_string_equal(pal_ids_at(&data->item_ids, 1), "pear");
    static const int64_t starts[] = {0, 2, 3}, times[] = {1000000000, 1000000120, 1000000060};
    static const int32_t items[] = {0, 1, 1};
    static const float values[] = {4, 1, 2.5f};
    assert_memory_equal(log->starts, starts, sizeof starts);
    assert_memory_equal(log->items, items, sizeof items);
    assert_non_null(log->values);
    assert_memory_equal(log->values, values, sizeof values);
    assert_non_null(log->times);
    assert_memory_equal(log->times, times, sizeof times);
    assert_true(log->about.values_are_ratings);
    assert_null(log->types);
}

static void test_dialects(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        pal_data *data = read_text(dialects[i], NULL);
        check_three_events(data);
        pal_data_free(data);
    }
}

/* The same bytes behind each other's end: nothing may be read past the last one. */
static void test_every_cut_is_read_or_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        size_t n = strlen(dialects[i]);
        for (size_t cut = 0; cut <= n; cut++) {
            char *bytes = malloc(cut ? cut : 1);
            memcpy(bytes, dialects[i], cut);
            pal_ctx ctx = {0};
            pal_data *data;
            pal_status status = parse_bytes(&ctx, bytes, cut, "bad_lines=skip", &data);
            if (status == PAL_OK) {
                assert_in_range(data->parts[0].n_events, 1, 3);
            } else {
                assert_true(ctx.error[0] != '\0');
            }
            pal_data_free(data);
            free(bytes);
        }
    }
}

static void test_compressed_files(void **state) {
    (void)state;
    char folder[] = "/tmp/palate-test-XXXXXX", path[64], packed[1024];
    assert_non_null(mkdtemp(folder));
    pal_ctx ctx = {0};
    size_t n = strlen(dialects[0]);
    for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
        snprintf(path, sizeof path, "%s/shop.csv.%s", folder, is_zstd ? "zst" : "gz");
        if (is_zstd) {
            size_t length = ZSTD_compress(packed, sizeof packed, dialects[0], n, 3);
            assert_int_equal(pal_file_write(&ctx, path, packed, length), PAL_OK);
        } else {
            gzFile file = gzopen(path, "wb");
            assert_int_equal(gzwrite(file, dialects[0], (unsigned)n), n);
            gzclose(file);
        }
        pal_data *data = NULL;
        assert_int_equal(pal_data_read(&ctx, &(pal_paths){.log = path}, NULL, &data), PAL_OK);
        check_three_events(data);
        assert_string_equal(data->name, "shop");
        assert_string_equal(data->source, path);
        pal_data_free(data);
        unlink(path);
    }
    rmdir(folder);
}

/* --- columns --- */

static void test_columns_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *options, *columns;
    } told[] = {
        {"who,what,how,when\nann,fig,4,1000000000\nbob,pear,2.5,1000000060\nann,pear,1,"
         "1000000120\n",
         "columns=user=who,item=what,value=how,time=when",
         "user=who item=what value=how time=when"},
        {"who,what,how,when\nann,fig,4,1000000000\nbob,pear,2.5,1000000060\nann,pear,1,"
         "1000000120\n",
         "columns=user=1,item=2,value=3,time=4", "user=who item=what value=how time=when"},
        {"fig,4,x,x,x,1000000000,ann\npear,2.5,x,x,x,1000000060,bob\npear,1,x,x,x,1000000120,ann\n",
         "columns=user=7,item=1,time=6,value=2", "user=7 item=1 value=2 time=6"},
        {"user_id,item_id,price,weight,ts\nann,fig,4,9,1000000000\nbob,pear,2.5,9,1000000060\n"
         "ann,pear,1,9,1000000120\n",
         "value=price", "user=user_id item=item_id value=price time=ts"},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        pal_data *data = read_text(told[i].text, told[i].options);
        assert_string_equal(data->columns, told[i].columns);
        static const float values[] = {4, 1, 2.5f};
        assert_int_equal(data->parts[0].n_events, 3);
        assert_memory_equal(data->parts[0].values, values, sizeof values);
        assert_int_equal(data->parts[0].times[1], 1000000120);
        pal_data_free(data);
    }
}

static void test_columns_guessed(void **state) {
    (void)state;
    static const struct {
        const char *text, *columns;
    } guessed[] = {
        {"ann,fig\nbob,pear\n", "user=1 item=2"},
        {"1\t2\n3\t4\n", "user=1 item=2"},
        {"1\t2\t5\n3\t4\t1\n", "user=1 item=2 value=3"},
        {"1\t2\t881250949\n3\t4\t881250950\n", "user=1 item=2 time=3"},
        {"ann,fig,view,2024-03-01\nbob,pear,buy,2024-03-02\n", "user=1 item=2 time=4 event=3"},
        /* A session only stands in for a user; an id may be called like a column. */
        {"session_id,product_id\ns,p\n", "user=session_id item=product_id"},
        {"basket_id,product_id\ns,p\n", "user=basket_id item=product_id"},
        {"session_id,product_id,user_id\ns,p,u\n", "user=user_id item=product_id"},
        {"ann,time,5,881250949\nbob,date,3,881250949\n", "user=1 item=2 value=3 time=4"},
        {"visitorid,itemid,event,timestamp\n1,2,view,1433221332117\n",
         "user=visitorid item=itemid time=timestamp event=event"},
        {"user,item\nuser,item\n", "user=user item=item"},
        /* A line that is no event does not hide the separator. */
        {"user_id\titem_id\ttitle\na\tb\tx, y, z\nc\td\tx\n", "user=user_id item=item_id"},
        {"a\tb\tx, y\nc\td\tz\ne\tf\tu, v, w\n", "user=1 item=2 event=3"},
    };
    for (size_t i = 0; i < sizeof guessed / sizeof *guessed; i++) {
        pal_data *data = read_text(guessed[i].text, NULL);
        assert_string_equal(data->columns, guessed[i].columns);
        pal_data_free(data);
    }
}

static void test_only_bounded_scales_are_ratings(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool are_ratings;
    } tables[] = {
        {"user,item,rating\na,b,1\na,c,5\n", true},
        {"user,item,stars\na,b,0.5\na,c,5\n", true},
        {"a,b,1\na,c,5\n", true},
        {"user,item,quantity\na,b,1\na,c,5\n", false},
        {"user,item,playtime\na,b,1\na,c,5\n", false},
        {"user,item,rating\na,b,1\na,c,1\n", false}, /* says nothing */
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        pal_data *data = read_text(tables[i].text, NULL);
        assert_non_null(data->parts[0].values);
        assert_int_equal(data->parts[0].about.values_are_ratings, tables[i].are_ratings);
        pal_data_free(data);
    }
    pal_text many = {0};
    pal_text_add(&many, "user,item,rating\n");
    for (int i = 0; i < 40; i++) pal_text_addf(&many, "u,i%d,%d.%d\n", i, i / 4, i);
    pal_data *data = read_text(many.bytes, NULL);
    assert_false(data->parts[0].about.values_are_ratings);
    pal_data_free(data);
    pal_text_release(&many);
}

static void test_one_event_is_a_log(void **state) {
    (void)state;
    pal_data *data = read_text("u,i\n", NULL);
    assert_int_equal(data->parts[0].n_events, 1);
    pal_data_free(data);
    data = read_text("user,item\nu,i", NULL);
    assert_int_equal(data->parts[0].n_events, 1);
    assert_string_equal(pal_ids_at(&data->item_ids, 0), "i");
    pal_data_free(data);
}

static void test_ids_are_kept_as_written(void **state) {
    (void)state;
    pal_data *data = read_text("user,item\n01,\"a \"\"b\"\"\"\n1, x\nJosé,\"two\nlines\"\n", NULL);
    assert_string_equal(pal_ids_at(&data->user_ids, 0), "01");
    assert_string_equal(pal_ids_at(&data->user_ids, 1), "1");
    assert_string_equal(pal_ids_at(&data->user_ids, 2), "José");
    assert_string_equal(pal_ids_at(&data->item_ids, 0), "a \"b\"");
    assert_string_equal(pal_ids_at(&data->item_ids, 1), " x");
    assert_string_equal(pal_ids_at(&data->item_ids, 2), "two\nlines");
    pal_data_free(data);
}

static void test_shown_rows_are_harmless(void **state) {
    (void)state;
    pal_data *data = read_text("user,item,rating\n\x1b[31mred,äöüäöüäöüäöüäöüäöüäöüäöü,3\n"
                               "b\ad,i\x7f,4\nc\xC2\x9B,d\xC2\xA0,5\ne,f,5\n",
                               NULL);
    static const char shown[] =
        "user                  item                  value                 \n"
        "?[31mred              äöüäöüäöüäöüäöüäöüäö  3                     \n"
        "b?d                   i?                    4                     \n"
        "c?                    d\xC2\xA0                    5                     \n";
    assert_string_equal(data->shown.bytes, shown);
    pal_data_free(data);
}

/* --- what is refused --- */

static const struct {
    const char *text, *options;
    pal_status status;
    const char *sentence;
} refused[] = {
    {"", NULL, PAL_EFORMAT, "log.csv: the file is empty"},
    {"\n\n\r\n", NULL, PAL_EFORMAT, "log.csv: the file is empty"},
    {"\xEF\xBB\xBF", NULL, PAL_EFORMAT, "log.csv: the file is empty"},
    {"user,item,rating\n", NULL, PAL_EDATA, "log.csv: holds no events"},
    /* Separators and columns. */
    {"user item\na b\n", NULL, PAL_EFORMAT,
     "log.csv: only one column found: fields must be separated by tab, comma, semicolon, | or ::"},
    {"user\na\nb\n", NULL, PAL_EFORMAT,
     "log.csv: only one column found: fields must be separated by tab, comma, semicolon, | or ::"},
    {"foo,item\nx,1\n", NULL, PAL_EFORMAT,
     "log.csv: cannot tell which of 2 columns is the user: say --columns user=…,item=… with names "
     "or "
     "numbers"},
    {"1,2,3,4,5,6\n1,2,3,4,5,6\n", NULL, PAL_EFORMAT,
     "log.csv: cannot tell which of 6 columns is the user: say --columns user=…,item=… with names "
     "or "
     "numbers"},
    {"user,item,user\na,b,c\n", NULL, PAL_EFORMAT,
     "log.csv: columns 1 and 3 are both called 'user': say --columns user=1 or user=3"},
    {"user,item\na,b\n", "columns=user=itme", PAL_EUSAGE,
     "log.csv has no column 'itme': it has user, item"},
    {"user,item\na,b\n", "columns=value=3", PAL_EUSAGE,
     "log.csv has no column '3': it has user, item"},
    {"a,b\nc,d\n", "columns=user=name", PAL_EUSAGE,
     "log.csv has no column 'name': it has no names, only numbers from 1; name columns by number"},
    {"user,item\na,b\n", "columns=user=item", PAL_EUSAGE,
     "log.csv: column 2 is both user and item: name another with --columns"},
    {"user,item\na,b\n", "columns=user=1,user=2", PAL_EUSAGE, "--columns names the user twice"},
    {"user,item\na,b\n", "columns=owner=1", PAL_EUSAGE,
     "--columns must look like user=a,item=b,value=c,time=d,event=e,text=f, not 'owner'"},
    {"user,item\na,b\n", "columns=item", PAL_EUSAGE,
     "--columns must look like user=a,item=b,value=c,time=d,event=e,text=f, not 'item'"},
    {"user,item\na,b\n", "value=rating", PAL_EUSAGE,
     "log.csv has no column 'rating': it has user, item"},
    {"user,item\na,b\n", "target=buy", PAL_EUSAGE,
     "--target: the log has no event types: name their column with --columns event=…"},
    {"user,item,event\na,b,view\n", "target=buy", PAL_EUSAGE,
     "--target: the log has no event type 'buy': it has view"},
    {"user,item\na,b\n", "format=parquet", PAL_EUSAGE, NULL},
    {"user,item\na,b\n", "colums=user=1", PAL_EUSAGE, NULL},
    /* Lines. */
    {"user,item,rating\na,b,1\na,b\n", NULL, PAL_EFORMAT,
     "log.csv:3: has 2 columns where the first line has 3"},
    {"user,item,rating\na,b,1\n\na,b,1,1\n", NULL, PAL_EFORMAT,
     "log.csv:4: has 4 columns where the first line has 3"},
    {"user,item\n\"a\nb\",c\nd\n", NULL, PAL_EFORMAT,
     "log.csv:4: has 1 columns where the first line has 2"},
    {"user,item\na,\"b\nc,d\ne,f\n", NULL, PAL_EFORMAT,
     "log.csv:2: a quote that opens in this line is not closed: close it, or double quotes inside "
     "a "
     "field"},
    {"user,item\na,\"b\"c\n", NULL, PAL_EFORMAT,
     "log.csv:2: text follows a closing quote: double the quotes inside a field"},
    {"\"ann\"::fig\n\"bob\":pear\n", NULL, PAL_EFORMAT,
     "log.csv:2: text follows a closing quote: double the quotes inside a field"},
    /* Ids. */
    {"user,item\n,b\n", NULL, PAL_EFORMAT, "log.csv:2: user id is empty"},
    {"user,item\na,\"\"\n", NULL, PAL_EFORMAT, "log.csv:2: item id is empty"},
    {"user,item\na,b\nc,caf\xE9\n", NULL, PAL_EFORMAT,
     "log.csv:3: item id is not valid UTF-8: convert the file, e.g. with iconv"},
    {"user,item\na\xC0\x80,b\n", NULL, PAL_EFORMAT,
     "log.csv:2: user id is not valid UTF-8: convert the file, e.g. with iconv"},
    /* Values. */
    {"user,item,rating\na,b,good\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not 'good'"},
    {"user,item,rating\na,b,\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not ''"},
    {"user,item,rating\na,b,1\na,b,NaN\n", NULL, PAL_EFORMAT,
     "log.csv:3: rating must be a finite number, not 'NaN'"},
    {"user,item,rating\na,b,-inf\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not '-inf'"},
    {"user,item,rating\na,b,1e39\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not '1e39'"},
    {"user,item,rating\na,b,0x10\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not '0x10'"},
    {"user;item;rating\na;b;3,5\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not '3,5'"},
    {"user,item,rating\na,b,\x1b[2J\xC2\x9B\n", NULL, PAL_EFORMAT,
     "log.csv:2: rating must be a finite number, not '?[2J\?\?'"},
    /* Times. */
    {"user,item,time\na,b,-1\n", NULL, PAL_EFORMAT, "log.csv:2: time is negative: '-1'"},
    {"user,item,time\na,b,1969-12-31\n", NULL, PAL_EFORMAT,
     "log.csv:2: time is negative: '1969-12-31'"},
    {"user,item,time\na,b,yesterday\n", NULL, PAL_EFORMAT,
     "log.csv:2: time must be seconds or a date such as 2024-03-01T12:30:00Z, not 'yesterday'"},
    {"user,item,time\na,b,nan\n", NULL, PAL_EFORMAT,
     "log.csv:2: time must be seconds or a date such as 2024-03-01T12:30:00Z, not 'nan'"},
    {"user,item,time\na,b,2024-02-30\n", NULL, PAL_EFORMAT,
     "log.csv:2: time must be seconds or a date such as 2024-03-01T12:30:00Z, not '2024-02-30'"},
    {"user,item,time\na,b,2024-03-01T25:00\n", NULL, PAL_EFORMAT,
     "log.csv:2: time must be seconds or a date such as 2024-03-01T12:30:00Z, not "
     "'2024-03-01T25:00'"},
    {"user,item,time\na,b,1e30\n", NULL, PAL_EFORMAT,
     "log.csv:2: time must be seconds or a date such as 2024-03-01T12:30:00Z, not '1e30'"},
    {"user,item,time\na,b,1700000000\na,c,1700000000000\n", NULL, PAL_EFORMAT,
     "log.csv:3: time is in milliseconds here but in seconds before: '1700000000000', but "
     "1700000000 in line 2: bring all times to one unit"},
    /* As seconds it could be read, and a log with it written, but not read again. */
    {"user,item,time\na,b,1700000000\na,c,9223372036854775807\n", NULL, PAL_EFORMAT,
     "log.csv:3: time lies past the year 33000: '9223372036854775807': mend or drop the line"},
    {"user,item,time\na,b,9223372036854775807\na,c,2\na,d,1700000000\n", NULL, PAL_EFORMAT,
     "log.csv:2: time lies past the year 33000: '9223372036854775807': mend or drop the line"},
    {"user,item,time\na,b,1700000000\na,c,2024-03-01\n", NULL, PAL_EFORMAT,
     "log.csv:3: time is a date here but a number before: '2024-03-01': bring all times to one "
     "form"},
    /* Event types. */
    {"user,item,event\na,b,view\na,b,\n", NULL, PAL_EFORMAT, "log.csv:3: event type is empty"},
    {"user,item,event\na,b,\xFF\n", NULL, PAL_EFORMAT,
     "log.csv:2: event type is not valid UTF-8: convert the file, e.g. with iconv"},
    /* Files that are no tables. */
    {"PAR1\x15\x04\x15", NULL, PAL_EFORMAT,
     "log.csv is a Parquet file: convert it with duckdb -c \"COPY (FROM 'log.csv') TO "
     "'events.csv'\" or python3 -c \"import pandas; pandas.read_parquet('log.csv').to_csv("
     "'events.csv', index=False)\""},
    {"PK\x03\x04...", NULL, PAL_EFORMAT,
     "log.csv is a zip archive or spreadsheet: unpack it, or save it as CSV"},
    {"ORC\x11", NULL, PAL_EFORMAT, "log.csv is an ORC file: convert it to CSV first"},
    {"\xFD\x37zXZ...", NULL, PAL_EFORMAT,
     "log.csv is compressed with xz: unpack it, or use gzip or zstd"},
    {"\xFF\xFEu\1s\1", NULL, PAL_EFORMAT,
     "log.csv is UTF-16: convert it with iconv -f UTF-16 -t UTF-8 log.csv > events.csv"},
    {"{\"user\": 1}\n", "format=table", PAL_EFORMAT,
     "log.csv holds JSON: leave out --format, or say --format jsonl"},
    {"[{\"user\": 1}]\n", NULL, PAL_EFORMAT,
     "log.csv is a JSON array: make JSON lines of it with jq -c '.[]' log.csv > events.jsonl"},
};

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        pal_ctx ctx = {0};
        pal_data *data;
        pal_status status =
            parse_bytes(&ctx, refused[i].text, strlen(refused[i].text), refused[i].options, &data);
        if (status != refused[i].status) {
            fail_msg("'%s' %s: status %d, '%s'", refused[i].text,
                     refused[i].options ? refused[i].options : "", status, ctx.error);
        }
        assert_null(data);
        assert_true(ctx.error[0] != '\0');
        assert_null(strchr(ctx.error, '\n'));
        if (refused[i].sentence) assert_string_equal(ctx.error, refused[i].sentence);
    }
}

/* `n` times `c` between `before` and `after`. */
static char *repeat(const char *before, char c, size_t n, const char *after) {
    size_t head = strlen(before), tail = strlen(after);
    char *text = malloc(head + n + tail + 1);
    memcpy(text, before, head);
    memset(text + head, c, n);
    memcpy(text + head + n, after, tail + 1);
    return text;
}

static void test_refused_for_length(void **state) {
    (void)state;
    static const char long_line[] =
        "the line is longer than 1 MB: this is not a table of events, or its line ends are lost";
    static const struct {
        const char *before, *after;
        char c;
        size_t n;
        const char *where, *sentence;
    } cases[] = {
        {"user,item\na,b\na,", "\nc,d\n", 'x', PAL_ID_MAX + 1, "log.csv:3: item id ",
         "is longer than 1024 bytes: is this column really an id?"},
        {"user,item\na,b\na,", "\nc,d\n", 'x', 10 << 20, "log.csv:3: ", long_line},
        {"user,item\na,b\na,b\"", "\nc,d\n", 'x', 10 << 20, "log.csv:3: ", long_line},
        {"user,item\na,b\na,", "", ',', 10 << 20, "log.csv:3: ", long_line},
        {"user,item\na,b\n", "", '\0', 10 << 20, "log.csv:3: ", long_line},
        {"", "", 'x', 10 << 20, "log.csv:1: ", long_line},
        {"user,item\na,b\na,\"", "c,d\n", '\n', 10 << 20, "log.csv:3: ",
         "a quote that opens in this line is not closed: close it, or double quotes inside a "
         "field"},
        {"user,item,event\na,b,", "\n", 'x', PAL_NAME_MAX, "log.csv:2: event type ",
         "is longer than 63 bytes: is this column really the type?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = repeat(cases[i].before, cases[i].c, cases[i].n, cases[i].after), expected[256];
        size_t n = strlen(cases[i].before) + cases[i].n + strlen(cases[i].after);
        pal_ctx ctx = {0};
        pal_data *data;
        assert_int_equal(parse_bytes(&ctx, text, n, NULL, &data), PAL_EFORMAT);
        snprintf(expected, sizeof expected, "%s%s", cases[i].where, cases[i].sentence);
        assert_string_equal(ctx.error, expected);
        free(text);
    }
}

/* Lines of just under and just over the limit, plain and quoted, cut at every place around it. */
static void test_lines_around_the_limit(void **state) {
    (void)state;
    static const char *const heads[] = {"user,item,note\na,b,", "user,item,note\na,b,\"",
                                        "user,item,note\n\"a\",b,",
                                        "\"a\"::b::", "user::item::note\n\"a\"::\"b\"::\""};
    static const char *const tails[] = {
        "",     "\"",     "\"\n", "\",", "\"\"",      "\n",
        "\r\n", "\"\r\n", ",",    "::",  "\nc,d,e\n", "\"::yyyyyyyyyyyyyyyyyyyyyyyyyyy"};
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++) {
        for (size_t t = 0; t < sizeof tails / sizeof *tails; t++) {
            for (size_t n = (1 << 20) - 20; n < (1 << 20) + 2; n++) {
                char *text = repeat(heads[h], 'x', n, tails[t]);
                pal_ctx ctx = {0};
                pal_data *data;
                size_t length = strlen(heads[h]) + n + strlen(tails[t]);
                char *exact = malloc(length);
                memcpy(exact, text, length);
                free(text);
                if (parse_bytes(&ctx, exact, length, NULL, &data) != PAL_OK) {
                    assert_true(ctx.error[0] != '\0');
                }
                pal_data_free(data);
                free(exact);
            }
        }
    }
}

static void test_nul_bytes(void **state) {
    (void)state;
    static const char in_id[] = "user,item\na,b\0c\n", in_type[] = "user,item,event\na,b,v\0w\n",
                      elsewhere[] = "user,item,note\na,b,v\0w\n";
    pal_ctx ctx = {0};
    pal_data *data;
    assert_int_equal(parse_bytes(&ctx, in_id, sizeof in_id - 1, NULL, &data), PAL_EFORMAT);
    assert_string_equal(ctx.error, "log.csv:2: item id contains a NUL byte");
    assert_int_equal(parse_bytes(&ctx, in_type, sizeof in_type - 1, NULL, &data), PAL_EFORMAT);
    assert_string_equal(ctx.error, "log.csv:2: event type contains a NUL byte");
    data = read_bytes(elsewhere, sizeof elsewhere - 1, NULL);
    assert_int_equal(data->parts[0].n_events, 1);
    pal_data_free(data);
}

static void test_too_many_event_types(void **state) {
    (void)state;
    pal_text text = {0};
    pal_text_add(&text, "user,item,event\n");
    for (int i = 0; i < PAL_TYPES_MAX; i++) pal_text_addf(&text, "u,i,t%d\n", i);
    pal_data *data = read_text(text.bytes, NULL);
    assert_int_equal(data->parts[0].about.n_types, PAL_TYPES_MAX);
    pal_data_free(data);
    pal_text_add(&text, "u,i,more\n");
    pal_ctx ctx = {0};
    assert_int_equal(parse_bytes(&ctx, text.bytes, text.length, "bad_lines=skip", &data),
                     PAL_EFORMAT);
    assert_string_equal(
        ctx.error, "log.csv:34: more than 32 event types: is this column really the event type?");
    pal_text_release(&text);
}

static void test_missing_files(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data *data = NULL;
    static const char *const nowhere = "/tmp/palate-no-such-file.csv";
    assert_int_equal(pal_data_read(&ctx, &(pal_paths){.log = nowhere}, NULL, &data), PAL_EIO);
    assert_string_equal(ctx.error,
                        "/tmp/palate-no-such-file.csv: cannot open: No such file or directory");
    assert_int_equal(pal_data_read(&ctx, &(pal_paths){0}, NULL, &data), PAL_EUSAGE);
    assert_string_equal(ctx.error, "name one log to split, or the parts with --train and --test");
    assert_int_equal(
        pal_data_read(&ctx, &(pal_paths){.log = nowhere, .train = nowhere}, NULL, &data),
        PAL_EUSAGE);
    assert_int_equal(pal_data_read(&ctx, &(pal_paths){.train = nowhere}, NULL, &data), PAL_EUSAGE);
    assert_string_equal(ctx.error, "--train and --test belong together: --test is missing");
    assert_int_equal(pal_data_read(&ctx, &(pal_paths){.test = nowhere}, NULL, &data), PAL_EUSAGE);
    assert_string_equal(ctx.error, "--train and --test belong together: --train is missing");
    assert_null(data);
}

/* --- skipping --- */

static void test_bad_lines_are_skipped_and_counted(void **state) {
    (void)state;
    static const char text[] = "user,item,rating\n"
                               "a,b,1\n"
                               "a,b\n"        /* too short */
                               "a,c,x\n"      /* no number */
                               "a,\"c\"d,2\n" /* text after a quote */
                               ",c,2\n"       /* no user */
                               "b,\"c\",2\n"
                               "c,d,3\n"
                               "d,e,4\n"
                               "e,f,5\n"
                               "f,\"g,5\n"; /* never closed */
    pal_data *data = read_bytes(text, sizeof text - 1, "bad_lines=skip");
    assert_int_equal(data->parts[0].n_events, 5);
    assert_int_equal(data->user_ids.n, 5);
    assert_finds(data, "first skipped line: log.csv:3: has 2 columns where the first line has 3");
    assert_finds(data, "5 lines skipped that could not be read");
    assert_finds(data, "5 events read from log.csv");
    pal_data_free(data);
    pal_ctx ctx = {0};
    assert_int_equal(parse_bytes(&ctx, text, sizeof text - 1, NULL, &data), PAL_EFORMAT);
}

static void test_mostly_bad_lines_are_refused(void **state) {
    (void)state;
    static const char text[] = "user,item,rating\na,b,1\na,b,x\na,b,y\n",
                      none[] = "user,item,rating\na,b,x\na,b,y\n";
    pal_ctx ctx = {0};
    pal_data *data;
    assert_int_equal(parse_bytes(&ctx, text, sizeof text - 1, "bad_lines=skip", &data),
                     PAL_EFORMAT);
    assert_string_equal(ctx.error,
                        "log.csv: 2 of 3 lines cannot be read: wrong format or columns?");
    assert_int_equal(parse_bytes(&ctx, none, sizeof none - 1, "bad_lines=skip", &data),
                     PAL_EFORMAT);
}

/* --- notices --- */

static void collect_notice(void *arg, pal_notice_type type, const char *line) {
    if (type == PAL_NOTICE_INFO) pal_text_addf(arg, "%s\n", line);
}

static void test_the_guess_is_told(void **state) {
    (void)state;
    pal_text told = {0};
    pal_ctx ctx = {.notice = collect_notice, .notice_arg = &told};
    static const char text[] = "user,item,time\na,b,1700000000000\n";
    pal_data *data;
    assert_int_equal(parse_bytes(&ctx, text, sizeof text - 1, NULL, &data), PAL_OK);
    assert_string_equal(told.bytes,
                        "log.csv: table; user=user item=item time=time; times: milliseconds\n");
    assert_int_equal(data->parts[0].times[0], 1700000000);
    assert_string_equal(data->format, "table");
    pal_data_free(data);
    pal_text_release(&told);
}

/* Numbers too small to be dates of our time are taken as they are, or by the largest. */
static void test_times_without_an_epoch(void **state) {
    (void)state;
    pal_data *data = read_text("user,item,time\na,b,0\na,c,7\na,d,100\n", NULL);
    static const int64_t steps[] = {0, 7, 100};
    assert_memory_equal(data->parts[0].times, steps, sizeof steps);
    pal_data_free(data);
    /* One unset time among milliseconds. */
    data = read_text("user,item,time\na,b,0\na,c,1700000000000\n", NULL);
    assert_int_equal(data->parts[0].times[1], 1700000000);
    pal_data_free(data);
    /* One far future among seconds. */
    data = read_text("user,item,time\na,b,1700000000\na,c,253402300799\n", NULL);
    assert_int_equal(data->parts[0].times[0], 1700000000);
    pal_data_free(data);
}

/* --format names what list.c lists, in its order. */
static void test_format_names(void **state) {
    (void)state;
    const char *const *names = pal_data_params[0].choices;
    int32_t n = 0;
    assert_string_equal(pal_data_params[0].name, "format");
    for (; pal_formats[n]; n++) assert_string_equal(names[n + 1], pal_formats[n]->name);
    assert_null(names[n + 1]);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_names),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_every_cut_is_read_or_refused),
        cmocka_unit_test(test_compressed_files),
        cmocka_unit_test(test_columns_told),
        cmocka_unit_test(test_columns_guessed),
        cmocka_unit_test(test_only_bounded_scales_are_ratings),
        cmocka_unit_test(test_one_event_is_a_log),
        cmocka_unit_test(test_ids_are_kept_as_written),
        cmocka_unit_test(test_shown_rows_are_harmless),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_for_length),
        cmocka_unit_test(test_lines_around_the_limit),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_too_many_event_types),
        cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_bad_lines_are_skipped_and_counted),
        cmocka_unit_test(test_mostly_bad_lines_are_refused),
        cmocka_unit_test(test_the_guess_is_told),
        cmocka_unit_test(test_times_without_an_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
