#!/usr/bin/env bash
# results.json is as docs/results.schema.json says.
# usage: tests/schema.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$palate" demo --users 300 --items 200 --days 120 --allow-drop -o "$work/demo" --quiet >/dev/null
"$palate" demo --users 300 --items 200 --days 120 --hide none --source second -m popular -o "$work/second" --quiet >/dev/null
grep -q '"group": "source"' "$work/second/results.json"
"$palate" demo --users 300 --items 200 --days 120 --hide none --task both -m popular -m ease -m "item_knn k=5" -o "$work/both" --quiet >/dev/null
python3 - >"$work/ratings.csv" <<'PYTHON'
import random
random.seed(7)
print("user_id,item_id,rating,timestamp")
for n in range(3000):
    user, item = random.randrange(80), int(random.paretovariate(.9)) % 50
    print(f"u{user},i{item},{1 + (user + item + n % 2) % 5},{1700000000 + 3000 * n}")
PYTHON
"$palate" compare "$work/ratings.csv" --hide none --growth -m popular -m bias -m "mf factors=4 epochs=6" -o "$work/ratings" --quiet >/dev/null
# Folds, users told apart, hits that are worth something, a run of the system in use, a budget that nothing fits, both tasks.
{ echo user,age,plan; for u in $(seq 0 79); do echo "u$u,$((20 + u)),$([[ $((u % 3)) -eq 0 ]] && echo pro || echo free)"; done; } >"$work/people.csv"
{ echo item,price,genre; for i in $(seq 0 49); do echo "i$i,$((i + 1)).50,g$((i % 4))|g$((i % 3))"; done; } >"$work/things.csv"
log=("$work/ratings.csv" --users "$work/people.csv" --items "$work/things.csv" --hide none --slice age --slice plan --gain price)
"$palate" compare "${log[@]}" --split "kfold folds=2" -m popular -m bias -o "$work/kfold" --quiet >/dev/null
"$palate" compare "${log[@]}" -m popular -m bias -m "mf epochs=3" --growth --trec "$work/trec" -o "$work/slices" --quiet >/dev/null
run=$(find "$work/trec" -name '*popular*' | head -n 1)
"$palate" compare "${log[@]}" --run "$run" -m popular -m bias -o "$work/run" --quiet >/dev/null
"$palate" compare "${log[@]}" --task both -m popular -m bias -m markov -o "$work/tasks" --quiet >/dev/null
"$palate" compare "${log[@]}" --budget 0.001 -m popular -m "mf factors=64 epochs=500" -o "$work/budget" --quiet >/dev/null
for word in '"age below' '"plan: pro' '"plan: free' '"group": "profile"' value@10; do grep -q "$word" "$work/slices/results.json"; done
grep -q '"folds": 2' "$work/kfold/results.json"
grep -q '"role": "run"' "$work/run/results.json"
grep -q '"status": "skipped"' "$work/budget/results.json"
# Whatever does worse for known users than popular says why, and nothing else does.
"$palate" compare "$work/ratings.csv" --hide none -m popular -m bias -m ease -o "$work/below" >"$work/shown" 2>/dev/null
python3 - "$work/below/results.json" <<'PYTHON'
import json, sys
models = json.load(open(sys.argv[1]))["models"]
known = {m["spec"]: next(s["interval"]["mean"] for s in m["slices"] if s["name"] == "known users") for m in models}
for m in models:
    assert ("below" in m) == (known[m["spec"]] < known["popular"]), (m["spec"], known)
assert "which are chosen" in next(m for m in models if m["spec"] == "bias")["below"], models
PYTHON
for shown in "$work/shown" "$work/below/report.md" "$work/below/report.html"; do grep -qi 'worse than popular' "$shown"; done
# What the document says the page and the Markdown show.
for word in 'What the hits are worth' 'By profile' 'How long a model stays good'; do grep -q "$word" "$work/slices/report.html"; done
grep -q 'What the hits are worth' "$work/slices/report.md"
for key in curve growth growth_seconds ratings figures flow; do grep -q "\"$key\"" "$work/ratings/results.json"; done
# A log of impressions: what is shown is clicked the likelier the lower its number, and popularity finds that.
python3 - "$work/impressions.csv" <<'PYTHON'
import random
import sys
random.seed(3)
with open(sys.argv[1], "w") as out:
    print("user,item,time,event", file=out)
    for page in range(4000):
        user = f"u{random.randrange(300)}"
        for item in random.sample(range(40), 5):
            print(user, f"i{item}", 1700000000 + 300 * page, "click" if random.random() < 0.6 - item / 80 else "Shown", sep=",", file=out)
PYTHON
"$palate" compare "$work/impressions.csv" --hide none -m popular -m random -o "$work/clicks" --quiet >"$work/shown"
grep -q 'impressions, .* of them clicked' "$work/shown"
for page in report.html report.md; do grep -q 'What was clicked, of what was shown' "$work/clicks/$page"; done
python3 - "$work/clicks/results.json" <<'PYTHON'
import json
import sys
results = json.load(open(sys.argv[1]))
popular, random = (model["clicks"] for model in results["models"])
assert popular["auc"]["low"] > 0.55 and random["auc"]["low"] < 0.5 < random["auc"]["high"]
assert popular["logloss"]["mean"] < random["logloss"]["mean"]
counts = results["protocol"]["clicks"]
assert 0 < counts["n_clicked"] < counts["n"] and counts["n_valid_clicked"] > 0
PYTHON
for run in demo second both ratings clicks kfold slices run tasks budget; do python3 tests/schema.py docs/results.schema.json "$work/$run/results.json"; done
# A document that breaks the schema must be refused, or the check checks nothing.
sed 's/"palate": "[^"]*"/"palate": 3/' "$work/demo/results.json" >"$work/wrong.json"
if python3 tests/schema.py docs/results.schema.json "$work/wrong.json" 2>/dev/null; then
    echo "the schema check accepts anything"
    exit 1
fi
