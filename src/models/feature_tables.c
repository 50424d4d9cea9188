/* feature_tables.c - rows of people and items from tables, and their gradients to tables. */
#include "models/feature_tables.h"

#include <stdio.h>
#include <string.h>

#include "nn/loops.h"
#include "nn/parameters.h"

pal_status pal_feature_tables_look(pal_ctx *ctx, const char *kind, const pal_feature_options *o,
                                   const pal_train_input *train, bool is_summed,
                                   int32_t person_width, int32_t item_width, pal_arena *scratch,
                                   pal_feature_tables *out) {
    const pal_log *log = train->log;
    const pal_catalog *profiles = o->hide_profile < 1 ? train->users : NULL;
    *out = (pal_feature_tables){.kind = kind,
                                .o = o,
                                .log = log,
                                .past = pal_feature_past(o),
                                .is_summed = is_summed,
                                .person_width = person_width,
                                .item_width = item_width};
    TRY(pal_fields_make(ctx, train->items, log->about.item_ids, log->n_items, log->n_items, scratch,
                        &out->item_fields));
    TRY(pal_fields_make(ctx, profiles, log->about.user_ids, log->n_users, log->n_users, scratch,
                        &out->user_fields));
    int32_t n_user = out->user_fields.n_fields, n_item = out->item_fields.n_fields;
    out->n_sums = pal_feature_sums(o);
    out->n_profile = is_summed ? n_user > 0 : n_user;
    out->n_thing = is_summed ? 1 : 1 + n_item;
    out->n_entries = pal_past_entries(&out->past);
    out->most_profile = pal_fields_most(&out->user_fields);
    out->most_features = pal_fields_most(&out->item_fields);
    return PAL_OK;
}

static bool feature_tables_open_batch(int64_t n_people, int64_t n_things, pal_arena *scratch,
                                      pal_feature_tables *t) {
    int64_t entries = n_people * t->n_entries, profile = n_people * t->most_profile,
            features = n_things * t->most_features;
    t->rows = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    t->sources = PAL_ARENA_ARRAY(scratch, int32_t, entries);
    t->row_weights = PAL_ARENA_ARRAY(scratch, float, entries);
    t->profile_rows = PAL_ARENA_ARRAY(scratch, int32_t, profile);
    t->profile_sources = PAL_ARENA_ARRAY(scratch, int32_t, profile);
    t->profile_weights = PAL_ARENA_ARRAY(scratch, float, profile);
    t->feature_rows = PAL_ARENA_ARRAY(scratch, int32_t, features);
    t->feature_sources = PAL_ARENA_ARRAY(scratch, int32_t, features);
    t->feature_weights = PAL_ARENA_ARRAY(scratch, float, features);
    if (!t->rows || !t->sources || !t->row_weights || !t->profile_rows || !t->profile_sources ||
        !t->profile_weights || !t->feature_rows || !t->feature_sources || !t->feature_weights)
        return false;
    for (int64_t e = 0; e < entries; e++)
        t->sources[e] = (int32_t)(e / t->n_entries * (t->n_sums + t->n_profile) +
                                  (e % t->n_entries >= t->o->history));
    return true;
}

pal_status pal_feature_tables_open(pal_ctx *ctx, float *history, int64_t n_people, int64_t n_things,
                                   pal_arena *scratch, pal_feature_tables *t) {
    int32_t n_items = t->log->n_items, of_item = t->item_fields.n_features,
            of_user = t->user_fields.n_features;
    float *items = PAL_ARENA_ARRAY(scratch, float, (int64_t)n_items * t->item_width),
          *features = PAL_ARENA_ARRAY(scratch, float, (int64_t)of_item * t->item_width),
          *profiles = PAL_ARENA_ARRAY(scratch, float, (int64_t)of_user * t->person_width);
    if (!items || !features || !profiles ||
        !feature_tables_open_batch(n_people, n_things, scratch, t))
        return pal_fail_memory(ctx, t->kind,
                               4.0 * ((double)n_items + of_item) * t->item_width +
                                   4.0 * of_user * t->person_width +
                                   12.0 * (double)n_people * (t->n_entries + t->most_profile) +
                                   12.0 * (double)n_things * t->most_features);
    TRY(pal_table_open(ctx, t->kind, history, n_items, t->person_width, n_people * t->n_entries,
                       scratch, &t->history));
    t->history.is_of_items = true;
    TRY(pal_table_open(ctx, t->kind, items, n_items, t->item_width, n_things, scratch, &t->items));
    t->items.is_of_items = true;
    TRY(pal_table_open(ctx, t->kind, features, of_item, t->item_width, n_things * t->most_features,
                       scratch, &t->item_features));
    return pal_table_open(ctx, t->kind, profiles, of_user, t->person_width,
                          n_people * t->most_profile, scratch, &t->user_features);
}

