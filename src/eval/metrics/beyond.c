/* beyond.c - metrics of all lists together: how much of the catalog is shown, to whom, how alike.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "eval/metrics/metrics.h"

static int32_t beyond_length(const pal_lists *lists, int32_t query, int32_t k) {
    return lists->counts[query] < k ? lists->counts[query] : k;
}

static const int32_t *beyond_list(const pal_lists *lists, int32_t query) {
    return lists->items + (int64_t)query * lists->k;
}

/* A run of another system may list what is no candidate here: nobody's training knows it. */
static double beyond_popularity(const pal_shown *shown, int32_t item) {
    return item < shown->questions->n_candidates ? shown->popularity[item] : 0;
}

static int64_t beyond_n_users(const pal_csr *by_item, int32_t item) {
    return item < by_item->n_rows ? by_item->starts[item + 1] - by_item->starts[item] : 0;
}

/* How often each candidate is listed, or NULL without memory. */
static int64_t *beyond_exposures(const pal_shown *shown, int32_t k, pal_arena *scratch) {
    int32_t n = shown->questions->n_candidates;
    int64_t *exposures = PAL_ARENA_ARRAY(scratch, int64_t, n);
    for (int32_t q = 0; exposures && q < shown->lists->n; q++) {
        const int32_t *items = beyond_list(shown->lists, q);
        for (int32_t i = 0; i < beyond_length(shown->lists, q, k); i++) {
            if (items[i] < n) exposures[items[i]]++;
        }
    }
    return exposures;
}

static double beyond_coverage(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    pal_arena scratch = {0};
    int32_t first = shown->questions->first_candidate, n = shown->questions->n_candidates,
            listed = 0;
    const int64_t *exposures = beyond_exposures(shown, k, &scratch);
    for (int32_t i = first; exposures && i < n; i++) listed += exposures[i] > 0;
    double coverage = exposures ? (double)listed / (n - first) : NAN;
    pal_arena_release(&scratch);
    return coverage;
}

static int beyond_compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double beyond_gini(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    pal_arena scratch = {0};
    int32_t first = shown->questions->first_candidate, n = shown->questions->n_candidates - first;
    int64_t *all = beyond_exposures(shown, k, &scratch), *exposures = all ? all + first : NULL;
    double weighted = 0, total = 0;
    if (exposures) qsort(exposures, (size_t)n, sizeof *exposures, beyond_compare);
    for (int32_t i = 0; exposures && i < n; i++) {
        weighted += (2.0 * (i + 1) - n - 1) * (double)exposures[i];
        total += (double)exposures[i];
    }
    double gini = exposures && total > 0 ? weighted / (n * total) : NAN;
    pal_arena_release(&scratch);
    return gini;
}

static double beyond_novelty(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    double sum = 0;
    int64_t places = 0;
    for (int32_t q = 0; q < shown->lists->n; q++) {
        const int32_t *items = beyond_list(shown->lists, q);
        for (int32_t i = 0; i < beyond_length(shown->lists, q, k); i++) {
            double n = beyond_popularity(shown, items[i]);
            if (n <= 0) continue;
            sum -= log2(n / shown->n_training_users);
            places++;
        }
    }
    return places ? sum / (double)places : NAN;
}

static double beyond_popularity_lift(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    double listed = 0, used = 0;
    int64_t places = 0, users = 0;
    const pal_questions *questions = shown->questions;
    for (int32_t q = 0; q < shown->lists->n; q++) {
        const int32_t *items = beyond_list(shown->lists, q);
        for (int32_t i = 0; i < beyond_length(shown->lists, q, k); i++, places++)
            listed += beyond_popularity(shown, items[i]);
        const pal_query *query = &questions->queries[q];
        double sum = 0;
        int32_t known = 0;
        for (int32_t e = 0; e < query->n_events; e++) {
            if (query->items[e] >= questions->n_candidates) continue;
            sum += shown->popularity[query->items[e]];
            known++;
        }
        if (known == 0) continue;
        used += sum / known;
        users++;
    }
    if (places == 0 || users == 0 || used <= 0) return NAN;
    return listed / (double)places / (used / (double)users) - 1;
}

/* Samples: lists whose pairs are looked at, pairs of items, pairs of lists. */
enum { BEYOND_LISTS = 500, BEYOND_ITEM_PAIRS = 200000, BEYOND_PAIRS = 10000 };

/* Sets the bits of each listed item's columns (training users, or categories): bits [length,
 * n_words]. */
static void beyond_set_columns(const pal_csr *by_item, const int32_t *items, int32_t length,
                               int64_t n_words, uint64_t *bits) {
    memset(bits, 0, (size_t)(length * n_words) * sizeof *bits);
    for (int32_t i = 0; i < length; i++) {
        if (items[i] >= by_item->n_rows) continue;
        for (int64_t e = by_item->starts[items[i]]; e < by_item->starts[items[i] + 1]; e++) {
            int32_t user = by_item->cols[e];
            bits[i * n_words + user / 64] |= (uint64_t)1 << user % 64;
        }
    }
}

/* Mean of 1 - cosine of the items' columns over the pairs of a list. */
static double beyond_list_diversity(const pal_csr *by_item, const int32_t *items, int32_t length,
                                    int64_t n_words, uint64_t *bits) {
    double apart = 0;
    beyond_set_columns(by_item, items, length, n_words, bits);
    for (int32_t i = 0; i < length; i++) {
        double n_i = (double)beyond_n_users(by_item, items[i]);
        for (int32_t j = i + 1; j < length; j++) {
            double n_j = (double)beyond_n_users(by_item, items[j]);
            int64_t both = 0;
            for (int64_t w = 0; w < n_words; w++) {
                both += __builtin_popcountll(bits[i * n_words + w] & bits[j * n_words + w]);
            }
            apart += 1 - (n_i > 0 && n_j > 0 ? (double)both / sqrt(n_i * n_j) : 0);
        }
    }
    return apart / (length * (length - 1) / 2.0);
}

