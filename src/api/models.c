/* models.c - lists, similar items. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "models/profile_code.h"
#include "models/registry.h"
#include "models/train.h"

#define FIELD(name) offsetof(pal_recommend_options, name)
const pal_param pal_list_params[] = {
    {.name = "n",
     .type = PAL_PARAM_INT,
     .offset = FIELD(n),
     .initial = "10",
     .min = 1,
     .max = 10000,
     .letter = 'n',
     .help = "items in the list"},
    {.name = "allow",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(allow),
     .value_name = "IDS",
     .help = "list only these items (ids separated by commas)"},
    {.name = "deny",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(deny),
     .value_name = "IDS",
     .help = "never list these items"},
    {0},
};
const pal_param pal_recommend_params[] = {
    {.name = "hide",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(hide),
     .choices = pal_hide_choices,
     .help = "items not listed again: those with a target event, those with any event, or none; "
             "auto is what the model was compared with, else target"},
    {0},
};
#undef FIELD

/* --- ids in, ids out --- */

pal_status pal_api_find(pal_ctx *ctx, const pal_ids *ids, int32_t n, const char *what,
                        const char *id, size_t length, int32_t *out) {
    int32_t row = pal_ids_find(ids, id, length);
    if (row >= 0 && row < n) {
        *out = row;
        return PAL_OK;
    }
    return pal_fail(ctx, PAL_EUSAGE,
                    "the model knows no %s '%.*s': its ids are those of the log it learned from, "
                    "such as '%s'",
                    what, (int)(length < 200 ? length : 200), id, n > 0 ? pal_ids_at(ids, 0) : "");
}

/* Calls `each` for comma-separated ids; an id that holds a comma cannot be named this way. */
typedef pal_status models_id_fn(pal_ctx *ctx, void *arg, int32_t item);
static pal_status models_each_id(pal_ctx *ctx, const pal_log *log, const char *what,
                                 const char *list, models_id_fn *each, void *arg) {
    for (const char *c = list; *c;) {
        size_t n = strcspn(c, ",");
        int32_t item = -1;
        if (n > 0) {
            TRY(pal_api_find(ctx, log->about.item_ids, log->n_items, what, c, n, &item));
            TRY(each(ctx, arg, item));
        }
        c += n + (c[n] == ',');
    }
    return PAL_OK;
}

typedef struct {
    uint8_t *excluded;
    uint8_t value;
} models_filter;

static pal_status models_set_filter(pal_ctx *ctx, void *arg, int32_t item) {
    (void)ctx;
    models_filter *filter = arg;
    filter->excluded[item] = filter->value;
    return PAL_OK;
}

/* excluded [n_items] from --allow and --deny; NULL when neither is given. */
static pal_status models_make_filter(pal_ctx *ctx, const pal_model *model,
                                     const pal_recommend_options *options, pal_arena *arena,
                                     const uint8_t **out) {
    *out = NULL;
    if (!options->allow && !options->deny) return PAL_OK;
    uint8_t *excluded = PAL_ARENA_ARRAY(arena, uint8_t, model->log->n_items);
    if (!excluded) return pal_fail_memory(ctx, "the filter", model->log->n_items);
    if (options->allow) {
        memset(excluded, 1, (size_t)model->log->n_items);
        TRY(models_each_id(ctx, model->log, "item", options->allow, models_set_filter,
                           &(models_filter){excluded, 0}));
    }
    if (options->deny)
        TRY(models_each_id(ctx, model->log, "item", options->deny, models_set_filter,
                           &(models_filter){excluded, 1}));
    *out = excluded;
    return PAL_OK;
}

typedef struct {
    int32_t *items;
    int32_t n;
} models_history;

/* One more cell; each column once, with a value: what is not known of somebody is left out. */
static pal_status models_add_cell(pal_ctx *ctx, const char *name, const char *value,
                                  pal_profile_cell *cells, int32_t *n) {
    if (!*value)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--profile: '%.60s=' has no value: write %.60s=VALUE, or leave it out",
                        name, name);
    for (int32_t c = 0; c < *n; c++) {
        if (pal_name_equal(cells[c].name, name))
            return pal_fail(
                ctx, PAL_EUSAGE,
                "--profile: %.60s stands twice, as '%.60s' and as '%.60s': name it once", name,
                cells[c].value, value);
    }
    cells[(*n)++] = (pal_profile_cell){name, value};
    return PAL_OK;
}

/* "age=30,city=Lyon" into cells. What stands between commas without a '=' belongs to the value
 * before it: "city=Paris, FR". */