static void feature_tables_draw_one(uint64_t seed, const char *what, const char *suffix,
                                    double deviation, const pal_table *table) {
    char purpose[64];
    snprintf(purpose, sizeof purpose, "%s %s", what, suffix);
    pal_draw_normal(seed, purpose, table->values, (int64_t)table->n_rows * table->width, deviation);
}

void pal_feature_tables_draw(uint64_t seed, const char *suffix, double of_people, double of_items,
                             pal_feature_tables *t) {
    feature_tables_draw_one(seed, "history", suffix, of_people, &t->history);
    feature_tables_draw_one(seed, "items", suffix, of_items, &t->items);
    feature_tables_draw_one(seed, "features", suffix, of_items, &t->item_features);
    feature_tables_draw_one(seed, "profiles", suffix, of_people, &t->user_features);
}

/* --- forth --- */

/* The sums over a history, [n_sums, width]. */
static void feature_sum(const pal_feature_options *o, const float *history, int32_t width,
                        const int32_t *rows, const float *weights, float *out) {
    pal_table table = {.width = width, .values = (float *)(uintptr_t)history};
    pal_table_pool(&table, rows, weights, o->history, out);
    if (o->recent > 0)
        pal_table_pool(&table, rows + o->history, weights + o->history, o->recent, out + width);
}

/* As feature_sum, of small rows. */
static void feature_sum_small(const pal_feature_options *o, const pal_small *history, int32_t width,
                              const int32_t *rows, const float *weights, float *room, float *out) {
    int64_t n = o->history + o->recent;
    memset(out, 0, (size_t)(width * pal_feature_sums(o)) * sizeof *out);
    for (int64_t e = 0; e < n; e++) {
        if (rows[e] < 0) continue;
        pal_small_read(history, rows[e], room);
        pal_loops_best()->add_scaled(out + (e < o->history ? 0 : width), room, weights[e], width);
    }
}

void pal_feature_sum_query(const pal_feature_options *o, const float *history,
                           const pal_small *small, int32_t width, const pal_query *query,
                           int32_t *rows, float *weights, float *room, float *out) {
    pal_past past = pal_feature_past(o);
    pal_past_of_items(&past, query->items, query->n_events, rows, weights);
    if (history)
        feature_sum(o, history, width, rows, weights, out);
    else
        feature_sum_small(o, small, width, rows, weights, room, out);
}

/* Rows of the fields of row `row` (< 0: of whom nothing is known). */
static void feature_tables_pool(const pal_feature_tables *t, const pal_fields *fields, int32_t row,
                                const pal_table *table, float *out) {
    if (!t->is_summed) {
        pal_fields_pool(fields, row, table->values, table->width, out);
        return;
    }
    if (fields == &t->user_fields && fields->n_fields)
        memset(out, 0, (size_t)table->width * sizeof *out);
    pal_fields_add(fields, row, table->values, table->width, out);
}

void pal_feature_tables_person(const pal_feature_tables *t, int64_t r, int32_t user, int64_t event,
                               int32_t item, pal_rng *rng, float *out) {
    int32_t *rows = t->rows + r * t->n_entries, n = 0, n_fields = t->user_fields.n_fields;
    float *weights = t->row_weights + r * t->n_entries;
    pal_past_of_event(&t->past, t->log, user, event, item, rng, rows, weights);
    feature_sum(t->o, t->history.values, t->person_width, rows, weights, out);
    if (n_fields == 0) return;
    int32_t known = pal_rng_uniform(rng) < t->o->hide_profile ? -1 : user;
    int64_t at = r * t->most_profile, first = r * (t->n_sums + t->n_profile) + t->n_sums;
    for (int32_t f = 0; f < n_fields; f++) {
        const int32_t *features;
        const float *amounts;
        int32_t n_of = pal_fields_of(&t->user_fields, known, f, &features, &amounts);
        for (int32_t i = 0; i < n_of; i++, n++) {
            t->profile_rows[at + n] = features[i];
            t->profile_weights[at + n] = amounts[i];
            t->profile_sources[at + n] = (int32_t)(first + (t->is_summed ? 0 : f));
        }
    }
    for (; n < t->most_profile; n++) t->profile_rows[at + n] = -1;
    feature_tables_pool(t, &t->user_fields, known, &t->user_features,
                        out + t->n_sums * t->person_width);
}

