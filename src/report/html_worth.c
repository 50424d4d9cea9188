/* html_worth.c - what the hits of each model are worth, where --gain says it. */
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "report/page.h"

void pal_page_worth(const json_t *results, const json_t *task, pal_text *out) {
    pal_bar bars[PAL_PAGE_MODELS];
    int32_t n = 0, best = -1;
    size_t index;
    json_t *model;
    char name[40];
    const char *gain = pal_json_text_at(results, "protocol/gain", NULL);
    if (!gain) return;
    snprintf(name, sizeof name, "value@%lld",
             (long long)json_integer_value(json_array_get(pal_json_at(results, "protocol/k"), 0)));
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *value = json_object_get(json_object_get(model, "metrics"), name);
        if (!json_is_number(json_object_get(value, "mean")) || n == PAL_PAGE_MODELS) continue;
        bars[n] = (pal_bar){.label = pal_json_text_at(model, "spec", ""),
                            .mean = pal_json_number_at(value, "mean", NAN),
                            .low = pal_json_number_at(value, "low", NAN),
                            .high = pal_json_number_at(value, "high", NAN)};
        if (pal_page_has_role(model, "model") && (best < 0 || bars[n].mean > bars[best].mean))
            best = n;
        n++;
    }
    if (n == 0) return;
    if (best >= 0) bars[best].is_marked = true;
    pal_text_add(out, "<h2 id=\"worth\">What the hits are worth</h2><div class=\"card beside\">");
    pal_chart_bars("What the hits of each model are worth", bars, n, out);
    pal_text_add(out, "<p class=\"soft small\">");
    pal_text_add_html(out, name);
    pal_text_add(out, ": the sum of ");
    pal_text_add_html(out, gain);
    pal_text_add(out, " over the items of a list that the person then did use, on average over "
                      "people, with 95 % intervals. The winner is chosen by ");
    pal_page_text(results, "protocol/metric", out);
    pal_text_add(out, ", not by this.</p></div>\n");
}