static pal_status models_read_profile(pal_ctx *ctx, const char *profile, pal_arena *arena,
                                      pal_query *out) {
    int64_t n_most = 1;
    for (const char *c = profile; *c; c++) n_most += *c == ',';
    pal_profile_cell *cells = PAL_ARENA_ARRAY(arena, pal_profile_cell, n_most);
    char *copy = pal_arena_text(arena, profile, strlen(profile));
    if (!cells || !copy) return pal_fail_memory(ctx, "the profile", (double)strlen(profile));
    out->profile = cells;
    for (char *c = copy; *c;) {
        size_t n = strcspn(c, ",");
        while (c[n] && memchr(c, '=', n)) {
            size_t more = strcspn(c + n + 1, ",");
            if (!more || memchr(c + n + 1, '=', more)) break;
            n += 1 + more;
        }
        char *next = c + n + (c[n] == ','), *equals = memchr(c, '=', n);
        c[n] = '\0';
        if (!equals || equals == c)
            return pal_fail(ctx, PAL_EUSAGE,
                            "--profile: '%.60s' is no name=value: write age=30,city=Lyon", c);
        *equals = '\0';
        TRY(models_add_cell(ctx, c, equals + 1, cells, &out->n_profile));
        c = next;
    }
    if (out->n_profile == 0)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--profile: it says nothing: write age=30,city=Lyon, or leave it out");
    return PAL_OK;
}

/* Refuses what no part of the model reads. */
static pal_status models_check_reads(pal_ctx *ctx, const pal_model *model, const char *option,
                                     unsigned trait) {
    if (pal_model_traits(model) & trait) return PAL_OK;
    pal_text names = {0};
    for (int32_t k = 0; pal_kinds[k]; k++) {
        if (pal_kinds[k]->traits & trait)
            pal_text_addf(&names, "%s%s", names.length ? ", " : "", pal_kinds[k]->name);
    }
    pal_status status = pal_fail(ctx, PAL_EUSAGE, "%s: %s cannot read it: models that can are %s",
                                 option, model->spec, names.failed ? "others" : names.bytes);
    pal_text_release(&names);
    return status;
}

/* The items of a history that `log` knows; the others are told and left out. */
static pal_status models_read_ids(pal_ctx *ctx, const pal_log *log, int32_t n_known,
                                  const char *what, const char *history, pal_arena *arena,
                                  models_history *out) {
    int32_t n_unknown = 0;
    const char *unknown = NULL;
    *out = (models_history){.items = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)strlen(history) + 1)};
    if (!out->items) return pal_fail_memory(ctx, "the history", (double)strlen(history));
    for (const char *c = history; *c;) {
        size_t n = strcspn(c, ",");
        int32_t item = n ? pal_ids_find(log->about.item_ids, c, n) : -1;
        if (n && item >= 0 && item < n_known) {
            out->items[out->n++] = item;
        } else if (n) {
            if (n_unknown++ == 0) unknown = c;
        }
        c += n + (c[n] == ',');
    }
    if (n_unknown == 0) return PAL_OK;
    int length = (int)(strcspn(unknown, ",") < 200 ? strcspn(unknown, ",") : 200);
    if (out->n == 0) { /* the sentence of one unknown id */
        int32_t row;
        return pal_api_find(ctx, log->about.item_ids, n_known, what, unknown, strcspn(unknown, ","),
                            &row);
    }
    pal_note(ctx, PAL_NOTICE_WARNING,
             "the history names %d of %d items that the model does not know, the first is '%.*s': "
             "the rest is used",
             n_unknown, n_unknown + out->n, length, unknown);
    return PAL_OK;
}

/* What encodes profiles in the model and its parts: [at most n_most]; returns how many there are.
 */
static int32_t models_profile_codes(const pal_model *model, int32_t n_most,
                                    const pal_profile_code **codes) {
    int32_t n = 0, n_parts;
    const pal_profile_code *own =
        model->kind->profiles ? model->kind->profiles(model->state) : NULL;
    if (own && own->n_fields && n < n_most) codes[n++] = own;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t p = 0; p < n_parts; p++)
        n += models_profile_codes(parts[p], n_most - n, codes + n);
    return n;
}

/* Refuses columns that nothing in the model was trained with; tells values that nothing knows. */
static pal_status models_check_profile(pal_ctx *ctx, const pal_model *model,
                                       const pal_query *query) {
    enum { CODES = 16 };
    const pal_profile_code *codes[CODES];
    const char *names[CODES * PAL_FIELDS_MAX];
    int32_t n_codes = models_profile_codes(model, CODES, codes), n_names = 0;
    if (n_codes == 0)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--profile: %s was trained without profiles: train it with --users FILE",
                        model->spec);
    for (int32_t c = 0; c < n_codes; c++) {
        for (int32_t f = 0; f < codes[c]->n_fields; f++) {
            const char *name = pal_profile_column(codes[c], f);
            bool is_new = true;
            for (int32_t i = 0; i < n_names; i++) is_new &= !pal_name_equal(names[i], name);
            if (is_new) names[n_names++] = name;
        }
    }
    for (int32_t i = 0; i < query->n_profile; i++) {
        const pal_profile_cell *cell = &query->profile[i];
        bool has_column = false, is_known = false;
        for (int32_t c = 0; c < n_codes; c++) {
            has_column |= pal_profile_field(codes[c], cell->name) >= 0;
            is_known |= pal_profile_knows(codes[c], cell);
        }
        if (!has_column)
            return pal_fail_name(ctx, "column of profiles", cell->name, names, n_names);
        if (!is_known)
            pal_note(ctx, PAL_NOTICE_WARNING,
                     "--profile: the model knows no %s '%s': it counts as not told", cell->name,
                     cell->value);
    }
    return PAL_OK;
}

