#!/bin/sh
# DPO and PPO after a little SFT on the demo task, with accuracies on held-out pictures: Docs/preference.md, Docs/reinforcement.md.
set -e
here=$(dirname "$0")
[ -d demo/see ] || anneal demo --folder demo
anneal train "$here/half.yaml"
python3 "$here/pairs.py" demo/data demo/pairs 1200
anneal train "$here/dpo.yaml"
anneal train "$here/ppo.yaml"
for policy in half dpo ppo; do
    anneal predict model_name_or_path=demo/see adapter_name_or_path=demo/$policy dataset_dir=demo/data dataset=demo_rules_test \
        template=qwen2_vl image_max_pixels=262144 do_sample=false max_new_tokens=12 --save demo/$policy.jsonl
done
