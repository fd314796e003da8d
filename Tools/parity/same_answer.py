"""One question to one adapter through every door: the token ids and the greedy answers must be equal.

    same_answer.py ANNEAL [--cases text thinking tools …]

Cases: texts, a picture, thinking on and off with thoughts in the history, tools with a call and its result. Doors: the training encode (`anneal data preview --ids`), `predict`, `chat`, the API (adapter merged, beside the weights, streamed),
the merged export through `predict` and the API, and transformers with the export's own Jinja template (`chat` where a terminal can ask: one message, no tools). Models and adapters are the
tiny ones of Tests/. Needs transformers, and Pillow for pictures. Prints a table; status 1 when something differs.
"""
import argparse, base64, json, os, re, shutil, subprocess, sys, tempfile, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGE = f"{ROOT}/Tests/TrainingTests/Fixtures/data/images/b.png"
SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "user", "content": "Hello, 世界!"}
# An earlier answer with its thought, which a template may drop.
THOUGHTS = [SYSTEM, {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<think>\nOne and one.\n</think>\n\n2"}, HELLO]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "天气", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "Name"}}, "required": ["city"]}}}]
CALL = [SYSTEM, {"role": "user", "content": "天气?"},
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "北京"}}}]},
        {"role": "tool", "content": '{"sky": "blue"}'}]
