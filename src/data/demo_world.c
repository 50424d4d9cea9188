/* demo_world.c - appeal, tastes, pulls: the true chance of the next event. */
#include "data/demo_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/rng.h"

enum { WORLD_RECENT = 3, WORLD_CONSIDERED = 6 };

static const int64_t world_end = 1751328000; /* 2025-07-01 */
const char pal_demo_user_prefix[] = "u";

/* What tastes are made of. */
static const double world_taste_center = 0.22, world_taste_own = 0.42, world_taste_drift = 0.45;

/* What appeal is made of, as logarithms but for the factors. */
static const double world_appeal_spread = 0.7, world_trend_step = 0.18, world_trend_kept = 0.95;
static const double world_place_loss = 0.45, world_new_share = 0.15, world_later_share = 0.15;
static const double world_new_boost = 1.5, world_new_weeks = 6, world_sale_boost = 1.7;

/* What a person did before multiplies. */
static const float world_follow_pull = 80, world_mood_pull = 2.5f, world_again_pull = 1.5f,
                   world_considered_pull = 1.5f, world_settled_pull = 0.08f;

/* e^x for |x| < 80 by plain multiplications and additions, so that every machine draws the same
 * world. */
static inline float world_exp(float x) {
    float scaled = x * 1.44269504f;
    int32_t whole = (int32_t)(scaled + 128.5f) - 128;
    float rest = (scaled - (float)whole) * 0.69314718f;
    float power =
        1 + rest * (1 + rest * (0.5f + rest * (1.0f / 6 + rest * (1.0f / 24 + rest / 120))));
    int32_t bits = (whole + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return power * scale;
}

/* --- making --- */

/* Draws the week of each launch: most items are there from the start, some come in the first three
 * quarters, some in the last. */
static void world_launch(const pal_world *world, uint64_t seed, int32_t *launches) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "demo launches"), 0);
    int32_t quarter = (world->n_weeks + 3) / 4, early = world->n_weeks - quarter;
    /* Item 0 stays at week 0, so that there is always something on sale. */
    for (int32_t i = 1; i < world->shelves.n_items; i++) {
        double when = pal_rng_uniform(&rng);
        int32_t within_quarter = (int32_t)pal_rng_below(&rng, (uint32_t)quarter);
        int32_t before = (int32_t)pal_rng_below(&rng, (uint32_t)(early > 0 ? early : 1));
        if (when < world_new_share) {
            launches[i] = early + within_quarter;
        } else if (when < world_new_share + world_later_share) {
            launches[i] = before;
        }
        /* A second volume is not sold before the first. */
        const pal_demo_item *item = &world->shelves.items[i];
        if (!world->shelves.shop->categories[item->category].is_series) continue;
        for (int32_t j = i; j > item->first && launches[j] < launches[j - 1]; j--) {
            int32_t launch = launches[j];
            launches[j] = launches[j - 1];
            launches[j - 1] = launch;
        }
    }
}

static double world_season(const pal_world *world, const pal_demo_category *category,
                           int32_t week) {
    double day = (double)((world->start + (int64_t)week * PAL_DEMO_WEEK) / PAL_DEMO_DAY % 365);
    return category->season * cos(2 * 3.14159265358979323846 * (day - category->peak_day) / 365);
}

/* The appeal of one item, week by week: fashion comes and goes around what the item is worth, what
 * is new draws. */
