#!/usr/bin/env bash
# The report and the case in a real browser, 1280 and 390 pixels wide: nothing sticks out, nothing is loaded, nothing runs from titles
# and ids.
# usage: tests/page/report.sh PALATE
set -euo pipefail
palate=$(realpath "$1")
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [[ -z $browser ]]; then
    echo "no Chromium is installed"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Ids and titles that would run if they were not escaped.
python3 - <<'PYTHON'
import random
random.seed(3)
attack = "<img src=x onerror=document.title='broken'>"
with open("interactions.tsv", "w") as log, open("items.tsv", "w") as items:
    print("user_id\titem_id\ttimestamp", file=log)
    print("item_id\ttitle", file=items)
    for item in range(60):
        print(f"{item}<b>\t{attack} {item} </li></main><script>document.title='broken'</script>", file=items)
    for n in range(4000):
        print(f"<script>{random.randrange(90)}\t{int(random.paretovariate(.7)) % 60}<b>\t{1700000000 + 600 * n}", file=log)
PYTHON
"$palate" compare . --hide none -m popular -m item_knn -m "popular half_life=1d" --growth -o out --quiet >/dev/null

"$palate" case --iterations 30 -o out --quiet >/dev/null

if grep -qiE '(src|href)="?https?:|@import|url\(' out/report.html out/case.html; then
    echo "the page loads something"
    exit 1
fi
# A frame of the width, and a script of ours that measures what the page became.
measure() {
    local page=$1 width=$2
    cat >frame.html <<HTML
<!doctype html><title>waiting</title><iframe id="f" src="out/$page" style="width:${width}px;height:900px;border:0"></iframe>
<script>
document.getElementById("f").onload = function () {
  const page = this.contentDocument, root = page.documentElement;
  const broken = page.title.includes("broken") || page.querySelectorAll("script:not(#sorts), img").length > 0 || page.querySelectorAll("script").length > 1;
  /* Sorting by recall and back; the case's page has nothing to sort. */
  const table = page.querySelector("table.sorts"), order = () =>
    Array.from(page.querySelectorAll("table.sorts tbody tr")).map((row) => parseFloat(row.cells[4].dataset.value));
  let sorts = "none";
  if (table) {
    table.tHead.rows[0].cells[4].click();
    const down = order(), falls = down.every((value, n) => n === 0 || down[n - 1] >= value);
    table.tHead.rows[0].cells[4].click();
    const up = order();
    sorts = falls && up.every((value, n) => n === 0 || up[n - 1] <= value);
  }
  const rows = page.querySelectorAll("tbody tr").length, charts = page.querySelectorAll("svg.chart").length;
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = \`overflow=\${root.scrollWidth - root.clientWidth} broken=\${broken} sorts=\${sorts} rows=\${rows} charts=\${charts}\`;
  document.body.append(out);
};
</script>
HTML
    "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --allow-file-access-from-files \
        --user-data-dir="$work/browser-$page-$width" --virtual-time-budget=4000 --dump-dom "file://$work/frame.html" 2>/dev/null |
        sed -n 's/.*<pre id="found">\([^<]*\).*/\1/p'
}
for width in 1280 390; do
    found=$(measure report.html "$width")
    echo "$width pixels: $found"
    [[ $found == "overflow=0 broken=false sorts=true rows=3 charts="* ]]
    [[ ${found##*charts=} -ge 10 ]]
    found=$(measure case.html "$width")
    echo "case, $width pixels: $found"
    [[ $found == "overflow=0 broken=false sorts=none rows="*" charts=4" ]]
done
