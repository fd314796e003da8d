"""Exercises a running `anneal api` with the real `openai` client and prints a table.

    pip install openai
    anneal api MODEL template=qwen --port 8000 &
    python Tools/parity/openai_client.py http://127.0.0.1:8000/v1 [--vision] [--lora FOLDER] [--load 200]

Exit status 1 when a line fails. Random checkpoints answer gibberish, so forms, equalities and counts are checked, not sense.
"""

import argparse
import asyncio
import base64
import json
import struct
import sys
import time
import urllib.request
import zlib
from typing import Literal

import openai
import pydantic

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("--key", default="EMPTY")
parser.add_argument("--vision", action="store_true")
parser.add_argument("--lora", help="folder of an adapter to load")
parser.add_argument("--load", type=int, default=0, help="connections of a load test")
options = parser.parse_args()

client = openai.OpenAI(base_url=options.url, api_key=options.key, max_retries=0, timeout=300)
root = options.url.removesuffix("/v1")
model = client.models.list().data[0].id
rows = []


def check(name):
    def run(function):
        start = time.time()
        try:
            note = function() or ""
            rows.append((name, "ok", f"{time.time() - start:.2f} s", note))
        except Exception as error:  # a line of the table, not the end of it
            rows.append((name, "FAILED", f"{time.time() - start:.2f} s", f"{type(error).__name__}: {error}"[:150]))

    return run


# Random models that think never come to an answer.
PLAIN = {"chat_template_kwargs": {"enable_thinking": False}}


def chat(text="Hello, who are you?", **extra):
    extra.setdefault("max_tokens", 12)
    extra["extra_body"] = PLAIN | extra.get("extra_body", {})
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **extra)


def streamed(**extra):
    text, finish, usage, reasoning = "", None, None, ""
    for chunk in chat(stream=True, stream_options={"include_usage": True}, **extra):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            finish = choice.finish_reason or finish
    return text, finish, usage


def post(path, body):
    request = urllib.request.Request(
        root + path, json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {options.key}"})
    return json.load(urllib.request.urlopen(request))


def refused(status, call):
    try:
        call()
    except openai.APIStatusError as error:
        assert error.status_code == status, error.status_code
        return error.body["message"][:60] if error.body else ""
    raise AssertionError("was not refused")


@check("chat, greedy, twice equal")
def _():
    first, second = chat(temperature=0), chat(temperature=0)
    assert first.choices[0].message.content == second.choices[0].message.content
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens
    return repr(first.choices[0].message.content[:24])


@check("stream equals whole (greedy)")
def _():
    whole = chat(temperature=0)
    text, finish, usage = streamed(temperature=0)
    assert (text, finish, usage.completion_tokens) == (
        whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.completion_tokens)


@check("seed: equal draws, other seed other draw, stream equal")
def _():
    draws = [chat(temperature=1.5, seed=seed, extra_body={"top_k": -1, "top_p": 1}).choices[0].message.content for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2], draws
    assert streamed(temperature=1.5, seed=1, extra_body={"top_k": -1, "top_p": 1})[0] == draws[0]


@check("n = 3, distinct draws; streamed the same")
def _():
    extra = dict(temperature=1.5, seed=3, n=3, extra_body={"top_k": -1, "top_p": 1})
    texts = [choice.message.content for choice in chat(**extra).choices]
    assert len(set(texts)) == 3
    parts = ["", "", ""]
    for chunk in chat(stream=True, **extra):
        for choice in chunk.choices:
            parts[choice.index] += choice.delta.content or ""
    assert parts == texts


@check("stop string, never shown")
def _():
    whole = chat(temperature=0).choices[0].message.content
    stop = whole[len(whole) // 2:][:3]
    answer = chat(temperature=0, stop=[stop]).choices[0]
    assert answer.message.content == whole.split(stop)[0] and answer.finish_reason == "stop"
    assert streamed(temperature=0, stop=[stop])[0] == answer.message.content


@check("stop_token_ids, min_tokens, ignore_eos, include_stop_str")
def _():
    whole = chat(temperature=0, extra_body={"ignore_eos": True}, max_tokens=9)
    assert whole.usage.completion_tokens == 9 and whole.choices[0].finish_reason == "length"
    ids = post("/tokenize", {"prompt": whole.choices[0].message.content})["tokens"]
    cut = chat(temperature=0, extra_body={"stop_token_ids": [ids[0]]}, max_tokens=9)
    assert cut.usage.completion_tokens <= 9
    stop = whole.choices[0].message.content[-2:]
    kept = chat(temperature=0, stop=stop, extra_body={"include_stop_str_in_output": True, "ignore_eos": True}, max_tokens=9)
    assert kept.choices[0].message.content.endswith(stop)


@check("logit_bias: the answer avoids or takes a token")
def _():
    ids = post("/tokenize", {"prompt": " yes"})["tokens"]
    answer = chat(temperature=0, logit_bias={str(ids[0]): 100}, max_tokens=3).choices[0].message.content
    assert answer == client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}], temperature=0, logit_bias={str(ids[0]): 100}, max_tokens=3).choices[0].message.content


