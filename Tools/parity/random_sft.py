"""Draws random SFT runs, gives each to LLaMA-Factory and to `anneal train`, and compares everything both leave behind.

    random_sft.py ANNEAL WORK [--seed 0] [--count 20] [--first 0] [--kind text|vision|both] [--keep]    (from the repository root,
    in the Python environment of LLaMA-Factory 0.9.5)

Case N of seed S is always the same: checkpoint (random shape and weights), data (random rows in four formats, random pictures), YAML.
LLaMA-Factory starts with an adapter of its own, which is saved and given to Anneal, so that a fresh start needs no equal random
numbers. Compared: console-independent state (trainer_state.json, trainer_log.jsonl, *_results.json), adapter_config.json, config.json,
names of all files, names, types and values of the final weights. WORK/S-N holds train.yaml and both output folders of a case that differs.
"""
import argparse, json, os, random, shutil, subprocess, sys, traceback

os.environ.update(DISABLE_VERSION_CHECK="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1",
                  WANDB_DISABLED="true", TOKENIZERS_PARALLELISM="false")
sys.path[:0] = ["Tools/fixtures"]
LEAVES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
WORDS = ("the sea ship three red cubes lamps star badge 海 图片 满足 要求 春天 水果 一 二 answer: is yes, no; 12 3.5 🙂 naïve "
         "def f(x):\n return x \n\n \t … Ω \"quoted\" <tag> {a} [1] don't I'll we've").split(" ")
# What differs by nature: times and speeds, folders, and the host's own names.
VOLATILE = ("_runtime", "_per_second", "_time")
# Differences on purpose (Docs/parity.md): pickles, the base's own processor file instead of a joined one, settings and state of Anneal.
PICKLES = {"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "processor_config.json"}
OWN = {"optimizer.safetensors", "rng_state.safetensors", "training_state.json", "anneal.json", "preprocessor_config.json"}
ADDED = ("token_acc", "throughput", "total_tokens")


# --- what a case is made of ---------------------------------------------------------------------------------------------------------
def make_model(rng, kind, folder):
    import models, models_vl, tiny_tokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
    heads = rng.choice([1, 2, 3, 4, 6])
    kv = rng.choice([n for n in range(1, heads + 1) if heads % n == 0])
    head = rng.choice([8, 12, 16, 20])
    text = dict(vocab_size=rng.choice([424, 432, 448, 501]), hidden_size=heads * head, intermediate_size=rng.choice([24, 37, 56, 80]),
                num_hidden_layers=rng.choice([1, 2, 3]), num_attention_heads=heads, num_key_value_heads=kv,
                tie_word_embeddings=rng.random() < 0.5, max_position_embeddings=2048)
    if kind == "vision":
        head = 16
        text.update(hidden_size=heads * head, rms_norm_eps=1e-6, bos_token_id=400, eos_token_id=402)
        size = rng.choice([16, 24, 32])
        depth = rng.choice([1, 2, 3])
        vision = dict(models_vl.VISION, depth=depth, hidden_size=size, num_heads=2, intermediate_size=rng.choice([20, 33]),
                      out_hidden_size=heads * head, window_size=rng.choice([56, 112]), fullatt_block_indexes=[rng.randrange(depth)])
        model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(
            text_config=dict(text, rope_theta=1e6, rope_scaling=models_vl.SCALING), vision_config=vision,
            tie_word_embeddings=text["tie_word_embeddings"], **models_vl.IDS))
        family = "qwen2"
    elif kind == "llama3":
        model = LlamaForCausalLM(LlamaConfig(**text, bos_token_id=400, eos_token_id=[401, 408, 409], rms_norm_eps=1e-5,
                                             rope_theta=500000.0, **rng.choice([{}, {"head_dim": 2 * head}])))
        family = "llama3"
    else:
        model = Qwen2ForCausalLM(Qwen2Config(**text, bos_token_id=400, eos_token_id=402, rope_theta=1e6, rms_norm_eps=1e-6))
        family = "qwen2"
    models.randomize(model, rng.randrange(10**6))
    model.to(getattr(__import__("torch"), rng.choice(["float32", "float32", "bfloat16"]))).save_pretrained(folder)
    tiny_tokenizer.write(family, folder)
    if kind == "vision":
        json.dump(models_vl.PREPROCESSOR, open(f"{folder}/preprocessor_config.json", "w"))


