/* domains.c - rows of both domains, and draws of what a step shows. */
#include "models/transfer/domains.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* Gives the rows [n] of those that the log has not (-1) numbers from `first` on; returns the next
 * free one. */
static int32_t domains_number(const int32_t *rows, int32_t n, int32_t first, int32_t *out,
                              int64_t *n_shared) {
    *n_shared = 0;
    for (int32_t i = 0; i < n; i++) {
        out[i] = rows[i] >= 0 ? rows[i] : first++;
        *n_shared += rows[i] >= 0;
    }
    return first;
}

static pal_status domains_number_both(pal_ctx *ctx, const char *what, const pal_log *log,
                                      const pal_source *source, pal_arena *arena, pal_domains *out,
                                      int32_t **people) {
    const int32_t *users, *items;
    int32_t n_users = source->log->n_users, n_items = source->log->n_items;
    TRY(pal_source_user_rows(ctx, source, log, arena, &users));
    TRY(pal_source_item_rows(ctx, source, log, arena, &items));
    int32_t *rows = PAL_ARENA_ARRAY(arena, int32_t, n_items);
    *people = PAL_ARENA_ARRAY(arena, int32_t, n_users);
    if (!rows || !*people) return pal_fail_memory(ctx, what, 4.0 * ((double)n_users + n_items));
    if ((int64_t)log->n_users + n_users > INT32_MAX || (int64_t)log->n_items + n_items > INT32_MAX)
        return pal_fail(ctx, PAL_EDATA,
                        "%s: log and source have more users or items together than there are "
                        "rows: drop rare ones with --min-user and --min-item",
                        what);
    out->n_source = n_items;
    out->item_rows = rows;
    out->n_people = domains_number(users, n_users, log->n_users, *people, &out->n_shared_users);
    out->n_items = domains_number(items, n_items, log->n_items, rows, &out->n_shared_items);
    return PAL_OK;
}

static int domains_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Rows of `from` become those that `people` names (NULL: the same), columns those of `items` (NULL:
 * the same); entries are added behind what `at` counts for a row. */
static void domains_copy_rows(const pal_csr *from, const int32_t *people, const int32_t *items,
                              int64_t *at, int32_t *cols, float *values) {
    for (int32_t r = 0; r < from->n_rows; r++) {
        int32_t person = people ? people[r] : r;
        for (int64_t e = from->starts[r]; e < from->starts[r + 1]; e++) {
            if (values) values[at[person]] = from->values ? from->values[e] : 1;
            cols[at[person]++] = items ? items[from->cols[e]] : from->cols[e];
        }
    }
}

/* Rows of the log's and the source's pairs in one matrix; either may be NULL. */
static pal_status domains_merge(pal_ctx *ctx, const char *what, int32_t n_people, int32_t n_cols,
                                const pal_csr *own, const pal_csr *other, const int32_t *people,
                                const int32_t *items, bool has_values, pal_arena *arena,
                                pal_csr *out) {
    int64_t n = (own ? own->starts[own->n_rows] : 0) + (other ? other->starts[other->n_rows] : 0);
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, n_people + INT64_C(1)),
            *at = PAL_ARENA_ARRAY(arena, int64_t, n_people + INT64_C(1));
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, n);
    float *values = has_values ? PAL_ARENA_ARRAY(arena, float, n) : NULL;
    if (!starts || !at || !cols || (has_values && !values))
        return pal_fail_memory(ctx, what, 16.0 * n_people + 8.0 * (double)n);
    for (int32_t r = 0; own && r < own->n_rows; r++)
        starts[r + 1] += own->starts[r + 1] - own->starts[r];
    for (int32_t r = 0; other && r < other->n_rows; r++)
        starts[people[r] + 1] += other->starts[r + 1] - other->starts[r];
    for (int32_t p = 0; p < n_people; p++) starts[p + 1] += starts[p];
    memcpy(at, starts, (size_t)n_people * sizeof *at);
    if (own) domains_copy_rows(own, NULL, NULL, at, cols, values);
    if (other) domains_copy_rows(other, people, items, at, cols, values);
    for (int32_t p = 0; items && p < n_people; p++)
        qsort(cols + starts[p], (size_t)(starts[p + 1] - starts[p]), sizeof *cols, domains_compare);
    *out = (pal_csr){
        .n_rows = n_people, .n_cols = n_cols, .starts = starts, .cols = cols, .values = values};
    return PAL_OK;
}