static void world_fill_appeal(const pal_world *world, uint64_t seed, int32_t i, float *appeal) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "demo appeal"), (uint64_t)i);
    const pal_demo_item *item = &world->shelves.items[i];
    const pal_demo_category *category = &world->shelves.shop->categories[item->category];
    double worth = world_appeal_spread * pal_rng_normal(&rng) - world_place_loss * item->place;
    double trend =
        world_trend_step / sqrt(1 - world_trend_kept * world_trend_kept) * pal_rng_normal(&rng);
    int32_t launch = world->launches[i];
    for (int32_t week = 0; week < world->n_weeks; week++) {
        trend = world_trend_kept * trend + world_trend_step * pal_rng_normal(&rng);
        double news = launch > 0 ? 1 + world_new_boost * exp((launch - week) / world_new_weeks) : 1;
        double sale = pal_world_discount(world, item->category, week) < 1 ? world_sale_boost : 1;
        double factor = exp(worth + trend + world_season(world, category, week)) * news * sale;
        appeal[(int64_t)week * world->shelves.stride + i] = week < launch ? 0 : (float)factor;
    }
}

/* Volumes are followed by the next one, products by what belongs to them. */
static void world_link(const pal_demo_shelves *shelves, int32_t *followers) {
    for (int32_t i = 0; i < shelves->n_items; i++) {
        const pal_demo_item *item = &shelves->items[i];
        int32_t *mine = followers + (int64_t)i * PAL_DEMO_FOLLOWERS;
        bool is_series = shelves->shop->categories[item->category].is_series;
        for (int32_t f = 0; f < PAL_DEMO_FOLLOWERS; f++) {
            int32_t next = i + 1 + f;
            bool same_line = next < shelves->n_items && shelves->items[next].first == item->first;
            bool follows = is_series ? f == 0 : item->place == 0;
            mine[f] = same_line && follows ? next : -1;
        }
    }
}

/* Two favourite categories and a leaning of one's own; the last month's taste keeps part of the
 * first's. */
static void world_fill_taste(const pal_world *world, pal_rng *rng, float *taste) {
    float *first = taste, *last = taste + PAL_DEMO_DIMS;
    double kept = sqrt(1 - world_taste_drift * world_taste_drift);
    uint32_t n = (uint32_t)world->shelves.shop->n_categories;
    const float *a = world->shelves.centers + (int64_t)pal_rng_below(rng, n) * PAL_DEMO_DIMS;
    const float *b = world->shelves.centers + (int64_t)pal_rng_below(rng, n) * PAL_DEMO_DIMS;
    const float *c = world->shelves.centers + (int64_t)pal_rng_below(rng, n) * PAL_DEMO_DIMS;
    for (int32_t d = 0; d < PAL_DEMO_DIMS; d++) {
        double begun =
            world_taste_center * (double)(a[d] + b[d]) + world_taste_own * pal_rng_normal(rng);
        double new =
            world_taste_center *(double)(b[d] + c[d]) + world_taste_own *pal_rng_normal(rng);
        first[d] = (float)begun;
        last[d] = (float)(kept * begun + world_taste_drift * new);
    }
}

static void world_fill_people(const pal_world *world, uint64_t seed, float *tastes,
                              uint8_t *is_bot) {
    for (int32_t u = 0; u < world->n_users; u++) {
        pal_rng rng = pal_rng_at(pal_seed_for(seed, "demo tastes"), (uint64_t)u);
        world_fill_taste(world, &rng, tastes + (int64_t)u * 2 * PAL_DEMO_DIMS);
    }
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "demo bots"), 0);
    int32_t n_bots = world->n_users / 500;
    n_bots = n_bots < 2 ? 2 : n_bots > 5 ? 5 : n_bots;
    for (int32_t made = 0; made < n_bots;) {
        uint32_t u = pal_rng_below(&rng, (uint32_t)world->n_users);
        made += !is_bot[u];
        is_bot[u] = 1;
    }
}

