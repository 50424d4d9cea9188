/* npy.c - the header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3,
 * 2), }, behind a magic, a version and its length (NumPy's format documentation, NEP 1). */
#include "data/npy.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "base/text.h"

static const char npy_way_out[] = "write it with numpy.save(FILE, numpy.ascontiguousarray(vectors, "
                                  "dtype='float32'))";

typedef struct {
    const char *at, *end;
} npy_text;

static void npy_spaces(npy_text *text) {
    while (text->at < text->end && memchr(" \t\r\n", *text->at, 4)) text->at++;
}

/* Moves past `word` where it stands next. */
static bool npy_take(npy_text *text, const char *word) {
    size_t n = strlen(word);
    npy_spaces(text);
    if ((size_t)(text->end - text->at) < n || memcmp(text->at, word, n) != 0) return false;
    text->at += n;
    return true;
}

/* Stands behind "'key':". */
static bool npy_find_key(npy_text header, const char *key, npy_text *out) {
    size_t n = strlen(key);
    const char *found = memmem(header.at, (size_t)(header.end - header.at), key, n);
    if (!found) return false;
    *out = (npy_text){found + n, header.end};
    return npy_take(out, ":");
}

/* A whole number of at most 18 digits. */
static bool npy_number(npy_text *text, int64_t *out) {
    npy_spaces(text);
    const char *begin = text->at;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9') text->at++;
    return text->at - begin <= 18 && pal_parse_int64(begin, text->at, out);
}

/* "'<f4'", and what it says; the size is 0 for a type that is not read. */
static bool npy_type(npy_text *text, npy_text *name, int32_t *size) {
    static const char *const types[] = {"<f2", "<f4", "<f8"};
    *size = 0;
    npy_spaces(text);
    *name = *text;
    if (!npy_take(text, "'")) { /* a list of fields */
        const char *stop = memchr(text->at, ']', (size_t)(text->end - text->at));
        name->end = stop ? stop + 1 : text->end;
        return text->at < text->end && *text->at == '[';
    }
    const char *stop = memchr(text->at, '\'', (size_t)(text->end - text->at));
    if (!stop) return false;
    *name = (npy_text){text->at, stop};
    for (int32_t i = 0; i < 3; i++) {
        if (stop - text->at == 3 && !memcmp(text->at, types[i], 3)) *size = 2 << i;
    }
    text->at = stop + 1;
    return true;
}

static pal_status npy_fail(pal_ctx *ctx, const char *what, const char *why) {
    return pal_fail(ctx, PAL_EFORMAT, "%s: %s: %s", what, why, npy_way_out);
}

/* The header's text, and where the numbers begin. */
static pal_status npy_frame(pal_ctx *ctx, const char *what, const pal_bytes *bytes,
                            npy_text *header) {
    const unsigned char *b = (const unsigned char *)bytes->bytes;
    if (bytes->length < 10 || memcmp(bytes->bytes, "\x93NUMPY", 6) != 0)
        return npy_fail(ctx, what, "is no .npy file");
    if (b[6] < 1 || b[6] > 3) {
        return pal_fail(ctx, PAL_EFORMAT, "%s: has .npy version %d.%d, where 1 to 3 are read: %s",
                        what, b[6], b[7], npy_way_out);
    }
    size_t start = b[6] == 1 ? 10 : 12;
    if (bytes->length < start) return npy_fail(ctx, what, "its header is cut off");
    size_t length = (size_t)b[8] | (size_t)b[9] << 8;
    if (b[6] > 1) length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (length > bytes->length - start) return npy_fail(ctx, what, "its header is cut off");
    *header = (npy_text){bytes->bytes + start, bytes->bytes + start + length};
    return PAL_OK;
}

