/* test_sequence_kinds.c - what kinds that read a history in order make of histories and options
 * that are not the usual ones: none, one event, more than the window, items that training has not
 * seen, one user, steps that are too long. */
#include "support_models.h"

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "models/rank.h"
#include "models/sequence_loss.h"
#include "models/train.h"

enum { USERS = 24, EACH = 9, ITEMS = 12, LENGTH = 6, MANY = 40 };

#define SMALL "factors=8 length=6 batch=8 epochs=3 dropout=0.1"

static const char *const kinds[] = {"rnn", "gru", "lstm", "cnn", "sasrec"};
enum { KINDS = sizeof kinds / sizeof *kinds };
static const char *const losses[] = {"softmax", "sampled negatives=4", "bpr negatives=4",
                                     "gbce negatives=4"};
enum { LOSSES = sizeof losses / sizeof *losses };

typedef struct {
    char warning[PAL_ERROR_MAX], told[PAL_ERROR_MAX];
} heard;

static void listen(void *arg, pal_notice_type kind, const char *text) {
    heard *h = arg;
    if (kind == PAL_NOTICE_WARNING) snprintf(h->warning, sizeof h->warning, "%s", text);
    if (kind == PAL_NOTICE_INFO && strstr(text, "positions"))
        snprintf(h->told, sizeof h->told, "%s", text);
}

static void score(pal_ctx *ctx, const pal_model *model, const int32_t *items, int32_t n,
                  float scores[ITEMS]) {
    pal_query query = {.items = items, .n_events = n};
    pal_arena arena = {0};
    pal_lists lists;
    const pal_rank_options options = {.k = ITEMS, .hide = PAL_HIDE_NONE};
    for (int32_t i = 0; i < ITEMS; i++) scores[i] = NAN;
    assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
    for (int32_t i = 0; i < lists.counts[0]; i++) scores[lists.items[i]] = lists.scores[i];
    for (int32_t i = 0; i < ITEMS; i++) assert_true(isfinite(scores[i]));
    pal_arena_release(&arena);
}

