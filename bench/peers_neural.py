"""Times palate and RecBole on the same files of one split: seconds an epoch (training and a full ranking of the validation part), and with
--full the validation ndcg@10 that both reach with early stopping on it, each with its own defaults. Each run is a fresh process.

usage: peers_neural.py PALATE FOLDER THREADS RUNS OUT.json LOG.inter [--full]
       peers_neural.py peer MODEL FOLDER THREADS EPOCHS        one run of RecBole, as JSON; EPOCHS 0: its default, with early stopping

FOLDER gets the split: 80/10/10 of each user's events at random. palate's epoch is had from results.json: the difference of two trainings
that differ in epochs alone, over that difference, so that what comes before the first epoch is in neither side. RecBole's is the median of
epochs 2 to 6. What both reach is read on the validation part, where both know the same events; the test numbers in the JSON differ in
that palate has learned from the validation part too by then, as it does for everybody, and RecBole has not.
"""
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import idle

# RecBole's model, palate's spec. One line a row.
ROWS = (
    ("LightGCN", "lightgcn"),
    ("BPR", "bpr"),
    ("NeuMF", "neumf"),
    ("MultiVAE", "mult_vae"),
)
FEW, MANY = 2, 22  # epochs of palate's two trainings


def write_split(log, folder):
    lines = open(log).read().splitlines()
    columns = [name.split(":")[0] for name in lines[0].split("\t")]
    user, item = columns.index("user_id"), columns.index("item_id")
    by_user = {}
    for line in lines[1:]:
        fields = line.split("\t")
        by_user.setdefault(fields[user], []).append(fields[item])
    draw = random.Random(42)
    parts = {"train": [], "valid": [], "test": []}
    for name, items in by_user.items():
        draw.shuffle(items)
        tenth = round(len(items) / 10)
        for part, cut in (("test", items[:tenth]), ("valid", items[tenth:2 * tenth]), ("train", items[2 * tenth:])):
            parts[part] += [f"{name}\t{i}" for i in cut]
    os.makedirs(f"{folder}/split", exist_ok=True)
    for part, pairs in parts.items():
        with open(f"{folder}/split/split.{part}.inter", "w") as file:
            file.write("user_id:token\titem_id:token\n" + "\n".join(pairs) + "\n")
    return {part: len(pairs) for part, pairs in parts.items()}


def peer(model, folder, threads, epochs):
    import torch
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed

    torch.set_num_threads(threads)
    settings = {"data_path": folder, "benchmark_filename": ["train", "valid", "test"], "load_col": {"inter": ["user_id", "item_id"]},
                "eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}, "group_by": "user", "order": "RO", "mode": "full"}, "metrics": ["NDCG"],
                "topk": [10], "valid_metric": "NDCG@10", "use_gpu": False, "show_progress": False, "state": "ERROR",
                "checkpoint_dir": tempfile.mkdtemp()}
    if epochs:
        settings["epochs"] = epochs
    config = Config(model=model, dataset="split", config_dict=settings)
    init_seed(config["seed"], True)
    train, valid, test = data_preparation(config, create_dataset(config))
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, get_model(config["model"])(config, train._dataset).to("cpu"))
    seconds = {"_train_epoch": [], "_valid_epoch": []}

    def timed(name):
        inner = getattr(trainer, name)

        def call(*arguments, **options):
            started = time.perf_counter()
            answer = inner(*arguments, **options)
            seconds[name].append(time.perf_counter() - started)
            return answer
        setattr(trainer, name, call)
    timed("_train_epoch")
    timed("_valid_epoch")
    started = time.perf_counter()
    best, _ = trainer.fit(train, valid, saved=not epochs, verbose=False, show_progress=False)
    answer = {"valid_ndcg": float(best), "epochs": [a + b for a, b in zip(seconds["_train_epoch"], seconds["_valid_epoch"])], "seconds": time.perf_counter() - started,
              "batch": config["train_batch_size"]}
    if not epochs:
        answer["ndcg"] = float(trainer.evaluate(test, load_best_model=True, show_progress=False)["ndcg@10"])
    print("RESULT " + json.dumps(answer))