@check("logprobs, top_logprobs; streamed the same")
def _():
    answer = chat(temperature=0, logprobs=True, top_logprobs=3)
    content = answer.choices[0].logprobs.content
    assert all(len(token.top_logprobs) == 3 and token.logprob <= 0 for token in content)
    assert all(abs(token.logprob - token.top_logprobs[0].logprob) < 1e-4 for token in content)
    parts = []
    for chunk in chat(temperature=0, logprobs=True, top_logprobs=3, stream=True):
        for choice in chunk.choices:
            parts += choice.logprobs.content if choice.logprobs else []
    assert [(t.token, t.bytes) for t in parts] == [(t.token, t.bytes) for t in content]
    assert all(abs(a.logprob - b.logprob) < 1e-3 for a, b in zip(parts, content))


@check("prompt_logprobs, with true ranks")
def _():
    answer = chat(extra_body={"prompt_logprobs": 2})
    assert answer.prompt_logprobs[0] is None and len(answer.prompt_logprobs) == answer.usage.prompt_tokens
    for entries in answer.prompt_logprobs[1:]:
        by_rank = sorted(entries.values(), key=lambda entry: entry["rank"])
        assert {1, 2} <= {entry["rank"] for entry in by_rank} and len(by_rank) <= 3
        assert [e["logprob"] for e in by_rank] == sorted((e["logprob"] for e in by_rank), reverse=True)


@check("return_token_ids, streamed the same")
def _():
    extra = dict(temperature=0, extra_body={"return_token_ids": True})
    whole = chat(**extra)
    assert len(whole.prompt_token_ids) == whole.usage.prompt_tokens
    assert len(whole.choices[0].token_ids) == whole.usage.completion_tokens
    parts = []
    for chunk in chat(stream=True, **extra):
        for choice in chunk.choices:
            parts += getattr(choice, "token_ids", None) or []
    assert parts == whole.choices[0].token_ids
    again = client.completions.create(model=model, prompt=whole.prompt_token_ids, max_tokens=12, temperature=0)
    assert again.choices[0].text == whole.choices[0].message.content


@check("form of a stream: role, text, reason, usage, [DONE]")
def _():
    chunks = list(chat(temperature=0, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[0].choices[0].delta.content == ""
    assert all(chunk.choices[0].delta.role is None for chunk in chunks[1:-1])
    assert [c.choices[0].finish_reason is not None for c in chunks[:-1]] == [False] * (len(chunks) - 2) + [True]
    assert all(chunk.usage is None for chunk in chunks[:-1]) and chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1 and {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    running = [c.usage.completion_tokens for c in chat(temperature=0, stream=True, stream_options={"include_usage": True, "continuous_usage_stats": True})]
    assert running == sorted(running)


@check("vLLM's sampling fields act or are taken")
def _():
    chat(temperature=0.7, top_p=0.8, presence_penalty=0.5, frequency_penalty=0.5, extra_body={
        "top_k": 5, "min_p": 0.05, "repetition_penalty": 1.1, "skip_special_tokens": False, "spaces_between_special_tokens": True})


@check("response_format json_object / json_schema")
def _():
    schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "minimum": 0, "maximum": 9}},
              "required": ["name", "age"], "additionalProperties": False}
    answer = chat(temperature=1, max_tokens=80, seed=1, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
    value = json.loads(answer.choices[0].message.content)
    assert len(value["name"]) <= 5 and 0 <= value["age"] <= 9
    prefix = chat(temperature=1, max_tokens=30, response_format={"type": "json_object"}).choices[0].message.content
    assert prefix.startswith("{")
    return answer.choices[0].message.content


@check("guided_regex, guided_choice, structured_outputs")
def _():
    assert chat(extra_body={"guided_choice": ["red", "blue"]}).choices[0].message.content in ("red", "blue")
    text = chat(extra_body={"guided_regex": "[0-9]{3}-[a-f]{2}"}, max_tokens=30).choices[0].message.content
    assert len(text) == 6 and text[3] == "-", text
    assert chat(extra_body={"structured_outputs": {"choice": ["x"]}}).choices[0].message.content == "x"
    return text


TOOLS = [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": {
    "type": "object", "properties": {"city": {"enum": ["Bonn", "Rom"]}}, "required": ["city"]}}}]