static double beyond_diversity(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    const pal_csr *categories = &shown->questions->categories,
                  *by_item = categories->n_cols > 0 ? categories : shown->by_item;
    if (!by_item || k < 2) return NAN;
    pal_arena scratch = {0};
    int64_t n_words = ((int64_t)by_item->n_cols + 63) / 64;
    uint64_t *bits = PAL_ARENA_ARRAY(&scratch, uint64_t, k * n_words);
    int32_t n_lists = 0, n = shown->lists->n, most = BEYOND_ITEM_PAIRS / (k * (k - 1) / 2) + 1;
    if (most > BEYOND_LISTS) most = BEYOND_LISTS;
    double sum = 0;
    if (most > n) most = n;
    for (int32_t i = 0; bits && i < most; i++) {
        int32_t q = (int32_t)((int64_t)i * n / most), length = beyond_length(shown->lists, q, k);
        if (length < 2) continue;
        sum += beyond_list_diversity(by_item, beyond_list(shown->lists, q), length, n_words, bits);
        n_lists++;
    }
    pal_arena_release(&scratch);
    return n_lists ? sum / n_lists : NAN;
}

static double beyond_overlap(const pal_lists *lists, int32_t a, int32_t b, int32_t k) {
    int32_t n_a = beyond_length(lists, a, k), n_b = beyond_length(lists, b, k), both = 0;
    const int32_t *x = beyond_list(lists, a), *y = beyond_list(lists, b);
    for (int32_t i = 0; i < n_a; i++) {
        for (int32_t j = 0; j < n_b; j++) both += x[i] == y[j];
    }
    return n_a + n_b > 0 ? (double)both / (n_a + n_b - both) : 1;
}

static double beyond_personalization(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    int64_t n = shown->lists->n, pairs = n * (n - 1) / 2;
    if (n < 2) return NAN;
    double sum = 0;
    if (pairs <= BEYOND_PAIRS) {
        for (int32_t a = 0; a < n; a++) {
            for (int32_t b = a + 1; b < n; b++) sum += beyond_overlap(shown->lists, a, b, k);
        }
        return 1 - sum / (double)pairs;
    }
    pal_rng rng = pal_rng_at(pal_seed_for(shown->seed, "personalization"), 0);
    for (int32_t i = 0; i < BEYOND_PAIRS; i++) {
        int32_t a = (int32_t)pal_rng_below(&rng, (uint32_t)n),
                b = (int32_t)pal_rng_below(&rng, (uint32_t)n - 1);
        sum += beyond_overlap(shown->lists, a, b + (b >= a), k);
    }
    return 1 - sum / BEYOND_PAIRS;
}

static double beyond_disliked(pal_ctx *ctx, const pal_shown *shown, int32_t k) {
    (void)ctx;
    const pal_questions *questions = shown->questions;
    if (!questions->judged) return NAN;
    int64_t judged = 0, disliked = 0;
    for (int32_t q = 0; q < shown->lists->n; q++) {
        const int32_t *items = beyond_list(shown->lists, q);
        int64_t begin = questions->judged_starts[q], end = questions->judged_starts[q + 1];
        for (int32_t i = 0; i < beyond_length(shown->lists, q, k); i++) {
            for (int64_t j = begin; j < end; j++) {
                if (questions->judged[j] != items[i]) continue;
                judged++;
                disliked += questions->disliked[j];
            }
        }
    }
    return judged ? (double)disliked / (double)judged : NAN;
}

const pal_metric pal_metric_disliked = {
    .name = "disliked",
    .summary = "share of the list places with a rating in the test whose rating is low",
    .formula =
        "places whose test value is in the lowest 40 % of the scale / places with a test value",
    .of_all = beyond_disliked,
};
const pal_metric pal_metric_coverage = {
    .name = "coverage",
    .summary = "share of the candidates that are in at least one list",
    .formula = "|∪ L_u| / |C|",
    .larger_is_better = true,
    .of_all = beyond_coverage,
};
const pal_metric pal_metric_gini = {
    .name = "gini",
    .summary = "how unevenly the candidates are shown; 0 is evenly",
    .formula = "Σ_i (2i - N - 1) x_i / (N Σ x), exposures x ascending over the N candidates",
    .of_all = beyond_gini,
};
const pal_metric pal_metric_novelty = {
    .name = "novelty",
    .summary = "bits of surprise of a list place",
    .formula = "mean over list places of -log2(n_i / n)",
    .larger_is_better = true,
    .of_all = beyond_novelty,
};
const pal_metric pal_metric_popularity_lift = {
    .name = "popularity_lift",
    .summary = "how much more popular the lists are than what people used",
    .formula = "mean n_i of list places / mean n_i of the histories - 1",
    .of_all = beyond_popularity_lift,
};
const pal_metric pal_metric_diversity = {
    .name = "diversity",
    .summary = "how different the items of a list are, looked at in at most 500 lists",
    .formula =
        "mean over lists (at most 500, evenly spread) of the mean of 1 - cosine over pairs in the "
        "list; of the items' categories where the catalog has them, else of their training "
        "users",
    .larger_is_better = true,
    .of_all = beyond_diversity,
};
const pal_metric pal_metric_personalization = {
    .name = "personalization",
    .summary = "how different the lists of different people are",
    .formula = "1 - mean Jaccard overlap over pairs of lists (all, or 10,000 drawn)",
    .larger_is_better = true,
    .of_all = beyond_personalization,
};
