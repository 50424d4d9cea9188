/* json.h - JSON trees are jansson's; this adds our error sentences and one way to print. */
#ifndef PAL_BASE_JSON_H
#define PAL_BASE_JSON_H

#include <jansson.h>

#include "base/text.h"
#include "palate.h"

/* Parses [bytes, bytes + n); `what` names the source in the sentence. Duplicate keys are refused.
 */
pal_status pal_json_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n,
                          json_t **out);

/* A number with 9 significant digits when printed, null when not finite. */
json_t *pal_json_real(double value);
/* A string; invalid UTF-8 is replaced by U+FFFD. NULL text gives null. */
json_t *pal_json_text(const char *text);

/* Two-space indent, keys in the order in which they were set, numbers with 9 significant digits,
 * final newline. */
void pal_json_print(const json_t *json, pal_text *out);

/* Numbers and texts at "a/b/c" below `json` (array elements by number); the fallback where there is
 * nothing of that type. */
const json_t *pal_json_at(const json_t *json, const char *path);
double pal_json_number_at(const json_t *json, const char *path, double fallback);
const char *pal_json_text_at(const json_t *json, const char *path, const char *fallback);

#endif
