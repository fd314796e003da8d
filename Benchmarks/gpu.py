#!/usr/bin/env python3
"""What Benchmarks/gpu.sh runs on a CUDA machine: correctness against the CPU, then a table of speeds. Standard library only."""
import argparse
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

TRACES = ["text-bs2-ga3", "full-text-decay", "vision-bs1-ga4"]
TOLERANCE = 1e-4
# Sizes of the models that are measured, put over the small test models' configurations (published config.json of each).
TEXT_7B = dict(hidden_size=3584, intermediate_size=18944, num_hidden_layers=28, num_attention_heads=28, num_key_value_heads=4,
               max_position_embeddings=32768, vocab_size=152064, tie_word_embeddings=False, dtype="bfloat16", layer_types=["full_attention"] * 28)
VISION_7B = dict(depth=32, hidden_size=1280, intermediate_size=3420, num_heads=16, out_hidden_size=3584, window_size=112, fullatt_block_indexes=[7, 15, 23, 31])
# Their stand-ins for a rehearsal on the CPU.
TEXT_TINY = dict(TEXT_7B, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=1000,
                 layer_types=["full_attention"] * 2)
VISION_TINY = dict(depth=2, hidden_size=32, intermediate_size=48, num_heads=2, out_hidden_size=64, window_size=112, fullatt_block_indexes=[1])
ROWS = []


def say(text):
    print(text, flush=True)


def seconds_left(start, limit):
    return limit - (time.monotonic() - start)


def call(program, arguments, limit, log):
    """Runs the program; returns its output, or raises with the end of it."""
    begin = time.monotonic()
    with open(log, "w") as file:
        code = None
        try:
            code = subprocess.run(program + arguments, stdout=file, stderr=subprocess.STDOUT, timeout=max(limit, 1)).returncode
        except subprocess.TimeoutExpired:
            pass
    text = open(log, errors="replace").read()
    for line in sorted(set(re.findall("^Warning: our CUDA kernels.*", text, re.M))):
        say("  " + line)
    if code != 0:
        reason = "took longer than %.0f s" % (time.monotonic() - begin) if code is None else "ended with %d" % code
        raise RuntimeError("anneal %s %s:\n%s" % (" ".join(arguments[:2]), reason, text[-3000:]))
    return text


def losses(folder):
    return [(e["loss"], e["grad_norm"]) for e in json.load(open(folder + "/trainer_state.json"))["log_history"] if "loss" in e]


def relative(a, b):
    return max(abs(x - y) / max(abs(x), abs(y), 1e-6) for p, q in zip(a, b) for x, y in zip(p, q))


def check_losses(options, name):
    """Losses and gradient norms of a recorded run of LLaMA-Factory on both devices, fp32."""
    fixtures = options.fixtures + "/TrainingTests/Fixtures"
    vision = "vision" in name
    model = "qwen2.5-vl" if vision else "qwen2"
    result = {}
    for device in options.devices:
        output = "%s/%s-%s" % (options.work, name, device)
        arguments = ["train", "%s/traces/%s/train.yaml" % (fixtures, name), "device=" + device, "disable_tqdm=true", "output_dir=" + output,
                     "dataset_dir=%s/data" % fixtures, "media_dir=%s/data" % fixtures, "model_name_or_path=%s/ModelsTests/Fixtures/%s" % (options.fixtures, model)]
        if not name.startswith("full"):
            arguments.append("adapter_name_or_path=%s/adapters/%s" % (fixtures, model))
        call(options.program, arguments, 90, output + ".log")
        result[device] = losses(output)
    reference = [(e["loss"], e["grad_norm"]) for e in json.load(open("%s/traces/%s/trace.json" % (fixtures, name)))["log_history"] if "loss" in e]
    assert len(result["cpu"]) == len(result[options.device]) == len(reference) >= 5
    to_cpu, to_reference = relative(result[options.device], result["cpu"]), relative(result[options.device], reference)
    fine = to_cpu <= TOLERANCE and to_reference <= TOLERANCE
    say("  %-18s %2d steps, loss and gradient norm: %.1e from the CPU, %.1e from LLaMA-Factory  %s" % (name, len(reference), to_cpu, to_reference, "ok" if fine else "WRONG"))
    return fine


