"""Random runs of rm, dpo and kto in LLaMA-Factory and in Anneal, value by value.

    VENV/bin/python Tools/parity/preference_fuzz.py MODEL ADAPTER MEDIA_FOLDER SEED COUNT     (ANNEAL=path/to/anneal)

From the repository root. Every case draws a stage, its knobs, batch size, accumulation, cutoff, reference, layers of the adapter and data of its own (texts in several
scripts, turns, system texts, a very long prompt, answers of one token, pairs that are equal once they are cut, verdicts of one kind;
with a model that sees also images between the words and videos of MEDIA_FOLDER). First eight updates, fp32, from ADAPTER, no dropout.
Prints the largest relative difference of each case and fails beyond 1e-4.
"""
import contextlib, functools, glob, json, os, random, shutil, subprocess, sys, tempfile

sys.path.insert(0, "Tools/fixtures")
import preference_traces as traces
from traces import run_each

WORDS = "the sea is wide and cold a small ship came home at night with 12 lamps x = f(y) + 3.5 {json} <b> ok".split()
OTHER = ["大海很宽，", "春天来了。", "図書館", "мир", "😀👍🏽", "é", "naïve", "\n", "\t", "  ", "def f(x):\n    return x", "١٢٣"]


def text(r, length):
    return " ".join(r.choice(WORDS) if r.random() < 0.8 else r.choice(OTHER) for _ in range(length)).strip() or "ok"


def rows(r, stage, media, one_class, is_short):
    result = []
    for n in range(24):
        turns = 1 if is_short else r.choice([1, 1, 1, 3, 5])
        messages = [dict(role=("user", "assistant")[k % 2], content=text(r, r.randint(1, 6 if is_short else 25))) for k in range(turns)]
        if n == 3 and not is_short:
            # LLaMA-Factory fails where the cutoff goes through an image.
            messages[-1]["content"] = text(r, 200 if media["images"] else 700)
        row = {}
        for kind, mark in (("images", "<image>"), ("videos", "<video>")):
            row[kind] = []
            for k in range(0, turns, 2):
                if media[kind] and r.random() < (0.5 if kind == "images" else 0.15):
                    files = r.choices(media[kind], k=r.choice([1, 1, 2] if kind == "images" else [1]))
                    for file in files:
                        words = messages[k]["content"].split(" ")
                        words.insert(r.randint(0, len(words)), mark)
                        messages[k]["content"] = " ".join(words)
                        row[kind].append(file)
        if r.random() < 0.3:
            messages.insert(0, dict(role="system", content=text(r, r.randint(1, 9))))
        chosen = text(r, r.choice([1, 1, 8, 30] if is_short else [1, 1, 8, 30, 90]))
        rejected = chosen + " " + text(r, 3) if r.random() < 0.3 else text(r, r.choice([1, 5, 60]))
        if rejected == chosen:  # LLaMA-Factory keeps a tie, Anneal leaves it out and counts it
            rejected += " no"
        if stage == "kto":
            row.update(messages=messages + [dict(role="assistant", content=chosen)], label=True if one_class else r.random() < 0.6)
        else:
            row.update(messages=messages, chosen=dict(role="assistant", content=chosen),
                       rejected=dict(role="assistant", content=rejected))
        result.append(row)
    return result


def knobs(r, stage):
    if stage == "kto":
        return dict(pref_beta=r.choice([0.05, 0.1, 0.5]), kto_chosen_weight=r.choice([1.0, 0.6]),
                    kto_rejected_weight=r.choice([1.0, 1.4]), pref_ftx=r.choice([0.0, 0.0, 0.3]))
    if stage == "rm":
        return {}
    loss = r.choice(["sigmoid", "sigmoid", "sigmoid", "orpo", "simpo"])
    own = dict(pref_loss=loss, pref_beta=r.choice([0.05, 0.1, 0.7, 2.0]))
    if loss == "simpo":
        return dict(own, simpo_gamma=r.choice([0.5, 1.4]))
    own["pref_ftx"] = r.choice([0.0, 0.0, 0.5])
    if loss == "sigmoid":
        own.update(dpo_label_smoothing=r.choice([0.0, 0.0, 0.1, 0.3]), pref_bco_weight=r.choice([0.0, 0.0, 0.4]))
        if r.random() < 0.3:
            own["ld_alpha"] = r.choice([0.2, 0.8])
    return own


