"""One round of the peers: prints their names and megabytes a second on one thread and on all.

    python Benchmarks/tokenizer_peers.py TOKENIZER_DIR TEXTS.json

tokenizers encodes one by one on one thread, then as a batch; tiktoken takes part for byte-level vocabularies with one pattern,
with the same ranks, pattern and special tokens.
"""
import json, os, sys, time

os.environ["TOKENIZERS_PARALLELISM"] = "true"
from tokenizers import Tokenizer


def rate(texts, body):
    start = time.perf_counter()
    body(texts)
    return sum(len(t.encode()) for t in texts) / 1e6 / (time.perf_counter() - start)


def tiktoken_twin(folder):
    """The same vocabulary as tiktoken has it; None where it cannot hold it."""
    import tiktoken
    data = json.load(open(folder + "/tokenizer.json", encoding="utf-8"))
    steps = (data["pre_tokenizer"] or {}).get("pretokenizers", [])
    if len(steps) != 2 or steps[1]["type"] != "ByteLevel" or data["model"].get("type", "BPE") != "BPE":
        return None
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    byte = {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}
    ranks = {bytes(byte[c] for c in token): i for token, i in data["model"]["vocab"].items() if all(c in byte for c in token)}
    special = {t["content"]: t["id"] for t in data["added_tokens"]}
    return tiktoken.Encoding("twin", pat_str=steps[0]["pattern"]["Regex"], mergeable_ranks=ranks, special_tokens=special)


folder, path = sys.argv[1:3]
texts = json.load(open(path, encoding="utf-8"))
tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
one = rate(texts, lambda t: [tokenizer.encode(x, add_special_tokens=False) for x in t])
print("tokenizers", f"{one:.2f}", f"{rate(texts, lambda t: tokenizer.encode_batch_fast(t, add_special_tokens=False)):.2f}")
twin = tiktoken_twin(folder)
if twin:
    one = rate(texts, lambda t: [twin.encode(x, allowed_special='all') for x in t])
    threads = os.cpu_count()
    print("tiktoken", f"{one:.2f}", f"{rate(texts, lambda t: twin.encode_batch(t, num_threads=threads, allowed_special='all')):.2f}")
