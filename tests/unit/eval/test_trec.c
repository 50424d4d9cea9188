/* test_trec.c - qrels and runs: what is written can be read, lines that are not understood are
 * named, and what a run lists that no model of ours could list counts without harm. */
#include "support.h"

#include <math.h>
#include <sys/stat.h>

#include "base/file.h"
#include "eval/trec.h"

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/palate_trec_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state) {
    (void)state;
    static const char *const names[] = {"qrels.txt", "a.run", "ease-l2-2-a-b.run", "in.run"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(path_of(names[i]));
    return rmdir(folder);
}

/* --- a test part: u0 used i3 and i4 (new), u1 used i0; u2 has no test event --- */

typedef struct {
    pal_ctx *ctx;
    support_log history, test;
    pal_split split;
    pal_protocol protocol;
    pal_questions questions;
    pal_arena arena;
} bench;

static void bench_open_task(bench *b, pal_task task) {
    static const int32_t users[] = {0, 0, 1, 2}, items[] = {0, 1, 2, 3};
    static const int32_t test_users[] = {0, 0, 1}, test_items[] = {3, 4, 0};
    static const int64_t times[] = {1, 2, 3, 4}, test_times[] = {10, 11, 12};
    *b = (bench){.ctx = support_open(1)};
    support_log_make(b->ctx, &b->history, 3, 4, 4, users, items, times, NULL);
    support_log_make(b->ctx, &b->test, 3, 5, 3, test_users, test_items, test_times, NULL);
    static const char *const user_ids[] = {"u0", "u 1", "u2"};
    for (int32_t u = 0; u < 3; u++)
        assert_int_equal(pal_ids_add(&b->split.user_ids, user_ids[u], strlen(user_ids[u])), u);
    for (int32_t i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(pal_ids_add(&b->split.item_ids, id, strlen(id)), i);
    }
    pal_params_init(pal_protocol_params, &b->protocol);
    b->protocol.k = (pal_ints){.n = 1, .at = {3}};
    assert_int_equal(pal_questions_make(b->ctx, &b->protocol, task, &b->history.log, &b->test.log,
                                        0, 4, &b->questions),
                     PAL_OK);
}

static void bench_open(bench *b) { bench_open_task(b, PAL_TASK_WINDOW); }

static void bench_close(bench *b) {
    pal_arena_release(&b->arena);
    pal_questions_release(&b->questions);
    pal_ids_release(&b->split.user_ids);
    pal_ids_release(&b->split.item_ids);
    support_log_release(&b->history);
    support_log_release(&b->test);
    support_close(b->ctx);
}

static pal_status bench_read(bench *b, const char *text, int32_t k, pal_lists *lists,
                             int64_t *n_unknown) {
    assert_int_equal(pal_file_write(b->ctx, path_of("in.run"), text, strlen(text)), PAL_OK);
    return pal_trec_read_run(b->ctx, path_of("in.run"), &b->questions, &b->split, k, &b->arena,
                             lists, n_unknown);
}

static void assert_text(bench *b, const char *name, const char *expected) {
    pal_bytes bytes;
    assert_int_equal(pal_file_load(b->ctx, path_of(name), &bytes), PAL_OK);
    assert_int_equal(bytes.length, strlen(expected));
    assert_memory_equal(bytes.bytes, expected, bytes.length);
    pal_bytes_release(&bytes);
}

/* --- writing --- */

static pal_status write_qrels(const bench *b, const char *where) {
    pal_batch files;
    TRY(pal_batch_open(b->ctx, where, &files));
    pal_status status = pal_trec_write_qrels(b->ctx, &files, &b->questions, &b->split);
    if (status == PAL_OK) status = pal_batch_commit(b->ctx, &files);
    pal_batch_abort(&files);
    return status;
}

static pal_status write_run(const bench *b, const char *name, const pal_lists *lists) {
    pal_batch files;
    TRY(pal_batch_open(b->ctx, folder, &files));
    pal_status status = pal_trec_write_run(b->ctx, &files, name, &b->questions, &b->split, lists);
    if (status == PAL_OK) status = pal_batch_commit(b->ctx, &files);
    pal_batch_abort(&files);
    return status;
}

static void qrels_name_what_is_relevant(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    assert_int_equal(write_qrels(&b, folder), PAL_OK);
    assert_text(&b, "qrels.txt",
                "u0 0 i3 1\nu0 0 i4 1\nu_1 0 i0 1\n"); /* a blank would end the id */
    bench_close(&b);
    bench_open_task(&b, PAL_TASK_NEXT);
    assert_int_equal(write_qrels(&b, folder), PAL_OK);
    assert_text(&b, "qrels.txt", "u0#1 0 i3 1\nu0#2 0 i4 1\nu_1#1 0 i0 1\n");
    bench_close(&b);
}

static void a_run_keeps_our_order_and_is_named_for_a_file(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    int32_t items[] = {2, 3, -1, 1, -1, -1}, counts[] = {2, 1};
    float scores[] = {7, 7, 0, 0.5f, 0, 0};
    pal_lists lists = {.n = 2, .k = 3, .items = items, .scores = scores, .counts = counts};
    assert_int_equal(write_run(&b, "ease l2=2/a b", &lists), PAL_OK);
    assert_text(&b, "ease-l2-2-a-b.run",
                "u0 Q0 i2 1 3 palate\nu0 Q0 i3 2 2 palate\nu_1 Q0 i1 1 3 palate\n");
    bench_close(&b);
}

static void what_was_written_is_read_again(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    int32_t items[] = {2, 3, 0, 1, -1, -1}, counts[] = {3, 1};
    float scores[6] = {0};
    pal_lists lists = {.n = 2, .k = 3, .items = items, .scores = scores, .counts = counts}, again;
    int64_t n_unknown;
    assert_int_equal(write_run(&b, "a", &lists), PAL_OK);
    assert_int_equal(pal_trec_read_run(b.ctx, path_of("a.run"), &b.questions, &b.split, 3, &b.arena,
                                       &again, &n_unknown),
                     PAL_OK);
    assert_int_equal(again.n, 2);
    assert_int_equal(again.k, 3);
    assert_int_equal(again.counts[0], 3);
    assert_memory_equal(again.items, items, 3 * sizeof *items);
    assert_int_equal(n_unknown, 1); /* the id with a blank cannot come back */
    assert_int_equal(again.counts[1], 0);
    bench_close(&b);
}

static void a_place_that_cannot_be_written_is_said(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    assert_int_equal(write_qrels(&b, "/proc/no/such/place"), PAL_EIO);
    assert_non_null(strstr(b.ctx->error, "/proc/no"));
    bench_close(&b);
}

/* --- reading --- */

static void order_is_by_score_then_by_row(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_lists lists;
    int64_t n_unknown;
    /* Not in order, tabs and blanks, CRLF, a comment, an empty line, no last newline, an item
     * twice, one that training never saw; u2 is no test user. */
    assert_int_equal(bench_read(&b,
                                "# made elsewhere\nu0 Q0 i3 9 0.5 x\r\n\n\tu0\tQ0\ti1\t1\t0.5\tx\n"
                                "u0 Q0 i0 3 -1e3 x\nu0 Q0 i4 2 7 x\nu0 Q0 i4 4 6 x\n"
                                "u2 Q0 i0 1 1 x\nnobody Q0 i1 1 1 x\nu0 Q0 nothing 1 99 x",
                                4, &lists, &n_unknown),
                     PAL_OK);
    const int32_t expected[] = {4, 1, 3, 0, -1, -1, -1, -1};
    assert_int_equal(lists.counts[0], 4);
    assert_int_equal(lists.counts[1], 0);
    assert_memory_equal(lists.items, expected, sizeof expected);
    assert_true(lists.scores[0] == 7 && lists.scores[3] == -1000);
    assert_int_equal(n_unknown, 2);
    assert_int_equal(
        bench_read(&b, "u0 Q0 i3 1 1 x\nu0 Q0 i1 2 2\nu0 Q0 i0 3 3 x y z\n", 2, &lists, &n_unknown),
        PAL_OK); /* the name may be missing or long; no more than k */
    assert_int_equal(lists.counts[0], 2);
    assert_int_equal(lists.items[0], 0);
    assert_int_equal(lists.items[1], 1);
    bench_close(&b);
}

static void scores_are_not_rounded_before_they_are_compared(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_lists lists;
    int64_t n_unknown;
    assert_int_equal(bench_read(&b,
                                "u0 Q0 i0 1 1e299 x\nu0 Q0 i1 1 1e300 x\n"
                                "u0 Q0 i2 1 0.50000000001 x\nu0 Q0 i3 1 0.50000000002 x\n",
                                4, &lists, &n_unknown),
                     PAL_OK);
    const int32_t expected[] = {1, 0, 3, 2};
    assert_memory_equal(lists.items, expected, sizeof expected);
    assert_true(isfinite(lists.scores[0]));
    bench_close(&b);
}

static void an_id_that_looks_like_a_comment_is_an_id(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    assert_int_equal(pal_ids_add(&b.split.user_ids, "#7", 2), 3);
    b.questions.users[1] = 3; /* in the place of u1 */
    pal_lists lists;
    int64_t n_unknown;
    assert_int_equal(bench_read(&b, "#8 Q0 i1 1 1 x\n#7 Q0 i2 1 1 x\n", 3, &lists, &n_unknown),
                     PAL_OK);
    assert_int_equal(lists.counts[1], 1);
    assert_int_equal(lists.items[3], 2);
    assert_int_equal(n_unknown, 0);
    bench_close(&b);
}

static void lines_that_are_no_runs_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line;
    } cases[] = {
        {"u0 Q0 i1 1\n", 1},
        {"u0\n", 1},
        {"u0 Q0 i1 1 1 x\n\nu0 Q0 i2 2 much x\n", 3},
        {"u0 Q0 i1 1 1 x\nu0 Q0 i2 2 nan x", 2},
        {"u0 Q0 i2 2 inf x", 1},
        {"u0 Q0 i2 2 1e999 x", 1},
        {"u0 Q0 i2 2 0x10 x", 1},
        {"u0 Q0 i2 2 1,5 x", 1},
        {"\n\n\n{\"user\": 1}\n", 4},
    };
    bench b;
    bench_open(&b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pal_lists lists;
        int64_t n_unknown;
        char start[256];
        assert_int_equal(bench_read(&b, cases[i].text, 3, &lists, &n_unknown), PAL_EFORMAT);
        snprintf(start, sizeof start, "%s:%d: a run's line must be 'user Q0 item rank score name'",
                 path_of("in.run"), cases[i].line);
        assert_string_equal(b.ctx->error, start);
    }
    bench_close(&b);
}

