/* test_prepare.c - filters leave what they promise, say what they dropped, and refuse to leave
 * nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/text.h"
#include "data/read.h"

static pal_status parse(pal_ctx *ctx, const char *text, const char *options, pal_data **out) {
    *out = NULL;
    return pal_data_parse(ctx, "shop.csv", &(pal_bytes){.bytes = text, .length = strlen(text)},
                          options, out);
}

static pal_data *read_text(const char *text, const char *options) {
    pal_ctx ctx = {0};
    pal_data *data;
    if (parse(&ctx, text, options, &data) != PAL_OK) fail_msg("%s: %s", options, ctx.error);
    return data;
}

static void assert_refused(const char *text, const char *options, pal_status expected,
                           const char *sentence) {
    pal_ctx ctx = {0};
    pal_data *data;
    assert_int_equal(parse(&ctx, text, options, &data), expected);
    assert_string_equal(ctx.error, sentence);
    assert_null(data);
}

static void assert_finds(const pal_data *data, const char *sentence) {
    for (int32_t i = 0; i < data->n_findings; i++) {
        if (!strcmp(data->findings[i].what, sentence)) return;
    }
    for (int32_t i = 0; i < data->n_findings; i++) print_message("%s\n", data->findings[i].what);
    fail_msg("no finding is '%s'", sentence);
}

/* The log as text, "user item time …" by user, which shows that ids, rows and events still belong
 * together. */
static void assert_events(const pal_data *data, const char *expected) {
    const pal_log *log = &data->parts[0];
    assert_int_equal(log->n_users, data->user_ids.n);
    assert_int_equal(log->n_items, data->item_ids.n);
    pal_text text = {0};
    for (int32_t u = 0; u < log->n_users; u++) {
        pal_text_addf(&text, "%s:", pal_ids_at(&data->user_ids, u));
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            pal_text_addf(&text, " %s", pal_ids_at(&data->item_ids, log->items[e]));
            if (log->times) pal_text_addf(&text, "@%d", (int)log->times[e]);
            if (log->types) pal_text_addf(&text, "/%s", log->about.type_names[log->types[e]]);
        }
        pal_text_add(&text, "\n");
    }
    assert_string_equal(text.bytes ? text.bytes : "", expected);
    pal_text_release(&text);
}

static const char shop[] = "user,item,event,time\n"
                           "ann,fig,view,10\nann,fig,buy,20\nann,pear,view,30\nann,fig,view,40\n"
                           "bob,fig,view,15\nbob,kiwi,cart,25\nbob,fig,view,5\n"
                           "cat,pear,view,12\n";

static void test_nothing_asked_changes_nothing(void **state) {
    (void)state;
    pal_data *data = read_text(shop, NULL);
    assert_events(data, "ann: fig@10/view fig@20/buy pear@30/view fig@40/view\n"
                        "bob: fig@5/view fig@15/view kiwi@25/cart\ncat: pear@12/view\n");
    assert_null(data->parts[0].weights);
    pal_data_free(data);
}

static void test_since(void **state) {
    (void)state;
    pal_data *data = read_text(shop, "since=20");
    assert_events(data, "ann: fig@20/buy pear@30/view fig@40/view\nbob: kiwi@25/cart\n");
    assert_finds(data, "4 events before 20 dropped");
    pal_data_free(data);
    static const char dated[] = "a,x,2024-02-29T23:59:59\na,y,2024-03-01\nb,x,2024-03-02\n";
    data = read_text(dated, "since=2024-03-01");
    assert_events(data, "a: y@1709251200\nb: x@1709337600\n");
    pal_data_free(data);
    assert_refused(
        shop, "since=someday", PAL_EUSAGE,
        "--since must be a date such as 2024-03-01 or seconds since 1970, not 'someday'");
    assert_refused("a,x\nb,y\n", "since=2024-03-01", PAL_EDATA,
                   "--since needs times, and the log has none");
}

static void test_dedupe_keeps_the_last(void **state) {
    (void)state;
    pal_data *data = read_text(shop, "dedupe");
    assert_events(data, "ann: fig@20/buy pear@30/view fig@40/view\n"
                        "bob: fig@15/view kiwi@25/cart\ncat: pear@12/view\n");
    assert_finds(data, "2 earlier events of the same user, item and type dropped");
    pal_data_free(data);
}