static pal_status world_fill(pal_ctx *ctx, const pal_demo_shop *shop, int32_t n_items,
                             pal_world *world) {
    TRY(pal_demo_shelves_make(ctx, shop, world->seed, n_items, &world->arena, &world->shelves));
    int64_t stride = world->shelves.stride;
    float *appeal = PAL_ARENA_ARRAY(&world->arena, float, world->n_weeks *stride);
    int32_t *launches = PAL_ARENA_ARRAY(&world->arena, int32_t, n_items);
    float *tastes =
        PAL_ARENA_ARRAY(&world->arena, float, (int64_t)world->n_users * 2 * PAL_DEMO_DIMS);
    uint8_t *is_bot = PAL_ARENA_ARRAY(&world->arena, uint8_t, world->n_users);
    int32_t *followers =
        PAL_ARENA_ARRAY(&world->arena, int32_t, (int64_t)n_items * PAL_DEMO_FOLLOWERS);
    int32_t *categories = PAL_ARENA_ARRAY(&world->arena, int32_t, stride);
    if (!appeal || !launches || !tastes || !is_bot || !followers || !categories) {
        return pal_fail_memory(ctx, "the demo world",
                               4.0 * (double)(world->n_weeks * stride) + 64.0 * world->n_users);
    }
    world_launch(world, world->seed, launches);
    world->launches = launches;
    for (int32_t i = 0; i < n_items; i++) world_fill_appeal(world, world->seed, i, appeal);
    world->appeal = appeal;
    for (int32_t i = 0; i < stride; i++)
        categories[i] = i < n_items ? world->shelves.items[i].category : -1;
    world->categories = categories;
    world_link(&world->shelves, followers);
    world->followers = followers;
    world_fill_people(world, world->seed, tastes, is_bot);
    world->tastes = tastes;
    world->is_bot = is_bot;
    return PAL_OK;
}

pal_status pal_world_make(pal_ctx *ctx, const pal_demo_shop *shop, uint64_t seed,
                          const pal_demo_options *options, pal_world **out) {
    pal_world *world = calloc(1, sizeof *world);
    if (!world) return pal_fail_memory(ctx, "the demo world", sizeof *world);
    world->seed = seed;
    world->n_users = (int32_t)options->users;
    world->end = world_end;
    world->start = world_end - options->days * PAL_DEMO_DAY;
    world->n_weeks = (int32_t)((options->days + 6) / 7);
    world->n_months = (world->n_weeks + 3) / 4;
    pal_status status = world_fill(ctx, shop, (int32_t)options->items, world);
    if (status != PAL_OK) {
        pal_world_free(world);
        return status;
    }
    *out = world;
    return PAL_OK;
}

void pal_world_free(pal_world *world) {
    if (!world) return;
    pal_arena_release(&world->arena);
    free(world);
}

/* --- asking --- */

static int32_t world_step(int64_t offset, int64_t length, int32_t n) {
    if (offset < 0) return 0;
    int64_t step = offset / length;
    return step < n ? (int32_t)step : n - 1;
}

int32_t pal_world_week(const pal_world *world, int64_t time) {
    return world_step(time < world->start ? -1 : time - world->start, PAL_DEMO_WEEK,
                      world->n_weeks);
}

int32_t pal_world_month(const pal_world *world, int64_t time) {
    return world_step(time < world->start ? -1 : time - world->start, PAL_DEMO_MONTH,
                      world->n_months);
}

double pal_world_discount(const pal_world *world, int32_t category, int32_t week) {
    int64_t calendar_week = world->start / PAL_DEMO_WEEK + week;
    return calendar_week % 13 == category % 13 ? 0.8 : 1;
}

void pal_world_wants(const pal_world *world, int32_t user, int32_t month, float *wants) {
    int32_t stride = world->shelves.stride;
    memset(wants, 0, (size_t)stride * sizeof *wants);
    if (user >= 0) {
        const float *first = world->tastes + (int64_t)user * 2 * PAL_DEMO_DIMS,
                    *last = first + PAL_DEMO_DIMS;
        float moved = world->n_months > 1 ? (float)month / (float)(world->n_months - 1) : 0;
        for (int32_t d = 0; d < PAL_DEMO_DIMS; d++) {
            float taste = first[d] + moved * (last[d] - first[d]);
            const float *vector = world->shelves.vectors + (int64_t)d * stride;
            for (int32_t i = 0; i < stride; i++) wants[i] += taste * vector[i];
        }
    }
    for (int32_t i = 0; i < stride; i++) wants[i] = world_exp(wants[i]);
}

