"""Random conversations, encoded by LLaMA-Factory's own processor and by `anneal data preview --ids`: ids, and which are learned.

usage: python Tools/parity/encoding_fuzz.py ANNEAL MODEL_FOLDER [--seed 1] [--rows 12] [--runs 2] [TEMPLATE …]

Conversations have up to four turns with systems, tools, calls, thoughts, control tokens in the text and nasty characters; runs have
random mask_history, train_on_prompt, enable_thinking, preserve_thinking and cutoffs. MODEL_FOLDER holds config.json and a
tokenizer, which gets the tokens that templates name. Prints every difference; the exit status is 1 when there is one.
"""

import argparse
import copy
import json
import logging
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from types import SimpleNamespace
from unittest.mock import MagicMock

from llamafactory.data.processor.supervised import SupervisedDatasetProcessor
from llamafactory.data.template import TEMPLATES, get_template_and_fix_tokenizer
from transformers import AutoTokenizer

logging.disable(logging.WARNING)
WORDS = ["hello", " world", "你好", "\n", "\n\n", " ", "\t", "{{content}}", "<|im_end|>", "<|endoftext|>", "</s>", "é", "e\u0301", "👍🏽", "مرحبا", "%s",
         "fox jumps over " * 3, "1234567", "'s", "\\n", "<tool>", "\u200d", "\ufeff", "Ａ", "<think>", "</think>"]
