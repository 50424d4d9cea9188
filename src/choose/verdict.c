/* verdict.c - a table in plain words. Nothing in it depends on a clock, so that it is the same on
 * every run. */
#include "choose/verdict.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { VERDICT_USERS_MIN = 30 }; /* fewer users than this tell nothing */

typedef struct {
    const pal_comparison *comparison;
    const pal_table *table;
    const pal_row *winner, *strangers, *baseline;
    pal_verdict *out;
} verdict_job;

PAL_PRINTF(2, 3) static void verdict_say(verdict_job *job, const char *format, ...) {
    if (job->out->n_lines == PAL_VERDICT_LINES) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(job->out->lines[job->out->n_lines++], sizeof job->out->lines[0], format, arguments);
    va_end(arguments);
}

static int32_t verdict_measure(const verdict_job *job, const char *metric) {
    for (int32_t m = 0; m < job->comparison->measures.n; m++) {
        if (!strcmp(job->comparison->measures.at[m].metric->name, metric)) return m;
    }
    return 0;
}

static int32_t verdict_slice(const verdict_job *job, const char *name) {
    for (int32_t s = 0; s < job->table->slices.n; s++) {
        if (!strcmp(job->table->slices.at[s].name, name)) return s;
    }
    return -1;
}

static const pal_row *verdict_popular(const pal_table *table) {
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (row->status == PAL_ROW_DONE && row->kind && !strcmp(row->kind, "popular")) return row;
    }
    return NULL;
}

/* What is in use today: a run, or else the first popularity row. */
static const pal_row *verdict_baseline(const pal_table *table) {
    for (int32_t r = 0; r < table->n_rows; r++) {
        if (table->rows[r].status == PAL_ROW_DONE && table->rows[r].is_run) return &table->rows[r];
    }
    return verdict_popular(table);
}

static const char *verdict_placement(const verdict_job *job) {
    if (job->comparison->n_tables == 1) return "";
    return job->table->task == PAL_TASK_NEXT ? " on pages computed at each event"
                                             : " on pages computed ahead";
}

/* "1 in 4 finds", or "7 in 10 find" above a half. */
static void verdict_in_plain(double share, char out[32]) {
    if (share >= 0.95) {
        snprintf(out, 32, "nearly everybody finds");
    } else if (share >= 0.55) {
        snprintf(out, 32, "%d in 10 find", (int)(10 * share + 0.5));
    } else {
        snprintf(out, 32, "1 in %d finds", (int)(1 / share + 0.5));
    }
}

/* People with a history who have something in the test: whom the first lines speak of. */
static int32_t verdict_known_users(const verdict_job *job) {
    if (job->table->task == PAL_TASK_NEXT) return job->table->test.n_users;
    int32_t known = pal_table_known_slice(job->table);
    return known < 0 ? 0 : job->table->slices.at[known].n_users;
}

/* Where a split holds out whole people and nobody is known by design, all are whom it is about. */
static bool verdict_is_about_new_users(const verdict_job *job) {
    const char *spec = job->comparison->split.spec;
    return job->table->task != PAL_TASK_NEXT && pal_table_known_slice(job->table) < 0 &&
           !strncmp(spec, "cold_users", 10);
}

/* So few that the first lines tell nothing. */
static void verdict_few(verdict_job *job) {
    bool is_about_new = verdict_is_about_new_users(job);
    int32_t n = is_about_new ? job->table->test.n_users : verdict_known_users(job);
    if (n >= VERDICT_USERS_MIN) return;
    if (is_about_new) {
        verdict_say(job, "Too little data to tell: the test is about only %d people.", n);
    } else {
        verdict_say(
            job,
            "Too little data to tell: only %d users with a history have something in the test.", n);
    }
}

static double verdict_mean(const verdict_job *job, const pal_row *row, int32_t measure) {
    return pal_row_known_mean(job->comparison, job->table, row, measure);
}