def text(rng, longest):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, longest)))


def picture(rng, path):
    from PIL import Image
    size = (rng.choice([13, 28, 29, 56, 77, 100, 131]), rng.choice([14, 28, 55, 90, 112, 140]))
    mode = rng.choice(["RGB", "RGB", "L", "RGBA", "P"])
    image = Image.frombytes("RGB", size, rng.randbytes(3 * size[0] * size[1])).resize((size[0], size[1])).convert(mode)
    image.save(path)


def make_data(rng, kind, folder):
    os.makedirs(f"{folder}/pictures")
    write = lambda name, rows: json.dump(rows, open(f"{folder}/{name}.json", "w"), ensure_ascii=False)
    rows = []
    for _ in range(rng.randint(5, 40)):
        row = dict(instruction=text(rng, 20), input=text(rng, 8) if rng.random() < 0.4 else "", output=text(rng, 30))
        if rng.random() < 0.2:
            row["system"] = text(rng, 6)
        if rng.random() < 0.3:
            row["history"] = [[text(rng, 6), text(rng, 6)] for _ in range(rng.randint(1, 3))]
        rows.append({**dict(system="", history=[]), **row})
    write("alpaca", rows)
    chats, said = [], []
    for _ in range(rng.randint(5, 30)):
        turns = rng.randint(1, 4)
        pairs = [[text(rng, 15), text(rng, 15)] for _ in range(turns)]
        system = text(rng, 6) if rng.random() < 0.3 else ""
        chats.append(dict(conversations=[dict({"from": who}, value=v) for p in pairs for who, v in zip(("human", "gpt"), p)], system=system))
        messages = [dict(role=who, content=v) for p in pairs for who, v in zip(("user", "assistant"), p)]
        said.append(dict(messages=[dict(role="system", content=system)] * bool(system) + messages))
    write("sharegpt", chats), write("openai", said)
    seen = []
    for _ in range(rng.randint(6, 20)):
        count, names = rng.choice([0, 1, 1, 1, 2, 3]), []
        for _ in range(count):
            names.append(f"pictures/{len(os.listdir(f'{folder}/pictures'))}.{rng.choice(['png', 'png', 'bmp'])}")
            picture(rng, f"{folder}/{names[-1]}")
        words = [text(rng, 5)] + [f"<image>{rng.choice(['', chr(10), ' '])}{text(rng, 4)}" for _ in range(count)]
        half = rng.randint(0, count)
        messages = [dict(role="user", content="".join(words[: half + 1])), dict(role="assistant", content=text(rng, 8))]
        if half < count or rng.random() < 0.3:
            messages += [dict(role="user", content="".join(words[half + 1:]) or "?"), dict(role="assistant", content=text(rng, 8))]
        seen.append(dict(messages=messages, images=names))
    write("seen", seen)
    roles = dict(role_tag="role", content_tag="content", user_tag="user", assistant_tag="assistant")
    json.dump(dict(
        alpaca=dict(file_name="alpaca.json", columns=dict(prompt="instruction", query="input", response="output", system="system", history="history")),
        sharegpt=dict(file_name="sharegpt.json", formatting="sharegpt", columns=dict(messages="conversations", system="system")),
        openai=dict(file_name="openai.json", formatting="sharegpt", columns=dict(messages="messages"), tags=dict(roles, system_tag="system")),
        seen=dict(file_name="seen.json", formatting="sharegpt", columns=dict(messages="messages", images="images"), tags=roles),
    ), open(f"{folder}/dataset_info.json", "w"))


