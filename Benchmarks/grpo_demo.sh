#!/bin/bash
# GRPO on the demo task: a model that is right in fewer than 70 % of held-out pictures learns from the accuracy of its own answers.
#   Benchmarks/grpo_demo.sh [FOLDER]        (ANNEAL=path/to/anneal; default .build/release/anneal)
# Needs FOLDER/see and FOLDER/data of `anneal demo --folder FOLDER`, which it runs when they are missing. Prints both accuracies.
set -euo pipefail
anneal=${ANNEAL:-.build/release/anneal}
folder=${1:-demo}
[ -f "$folder/see/model.safetensors" ] || "$anneal" demo --folder "$folder"

judge() { # NAME ADAPTER
    rm -f "$folder/predictions_$1.jsonl"*
    "$anneal" predict model_name_or_path="$folder/see" adapter_name_or_path="$2" dataset_dir="$folder/data" \
        dataset=demo_rules_test do_sample=false max_new_tokens=12 --save "$folder/predictions_$1.jsonl" > "$folder/$1.txt"
    grep -i -m1 accuracy "$folder/$1.txt" | sed "s/^/$1: /"
}

# Half of it by supervised fine-tuning: 80 updates are not enough to learn the rules.
"$anneal" train "$folder/rules.yaml" model_name_or_path="$folder/see" output_dir="$folder/half" max_steps=80 eval_strategy=no \
    val_size=0 plot_loss=false overwrite_output_dir=true
judge half "$folder/half"

# The rest from rewards.
"$anneal" train "$(dirname "$0")/grpo_demo.yaml" model_name_or_path="$folder/see" adapter_name_or_path="$folder/half" \
    dataset_dir="$folder/data" output_dir="$folder/grpo" "${@:2}"
judge grpo "$folder/grpo"
