#!/usr/bin/env bash
# What a comparison says of new items and of a second domain, and what train and recommend say where something is not as asked.
# usage: tests/cli/judging.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
scripts=$(realpath "$(dirname "$0")/../../scripts")
work=$(mktemp -d)
trap 'rm -rf "$work"; [[ ${done:-0} == 1 ]] || echo "failed near: $BASH_COMMAND"' EXIT
cd "$work"

# 60 people, of whom every other one likes even items; the table of items knows one more.
python3 - <<'PYTHON'
import random
random.seed(3)
with open("events.csv", "w") as events, open("more.csv", "w") as items:
    print("user,item,time", file=events)
    for n in range(1200):
        print(f"u{n % 60},i{random.randrange(20) * 2 + n % 2},{1700000000 + 3600 * n}", file=events)
    print("item_id,title", file=items)
    for item in range(41):
        print(f"i{item},{'odd' if item % 2 else 'even'} thing", file=items)
PYTHON
"$palate" train events.csv --items more.csv -m "keyword prior=0" -o seen.palate --quiet

# --candidates catalog says where it adds nothing.
"$palate" train events.csv --items more.csv -m ease --candidates catalog -o none.palate 2>said
grep -q 'adds no items: ease cannot score the 1 that have no event' said
"$palate" train events.csv -m ease --candidates catalog -o none.palate 2>said
grep -q 'adds no items: there is no catalog' said
# A history may name items that the model does not know, but not these alone.
"$palate" recommend seen.palate --history i2,nothing,i4 -n 1 --why 2>said | grep -q .
test "$(grep -c "names 1 of 3 items that the model does not know, the first is 'nothing'" said)" = 1
if "$palate" recommend seen.palate --history nothing 2>said; then exit 1; fi
grep -q "knows no item 'nothing'" said
# Training under --verbose states its memory beside what was estimated.
"$palate" train events.csv -m ease -o none.palate --verbose 2>said
grep -q 'MB of memory at its peak (estimated' said

# Beside a comparison of used items, new ones: a site whose articles come and go, and whose readers search for what they turn to.
searches="--columns user=user_id,item=item_id,text=query,time=timestamp"
python3 "$scripts/sample_searches" readers
"$palate" compare readers/interactions.tsv --items readers/items.tsv $searches --task next -m popular -m keyword -m feature_count -o readers_out >shown
grep -q '^new items, ndcg@10 for' shown
grep -q 'cannot score them:.*popular' shown
grep -q 'For items that nobody has used yet use keyword' shown
grep -q 'new items.*cannot' readers_out/report.md
grep -q 'Items that nobody had used' readers_out/report.html
awk -F'\t' 'BEGIN { OFS = "\t" } NR == 1 || $2 != "" { $3 = ""; print }' readers/interactions.tsv >readers/silent.tsv
"$palate" compare readers/silent.tsv --items readers/items.tsv --columns user=user_id,item=item_id,time=timestamp --task next -m popular -m keyword \
    -m feature_count -o silent_out --quiet >shown
python3 - <<'PYTHON'
import json
def keyword(folder):
    task = json.load(open(folder + "/results.json"))["tasks"][0]
    assert task["new_items"]["winner"] == "keyword" and task["new_items"]["control"] == "feature_count", task["new_items"]
    return next(model for model in task["models"] if model["spec"] == "keyword")["new_alone"]