static pal_status models_read_history(pal_ctx *ctx, const pal_model *model, const char *history,
                                      pal_arena *arena, pal_query *out) {
    models_history list;
    TRY(models_read_ids(ctx, model->log, pal_model_n_listed(model), "item", history, arena, &list));
    out->items = list.items;
    out->n_events = list.n;
    return PAL_OK;
}

/* A user of the log, of the source where both have the same people, or of both. */
static pal_status models_find_user(pal_ctx *ctx, const pal_model *model, const char *user,
                                   pal_query *out) {
    const pal_log *log = model->log;
    const pal_source *source = pal_model_source(model);
    size_t length = strlen(user);
    int32_t row = pal_ids_find(log->about.user_ids, user, length), in_source = -1;
    if (source && source->shared == PAL_SHARED_USERS)
        in_source = pal_ids_find(source->log->about.user_ids, user, length);
    if (in_source >= 0 && in_source < source->log->n_users) {
        pal_query known = pal_query_of_log(source->log, in_source, 0);
        out->source_user_plus_1 = known.user_plus_1;
        out->n_source = known.n_events;
        out->source_items = known.items;
        out->source_values = known.values;
        out->source_times = known.times;
    }
    if ((row < 0 || row >= log->n_users) && out->n_source) return PAL_OK;
    TRY(pal_api_find(ctx, log->about.user_ids, log->n_users, "user", user, length, &row));
    pal_query known = pal_query_of_user(model, row);
    out->user_plus_1 = known.user_plus_1;
    out->n_events = known.n_events;
    out->items = known.items;
    out->values = known.values;
    out->times = known.times;
    out->types = known.types;
    return PAL_OK;
}

static pal_status models_read_source_history(pal_ctx *ctx, const pal_model *model,
                                             const char *history, pal_arena *arena,
                                             pal_query *out) {
    const pal_source *source = pal_model_source(model);
    if (!source && (model->kind->traits & PAL_LEAVES_SOURCE) &&
        pal_kind_uses_source(model->kind, model->params))
        return pal_fail(ctx, PAL_EUSAGE,
                        "--source-history: what %s learned from a second domain is in its numbers, "
                        "and it reads no history there: train emcdr, merged, multitask or "
                        "domain_adapt with --source",
                        model->spec);
    if (!source)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--source-history: %s learned from no second domain: train a kind of the "
                        "family transfer with --source",
                        model->spec);
    models_history list;
    TRY(models_read_ids(ctx, source->log, source->log->n_items, "item of the source", history,
                        arena, &list));
    out->source_user_plus_1 = 0;
    out->source_items = list.items;
    out->source_values = NULL;
    out->source_times = NULL;
    out->n_source = list.n;
    return PAL_OK;
}

/* The words that a known user asked for last. */
static pal_status models_remember_searches(pal_ctx *ctx, const pal_model *model, int32_t row,
                                           pal_arena *arena, pal_query *out) {
    const pal_search_range all = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS};
    return pal_searches_newest(ctx, model->searches, row, &all, arena, &out->text);
}

pal_status pal_api_query(pal_ctx *ctx, const pal_model *model, const pal_person *person,
                         pal_arena *arena, pal_query *out) {
    const pal_person nobody = {0}, *p = person ? person : &nobody;
    *out = (pal_query){.now = pal_log_end(model->log)};
    if (p->user && p->history)
        return pal_fail(ctx, PAL_EUSAGE, "name a user or a history, not both");
    if (p->user) {
        TRY(models_find_user(ctx, model, p->user, out));
        if (model->searches && !p->query && out->user_plus_1)
            TRY(models_remember_searches(ctx, model, out->user_plus_1 - 1, arena, out));
    }
    if (p->history) TRY(models_read_history(ctx, model, p->history, arena, out));
    if (p->source_history)
        TRY(models_read_source_history(ctx, model, p->source_history, arena, out));
    if (p->profile) {
        TRY(models_check_reads(ctx, model, "--profile", PAL_READS_PROFILES));
        TRY(models_read_profile(ctx, p->profile, arena, out));
        TRY(models_check_profile(ctx, model, out));
        out->user_plus_1 = 0; /* the trained row is of the profile that training knew */
    }
    if (p->query) {
        TRY(models_check_reads(ctx, model, "--query", PAL_READS_TEXT));
        out->text = p->query;
        if (!out->text[strspn(out->text, " ")])
            return pal_fail(ctx, PAL_EUSAGE, "--query: it has no words");
        const pal_query words = {.text = out->text};
        if (!pal_model_answers(model, &words))
            pal_note(ctx, PAL_NOTICE_WARNING, "--query: the model knows none of the words '%.60s'",
                     p->query);
    }
    return PAL_OK;
}

