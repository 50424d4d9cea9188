#!/usr/bin/env bash
# What the commands do for somebody who follows the README: exit codes, JSON, files, lists that agree.
# usage: tests/cli/run.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"; [[ ${done:-0} == 1 ]] || echo "failed near: $BASH_COMMAND"' EXIT
cd "$work"

"$palate" --version | grep -q '^palate [0-9]'
"$palate" --help | grep -q compare
for command in demo case compare train evaluate recommend similar explain vectors shrink inspect import report models describe; do
    "$palate" "$command" --help | grep -q "^usage: palate $command"
    "$palate" help "$command" | grep -q "^usage: palate $command"
done

"$palate" demo --users 300 --items 200 --days 120 --hide none -o demo >shown 2>said
grep -q '^verdict' shown
# The closing line names the model where it was written, and does what it says.
next=$(sed -n 's/^  Next: palate recommend //p' shown)
[[ $next == "demo/model.palate --user "* ]]
# shellcheck disable=SC2086
"$palate" recommend $next --quiet >/dev/null
grep -q 'Next: palate recommend model.palate' demo/report.html
for file in report.html report.md results.json model.palate; do [[ -s demo/$file ]]; done

# --json prints one document and nothing else.
"$palate" demo --users 300 --items 200 --days 120 --hide none -o again -m popular -m ease --json >document 2>said
python3 -c 'import json; json.load(open("document"))'

# The seed reaches the work.
"$palate" demo --users 100 --items 80 --days 60 --allow-drop -m popular -m als --seed 2 -o seed2 --quiet >shown2 2>said
"$palate" demo --users 100 --items 80 --days 60 --allow-drop -m popular -m als --seed 3 -o seed3 --quiet >shown3 2>said
if cmp -s shown2 shown3; then exit 1; fi

# --family brings every kind of it that the log can serve, beside what is named; none twice, a typo is told.
"$palate" demo --users 100 --items 80 --days 60 --allow-drop --family collaborative -m "ease l2=9" -m user_knn -o family --quiet >shown 2>said
python3 - <<'PYTHON'
import json
models = [model["spec"] for model in json.load(open("family/results.json"))["tasks"][0]["models"]]
assert models[:2] == ["ease l2=9", "user_knn"] and models.count("user_knn") == 1 and "ease" in models and "item_knn" in models, models
assert "markov" not in models and not any(spec.startswith("blend") for spec in models), models
PYTHON
if "$palate" demo --family colaborative -o family >shown 2>said; then exit 1; fi
grep -q 'did you mean collaborative' said

# The article's case: two matrices, all models, the files it names; a seed decides.
"$palate" case --iterations 3 -o case >shown 2>said
grep -q "The article's own listing cannot run" shown
[[ -s case/case.html && ! -e case/initial.json ]]
"$palate" case --iterations 3 --seed 7 --initial --json -o case7 >document 2>said
cmp document case7/case.json
[[ -s case7/initial.json ]]
python3 - <<'PYTHON'
import json
first, seventh = json.load(open("case/case.json")), json.load(open("case7/case.json"))
assert first["matrices"][0]["values"] != seventh["matrices"][0]["values"]
for matrix in first["matrices"]:
    models = [run["model"] for run in matrix["runs"]]
    assert models[:2] == ["constant", "user + item bias"] and len(set(models)) == 6, models
    assert all(run["outcome"] != "diverged" for run in matrix["runs"] if run.get("is_largest"))
lists = first["matrices"][1]["lists"]
assert [len(one["items"]) for one in lists] == [5, 5, 5]
PYTHON

python3 - <<'PYTHON'
import random
random.seed(5)
with open("events.csv", "w") as out:
    print("customer_id,sku,stars,ts", file=out)
    for n in range(6000):
        user = random.randrange(120)
        item = (int(random.paretovariate(1.1)) * 7 + user % 3) % 90
        print(f"c{user},s{item},{random.randrange(1, 6)},2024-{1 + n // 600:02d}-{1 + n // 25 % 28:02d}T{n % 24:02d}:00:00Z", file=out)
with open("titles.csv", "w") as out:
    print("sku,title", file=out)
    for item in range(90):
        print(f's{item},"Thing no. {item}, the ""best"""', file=out)