static void test_events_weigh_and_drop(void **state) {
    (void)state;
    pal_data *data = read_text(shop, "events=view=1,buy=5");
    assert_events(data, "ann: fig@10/view fig@20/buy pear@30/view fig@40/view\n"
                        "bob: fig@5/view fig@15/view\ncat: pear@12/view\n");
    static const float weights[] = {1, 5, 1, 1, 1, 1, 1};
    assert_memory_equal(data->parts[0].weights, weights, sizeof weights);
    assert_finds(data, "1 events of types not named in --events dropped");
    assert_int_equal(data->item_ids.n, 2);
    pal_data_free(data);
    data = read_text(shop, "events=buy");
    assert_events(data, "ann: fig@20/buy\n");
    pal_data_free(data);
    assert_refused(shop, "events=sell=2", PAL_EUSAGE,
                   "--events: the log has no event type 'sell': it has view, buy, cart");
    assert_refused(shop, "events=view=0", PAL_EUSAGE,
                   "--events: the weight of view must be a number above 0, at most 1,000,000, not "
                   "'0'");
    assert_refused(shop, "events=view=nan", PAL_EUSAGE,
                   "--events: the weight of view must be a number above 0, at most 1,000,000, not "
                   "'nan'");
    assert_refused("a,x\nb,y\n", "events=view", PAL_EUSAGE,
                   "--events: the log has no event types: name their column with --columns "
                   "event=…");
}

static void test_target_is_guessed_or_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *options;
        uint32_t targets;
        const char *finding;
    } cases[] = {
        {shop, NULL, 1u << 1, "target: buy (12.5 % of events), guessed"},
        {shop, "target=cart", 1u << 2, "target: cart (12.5 % of events)"},
        {shop, "target=view,cart", 1u << 0 | 1u << 2, "target: view, cart (87.5 % of events)"},
        {shop, "events=view,cart", 1u << 2, "target: cart (14.3 % of events), guessed"},
        {"user,item,event\na,x,show\na,y,show\na,y,play\n", NULL, 1u << 1,
         "target: play (33.3 % of events), guessed"},
        {"user,item,event\na,x,view\n", NULL, 1u << 0, "target: view (100.0 % of events), guessed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pal_data *data = read_text(cases[i].text, cases[i].options);
        assert_int_equal(data->parts[0].about.target_types, cases[i].targets);
        assert_finds(data, cases[i].finding);
        pal_data_free(data);
    }
    assert_refused(shop, "events=view target=buy", PAL_EDATA,
                   "--target: no event is of type buy: there is view");
}