static void verdict_recommend(verdict_job *job) {
    const pal_row *winner = job->winner;
    int32_t hit = verdict_measure(job, "hit"), k = job->comparison->measures.at[hit].k;
    /* Slices are those of the first fold: of several folds all users are spoken of. */
    int32_t known = job->comparison->n_folds ? -1 : pal_table_known_slice(job->table);
    double share = known < 0 ? winner->test.mean[hit] : verdict_mean(job, winner, hit);
    const pal_interval *interval =
        known < 0 ? &winner->intervals[0] : &winner->slice_intervals[known];
    if (!(share > 0)) {
        verdict_say(job,
                    "Nothing to choose by: %s, chosen on validation, lists nothing in its top %d "
                    "that people used in the test; palate inspect says what is odd about the log.",
                    winner->name, k);
        return;
    }
    bool says_enough =
        !strcmp(winner->kind, "popular") && job->table->most_accurate == job->table->winner_known;
    const char *lesson = !says_enough ? winner->lesson
                         : strcmp(winner->name, winner->kind)
                             ? "what is popular lately is enough here: recency counts"
                             : "popularity is enough here";
    char remark[128] = "";
    if (lesson) snprintf(remark, sizeof remark, " (%s)", lesson);
    if (job->table->task == PAL_TASK_NEXT) {
        verdict_say(job,
                    "Use %s%s%s: %.0f %% of what people did next is in the top %d shown before it "
                    "(%s %.3f, 95 %% interval %.3f to %.3f).",
                    winner->name, verdict_placement(job), remark, 100 * share, k,
                    job->comparison->measures.at[0].name, interval->mean, interval->low,
                    interval->high);
        return;
    }
    char plain[32];
    verdict_in_plain(share, plain);
    verdict_say(job,
                "Use %s%s%s: of %s, %s something in the top %d (%s %.3f, 95 %% interval %.3f "
                "to %.3f).",
                winner->name, verdict_placement(job), remark,
                known < 0 ? "all" : "people with a history", plain, k,
                job->comparison->measures.at[0].name, interval->mean, interval->low,
                interval->high);
}

/* A system in use that is better than all that was compared stays. Returns true when that was said.
 */
static bool verdict_keep_run(verdict_job *job) {
    const pal_row *base = job->baseline;
    if (!base || !base->is_run || !(base->known_difference.high < 0)) return false;
    const pal_interval *gain = &base->known_difference;
    verdict_say(job,
                "Keep the system in use (%s): it is better than the best of what was compared, %s, "
                "by %.3f (%.3f to %.3f).",
                base->name, job->winner->name, -gain->mean, -gain->high, -gain->low);
    job->out->known = NULL;
    return true;
}

static void verdict_gain(verdict_job *job) {
    const pal_row *base = job->baseline, *winner = job->winner;
    if (!base || base == winner) return;
    const pal_interval *gain = &base->known_difference;
    const char *name = base->is_run ? "the system in use" : base->name;
    double level = verdict_mean(job, base, 0), relative = level > 0 ? 100 * gain->mean / level : 0;
    if (gain->low > 0) {
        char share[48] = "";
        if (level > 0) snprintf(share, sizeof share, ", a gain of %.0f %%", relative);
        verdict_say(job, "It beats %s by %.3f (%.3f to %.3f)%s.", name, gain->mean, gain->low,
                    gain->high, share);
    } else if (gain->high < 0) {
        verdict_say(job,
                    "On the test %s was better by %.3f (%.3f to %.3f), although validation chose "
                    "otherwise: compare again on newer data before using either.",
                    name, -gain->mean, -gain->high, -gain->low);
    } else if (isnan(gain->low)) {
        verdict_say(job,
                    "It cannot be told from %s: the difference is %.3f, of too few people to tell.",
                    name, gain->mean);
    } else {
        verdict_say(job,
                    "It cannot be told from %s: the difference is %.3f, between %.3f and %.3f.",
                    name, gain->mean, gain->low, gain->high);
    }
}

