#!/usr/bin/env bash
# palate report gives the same bytes as the comparison did, ends with a sentence on what is no document of ours, and never crashes on a
# document whose values are of other types, huge or missing.
# usage: tests/page/redraw.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 - <<'PYTHON'
import random
random.seed(7)
with open("ratings.csv", "w") as out:
    print("user_id,item_id,rating,timestamp", file=out)
    for n in range(3000):
        user, item = random.randrange(80), int(random.paretovariate(.9)) % 50
        print(f"u{user},i{item}|*<b>,{1 + (user + item + n % 2) % 5},{1700000000 + 3000 * n}", file=out)
PYTHON
"$palate" compare ratings.csv --hide none --growth -m popular -m bias -m "mf factors=4 epochs=6" -m item_knn -o out --quiet >/dev/null
[[ -s out/report.md ]]
grep -q 'Predicted values' out/report.md
grep -q 'What more data costs' out/report.html
grep -q 'How learning went' out/report.html
! grep -q '<b>' out/report.md
cp out/report.html first.html
cp out/report.md first.md
"$palate" report out | grep -q 'written: out/report.html, out/report.md'
cmp first.html out/report.html
cmp first.md out/report.md

expect_failure() { # CODE WORDS COMMAND…
    local code=$1 words=$2 got=0
    shift 2
    "$@" >said 2>&1 || got=$?
    [[ $got == "$code" ]] || { echo "$*: ended with $got"; cat said; exit 1; }
    grep -q "$words" said || { echo "$*: said"; cat said; exit 1; }
    [[ $(wc -l <said) == 1 ]]
}
mkdir bad
expect_failure 1 'bad/results.json: cannot open' "$palate" report bad
echo '{"tasks": 3' >bad/results.json
expect_failure 1 'bad/results.json' "$palate" report bad
echo '{"tasks": [], "protocol": {}, "data": {}}' >bad/results.json
expect_failure 1 'is not what palate compare wrote' "$palate" report bad
[[ ! -e bad/report.html ]]

# Every place of the document in turn becomes something else, several places a document.
python3 - "$palate" <<'PYTHON'
import copy, json, random, subprocess, sys
random.seed(11)
whole = json.load(open("out/results.json"))
strange = [None, 1e300, -1e300, 1e18, -5, 0, True, "", "</script><b>|", [], {}, [[1e300, -1e300], [1, 1e300]], [None, "x"]]

def places(value, path=()):
    for key, below in (value.items() if isinstance(value, dict) else enumerate(value)):
        yield path + (key,)
        if isinstance(below, (dict, list)):
            yield from places(below, path + (key,))

everywhere = list(places(whole))
for turn in range(150):
    document = copy.deepcopy(whole)
    for path in random.sample(everywhere, 40):
        at = document
        try:
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = random.choice(strange)
        except (KeyError, IndexError, TypeError):
            continue
    json.dump(document, open("bad/results.json", "w"))
    ended = subprocess.run([sys.argv[1], "report", "bad", "--quiet"], capture_output=True, text=True)
    if ended.returncode not in (0, 1) or "Sanitizer" in ended.stderr or "runtime error" in ended.stderr:
        sys.exit(f"turn {turn}: ended with {ended.returncode}: {ended.stderr[:2000]}")
    if ended.returncode == 0 and open("bad/report.html").read().count("<script") != 1:
        sys.exit(f"turn {turn}: a text of the document became a script")
PYTHON
