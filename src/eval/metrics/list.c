/* list.c - the metrics there are, in the order of tables. The first is what models are chosen by.
 */
#include <stddef.h>

#include "base/text.h"
#include "eval/metrics/metrics.h"

const pal_metric *const pal_metrics[] = {
    &pal_metric_ndcg,
    &pal_metric_recall,
    &pal_metric_precision,
    &pal_metric_map,
    &pal_metric_mrr,
    &pal_metric_hit,
    &pal_metric_recall_cap,
    &pal_metric_map_cap,
    &pal_metric_ndcg_fixed,
    &pal_metric_value,
    &pal_metric_disliked,
    &pal_metric_coverage,
    &pal_metric_gini,
    &pal_metric_novelty,
    &pal_metric_popularity_lift,
    &pal_metric_diversity,
    &pal_metric_personalization,
    NULL,
};

const pal_metric *pal_metric_find(const char *name) {
    for (int32_t i = 0; pal_metrics[i]; i++) {
        if (pal_name_equal(pal_metrics[i]->name, name)) return pal_metrics[i];
    }
    return NULL;
}