pal_status pal_domains_join(pal_ctx *ctx, const char *what, const pal_log *log,
                            const pal_source *source, pal_arena *arena, pal_domains *out) {
    *out = (pal_domains){.log = log,
                         .source = source ? source->log : NULL,
                         .n_users = log->n_users,
                         .n_target = log->n_items,
                         .n_people = log->n_users,
                         .n_items = log->n_items};
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, arena, &out->own));
    out->pairs = out->own;
    out->pairs.values = NULL;
    if (!source) return PAL_OK;
    int32_t *people;
    TRY(domains_number_both(ctx, what, log, source, arena, out, &people));
    out->people = people;
    TRY(pal_log_pairs(ctx, source->log, UINT32_MAX, arena, &out->other));
    return domains_merge(ctx, what, out->n_people, out->n_items, &out->own, &out->other, people,
                         out->item_rows, false, arena, &out->pairs);
}

pal_status pal_domains_add_task(pal_ctx *ctx, const char *what, const pal_domains *domains,
                                const char *name, uint32_t types, double weight, bool is_of_source,
                                pal_arena *arena, pal_domain_task *out) {
    const pal_log *log = is_of_source ? domains->source : domains->log;
    const pal_csr *all = is_of_source ? &domains->other : &domains->own;
    const int32_t *people = is_of_source ? domains->people : NULL;
    int32_t n_people = domains->n_people;
    pal_csr pairs;
    *out = (pal_domain_task){
        .name = name, .weight = weight, .is_of_source = is_of_source, .n_items = log->n_items};
    TRY(pal_log_pairs(ctx, log, types, arena, &pairs));
    TRY(domains_merge(ctx, what, n_people, log->n_items, is_of_source ? NULL : all,
                      is_of_source ? all : NULL, people, NULL, false, arena, &out->used));
    TRY(domains_merge(ctx, what, n_people, log->n_items, is_of_source ? NULL : &pairs,
                      is_of_source ? &pairs : NULL, people, NULL, pairs.values != NULL, arena,
                      &out->targets));
    double sum = 0;
    for (int64_t e = 0; e < out->targets.starts[n_people]; e++)
        sum += out->targets.values ? (double)out->targets.values[e] : 1;
    out->mean_amount = sum / n_people;
    return PAL_OK;
}

/* --- batches --- */

