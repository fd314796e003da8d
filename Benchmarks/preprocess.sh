#!/usr/bin/env bash
# Preparing data: rows per second from alpaca_en_demo repeated to 200,000 rows, and images per second from JPEG to patches, by
# LLaMA-Factory (2 workers) and by Anneal on the same two cores; prints both, the ratios and Anneal's memory on the way.
#   Benchmarks/preprocess.sh [LLAMAFACTORY_VENV]
# Environment:
#   LLAMAFACTORY_VENV  a Python environment with LLaMA-Factory 0.9.5 (or the first argument)      (required)
#   MODEL, VISION_MODEL  folders of a Qwen2 and a Qwen2.5-VL checkpoint with the real tokenizer    (required)
#   DATASET_DIR        folder with alpaca_en_demo, mllm_demo and dataset_info.json                (default ../shared/data)
#   ANNEAL, IMAGES     the program and the image benchmark          (default .build/release/anneal, …/PreprocessBenchmark)
#   QUIET              a command that is put before each measurement                              (default none)
#   ROWS, PART         rows of Anneal's and of LLaMA-Factory's run                                (default 200000 and 20000)
#   WORK               where data and results go                                                  (default output/preprocess)
# Run it on an idle machine of at least two cores: nothing else is controlled.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-${LLAMAFACTORY_VENV:?give the environment of LLaMA-Factory as argument or LLAMAFACTORY_VENV}}
model=${MODEL:?set MODEL} vision=${VISION_MODEL:?set VISION_MODEL}
anneal=${ANNEAL:-.build/release/anneal} images=${IMAGES:-.build/release/PreprocessBenchmark}
rows=${ROWS:-200000} part=${PART:-20000} data=$(realpath "${DATASET_DIR:-../shared/data}")
mkdir -p "${WORK:-output/preprocess}"
work=$(realpath "${WORK:-output/preprocess}")
python=$venv/bin/python
export OMP_NUM_THREADS=1
both=(taskset -c 0,1)
"$python" Benchmarks/preprocess_data.py "$data" "$work/data" "$rows" "$part"
rm -rf "$work/cache"
mkdir -p "$work/cache"
ANNEAL_CACHE=$work/cache ${QUIET:-} "${both[@]}" python3 Benchmarks/preprocess_watch.py "$work/anneal.json" "$rows" -- "$anneal" train \
    --dry-run stage=sft do_train=true finetuning_type=lora lora_target=all "model_name_or_path=$model" \
    "dataset_dir=$work/data" dataset=big template=qwen cutoff_len=2048 "output_dir=$work/run"
${QUIET:-} "${both[@]}" "$python" Benchmarks/preprocess_reference.py "$work/data" part "$model" qwen 2048 2 "$work/rows.json"
${QUIET:-} "${both[@]}" "$python" Benchmarks/preprocess_reference.py "$work/data" images "$vision" qwen2_vl 2048 2 "$work/images.json"
${QUIET:-} "${both[@]}" "$images" "$vision" 4 "$work"/data/mllm_demo_data/*.jpg >"$work/images.txt"
"$python" - "$work" "$(git rev-parse --short HEAD)" <<'P'
import json, sys
work, commit = sys.argv[1:]
ours, rows, images = (json.load(open(f"{work}/{n}.json")) for n in ("anneal", "rows", "images"))
pictures = float(open(f"{work}/images.txt").read())
print(f"commit {commit}")
print(f"rows/s     Anneal {ours['rows_per_second']:9.0f}   LLaMA-Factory {rows['rows_per_second']:7.0f}   "
      f"ratio {ours['rows_per_second'] / rows['rows_per_second']:5.1f}   (Anneal with start-up and reading)")
print(f"           first half {ours['rows_per_second_first_half']:.0f}, second half {ours['rows_per_second_second_half']:.0f}")
print(f"images/s   Anneal {pictures:9.0f}   LLaMA-Factory {images['images_per_second']:7.0f}   "
      f"ratio {pictures / images['images_per_second']:5.1f}   (its map over the rows with images)")
print(f"           its image processor alone, 2 processes: {images['processor_images_per_second']:.0f}, "
      f"ratio {pictures / images['processor_images_per_second']:.1f}")
print("Anneal's resident MB at " + ", ".join(f"{k}: {v}" for k, v in ours["rss_mb"].items()) +
      f"; peak {ours['peak_rss_mb']:.0f}; LLaMA-Factory {rows['peak_rss_mb']:.0f} (largest process and largest worker)")
P
