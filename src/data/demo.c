/* demo.c - people live in the demo world and leave a log.
 *
 * Everybody has a stretch of time in the shop, some activity, and visits in it. Each event's item
 * is drawn from the world's chances (demo_world.h), its type from what the person did with the item
 * before. Streams are keyed by person, so nobody's events depend on anybody else's. */
#include "data/demo.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "data/demo_world.h"
#include "data/scenario.h"

static const char *const demo_sources[] = {"none", "second", "control", NULL};

#define FIELD(name) offsetof(pal_demo_options, name)
const pal_param pal_demo_params[] = {
    {.name = "users",
     .type = PAL_PARAM_INT,
     .offset = FIELD(users),
     .initial = "2000",
     .min = 50,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "people in the shop"},
    {.name = "items",
     .type = PAL_PARAM_INT,
     .offset = FIELD(items),
     .initial = "1200",
     .min = 50,
     .max = PAL_DEMO_ITEMS_MAX,
     .scale = PAL_LOG,
     .help = "things on sale"},
    {.name = "days",
     .type = PAL_PARAM_INT,
     .offset = FIELD(days),
     .initial = "365",
     .min = 28,
     .max = 3650,
     .scale = PAL_LOG,
     .help = "length of the log; its end is fixed"},
    {.name = "source",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(source),
     .choices = demo_sources,
     .help = "a second domain: a cinema that most of the people visit and where they have the same "
             "tastes (second), or where everybody's tastes are others (control: nothing is to be "
             "learned from it)"},
    {0},
};
#undef FIELD

enum { DEMO_VIEW, DEMO_LIKE, DEMO_CART, DEMO_PURCHASE, DEMO_REVIEW, DEMO_TYPES };
static const char *const demo_type_names[DEMO_TYPES] = {"view", "like", "cart", "purchase",
                                                        "review"};

enum { DEMO_UNMET, DEMO_MET, DEMO_OWNED, DEMO_STATES };
/* Shares of event types by what the person did with the item before. Purchases have the same share
 * everywhere: the best ranking of next events is then the best ranking of next purchases too. */
static const double demo_type_shares[DEMO_STATES][DEMO_TYPES] = {
    [DEMO_UNMET] = {0.62, 0.08, 0.10, 0.20, 0},
    [DEMO_MET] = {0.40, 0.10, 0.30, 0.20, 0},
    [DEMO_OWNED] = {0.38, 0.05, 0.12, 0.20, 0.25},
};

static const double demo_newcomers = 0.10,
                    demo_newcomers_from = 0.90; /* share of people; share of the days gone before */
static const double demo_joiners = 0.30, demo_leavers = 0.2;
static const double demo_events_base = 26, demo_events_a_year = 57; /* of a usual person */
static const double demo_activity_spread = 0.8, demo_activity_most = 12, demo_bot_activity = 7;
static const double demo_first_visit = 0.08; /* of activity, however short the stay */
static const double demo_session_end = 0.4;  /* chance that an event is its visit's last */

/* --- people --- */

typedef struct {
    int64_t join, leave; /* seconds */
    int32_t n_events;    /* at the most: a person's last visit may go past the end of the log */
} demo_person;

static demo_person demo_person_make(const pal_world *world, int32_t user, pal_rng *rng) {
    double span = (double)(world->end - world->start), kind = pal_rng_uniform(rng);
    double when = pal_rng_uniform(rng), stay = pal_rng_uniform(rng), length = pal_rng_uniform(rng);
    double join = 0, leave = 1;
    if (kind < demo_newcomers) {
        join = demo_newcomers_from + 0.99 * when * (1 - demo_newcomers_from);
    } else if (kind < demo_newcomers + demo_joiners) {
        join = demo_newcomers_from * when;
    }
    if (stay < demo_leavers && join < demo_newcomers_from) leave = join + length * (1 - join);
    /* A short log is watched at a time of more activity, so that a small world still has something
     * to learn from. */
    double usual = demo_events_base + demo_events_a_year * span / (365.0 * PAL_DEMO_DAY);
    double activity = exp(demo_activity_spread * pal_rng_normal(rng) -
                          demo_activity_spread * demo_activity_spread / 2);
    if (world->is_bot[user]) {
        activity = demo_bot_activity * (0.75 + 0.5 * when);
        join = 0;
        leave = 1;
    }
    double stayed = demo_first_visit + (1 - demo_first_visit) * (leave - join);
    double n = usual * fmin(activity, demo_activity_most) * stayed;
    bool is_absent = world->is_absent && world->is_absent[user];
    return (demo_person){
        .join = world->start + (int64_t)(join * span),
        .leave = world->start + (int64_t)(leave * span),
        .n_events = is_absent ? 0
                    : n < 1   ? 1
                              : (int32_t)n,
    };
}

