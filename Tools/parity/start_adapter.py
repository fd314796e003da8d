"""Writes a starting LoRA adapter for a parity run:   start_adapter.py MODEL_DIR OUT_DIR [--rank 8] [--seed 0]

peft's own initialisation of A, then B from N(0, 0.02), so that both factors have gradients from the first step. All linear layers of
the language model are adapted (full module paths where the model also has a vision tower).
"""
import argparse, re
import torch
from peft import LoraConfig, get_peft_model
from common import load

LEAVES = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model"), p.add_argument("out")
    p.add_argument("--rank", type=int, default=8), p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    base = load(a.model)
    targets = LEAVES
    if hasattr(base.config, "vision_config"):
        pattern = re.compile(r"language_model.*\.(" + "|".join(LEAVES) + ")$")
        targets = [n for n, _ in base.named_modules() if pattern.search(n)]
    torch.manual_seed(a.seed)
    model = get_peft_model(base, LoraConfig(r=a.rank, lora_alpha=2 * a.rank, lora_dropout=0.0, target_modules=targets,
                                            task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.02)
    model.save_pretrained(a.out)


if __name__ == "__main__":
    main()
