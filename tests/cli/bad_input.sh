#!/usr/bin/env bash
# Bad input: exactly one sentence on standard error that names the thing, exit 1 or 2, and no output left behind.
# usage: tests/cli/bad_input.sh PALATE
set -uo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
bad=0 n=0

# refused EXIT SENTENCE COMMAND…: the sentence is a part of what must stand on standard error.
refused() {
    local code=$1 sentence=$2 got
    shift 2
    rm -rf out out.palate
    "$palate" "$@" >stdout 2>stderr
    got=$?
    n=$((n + 1))
    grep '^palate: ' stderr >sentences
    if [[ $got -ne $code || $(wc -l <sentences) -ne 1 ]] || ! grep -qF -- "$sentence" sentences; then
        echo "palate $*: exit $got, expected $code and '$sentence', got:"
        cat stderr
        bad=1
    fi
    if [[ -e out || -e out.palate ]] || compgen -G '.*tmp*' >/dev/null; then
        echo "palate $*: left something behind: $(ls -A)"
        bad=1
    fi
}

# --- logs ---
compare() { refused "$1" "$2" compare "$3" -o out --quiet "${@:4}"; }
rows() { for i in $(seq 1 "${1:-40}"); do echo "u$((i % 7)),i$((i % 11)),$((i % 5 + 1)),$((1700000000 + i * 1000))"; done; }
{ echo user,item,rating,timestamp; rows; } >good.csv

compare 1 "missing.csv: cannot open" missing.csv
: >empty.csv
compare 1 "empty.csv: the file is empty" empty.csv
echo user,item >header.csv
compare 1 "header.csv: holds no events" header.csv
printf 'user#item\na#b\nc#d\n' >wrong.csv
compare 1 "only one column found" wrong.csv
sed '5s/,[0-9],/,lots,/' good.csv >words.csv
compare 1 "words.csv:5: rating must be a finite number, not 'lots'" words.csv
sed '6s/,[0-9],/,nan,/' good.csv >nan.csv
compare 1 "nan.csv:6:" nan.csv
sed '6s/,[0-9],/,inf,/' good.csv >inf.csv
compare 1 "inf.csv:6:" inf.csv
sed '7s/,17/,-17/' good.csv >negative.csv
compare 1 "negative.csv:7: time is negative" negative.csv
{ head -n 3 good.csv; printf 'u\xff\xfe,i1,1,1700000000\n'; } >utf8.csv
compare 1 "utf8.csv:4: user id is not valid UTF-8" utf8.csv
{ cat good.csv; head -c 10000000 /dev/zero | tr '\0' x; } >longline.csv
compare 1 "longline.csv:42: the line is longer than 1 MB" longline.csv
{ cat good.csv; echo "$(head -c 100000 /dev/zero | tr '\0' x),i,1,1700000000"; } >longid.csv
compare 1 "longid.csv:42: user id is longer than 1024 bytes" longid.csv
{ cat good.csv; echo "u1,i1"; } >short.csv
compare 1 "short.csv:42: has 2 columns where" short.csv
{ echo user,item,rating,timestamp; for i in 1 2 3 4 5 6 7 8 9; do echo "u,i$i,1,$((1700000000 + i))"; done; } >oneuser.csv
compare 1 "user" oneuser.csv --split leave_last
{ echo user,item,rating,timestamp; for i in 1 2 3 4 5 6 7 8 9; do echo "u$i,i,1,$((1700000000 + i))"; done; } >oneitem.csv
compare 1 "item" oneitem.csv
compare 1 "no event is left after the filters" good.csv --min-user 1000
compare 1 "leaves the" good.csv --split "time test=0.001 valid=0.001" --min-item 0
cut -d, -f1,2 good.csv >notimes.csv
compare 1 "needs times" notimes.csv --split time
compare 1 "task next needs times" notimes.csv --task next
printf 'PAR1xxxxxxxxxx' >events.parquet
compare 1 "duckdb" events.parquet
printf '\x1f\x8b\x08\x00broken' >broken.csv.gz
compare 1 "broken.csv.gz: the compressed file" broken.csv.gz
mkdir folder
compare 1 "folder: is a folder of no known kind" folder
# Swapped columns cannot be known for sure: they are said.
# 60 people, each in a sitting of 10 out of 25 things.
{ echo user,item,timestamp; for p in $(seq 1 60); do for k in $(seq 1 10); do echo "p$p,t$(((p * 7 + k * k) % 25)),$((1700000000 + p * 90000 + k * 60))"; done; done; } >right.csv
"$palate" inspect right.csv >stdout 2>stderr
if grep -q 'columns are swapped' stdout; then echo "inspect accuses a log that is right"; bad=1; fi
"$palate" inspect right.csv --columns user=item,item=user >stdout 2>stderr
grep -q 'columns are swapped' stdout || { echo "inspect does not mention swapped columns"; bad=1; }
{ echo user,item,rating; for i in $(seq 1 60); do echo "u$((i % 9)),$((i % 7)),$((i % 7))"; done; } >idvalues.csv
"$palate" inspect idvalues.csv >stdout 2>stderr
grep -q 'ids of their own rows' stdout || { echo "inspect does not mention ids in the value column"; bad=1; }

