#!/usr/bin/env bash
# `palate case` beside a NumPy program of the same equations: every loss curve and RMSE to 1e-6.
# usage: tests/golden/case.sh PALATE [ITERATIONS]     default: 30; 1000 takes some minutes
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")"
# The system's own Python has the package, also where another one comes first.
python=
for candidate in python3 /usr/bin/python3; do
    if [[ -z $python ]] && "$candidate" -c 'import numpy' 2>/dev/null; then python=$candidate; fi
done
if [[ -z $python ]]; then
    echo "numpy is not installed (apt-get install python3-numpy)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$palate" case --iterations "${2:-30}" --initial --json -o "$work" >/dev/null
"$python" case.py "$work"
