/* split.c - from an assignment of events to parts to logs with renumbered rows. */
#include "data/split.h"

#include <stdio.h>
#include <string.h>

#include "base/ctx.h"

const pal_splitter *const pal_splitters[] = {
    &pal_splitter_time,  &pal_splitter_leave_last, &pal_splitter_random,     &pal_splitter_users,
    &pal_splitter_kfold, &pal_splitter_cold_items, &pal_splitter_cold_users, NULL};

enum { SPLIT_RULES = sizeof pal_splitters / sizeof *pal_splitters - 1 };

static pal_status split_find(pal_ctx *ctx, const char *name, const pal_splitter **out) {
    const char *names[SPLIT_RULES];
    for (int32_t i = 0; i < SPLIT_RULES; i++) {
        names[i] = pal_splitters[i]->name;
        if (!pal_name_equal(names[i], name)) continue;
        *out = pal_splitters[i];
        return PAL_OK;
    }
    pal_fail_name(ctx, "split", name, names, SPLIT_RULES);
    return PAL_EUSAGE;
}

/* --- one log of all events, with the part of each --- */

typedef struct {
    pal_ctx *ctx;
    const pal_data *data;
    pal_log all;   /* events of all parts given */
    uint8_t *part; /* [all.n_events] */
    pal_arena scratch;
} split_job;

/* Given parts, one after the other, as one log: parts of equal user and time keep their order. */
static pal_status split_join(split_job *job) {
    const pal_data *data = job->data;
    int64_t n = 0;
    bool is_weighed = false;
    if (data->n_parts == 1) {
        job->all = data->parts[0];
        job->all.arena = (pal_arena){0}; /* the arrays stay the data's */
        return PAL_OK;
    }
    for (int32_t p = 0; p < data->n_parts; p++) {
        n += data->parts[p].n_events;
        is_weighed |= data->parts[p].weights != NULL;
    }
    const pal_log *first = &data->parts[0];
    int32_t *users = PAL_ARENA_ARRAY(&job->scratch, int32_t, n),
            *items = PAL_ARENA_ARRAY(&job->scratch, int32_t, n);
    float *values = first->values ? PAL_ARENA_ARRAY(&job->scratch, float, n) : NULL;
    int64_t *times = first->times ? PAL_ARENA_ARRAY(&job->scratch, int64_t, n) : NULL;
    uint8_t *types = first->types ? PAL_ARENA_ARRAY(&job->scratch, uint8_t, n) : NULL;
    float *weights = is_weighed ? PAL_ARENA_ARRAY(&job->scratch, float, n) : NULL;
    if (!users || !items || (first->values && !values) || (first->times && !times) ||
        (first->types && !types) || (is_weighed && !weights)) {
        return pal_fail_memory(job->ctx, "the parts of the split", 24.0 * (double)n);
    }
    int64_t at = 0;
    for (int32_t p = 0; p < data->n_parts; p++) {
        const pal_log *log = &data->parts[p];
        size_t count = (size_t)log->n_events;
        pal_log_users(log, users + at);
        memcpy(items + at, log->items, count * sizeof *items);
        if (values) memcpy(values + at, log->values, count * sizeof *values);
        if (times) memcpy(times + at, log->times, count * sizeof *times);
        if (types) memcpy(types + at, log->types, count);
        for (size_t e = 0; weights && e < count; e++)
            weights[at + (int64_t)e] = log->weights ? log->weights[e] : 1;
        at += log->n_events;
    }
    pal_log_about about = first->about;
    about.n_users = data->user_ids.n;
    about.n_items = data->item_ids.n;
    pal_events events = {.n = n,
                         .users = users,
                         .items = items,
                         .values = values,
                         .times = times,
                         .types = types,
                         .weights = weights};
    return pal_log_build(job->ctx, &events, &about, &job->all);
}

/* --- renumbering --- */

/* New rows so that those first seen in an earlier part come first, otherwise in their old order.
 * first_part [n] is the earliest part of each old row, 3: only shown, or 4: no event. counts [4]:
 * rows known up to and including each part. */
