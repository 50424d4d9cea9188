/* compare_options.c - what a comparison is asked: kinds, preference, limits. */
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"
#include "data/second.h"
#include "models/registry.h"

static const char *const compare_preferences[] = {"accuracy", "cost", NULL};
static const char *const compare_refit[] = {"all", "none", NULL};

#define FIELD(name) offsetof(pal_compare_options, name)
const pal_param pal_compare_params[] = {
    {.name = "split",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(protocol.split),
     .value_name = "SPEC",
     .names = "splits",
     .help = "how the log is cut: time, leave_last, random, users, kfold, cold_items or "
             "cold_users, with options, e.g. \"time test=0.2\"; default time, or random without "
             "times"},
    {.name = "candidates",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(protocol.candidates),
     .choices = pal_candidates_choices,
     .help = "items that can be listed: seen (those with a training event), catalog (all that the "
             "log or --items knows) or new (those without a training event, and only they are "
             "asked); auto is new with --split cold_items, else seen"},
    {.name = "resamples",
     .type = PAL_PARAM_INT,
     .offset = FIELD(protocol.resamples),
     .initial = "1000",
     .min = 100,
     .max = 100000,
     .help = "bootstrap resamples of users behind each interval"},
    {.name = "refit",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(protocol.refit),
     .choices = compare_refit,
     .help = "train the final models on train and validation together, or on train alone"},
    {.name = "prefer",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(prefer),
     .choices = compare_preferences,
     .help = "what the verdict looks at first; a cheaper model wins only when it loses less than "
             "--worth"},
    {.name = "worth",
     .type = PAL_PARAM_REAL,
     .offset = FIELD(worth),
     .initial = "0.02",
     .min = 0,
     .max = 1,
     .help = "share of the accuracy that a cheaper model may lose at the most"},
    {.name = "budget",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(budget),
     .initial = "0",
     .min = 0,
     .max = 1e9,
     .help = "seconds for all models together, e.g. 2m: kinds that would not fit are skipped with "
             "the reason, kinds that learn in epochs stop in time; 0 is no limit"},
    {.name = "limit",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(limit),
     .value_name = "LIMITS",
     .help = "what a model may cost, e.g. \"list_us_p99=500; memory=1GB; model=100MB; train=60\""},
    {.name = "trec",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(protocol.trec),
     .value_name = "FOLDER",
     .help = "write qrels and runs for trec_eval"},
    {.name = "run",
     .type = PAL_PARAM_TEXTS,
     .offset = FIELD(protocol.runs),
     .value_name = "FILE",
     .help = "a TREC run of the system in use today, scored as one more row"},
    {.name = "family",
     .type = PAL_PARAM_TEXTS,
     .offset = FIELD(families),
     .value_name = "FAMILY",
     .help = "every kind of it that the log can serve, with default settings, beside those of -m: "
             "baseline, collaborative …; repeatable, all: every family"},
    {.name = "source_until",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(source_until),
     .choices = pal_source_untils,
     .help = "what models may know of a second domain: what came before the part that is judged "
             "(part), before each person's first event that is judged (first), or all; auto is "
             "part where the split is in the order of time, else first"},
    {.name = "growth",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(growth),
     .help = "train each model again on 10 %, 30 % and all of the users: what more data costs"},
    {.name = "sweep",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(sweep),
     .help = "train models that use the source, and the same without it, again on 10 %, 30 % and "
             "all of the users, with all of the source: from which size on it stops paying"},
    {0},
};
#undef FIELD

/* --- specs --- */

/* What each kind asks of a log to be worth trying. */
typedef enum {
    SPEC_TIMES = 1 << 0,    /* events have times */
    SPEC_REPEATS = 1 << 1,  /* people use items again */
    SPEC_RATINGS = 1 << 2,  /* values are ratings */
    SPEC_SESSIONS = 1 << 3, /* ids are sessions, or histories are short */
    SPEC_FEW_USERS = 1 << 4,
    SPEC_FEW_ITEMS = 1 << 5,  /* a dense item-item matrix is solved within a minute */
    SPEC_QUICK = 1 << 6,      /* trained within SPEC_SECONDS_MAX, by its own count on two threads */
    SPEC_FEATURES = 1 << 7,   /* items have features */
    SPEC_TEXTS = 1 << 8,      /* some of them are texts */
    SPEC_ATTRIBUTES = 1 << 9, /* … tokens, sets or numbers */
    SPEC_VECTORS = 1 << 10,   /* … vectors */
    SPEC_SOURCE = 1 << 11,    /* there is a second domain */
    SPEC_SHARED = 1 << 12,    /* … with the same people */
    SPEC_COMMON = 1 << 13,    /* … whose items have a column of the same name */
} spec_need;
enum { SPEC_USERS_MAX = 200000, SPEC_ITEMS_MAX = 12000, SPEC_SECONDS_MAX = 40 };

