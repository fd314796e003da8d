"""Throws random requests at a running `anneal api` and checks that it stays well.

    anneal api MODEL template=qwen --port 8000 &
    python Tools/parity/server_fuzz.py http://127.0.0.1:8000 [--requests 2000] [--seed 0] [--key KEY]

Every field of every route gets values of wrong types, NaN, huge numbers, deep nesting, hostile patterns and schemas, control tokens, broken
base64 and pictures whose heads lie; some clients hang up in mid-stream. Every answer must be JSON with a status below 500, every refusal
OpenAI's error object, no request may take over 20 s, and at the end nothing may be running, no key-value block may be in use and a plain
question must get the answer it got at the start. Status 1 otherwise.
"""
import argparse, base64, http.client, json, random, struct, sys, time, urllib.parse, zlib

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("url"), parser.add_argument("--requests", type=int, default=2000), parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--key", default="EMPTY")
options = parser.parse_args()
draw = random.Random(options.seed)
address = urllib.parse.urlparse(options.url).netloc
problems = []


def bomb(width, height):
    """A PNG whose head promises many pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


class Raw(str):
    """JSON text as it stands."""


VALUES = [
    None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e-320, 1e308, 2**31, 2**63, -2**63 - 1, 10**30, Raw("1e999"), Raw("NaN"), Raw("-Infinity"), "", "x",
    "NaN", "\0", "\ud800", "💥" * 50, "a" * 5000, "<|im_start|>system\n<|im_end|>", [], [[]], [None], [1, "a"], [-1], [2**40], {}, {"": {}},
    {"a": 1}, {"1": 5}, {"type": "json_object"}, {"type": "function", "function": {"name": "x"}}, Raw("[" * 500 + "]" * 500),
    "(a+)+$", "((a|a)*)*b", "[" * 200, "a{1000}{1000}", "\\p{L}(?=x)", {"$ref": "#"}, {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    {"type": "array", "items": {}, "minItems": 10**9}, {"enum": []}, {"anyOf": [{"type": "integer", "minimum": 5, "maximum": 1}]},
]
MESSAGES = [
    [], "x", [{}], [{"role": "user"}], [{"role": "user", "content": "Hi"}], [{"role": "user", "content": "<|im_end|>\n<|im_start|>assistant\n" * 3}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}]}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": bomb(60000, 60000)}}]}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}]}],
    [{"role": "user", "content": [{"type": "text", "text": None}]}], [{"role": "user", "content": "a <image> b <video>"}],
    [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}, {"role": "tool", "content": "y"}],
    [{"role": "user", "content": "word " * 200_000}], [{"role": "user", "content": "x"}] * 300,
]
SAMPLING = """temperature top_p top_k min_p n seed stop stop_token_ids max_tokens min_tokens repetition_penalty presence_penalty frequency_penalty
logit_bias logprobs prompt_logprobs stream stream_options response_format guided_json guided_regex guided_choice guided_grammar structured_outputs
allowed_token_ids bad_words use_beam_search length_penalty early_stopping ignore_eos skip_special_tokens include_stop_str_in_output
return_token_ids thinking_budget thinking_token_budget loop_guard repetition_detection do_sample model user""".split()
CHAT = """messages tools tool_choice parallel_tool_calls top_logprobs max_completion_tokens continue_final_message add_generation_prompt
include_reasoning reasoning_effort chat_template_kwargs mm_processor_kwargs chat_template""".split()
ROUTES = {
    "/v1/chat/completions": (SAMPLING + CHAT, {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}),
    "/v1/completions": (SAMPLING + ["prompt", "echo", "suffix", "best_of", "truncate_prompt_tokens", "add_special_tokens"], {"prompt": "Hi", "max_tokens": 4}),
    "/v1/embeddings": (["input", "encoding_format", "dimensions", "model", "truncate_prompt_tokens"], {"input": "Hi"}),
    "/tokenize": (["prompt", "messages", "add_special_tokens", "return_token_strs", "tools"], {"prompt": "Hi"}),
    "/detokenize": (["tokens", "model"], {"tokens": [1]}),
    "/v1/load_lora_adapter": (["lora_name", "lora_path"], {"lora_name": "x", "lora_path": "/nowhere"}),
    "/v1/unload_lora_adapter": (["lora_name"], {"lora_name": "x"}),
    "/v1/score/evaluation": (["messages", "max_length", "model"], {"messages": ["x"]}),
}


def text(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{text(item)}" for key, item in value.items()) + "}"
    return "[" + ",".join(map(text, value)) + "]" if isinstance(value, list) else json.dumps(value)


def ask(path, body, method="POST", hangs_up=False):
    """Status and text of the response; (0, "") where the client hung up."""
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request(method, path, body, {"Content-Type": "application/json", "Authorization": f"Bearer {options.key}"})
    response = connection.getresponse()
    if hangs_up:
        response.read(1)
        connection.sock and connection.sock.close()
        return 0, ""
    data = response.read().decode()
    connection.close()
    return response.status, data


def question():
    return json.loads(ask("/v1/chat/completions", text({**ROUTES["/v1/chat/completions"][1], "temperature": 0, "max_tokens": 8}))[1])["choices"][0]["message"]["content"]


def metric(name):
    return float(next(line for line in ask("/metrics", None, "GET")[1].splitlines() if line.startswith(name + "{")).split()[-1])


first, counts = question(), {}
for number in range(options.requests):
    path = draw.choice(list(ROUTES))
    fields, base = ROUTES[path]
    body = dict(base)
    for field in draw.sample(fields, min(len(fields), draw.choice([1, 1, 2, 4]))):
        body[field] = draw.choice(MESSAGES) if field == "messages" and draw.random() < 0.8 else draw.choice(VALUES)
    # An answer of any length is a right answer, but slow.
    if draw.random() < 0.7 and "max_tokens" in base:
        body["max_tokens"] = 4
    payload = text(body)
    if draw.random() < 0.05:
        payload = payload[:draw.randrange(len(payload))]
    start = time.time()
    try:
        status, answer = ask(path, payload, hangs_up=draw.random() < 0.05)
    except Exception as error:
        problems.append(f"{path} {payload[:200]}: {type(error).__name__} {error} after {time.time() - start:.1f} s")
        continue
    counts[status] = counts.get(status, 0) + 1
    if status >= 500:
        problems.append(f"{path} {payload[:200]}: {status} {answer[:200]}")
    elif status >= 400:
        error = json.loads(answer).get("error", {})
        if not error.get("message") or set(error) != {"message", "type", "param", "code"}:
            problems.append(f"{path} {payload[:200]}: {status} {answer[:200]}")
for _ in range(100):  # those that hung up
    if metric("vllm:num_requests_running") == 0:
        break
    time.sleep(0.1)
for name in ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"):
    if metric(name) != 0:
        problems.append(f"{name} is {metric(name)} when all is done")
if question() != first:
    problems.append("a plain question has another answer than at the start")
print("\n".join(problems))
print(f"{options.requests} requests: " + ", ".join(f"{count} x {status or 'hung up'}" for status, count in sorted(counts.items())) + f"; {len(problems)} problems")
sys.exit(bool(problems))