def make_config(rng, kind):
    """The YAML of a case, without its folders."""
    maybe = lambda share, **keys: keys if rng.random() < share else {}
    sets = ["alpaca", "sharegpt", "openai"] if kind != "vision" else ["seen", "seen", "alpaca", "openai"]
    dataset = sorted(set(rng.sample(sets, rng.randint(1, len(sets)))), key=lambda _: rng.random())
    config = dict(
        stage="sft", do_train=True, dataset=",".join(dataset), template={"vision": "qwen2_vl", "llama3": "llama3"}.get(kind, rng.choice(["qwen", "qwen", "chatml", "alpaca", "qwen3"])),
        cutoff_len=rng.choice([24, 60, 100, 200, 512]) if kind != "vision" else rng.choice([300, 1024]),
        per_device_train_batch_size=rng.choice([1, 1, 2, 3, 5]), gradient_accumulation_steps=rng.choice([1, 1, 2, 3, 4]),
        learning_rate=rng.choice([1e-3, 5e-3, 2e-4]), logging_steps=rng.choice([1, 1, 2, 3, 5, 0.2]), report_to="none", use_cpu=True,
        preprocessing_num_workers=1, seed=rng.randrange(1000))
    config |= maybe(0.3, data_seed=rng.randrange(1000)) | maybe(0.2, disable_shuffling=True)
    config |= rng.choice([dict(num_train_epochs=rng.choice([1.0, 2.0, 0.5, 1.5, 2.7, 3.3])), dict(max_steps=rng.randint(1, 12))])
    config |= maybe(0.4, max_samples=rng.randint(3, 25))
    if len(dataset) > 1 and rng.random() < 0.4:
        config["mix_strategy"] = rng.choice(["interleave_under", "interleave_over", "concat"])
        if config["mix_strategy"] in ("interleave_under", "interleave_over") and rng.random() < 0.6:
            config["interleave_probs"] = {2: "0.3,0.7", 3: "0.5,0.25,0.25"}[len(dataset)]
    scheduler = rng.choice(["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt",
                            "cosine_with_min_lr", "warmup_stable_decay"])
    config["lr_scheduler_type"] = scheduler
    config |= {"cosine_with_restarts": maybe(0.6, lr_scheduler_kwargs=dict(num_cycles=rng.choice([1, 2, 3]))),
               "polynomial": maybe(0.6, lr_scheduler_kwargs=dict(power=2.0, lr_end=1e-6)),
               "cosine_with_min_lr": dict(lr_scheduler_kwargs=rng.choice([dict(min_lr=1e-5), dict(min_lr_rate=0.1)])),
               "inverse_sqrt": maybe(0.5, lr_scheduler_kwargs=dict(timescale=4)),
               "warmup_stable_decay": dict(lr_scheduler_kwargs=dict(num_decay_steps=rng.choice([2, 3]), **maybe(0.5, min_lr_ratio=0.2)))}.get(scheduler, {})
    config |= rng.choice([{}, dict(warmup_ratio=rng.choice([0.1, 0.03, 0.5])), dict(warmup_steps=rng.choice([2, 3, 0.25])), dict(warmup_steps=1)])
    config |= maybe(0.5, optim=rng.choice(["adamw_torch", "adamw_torch_fused"])) | maybe(0.3, weight_decay=0.1)
    config |= maybe(0.3, max_grad_norm=rng.choice([0.0, 0.1, 5.0])) | maybe(0.2, adam_beta1=0.8, adam_beta2=0.95, adam_epsilon=1e-6)
    config |= rng.choice([{}, {}, dict(train_on_prompt=True), dict(mask_history=True)])
    config |= rng.choice([{}] * 4 + [dict(neat_packing=True)] * (kind != "vision"))
    if config.get("neat_packing"):
        config.pop("train_on_prompt", None)
    config |= maybe(0.2, default_system=text(rng, 4)) | maybe(0.2, include_num_input_tokens_seen=rng.choice(["all", "non_padding"]))
    config |= maybe(0.15, enable_thinking=rng.choice([False, None])) | maybe(0.2, logging_first_step=True) | maybe(0.2, bf16=True)
    if config.get("neat_packing"):  # LLaMA-Factory adds up the entries of the packed mask
        config.pop("include_num_input_tokens_seen", None)
    config |= maybe(0.15, disable_gradient_checkpointing=True) | maybe(0.2, plot_loss=True) | maybe(0.1, logging_strategy="epoch")
    if rng.random() < 0.4:
        strategy = rng.choice(["steps", "steps", "epoch"])
        config |= dict(val_size=rng.choice([0.1, 0.3, 3]), eval_strategy=strategy, per_device_eval_batch_size=rng.choice([1, 2, 3, 8]))
        config |= dict(eval_steps=rng.choice([2, 3, 0.4])) if strategy == "steps" and rng.random() < 0.8 else {}
        config |= maybe(0.2, eval_on_start=True) | maybe(0.15, eval_delay=2)
        if rng.random() < 0.3:
            config |= dict(load_best_model_at_end=True, save_strategy=strategy, save_steps=config.get("eval_steps", config["logging_steps"]))
    elif rng.random() < 0.2:
        config |= dict(val_size=0.2, do_eval=True)
    elif rng.random() < 0.2:
        config |= dict(eval_dataset=rng.choice(sets), eval_strategy="epoch", **maybe(0.5, eval_on_each_dataset=True))
    if "save_strategy" not in config:
        config |= rng.choice([dict(save_strategy="no"), dict(save_strategy="epoch"), dict(save_steps=rng.choice([2, 3, 0.3])), {}])
    config |= maybe(0.3, save_total_limit=rng.randint(1, 2)) | maybe(0.25, save_only_model=True)
    if rng.random() < 0.65:
        rank = rng.choice([1, 2, 3, 8])
        config |= dict(finetuning_type="lora", lora_rank=rank, lora_dropout=0.0) | maybe(0.4, lora_alpha=rng.choice([1, 5, 16]))
        config["lora_target"] = rng.choice(["all", ",".join(rng.sample(LEAVES, rng.randint(1, 4)))])
    else:
        config["finetuning_type"] = "full"
        config["learning_rate"] /= 5
    if kind == "vision":
        config |= maybe(0.5, image_max_pixels=rng.choice([3136, 8000, 12544]), image_min_pixels=rng.choice([784, 1024, 3136]))
        config |= maybe(0.4, freeze_vision_tower=False) | maybe(0.4, freeze_multi_modal_projector=False) | maybe(0.15, freeze_language_model=True)
    return config


