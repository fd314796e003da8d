#!/usr/bin/env bash
# Runs LLaMA-Factory and `anneal train` on the same YAML and compares the logged losses step by step (relative 1e-4).
#   Tools/parity/lf_parity.sh [CASE ...]    CASE: text or vision, then -BxG (batch x accumulation) or -shuffled
#                                           default: text-1x1 text-1x4 text-2x3 text-shuffled vision-1x1 vision-1x3 vision-2x2
# Environment:
#   LLAMAFACTORY_VENV  a Python environment with LLaMA-Factory 0.9.5, transformers 5.6, peft 0.18       (required)
#   MAKE_MODELS        the reference's make_models.py, which writes random checkpoints                (required unless MODELS has them)
#   TOKENIZER          a Qwen2 tokenizer folder in Hugging Face layout                                 (as MAKE_MODELS)
#   DATASET_DIR        folder with dataset_info.json, identity, alpaca_en_demo, mllm_demo              (default ../shared/data)
#   WORK               where models, adapters and traces are kept                                     (default output/parity)
#   ANNEAL             the program to judge; empty: only LLaMA-Factory runs                              (default .build/release/anneal)
#   FRESH=1            run LLaMA-Factory again although its trace is there
set -euo pipefail
cd "$(dirname "$0")/../.."
here=Tools/parity
venv=${LLAMAFACTORY_VENV:?set LLAMAFACTORY_VENV to the environment of LLaMA-Factory}
data=$(realpath "${DATASET_DIR:-../shared/data}")
work=${WORK:-output/parity}
anneal=${ANNEAL-.build/release/anneal}
mkdir -p "$work/models" "$work/traces"
work=$(realpath "$work")
export DISABLE_VERSION_CHECK=1 HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES='' WANDB_DISABLED=true OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
failed=0
[ $# -gt 0 ] || set -- text-1x1 text-1x4 text-2x3 text-shuffled vision-1x1 vision-1x3 vision-2x2
for case in "$@"; do
    yaml=$here/${case%%-*}.yaml variant=${case#*-}
    case $case in text-*) kind=qwen2-tiny ;; vision-*) kind=qwen25vl-tiny ;; *) echo "unknown case $case" >&2; exit 2 ;; esac
    case $variant in
        shuffled) changes=(disable_shuffling=false seed=7 per_device_train_batch_size=2 gradient_accumulation_steps=2) ;;
        [1-9]x[1-9]) changes=("per_device_train_batch_size=${variant%x*}" "gradient_accumulation_steps=${variant#*x}") ;;
        *) echo "unknown case $case" >&2; exit 2 ;;
    esac
    model=$work/models/$kind start=$work/models/$kind-start trace=$work/traces/$case
    mkdir -p "$trace"
    [ -s "$model/config.json" ] || "$venv/bin/python" "${MAKE_MODELS:?set MAKE_MODELS to make_models.py}" "$kind" "$model" \
        "${TOKENIZER:?set TOKENIZER to a Qwen2 tokenizer folder}" --dtype float32
    [ -s "$start/adapter_config.json" ] || "$venv/bin/python" "$here/start_adapter.py" "$model" "$start"
    set -- "model_name_or_path=$model" "adapter_name_or_path=$start" "dataset_dir=$data" "media_dir=$data" "${changes[@]}"
    if [ -n "${FRESH:-}" ] || [ ! -s "$trace/lf/trainer_state.json" ]; then
        rm -rf "$trace/lf"
        "$venv/bin/llamafactory-cli" train "$yaml" "$@" "output_dir=$trace/lf" overwrite_cache=true \
            >"$trace/lf.log" 2>&1 || { tail -30 "$trace/lf.log" >&2; exit 1; }
    fi
    [ -n "$anneal" ] || { echo "$case: LLaMA-Factory's trace is in $trace/lf"; continue; }
    rm -rf "$trace/anneal"
    "$anneal" train "$yaml" "$@" "output_dir=$trace/anneal" >"$trace/anneal.log" 2>&1 \
        || { tail -30 "$trace/anneal.log" >&2; exit 1; }
    echo "== $case"
    "$venv/bin/python" "$here/compare_states.py" "$trace/lf/trainer_state.json" "$trace/anneal/trainer_state.json" || failed=1
done
exit $failed
