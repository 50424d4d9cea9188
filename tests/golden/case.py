#!/usr/bin/env python3
"""The article's case by NumPy, from the same matrices and first values: every loss curve and RMSE of `palate case` agrees to 1e-6.

Shares no code with palate. Some whole-matrix runs swing for hundreds of iterations and double any difference of rounding every few
of them, so whole-matrix steps here add in the order in which palate adds (four chains a product, sums row by row). One rating at
a time is a loop, so that 60 iterations take half a minute: `palate case --iterations 60 --initial -o DIR`, then `case.py DIR`.
"""
import json
import math
import sys

import numpy as np

TOLERANCE, SETTLED, GROWTH, DAMPING = 1e-6, 1e-6, 1e6, 5


def chains(products):
    """Sums over the last axis in four chains of additions, what is left over in the first."""
    n = products.shape[-1]
    whole = n - n % 4
    sums = [np.zeros(products.shape[:-1]) for _ in range(4)]
    for f in range(n):
        lane = f % 4 if f < whole else 0
        sums[lane] = sums[lane] + products[..., f]
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


def in_order(terms, axis):
    """The sum along an axis, one after the other (np.sum adds in pairs)."""
    return np.add.accumulate(terms, axis=axis).take(-1, axis=axis)


def over_cells(terms):
    return in_order(terms.reshape(10000, -1), 0)


def sigmoid(z):
    """By the C library's exp, as NumPy's own may differ in the last bit."""
    return np.array([1 / (1 + math.exp(-x)) if x > -700 else 0.0 for x in z.flat]).reshape(z.shape)


class Factors:
    """mf (no weights) and gmf: r̂ = Σ_f u_f v_f w_f."""

    def __init__(self, initial, has_weights):
        self.k = len(initial["users"]) // 100
        self.U = np.array(initial["users"]).reshape(100, self.k)
        self.V = np.array(initial["items"]).reshape(100, self.k)
        self.w = np.array(initial["globals"]) if has_weights else np.ones(self.k)
        self.has_weights = has_weights

    def predict(self):
        return chains(self.U[:, None, :] * self.V[None, :, :] * self.w)

    def step_whole(self, R, known, rate):
        two_e = np.where(known, 2 * (R - self.predict()), 0)[:, :, None]
        d_U = in_order(two_e * (self.V * self.w)[None, :, :], 1)
        d_V = in_order(two_e * (self.U * self.w)[:, None, :], 0)
        d_w = over_cells(two_e * (self.U[:, None, :] * self.V[None, :, :]))
        self.U, self.V = self.U + rate * d_U, self.V + rate * d_V
        if self.has_weights:
            self.w = self.w + rate * d_w

    def step_each(self, cells, rate):
        U, V, w = self.U, self.V, self.w
        for i, j, r in cells:
            u, v = U[i].copy(), V[j].copy()
            uv = u * v
            step = 2 * rate * (r - uv.dot(w))
            if self.has_weights:
                U[i], V[j] = u + step * (v * w), v + step * (u * w)
                w += step * uv
            else:
                U[i], V[j] = u + step * v, v + step * u


class Network:
    """r̂ = σ(W (U_i, V_j) + b)."""

    def __init__(self, initial, learns_rows):
        self.k = k = len(initial["users"]) // 100
        self.U = np.array(initial["users"]).reshape(100, k)
        self.V = np.array(initial["items"]).reshape(100, k)
        weights = np.array(initial["globals"])
        self.a, self.c, self.b = weights[:k].copy(), weights[k:2 * k].copy(), float(weights[2 * k])
        self.learns_rows = learns_rows

    def features(self):
        return np.concatenate(np.broadcast_arrays(self.U[:, None, :], self.V[None, :, :]), axis=2)

    def predict(self):
        return sigmoid(self.b + chains(self.features() * np.concatenate([self.a, self.c])))

    def step_whole(self, R, known, rate):
        P = self.predict()
        two_e, slope = np.where(known, 2 * (R - P), 0)[:, :, None], (P * (1 - P))[:, :, None]
        d_weights, d_b = over_cells(two_e * (slope * self.features())), over_cells(two_e * slope)[0]
        if self.learns_rows:
            d_U, d_V = in_order(two_e * (slope * self.a), 1), in_order(two_e * (slope * self.c), 0)
            self.U, self.V = self.U + rate * d_U, self.V + rate * d_V
        self.a, self.c = self.a + rate * d_weights[:self.k], self.c + rate * d_weights[self.k:]
        self.b = self.b + rate * d_b

    def step_each(self, cells, rate):
        U, V, a, c = self.U, self.V, self.a, self.c
        for i, j, r in cells:
            u, v = U[i], V[j]
            z = u.dot(a) + v.dot(c) + self.b
            p = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
            step = 2 * rate * (r - p) * p * (1 - p)
            move_a, move_c = step * u, step * v
            if self.learns_rows:
                U[i], V[j] = u + step * a, v + step * c
            a += move_a
            c += move_c
            self.b += step