/* "(3, 2)". */
static pal_status npy_shape(pal_ctx *ctx, const char *what, npy_text text, pal_npy *out) {
    int64_t dims[2] = {0}, extra;
    int32_t n = 0;
    if (!npy_take(&text, "(")) return npy_fail(ctx, what, "its header has no shape");
    while (npy_number(&text, n < 2 ? &dims[n] : &extra)) {
        n++;
        if (!npy_take(&text, ",")) break;
    }
    if (!npy_take(&text, ")")) return npy_fail(ctx, what, "its header has no shape");
    if (n != 2) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: has %d dimensions, where vectors are a table of two: one row an item",
                        what, n);
    }
    if (dims[0] == 0 || dims[1] == 0)
        return pal_fail(ctx, PAL_EDATA,
                        "%s: holds no numbers: its shape is (%" PRId64 ", %" PRId64 ")", what,
                        dims[0], dims[1]);
    out->n_rows = dims[0];
    out->n_columns = dims[1];
    return PAL_OK;
}

static pal_status npy_check_length(pal_ctx *ctx, const char *what, size_t length,
                                   const pal_npy *npy) {
    size_t rows = (size_t)npy->n_rows, columns = (size_t)npy->n_columns, size = (size_t)npy->size;
    if (columns <= SIZE_MAX / size / rows && rows * columns * size == length) return PAL_OK;
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s: has %zu bytes of numbers, but %" PRId64 " rows of %" PRId64
                    " numbers of %d bytes were announced: the file is cut or damaged",
                    what, length, npy->n_rows, npy->n_columns, npy->size);
}

pal_status pal_npy_parse(pal_ctx *ctx, const char *what, const pal_bytes *bytes, pal_npy *out) {
    npy_text header = {0}, type, name, order, shape;
    pal_npy npy = {0};
    TRY(npy_frame(ctx, what, bytes, &header));
    if (!npy_find_key(header, "'descr'", &type) || !npy_type(&type, &name, &npy.size) ||
        !npy_find_key(header, "'fortran_order'", &order) ||
        !npy_find_key(header, "'shape'", &shape))
        return npy_fail(ctx, what, "its header does not say type, order and shape");
    if (npy.size == 0) {
        int length = name.end - name.at < 40 ? (int)(name.end - name.at) : 40;
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: holds numbers of type '%.*s', where float16, float32 and float64 "
                        "(little-endian: <f2, <f4, <f8) are read: %s",
                        what, length, name.at, npy_way_out);
    }
    if (npy_take(&order, "True"))
        return npy_fail(ctx, what, "is in Fortran order, where C order is read");
    if (!npy_take(&order, "False"))
        return npy_fail(ctx, what, "its header does not say type, order and shape");
    TRY(npy_shape(ctx, what, shape, &npy));
    TRY(npy_check_length(ctx, what, (size_t)(bytes->bytes + bytes->length - header.end), &npy));
    npy.data = header.end;
    *out = npy;
    return PAL_OK;
}

/* IEEE half: sign, 5 bits of exponent, 10 of fraction. */
static float npy_half(uint16_t half) {
    int exponent = half >> 10 & 31;
    float fraction = (float)(half & 1023);
    float size = exponent == 31 ? (fraction > 0 ? NAN : INFINITY)
                 : exponent     ? ldexpf(1024 + fraction, exponent - 25)
                                : ldexpf(fraction, -24);
    return half & 0x8000 ? -size : size;
}

int64_t pal_npy_row(const pal_npy *npy, int64_t row, float *out) {
    const char *from = npy->data + row * npy->n_columns * npy->size;
    int64_t wrong = -1;
    for (int64_t c = 0; c < npy->n_columns; c++, from += npy->size) {
        if (npy->size == 2) {
            uint16_t half;
            memcpy(&half, from, sizeof half);
            out[c] = npy_half(half);
        } else if (npy->size == 4) {
            memcpy(&out[c], from, sizeof *out);
        } else {
            double number;
            memcpy(&number, from, sizeof number);
            out[c] = fabs(number) <= 3e38 ? (float)number : NAN;
        }
        if (!isfinite(out[c]) && wrong < 0) wrong = c;
    }
    return wrong;
}
