"""Compares `anneal tokenize` with Hugging Face on random texts: ids, ids with special tokens split, decoded texts.

    python Tools/parity/tokenizers_fuzz.py ANNEAL TOKENIZER [TOKENIZER ...] [--seed 1] [--count 3000] [--data FOLDER]

TOKENIZER is a folder as transformers reads it, judged by AutoTokenizer, or a tokenizer.json, judged by `tokenizers`. With
--data every string of the folder's JSON and JSONL files and every line of its text files is compared, too. The exit status is 1
when anything differs.
"""
import argparse, json, os, random, shutil, subprocess, sys, tempfile

from tokenizers import Tokenizer


def random_texts(tokenizer, seed, count):
    random.seed(seed)
    added = [t.content for t in tokenizer.get_added_tokens_decoder().values()] or ["<s>"]
    vocab = list(tokenizer.get_vocab())
    pools = [
        lambda: chr(random.randrange(0x20, 0x7F)),
        lambda: random.choice(" \t\n\r\u00a0\u2003\u3000\u0085\u2028\x0b\x0c"),
        lambda: chr(random.randrange(0x20)) + random.choice("\x7f\x9f\u00ad\u200b\u200d\ufeff\ufe0f\u2066\u202e"),
        lambda: random.choice("'''sStTmMdDrReEvVlLſK"),
        lambda: chr(random.randrange(0x80, 0x600)),
        lambda: chr(random.randrange(0x300, 0x370)),
        lambda: chr(random.randrange(0x900, 0x1200)),
        lambda: chr(random.randrange(0x1100, 0x1200)),
        lambda: chr(random.randrange(0x2000, 0x2C00)),
        lambda: chr(random.randrange(0x3000, 0x3200)),
        lambda: chr(random.randrange(0x4E00, 0xA000)),
        lambda: chr(random.randrange(0xAC00, 0xD7B0)),
        lambda: chr(random.randrange(0xFB00, 0x10000)),
        lambda: chr(random.choice([*range(0x600, 0xD800, 7), *range(0xE000, 0x110000, 97)])),
        lambda: chr(random.randrange(0x1F300, 0x1FA00)),
        lambda: chr(random.randrange(0x10000, 0x32000)),
        lambda: str(random.randrange(10 ** random.randrange(1, 12))),
        lambda: random.choice(added),
        lambda: random.choice(added)[: random.randrange(1, 12)],
        lambda: random.choice(vocab),
        lambda: random.choice(["▁", "▁▁", " ▁", "<0x41>", "##", "</w>"]),
        lambda: tokenizer.decode([random.randrange(len(vocab)) for _ in range(random.randrange(1, 8))]),
        lambda: random.choice(["a", "ab", "abc", "the ", "的", "一", "!", " "]) * random.randrange(1, 80),
    ]
    texts = []
    for _ in range(count):
        chosen = random.sample(pools, random.randrange(1, 5))
        text = "".join(random.choice(chosen)() for _ in range(random.randrange(1, 40)))
        texts.append(text.encode("utf-8", "replace").decode("utf-8"))
    return texts


def texts_of(folder):
    texts = []

    def walk(value):
        if isinstance(value, str):
            texts.append(value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            walk(item)

    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.endswith(".json"):
            walk(json.load(open(path, encoding="utf-8")))
        elif name.endswith(".jsonl"):
            for line in open(path, encoding="utf-8"):
                walk(json.loads(line) if line.strip() else [])
        elif name.endswith(".txt"):
            whole = open(path, encoding="utf-8").read()
            texts.extend([whole, *whole.split("\n")])
    return texts


def run(anneal, folder, rows, *flags):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
        file.flush()
        out = subprocess.run([anneal, "tokenize", folder, "--file", file.name, *flags], capture_output=True, check=False)
    if out.returncode:
        sys.exit(f"{folder}: {out.stderr.decode()}")
    return [json.loads(line) for line in out.stdout.decode().split("\n")[:-1]]


def report(name, what, inputs, wanted, found):
    bad = [i for i in range(len(inputs)) if wanted[i] != found[i]]
    print(f"{name:24} {what:24} {len(bad)} of {len(inputs)} differ")
    for i in sorted(bad, key=lambda i: len(inputs[i]))[:5]:
        print("   ", ascii(inputs[i])[:160], "\n      want", ascii(wanted[i])[:160], "\n      got ", ascii(found[i])[:160])
    return len(bad)


def compare(options, path):
    name = os.path.basename(path.rstrip("/"))
    with tempfile.TemporaryDirectory() as scratch:
        if os.path.isdir(path):
            from transformers import AutoTokenizer
            folder, judge = path, AutoTokenizer.from_pretrained(path)._tokenizer
        else:
            shutil.copy(path, scratch + "/tokenizer.json")
            folder, judge = scratch, Tokenizer.from_file(path)
        texts = random_texts(judge, options.seed, options.count) + (texts_of(options.data) if options.data else [])
        bad = 0
        for split in (False, True):
            judge.encode_special_tokens = split
            wanted = [e.ids for e in judge.encode_batch(texts, add_special_tokens=False)]
            found = run(options.anneal, folder, texts, *["--split-special-tokens"] * split)
            bad += report(name, "split special tokens" if split else "ids", texts, wanted, found)
        size = judge.get_vocab_size()
        rows = [r for r in wanted if r]
        rows += [[random.randrange(size) for _ in range(random.randrange(1, 12))] for _ in range(options.count)]
        for skip in (False, True):
            wanted = [judge.decode(r, skip_special_tokens=skip) for r in rows]
            found = run(options.anneal, folder, rows, "--decode", *["--skip-special-tokens"] * skip)
            bad += report(name, "decoded, special skipped" if skip else "decoded", rows, wanted, found)
    return bad


parser = argparse.ArgumentParser()
parser.add_argument("anneal")
parser.add_argument("tokenizers", nargs="+")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--count", type=int, default=3000)
parser.add_argument("--data")
options = parser.parse_args()
sys.exit(sum(compare(options, path) for path in options.tokenizers) > 0)
