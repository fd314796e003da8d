"""Runs the benchmark documents and writes one table and one JSON of their rows; Benchmarks/run.sh says how it is called.

A row: work, unit, anneal, peer, peer_name, ratio, spread (lowest and highest round of both sides), command, note. A peer that is
missing leaves a row that says why; a document that fails leaves a row with the last line of its complaint.
"""
import argparse, json, os, platform, re, shutil, statistics, subprocess, sys, time

NAMES = ["roofs", "lora_sft", "full_sft", "vl_lora", "dpo", "checkpoint", "start", "decode", "serving", "preprocess", "tokenizer"]
BEGIN, END = "<!-- make bench: begin -->", "<!-- make bench: end -->"

parser = argparse.ArgumentParser(prog="Benchmarks/run.sh")
parser.add_argument("--quick", action="store_true", help="one round of few steps; the committed table stays as it is")
parser.add_argument("--only", default=",".join(NAMES), help="documents to run, comma-separated: " + ", ".join(NAMES))
options = parser.parse_args()
wanted = options.only.split(",")
if unknown := [n for n in wanted if n not in NAMES]:
    raise SystemExit(f"no document is called {unknown[0]}; there are {', '.join(NAMES)}")

work = os.path.abspath(os.environ.get("WORK", "output/benchmarks"))
os.makedirs(work, exist_ok=True)
reference = os.environ.get("ANNEAL_REFERENCE")
anneal = os.environ.get("ANNEAL", ".build/release/anneal")
if not os.access(anneal, os.X_OK):
    raise SystemExit(f"{anneal} is missing: make build")


def first(*paths):
    return next((p for p in paths if p and os.path.exists(p)), None)


inside = lambda *names: [os.path.join(reference, n) for n in names] if reference else []
venv = first(*inside("venv", "env/venv"), os.environ.get("LLAMAFACTORY_VENV"))
model = first(*inside("models/qwen2-0.5b"), os.environ.get("MODEL"))
vision = first(*inside("models/qwen25vl-small"), os.environ.get("VISION_MODEL"))
data = first(os.environ.get("DATASET_DIR"), *inside("data"), "../shared/data")
python = os.path.join(venv, "bin/python") if venv else sys.executable
rounds = int(os.environ.get("ROUNDS", 1 if options.quick else 3))
environment = dict(os.environ, WORK=work, ROUNDS=str(rounds), OMP_NUM_THREADS=os.environ.get("THREADS", str(os.cpu_count())),
                   DATASET_DIR=data or "", ANNEAL=anneal)
environment.pop("LLAMAFACTORY_VENV", None)
if venv:
    environment["LLAMAFACTORY_VENV"] = venv
quiet = os.environ.get("QUIET", "").split()
rows, skipped = [], []


