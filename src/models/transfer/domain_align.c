/* domain_align.c - the judge that representations learn to deceive, and covariances that they are
 * brought to share. */
#include <string.h>

#include "models/transfer/domain_adapt.h"
#include "nn/loops.h"
#include "nn/loss.h"
#include "nn/reversal.h"

static bool adapt_is_of(const adapt_job *job, int64_t item, int32_t side) {
    return side ? job->source_of[item] >= 0 : item < job->n_seen;
}

static pal_status adapt_open_judge(adapt_job *job, pal_arena *scratch) {
    adapt_judge *judge = &job->judge;
    int64_t n[2] = {0, 0};
    judge->labels = PAL_ARENA_ARRAY(scratch, int8_t, job->n_items);
    judge->room = PAL_ARENA_ARRAY(scratch, float, job->n_items *pal_mlp_room(&judge->mlp));
    judge->d = PAL_ARENA_ARRAY(scratch, float, job->n_items * job->p->factors);
    if (!judge->labels || !judge->room || !judge->d)
        return pal_fail_memory(job->ctx, "domain_adapt", 400.0 * job->n_items);
    for (int32_t i = 0; i < job->n_items; i++) {
        bool own = adapt_is_of(job, i, 0), other = adapt_is_of(job, i, 1);
        judge->labels[i] = own == other ? -1 : other;
        if (own != other) n[other]++;
    }
    for (int32_t side = 0; side < 2; side++)
        judge->shares[side] = n[side] ? 0.5f / (float)n[side] : 0;
    judge->is_on = n[0] && n[1];
    return PAL_OK;
}

pal_status pal_adapt_align_open(adapt_job *job, pal_arena *scratch) {
    adapt_coral *coral = &job->coral;
    int64_t k = job->p->factors;
    if (job->judge.is_on) TRY(adapt_open_judge(job, scratch));
    for (int32_t side = 0; side < 2; side++) {
        for (int32_t i = 0; i < job->n_items; i++) coral->n[side] += adapt_is_of(job, i, side);
    }
    if (job->p->coral <= 0 || coral->n[0] < 2 || coral->n[1] < 2) return PAL_OK;
    coral->sums = PAL_ARENA_ARRAY(scratch, double, PAL_DOMAIN_CHUNKS * 2 * (k + 1) * k);
    coral->difference = PAL_ARENA_ARRAY(scratch, float, k *k);
    coral->means = PAL_ARENA_ARRAY(scratch, float, 2 * k);
    if (coral->sums && coral->difference && coral->means) return PAL_OK;
    return pal_fail_memory(job->ctx, "domain_adapt", 256.0 * (double)(k * k));
}

void pal_adapt_coral_add(adapt_job *job, int64_t chunk, int64_t first, int64_t last) {
    int64_t k = job->p->factors, size = (k + 1) * k;
    double *sums = job->coral.sums + chunk * 2 * size;
    memset(sums, 0, (size_t)(2 * size) * sizeof *sums);
    for (int64_t i = first; i < last; i++) {
        const float *z = job->z + i * k;
        for (int32_t side = 0; side < 2; side++) {
            if (!adapt_is_of(job, i, side)) continue;
            double *of = sums + side * size;
            for (int64_t a = 0; a < k; a++) {
                for (int64_t b = 0; b < k; b++) of[a * k + b] += (double)z[a] * (double)z[b];
                of[k * k + a] += (double)z[a];
            }
        }
    }
}

/* loss = coral k |C_s - C_t|² / 4, C the covariance of a domain's representations. */
void pal_adapt_coral_close(adapt_job *job) {
    adapt_coral *coral = &job->coral;
    int64_t k = job->p->factors, size = (k + 1) * k;
    double *total = coral->sums, squares = 0; /* of chunk 0: all are added to it */
    for (int64_t chunk = 1; chunk < PAL_DOMAIN_CHUNKS; chunk++) {
        for (int64_t e = 0; e < 2 * size; e++) total[e] += coral->sums[chunk * 2 * size + e];
    }
    for (int32_t side = 0; side < 2; side++) {
        for (int64_t a = 0; a < k; a++)
            coral->means[side * k + a] =
                (float)(total[side * size + k * k + a] / (double)coral->n[side]);
    }
    for (int64_t a = 0; a < k; a++) {
        for (int64_t b = 0; b < k; b++) {
            double c[2];
            for (int32_t side = 0; side < 2; side++) {
                const double *of = total + side * size;
                double n = (double)coral->n[side];
                c[side] = (of[a * k + b] - of[k * k + a] * of[k * k + b] / n) / (n - 1);
            }
            coral->difference[a * k + b] = (float)(c[1] - c[0]);
            squares += (c[1] - c[0]) * (c[1] - c[0]);
        }
    }
    coral->loss = job->p->coral * squares * (double)k / 4;
}

/* dz_i += ± coral k / (n - 1) (C_s - C_t) (z_i - mean), + for the source's. */
static void adapt_coral_back(adapt_job *job, int64_t first, int64_t last) {
    const adapt_coral *coral = &job->coral;
    const pal_loops *loops = pal_loops_best();
    int64_t k = job->p->factors;
    for (int64_t i = first; i < last; i++) {
        for (int32_t side = 0; side < 2; side++) {
            if (!adapt_is_of(job, i, side)) continue;
            double share = job->p->coral * (double)k / (double)(coral->n[side] - 1);
            for (int64_t a = 0; a < k; a++) {
                float centered = job->z[i * k + a] - coral->means[side * k + a];
                loops->add_scaled(job->dz + i * k, coral->difference + a * k,
                                  (float)(side ? share : -share) * centered, k);
            }
        }
    }
}

/* The judge learns which domain an item is of; what it would take back goes on turned round. */
static void adapt_judge_back(adapt_job *job, int64_t chunk, int64_t first, int64_t last,
                             float *gradient) {
    adapt_judge *judge = &job->judge;
    int64_t k = job->p->factors, n = last - first, room = pal_mlp_room(&judge->mlp);
    float *work = judge->room + first * room, *d = judge->d + first * k;
    const float *z = job->z + first * k;
    float *logits = pal_mlp_forward(&judge->mlp, job->network.values, z, n, work);
    for (int64_t i = 0; i < n; i++) {
        int8_t label = judge->labels[first + i];
        float share = label < 0 ? 0 : judge->shares[label], is_source = label > 0, derivative;
        double loss = pal_loss_bce(&logits[i], &is_source, 1, share, &derivative);
        judge->losses[chunk] += (double)share * loss;
        d[i] = derivative; /* free until the way back writes it */
    }
    memcpy(logits, d, (size_t)n * sizeof *d);
    pal_mlp_backward(&judge->mlp, job->network.values, z, n, logits, work, d, gradient);
    pal_reversal_backward(d, (float)judge->strength, d, n * k);
    pal_loops_best()->add_scaled(job->dz + first * k, d, 1, n * k);
}

void pal_adapt_align_back(adapt_job *job, int64_t chunk, int64_t first, int64_t last,
                          float *gradient) {
    job->judge.losses[chunk] = 0;
    if (first == last) return;
    if (job->judge.is_on) adapt_judge_back(job, chunk, first, last, gradient);
    if (job->coral.sums) adapt_coral_back(job, first, last);
}
