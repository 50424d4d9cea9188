#!/usr/bin/env bash
# A training that was killed or interrupted goes on with --resume and writes the bytes of one that never was; what does not fit is
# refused with a sentence; an interrupted comparison keeps the rows that are done.
# usage: tests/cli/resume.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap '[[ ${done:-0} == 1 ]] || { echo "failed near: $BASH_COMMAND, code ${code:-}"; cat said; ls; }; rm -rf "$work"' EXIT
cd "$work"

python3 - <<'PYTHON'
import random
random.seed(7)
with open("events.csv", "w") as out:
    print("user,item,timestamp", file=out)
    for n in range(20000):
        print(f"u{random.randrange(600)},i{int(random.paretovariate(.8)) % 300},{1700000000 + n}", file=out)
PYTHON

# until_there FILE PID: waits for the file, or for the end of the process.
until_there() {
    while [[ ! -e $1 ]] && kill -0 "$2" 2>/dev/null; do sleep 0.01; done
}

# interrupt SIGNAL SPEC: trains into m.palate and sends the signal as soon as there is a checkpoint.
interrupt() {
    "$palate" train events.csv -m "$2" -o m.palate --checkpoint-every 0.01 --threads 1 >said 2>&1 &
    local pid=$!
    until_there m.palate.checkpoint $pid
    kill "-$1" $pid 2>/dev/null || true
    code=0
    wait $pid 2>/dev/null || code=$?
}

kept=0
for spec in "gru epochs=8 factors=16 hidden=16" "bpr epochs=60" "lightgcn epochs=30" "blend(markov, neumf epochs=6)"; do
    "$palate" train events.csv -m "$spec" -o whole.palate --quiet >/dev/null
    for signal in KILL INT KILL; do
        interrupt $signal "$spec"
        if [[ -e m.palate.checkpoint ]]; then
            kept=$((kept + 1))
            [[ ! -e m.palate ]]
            if [[ $signal == INT ]]; then [[ $code == 1 ]] && grep -q 'stopped on request.*m.palate.checkpoint.*--resume' said; fi
            [[ $(ls -A | sed '/^m.palate.checkpoint[.2]*$/d' | tr '\n' ' ') == "events.csv said whole.palate " ]]
        fi
        "$palate" train events.csv -m "$spec" -o m.palate --resume >said 2>&1
        cmp m.palate whole.palate
        [[ $(ls -A | tr '\n' ' ') == "events.csv m.palate said whole.palate " ]]
        rm m.palate
    done
done
[[ $kept -gt 0 ]]

# Interrupted twice on the way.
spec="mf epochs=400 tolerance=0"
"$palate" train events.csv -m "$spec" -o whole.palate --quiet >/dev/null
interrupt INT "$spec"
if [[ -e m.palate.checkpoint ]]; then
    cp m.palate.checkpoint first
    "$palate" train events.csv -m "$spec" -o m.palate --resume --checkpoint-every 0.01 >said 2>&1 &
    pid=$!
    while cmp -s first m.palate.checkpoint && kill -0 $pid 2>/dev/null; do sleep 0.01; done
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    "$palate" train events.csv -m "$spec" -o m.palate --resume >said 2>&1
fi
cmp m.palate whole.palate
rm -f m.palate first

# Nothing there: it starts at the beginning. Another training, a damaged file: refused, and the file stays.
"$palate" train events.csv -m "mf epochs=3" -o m.palate --resume >said 2>&1
grep -q 'm.palate.checkpoint: is not there' said
rm m.palate
interrupt INT "mf epochs=100000 tolerance=0"
[[ -e m.palate.checkpoint && $code == 1 ]]
refused() {
    code=0
    "$palate" train "${@:2}" -o m.palate --resume >said 2>&1 || code=$?
    [[ $code == 1 && ! -e m.palate && -e m.palate.checkpoint ]]
    grep -q -- "$1.*leave out --resume" said
}
refused 'epochs=100000' events.csv -m "mf epochs=2 tolerance=0"
refused 'seed 42, not 5' events.csv -m "mf epochs=100000 tolerance=0" --seed 5
refused 'other data' events.csv -m "mf epochs=100000 tolerance=0" --half-life 30d
head -c 3000 m.palate.checkpoint >cut
mv cut m.palate.checkpoint
refused 'm.palate.checkpoint: the file is damaged' events.csv -m "mf epochs=100000 tolerance=0"
"$palate" train events.csv -m "mf epochs=2" -o m.palate >said 2>&1
grep -q 'm.palate.checkpoint: is there' said
[[ -e m.palate && ! -e m.palate.checkpoint ]]
rm m.palate

# What another training left does not stand in the way of one that started anew, once it is kept; what is no checkpoint stays.
interrupt INT "mf epochs=100000 tolerance=0"
mv m.palate.checkpoint m.palate.checkpoint.2
echo mine >m.palate.checkpoint.5
mkdir m.palate.checkpoint.6
"$palate" train events.csv -m "mf epochs=90000 tolerance=0" -o m.palate --checkpoint-every 0.01 >said 2>&1 &
pid=$!
until_there m.palate.checkpoint $pid
kill -INT $pid
wait $pid && exit 1
grep -q 'm.palate.checkpoint.2: is there' said
[[ -e m.palate.checkpoint && ! -e m.palate.checkpoint.2 ]]
[[ $(<m.palate.checkpoint.5) == mine && -d m.palate.checkpoint.6 ]]
rm m.palate.checkpoint.5
rmdir m.palate.checkpoint.6
"$palate" train events.csv -m "mf epochs=90000 tolerance=0" -o m.palate --resume >said 2>&1 &
pid=$!
while ! grep -q 'goes on after epoch' said && kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -INT $pid
wait $pid && exit 1
grep -q 'goes on after epoch' said
echo mine >m.palate.checkpoint.5
mkdir m.palate.checkpoint.6
"$palate" train events.csv -m popular -o m.palate >said 2>&1
[[ -e m.palate && ! -e m.palate.checkpoint && $(<m.palate.checkpoint.5) == mine && -d m.palate.checkpoint.6 ]]
rm -r m.palate m.palate.checkpoint.[56]

# Never kept: nothing stays.
"$palate" train events.csv -m "mf epochs=100000 tolerance=0" -o m.palate --checkpoint-every 0 >said 2>&1 &
pid=$!
while ! grep -q events.csv said; do sleep 0.01; done
kill -INT $pid
wait $pid && exit 1
grep -q 'stopped on request$' said
[[ ! -e m.palate && ! -e m.palate.checkpoint ]]

# A time before now is no time.
code=0
"$palate" train events.csv -m "mf epochs=2" -o m.palate --checkpoint-every -1s >said 2>&1 || code=$?
[[ $code == 2 && ! -e m.palate ]]
grep -q 'checkpoint_every must be a time .*at least 0' said

# A comparison that is interrupted tells of the rows that are done.
"$palate" compare events.csv --hide none -m popular -m "mf epochs=100000 tolerance=0 patience=0" -o stopped >shown 2>said &
pid=$!
while ! grep -q '^ *popular' shown && kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -INT $pid
wait $pid
grep -q '^verdict' shown
python3 -c 'import json; assert [m["spec"] for m in json.load(open("stopped/results.json"))["tasks"][0]["models"] if m["status"] == "done"].count("popular") == 1'
done=1
