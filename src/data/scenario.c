/* scenario.c - the presets and what they do to a log that was read.
 *
 * Weights say how much stronger one sort of event speaks for an item than another; half-lives say
 * how soon half of that is forgotten. Both are starting points, not truths: every one of them is an
 * option that can be given instead. Half-lives are longer than popularity alone would want: on real
 * logs short ones cost neighbours and ease more than they gave (docs/scenarios.md), and fast ageing
 * stands among the kinds instead ("popular half_life=7d"). */
#include "data/scenario.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"

static const char *const scenario_shop_kinds[] = {
    "random", "popular", "popular half_life=30d", "again", "markov", "item_knn", "ease", NULL};
static const char *const scenario_social_kinds[] = {"random",   "popular", "popular half_life=7d",
                                                    "again",    "markov",  "user_knn",
                                                    "item_knn", "ease",    NULL};
static const char *const scenario_video_kinds[] = {
    "random", "popular", "popular half_life=30d", "markov", "user_knn", "item_knn", "ease", NULL};
static const char *const scenario_news_kinds[] = {
    "random",   "popular", "popular half_life=6h", "popular half_life=2d", "markov", "session_knn",
    "item_knn", NULL};

const pal_scenario pal_scenarios[] = {
    {.name = "ecommerce",
     .summary = "a shop: views lead to carts and purchases",
     .types = {{"view,click,pageview,detail,detailview,productview,viewitem,pv", 1, 0},
               {"like,favorite,favourite,fav,wishlist,addtowishlist,save", 2, 0},
               {"cart,addtocart,basket,addtobasket,addtobag", 3, 1},
               {"purchase,buy,bought,order,transaction,checkout,sale,conversion", 5, 2}},
     .half_life = "180d",
     .split = "time",
     .task = "auto",
     .kinds = scenario_shop_kinds,
     .look = "strangers, tail items, new items"},
    {.name = "social",
     .summary = "a feed of posts or a circle of people: likes, comments, shares",
     .types = {{"view,impression,show,shown,click,open", 0.2F, 0},
               {"like,favorite,favourite,fav,upvote,reaction,react,heart", 1, 1},
               {"comment,reply,answer,mention", 2, 1},
               {"share,repost,retweet,reblog,forward,quote", 3, 1},
               {"follow,subscribe,connect,friend", 3, 1}},
     .half_life = "180d",
     .split = "time",
     .task = "next",
     .kinds = scenario_social_kinds,
     .look = "users with 1-4 events, day 1, new items"},
    {.name = "video",
     .summary = "films, series or clips: plays, watch time or ratings",
     .types = {{"impression,show,shown,view,click,open", 0.2F, 0},
               {"play,watch,start,stream,trailer", 1, 1},
               {"like,favorite,favourite,fav,rate,rating", 2, 1},
               {"share,addtolist,watchlist", 2, 0},
               {"complete,completed,finish,finished,watched", 3, 2}},
     .positive = 0.5,
     .half_life = "1y",
     .split = "time",
     .task = "window",
     .kinds = scenario_video_kinds,
     .look = "tail items, users with 1-4 events, days 8-30"},
    {.name = "news",
     .summary = "articles that are old in days: clicks and reads",
     .types = {{"impression,show,shown,view,exposure", 0.1F, 0},
               {"click,clicked,open,visit", 1, 1},
               {"read,dwell,finish", 2, 1},
               {"like,comment,share,save,bookmark", 3, 1}},
     .half_life = "2d",
     .split = "time",
     .task = "next",
     .hide = "target",
     .kinds = scenario_news_kinds,
     .look = "new items, day 1, strangers"},
    {0},
};

static const char *const scenario_names[] = {"none", "ecommerce", "social", "video", "news", NULL};

const pal_param pal_scenario_params[] = {
    {.name = "scenario",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(pal_data_options, scenario),
     .choices = scenario_names,
     .help = "fills options that were not given with those of such a service: weights of event "
             "types, target, half-life, split, task, what counts as right; palate describe "
             "scenarios lists them"},
    {0},
};

const pal_scenario *pal_scenario_of(const pal_data *data) {
    return data->options.scenario ? &pal_scenarios[data->options.scenario - 1] : NULL;
}

/* --- names of event types --- */

static size_t scenario_fold(const char *name, size_t length, char out[PAL_NAME_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < length && n + 1 < PAL_NAME_MAX; i++) {
        unsigned char c = (unsigned char)name[i];
        if (isalnum(c) || c >= 0x80) out[n++] = (char)tolower(c);
    }
    out[n] = '\0';
    return n;
}

