"""Prints the medians of both sides and the ratio, and writes one JSON row:   summary.py FOLDER ROUNDS STEPS COMMIT

FOLDER holds reference-K.json and anneal-K.json of measure.py. Tokens are those of LLaMA-Factory's run (non-padding input tokens of
the steps, `num_input_tokens_seen`): both sides see the same rows in the same order, so one count serves both.
"""
import json, os, platform, statistics, sys, time


def processor():
    try:
        return next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    folder, rounds, steps, commit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    sides = {}
    for side in ("reference", "anneal"):
        files = [f"{folder}/{side}-{k}.json" for k in range(1, rounds + 1)]
        if all(map(os.path.exists, files)):
            sides[side] = [json.load(open(f)) for f in files]
    tokens = sides["reference"][0]["num_input_tokens_seen"]
    row = dict(benchmark="lora_sft", date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), commit=commit,
               processor=processor(), cores=os.cpu_count(), rounds=rounds, steps=steps, tokens=tokens)
    print(f"{'':10} {'tok/s':>8} {'peak RSS':>9} {'to step 1':>10} {'1st log':>8} {'wall':>7}   all rounds, tok/s")
    for side, runs in sides.items():
        for r in runs:
            if r["steps"] != steps or r["num_input_tokens_seen"] not in (0, tokens):
                raise SystemExit(f"{side}: {r['steps']} steps, {r['num_input_tokens_seen']} tokens: not the same work as {tokens} tokens")
        middle = lambda key: statistics.median(r[key] for r in runs)
        rates = [tokens / r["train_runtime"] for r in runs]
        row[side] = dict(tokens_per_second=round(statistics.median(rates), 2), peak_rss_gb=round(middle("peak_rss_bytes") / 1e9, 2),
                         start_to_first_step_seconds=round(middle("start_to_first_step_seconds"), 2),
                         first_log_seconds=round(middle("first_log_seconds"), 2), wall_seconds=round(middle("wall_seconds"), 2),
                         all_tokens_per_second=[round(x, 2) for x in rates], losses=runs[0]["losses"])
        s = row[side]
        print(f"{side:10} {s['tokens_per_second']:8.1f} {s['peak_rss_gb']:6.2f} GB {s['start_to_first_step_seconds']:8.2f} s "
              f"{s['first_log_seconds']:6.1f} s {s['wall_seconds']:5.1f} s   {s['all_tokens_per_second']}")
    if "anneal" in sides:
        row["ratio"] = round(row["anneal"]["tokens_per_second"] / row["reference"]["tokens_per_second"], 3)
        gaps = [abs(a - b) / abs(b) for a, b in zip(row["anneal"]["losses"], row["reference"]["losses"])]
        row["largest_relative_loss_difference"] = max(gaps)
        print(f"ratio {row['ratio']:.2f}, largest relative loss difference {max(gaps):.1e} (bf16)")
    with open(f"{folder}/lora_sft.jsonl", "a") as f:
        f.write(json.dumps(row) + "\n")
    print(f"row added to {folder}/lora_sft.jsonl")


if __name__ == "__main__":
    main()
