/* report.c - a report in a folder: written after a comparison, drawn again from its document. */
#include "report/report.h"
#include "api/api.h"
#include "base/file.h"
#include "base/json.h"

static pal_status report_write(pal_ctx *ctx, pal_batch *files, const char *name,
                               const pal_text *text) {
    return text->failed ? pal_fail_memory(ctx, name, (double)text->length)
                        : pal_batch_write(ctx, files, name, text->bytes, text->length);
}

/* Whatever else a document lacks is left out of the report. */
static pal_status report_check(pal_ctx *ctx, const char *path, const json_t *results) {
    static const char *const needed[] = {"protocol", "data"};
    const json_t *tasks = json_object_get(results, "tasks");
    const char *lacks = json_is_array(tasks) && json_array_size(tasks) ? NULL : "tasks";
    for (int i = 0; i < 2; i++) {
        if (!json_is_object(json_object_get(results, needed[i]))) lacks = needed[i];
    }
    if (!lacks) return PAL_OK;
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s: is not what palate compare wrote: it has no \"%s\"; compare again, or "
                    "name the folder of -o",
                    path, lacks);
}

pal_status pal_report_draw(pal_ctx *ctx, const char *path, const char *bytes, size_t n,
                           pal_batch *files) {
    pal_text html = {0}, markdown = {0};
    json_t *results = NULL;
    TRY(pal_json_parse(ctx, path, bytes, n, &results));
    pal_status status = report_check(ctx, path, results);
    if (status == PAL_OK) status = pal_report_html(ctx, results, &html);
    if (status == PAL_OK) status = pal_report_markdown(ctx, results, &markdown);
    if (status == PAL_OK) status = report_write(ctx, files, "report.html", &html);
    if (status == PAL_OK) status = report_write(ctx, files, "report.md", &markdown);
    pal_text_release(&html);
    pal_text_release(&markdown);
    json_decref(results);
    return status;
}

pal_status pal_report_redraw(pal_ctx *ctx, const char *folder) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_bytes bytes = {0};
    pal_batch files = {0};
    const char *path = pal_path_join(&scratch, folder, "results.json");
    pal_status status = path ? PAL_OK : pal_fail_memory(ctx, "the report", 1e3);
    if (status == PAL_OK && !pal_path_exists(path))
        status = pal_fail(ctx, PAL_EIO,
                          "%s: cannot open: there is no such file; name a folder that palate "
                          "compare -o wrote",
                          path);
    if (status == PAL_OK) status = pal_file_load(ctx, path, &bytes);
    if (status == PAL_OK) status = pal_batch_open(ctx, folder, &files);
    if (status == PAL_OK) status = pal_report_draw(ctx, path, bytes.bytes, bytes.length, &files);
    if (status == PAL_OK) status = pal_batch_commit(ctx, &files);
    pal_batch_abort(&files);
    pal_bytes_release(&bytes);
    pal_arena_release(&scratch);
    return status;
}
