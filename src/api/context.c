/* context.c - opening and closing. */
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"

#define FIELD(name) offsetof(pal_ctx_options, name)
const pal_param pal_ctx_params[] = {
    {.name = "threads",
     .type = PAL_PARAM_INT,
     .offset = FIELD(threads),
     .initial = "0",
     .min = 0,
     .max = 256,
     .help = "threads to use; 0 is one a processor; results do not depend on it"},
    {.name = "memory",
     .type = PAL_PARAM_BYTES,
     .offset = FIELD(memory),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .value_name = "SIZE",
     .help = "limit for dense matrices and batches; 0 is half of the machine's memory"},
    {.name = "verbose",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(verbose),
     .help = "say more about what is done; of each training the share of the machine's peak, "
             "measured at that moment"},
    {0},
};
const pal_param pal_seed_params[] = {
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = FIELD(seed),
     .initial = "42",
     .min = 0,
     .max = 1e15,
     .help = "where all random choices start from"},
    {0},
};
#undef FIELD

static int64_t context_default_memory(void) {
    int64_t pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
    return pages > 0 && size > 0 ? pages / 2 * size : INT64_C(2) << 30;
}

static void context_init(pal_ctx_options *values) {
    pal_params_init(pal_ctx_params, values);
    pal_params_init(pal_seed_params, values);
}

pal_ctx *pal_open(const char *options) {
    pal_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx) return NULL;
    pal_ctx_options values;
    pal_arena scratch = {0};
    const pal_param_group groups[] = {{pal_ctx_params, &values}, {pal_seed_params, &values}, {0}};
    context_init(&values);
    ctx->open_status = pal_params_parse_tables(ctx, PAL_OWNER_COMMANDS, groups, &scratch, options);
    if (ctx->open_status != PAL_OK) context_init(&values);
    pal_arena_release(&scratch);
    ctx->pool = pal_pool_new((int32_t)values.threads);
    ctx->seed = (uint64_t)values.seed;
    ctx->memory_limit = values.memory > 0 ? values.memory : context_default_memory();
    ctx->verbose = values.verbose;
    if (ctx->pool) return ctx;
    free(ctx);
    return NULL;
}

void pal_close(pal_ctx *ctx) {
    if (!ctx) return;
    pal_pool_free(ctx->pool);
    free(ctx);
}

const char *pal_error(const pal_ctx *ctx) { return ctx->error; }

void pal_cancel(pal_ctx *ctx) { atomic_store(&ctx->cancelled, true); }

void pal_on_notice(pal_ctx *ctx, pal_notice_fn *fn, void *arg) {
    ctx->notice = fn;
    ctx->notice_arg = arg;
}

pal_status pal_verb_start(pal_ctx *ctx) {
    if (ctx->open_status != PAL_OK) return ctx->open_status; /* its sentence still stands */
    ctx->error[0] = '\0';
    ctx->n_told = 0;
    return pal_check_cancelled(ctx);
}

void pal_text_free(char *text) { free(text); }