# --- what is known of items and users ---
{ echo item,year; for i in 0 1 2 3; do echo "I$i,199$i"; done; } >foreign.csv
compare 1 "foreign.csv: describes only 0 of the log's 11 items" good.csv --items foreign.csv
compare 1 "foreign.csv: describes only 0 of the log's 7 users" good.csv --users foreign.csv
compare 1 "missing.csv: cannot open" good.csv --users missing.csv
{ cat good.csv; for i in $(seq 1 300); do echo "u$((i % 7)),j$i,3,$((1700100000 + i))"; done; } >many.csv
{ echo item,year; echo "i1,1990"; echo "i2,1991"; } >few.csv
compare 1 "few.csv: describes only 2 of the log's 311 items (0.64 %)" many.csv --items few.csv
{ echo user,item,timestamp; echo a,b,2024-03-01; echo a,c,1700000000; } >forms.csv
compare 1 "forms.csv:3: time is a number here but a date before: '1700000000': bring all times to one form" forms.csv
{ echo item,year,kind; for i in 0 1 2 3; do echo "i$i,199$i,a"; done; } >things.csv
compare 2 "there is no column 'yaer'" good.csv --items things.csv --item-columns yaer=number
compare 2 "there is no table of users" good.csv --user-columns age=number
compare 2 "name their file with --users" good.csv --slice age
{ echo user,age; for i in 0 1 2 3 4 5 6; do echo "u$i,$((20 + i))"; done; } >people.csv
compare 2 "have no column 'height': they have age" good.csv --users people.csv --slice height
compare 2 "--value must be a column, or two" good.csv --value 'a*b*c'
compare 2 "name the table of items with --items" good.csv --value rating/items.year
compare 2 "is not of numbers" good.csv --items things.csv --value rating/items.kind
python3 - <<'PYTHON'
def write(name, order, shape, data, descr="<f4"):
    header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data)
