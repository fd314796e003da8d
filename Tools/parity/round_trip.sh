#!/usr/bin/env bash
# Adapters cross between Anneal and peft with equal logits (fp32, 1e-4 of the largest logit), for the tiny checkpoints of the fixtures:
#   trained   `anneal train` makes the adapter, peft loads it
#   started   peft makes the adapter, Anneal loads it
#   Tools/parity/round_trip.sh [MODEL ...]     default qwen2 llama3 qwen2.5-vl, folders of Tests/ModelsTests/Fixtures
# Environment: LLAMAFACTORY_VENV (required: peft 0.18, transformers 5.6), ANNEAL (default .build/release/anneal), WORK (default output/round_trip)
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${LLAMAFACTORY_VENV:?set LLAMAFACTORY_VENV to an environment with peft}/bin/python
anneal=$(realpath "${ANNEAL:-.build/release/anneal}")
work=${WORK:-output/round_trip}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} CUDA_VISIBLE_DEVICES='' HF_HUB_OFFLINE=1
rm -rf "$work" && mkdir -p "$work" && work=$(realpath "$work")
swift build --build-tests
failed=0
[ $# -gt 0 ] || set -- qwen2 llama3 qwen2.5-vl
for name in "$@"; do
    model=$PWD/Tests/ModelsTests/Fixtures/$name ids=$work/$name.json
    "$python" - "$model" "$ids" <<'PY'
import json, random, sys
config = json.load(open(f"{sys.argv[1]}/config.json"))
random.seed(5)
rows, grids = [[random.randrange(400) for _ in range(24)] for _ in range(3)], []
if "vision_config" in config:  # an image of 4 x 6 patches, six tokens, in the first and the last row
    for row in (rows[0], rows[2]):
        row[3:11] = [config["vision_start_token_id"]] + 6 * [config["image_token_id"]] + [config["vision_end_token_id"]]
        grids.append([1, 4, 6])
data = {"input_ids": rows, "image_grid_thw": grids}
json.dump(data if grids else rows, open(sys.argv[2], "w"))
json.dump(data, open(sys.argv[2] + ".batch", "w"))
PY
    case $name in *vl*) own=(dataset=vision template=qwen2_vl) ;; llama*) own=(dataset=text template=llama3) ;; *) own=(dataset=text template=qwen) ;; esac
    "$anneal" train "model_name_or_path=$model" stage=sft do_train=true finetuning_type=lora lora_rank=4 lora_target=all \
        dataset_dir=Tests/TrainingTests/Fixtures/data media_dir=Tests/TrainingTests/Fixtures/data "${own[@]}" cutoff_len=512 max_steps=20 \
        per_device_train_batch_size=2 learning_rate=5e-3 logging_steps=5 save_strategy=no report_to=none disable_tqdm=true \
        "output_dir=$work/$name-trained" >"$work/$name.log" 2>&1 || { tail -5 "$work/$name.log" >&2; exit 1; }
    "$python" Tools/parity/start_adapter.py "$model" "$work/$name-started" >"$work/$name-start.log" 2>&1
    for kind in trained started; do
        echo "== $name, adapter $kind"
        ANNEAL_ROUND_TRIP="$model:$work/$name-$kind:$ids.batch:$work/$name-$kind.safetensors" \
            swift test --skip-build --filter RoundTripTests >"$work/$name-$kind.log" 2>&1 || { tail -20 "$work/$name-$kind.log" >&2; exit 1; }
        "$python" Tools/parity/peft_check.py "$work/$name-$kind" "$model" "$ids" --expect "$work/$name-$kind.safetensors" 2>"$work/peft.log" \
            || { tail -5 "$work/peft.log" >&2; failed=1; }
    done
done
exit $failed