PYTHON
"$palate" inspect events.csv >shown 2>said
grep -q 'palate compare' shown
"$palate" inspect events.csv --json 2>said | python3 -c 'import json, sys; assert json.load(sys.stdin)["events"] == 6000'

"$palate" compare events.csv --items titles.csv --hide none -m popular -m item_knn -m ease --task both --relevant "value>=3" \
    --trec trec -o report >shown 2>said
[[ -s trec/qrels.txt && -s trec/ease.run ]]
python3 - <<'PYTHON'
import json
results = json.load(open("report/results.json"))
assert [task["task"] for task in results["tasks"]] == ["window", "next"]
# The one model that is saved is the first task's: only there a list of it is the next command.
assert [bool(task["verdict"].get("next_user")) for task in results["tasks"]] == [True, False]
assert [model["status"] for model in results["models"]] == ["done"] * 3
assert "Thing no. " in json.dumps(results["tasks"][0]["examples"])
PYTHON

# A run of our own lists scores what the model scored.
"$palate" compare events.csv --hide none -m popular -m ease --task window --run trec/ease.run --relevant "value>=3" -o withrun --quiet >/dev/null
python3 - <<'PYTHON'
import json
models = {model["spec"]: model["metrics"] for model in json.load(open("withrun/results.json"))["models"]}
for name, value in models["ease"].items():
    if value["low"] is not None:
        assert abs(value["mean"] - models["ease.run"][name]["mean"]) < 1e-6, name
PYTHON

# Items that nobody has used: asked alone by cold_items, listed by kinds that know them by their features, marked for others.
cp titles.csv more.csv
echo 's_new,"Thing no. 17, the ""best"""' >>more.csv
"$palate" compare events.csv --items more.csv --hide none --split cold_items -m random -m feature_count -m keyword -m ease -m "blend(ease, keyword)" \
    -o cold >shown 2>said
grep -q 'ease .*cannot score new items' shown
grep -q 'rank them last: ease\.' cold/report.md
python3 - <<'PYTHON'
import json
results = json.load(open("cold/results.json"))
assert results["protocol"]["candidates"] == "new", results["protocol"]
able = {model["spec"]: model["scores_new_items"] for model in results["tasks"][0]["models"]}
assert able == {"random": True, "feature_count": True, "keyword": True, "ease": False, "blend(ease, keyword)": True}, able
assert next(model for model in results["tasks"][0]["models"] if model["spec"] == "ease")["metrics"]["ndcg@10"]["mean"] == 0
PYTHON
"$palate" train events.csv --items more.csv -m "keyword prior=0" --candidates catalog -o words.palate --quiet
"$palate" recommend words.palate --history s17 -n 1 --quiet | grep -q s_new
"$palate" train events.csv --items more.csv -m "keyword prior=0" -o seen.palate --quiet
if "$palate" recommend seen.palate --history s17 -n 90 --quiet | grep -q s_new; then exit 1; fi

# How many items the catalog describes is told, and warned of where they are few.
"$palate" train events.csv --items more.csv -m "keyword prior=0" -o seen.palate >shown 2>said
grep -q 'catalog: it describes [0-9]* of the log' said
head -n 3 more.csv >few.csv
"$palate" train events.csv --items few.csv -m "keyword prior=0" -o few.palate >shown 2>said
grep -q 'catalog: it describes [0-9]* of the log.*are ids written alike' said

# What people say: words that are asked for, searches of known users, profiles of strangers.
python3 - <<'PYTHON'
import random
random.seed(7)
words = [["kettle", "teapot"], ["novel", "story"]]
with open("people.csv", "w") as people:
    print("user,city,age", file=people)
    for user in range(120):
        print(f"p{user},{['Lyon', 'Bern'][user % 2]},{20 + user // 2}", file=people)
with open("things.csv", "w") as things:
    print("item,title", file=things)
    for item in range(60):
        print(f"t{item},{'Blue' if item % 3 else 'Red'} {words[item % 2][item // 2 % 2]} {item // 4}", file=things)
with open("asked.csv", "w") as out:
    print("user,item,time,query", file=out)
    for n in range(4000):
        user = random.randrange(120)
        item = random.randrange(30) * 2 + user % 2
        print(f"p{user},t{item},{1700000000 + n * 3600},", file=out)
        if n % 5 == 0:
            print(f"p{user},,{1700000000 + n * 3600},red {words[user % 2][0]}", file=out)