def make(case, folder, model, adapter, media_folder):
    r = random.Random(case)
    stage = r.choice(["dpo", "dpo", "dpo", "kto", "rm"])
    sees = os.path.exists(f"{model}/preprocessor_config.json")
    media = dict(images=[], videos=[])
    if sees:
        media = {kind: [os.path.relpath(f, media_folder) for f in sorted(glob.glob(f"{media_folder}/**/*.{ending}", recursive=True))]
                 for kind, ending in (("images", "jpg"), ("videos", "mp4"))}
    # A cutoff that leaves nothing of an answer would drop its row here, and keep it in LLaMA-Factory without a label.
    cutoff = 2048 if sees else r.choice([48, 64, 256, 1024])
    if stage == "kto":
        media["videos"] = []  # LLaMA-Factory's KTO does not hand them on
    data = rows(r, stage, media, one_class=r.random() < 0.2, is_short=cutoff < 200)
    os.makedirs(f"{folder}/data")
    json.dump(data, open(f"{folder}/data/rows.json", "w"), ensure_ascii=False)
    columns = dict(messages="messages", images="images", videos="videos")
    columns.update(dict(kto_tag="label") if stage == "kto" else dict(chosen="chosen", rejected="rejected"))
    tags = dict(role_tag="role", content_tag="content", user_tag="user", assistant_tag="assistant", system_tag="system")
    json.dump(dict(rows=dict(file_name="rows.json", formatting="sharegpt", ranking=stage != "kto", columns=columns, tags=tags)),
              open(f"{folder}/data/dataset_info.json", "w"))
    shutil.copytree(model, f"{folder}/model", copy_function=os.symlink)
    shutil.copytree(adapter, f"{folder}/adapter")
    narrow(r, f"{folder}/adapter")
    os.remove(f"{folder}/model/config.json")
    config = json.load(open(f"{model}/config.json"))
    json.dump(dict(config, summary_dropout_prob=0.0), open(f"{folder}/model/config.json", "w"))
    if stage == "rm":
        import torch
        from safetensors.torch import save_file
        size = config.get("hidden_size") or config["text_config"]["hidden_size"]
        save_file({"v_head.summary.weight": torch.randn(1, size, generator=torch.Generator().manual_seed(case)) * 0.05,
                   "v_head.summary.bias": torch.zeros(1)}, f"{folder}/adapter/value_head.safetensors", metadata={"format": "pt"})
    settings = dict(
        model_name_or_path=f"{folder}/model", adapter_name_or_path=f"{folder}/adapter", stage=stage, do_train=True,
        finetuning_type="lora", lora_dropout=0.0, dataset_dir=f"{folder}/data", dataset="rows", media_dir=media_folder,
        template="qwen2_vl" if sees else r.choice(["qwen", "chatml", "llama2", "default"]),
        cutoff_len=cutoff, per_device_train_batch_size=r.choice([1, 2, 3, 5]),
        gradient_accumulation_steps=r.choice([1, 2, 3]), learning_rate=r.choice([1e-3, 3e-3]), max_steps=8,
        lr_scheduler_type=r.choice(["cosine", "linear", "constant"]), warmup_ratio=r.choice([0.0, 0.2]),
        logging_steps=r.choice([1, 1, 2]), save_strategy="no", report_to="none", disable_shuffling=r.random() < 0.5,
        seed=r.randint(1, 10**6), preprocessing_batch_size=r.choice([1000, 7]), **knobs(r, stage))
    # In LLaMA-Factory `packing` takes a token off the cutoff in these stages, and does nothing else.
    if r.random() < 0.25:
        settings.update(packing=True)
    reference = stage == "kto" or (stage == "dpo" and settings["pref_loss"] == "sigmoid")
    if reference and not sees and r.random() < 0.4:
        # Another scale than the policy's: rewards of 0 but for rounding would have accuracies by chance.
        shutil.copytree(f"{folder}/adapter", f"{folder}/reference")
        config = json.load(open(f"{folder}/reference/adapter_config.json"))
        json.dump(dict(config, lora_alpha=2.5 * config["lora_alpha"]), open(f"{folder}/reference/adapter_config.json", "w"))
        settings.update(ref_model=f"{folder}/model", ref_model_adapters=f"{folder}/reference")
    if sees:
        settings.update(image_max_pixels=12544, video_max_pixels=6272, video_maxlen=4)
    # In LLaMA-Factory an evaluation moves the baseline of pref_bco_weight, here it does not.
    if r.random() < 0.4 and not settings.get("pref_bco_weight"):
        settings.update(val_size=6, eval_strategy="steps", eval_steps=4, per_device_eval_batch_size=r.choice([1, 4]))
    return settings


def narrow(r, adapter):
    """Leaves the adapter of some kinds of layers only, sometimes with another scale."""
    from safetensors.torch import load_file, save_file
    config = json.load(open(f"{adapter}/adapter_config.json"))
    weights = load_file(f"{adapter}/adapter_model.safetensors")
    leaves = sorted({name.split(".")[-3] for name in weights})
    kept = sorted(r.sample(leaves, r.randint(1, len(leaves)))) if r.random() < 0.5 else leaves
    targets = [t for t in config["target_modules"] if t.split(".")[-1] in kept]
    config.update(target_modules=targets, lora_alpha=r.choice([config["lora_alpha"], 5]), use_rslora=r.random() < 0.2)
    json.dump(config, open(f"{adapter}/adapter_config.json", "w"))
    save_file({name: w for name, w in weights.items() if name.split(".")[-3] in kept},
              f"{adapter}/adapter_model.safetensors", metadata={"format": "pt"})


