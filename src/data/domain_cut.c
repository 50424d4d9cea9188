/* domain_cut.c - --domain: one log cut into two by a column of its items. Users are the same. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "data/second.h"

typedef enum { DOMAIN_NEITHER, DOMAIN_SOURCE, DOMAIN_TARGET } domain_side;

typedef struct {
    pal_ctx *ctx;
    pal_data *data;
    const pal_column *column;
    uint8_t *tokens;  /* [vocabulary] bit 1 << side: named for it */
    uint8_t *of_row;  /* [catalog.ids.n] domain_side */
    uint8_t *of_item; /* [log.n_items] */
    pal_arena scratch;
} domain_job;

/* --- which token is whose --- */

static pal_status domain_fail_token(const domain_job *job, const char *option, const char *token) {
    enum { SHOWN = 12 };
    const pal_ids *words = &job->column->vocabulary;
    pal_text list = {0};
    for (int32_t t = 0; t < words->n && t < SHOWN; t++)
        pal_text_addf(&list, t ? ", %.40s" : "%.40s", pal_ids_at(words, t));
    if (words->n > SHOWN) pal_text_add(&list, ", …");
    pal_status status =
        pal_fail(job->ctx, PAL_EUSAGE, "%s: no item has '%.80s' in the column %s: there are %s",
                 option, token, job->column->name, list.bytes ? list.bytes : "none");
    pal_text_release(&list);
    return status;
}

static pal_status domain_name_token(const domain_job *job, const char *option, const char *token,
                                    size_t length, domain_side side) {
    int32_t row = pal_ids_find(&job->column->vocabulary, token, length);
    if (row < 0) {
        char text[PAL_ID_MAX + 1];
        snprintf(text, sizeof text, "%.*s", (int)(length < PAL_ID_MAX ? length : PAL_ID_MAX),
                 token);
        return domain_fail_token(job, option, text);
    }
    job->tokens[row] |= (uint8_t)(1u << side);
    return PAL_OK;
}

/* A token that holds a comma can be named alone. */
static pal_status domain_name_tokens(const domain_job *job, const char *option, const char *list,
                                     domain_side side) {
    if (pal_ids_find(&job->column->vocabulary, list, strlen(list)) >= 0)
        return domain_name_token(job, option, list, strlen(list), side);
    for (const char *c = list; *c;) {
        size_t n = strcspn(c, ","), blank = strspn(c, " ");
        if (n > blank) TRY(domain_name_token(job, option, c + blank, n - blank, side));
        c += n + (c[n] == ',');
    }
    return PAL_OK;
}

/* --- which item is whose --- */

static domain_side domain_of_row(const domain_job *job, int32_t row) {
    const pal_column *column = job->column;
    bool has_source_list = job->data->options.source_domain != NULL;
    unsigned found = 0;
    bool has_any = false;
    if (column->type == PAL_FEATURE_TOKEN) {
        has_any = column->tokens[row] >= 0;
        if (has_any) found = job->tokens[column->tokens[row]];
    } else {
        for (int64_t e = column->sets.starts[row]; e < column->sets.starts[row + 1]; e++) {
            found |= job->tokens[column->sets.cols[e]];
            has_any = true;
        }
    }
    if (found & 1u << DOMAIN_TARGET) return DOMAIN_TARGET;
    if (has_source_list) return found & 1u << DOMAIN_SOURCE ? DOMAIN_SOURCE : DOMAIN_NEITHER;
    return has_any ? DOMAIN_SOURCE : DOMAIN_NEITHER;
}

static pal_status domain_sort_items(domain_job *job) {
    const pal_catalog *catalog = &job->data->catalog;
    const pal_ids *ids = &job->data->item_ids;
    job->of_row = PAL_ARENA_ARRAY(&job->scratch, uint8_t, catalog->ids.n);
    job->of_item = PAL_ARENA_ARRAY(&job->scratch, uint8_t, ids->n);
    if (!job->of_row || !job->of_item) return pal_fail_memory(job->ctx, "--domain", ids->n);
    for (int32_t r = 0; r < catalog->ids.n; r++) job->of_row[r] = (uint8_t)domain_of_row(job, r);
    for (int32_t i = 0; i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        int32_t row = pal_ids_find(&catalog->ids, id, strlen(id));
        job->of_item[i] = row < 0 ? DOMAIN_NEITHER : job->of_row[row];
    }
    return PAL_OK;
}

/* --- one side --- */

typedef struct {
    pal_ids user_ids, item_ids;
    pal_log log;
    pal_catalog catalog, users;
} domain_part;

