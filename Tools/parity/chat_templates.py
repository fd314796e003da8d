"""Exported chat templates, rendered by transformers, beside what `anneal template render` writes.

usage: python Tools/parity/chat_templates.py ANNEAL MODEL_FOLDER [TEMPLATE …]

For every template and a few conversations (thoughts, Chinese, system text, tools with calls and results) the prompt of the last
answer is written twice: by jinja2 as `apply_chat_template` sets it up, from the Jinja of `anneal template export`, and by
`anneal template render`, the writer that training uses. Prints a table, and every difference. The tokenizer of MODEL_FOLDER gets the tokens
that templates name. Needs transformers and LLaMA-Factory (for those tokens, and for the end of sequence that each of its templates takes).
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter

from llamafactory.data.template import TEMPLATES
from transformers import AutoTokenizer
from transformers.utils.chat_template_utils import _compile_jinja_template

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a \"place\" <now> & then.",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "Name, e.g. 北京"},
                    "days": {"type": "integer", "enum": ["1", "2"]},
                    "units": {"type": "array", "description": "Units", "items": {"type": "string"}},
                },
                "required": ["place"],
            },
        },
    },
    {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}},
]
CALLS = [
    {"name": "get_weather", "arguments": {"place": "北京 \"<a>\"", "days": 2, "units": ["C", None], "exact": True, "more": {"b": 1.5, "B": "x"}}},
    {"name": "now", "arguments": {}},
]


def conversations(open_thought, close_thought):
    """name -> conversation as a file of `anneal template render` has it, which ends with an answer."""

    thought = open_thought + "hm" + close_thought if open_thought else ""

    def turns(*texts):
        roles = ("user", "assistant")
        return [{"role": roles[i % 2], "content": (thought if i % 2 else "") + text} for i, text in enumerate(texts)]

    def tools(count):
        call = {"role": "function", "content": thought + json.dumps(CALLS[:count], ensure_ascii=False)}
        return {
            "tools": TOOLS,
            "messages": [{"role": "user", "content": "天气怎么样？"}, call, {"role": "observation", "content": '{"sky": "blue"}'}]
            + turns("", "晴天", "谢谢", "好")[1:],
        }

    yield "one turn", {"messages": turns("Hi", "Hello!")}
    yield "three turns", {"system": "Be 'brief'.", "messages": turns("你好 \\ {{x}}\n", "It's {% a %}", "b", "c", " d", "e")}
    yield "one call", tools(1)
    yield "two calls", {"system": "帮忙", **tools(2)}


def as_sent(conversation):
    """The conversation up to its last answer as a server passes it to a chat template."""
    messages = []
    if conversation.get("system"):
        messages.append({"role": "system", "content": conversation["system"]})
    for message in conversation["messages"][:-1]:
        if message["role"] == "function":
            place = message["content"].index('[{"name"')
            calls = [{"type": "function", "function": call} for call in json.loads(message["content"][place:])]
            messages.append({"role": "assistant", "content": message["content"][:place] or None, "tool_calls": calls})
        else:
            role = {"observation": "tool"}.get(message["role"], message["role"])
            messages.append({"role": role, "content": message["content"]})
    return messages


def named_tokens():
    """The tokens that templates name rather than write: every model's tokenizer has its own template's."""
    for template in TEMPLATES.values():
        for formatter in [getattr(template, name) for name in vars(template) if name.startswith("format_")]:
            yield from (slot["token"] for slot in formatter.slots if isinstance(slot, dict))


def run(*arguments):
    result = subprocess.run(arguments, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout


def main():
    program, folder = sys.argv[1:3]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(sorted(set(named_tokens())), special_tokens=True)
    own_folder = tempfile.TemporaryDirectory()
    folder = own_folder.name
    tokenizer.save_pretrained(folder)
    counts = Counter()
    for name in sys.argv[3:] or run(program, "template", "list").split():
        source = run(program, "template", "export", name, "--model", folder, "--preserve-thinking")
        jinja = _compile_jinja_template(source)
        known = TEMPLATES.get(name)
        words = known.thought_words if known and "Reasoning" in type(known).__name__ else ("", "")
        eos = known.stop_words[0] if known and known.replace_eos else tokenizer.eos_token
        for title, conversation in conversations(*words):
            counts[title, "all"] += 1
            try:
                text = jinja.render(
                    messages=as_sent(conversation), tools=conversation.get("tools"), add_generation_prompt=True,
                    bos_token=tokenizer.bos_token, eos_token=tokenizer.eos_token)
            except Exception as error:
                counts[title, "refused"] += 1
                print(f"{name}, {title}: refused: {error}")
                continue
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(conversation, file, ensure_ascii=False)
                file.flush()
                try:
                    pairs = json.loads(run(program, "template", "render", name, "--messages", file.name, "--json"))["pairs"]
                except RuntimeError as error:
                    counts[title, "refused"] += 1
                    print(f"{name}, {title}: refused: {error}")
                    continue
            own = "".join(prompt + response for prompt, response in pairs[:-1]) + pairs[-1][0]
            own = own.replace("<BOS>", tokenizer.bos_token or "").replace("<EOS>", eos or "")
            counts[title, "same" if own == text else "different"] += 1
            if own != text:
                print(f"{name}, {title}:\n  anneal       {own!r}\n  transformers {text!r}")
    print(f"\n| conversation | templates | same text | refused by both | different |\n|---|---|---|---|---|")
    titles = list(dict.fromkeys(title for title, _ in counts))
    for title in titles:
        row = [counts[title, key] for key in ("all", "same", "refused", "different")]
        print(f"| {title} | " + " | ".join(map(str, row)) + " |")
    return 1 if any(counts[title, "different"] for title in titles) else 0


sys.exit(main())
