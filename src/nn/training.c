/* training.c - epochs. */
#include "nn/training.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

static void training_shuffle(uint64_t seed, int64_t epoch, int64_t *order, int64_t n) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "order"), (uint64_t)epoch);
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t other = (int64_t)(pal_rng_uniform(&rng) * (double)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* Values and both moments. */
static void training_list_adam(pal_epochs *run, const char *what, int32_t number, int64_t n,
                               pal_real *values, pal_real *first, pal_real *second) {
    const struct {
        const char *name;
        pal_real *data;
    } arrays[] = {{"values", values}, {"first", first}, {"second", second}};
    for (int a = 0; a < 3; a++) {
        char name[PAL_PIECE_NAME_MAX];
        snprintf(name, sizeof name, "%s%d/%s", what, (int)number, arrays[a].name);
        pal_epochs_add(run, name, arrays[a].data, n * (int64_t)sizeof *values);
    }
}

static bool training_is_of_items(const pal_slice *slice) {
    return !strncmp(slice->name, "item", 4);
}

/* Slices of items one by one, what lies between them as a whole. */
static void training_carry_parameters(pal_epochs *run, int32_t number, const pal_parameters *p) {
    const int64_t size = sizeof *p->values;
    const bool is_double = sizeof *p->values == sizeof(double);
    for (int32_t s = 0, end; s < p->n_slices; s = end) {
        const pal_slice *slice = &p->slices[s];
        bool is_of_items = training_is_of_items(slice);
        int64_t n = slice->n_rows * slice->n_cols;
        for (end = s + 1; end < p->n_slices && !is_of_items; end++) {
            if (training_is_of_items(&p->slices[end])) break;
            n += p->slices[end].n_rows * p->slices[end].n_cols;
        }
        char name[PAL_PIECE_NAME_MAX];
        snprintf(name, sizeof name, "parameters%d/%.32s", (int)number, slice->name);
        int64_t n_items = !is_of_items                              ? 0
                          : slice->n_rows > 1 || slice->n_cols == 1 ? slice->n_rows
                                                                    : slice->n_cols;
        pal_epochs_carry(run, name, p->values + slice->at, n * size, 0, n_items, is_double);
    }
}

static void training_carry_table(pal_epochs *run, int32_t number, const pal_table *table) {
    char name[PAL_PIECE_NAME_MAX];
    if (!table->is_of_users && !table->is_of_items) return;
    snprintf(name, sizeof name, "table%d", (int)number);
    pal_epochs_carry(run, name, table->values,
                     (int64_t)table->n_rows * table->width * (int64_t)sizeof *table->values,
                     table->is_of_users ? table->n_rows : 0, table->is_of_items ? table->n_rows : 0,
                     sizeof *table->values == sizeof(double));
}

/* All that an epoch starts from. */
static void training_list(const pal_training *t, pal_epochs *run) {
    for (int32_t i = 0; i < PAL_TRAINED_MAX && t->parameters[i]; i++) {
        const pal_parameters *p = t->parameters[i];
        training_list_adam(run, "parameters", i, p->n, p->values, p->first, p->second);
        training_carry_parameters(run, i, p);
    }
    for (int32_t i = 0; i < PAL_TRAINED_MAX && t->tables[i]; i++) {
        const pal_table *table = t->tables[i];
        training_list_adam(run, "table", i, (int64_t)table->n_rows * table->width, table->values,
                           table->first, table->second);
        training_carry_table(run, i, table);
    }
    if (t->deck) pal_epochs_add_rows(run, "deck", t->deck, t->n_cards, t->n_cards);
}

/* One epoch; *loss is the mean over examples. Stops at the first batch that is not finite. */
static pal_status training_epoch(pal_ctx *ctx, const pal_training *t, pal_step *step,
                                 const int64_t *order, double *loss) {
    pal_schedule schedule = {.form = t->schedule, .warm_up = t->warm_up, .n_steps = step->n_steps};
    double sum = 0;
    for (int64_t begin = 0; begin < t->n_examples && isfinite(sum); begin += t->batch) {
        step->number++;
        step->examples = order + begin;
        step->n = t->n_examples - begin < t->batch ? t->n_examples - begin : t->batch;
        step->rate = t->learning_rate * pal_schedule_at(&schedule, step->number);
        sum += t->step(t->arg, step);
        TRY(pal_check_cancelled(ctx));
    }
    *loss = sum / (double)t->n_examples;
    return PAL_OK;
}

typedef struct {    /* what the loop has of its own */
    int64_t *order; /* [n_examples] */
    int32_t n_arrays;
    struct {
        pal_real *values;
        int64_t n;
    } arrays[2 * PAL_TRAINED_MAX]; /* that steps change */
    pal_real *kept;                /* their values after the last good epoch, one after the other */
} training_room;

static void training_add(training_room *room, pal_real *values, int64_t n) {
    room->arrays[room->n_arrays].values = values;
    room->arrays[room->n_arrays++].n = n;
}

/* Whether all values are finite; then they are kept. */
static bool training_keep(training_room *room) {
    for (int32_t a = 0; a < room->n_arrays; a++) {
        for (int64_t i = 0; i < room->arrays[a].n; i++) {
            if (!isfinite(room->arrays[a].values[i])) return false;
        }
    }
    pal_real *to = room->kept;
    for (int32_t a = 0; a < room->n_arrays; to += room->arrays[a++].n)
        memcpy(to, room->arrays[a].values, (size_t)room->arrays[a].n * sizeof *to);
    return true;
}

static pal_status training_diverged(pal_ctx *ctx, const pal_training *t, int64_t epoch,
                                    const training_room *room) {
    if (epoch == 1 || !room->n_arrays) {
        return pal_fail(ctx, PAL_EDATA,
                        "%s: diverged in epoch %" PRId64
                        ": the loss left all bounds; use a learning_rate under %g",
                        t->kind, epoch, t->learning_rate);
    }
    ctx->diverged = epoch;
    const pal_real *from = room->kept;
    for (int32_t a = 0; a < room->n_arrays; from += room->arrays[a++].n)
        memcpy(room->arrays[a].values, from, (size_t)room->arrays[a].n * sizeof *from);
    pal_note(ctx, PAL_NOTICE_WARNING,
             "%s: diverged in epoch %" PRId64
             ": the loss left all bounds; the model is that of the epochs before; use a "
             "learning_rate under %g",
             t->kind, epoch, t->learning_rate);
    return t->publish ? t->publish(t->arg) : PAL_OK;
}

static pal_status training_open(pal_ctx *ctx, const pal_training *t, pal_arena *scratch,
                                training_room *room) {
    *room = (training_room){0};
    for (int32_t i = 0; i < PAL_TRAINED_MAX && t->parameters[i]; i++)
        training_add(room, t->parameters[i]->values, t->parameters[i]->n);
    for (int32_t i = 0; i < PAL_TRAINED_MAX && t->tables[i]; i++)
        training_add(room, t->tables[i]->values,
                     (int64_t)t->tables[i]->n_rows * t->tables[i]->width);
    int64_t n = 0;
    for (int32_t a = 0; a < room->n_arrays; a++) n += room->arrays[a].n;
    room->order = PAL_ARENA_ARRAY(scratch, int64_t, t->n_examples);
    room->kept = PAL_ARENA_ARRAY(scratch, pal_real, n);
    if (!room->order || !room->kept)
        return pal_fail_memory(ctx, t->kind, 8.0 * (double)t->n_examples + 4.0 * (double)n);
    for (int64_t i = 0; i < t->n_examples; i++) room->order[i] = i;
    return PAL_OK;
}

pal_status pal_training_run(pal_ctx *ctx, const pal_training *t, pal_arena *scratch) {
    int64_t n_steps = (t->n_examples + t->batch - 1) / t->batch;
    training_room room;
    pal_epochs run;
    TRY(training_open(ctx, t, scratch, &room));
    pal_epochs_init(&run, ctx, t->kind, t->epochs, t->tolerance);
    training_list(t, &run);
    TRY(pal_epochs_begin(&run));
    pal_step step = {.number = run.epoch * n_steps, .n_steps = t->epochs * n_steps};
    for (int64_t e = 1; e <= run.epoch; e++)
        training_shuffle(ctx->seed, e, room.order, t->n_examples);
    if (run.epoch > 0) {
        (void)training_keep(&room); /* finite, or it would not have come so far */
        if (t->publish) TRY(t->publish(t->arg));
    }
    while (pal_epochs_next(&run)) {
        double loss;
        step.epoch = run.epoch;
        training_shuffle(ctx->seed, step.epoch, room.order, t->n_examples);
        TRY(training_epoch(ctx, t, &step, room.order, &loss));
        bool is_lost = !isfinite(loss) || (t->most_loss > 0 && loss > t->most_loss);
        if (is_lost || !training_keep(&room)) return training_diverged(ctx, t, step.epoch, &room);
        if (t->publish) TRY(t->publish(t->arg));
        TRY(pal_epochs_end(&run, loss));
    }
    return PAL_OK;
}
