#!/usr/bin/env bash
# LoRA DPO of a random Qwen2.5-0.5B: LLaMA-Factory and `anneal train` run alternately on Benchmarks/dpo.yaml; prints both sides'
# pairs per second, peak memory and losses, and adds a JSON row to $WORK/dpo.jsonl.
#   Benchmarks/dpo.sh [LLAMAFACTORY_VENV]
# Environment: as Benchmarks/lora_sft.sh (MODEL must exist); STEPS counts optimizer steps of 4 pairs (default 2).
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-${LLAMAFACTORY_VENV:?give the environment of LLaMA-Factory as argument or LLAMAFACTORY_VENV}}
rounds=${ROUNDS:-3} steps=${STEPS:-2} anneal=${ANNEAL-.build/release/anneal} model=${MODEL:?set MODEL to the checkpoint folder}
mkdir -p "${WORK:-output/benchmarks}"
work=$(realpath "${WORK:-output/benchmarks}")
data=$(realpath "${DATASET_DIR:-../shared/data}")
python=$venv/bin/python
export DISABLE_VERSION_CHECK=1 HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES='' WANDB_DISABLED=true OMP_NUM_THREADS=${THREADS:-$(nproc)}
rm -f "$work"/reference-*.json "$work"/anneal-*.json
shared=(Benchmarks/dpo.yaml "model_name_or_path=$model" "dataset_dir=$data" "max_steps=$steps" "output_dir=$work/run")
for ((k = 1; k <= rounds; k++)); do
    echo "round $k of $rounds" >&2
    "$python" Benchmarks/measure.py "$work/run" "$work/reference-$k.json" -- "$venv/bin/llamafactory-cli" train "${shared[@]}" use_cpu=true
    [ -z "$anneal" ] || "$python" Benchmarks/measure.py "$work/run" "$work/anneal-$k.json" -- "$anneal" train "${shared[@]}"
done
"$python" - "$work" "$rounds" "$steps" "$(git rev-parse --short HEAD)" <<'P'
import json, os, statistics, sys
folder, rounds, steps, commit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
row = dict(benchmark="dpo", commit=commit, pairs=4 * steps)
for side in ("reference", "anneal"):
    runs = [json.load(open(f)) for k in range(1, rounds + 1) if os.path.exists(f := f"{folder}/{side}-{k}.json")]
    if not runs:
        continue
    rates = [4 * steps / r["train_runtime"] for r in runs]
    row[side] = dict(pairs_per_second=round(statistics.median(rates), 4), all=[round(r, 4) for r in rates],
                     peak_rss_gb=round(statistics.median(r["peak_rss_bytes"] for r in runs) / 1e9, 2), losses=runs[0]["losses"])
    print(side, row[side])
if "anneal" in row:
    row["ratio"] = round(row["anneal"]["pairs_per_second"] / row["reference"]["pairs_per_second"], 2)
    print("ratio", row["ratio"])
with open(f"{folder}/dpo.jsonl", "a") as f:
    f.write(json.dumps(row) + "\n")
P
