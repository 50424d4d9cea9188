#!/usr/bin/env bash
# kill -9 at any moment of import and train leaves the old file or the new one, never a part and nothing beside it.
# usage: tests/cli/killed.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 - <<'PYTHON'
import random
random.seed(7)
with open("events.csv", "w") as out:
    print("user,item,timestamp", file=out)
    for n in range(200000):
        print(f"u{random.randrange(3000)},i{int(random.paretovariate(.8)) % 900},{1700000000 + n}", file=out)
PYTHON
mkdir out
killed=0
for delay in $(seq 1 30); do
    for command in "import events.csv -o out/log.palate" "train events.csv -m ease -o out/model.palate"; do
        # shellcheck disable=SC2086
        "$palate" $command --quiet >/dev/null 2>&1 &
        pid=$!
        sleep "$(printf '0.%03d' $((delay * 17)))"
        if kill -9 "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
        wait "$pid" 2>/dev/null || true
        for name in $(ls -A out); do
            case $name in
            log.palate) "$palate" inspect out/log.palate >/dev/null ;;
            model.palate) "$palate" recommend out/model.palate >/dev/null ;;
            *) echo "left behind: $name"; exit 1 ;;
            esac
        done
        rm -f out/*
    done
done
[[ $killed -gt 0 ]]
