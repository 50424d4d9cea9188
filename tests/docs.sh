#!/usr/bin/env bash
# The committed reference pages are what the program prints.
# usage: tests/docs.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/docs "$palate" "$fresh"
diff -r "$fresh/reference" docs/reference
diff "$fresh/metrics.md" docs/metrics.md
