"""Loads an adapter that Anneal wrote into peft and prints or compares its logits.

    peft_check.py ADAPTER_DIR MODEL_DIR IDS.json [--expect LOGITS.safetensors] [--save LOGITS.safetensors] [--tolerance 1e-4]

--expect: file whose tensor `logits` (rows, length, vocabulary) are Anneal's for the same rows; exit status 1 when they differ.
Every lora_A, lora_B tensor of the file must have landed in the model. IDS.json: see common.py.
"""
import argparse
import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from common import finish, load, logits, report


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("adapter"), p.add_argument("model"), p.add_argument("ids")
    p.add_argument("--expect"), p.add_argument("--save"), p.add_argument("--tolerance", type=float, default=1e-4)
    a = p.parse_args()
    torch.set_num_threads(1)
    model = PeftModel.from_pretrained(load(a.model), a.adapter).eval()
    stored, loaded = load_file(f"{a.adapter}/adapter_model.safetensors"), get_peft_model_state_dict(model)
    if set(stored) != set(loaded):
        raise SystemExit(f"names differ: only in the file {sorted(set(stored) - set(loaded))[:4]}, "
                         f"only in the model {sorted(set(loaded) - set(stored))[:4]}")
    wrong = [k for k, v in stored.items() if not torch.equal(v.float(), loaded[k].float())]
    if wrong:
        raise SystemExit(f"not loaded: {wrong[:4]}")
    print(f"{len(stored)} tensors loaded, {sum(v.numel() for v in stored.values())} parameters")
    rows = logits(model, a.ids)
    for n, row in enumerate(rows):
        top = row[-1].topk(5)
        print(f"row {n}: {row.shape[0]} tokens, best next ids {top.indices.tolist()} at {[round(x, 5) for x in top.values.tolist()]}")
    if a.save:
        save_file({"logits": torch.stack(rows)}, a.save)
    if a.expect:
        finish(report("logits", list(load_file(a.expect)["logits"].float()), rows, a.tolerance))


if __name__ == "__main__":
    main()
