/* fuzz_formats.c - JSON lines, adjacency lines and MIND: what is read keeps the promises of a log,
 * and a line of JSON means what jansson says it means. The first byte chooses the options. */
#include <jansson.h>
#include <stdio.h>

#include "data/formats/jsonl_scan.h"
#include "fuzz.h"
#include "fuzz_log.h"

static const char *const fuzz_options[] = {
    "format=jsonl", "format=jsonl columns=user=a,item=b", "format=adjacency", "format=mind", "",
};

enum { MEMBERS_MAX = 64, TEXT_MAX = 4096 };

typedef struct {
    pal_jsonl_value key, value;
} fuzz_member;

/* Only plain characters, short numbers and no nesting: here the two must agree on refusing, too. */
static bool fuzz_is_plain(const fuzz_member *member) {
    const pal_jsonl_value *both[] = {&member->key, &member->value};
    for (int i = 0; i < 2; i++) {
        if (both[i]->type == PAL_JSONL_NESTED) return false;
        if (both[i]->type == PAL_JSONL_NUMBER && both[i]->end - both[i]->begin > 15) return false;
        for (const char *c = both[i]->begin; c < both[i]->end; c++) {
            if (*c < 0x20 || *c == '\\' ||
                ((*c | 0x20) == 'e' && both[i]->type == PAL_JSONL_NUMBER))
                return false;
        }
    }
    return true;
}

static void fuzz_check_value(const pal_jsonl_value *value, const json_t *expected) {
    char text[TEXT_MAX + 1];
    size_t length = (size_t)(value->end - value->begin);
    if (length > TEXT_MAX) return;
    memcpy(text, value->begin, length);
    text[length] = '\0';
    if (value->type == PAL_JSONL_TEXT) {
        ptrdiff_t n = pal_jsonl_decode(value, text, TEXT_MAX);
        fuzz_check(json_is_string(expected) && n == (ptrdiff_t)json_string_length(expected) &&
                   !memcmp(text, json_string_value(expected), (size_t)n));
    } else if (value->type == PAL_JSONL_NUMBER) {
        fuzz_check(json_is_number(expected) && json_number_value(expected) == strtod(text, NULL));
    } else if (value->type == PAL_JSONL_WORD) {
        fuzz_check(!strcmp(text, json_is_null(expected)    ? "null"
                                 : json_is_true(expected)  ? "true"
                                 : json_is_false(expected) ? "false"
                                                           : ""));
    } else {
        fuzz_check(*text == '{' ? json_is_object(expected) : json_is_array(expected));
    }
}

/* The last member of each name is the one that counts. */
static void fuzz_check_members(const fuzz_member *members, int32_t n, const json_t *object) {
    static char keys[MEMBERS_MAX][TEXT_MAX + 1];
    for (int32_t i = 0; i < n; i++) {
        ptrdiff_t length = pal_jsonl_decode(&members[i].key, keys[i], TEXT_MAX);
        fuzz_check(length >= 0);
        if (length == TEXT_MAX) return;
        keys[i][length] = '\0';
    }
    for (int32_t i = 0; i < n; i++) {
        bool is_last = true;
        for (int32_t j = i + 1; j < n; j++) is_last &= strcmp(keys[i], keys[j]) != 0;
        const json_t *expected = json_object_get(object, keys[i]);
        fuzz_check(expected != NULL);
        if (is_last) fuzz_check_value(&members[i].value, expected);
    }
}

static void fuzz_scan(const char *line, size_t n) {
    fuzz_member members[MEMBERS_MAX];
    int32_t n_members = 0;
    bool is_plain = true;
    pal_jsonl_cursor cursor = {.at = line, .end = line + n};
    pal_jsonl_result result;
    for (fuzz_member member;
         (result = pal_jsonl_next(&cursor, &member.key, &member.value)) == PAL_JSONL_MEMBER;) {
        is_plain &= fuzz_is_plain(&member);
        if (n_members < MEMBERS_MAX) members[n_members] = member;
        n_members++;
    }
    fuzz_check(cursor.at <= cursor.end && (result == PAL_JSONL_END) == !cursor.wrong);
    /* jansson overlooks a NUL byte behind a number or word, where JSON allows none. */
    if (memchr(line, '\0', n)) return;
    json_error_t error;
    json_t *object = json_loadb(line, n, JSON_ALLOW_NUL, &error);
    if (json_is_object(object)) {
        fuzz_check(result == PAL_JSONL_END);
        if (n_members <= MEMBERS_MAX) fuzz_check_members(members, n_members, object);
    } else {
        fuzz_check(result == PAL_JSONL_WRONG || !is_plain);
    }
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    if (n == 0) return 0;
    size_t choice = bytes[0] % (sizeof fuzz_options / sizeof *fuzz_options);
    /* The end of the copy is the end of its allocation. */
    char *copy = malloc(n > 1 ? n - 1 : 1);
    if (!copy) return 0;
    memcpy(copy, bytes + 1, n - 1);
    pal_bytes log = {.bytes = copy, .length = n - 1};
    const char *line_end = memchr(copy, '\n', n - 1);
    fuzz_scan(copy, line_end ? (size_t)(line_end - copy) : n - 1);
    uint64_t strict = fuzz_read(&log, fuzz_options[choice], "");
    uint64_t tolerant = fuzz_read(&log, fuzz_options[choice], "bad_lines=skip");
    fuzz_check(!strict || strict == tolerant);
    free(copy);
    return 0;
}