def room():
    """Tokens for a call whose arguments may have blanks between them; small models have little room."""
    used = len(post("/tokenize", {"messages": [{"role": "user", "content": "Hello, who are you?"}], "tools": TOOLS, **PLAIN})["tokens"])
    return min(400, client.models.list().data[0].max_model_len - used)


@check("tools: auto, none, required, named, streamed")
def _():
    chat(tools=TOOLS)
    chat(tools=TOOLS, tool_choice="none")
    for choice in ("required", {"type": "function", "function": {"name": "weather"}}):
        call = chat(tools=TOOLS, tool_choice=choice, max_tokens=room(), temperature=0).choices[0].message.tool_calls[0]
        assert call.function.name == "weather" and json.loads(call.function.arguments)["city"] in ("Bonn", "Rom")
        arguments, heads, reason = "", [], None
        for chunk in chat(tools=TOOLS, tool_choice=choice, max_tokens=room(), temperature=0, stream=True):
            reason = chunk.choices[0].finish_reason or reason
            for delta in chunk.choices[0].delta.tool_calls or []:
                arguments += delta.function.arguments or ""
                heads += [(delta.index, delta.type, delta.function.name)] if delta.id else []
        assert arguments == call.function.arguments and heads == [(0, "function", "weather")]
        assert reason == ("tool_calls" if choice == "required" else "stop"), reason
    client.chat.completions.create(model=model, max_tokens=4, tools=TOOLS, messages=[
        {"role": "user", "content": "Weather?"}, {"role": "assistant", "content": None, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Bonn\"}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "sunny"}])
    return call.function.arguments


class Weather(pydantic.BaseModel):
    city: Literal["Bonn", "Rom"]
    days: int = pydantic.Field(ge=0, le=9)


@check("the client's helpers: parse, stream, tools of pydantic classes")
def _():
    extra = dict(model=model, messages=[{"role": "user", "content": "x"}], max_tokens=200, seed=1, extra_body=PLAIN)
    parsed = client.chat.completions.parse(**extra, response_format=Weather).choices[0].message.parsed
    with client.chat.completions.stream(**extra, response_format=Weather) as stream:
        kinds = {event.type for event in stream}
        assert stream.get_final_completion().choices[0].message.parsed == parsed and "content.delta" in kinds
    tools = [openai.pydantic_function_tool(Weather)]
    for answer in client.chat.completions.parse(**extra, tools=tools, tool_choice="required", n=2).choices:
        assert isinstance(answer.message.tool_calls[0].function.parsed_arguments, Weather)
    calls = {}
    for chunk in client.chat.completions.create(**extra, tools=tools, tool_choice="required", n=2, stream=True):
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                calls[choice.index] = calls.get(choice.index, "") + (call.function.arguments or "")
    assert set(calls) == {0, 1} and all(Weather.model_validate_json(text) for text in calls.values())
    return str(parsed)


@check("models by name, ids of requests, routes that are not there")
def _():
    assert client.models.retrieve(model).id == model
    refused(404, lambda: client.models.retrieve("no/such"))
    refused(404, lambda: client.responses.create(model=model, input="x"))
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": "x"}], max_tokens=1, extra_headers={"X-Request-Id": "mine"})
    assert raw.headers["x-request-id"] == "mine" and raw.parse().id == "chatcmpl-mine"


@check("completions: text, tokens, many, echo, logprobs, stream")
def _():
    text = client.completions.create(model=model, prompt="Once upon", max_tokens=8, temperature=0)
    ids = post("/tokenize", {"prompt": "Once upon"})["tokens"]
    same = client.completions.create(model=model, prompt=ids, max_tokens=8, temperature=0)
    assert text.choices[0].text == same.choices[0].text
    many = client.completions.create(model=model, prompt=["Once upon", "A"], max_tokens=8, temperature=0)
    assert len(many.choices) == 2 and many.choices[0].text == text.choices[0].text
    echo = client.completions.create(model=model, prompt="Once upon", max_tokens=8, temperature=0, echo=True, logprobs=2)
    assert echo.choices[0].text == "Once upon" + text.choices[0].text
    assert echo.choices[0].logprobs.token_logprobs[0] is None
    parts = "".join(c.choices[0].text for c in client.completions.create(model=model, prompt="Once upon", max_tokens=8, temperature=0, stream=True))
    assert parts == text.choices[0].text


@check("completions: n, streamed n, usage, errors of fields that do nothing here")
def _():
    extra = dict(model=model, prompt=["Once", "Twice upon"], max_tokens=5, temperature=1.5, seed=1, n=2, extra_body={"top_k": -1, "top_p": 1})
    whole = client.completions.create(**extra)
    assert [c.index for c in whole.choices] == [0, 1, 2, 3] and whole.usage.completion_tokens >= 4
    parts, usage = [""] * 4, None
    for chunk in client.completions.create(**extra, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            parts[choice.index] += choice.text
    assert parts == [choice.text for choice in whole.choices] and usage.completion_tokens == whole.usage.completion_tokens
    refused(400, lambda: client.completions.create(model=model, prompt="a", suffix="b"))
    refused(400, lambda: client.completions.create(model=model, prompt="a", best_of=3, n=2))
    refused(400, lambda: client.completions.create(model=model, prompt=[]))


@check("chat_template_kwargs, stop as list, x-ignored-fields")
def _():
    chat(extra_body={"chat_template_kwargs": {"enable_thinking": False}})
    refused(400, lambda: chat(extra_body={"chat_template_kwargs": {"enable_thinkin": False}}))
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": "x"}], max_tokens=2, stop=["a", "b"], user="me", extra_body={"temprature": 1})
    assert raw.headers["x-ignored-fields"] == "user, temprature", raw.headers["x-ignored-fields"]


@check("continue_final_message")
def _():
    answer = client.chat.completions.create(
        model=model, max_tokens=4, temperature=0,
        messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well"}],
        extra_body={"continue_final_message": True, "add_generation_prompt": False})
    return repr(answer.choices[0].message.content)


@check("embeddings: float and base64 equal, length 1")
def _():
    both = [client.embeddings.create(model=model, input=["Hello", "A longer text"], encoding_format=form).data for form in ("float", "base64")]
    assert len(both[0]) == 2 and abs(sum(x * x for x in both[0][0].embedding) - 1) < 1e-3
    vector = both[1][0].embedding
    if isinstance(vector, str):
        vector = list(struct.unpack(f"<{len(base64.b64decode(vector)) // 4}f", base64.b64decode(vector)))
    assert all(abs(a - b) < 1e-5 for a, b in zip(both[0][0].embedding, vector))


@check("tokenize, detokenize, version, health, metrics")
def _():
    tokens = post("/tokenize", {"prompt": "Grüße, 世界 🎉"})
    assert post("/detokenize", {"tokens": tokens["tokens"]})["prompt"] == "Grüße, 世界 🎉"
    for path in ("/version", "/health"):
        urllib.request.urlopen(root + path)
    request = urllib.request.Request(root + "/metrics", headers={"Authorization": f"Bearer {options.key}"})
    assert "vllm:generation_tokens_total" in urllib.request.urlopen(request).read().decode()


@check("errors: unknown model 404, too long 400, bad values 400")
def _():
    refused(404, lambda: client.chat.completions.create(model="none", messages=[{"role": "user", "content": "x"}]))
    refused(400, lambda: client.chat.completions.create(model=model, messages=[]))
    refused(400, lambda: chat(temperature=-1))
    refused(400, lambda: chat(extra_body={"guided_regex": "("}))
    return refused(400, lambda: chat("word " * 200_000))


def png(width, height, color):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(color) * width) * height
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return "data:image/png;base64," + base64.b64encode(data + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")).decode()


if options.vision:

    @check("images: parts, marks, pixel limits")
    def _():
        def ask(parts, **extra):
            return client.chat.completions.create(model=model, max_tokens=6, temperature=0, messages=[{"role": "user", "content": parts}], **extra)

        red, blue = ({"type": "image_url", "image_url": {"url": png(112, 84, color)}} for color in ((255, 0, 0), (0, 0, 255)))
        text = lambda t: {"type": "text", "text": t}
        parts = ask([text("a"), red, text("b"), blue])
        marks = ask([text("a<image>b<image>"), red, blue])
        assert parts.choices[0].message.content == marks.choices[0].message.content
        assert parts.usage.prompt_tokens == marks.usage.prompt_tokens
        small = ask([text("a"), red, text("b"), blue], extra_body={"mm_processor_kwargs": {"min_pixels": 784, "max_pixels": 1568}})
        assert small.usage.prompt_tokens < parts.usage.prompt_tokens
        refused(400, lambda: ask([{"type": "image_url", "image_url": {"url": "data:image/png;base64,@@"}}]))
        refused(403, lambda: ask([{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}]))


@check("beam search: n answers, the best first")
def _():
    beams = chat(n=3, temperature=0, extra_body={"use_beam_search": True})
    assert len({choice.message.content for choice in beams.choices}) == 3
    refused(400, lambda: chat(n=2, temperature=0, stream=True, extra_body={"use_beam_search": True}))


if options.lora:

    @check("adapter: load, list, answer, unload")
    def _():
        for path in ("/v1/load_lora_adapter",):
            request = urllib.request.Request(root + path, json.dumps({"lora_name": "mine", "lora_path": options.lora}).encode(),
                                             {"Content-Type": "application/json", "Authorization": f"Bearer {options.key}"})
            urllib.request.urlopen(request)
        assert "mine" in [m.id for m in client.models.list().data]
        answers = [client.chat.completions.create(model=name, messages=[{"role": "user", "content": "Hello"}], max_tokens=8, temperature=0).choices[0].message.content for name in (model, "mine", model)]
        assert answers[0] == answers[2]
        request = urllib.request.Request(root + "/v1/unload_lora_adapter", json.dumps({"lora_name": "mine"}).encode(),
                                         {"Content-Type": "application/json", "Authorization": f"Bearer {options.key}"})
        urllib.request.urlopen(request)
        refused(404, lambda: client.chat.completions.create(model="mine", messages=[{"role": "user", "content": "x"}]))
        return f"differs from the base: {answers[0] != answers[1]}"


if options.load:

    @check(f"{options.load} streams at once, none lost or mixed up")
    def _():
        async def run():
            many = openai.AsyncOpenAI(base_url=options.url, api_key=options.key, max_retries=0, timeout=600)

            async def ask(index):
                text, done = "", False
                stream = await many.chat.completions.create(
                    model=model, messages=[{"role": "user", "content": f"number {index % 8}"}], max_tokens=8, temperature=0, stream=True)
                async for chunk in stream:
                    for choice in chunk.choices:
                        text += choice.delta.content or ""
                        done = done or choice.finish_reason is not None
                assert done
                return index % 8, text

            return await asyncio.gather(*(ask(index) for index in range(options.load)))

        alone = {index: chat(f"number {index}", temperature=0, max_tokens=8).choices[0].message.content for index in range(8)}
        wrong = sum(alone[index] != text for index, text in asyncio.run(run()))
        assert wrong == 0, f"{wrong} answers differ from those alone"

    @check("a seed draws the same alone and among others")
    def _():
        async def draw(many, index):
            answer = await many.chat.completions.create(
                model=model, messages=[{"role": "user", "content": f"number {index % 7}"}], max_tokens=12, temperature=1.2, seed=index % 5,
                n=1 + index % 3, extra_body={"top_k": -1, "top_p": 0.7 if index % 2 else 1})
            return [choice.message.content for choice in answer.choices]

        async def run():
            many = openai.AsyncOpenAI(base_url=options.url, api_key=options.key, max_retries=0, timeout=600)
            alone = [await draw(many, index) for index in range(options.load)]
            return alone, await asyncio.gather(*(draw(many, index) for index in range(options.load)))

        wrong = sum(alone != together for alone, together in zip(*asyncio.run(run())))
        assert wrong == 0, f"{wrong} of {options.load} differ"


width = max(len(row[0]) for row in rows)
for row in rows:
    print(f"{row[0]:{width}}  {row[1]:6}  {row[2]:>9}  {row[3]}")
sys.exit(any(row[1] != "ok" for row in rows))
