#!/usr/bin/env bash
# All C files stand as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v clang-format-14 >/dev/null; then
    echo "clang-format-14 is not installed"
    exit 77
fi
git ls-files '*.c' '*.h' | xargs clang-format-14 --dry-run -Werror