def older_positions():
    """After a video the text goes on at the largest position so far + 1, as the published checkpoints were trained and as Anneal does;
    transformers 5 goes on earlier when the video's time axis went further than its sides."""
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLModel

    original = Qwen2_5_VLModel.get_rope_index

    @functools.wraps(original)  # LLaMA-Factory looks at its parameters
    def older(self, input_ids, *args, **kwargs):
        positions, deltas = original(self, input_ids, *args, **kwargs)
        config = self.config
        for b, ids in enumerate(input_ids.tolist()):
            kinds = [1 if i == config.image_token_id else 2 if i == config.video_token_id else 0 for i in ids]
            shift, last = 0, -1
            for k in range(len(ids)):
                if k and kinds[k] == 0 and kinds[k - 1] == 2:
                    shift = last + 1 - int(positions[:, b, k].max())
                positions[:, b, k] += shift
                last = max(last, int(positions[:, b, k].max()))
        return positions, deltas

    Qwen2_5_VLModel.get_rope_index = older


def worst(ours, theirs, beta, supervised):
    """The largest relative difference; rewards are differences of log-probabilities, of which fp32 leaves a millionth."""
    result = (0.0, "nothing")
    for expected in theirs:
        # LLaMA-Factory counts pref_ftx's part of the loss as ORPO's odds ratio.
        for prefix in ("", "eval_"):
            if f"{prefix}odds_ratio_loss" in expected:
                expected[f"{prefix}odds_ratio_loss"] -= supervised * expected[f"{prefix}sft_loss"] / beta
        kind = "eval_loss" if "eval_loss" in expected else "loss"
        if kind not in expected:
            continue
        own = [e for e in ours if e["step"] == expected["step"] and kind in e]
        assert own, f"no {kind} at step {expected['step']}"
        for name, value in expected.items():
            if name.endswith("_loss") or name in ("loss", "grad_norm", "learning_rate", "epoch", "eval_accuracy", "accuracy") \
                    or "rewards/" in name or "logps/" in name:
                sums = [abs(v) for k, v in expected.items() if "logps/" in k]
                size = max(abs(value), max([0.05, *(0.01 * beta * s for s in sums)]) if "rewards/" in name else 1e-3 if name == "grad_norm" else 1e-6)
                found = own[0].get(name, float("nan"))
                difference = abs(found - value) / size
                if not difference <= result[0]:
                    result = (difference, f"{name} at step {expected['step']}: {found} for {value}")
    return result


def run(case):
    folder = tempfile.mkdtemp()
    settings = make(case, folder, *(os.path.abspath(p) for p in sys.argv[1:4]))
    import yaml
    yaml.safe_dump({**settings, "output_dir": f"{folder}/ours", "disable_tqdm": True, "max_dropped_share": 1.0,
                    "max_leaked_share": 1.0}, open(f"{folder}/train.yaml", "w"), sort_keys=False)
    process = subprocess.run([os.environ.get("ANNEAL", ".build/debug/anneal"), "train", f"{folder}/train.yaml"],
                             capture_output=True, text=True)
    keys = ("stage", "pref_loss", "template", "cutoff_len", "per_device_train_batch_size", "gradient_accumulation_steps", "pref_beta",
            "pref_ftx", "pref_bco_weight", "ld_alpha", "dpo_label_smoothing", "logging_steps", "packing", "ref_model_adapters")
    about = " ".join(f"{settings[k]}" for k in keys[:6] if k in settings) + "".join(
        f" {k.removeprefix('pref_')}={settings[k]}" for k in keys[6:] if settings.get(k))
    if "image_max_pixels" in settings:
        older_positions()
        if settings["stage"] == "kto":
            traces.with_positions()
    with contextlib.redirect_stdout(sys.stderr):
        trace = traces.record(settings, f"{folder}/theirs")
    if process.returncode:
        print(f"{case} {about}: {(process.stdout + process.stderr)[-600:]}")
        raise SystemExit(1)
    ours = json.load(open(f"{folder}/ours/trainer_state.json"))["log_history"]
    difference, where = worst(ours, trace["log_history"], settings.get("pref_beta", 1), settings.get("pref_ftx", 0))
    ok = difference <= 1e-4
    print(f"{case} {about}: {difference:.1e}" + ("" if ok else f" DIFFERS, {where}; see {folder}"))
    if not ok:
        raise SystemExit(1)
    shutil.rmtree(folder)


def main():
    import llamafactory.train.tuner, trl, llamafactory.train.dpo.trainer, llamafactory.train.kto.trainer  # noqa: F401,E401
    first, count = int(sys.argv[4]), int(sys.argv[5])
    run_each(range(first, first + count), run)


if __name__ == "__main__":
    main()
