"""Times the inverse that `ease` is beside numpy's and LAPACK's through scipy, on the same float32 matrix, and checks that all agree. Each of
ours is a fresh process, so that peak memory is its own.

usage: peers_ease.py BENCH_EASE FOLDER THREADS RUNS OUT.json
"""
import json
import statistics
import subprocess
import sys
import time

import numpy as np
import scipy.linalg.lapack as lapack
import threadpoolctl

import idle

program, folder, threads, runs, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
N, CHECKED = 8000, 64


def ours(*words):
    return json.loads(subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout)


def scipy_inverse(a):
    factor, info = lapack.spotrf(a, lower=1, overwrite_a=1)
    assert info == 0
    inverse, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    assert info == 0
    return inverse[:, :CHECKED].T  # the lower triangle holds these rows from their own column on


def timed(work, a):
    started = time.perf_counter()
    with threadpoolctl.threadpool_limits(threads):
        answer = work(a)
    return time.perf_counter() - started, answer


def check(found, theirs, from_own_column):
    """Errors are measured against the diagonal, which is the largest of a row."""
    for row in range(CHECKED):
        first = row if from_own_column else 0
        worst = np.abs(found[row, first:] - theirs[row, first:]).max() / found[row, row]
        assert worst < 1e-3, f"row {row} of the inverses differs by {worst}"


def one_run():
    answer = ours("inverse", folder, threads, N)
    found = np.fromfile(f"{folder}/inverse.f32", np.float32).reshape(CHECKED, N)
    spent = {"palate": answer["seconds"]}
    for name, work in (("scipy", scipy_inverse), ("numpy", np.linalg.inv)):
        spent[name], theirs = timed(work, matrix.copy(order="F"))
        check(found, theirs, name == "scipy")
        del theirs
    return answer, spent


matrix = np.fromfile(f"{folder}/matrix.f32", np.float32).reshape(N, N)
seconds = {"palate": [], "numpy": [], "scipy": []}
peak = 0
for _ in range(runs):
    answer, found = idle.undisturbed(one_run, "inverse")
    peak = max(peak, answer["peak_bytes"])
    for name, spent in found.items():
        seconds[name].append(spent)

median = {name: statistics.median(all_of) for name, all_of in seconds.items()}
ratios = {name: [b / a for a, b in zip(seconds["palate"], seconds[name])] for name in ("scipy", "numpy")}
rows = [{"work": "inverse", "items": N, "runs": runs, "peak_bytes": peak, "peak_of_matrix": peak / (4 * N * N),
         **{f"{name}_seconds": s for name, s in median.items()}, **{f"{name}_ratio": statistics.median(r) for name, r in ratios.items()}}]
print(f"| `ease`, {threads} threads | palate | peak GB | scipy potrf + potri | numpy inv | ratios (range of {runs} runs) |")
print("| --- | --- | --- | --- | --- | --- |")
spans = ", ".join(f"{statistics.median(r):.2f}× ({min(r):.2f}–{max(r):.2f})" for r in ratios.values())
print(f"| inverse, {N:,} items | {median['palate']:.2f} s | {peak / 1e9:.2f} ({peak / (4 * N * N):.2f} of the matrix) | "
      f"{median['scipy']:.2f} s | {median['numpy']:.2f} s | {spans} |", flush=True)
json.dump({"threads": threads, "numpy": np.__version__, "rows": rows}, open(out, "w"), indent=2)