static int demo_compare_times(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The beginnings of the person's visits, ascending: starts [n_events]; returns how many. Most
 * visits are in the evening. */
static int32_t demo_plan_visits(const pal_world *world, const demo_person *person, pal_rng *rng,
                                int64_t *starts) {
    int32_t n = 0;
    int64_t first_day = person->join / PAL_DEMO_DAY, last_day = (person->leave - 1) / PAL_DEMO_DAY;
    if (last_day < first_day) last_day = first_day;
    for (int32_t left = person->n_events; left > 0; left--) {
        if (left < person->n_events && pal_rng_uniform(rng) >= demo_session_end) continue;
        int64_t day = first_day + pal_rng_below(rng, (uint32_t)(last_day - first_day + 1));
        double hour = 7 + 8 * (pal_rng_uniform(rng) + pal_rng_uniform(rng));
        int64_t start = day * PAL_DEMO_DAY + (int64_t)(3600 * hour);
        starts[n++] = start < world->end ? start : world->end - 1;
    }
    qsort(starts, (size_t)n, sizeof *starts, demo_compare_times);
    return n;
}

/* --- events --- */

typedef struct {
    const pal_world *world;
    uint64_t seed;
    int32_t *users, *items; /* [capacity] world rows */
    int64_t *times;
    uint8_t *types;
    float *values;
    int64_t n;
    /* Of the person at hand: */
    float *wants, *pulls, *weights; /* [stride] */
    double *packs;                  /* [stride / PAL_DEMO_PACK] sums of weights */
    uint8_t *states;                /* [n_items] */
    int64_t *starts;                /* [longest] */
    int32_t month;                  /* that `wants` are of */
} demo_maker;

/* Weights of all items and of packs of them; returns the sum. Lanes are added in a fixed order that
 * a compiler can keep in vector registers. */
static double demo_weigh(const demo_maker *maker, bool is_bot, const float *restrict appeal) {
    enum { LANES = 8 };
    const float *restrict wants = maker->wants, *restrict pulls = maker->pulls;
    float *restrict weights = maker->weights;
    int32_t stride = maker->world->shelves.stride;
    for (int32_t i = 0; i < stride; i++)
        weights[i] = is_bot ? appeal[i] > 0 : appeal[i] * wants[i] * pulls[i];
    double total = 0;
    for (int32_t begin = 0; begin < stride; begin += PAL_DEMO_PACK) {
        float lanes[LANES];
        double sum = 0;
        for (int32_t l = 0; l < LANES; l++)
            lanes[l] = weights[begin + l] + weights[begin + LANES + l];
        for (int32_t l = 0; l < LANES; l++) sum += (double)lanes[l];
        maker->packs[begin / PAL_DEMO_PACK] = sum;
        total += sum;
    }
    return total;
}
_Static_assert(PAL_DEMO_PACK == 16, "a pack is two rows of lanes");

/* Where `at`, in [0, total), falls among the weights; an item without weight is never drawn. */
static int32_t demo_find_draw(const demo_maker *maker, double at) {
    int32_t n_packs = maker->world->shelves.stride / PAL_DEMO_PACK, pack = 0, found = -1;
    while (pack < n_packs - 1 && at >= maker->packs[pack]) at -= maker->packs[pack++];
    while (pack > 0 && maker->packs[pack] <= 0) pack--; /* rounding went past the last weight */
    for (int32_t i = pack * PAL_DEMO_PACK; i < (pack + 1) * PAL_DEMO_PACK; i++) {
        if (maker->weights[i] <= 0) continue;
        found = i;
        if (at < (double)maker->weights[i]) break;
        at -= (double)maker->weights[i];
    }
    return found;
}

static int32_t demo_draw_item(demo_maker *maker, pal_rng *rng, int32_t user, int64_t first,
                              int64_t time) {
    const pal_world *world = maker->world;
    bool is_bot = world->is_bot[user];
    int32_t month = pal_world_month(world, time);
    if (!is_bot && month != maker->month) pal_world_wants(world, user, month, maker->wants);
    maker->month = month;
    if (!is_bot)
        pal_world_pulls(world, maker->items + first, (int32_t)(maker->n - first), maker->pulls);
    double total =
        demo_weigh(maker, is_bot,
                   world->appeal + (int64_t)pal_world_week(world, time) * world->shelves.stride);
    return demo_find_draw(maker, pal_rng_uniform(rng) * total);
}

static uint8_t demo_draw_type(pal_rng *rng, uint8_t state) {
    double at = pal_rng_uniform(rng);
    uint8_t type = 0;
    while (type < DEMO_TYPES - 1 && at >= demo_type_shares[state][type])
        at -= demo_type_shares[state][type++];
    return type;
}

static void demo_add_event(demo_maker *maker, pal_rng *rng, int32_t user, int64_t first,
                           int64_t time) {
    const pal_world *world = maker->world;
    int32_t item = demo_draw_item(maker, rng, user, first, time);
    uint8_t type = demo_draw_type(rng, maker->states[item]);
    if (world->is_bot[user]) type = DEMO_VIEW;
    if (maker->states[item] == DEMO_UNMET) maker->states[item] = DEMO_MET;
    if (type == DEMO_PURCHASE) maker->states[item] = DEMO_OWNED;
    const pal_demo_item *about = &world->shelves.items[item];
    double discount = pal_world_discount(world, about->category, pal_world_week(world, time));
    maker->users[maker->n] = user;
    maker->items[maker->n] = item;
    maker->times[maker->n] = time;
    maker->types[maker->n] = type;
    maker->values[maker->n] = (float)(round((double)about->price * discount * 100) / 100);
    maker->n++;
}

/* All events of one person. Visits that would overlap come one after the other. */
static void demo_live(demo_maker *maker, int32_t user, pal_rng *rng, const demo_person *person) {
    int64_t first = maker->n, time = 0;
    int32_t n_visits = demo_plan_visits(maker->world, person, rng, maker->starts);
    maker->month = -1;
    for (int32_t left = person->n_events, visit = 0; left > 0; left--) {
        bool is_next = visit < n_visits && (visit == 0 || pal_rng_uniform(rng) < demo_session_end ||
                                            left <= n_visits - visit);
        int64_t pause = 15 + pal_rng_below(rng, 240);
        time += pause;
        if (is_next && maker->starts[visit] > time) time = maker->starts[visit];
        visit += is_next;
        if (time >= maker->world->end) break;
        demo_add_event(maker, rng, user, first, time);
    }
    for (int64_t e = first; e < maker->n; e++) maker->states[maker->items[e]] = DEMO_UNMET;
}

static pal_rng demo_stream(uint64_t seed, int32_t user) {
    return pal_rng_at(pal_seed_for(seed, "demo people"), (uint64_t)user);
}

static pal_status demo_maker_make(pal_ctx *ctx, const pal_world *world, pal_arena *arena,
                                  demo_maker *maker) {
    int64_t capacity = 0;
    int32_t longest = 0, stride = world->shelves.stride;
    for (int32_t u = 0; u < world->n_users; u++) {
        pal_rng rng = demo_stream(world->seed, u);
        int32_t n = demo_person_make(world, u, &rng).n_events;
        capacity += n;
        if (n > longest) longest = n;
    }
    *maker = (demo_maker){
        .world = world,
        .seed = world->seed,
        .users = PAL_ARENA_ARRAY(arena, int32_t, capacity),
        .items = PAL_ARENA_ARRAY(arena, int32_t, capacity),
        .times = PAL_ARENA_ARRAY(arena, int64_t, capacity),
        .types = PAL_ARENA_ARRAY(arena, uint8_t, capacity),
        .values = PAL_ARENA_ARRAY(arena, float, capacity),
        .wants = PAL_ARENA_ARRAY(arena, float, stride),
        .pulls = PAL_ARENA_ARRAY(arena, float, stride),
        .weights = PAL_ARENA_ARRAY(arena, float, stride),
        .packs = PAL_ARENA_ARRAY(arena, double, stride / PAL_DEMO_PACK),
        .states = PAL_ARENA_ARRAY(arena, uint8_t, stride),
        .starts = PAL_ARENA_ARRAY(arena, int64_t, longest),
    };
    bool is_complete = maker->users && maker->items && maker->times && maker->types &&
                       maker->values && maker->wants && maker->pulls && maker->weights &&
                       maker->packs && maker->states && maker->starts;
    return is_complete ? PAL_OK
                       : pal_fail_memory(ctx, "the demo's events", 21.0 * (double)capacity);
}

static pal_status demo_make_events(pal_ctx *ctx, demo_maker *maker) {
    for (int32_t u = 0; u < maker->world->n_users; u++) {
        TRY(pal_check_cancelled(ctx));
        pal_rng rng = demo_stream(maker->seed, u);
        demo_person person = demo_person_make(maker->world, u, &rng);
        demo_live(maker, u, &rng, &person);
    }
    return PAL_OK;
}

/* --- the log --- */

typedef struct {
    int64_t time, from;
} demo_place;

static int demo_compare_places(const void *a, const void *b) {
    const demo_place *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

/* The row of world row `of` among ids in order of appearance; rows [n_world] keeps it plus 1. -1
 * without memory. */
static int32_t demo_row(int32_t *rows, int32_t of, const char *prefix, pal_ids *ids) {
    if (rows[of] == 0) {
        char id[PAL_DEMO_ID_MAX];
        pal_demo_write_id(prefix, of, id);
        rows[of] = pal_ids_add(ids, id, strlen(id)) + 1;
    }
    return rows[of] - 1;
}

/* Numbers users and items by first appearance in time, as a reader of the log as a file would. */
static pal_status demo_number(pal_ctx *ctx, demo_maker *maker, pal_arena *scratch, pal_data *data) {
    demo_place *places = PAL_ARENA_ARRAY(scratch, demo_place, maker->n);
    int32_t *user_rows = PAL_ARENA_ARRAY(scratch, int32_t, maker->world->n_users);
    int32_t *item_rows = PAL_ARENA_ARRAY(scratch, int32_t, maker->world->shelves.n_items);
    bool is_complete = places && user_rows && item_rows;
    for (int64_t e = 0; is_complete && e < maker->n; e++)
        places[e] = (demo_place){maker->times[e], e};
    if (is_complete) qsort(places, (size_t)maker->n, sizeof *places, demo_compare_places);
    for (int64_t p = 0; is_complete && p < maker->n; p++) {
        int64_t e = places[p].from;
        maker->users[e] =
            demo_row(user_rows, maker->users[e], pal_demo_user_prefix, &data->user_ids);
        maker->items[e] = demo_row(item_rows, maker->items[e],
                                   maker->world->shelves.shop->id_prefix, &data->item_ids);
        is_complete = maker->users[e] >= 0 && maker->items[e] >= 0;
    }
    return is_complete ? PAL_OK : pal_fail_memory(ctx, "the demo's ids", 16.0 * (double)maker->n);
}

static pal_status demo_build_log(pal_ctx *ctx, demo_maker *maker, pal_data *data) {
    pal_log_about about = {.n_users = data->user_ids.n,
                           .n_items = data->item_ids.n,
                           .n_types = DEMO_TYPES,
                           .target_types = 1u << DEMO_PURCHASE,
                           .value_name = "price",
                           .user_ids = &data->user_ids,
                           .item_ids = &data->item_ids};
    for (int32_t t = 0; t < DEMO_TYPES; t++)
        snprintf(about.type_names[t], PAL_NAME_MAX, "%s", demo_type_names[t]);
    pal_events events = {.n = maker->n,
                         .users = maker->users,
                         .items = maker->items,
                         .values = maker->values,
                         .times = maker->times,
                         .types = maker->types};
    TRY(pal_log_build(ctx, &events, &about, &data->parts[0]));
    data->n_parts = 1;
    return PAL_OK;
}

pal_status pal_demo_make_log(pal_ctx *ctx, const pal_world *world, pal_arena *scratch,
                             pal_data *data) {
    demo_maker maker;
    TRY(demo_maker_make(ctx, world, scratch, &maker));
    TRY(demo_make_events(ctx, &maker));
    TRY(demo_number(ctx, &maker, scratch, data));
    return demo_build_log(ctx, &maker, data);
}

/* --- what is told of it --- */

static void demo_show(pal_data *data) {
    const pal_log *log = &data->parts[0];
    pal_text_addf(&data->shown, "%-22s%-22s%-22s%-22s%s\n", "user", "item", "value", "time",
                  "event");
    for (int64_t e = 0; e < 3 && e < log->n_events; e++) {
        int32_t user = 0;
        while (log->starts[user + 1] <= e) user++;
        pal_text_addf(&data->shown, "%-22s%-22s%-22.2f", pal_ids_at(&data->user_ids, user),
                      pal_ids_at(&data->item_ids, log->items[e]), (double)log->values[e]);
        pal_text_add_time(&data->shown, log->times[e]);
        pal_text_addf(&data->shown, "   %s\n", demo_type_names[log->types[e]]);
    }
}

static void demo_tell(pal_data *data) {
    const pal_world *world = data->world;
    int32_t n_new = 0, n_bots = 0, quarter = (world->n_weeks + 3) / 4;
    for (int32_t i = 0; i < world->shelves.n_items; i++)
        n_new += world->launches[i] >= world->n_weeks - quarter;
    for (int32_t u = 0; u < world->n_users; u++) n_bots += world->is_bot[u];
    pal_data_find(data,
                  "%" PRId64 " events of %d people on %d items over %" PRId64
                  " days made from the seed",
                  data->parts[0].n_events, data->user_ids.n, data->item_ids.n,
                  (world->end - world->start) / PAL_DEMO_DAY);
    pal_data_find(data, "%d of the shop's items were launched in the last quarter of the time",
                  n_new);
    pal_data_find(data, "%d accounts are bots that view items at random", n_bots);
}

static pal_status demo_fill(pal_ctx *ctx, const pal_demo_options *options, pal_arena *scratch,
                            pal_data *data) {
    TRY(pal_world_make(ctx, &pal_demo_goods, ctx->seed, options, &data->world));
    TRY(pal_demo_make_log(ctx, data->world, scratch, data));
    TRY(pal_demo_catalog_make(ctx, &data->world->shelves, &data->catalog));
    TRY(pal_catalog_settle(ctx, &data->catalog, "", NULL));
    snprintf(data->name, sizeof data->name, "demo");
    snprintf(data->source, sizeof data->source, "the demo world, seed %" PRIu64, ctx->seed);
    snprintf(data->format, sizeof data->format, "demo");
    pal_text arguments = {0};
    pal_text_add(&arguments, "demo");
    pal_params_format_flags(pal_demo_params, options, &arguments);
    pal_params_format_flags(pal_scenario_params, &data->options, &arguments);
    if (!arguments.failed) snprintf(data->arguments, sizeof data->arguments, "%s", arguments.bytes);
    pal_text_release(&arguments);
    snprintf(data->columns, sizeof data->columns,
             "user=user item=item value=price time=time event=event");
    demo_show(data);
    demo_tell(data);
    TRY(pal_scenario_apply(ctx, data));
    TRY(pal_data_set_target(
        ctx, data, data->options.target ? data->options.target : demo_type_names[DEMO_PURCHASE]));
    TRY(pal_demo_add_second(ctx, options, scratch, data));
    return data->shown.failed ? pal_fail_memory(ctx, "the demo's first rows", 1024) : PAL_OK;
}

pal_status pal_data_demo(pal_ctx *ctx, const char *options, pal_data **out) {
    pal_arena scratch = {0};
    pal_demo_options given;
    pal_data *data = calloc(1, sizeof *data);
    if (!data) return pal_fail_memory(ctx, "the demo world", sizeof *data);
    data->catalog.title = data->users.title = -1;
    pal_params_init(pal_demo_params, &given);
    pal_params_init(pal_data_params, &data->options);
    pal_params_init(pal_weigh_params, &data->options);
    pal_params_init(pal_scenario_params, &data->options);
    pal_status status = pal_params_parse_tables(
        ctx, "demo",
        (const pal_param_group[]){
            {pal_demo_params, &given}, {pal_scenario_params, &data->options}, {0}},
        &scratch, options);
    if (status == PAL_OK) status = demo_fill(ctx, &given, &scratch, data);
    pal_arena_release(&scratch);
    if (status != PAL_OK) {
        pal_data_free(data);
        return status;
    }
    *out = data;
    return PAL_OK;
}
