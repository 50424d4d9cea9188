#!/usr/bin/env bash
# Results (without what a clock measured), the model file and lists are byte-equal for 1, 2 and 3 threads, and for a list asked alone or
# in a batch.
# usage: tests/cli/threads.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for threads in 1 2 3; do
    "$palate" demo --growth --users 400 --items 300 --days 200 --allow-drop -m popular -m item_knn -m ease -m als -m keyword \
        -m "item_features epochs=3" -m "two_tower epochs=2" -m "gru epochs=2" --threads "$threads" -o "out$threads" --quiet >/dev/null
    python3 - "out$threads/results.json" "out$threads/plain.json" <<'PYTHON'
import json, sys
def without(value):
    if isinstance(value, dict):
        return {key: without(below) for key, below in value.items() if key != "measured"}
    return [without(below) for below in value] if isinstance(value, list) else value
json.dump(without(json.load(open(sys.argv[1]))), open(sys.argv[2], "w"), indent=1)
PYTHON
done
cmp out1/plain.json out2/plain.json
cmp out1/plain.json out3/plain.json
cmp out1/model.palate out2/model.palate
cmp out1/model.palate out3/model.palate

for threads in 1 2 3; do "$palate" case --iterations 20 --threads "$threads" -o "case$threads" --quiet >/dev/null; done
for file in case.json case.html; do
    cmp case1/$file case2/$file
    cmp case1/$file case3/$file
done

printf 'u%04d\n' $(seq 1 60) >users
"$palate" recommend out1/model.palate --user - --json --threads 1 <users >batch1 2>/dev/null || true
"$palate" recommend out1/model.palate --user - --json --threads 3 <users >batch3 2>/dev/null || true
cmp batch1 batch3
[[ -s batch1 ]]
while read -r user; do "$palate" recommend out1/model.palate --user "$user" --json 2>/dev/null || true; done <users >single
cmp batch1 single