static void domain_release(domain_part *part) {
    pal_log_release(&part->log);
    pal_ids_release(&part->user_ids);
    pal_ids_release(&part->item_ids);
    pal_catalog_release(&part->catalog);
    pal_catalog_release(&part->users);
}

static pal_status domain_select_log(domain_job *job, domain_side side, domain_part *out) {
    const pal_log *log = &job->data->parts[0];
    uint8_t *keep = PAL_ARENA_ARRAY(&job->scratch, uint8_t, log->n_events);
    if (!keep) return pal_fail_memory(job->ctx, "--domain", (double)log->n_events);
    bool is_empty = true;
    for (int64_t e = 0; e < log->n_events; e++) {
        keep[e] = job->of_item[log->items[e]] == side;
        is_empty &= !keep[e];
    }
    if (is_empty)
        return pal_fail(job->ctx, PAL_EDATA,
                        "--domain %s: no event is on an item of the %s: name other tokens",
                        job->column->name, side == DOMAIN_SOURCE ? "source" : "target");
    return pal_log_keep(job->ctx, log, keep, &out->user_ids, &out->item_ids, &out->log);
}

static pal_status domain_select(domain_job *job, domain_side side, domain_part *out) {
    const pal_catalog *catalog = &job->data->catalog;
    int32_t *rows = PAL_ARENA_ARRAY(&job->scratch, int32_t, catalog->ids.n), n = 0;
    if (!rows) return pal_fail_memory(job->ctx, "--domain", 4.0 * catalog->ids.n);
    for (int32_t r = 0; r < catalog->ids.n; r++) {
        if (job->of_row[r] == side) rows[n++] = r;
    }
    TRY(domain_select_log(job, side, out));
    return pal_catalog_select(job->ctx, catalog, rows, n, &out->catalog);
}

/* The part becomes the data's log; `data` gives up what it had. */
static void domain_move(domain_part *part, pal_data *data) {
    pal_log_release(&data->parts[0]);
    pal_ids_release(&data->user_ids);
    pal_ids_release(&data->item_ids);
    pal_catalog_release(&data->catalog);
    data->parts[0] = part->log;
    data->user_ids = part->user_ids;
    data->item_ids = part->item_ids;
    data->catalog = part->catalog;
    data->n_parts = 1;
    data->parts[0].about.user_ids = &data->user_ids;
    data->parts[0].about.item_ids = &data->item_ids;
    data->parts[0].arena = part->log.arena;
    *part = (domain_part){.catalog.title = -1, .users.title = -1};
}

/* --- both --- */

/* Searches stay with the people who are left in the target. */
static pal_status domain_keep_searches(domain_job *job, const pal_ids *user_ids) {
    pal_data *data = job->data;
    if (data->searches.n == 0) return PAL_OK;
    int32_t *rows = PAL_ARENA_ARRAY(&job->scratch, int32_t, data->user_ids.n);
    if (!rows) return pal_fail_memory(job->ctx, "--domain", 4.0 * data->user_ids.n);
    for (int32_t u = 0; u < data->user_ids.n; u++) {
        const char *id = pal_ids_at(&data->user_ids, u);
        rows[u] = pal_ids_find(user_ids, id, strlen(id));
    }
    pal_searches selected;
    const pal_search_range all = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS};
    TRY(pal_searches_select(job->ctx, &data->searches, rows, user_ids->n, &all, &selected));
    pal_searches_release(&data->searches);
    data->searches = selected;
    return PAL_OK;
}

static void domain_name_parts(pal_data *data, pal_data *second) {
    const pal_data_options *options = &data->options;
    const char *from = options->source_domain ? options->source_domain : "all other items";
    snprintf(second->name, sizeof second->name, "%.100s", from);
    snprintf(second->source, sizeof second->source, "%.200s, %.40s: %.200s", data->source,
             options->domain, from);
    snprintf(second->format, sizeof second->format, "%s", data->format);
    snprintf(second->columns, sizeof second->columns, "%s", data->columns);
}

/* What filters and weighs the log does so on both sides, unless the source has options of its own;
 * how many events users and items must have is each side's own. Who is to be dropped is dropped
 * once it is known who is shared (second.c). */
static void domain_inherit(const pal_data_options *from, pal_data_options *to) {
    if (!to->since) to->since = from->since;
    if (!to->events) to->events = from->events;
    if (!to->target) to->target = from->target;
    if (!to->scenario) to->scenario = from->scenario;
    to->dedupe |= from->dedupe;
}

