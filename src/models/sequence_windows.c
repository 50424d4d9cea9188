/* sequence_windows.c - packing and cutting. */
#include "models/sequence_train.h"

int64_t pal_sequence_pack(bool by_step, int64_t n, const int64_t *lengths, int64_t *starts) {
    int64_t n_groups = by_step ? lengths[0] : n, running = n;
    starts[0] = 0;
    for (int64_t g = 0; g < n_groups; g++) {
        while (by_step && lengths[running - 1] <= g) running--;
        starts[g + 1] = starts[g] + (by_step ? running : lengths[g]);
    }
    return n_groups;
}

/* Counts a user's windows; writes them where there is room. */
static void windows_cut_user(const pal_log *log, int32_t user, int64_t length,
                             pal_sequence_windows *w) {
    int64_t begin = log->starts[user], end = log->starts[user + 1];
    while (end > begin) {
        int64_t n = end - begin < length ? end - begin : length;
        end -= n;
        if (w->all)
            w->all[w->n] = (pal_sequence_window){
                .first = end, .n = (int32_t)n, .user = user, .is_start = end == begin};
        if (n > w->longest) w->longest = n;
        w->n++;
    }
}

pal_status pal_sequence_cut(pal_ctx *ctx, const char *what, const pal_log *log, int64_t length,
                            pal_arena *scratch, pal_sequence_windows *out) {
    *out = (pal_sequence_windows){.mean_weight = 1};
    for (int32_t u = 0; u < log->n_users; u++) windows_cut_user(log, u, length, out);
    out->all = PAL_ARENA_ARRAY(scratch, pal_sequence_window, out->n);
    if (!out->all) return pal_fail_memory(ctx, what, (double)out->n * (double)sizeof *out->all);
    out->n = 0;
    for (int32_t u = 0; u < log->n_users; u++) windows_cut_user(log, u, length, out);
    double sum = 0;
    for (int64_t e = 0; log->weights && e < log->n_events; e++) sum += (double)log->weights[e];
    if (sum > 0) out->mean_weight = (float)(sum / (double)log->n_events);
    return PAL_OK;
}
