/* html_ageing.c - how the winner's lists fare from the first day of the test to later ones. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "report/page.h"

static const json_t *ageing_winner(const json_t *task) {
    size_t index;
    json_t *model;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        if (pal_page_is(model, "winner")) return model;
    }
    return NULL;
}

/* The first part that certainly fell; else the last. */
static const json_t *ageing_part(const json_t *task) {
    const json_t *parts = json_object_get(task, "staleness");
    size_t index;
    json_t *part;
    json_array_foreach(parts, index, part) {
        if (pal_json_number_at(part, "fall/low", NAN) > 0) return part;
    }
    size_t n = json_array_size(parts);
    return n ? json_array_get(parts, n - 1) : NULL;
}

bool pal_page_ageing_sentence(const json_t *results, const json_t *task, pal_text *out) {
    const json_t *part = ageing_part(task), *winner = ageing_winner(task);
    double mean = pal_json_number_at(part, "fall/mean", NAN),
           low = pal_json_number_at(part, "fall/low", NAN),
           high = pal_json_number_at(part, "fall/high", NAN);
    if (!winner || !isfinite(mean) || !isfinite(low) || !isfinite(high)) return false;
    const char *metric = pal_json_text_at(results, "protocol/metric", ""),
               *spec = pal_json_text_at(winner, "spec", ""),
               *slice = pal_json_text_at(part, "slice", "");
    if (low > 0) {
        pal_text_addf(out,
                      "From day 1 of the test to %s %s of %s falls by %.3f (95 %% interval %.3f to "
                      "%.3f): a model that old needs to be trained again.",
                      slice, metric, spec, mean, low, high);
    } else if (high < 0) {
        pal_text_addf(out,
                      "From day 1 of the test to %s %s of %s rises by %.3f (95 %% interval %.3f to "
                      "%.3f): nothing says that it grows old.",
                      slice, metric, spec, -mean, -high, -low);
    } else {
        pal_text_addf(out,
                      "From day 1 of the test to %s %s of %s changes by %+.3f, but anything from "
                      "%+.3f to %+.3f fits too (95 %% interval): this test cannot tell whether it "
                      "grows old.",
                      slice, metric, spec, -mean, -high, -low);
    }
    return true;
}

void pal_page_ageing(const json_t *results, const json_t *task, pal_text *out) {
    pal_bar bars[8];
    int32_t n = 0;
    size_t index;
    json_t *slice;
    pal_text sentence = {0};
    if (pal_page_ageing_sentence(results, task, &sentence)) {
        json_array_foreach(json_object_get(ageing_winner(task), "slices"), index, slice) {
            if (n == 8 || strcmp(pal_json_text_at(slice, "group", ""), "age")) continue;
            bars[n++] = (pal_bar){.label = pal_json_text_at(slice, "name", ""),
                                  .mean = pal_json_number_at(slice, "interval/mean", NAN),
                                  .low = pal_json_number_at(slice, "interval/low", NAN),
                                  .high = pal_json_number_at(slice, "interval/high", NAN)};
        }
        pal_text_add(out, "<h2 id=\"ageing\">How long a model stays good</h2><p>");
        pal_text_add_html(out, sentence.bytes ? sentence.bytes : "");
        pal_text_add(out, "</p><div class=\"card beside\">");
        pal_chart_bars("The winner in each part of the test", bars, n, out);
        pal_text_add(out, "<p class=\"soft small\">");
        pal_page_text(results, "protocol/metric", out);
        pal_text_add(out, " of the winner, trained once before the test, by the time that had gone "
                          "by since, with 95 % intervals. The people of the parts are partly "
                          "others.</p></div>\n");
    }
    out->failed |= sentence.failed;
    pal_text_release(&sentence);
}
