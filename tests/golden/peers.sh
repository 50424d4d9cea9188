#!/usr/bin/env bash
# Agrees with independent implementations on MovieLens 100K (numbers: numpy and scipy, binary events, trec_eval's definitions).
# The data's licence forbids passing it on: PALATE_ML100K names a folder with file/, last/ and time/, each with train.inter and
# test.inter: the first 20,000 rows, each user's last row, the last 20 % by time.
# usage: tests/golden/peers.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
if [[ ! -f ${PALATE_ML100K:-}/file/train.inter ]]; then
    echo "PALATE_ML100K names no folder with the splits of MovieLens 100K"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for split in file last time; do
    "$palate" compare --train "$PALATE_ML100K/$split/train.inter" --test "$PALATE_ML100K/$split/test.inter" \
        --task window --fallback popular -m popular -m "item_knn metric=cosine k=100 shrink=0" -m "ease l2=500" \
        -m "popular half_life=7d" -o "$work/$split" --quiet >/dev/null
done
python3 - "$work" <<'PYTHON'
import json, sys
expected = {  # split: spec: ndcg@10, recall@20, ndcg@20
    "file": {"popular": (.3254, .1482, .3004), "item_knn shrink=0": (.4920, .2697, .4779), "ease": (.5652, .3057, .5398)},
    "last": {"popular": (.0439, .1273, .0543), "item_knn shrink=0": (.0643, .1866, .0819), "ease": (.0737, .2259, .0936)},
    "time": {"popular": (.3400, .1231, .3153), "item_knn shrink=0": (.3420, .1104, .3134), "popular half_life=7d": (.3661, .1551, .3417)},
}
bad = 0
for split, rows in expected.items():
    models = {model["spec"]: model["metrics"] for model in json.load(open(f"{sys.argv[1]}/{split}/results.json"))["models"]}
    for spec, numbers in rows.items():
        for name, number in zip(("ndcg@10", "recall@20", "ndcg@20"), numbers):
            ours = models[spec][name]["mean"]
            if abs(ours - number) > .002:
                print(f"{split} {spec} {name}: {ours:.4f}, peers {number:.4f}")
                bad = 1
sys.exit(bad)
PYTHON
