#!/usr/bin/env bash
# Numbers of the literature on MovieLens: predicted ratings over five folds of 100K (Surprise's SVD: rmse .934), and what counting
# sequences reaches on 1M when each user's last event is left out (ties in the order of the file).
# The data is fetched where the workplace has a script for that, or else the part is skipped: PALATE_ML100K and PALATE_ML1M name
# ml-100k.inter and ml-1m.inter, if they are at hand.
# usage: tests/golden/movielens.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# find SIZE PATH: the log, fetched where PATH is empty.
find_log() {
    local log=$2 name="ml-$1.inter"
    if [[ -z $log && -f ../shared/reference/get_movielens.sh ]]; then
        bash ../shared/reference/get_movielens.sh "$1" "$work/$1" >"$work/log" 2>&1 && log=$work/$1/$name
    fi
    echo "$log"
}
small=$(find_log 100k "${PALATE_ML100K:-}")
large=$(find_log 1m "${PALATE_ML1M:-}")
if [[ ! -f $small && ! -f $large ]]; then
    echo "MovieLens is not at hand: PALATE_ML100K and PALATE_ML1M name ml-100k.inter and ml-1m.inter"
    exit 77
fi

number() { python3 -c 'import json, sys; from functools import reduce
row = next(m for m in json.load(open(sys.argv[1]))["models"] if m["spec"] == sys.argv[2])
print(reduce(lambda at, key: at[key], sys.argv[3].split("/"), row))' "$@"; }
at_most() { python3 -c 'import sys; sys.exit(not float(sys.argv[1]) <= float(sys.argv[2]))' "$1" "$2"; }

if [[ -f $small ]]; then
    "$palate" compare "$small" --split kfold -m bias -m mf -o "$work/folds" --quiet >"$work/shown"
    rmse=$(number "$work/folds/results.json" mf ratings/rmse/mean)
    bias=$(number "$work/folds/results.json" bias ratings/rmse/mean)
    echo "100K, five folds: rmse of mf $rmse, of bias $bias"
    at_most "$rmse" .94
    at_most "$rmse" "$bias"
fi
if [[ -f $large ]]; then
    "$palate" compare "$large" --split leave_last --task window -m popular -m markov -o "$work/last" --quiet >"$work/shown"
    ndcg=$(number "$work/last/results.json" markov metrics/ndcg@10/mean)
    echo "1M, last event left out: ndcg@10 of markov $ndcg"
    at_most .155 "$ndcg"
    grep -q 'counting which item follows which suffices' "$work/shown"
fi
