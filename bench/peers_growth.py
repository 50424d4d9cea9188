"""How seconds and memory of a fit grow with the log, without a peer: several kinds at 1 to 64 million events, the largest log, and catalogues
of 40,000 and 90,000 items for `ease`. Each fit is a fresh process, so that peak memory is its own.

usage: peers_growth.py BENCH_GROWTH FOLDER THREADS RUNS OUT.json [TEXT]      TEXT: only specs that contain it
"""
import json
import math
import statistics
import subprocess
import sys

import idle

program, _, threads, runs, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
only = sys.argv[6] if len(sys.argv) > 6 else ""
ITEMS, PER_USER = 27000, 116
SIZES = (1, 4, 16, 64)  # million events
GROWING = ("als factors=64 epochs=2 patience=0 tolerance=0", "als solver=cg factors=64 epochs=2 patience=0 tolerance=0",
           "bpr factors=64 epochs=2 patience=0 tolerance=0", "item_knn k=100", "rp3beta", "popular")
LARGE = ((ITEMS, 100, "als factors=64 epochs=2 patience=0 tolerance=0"), (90000, 4, "ease"), (40000, 4, "ease"))


def fit(items, million, spec):
    events = million * 1000000
    users = 70000 if items != ITEMS else events // PER_USER
    command = [program, str(threads), str(items), str(users), str(events), spec]
    return idle.undisturbed(lambda: json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout), spec)


def slope(xs, ys):
    mean_x, mean_y = statistics.mean(xs), statistics.mean(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum((x - mean_x) ** 2 for x in xs)


rows = []
print(f"| fit, {ITEMS // 1000}k items, {threads} threads | " + " | ".join(f"{size} M events" for size in SIZES) + " | slope | peak GB at the last |")
print("| --- |" + " --- |" * (len(SIZES) + 2))
for spec in GROWING:
    if only not in spec:
        continue
    found = [fit(ITEMS, size, spec) for size in SIZES]
    power = slope([math.log(a["events"]) for a in found], [math.log(max(a["seconds"], 1e-6)) for a in found])
    rows.append({"spec": spec, "items": ITEMS, "slope": power, "fits": found})
    print(f"| `{spec}` | " + " | ".join(f"{a['seconds']:.2f} s" for a in found) + f" | {power:.2f} | {found[-1]['peak_bytes'] / 1e9:.1f} |", flush=True)
for items, size, spec in LARGE:
    if only not in spec:
        continue
    answer = fit(items, size, spec)
    rows.append({"spec": spec, "items": items, **answer})
    print(f"| `{spec}`, {items:,} items, {size} M events | " + " | " * (len(SIZES) - 1) + f"{answer['seconds']:.1f} s | | {answer['peak_bytes'] / 1e9:.1f} |", flush=True)
json.dump({"threads": threads, "rows": rows}, open(out, "w"), indent=2)