static pal_status domain_cut(domain_job *job) {
    pal_data *data = job->data;
    domain_part source = {.catalog.title = -1, .users.title = -1},
                target = {.catalog.title = -1, .users.title = -1};
    int64_t n_all = data->parts[0].n_events;
    pal_status status = domain_select(job, DOMAIN_SOURCE, &source);
    if (status == PAL_OK) status = domain_select(job, DOMAIN_TARGET, &target);
    if (status == PAL_OK)
        status = pal_catalog_select(job->ctx, &data->users, NULL, data->users.ids.n, &source.users);
    if (status == PAL_OK)
        status = pal_data_new_second(
            job->ctx, data->options.source_options ? data->options.source_options : "",
            &data->second);
    if (status == PAL_OK) status = domain_keep_searches(job, &target.user_ids);
    if (status == PAL_OK) {
        int64_t n_source = source.log.n_events, n_target = target.log.n_events;
        pal_data_find(data,
                      "cut by %s: %" PRId64 " events of the target, %" PRId64
                      " of the source, %" PRId64 " on items of neither left out",
                      data->options.domain, n_target, n_source, n_all - n_source - n_target);
        data->second->users = source.users;
        source.users = (pal_catalog){.title = -1};
        domain_move(&source, data->second);
        domain_move(&target, data);
        domain_name_parts(data, data->second);
        domain_inherit(&data->options, &data->second->options);
        status = pal_data_prepare(job->ctx, data->second);
    }
    domain_release(&source);
    domain_release(&target);
    return status;
}

static pal_status domain_find_column(domain_job *job) {
    const pal_data *data = job->data;
    const char *name = data->options.domain;
    const pal_column *column = pal_catalog_column(&data->catalog, name);
    if (data->catalog.ids.n == 0)
        return pal_fail(job->ctx, PAL_EUSAGE,
                        "--domain %s: is a column of the items, and there is no table of them: "
                        "name it with --items",
                        name);
    if (column && (column->type == PAL_FEATURE_TOKEN || column->type == PAL_FEATURE_SET)) {
        job->column = column;
        return PAL_OK;
    }
    pal_text list = {0};
    for (int32_t c = 0; c < data->catalog.n_columns; c++) {
        const pal_column *other = &data->catalog.columns[c];
        if (other->type == PAL_FEATURE_TOKEN || other->type == PAL_FEATURE_SET)
            pal_text_addf(&list, list.length ? ", %s" : "%s", other->name);
    }
    const char *names = list.bytes && !list.failed ? list.bytes : "none";
    pal_status status =
        column ? pal_fail(job->ctx, PAL_EUSAGE,
                          "--domain: the column %s was taken for %s: say --item-columns %s=token, "
                          "or name a column of tokens or sets: %s",
                          name, pal_feature_names[column->type], name, names)
               : pal_fail(job->ctx, PAL_EUSAGE,
                          "--domain: items have no column '%s': columns of tokens and sets are %s",
                          name, names);
    pal_text_release(&list);
    return status;
}

static pal_status domain_check_options(pal_ctx *ctx, const pal_paths *paths, const pal_data *data) {
    const pal_data_options *options = &data->options;
    if (!options->domain)
        return options->source_domain || options->target_domain
                   ? pal_fail(ctx, PAL_EUSAGE,
                              "--source-domain and --target-domain are tokens of a column of the "
                              "items: name it with --domain")
                   : PAL_OK;
    if (paths->source)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--source reads a second log and --domain cuts this one: name one of them");
    if (!options->target_domain)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--domain %s: say with --target-domain which of its tokens are compared",
                        options->domain);
    if (data->second)
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: was imported with its second domain: leave out --domain",
                        data->source);
    if (data->n_parts > 1)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--domain cuts one log: name a log, not the parts of a split");
    return PAL_OK;
}

pal_status pal_second_cut(pal_ctx *ctx, const pal_paths *paths, pal_data *data) {
    const pal_data_options *options = &data->options;
    if (data->is_second) return PAL_OK;
    TRY(domain_check_options(ctx, paths, data));
    if (!options->domain) return PAL_OK;
    domain_job job = {.ctx = ctx, .data = data};
    pal_status status = domain_find_column(&job);
    if (status == PAL_OK) {
        job.tokens = PAL_ARENA_ARRAY(&job.scratch, uint8_t, job.column->vocabulary.n);
        if (!job.tokens) status = pal_fail_memory(ctx, "--domain", job.column->vocabulary.n);
    }
    if (status == PAL_OK)
        status = domain_name_tokens(&job, "--target-domain", options->target_domain, DOMAIN_TARGET);
    if (status == PAL_OK && options->source_domain)
        status = domain_name_tokens(&job, "--source-domain", options->source_domain, DOMAIN_SOURCE);
    if (status == PAL_OK) status = domain_sort_items(&job);
    if (status == PAL_OK) status = domain_cut(&job);
    pal_arena_release(&job.scratch);
    return status;
}
