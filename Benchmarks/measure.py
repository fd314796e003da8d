"""Runs one training command and measures it from outside; only the standard library is needed.

    measure.py OUTPUT_DIR RESULT.json -- COMMAND ...

Watches OUTPUT_DIR/trainer_log.jsonl while the command runs and writes: wall_seconds, peak_rss_bytes, cpu_seconds,
first_log_seconds (launch to the first logged step), start_to_first_step_seconds (launch to the moment training begins: the last
step's log minus train_runtime), train_runtime, losses, steps.
"""
import json, os, shutil, subprocess, sys, time


def lines(path):
    try:
        with open(path) as f:
            return [json.loads(line) for line in f.read().split("\n") if line.endswith("}")]
    except FileNotFoundError:
        return []


def main():
    out, result, command = sys.argv[1], sys.argv[2], sys.argv[4:]
    # MEASURE_KEEPS=1: the command goes on from what lies there.
    if not os.environ.get("MEASURE_KEEPS"):
        shutil.rmtree(out, ignore_errors=True)
    before = len([r for r in lines(f"{out}/trainer_log.jsonl") if "loss" in r])
    started, seen = time.monotonic(), []
    with open(result + ".log", "wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            steps = [r for r in lines(f"{out}/trainer_log.jsonl") if "loss" in r][before:]
            seen += [time.monotonic() - started] * (len(steps) - len(seen))
            if pid:
                break
            time.sleep(0.02)
    wall = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.stderr.write(open(result + ".log", errors="replace").read()[-3000:])
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    state = json.load(open(f"{out}/trainer_state.json"))
    runtime = json.load(open(f"{out}/train_results.json"))["train_runtime"]
    row = dict(wall_seconds=round(wall, 3), peak_rss_bytes=usage.ru_maxrss * 1024,
               cpu_seconds=round(usage.ru_utime + usage.ru_stime, 2), first_log_seconds=round(seen[0], 3),
               start_to_first_step_seconds=round(seen[-1] - runtime, 3), train_runtime=runtime,
               steps=state["global_step"], num_input_tokens_seen=state.get("num_input_tokens_seen", 0),
               command=" ".join(command), losses=[r["loss"] for r in state["log_history"] if "loss" in r])
    json.dump(row, open(result, "w"), indent=1)


if __name__ == "__main__":
    main()
