/* html_new.c - how models tell items apart that nobody had used. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "report/page.h"

void pal_page_new_items(const json_t *results, const json_t *task, pal_text *out) {
    pal_bar bars[PAL_PAGE_MODELS];
    int32_t n = 0;
    size_t index;
    json_t *model;
    const char *winner = pal_json_text_at(task, "new_items/winner", "");
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *alone = json_object_get(model, "new_alone");
        const char *spec = pal_json_text_at(model, "spec", "");
        if (!json_is_number(json_object_get(alone, "mean")) || n == PAL_PAGE_MODELS) continue;
        bars[n++] = (pal_bar){.label = spec,
                              .mean = pal_json_number_at(alone, "mean", NAN),
                              .low = pal_json_number_at(alone, "low", NAN),
                              .high = pal_json_number_at(alone, "high", NAN),
                              .is_marked = !strcmp(spec, winner)};
    }
    if (n == 0) return;
    pal_text_add(out, "<h2 id=\"new-items\">Items that nobody had used</h2><div class=\"card "
                      "beside\">");
    pal_chart_bars("New items, these alone listed", bars, n, out);
    pal_text_add(out, "<p class=\"soft small\">");
    pal_page_text(results, "protocol/metric", out);
    pal_text_add(out, " for the ");
    pal_page_count(task, "new_items/n_users", out);
    pal_text_add(out, " test users who used items without a training event, when these alone are "
                      "listed. Whether such items are listed among all others says the slice \"new "
                      "items\". Kinds that know items by ids alone cannot score them.</p></div>\n");
}
