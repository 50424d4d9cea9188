/* size.c - how large a model is: bytes of its tensors, numbers that it learned. */
#include "models/train.h"

int64_t pal_tensor_numbers(const pal_tensor *tensor) {
    int64_t n = 1;
    for (int32_t d = 0; d < tensor->n_dims; d++) n *= tensor->dims[d];
    return n;
}

int64_t pal_tensor_bytes(const pal_tensor *tensor) {
    int64_t n = pal_tensor_numbers(tensor);
    pal_precision precision = tensor->small ? tensor->small->precision : PAL_PRECISION_FLOAT32;
    if (precision == PAL_PRECISION_FLOAT32) return n * (int64_t)pal_dtype_size(tensor->dtype);
    int64_t n_scales = precision == PAL_PRECISION_INT8 ? tensor->dims[0] : 0;
    return n * (int64_t)pal_precision_size(precision) + n_scales * (int64_t)sizeof(float);
}

int64_t pal_model_state_bytes(const pal_model *model) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    int64_t bytes = 0;
    for (int32_t i = 0; i < n; i++) bytes += pal_tensor_bytes(&tensors[i]);
    int32_t n_parts;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t i = 0; i < n_parts; i++) bytes += pal_model_state_bytes(parts[i]);
    return bytes;
}

int64_t pal_model_parameters(const pal_model *model) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    int64_t numbers = 0;
    for (int32_t i = 0; i < n; i++) {
        bool is_real = tensors[i].dtype == PAL_F32 || tensors[i].dtype == PAL_F64;
        if (is_real) numbers += pal_tensor_numbers(&tensors[i]);
    }
    int32_t n_parts;
    pal_model **parts = pal_model_parts(model, &n_parts);
    for (int32_t i = 0; i < n_parts; i++) numbers += pal_model_parameters(parts[i]);
    return numbers;
}
