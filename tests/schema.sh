#!/usr/bin/env bash
# results.json is as docs/results.schema.json says.
# usage: tests/schema.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$palate" demo --users 300 --items 200 --days 120 --allow-drop -o "$work/demo" --quiet >/dev/null
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
for run in demo both ratings clicks; do python3 tests/schema.py docs/results.schema.json "$work/$run/results.json"; done
# A document that breaks the schema must be refused, or the check checks nothing.
sed 's/"palate": "[^"]*"/"palate": 3/' "$work/demo/results.json" >"$work/wrong.json"
if python3 tests/schema.py docs/results.schema.json "$work/wrong.json" 2>/dev/null; then
    echo "the schema check accepts anything"
    exit 1
fi
