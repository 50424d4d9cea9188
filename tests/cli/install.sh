#!/usr/bin/env bash
# What cmake --install puts where: the program, the library, and what was printed from its tables.
# usage: tests/cli/install.sh BUILD
set -euo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work" >/dev/null
for file in bin/palate include/palate.h share/man/man1/palate.1 share/bash-completion/completions/palate \
    share/zsh/site-functions/_palate share/fish/vendor_completions.d/palate.fish; do
    [[ -s $work/$file ]] || { echo "not installed: $file"; exit 1; }
done
diff <("$work/bin/palate" describe --man) "$work/share/man/man1/palate.1"