static void models_fill(const pal_model *model, const pal_lists *lists, pal_entry *entries,
                        int32_t capacity, int32_t *n) {
    *n = lists->counts[0] < capacity ? lists->counts[0] : capacity;
    for (int32_t i = 0; i < *n; i++) {
        const char *id = pal_ids_at(model->log->about.item_ids, lists->items[i]);
        entries[i] = (pal_entry){
            .id = id, .title = pal_catalog_title(model->items, id), .score = lists->scores[i]};
    }
}

const char *pal_api_strategy(const pal_model *model, pal_answerer answered) {
    return answered == PAL_BY_ITSELF     ? model->spec
           : answered == PAL_BY_FALLBACK ? model->fallback->spec
                                         : "popular";
}

pal_status pal_recommend(pal_ctx *ctx, const pal_model *model, const pal_person *person,
                         const char *options, pal_entry *entries, int32_t capacity, int32_t *n,
                         const char **strategy) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_recommend_options values;
    pal_query query;
    pal_lists lists = {0};
    pal_rank_options rank = {0};
    pal_params_init(pal_list_params, &values);
    pal_params_init(pal_recommend_params, &values);
    pal_status status = pal_params_parse_tables(
        ctx, "recommend",
        (const pal_param_group[]){{pal_list_params, &values}, {pal_recommend_params, &values}, {0}},
        &scratch, options);
    if (status == PAL_OK) status = pal_api_query(ctx, model, person, &scratch, &query);
    if (status == PAL_OK)
        status = models_make_filter(ctx, model, &values, &scratch, &rank.excluded);
    if (status == PAL_OK) {
        rank.k = (int32_t)values.n;
        rank.hide = (pal_hide)values.hide;
        rank.use = pal_model_fallback_use(model);
        status = pal_rank(ctx, model, &query, 1, &rank, &scratch, &lists);
    }
    if (status == PAL_OK) {
        models_fill(model, &lists, entries, capacity, n);
        *strategy = pal_api_strategy(model, (pal_answerer)lists.fallback[0]);
    }
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_similar(pal_ctx *ctx, const pal_model *model, const char *item, const char *options,
                       pal_entry *entries, int32_t capacity, int32_t *n) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_recommend_options values;
    int32_t row = 0;
    const uint8_t *excluded = NULL;
    pal_lists lists = {0};
    pal_status status =
        pal_params_parse(ctx, "similar", pal_list_params, &values, &scratch, options);
    if (status == PAL_OK) {
        status = pal_api_find(ctx, model->log->about.item_ids, model->log->n_items, "item", item,
                              strlen(item), &row);
    }
    if (status == PAL_OK) status = models_make_filter(ctx, model, &values, &scratch, &excluded);
    if (status == PAL_OK)
        status = pal_similar_items(ctx, model, row, (int32_t)values.n, excluded, &scratch, &lists);
    if (status == PAL_OK) models_fill(model, &lists, entries, capacity, n);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_similar_to_user(pal_ctx *ctx, const pal_model *model, const char *user,
                               const char *options, pal_entry *entries, int32_t capacity,
                               int32_t *n) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_recommend_options values;
    int32_t row = 0;
    pal_lists lists = {0};
    pal_status status =
        pal_params_parse(ctx, "similar", pal_list_params, &values, &scratch, options);
    if (status == PAL_OK && (values.allow || values.deny))
        status = pal_fail(ctx, PAL_EUSAGE, "--allow and --deny name items: leave them out");
    if (status == PAL_OK)
        status = pal_api_find(ctx, model->log->about.user_ids, model->log->n_users, "user", user,
                              strlen(user), &row);
    if (status == PAL_OK)
        status = pal_similar_users(ctx, model, row, (int32_t)values.n, &scratch, &lists);
    if (status == PAL_OK) {
        *n = lists.counts[0] < capacity ? lists.counts[0] : capacity;
        for (int32_t i = 0; i < *n; i++)
            entries[i] = (pal_entry){.id = pal_ids_at(model->log->about.user_ids, lists.items[i]),
                                     .score = lists.scores[i]};
    }
    pal_arena_release(&scratch);
    return status;
}
