/* inspect_scenario.c - which preset a log looks like, by the names that its types and columns have;
 * and what the catalog gives away. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/inspect.h"
#include "data/scenario.h"

/* --- the nearest scenario --- */

typedef struct {
    const char *scenario;
    const char *columns; /* of items: words that a name may hold, between commas */
    const char *values;  /* of the value column */
    const char *ids;     /* of the columns of users and items */
} nearest_words;

static const nearest_words nearest_table[] = {
    {"ecommerce", "brand,price,department,manufacturer,package,product,stock,size,colour,color",
     "quantity,price,amount,revenue,sales,qty", "product,sku,asin,household,basket,customer"},
    {"social", "author,hashtag,follower,posted,language", "likes,shares",
     "post,tweet,author,friend,follower,photo"},
    {"video", "genre,director,actor,episode,season,duration,runtime",
     "watch,play,progress,duration", "movie,film,video,show,episode"},
    {"news", "abstract,headline,publisher,section,body,entities", "dwell,scroll",
     "news,article,story"},
};
enum { NEAREST_ROWS = sizeof nearest_table / sizeof *nearest_table };

/* Whether the name holds one of the words. */
static bool nearest_holds(const char *name, const char *words) {
    for (const char *word = words; *word;) {
        char one[PAL_NAME_MAX];
        size_t n = strcspn(word, ",");
        memcpy(one, word, n);
        one[n] = '\0';
        if (strcasestr(name, one)) return true;
        word += n + (word[n] == ',');
    }
    return false;
}

static void nearest_say(pal_text *why, const char *what, const char *name) {
    pal_text_addf(why, "%s%s %s", why->length ? "; " : "", what, name);
}

/* A type that is a goal says most; one that is only known to it is known to others as well. */
static double nearest_types(const pal_data *data, const pal_inspection *found,
                            const pal_scenario *scenario, pal_text *why) {
    const pal_log_about *about = &data->parts[0].about;
    double points = 0;
    for (int32_t t = 0; t < about->n_types; t++) {
        const pal_scenario_type *type = pal_scenario_find_type(scenario, about->type_names[t]);
        if (!type || found->type_events[t] == 0) continue;
        points += type->goal ? 2 : 0.75;
        nearest_say(why, "events", about->type_names[t]);
    }
    return points;
}

static double nearest_columns(const pal_data *data, const nearest_words *words, pal_text *why) {
    const pal_catalog *catalog = &data->catalog;
    double points = 0;
    for (int32_t c = 0; catalog->ids.n && c < catalog->n_columns; c++) {
        if (!nearest_holds(catalog->columns[c].name, words->columns)) continue;
        points++;
        if (points <= 3) nearest_say(why, "items with", catalog->columns[c].name);
    }
    return points;
}

static double nearest_ids(const pal_data *data, const nearest_words *words, pal_text *why) {
    const pal_log *log = &data->parts[0];
    double points = 0;
    /* "user=… item=… value=…" */
    for (const char *at = data->columns; *at;) {
        size_t n = strcspn(at, " ");
        char name[PAL_NAME_MAX];
        const char *equals = memchr(at, '=', n);
        bool is_id = !strncmp(at, "user=", 5) || !strncmp(at, "item=", 5);
        if (is_id && equals && n - (size_t)(equals - at) <= sizeof name) {
            size_t length = n - (size_t)(equals - at) - 1;
            memcpy(name, equals + 1, length);
            name[length] = '\0';
            if (nearest_holds(name, words->ids)) {
                points++;
                nearest_say(why, "ids called", name);
            }
        }
        at += n + (at[n] == ' ');
    }
    if (log->values && *log->about.value_name &&
        nearest_holds(log->about.value_name, words->values)) {
        points++;
        nearest_say(why, "values called", log->about.value_name);
    }
    return points;
}

static double nearest_score(const pal_data *data, const pal_inspection *found, int32_t row,
                            pal_text *why) {
    const nearest_words *words = &nearest_table[row];
    double points = nearest_types(data, found, &pal_scenarios[row], why) +
                    nearest_columns(data, words, why) + nearest_ids(data, words, why);
    if (data->parts[0].about.values_are_ratings && !strcmp(words->scenario, "video")) {
        points += 0.75;
        nearest_say(why, "values that are", "ratings");
    }
    bool ages = found->has_times && found->median_item_days > 0 && found->median_item_days < 4;
    if (ages && !strcmp(words->scenario, "news")) {
        points += 1;
        pal_text_addf(why, "%sitems used for %.1f days", why->length ? "; " : "",
                      found->median_item_days);
    }
    return points;
}

