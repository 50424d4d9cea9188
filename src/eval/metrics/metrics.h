/* metrics.h - the descriptors that list.c names. */
#ifndef PAL_EVAL_METRICS_METRICS_H
#define PAL_EVAL_METRICS_METRICS_H

#include "eval/metric.h"

extern const pal_metric pal_metric_ndcg, pal_metric_recall, pal_metric_precision, pal_metric_map,
    pal_metric_mrr, pal_metric_hit, pal_metric_recall_cap, pal_metric_map_cap,
    pal_metric_ndcg_fixed, pal_metric_value, pal_metric_disliked, pal_metric_coverage,
    pal_metric_gini, pal_metric_novelty, pal_metric_popularity_lift, pal_metric_diversity,
    pal_metric_personalization;

#endif
