#!/usr/bin/env bash
# What the shells complete: bash is asked, zsh and fish read their script where they are installed.
# usage: tests/cli/completion.sh PALATE bash|zsh|fish
set -euo pipefail
palate=$(realpath "$1") shell=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$palate" describe --completion "$shell" >script
"$palate" describe commands --names | cut -f 1 >commands
while read -r name; do grep -q "$name" script || { echo "nothing about $name"; exit 1; }; done <commands

if [[ $shell != bash ]]; then
    command -v "$shell" >/dev/null || { echo "$shell is not installed: its script was not read"; exit 77; }
    if [[ $shell == zsh ]]; then zsh -f -n script; else fish --no-execute script; fi
    exit 0
fi

# shellcheck disable=SC1091
source ./script
[[ $(complete -p palate) == *"-F _palate palate" ]]

# completes WORD… : EXPECTED…: the last word is the one at the cursor; words as bash cuts them.
failed=0
completes() {
    local -a given=()
    while [[ $1 != : ]]; do given+=("$1"); shift; done
    shift
    COMP_WORDS=(palate "${given[@]}") COMP_CWORD=${#given[@]}
    _palate
    if [[ "${COMPREPLY[*]}" != "$*" ]]; then
        echo "palate ${given[*]}: '${COMPREPLY[*]}', expected '$*'"
        failed=1
    fi
}
completes com : compare
completes re : recommend report
completes compare --sp : --split
completes compare -m ea : ease
completes compare -m '"ea' : ease
completes compare --model=item :
completes compare --model = item : item_knn item_features
completes compare --task = : auto window next both
completes compare --task n : next
completes compare --split l : leave_last
completes compare --seed 1 :
completes compare -o re :
completes compare lo :
completes demo -m ease -m pop : popular
completes evaluate model.palate --sp :
completes models item : item_knn item_features
completes describe met : metrics
completes describe --completion z : zsh
completes help sim : similar
completes nothing x :
completes similar model.palate --h : --help
# Every option that a command's help lists is completed, and no other.
while read -r command; do
    COMP_WORDS=(palate "$command" --) COMP_CWORD=2
    _palate
    diff <(printf '%s\n' "${COMPREPLY[@]}" | sort) <({ "$palate" "$command" --help | grep -oE '^  (-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+'; echo --help; } | sort) ||
        { echo "$command: help and completion differ"; failed=1; }
done <commands
# Every subject that is completed is described.
COMP_WORDS=(palate describe '') COMP_CWORD=2
_palate
for word in "${COMPREPLY[@]}"; do
    [[ $word == kind ]] || "$palate" describe "$word" >/dev/null || failed=1
done
exit $failed
