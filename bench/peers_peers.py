"""Times palate and implicit in turn on the same arrays, with the same number of threads, and checks that both did the same work.

usage: peers.py BENCH_PEERS FOLDER THREADS RUNS OUT.json [ONLY]        ONLY: rows whose title has this in it
"""
import functools
import json
import statistics
import subprocess
import sys
import time

import implicit
import implicit.bpr
import numpy as np
import scipy.sparse as sparse

import idle

program, folder, threads, runs, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

starts = np.fromfile(f"{folder}/starts.i64", np.int64)
items = np.fromfile(f"{folder}/items.i32", np.int32)
users = np.fromfile(f"{folder}/users.f32", np.float32).reshape(20000, 128)
vectors = np.fromfile(f"{folder}/vectors.f32", np.float32).reshape(27000, 128)
log = sparse.csr_matrix((np.ones(len(items), np.float32), items, starts), shape=(len(starts) - 1, 27000))
log.sort_indices()
ALS_EPOCHS = 4


def ours(work, *more):
    answer = json.loads(subprocess.run([program, work, folder, str(threads), *more], check=True, capture_output=True, text=True).stdout)
    return answer["seconds"], answer


def implicit_item_knn():
    model = implicit.nearest_neighbours.CosineRecommender(K=101, num_threads=threads)  # K counts the item itself
    started = time.perf_counter()
    model.fit(log, show_progress=False)
    return time.perf_counter() - started, model


def ours_als(factors, solver):
    """The objective of implicit: confidence 40 on what happened, 1 on all else, the same l2 for all rows."""
    return ours("train", f"als solver={solver} factors={factors} epochs={ALS_EPOCHS} confidence=value alpha=39 alpha0=1 nu=0 l2=0.01 tolerance=0 patience=0")


def implicit_als(factors, solver):
    """Seconds of an epoch after the first, and the training loss after the last as a plain sum."""
    wall, processor = [], []

    def note(*_):
        wall.append(time.perf_counter())
        processor.append(time.process_time())

    model = implicit.als.AlternatingLeastSquares(factors=factors, regularization=0.01, alpha=40, iterations=ALS_EPOCHS,
                                                 use_cg=solver == "cg", num_threads=threads, random_state=42)
    model.fit(log, show_progress=False, callback=note)
    confidence = log * np.float32(40)
    loss = implicit.cpu._als.calculate_loss(confidence, model.user_factors, model.item_factors, 0.01, num_threads=threads)
    pairs = float(log.shape[0]) * log.shape[1]
    answer = {"loss": loss * (40.0 * log.nnz + pairs - log.nnz), "processor_seconds": (processor[-1] - processor[0]) / (len(processor) - 1)}
    return (wall[-1] - wall[0]) / (len(wall) - 1), answer


def ours_bpr():
    return ours("train", "bpr factors=64 epochs=5 tolerance=0")


def implicit_bpr():
    """Seconds of an epoch of 64 factors: five without what one takes to start."""
    seconds = []
    for epochs in (1, 5):
        model = implicit.bpr.BayesianPersonalizedRanking(factors=64, iterations=epochs, num_threads=threads, random_state=1)
        started = time.perf_counter()
        model.fit(log, show_progress=False)
        seconds.append(time.perf_counter() - started)
    return (seconds[1] - seconds[0]) / 4, model


def auc(users, items, biases):
    """How often an item of the training log comes before one that is not in it, for 100,000 drawn pairs."""
    draw = np.random.default_rng(1)
    events = draw.integers(0, len(log.indices), 100000)
    rows = np.searchsorted(log.indptr, events, side="right") - 1
    used, other = log.indices[events], draw.integers(0, log.shape[1], len(events))
    right = (users[rows] * (items[used] - items[other])).sum(1) + biases[used] - biases[other] > 0
    return right[np.asarray(log[rows, other]).ravel() == 0].mean()