static void test_drop_users(void **state) {
    (void)state;
    char path[] = "/tmp/palate-test-XXXXXX", options[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char list[] = "cat\r\nnobody\n\nann";
    assert_int_equal(write(fd, list, sizeof list - 1), sizeof list - 1);
    snprintf(options, sizeof options, "drop_users=%s", path);
    pal_data *data = read_text(shop, options);
    assert_events(data, "bob: fig@5/view fig@15/view kiwi@25/cart\n");
    char finding[128];
    snprintf(finding, sizeof finding, "2 users named in %s dropped with 5 events", path);
    assert_finds(data, finding);
    pal_data_free(data);
    pal_ctx ctx = {0};
    assert_int_equal(parse(&ctx, "x,y\nz,w\n", options, &data), PAL_EDATA);
    snprintf(finding, sizeof finding, "%s: none of its lines is a user of the log", path);
    assert_string_equal(ctx.error, finding);
    close(fd);
    unlink(path);
    assert_int_equal(parse(&ctx, shop, options, &data), PAL_EIO);
}

/* Dropping a user makes an item rare, which makes a user rare. */
static void test_core_is_iterated(void **state) {
    (void)state;
    static const char chain[] = "a,1\na,2\nb,1\nb,2\nc,2\nc,3\nd,3\nd,4\ne,4\n";
    pal_data *data = read_text(chain, "min_user=2 min_item=2");
    assert_events(data, "a: 1 2\nb: 1 2\n");
    assert_finds(data, "5 events dropped so that every user has 2 and every item 2");
    pal_data_free(data);
    data = read_text(chain, "min_item=2");
    assert_events(data, "a: 1 2\nb: 1 2\nc: 2 3\nd: 3 4\ne: 4\n");
    pal_data_free(data);
    data = read_text(chain, "min_user=2");
    assert_events(data, "a: 1 2\nb: 1 2\nc: 2 3\nd: 3 4\n");
    pal_data_free(data);
}

/* Against the definition, on random logs: both bounds hold, and what was dropped could not stay. */
static void test_core_is_the_largest(void **state) {
    (void)state;
    enum { USERS = 30, ITEMS = 20, EVENTS = 110, MIN = 4 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        int users[EVENTS], items[EVENTS], n_user[USERS], n_item[ITEMS];
        bool keep[EVENTS];
        uint64_t x = seed * 2654435761u + 12345;
        pal_text text = {0};
        for (int e = 0; e < EVENTS; e++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            users[e] = (int)(x >> 33) % USERS;
            x = x * 6364136223846793005u + 1442695040888963407u;
            items[e] = (int)(x >> 33) % ITEMS;
            keep[e] = true;
            pal_text_addf(&text, "u%d,i%d\n", users[e], items[e]);
        }
        /* The definition: take away one event at a time whose user or item has too few. */
        for (bool changed = true; changed;) {
            changed = false;
            memset(n_user, 0, sizeof n_user);
            memset(n_item, 0, sizeof n_item);
            for (int e = 0; e < EVENTS; e++)
                n_user[users[e]] += keep[e], n_item[items[e]] += keep[e];
            for (int e = 0; e < EVENTS && !changed; e++) {
                if (keep[e] && (n_user[users[e]] < MIN || n_item[items[e]] < MIN)) {
                    keep[e] = false;
                    changed = true;
                }
            }
        }
        int left = 0;
        for (int e = 0; e < EVENTS; e++) left += keep[e];
        pal_ctx ctx = {0};
        pal_data *data;
        pal_status status = parse(&ctx, text.bytes, "min_user=4 min_item=4", &data);
        if (left == 0) {
            assert_int_equal(status, PAL_EDATA);
        } else {
            assert_int_equal(status, PAL_OK);
            assert_int_equal(data->parts[0].n_events, left);
            int32_t n_kept = 0;
            for (int u = 0; u < USERS; u++) n_kept += n_user[u] > 0;
            assert_int_equal(data->user_ids.n, n_kept);
        }
        pal_data_free(data);
        pal_text_release(&text);
    }
}

static void test_filters_follow_one_another(void **state) {
    (void)state;
    pal_data *data = read_text(shop, "since=6 dedupe min_user=2");
    assert_events(data, "ann: fig@20/buy pear@30/view fig@40/view\nbob: fig@15/view "
                        "kiwi@25/cart\n");
    assert_finds(data, "1 events before 6 dropped");
    assert_finds(data, "1 earlier events of the same user, item and type dropped");
    assert_finds(data, "1 events dropped so that every user has 2 and every item 0");
    pal_data_free(data);
}

static void test_nothing_left_is_refused(void **state) {
    (void)state;
    assert_refused(shop, "min_user=100", PAL_EDATA,
                   "shop.csv: no event is left after the filters (the last: 8 events dropped so "
                   "that every user has 100 and every item 0): loosen them");
    assert_refused(shop, "since=2030-01-01", PAL_EDATA,
                   "shop.csv: no event is left after the filters (the last: 8 events before "
                   "2030-01-01 dropped): loosen them");
}

static void test_option_ranges(void **state) {
    (void)state;
    static const char *const wrong[] = {"min_user=-1",    "min_item=many", "half_life=-3d",
                                        "train_window=x", "dedupe=maybe",  "bad_lines=ignore"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pal_ctx ctx = {0};
        pal_data *data;
        assert_int_equal(parse(&ctx, shop, wrong[i], &data), PAL_EUSAGE);
        assert_true(ctx.error[0] != '\0');
    }
}

/* Types that say that something was shown are no target by guess, and no use that --min-user
 * counts. */
static void test_shown_types(void **state) {
    (void)state;
    static const char text[] = "user,item,time,event\n"
                               "a,i,1,Impression\na,i,2,click\na,j,3,click\n"
                               "b,i,4,Impression\nb,j,5,impression\nb,j,6,skip\nb,j,7,click\n";
    pal_data *data = read_text(text, "");
    const pal_log_about *about = &data->parts[0].about;
    assert_int_equal(about->n_types, 4);
    assert_string_equal(about->type_names[1], "click");
    assert_int_equal(about->target_types, 2);
    assert_int_equal(about->shown_types, 13);
    assert_finds(data, "4 events say that something was shown: judged, and learned from by ranker "
                       "and deepfm alone");
    pal_data_free(data);
    data = read_text(text, "min_user=2");
    assert_events(data, "a: i@1/Impression i@2/click j@3/click\n");
    pal_data_free(data);
    data = read_text(text, "target=skip");
    assert_int_equal(data->parts[0].about.target_types, 8);
    assert_int_equal(data->parts[0].about.shown_types, 5);
    pal_data_free(data);
    /* Where nothing else is known, being shown is all there is to learn from. */
    data = read_text("user,item,event\na,i,shown\nb,j,shown\n", "");
    assert_int_equal(data->parts[0].about.shown_types, 0);
    pal_data_free(data);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked_changes_nothing),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_dedupe_keeps_the_last),
        cmocka_unit_test(test_events_weigh_and_drop),
        cmocka_unit_test(test_target_is_guessed_or_told),
        cmocka_unit_test(test_drop_users),
        cmocka_unit_test(test_core_is_iterated),
        cmocka_unit_test(test_core_is_the_largest),
        cmocka_unit_test(test_filters_follow_one_another),
        cmocka_unit_test(test_nothing_left_is_refused),
        cmocka_unit_test(test_option_ranges),
        cmocka_unit_test(test_shown_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
