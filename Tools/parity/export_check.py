"""Loads a model that `anneal export` wrote with transformers and compares it with peft's base + adapter.

    export_check.py EXPORT_DIR MODEL_DIR ADAPTER_DIR IDS.json [--tolerance 1e-4]

Checks that no weight is missing or unexpected, that the tokenizer loads, that ids the base model's tokenizer gives are the same, and
that the logits agree. An export in bf16 needs a tolerance of about 2e-2. IDS.json: see common.py.
"""
import argparse
import torch
from peft import PeftModel
from transformers import AutoTokenizer
from common import finish, load, logits, report

TEXT = "Hello! 你好，图片满足要求吗？ <|im_start|> 12345"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("export"), p.add_argument("model"), p.add_argument("adapter"), p.add_argument("ids")
    p.add_argument("--tolerance", type=float, default=1e-4)
    a = p.parse_args()
    torch.set_num_threads(1)
    ours, theirs = (AutoTokenizer.from_pretrained(d)(TEXT)["input_ids"] for d in (a.export, a.model))
    if ours != theirs:
        raise SystemExit(f"tokenizers differ: {ours} and {theirs}")
    exported = load(a.export)
    print(f"stored as {exported.config.dtype}, {sum(q.numel() for q in exported.parameters())} parameters")
    merged = PeftModel.from_pretrained(load(a.model), a.adapter).merge_and_unload().eval()
    finish(report("logits", logits(exported, a.ids), logits(merged, a.ids), a.tolerance))


if __name__ == "__main__":
    main()