const char *pal_inspect_nearest(const pal_data *data, const pal_inspection *found, pal_text *why) {
    static const double enough = 1.5;
    int32_t best = -1;
    double most = 0;
    for (int32_t row = 0; row < NEAREST_ROWS; row++) {
        pal_text said = {0};
        double points = nearest_score(data, found, row, &said);
        if (points >= enough && points > most) {
            most = points;
            best = row;
            pal_text_release(why);
            *why = said;
        } else {
            pal_text_release(&said);
        }
    }
    return best < 0 ? NULL : pal_scenarios[best].name;
}

/* --- what the catalog gives away --- */

typedef struct { /* of pairs (x, y) */
    double n, x, y, xx, yy, xy;
} leak_sums;

static void leak_add(leak_sums *sums, double x, double y) {
    sums->n++;
    sums->x += x, sums->y += y;
    sums->xx += x * x, sums->yy += y * y, sums->xy += x * y;
}

/* Pearson's correlation; 0 for a few pairs, or where one side hardly varies. */
static double leak_correlation(const leak_sums *s) {
    enum { ENOUGH = 20 };
    double of_x = s->n * s->xx - s->x * s->x, of_y = s->n * s->yy - s->y * s->y;
    bool varies = of_x > 1e-9 * s->n * s->xx && of_y > 1e-9 * s->n * s->yy;
    return s->n < ENOUGH || !varies ? 0 : (s->n * s->xy - s->x * s->y) / sqrt(of_x * of_y);
}

static void leak_column(const pal_data *data, const double *counts, const double *values,
                        const pal_column *column, pal_text *sentence) {
    static const double alike = 0.98;
    leak_sums by_count = {0}, by_value = {0};
    for (int32_t i = 0; i < data->item_ids.n; i++) {
        const char *id = pal_ids_at(&data->item_ids, i);
        int32_t row = counts[i] > 0 ? pal_ids_find(&data->catalog.ids, id, strlen(id)) : -1;
        const char *cell = row < 0 ? "" : column->cells[row];
        double number;
        if (!pal_parse_double(cell, cell + strlen(cell), &number)) continue;
        leak_add(&by_count, number, counts[i]);
        /* That a price is a price is no leak; that a mean rating is the mean rating is one. */
        if (data->parts[0].about.values_are_ratings)
            leak_add(&by_value, number, values[i] / counts[i]);
    }
    double of_count = leak_correlation(&by_count), of_value = leak_correlation(&by_value);
    bool is_value = fabs(of_value) > fabs(of_count);
    if (fmax(fabs(of_count), fabs(of_value)) < alike) return;
    pal_text_addf(sentence,
                  "the items' column %s follows %s (correlation %.2f), as if it were counted from "
                  "the events that are to be foretold: leave it out of the file of items",
                  column->name,
                  is_value ? "the mean value of an item's events" : "how many events an item has",
                  is_value ? of_value : of_count);
}

void pal_inspect_catalog(const pal_data *data, pal_text *sentence) {
    const pal_log *log = &data->parts[0];
    if (!data->catalog.ids.n || log->n_items > data->item_ids.n) return;
    double *counts = calloc((size_t)data->item_ids.n + 1, sizeof *counts),
           *values = calloc((size_t)data->item_ids.n + 1, sizeof *values);
    for (int64_t e = 0; counts && values && e < log->n_events; e++) {
        counts[log->items[e]]++;
        values[log->items[e]] += log->values ? (double)log->values[e] : 0;
    }
    for (int32_t c = 0; counts && values && c < data->catalog.n_columns && !sentence->length; c++)
        leak_column(data, counts, values, &data->catalog.columns[c], sentence);
    sentence->failed |= !counts || !values;
    free(counts);
    free(values);
}

void pal_inspect_tell_match(pal_ctx *ctx, const pal_data *data) {
    const pal_ids *ids = &data->item_ids;
    if (!data->catalog.ids.n || ids->n == 0 || data->world) return;
    int32_t n = 0;
    for (int32_t i = 0; i < ids->n; i++) {
        const char *id = pal_ids_at(ids, i);
        n += pal_ids_find(&data->catalog.ids, id, strlen(id)) >= 0;
    }
    bool is_few = 2.0 * n < ids->n;
    pal_note(ctx, is_few ? PAL_NOTICE_WARNING : PAL_NOTICE_INFO,
             "catalog: it describes %d of the log's %d items (%.0f %%)%s", n, ids->n,
             100.0 * n / ids->n,
             is_few ? "; are ids written alike in both? palate inspect shows them" : "");
}