def run(command, **extra):
    """Standard output of a command; its words are kept for the table."""
    result = subprocess.run(command, env=dict(environment, **extra), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode:
        raise RuntimeError((result.stderr.strip() or result.stdout.strip() or "no message").splitlines()[-1][:200])
    return result.stdout


def row(work, unit, anneal, peer=None, peer_name="", command="", note="", spread=None, ratio=None):
    if ratio is None and anneal and peer:
        ratio = anneal / peer if "second" not in unit.split("/")[0] and unit not in ("s", "GB") else peer / anneal
    rows.append(dict(work=work, unit=unit, anneal=anneal, peer=peer, peer_name=peer_name, ratio=ratio and round(ratio, 3), spread=spread,
                     command=command, note=note))


def skip(work, why):
    print(f"skipped: {work}: {why}", file=sys.stderr)
    skipped.append(dict(work=work, reason=why))


def installed(name):
    """The version of a Python package among the peers; None without it."""
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    found = subprocess.run([python, "-c", code], text=True, capture_output=True)
    return found.stdout.strip() if found.returncode == 0 else None


def training(name, folder, steps, work_name):
    if not folder or not data:
        return skip(work_name, "no model or data (ANNEAL_REFERENCE, DATASET_DIR)")
    steps = str(int(os.environ.get("STEPS", steps)))
    run([f"Benchmarks/train.sh", name], MODEL=folder, STEPS=steps)
    found = json.loads(open(f"{work}/{name}.jsonl").read().splitlines()[-1])
    ours, peer = found.get("anneal"), found.get("reference")
    if not peer:
        skip(f"{work_name}: LLaMA-Factory", "not installed")
    command = f"MODEL=… ROUNDS={rounds} STEPS={steps} Benchmarks/train.sh {name}"
    spread = dict(anneal=[min(ours["all_rates"]), max(ours["all_rates"])], peer=peer and [min(peer["all_rates"]), max(peer["all_rates"])])
    peers = "LLaMA-Factory" if peer else ""
    row(work_name, found["unit"], ours["rate"], peer and peer["rate"], peers, command, spread=spread)
    row(f"{work_name}: peak memory", "GB", ours["peak_rss_gb"], peer and peer["peak_rss_gb"], peers, command)
    row(f"{work_name}: start to first step", "s", ours["start_to_first_step_seconds"], peer and peer["start_to_first_step_seconds"], peers, command)


def document_lora_sft():
    training("lora_sft", model, 2 if options.quick else 4, "LoRA SFT, Qwen2.5-0.5B, bf16")


def document_full_sft():
    training("full_sft", model, 1 if options.quick else 2, "full SFT, Qwen2.5-0.5B, bf16")


def document_vl_lora():
    training("vl_lora", vision, 2 if options.quick else 6, "VL LoRA, qwen25vl-small with images, bf16")


def document_dpo():
    training("dpo", model, 1, "LoRA DPO, Qwen2.5-0.5B, bf16")


def document_roofs():
    """The profiler measures the rate of matrix products in the run that it profiles."""
    if not model or not data:
        return skip("roofs", "no model or data")
    command = [*quiet, anneal, "train", "Benchmarks/lora_sft.yaml", f"model_name_or_path={model}", f"dataset_dir={data}",
               f"max_steps={1 if options.quick else 3}", f"output_dir={work}/profile", "--profile"]
    text = run(command)
    roof = float(re.search(r"^Roof: (\d+) GFLOP/s", text, re.M)[1])
    shares = re.search(r"^steps +([\d.]+) +[\d.]+ % +(\d+) +([\d.]+) %", text, re.M)
    row("matrix products alone", "GFLOP/s", roof, command="anneal train Benchmarks/lora_sft.yaml … --profile")
    row("LoRA SFT: all counted work over all seconds", "GFLOP/s", float(shares[2]), command="the same",
        note=f"{shares[3]} % of the products' rate alone")


def document_checkpoint():
    """Full SFT of one sample with and without a checkpoint; then a start from it."""
    if not model or not data:
        return skip("checkpoint", "no model or data")
    sides = {"anneal": [anneal, "train"]}
    if venv:
        sides["reference"] = [f"{venv}/bin/llamafactory-cli", "train"]
    else:
        skip("checkpoint: LLaMA-Factory", "not installed")
    base = ["Benchmarks/full_sft.yaml", f"model_name_or_path={model}", f"dataset_dir={data}", "gradient_accumulation_steps=1",
            f"output_dir={work}/checkpoint", "overwrite_output_dir=false"]
    results = {}
    for side, command in sides.items():
        extra = ["use_cpu=true"] if side == "reference" else []
        keep = {"DISABLE_VERSION_CHECK": "1", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "WANDB_DISABLED": "true"}

        def measured(settings, **more):
            out = f"{work}/checkpoint.json"
            run([*quiet, python, "Benchmarks/measure.py", f"{work}/checkpoint", out, "--", *command, *base, *settings, *extra], **keep, **more)
            return json.load(open(out))

        plain = measured(["max_steps=1"])
        saving = measured(["max_steps=1", "save_strategy=steps", "save_steps=1"])
        resumed = measured(["max_steps=2", f"resume_from_checkpoint={work}/checkpoint/checkpoint-1"], MEASURE_KEEPS="1")
        results[side] = (max(0.01, saving["train_runtime"] - plain["train_runtime"]), resumed["start_to_first_step_seconds"])
        shutil.rmtree(f"{work}/checkpoint", ignore_errors=True)
    peer, name = results.get("reference", (None, None)), "LLaMA-Factory" if venv else ""
    command = "Benchmarks/run.sh --only checkpoint"
    row("saving a checkpoint of full SFT (weights, optimizer)", "s", results["anneal"][0], peer[0], name, command)
    row("start from that checkpoint to the first step", "s", results["anneal"][1], peer[1], name, command)


def seconds(command, times):
    taken = []
    for _ in range(times):
        start = time.monotonic()
        run(command)
        taken.append(time.monotonic() - start)
    return taken


def document_start():
    times = seconds([anneal, "version"], 5)
    peer = None
    if venv:
        peer = seconds([f"{venv}/bin/llamafactory-cli", "version"], 1 if options.quick else 3)
    else:
        skip("start: LLaMA-Factory", "not installed")
    row("start to the answer of `version`", "s", round(statistics.median(times), 4), peer and round(statistics.median(peer), 2),
        "LLaMA-Factory" if peer else "", "anneal version", spread=dict(anneal=[min(times), max(times)], peer=peer and [min(peer), max(peer)]))


def generation(streams, *flags):
    """Tokens/s of `anneal benchmark`: prompts included, after the prompts; and the share of the read limit in percent. The second of
    two rounds counts, as for the peers."""
    text = run([*quiet, "Benchmarks/decode.sh", model, *["--streams", str(streams)] * 2, *flags])
    overall, after, share = re.findall(r"([\d.]+) tok/s overall.*\(([\d.]+) tok/s\).*: (\d+) % of", text)[-1]
    return float(overall), float(after), int(share)


def document_decode():
    """vLLM's rates include the prompts, llama.cpp's are those of the answer after the prompt."""
    if not model:
        return skip("generation", "no model")
    interpreters = {name: first(*inside(f"{name}/bin/python")) for name in ("vllm", "llama")}
    for name, found in interpreters.items():
        if not found:
            skip(f"generation: {name}", f"no {name}/bin/python in ANNEAL_REFERENCE")

    def beside(name, work_name, peer_model, flags, streams, which):
        python, ours, theirs = interpreters[name], [], []
        for _ in range(rounds):
            ours.append(generation(streams, *flags))
            if python and peer_model:
                text = run([*quiet, python, "Benchmarks/decode_peers.py", name, peer_model, "--streams", str(streams)])
                theirs.append(float(re.search(r"([\d.]+) tok/s", text)[1]))
        rates = [o[which] for o in ours]
        row(work_name, "tokens/s", statistics.median(rates), statistics.median(theirs) if theirs else None, name if theirs else "",
            f"Benchmarks/decode.sh … --streams {streams} {' '.join(flags)}".strip(), f"({statistics.median([o[2] for o in ours]):.0f} % of the read limit)",
            dict(anneal=[min(rates), max(rates)], peer=[min(theirs), max(theirs)] if theirs else None))

    for streams in [1] if options.quick else [1, 16]:
        beside("vllm", f"generation, {streams} x (128 in + 64 out), bf16", model, [], streams, 0)
    for bits, form in ((8, "q8_0"), (4, "q4_0")):
        beside("llama", f"generation after the prompt, 1 stream, {bits} bits", first(*inside(f"models/qwen2-0.5b.{form}.gguf")),
               ["--quantization", f"int{bits}"], 1, 1)


def document_serving():
    if not model:
        return skip("serving", "no model")
    text = run([*quiet, python, "Benchmarks/server.py", anneal, model, "template=qwen"])
    starts = [float(x) for x in re.findall(r"first token after ([\d.]+) s", text)]
    load = re.search(r"^(\d+) connections at once: .*?, (\d+) tokens/s, (\d+) lost", text, re.M)
    command = "Benchmarks/server.py .build/release/anneal … template=qwen"
    row("server: start to first token", "s", statistics.median(starts), command=command, spread=dict(anneal=[min(starts), max(starts)]))
    row(f"server: {load[1]} connections at once", "tokens/s", float(load[2]), command=command, note=f"({load[3]} lost or mixed up)")


def document_preprocess():
    if not venv or not model or not vision or not data:
        return skip("preparing data", "needs LLaMA-Factory, both models and the demo data")
    images = ".build/release/PreprocessBenchmark"
    if not os.access(images, os.X_OK):
        return skip("preparing data", f"{images} is missing: swift build -c release --product PreprocessBenchmark")
    few = dict(ROWS="20000", PART="2000") if options.quick else {}
    text = run(["Benchmarks/preprocess.sh"], MODEL=model, VISION_MODEL=vision, WORK=os.path.join(work, "preprocess"), **few)
    for kind in ("rows", "images"):
        found = re.search(rf"^{kind}/s +Anneal +([\d.]+) +LLaMA-Factory +([\d.]+)", text, re.M)
        row(f"preparing data: {kind}", f"{kind}/s", float(found[1]), float(found[2]), "LLaMA-Factory", "Benchmarks/preprocess.sh")


def document_tokenizer():
    peers = [name for name in ("tokenizers", "tiktoken") if installed(name)]
    for name in {"tokenizers", "tiktoken"} - set(peers):
        skip(f"tokenising: {name}", "not installed")
    folder = first(*inside("qwen-tokenizer", "env/qwen-tokenizer"), model)
    if len(peers) < 2 or not folder or not data:
        return skip("tokenising", "needs tokenizers, tiktoken, a tokenizer folder and the demo data")
    text = run(["Benchmarks/tokenizer.sh", folder], PYTHON=python, DATA=data)
    found = {line.split()[0]: [float(x) for x in re.findall(r"([\d.]+) MB/s", line)] for line in text.splitlines() if "MB/s on one" in line}
    for name in peers:
        for index, threads in enumerate(("one thread", "all threads")):
            if name in found:
                row(f"tokenising, {threads}", "MB/s", found["anneal"][index], found[name][index], name, "Benchmarks/tokenizer.sh")


def facts():
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor())
    memory = int(re.search(r"MemTotal: +(\d+)", open("/proc/meminfo").read())[1]) * 1024
    versions = {name: v for name in ("llamafactory", "torch", "transformers", "peft", "trl", "tokenizers", "tiktoken", "vllm", "llama-cpp-python")
                if (v := installed(name))}
    libtorch = re.search(r"LibTorch[^\d]*([\d.]+)", run([anneal, "env"]))
    return dict(date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), commit=run(["git", "rev-parse", "--short", "HEAD"]).strip(), processor=cpu,
                cores=os.cpu_count(), memory_gb=round(memory / 1e9, 1), system=platform.platform(), anneal=run([anneal, "version"]).strip(),
                libtorch=libtorch and libtorch[1].rstrip("."), peers=versions, rounds=rounds)