# --- both sides ---------------------------------------------------------------------------------------------------------------------
def reference(config, out, start):
    """Runs LLaMA-Factory in a child process, saving the adapter it starts from; returns whether it went well."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        fd = os.open(f"{out}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(fd, 1), os.dup2(fd, 2)
        import torch
        from llamafactory.train.sft import trainer as module
        from llamafactory.train.tuner import run_exp
        torch.set_num_threads(1)
        train = module.CustomSeq2SeqTrainer.train

        def started(self, *args, **kwargs):
            if hasattr(self.model, "peft_config"):
                self.model.save_pretrained(start)
            return train(self, *args, **kwargs)
        module.CustomSeq2SeqTrainer.train = started
        run_exp(args=dict(config, output_dir=out, overwrite_cache=True))
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(code)


def ours(anneal, folder, config, out):
    import yaml
    yaml.safe_dump(config, open(f"{folder}/train.yaml", "w"), sort_keys=False, allow_unicode=True)
    with open(f"{out}.log", "w") as log:
        return subprocess.run([anneal, "train", f"{folder}/train.yaml", f"output_dir={out}", "max_leaked_share=1"], stdout=log, stderr=log, stdin=subprocess.DEVNULL).returncode == 0


# --- comparison ---------------------------------------------------------------------------------------------------------------------
class Differences(list):
    def __init__(self, tolerance, vision):
        super().__init__()
        self.tolerance, self.vision, self.worst = tolerance, vision, 0.0

    def value(self, where, a, b):
        """Equal, or numbers close enough: losses and norms by the tolerance, everything else to 1e-9."""
        if isinstance(a, dict) and isinstance(b, dict):
            for key in sorted(a.keys() | b.keys()):
                if (key not in a or key not in b) and not key.endswith(ADDED):
                    self.append(f"{where}.{key}: only {'LLaMA-Factory' if key in a else 'Anneal'} has it ({a.get(key, b.get(key))!r:.60})")
                elif not key.endswith(VOLATILE + ADDED):
                    self.value(f"{where}.{key}", a[key], b[key])
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                self.append(f"{where}: {len(a)} and {len(b)} entries")
            for n, pair in enumerate(zip(a, b)):
                self.value(f"{where}[{n}]", *pair)
        elif isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
            learned = any(word in where for word in ("loss", "grad_norm", "best_metric", "perplexity"))
            limit = self.tolerance * (10 if "grad_norm" in where else 1) if learned else 1e-9
            if self.vision and any(word in where for word in ("total_flos", "num_input_tokens_seen")):
                limit = 0.2  # LLaMA-Factory adds the tokens of an empty picture to batches without one
            difference = abs(a - b) / max(abs(a), 1e-3 if learned else 1e-12) if a != b else 0.0
            if learned:
                self.worst = max(self.worst, difference)
            if not difference <= limit:
                self.append(f"{where}: {a!r} and {b!r}")
        elif a != b:
            self.append(f"{where}: {a!r:.90} and {b!r:.90}")


def load_json(path):
    return json.load(open(path)) if os.path.exists(path) else None


def tidy(state, out):
    """trainer_state.json without the folder's name."""
    best = state.get("best_model_checkpoint")
    return dict(state, best_model_checkpoint=best and os.path.relpath(best, out))