PYTHON
"$palate" compare asked.csv --items things.csv --columns text=query --task window --hide none -m keyword --trec asked -o asked --quiet >/dev/null
python3 - "$palate" <<'PYTHON'
import collections, json, subprocess, sys
lists = collections.defaultdict(list)
for line in open("asked/keyword.run"):
    user, _, item, rank, *_ = line.split()
    lists[user].append(item)
for user in list(lists)[:10]:
    shown = subprocess.run([sys.argv[1], "recommend", "asked/model.palate", "--user", user, "-n", "10", "--json"], capture_output=True, text=True)
    found = [entry["id"] for entry in json.loads(shown.stdout)["items"]]
    assert found == lists[user][:10], (user, found, lists[user])
PYTHON
# Searches after a person's last event are not known where that event is asked, and so are not in the model either.
python3 - <<'PYTHON'
import csv, shutil
last = {}
for row in csv.DictReader(open("asked.csv")):
    last[row["user"]] = max(last.get(row["user"], 0), int(row["time"]))
shutil.copy("asked.csv", "late.csv")
with open("late.csv", "a") as out:
    for n, (user, time) in enumerate(sorted(last.items())):
        print(f"{user},,{time + 1},blue {'story' if int(user[1:]) % 2 == 0 else 'teapot'}", file=out)
PYTHON
"$palate" compare late.csv --items things.csv --columns text=query --split leave_last --task window --hide none -m keyword --trec late -o late --quiet >/dev/null
python3 - "$palate" <<'PYTHON'
import collections, json, subprocess, sys
lists = collections.defaultdict(list)
for line in open("late/keyword.run"):
    user, _, item, rank, *_ = line.split()
    lists[user].append(item)
for user in list(lists)[:20]:
    shown = subprocess.run([sys.argv[1], "recommend", "late/model.palate", "--user", user, "-n", "10", "--json"], capture_output=True, text=True)
    found = [entry["id"] for entry in json.loads(shown.stdout)["items"]]
    assert found == lists[user][:10], (user, found, lists[user])
PYTHON
"$palate" recommend asked/model.palate --query "a RED kettle" -n 1 --quiet | grep -q 'Red kettle'
"$palate" explain asked/model.palate --query "red kettle" --item t0 --quiet | grep -q kettle
"$palate" recommend asked/model.palate --query "red kettle" --history t1 -n 1 --json | grep -q '"for": "t1, words red kettle"'
"$palate" recommend asked/model.palate --query zzz -n 1 >shown 2>said
grep -q 'by popular' shown
grep -q "knows none of the words 'zzz'" said
# A few words find the texts that have them, however the rows of items are whitened.
python3 - <<'PYTHON'
import random
random.seed(3)
topics = ["rocket alien planet", "saloon horse sheriff", "kiss wedding flower", "castle dragon sword"]
with open("films.csv", "w") as films, open("seen.csv", "w") as seen:
    print("item,title", file=films)
    for i in range(48):
        words = topics[i % 4].split()
        print(f"f{i},The {random.choice(words)} of {random.choice(words)} {['dark', 'blue', 'red', 'old'][i // 4 % 4]}", file=films)
    print("user,item,time", file=seen)
    for e in range(1500):
        u = e % 60
        print(f"u{u},f{random.randrange(12) * 4 + (u % 4 if e % 5 else random.randrange(4))},{e}", file=seen)
PYTHON
"$palate" train seen.csv --items films.csv -m vector -o films.palate --quiet >/dev/null
for word in rocket sheriff wedding dragon; do
    "$palate" recommend films.palate --query "$word" -n 3 --quiet >shown
    [[ $(grep -ci "$word" shown) -ge 3 ]] || { echo "'$word' is not what is listed for it:"; cat shown; exit 1; }
done
# So do specs of several kinds, of which the others know nothing of somebody without a history.
for spec in "blend(item_knn, keyword) weights=1,0" "blend(item_knn, keyword)" "item_knn > keyword" "popular > keyword"; do
    "$palate" train seen.csv --items films.csv -m "$spec" -o films.palate --quiet >/dev/null
    "$palate" recommend films.palate --query sheriff -n 3 --quiet >shown
    [[ $(grep -ci sheriff shown) -ge 3 ]] || { echo "'sheriff' is not what $spec lists for it:"; cat shown; exit 1; }