static void histories_may_be_of_any_length(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    support_circle_make(ctx, USERS, EACH, ITEMS, &log);
    for (int k = 0; k < KINDS; k++) {
        char spec[160];
        float whole[ITEMS], window[ITEMS], other[ITEMS];
        int32_t history[MANY];
        snprintf(spec, sizeof spec, "%s " SMALL, kinds[k]);
        pal_model *model = support_train_log(ctx, spec, &log.log);
        for (int32_t i = 0; i < MANY; i++) history[i] = (i * i + 1) % ITEMS;
        score(ctx, model, history, MANY, whole);
        score(ctx, model, history + MANY - LENGTH, LENGTH, window);
        assert_memory_equal(whole, window, sizeof whole);
        score(ctx, model, history, 1, other);
        assert_memory_not_equal(whole, other, sizeof whole);
        score(ctx, model, NULL, 0, other); /* nobody: the popular */
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* They are left out, wherever they stand; where nothing is left, it is as if there were nothing. */
static void unseen_items_are_left_out(void **state) {
    (void)state;
    static const int32_t known[] = {3, 4, 5}, mixed[] = {ITEMS + 7, 3, -1, 4, ITEMS, 5, 1 << 30};
    static const int32_t unknown[] = {ITEMS, ITEMS + 1};
    pal_ctx *ctx = support_open(2);
    support_log log;
    support_circle_make(ctx, USERS, EACH, ITEMS, &log);
    for (int k = 0; k < KINDS; k++) {
        char spec[160];
        float plain[ITEMS], other[ITEMS];
        snprintf(spec, sizeof spec, "%s " SMALL, kinds[k]);
        pal_model *model = support_train_log(ctx, spec, &log.log);
        score(ctx, model, known, 3, plain);
        score(ctx, model, mixed, 7, other);
        assert_memory_equal(plain, other, sizeof plain);
        score(ctx, model, NULL, 0, plain);
        score(ctx, model, unknown, 2, other);
        assert_memory_equal(plain, other, sizeof plain);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* One user, one event each, more negatives than items, windows of one position. */
static void small_logs_are_learned_from(void **state) {
    (void)state;
    static const char *const extremes[] = {"length=1", "batch=1", "negatives=100000", "factors=1"};
    static const int32_t history[] = {1, 2};
    pal_ctx *ctx = support_open(2);
    for (int k = 0; k < KINDS; k++) {
        for (int32_t n_users = 1; n_users <= USERS; n_users += USERS - 1) {
            support_log log;
            support_circle_make(ctx, n_users, n_users == 1 ? EACH : 1, ITEMS, &log);
            for (size_t e = 0; e < sizeof extremes / sizeof *extremes; e++) {
                char spec[160];
                float scores[ITEMS];
                snprintf(spec, sizeof spec, "%s epochs=2 %s", kinds[k], extremes[e]);
                pal_model *model = support_train_log(ctx, spec, &log.log);
                score(ctx, model, history, 2, scores);
                pal_model_free(model);
            }
            support_log_release(&log);
        }
    }
    support_close(ctx);
}

/* All windows are one step, whose loss is told before it is taken: the second epoch is the first
 * to see what steps as long as these do. */
static void too_long_steps_leave_the_epoch_before(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    support_circle_make(ctx, USERS, EACH, ITEMS, &log);
    for (int k = 0; k < KINDS; k++) {
        char spec[160], expected[160];
        float kept[ITEMS], first[ITEMS];
        static const int32_t history[] = {3, 4, 5};
        heard h = {0};
        ctx->notice = listen;
        ctx->notice_arg = &h;
        snprintf(spec, sizeof spec,
                 "%s factors=32 batch=100 epochs=9 dropout=0 schedule=constant learning_rate=10",
                 kinds[k]);
        pal_model *model = support_train_log(ctx, spec, &log.log);
        snprintf(expected, sizeof expected, "%s: diverged in epoch 2", kinds[k]);
        assert_non_null(strstr(h.warning, expected));
        assert_non_null(strstr(h.warning, "learning_rate under 10"));
        score(ctx, model, history, 3, kept);
        pal_model_free(model);
        snprintf(spec, sizeof spec,
                 "%s factors=32 batch=100 epochs=1 dropout=0 schedule=constant learning_rate=10",
                 kinds[k]);
        model = support_train_log(ctx, spec, &log.log);
        score(ctx, model, history, 3, first);
        assert_memory_equal(kept, first, sizeof kept);
        pal_model_free(model);
        /* Many steps an epoch: no epoch was good. */
        snprintf(spec, sizeof spec, "%s factors=32 batch=1 dropout=0 learning_rate=10", kinds[k]);
        assert_int_equal(pal_model_train(ctx, spec, &(pal_train_input){.log = &log.log}, &model),
                         PAL_EDATA);
        snprintf(expected, sizeof expected, "%s: diverged in epoch 1: ", kinds[k]);
        assert_non_null(strstr(ctx->error, expected));
    }
    support_log_release(&log);
    support_close(ctx);
}

static void every_loss_is_the_same_for_any_threads(void **state) {
    (void)state;
    static const int32_t history[] = {3, 4, 5};
    for (int k = 0; k < KINDS; k++) {
        for (int l = 0; l < LOSSES; l++) {
            float scores[3][ITEMS];
            for (int32_t threads = 1; threads <= 3; threads++) {
                char spec[160];
                pal_ctx *ctx = support_open(threads);
                support_log log;
                support_circle_make(ctx, USERS, EACH, ITEMS, &log);
                snprintf(spec, sizeof spec, "%s " SMALL " loss=%s", kinds[k], losses[l]);
                pal_model *model = support_train_log(ctx, spec, &log.log);
                score(ctx, model, history, 3, scores[threads - 1]);
                pal_model_free(model);
                support_log_release(&log);
                support_close(ctx);
            }
            assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
            assert_memory_equal(scores[0], scores[2], sizeof scores[0]);
        }
    }
}

static void verbose_tells_positions(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    heard h = {0};
    support_circle_make(ctx, USERS, EACH, ITEMS, &log);
    ctx->notice = listen;
    ctx->notice_arg = &h;
    pal_model_free(support_train_log(ctx, "gru " SMALL, &log.log));
    assert_string_equal(h.told, "");
    ctx->verbose = true;
    pal_model_free(support_train_log(ctx, "gru " SMALL, &log.log));
    assert_int_equal(strncmp(h.told, "gru: ", 5), 0);
    assert_non_null(strstr(h.told, " positions a second"));
    support_log_release(&log);
    support_close(ctx);
}

enum { POSITIONS = 3, WIDTH = 4, DRAWN = 5, OWN = 2 };

typedef struct { /* what a loss is made of, and its slopes */
    float items[ITEMS * WIDTH], y[POSITIONS * WIDTH];
    float dy[POSITIONS * WIDTH], d_targets[POSITIONS * WIDTH], d_drawn[DRAWN * WIDTH];
    int32_t drawn[DRAWN];
} held_case;

/* The sum of the losses; targets are items 1, 6 and 11, the first two windows' one. */
static double hold(held_case *c, pal_sequence_draws *draws, pal_sequence_loss loss) {
    static const int32_t targets[] = {1, 6, 11}, owners[] = {0, 0, 1};
    static const float weights[] = {1, 0.5F, 2};
    static const int32_t own[2][OWN] = {{1, 6}, {11, 2}};
    float rows[DRAWN * WIDTH], logits[PAL_SEQUENCE_ROWS_HELD * DRAWN];
    int64_t starts[3] = {0};
    int32_t spared[2 * OWN];
    pal_sequence_drawn(draws, 1, c->drawn);
    for (int d = 0; d < DRAWN; d++)
        memcpy(rows + d * WIDTH, c->items + c->drawn[d] * WIDTH, WIDTH * sizeof *rows);
    for (int w = 0; w < 2; w++) {
        starts[w + 1] = starts[w];
        for (int i = 0; i < OWN; i++) {
            int64_t place = pal_sequence_place(draws, 1, own[w][i]);
            if (place >= 0) spared[starts[w + 1]++] = (int32_t)place;
        }
    }
    const pal_sequence_held held = {.loss = loss,
                                    .calibration = 0.75,
                                    .draws = draws,
                                    .n = POSITIONS,
                                    .width = WIDTH,
                                    .items = c->items,
                                    .targets = targets,
                                    .owners = owners,
                                    .weights = weights,
                                    .y = c->y,
                                    .dy = c->dy,
                                    .d_targets = c->d_targets};
    const pal_sequence_part part = {.chunk = 1,
                                    .n = POSITIONS,
                                    .drawn = rows,
                                    .logits = logits,
                                    .d_drawn = c->d_drawn,
                                    .spared_starts = starts,
                                    .spared = spared};
    return pal_sequence_hold(&held, &part);
}

static double slope_of(held_case *c, pal_sequence_draws *draws, pal_sequence_loss loss, float *x) {
    const float step = 1.0F / 128, was = *x;
    *x = was + step;
    double above = hold(c, draws, loss);
    *x = was - step;
    double below = hold(c, draws, loss);
    *x = was;
    return (above - below) / (2 * (double)step) / POSITIONS;
}

/* Slopes by what is read and by the rows of the items against central differences, with own items
 * spared and not. */
static void losses_over_drawn_items_go_back(void **state) {
    (void)state;
    int32_t deck[ITEMS], slot[ITEMS] = {0};
    static const int32_t targets[] = {1, 6, 11};
    pal_sequence_draws draws = {
        .n_items = ITEMS, .n_drawn = DRAWN, .n_cards = ITEMS, .deck = deck, .slot = slot};
    for (int32_t i = 0; i < ITEMS; i++) deck[i] = i;
    for (int32_t loss = PAL_SEQUENCE_SAMPLED; loss <= PAL_SEQUENCE_GBCE; loss++) {
        for (int32_t spares = 0; spares < 2; spares++) {
            held_case c = {0}, kept;
            pal_rng rng = pal_rng_at(3, (uint64_t)loss);
            draws.spares = spares;
            pal_sequence_draw(&draws, 5, 1 + loss);
            for (int i = 0; i < ITEMS * WIDTH; i++) c.items[i] = (float)pal_rng_normal(&rng);
            for (int i = 0; i < POSITIONS * WIDTH; i++) c.y[i] = (float)pal_rng_normal(&rng);
            hold(&c, &draws, (pal_sequence_loss)loss);
            kept = c;
            float by_item[ITEMS * WIDTH] = {0};
            for (int i = 0; i < WIDTH; i++) {
                for (int d = 0; d < DRAWN; d++)
                    by_item[kept.drawn[d] * WIDTH + i] += kept.d_drawn[d * WIDTH + i];
                for (int r = 0; r < POSITIONS; r++)
                    by_item[targets[r] * WIDTH + i] += kept.d_targets[r * WIDTH + i];
            }
            for (int i = 0; i < POSITIONS * WIDTH; i++)
                assert_true(fabs(slope_of(&c, &draws, (pal_sequence_loss)loss, &c.y[i]) -
                                 (double)kept.dy[i]) < 2e-4);
            for (int i = 0; i < ITEMS * WIDTH; i++)
                assert_true(fabs(slope_of(&c, &draws, (pal_sequence_loss)loss, &c.items[i]) -
                                 (double)by_item[i]) < 2e-4);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories_may_be_of_any_length),
                                       cmocka_unit_test(unseen_items_are_left_out),
                                       cmocka_unit_test(small_logs_are_learned_from),
                                       cmocka_unit_test(too_long_steps_leave_the_epoch_before),
                                       cmocka_unit_test(every_loss_is_the_same_for_any_threads),
                                       cmocka_unit_test(verbose_tells_positions),
                                       cmocka_unit_test(losses_over_drawn_items_go_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
