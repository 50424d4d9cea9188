"""Times TF-IDF rows of a million made texts beside scikit-learn's TfidfVectorizer on the same texts, and a list by them. Each of ours is a fresh
process, so that peak memory is its own. Ours normalizes Unicode and stems English; the peer cuts at word boundaries and lowers the case.

usage: peers_text.py BENCH_TEXT FOLDER THREADS RUNS OUT.json
"""
import json
import statistics
import subprocess
import sys
import time

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

import idle

program, folder, threads, runs, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
ITEMS, WORDS = 1_000_000, 50


def one_run():
    answer = json.loads(subprocess.run([program, str(threads), str(ITEMS), str(WORDS), "tfidf"], check=True, capture_output=True, text=True).stdout)
    started = time.perf_counter()
    rows = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(texts)
    spent = time.perf_counter() - started
    assert rows.shape[0] == ITEMS and rows.nnz > 0
    return answer, spent


with open(f"{folder}/texts.txt", encoding="utf-8") as file:
    texts = file.read().splitlines()
answers, peers = [], []
for _ in range(runs):
    answer, spent = idle.undisturbed(one_run, "texts")
    answers.append(answer)
    peers.append(spent)

median = {name: statistics.median(answer[name] for answer in answers) for name in ("seconds", "peak_bytes", "list_ms")}
ratios = [b / a["seconds"] for a, b in zip(answers, peers)]
print(f"| texts, {threads} threads | palate | peak GB | scikit-learn {sklearn.__version__} (no stems) | ratio (range of {runs} runs) | a list of 10 |")
print("| --- | --- | --- | --- | --- | --- |")
print(f"| TF-IDF of {ITEMS:,} items of {WORDS} words | {median['seconds']:.1f} s | {median['peak_bytes'] / 1e9:.2f} | {statistics.median(peers):.1f} s | "
      f"{statistics.median(ratios):.1f}× ({min(ratios):.1f}–{max(ratios):.1f}) | {median['list_ms']:.1f} ms |", flush=True)
json.dump({"threads": threads, "sklearn": sklearn.__version__,
           "rows": [{"work": "tfidf", "items": ITEMS, "words": WORDS, "runs": runs, **median, "peer_seconds": statistics.median(peers),
                     "ratio": statistics.median(ratios)}]}, open(out, "w"), indent=2)