done
for spec in "fm epochs=30" "item_features epochs=30" "two_tower epochs=30" "ranker epochs=10" "deepfm epochs=10"; do
    "$palate" train asked.csv --columns text=query --users people.csv -m "$spec" -o people.palate --quiet >/dev/null
    "$palate" recommend people.palate --profile city=Lyon,age=30 -n 1 --json >lyon
    "$palate" recommend people.palate --profile city=Bern,age=30 -n 1 --json >bern
    python3 - "$spec" <<'PYTHON'
import json, sys
for name, camp in [("lyon", 0), ("bern", 1)]:
    shown = json.load(open(name))
    assert int(shown["items"][0]["id"][1:]) % 2 == camp, (sys.argv[1], shown)
PYTHON
    "$palate" recommend people.palate --profile 'city=Rome, IT,age=30' -n 1 >shown 2>said
    grep -q "the model knows no city 'Rome, IT'" said
    "$palate" recommend people.palate --profile city=Rome --history t1,t3 -n 1 >shown 2>said
    grep -q "the model knows no city 'Rome': it counts as not told" said
    grep -q '^for t1,t3, profile city=Rome, by ' shown
    "$palate" explain people.palate --profile city=Lyon,age=30 --history t1,t3 --item t0 >shown
    [[ $spec == item_features* ]] || grep -q 'city: Lyon' shown # whose items' own rows alone speak
done
"$palate" train asked.csv --columns text=query --users people.csv -m "fm epochs=5" -o people.palate --quiet >/dev/null
"$palate" explain people.palate --profile city=Lyon --item t0 --quiet | grep -q 'city: Lyon'
if "$palate" recommend people.palate --profile town=Lyon >shown 2>said; then exit 1; fi
grep -q "there is no column of profiles 'town'" said

# What the budget is too small for is skipped, and said why, in each table: the 6,000 items cost ease, which cannot stop
# half way, far more than a second by its own count, and random far less.
python3 - <<'PYTHON'
with open("wide.csv", "w") as out:
    print("user,item,time", file=out)
    for n in range(18000):
        print(f"u{n % 20},i{n * 7 % 6000},{1700000000 + n * 60}", file=out)
PYTHON
"$palate" compare wide.csv --hide none --task both --budget 1s -m random -m ease -o budget >shown 2>said
grep -q 'ease .*skipped: .*budget' shown said
python3 - <<'PYTHON'
import json
for task in json.load(open("budget/results.json"))["tasks"]:
    assert [model["status"] for model in task["models"]] == ["done", "skipped"], task["models"]
    assert all(model["reason"] for model in task["models"] if model["status"] == "skipped"), task["models"]
PYTHON
# Nothing fits into a budget that was used up before the first.
if "$palate" compare events.csv --hide none --budget 0.000001s -m random -m popular -o budget >shown 2>said; then exit 1; fi
grep -q 'no model could be compared.*raise --budget' said

# Each training says how much of the machine's peak it reached.
"$palate" compare events.csv --hide none -m popular -m ease -m "mf epochs=2" --refit none --verbose -o verbose >shown 2>said
for spec in popular ease "mf epochs=2"; do
    [[ $(grep -cE "^$spec: trained in .* % of the peak [0-9]+ G; memory moves [0-9.]+ GB a second" said) -eq 1 ]]
done

# The kinds' pages derive their gradients.
for kind in mf gmf nn; do "$palate" describe kind $kind --markdown >page && grep -q '^## Gradients' page; done

# With folds the last table is of their means, as the differences are; a log in "." has its folder's name.
mkdir shop
tr , '\t' <events.csv >shop/interactions.tsv
(cd shop && "$palate" compare . --hide none -m popular -m ease --split "kfold folds=2" -o out >shown 2>said)
grep -q '^# Which recommender for shop?' shop/out/report.md
python3 - <<'PYTHON'
import json
lines = open("shop/said").read().splitlines() + open("shop/shown").read().splitlines()
after = lines[next(i for i, line in enumerate(lines) if line.startswith("means of 2 folds")):]
for model in json.load(open("shop/out/results.json"))["models"]:
    row = next(line.split() for line in after if line.startswith(model["spec"]))
    assert abs(float(row[1]) - model["metrics"]["ndcg@10"]["mean"]) < 1e-4, row
