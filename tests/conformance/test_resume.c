/* test_resume.c - a training that was interrupted and goes on from its checkpoint ends in the same
 * bytes as one that never was: for every kind that learns in epochs, after each of its epochs. */
#include "support.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "models/checkpoint.h"
#include "models/registry.h"
#include "models/train.h"

enum { USERS = 64, ITEMS = 48, EVENTS = 10, EPOCHS = 4 };

static char folder[] = "/tmp/palate-resume-XXXXXX";
static char path[64];

static int make_folder(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.checkpoint", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Taste, chance and values: no two users alike. */
static void make_log(pal_ctx *ctx, support_log *out, uint64_t seed) {
    static int32_t users[USERS * EVENTS], items[USERS * EVENTS];
    static int64_t times[USERS * EVENTS];
    static float values[USERS * EVENTS];
    pal_rng rng = pal_rng_at(seed, 0);
    for (int32_t n = 0; n < USERS * EVENTS; n++) {
        users[n] = n % USERS;
        items[n] = (int32_t)(pal_rng_below(&rng, ITEMS / 2) * 2) + n % 2;
        values[n] = (float)(1 + pal_rng_below(&rng, 5));
        times[n] = 1000 + 7 * n;
    }
    support_log_make(ctx, out, USERS, ITEMS, USERS * EVENTS, users, items, times, values);
}

/* --- one training --- */

typedef struct {
    pal_ctx *ctx;
    int32_t calls, stops_at; /* asks to stop in this call; 0: never */
    int32_t best;            /* the epoch that is judged best; 0: no judgement */
    bool keeps_all;          /* writes after each epoch, else when asked to stop */
} stopper;

static double judge(void *arg, const pal_model *model) {
    stopper *s = arg;
    if (model->kind->parts) return NAN; /* a blend asks for its weights */
    s->calls++;
    if (s->calls == s->stops_at) atomic_store(&s->ctx->cancelled, true);
    return s->best ? -fabs((double)(model->curve.n + 1 - s->best)) : NAN;
}

static const pal_catalog *known_items; /* features, or NULL */

static pal_status train(pal_ctx *ctx, const char *spec, const pal_log *log, bool resumes,
                        stopper *s, pal_model **out) {
    pal_checkpoint checkpoint;
    pal_train_input input = {.log = log, .items = known_items, .judge = judge, .judge_arg = s};
    double every = !s->stops_at ? 0 : s->keeps_all ? 1e-9 : 1e6;
    s->ctx = ctx;
    pal_status status = pal_checkpoint_open(ctx, path, every, resumes, spec, &input, &checkpoint);
    if (status != PAL_OK) return status;
    input.checkpoint = &checkpoint;
    status = pal_model_train(ctx, spec, &input, out);
    pal_checkpoint_release(&checkpoint);
    return status;
}

/* All that a model file holds of what was learned, parts included. */
static void assert_same_state(const pal_model *a, const pal_model *b) {
    pal_tensor of_a[PAL_TENSORS_MAX], of_b[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(a, of_a), n_parts, n_parts_of_b;
    assert_string_equal(a->spec, b->spec);
    assert_int_equal(pal_model_tensors(b, of_b), n);
    for (int32_t i = 0; i < n; i++) {
        assert_int_equal(pal_tensor_bytes(&of_a[i]), pal_tensor_bytes(&of_b[i]));
        assert_memory_equal(*of_a[i].data, *of_b[i].data, (size_t)pal_tensor_bytes(&of_a[i]));
    }
    pal_model **parts = pal_model_parts(a, &n_parts), **of = pal_model_parts(b, &n_parts_of_b);
    assert_int_equal(n_parts, n_parts_of_b);
    for (int32_t p = 0; p < n_parts; p++) assert_same_state(parts[p], of[p]);
}

static void assert_same_curve(const pal_curve *a, const pal_curve *b) {
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->best, b->best);
    assert_int_equal(a->is_best_kept, b->is_best_kept);
    assert_int_equal(a->is_budget_limited, b->is_budget_limited);
    if (a->n == 0) return;
    assert_memory_equal(a->loss, b->loss, (size_t)a->n * sizeof *a->loss);
    assert_memory_equal(a->judged, b->judged, (size_t)a->n * sizeof *a->judged);
}

/* --- whole, and interrupted after each epoch --- */

static void remove_files(void) {
    unlink(path);
    for (int32_t n = 2; n < 16; n++) {
        char part[80];
        snprintf(part, sizeof part, "%s.%d", path, n);
        unlink(part);
    }
}

static void check_goes_on(const char *spec, const pal_log *log, int32_t best, bool keeps_all) {
    pal_ctx *ctx = support_open(2);
    pal_model *whole, *model;
    stopper watch = {.best = best};
    if (train(ctx, spec, log, false, &watch, &whole) != PAL_OK) fail_msg("%s", ctx->error);
    assert_true(watch.calls > 0);
    support_close(ctx);
    for (int32_t at = 1; at <= watch.calls; at++) {
        stopper first = {.stops_at = at, .best = best, .keeps_all = keeps_all},
                second = {.best = best};
        ctx = support_open(1 + at % 2);
        assert_int_equal(train(ctx, spec, log, false, &first, &model), PAL_ECANCELLED);
        assert_int_equal(first.calls, at);
        assert_null(ctx->listener);
        support_close(ctx);
        ctx = support_open(3 - at % 2);
        if (train(ctx, spec, log, true, &second, &model) != PAL_OK) fail_msg("%s", ctx->error);
        if (keeps_all) assert_int_equal(second.calls, watch.calls - at);
        assert_true(second.calls < watch.calls);
        assert_same_curve(&whole->curve, &model->curve);
        assert_same_state(whole, model);
        pal_model_free(model);
        support_close(ctx);
        remove_files();
    }
    pal_model_free(whole);
}

static void every_kind_goes_on(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    make_log(ctx, &log, 1);
    int32_t n = 0;
    for (int32_t k = 0; pal_kinds[k]; k++) {
        const pal_kind *kind = pal_kinds[k];
        if (!pal_param_find(kind->params, "epochs")) continue;
        if (kind->traits & PAL_NEEDS_CATALOG) continue; /* features_go_on */
        char spec[128];
        snprintf(spec, sizeof spec, "%s epochs=%d tolerance=0 patience=0", kind->name, EPOCHS);
        print_message("  %s\n", spec);
        check_goes_on(spec, &log.log, 0, true);
        n++;
    }
    assert_true(n > 10);
    support_log_release(&log);
    support_close(ctx);
}

/* What carries something from step to step that the defaults do not have. */
static void other_forms_go_on(void **state) {
    (void)state;
    static const char *const specs[] = {"mf epochs=3 optimizer=sgd target=value learning_rate=0.01",
                                        "mf epochs=3 optimizer=adam target=event",
                                        "mf epochs=3 step=whole target=value learning_rate=0.0001",
                                        "gmf epochs=3 optimizer=adam step=one target=value",
                                        "nn epochs=3 layers=4 optimizer=adam target=event",
                                        "svdpp epochs=3 target=event",
                                        "als epochs=3 solver=cg factors=10",
                                        "als epochs=3 solver=blocks factors=40 block=16",
                                        "als epochs=3 target=value factors=7",
                                        "bpr epochs=3 loss=warp",
                                        "bpr epochs=3 draw=adaptive",
                                        "bpr epochs=3 draw=popular",
                                        "lightgcn epochs=3 batch=50",
                                        "sasrec epochs=3 loss=softmax schedule=linear",
                                        "sasrec epochs=3 loss=gbce negatives=5",
                                        "sasrec epochs=3 loss=sampled negatives=5",
                                        "gru epochs=3 loss=softmax batch=8",
                                        "gru epochs=3 loss=sampled negatives=5 batch=8",
                                        "cnn epochs=3 loss=bpr negatives=5 batch=8",
                                        "two_tower epochs=3 loss=sampled negatives=5 batch=32",
                                        "two_tower epochs=3 loss=batch batch=32"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    make_log(ctx, &log, 2);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        print_message("  %s\n", specs[i]);
        check_goes_on(specs[i], &log.log, 0, false);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* Rows of features are learned too; another catalog is other data. */
static void features_go_on(void **state) {
    (void)state;
    static const char *const specs[] = {"two_tower epochs=2", "ranker epochs=2", "deepfm epochs=2",
                                        "domain_adapt epochs=2"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog catalog;
    pal_model *model;
    make_log(ctx, &log, 5);
    support_catalog_make(ctx, &log, &catalog);
    known_items = &catalog;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        check_goes_on(specs[i], &log.log, 0, true);
    stopper first = {.stops_at = 1}, second = {0};
    assert_int_equal(train(ctx, specs[0], &log.log, false, &first, &model), PAL_ECANCELLED);
    atomic_store(&ctx->cancelled, false);
    known_items = NULL;
    assert_int_equal(train(ctx, specs[0], &log.log, true, &second, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "other data"));
    remove_files();
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

/* Who judged best, and how long nothing was better, is gone on from too. */
static void early_stopping_goes_on(void **state) {
    (void)state;
    static const char *const specs[] = {"mf tolerance=0 patience=3",  "als tolerance=0 patience=3",
                                        "bpr tolerance=0 patience=3", "gru tolerance=0 patience=3",
                                        "als tolerance=0.5",          "neumf tolerance=0.5"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    make_log(ctx, &log, 3);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        check_goes_on(specs[i], &log.log, 2, i % 2);
    support_log_release(&log);
    support_close(ctx);
}

/* The part that was under training goes on; those before it are trained again where they were too
 * short to be kept. */
static void parts_go_on(void **state) {
    (void)state;
    static const char *const specs[] = {
        "blend(bpr epochs=2, item_knn, mf epochs=2)",
        "blend(bpr epochs=2, mf epochs=2) weights=1,2",
        "popular > sasrec epochs=2",
    };
    pal_ctx *ctx = support_open(2);
    support_log log;
    make_log(ctx, &log, 4);
    for (size_t i = 0; i < 2 * (sizeof specs / sizeof *specs); i++)
        check_goes_on(specs[i / 2], &log.log, 0, i % 2);
    support_log_release(&log);
    support_close(ctx);
}

/* --- what does not fit --- */

static void interrupt(const char *spec, const pal_log *log, uint64_t seed) {
    pal_ctx *ctx = support_open(1);
    pal_model *model;
    ctx->seed = seed;
    stopper first = {.stops_at = 2};
    assert_int_equal(train(ctx, spec, log, false, &first, &model), PAL_ECANCELLED);
    support_close(ctx);
}

static void another_training_is_refused(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log, other;
    pal_model *model;
    make_log(ctx, &log, 1);
    make_log(ctx, &other, 2);
    interrupt("mf epochs=5", &log.log, 42);
    stopper again = {0};
    assert_int_equal(train(ctx, "mf epochs=6", &log.log, true, &again, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "epochs=5"));
    assert_int_equal(train(ctx, "bpr", &log.log, true, &again, &model), PAL_EDATA);
    assert_int_equal(train(ctx, "mf epochs=5", &other.log, true, &again, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "other data"));
    ctx->seed = 43;
    assert_int_equal(train(ctx, "mf epochs=5", &log.log, true, &again, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "--seed 42, not 43"));
    assert_non_null(strstr(ctx->error, "--resume"));
    assert_int_equal(again.calls, 0);
    ctx->seed = 42;
    assert_int_equal(train(ctx, "mf epochs=5", &log.log, true, &again, &model), PAL_OK);
    assert_int_equal(again.calls, 3);
    pal_model_free(model);
    unlink(path);
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

/* Items that only the catalog knows get rows: with more of them it is other data. */
static void other_candidates_are_other_data(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_checkpoint checkpoint;
    make_log(ctx, &log, 1);
    interrupt("mf epochs=5", &log.log, 42);
    pal_train_input input = {.log = &log.log, .n_items = ITEMS + 2};
    assert_int_equal(pal_checkpoint_open(ctx, path, 0, true, "mf epochs=5", &input, &checkpoint),
                     PAL_EDATA);
    assert_non_null(strstr(ctx->error, "other data"));
    unlink(path);
    support_log_release(&log);
    support_close(ctx);
}

static bool is_there(const char *file) { return access(file, F_OK) == 0; }

/* A training that starts anew leaves what is there until it keeps something itself; then no other
 * checkpoint stays, whatever its number, and all that is none does. */
static void starting_anew_clears_the_way(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_model *model;
    pal_checkpoint checkpoint;
    char second[80], last[80], foreign[80], sub[80];
    make_log(ctx, &log, 1);
    snprintf(second, sizeof second, "%s.2", path);
    snprintf(last, sizeof last, "%s.64", path);
    snprintf(foreign, sizeof foreign, "%s.3", path);
    snprintf(sub, sizeof sub, "%s.4", path);
    interrupt("mf epochs=5", &log.log, 42);
    assert_int_equal(link(path, last), 0);
    assert_int_equal(rename(path, second), 0);
    FILE *file = fopen(foreign, "wb");
    assert_int_equal(fputs("{}", file) < 0, 0);
    fclose(file);
    assert_int_equal(mkdir(sub, 0700), 0);
    stopper never = {0}, first = {.stops_at = 1}, rest = {0};
    assert_int_equal(train(ctx, "bpr epochs=3", &log.log, false, &never, &model), PAL_OK);
    pal_model_free(model);
    assert_true(is_there(second) && is_there(last));
    assert_int_equal(train(ctx, "bpr epochs=3", &log.log, false, &first, &model), PAL_ECANCELLED);
    atomic_store(&ctx->cancelled, false);
    assert_true(is_there(path) && !is_there(second) && !is_there(last) && is_there(foreign) &&
                is_there(sub));
    unlink(foreign);
    rmdir(sub);
    assert_int_equal(train(ctx, "bpr epochs=3", &log.log, true, &rest, &model), PAL_OK);
    assert_int_equal(rest.calls, 2);
    pal_model_free(model);
    /* A kind without epochs. */
    const pal_train_input input = {.log = &log.log};
    file = fopen(foreign, "wb");
    fclose(file);
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_int_equal(pal_checkpoint_open(ctx, path, 60, false, "popular", &input, &checkpoint),
                     PAL_OK);
    pal_checkpoint_remove(&checkpoint);
    pal_checkpoint_release(&checkpoint);
    assert_true(!is_there(path) && is_there(foreign) && is_there(sub));
    unlink(foreign);
    rmdir(sub);
    support_log_release(&log);
    support_close(ctx);
}

static size_t read_file(char *bytes, size_t most) {
    FILE *file = fopen(path, "rb");
    size_t n = fread(bytes, 1, most, file);
    fclose(file);
    return n;
}

static void write_file(const char *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* Cut anywhere, or with a byte turned: a sentence, and the training is not touched. */
static void a_damaged_file_is_refused(void **state) {
    (void)state;
    enum { MOST = 1 << 20 };
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_model *model;
    char *bytes = malloc(MOST);
    make_log(ctx, &log, 1);
    interrupt("gru epochs=3 factors=4 hidden=4", &log.log, 42);
    size_t n = read_file(bytes, MOST);
    assert_true(n > 1000 && n < MOST);
    stopper again = {0};
    for (size_t at = 0; at < n; at += at < 64 ? 1 : 1 + n / 97) {
        write_file(bytes, at);
        assert_int_equal(
            train(ctx, "gru epochs=3 factors=4 hidden=4", &log.log, true, &again, &model),
            PAL_EFORMAT);
        bytes[at] ^= 1;
        write_file(bytes, n);
        bytes[at] ^= 1;
        pal_status status =
            train(ctx, "gru epochs=3 factors=4 hidden=4", &log.log, true, &again, &model);
        assert_int_equal(status, PAL_EFORMAT);
        assert_non_null(strstr(ctx->error, "leave out --resume"));
    }
    assert_int_equal(again.calls, 0);
    unlink(path);
    free(bytes);
    support_log_release(&log);
    support_close(ctx);
}

/* Nothing there, or nothing to write to: a training is worth more than its checkpoint. */
static void training_does_not_depend_on_it(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_model *model;
    make_log(ctx, &log, 1);
    stopper whole = {0};
    assert_int_equal(train(ctx, "mf epochs=3 tolerance=0", &log.log, true, &whole, &model), PAL_OK);
    assert_int_equal(whole.calls, 3);
    pal_model_free(model);
    pal_checkpoint checkpoint;
    pal_train_input input = {.log = &log.log, .checkpoint = &checkpoint};
    assert_int_equal(pal_checkpoint_open(ctx, "/nowhere/at/all", 1e-9, false, "mf epochs=3", &input,
                                         &checkpoint),
                     PAL_OK);
    assert_int_equal(pal_model_train(ctx, "mf epochs=3", &input, &model), PAL_OK);
    assert_false(checkpoint.stands);
    pal_checkpoint_release(&checkpoint);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_goes_on),
        cmocka_unit_test(other_forms_go_on),
        cmocka_unit_test(features_go_on),
        cmocka_unit_test(early_stopping_goes_on),
        cmocka_unit_test(parts_go_on),
        cmocka_unit_test(another_training_is_refused),
        cmocka_unit_test(other_candidates_are_other_data),
        cmocka_unit_test(starting_anew_clears_the_way),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(training_does_not_depend_on_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
