/* html_flow.c - one picture a kind: which data feeds which representation, and how scores come out.
 */
#include "base/json.h"
#include "report/page.h"

void pal_page_flows(const json_t *task, pal_text *out) {
    bool opened = false;
    size_t index, at;
    json_t *model, *box;
    json_array_foreach(json_object_get(task, "models"), index, model) {
        const json_t *flow = json_object_get(model, "flow");
        pal_box boxes[PAL_FLOW_BOXES];
        int32_t n = 0;
        json_array_foreach(flow, at, box) {
            if (n == PAL_FLOW_BOXES) break;
            boxes[n++] =
                (pal_box){pal_json_text_at(box, "name", ""), pal_json_text_at(box, "text", "")};
        }
        if (n == 0) continue;
        if (!opened)
            pal_text_add(out, "<h2 id=\"flows\">From the log to a list</h2><div class=\"card\">");
        opened = true;
        pal_text_add(out, "<h3>");
        pal_page_text(model, "spec", out);
        pal_text_add(out, " <span class=\"soft small\">");
        pal_page_text(model, "family", out);
        pal_text_add(out, "</span></h3>");
        pal_chart_flow(pal_json_text_at(model, "spec", ""), boxes, n, out);
    }
    if (opened) pal_text_add(out, "</div>\n");
}