def figure(value):
    return "" if value is None else f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def table(about):
    lines = [BEGIN, f"`{'make bench' if not options.quick else 'Benchmarks/run.sh --quick'}`, {about['date']}, commit {about['commit']}: "
             f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB; {about['anneal']}, LibTorch {about['libtorch']}; "
             + ", ".join(f"{k} {v}" for k, v in about["peers"].items()) + f". Medians of {rounds} round{'s' if rounds > 1 else ''}, "
             "sides in turns; the spread is the lowest and the highest round. Ratios above 1 are in Anneal's favour.", "",
             "| work | unit | Anneal | peer | | ratio | spread |", "|---|---|---|---|---|---|---|"]
    for r in rows:
        spread = "; ".join(f"{figure(s[0])} to {figure(s[1])}" for s in (r["spread"] or {}).values() if s)
        lines.append(f"| {r['work']} | {r['unit']} | {figure(r['anneal'])}{' ' + r['note'] if r['note'] else ''} | {figure(r['peer'])} | "
                     f"{r['peer_name']} | {'**%.2f**' % r['ratio'] if r['ratio'] else ''} | {spread} |")
    if skipped:
        lines += ["", "Skipped: " + "; ".join(f"{s['work']} ({s['reason']})" for s in skipped) + "."]
    return "\n".join(lines + [END])


for name in NAMES:
    if name in wanted:
        print(f"== {name}", file=sys.stderr, flush=True)
        try:
            globals()[f"document_{name}"]()
        except (RuntimeError, OSError, TypeError, KeyError) as error:
            skip(name, f"failed: {error}")
about = facts()
text = table(about)
is_official = not options.quick and wanted == NAMES and "ANNEAL_BENCH_OUT" not in os.environ
folder = "Docs" if is_official else os.environ.get("ANNEAL_BENCH_OUT", work)
os.makedirs(folder, exist_ok=True)
with open(f"{folder}/performance.json", "w") as f:
    json.dump(dict(about, rows=rows, skipped=skipped), f, indent=1)
if is_official:
    page = open("Docs/performance.md").read()
    before, _, rest = page.partition(BEGIN)
    open("Docs/performance.md", "w").write(before + text + rest.partition(END)[2] if rest else page + "\n" + text + "\n")
else:
    open(f"{folder}/performance.md", "w").write(text + "\n")
print(text)
print(f"written: {folder}/performance.md and {folder}/performance.json", file=sys.stderr)
