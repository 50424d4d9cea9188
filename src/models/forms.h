/* forms.h - the equations of mf, gmf and nn apart from how they are learned, so that the article's
 * case (choose/case.h) and tests run the very same ones as the kinds.
 *
 * params are the kind's, as pal_kind_parse gives them, and must outlive the form. */
#ifndef PAL_MODELS_FORMS_H
#define PAL_MODELS_FORMS_H

#include "models/pointwise.h"

pal_form pal_form_mf(const void *params);
pal_form pal_form_gmf(const void *params);
/* is_event: the last σ stands in the loss, and predictions are what goes into it. */
pal_form pal_form_nn(const void *params, bool is_event);

#endif
