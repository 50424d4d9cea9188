/* ranking.c - metrics of one list against what was relevant, as trec_eval defines them; _cap and
 * _fixed are other people's variants. */
#include <math.h>

#include "eval/metrics/metrics.h"

static int32_t ranking_length(const pal_judged *list, int32_t k) {
    return list->n < k ? list->n : k;
}
static int32_t ranking_smaller(int32_t a, int32_t b) { return a < b ? a : b; }

static int32_t ranking_hits(const pal_judged *list, int32_t k) {
    int32_t hits = 0;
    for (int32_t i = 0; i < ranking_length(list, k); i++) hits += list->hits[i];
    return hits;
}

static double ranking_dcg(const pal_judged *list, int32_t k) {
    double sum = 0;
    for (int32_t i = 0; i < ranking_length(list, k); i++)
        sum += list->hits[i] ? 1 / log2(i + 2.0) : 0;
    return sum;
}

static double ranking_ideal(int32_t n) {
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += 1 / log2(i + 2.0);
    return sum;
}

static double ranking_precision_sum(const pal_judged *list, int32_t k) {
    double sum = 0;
    int32_t hits = 0;
    for (int32_t i = 0; i < ranking_length(list, k); i++) {
        hits += list->hits[i];
        if (list->hits[i]) sum += hits / (i + 1.0);
    }
    return sum;
}

static double ranking_ndcg(const pal_judged *list, int32_t k) {
    return ranking_dcg(list, k) / ranking_ideal(ranking_smaller(k, list->n_relevant));
}
static double ranking_ndcg_fixed(const pal_judged *list, int32_t k) {
    return ranking_dcg(list, k) / ranking_ideal(k);
}
static double ranking_recall(const pal_judged *list, int32_t k) {
    return (double)ranking_hits(list, k) / list->n_relevant;
}
static double ranking_recall_cap(const pal_judged *list, int32_t k) {
    return (double)ranking_hits(list, k) / ranking_smaller(k, list->n_relevant);
}
static double ranking_precision(const pal_judged *list, int32_t k) {
    return (double)ranking_hits(list, k) / k;
}
static double ranking_map(const pal_judged *list, int32_t k) {
    return ranking_precision_sum(list, k) / list->n_relevant;
}
static double ranking_map_cap(const pal_judged *list, int32_t k) {
    return ranking_precision_sum(list, k) / ranking_smaller(k, list->n_relevant);
}
static double ranking_mrr(const pal_judged *list, int32_t k) {
    for (int32_t i = 0; i < ranking_length(list, k); i++) {
        if (list->hits[i]) return 1 / (i + 1.0);
    }
    return 0;
}
static double ranking_value(const pal_judged *list, int32_t k) {
    double sum = 0;
    for (int32_t i = 0; list->gains && i < ranking_length(list, k); i++) sum += list->gains[i];
    return sum;
}
static double ranking_hit(const pal_judged *list, int32_t k) { return ranking_hits(list, k) > 0; }

const pal_metric pal_metric_ndcg = {
    .name = "ndcg",
    .summary = "how near the top the relevant items stand; 1 is the best possible order",
    .formula =
        "Σ_{i ≤ k} rel_i / log2(i + 1), divided by the same sum for min(k, |R|) hits at the top",
    .larger_is_better = true,
    .of_list = ranking_ndcg,
};
const pal_metric pal_metric_recall = {
    .name = "recall",
    .summary = "share of the relevant items that the list holds",
    .formula = "h / |R|",
    .larger_is_better = true,
    .of_list = ranking_recall,
};
const pal_metric pal_metric_precision = {
    .name = "precision",
    .summary = "share of the list that is relevant",
    .formula = "h / k",
    .larger_is_better = true,
    .of_list = ranking_precision,
};
const pal_metric pal_metric_map = {
    .name = "map",
    .summary = "mean precision at the places of the hits",
    .formula = "Σ_{i ≤ k} rel_i P@i / |R|",
    .larger_is_better = true,
    .of_list = ranking_map,
};
const pal_metric pal_metric_mrr = {
    .name = "mrr",
    .summary = "one over the place of the first hit",
    .formula = "1 / rank of the first hit, 0 without one",
    .larger_is_better = true,
    .of_list = ranking_mrr,
};
const pal_metric pal_metric_hit = {
    .name = "hit",
    .summary = "share of lists with a hit",
    .formula = "1 if h > 0",
    .larger_is_better = true,
    .of_list = ranking_hit,
};
const pal_metric pal_metric_recall_cap = {
    .name = "recall_cap",
    .summary = "recall that a short list can bring to 1",
    .formula = "h / min(k, |R|)",
    .larger_is_better = true,
    .of_list = ranking_recall_cap,
};
const pal_metric pal_metric_map_cap = {
    .name = "map_cap",
    .summary = "map that a short list can bring to 1",
    .formula = "Σ_{i ≤ k} rel_i P@i / min(k, |R|)",
    .larger_is_better = true,
    .of_list = ranking_map_cap,
};
const pal_metric pal_metric_ndcg_fixed = {
    .name = "ndcg_fixed",
    .summary = "ndcg against k hits for everybody",
    .formula = "Σ_{i ≤ k} rel_i / log2(i + 1) / Σ_{i ≤ k} 1 / log2(i + 1)",
    .larger_is_better = true,
    .of_list = ranking_ndcg_fixed,
};
const pal_metric pal_metric_value = {
    .name = "value",
    .summary = "what the hits are worth, by --gain: only there when asked",
    .formula = "Σ_{i ≤ k} rel_i g_i, g the item's price or margin, or the event's value",
    .larger_is_better = true,
    .needs_gains = true,
    .of_list = ranking_value,
};