with_searches, without = keyword("readers_out"), keyword("silent_out")
assert with_searches["low"] > without["high"], (with_searches, without)
PYTHON
# A model of such a comparison has rows of new items and says why it lists none; one that is trained with them lists them.
"$palate" compare readers/interactions.tsv --items readers/items.tsv $searches --task next -m keyword -m random -o listed --quiet >shown
newest=$(awk -F'\t' 'NR > 1 && $2 != "" && !($2 in first) { first[$2] = $4 } NR > 1 && $2 != "" && $4 < first[$2] { first[$2] = $4 }
    END { for (item in first) if (first[item] > last) { last = first[item]; newest = item } print newest }' readers/interactions.tsv)
"$palate" explain listed/model.palate --query "bonds index" --item "$newest" >shown
grep -q 'not listed: the comparison that made this model listed only items that were used before: palate train --candidates catalog' shown

# A second domain: half of what people use has words of the same two tastes; each kind that reads it stands beside itself without.
python3 - <<'PYTHON'
import random
random.seed(5)
with open("target.csv", "w") as target, open("other.csv", "w") as second:
    print("user,item,time", file=target)
    print("user,item,time", file=second)
    for user in range(300):
        for event in range(8):
            print(f"p{user},t{random.randrange(30) * 2 + user % 2},{1700000000 + 97 * user + 40000 * event}", file=target)
            print(f"p{user},s{random.randrange(30) * 2 + user % 2},{1600000000 + 97 * user + 40000 * event}", file=second)
PYTHON
"$palate" compare target.csv --source other.csv --shared users --split cold_users --task window -m popular -m "merged(item_knn)" --sweep -o domains >shown
grep -q 'with the source, less the same without it' shown
grep -q 'merged(item_knn): the source helps' shown
grep -q 'Does the second domain help' domains/report.html
grep -q 'Does the second domain help' domains/report.md
python3 - <<'PYTHON'
import json
models = {model["spec"]: model for model in json.load(open("domains/results.json"))["tasks"][0]["models"]}
source = models["merged(item_knn)"]["source"]
assert source["twin"] == "merged(item_knn) source=off" and source["twin"] in models, source
assert source["verdict"] == "helps" and source["effects"][0]["gain"]["low"] > 0, source
assert [point["share"] for point in models["merged(item_knn)"]["growth"]] == [0.1, 0.3, 1]
assert "gain" in models["merged(item_knn)"]["growth"][0] and "growth" not in models["popular"]
PYTHON
"$palate" recommend domains/model.palate --source-history s2,s4 -n 5 --quiet | grep -q t

# Without a second domain its options are refused, and kinds that would learn from it say that there is none.
for option in --sweep "--source-until first"; do
    if "$palate" compare target.csv $option -m popular -o none >/dev/null 2>said; then exit 1; fi
    grep -q -- "${option%% *} is about a second domain" said
done
"$palate" compare target.csv --split random -m popular -m "merged(item_knn)" -o alone >shown 2>said
grep -q 'merged(item_knn): there is no second domain: it learns from the log alone' said shown
grep -q 'Use merged(item_knn): ' shown # it won, and nothing is said of what people do elsewhere
"$palate" train target.csv -m "merged(item_knn)" -o alone.palate >said 2>&1
grep -q 'there is no second domain' said
"$palate" train target.csv --source other.csv --shared users -m item_knn -o alone.palate >said 2>&1
grep -q 'item_knn does not learn from the second domain' said

# A source that shares no taste is never said to help, the same worlds with one that does are told from it; small slices tell nothing.
world=(--users 300 --items 200 --days 120 --threads 1 -m popular -m emcdr)
for seed in 2 5 6; do
    "$palate" demo "${world[@]}" --source control --seed $seed -m "merged(als)" -o world >shown 2>&1
    grep -q 'too few to tell' shown
    if grep -q ': the source helps' shown; then exit 1; fi
done
"$palate" demo "${world[@]}" --source second --split cold_users -o world >shown 2>&1
grep -q 'emcdr: the source helps' shown
if grep -q 'Too little data' shown; then exit 1; fi # 50 people, all without a history: whom the test is about
grep -q '^  Use emcdr' shown

# Where new items alone were judged, the verdict says that the saved model lists others too.
"$palate" demo --users 300 --items 200 --days 120 --threads 1 --split cold_items -m keyword -m popular -o world >shown 2>&1
grep -q 'New items alone were judged here' shown
done=1