/* A row, other than what is in use, that was certainly better on the test than the winner. */
static const pal_row *verdict_better(const verdict_job *job) {
    const pal_table *table = job->table;
    const pal_row *best = NULL;
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (row == job->winner || row == job->baseline || r == table->most_accurate ||
            row->status != PAL_ROW_DONE || row->is_run || row->is_oracle ||
            (row->traits & PAL_IS_CONTROL) || !(row->known_difference.high < 0) ||
            !pal_row_within_limits(job->comparison, row))
            continue;
        if (!best || row->known_difference.mean < best->known_difference.mean) best = row;
    }
    return best;
}

/* Choosing on validation is only as good as validation resembles the test. */
static void verdict_doubt(verdict_job *job) {
    const pal_row *better = verdict_better(job);
    if (!better) return;
    const char *spec = job->comparison->split.spec;
    bool is_cut_here = !strncmp(spec, "files", 5) && strstr(spec, "validation:");
    const pal_interval *gain = &better->known_difference;
    verdict_say(job,
                "But on the test %s was better by %.3f (%.3f to %.3f): validation chose otherwise, "
                "so it is unlike the test; %s.",
                better->name, -gain->mean, -gain->high, -gain->low,
                is_cut_here ? "cut it as the test is cut and name it with --valid"
                            : "compare again on newer data, or with --split as lists will be used");
}

/* Which of the models that predict values does it best, chosen on validation; beside it the
 * simplest predictions. */
static void verdict_values(verdict_job *job) {
    const pal_row *best = NULL, *simplest = NULL;
    for (int32_t r = 0; r < job->table->n_rows; r++) {
        const pal_row *row = &job->table->rows[r];
        if (row->status != PAL_ROW_DONE || !row->predicts_values || isnan(row->valid_rmse))
            continue;
        if (!best || row->valid_rmse < best->valid_rmse) best = row;
        if (!simplest || row->multiply_adds < simplest->multiply_adds) simplest = row;
    }
    if (!best || job->table != job->comparison->tables) return;
    char beside[160] = "";
    if (simplest != best)
        snprintf(beside, sizeof beside, " (%s: %.3f)", simplest->kind, simplest->ratings.rmse.mean);
    verdict_say(job,
                "To predict a value use %s: off by %.3f (rmse, %.3f to %.3f)%s, where the mean of "
                "all is off by %.3f.",
                best->name, best->ratings.rmse.mean, best->ratings.rmse.low,
                best->ratings.rmse.high, beside, job->comparison->ratings.constant_rmse);
}

/* Judged by the lists that people without history would get, not by all of what they did later. */
static void verdict_first_event(verdict_job *job, const pal_row *row) {
    const pal_row *popular = verdict_popular(job->table);
    const pal_interval *own = &row->strangers_own;
    char beside[160] = "";
    if (isnan(own->mean)) {
        verdict_say(job,
                    "For somebody's first event use %s; this test has none of them, so their "
                    "number was not measured.",
                    row->name);
        return;
    }
    if (popular && popular != row)
        snprintf(beside, sizeof beside, ", where %s has %.3f (%.3f to %.3f)", popular->kind,
                 popular->strangers_own.mean, popular->strangers_own.low,
                 popular->strangers_own.high);
    verdict_say(job, "For somebody's first event use %s: %s %.3f (%.3f to %.3f)%s.", row->name,
                job->comparison->measures.at[0].name, own->mean, own->low, own->high, beside);
}