def check_generation(options, model, template):
    """The same greedy answers on both devices, fp32."""
    fixtures = options.fixtures + "/TrainingTests/Fixtures"
    answers = {}
    for device in options.devices:
        output = "%s/predict-%s-%s.jsonl" % (options.work, model, device)
        dataset = "vision" if "vl" in model else "text"
        call(options.program, ["predict", "--save", output, "model_name_or_path=%s/ModelsTests/Fixtures/%s" % (options.fixtures, model), "template=" + template, "device=" + device,
                               "dataset_dir=%s/data" % fixtures, "media_dir=%s/data" % fixtures, "dataset=" + dataset, "do_sample=false", "max_new_tokens=24",
                               "infer_dtype=float32", "max_samples=16"], 90, output + ".log")
        answers[device] = [json.loads(line)["predict"] for line in open(output)]
    same = sum(a == b for a, b in zip(answers["cpu"], answers[options.device]))
    fine = same == len(answers["cpu"]) == len(answers[options.device]) > 0
    say("  %-18s greedy answers: %d of %d equal  %s" % (model, same, len(answers["cpu"]), "ok" if fine else "WRONG"))
    return fine


def check_half(options):
    """bf16 on CUDA goes through flash attention: close to the CPU's bf16, not equal."""
    fixtures = options.fixtures + "/TrainingTests/Fixtures"
    result, fine = {}, True
    for name, model in [("text-bs2-ga3", "qwen2"), ("vision-bs1-ga4", "qwen2.5-vl")]:
        for device in options.devices:
            output = "%s/bf16-%s-%s" % (options.work, name, device)
            call(options.program, ["train", "%s/traces/%s/train.yaml" % (fixtures, name), "device=" + device, "disable_tqdm=true", "output_dir=" + output, "bf16=true",
                                   "dataset_dir=%s/data" % fixtures, "media_dir=%s/data" % fixtures, "model_name_or_path=%s/ModelsTests/Fixtures/%s" % (options.fixtures, model),
                                   "adapter_name_or_path=%s/adapters/%s" % (fixtures, model)], 90, output + ".log")
            result[device] = [(loss,) for loss, _ in losses(output)]
        distance = relative(result[options.device], result["cpu"])
        fine = fine and distance <= 2e-2
        say("  %-18s bf16, loss: %.1e from the CPU's bf16 (at most 2e-02)  %s" % (name, distance, "ok" if distance <= 2e-2 else "WRONG"))
    return fine


def model_folder(options, model):
    """A folder without weights: the small model's files with the large one's sizes."""
    source, folder = "%s/ModelsTests/Fixtures/%s" % (options.fixtures, model), "%s/%s-7b" % (options.work, model)
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(source):
        if name.endswith(".json") and "index" not in name and "config." not in name.replace("config.json", ""):
            shutil.copy(os.path.join(source, name), folder)
    config = json.load(open(source + "/config.json"))
    given = getattr(options, "text_config" if model == "qwen2" else "vl_config")
    if given:
        config = json.load(open(given))
    else:
        text = config.get("text_config", config)
        text.update({k: v for k, v in (TEXT_TINY if options.rehearse else TEXT_7B).items() if k in text or k in ("dtype", "layer_types")})
        config.update(tie_word_embeddings=False, dtype="bfloat16")
        if "vision_config" in config:
            config["vision_config"].update(VISION_TINY if options.rehearse else VISION_7B)
            text["rope_parameters"]["mrope_section"] = [2, 3, 3] if options.rehearse else [16, 24, 24]
    json.dump(config, open(folder + "/config.json", "w"))
    return folder