# name -> model and adapter, template, messages, tools, settings
CASES = {
    "text": ("qwen2", "qwen", [SYSTEM, HELLO], None, []),
    "text, Llama": ("llama3", "llama3", [SYSTEM, HELLO], None, []),
    "picture": ("qwen2.5-vl", "qwen2_vl", [SYSTEM, {"role": "user", "content": "<image>Hello, 世界!"}], None, []),
    "thinking": ("qwen2", "qwen3", [SYSTEM, HELLO], None, []),
    "no thinking": ("qwen2", "qwen3", [SYSTEM, HELLO], None, ["enable_thinking=false"]),
    "earlier thought": ("qwen2", "qwen3", THOUGHTS, None, []),
    "earlier thought, no thinking": ("qwen2", "qwen3", THOUGHTS, None, ["enable_thinking=false"]),
    "tools": ("qwen2", "qwen", [SYSTEM, HELLO], TOOLS, []),
    "call": ("qwen2", "qwen", CALL, TOOLS, []),
    "call, Llama": ("llama3", "llama3", CALL, TOOLS, []),
    "call, thinking": ("qwen2", "qwen3", CALL, TOOLS, []),
    "call, no thinking": ("qwen2", "qwen3", CALL, TOOLS, ["enable_thinking=false"]),
}
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

    def ids(self, messages, **more):
        return json.loads(self.post("/tokenize", {"messages": messages, **more}))["tokens"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def training_ids(model, template, folder, settings):
    """The prompt's tokens as training has them, earlier answers being context as they are at the other doors (`mask_history`: where they
    are trained, too, they keep their thoughts, as in LLaMA-Factory)."""
    path = f"{folder}/train.json"
    json.dump({"model_name_or_path": model, "template": template, "stage": "sft", "do_train": True, "finetuning_type": "lora",
               "dataset": "rows", "dataset_dir": folder, "output_dir": f"{folder}/out", "cutoff_len": 2048, "mask_history": True}, open(path, "w"))
    line = run(options.anneal, "data", "preview", path, *settings, "--ids").split("token ids:\n")[1].splitlines()[0]
    # Trained pieces stand in brackets; the last one is the answer.
    line = line.rpartition("[[")[0].replace("[[", " ").replace("]]", " ")
    ids = []
    for word in line.split():
        id, _, count = word.partition("x")
        ids += [int(id)] * int(count or 1)
    return ids


def transformers_answer(folder, messages, tools, has_image):
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
        ids, extra = tokenizer.apply_chat_template(messages, tools=tools, add_generation_prompt=True, return_dict=True)["input_ids"], {}
    inputs = torch.tensor([ids])
    made = model.generate(inputs, attention_mask=torch.ones_like(inputs), do_sample=False, max_new_tokens=12, **extra)
    return ids, tokenizer.decode(made[0, len(ids):], skip_special_tokens=True)


def parts(message, picture):
    """The message with its picture as a part of its content, where it has one."""
    if not message["content"].startswith("<image>"):
        return message
    return message | {"content": [picture, {"type": "text", "text": message["content"].removeprefix("<image>")}]}


def sent(message):
    """The message as OpenAI's clients send it: arguments are text."""
    calls = [call | {"id": "a", "function": call["function"] | {"arguments": json.dumps(call["function"]["arguments"], ensure_ascii=False)}}
             for call in message.get("tool_calls", [])]
    return message | ({"tool_calls": calls} if calls else {})


def check(name, folder):
    model_name, template, conversation, tools, settings = CASES[name]
    # The prompts with tools are longer than the tiny models say they can read.
    model = shutil.copytree(f"{ROOT}/Tests/ModelsTests/Fixtures/{model_name}", f"{folder}/{model_name}")
    config = json.load(open(f"{model}/config.json"))
    json.dump(config | {"max_position_embeddings": 4096}, open(f"{model}/config.json", "w"))
    adapter, export = f"{ROOT}/Tests/TrainingTests/Fixtures/adapters/{model_name}", f"{folder}/export"
    has_image = model_name == "qwen2.5-vl"
    row = {"messages": [*conversation, {"role": "assistant", "content": "Yes."}]}
    row |= ({"images": [IMAGE]} if has_image else {}) | ({"tools": tools} if tools else {})
    json.dump([row], open(f"{folder}/rows.json", "w"))
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant", "system_tag": "system", "observation_tag": "tool"}
    json.dump({"rows": {"file_name": "rows.json", "formatting": "openai", "tags": tags, "columns": {column: column for column in row}}}, open(f"{folder}/dataset_info.json", "w"))
    url = "data:image/png;base64," + base64.b64encode(open(IMAGE, "rb").read()).decode()
    messages = [sent(parts(message, {"type": "image_url", "image_url": {"url": url}})) for message in conversation]
    extra = {"tools": tools} if tools else {}
    tuned = [model, f"adapter_name_or_path={adapter}", f"template={template}", *settings]

    def predict(save, *arguments):
        run(options.anneal, "predict", *arguments, *GREEDY, "--dataset", "rows", "--dataset-dir", folder, "--save", f"{folder}/{save}")
        return json.loads(open(f"{folder}/{save}").readline())["predict"]

    def chat(*arguments):
        # The system text is a setting here, since chat has no other way to be told it.
        line = conversation[-1]["content"].replace("<image>", f'<image>"{IMAGE}"')
        said = run(options.anneal, "chat", *arguments, f"default_system={SYSTEM['content']}", *GREEDY, text=line + "\nexit\n")
        return said.split("Assistant: ", 1)[1].split("\n\nUser: ")[0]

    ids, texts = {}, {}
    ids["training encode"] = training_ids(model, template, folder, settings)
    texts["predict"] = predict("tuned.jsonl", *tuned)
    if len(conversation) == 2 and not tools:
        texts["chat"] = chat(*tuned)
    with Server(*tuned) as server:
        ids["API"] = server.ids(messages, **extra)
        texts["API, adapter merged"] = server.chat(messages, **extra)
        texts["API, streamed"] = server.chat(messages, stream=True, **extra)
    with Server(model, f"template={template}", *settings, "--enable-lora", "--lora-modules", f"tuned={adapter}") as server:
        texts["API, adapter beside"] = server.chat(messages, model="tuned", **extra)
    run(options.anneal, "export", *tuned, f"export_dir={export}", "infer_dtype=float32")
    texts["export, predict"] = predict("export.jsonl", export)
    with Server(export) as server:
        ids["export, API"] = server.ids(messages, **extra)
        texts["export, API"] = server.chat(messages, **extra)
    hf = [parts(message, {"type": "image"}) for message in conversation]
    ids["export, transformers"], texts["export, transformers"] = transformers_answer(export, hf, tools, has_image)

    good = True
    for what, values in (("ids", ids), ("text", texts)):
        first = next(iter(values.values()))
        for door, value in values.items():
            good &= value == first
            shown = f"{len(value)} tokens" if what == "ids" else repr(value)
            print(f"{name:28} {what:5} {door:22} {'equal' if value == first else 'DIFFERENT'}  {shown}")
            if value != first and what == "ids":
                place = next((i for i, pair in enumerate(zip(value, first)) if pair[0] != pair[1]), min(len(value), len(first)))
                print(f"    from place {place}: {value[place:place + 20]} and {first[place:place + 20]}")
    return good


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("anneal"), parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
options = parser.parse_args()
good = True
for name in options.cases:
    with tempfile.TemporaryDirectory() as folder:
        good &= check(name, folder)
print("all equal" if good else "DIFFERENT")
sys.exit(not good)