write("fortran.npy", True, "(4, 2)", bytes(32))
write("cut.npy", False, "(4, 2)", bytes(31))
write("whole.npy", False, "(4, 2)", bytes(32))
write("rows.npy", False, "(3, 2)", bytes(24))
write("ints.npy", False, "(4, 2)", bytes(32), "<i4")
write("nans.npy", False, "(4, 2)", bytes(20) + b"\0\0\xc0\x7f" + bytes(8))
write("objects.npy", False, "(4, 2)", bytes(64), "|O")
PYTHON
compare 1 "fortran.npy: is in Fortran order" good.csv --items things.csv --vectors fortran.npy
compare 1 "cut.npy: has 31 bytes of numbers" good.csv --items things.csv --vectors cut.npy
compare 1 "ints.npy: holds numbers of type '<i4'" good.csv --items things.csv --vectors ints.npy
compare 1 "objects.npy: holds" good.csv --items things.csv --vectors objects.npy
compare 1 "nans.npy: row 2, column 1 (counted from 0) is not a finite number" good.csv --items things.csv --vectors nans.npy
compare 1 "has 3 rows where the table of items has 4" good.csv --items things.csv --vectors rows.npy
compare 1 "things.csv: is no .npy file" good.csv --vectors things.csv
"$palate" inspect good.csv --items things.csv --vectors whole.npy >stdout 2>stderr
grep -q 'found: items 3 columns (year: numbers, kind: 1 token, whole: vectors of 2)' stdout ||
    { echo "inspect does not list the features"; bad=1; }
# What kinds that learn from features are told and cannot find; a comparison would show it as the row's reason.
kind() { refused "$1" "$2" train good.csv -o out.palate --quiet "${@:3}"; }
{ echo item,genre,about,notes; for i in 0 1 2 3 4 5; do echo "i$i,g$((i % 2)),,"; done; } >blank.csv
kind 1 "attribute needs features of items" -m attribute
kind 1 "vector needs features of items" -m vector
kind 2 "there is no column of attributes 'genres'; did you mean genre?" --items blank.csv -m "attribute columns=genres"
kind 2 "there is no column of tokens or sets 'colour'" --items blank.csv -m "attribute crosses=genre*colour"
kind 2 "'genre' is no pair of columns" --items blank.csv -m "attribute crosses=genre"
kind 1 "are empty: name other columns" --items blank.csv --item-columns notes=token -m "attribute columns=notes"
kind 2 "there is no column of vectors 'genre'" --items blank.csv -m "vector columns=genre"
{ echo item,about; cut -d, -f2 good.csv | tail -n +2 | sort -u | sed 's/$/,same words/'; } >same.csv
"$palate" train good.csv -o out.palate --items same.csv --item-columns about=text -m keyword >stdout 2>stderr
grep -q 'no word of the texts may count' stderr || { echo "texts without a word that counts are not told"; bad=1; }
rm -f out.palate
kind 1 "texts of items, and those of the table of items are empty" --items blank.csv --item-columns about=text -m vector
kind 1 "texts of items, and those of the table of items are empty" --items blank.csv --item-columns about=text -m keyword
printf 'item,about\ni0,good\ni1,b\xff\xfed\ni2,\xc3\n' >broken.csv
"$palate" inspect good.csv --items broken.csv >stdout 2>stderr
tr '\n' ' ' <stdout | tr -s ' ' | grep -q 'broken.csv: 2 cells are not UTF-8 and were left empty' ||
    { echo "inspect does not tell of cells that are not UTF-8"; bad=1; }
# A category that only an item of the test has is nothing that can be learned, and no reason to fail.
awk -F, 'NR == 1 || NR <= 30' good.csv >before.csv
{ head -n 1 good.csv; echo "u1,late,3,1800000000"; echo "u2,i1,3,1800000001"; } >after.csv
{ cat things.csv; for i in 4 5 6 7 8 9 10; do echo "i$i,1980,a"; done; echo "late,2001,unheard"; } >later.csv
"$palate" compare --train before.csv --test after.csv --items later.csv --candidates catalog --hide none -m popular -m attribute -o out --quiet >stdout 2>stderr ||
    { echo "a category of the test alone: $(cat stderr)"; bad=1; }