MODELS = {"mf": lambda initial: Factors(initial, False), "gmf": lambda initial: Factors(initial, True),
          "nn (rows fixed)": lambda initial: Network(initial, False), "nn (rows learned)": lambda initial: Network(initial, True)}


class Matrix:
    def __init__(self, initial):
        self.R = np.array([math.nan if value is None else value for value in initial["values"]]).reshape(100, 100)
        self.held = np.zeros(10000, bool)
        self.held[initial["held_out"]] = True
        self.held = self.held.reshape(100, 100)
        self.known = ~np.isnan(self.R) & ~self.held
        self.low, self.high = self.R[self.known].min(), self.R[self.known].max()

    def rmse(self, predicted):
        return [math.sqrt(np.mean((self.R - predicted)[part] ** 2)) if part.any() else None for part in (self.known, self.held)]

    def biases(self):
        mean, count = self.R[self.known].mean(), self.known
        rest = np.where(count, self.R - mean, 0)
        of_item = rest.sum(axis=0) / (DAMPING + count.sum(axis=0))
        of_user = np.where(count, rest - of_item, 0).sum(axis=1) / (DAMPING + count.sum(axis=1))
        return mean + of_user[:, None] + of_item[None, :]


def learn(matrix, initial, name, step, rate, iterations):
    """Loss curve and final prediction; stops where palate says it stops."""
    model, is_network = MODELS[name](initial), name.startswith("nn")
    shift, scale = (matrix.low, matrix.high - matrix.low) if is_network else (0, 1)
    targets = np.nan_to_num((matrix.R - shift) / scale)
    cells = [(i, j, targets[i, j]) for i, j in zip(*np.nonzero(matrix.known))]

    def loss():
        return scale ** 2 * np.sum((targets - model.predict())[matrix.known] ** 2)

    losses = [loss()]
    with np.errstate(all="ignore"):
        for _ in range(iterations):
            if step == "whole":
                model.step_whole(targets, matrix.known, rate)
            else:
                model.step_each(cells, rate)
            losses.append(loss())
            if not math.isfinite(losses[-1]) or losses[-1] > GROWTH * losses[0]:
                return losses, None
            if abs(losses[-2] - losses[-1]) <= SETTLED * abs(losses[-1]):
                break
        return losses, shift + scale * model.predict()


def difference(ours, theirs):
    """Relative; numbers that are none must be so in both."""
    if ours is None or theirs is None or not math.isfinite(theirs):
        return 0 if ours is None and (theirs is None or not math.isfinite(theirs)) else math.inf
    return abs(ours - theirs) / max(abs(theirs), 1e-12)


def main(folder):
    document, initial = json.load(open(f"{folder}/case.json")), json.load(open(f"{folder}/initial.json"))
    by_name = {model["name"]: model for model in initial["models"]}
    worst, checked = 0, 0
    for part, start in zip(document["matrices"], initial["matrices"]):
        matrix = Matrix(start)
        for run in part["runs"]:
            if run["outcome"] == "computed":
                predicted = matrix.biases() if "bias" in run["model"] else np.full((100, 100), matrix.R[matrix.known].mean())
                losses, ours = [], []
            else:
                losses, predicted = learn(matrix, by_name[run["model"]], run["model"], run["step"], run["learning_rate"],
                                          document["case"]["iterations"])
                ours = run["losses"]
            errors = [difference(a, b) for a, b in zip(ours, losses)]
            rmse = (None, None) if predicted is None else matrix.rmse(predicted)
            errors += [difference(run["train_rmse"], rmse[0]), difference(run["held_rmse"], rmse[1])]
            error = max(errors) if len(ours) == len(losses) else math.inf
            is_wrong = not error <= TOLERANCE
            print(f'{part["name"]:13} {run["model"]:18} {run.get("step", ""):6} {run.get("learning_rate", ""):<9} '
                  f'{len(losses):5} losses  {error:.1e}{"  WRONG" if is_wrong else ""}', flush=True)
            worst, checked = max(worst, error), checked + 1
    print(f"{checked} rows, largest relative difference {worst:.1e}")
    return not (checked >= 20 and worst <= TOLERANCE)


sys.exit(main(sys.argv[1]))
