#!/usr/bin/env bash
# LoRA DPO of a random Qwen2.5-0.5B, both sides; a step is four pairs (STEPS, default 2). Benchmarks/train.sh says what it needs.
STEPS=${STEPS:-2} exec "$(dirname "$0")/train.sh" dpo "$@"