static void verdict_strangers(verdict_job *job) {
    const pal_row *row = job->strangers;
    int32_t slice = verdict_slice(job, "strangers");
    if (!row) return;
    job->out->strangers = row->name;
    if (job->table->task == PAL_TASK_NEXT) {
        verdict_first_event(job, row);
        return;
    }
    if (slice < 0) {
        verdict_say(job,
                    "For people without history use %s; this test has none of them, so their "
                    "number was not measured.",
                    row->name);
        return;
    }
    int32_t n = job->table->slices.at[slice].n_users;
    bool is_told = !(row->traits & PAL_SCORES_STRANGERS); /* by what else is known of them */
    if (n < VERDICT_USERS_MIN) {
        verdict_say(job,
                    "For people without history validation chose %s; only %d of %d test users are "
                    "such: too few to tell.",
                    row->name, n, job->table->test.n_users);
        return;
    }
    const pal_row *popular = verdict_popular(job->table);
    if (is_told) {
        char beside[160] = "";
        if (popular)
            snprintf(beside, sizeof beside, ", where %s has %.3f (%.3f to %.3f)", popular->kind,
                     popular->strangers_own.mean, popular->strangers_own.low,
                     popular->strangers_own.high);
        verdict_say(job,
                    "For the %d of %d test users without history use %s, which reads what else is "
                    "known of them: %s %.3f (%.3f to %.3f)%s.",
                    n, job->table->test.n_users, row->name, job->comparison->measures.at[0].name,
                    row->strangers_own.mean, row->strangers_own.low, row->strangers_own.high,
                    beside);
        return;
    }
    verdict_say(job,
                "For the %d of %d test users without history use %s: by its own list %s %.3f (%.3f "
                "to %.3f); the table shows the fallback's.",
                n, job->table->test.n_users, row->name, job->comparison->measures.at[0].name,
                row->strangers_own.mean, row->strangers_own.low, row->strangers_own.high);
}

/* The control that counts features does as well: what people write about items after they used them
 * tells how much these are used, and nothing of taste. */
static void verdict_control(const verdict_job *job, char *out, size_t size) {
    const pal_table *table = job->table;
    const pal_interval *over = &table->over_control;
    if (table->control_new < 0 || over->low > 0) return;
    if (isnan(over->low)) {
        snprintf(out, size, " They are too few to tell it from %s, the number of features alone.",
                 table->rows[table->control_new].kind);
        return;
    }
    snprintf(out, size,
             " But %s, the number of features alone, does as well (the difference is %.3f, %.3f to "
             "%.3f): they may be written by users after the fact.",
             table->rows[table->control_new].kind, over->mean, over->low, over->high);
}

static void verdict_new_items(verdict_job *job) {
    const pal_table *table = job->table;
    if (table->winner_new < 0) return;
    const pal_row *row = &table->rows[table->winner_new];
    const char *metric = job->comparison->measures.at[0].name;
    char warning[320] = "";
    const pal_interval *over = &table->over_random;
    if (table->random_new >= 0 && over->low <= 0) {
        if (table->new_slice < 0 || table->new_test.n_users >= VERDICT_USERS_MIN)
            verdict_say(job,
                        "No kind tells new items apart here: %s, the best of them on validation, "
                        "is no better than random order (the difference is %.3f, %.3f to %.3f).",
                        row->name, over->mean, over->low, over->high);
        return;
    }
    verdict_control(job, warning, sizeof warning);
    if (table->new_slice <
        0) { /* all of the test is about new items: the first lines say the rest */
        if (*warning) verdict_say(job, "%s", warning + 1);
        return;
    }
    int32_t n = table->new_test.n_users;
    double all = row->slice_intervals[table->new_slice].mean;
    if (n < VERDICT_USERS_MIN) {
        verdict_say(job,
                    "For items that nobody has used yet validation chose %s; only %d test users "
                    "used such: too few to tell.",
                    row->name, n);
        return;
    }
    verdict_say(job,
                "For items that nobody has used yet use %s: for the %d test users who used such, "
                "%s %.3f (%.3f to %.3f) among them alone, %.3f among all items.%s",
                row->name, n, metric, row->new_alone.mean, row->new_alone.low, row->new_alone.high,
                all, warning);
}

/* Does the second domain help? Of the row that validation likes best among those that use it. */
static void verdict_source(verdict_job *job) {
    const pal_row *best = NULL;
    for (int32_t r = 0; r < job->table->n_rows; r++) {
        const pal_row *row = &job->table->rows[r];
        if (!row->source_says || isnan(row->valid_choice)) continue;
        if (!best || row->valid_choice > best->valid_choice) best = row;
    }
    if (best) verdict_say(job, "%s: %s.", best->name, best->source_says);
}