PYTHON

# What a large log leaves out is said.
awk 'BEGIN { print "user,item,timestamp"; for (i = 0; i < 26000; i++) print "u" i % 900 ",i" int(i / 2) "," 1700000000 + i * 60 }' >large.csv
"$palate" compare large.csv --allow-drop --resamples 100 --budget 1s -o large >shown 2>said
grep -q 'not tried by itself on 900 users and 13000 items, for its time and memory: ease' shown said
if grep -q 'not tried.*knn' shown said; then exit 1; fi

"$palate" compare events.csv --hide none -m popular -m ease -o quiet --quiet | head -n 1 | grep -q . || { echo "--quiet begins with an empty line"; exit 1; }

# The same log as a container gives the same results, and so do its compressed forms.
"$palate" import events.csv -o log.palate --quiet >/dev/null
gzip -k events.csv
for log in log.palate events.csv.gz; do
    "$palate" compare "$log" --hide none -m popular -m ease -o other --quiet >/dev/null
    "$palate" compare events.csv --hide none -m popular -m ease -o first --quiet >/dev/null
    python3 - <<'PYTHON'
import json
first, other = (json.load(open(f"{name}/results.json")) for name in ("first", "other"))
assert first["protocol"] == other["protocol"]
assert [m["metrics"] for m in first["models"]] == [m["metrics"] for m in other["models"]]
PYTHON
done

# Train, list, evaluate; a list of the history that a user has is that user's list.
"$palate" train events.csv -m "ease l2=50" --items titles.csv -o model.palate --quiet >/dev/null
"$palate" recommend model.palate --user c7 -n 5 >shown
grep -q 'Thing no\.' shown
"$palate" recommend model.palate --user c7 -n 5 --json | python3 -c 'import json, sys; assert len(json.load(sys.stdin)["items"]) == 5'
history=$(awk -F, '$1 == "c7" { printf "%s%s", n++ ? "," : "", $2 }' events.csv)
diff <("$palate" recommend model.palate --user c7 -n 5 --quiet) <("$palate" recommend model.palate --history "$history" -n 5 --quiet)
"$palate" recommend model.palate --user c7 --deny "$("$palate" recommend model.palate --user c7 -n 1 --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][0]["id"])')" -n 1 --quiet >denied
! diff denied <("$palate" recommend model.palate --user c7 -n 1 --quiet) >/dev/null
"$palate" recommend model.palate --json | grep -q '"strategy": "popular"'
"$palate" similar model.palate --item s7 -n 3 --json | python3 -c 'import json, sys; assert len(json.load(sys.stdin)["items"]) == 3'
{ head -n 1 events.csv; tail -n 500 events.csv; } >test.csv
{ head -n 5500 events.csv; } >train.csv
"$palate" train train.csv -m ease -o half.palate --quiet >/dev/null
"$palate" evaluate half.palate --test test.csv --hide none --json 2>said >by_model
"$palate" evaluate half.palate --train train.csv --test test.csv --hide none --json 2>said >by_train
python3 - <<'PYTHON'
import json
a, b = (json.load(open(name)) for name in ("by_model", "by_train"))
assert a["metrics"] == b["metrics"] and a["metrics"]["ndcg@10"] > 0
PYTHON

# Small rows: training with a precision and shrinking what was trained give one file, a quarter as large in its rows, and
# lists that hardly change; a kind without such rows says so; what is small already, or no precision, is refused.
"$palate" train train.csv -m "bpr factors=48 epochs=5" -o whole.palate --quiet >/dev/null 2>said
for precision in bf16 int8; do
    "$palate" train train.csv -m "bpr factors=48 epochs=5" --precision $precision -o trained.palate --quiet >/dev/null 2>said
    "$palate" shrink whole.palate --precision $precision -o $precision.palate >shown 2>said
    grep -q "^written: $precision.palate" shown
    grep -q "^bpr factors=48 epochs=5: what it learned takes .* kB as $precision, .* kB before" said
    cmp trained.palate $precision.palate
    "$palate" recommend $precision.palate --user c7 -n 5 --json | python3 -c 'import json, sys; assert len(json.load(sys.stdin)["items"]) == 5'
    "$palate" similar $precision.palate --item s7 -n 3 --quiet >/dev/null
    "$palate" vectors $precision.palate -o vectors_$precision --quiet >/dev/null
