#!/usr/bin/env python3
"""The article's case by NumPy, from the same matrices and first values: every loss curve and RMSE of `palate case` agrees to 1e-6.

Shares no code with palate. One rating at a time is a loop here, so that a few hundred iterations take minutes: `palate case
--iterations 60 --initial -o DIR`, then `case.py DIR`.
"""
import json
import math
import sys

import numpy as np

TOLERANCE, SETTLED, GROWTH, DAMPING = 1e-6, 1e-6, 1e6, 5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Factors:
    """mf (no weights) and gmf: r̂ = Σ_f u_f v_f w_f."""

    def __init__(self, initial, has_weights):
        self.k = len(initial["users"]) // 100
        self.U = np.array(initial["users"]).reshape(100, self.k)
        self.V = np.array(initial["items"]).reshape(100, self.k)
        self.w = np.array(initial["globals"]) if has_weights else np.ones(self.k)
        self.has_weights = has_weights

    def predict(self):
        return (self.U * self.w) @ self.V.T

    def step_whole(self, R, known, rate):
        E = np.where(known, R - self.predict(), 0)
        d_U, d_V = (E @ self.V) * self.w, (E.T @ self.U) * self.w
        d_w = np.einsum("ij,ik,jk->k", E, self.U, self.V, optimize=True)
        self.U, self.V = self.U + 2 * rate * d_U, self.V + 2 * rate * d_V
        if self.has_weights:
            self.w = self.w + 2 * rate * d_w

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

    def predict(self):
        return sigmoid((self.U @ self.a)[:, None] + (self.V @ self.c)[None, :] + self.b)

    def step_whole(self, R, known, rate):
        P = self.predict()
        D = 2 * rate * np.where(known, (R - P) * P * (1 - P), 0)
        by_user, by_item = D.sum(axis=1), D.sum(axis=0)
        moves = by_user @ self.U, by_item @ self.V, D.sum()
        if self.learns_rows:
            self.U, self.V = self.U + np.outer(by_user, self.a), self.V + np.outer(by_item, self.c)
        self.a, self.c, self.b = self.a + moves[0], self.c + moves[1], self.b + moves[2]

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
