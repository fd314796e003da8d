#!/usr/bin/env bash
# Runs `anneal train` on the tiny traces of Tests/TrainingTests and prints the largest relative differences from what LLaMA-Factory
# logged there. Needs no LLaMA-Factory. fresh-lora is left out: its adapter starts from other random numbers.
#   Tools/parity/fixture_traces.sh [CASE ...]
# Environment: ANNEAL (default .build/release/anneal), WORK (default output/fixture_traces)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD anneal=$(realpath "${ANNEAL:-.build/release/anneal}")
mkdir -p "${WORK:-output/fixture_traces}" && work=$(realpath "${WORK:-output/fixture_traces}")
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
cd Tests/TrainingTests/Fixtures
[ $# -gt 0 ] || set -- $(ls traces | grep -v fresh-lora)
failed=0
for case in "$@"; do
    rm -rf "$work/$case"
    "$anneal" train "traces/$case/train.yaml" disable_tqdm=true "output_dir=$work/$case" >"$work/$case.log" 2>&1 || { tail -3 "$work/$case.log" >&2; exit 1; }
    echo "$case: $(python3 "$here/Tools/parity/compare_states.py" "traces/$case/trace.json" "$work/$case/trainer_state.json" | tr '\n' ' ')" || failed=1
done
exit $failed