static bool scenario_is_named(const char *names, const char *folded, size_t n) {
    for (const char *word = names; *word;) {
        size_t length = strcspn(word, ",");
        bool is_plural = n == length + 1 && folded[length] == 's';
        if ((n == length || is_plural) && !strncmp(word, folded, length)) return true;
        word += length + (word[length] == ',');
    }
    return false;
}

const pal_scenario_type *pal_scenario_find_type(const pal_scenario *scenario, const char *name) {
    char folded[PAL_NAME_MAX];
    size_t n = scenario_fold(name, strlen(name), folded);
    /* A comma would part the name where --target lists it. */
    if (n == 0 || strchr(name, ',')) return NULL;
    for (const pal_scenario_type *type = scenario->types;
         type < scenario->types + PAL_SCENARIO_TYPES && type->names; type++) {
        if (scenario_is_named(type->names, folded, n)) return type;
    }
    return NULL;
}

/* --- what is filled in --- */

typedef struct {
    pal_ctx *ctx;
    pal_data *data;
    const pal_scenario *scenario;
    const pal_scenario_type *found[PAL_TYPES_MAX]; /* of each of the log's types, or NULL */
    bool has_events[PAL_TYPES_MAX];
    pal_text told;
} scenario_job;

static void scenario_match(scenario_job *job) {
    const pal_log_about *about = &job->data->parts[0].about;
    for (int32_t p = 0; p < job->data->n_parts; p++) {
        const pal_log *log = &job->data->parts[p];
        for (int64_t e = 0; log->types && e < log->n_events; e++)
            job->has_events[log->types[e]] = true;
    }
    for (int32_t t = 0; t < about->n_types; t++)
        job->found[t] = pal_scenario_find_type(job->scenario, about->type_names[t]);
}

static void scenario_tell(scenario_job *job, const char *what) {
    pal_text_addf(&job->told, job->told.length ? "; %s" : "%s", what);
}

static pal_status scenario_set_weights(scenario_job *job) {
    for (int32_t p = 0; p < job->data->n_parts; p++) {
        pal_log *log = &job->data->parts[p];
        float *weights = PAL_ARENA_ARRAY(&log->arena, float, log->n_events);
        if (!weights)
            return pal_fail_memory(job->ctx, "event weights", 4.0 * (double)log->n_events);
        for (int64_t e = 0; e < log->n_events; e++) {
            const pal_scenario_type *type = job->found[log->types[e]];
            weights[e] = type ? type->weight : 1;
        }
        log->weights = weights;
    }
    return PAL_OK;
}

/* Which types weigh what, and which the preset does not know. */
static void scenario_tell_weights(scenario_job *job) {
    const pal_log_about *about = &job->data->parts[0].about;
    uint32_t shown = pal_log_shown_types(about, 0);
    pal_text known = {0}, unknown = {0};
    for (int32_t t = 0; t < about->n_types; t++) {
        /* What was only shown has no weight: ranker and deepfm learn it as not used. */
        if (!job->has_events[t] || shown >> t & 1u) continue;
        const char *name = about->type_names[t];
        if (job->found[t]) {
            pal_text_addf(&known, "%s%s=%g", known.length ? ", " : "weights ", name,
                          (double)job->found[t]->weight);
        } else {
            pal_text_addf(&unknown, unknown.length ? ", %s" : "%s", name);
        }
    }
    if (known.length) scenario_tell(job, known.bytes);
    if (unknown.length) {
        scenario_tell(job, unknown.bytes);
        pal_text_add(&job->told, known.length ? " not known to it and left at weight 1"
                                              : " not known to it: all types weigh 1");
    }
    job->told.failed |= known.failed || unknown.failed;
    pal_text_release(&known);
    pal_text_release(&unknown);
}

static pal_status scenario_weigh(scenario_job *job) {
    const pal_log *log = &job->data->parts[0];
    if (!log->types || job->data->options.events) return PAL_OK;
    if (log->weights) {
        scenario_tell(job, "weights as the log has them");
        return PAL_OK;
    }
    bool changes = false;
    for (int32_t t = 0; t < log->about.n_types; t++)
        changes |= job->has_events[t] && job->found[t] && job->found[t]->weight != 1;
    scenario_tell_weights(job);
    return changes ? scenario_set_weights(job) : PAL_OK;
}