static void verdict_ties(verdict_job *job) {
    pal_verdict *out = job->out;
    char list[300] = "";
    double worst = 0, mean = verdict_mean(job, job->winner, 0);
    bool is_told = true;
    for (int32_t r = 0; r < job->table->n_rows; r++) {
        const pal_row *row = &job->table->rows[r];
        if (row == job->winner || row->status != PAL_ROW_DONE || !row->tied || row->is_run ||
            row->is_oracle || (row->traits & PAL_IS_CONTROL) || out->n_tied == 64) {
            continue;
        }
        out->tied[out->n_tied++] = row->name;
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", row->name);
        worst = fmax(worst, row->known_difference.high);
        is_told &= !isnan(row->known_difference.high);
    }
    if (out->n_tied == 0 || !(mean > 0)) return;
    /* Nobody loses more than all: the interval of a small mean may reach further. */
    double cost = fmin(100, 100 * worst / mean);
    const char *which = out->n_tied > 1 ? "one of them" : "that";
    if (!is_told) {
        verdict_say(job, "This test has too few people to tell it from %s.", list);
    } else if (cost < 0.5) {
        verdict_say(job, "This test cannot tell it from %s: choosing %s instead costs nothing.",
                    list, which);
    } else {
        verdict_say(job,
                    "This test cannot tell it from %s: choosing %s instead may cost up to %.0f %%.",
                    list, which, cost);
    }
}

static void verdict_cost(verdict_job *job) {
    const pal_table *table = job->table;
    const pal_row *passed = &table->rows[table->most_accurate], *winner = job->winner;
    const pal_row *cheaper = passed == winner ? pal_table_cheaper(job->comparison, table) : NULL;
    pal_text size = {0}, other = {0};
    pal_text_add_size(&size, (double)winner->model_bytes);
    pal_text_add_size(&other, (double)(cheaper ? cheaper : passed)->model_bytes);
    double mean = verdict_mean(job, passed, 0), worth = 100 * job->comparison->options.worth;
    if (size.failed || other.failed) {
        /* A line less. */
    } else if (passed != winner) {
        verdict_say(job,
                    "It is cheaper than %s, the most accurate (%s instead of %s), and loses at the "
                    "most %.1f %% to it, within --worth.",
                    passed->name, size.bytes, other.bytes,
                    mean > 0 ? 100 * fmax(0, table->loss_high) / mean : 0);
    } else if (cheaper && cheaper != verdict_better(job)) {
        verdict_say(job,
                    "%s is cheaper (%s instead of %s) and loses at the most %.1f %%, less than the "
                    "%.1f %% that --worth allows.",
                    cheaper->name, other.bytes, size.bytes,
                    mean > 0 ? 100 * fmax(0, cheaper->known_difference.high) / mean : 0, worth);
    } else {
        pal_text work = {0}, numbers = {0};
        pal_text_add_large(&work, winner->multiply_adds);
        pal_text_add_large(&numbers, (double)winner->parameters);
        if (!work.failed && !numbers.failed)
            verdict_say(job,
                        "%s costs %s multiply-adds to train and %s to keep (%s learned numbers).",
                        winner->name, work.bytes, size.bytes, numbers.bytes);
        pal_text_release(&work);
        pal_text_release(&numbers);
    }
    pal_text_release(&size);
    pal_text_release(&other);
}

static void verdict_ceiling(verdict_job *job) {
    if (job->table->ceiling >= 0.05) {
        verdict_say(job,
                    "%.0f %% of what people did in the test is on items that training never saw: "
                    "no model that knows ids alone can reach it.",
                    100 * job->table->ceiling);
    }
}

/* How often new lists are needed so that none is as old as the slice; how often is surely enough
 * when lists of that age are as good as new. */
static const struct {
    const char *slice, *needed, *enough;
} verdict_ages[] = {{"days 2-7", "every day", "once a week"},
                    {"days 8-30", "every week", "once a month"},
                    {"later than day 30", "every month", "less than once a month"}};

