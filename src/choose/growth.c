/* growth.c - what a model costs on more data: each done row is trained again on the events of a
 * tenth, a third and all of the training users. Users are taken evenly over the rows, so that the
 * parts depend on the split alone. */
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"

const double pal_growth_shares[PAL_GROWTH_POINTS] = {0.1, 0.3, 1};

typedef struct { /* a part of the training users */
    int32_t n_users;
    int32_t *new_rows; /* [users of train] row in the part, -1: not in it */
    pal_ids user_ids;
    pal_log log, histories;  /* what is learned from; histories only where it differs */
    pal_log shown;           /* n_events = 0: none */
    pal_searches searches;   /* n = 0: none */
    pal_questions questions; /* validation, asking with the part's rows */
    pal_arena arena;
} growth_part;

static void growth_release(growth_part *part) {
    pal_log_release(&part->log);
    pal_log_release(&part->histories);
    pal_log_release(&part->shown);
    pal_searches_release(&part->searches);
    pal_ids_release(&part->user_ids);
    pal_arena_release(&part->arena);
}

/* Events of the part's users; a log that is weighed may hold fewer users than the rows given. */
static pal_status growth_select(const pal_compare_job *job, growth_part *part, const pal_log *from,
                                pal_log *out) {
    uint8_t *keep = PAL_ARENA_ARRAY(&part->arena, uint8_t, from->n_events);
    if (!keep) return pal_fail_memory(job->ctx, "a part of the users", (double)from->n_events);
    for (int32_t u = 0; u < from->n_users; u++) {
        for (int64_t e = from->starts[u]; e < from->starts[u + 1]; e++)
            keep[e] = part->new_rows[u] >= 0;
    }
    pal_log_about about = from->about;
    about.n_users = part->n_users;
    about.user_ids = &part->user_ids;
    return pal_log_select(job->ctx, from, keep, part->new_rows, NULL, &about, out);
}

/* A user outside the part is a stranger with a history. */
static pal_status growth_ask(const pal_compare_job *job, growth_part *part) {
    const pal_questions *valid = &job->out->tables[0].valid;
    int32_t n_known = job->out->split.train.n_users;
    part->questions = *valid;
    part->questions.queries = PAL_ARENA_ARRAY(&part->arena, pal_query, valid->n_queries);
    if (!part->questions.queries)
        return pal_fail_memory(job->ctx, "the queries", 64.0 * valid->n_queries);
    for (int32_t q = 0; q < valid->n_queries; q++) {
        pal_query *query = &part->questions.queries[q];
        *query = valid->queries[q];
        int32_t user = query->user_plus_1 - 1;
        query->user_plus_1 = user >= 0 && user < n_known ? part->new_rows[user] + 1 : 0;
    }
    return PAL_OK;
}

static pal_status growth_make(const pal_compare_job *job, double share, growth_part *part) {
    pal_train_input whole = pal_compare_input(job, false);
    int32_t n = whole.histories->n_users;
    int32_t *rows = PAL_ARENA_ARRAY(&part->arena, int32_t, n);
    part->new_rows = PAL_ARENA_ARRAY(&part->arena, int32_t, n);
    if (!rows || !part->new_rows) return pal_fail_memory(job->ctx, "a part of the users", 8.0 * n);
    for (int32_t u = 0; u < n; u++) {
        bool taken = floor((u + 1) * share + 1e-9) > floor(u * share + 1e-9);
        part->new_rows[u] = taken ? part->n_users : -1;
        if (taken) rows[part->n_users++] = u;
    }
    if (part->n_users == 0) return PAL_OK;
    TRY(pal_ids_select(job->ctx, whole.histories->about.user_ids, rows, part->n_users,
                       &part->user_ids));
    TRY(growth_select(job, part, whole.log, &part->log));
    if (job->is_weighed) TRY(growth_select(job, part, whole.histories, &part->histories));
    if (whole.shown) TRY(growth_select(job, part, whole.shown, &part->shown));
    const pal_search_range all = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS};
    if (whole.searches)
        TRY(pal_searches_select(job->ctx, whole.searches, part->new_rows, part->n_users, &all,
                                &part->searches));
    return growth_ask(job, part);
}

/* Trains for as many epochs as were found for the row and its parts, so that the last point is the
 * model that validation judged. */
static pal_status growth_train(const pal_compare_job *job, const growth_part *part,
                               const pal_row *row, pal_growth *out) {
    pal_rank_options rank = {.fallback = job->fallback_valid,
                             .use = pal_name_equal(job->out->options.protocol.fallback, "none")
                                        ? PAL_FALLBACK_NONE
                                        : PAL_FALLBACK_MODEL};
    pal_train_input input = pal_compare_input(job, false);
    input.log = &part->log;
    input.histories = job->is_weighed ? &part->histories : &part->log;
    input.shown = part->shown.n_events ? &part->shown : NULL;
    input.searches = part->searches.n ? &part->searches : NULL;
    const char *spec;
    pal_model *model;
    TRY(pal_row_found_spec(job, row, &spec));
    TRY(pal_model_train(job->ctx, spec, &input, &model));
    out->users = part->n_users;
    out->events = part->log.n_events;
    out->seconds = model->cost.seconds;
    out->peak_bytes = model->cost.peak_bytes;
    out->multiply_adds = model->cost.multiply_adds;
    out->model_bytes = pal_model_state_bytes(model);
    out->by_user = PAL_ARENA_ARRAY(&job->out->arena, double, part->questions.n_users);
    pal_status status =
        out->by_user ? pal_evaluate_choice_users(job->ctx, &job->out->options.protocol,
                                                 &part->questions, model, &rank, out->by_user)
                     : pal_fail_memory(job->ctx, "the metrics", 8.0 * part->questions.n_users);
    if (status == PAL_OK) out->metric = pal_mean(out->by_user, part->questions.n_users);
    pal_model_free(model);
    return status;
}

/* A row that a part is too small for has no growth; only a request to stop ends all. */
static pal_status growth_row(const pal_compare_job *job, const growth_part *part, pal_row *row,
                             int32_t at) {
    if (row->status != PAL_ROW_DONE || row->is_run || row->is_oracle || row->n_growth != at)
        return PAL_OK;
    pal_status status = growth_train(job, part, row, &row->growth[at]);
    if (status == PAL_OK) row->n_growth = at + 1;
    if (status != PAL_OK && status != PAL_ECANCELLED) {
        pal_note(job->ctx, PAL_NOTICE_WARNING, "--growth: %s on a part of the users: %s", row->name,
                 job->ctx->error);
        status = PAL_OK;
    }
    return status;
}

pal_status pal_compare_growth(pal_compare_job *job) {
    pal_table *table = &job->out->tables[0];
    pal_status status = PAL_OK;
    const pal_compare_options *options = &job->out->options;
    if ((!options->growth && !options->sweep) || job->out->interrupted) return PAL_OK;
    for (int32_t at = 0; status == PAL_OK && at < PAL_GROWTH_POINTS; at++) {
        growth_part part = {0};
        status = growth_make(job, pal_growth_shares[at], &part);
        for (int32_t r = 0; status == PAL_OK && r < table->n_rows && part.log.n_events; r++) {
            status = pal_check_cancelled(job->ctx);
            if (status == PAL_OK && (options->growth || pal_row_has_pair(table, r)))
                status = growth_row(job, &part, &table->rows[r], at);
        }
        if (status == PAL_OK) status = pal_compare_twins_sweep(job, table, at);
        growth_release(&part);
    }
    if (status == PAL_ECANCELLED) {
        job->out->interrupted = true;
        status = PAL_OK;
    }
    return status;
}
