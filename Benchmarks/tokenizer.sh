#!/usr/bin/env bash
# Tokenising speed: `anneal tokenize`, tokenizers and (for byte-level vocabularies) tiktoken take turns on the same texts, every string
# of the demo data, English and Chinese; prints megabytes a second on one thread and on all, medians of the rounds, and ratios.
#   Benchmarks/tokenizer.sh TOKENIZER_DIR [TOKENIZER_DIR ...]
# Environment:
#   PYTHON     a Python with `tokenizers` and `tiktoken`                  (default python3)
#   DATA       folder of JSON and JSONL files                             (default ../shared/data)
#   ANNEAL     the program                                                (default .build/release/anneal)
#   ROUNDS     how often                                                  (default 5)
#   WORK       where the texts go                                         (default output/benchmarks)
# Run it on an idle machine: nothing else is controlled.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,4p' "$0" >&2; exit 1; }
python=${PYTHON:-python3} anneal=${ANNEAL:-.build/release/anneal} work=${WORK:-output/benchmarks}
mkdir -p "$work"
"$python" Benchmarks/tokenizer_texts.py "${DATA:-../shared/data}" "$work/texts.json"
for folder in "$@"; do
    echo "$folder"
    for ((k = 1; k <= ${ROUNDS:-5}; k++)); do
        # The program's first pass over the texts is the cold one that the peers also pay for.
        echo "anneal $("$anneal" tokenize "$folder" --file "$work/texts.json" --repeats 1)"
        "$python" Benchmarks/tokenizer_peers.py "$folder" "$work/texts.json"
    done | "$python" -c '
import statistics, sys
rows = {}
for line in sys.stdin:
    name, one, all_threads = line.split()
    rows.setdefault(name, []).append((float(one), float(all_threads)))
middle = {name: [statistics.median(r[i] for r in runs) for i in (0, 1)] for name, runs in rows.items()}
for name, (one, all_threads) in middle.items():
    ratios = "" if name == "anneal" else f"   anneal is {middle['"'anneal'"'][0] / one:.1f}x and {middle['"'anneal'"'][1] / all_threads:.1f}x"
    print(f"  {name:10} {one:7.1f} MB/s on one thread {all_threads:7.1f} MB/s on all{ratios}")
'
done
