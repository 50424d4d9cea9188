/* compare_options.c - what a comparison is asked: kinds, preference, limits. */
#include <string.h>

#include "base/ctx.h"
#include "choose/compare_job.h"

static const char *const compare_preferences[] = {"accuracy", "cost", NULL};

#define FIELD(name) offsetof(pal_compare_options, name)
const pal_param pal_compare_params[] = {
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
    {.name = "limit",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(limit),
     .value_name = "LIMITS",
     .help = "what a model may cost, e.g. \"list_us_p99=500; memory=1GB; model=100MB; train=60\""},
    {.name = "growth",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(growth),
     .help = "train each model again on 10 %, 30 % and all of the users: what more data costs"},
    {0},
};
#undef FIELD

/* --- specs --- */

const char *const *pal_default_specs(const pal_log *log) {
    static const char *const with_times[] = {
        "random", "popular", "popular half_life=7d", "popular half_life=30d", "item_knn",
        "ease",   NULL};
    static const char *const without_times[] = {"random", "popular", "item_knn", "ease", NULL};
    return log->times ? with_times : without_times;
}

/* --- options --- */

/* Joins the two tables for the parser: comparing takes all that an evaluation takes. */
static pal_status compare_parse_tables(pal_ctx *ctx, const char *text, pal_arena *arena,
                                       pal_compare_options *out) {
    pal_params_init(pal_protocol_params, &out->protocol);
    pal_params_init(pal_compare_params, out);
    return pal_params_parse_tables(ctx, "options",
                                   (const pal_param_group[]){{pal_protocol_params, &out->protocol},
                                                             {pal_compare_params, out},
                                                             {0}},
                                   arena, text);
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

pal_status pal_compare_parse(pal_ctx *ctx, const char *text, pal_comparison *out) {
    TRY(compare_parse_tables(ctx, text, &out->arena, &out->options));
    return compare_parse_limits(ctx, out->options.limit, &out->arena, &out->limits);
}
