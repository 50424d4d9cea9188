/* demo_second.c - the demo's second domain: a cinema, older than the shop, that most of its people
 * visit.
 *
 * Films stand in the same space as the shop's goods: what is bold there is bold here, and texts say
 * so in the same words. The taste of a person who visits both is, with c = cinema_common,
 *
 *     taste in the cinema = c * taste in the shop + sqrt(1 - c^2) * what another person would have
 *
 * and in the control nothing but the latter. All streams are keyed by a seed of the cinema's own,
 * so that the shop's log is the same with and without it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "data/demo_world.h"
#include "data/scenario.h"
#include "data/second.h"

static const double cinema_common = 0.95, cinema_shared = 0.7;
static const double cinema_items = 0.6, cinema_others = 0.2, cinema_days = 1.5; /* of the shop's */

static const pal_demo_category cinema_categories[] = {
    {.name = "thrillers",
     .use = "for holding one's breath",
     .price = 9,
     .share = 1,
     .season = 0.2,
     .peak_day = 320,
     .line_length = 1,
     .nouns = {"Heist Film", "Spy Film", "Courtroom Film", "Chase Film", "Conspiracy Film",
               "Hostage Film", "Submarine Film", "Night Train Film"}},
    {.name = "comedies",
     .use = "for laughing in company",
     .price = 8,
     .share = 1,
     .season = 0.3,
     .peak_day = 200,
     .line_length = 1,
     .nouns = {"Wedding Comedy", "Office Comedy", "Road Comedy", "Family Comedy", "School Comedy",
               "Kitchen Comedy", "Holiday Comedy", "Neighbour Comedy"}},
    {.name = "documentaries",
     .use = "for knowing more",
     .price = 7,
     .share = 0.8,
     .line_length = 1,
     .nouns = {"Ocean Documentary", "Desert Documentary", "City Documentary", "Music Documentary",
               "Chess Documentary", "Railway Documentary", "Glacier Documentary",
               "Market Documentary"}},
    {.name = "science fiction",
     .use = "for other skies",
     .price = 10,
     .share = 0.6,
     .season = 0.2,
     .peak_day = 350,
     .is_series = true,
     .line_length = 3},
    {.name = "children's films",
     .use = "for watching again tomorrow",
     .price = 6,
     .share = 0.8,
     .season = 0.4,
     .peak_day = 355,
     .is_consumable = true,
     .line_length = 1,
     .nouns = {"Bear Cartoon", "Robot Cartoon", "Puppet Film", "Paper Film", "Dragon Cartoon",
               "Mouse Cartoon", "Moon Cartoon", "Owl Cartoon"}},
    {.name = "dramas",
     .use = "for rainy evenings",
     .price = 9,
     .share = 1,
     .season = 0.3,
     .peak_day = 20,
     .line_length = 1,
     .nouns = {"Family Drama", "Village Drama", "Harbour Drama", "Theatre Drama", "War Drama",
               "Love Drama", "Factory Drama", "Island Drama"}},
    {.name = "westerns",
     .use = "for wide plains",
     .price = 8,
     .share = 0.4,
     .line_length = 1,
     .nouns = {"Frontier Film", "Ranch Film", "Sheriff Film", "Stagecoach Film", "Gold Rush Film",
               "Railroad Film", "Border Film", "Winter Western"}},
    {.name = "horror",
     .use = "for leaving the light on",
     .price = 9,
     .share = 0.5,
     .season = 0.6,
     .peak_day = 300,
     .is_series = true,
     .line_length = 4},
};
const pal_demo_shop pal_demo_cinema = {
    .n_categories = (int32_t)(sizeof cinema_categories / sizeof *cinema_categories),
    .categories = cinema_categories,
    .id_prefix = "film-",
};

