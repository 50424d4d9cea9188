/* ctx.c - error sentences and notices. */
#include "base/ctx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A sentence may quote a file's content: what is not printable UTF-8 must not reach a terminal. */
static void ctx_make_printable(char *sentence) {
    size_t n = strlen(sentence);
    for (size_t i = 0; i < n;) {
        size_t valid = pal_utf8_valid_prefix(sentence + i, n - i);
        for (size_t end = i + valid; i < end; i++) {
            bool is_c1 = sentence[i] == '\xC2' && (unsigned char)sentence[i + 1] < 0xA0;
            if ((unsigned char)sentence[i] < 0x20 || sentence[i] == 0x7f || is_c1)
                sentence[i] = '?';
            if (is_c1) sentence[++i] = '?';
        }
        if (i < n) sentence[i++] = '?';
    }
}

pal_status pal_fail(pal_ctx *ctx, pal_status status, const char *format, ...) {
    /* Not written in place: the arguments may quote the sentence before. */
    char sentence[PAL_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    ctx_make_printable(sentence);
    memcpy(ctx->error, sentence, strlen(sentence) + 1);
    return status;
}

pal_status pal_fail_memory(pal_ctx *ctx, const char *what, double bytes) {
    pal_text size = {0}, limit = {0};
    pal_text_add_size(&size, bytes);
    if (ctx->memory_limit > 0 && bytes > (double)ctx->memory_limit)
        pal_text_add_size(&limit, (double)ctx->memory_limit);
    if (limit.bytes)
        pal_fail(ctx, PAL_ENOMEM,
                 "%s needs %s, over the limit of %s: use a smaller log or raise --memory", what,
                 size.bytes ? size.bytes : "more", limit.bytes);
    else
        pal_fail(ctx, PAL_ENOMEM,
                 "%s needs %s, which is more memory than there is: use a smaller log", what,
                 size.bytes ? size.bytes : "more");
    pal_text_release(&size);
    pal_text_release(&limit);
    return PAL_ENOMEM;
}

pal_status pal_fail_name(pal_ctx *ctx, const char *what, const char *name, const char *const *names,
                         int32_t n) {
    const char *nearest = pal_nearest_name(name, names, n);
    if (nearest) {
        return pal_fail(ctx, PAL_EUSAGE, "there is no %s '%s'; did you mean %s?", what, name,
                        nearest);
    }
    pal_text list = {0};
    for (int32_t i = 0; i < n; i++) pal_text_addf(&list, i ? ", %s" : "%s", names[i]);
    pal_fail(ctx, PAL_EUSAGE, "there is no %s '%s'; there are %s", what, name,
             list.bytes ? list.bytes : "none");
    pal_text_release(&list);
    return PAL_EUSAGE;
}

static void ctx_note(pal_ctx *ctx, pal_notice_type type, bool is_once, const char *format,
                     va_list arguments) {
    enum { TOLD = sizeof ctx->told / sizeof *ctx->told };
    char line[4096];
    vsnprintf(line, sizeof line, format, arguments);
    ctx_make_printable(line);
    if (is_once) {
        uint64_t hash = 1469598103934665603u; /* FNV-1a */
        for (const char *c = line; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
        for (int32_t i = 0; i < ctx->n_told && i < TOLD; i++) {
            if (ctx->told[i] == hash) return;
        }
        ctx->told[ctx->n_told++ % TOLD] = hash;
    }
    ctx->notice(ctx->notice_arg, type, line);
}

void pal_note(pal_ctx *ctx, pal_notice_type type, const char *format, ...) {
    if (!ctx->notice) return;
    va_list arguments;
    va_start(arguments, format);
    ctx_note(ctx, type, false, format, arguments);
    va_end(arguments);
}

void pal_note_once(pal_ctx *ctx, pal_notice_type type, const char *format, ...) {
    if (!ctx->notice) return;
    va_list arguments;
    va_start(arguments, format);
    ctx_note(ctx, type, true, format, arguments);
    va_end(arguments);
}

pal_status pal_check_cancelled(pal_ctx *ctx) {
    if (!atomic_load(&ctx->cancelled)) return PAL_OK;
    if (ctx->holds_cancel) {
        if (!ctx->has_told_hold)
            pal_note(ctx, PAL_NOTICE_INFO,
                     "stopping after this epoch, to keep it; interrupt again to stop at once");
        ctx->has_told_hold = true;
        return PAL_OK;
    }
    return pal_fail(ctx, PAL_ECANCELLED, "stopped on request");
}