static const struct {
    const char *spec;
    unsigned needs;
} spec_kinds[PAL_DEFAULT_SPECS] = {
    {"random", 0},
    {"popular", 0},
    {"popular half_life=7d", SPEC_TIMES},
    {"popular half_life=30d", SPEC_TIMES},
    {"again", SPEC_REPEATS},
    {"markov", SPEC_TIMES},
    {"session_knn", SPEC_SESSIONS},
    {"user_knn", SPEC_FEW_USERS},
    {"item_knn", 0},
    {"ease", SPEC_FEW_ITEMS},
    {"als", 0},
    {"bias", SPEC_RATINGS},
    {"mf", SPEC_RATINGS},
    {"feature_count", SPEC_FEATURES},
    {"keyword", SPEC_TEXTS},
    {"attribute", SPEC_ATTRIBUTES},
    {"vector", SPEC_VECTORS},
    {"item_features", SPEC_FEATURES | SPEC_QUICK},
    {"mult_vae", SPEC_QUICK},
    {"two_tower", SPEC_QUICK},
    {"gru", SPEC_QUICK | SPEC_TIMES},
    {"multitask", SPEC_SOURCE | SPEC_QUICK},
    {"emcdr", SPEC_SHARED | SPEC_QUICK},
    {"domain_adapt", SPEC_COMMON | SPEC_QUICK},
    {"merged(als)", SPEC_SOURCE},
};

/* What the features of items are. */
static unsigned spec_features(const pal_catalog *catalog) {
    unsigned has = catalog->ids.n ? SPEC_FEATURES : 0;
    for (int32_t c = 0; has && c < catalog->n_columns; c++) {
        pal_feature_type type = catalog->columns[c].type;
        if (type == PAL_FEATURE_TEXT) has |= SPEC_TEXTS;
        if (type == PAL_FEATURE_VECTOR) has |= SPEC_VECTORS;
        if (c != catalog->title &&
            (type == PAL_FEATURE_TOKEN || type == PAL_FEATURE_SET || type == PAL_FEATURE_NUMBER))
            has |= SPEC_ATTRIBUTES;
    }
    return has;
}

/* What the second domain is. */
static unsigned spec_source(const pal_data *data) {
    pal_source source;
    if (!pal_data_source(data, &source)) return 0;
    unsigned has = SPEC_SOURCE | (source.shared == PAL_SHARED_USERS ? SPEC_SHARED : 0);
    for (int32_t c = 0; source.items && c < data->catalog.n_columns; c++) {
        const pal_column *column = &data->catalog.columns[c];
        if (column->type != PAL_FEATURE_ID && pal_catalog_column(source.items, column->name))
            has |= SPEC_COMMON;
    }
    return has;
}

static bool spec_is_quick(pal_ctx *ctx, const char *spec, const pal_log *log) {
    enum { THREADS = 2 }; /* whatever the machine has: the same kinds everywhere */
    pal_arena scratch = {0};
    const pal_kind *kind;
    void *params;
    bool is_quick =
        pal_kind_parse(ctx, spec, &scratch, &kind, &params) == PAL_OK &&
        pal_kind_estimate(kind, params, log, THREADS).seconds <= (double)SPEC_SECONDS_MAX;
    pal_arena_release(&scratch);
    return is_quick;
}

void pal_default_specs(pal_ctx *ctx, const pal_data *data, const pal_inspection *found,
                       bool however_large, const char *specs[PAL_DEFAULT_SPECS + 1]) {
    const pal_log *log = &data->parts[0];
    unsigned large = SPEC_FEW_USERS | SPEC_FEW_ITEMS | SPEC_QUICK;
    unsigned has = (log->times ? SPEC_TIMES : 0) |
                   (found->repeat_share >= 0.05 ? SPEC_REPEATS : 0) |
                   (log->about.values_are_ratings ? SPEC_RATINGS : 0) |
                   (log->times && !strcmp(found->task, "next") ? SPEC_SESSIONS : 0) |
                   (found->n_users <= SPEC_USERS_MAX ? SPEC_FEW_USERS : 0) |
                   (found->n_items <= SPEC_ITEMS_MAX ? SPEC_FEW_ITEMS : 0) |
                   spec_features(&data->catalog) | spec_source(data) | (however_large ? large : 0);
    int32_t n = 0;
    for (int32_t i = 0; i < PAL_DEFAULT_SPECS && spec_kinds[i].spec; i++) {
        unsigned missing = spec_kinds[i].needs & ~has;
        if (missing == SPEC_QUICK && spec_is_quick(ctx, spec_kinds[i].spec, log)) missing = 0;
        if (missing == 0) specs[n++] = spec_kinds[i].spec;
    }
    specs[n] = NULL;
}

