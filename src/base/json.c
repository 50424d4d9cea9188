/* json.c - jansson with our sentences. */
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/ctx.h"

pal_status pal_json_parse(pal_ctx *ctx, const char *what, const char *bytes, size_t n,
                          json_t **out) {
    json_error_t error;
    json_t *json = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return pal_fail(ctx, PAL_EFORMAT, "%s:%d: not valid JSON: %s", what, error.line,
                        error.text);
    *out = json;
    return PAL_OK;
}

json_t *pal_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *pal_json_text(const char *text) {
    if (!text) return json_null();
    size_t n = strlen(text);
    if (pal_utf8_valid_prefix(text, n) == n) return json_stringn_nocheck(text, n);
    pal_text mended = {0};
    for (size_t i = 0; i < n;) {
        size_t valid = pal_utf8_valid_prefix(text + i, n - i);
        pal_text_add_bytes(&mended, text + i, valid);
        i += valid;
        if (i < n) {
            pal_text_add(&mended, "\xEF\xBF\xBD");
            i++;
        }
    }
    json_t *json = mended.failed ? NULL : json_string_nocheck(mended.bytes);
    pal_text_release(&mended);
    return json;
}

static int json_add(const char *bytes, size_t n, void *text) {
    pal_text_add_bytes(text, bytes, n);
    return ((pal_text *)text)->failed ? -1 : 0;
}

void pal_json_print(const json_t *json, pal_text *out) {
    if (json_dump_callback(json, json_add, out,
                           JSON_INDENT(2) | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY)) {
        out->failed = true;
    }
    pal_text_add(out, "\n");
}

const json_t *pal_json_at(const json_t *json, const char *path) {
    while (json && *path) {
        size_t length = strcspn(path, "/");
        char key[128];
        if (length >= sizeof key) return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        if (json_is_array(json)) {
            int64_t index;
            if (!pal_parse_int64(key, key + length, &index) || index < 0) return NULL;
            json = json_array_get(json, (size_t)index);
        } else {
            json = json_object_get(json, key);
        }
        path += length;
        if (*path == '/') path++;
    }
    return json;
}

double pal_json_number_at(const json_t *json, const char *path, double fallback) {
    const json_t *at = pal_json_at(json, path);
    return json_is_number(at) ? json_number_value(at) : fallback;
}

const char *pal_json_text_at(const json_t *json, const char *path, const char *fallback) {
    const json_t *at = pal_json_at(json, path);
    return json_is_string(at) ? json_string_value(at) : fallback;
}
