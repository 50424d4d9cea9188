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

/* What is in use today: a run, or else the first popularity row. */
static const pal_row *verdict_baseline(const pal_table *table) {
    const pal_row *popular = NULL;
    for (int32_t r = 0; r < table->n_rows; r++) {
        const pal_row *row = &table->rows[r];
        if (row->status != PAL_ROW_DONE) continue;
        if (row->is_run) return row;
        if (!popular && !strcmp(row->kind, "popular")) popular = row;
    }
    return popular;
}

static const char *verdict_placement(const verdict_job *job) {
    if (job->comparison->n_tables == 1) return "";
    return job->table->task == PAL_TASK_NEXT ? " on pages computed at each event"
                                             : " on pages computed ahead";
}

/* "1 in 4", or "3 in 4" above a half. */
static void verdict_in_plain(double share, char out[32]) {
    if (share >= 0.95) {
        snprintf(out, 32, "nearly everybody");
    } else if (share > 0.5) {
        snprintf(out, 32, "%d in 10", (int)(10 * share + 0.5));
    } else if (share > 0) {
        snprintf(out, 32, "1 in %d", (int)(1 / share + 0.5));
    } else {
        snprintf(out, 32, "nobody");
    }
}

static void verdict_recommend(verdict_job *job) {
    const pal_row *winner = job->winner;
    int32_t hit = verdict_measure(job, "hit"), k = job->comparison->measures.at[hit].k;
    char plain[32];
    verdict_in_plain(winner->test.mean[hit], plain);
    const char *remark = strcmp(winner->kind, "popular") ? ""
                         : strcmp(winner->name, winner->kind)
                             ? " (what is popular lately is enough here: recency counts)"
                             : " (popularity is enough here)";
    verdict_say(
        job, "Use %s%s%s: %s finds something in the top %d (%s %.3f, 95 %% interval %.3f to %.3f).",
        winner->name, verdict_placement(job), remark, plain, k,
        job->comparison->measures.at[0].name, winner->test.mean[0], winner->intervals[0].low,
        winner->intervals[0].high);
}

static void verdict_gain(verdict_job *job) {
    const pal_row *base = job->baseline, *winner = job->winner;
    if (!base || base == winner) return;
    const pal_interval *gain = &base->difference;
    const char *name = base->is_run ? "the system in use" : base->name;
    double relative = base->test.mean[0] > 0 ? 100 * gain->mean / base->test.mean[0] : 0;
    if (gain->low > 0) {
        verdict_say(job, "It beats %s by %.3f (%.3f to %.3f), a gain of %.0f %%.", name, gain->mean,
                    gain->low, gain->high, relative);
    } else if (gain->high < 0) {
        verdict_say(job,
                    "On the test %s was better by %.3f (%.3f to %.3f), although validation chose "
                    "otherwise: the log changes, compare again on newer data.",
                    name, -gain->mean, -gain->high, -gain->low);
    } else {
        verdict_say(job,
                    "It cannot be told from %s: the difference is %.3f, between %.3f and %.3f.",
                    name, gain->mean, gain->low, gain->high);
    }
}

static void verdict_strangers(verdict_job *job) {
    const pal_row *row = job->strangers;
    int32_t slice = verdict_slice(job, "strangers");
    if (!row) return;
    job->out->strangers = row->name;
    if (slice < 0) {
        verdict_say(job,
                    "For people without history use %s; this test has none of them, so their "
                    "number was not measured.",
                    row->name);
        return;
    }
    int32_t n = job->table->slices.at[slice].n_users;
    verdict_say(job, "For people without history use %s (%s %.3f; they are %d of %d test users).",
                row->name, job->comparison->measures.at[0].name, row->test_strangers_own, n,
                job->table->test.n_users);
}

/* Among the rows that lose less than --worth with certainty the one with the least work and the
 * smallest model. */
static const pal_row *verdict_cheaper(const verdict_job *job) {
    const pal_row *best = NULL, *winner = job->winner;
    double limit = job->comparison->options.worth * winner->test.mean[0];
    for (int32_t r = 0; r < job->table->n_rows; r++) {
        const pal_row *row = &job->table->rows[r];
        if (row == winner || row->status != PAL_ROW_DONE || row->is_run || row->is_oracle ||
            (row->traits & PAL_IS_CONTROL))
            continue;
        bool is_cheaper = row->model_bytes * 2 <= winner->model_bytes &&
                          row->multiply_adds <= winner->multiply_adds;
        if (!is_cheaper || row->difference.high > limit) continue;
        if (!best || row->model_bytes < best->model_bytes) best = row;
    }
    return best;
}

