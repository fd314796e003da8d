#!/usr/bin/env bash
# The first eight losses and rewards of rm, dpo (sigmoid, orpo, simpo) and kto on the real demo data: LLaMA-Factory and Anneal on
# the same YAML, fp32, from a given adapter; prints the largest relative difference of each logged value.
#   Tools/parity/preference_parity.sh VENV MODEL ADAPTER DATASET_DIR TEMPLATE [CASE ...]
# ANNEAL is the program (default .build/release/anneal). The reward model's dropout is off: MODEL's config.json is copied with
# "summary_dropout_prob": 0.0, and both start from the same value head, which the script draws.
set -euo pipefail
venv=$1 model=$(realpath "$2") adapter=$(realpath "$3") data=$(realpath "$4") template=$5
shift 5
cd "$(dirname "$0")/../.."
anneal=${ANNEAL:-.build/release/anneal} work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DISABLE_VERSION_CHECK=1 HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES= WANDB_DISABLED=true OMP_NUM_THREADS=1
mkdir "$work/model" "$work/adapter"
for file in "$model"/*; do ln -s "$file" "$work/model/"; done
cp "$adapter"/* "$work/adapter/"
rm "$work/model/config.json"
"$venv/bin/python" - "$model" "$work" <<'P'
import json, sys, torch
from safetensors.torch import save_file
config = json.load(open(f"{sys.argv[1]}/config.json"))
size = config.get("hidden_size") or config["text_config"]["hidden_size"]
json.dump(dict(config, summary_dropout_prob=0.0), open(f"{sys.argv[2]}/model/config.json", "w"))
random = torch.Generator().manual_seed(5)
save_file({"v_head.summary.weight": torch.randn(1, size, generator=random) * 0.05, "v_head.summary.bias": torch.zeros(1)},
          f"{sys.argv[2]}/adapter/value_head.safetensors", metadata={"format": "pt"})
P
for case in "${@:-rm dpo orpo simpo kto}"; do for name in $case; do
    keys=(stage=$name dataset=dpo_en_demo)
    case $name in
        orpo | simpo) keys=(stage=dpo dataset=dpo_en_demo pref_loss=$name) ;;
        kto) keys=(stage=kto dataset=kto_en_demo) ;;
    esac
    cat >"$work/run.yaml" <<Y
model_name_or_path: $work/model
adapter_name_or_path: $work/adapter
do_train: true
finetuning_type: lora
lora_dropout: 0.0
template: $template
dataset_dir: $data
cutoff_len: 512
per_device_train_batch_size: 2
gradient_accumulation_steps: 2
learning_rate: 1.0e-3
max_steps: 8
lr_scheduler_type: cosine
warmup_ratio: 0.1
logging_steps: 1
save_strategy: 'no'
report_to: none
disable_shuffling: true
seed: 42
Y
    "$venv/bin/llamafactory-cli" train "$work/run.yaml" "${keys[@]}" "output_dir=$work/theirs-$name" >"$work/log" 2>&1 || tail -5 "$work/log"
    "$anneal" train "$work/run.yaml" "${keys[@]}" "output_dir=$work/ours-$name" >"$work/log" 2>&1 || tail -5 "$work/log"
    "$venv/bin/python" - "$name" "$work/theirs-$name" "$work/ours-$name" <<'P'
import json, sys
theirs, ours = ([r for r in json.load(open(f"{f}/trainer_state.json"))["log_history"] if "loss" in r] for f in sys.argv[2:])
worst = {}
for a, b in zip(theirs, ours):
    for k, v in a.items():
        if k == "loss" or k == "grad_norm" or k.startswith(("rewards/", "logps/")) or k.endswith("_loss"):
            worst[k] = max(worst.get(k, 0), abs(b[k] - v) / max(abs(v), 1e-2 if k.startswith("rewards/") else 1e-9))
assert len(theirs) == len(ours) == 8
print(f"{sys.argv[1]:6} loss {theirs[0]['loss']:.6f} .. {theirs[-1]['loss']:.6f}; largest relative difference: " +
      ", ".join(f"{k} {v:.1e}" for k, v in worst.items()))
P
done; done