pal_status pal_spec_is_among(pal_ctx *ctx, const char *const *specs, int32_t n, const char *spec,
                             pal_arena *arena, bool *out) {
    const char *plain, *other;
    TRY(pal_spec_canonical(ctx, spec, arena, &plain));
    *out = false;
    for (int32_t i = 0; i < n && !*out; i++) {
        TRY(pal_spec_canonical(ctx, specs[i], arena, &other));
        *out = !strcmp(plain, other);
    }
    return PAL_OK;
}

/* Specs that cannot be parsed, and one that stands twice. */
static pal_status compare_check_specs(pal_ctx *ctx, const char *const *specs) {
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    for (int32_t i = 0; status == PAL_OK && specs && specs[i]; i++) {
        bool is_twice;
        status = pal_spec_is_among(ctx, specs, i, specs[i], &scratch, &is_twice);
        if (status == PAL_OK && is_twice)
            status =
                pal_fail(ctx, PAL_EUSAGE, "the model '%s' is named twice: name it once", specs[i]);
    }
    pal_arena_release(&scratch);
    return status;
}

/* --- options --- */

/* Joins the two tables for the parser: comparing takes all that an evaluation takes. */
static pal_status compare_parse_tables(pal_ctx *ctx, const char *text, pal_arena *arena,
                                       pal_compare_options *out) {
    pal_params_init(pal_protocol_params, &out->protocol);
    pal_params_init(pal_compare_params, out);
    return pal_params_parse_tables(ctx, PAL_OWNER_COMMANDS,
                                   (const pal_param_group[]){{pal_protocol_params, &out->protocol},
                                                             {pal_compare_params, out},
                                                             {0}},
                                   arena, text);
}

/* --- families --- */

static bool compare_is_family(const pal_kind *kind, const char *family) {
    return pal_name_equal(family, "all") || pal_name_equal(kind->family, family);
}

static pal_status compare_check_families(pal_ctx *ctx, const pal_texts *families) {
    enum { FAMILIES_MAX = 16 };
    const char *names[FAMILIES_MAX] = {"all"};
    int32_t n = 1;
    for (int32_t k = 0; pal_kinds[k] && n < FAMILIES_MAX; k++) {
        bool is_new = true;
        for (int32_t i = 0; i < n; i++) is_new &= strcmp(names[i], pal_kinds[k]->family) != 0;
        if (is_new) names[n++] = pal_kinds[k]->family;
    }
    for (int32_t f = 0; f < families->n; f++) {
        bool is_known = false;
        for (int32_t i = 0; i < n; i++) is_known |= pal_name_equal(names[i], families->at[f]);
        if (!is_known) return pal_fail_name(ctx, "--family", families->at[f], names, n);
    }
    return PAL_OK;
}

/* What a kind asks of a log before it can be trained at all; a composite needs its parts named. */
static bool compare_can_serve(const pal_kind *kind, const pal_data *data) {
    const pal_log *log = &data->parts[0];
    return !kind->parts && !((kind->traits & PAL_NEEDS_VALUES) && !log->values) &&
           !((kind->traits & PAL_NEEDS_TIME) && !log->times) &&
           !((kind->traits & PAL_NEEDS_CATALOG) && !data->catalog.ids.n);
}

pal_status pal_compare_specs(pal_ctx *ctx, const char *const *given, const char *options,
                             pal_comparison *out, const char *const **specs) {
    pal_compare_options asked = {0};
    TRY(compare_parse_tables(ctx, options, &out->arena, &asked));
    TRY(compare_check_families(ctx, &asked.families));
    int32_t n = 0, n_given = 0, n_kinds = 0;
    while (given && given[n_given]) n_given++;
    while (pal_kinds[n_kinds]) n_kinds++;
    if (n_given + asked.families.n == 0) {
        *specs = pal_compare_default_specs(ctx, out);
        out->is_default = *specs == out->default_specs;
        return pal_compare_twins_add(ctx, out->data, &out->arena, specs);
    }
    const char **all = PAL_ARENA_ARRAY(&out->arena, const char *, n_given + n_kinds + 1);
    if (!all) return pal_fail_memory(ctx, "the specs", 1e3);
    for (; n < n_given; n++) all[n] = given[n];
    for (int32_t f = 0; f < asked.families.n; f++) {
        for (int32_t k = 0; k < n_kinds; k++) {
            const pal_kind *kind = pal_kinds[k];
            bool is_given;
            if (!compare_is_family(kind, asked.families.at[f]) ||
                !compare_can_serve(kind, out->data))
                continue;
            TRY(pal_spec_is_among(ctx, all, n, kind->name, &out->arena, &is_given));
            if (!is_given) all[n++] = kind->name;
        }
    }
    *specs = all;
    return pal_compare_twins_add(ctx, out->data, &out->arena, specs);
}