/* The types of the highest goal there is; none of them known leaves the target to be guessed. */
static pal_status scenario_aim(scenario_job *job) {
    const pal_log_about *about = &job->data->parts[0].about;
    int32_t highest = 0;
    if (job->data->options.target) return PAL_OK;
    for (int32_t t = 0; t < about->n_types; t++) {
        if (job->has_events[t] && job->found[t] && job->found[t]->goal > highest)
            highest = job->found[t]->goal;
    }
    if (highest == 0) return PAL_OK;
    pal_text names = {0};
    for (int32_t t = 0; t < about->n_types; t++) {
        if (job->has_events[t] && job->found[t] && job->found[t]->goal == highest)
            pal_text_addf(&names, names.length ? ",%s" : "%s", about->type_names[t]);
    }
    scenario_tell(job, "target ");
    pal_text_add(&job->told, names.bytes ? names.bytes : "");
    char *copy = names.failed ? NULL : pal_arena_text(&job->data->arena, names.bytes, names.length);
    pal_text_release(&names);
    if (!copy) return pal_fail_memory(job->ctx, "the target", 1e3);
    job->data->options.target = copy;
    return PAL_OK;
}

static pal_status scenario_age(scenario_job *job) {
    pal_data_options *options = &job->data->options;
    if (options->has_half_life) return PAL_OK;
    if (!job->data->parts[0].times) {
        scenario_tell(job, "no half-life, as there are no times");
        return PAL_OK;
    }
    scenario_tell(job, "half-life ");
    pal_text_add(&job->told, job->scenario->half_life);
    return pal_param_set(job->ctx, job->scenario->name, pal_weigh_params, options,
                         &job->data->arena, "half_life", job->scenario->half_life);
}

pal_status pal_scenario_apply(pal_ctx *ctx, pal_data *data) {
    scenario_job job = {.ctx = ctx, .data = data, .scenario = pal_scenario_of(data)};
    if (!job.scenario) return PAL_OK;
    scenario_match(&job);
    pal_status status = scenario_weigh(&job);
    if (status == PAL_OK) status = scenario_aim(&job);
    if (status == PAL_OK) status = scenario_age(&job);
    if (status == PAL_OK && job.told.failed) status = pal_fail_memory(ctx, "the scenario", 1e3);
    if (status == PAL_OK)
        snprintf(data->scenario, sizeof data->scenario, "%s", job.told.bytes ? job.told.bytes : "");
    if (status == PAL_OK && *data->scenario)
        pal_data_find(data, "scenario %s: %s", job.scenario->name, data->scenario);
    pal_text_release(&job.told);
    return status;
}

/* --- what counts as right --- */

typedef struct {
    double low, high;
} scenario_scale;

/* A share of the whole has a scale by its name or its range; a rating has the range that people
 * used; durations and prices have none. */
static bool scenario_find_scale(const pal_log *log, scenario_scale *out) {
    static const char *const shares[] = {"ratio", "share", "progress", "fraction", "completion"};
    scenario_scale range = {INFINITY, -INFINITY};
    for (int64_t e = 0; e < log->n_events; e++) {
        range.low = fmin(range.low, (double)log->values[e]);
        range.high = fmax(range.high, (double)log->values[e]);
    }
    *out = range;
    if (log->about.values_are_ratings) return range.high > range.low;
    bool is_named = false;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        is_named |= strcasestr(log->about.value_name, shares[i]) != NULL;
    bool in_percent = strcasestr(log->about.value_name, "percent") && range.high > 1;
    *out = (scenario_scale){0, in_percent ? 100 : 1};
    bool is_share = range.low >= 0 && range.high <= 1 && range.high > range.low;
    return is_named || in_percent || is_share;
}

/* The lowest value there is from `from` on, so that the rule names a value that people know. */
static double scenario_next_value(const pal_log *log, double from) {
    double next = INFINITY;
    for (int64_t e = 0; e < log->n_events; e++) {
        double value = (double)log->values[e];
        if (value >= from && value < next) next = value;
    }
    return isfinite(next) ? next : from;
}

void pal_scenario_relevant(const pal_scenario *scenario, const pal_log *log, char rule[64],
                           pal_text *why) {
    scenario_scale scale;
    snprintf(rule, 64, "all");
    if (scenario->positive <= 0 || !log->values || log->n_events == 0) return;
    const char *name = log->about.value_name[0] ? log->about.value_name : "the value";
    if (!scenario_find_scale(log, &scale)) {
        pal_text_addf(why, " (%s is no share and no rating)", name);
        return;
    }
    double from = scale.low + scenario->positive * (scale.high - scale.low);
    if (log->about.values_are_ratings) from = scenario_next_value(log, from);
    snprintf(rule, 64, "value>=%g", from);
    pal_text_addf(why, " (%.0f %% of the scale of %s, %g to %g)", 100 * scenario->positive, name,
                  scale.low, scale.high);
}