static pal_status split_renumber(split_job *job, const uint8_t *first_part, int32_t n,
                                 const pal_ids *ids, int32_t **rows, int32_t counts[4],
                                 pal_ids *out) {
    int32_t *old = PAL_ARENA_ARRAY(&job->scratch, int32_t, n);
    *rows = PAL_ARENA_ARRAY(&job->scratch, int32_t, n);
    if (!old || !*rows) return pal_fail_memory(job->ctx, "the rows of the split", 8.0 * n);
    int32_t next = 0;
    for (int32_t p = 0; p < 4; p++) {
        for (int32_t i = 0; i < n; i++) {
            if (first_part[i] != p) continue;
            old[next] = i;
            (*rows)[i] = next++;
        }
        counts[p] = next;
    }
    return pal_ids_select(job->ctx, ids, old, next, out);
}

typedef struct {
    int32_t *user_rows, *item_rows; /* new row of each old one */
    int32_t n_users[4],
        n_items[4]; /* known up to and including each part, 3: also when only shown */
} split_rows;

/* Events of the parts in the mask as a log of its own, with the rows known up to `last`. */
static pal_status split_part(split_job *job, unsigned parts, int last, const split_rows *rows,
                             pal_split *split, pal_log *out) {
    uint8_t *keep = PAL_ARENA_ARRAY(&job->scratch, uint8_t, job->all.n_events);
    if (!keep) return pal_fail_memory(job->ctx, "a part of the split", (double)job->all.n_events);
    for (int64_t e = 0; e < job->all.n_events; e++) keep[e] = parts >> job->part[e] & 1u;
    pal_log_about about = job->all.about;
    about.n_users = rows->n_users[last];
    about.n_items = rows->n_items[last];
    about.user_ids = &split->user_ids;
    about.item_ids = &split->item_ids;
    return pal_log_select(job->ctx, &job->all, keep, rows->user_rows, rows->item_rows, &about, out);
}

static int64_t split_first_time(const pal_log *log) {
    int64_t first = INT64_MAX;
    for (int64_t e = 0; log->times && e < log->n_events; e++)
        first = log->times[e] < first ? log->times[e] : first;
    return log->times && log->n_events ? first : 0;
}

static bool split_has_target(const pal_log *log) {
    for (int64_t e = 0; e < log->n_events; e++) {
        if (pal_log_is_target(log, e)) return true;
    }
    return false;
}

static pal_status split_check_parts(pal_ctx *ctx, const pal_split *split) {
    const struct {
        const pal_log *log;
        const char *name;
        bool is_judged; /* lists are judged by its events of the target type */
    } parts[] = {{&split->train, "training", false},
                 {&split->valid, "validation", true},
                 {&split->test, "test", true}};
    for (int i = 0; i < 3; i++) {
        if (parts[i].log->n_events == 0) {
            return pal_fail(ctx, PAL_EDATA,
                            "the split '%s' leaves the %s part empty: use another --split, or a "
                            "log with more events",
                            split->spec, parts[i].name);
        }
        if (parts[i].is_judged && !split_has_target(parts[i].log)) {
            return pal_fail(ctx, PAL_EDATA,
                            "the %s part of the split '%s' holds no event of the target type: name "
                            "another --target or --split",
                            parts[i].name, split->spec);
        }
    }
    if (split->user_ids.n < 2 || split->item_ids.n < 2) {
        return pal_fail(ctx, PAL_EDATA,
                        "the log has %d user(s) and %d item(s): comparing needs two of each, are "
                        "the columns right?",
                        split->user_ids.n, split->item_ids.n);
    }
    return PAL_OK;
}

/* Takes what was only shown out of the parts that are learned from, seen and asked. */
static void split_part_shown(split_job *job) {
    static const uint8_t shown[] = {PAL_PART_SHOWN_TRAIN, PAL_PART_SHOWN_VALID, PAL_PART_SHOWN_TEST,
                                    PAL_PART_SHOWN, PAL_PART_SHOWN};
    for (int64_t e = 0; e < job->all.n_events; e++) {
        if (pal_log_is_shown(&job->all, e)) job->part[e] = shown[job->part[e]];
    }
}

/* Of what training was only shown, people and items that nobody used before the test teach nothing:
 * they get no rows. */
