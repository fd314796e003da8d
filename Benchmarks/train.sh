#!/usr/bin/env bash
# One training document: LLaMA-Factory and `anneal train` take turns on Benchmarks/NAME.yaml; prints both sides' rates, peak memory
# and start-up, medians and spread, the ratio, and adds a JSON row to $WORK/NAME.jsonl.
#   Benchmarks/train.sh lora_sft|full_sft|vl_lora|dpo [LLAMAFACTORY_VENV]
# Environment:
#   LLAMAFACTORY_VENV  a Python environment with LLaMA-Factory 0.9.5 (or the second argument); without one only Anneal runs
#   MODEL              the checkpoint folder (a Qwen2.5-VL one for vl_lora); if it is missing it is made by  (default $WORK/qwen2-0.5b)
#   MAKE_MODELS        the reference's make_models.py (KIND OUT_DIR TOKENIZER_DIR), with
#   TOKENIZER          a Qwen2 tokenizer folder in Hugging Face layout
#   DATASET_DIR        folder with dataset_info.json and the demo data                                  (default ../shared/data)
#   ANNEAL             the program; empty: only LLaMA-Factory is measured                               (default .build/release/anneal)
#   ROUNDS, STEPS      how often, and how many optimizer steps                                          (default 3 and 5)
#   THREADS            threads of both sides                                                            (default: all cores)
#   WORK               where results and outputs go                                                     (default output/benchmarks)
#   QUIET              a command that is put before each measurement                                    (default none)
# Run it on an idle machine: nothing else is controlled.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?name a document: lora_sft, full_sft, vl_lora or dpo}
venv=${2:-${LLAMAFACTORY_VENV:-}}
rounds=${ROUNDS:-3} steps=${STEPS:-5} anneal=${ANNEAL-.build/release/anneal}
mkdir -p "${WORK:-output/benchmarks}"
work=$(realpath "${WORK:-output/benchmarks}")
model=${MODEL:-$work/qwen2-0.5b}
data=$(realpath "${DATASET_DIR:-../shared/data}")
python=${venv:+$venv/bin/}python3
[ -n "$venv" ] || echo "skipped: LLaMA-Factory (LLAMAFACTORY_VENV is not set)" >&2
export DISABLE_VERSION_CHECK=1 HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES='' WANDB_DISABLED=true OMP_NUM_THREADS=${THREADS:-$(nproc)}
[ -s "$model/config.json" ] || "$python" "${MAKE_MODELS:?set MODEL, or MAKE_MODELS and TOKENIZER}" qwen2-0.5b "$model" \
    "${TOKENIZER:?set TOKENIZER to a Qwen2 tokenizer folder}"
rm -f "$work"/reference-*.json "$work"/anneal-*.json
shared=("Benchmarks/$name.yaml" "model_name_or_path=$model" "dataset_dir=$data" "media_dir=$data" "max_steps=$steps" "output_dir=$work/run"
    include_num_input_tokens_seen=non_padding)
reference() { # transformers 5 refuses bf16 on a machine without a GPU unless use_cpu is set.
    [ -z "$venv" ] || ${QUIET:-} "$python" Benchmarks/measure.py "$work/run" "$work/reference-$1.json" -- \
        "$venv/bin/llamafactory-cli" train "${shared[@]}" use_cpu=true
}
own() { [ -z "$anneal" ] || ${QUIET:-} "$python" Benchmarks/measure.py "$work/run" "$work/anneal-$1.json" -- "$anneal" train "${shared[@]}"; }
for ((k = 1; k <= rounds; k++)); do
    echo "$name: round $k of $rounds" >&2
    # Who comes first changes, so that neither side always finds a warm or a busy machine.
    if ((k % 2)); then reference $k; own $k; else own $k; reference $k; fi
done
"$python" Benchmarks/summary.py "$name" "$work" "$rounds" "$steps" "$(git rev-parse --short HEAD)"
