#!/usr/bin/env bash
# How fast `anneal` writes, beside the machine's memory-read limit (measured in the same run): 1 and 16 streams of 128 tokens
# in and 64 out.
#   Benchmarks/decode.sh MODEL_FOLDER [--adapter FOLDER] [--streams N …]
# Run it on an idle machine; ANNEAL names the program (default .build/release/anneal), THREADS the threads (default all).
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=${THREADS:-$(nproc)}
exec "${ANNEAL:-.build/release/anneal}" benchmark "$@"