/* Followers of the last events, half as strongly for each event further back; an item acts once. */
static void world_pull_followers(const pal_world *world, const int32_t *recent, int32_t n_recent,
                                 float *pulls) {
    float strength = world_follow_pull;
    for (int32_t back = 1; back <= WORLD_RECENT && back <= n_recent; back++, strength /= 2) {
        int32_t item = recent[n_recent - back];
        bool acted = item < 0;
        for (int32_t later = 1; later < back; later++) acted |= recent[n_recent - later] == item;
        for (int32_t f = 0; f < PAL_DEMO_FOLLOWERS && !acted; f++) {
            int32_t follower = world->followers[(int64_t)item * PAL_DEMO_FOLLOWERS + f];
            if (follower >= 0) pulls[follower] *= 1 + strength;
        }
    }
}

void pal_world_pulls(const pal_world *world, const int32_t *recent, int32_t n_recent,
                     float *pulls) {
    const int32_t *categories = world->categories;
    int32_t last = n_recent > 0 ? recent[n_recent - 1] : -1;
    int32_t mood = last >= 0 ? categories[last] : -2;
    for (int32_t i = 0; i < world->shelves.stride; i++)
        pulls[i] = categories[i] == mood ? world_mood_pull : 1;
    for (int32_t e = 0; e < n_recent; e++) {
        int32_t item = recent[e];
        if (item < 0) continue;
        bool is_considered = e >= n_recent - WORLD_CONSIDERED;
        float pull = world->shelves.shop->categories[categories[item]].is_consumable
                         ? world_again_pull
                     : is_considered ? world_considered_pull
                                     : world_settled_pull;
        pulls[item] = pull * (categories[item] == mood ? world_mood_pull : 1);
    }
    world_pull_followers(world, recent, n_recent, pulls);
}

void pal_world_score(const pal_world *world, int32_t user, const int32_t *recent, int32_t n_recent,
                     int64_t now, const int32_t *items, int32_t n_items, float *scores) {
    const float *appeal =
        world->appeal + (int64_t)pal_world_week(world, now) * world->shelves.stride;
    bool is_bot = user >= 0 && world->is_bot[user];
    float wants[PAL_DEMO_ITEMS_MAX], pulls[PAL_DEMO_ITEMS_MAX];
    pal_world_wants(world, user, pal_world_month(world, now), wants);
    pal_world_pulls(world, recent, n_recent, pulls);
    for (int32_t i = 0; i < n_items; i++) {
        int32_t item = items[i];
        if (item < 0) {
            scores[i] = 0;
        } else if (is_bot) {
            scores[i] = appeal[item] > 0;
        } else {
            scores[i] = appeal[item] * wants[item] * pulls[item];
        }
    }
}

/* --- ids --- */

/* The row in [0, n) whose id is `id`; -1 when there is none. */
static int32_t world_find(const char *id, const char *prefix, int32_t n) {
    char again[PAL_DEMO_ID_MAX];
    int64_t number;
    size_t length = strlen(id), before = strlen(prefix);
    if (length <= before || length >= PAL_DEMO_ID_MAX) return -1;
    if (!pal_parse_int64(id + before, id + length, &number) || number < 1 || number > n) return -1;
    pal_demo_write_id(prefix, (int32_t)number - 1, again);
    return strcmp(again, id) ? -1 : (int32_t)number - 1;
}

int32_t pal_world_user(const pal_world *world, const char *user_id) {
    return world_find(user_id, pal_demo_user_prefix, world->n_users);
}

int32_t pal_world_item(const pal_world *world, const char *item_id) {
    return world_find(item_id, world->shelves.shop->id_prefix, world->shelves.n_items);
}