/* Who of the shop's people comes, and with which taste; behind them stand people of its own. */
static pal_status second_fill_people(pal_ctx *ctx, const pal_world *shop, bool is_control,
                                     pal_world *cinema) {
    uint8_t *absent = PAL_ARENA_ARRAY(&cinema->arena, uint8_t, cinema->n_users);
    int64_t n = (int64_t)cinema->n_users * 2 * PAL_DEMO_DIMS;
    float *tastes = PAL_ARENA_ARRAY(&cinema->arena, float, n);
    if (!absent || !tastes)
        return pal_fail_memory(ctx, "the demo's second domain", 4.0 * (double)n);
    memcpy(tastes, cinema->tastes, (size_t)n * sizeof *tastes);
    double other = sqrt(1 - cinema_common * cinema_common);
    for (int32_t u = 0; u < shop->n_users; u++) {
        pal_rng rng = pal_rng_at(pal_seed_for(cinema->seed, "demo visitors"), (uint64_t)u);
        absent[u] = shop->is_bot[u] || pal_rng_uniform(&rng) >= cinema_shared;
        for (int64_t d = (int64_t)u * 2 * PAL_DEMO_DIMS;
             !is_control && d < ((int64_t)u + 1) * 2 * PAL_DEMO_DIMS; d++)
            tastes[d] =
                (float)(cinema_common * (double)shop->tastes[d] + other * (double)tastes[d]);
    }
    cinema->tastes = tastes;
    cinema->is_absent = absent;
    return PAL_OK;
}

static pal_status second_make_world(pal_ctx *ctx, const pal_demo_options *options,
                                    const pal_world *shop, pal_world **out) {
    pal_demo_options own = *options;
    own.users += (int64_t)(cinema_others * (double)options->users);
    own.items = (int64_t)(cinema_items * (double)options->items);
    own.days = (int64_t)(cinema_days * (double)options->days);
    pal_world *cinema;
    TRY(pal_world_make(ctx, &pal_demo_cinema, pal_seed_for(ctx->seed, "demo second domain"), &own,
                       &cinema));
    pal_status status = second_fill_people(ctx, shop, options->source == PAL_DEMO_CONTROL, cinema);
    if (status == PAL_OK) {
        *out = cinema;
    } else {
        pal_world_free(cinema);
    }
    return status;
}

static void second_describe(const pal_ctx *ctx, const pal_data *shop, bool is_control,
                            pal_data *second) {
    snprintf(second->name, sizeof second->name, "cinema%s", is_control ? " (control)" : "");
    snprintf(second->source, sizeof second->source, "the demo's %s, seed %" PRIu64,
             is_control ? "control domain" : "second domain", ctx->seed);
    snprintf(second->format, sizeof second->format, "demo");
    snprintf(second->columns, sizeof second->columns, "%s", shop->columns);
    pal_data_find(second, "%s",
                  is_control ? "people have other tastes there than in the shop: nothing of it "
                               "tells what they want here"
                             : "people have the same tastes there, for films instead of goods");
}

pal_status pal_demo_add_second(pal_ctx *ctx, const pal_demo_options *options, pal_arena *scratch,
                               pal_data *data) {
    bool is_control = options->source == PAL_DEMO_CONTROL;
    if (options->source == PAL_DEMO_ALONE) return PAL_OK;
    TRY(pal_data_new_second(ctx, "", &data->second));
    pal_data *second = data->second;
    data->shared = PAL_SHARED_USERS;
    TRY(second_make_world(ctx, options, data->world, &second->world));
    TRY(pal_demo_make_log(ctx, second->world, scratch, second));
    TRY(pal_demo_catalog_make(ctx, &second->world->shelves, &second->catalog));
    TRY(pal_catalog_settle(ctx, &second->catalog, "", NULL));
    second_describe(ctx, data, is_control, second);
    second->options.scenario = data->options.scenario;
    TRY(pal_scenario_apply(ctx, second));
    TRY(pal_data_set_target(ctx, second, NULL));
    pal_second_tell(data);
    return PAL_OK;
}
