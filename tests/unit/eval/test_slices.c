/* test_slices.c - users told apart by columns of their profiles: who is in which slice, what is
 * refused, and how many slices there are at the most. */
#include "support.h"

#include "eval/evaluation.h"

/* Twelve users with one relevant item each; of u0 … u9 there are profiles. */
enum { USERS = 12, DESCRIBED = 10 };

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_data data;
    pal_protocol protocol;
    pal_questions q;
    pal_column columns[4];
    int32_t users[USERS], query_starts[USERS + 1], relevant[USERS];
    int64_t relevant_starts[USERS + 1];
    pal_query queries[USERS];
} fixture;

static void open_fixture(fixture *f) {
    static const char *const ages[] = {"10", "20", "20", "30", "40", "50", "60", "70", "", "80"},
                             *const genders[] = {"f", "m", "f", "m", "f", "m", "f", "f", "f", ""},
                             *const likes[] = {"tea|jam", "tea", "jam|tea", "jam", "tea|rum",
                                               "tea",     "tea", "jam",     "tea", "tea|jam|tea"},
                             *const bios[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    memset(f, 0, sizeof *f);
    f->ctx = support_open(1);
    for (int32_t u = 0; u < USERS; u++) {
        f->users[u] = f->query_starts[u] = u;
        f->relevant_starts[u] = u;
    }
    f->query_starts[USERS] = USERS;
    f->relevant_starts[USERS] = USERS;
    support_log_make(f->ctx, &f->log, USERS, 1, USERS, f->users, f->relevant, NULL, NULL);
    f->columns[0] = (pal_column){.name = "age", .cells = ages};
    f->columns[1] = (pal_column){.name = "gender", .cells = genders};
    f->columns[2] = (pal_column){.name = "likes", .cells = likes};
    f->columns[3] = (pal_column){.name = "bio", .cells = bios};
    f->data.users = (pal_catalog){.n_columns = 4, .columns = f->columns, .title = -1};
    for (int32_t u = 0; u < DESCRIBED; u++) {
        const char *id = pal_ids_at(&f->log.users, u);
        assert_int_equal(pal_ids_add(&f->data.users.ids, id, strlen(id)), u);
    }
    assert_int_equal(pal_catalog_settle(f->ctx, &f->data.users, "", "bio=text,likes=set"), PAL_OK);
    f->q = (pal_questions){.n_users = USERS,
                           .users = f->users,
                           .n_queries = USERS,
                           .query_starts = f->query_starts,
                           .queries = f->queries,
                           .relevant_starts = f->relevant_starts,
                           .relevant = f->relevant,
                           .n_pairs = USERS,
                           .history = &f->log.log,
                           .targets = &f->log.log};
}

static void close_fixture(fixture *f) {
    pal_catalog_release(&f->data.users);
    support_log_release(&f->log);
    support_close(f->ctx);
}

static void ask(fixture *f, const char *column) {
    f->protocol.slices.at[f->protocol.slices.n++] = column;
}

/* The slice of that name must hold these users, in the order of their rows. */
static void expect_in(const pal_slices *slices, const char *group, const char *name,
                      const char *users) {
    for (int32_t s = 0; s < slices->n; s++) {
        if (strcmp(slices->at[s].name, name)) continue;
        char found[USERS + 1] = "";
        int32_t n = 0;
        assert_string_equal(slices->at[s].group, group);
        for (int32_t u = 0; u < USERS; u++) {
            found[u] = slices->at[s].users[u] ? 'x' : '.';
            n += slices->at[s].users[u];
        }
        assert_string_equal(found, users);
        assert_int_equal(slices->at[s].n_users, n);
        return;
    }
    fail_msg("there is no slice '%s'", name);
}

static void expect(const pal_slices *slices, const char *name, const char *users) {
    expect_in(slices, "profile", name, users);
}

static void strangers_are_told_apart_by_what_is_known_of_them(void **state) {
    (void)state;
    fixture f;
    pal_slices slices;
    pal_split split = {0};
    pal_query queries[USERS] = {{0}};
    const pal_profile_cell cell = {"age", "30"};
    open_fixture(&f);
    pal_log history = *f.q.history; /* the last four are unknown to it */
    history.n_users = USERS - 4;
    for (int32_t u = 0; u < USERS; u++) {
        if (u % 2) queries[u].n_profile = 1;
        if (u % 2) queries[u].profile = &cell;
        if (u >= USERS - 2) queries[u].text = "tea";
    }
    f.q.history = &history;
    f.q.queries = queries;
    assert_int_equal(pal_slices_make(f.ctx, &f.protocol, &f.data, &f.q, &split, &slices), PAL_OK);
    expect_in(&slices, "told", "new users with a profile", ".........x.x");
    expect_in(&slices, "told", "new users who searched", "..........xx");
    pal_slices_release(&slices);
    close_fixture(&f);
}

static void users_are_told_apart_by_words_numbers_and_sets(void **state) {
    (void)state;
    fixture f;
    pal_slices slices;
    pal_split split = {0};
    open_fixture(&f);
    ask(&f, "Age");
    ask(&f, "gender");
    ask(&f, "likes");
    assert_int_equal(pal_slices_check(f.ctx, &f.protocol, &f.data), PAL_OK);
    assert_int_equal(pal_slices_make(f.ctx, &f.protocol, &f.data, &f.q, &split, &slices), PAL_OK);
    /* 10 20 20 30 40 50 60 70 80: cut before 20, 40 and 60. */
    expect(&slices, "age below 20", "x...........");
    expect(&slices, "age 20 to below 40", ".xxx........");
    expect(&slices, "age 40 to below 60", "....xx......");
    expect(&slices, "age 60 and more", "......xx.x..");
    expect(&slices, "age: not told", "........x.xx");
    expect(&slices, "gender: f", "x.x.x.xxx...");
    expect(&slices, "gender: m", ".x.x.x......");
    expect(&slices, "gender: not told", ".........xxx");
    /* One person may like several. */
    expect(&slices, "likes: tea", "xxx.xxx.xx..");
    expect(&slices, "likes: jam", "x.xx...x.x..");
    expect(&slices, "likes: rum", "....x.......");
    expect(&slices, "likes: not told", "..........xx");
    pal_slices_release(&slices);
    close_fixture(&f);
}

static void numbers_that_are_all_the_same_are_one_slice(void **state) {
    (void)state;
    fixture f;
    pal_slices slices;
    pal_split split = {0};
    float same[DESCRIBED];
    for (int32_t u = 0; u < DESCRIBED; u++) same[u] = 7;
    open_fixture(&f);
    f.columns[0].numbers = same;
    ask(&f, "age");
    assert_int_equal(pal_slices_make(f.ctx, &f.protocol, &f.data, &f.q, &split, &slices), PAL_OK);
    expect(&slices, "age 7 to 7", "xxxxxxxxxx..");
    pal_slices_release(&slices);
    close_fixture(&f);
}

static void what_divides_nobody_is_refused(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    ask(&f, "height");
    assert_int_equal(pal_slices_check(f.ctx, &f.protocol, &f.data), PAL_EUSAGE);
    assert_non_null(strstr(f.ctx->error, "no column 'height': they have age, gender, likes"));
    f.protocol.slices.at[0] = "bio";
    assert_int_equal(pal_slices_check(f.ctx, &f.protocol, &f.data), PAL_EUSAGE);
    assert_non_null(strstr(f.ctx->error, "taken for text"));
    f.protocol.slices.at[0] = "age";
    ask(&f, "AGE");
    assert_int_equal(pal_slices_check(f.ctx, &f.protocol, &f.data), PAL_EUSAGE);
    assert_non_null(strstr(f.ctx->error, "named twice"));
    pal_data without = {0};
    assert_int_equal(pal_slices_check(f.ctx, &f.protocol, &without), PAL_EUSAGE);
    assert_non_null(strstr(f.ctx->error, "--users"));
    close_fixture(&f);
}

static void there_are_never_too_many(void **state) {
    (void)state;
    fixture f;
    pal_slices slices;
    pal_split split = {0};
    open_fixture(&f);
    for (int32_t i = 0; i < 12; i++) ask(&f, i % 2 ? "age" : "likes");
    assert_int_equal(pal_slices_make(f.ctx, &f.protocol, &f.data, &f.q, &split, &slices), PAL_OK);
    assert_int_equal(slices.n, PAL_SLICES_MAX);
    pal_slices_release(&slices);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_told_apart_by_what_is_known_of_them),
        cmocka_unit_test(users_are_told_apart_by_words_numbers_and_sets),
        cmocka_unit_test(numbers_that_are_all_the_same_are_one_slice),
        cmocka_unit_test(what_divides_nobody_is_refused),
        cmocka_unit_test(there_are_never_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
