"""One question to one adapter through every door: the token ids and the greedy answers must be equal.

    same_answer.py ANNEAL [--models qwen2 llama3 qwen2.5-vl]

Doors: the training encode (`anneal data preview --ids`), `predict`, `chat`, the API (adapter merged, beside the weights, streamed),
the merged export through `predict` and the API, and transformers with the export's own Jinja template. Models and adapters are the
tiny ones of Tests/. Needs transformers, and Pillow for pictures. Prints a table; status 1 when something differs.
"""
import argparse, base64, json, os, re, subprocess, sys, tempfile, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGE = f"{ROOT}/Tests/TrainingTests/Fixtures/data/images/b.png"
TEMPLATES = {"qwen2": "qwen", "llama3": "llama3", "qwen2.5-vl": "qwen2_vl"}
SYSTEM, TEXT, LABEL = "Be brief.", "Hello, 世界!", "Yes."
GREEDY = ["do_sample=false", "max_new_tokens=12", "infer_dtype=float32"]


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([options.anneal, "api", arguments[0], *GREEDY, *arguments[1:], "--port", "0"], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"at (http://\S+)/v1", line):
                self.url = found[1]
                return
        raise SystemExit(f"the server did not start: {arguments}")

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return urllib.request.urlopen(request).read().decode()

    def chat(self, messages, **more):
        body = {"messages": messages, "temperature": 0, "max_tokens": 12, **more}
        text = self.post("/v1/chat/completions", body)
        if not more.get("stream"):
            return json.loads(text)["choices"][0]["message"]["content"]
        events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
        return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)

    def ids(self, messages):
        return json.loads(self.post("/tokenize", {"messages": messages}))["tokens"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def training_ids(model, template, folder):
    """The prompt's tokens as training has them."""
    path = f"{folder}/train.json"
    json.dump({"model_name_or_path": model, "template": template, "stage": "sft", "do_train": True, "finetuning_type": "lora",
               "dataset": "rows", "dataset_dir": folder, "output_dir": f"{folder}/out", "cutoff_len": 2048}, open(path, "w"))
    line = run(options.anneal, "data", "preview", path, "--ids").split("token ids:\n")[1].splitlines()[0].split("[[")[0]
    ids = []
    for word in line.split():
        id, _, count = word.partition("x")
        ids += [int(id)] * int(count or 1)
    return ids


def transformers_answer(folder, messages, has_image):
    import torch
    from PIL import Image
    from transformers import AutoProcessor, AutoTokenizer
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from common import load

    tokenizer, model = AutoTokenizer.from_pretrained(folder), load(folder)
    if has_image:
        from transformers import AutoImageProcessor
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        pixels = AutoImageProcessor.from_pretrained(folder, use_fast=False)(images=[Image.open(IMAGE).convert("RGB")], return_tensors="pt")
        grid = pixels["image_grid_thw"][0]
        size = model.config.vision_config.spatial_merge_size
        ids = tokenizer(prompt.replace("<|image_pad|>", "<|image_pad|>" * int(grid.prod() // size**2)), add_special_tokens=False)["input_ids"]
        extra = dict(pixels, mm_token_type_ids=(torch.tensor([ids]) == model.config.image_token_id).int())
    else:
        ids, extra = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"], {}
    inputs = torch.tensor([ids])
    made = model.generate(inputs, attention_mask=torch.ones_like(inputs), do_sample=False, max_new_tokens=12, **extra)
    return ids, tokenizer.decode(made[0, len(ids):], skip_special_tokens=True)


def check(name, folder):
    template, model = TEMPLATES[name], f"{ROOT}/Tests/ModelsTests/Fixtures/{name}"
    adapter, export = f"{ROOT}/Tests/TrainingTests/Fixtures/adapters/{name}", f"{folder}/export"
    has_image = name == "qwen2.5-vl"
    text = TEXT
    row = {"messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ("<image>" if has_image else "") + text},
                        {"role": "assistant", "content": LABEL}]} | ({"images": [IMAGE]} if has_image else {})
    json.dump([row], open(f"{folder}/rows.json", "w"))
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant", "system_tag": "system"}
    json.dump({"rows": {"file_name": "rows.json", "formatting": "sharegpt", "tags": tags,
                        "columns": {"messages": "messages"} | ({"images": "images"} if has_image else {})}}, open(f"{folder}/dataset_info.json", "w"))
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(open(IMAGE, "rb").read()).decode()}}
    content = [picture, {"type": "text", "text": text}] if has_image else text
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}]
    tuned = [model, f"adapter_name_or_path={adapter}", f"template={template}"]
    # The system text is a setting here, since chat has no other way to be told it.
    system = f"default_system={SYSTEM}"

    def predict(save, *arguments):
        run(options.anneal, "predict", *arguments, *GREEDY, "--dataset", "rows", "--dataset-dir", folder, "--save", f"{folder}/{save}")
        return json.loads(open(f"{folder}/{save}").readline())["predict"]

    def chat(*arguments):
        line = (f'<image>"{IMAGE}"' if has_image else "") + text
        said = run(options.anneal, "chat", *arguments, *GREEDY, text=line + "\nexit\n")
        return said.split("Assistant: ", 1)[1].split("\n\nUser: ")[0]

    ids, texts = {}, {}
    ids["training encode"] = training_ids(model, template, folder)
    texts["predict"] = predict("tuned.jsonl", *tuned)
    texts["chat"] = chat(*tuned, system)
    with Server(*tuned) as server:
        ids["API"] = server.ids(messages)
        texts["API, adapter merged"] = server.chat(messages)
        texts["API, streamed"] = server.chat(messages, stream=True)
    with Server(model, f"template={template}", "--enable-lora", "--lora-modules", f"tuned={adapter}") as server:
        texts["API, adapter beside"] = server.chat(messages, model="tuned")
    run(options.anneal, "export", *tuned, f"export_dir={export}", "infer_dtype=float32")
    texts["export, predict"] = predict("export.jsonl", export)
    with Server(export) as server:
        ids["export, API"] = server.ids(messages)
        texts["export, API"] = server.chat(messages)
    hf = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}] if has_image else text}]
    ids["export, transformers"], texts["export, transformers"] = transformers_answer(export, hf, has_image)

    good = True
    for what, values in (("ids", ids), ("text", texts)):
        first = next(iter(values.values()))
        for door, value in values.items():
            good &= value == first
            shown = f"{len(value)} tokens" if what == "ids" else repr(value)
            print(f"{name:11} {what:5} {door:22} {'equal' if value == first else 'DIFFERENT'}  {shown}")
            if value != first and what == "ids":
                print("   ", value, "\n   ", first)
    return good


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("anneal"), parser.add_argument("--models", nargs="+", default=list(TEMPLATES))
options = parser.parse_args()
good = True
for name in options.models:
    with tempfile.TemporaryDirectory() as folder:
        good &= check(name, folder)
print("all equal" if good else "DIFFERENT")
sys.exit(not good)