def listing(out):
    return {os.path.relpath(os.path.join(d, f), out) for d, _, fs in os.walk(out) for f in fs}


def tokenizer(folder):
    """What a program that loads the folder gets to know of the tokenizer."""
    from transformers import AutoTokenizer
    loaded = AutoTokenizer.from_pretrained(folder)
    return dict(eos=loaded.eos_token_id, pad=loaded.pad_token_id, bos=loaded.bos_token_id, ids=loaded("a 海<|im_end|> 12")["input_ids"], size=len(loaded))


def weights(out):
    from safetensors import safe_open
    found = {}
    for name in sorted(os.listdir(out)):
        if name.endswith(".safetensors") and name.startswith(("adapter_model", "model")):
            with safe_open(f"{out}/{name}", "pt") as file:
                found |= {key: file.get_tensor(key) for key in file.keys()}
    return found


def compare(theirs, mine, tolerance, vision):
    found = Differences(tolerance, vision)
    names = [{n for n in listing(o) if os.path.basename(n) not in PICKLES | OWN and not n.startswith("runs/")} for o in (theirs, mine)]
    for name in sorted(names[0] ^ names[1]):
        found.append(f"file {name}: only {'LLaMA-Factory' if name in names[0] else 'Anneal'} has it")
    for name in sorted(names[0] & names[1]):
        a, b = f"{theirs}/{name}", f"{mine}/{name}"
        base = os.path.basename(name)
        if base == "trainer_state.json":
            found.value(name, tidy(load_json(a), theirs), tidy(load_json(b), mine))
        elif base == "trainer_log.jsonl":
            found.value(name, *([json.loads(line) for line in open(f)] for f in (a, b)))
        elif base == "adapter_config.json":
            configs = [load_json(f) for f in (a, b)]
            for c in configs:
                c["target_modules"] = sorted(c["target_modules"]) if isinstance(c["target_modules"], list) else c["target_modules"]
            found.value(name, *configs)
        elif base == "tokenizer_config.json":
            found.value(name, *(tokenizer(os.path.dirname(f)) for f in (a, b)))
        elif base in ("adapter_config.json", "all_results.json", "train_results.json", "eval_results.json"):
            found.value(name, load_json(a), load_json(b))
    a, b = weights(theirs), weights(mine)
    config = load_json(f"{mine}/config.json") or {}
    stored = config.get("dtype") or config.get("text_config", {}).get("dtype")
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            found.append(f"weight {name}: only {'LLaMA-Factory' if name in a else 'Anneal'} has it")
        elif a[name].shape != b[name].shape or (a[name].dtype != b[name].dtype and str(b[name].dtype) != f"torch.{stored}"):
            found.append(f"weight {name}: {a[name].dtype} {tuple(a[name].shape)} and {b[name].dtype} {tuple(b[name].shape)}")
        else:  # what a program that loads them in config.json's type gets
            difference = float((a[name].to(b[name].dtype).float() - b[name].float()).abs().max())
            if difference > 30 * tolerance * max(1.0, float(a[name].float().abs().max())):
                found.append(f"weight {name}: differs by {difference:.2e}")
    return found


