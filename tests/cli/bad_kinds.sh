#!/usr/bin/env bash
# Every kind on what breaks kinds: values that overflow, none, one event a person, more factors than items, too little memory. It trains
# and answers without NaN, or says one sentence.
# usage: tests/cli/bad_kinds.sh PALATE
set -uo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
bad=0 n=0
fail() { echo "$*"; bad=1; }

python3 - <<'PYTHON'
def write(name, rows):
    with open(name + ".csv", "w") as out:
        print("user,item,rating,timestamp", *rows, sep="\n", file=out)
for value in ("1e30", "1e38", "3e38", "-1e30", "1e308", "4"):
    write(value, [f"u{n % 20},i{(n * 7 + n // 20) % 11},{value if n % 3 else 3},{1700000000 + n * 1000}" for n in range(200)])
write("once", [f"u{n},i{n % 9},{n % 5 + 1},{1700000000 + n * 1000}" for n in range(60)])
write("large", [f"u{n // 10},i{(n * 31 + n // 700) % 3000},{n % 5 + 1},{1700000000 + n * 1000}" for n in range(30000)])
PYTHON
cut -d, -f1,2,4 4.csv >novalues.csv

# try LOG SPEC OPTION…: leaves the exit code in $got.
try() {
    rm -f out.palate
    "$palate" train "$1.csv" -m "$2" "${@:3}" -o out.palate --quiet >shown 2>said
    got=$?
    n=$((n + 1))
    if [[ $got -eq 0 ]]; then
        "$palate" recommend out.palate --history i1,i2 -n 3 >shown 2>said || fail "$2 on $1 does not answer: $(cat said)"
        ! grep -qi nan shown || fail "$2 on $1 answers with NaN: $(cat shown)"
    elif [[ $got -ne 1 || $(grep -c '^palate: ' said) -ne 1 || $(wc -l <said) -ne 1 || -e out.palate ]]; then
        fail "$2 on $1: exit $got: $(cat said)"
    fi
}
# refuses LOG SPEC SENTENCE: what is no spec is refused before the log is learned from.
refuses() {
    n=$((n + 1))
    "$palate" train "$1.csv" -m "$2" -o out.palate --quiet >shown 2>said
    got=$?
    [[ $got -eq 2 && $(wc -l <said) -eq 1 ]] && grep -q "$3" said || fail "expected '$3' of $2, exit $got: $(cat said)"
}
says() { [[ $got -eq 1 ]] && grep -q "$1" said || fail "expected '$1', exit $got: $(cat said)"; }

for kind in $("$palate" describe kinds --names | cut -f 1); do
    spec=$kind
    [[ $kind != blend ]] || spec="blend(popular, item_knn)"
    [[ $kind != rerank ]] || spec="popular > item_knn"
    for log in 1e30 1e38 3e38 -1e30 once novalues; do try "./$log" "$spec"; done
    if grep -q '^| `learning_rate`' <("$palate" describe kind "$kind" --markdown) && grep -q '^| `target`.*`value`' <("$palate" describe kind "$kind" --markdown); then
        try ./1e30 "$spec target=value"
        [[ $got -eq 0 ]] || says 'values as large as'
    fi
    try 1e308 "$spec"
    says 'rating must be a finite number'
    "$palate" describe kind "$kind" --markdown >page
    if grep -q '^| `factors`' page; then
        try 4 "$spec factors=500"
        [[ $got -eq 0 ]] || grep -q 'needs features of items' said || fail "$kind does not take more factors than items: $(cat said)"
    fi
    if grep -q '^| `epochs`' page; then
        try large "$spec" --memory 0.1MB
        says 'training takes about .* over the limit of'
    fi
done
# Weights of a blend: what a float cannot hold is a share all the same; as many numbers as parts.
for weights in 1e39,1 1e308,1e308 1e-300,1e-300; do
    try 4 "blend(item_knn, popular) weights=$weights"
    [[ $got -eq 0 ]] || fail "blend does not take weights=$weights: $(cat said)"
    ! grep -qi 'inf' shown || fail "blend weights=$weights answers with what is not finite: $(cat shown)"
done
for weights in 0.7,0.3,0.1 0.7 0.7,0.3, 0,0 -1,2 inf,1 nan,1 1e999,1 ''; do
    refuses 4 "blend(item_knn, popular) weights='$weights'" 'weights must be 2 finite numbers of 0 and more'
done
refuses 4 "blend(item_knn, popular) of=als" 'names its parts twice'
refuses 4 "blend(item_knn,, popular)" "'blend(item_knn,, popular)': part 2 is empty"
refuses 4 "blend(item_knn, )" "'blend(item_knn, )': part 2 is empty"
refuses 4 "Blend(item_knn, popular)" "names are written in small letters, 'b' for 'B'"
for kind in als svdpp mf gmf nn; do refuses 4 "$kind l2=-0.5" 'l2 must be .* or -1 for the default'; done

# A kind with its defaults written out is not added once more by its family.
"$palate" compare large.csv -m "rp3beta k=$(sed -n 's/^| `k` | [^|]* | `*\([^`| ]*\)`* .*/\1/p' <("$palate" describe kind rp3beta --markdown))" --family baseline --family collaborative --budget 1 -o given --quiet >shown 2>said
! grep -q 'named twice' said || fail "--family names a given model again: $(cat said)"

# The note on weights names the part that they do not reach, and no other.
"$palate" train large.csv -m "blend(svdpp target=event epochs=1, popular) weights=1,1" --half-life 1d -o out.palate >shown 2>said
grep -q 'do not reach svdpp target=event epochs=1$' said || fail "no note on a part that ignores weights: $(cat said)"

try novalues "svdpp target=value"
says 'needs values'
for kind in ease slim puresvd gfcf rp3beta item_knn markov; do
    try large "$kind" --memory 0.1MB
    says ' [0-9.]* [kMG]B.*over the limit of 100'
done
# 2 048 factors take 1 GB of work space whatever the log: refused before any of it is taken.
try 4 "als factors=2048 epochs=1" --memory 850MB
says 'training takes about .* over the limit of 850'
# Either form would do, the dense one takes less: 3000 items squared.
try large "ease k=3000" --memory 1MB
says 'need a matrix of 36.* over the limit of 1'
[[ $n -gt 150 ]] || fail "only $n cases"
echo "$n cases"
exit $bad
