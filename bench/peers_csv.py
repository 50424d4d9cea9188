"""Times palate, polars and DuckDB from a CSV file to events grouped by user, with the same number of threads, and checks that all
counted the same. Each run is a fresh process, so that peak memory is its own.

usage: peers_csv.py BENCH_CSV FOLDER THREADS RUNS OUT.json
       peers_csv.py peer polars|duckdb FILE THREADS        one run of a peer, as JSON
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import idle


def polars_read(path, threads):
    """Ids as codes in the order of first appearance, events sorted by user and time, where each user's begin."""
    import polars as pl

    started = time.perf_counter()
    log = pl.read_csv(path, schema_overrides={"user_id": pl.String, "item_id": pl.String} if "names" in path else None)
    users = log.select(pl.col("user_id").unique(maintain_order=True)).with_row_index("user")
    items = log.select(pl.col("item_id").unique(maintain_order=True)).with_row_index("item")
    log = log.join(users, on="user_id").join(items, on="item_id").select("user", "item", pl.col("rating").cast(pl.Float32), "timestamp")
    log = log.sort("user", "timestamp", maintain_order=True)
    starts = log.select(pl.col("user").rle().struct.field("len").cum_sum())
    seconds = time.perf_counter() - started
    assert len(starts) == len(users)
    return seconds, len(log), len(users), len(items), float(log["rating"].cast(pl.Float64).sum())


def duckdb_read(path, threads):
    import duckdb

    db = duckdb.connect(config={"threads": threads})
    kind = "VARCHAR" if "names" in path else "INTEGER"
    columns = f"{{'user_id': '{kind}', 'item_id': '{kind}', 'rating': 'FLOAT', 'timestamp': 'BIGINT'}}"
    started = time.perf_counter()
    db.execute(f"CREATE TABLE log AS FROM read_csv('{path}', header = true, columns = {columns})")
    for side in ("user", "item"):
        db.execute(f"CREATE TABLE {side}s AS SELECT {side}_id, row_number() OVER (ORDER BY min(rowid)) - 1 AS {side} FROM log GROUP BY {side}_id")
    arrays = db.execute("SELECT u.user::INTEGER AS user, i.item::INTEGER AS item, rating, timestamp FROM log JOIN users u USING (user_id) "
                        "JOIN items i USING (item_id) ORDER BY user, timestamp").fetchnumpy()
    seconds = time.perf_counter() - started
    return seconds, len(arrays["user"]), *(db.execute(f"SELECT count(*) FROM {side}s").fetchone()[0] for side in ("user", "item")), float(
        arrays["rating"].sum(dtype="float64"))


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peer(name, path, threads):
    __import__(name)
    before = cpu_seconds()
    seconds, events, users, items, values = {"polars": polars_read, "duckdb": duckdb_read}[name](path, threads)
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds() - before, "events": events, "users": users, "items": items, "values": round(values, 1),
                      "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def run(command, threads):
    environment = dict(os.environ, POLARS_MAX_THREADS=str(threads))
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def compare(program, folder, threads, runs, out):
    rows = []
    print(f"| 1 GB of CSV to a log by user and time, {threads} threads | palate | polars | DuckDB | ratios (range of {runs} runs) | "
          "processor s | peak GB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    titles = {"numbers": "ids are numbers", "names": "ids are names"}
    for name in ("numbers", "names"):
        path = f"{folder}/{name}.csv"
        answers = {"palate": [], "polars": [], "duckdb": []}
        with open(path, "rb") as file:  # nobody's run pays for the disk
            while file.read(1 << 24):
                pass
        for _ in range(runs):
            found = idle.undisturbed(lambda: {
                "palate": run([program, "read", path, str(threads)], threads),
                **{other: run([sys.executable, __file__, "peer", other, path, str(threads)], threads) for other in ("polars", "duckdb")}}, name)
            for who, answer in found.items():
                answers[who].append(answer)
            for other in ("polars", "duckdb"):
                for fact in ("events", "users", "items", "values"):
                    a, b = answers["palate"][-1][fact], answers[other][-1][fact]
                    assert a == b, f"{path}: {fact}: palate says {a}, {other} {b}"
        seconds = {who: statistics.median(a["seconds"] for a in all_of) for who, all_of in answers.items()}
        peak = {who: max(a["peak_bytes"] for a in all_of) / 1e9 for who, all_of in answers.items()}
        ratios = {who: [p["seconds"] / o["seconds"] for p, o in zip(answers[who], answers["palate"])] for who in ("polars", "duckdb")}
        cpu = {who: statistics.median(a["cpu_seconds"] for a in all_of) for who, all_of in answers.items()}
        rows.append({"work": f"{name}.csv", "bytes": os.path.getsize(path), "events": answers["palate"][0]["events"],
                     "log_bytes": answers["palate"][0]["log_bytes"], "runs": runs,
                     **{f"{who}_seconds": s for who, s in seconds.items()}, **{f"{who}_cpu_seconds": s for who, s in cpu.items()},
                     **{f"{who}_peak_bytes": p * 1e9 for who, p in peak.items()},
                     **{f"{who}_ratio": statistics.median(r) for who, r in ratios.items()}})
        spans = ", ".join(f"{statistics.median(r):.1f}× ({min(r):.1f}–{max(r):.1f})" for r in ratios.values())
        listed = [", ".join(f"{of[who]:.{digits}f}" for who in answers) for of, digits in ((cpu, 1), (peak, 2))]
        print(f"| {titles[name]}, {rows[-1]['events'] / 1e6:.1f} M events | {seconds['palate']:.2f} s ({os.path.getsize(path) / 1e9 / seconds['palate']:.2f} GB/s) | "
              f"{seconds['polars']:.2f} s | {seconds['duckdb']:.2f} s | {spans} | {listed[0]} | {listed[1]} |", flush=True)
    json.dump({"threads": threads, "rows": rows}, open(out, "w"), indent=2)


if sys.argv[1] == "peer":
    peer(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    compare(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