done
python3 - <<'PYTHON'
import os
whole, half, quarter = (os.path.getsize(name + ".palate") for name in ("whole", "bf16", "int8"))
rows = (whole - half) / 2 / 48  # of users and items; padding hides a few bytes
assert 190 < rows < 214 and abs(whole - quarter - rows * (3 * 48 - 4)) < 800, (whole, half, quarter)
PYTHON
for name in whole int8; do "$palate" evaluate $name.palate --test test.csv --hide none --json 2>said >by_$name; done
python3 - <<'PYTHON'
import json
a, b = (json.load(open("by_" + name))["metrics"]["ndcg@10"] for name in ("whole", "int8"))
assert abs(a - b) < 0.02, (a, b)
PYTHON
"$palate" shrink half.palate --precision int8 -o same.palate >shown 2>said
grep -q 'ease keeps float32' said
cmp half.palate same.palate
code=0
"$palate" shrink int8.palate --precision bf16 -o never.palate >shown 2>said || code=$?
[[ $code == 2 && ! -e never.palate ]]
grep -q 'bpr: its rows are kept as int8 already: shrink the model that keeps float32' said
for wrong in "" "--precision float32" "--precision int4"; do
    code=0
    # shellcheck disable=SC2086
    "$palate" shrink whole.palate $wrong -o never.palate >shown 2>said || code=$?
    [[ $code == 2 && $(wc -l <said) == 1 && ! -e never.palate ]]
done

# Lists are judged as they are served: hide auto is what the model was compared with.
"$palate" compare train.csv --hide none -m popular -m item_knn -o served --quiet >/dev/null 2>said
for hide in auto none target; do
    "$palate" evaluate served/model.palate --test test.csv --hide "$hide" --allow-drop --json 2>said |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["metrics"])' >"hide_$hide"
done
cmp hide_auto hide_none
if cmp -s hide_auto hide_target; then exit 1; fi