def run(a, number, kind):
    rng = random.Random(f"{a.seed}-{number}")
    if kind == "both":
        kind = rng.choice(["text", "vision"])
    if kind == "text":
        kind = rng.choice(["qwen2", "llama3"])
    folder = os.path.abspath(f"{a.work}/{a.seed}-{number}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    make_model(rng, kind, f"{folder}/model")
    make_data(rng, kind, f"{folder}/data")
    config = dict(model_name_or_path=f"{folder}/model", dataset_dir=f"{folder}/data", media_dir=f"{folder}/data", **make_config(rng, kind))
    theirs, mine, start = f"{folder}/theirs", f"{folder}/ours", f"{folder}/start"
    good = reference(config, theirs, start)
    if good and os.path.exists(start):
        config["adapter_name_or_path"] = start
    fine = ours(a.anneal, folder, config, mine)
    last = lambda log: ([line for line in open(log, errors="replace").read().strip().splitlines() if line.strip()] or [""])[-1][:240]
    label = f"{a.seed}-{number} {kind} {config['finetuning_type']}"
    if not (good and fine):
        verdict = "both refuse" if good == fine else "only LLaMA-Factory runs" if good else "only Anneal runs"
        print(f"{label}: {verdict}" + (f"\n    LLaMA-Factory: {last(theirs + '.log')}" if not good else "") + (f"\n    Anneal: {last(mine + '.log')}" if not fine else ""), flush=True)
        return fine or not good
    found = compare(theirs, mine, 2e-2 if config.get("bf16") or load_json(f"{folder}/model/config.json").get("dtype") == "bfloat16" else 1e-4, kind == "vision")
    print(f"{label}: {'DIFFERENT' if found else 'equal'} (largest {found.worst:.1e})", flush=True)
    for line in found[:25]:
        print(f"    {line}", flush=True)
    if not found and not a.keep:
        shutil.rmtree(folder)
    return not found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("anneal"), p.add_argument("work")
    p.add_argument("--seed", type=int, default=0), p.add_argument("--count", type=int, default=20), p.add_argument("--first", type=int, default=0)
    p.add_argument("--kind", choices=["text", "vision", "both"], default="both"), p.add_argument("--keep", action="store_true")
    a = p.parse_args()
    import llamafactory.train.tuner  # noqa: F401  imported once, before the children are forked
    numbers = range(a.first, a.first + a.count)
    good = sum(run(a, number, a.kind) for number in numbers)
    print(f"{good} of {a.count} runs equal")
    sys.exit(good != a.count)


if __name__ == "__main__":
    main()
