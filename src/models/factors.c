/* factors.c - products of rows of factors, and the parts that a score consists of. */
#include "models/factors.h"

double pal_factors_dot(const double *a, const double *b, int32_t k) {
    double sums[4] = {0};
    int32_t f = 0;
    for (; f + 4 <= k; f += 4) {
        for (int32_t lane = 0; lane < 4; lane++) sums[lane] += a[f + lane] * b[f + lane];
    }
    for (; f < k; f++) sums[0] += a[f] * b[f];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

int32_t pal_factors_reasons(const pal_pointwise_state *state, double match, double mean,
                            double user_bias, double item_bias, pal_reason *reasons) {
    bool is_value = pal_pointwise_predicts_values(state);
    const struct {
        const char *what;
        double amount;
    } parts[] = {
        {"the mean of all values", mean},
        {is_value ? "how high the person values in general" : "how much the person uses",
         user_bias},
        {is_value ? "how high people value it" : "how many people use it", item_bias},
        {"how well it matches the person's tastes", match},
    };
    int32_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].amount > 0 || parts[i].amount < 0)
            reasons[n++] =
                (pal_reason){.item = -1, .what = parts[i].what, .amount = parts[i].amount};
    }
    return n;
}