static void verdict_ties(verdict_job *job) {
    pal_verdict *out = job->out;
    char list[300] = "";
    for (int32_t r = 0; r < job->table->n_rows; r++) {
        const pal_row *row = &job->table->rows[r];
        if (row == job->winner || row->status != PAL_ROW_DONE || !row->tied || row->is_run ||
            row->is_oracle || (row->traits & PAL_IS_CONTROL) || out->n_tied == 64) {
            continue;
        }
        out->tied[out->n_tied++] = row->name;
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", row->name);
    }
    if (out->n_tied == 0) return;
    double worst = 0, mean = job->winner->test.mean[0];
    for (int32_t r = 0; r < job->table->n_rows; r++) {
        const pal_row *row = &job->table->rows[r];
        if (row->tied && !row->is_run && !row->is_oracle && row->difference.high > worst)
            worst = row->difference.high;
    }
    verdict_say(job,
                "This test cannot tell it from %s: choosing %s instead may cost up to %.0f %%.",
                list, out->n_tied > 1 ? "one of them" : "that", mean > 0 ? 100 * worst / mean : 0);
}

static void verdict_cost(verdict_job *job) {
    const pal_row *cheaper = verdict_cheaper(job);
    pal_text size = {0}, other = {0};
    pal_text_add_size(&size, (double)job->winner->model_bytes);
    if (cheaper) pal_text_add_size(&other, (double)cheaper->model_bytes);
    if (!size.failed && !other.failed && cheaper) {
        verdict_say(job,
                    "%s is cheaper (%s instead of %s) and loses at the most %.1f %%, less than the "
                    "%.1f %% that --worth allows.",
                    cheaper->name, other.bytes, size.bytes,
                    100 * fmax(0, cheaper->difference.high) / job->winner->test.mean[0],
                    100 * job->comparison->options.worth);
    } else if (!size.failed) {
        verdict_say(job, "It costs %.2g multiply-adds to train and %s to keep.",
                    job->winner->multiply_adds, size.bytes);
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

static void verdict_stale(verdict_job *job) {
    int32_t fresh = verdict_slice(job, "day 1"), old = verdict_slice(job, "days 8-30");
    if (fresh < 0 || old < 0 || job->table->slices.at[fresh].n_users < VERDICT_USERS_MIN) return;
    int32_t n_measures = job->comparison->measures.n;
    double before = job->winner->test.by_slice[(int64_t)fresh * n_measures],
           after = job->winner->test.by_slice[(int64_t)old * n_measures];
    if (before > 0 && after < 0.8 * before) {
        verdict_say(job,
                    "Retrain every few days: from the first day of the test to its second week %s "
                    "fell from %.3f to %.3f.",
                    job->comparison->measures.at[0].name, before, after);
    }
}

static void verdict_settle_preference(verdict_job *job) {
    if (job->comparison->options.prefer != PAL_PREFER_COST) return;
    const pal_row *cheaper = verdict_cheaper(job);
    if (!cheaper) return;
    verdict_say(
        job, "Use %s%s: it is cheaper than %s, the most accurate, and loses at the most %.1f %%.",
        cheaper->name, verdict_placement(job), job->winner->name,
        100 * fmax(0, cheaper->difference.high) / job->winner->test.mean[0]);
    job->out->known = cheaper->name;
}

void pal_verdict_make(const pal_comparison *comparison, int32_t table_number, pal_verdict *out) {
    const pal_table *table = &comparison->tables[table_number];
    *out = (pal_verdict){0};
    verdict_job job = {
        .comparison = comparison, .table = table, .out = out, .baseline = verdict_baseline(table)};
    if (table->winner_known < 0) {
        verdict_say(&job, "No model can be recommended: none finished within the limits.");
        return;
    }
    job.winner = &table->rows[table->winner_known];
    job.strangers = table->winner_strangers >= 0 ? &table->rows[table->winner_strangers] : NULL;
    out->known = job.winner->name;
    if (table->test.n_users < VERDICT_USERS_MIN) {
        verdict_say(&job, "Too little data to tell: only %d users have something in the test.",
                    table->test.n_users);
    }
    verdict_settle_preference(&job);
    if (out->known == job.winner->name) verdict_recommend(&job);
    verdict_gain(&job);
    verdict_ties(&job);
    verdict_strangers(&job);
    verdict_ceiling(&job);
    verdict_stale(&job);
    if (out->n_lines < PAL_VERDICT_LINES - 1) verdict_cost(&job);
    verdict_say(&job,
                "Next: palate recommend model.palate --user %s, with the model that stands beside "
                "the report.",
                table->test.n_users ? pal_ids_at(&comparison->split.user_ids, table->test.users[0])
                                    : "ID");
}
