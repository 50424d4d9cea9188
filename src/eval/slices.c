/* slices.c - subsets of users and of what is relevant for which metrics are reported. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "eval/evaluation.h"

typedef struct {
    pal_ctx *ctx;
    const pal_questions *q;
    pal_slices *out;
} slices_job;

/* A new slice with both masks zero, or NULL; kept only by slices_keep. */
static pal_slice *slices_new(slices_job *job, const char *group, const char *name, bool of_pairs) {
    if (job->out->n == PAL_SLICES_MAX) return NULL;
    pal_slice *slice = &job->out->at[job->out->n];
    memset(slice, 0, sizeof *slice);
    snprintf(slice->name, sizeof slice->name, "%s", name);
    snprintf(slice->group, sizeof slice->group, "%s", group);
    uint8_t *mask =
        PAL_ARENA_ARRAY(&job->out->arena, uint8_t, of_pairs ? job->q->n_pairs : job->q->n_users);
    if (of_pairs) {
        slice->pairs = mask;
    } else {
        slice->users = mask;
    }
    return mask ? slice : NULL;
}

/* Counts users and pairs; a slice of nobody is left out. */
static void slices_keep(slices_job *job, pal_slice *slice) {
    const pal_questions *q = job->q;
    for (int32_t u = 0; u < q->n_users; u++) {
        int64_t begin = q->relevant_starts[q->query_starts[u]],
                end = q->relevant_starts[q->query_starts[u + 1]], n = 0;
        if (slice->users && !slice->users[u]) continue;
        for (int64_t r = begin; r < end; r++) n += !slice->pairs || slice->pairs[r];
        slice->n_users += n > 0;
        slice->n_pairs += n;
    }
    if (slice->n_users > 0) job->out->n++;
}

static int64_t slices_history_length(const pal_questions *q, int32_t u) {
    int32_t user = q->users[u];
    return user < q->history->n_users ? q->history->starts[user + 1] - q->history->starts[user] : 0;
}

static bool slices_by_history(slices_job *job, const char *group, const char *name, int64_t low,
                              int64_t high) {
    pal_slice *slice = slices_new(job, group, name, false);
    if (!slice) return false;
    for (int32_t u = 0; u < job->q->n_users; u++) {
        int64_t n = slices_history_length(job->q, u);
        slice->users[u] = n >= low && n <= high;
    }
    slices_keep(job, slice);
    return true;
}

typedef struct {
    int64_t events;
    int32_t item;
} slices_item;

static int slices_compare(const void *a, const void *b) {
    const slices_item *x = a, *y = b;
    if (x->events != y->events) return x->events > y->events ? -1 : 1;
    return x->item - y->item;
}

/* The most used fifth of the catalog: head[i] = 1. */
static uint8_t *slices_head(const slices_job *job, pal_arena *scratch) {
    const pal_log *history = job->q->history;
    int32_t n = history->n_items;
    uint8_t *head = PAL_ARENA_ARRAY(scratch, uint8_t, n);
    slices_item *items = PAL_ARENA_ARRAY(scratch, slices_item, n);
    if (!head || !items) return NULL;
    for (int32_t i = 0; i < n; i++) items[i].item = i;
    for (int64_t e = 0; e < history->n_events; e++) items[history->items[e]].events++;
    qsort(items, (size_t)n, sizeof *items, slices_compare);
    for (int32_t i = 0; i < (n + 4) / 5; i++) head[items[i].item] = 1;
    return head;
}

static bool slices_by_popularity(slices_job *job) {
    static const char *const names[] = {"tail items", "head items (top 20 %)", "new items"};
    pal_arena scratch = {0};
    const uint8_t *head = slices_head(job, &scratch);
    bool done = head != NULL;
    for (int32_t part = 1; done && part >= -1; part--) {
        int32_t which = part < 0 ? 2 : part;
        pal_slice *slice = slices_new(job, "popularity", names[which], true);
        done = slice != NULL;
        for (int64_t r = 0; done && r < job->q->n_pairs; r++) {
            int32_t item = job->q->relevant[r];
            slice->pairs[r] = item >= job->q->history->n_items ? which == 2 : which == head[item];
        }
        if (done) slices_keep(job, slice);
    }
    pal_arena_release(&scratch);
    return done;
}

static bool slices_by_age(slices_job *job, int64_t test_from) {
    static const struct {
        const char *name;
        int32_t low, high; /* days since the test began */
    } ages[] = {{"day 1", 0, 0},
                {"days 2-7", 1, 6},
                {"days 8-30", 7, 29},
                {"later than day 30", 30, INT32_MAX}};
    for (size_t a = 0; a < sizeof ages / sizeof *ages; a++) {
        pal_slice *slice = slices_new(job, "age", ages[a].name, true);
        if (!slice) return false;
        for (int64_t r = 0; r < job->q->n_pairs; r++) {
            int64_t day = (job->q->relevant_times[r] - test_from) / 86400;
            slice->pairs[r] = day >= ages[a].low && day <= ages[a].high;
        }
        slices_keep(job, slice);
    }
    return true;
}

/* The other reading of ratings: only what people liked. */
static bool slices_by_liking(slices_job *job) {
    float low = job->q->relevant_values[0], high = low;
    for (int64_t e = 0; e < job->q->history->n_events; e++) {
        float value = job->q->history->values[e];
        if (value < low) low = value;
        if (value > high) high = value;
    }
    /* On a scale of 1 to 5 this is 4, of 0 to 10 it is 7. */
    float liked = low + 0.7f * (high - low);
    char name[64];
    snprintf(name, sizeof name, "only liked: %.32s >= %g", job->q->history->about.value_name,
             (double)liked);
    pal_slice *slice = slices_new(job, "relevant", name, true);
    if (!slice) return false;
    for (int64_t r = 0; r < job->q->n_pairs; r++)
        slice->pairs[r] = job->q->relevant_values[r] >= liked;
    slices_keep(job, slice);
    return true;
}

pal_status pal_slices_make(pal_ctx *ctx, const pal_questions *questions, const pal_split *split,
                           pal_slices *out) {
    memset(out, 0, sizeof *out);
    slices_job job = {.ctx = ctx, .q = questions, .out = out};
    bool done = slices_by_history(&job, "known", "known users", 1, INT64_MAX) &&
                slices_by_history(&job, "known", "strangers", 0, 0) &&
                slices_by_history(&job, "history", "users with 1-4 events", 1, 4) &&
                slices_by_history(&job, "history", "users with 5-19 events", 5, 19) &&
                slices_by_history(&job, "history", "users with 20+ events", 20, INT64_MAX) &&
                slices_by_popularity(&job);
    if (done && questions->relevant_times) done = slices_by_age(&job, split->test_from);
    if (done && questions->relevant_values && questions->history->about.values_are_ratings)
        done = slices_by_liking(&job);
    if (done) return PAL_OK;
    pal_slices_release(out);
    return pal_fail_memory(ctx, "the slices", 16.0 * (double)questions->n_pairs);
}

void pal_slices_release(pal_slices *slices) {
    pal_arena_release(&slices->arena);
    memset(slices, 0, sizeof *slices);
}
