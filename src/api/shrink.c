/* shrink.c - a model whose rows of users and items take half or a quarter of the bytes. */
#include <stdlib.h>

#include "api/api.h"
#include "models/train.h"

const pal_param pal_shrink_params[] = {
    {.name = "precision",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(pal_shrink_options, precision),
     .choices = pal_precision_names,
     .help = "how the model keeps the rows of numbers of users and items: float32, bf16 (half of "
             "the bytes) or int8 (a quarter, with a scale for each row)"},
    {0},
};

pal_status pal_model_shrink(pal_ctx *ctx, const pal_model *model, const char *options,
                            pal_model **out) {
    TRY(pal_verb_start(ctx));
    pal_arena scratch = {0};
    pal_shrink_options values;
    pal_status status =
        pal_params_parse(ctx, "shrink", pal_shrink_params, &values, &scratch, options);
    if (status == PAL_OK)
        status = pal_model_shrink_to(ctx, model, (pal_precision)values.precision, out);
    pal_arena_release(&scratch);
    return status;
}