/* --- limits --- */

static const pal_param compare_limit_params[] = {
    {.name = "list_us_p99",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(pal_limits, list_us_p99),
     .initial = "0",
     .min = 0,
     .max = 1e12,
     .help = "microseconds of the slowest list in a hundred"},
    {.name = "memory",
     .type = PAL_PARAM_BYTES,
     .offset = offsetof(pal_limits, memory),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "bytes while training"},
    {.name = "model",
     .type = PAL_PARAM_BYTES,
     .offset = offsetof(pal_limits, model),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "bytes of the model"},
    {.name = "train",
     .type = PAL_PARAM_SECONDS,
     .offset = offsetof(pal_limits, train),
     .initial = "0",
     .min = 0,
     .max = 1e9,
     .help = "seconds of training"},
    {0},
};

static pal_status compare_parse_limits(pal_ctx *ctx, const char *text, pal_arena *arena,
                                       pal_limits *out) {
    char *copy = pal_arena_text(arena, text ? text : "", text ? strlen(text) : 0);
    if (!copy) return pal_fail_memory(ctx, "--limit", 1e3);
    for (char *c = copy; *c; c++) *c = *c == ';' ? ' ' : *c;
    return pal_params_parse(ctx, "--limit", compare_limit_params, out, arena, copy);
}

bool pal_row_within_limits(const pal_comparison *comparison, const pal_row *row) {
    const pal_limits *limits = &comparison->limits;
    return (limits->list_us_p99 <= 0 || row->test.list_us_p99 <= limits->list_us_p99) &&
           (limits->memory <= 0 || row->peak_bytes <= limits->memory) &&
           (limits->model <= 0 || row->model_bytes <= limits->model) &&
           (limits->train <= 0 || row->train_seconds <= limits->train);
}

static pal_status compare_check_fallback(pal_ctx *ctx, const char *fallback, pal_arena *scratch) {
    const pal_kind *kind;
    void *params;
    if (!pal_fallback_is_spec(fallback)) return PAL_OK;
    TRY(pal_kind_parse(ctx, fallback, scratch, &kind, &params));
    if (kind->traits & PAL_SCORES_STRANGERS) return PAL_OK;
    return pal_fail(ctx, PAL_EUSAGE,
                    "--fallback: %s cannot answer people without history: use popular, none or "
                    "popular half_life=7d",
                    fallback);
}

/* Values that are texts to the tables. */
static pal_status compare_check_texts(pal_ctx *ctx, const pal_protocol *protocol,
                                      pal_arena *scratch) {
    const pal_splitter *splitter;
    void *params;
    pal_relevance rule;
    if (protocol->split) TRY(pal_split_parse(ctx, protocol->split, scratch, &splitter, &params));
    TRY(pal_relevance_parse(ctx, protocol->relevant, &rule));
    TRY(compare_check_fallback(ctx, protocol->fallback, scratch));
    for (int32_t i = 0; i < protocol->runs.n; i++) {
        if (!pal_path_exists(protocol->runs.at[i]))
            return pal_fail(ctx, PAL_EIO, "%s: cannot open: there is no such run",
                            protocol->runs.at[i]);
    }
    return PAL_OK;
}

pal_status pal_compare_parse(pal_ctx *ctx, const char *const *specs, const char *text,
                             pal_comparison *out) {
    pal_arena scratch = {0};
    pal_status status = compare_parse_tables(ctx, text, &out->arena, &out->options);
    if (status == PAL_OK) status = pal_compare_fill_scenario(ctx, text, out);
    if (status == PAL_OK)
        status = compare_parse_limits(ctx, out->options.limit, &out->arena, &out->limits);
    if (status == PAL_OK) status = compare_check_specs(ctx, specs);
    if (status == PAL_OK) status = compare_check_families(ctx, &out->options.families);
    if (status == PAL_OK) status = compare_check_texts(ctx, &out->options.protocol, &scratch);
    pal_arena_release(&scratch);
    return status;
}