# --- a second domain ---
sed '2,$s/,i/,j/' good.csv >there.csv
sed '2,$s/^u/v/; 2,$s/,i/,j/' good.csv >strangers.csv
compare 2 "7 of the source's 7 user ids and 0 of its 11 item ids stand in the log too" good.csv --source there.csv
compare 2 "palate: --shared must be one of none, users, items, not 'people'" good.csv --source there.csv --shared people
compare 2 "not 'user'; did you mean users?" good.csv --source there.csv --shared user
compare 1 "none of the source's 7 ids of users stands in the log" good.csv --source strangers.csv --shared users
compare 1 "none of the source's 11 ids of items stands in the log" good.csv --source there.csv --shared items
compare 1 "nowhere.csv: cannot open" good.csv --source nowhere.csv --shared users
compare 1 "header.csv: holds no events" good.csv --source header.csv --shared users
compare 1 "not even strangers could be answered" header.csv --source there.csv --shared users
compare 2 "--shared is about a second domain" good.csv --shared users
compare 2 "--map is about a second domain" good.csv --map things.csv
compare 2 "--source-items is about a second domain" good.csv --source-items things.csv
compare 2 "--map pairs ids of what is shared" good.csv --source there.csv --shared none --map good.csv
printf 'u1,u1\nu1,u2\n' >twice.csv
compare 1 "twice.csv:2: u1 is paired a second time" good.csv --source there.csv --shared users --map twice.csv
printf 'u1\n' >half.csv
compare 1 "half.csv:1: 'u1' is no pair of ids" good.csv --source there.csv --shared users --map half.csv
"$palate" train good.csv --source there.csv --shared users -m "pretrain(bpr epochs=1) source_epochs=1" -o pretrained.palate --quiet 2>stderr || { cat stderr; bad=1; }
refused 2 "what pretrain(bpr epochs=1) source_epochs=1 learned from a second domain is in its numbers" recommend pretrained.palate --source-history j1
printf 'x,u1\n' >nobody.csv
compare 1 "none of its 1 lines begins with an id of the source's users" good.csv --source strangers.csv --shared users --map nobody.csv
compare 2 "min_usr" good.csv --source there.csv --shared users --source-options min_usr=3
compare 2 "there is no table of them" good.csv --domain kind --target-domain a
compare 2 "no item has 'b' in the column kind: there are a" good.csv --items things.csv --domain kind --target-domain b
compare 1 "no event is on an item of the source" good.csv --items things.csv --domain kind --target-domain a
compare 2 "say with --target-domain" good.csv --items things.csv --domain kind
compare 2 "name it with --domain" good.csv --items things.csv --target-domain a
compare 2 "name one of them" good.csv --items things.csv --domain kind --target-domain a --source there.csv --shared users
refused 2 "--domain cuts one log" compare --train good.csv --test good.csv --items things.csv --domain kind --target-domain a -o out --quiet

# --- columns that are not what they seem ---
cp good.csv mixed.csv
sed -i '9s/$/000/' mixed.csv
compare 1 "bring all times to one unit" mixed.csv
{ echo user,item,event,ts; for i in $(seq 1 40); do echo "u$((i % 7)),i$((i % 11)),view,$((1700000000 + i))"; done; } >views.csv
compare 2 "no event type 'buy': it has view" views.csv --target buy
{ echo user,item,rating,timestamp; rows 400 | sed 's/,[1-5],/,3,/'; } >onelevel.csv
"$palate" inspect onelevel.csv >stdout 2>stderr
grep -q 'all values in rating are 3' stdout || { echo "inspect does not mention a scale of one level"; bad=1; }
"$palate" compare onelevel.csv -m mf -m bias -o out --quiet --hide none >stdout 2>stderr ||
    { echo "rating kinds do not run on a scale of one level: $(cat stderr)"; bad=1; }
rm -rf out

