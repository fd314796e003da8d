#!/usr/bin/env bash
# LoRA SFT of a random Qwen2.5-0.5B, both sides: Benchmarks/train.sh says what it needs.
exec "$(dirname "$0")/train.sh" lora_sft "$@"