# The command that a report gives makes the same report, times aside; on logs with event types a model is evaluated by its own target.
python3 - "$palate" <<'PYTHON'
import json, shlex, subprocess, sys
def run(command, folder):
    subprocess.run(command + ["-o", folder, "--quiet"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.load(open(f"{folder}/results.json"))
def plain(value):
    if isinstance(value, dict):
        return {key: plain(below) for key, below in value.items() if key != "measured"}
    return [plain(below) for below in value] if isinstance(value, list) else value
for command in (["demo", "--users", "200", "--items", "100", "--days", "90", "--hide", "none"],
                ["compare", "events.csv", "--hide", "none", "--half-life", "30d", "--items", "titles.csv", "-m", "ease l2=20", "-m", "popular"],
                ["compare", "events.csv", "--scenario", "video", "--half-life", "0", "--relevant", "all", "--hide", "none"],
                ["demo", "--users", "200", "--items", "100", "--days", "90", "--scenario", "ecommerce"]):
    first = run([sys.argv[1]] + command, "once")
    again = shlex.split(first["command"])
    assert plain(run([sys.argv[1]] + again[1:], "twice")) == plain(first), first["command"]
PYTHON
{ echo user,item,event,time; for i in $(seq 1 300); do echo "u$((i % 20)),i$((i * 7 % 31)),view,$i"; echo "u$((i % 20)),i$((i * 5 % 31)),buy,$i"; done; } >types.csv
{ echo user,item,event,time; for i in $(seq 301 360); do echo "u$((i % 20)),i$((i * 5 % 31)),buy,$i"; echo "u$((i % 20)),i$((i * 7 % 31)),view,$i"; done; } >later.csv
"$palate" train types.csv -m popular -o types.palate --quiet >/dev/null
"$palate" evaluate types.palate --test later.csv --hide none --json 2>said | python3 -c 'import json, sys; assert json.load(sys.stdin)["n_users"] == 20'

# A scenario fills what was not given, tells it on one line, and is listed.
"$palate" compare types.csv --scenario ecommerce --task window -o shop >shown 2>said
[[ $(grep -c '^scenario ecommerce: weights view=1, buy=5; target buy; half-life 180d; split time; hide target' said) == 1 ]]
grep -q 'task window;' shown && grep -q '^markov ' shown
! grep -q 'target guessed' said
"$palate" train types.csv --scenario ecommerce -m popular -o shop.palate >shown 2>said
grep -q "^scenario ecommerce: " said
[[ $("$palate" describe scenarios --names | cut -f 1 | xargs) == "ecommerce social video news" ]]

# inspect names the nearest scenario, proposes the one that was asked for, and sees what gives the answer away.
"$palate" inspect types.csv >shown 2>said
grep -q '^scenario  *ecommerce looks nearest: events view; events buy$' shown
"$palate" inspect types.csv --scenario ecommerce >shown 2>said
grep -q '^try  *palate compare types.csv --scenario ecommerce$' shown && grep -q 'scenario ecommerce: weights' shown
cut -d , -f 1,2,4 types.csv >bare.csv
"$palate" inspect bare.csv >shown 2>said
grep -q '^scenario  *none looks near' shown
awk -F, 'NR > 1 { n[$2]++ } END { print "sku,title,sold"; for (i in n) print i ",Thing," n[i] }' events.csv >sold.csv
"$palate" inspect events.csv --items sold.csv >shown 2>said
grep -q "items' column sold follows how many events an item has (correlation 1.00)" shown
"$palate" compare events.csv --items sold.csv -m popular -m ease --hide none -o sold >shown 2>said
grep -q "^warning: the items' column sold follows" said
sed '1s/$/,Split/; 2,$s/$/,train/' events.csv >marked.csv
"$palate" inspect marked.csv >shown 2>said
grep -q 'column Split is not read' shown

# A second domain: declared, told of, kept by import, named by the command that gives the results again, cut before the test.
awk -F, 'NR == 1 { print; next } $1 !~ /^c[0-9]$/ { sub(/^s/, "t", $2); print }' OFS=, events.csv >second.csv
"$palate" inspect events.csv --source second.csv --shared users >shown 2>said
grep -q '^source  *second: .* shared: users, 92 % of the users here are known there' shown
grep -q "^try .* --source 'second.csv' --shared 'users'" shown
"$palate" inspect events.csv --source second.csv --shared users --json 2>said >document
python3 - <<'PYTHON'
import json
second = json.load(open("document"))["second"]
assert second["equal_users"] == 110 and second["equal_items"] == 0 and second["shared"] == "users", second
PYTHON
"$palate" compare events.csv --source second.csv --shared users --hide none -m popular -o beside >shown 2>said
grep -q '^source: .* events are known to models that validation judges' said
"$palate" import events.csv --source second.csv --shared users -o both.palate --quiet
"$palate" compare both.palate --hide none -m popular -o stored --quiet >/dev/null 2>said
"$palate" compare events.csv --hide none -m popular -o alone --quiet >/dev/null 2>said
python3 - <<'PYTHON'
import json, shlex, subprocess
beside, stored, alone = (json.load(open(f"{name}/results.json")) for name in ("beside", "stored", "alone"))
assert beside["protocol"]["fingerprint"] == stored["protocol"]["fingerprint"] != alone["protocol"]["fingerprint"]
assert stored["data"]["second"]["events"] == beside["data"]["second"]["events"]
assert "--source 'second.csv' --shared 'users'" in beside["command"] and "--source-until 'part'" in beside["command"], beside["command"]
PYTHON
# A model that learned from what came after the test began is told of where it is judged; one that did not is not.
"$palate" train train.csv --source second.csv --shared users -m "merged(item_knn)" -o knows.palate --quiet
"$palate" evaluate knows.palate --test test.csv --hide none >shown 2>said
grep -q "^warning: the model learned from .* of its source's .* events that came after the test began" said
awk -F, 'NR == FNR { if (FNR > 1 && (from == "" || $4 < from)) from = $4; next } FNR == 1 || $4 < from' test.csv second.csv >earlier.csv
"$palate" train train.csv --source earlier.csv --shared users -m "merged(item_knn)" -o fair.palate --quiet
"$palate" evaluate fair.palate --test test.csv --hide none >shown 2>said
if grep -q 'after the test began' said; then cat said; exit 1; fi
# One log cut in two by a column of its items; the demo world with a cinema, and its shop the same as without.
awk -F, 'NR == 1 { print $1 ",shelf"; next } { print $1 "," (NR % 3 ? "left" : "right") }' titles.csv >shelves.csv
"$palate" inspect events.csv --items shelves.csv --domain shelf --target-domain right >shown 2>said
grep -q 'cut by shelf: .* events of the target, .* of the source, 0 on items of neither' shown
small="--users 300 --items 200 --days 120 --hide none -m popular"
# shellcheck disable=SC2086
"$palate" demo $small --source second --split "cold_users test=0.3" -o cinema >shown 2>said
# shellcheck disable=SC2086
"$palate" demo $small --source control --split "cold_users test=0.3" --source-until first -o control >shown 2>said
# shellcheck disable=SC2086
"$palate" demo $small --split "cold_users test=0.3" -o shop >shown 2>said
python3 - <<'PYTHON'
import json
cinema, control, shop = (json.load(open(f"{name}/results.json")) for name in ("cinema", "control", "shop"))
known = [{s["name"]: s["n"] for s in results["models"][0]["slices"]} for results in (cinema, control, shop)]
assert known[0]["new users with source history"] > 30 and "new users with source history" not in known[2], known
assert 0 < known[1]["new users with source history"] <= known[0]["new users with source history"], known
assert cinema["models"][0]["metrics"] == shop["models"][0]["metrics"] == control["models"][0]["metrics"]
assert "--source 'second'" in cinema["command"] and "--source-until 'first'" in control["command"]
PYTHON
# Somebody whom only the source knows gets a list of his own, and events of the source as reasons.
if "$palate" models | grep -q '^ *multitask'; then
    "$palate" train events.csv --source second.csv --shared users -m "multitask epochs=3" -o transfer.palate --quiet
    "$palate" recommend transfer.palate --source-history t1,t2 -n 3 --json >document
    "$palate" explain transfer.palate --source-history t1,t2 --item s3 >shown
    grep -q '"strategy": "multitask' document && grep -q 'used in the source t' shown
fi

# The verdict speaks of the row that it recommends, and knows when to keep what there is.
world="--users 300 --items 200 --days 120 --hide none"
# shellcheck disable=SC2086
"$palate" demo $world --prefer cost --worth 99% -m popular -m ease -o cheap 2>said >shown
grep -q 'Use popular: ' shown && ! grep -q 'It beats popular' shown
# shellcheck disable=SC2086
"$palate" demo $world -m popular -m ease --task window --trec worldtrec -o world --quiet >/dev/null
# shellcheck disable=SC2086
"$palate" demo $world -m popular -m ease --task window --run worldtrec/oracle.run -o keep 2>said >shown
grep -q 'Keep the system in use' shown && [[ ! -e keep/model.palate ]]
# shellcheck disable=SC2086
"$palate" demo $world -m popular -m ease --limit model=1 -o none 2>said >shown
grep -q 'No model can be recommended' shown && ! grep -q 'difference to the winner' shown

# Filters and weights.
"$palate" compare events.csv --hide none --min-user 5 --min-item 5 --half-life 30d --train-window 200d --dedupe --since 2024-02-01 \
    -m popular -m ease -o filtered --quiet >/dev/null
"$palate" compare events.csv --hide none --split leave_last -m popular -m item_knn -o last --quiet >/dev/null
"$palate" compare events.csv --hide none --split "random test=0.2" --candidates catalog --items titles.csv -m popular -m item_knn -o random --quiet >/dev/null

# Ctrl-C: what is done still gets a verdict.
("$palate" compare events.csv --hide none -m popular -m ease -m item_knn --resamples 100000 -o stopped --quiet >/dev/null 2>&1 &
pid=$!
sleep 0.4
kill -INT $pid 2>/dev/null
wait $pid || true)

# A file that Python's safetensors opens, where it is installed.
if python3 -c 'import safetensors.numpy' 2>/dev/null; then
    python3 -c 'from safetensors.numpy import load_file; assert load_file("model.palate")["state/weights"].shape[0] > 50'
fi
done=1