# --- names and values ---
compare 2 "did you mean item_knn?" good.csv -m item_kn
compare 2 "ease has no option 'l3'; did you mean l2?" good.csv -m "ease l3=5"
compare 2 "l2 must be a number from" good.csv -m "ease l2=-5"
compare 2 "did you mean leave_last?" good.csv --split leave_lst
compare 2 "task must be one of" good.csv --task later
compare 2 "--relevant must be all" good.csv --relevant best
compare 2 "there is no kind 'fancy'" good.csv --fallback fancy
compare 2 "cannot answer people without history" good.csv --fallback ease
compare 2 "has no column 'customer'" good.csv --columns user=customer,item=item
compare 2 "the log has no event types" good.csv --target purchase
compare 2 "threads must be a whole number" good.csv --threads many
compare 2 "k is given twice" good.csv -m "item_knn k=3 k=4"
compare 2 "is named twice" good.csv -m popular -m "popular half_life=0"
compare 1 "missing.run: cannot open" good.csv --run missing.run
refused 2 "good.csv: is a file, not a folder" compare good.csv -o good.csv
refused 2 "did you mean compare?" comapre good.csv
refused 2 "did you mean --split?" compare good.csv --splt time
refused 2 "-o needs a value" compare good.csv -o
refused 2 "one argument too many" compare good.csv good.csv
refused 2 "name a log" compare
refused 2 "belong together" compare --train good.csv -o out
refused 2 "say what to train" train good.csv
refused 2 "did you mean kinds?" describe kind
refused 2 "palate describe subjects lists" describe quite-other-things
refused 2 "leave 'kinds' away" describe kinds --man
refused 2 "describe prints one form" describe --man --json
refused 2 "completion must be one of" describe --completion csh

# --- options that would do nothing here ---
for option in --split --candidates --refit --resamples --trec --run --half-life --train-window; do
    refused 2 "evaluate has no option '$option'" evaluate model.palate --test good.csv $option 1
done
refused 2 "recommend has no option '--seed'" recommend model.palate --seed 1
refused 2 "similar has no option '--seed'" similar model.palate --item i1 --seed 1
for option in --half-life --seed; do refused 2 "inspect has no option '$option'" inspect good.csv $option 1; done
refused 2 "import has no option '--seed'" import good.csv --seed 1
refused 2 "similar has no option '--hide'" similar model.palate --item i1 --hide none

# --- wrong values are told before a log is looked for ---
while read -r option value; do
    compare 2 "" missing.csv "$option" "$value"
done <<'VALUES'
--task later
--split leave_lst
--split time test=2
--relevant best
--fallback ease
--limit train=never
-m item_kn
-m ease l2=-5
VALUES
compare 2 "is named twice" missing.csv -m ease -m "ease l2=500"
refused 2 "did you mean item_knn?" train missing.csv -m item_kn -o out.palate
refused 2 "--relevant must be all" evaluate missing.palate --test missing.csv --relevant best
refused 2 "task must be one of" evaluate missing.palate --test missing.csv --task later

# --- containers and models ---
"$palate" import good.csv -o log.palate --quiet >/dev/null 2>&1
"$palate" train good.csv -m ease -o model.palate --quiet >/dev/null 2>&1
head -c 500 log.palate >cut.palate
compare 1 "cut.palate: " cut.palate
compare 2 "say --columns and --value to palate import" log.palate --value rating
head -c 700 model.palate >cutmodel.palate
refused 1 "cutmodel.palate: " recommend cutmodel.palate
python3 - <<'PYTHON'
data = bytearray(open("log.palate", "rb").read())
data[-20] ^= 1
open("damaged.palate", "wb").write(data)
data = open("model.palate", "rb").read()
open("newer.palate", "wb").write(data.replace(b'"palate.format":"1"', b'"palate.format":"7"'))
PYTHON
compare 1 "damaged.palate: " damaged.palate
refused 1 "newer palate" recommend newer.palate
refused 1 "log.palate: holds a log, not a model" recommend log.palate
refused 1 "model.palate: holds a model, not a log" compare model.palate -o out
refused 1 "good.csv: " recommend good.csv
refused 2 "the model knows no user 'nobody'" recommend model.palate --user nobody
refused 2 "the model knows no item 'nothing'" similar model.palate --item nothing

