#!/usr/bin/env bash
# Kills `anneal train` at random moments, runs the same command again until it ends, and compares what it leaves with an
# uninterrupted run: log_history (runtimes apart), final weights, and optimizer and generator state of the last checkpoint, bit by bit.
#   Tools/parity/kill_resume.sh [KILLS]     default 60, spread over three kinds of runs
# Environment: SIGNAL (KILL, or TERM or INT, after which the run must save and end with status 0; default KILL), ANNEAL (default .build/release/anneal), WORK (default output/kill_resume), SEED (default 1), OMP_NUM_THREADS (default 1)
set -euo pipefail
cd "$(dirname "$0")/../.."
anneal=$(realpath "${ANNEAL:-.build/release/anneal}")
work=${WORK:-output/kill_resume}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
RANDOM=${SEED:-1}
target=${1:-60}
signal=${SIGNAL:-KILL}
models=Tests/ModelsTests/Fixtures data=Tests/TrainingTests/Fixtures/data
rm -rf "$work" && mkdir -p "$work"
common=(stage=sft do_train=true "dataset_dir=$data" "media_dir=$data" cutoff_len=512 per_device_train_batch_size=2
    gradient_accumulation_steps=3 learning_rate=5e-3 weight_decay=0.01 val_size=0.2 eval_strategy=steps eval_steps=4 save_steps=3
    logging_steps=2 report_to=tensorboard plot_loss=true disable_tqdm=true seed=42 lr_scheduler_type=cosine)
lora=(finetuning_type=lora lora_rank=2 lora_dropout=0.1 lora_target=all)

settings() { # KIND -> arguments
    case $1 in
        lora) echo "model_name_or_path=$models/qwen2 dataset=text template=qwen num_train_epochs=10 ${lora[*]}" ;;
        vision) echo "model_name_or_path=$models/qwen2.5-vl dataset=vision template=qwen2_vl num_train_epochs=16 ${lora[*]}" ;;
        full) echo "model_name_or_path=$models/qwen2 dataset=text template=qwen num_train_epochs=10 finetuning_type=full bf16=true save_total_limit=2" ;;
    esac
}

compare() { # REFERENCE OURS
    python3 - "$1" "$2" "$signal" <<'PY'
import json, os, sys
a, b = sys.argv[1:3]
def history(folder):
    rows = json.load(open(f"{folder}/trainer_state.json"))["log_history"]
    return [{k: v for k, v in r.items() if not k.endswith(("_runtime", "_per_second"))} for r in rows]
bad = [] if history(a) == history(b) else ["trainer_state.json"]
def last(folder):
    return max((n for n in os.listdir(folder) if n.startswith("checkpoint-")), key=lambda n: int(n.split("-")[1]))
extra = set(os.listdir(a)) ^ set(os.listdir(b))
if sys.argv[3] != "KILL":  # a checkpoint of a stop lies between those that are due
    extra = {n for n in extra if not n.startswith("checkpoint-")}
if extra:
    bad.append(f"files: {sorted(extra)}")
if last(a) != last(b):
    bad.append(f"{last(a)} and {last(b)}")
weights = [n for n in os.listdir(a) if n.endswith(".safetensors")]
for name in weights + [f"{last(a)}/{n}" for n in weights + ["optimizer.safetensors", "rng_state.safetensors"]]:
    if not os.path.exists(f"{b}/{name}") or open(f"{a}/{name}", "rb").read() != open(f"{b}/{name}", "rb").read():
        bad.append(name)
sys.exit(f"DIFFERENT: {bad}" if bad else 0)
PY
}

kills=0 runs=0
for kind in lora vision full; do
    read -ra own <<<"$(settings $kind)"
    began=$(date +%s%N)
    "$anneal" train "${common[@]}" "${own[@]}" "output_dir=$work/$kind-reference" >"$work/$kind-reference.log" 2>&1
    span=$((($(date +%s%N) - began) / 1000000))
    quota=$((kills + target / 3))
    while [ $kills -lt $quota ]; do
        runs=$((runs + 1)) out=$work/$kind-$runs log=$work/$kind-$runs.log
        while true; do
            "$anneal" train "${common[@]}" "${own[@]}" "output_dir=$out" >>"$log" 2>&1 &
            job=$!
            pause=$((RANDOM * (span + span / 8) / 32768))
            sleep "$((pause / 1000)).$(printf %03d $((pause % 1000)))"
            kill -$signal $job 2>/dev/null || true
            status=0
            wait $job 2>/dev/null || status=$?
            [ "$signal $status" = "KILL 137" ] && kills=$((kills + 1)) && continue
            # Until the program listens (its first moments) a signal ends it as it ends any other.
            [ $status -gt 128 ] && [ $pause -lt 400 ] && continue
            [ $status -eq 0 ] && [ "$(tail -1 "$log" | cut -c1-15)" = "Stopped at step" ] && kills=$((kills + 1)) && continue
            [ $status -eq 0 ] && break
            echo "$kind run $runs failed with status $status" >&2
            tail -5 "$log" >&2
            exit 1
        done
        compare "$work/$kind-reference" "$out" || { echo "$kind run $runs, kept in $out" >&2; exit 1; }
        rm -rf "$out"
    done
    echo "$kind: equal after $kills kills so far ($runs runs, $span ms each without a kill)"
done
echo "$kills kills, $runs runs: every one ended with the bits of the uninterrupted run"