static void split_drop_shown(split_job *job, const uint8_t *users, const uint8_t *items) {
    for (int32_t u = 0; u < job->all.n_users; u++) {
        for (int64_t e = job->all.starts[u]; e < job->all.starts[u + 1]; e++) {
            if (job->part[e] == PAL_PART_SHOWN_TRAIN &&
                (users[u] > 1 || items[job->all.items[e]] > 1))
                job->part[e] = PAL_PART_SHOWN;
        }
    }
}

static pal_status split_build(split_job *job, pal_split *split) {
    const pal_log *all = &job->all;
    uint8_t *users = PAL_ARENA_ARRAY(&job->scratch, uint8_t, all->n_users);
    uint8_t *items = PAL_ARENA_ARRAY(&job->scratch, uint8_t, all->n_items);
    if (!users || !items)
        return pal_fail_memory(job->ctx, "the rows of the split",
                               (double)all->n_users + all->n_items);
    static const uint8_t known_from[] = {
        PAL_PART_TRAIN, PAL_PART_VALID, PAL_PART_TEST, PAL_PART_VALID, PAL_PART_TEST, 3, 3, 4, 4};
    split_part_shown(job);
    memset(users, 4, (size_t)all->n_users);
    memset(items, 4, (size_t)all->n_items);
    unsigned found = 0;
    for (int32_t u = 0; u < all->n_users; u++) {
        for (int64_t e = all->starts[u]; e < all->starts[u + 1]; e++) {
            uint8_t from = known_from[job->part[e]];
            found |= 1u << job->part[e];
            if (from < users[u]) users[u] = from;
            if (from < items[all->items[e]]) items[all->items[e]] = from;
        }
    }
    split_drop_shown(job, users, items);
    split_rows rows;
    TRY(split_renumber(job, users, all->n_users, all->about.user_ids, &rows.user_rows, rows.n_users,
                       &split->user_ids));
    TRY(split_renumber(job, items, all->n_items, all->about.item_ids, &rows.item_rows, rows.n_items,
                       &split->item_ids));
    enum {
        TRAIN = 1 << PAL_PART_TRAIN,
        VALID = 1 << PAL_PART_VALID,
        VALID_KNOWN = 1 << PAL_PART_VALID_KNOWN,
        TEST_KNOWN = 1 << PAL_PART_TEST_KNOWN,
        SHOWN_VALID = 1 << PAL_PART_SHOWN_VALID,
        SHOWN_TEST = 1 << PAL_PART_SHOWN_TEST,
        SHOWN_TRAIN = 1 << PAL_PART_SHOWN_TRAIN,
        HISTORY = TRAIN | VALID | VALID_KNOWN
    };
    TRY(split_part(job, TRAIN, 0, &rows, split, &split->train));
    TRY(split_part(job, VALID, 1, &rows, split, &split->valid));
    TRY(split_part(job, HISTORY, 1, &rows, split, &split->history));
    TRY(split_part(job, 1 << PAL_PART_TEST, 2, &rows, split, &split->test));
    if (found & VALID_KNOWN)
        TRY(split_part(job, TRAIN | VALID_KNOWN, 1, &rows, split, &split->valid_known));
    if (found & TEST_KNOWN)
        TRY(split_part(job, HISTORY | TEST_KNOWN, 2, &rows, split, &split->test_known));
    if (found & SHOWN_VALID)
        TRY(split_part(job, SHOWN_VALID, 3, &rows, split, &split->shown_valid));
    if (found & SHOWN_TEST) TRY(split_part(job, SHOWN_TEST, 3, &rows, split, &split->shown_test));
    if (found & SHOWN_TRAIN)
        TRY(split_part(job, SHOWN_TRAIN, 3, &rows, split, &split->shown_train));
    if (found & (SHOWN_TRAIN | SHOWN_VALID))
        TRY(split_part(job, SHOWN_TRAIN | SHOWN_VALID, 3, &rows, split, &split->shown_history));
    TRY(split_check_parts(job->ctx, split));
    split->valid_from = split_first_time(&split->valid);
    split->test_from = split_first_time(&split->test);
    return PAL_OK;
}

