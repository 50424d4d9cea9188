#!/usr/bin/env bash
# A folder of src/ includes only from itself and from folders before it; the command line only from palate.h and base/param.h.
set -euo pipefail
cd "$(dirname "$0")/.."

layers=(base math data represent nn models eval choose report serve api)
bad=0
for ((i = 0; i < ${#layers[@]}; i++)); do
    [[ -d src/${layers[i]} ]] || continue
    for ((j = i + 1; j < ${#layers[@]}; j++)); do
        if grep -rn "#include \"${layers[j]}/" "src/${layers[i]}"; then
            echo "layers: ${layers[i]} must not include from ${layers[j]}" >&2
            bad=1
        fi
    done
done
if grep -rnE '#include "' cli --include='*.[ch]' | grep -vE '"(palate.h|base/param.h|cli.h)"'; then
    echo "layers: the command line includes palate.h and base/param.h only" >&2
    bad=1
fi
# Kinds are named in the registry alone; only the command line prints or exits.
if grep -rnE '\bpal_kind_(random|popular|item_knn|ease)\b' src | grep -vE 'src/models/(registry\.c|baseline/|collaborative/)'; then
    echo "layers: kinds are named in registry.c alone" >&2
    bad=1
fi
if grep -rnE '\b(printf|puts|exit|abort)\(' src --include='*.c' | grep -vE 'sn?printf|vsn?printf'; then
    echo "layers: src/ neither prints nor exits" >&2
    bad=1
fi
exit $bad
