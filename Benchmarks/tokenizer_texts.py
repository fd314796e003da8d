"""Writes the texts of the tokenizer benchmark: every string of the JSON and JSONL files of a folder, English and Chinese mixed.

    python Benchmarks/tokenizer_texts.py DATA_DIR TEXTS.json
"""
import json, os, sys

texts = []


def walk(value):
    if isinstance(value, str):
        texts.append(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        walk(item)


folder, out = sys.argv[1:3]
for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), encoding="utf-8") if name.endswith((".json", ".jsonl")) else open(os.devnull) as f:
        if name.endswith(".json"):
            walk(json.load(f))
        elif name.endswith(".jsonl"):
            for line in f:
                if line.strip():
                    walk(json.loads(line))
texts = [t for t in texts if t]
with open(out, "w", encoding="utf-8") as f:
    json.dump(texts, f, ensure_ascii=False)
print(f"{len(texts)} texts, {sum(len(t.encode()) for t in texts) / 1e6:.2f} MB", file=sys.stderr)