const pal_log *pal_split_known(const pal_split *split, bool test) {
    if (test) return split->test_known.n_events ? &split->test_known : &split->history;
    return split->valid_known.n_events ? &split->valid_known : &split->train;
}

/* --- assigning --- */

/* Which part each event of the joined log was given in. Row by row the joined log holds the parts'
 * events merged by time, equal times in the order of parts, so that a merge by time finds them. */
static void split_given_parts(const split_job *job) {
    const pal_data *data = job->data;
    int64_t next[PAL_PARTS_MAX];
    for (int32_t u = 0; u < job->all.n_users; u++) {
        for (int32_t p = 0; p < data->n_parts; p++)
            next[p] = u < data->parts[p].n_users ? data->parts[p].starts[u] : 0;
        for (int64_t e = job->all.starts[u]; e < job->all.starts[u + 1]; e++) {
            int32_t best = -1;
            for (int32_t p = 0; p < data->n_parts; p++) {
                const pal_log *log = &data->parts[p];
                if (u >= log->n_users || next[p] == log->starts[u + 1]) continue;
                if (best < 0 ||
                    (log->times && log->times[next[p]] < data->parts[best].times[next[best]]))
                    best = p;
                if (best >= 0 && !log->times) break;
            }
            next[best]++;
            job->part[e] = (uint8_t)(best == data->n_parts - 1 ? PAL_PART_TEST : best);
        }
    }
}

/* Cuts validation from the given training part. */
static pal_status split_cut_valid(split_job *job, const pal_splitter *splitter,
                                  const void *params) {
    const pal_log *train = &job->data->parts[0];
    uint8_t *part = PAL_ARENA_ARRAY(&job->scratch, uint8_t, train->n_events);
    if (!part) return pal_fail_memory(job->ctx, "the split", (double)train->n_events);
    TRY(splitter->assign(job->ctx, params, train, false, part));
    /* Training events stand in the joined log in their order, others between them. */
    for (int32_t u = 0; u < train->n_users; u++) {
        int64_t from = train->starts[u];
        for (int64_t e = job->all.starts[u]; e < job->all.starts[u + 1]; e++) {
            if (job->part[e] == PAL_PART_TRAIN) job->part[e] = part[from++];
        }
    }
    return PAL_OK;
}

/* The canonical spec; the share of a test part that was given is nothing to tell. */
static void split_describe(int32_t n_parts, const pal_splitter *splitter, const void *params,
                           pal_split *split) {
    enum { SPLIT_PARAMS_MAX = 16 };
    static const char *const before[] = {"", "files, validation: ", "files"};
    pal_param told[SPLIT_PARAMS_MAX + 1] = {0};
    int32_t n = 0;
    for (const pal_param *row = splitter->params; row->name && n < SPLIT_PARAMS_MAX; row++) {
        if (n_parts == 1 || strcmp(row->name, "test")) told[n++] = *row;
    }
    pal_text options = {0};
    pal_params_format(told, params, true, &options);
    bool is_cut = n_parts < 3;
    snprintf(split->spec, sizeof split->spec, "%s%s%s%s", before[n_parts - 1],
             is_cut ? splitter->name : "", is_cut && options.length ? " " : "",
             is_cut && options.length ? options.bytes : "");
    pal_text_release(&options);
}

static pal_status split_assign(split_job *job, const pal_splitter *splitter, const void *params,
                               pal_split *split) {
    const pal_data *data = job->data;
    TRY(split_join(job));
    job->part = PAL_ARENA_ARRAY(&job->scratch, uint8_t, job->all.n_events);
    if (!job->part) return pal_fail_memory(job->ctx, "the split", (double)job->all.n_events);
    split_describe(data->n_parts, splitter, params, split);
    if (data->n_parts == 1) return splitter->assign(job->ctx, params, &job->all, true, job->part);
    split_given_parts(job);
    return data->n_parts == 2 ? split_cut_valid(job, splitter, params) : PAL_OK;
}

