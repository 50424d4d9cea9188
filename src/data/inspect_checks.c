/* inspect_checks.c - what may be wrong with a log. Each check writes a sentence that says what was
 * seen and the way out, or nothing. Sentences hedge: a check sees numbers, not what they mean. */
#include <inttypes.h>
#include <string.h>

#include "data/inspect.h"

typedef void check_fn(const pal_log *log, const pal_inspection *found, pal_text *sentence);

static const char *check_user(const pal_log *log, int32_t user) {
    return pal_ids_at(log->about.user_ids, user);
}

static void check_one_user(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    if (found->largest_user_share < 0.25 || found->n_users < 2) return;
    pal_text_addf(sentence,
                  "user %s alone has %.0f %% of the events: if it is a bot or a shared account, "
                  "write its id to a file and "
                  "leave it out with --drop-users FILE",
                  check_user(log, found->busiest_user), 100 * found->largest_user_share);
}

static void check_idle_users(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    if (found->n_idle == 0) return;
    int64_t events = log->starts[found->idle_user + 1] - log->starts[found->idle_user];
    pal_text_addf(sentence,
                  "%d very active user%s no event of the target type, such as %s with %" PRId64
                  " events: if these are bots, write their ids to a file and leave them out with "
                  "--drop-users FILE",
                  found->n_idle, found->n_idle == 1 ? " has" : "s have",
                  check_user(log, found->idle_user), events);
}

/* The items' events come in sittings, the users' do not. */
static bool check_has_swapped_sittings(const pal_inspection *found) {
    return found->item_burst_share >= 0.5 && found->user_burst_share <= 0.2;
}

static void check_swapped(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    (void)log;
    /* Where there are times, sittings tell people from things better than any count. */
    if (found->has_times && found->last_time > found->first_time) {
        if (!check_has_swapped_sittings(found)) return;
        pal_text_addf(sentence,
                      "%.0f %% of the items but only %.0f %% of the users have most of their "
                      "events within an hour of "
                      "each other, as people have in sittings: if the columns are swapped, say "
                      "--columns user=…,item=…",
                      100 * found->item_burst_share, 100 * found->user_burst_share);
        return;
    }
    bool items_look_like_people =
        (double)found->n_items >= 20.0 * found->n_users && found->median_item_events <= 2;
    if (!items_look_like_people || found->median_user_events < 20) return;
    pal_text_addf(sentence,
                  "there are %.0f times as many items as users, and the median item has %.0f "
                  "events where the median user has "
                  "%.0f: if the columns are swapped, say --columns user=…,item=…",
                  (double)found->n_items / found->n_users, found->median_item_events,
                  found->median_user_events);
}

static void check_no_times(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    (void)log;
    if (found->has_times && found->last_time > found->first_time) return;
    pal_text_add(sentence,
                 found->has_times ? "all events have the same time" : "the events have no times");
    pal_text_add(sentence, ", so the split is random and models see the future of what they are "
                           "tested on: name a column of "
                           "times with --columns time=… if there is one");
}

static void check_constant_times(const pal_log *log, const pal_inspection *found,
                                 pal_text *sentence) {
    (void)log;
    if (found->is_ordered || !found->has_times || found->last_time <= found->first_time) return;
    pal_text_addf(
        sentence,
        "%.0f %% of the target events share their second with another of the same user, so the "
        "order within users means "
        "little: do not rely on --task next or --split leave_last",
        100 * found->constant_time_share);
}

static void check_value_column(const pal_log *log, const pal_inspection *found,
                               pal_text *sentence) {
    enum { LARGE = 1000000 };
    if (!found->has_values || found->n_events < 20) return;
    if (found->id_value_share >= 0.9) {
        pal_text_addf(sentence,
                      "the values in %s are the ids of their own rows: name the column that says "
                      "how much with --value, "
                      "or none with --columns",
                      log->about.value_name[0] ? log->about.value_name : "the value column");
        return;
    }
    if (found->value_min >= found->value_max) {
        pal_text_addf(sentence,
                      "all values in %s are %g and so say nothing: name another column with "
                      "--value, or none with --columns",
                      log->about.value_name[0] ? log->about.value_name : "the value column",
                      found->value_min);
        return;
    }
    if (found->whole_share < 1) return;
    bool like_ids = found->distinct_share >= 0.9,
         like_times = found->value_min >= LARGE && found->n_levels == 0;
    if (!like_ids && !like_times) return;
    pal_text_addf(sentence,
                  "the values in %s, whole numbers from %.0f to %.0f%s, look like ids or times: "
                  "name the column that says how "
                  "much with --value, or none with --columns",
                  log->about.value_name[0] ? log->about.value_name : "the value column",
                  found->value_min, found->value_max, like_ids ? " that hardly repeat" : "");
}

static void check_leak(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    enum { ENOUGH = 20 };
    for (int32_t t = 0; t < log->about.n_types; t++) {
        int64_t n = found->type_events[t];
        bool is_target = log->about.target_types >> t & 1u;
        if (is_target || n < ENOUGH || (double)found->type_after_target[t] < 0.95 * (double)n)
            continue;
        pal_text_addf(
            sentence,
            "events of type %s nearly always follow a target event of the same user and item, so "
            "they give the answer "
            "away where they are not cut by time: split by time, or leave them out with --events",
            log->about.type_names[t]);
        return;
    }
}