def check_bpr(answer, model):
    """After five epochs with the defaults of each, ours orders pairs no worse."""
    read = lambda name, width: np.fromfile(f"{folder}/trained_{name}.f32", np.float32).reshape(-1, width)
    ours_right = auc(read("users", 64), read("items", 64), read("biases", 1)[:, 0])
    theirs_right = auc(np.asarray(model.user_factors), np.asarray(model.item_factors), np.zeros(log.shape[1]))
    assert ours_right > theirs_right - 0.005, f"pairs in order: {ours_right:.4f}, theirs {theirs_right:.4f}"


def implicit_lists():
    model = implicit.als.AlternatingLeastSquares(factors=128, num_threads=threads)
    model.user_factors, model.item_factors = users, vectors
    best, found = float("inf"), None
    for _ in range(3):
        started = time.perf_counter()
        found, _ = model.recommend(np.arange(20000), log[:20000], N=20, filter_already_liked_items=True)
        best = min(best, time.perf_counter() - started)
    return best, found


def check_item_knn(answer, model):
    """The sums of the 50 largest similarities of ten items agree."""
    worst = 0.0
    for item, values in answer["similarities"].items():
        row = model.similarity[int(item)]
        theirs = np.sort(row.data[row.indices != int(item)])[::-1][: len(values)]
        worst = max(worst, float(np.abs(theirs - np.array(values)).max()))
    assert worst < 1e-4, f"similarities differ by {worst}"


def check_als(answer, theirs):
    """After as many epochs our loss is not higher, but for where both started."""
    print(f"als: loss {answer['losses'][-1]:.6g}, implicit {theirs['loss']:.6g}; processor seconds of an epoch "
          f"{answer['processor_seconds']:.2f}, implicit {theirs['processor_seconds']:.2f}", file=sys.stderr)
    assert answer["losses"][-1] < 1.01 * theirs["loss"], "the training loss is higher than the peer's"


def check_lists(answer, found):
    same = np.mean([len(set(a) & set(b)) / 20 for a, b in zip(answer["lists"], found[:100].tolist())])
    assert same > 0.995, f"only {same:.3f} of the lists agree"


works = [
    ("`item_knn` fit, k = 100", lambda: ours("item_knn"), implicit_item_knn, check_item_knn),
    ("`bpr` epoch, 64 factors", ours_bpr, implicit_bpr, check_bpr),
    ("lists of 20 for 20,000 users, 128 factors, seen hidden", lambda: ours("lists"), implicit_lists, check_lists),
]
for solver, name in (("exact", "exact"), ("cg", "3 steps of conjugate gradients")):
    for factors in (64, 128):
        works.append((f"`als` epoch, {name}, {factors} factors", functools.partial(ours_als, factors, solver),
                      functools.partial(implicit_als, factors, solver), check_als))
only = sys.argv[6] if len(sys.argv) > 6 else ""
rows = []
for title, mine, theirs, check in works:
    if only not in title:
        continue
    pairs = []
    for _ in range(runs):
        (ours_seconds, answer), (their_seconds, model) = idle.undisturbed(lambda: (mine(), theirs()), title)
        check(answer, model)
        pairs.append((ours_seconds, their_seconds))
    rows.append({
        "work": title,
        "palate_seconds": statistics.median(a for a, _ in pairs),
        "implicit_seconds": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(b / a for a, b in pairs),
        "ratio_low": min(b / a for a, b in pairs),
        "ratio_high": max(b / a for a, b in pairs),
        "runs": runs,
    })
result = {"events": len(items), "threads": threads, "implicit": implicit.__version__, "rows": rows}
json.dump(result, open(out, "w"), indent=2)
print(f"| work ({len(items) / 1e6:.0f} M events, 138k users × 27k items, {threads} threads) | palate | implicit {implicit.__version__} | ratio (range of {runs} runs) |")
print("| --- | --- | --- | --- |")
for row in rows:
    print(f"| {row['work']} | {row['palate_seconds']:.2f} s | {row['implicit_seconds']:.2f} s | "
          f"{row['ratio']:.1f}× ({row['ratio_low']:.1f}–{row['ratio_high']:.1f}) |")
