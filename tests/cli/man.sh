#!/usr/bin/env bash
# The manual page names every command, option, kind and split of the program, and groff has nothing to say against it.
# usage: tests/cli/man.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$palate" describe --man >palate.1
for section in NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS MODELS SPLITS METRICS FORMATS FILES "EXIT STATUS" EXAMPLES "SEE ALSO"; do
    grep -qx ".SH \"$section\"" palate.1 || { echo "no section $section"; exit 1; }
done
for subject in commands kinds; do
    "$palate" describe $subject --names | cut -f 1 | while read -r name; do
        grep -qE "^\.SS \"(palate )?$name\"$" palate.1 || { echo "nothing about $name"; exit 1; }
    done
done
"$palate" describe commands --names | cut -f 1 | while read -r command; do
    "$palate" "$command" --help | grep -oE '^  (-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | while read -r option; do
        grep -qF "\\fB${option//-/\\-}\\fR" palate.1 || { echo "$command: nothing about $option"; exit 1; }
    done
done
if grep -nP '[^\x00-\x7F]' palate.1; then echo "not ASCII"; exit 1; fi
# Apart from requests of our own no line may begin as one.
if grep -nE "^['.]" palate.1 | grep -vE ':\.(TH|SH|SS|TP|PP|RS|RE|SY|YS|nf|fi)( |$)'; then echo "text taken for a request"; exit 1; fi

if ! command -v groff >/dev/null; then
    echo "groff is not installed: the page was not set"
    exit 77
fi
groff -man -Tutf8 -ww palate.1 >page 2>said
if [[ -s said ]]; then cat said; exit 1; fi
sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' page >plain
grep -q -- '-m "ease l2=500"' plain
grep -q "'value>=4'" plain