def run_peer(model, folder, threads, epochs):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    found = subprocess.run([sys.executable, __file__, "peer", model, folder, str(threads), str(epochs)], capture_output=True, text=True,
                           env=environment, check=False)
    if found.returncode:
        sys.exit(f"peers_neural: RecBole's {model} failed:\n{found.stderr[-2000:]}")
    return json.loads(next(line for line in found.stdout.splitlines() if line.startswith("RESULT "))[7:])


def run_palate(program, spec, folder, threads, refit="none"):
    files = [part for name in ("train", "valid", "test") for part in (f"--{name}", f"{folder}/split/split.{name}.inter")]
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([program, "compare", *files, "--task", "window", "--refit", refit, "--threads", str(threads), "-m", spec, "-o", out],
                       check=True, capture_output=True)
        return json.load(open(f"{out}/results.json"))["tasks"][0]["models"][0]


def palate_epoch(program, spec, folder, threads):
    few, many = (run_palate(program, f"{spec} patience=1000 tolerance=0 epochs={n}", folder, threads) for n in (FEW, MANY))
    assert many["curve"]["epochs"] and len(many["curve"]["judged"]) == MANY, f"{spec} ended before its last epoch"
    return (many["measured"]["train_seconds"] - few["measured"]["train_seconds"]) / (MANY - FEW)


def compare(program, folder, threads, runs, out, log, full):
    events = write_split(log, folder)
    rows = []
    print(f"| {sum(events.values()):,} events, 80/10/10, {threads} threads | palate, s an epoch | RecBole, s an epoch | ratio (range of "
          f"{runs} runs) | validation ndcg@10, palate | RecBole |")
    print("| --- | --- | --- | --- | --- | --- |")
    for model, spec in ROWS:
        pairs = []
        for _ in range(runs):
            ours, theirs = idle.undisturbed(lambda: (palate_epoch(program, spec, folder, threads), run_peer(model, folder, threads, 6)), model)
            pairs.append((ours, statistics.median(theirs["epochs"][1:])))
        ratios = [b / a for a, b in pairs]
        row = {"model": model, "spec": spec, "palate_epoch_seconds": statistics.median(a for a, _ in pairs),
               "recbole_epoch_seconds": statistics.median(b for _, b in pairs), "ratio": statistics.median(ratios), "runs": runs,
               "recbole_batch": theirs["batch"]}
        reached = ["–", "–"]
        if full:
            theirs, once, again = (run_peer(model, folder, threads, 0), run_palate(program, spec, folder, threads),
                                   run_palate(program, spec, folder, threads, "all"))
            row |= {"palate_valid_ndcg": once["validation"]["all"], "recbole_valid_ndcg": theirs["valid_ndcg"],
                    "palate_seconds": once["measured"]["train_seconds"], "recbole_seconds": theirs["seconds"],
                    "palate_test_ndcg": again["metrics"]["ndcg@10"]["mean"], "recbole_test_ndcg": theirs["ndcg"]}
            reached = [f"{row[f'{who}_valid_ndcg']:.4f} after {row[f'{who}_seconds']:.1f} s" for who in ("palate", "recbole")]
        rows.append(row)
        print(f"| {model}, `{spec}` | {row['palate_epoch_seconds']:.4f} | {row['recbole_epoch_seconds']:.3f} | {row['ratio']:.1f}× "
              f"({min(ratios):.1f}–{max(ratios):.1f}) | {reached[0]} | {reached[1]} |", flush=True)
    json.dump({"threads": threads, "events": events, "rows": rows}, open(out, "w"), indent=2)


if sys.argv[1] == "peer":
    peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
else:
    compare(*sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:7], "--full" in sys.argv[7:])