static void a_run_about_others_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "", "\n", "# nothing\n", "v0 Q0 i1 1 1 x\n", "u0 Q0 j1 1 1 x\n", "u2 Q0 i1 1 1 x\n"};
    bench b;
    bench_open(&b);
    pal_lists lists;
    int64_t n_unknown;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(bench_read(&b, texts[i], 3, &lists, &n_unknown), PAL_EDATA);
        assert_non_null(strstr(b.ctx->error, "in.run: none of its lines is about a test user"));
    }
    assert_int_equal(pal_trec_read_run(b.ctx, path_of("none.run"), &b.questions, &b.split, 3,
                                       &b.arena, &lists, &n_unknown),
                     PAL_EIO);
    bench_close(&b);
    bench_open_task(&b, PAL_TASK_NEXT);
    assert_int_equal(bench_read(&b, "u0 Q0 i1 1 1 x\n", 3, &lists, &n_unknown), PAL_EUSAGE);
    assert_non_null(strstr(b.ctx->error, "--task window"));
    bench_close(&b);
}

/* A system in use may list what training never saw: a hit if it was right, and no harm to the
 * metrics of all lists, which know candidates alone. */
static void items_past_the_candidates_are_judged(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_lists lists;
    pal_evaluation evaluation;
    pal_measures measures;
    int64_t n_unknown;
    /* As many new items that what is kept of candidates would be left far behind. */
    for (int32_t i = 5; i < 20000; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(pal_ids_add(&b.split.item_ids, id, strlen(id)), i);
    }
    assert_int_equal(bench_read(&b, "u0 Q0 i4 1 9 x\nu0 Q0 i19999 2 8.5 x\nu0 Q0 i2 3 8 x\n", 3,
                                &lists, &n_unknown),
                     PAL_OK);
    assert_int_equal(
        pal_evaluate_lists(b.ctx, &b.protocol, &b.questions, NULL, &lists, &evaluation), PAL_OK);
    pal_measures_list(&b.protocol, &measures);
    for (int32_t m = 0; m < measures.n; m++) {
        const char *name = measures.at[m].metric->name;
        if (!strcmp(name, "hit")) assert_true(evaluation.mean[m] == 0.5);
        if (!strcmp(name, "coverage")) assert_true(evaluation.mean[m] == 0.25); /* i2 of four */
        if (!strcmp(name, "gini")) assert_true(evaluation.mean[m] == 0.75);
        if (!strcmp(name, "novelty")) assert_true(fabs(evaluation.mean[m] - log2(3)) < 1e-12);
        if (!strcmp(name, "diversity")) assert_true(evaluation.mean[m] == 1);
        /* One user for three places, beside histories of items with one user each. */
        if (!strcmp(name, "popularity_lift"))
            assert_true(fabs(evaluation.mean[m] + 2.0 / 3) < 1e-12);
    }
    pal_evaluation_release(&evaluation);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qrels_name_what_is_relevant),
        cmocka_unit_test(a_run_keeps_our_order_and_is_named_for_a_file),
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(a_place_that_cannot_be_written_is_said),
        cmocka_unit_test(order_is_by_score_then_by_row),
        cmocka_unit_test(scores_are_not_rounded_before_they_are_compared),
        cmocka_unit_test(an_id_that_looks_like_a_comment_is_an_id),
        cmocka_unit_test(lines_that_are_no_runs_are_named),
        cmocka_unit_test(a_run_about_others_is_refused),
        cmocka_unit_test(items_past_the_candidates_are_judged),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