def png(path, side, seed):
    """A picture of coloured blocks, from the standard library."""
    draw = random.Random(seed)
    cells = [[bytes(draw.randrange(256) for _ in range(3)) for _ in range(side // 16)] for _ in range(side // 16)]
    rows = b"".join(b"\0" + b"".join(cell * 16 for cell in cells[y // 16]) for y in range(side))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def write_data(options):
    """`long`: texts that packs of 4096 tokens are filled with; `pictures`: one picture of 512 x 512 and a text each."""
    draw, folder = random.Random(0), options.work + "/data"
    os.makedirs(folder, exist_ok=True)
    def words(count):
        return " ".join("".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.randint(2, 8))) for _ in range(count))
    json.dump([dict(instruction=words(60), input="", output=words(draw.randint(60, 400))) for _ in range(600)], open(folder + "/long.json", "w"))
    for i in range(32):
        png("%s/%d.png" % (folder, i), 512, i)
    rows = [dict(messages=[dict(role="user", content="<image>" + words(50)), dict(role="assistant", content=words(40))], images=["%d.png" % (i % 32)]) for i in range(480)]
    json.dump(rows, open(folder + "/pictures.json", "w"))
    tags = dict(role_tag="role", content_tag="content", user_tag="user", assistant_tag="assistant")
    json.dump({"long": dict(file_name="long.json"),
               "pictures": dict(file_name="pictures.json", formatting="sharegpt", columns=dict(messages="messages", images="images"), tags=tags)},
              open(folder + "/dataset_info.json", "w"))
    return folder


def measure_training(options, data, model, dataset, extra, limit):
    """(tokens a second, samples a second, tokens a sample) after the first steps, and the log's path."""
    output = "%s/bench-%s" % (options.work, dataset)
    call(options.program, ["train", "model_name_or_path=" + model_folder(options, model), "train_from_scratch=true", "stage=sft", "do_train=true", "finetuning_type=lora",
                           "lora_rank=8", "lora_target=all", "dataset_dir=" + data, "media_dir=" + data, "dataset=" + dataset, "output_dir=" + output, "device=" + options.device, "bf16=true",
                           "learning_rate=1e-4", "logging_steps=1", "save_strategy=no", "report_to=none", "disable_tqdm=true", "include_num_input_tokens_seen=all"] + extra, limit, output + ".log")
    log = [json.loads(line) for line in open(output + "/trainer_log.jsonl")]
    log = [e for e in log if e.get("loss") is not None and e.get("throughput")]
    times = [e["total_tokens"] / e["throughput"] for e in log]
    # The first steps warm up kernels and memory.
    first = min(3, len(log) - 2)
    tokens, seconds, steps = log[-1]["total_tokens"] - log[first]["total_tokens"], times[-1] - times[first], len(log) - 1 - first
    return tokens / seconds, steps / seconds, tokens / steps


def row(work, value, bar, unit):
    """One line of the table; `bar` is None where the issue names none."""
    verdict = "" if bar is None else "reached" if value >= bar else "MISSED"
    ROWS.append((work, "%s %s" % (format(value, ",.1f"), unit), "" if bar is None else "%s %s" % (format(bar, ",.1f"), unit), verdict))
    say("  %s: %s  %s" % (work, ROWS[-1][1], verdict))


def decode(options, streams, prompt, answer, log):
    """Lines of `anneal benchmark`: (streams, requests a second, tokens a second after the prompts, tokens found in the prefix cache)."""
    arguments = ["benchmark", model_folder(options, "qwen2"), "--random", "--device", options.device, "--prompt", str(prompt), "--answer", str(answer)]
    output = call(options.program, arguments + [word for count in streams for word in ("--streams", str(count))], options.row_seconds, options.work + "/" + log)
    pattern = r"(\d+) stream\(s\) of \d+ in \((\d+) found.*?([\d.]+) requests/s.*?\(([\d.naif]+) tok/s\)"
    found = [(int(count), float(requests), float(speed), int(cached)) for count, cached, requests, speed in re.findall(pattern, output)]
    assert len(found) == len(streams), output[-2000:]
    return found


def main():
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", required=True)
    parser.add_argument("--work", help="folder for everything that is written (a temporary one)")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rehearse", action="store_true", help="tiny models on the CPU, on a machine without a GPU")
    parser.add_argument("--only", choices=["check", "measure"])
    parser.add_argument("--text-config", help="config.json of the language model to measure (Qwen2.5-7B's sizes)")
    parser.add_argument("--vl-config", help="config.json of the vision-language model to measure (Qwen2.5-VL-7B's sizes)")
    options = parser.parse_args(sys.argv[1:split])
    options.program = sys.argv[split + 1:]
    options.work = options.work or tempfile.mkdtemp(prefix="anneal-gpu-")
    os.makedirs(options.work, exist_ok=True)
    options.device = "cpu" if options.rehearse else "cuda"
    options.devices = ["cpu"] if options.rehearse else ["cpu", "cuda"]
    os.environ["ANNEAL_CACHE"] = options.work + "/cache"
    start, limit, wrong = time.monotonic(), options.minutes * 60 - 20, 0
    environment = call(options.program, ["env"], 60, options.work + "/env.log")
    say(environment)
    if options.device == "cuda" and not re.search(r"^- cuda:0: ", environment, re.M):
        say("No CUDA device can be used (see the line CUDA above): nothing is measured.")
        return 2
    def attempt(title, body):
        """One check or measurement; when it fails on CUDA, once more without our own kernels. The next one may still work."""
        nonlocal wrong
        for kernels in ["1", "0"]:
            if seconds_left(start, limit) < 20:
                wrong += 1
                say("  %s: skipped, the %.0f minutes are used up" % (title, options.minutes))
                return
            os.environ["ANNEAL_CUDA_KERNELS"] = kernels
            options.row_seconds = min(180, seconds_left(start, limit))
            try:
                if body() is not False:
                    break
            except Exception as error:
                say("  %s: FAILED%s\n%s" % (title, "" if kernels == "1" else " without our kernels, too", error))
            wrong += kernels == "1"
            if options.device == "cpu":
                break
            if kernels == "1":
                say("  %s: once more with LibTorch's operators only (ANNEAL_CUDA_KERNELS=0)" % title)
        os.environ["ANNEAL_CUDA_KERNELS"] = "1"
    if options.only != "measure":
        say("Correctness")
        for name in TRACES:
            attempt(name, lambda: check_losses(options, name))
        attempt("generation", lambda: check_generation(options, "qwen2", "qwen"))
        attempt("generation with pictures", lambda: check_generation(options, "qwen2.5-vl", "qwen2_vl"))
        attempt("bf16", lambda: check_half(options))
    if options.only != "check":
        say("Speed (random weights)")
        data = write_data(options)
        length, steps, accumulation = ("512", "4", 1) if options.rehearse else ("4096", "12", 8)
        def text():
            tokens, _, _ = measure_training(options, data, "qwen2", "long", ["template=qwen", "neat_packing=true", "cutoff_len=" + length, "per_device_train_batch_size=1",
                                                                            "gradient_accumulation_steps=4", "max_steps=" + steps], options.row_seconds)
            row("Qwen2.5-7B LoRA, packed " + length, tokens, 17000, "tokens/s")
        def pictures():
            _, speed, tokens = measure_training(options, data, "qwen2.5-vl", "pictures", ["template=qwen2_vl", "image_max_pixels=262144", "cutoff_len=2048",
                                                                                          "per_device_train_batch_size=2", "gradient_accumulation_steps=%d" % accumulation,
                                                                                          "max_steps=" + steps], options.row_seconds)
            row("Qwen2.5-VL-7B LoRA, %.0f tokens a sample" % (tokens / 2 / accumulation), speed * 2 * accumulation, 10.3, "samples/s")
        def prediction():
            prompt = 189 if options.rehearse else 1890
            # The first load wakes the device up.
            streams, requests, _, cached = decode(options, [8, 96], prompt, 3, "bench-predict.log")[-1]
            row("7B prediction, %d in and 3 out" % prompt, requests * (1 - cached / (streams * prompt)), 12, "requests/s")
        def decoding():
            for streams, _, speed, _ in decode(options, [1, 16], 128, 16 if options.rehearse else 64, "bench-decode.log"):
                row("7B decode, %d stream(s)" % streams, speed, None, "tokens/s")
        attempt("LoRA 7B", text)
        attempt("VL 7B", pictures)
        attempt("prediction", prediction)
        attempt("decode", decoding)
    if ROWS:
        say("\n| work | measured | bar | |\n|---|---|---|---|")
        for line in ROWS:
            say("| %s | %s | %s | %s |" % line)
        if options.rehearse:
            say("\nA rehearsal with tiny models on the CPU: the figures mean nothing.")
    say("\n%s in %.0f s; logs in %s" % ("All checks passed" if wrong == 0 else "%d checks or measurements FAILED" % wrong, time.monotonic() - start, options.work))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