TOOLS = [{"name": "get_weather", "description": "天气 \"q\" <b>", "parameters": {
    "type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "description": "The city", "enum": ["Paris", "北京"]},
        "days": {"type": "integer", "description": "How many"},
        "tags": {"type": "array", "description": "t", "items": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "stop", "description": "", "parameters": {"type": "object", "properties": {}}}}]


def text(rng, most=5):
    return "".join(rng.choice(WORDS) for _ in range(rng.randrange(1, most)))


def call(rng):
    return {"name": rng.choice(["get_weather", "stop"]), "arguments": rng.choice([
        {}, {"city": "北京", "days": 2}, {"city": "a\"b\n", "tags": ["x", "é"], "deep": {"k": [1, 2.5, None, True]}}])}


def conversation(rng, words):
    row = {"messages": []}
    if rng.random() < 0.4:
        row["system"] = text(rng)
    uses_tools = rng.random() < 0.4
    if uses_tools:
        row["tools"] = json.dumps(TOOLS[:rng.choice([1, 2])], ensure_ascii=False)
    for _ in range(rng.randrange(1, 5)):
        is_result = row["messages"] and row["messages"][-1]["from"] == "function_call"
        row["messages"].append({"from": "observation" if is_result else "human", "value": text(rng)})
        thought = rng.choice(["", "", words[0] + "hm" + words[1], words[0] + words[1]]) if words else ""
        if uses_tools and rng.random() < 0.4:
            calls = [call(rng) for _ in range(rng.choice([1, 1, 2]))]
            value = thought + json.dumps(calls if len(calls) > 1 else calls[0], ensure_ascii=False)
            row["messages"].append({"from": "function_call", "value": value})
        else:
            row["messages"].append({"from": "gpt", "value": thought + text(rng)})
    return row


# Templates of models with eyes ask for a processor; texts without media take nothing from it.
PROCESSOR = MagicMock(boi_token="", full_image_sequence="", image_seq_length=0)
ROLES = {"human": "user", "gpt": "assistant", "observation": "observation", "function_call": "function"}


def reference(name, tokenizer, rows, settings):
    """(ids, learned) of each row, or the error."""
    saved = TEMPLATES[name]
    TEMPLATES[name] = copy.deepcopy(saved)
    arguments = SimpleNamespace(template=name, tool_format=None, default_system=None, **settings)
    try:
        tokenizer = copy.deepcopy(tokenizer)
        template = get_template_and_fix_tokenizer(tokenizer, arguments)
        worker = SupervisedDatasetProcessor(template=template, tokenizer=tokenizer, processor=PROCESSOR, data_args=arguments)
        for row in rows:
            messages = [{"role": ROLES[item["from"]], "content": item["value"]} for item in row["messages"]]
            try:
                ids, labels = worker._encode_data_example(
                    prompt=messages[:-1], response=messages[-1:], system=row.get("system"), tools=row.get("tools"), images=[], videos=[],
                    audios=[])
                yield ids, [label != -100 for label in labels]
            except Exception as error:
                yield repr(error)
    finally:
        TEMPLATES[name] = saved


def own(program, folder, name, rows, settings, directory):
    """The same of `anneal data preview`. A row that it refuses is left out and the others are shown."""
    refused, places = {}, list(range(len(rows)))
    while places:
        found = preview(program, folder, name, [rows[place] for place in places], settings, directory)
        if isinstance(found, list):
            found += ["no answer"] * (len(places) - len(found))
            return [refused.get(place) or found[places.index(place)] for place in range(len(rows))]
        number = re.search(r"row (\d+):", found)
        if number is None:
            return [found] * len(rows)
        refused[places.pop(int(number.group(1)) - 1)] = found
    return [refused[place] for place in range(len(rows))]


def preview(program, folder, name, rows, settings, directory):
    """(ids, learned) or why it is dropped, of each row; or the error."""
    with open(f"{directory}/rows.jsonl", "w") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    with open(f"{directory}/dataset_info.json", "w") as file:
        json.dump({"rows": {"file_name": "rows.jsonl", "formatting": "sharegpt",
                            "columns": {"messages": "messages", "system": "system", "tools": "tools"}}}, file)
    flags = [f"{key}={'null' if value is None else str(value).lower()}" for key, value in settings.items()]
    result = subprocess.run(
        [program, "data", "preview", f"model_name_or_path={folder}", "stage=sft", "do_train=true", "dataset=rows", f"dataset_dir={directory}",
         f"template={name}", f"output_dir={directory}/out", f"--rows={len(rows)}", "--ids", *flags], capture_output=True, text=True)
    if result.returncode != 0:
        return result.stderr.strip()
    found, lines = [], result.stdout.split("\n")
    for place, line in enumerate(lines):
        if line == "token ids:":
            ids, learned = [], []
            for part in re.findall(r"\[\[.*?\]\]|[^\[\]]+", lines[place + 1]):
                numbers = [int(number) for number in part.strip("[]").split()]
                ids += numbers
                learned += [part.startswith("[[")] * len(numbers)
            found.append((ids, learned))
        elif re.search(r"row \d+: dropped: ", line):
            found.append(line)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("templates", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    counts = {"same": 0, "refused by both": 0, "refused by LLaMA-Factory": 0, "nothing to learn": 0, "different": 0}
    with tempfile.TemporaryDirectory() as directory:
        folder = f"{directory}/model"
        shutil.copytree(options.model, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        slots = [slot for template in TEMPLATES.values() for key in vars(template) if key.startswith("format_")
                 for slot in getattr(template, key).slots]
        tokenizer.add_tokens(sorted({slot["token"] for slot in slots if isinstance(slot, dict)}), special_tokens=True)
        tokenizer.save_pretrained(folder)
        for name in options.templates or sorted(TEMPLATES):
            template = TEMPLATES[name]
            for run in range(options.runs):
                rng = random.Random(f"{options.seed} {name} {run}")
                settings = {
                    "mask_history": rng.random() < 0.4, "train_on_prompt": not template.efficient_eos and rng.random() < 0.2,
                    "enable_thinking": rng.choice([True, False, None]), "preserve_thinking": rng.random() < 0.4,
                    "cutoff_len": rng.choice([2048, 2048, 31, 60, 101])}
                if settings["train_on_prompt"]:
                    settings["mask_history"] = False
                rows = [conversation(rng, template.thought_words) for _ in range(options.rows)]
                for row in rows:
                    row.setdefault("system", "")
                    row.setdefault("tools", "")
                wanted = list(reference(name, tokenizer, rows, settings))
                got = own(options.program, folder, name, rows, settings, directory)
                for number, (want, have) in enumerate(zip(wanted, got)):
                    if want == have:
                        key = "same"
                    elif isinstance(have, str) and isinstance(want, str):
                        key = "refused by both"
                    elif isinstance(want, str) and "Invalid JSON format in function message" in want:
                        # Templates without a system turn do not look for thoughts before a call.
                        key = "refused by LLaMA-Factory"
                    elif isinstance(have, str) and "nothing to learn" in have and not any(want[1][1:]):
                        key = "nothing to learn"
                    else:
                        key = "different"
                        show = [tokenizer.decode(side[0]) if isinstance(side, tuple) else side for side in (want, have)]
                        print(f"{name} {settings}\n  row    {json.dumps(rows[number], ensure_ascii=False)}\n  upstream {show[0]!r}\n  anneal   {show[1]!r}")
                        if show[0] == show[1]:
                            print(f"  upstream {want}\n  anneal   {have}")
                    counts[key] += 1
                sys.stdout.flush()
    print(counts)
    return 1 if counts["different"] else 0


sys.exit(main())