pal_status pal_split_parse(pal_ctx *ctx, const char *spec, pal_arena *arena,
                           const pal_splitter **splitter, void **params) {
    const char *name, *options;
    const pal_splitter *found = NULL;
    TRY(pal_spec_split(ctx, spec, arena, &name, &options));
    TRY(split_find(ctx, name, &found));
    void *values = pal_arena_alloc(arena, 1, found->params_size);
    if (!values) return pal_fail_memory(ctx, "the split", 1e3);
    TRY(pal_params_parse(ctx, found->name, found->params, values, arena, options));
    *splitter = found;
    *params = values;
    return PAL_OK;
}

pal_status pal_split_make(pal_ctx *ctx, const pal_data *data, const char *spec, pal_split *out) {
    split_job job = {.ctx = ctx, .data = data};
    bool has_times = data->parts[0].times != NULL;
    const char *rule = spec ? spec : has_times ? "time" : "random";
    const pal_splitter *splitter = NULL;
    void *params = NULL;
    pal_split *split = out; /* built in place: its logs point to its ids */
    memset(split, 0, sizeof *split);
    if (spec && data->n_parts == 3) {
        return pal_fail(
            ctx, PAL_EUSAGE,
            "--split '%s' does not go with --train, --valid and --test: the parts are given", spec);
    }
    pal_status status = pal_split_parse(ctx, rule, &job.scratch, &splitter, &params);
    if (status == PAL_OK && splitter->needs_times && !has_times) {
        status = pal_fail(ctx, PAL_EDATA,
                          "the split %s needs times, and the log has none: use --split random",
                          splitter->name);
    }
    if (status == PAL_OK) status = split_assign(&job, splitter, params, split);
    if (status == PAL_OK) status = split_build(&job, split);
    pal_log_release(&job.all);
    pal_arena_release(&job.scratch);
    if (status != PAL_OK) pal_split_release(split);
    return status;
}

pal_status pal_split_folds(pal_ctx *ctx, const char *spec, int32_t *folds) {
    pal_arena scratch = {0};
    const pal_splitter *splitter = NULL;
    void *params = NULL;
    *folds = 0;
    pal_status status = spec ? pal_split_parse(ctx, spec, &scratch, &splitter, &params) : PAL_OK;
    if (status == PAL_OK && spec && splitter == &pal_splitter_kfold)
        *folds = pal_kfold_folds(params);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_split_fold(pal_ctx *ctx, const char *spec, int32_t fold, pal_arena *arena,
                          const char **out) {
    const pal_splitter *splitter = NULL;
    void *params = NULL;
    pal_text text = {0};
    TRY(pal_split_parse(ctx, spec, arena, &splitter, &params));
    pal_kfold_choose(params, fold);
    pal_text_addf(&text, "%s ", splitter->name);
    pal_params_format(splitter->params, params, false, &text);
    *out = text.failed ? NULL : pal_arena_text(arena, text.bytes, text.length);
    pal_text_release(&text);
    return *out ? PAL_OK : pal_fail_memory(ctx, "the split", 1e3);
}

void pal_split_release(pal_split *split) {
    pal_log_release(&split->train);
    pal_log_release(&split->valid);
    pal_log_release(&split->history);
    pal_log_release(&split->test);
    pal_log_release(&split->valid_known);
    pal_log_release(&split->test_known);
    pal_log_release(&split->shown_train);
    pal_log_release(&split->shown_history);
    pal_log_release(&split->shown_valid);
    pal_log_release(&split->shown_test);
    pal_ids_release(&split->user_ids);
    pal_ids_release(&split->item_ids);
    memset(split, 0, sizeof *split);
}

uint64_t pal_split_hash(const pal_split *split) {
    const uint64_t parts[] = {pal_log_hash(&split->train), pal_log_hash(&split->valid),
                              pal_log_hash(&split->test)};
    uint64_t hash = 0;
    for (int i = 0; i < 3; i++) hash = (hash ^ parts[i]) * 0x9E3779B97F4A7C15u ^ hash >> 29;
    if (split->test_known.n_events)
        hash = (hash ^ pal_log_hash(&split->test_known)) * 0x9E3779B97F4A7C15u ^ hash >> 29;
    if (split->shown_test.n_events)
        hash = (hash ^ pal_log_hash(&split->shown_test)) * 0x9E3779B97F4A7C15u ^ hash >> 29;
    return hash;
}