static int32_t verdict_age(const char *slice) {
    for (int32_t a = 0; a < (int32_t)(sizeof verdict_ages / sizeof *verdict_ages); a++) {
        if (!strcmp(verdict_ages[a].slice, slice)) return a;
    }
    return -1;
}

/* Slices of one list, of partly other people and items: a fall is said from the first slice whose
 * interval is above 0, that there is none only where a tenth would have been seen. */
static void verdict_stale(verdict_job *job) {
    const pal_table *table = job->table;
    if (table->n_ages == 0 || table->slices.at[table->first_day].n_users < VERDICT_USERS_MIN)
        return;
    const char *metric = job->comparison->measures.at[0].name;
    double fresh = job->winner->slice_intervals[table->first_day].mean;
    const pal_ageing *level = NULL;
    for (int32_t a = 0; a < table->n_ages; a++) {
        const pal_ageing *age = &table->ages[a];
        const pal_slice *slice = &table->slices.at[age->slice];
        int32_t which = verdict_age(slice->name);
        if (which < 0 || slice->n_users < VERDICT_USERS_MIN) continue;
        if (age->fall.low > 0) {
            verdict_say(job,
                        "Lists age: from the first day of the test to %s %s falls from %.3f by "
                        "%.3f (%.3f to %.3f; partly other people): retrain %s.",
                        slice->name, metric, fresh, age->fall.mean, age->fall.low, age->fall.high,
                        verdict_ages[which].needed);
            return;
        }
        if (age->fall.high <= 0.1 * fresh) level = age;
    }
    if (!level) return;
    const char *name = table->slices.at[level->slice].name;
    verdict_say(job,
                "Lists keep: from the first day of the test to %s %s changes by %+.3f (%+.3f to "
                "%+.3f): retraining %s is enough.",
                name, metric, -level->fall.mean, -level->fall.high, -level->fall.low,
                verdict_ages[verdict_age(name)].enough);
}

static void verdict_next(verdict_job *job) {
    const pal_table *table = job->table;
    if (!job->out->known) {
        verdict_say(job, "Next: compare other kinds or options with -m.");
        return;
    }
    if (table != job->comparison->tables) return; /* the model that is saved is the first task's */
    if (job->comparison->options.protocol.candidates == PAL_CANDIDATES_NEW)
        verdict_say(job,
                    "New items alone were judged here; the model that is saved lists used ones "
                    "among them.");
    job->out->next_user = table->test.n_users
                              ? pal_ids_at(&job->comparison->split.user_ids, table->test.users[0])
                              : "ID";
}

void pal_verdict_make(const pal_comparison *comparison, int32_t table_number, pal_verdict *out) {
    const pal_table *table = &comparison->tables[table_number];
    *out = (pal_verdict){0};
    verdict_job job = {
        .comparison = comparison, .table = table, .out = out, .baseline = verdict_baseline(table)};
    if (table->winner_known < 0) {
        if (comparison->options.limit) {
            verdict_say(&job, "No model can be recommended: none keeps within --limit %s.",
                        comparison->options.limit);
        } else {
            verdict_say(&job, "No model can be recommended: none but yardsticks was compared to "
                              "the end; name one with -m.");
        }
        return;
    }
    job.winner = &table->rows[table->winner_known];
    job.strangers = table->winner_strangers >= 0 ? &table->rows[table->winner_strangers] : NULL;
    out->known = job.winner->name;
    verdict_few(&job);
    if (!verdict_keep_run(&job)) {
        verdict_recommend(&job);
        if (table->most_accurate != table->winner_known) verdict_cost(&job);
        verdict_gain(&job);
        verdict_doubt(&job);
        verdict_ties(&job);
    }
    verdict_values(&job);
    verdict_strangers(&job);
    verdict_source(&job);
    verdict_new_items(&job);
    verdict_ceiling(&job);
    verdict_stale(&job);
    if (out->known && table->most_accurate == table->winner_known &&
        out->n_lines < PAL_VERDICT_LINES - 1)
        verdict_cost(&job);
    if (out->n_lines == PAL_VERDICT_LINES) out->n_lines--; /* the next command has its place */
    verdict_next(&job);
}
