/* document.h - parts of the results document that need more than the comparison's numbers. */
#ifndef PAL_REPORT_DOCUMENT_H
#define PAL_REPORT_DOCUMENT_H

#include <jansson.h>

#include "choose/compare.h"

/* [{name, text}, …]: what data becomes which representations and how scores come out, from the
 * kind's descriptor and the model's tensors. */
json_t *pal_document_flow(const pal_comparison *comparison, const pal_model *model);

/* Values of a sample of users and items beside those that the best row which predicts values gives
 * them; NULL when no row does. */
pal_status pal_document_values(pal_ctx *ctx, const pal_comparison *comparison, json_t **out);

#endif
