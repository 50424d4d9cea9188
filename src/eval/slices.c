/* slices.c - subsets of users and of what is relevant for which metrics are reported. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "eval/evaluation.h"

typedef struct {
    pal_ctx *ctx;
    const pal_questions *q;
    pal_slices *out;
    bool is_full; /* a slice by profile found no place */
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

/* People without a history of whom something else is known: a profile, or what they searched for.
 */
static bool slices_by_told(slices_job *job, const char *name, bool by_text) {
    pal_slice *slice = slices_new(job, "told", name, false);
    if (!slice) return false;
    for (int32_t u = 0; u < job->q->n_users; u++) {
        const pal_query *query = &job->q->queries[job->q->query_starts[u]];
        bool is_told = by_text ? query->text != NULL : query->n_profile > 0;
        slice->users[u] = is_told && slices_history_length(job->q, u) == 0;
    }
    slices_keep(job, slice);
    return true;
}

/* People whom the second domain knows: new ones, and those with few events. */
static bool slices_by_source(slices_job *job, const char *name, int64_t low, int64_t high) {
    pal_slice *slice = slices_new(job, "source", name, false);
    if (!slice) return false;
    for (int32_t u = 0; u < job->q->n_users; u++) {
        int64_t n = slices_history_length(job->q, u);
        bool is_known = job->q->queries[job->q->query_starts[u]].n_source > 0;
        slice->users[u] = is_known && n >= low && n <= high;
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

/* --- by a column of the profiles --- */

enum { SLICES_VALUES = 8, SLICES_PARTS = 4, SLICES_NAMES = 12 };

static bool slices_can_use(const pal_column *column) {
    return column->type == PAL_FEATURE_TOKEN || column->type == PAL_FEATURE_SET ||
           column->type == PAL_FEATURE_NUMBER;
}

/* The column called `name`, or a sentence with those that could be named. */
static pal_status slices_find_column(pal_ctx *ctx, const pal_catalog *profiles, const char *name,
                                     const pal_column **out) {
    *out = pal_catalog_column(profiles, name);
    if (profiles->ids.n == 0)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--slice '%s' is a column of the users' profiles, and there are none: name "
                        "their file with --users",
                        name);
    if (*out && slices_can_use(*out)) return PAL_OK;
    pal_text list = {0};
    int32_t n = 0;
    for (int32_t c = 0; c < profiles->n_columns; c++) {
        if (!slices_can_use(&profiles->columns[c]) || n > SLICES_NAMES) continue;
        if (n == SLICES_NAMES) pal_text_add(&list, ", …");
        if (n < SLICES_NAMES) pal_text_addf(&list, n ? ", %s" : "%s", profiles->columns[c].name);
        n++;
    }
    const char *names = list.bytes && !list.failed ? list.bytes : "no columns that divide users";
    pal_status status =
        *out ? pal_fail(ctx, PAL_EUSAGE,
                        "--slice '%s': the profiles' column was taken for %s, which divides no "
                        "users: name one of tokens, sets or numbers; there are %s",
                        name, pal_feature_names[(*out)->type], names)
             : pal_fail(ctx, PAL_EUSAGE, "--slice: the profiles have no column '%s': they have %s",
                        name, names);
    pal_text_release(&list);
    return status;
}

pal_status pal_slices_check(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data) {
    for (int32_t i = 0; i < protocol->slices.n; i++) {
        const pal_column *column;
        const char *name = protocol->slices.at[i];
        TRY(slices_find_column(ctx, &data->users, name, &column));
        for (int32_t o = 0; o < i; o++) {
            if (pal_name_equal(protocol->slices.at[o], name))
                return pal_fail(ctx, PAL_EUSAGE, "--slice '%s' is named twice: name it once", name);
        }
    }
    return PAL_OK;
}

/* One column, and where each user asked stands in it. */
typedef struct {
    const pal_column *column;
    const int32_t *rows; /* [questions.n_users] of the profiles; -1: not described */
    pal_arena *scratch;
} slices_profile;

static bool slices_are_full(slices_job *job) {
    job->is_full |= job->out->n == PAL_SLICES_MAX;
    return job->is_full;
}

/* A slice "age 25 to below 31"; names and words are cut where they are too long. */
static pal_slice *slices_new_profile(slices_job *job, const slices_profile *profile,
                                     const char *text) {
    char name[sizeof job->out->at->name];
    snprintf(name, sizeof name, "%.24s%.39s", profile->column->name, text);
    name[pal_utf8_valid_prefix(name, strlen(name))] = '\0';
    return slices_new(job, "profile", name, false);
}

static bool slices_has_token(const pal_column *column, int32_t row, int32_t token) {
    if (column->type == PAL_FEATURE_TOKEN) return column->tokens[row] == token;
    for (int64_t e = column->sets.starts[row]; e < column->sets.starts[row + 1]; e++) {
        if (column->sets.cols[e] == token) return true;
    }
    return false;
}

/* The most frequent tokens of the users asked. */
static bool slices_by_tokens(slices_job *job, const slices_profile *profile) {
    const pal_column *column = profile->column;
    int32_t n_tokens = column->vocabulary.n, n_users = job->q->n_users;
    slices_item *tokens = PAL_ARENA_ARRAY(profile->scratch, slices_item, n_tokens);
    if (!tokens) return false;
    for (int32_t t = 0; t < n_tokens; t++) tokens[t].item = t;
    for (int32_t u = 0; u < n_users; u++) {
        int32_t row = profile->rows[u];
        if (row < 0) continue;
        if (column->type == PAL_FEATURE_TOKEN) {
            if (column->tokens[row] >= 0) tokens[column->tokens[row]].events++;
            continue;
        }
        for (int64_t e = column->sets.starts[row]; e < column->sets.starts[row + 1]; e++)
            tokens[column->sets.cols[e]].events++;
    }
    qsort(tokens, (size_t)n_tokens, sizeof *tokens, slices_compare);
    for (int32_t t = 0; t < n_tokens && t < SLICES_VALUES && tokens[t].events > 0; t++) {
        char text[128];
        snprintf(text, sizeof text, ": %.100s", pal_ids_at(&column->vocabulary, tokens[t].item));
        if (slices_are_full(job)) return true;
        pal_slice *slice = slices_new_profile(job, profile, text);
        if (!slice) return false;
        for (int32_t u = 0; u < n_users; u++)
            slice->users[u] =
                profile->rows[u] >= 0 && slices_has_token(column, profile->rows[u], tokens[t].item);
        slices_keep(job, slice);
    }
    return true;
}

static int slices_compare_numbers(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Quarters of the users asked; where many have the same number, fewer parts. */
static bool slices_by_number(slices_job *job, const slices_profile *profile) {
    const float *numbers = profile->column->numbers;
    int32_t n = 0, n_cuts = 0, n_users = job->q->n_users;
    float *sorted = PAL_ARENA_ARRAY(profile->scratch, float, n_users), cuts[SLICES_PARTS];
    if (!sorted) return false;
    for (int32_t u = 0; u < n_users; u++) {
        int32_t row = profile->rows[u];
        if (row >= 0 && !isnan(numbers[row])) sorted[n++] = numbers[row];
    }
    qsort(sorted, (size_t)n, sizeof *sorted, slices_compare_numbers);
    for (int32_t part = 1; n > 0 && part < SLICES_PARTS; part++) {
        float cut = sorted[(int64_t)n * part / SLICES_PARTS];
        if (cut > (n_cuts ? cuts[n_cuts - 1] : sorted[0])) cuts[n_cuts++] = cut;
    }
    for (int32_t part = 0; n > 0 && part <= n_cuts; part++) {
        char text[128];
        float low = part ? cuts[part - 1] : sorted[0], high = part < n_cuts ? cuts[part] : INFINITY;
        if (n_cuts == 0) {
            snprintf(text, sizeof text, " %g to %g", (double)sorted[0], (double)sorted[n - 1]);
        } else if (part == 0) {
            snprintf(text, sizeof text, " below %g", (double)high);
        } else if (part == n_cuts) {
            snprintf(text, sizeof text, " %g and more", (double)low);
        } else {
            snprintf(text, sizeof text, " %g to below %g", (double)low, (double)high);
        }
        if (slices_are_full(job)) return true;
        pal_slice *slice = slices_new_profile(job, profile, text);
        if (!slice) return false;
        for (int32_t u = 0; u < n_users; u++) {
            int32_t row = profile->rows[u];
            slice->users[u] = row >= 0 && numbers[row] >= low && numbers[row] < high;
        }
        slices_keep(job, slice);
    }
    return true;
}

/* Users of whom the column says nothing. */
static bool slices_untold(slices_job *job, const slices_profile *profile) {
    const pal_column *column = profile->column;
    if (slices_are_full(job)) return true;
    pal_slice *slice = slices_new_profile(job, profile, ": not told");
    if (!slice) return false;
    for (int32_t u = 0; u < job->q->n_users; u++) {
        int32_t row = profile->rows[u];
        slice->users[u] =
            row < 0 || (column->type == PAL_FEATURE_NUMBER ? isnan(column->numbers[row])
                        : column->type == PAL_FEATURE_TOKEN
                            ? column->tokens[row] < 0
                            : column->sets.starts[row] == column->sets.starts[row + 1]);
    }
    slices_keep(job, slice);
    return true;
}

static bool slices_by_profile(slices_job *job, const pal_catalog *profiles, const char *name) {
    const pal_questions *q = job->q;
    pal_arena scratch = {0};
    int32_t *rows = PAL_ARENA_ARRAY(&scratch, int32_t, q->n_users);
    slices_profile profile = {pal_catalog_column(profiles, name), rows, &scratch};
    bool done = rows != NULL;
    for (int32_t u = 0; done && u < q->n_users; u++) {
        const char *id = pal_ids_at(q->targets->about.user_ids, q->users[u]);
        rows[u] = pal_ids_find(&profiles->ids, id, strlen(id));
    }
    if (done && profile.column)
        done = (profile.column->type == PAL_FEATURE_NUMBER ? slices_by_number(job, &profile)
                                                           : slices_by_tokens(job, &profile)) &&
               slices_untold(job, &profile);
    pal_arena_release(&scratch);
    return done;
}

pal_status pal_slices_make(pal_ctx *ctx, const pal_protocol *protocol, const pal_data *data,
                           const pal_questions *questions, const pal_split *split,
                           pal_slices *out) {
    memset(out, 0, sizeof *out);
    slices_job job = {.ctx = ctx, .q = questions, .out = out};
    bool done = slices_by_history(&job, "known", "known users", 1, INT64_MAX) &&
                slices_by_history(&job, "known", "strangers", 0, 0) &&
                slices_by_history(&job, "history", "users with 1-4 events", 1, 4) &&
                slices_by_history(&job, "history", "users with 5-19 events", 5, 19) &&
                slices_by_history(&job, "history", "users with 20+ events", 20, INT64_MAX) &&
                slices_by_told(&job, "new users with a profile", false) &&
                slices_by_told(&job, "new users who searched", true) &&
                slices_by_source(&job, "new users with source history", 0, 0) &&
                slices_by_source(&job, "1-4 events and source history", 1, 4) &&
                slices_by_popularity(&job);
    if (done && questions->relevant_times) done = slices_by_age(&job, split->test_from);
    if (done && questions->relevant_values && questions->history->about.values_are_ratings)
        done = slices_by_liking(&job);
    for (int32_t i = 0; done && i < protocol->slices.n && !job.is_full; i++) {
        done = slices_by_profile(&job, &data->users, protocol->slices.at[i]);
        if (job.is_full)
            pal_note(ctx, PAL_NOTICE_WARNING,
                     "--slice: more than %d slices are not told: parts of '%s' and what follows "
                     "are left out",
                     PAL_SLICES_MAX, protocol->slices.at[i]);
    }
    if (done) return PAL_OK;
    pal_slices_release(out);
    return pal_fail_memory(ctx, "the slices", 16.0 * (double)questions->n_pairs);
}

void pal_slices_release(pal_slices *slices) {
    pal_arena_release(&slices->arena);
    memset(slices, 0, sizeof *slices);
}
