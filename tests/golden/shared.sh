#!/usr/bin/env bash
# Real logs from their folders with one command each: read, features found, a verdict that makes sense.
# They lie beside the repository where the workplace has them (PALATE_SHARED names the folder); what is not there is skipped.
# usage: tests/golden/shared.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")/../.."
data=${PALATE_SHARED:-../shared/data}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# What is compared by itself but the networks, which take minutes on these logs.
specs=(-m random -m popular -m "popular half_life=7d" -m "popular half_life=30d" -m again -m markov -m user_knn -m item_knn -m ease -m als
    -m feature_count -m attribute)
# try SET PATTERN OPTION…: compares the set; the verdict must hold the pattern, the data section features of items.
try() {
    local set=$1 pattern=$2
    shift 2
    [[ -d $data/$set ]] || return 0
    n=$((n + 1))
    "$palate" compare "$data/$set" "${specs[@]}" "$@" -o "$work/$set" --quiet >"$work/shown"
    tr '\n' ' ' <"$work/shown" | tr -s ' ' >"$work/line"
    if ! grep -qE "$pattern" "$work/line"; then
        echo "$set $*: the verdict does not say '$pattern':"
        cat "$work/shown"
        exit 1
    fi
    if ! "$palate" inspect "$data/$set" | grep -qE '^features +found: items'; then
        echo "$set: no features found"
        exit 1
    fi
}

# Recency beats every personal model here; people buy, and change files, again.
try movietweetings 'recency counts' --task window
try completejourney 'Use again \(people come back' --hide none
try git 'Use again \(people come back'
# No times in these.
specs=(-m random -m popular -m user_knn -m item_knn -m ease -m als -m feature_count -m attribute -m keyword)
try msweb 'Use ease'
try uci-restaurant 'It beats popular'
specs+=(-m "popular half_life=7d" -m "popular half_life=30d" -m markov -m bias -m mf)
try ml-latest-small 'Too little data to tell'
# Items that nobody has used: titles tell more than genres, and both more than how much is told.
specs=(-m random -m popular -m feature_count -m attribute -m keyword)
try movietweetings 'Use keyword \(what items say' --split cold_items
try ml-latest-small 'Use keyword \(what items say' --split cold_items
if [[ $n -eq 0 ]]; then
    echo "no real logs at hand: PALATE_SHARED names their folder"
    exit 77
fi
echo "$n logs"
