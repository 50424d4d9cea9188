#!/usr/bin/env bash
# Logs and models written by released formats read as they always did. A folder a format, kept for ever.
# usage: tests/golden/formats.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")"
for folder in format*/; do
    found=$(mktemp)
    {
        "$palate" inspect "$folder/log.palate" --json 2>/dev/null |
            python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["events"], d["users"], d["items"], d["value"]["name"] if d["value"] else "-")'
        for user in ada bob eve ivy; do "$palate" recommend "$folder/model.palate" --user $user --json; done
        "$palate" similar "$folder/model.palate" --item tea --json
    } >"$found"
    diff "$folder/expected.txt" "$found"
    rm -f "$found"
done