static void check_single_events(const pal_log *log, const pal_inspection *found,
                                pal_text *sentence) {
    if (found->single_event_share < 0.3) return;
    if (found->single_event_share >= 0.99 && found->n_users >= 20) {
        pal_text_addf(sentence,
                      "%.0f %% of the users, such as %s, have a single event, so that nothing goes "
                      "together and nothing can be learned: if these are ids of events, name the "
                      "column of the session or the person with --columns user=…",
                      100 * found->single_event_share, check_user(log, found->busiest_user));
        return;
    }
    pal_text_addf(sentence,
                  "%.0f %% of the users have a single event and so no history to learn from: "
                  "results for strangers weigh much "
                  "here; --min-user 2 leaves such users out",
                  100 * found->single_event_share);
}

static void check_strangers(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    (void)log;
    if (found->late_stranger_share < 0.5 || found->ids_are_sessions) return;
    pal_text_addf(sentence,
                  "%.0f %% of the users in the newest tenth of the events have none before, so a "
                  "split by time mostly judges lists for strangers: --split leave_last or --split "
                  "users judges what people with a history get",
                  100 * found->late_stranger_share);
}

static void check_new_items(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    enum { ENOUGH = 20 };
    bool one_is_much = found->new_item_events >= ENOUGH &&
                       (double)found->new_item_events >= 0.1 * (double)found->n_late;
    if (found->new_item_share < 0.3 && !one_is_much) return;
    if (check_has_swapped_sittings(found)) return; /* people come and go */
    pal_text_addf(sentence,
                  "%.0f %% of the newest tenth of the events are on items that first appear there, "
                  "such as %s with %" PRId64 " events: no kind that learns from ids alone can list "
                  "them, so look at the ceiling in the report, and train often",
                  100 * found->new_item_share, pal_ids_at(log->about.item_ids, found->new_item),
                  found->new_item_events);
}

static void check_groups(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    (void)log;
    if (found->n_groups < 2) return;
    pal_text_addf(sentence,
                  "the log falls into %d groups of users and items that never meet, the largest "
                  "with %.0f %% of the events: if these are separate services or shops, compare "
                  "each alone",
                  found->n_groups, 100 * found->group_share);
}

static void check_duplicates(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    (void)log;
    if (found->duplicate_share < 0.01) return;
    pal_text_addf(sentence,
                  "%.1f %% of the events repeat another one exactly, second included: if the "
                  "export wrote them twice, use "
                  "--dedupe",
                  100 * found->duplicate_share);
}

static void check_few_targets(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    enum { FEW = 1000 };
    if (found->n_targets >= FEW) return;
    bool one_type = log->about.n_types < 2;
    pal_text_addf(sentence,
                  "only %" PRId64 " %s to learn from and be judged by: expect wide intervals%s",
                  found->n_targets, one_type ? "events" : "events of the target type",
                  one_type ? "" : ", or name a more frequent type with --target");
}

static void check_items_never_repeat(const pal_log *log, const pal_inspection *found,
                                     pal_text *sentence) {
    if (found->n_events < 20 || found->n_items < found->n_events) return;
    pal_text_addf(sentence,
                  "no item, such as %s, stands in more than one event, so that nothing can be "
                  "learned of any: if these are ids of events or texts, name the column of the "
                  "item with --columns item=…",
                  pal_ids_at(log->about.item_ids, log->items[0]));
}

/* Ids of which nearly all are fractions or dates, or which are the few levels of a scale. */
static const char *check_name_ids(const pal_ids *ids, int32_t n, int64_t n_events) {
    enum { SAMPLE = 1000, LEVELS_MAX = 11, MANY = 500 };
    int32_t n_asked = 0, n_fractions = 0, n_dates = 0, n_levels = 0;
    for (int32_t i = 0; i < n; i += n / SAMPLE + 1) {
        const char *id = pal_ids_at(ids, i), *end = id + strlen(id);
        double number;
        int64_t time;
        bool is_number = pal_parse_double(id, end, &number), is_plain = false;
        n_asked++;
        n_fractions += is_number && strchr(id, '.') != NULL;
        n_dates += !is_number && pal_time_parse(id, end, &time, &is_plain) && !is_plain;
        n_levels += is_number && number >= -1 && number <= 10;
    }
    if (n_asked == 0) return NULL;
    if (n_fractions >= 0.9 * n_asked) return "numbers with a fraction, look like values";
    if (n_dates >= 0.9 * n_asked) return "dates, look like times";
    bool are_levels = n > 1 && n <= LEVELS_MAX && n_levels == n && n_events >= MANY;
    return are_levels ? "few small numbers, look like the levels of a rating" : NULL;
}

static void check_ids(const pal_log *log, const pal_inspection *found, pal_text *sentence) {
    const struct {
        const char *noun;
        const pal_ids *ids;
        int32_t n;
    } sides[] = {{"item", log->about.item_ids, log->n_items},
                 {"user", log->about.user_ids, log->n_users}};
    for (int i = 0; i < 2; i++) {
        const char *what = check_name_ids(sides[i].ids, sides[i].n, found->n_events);
        if (!what) continue;
        pal_text_addf(sentence,
                      "the ids of %ss, such as %s and %s, %s: name the column of the %s with "
                      "--columns %s=…",
                      sides[i].noun, pal_ids_at(sides[i].ids, 0),
                      pal_ids_at(sides[i].ids, sides[i].n - 1), what, sides[i].noun, sides[i].noun);
        return;
    }
}

static check_fn *const checks[] = {
    check_one_user,       check_idle_users,         check_swapped,   check_no_times,
    check_constant_times, check_value_column,       check_leak,      check_single_events,
    check_duplicates,     check_few_targets,        check_strangers, check_new_items,
    check_groups,         check_items_never_repeat, check_ids,
};

bool pal_inspect_check(const pal_log *log, const pal_inspection *found, int32_t check,
                       pal_text *sentence) {
    if (check >= (int32_t)(sizeof checks / sizeof *checks)) return false;
    checks[check](log, found, sentence);
    return true;
}