# --- people: words and profiles ---
{ echo item,title; for i in $(seq 0 10); do echo "i$i,Blue kettle $((i % 3))"; done; } >kettles.csv
{ echo user,city,age; for u in $(seq 0 6); do echo "u$u,$([[ $((u % 2)) -eq 0 ]] && echo Lyon || echo Bern),$((20 + u))"; done; } >people.csv
"$palate" train good.csv --items kettles.csv -m "keyword max_df=0" -o words.palate --quiet >/dev/null 2>&1
"$palate" train good.csv --users people.csv -m "fm epochs=2" -o people.palate --quiet >/dev/null 2>&1
"$palate" train good.csv -m "fm epochs=2" -o nobody.palate --quiet >/dev/null 2>&1
refused 2 "--query: ease cannot read it: models that can are keyword" recommend model.palate --query kettle
refused 2 "--query: it has no words" recommend words.palate --query ""
refused 2 "--query: it has no words" recommend words.palate --query "  "
refused 2 "--profile: ease cannot read it" recommend model.palate --profile age=30
refused 2 "fm epochs=2 was trained without profiles: train it with --users FILE" recommend nobody.palate --profile age=30
refused 2 "'age' is no name=value" recommend people.palate --profile age
refused 2 "'=30' is no name=value" recommend people.palate --profile =30
refused 2 "--profile: 'city=' has no value" recommend people.palate --profile age=30,city=
refused 2 "--profile: City stands twice, as 'Lyon' and as 'Bern': name it once" recommend people.palate --profile city=Lyon,City=Bern
refused 2 "--profile: it says nothing" recommend people.palate --profile ""
refused 2 "there is no column of profiles 'agee'; did you mean age?" recommend people.palate --profile agee=30
refused 2 "there is no column of profiles 'shoes'; there are city, age" recommend people.palate --profile city=Lyon,shoes=44
refused 2 "there is no column of profiles 'shoes'" explain people.palate --profile shoes=44 --item i1
"$palate" train good.csv -m popular -o popular.palate --quiet >/dev/null 2>&1
refused 2 "--task both is for comparing" evaluate model.palate --test good.csv --task both
refused 2 "--fallback ease would have to be trained" evaluate model.palate --test good.csv --fallback ease
refused 2 "knows no similarity" similar popular.palate --item i1

# --- places that cannot be written ---
refused 1 "cannot write" import good.csv -o no/such/folder/out.palate
refused 1 "is a folder" import good.csv -o folder
refused 2 "good.csv: is a file, not a folder" case -o good.csv
refused 2 "learning_rate must be a number from" case --learning-rate 0 -o out
(ulimit -f 100; refused 1 "the disk is full" case --iterations 2 -o out --quiet; exit $bad) || bad=1
(ulimit -f 100; refused 1 "the disk is full" demo --users 300 --items 200 --days 120 --hide none -o out --quiet; exit $bad) || bad=1
(ulimit -f 1; refused 1 "the disk is full" import good.csv -o out.palate; exit $bad) || bad=1
# Runs that do not fit leave neither a folder nor the report; a report that does not fit leaves the one before as it was.
(ulimit -f 30; refused 1 "the disk is full" demo --users 300 --items 200 --days 120 --hide none --task window -m popular -m ease --trec out/runs -o out/report --quiet; exit $bad) || bad=1
"$palate" compare good.csv -m popular -m item_knn --hide none -o before --quiet >/dev/null 2>&1
sums=$(cd before && sha256sum -- *)
largest=$(stat -c %s before/* | sort -n | tail -n 1)
(ulimit -f $((largest / 1024 - 1)); refused 1 "the disk is full" compare good.csv -m popular -m item_knn -m ease --hide none -o before --quiet; exit $bad) || bad=1
if [[ $sums != "$(cd before && sha256sum -- *)" || $(ls -A before | wc -l) -ne 4 ]]; then
    echo "a report that does not fit changes the one before: $(ls -A before)"
    bad=1
fi
if [[ $EUID -ne 0 ]]; then
    mkdir locked && chmod 500 locked
    refused 1 "cannot write" import good.csv -o locked/out.palate
fi

echo "$n cases"
exit $bad