static int domains_compare_lengths(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* Entries of the n longest rows. */
static pal_status domains_longest(pal_ctx *ctx, const char *what, const pal_csr *rows, int64_t n,
                                  int64_t *out) {
    pal_arena scratch = {0};
    int64_t *lengths = PAL_ARENA_ARRAY(&scratch, int64_t, rows->n_rows);
    *out = 0;
    if (lengths) {
        for (int32_t r = 0; r < rows->n_rows; r++)
            lengths[r] = rows->starts[r + 1] - rows->starts[r];
        qsort(lengths, (size_t)rows->n_rows, sizeof *lengths, domains_compare_lengths);
        for (int64_t r = 0; r < n && r < rows->n_rows; r++) *out += lengths[r];
    }
    pal_status status = lengths ? PAL_OK : pal_fail_memory(ctx, what, 8.0 * rows->n_rows);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_domain_batch_open(pal_ctx *ctx, const char *what, int64_t batch, pal_arena *scratch,
                                 pal_domain_batch *out, int64_t *n_entries) {
    const pal_domains *domains = out->domains;
    int64_t n;
    TRY(domains_longest(ctx, what, &domains->pairs, batch, &n));
    *n_entries = n;
    out->at = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
    out->people = PAL_ARENA_ARRAY(scratch, int32_t, batch);
    out->rows = PAL_ARENA_ARRAY(scratch, int32_t, n);
    out->places = PAL_ARENA_ARRAY(scratch, int32_t, n);
    out->weights = PAL_ARENA_ARRAY(scratch, float, n);
    out->marks = PAL_ARENA_ARRAY(scratch, uint8_t, PAL_DOMAIN_CHUNKS * (int64_t)domains->n_items);
    bool has_memory =
        out->at && out->people && out->rows && out->places && out->weights && out->marks;
    double bytes = 12.0 * (double)n + 16.0 * domains->n_items;
    for (int32_t t = 0; has_memory && t < out->n_tasks; t++) {
        pal_domain_asked *asked = &out->asked[t];
        int64_t most;
        TRY(domains_longest(ctx, what, &out->tasks[t].targets, batch, &most));
        asked->at = PAL_ARENA_ARRAY(scratch, int64_t, batch + 1);
        asked->ends = PAL_ARENA_ARRAY(scratch, int64_t, batch);
        asked->items = PAL_ARENA_ARRAY(scratch, int32_t, most);
        asked->amounts = PAL_ARENA_ARRAY(scratch, float, most);
        has_memory = asked->at && asked->ends && asked->items && asked->amounts;
        bytes += 8 * (double)most;
    }
    return has_memory ? PAL_OK : pal_fail_memory(ctx, what, bytes);
}

void pal_domain_batch_begin(pal_domain_batch *batch, const pal_step *step) {
    const pal_csr *pairs = &batch->domains->pairs;
    batch->step = step;
    for (int64_t r = 0; r < step->n; r++) {
        int32_t person = (int32_t)step->examples[r];
        batch->people[r] = person;
        batch->at[r + 1] = batch->at[r] + pairs->starts[person + 1] - pairs->starts[person];
        for (int32_t t = 0; t < batch->n_tasks; t++) {
            const int64_t *starts = batch->tasks[t].targets.starts;
            int64_t *at = batch->asked[t].at;
            at[r + 1] = at[r] + starts[person + 1] - starts[person];
        }
    }
}

/* Which domain of a person who is known in both is hidden from this step: 0 the log, 1 the source,
 * -1 none. */
static int32_t domains_draw_hidden(const pal_domain_batch *batch, int32_t person, pal_rng *rng) {
    const pal_csr *own = &batch->domains->own;
    int64_t n_own = person < own->n_rows ? own->starts[person + 1] - own->starts[person] : 0,
            n = batch->domains->pairs.starts[person + 1] - batch->domains->pairs.starts[person];
    if (n_own == 0 || n_own == n) return -1;
    double at = pal_rng_uniform(rng);
    return at < batch->hide ? 0 : at < 2 * batch->hide ? 1 : -1;
}

/* What is shown of person r. */
static void domains_show(pal_domain_batch *batch, int64_t r, uint8_t *marks, pal_rng *rng) {
    const pal_domains *domains = batch->domains;
    const pal_csr *pairs = &domains->pairs;
    int32_t person = batch->people[r], hidden = domains_draw_hidden(batch, person, rng),
            n_shown[2] = {0, 0};
    int64_t begin = pairs->starts[person], n = pairs->starts[person + 1] - begin,
            n_own = person < domains->own.n_rows
                        ? domains->own.starts[person + 1] - domains->own.starts[person]
                        : 0;
    for (int64_t e = 0; e < n; e++) {
        int32_t item = pairs->cols[begin + e], side = e >= n_own;
        bool is_shown = pal_rng_uniform(rng) >= batch->dropout && side != hidden;
        batch->rows[batch->at[r] + e] = is_shown ? item : -1;
        batch->places[batch->at[r] + e] = (int32_t)r;
        marks[item] = is_shown;
        n_shown[side] += is_shown;
    }
    for (int64_t e = 0; e < n; e++)
        batch->weights[batch->at[r] + e] = 1 / sqrtf((float)n_shown[e >= n_own]);
}

/* What is asked of person r: his targets that are not shown. */
static void domains_ask(pal_domain_batch *batch, int32_t t, int64_t r, const uint8_t *marks) {
    const pal_domain_task *task = &batch->tasks[t];
    pal_domain_asked *asked = &batch->asked[t];
    int32_t person = batch->people[r];
    int64_t end = asked->at[r];
    for (int64_t e = task->targets.starts[person]; e < task->targets.starts[person + 1]; e++) {
        int32_t item = task->targets.cols[e];
        if (marks[task->is_of_source ? batch->domains->item_rows[item] : item]) continue;
        asked->items[end] = item;
        asked->amounts[end++] = task->targets.values ? task->targets.values[e] : 1;
    }
    asked->ends[r] = end;
}

void pal_domain_batch_draw(pal_domain_batch *batch, int64_t chunk) {
    const pal_domains *domains = batch->domains;
    int64_t first, last;
    pal_chunk_range(batch->step->n, PAL_DOMAIN_CHUNKS, chunk, &first, &last);
    uint8_t *marks = batch->marks + chunk * domains->n_items;
    pal_rng rng = pal_rng_at(batch->seed,
                             (uint64_t)batch->step->number * PAL_DOMAIN_CHUNKS + (uint64_t)chunk);
    for (int64_t r = first; r < last; r++) {
        domains_show(batch, r, marks, &rng);
        for (int32_t t = 0; t < batch->n_tasks; t++) domains_ask(batch, t, r, marks);
        for (int64_t e = batch->at[r]; e < batch->at[r + 1]; e++) {
            if (batch->rows[e] >= 0) marks[batch->rows[e]] = 0;
        }
    }
}