void pal_feature_tables_item(const pal_feature_tables *t, int32_t item, float *out) {
    int32_t width = t->item_width;
    memcpy(out, t->items.values + (int64_t)item * width, (size_t)width * sizeof *out);
    feature_tables_pool(t, &t->item_fields, item, &t->item_features,
                        t->is_summed ? out : out + width);
}

void pal_feature_tables_keep(const pal_feature_tables *t, float *items, float *profiles,
                             pal_feature_told *told) {
    int32_t n_users = t->log->n_users;
    int64_t n_told = (int64_t)t->user_fields.n_features * t->person_width;
    if (n_told) memcpy(told->rows, t->user_features.values, (size_t)n_told * sizeof(float));
    for (int32_t i = 0; i < t->log->n_items; i++)
        pal_feature_tables_item(t, i, items + (int64_t)i * t->n_thing * t->item_width);
    for (int32_t u = 0; t->n_profile && u <= n_users; u++)
        feature_tables_pool(t, &t->user_fields, u < n_users ? u : -1, &t->user_features,
                            profiles + (int64_t)u * t->n_profile * t->person_width);
}

pal_status pal_feature_told_open(pal_ctx *ctx, const pal_feature_tables *t, pal_arena *arena,
                                 pal_feature_told *out) {
    int64_t n = (int64_t)t->user_fields.n_features * t->person_width;
    TRY(pal_profile_code_keep(ctx, t->kind, &t->user_fields, arena, &out->code));
    out->rows = PAL_ARENA_ARRAY(arena, float, n);
    return out->rows ? PAL_OK : pal_fail_memory(ctx, t->kind, 4.0 * (double)n);
}

typedef struct {
    const float *rows;
    int32_t width;
    bool is_summed;
    float *out;
} feature_cells;

static void feature_add_cell(void *arg, int32_t field, int32_t feature, float weight) {
    const feature_cells *c = arg;
    pal_loops_best()->add_scaled(c->out + (c->is_summed ? 0 : field) * c->width,
                                 c->rows + (int64_t)feature * c->width, weight, c->width);
}

bool pal_feature_told_row(const pal_feature_told *told, const pal_query *query, int32_t width,
                          bool is_summed, float *out) {
    if (query->user_plus_1 || query->n_profile == 0 || told->code.n_fields == 0) return false;
    feature_cells cells = {told->rows, width, is_summed, out};
    memset(out, 0, (size_t)(is_summed ? 1 : told->code.n_fields) * (size_t)width * sizeof *out);
    pal_profile_each(&told->code, query, feature_add_cell, &cells);
    return true;
}

/* --- back --- */

void pal_feature_tables_touch_people(pal_feature_tables *t, int64_t n) {
    pal_table_touch(&t->history, t->rows, t->sources, t->row_weights, n * t->n_entries);
    if (t->user_fields.n_fields)
        pal_table_touch(&t->user_features, t->profile_rows, t->profile_sources, t->profile_weights,
                        n * t->most_profile);
}

void pal_feature_tables_touch_items(pal_feature_tables *t, const int32_t *items, int64_t n) {
    int64_t at = 0;
    pal_table_touch(&t->items, items, NULL, NULL, n);
    if (t->item_fields.n_fields == 0) return;
    for (int64_t c = 0; c < n; c++) {
        for (int32_t f = 0; f < t->item_fields.n_fields; f++) {
            const int32_t *features;
            const float *weights;
            int32_t n_of = pal_fields_of(&t->item_fields, items[c], f, &features, &weights);
            for (int32_t i = 0; i < n_of; i++, at++) {
                t->feature_rows[at] = features[i];
                t->feature_weights[at] = weights[i];
                t->feature_sources[at] = (int32_t)(c * t->n_thing + (t->is_summed ? 0 : 1 + f));
            }
        }
    }
    pal_table_touch(&t->item_features, t->feature_rows, t->feature_sources, t->feature_weights, at);
}

void pal_feature_tables_step(pal_pool *pool, const pal_adam *adam, const float *d_people,
                             const float *d_items, pal_feature_tables *t) {
    pal_table_sum(pool, &t->history, d_people, t->person_width);
    pal_table_sum(pool, &t->items, d_items, (int64_t)t->n_thing * t->item_width);
    pal_adam_table(pool, adam, &t->history);
    pal_adam_table(pool, adam, &t->items);
    if (t->item_fields.n_fields) {
        pal_table_sum(pool, &t->item_features, d_items, t->item_width);
        pal_adam_table(pool, adam, &t->item_features);
    }
    if (t->user_fields.n_fields) {
        pal_table_sum(pool, &t->user_features, d_people, t->person_width);
        pal_adam_table(pool, adam, &t->user_features);
    }
}
