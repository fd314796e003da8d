#!/usr/bin/env bash
# LoRA SFT of a random Qwen2.5-0.5B: LLaMA-Factory and `anneal train` run alternately on Benchmarks/lora_sft.yaml; prints both sides'
# tokens per second, peak memory and start-up, their medians and the ratio, and adds a JSON row to $WORK/lora_sft.jsonl.
#   Benchmarks/lora_sft.sh [LLAMAFACTORY_VENV]
# Environment:
#   LLAMAFACTORY_VENV  a Python environment with LLaMA-Factory 0.9.5 (or the first argument)            (required)
#   MODEL              the checkpoint folder; if it is missing it is made by                            (default $WORK/qwen2-0.5b)
#   MAKE_MODELS        the reference's make_models.py (KIND OUT_DIR TOKENIZER_DIR), with
#   TOKENIZER          a Qwen2 tokenizer folder in Hugging Face layout
#   DATASET_DIR        folder with dataset_info.json, identity and alpaca_en_demo                       (default ../shared/data)
#   ANNEAL             the program; empty: only LLaMA-Factory is measured                               (default .build/release/anneal)
#   ROUNDS, STEPS      how often, and how many optimizer steps of 8 rows                                (default 3 and 5)
#   THREADS            threads of both sides                                                            (default: all cores)
#   WORK               where results and outputs go                                                     (default output/benchmarks)
# Run it on an idle machine: nothing else is controlled.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-${LLAMAFACTORY_VENV:?give the environment of LLaMA-Factory as argument or LLAMAFACTORY_VENV}}
rounds=${ROUNDS:-3} steps=${STEPS:-5} anneal=${ANNEAL-.build/release/anneal}
mkdir -p "${WORK:-output/benchmarks}"
work=$(realpath "${WORK:-output/benchmarks}")
model=${MODEL:-$work/qwen2-0.5b}
data=$(realpath "${DATASET_DIR:-../shared/data}")
python=$venv/bin/python
export DISABLE_VERSION_CHECK=1 HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES='' WANDB_DISABLED=true OMP_NUM_THREADS=${THREADS:-$(nproc)}
[ -s "$model/config.json" ] || "$python" "${MAKE_MODELS:?set MODEL, or MAKE_MODELS and TOKENIZER}" qwen2-0.5b "$model" \
    "${TOKENIZER:?set TOKENIZER to a Qwen2 tokenizer folder}"
rm -f "$work"/reference-*.json "$work"/anneal-*.json
shared=(Benchmarks/lora_sft.yaml "model_name_or_path=$model" "dataset_dir=$data" "max_steps=$steps" "output_dir=$work/run")
# transformers 5 refuses bf16 on a machine without a GPU unless use_cpu is set; the count of tokens is wanted once only.
only_reference=(use_cpu=true include_num_input_tokens_seen=non_padding)
for ((k = 1; k <= rounds; k++)); do
    echo "round $k of $rounds" >&2
    "$python" Benchmarks/measure.py "$work/run" "$work/reference-$k.json" -- \
        "$venv/bin/llamafactory-cli" train "${shared[@]}" "${only_reference[@]}"
    [ -z "$anneal" ] || "$python" Benchmarks/measure.py "$work/run" "$work/anneal-$k.json" -- "$anneal" train "${shared[@]}"
done
"$python" Benchmarks/summary.py "$work" "$rounds" "$steps" "$(git rev-parse --short HEAD)"
