"""Prints the medians and spreads of both sides and the ratio, and writes one JSON row:   summary.py NAME FOLDER ROUNDS STEPS COMMIT

FOLDER holds reference-K.json and anneal-K.json of measure.py. Both sides see the same rows in the same order, so one count serves both:
tokens are those of LLaMA-Factory's run (non-padding input tokens, `num_input_tokens_seen`), or Anneal's when it runs alone.
"""
import json, os, platform, statistics, sys, time

# What a step is made of, where not tokens are counted: DPO's yaml has 4 pairs, the vision document 6 samples a step.
UNITS = {"dpo": ("pairs", 4), "vl_lora": ("samples", 6)}


def processor():
    try:
        return next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    name, folder, rounds, steps, commit = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    sides = {}
    for side in ("reference", "anneal"):
        files = [f"{folder}/{side}-{k}.json" for k in range(1, rounds + 1)]
        if all(map(os.path.exists, files)):
            sides[side] = [json.load(open(f)) for f in files]
    if not sides:
        raise SystemExit(f"{folder} has no finished round")
    tokens = next(iter(sides.values()))[0]["num_input_tokens_seen"]
    unit, per_step = UNITS.get(name, ("tokens", None))
    count = tokens if per_step is None else per_step * steps
    row = dict(benchmark=name, unit=f"{unit}/s", date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), commit=commit,
               processor=processor(), cores=os.cpu_count(), rounds=rounds, steps=steps, tokens=tokens)
    print(f"{name}: {unit}/s")
    print(f"{'':10} {'median':>8} {'spread':>15} {'peak RSS':>9} {'to step 1':>10} {'1st log':>8} {'wall':>7}")
    for side, runs in sides.items():
        for r in runs:
            if r["steps"] != steps or (unit == "tokens" and r["num_input_tokens_seen"] not in (0, tokens)):
                raise SystemExit(f"{side}: {r['steps']} steps, {r['num_input_tokens_seen']} tokens: not the same work as {tokens} tokens")
        middle = lambda key: statistics.median(r[key] for r in runs)
        rates = [count / r["train_runtime"] for r in runs]
        row[side] = dict(rate=round(statistics.median(rates), 4), all_rates=[round(x, 4) for x in rates],
                         peak_rss_gb=round(middle("peak_rss_bytes") / 1e9, 2),
                         start_to_first_step_seconds=round(middle("start_to_first_step_seconds"), 2),
                         first_log_seconds=round(middle("first_log_seconds"), 2), wall_seconds=round(middle("wall_seconds"), 2),
                         losses=runs[0]["losses"], command=runs[0].get("command"))
        s = row[side]
        print(f"{side:10} {s['rate']:8.3f} {min(rates):7.3f}-{max(rates):<7.3f} {s['peak_rss_gb']:6.2f} GB {s['start_to_first_step_seconds']:8.2f} s "
              f"{s['first_log_seconds']:6.1f} s {s['wall_seconds']:5.1f} s")
    if len(sides) == 2:
        row["ratio"] = round(row["anneal"]["rate"] / row["reference"]["rate"], 3)
        row["memory_ratio"] = round(row["anneal"]["peak_rss_gb"] / row["reference"]["peak_rss_gb"], 3)
        gaps = [abs(a - b) / abs(b) for a, b in zip(row["anneal"]["losses"], row["reference"]["losses"]) if b]
        row["largest_relative_loss_difference"] = max(gaps, default=0)
        print(f"ratio {row['ratio']:.2f}, memory {row['memory_ratio']:.2f}, largest relative loss difference {max(gaps, default=0):.1e} (bf16)")
    with open(f"{folder}/{name}.jsonl", "a") as f:
        f.write(json.dumps(row) + "\n")
    print(f"row added to {folder}/{name}.jsonl")


if __name__ == "__main__":
    main()
