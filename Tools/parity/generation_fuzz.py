"""Random tiny checkpoints of random shapes: the server's greedy ids and log-probabilities against transformers' and peft's.

    generation_fuzz.py ANNEAL [--cases 12] [--seed 0]

Each case draws a Qwen2 or Llama configuration (head counts and sizes, tied or not, biases, theta, rope scaling of every kind, odd
vocabularies, eps) and a PEFT adapter (rank, alpha, rslora, targets), and asks for 16 prompts of mixed lengths at
once and one alone, with and without the adapter, beside the weights and merged. Ids must be equal and log-probabilities within 1e-4;
where the reference's two likeliest tokens are closer than that, the rest of the answer does not count. Status 1 when a case differs.
"""
import argparse, json, os, random, re, shutil, subprocess, sys, tempfile, urllib.error, urllib.request
from concurrent.futures import ThreadPoolExecutor

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LENGTH, NEW, TOLERANCE = 256, 12, 1e-4


def scaling(draw):
    """Rope scaling as checkpoints on the hub have it."""
    original = draw.choice([16, 32, 64])
    return draw.choice([
        None, None, {"rope_type": "linear", "factor": draw.choice([2.0, 3.5])},
        {"rope_type": "llama3", "factor": draw.choice([8.0, 32.0]), "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": original},
        {"rope_type": "yarn", "factor": draw.choice([2.0, 4.0]), "original_max_position_embeddings": original},
        {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": original, "beta_fast": 16.0, "beta_slow": 2.0,
         "attention_factor": 1.3},
    ])


def configuration(draw):
    heads, group = draw.choice([(2, 1), (4, 2), (4, 4), (6, 3), (8, 4), (7, 7), (3, 1)])
    size = draw.choice([8, 16, 24, 32])
    common = dict(
        vocab_size=432 + draw.choice([0, 1, 5, 37, 80]), hidden_size=heads * size, intermediate_size=draw.choice([40, 64, 100]),
        num_hidden_layers=draw.choice([1, 2, 3]), num_attention_heads=heads, num_key_value_heads=heads // group,
        max_position_embeddings=LENGTH, tie_word_embeddings=draw.random() < 0.5, rms_norm_eps=draw.choice([1e-5, 1e-6]),
        bos_token_id=400, eos_token_id=402, rope_theta=draw.choice([1e4, 5e5, 1e6]), initializer_range=0.3)
    rope = scaling(draw)
    if rope:
        common["rope_scaling"] = rope
    if draw.random() < 0.5:
        return Qwen2ForCausalLM(Qwen2Config(**common))
    if draw.random() < 0.5:  # heads whose size is not hidden / heads
        common["hidden_size"] = heads * draw.choice([10, 20])
    bias = draw.random() < 0.3
    return LlamaForCausalLM(LlamaConfig(**common, head_dim=size, attention_bias=bias, mlp_bias=bias and draw.random() < 0.5))


def randomize(parameters, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(parameters):
            if p.dim() == 1:
                p.copy_(torch.randn(p.shape, generator=generator) * 0.1 + ("norm" in name))
            else:
                p.copy_(torch.randn(p.shape, generator=generator) * (1.2 / p.shape[-1] ** 0.5))


def adapter(model, draw, folder):
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(
        task_type="CAUSAL_LM", r=draw.choice([1, 3, 8]), lora_alpha=draw.choice([4, 16, 5]), use_rslora=draw.random() < 0.4,
        target_modules=draw.sample(names, draw.randint(1, 7)), lora_dropout=0.1)
    tuned = get_peft_model(model, config)
    randomize([pair for pair in tuned.named_parameters() if "lora_" in pair[0]], draw.randrange(1 << 30))
    # An update as large as the weights: with a larger one the reference's own rounding is more than the tolerance.
    with torch.no_grad():
        for name, p in tuned.named_parameters():
            if "lora_B" in name:
                p.mul_(config.r / config.lora_alpha)
    tuned.save_pretrained(folder)
    return tuned.unload()


def reference(model, ids):
    """Greedy ids, their log-probabilities, and how far ahead of the second each was."""
    made = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False, max_new_tokens=NEW,
                          eos_token_id=[], pad_token_id=400, output_logits=True, return_dict_in_generate=True)
    scores = torch.stack(made.logits)[:, 0].float().log_softmax(-1)
    tokens = made.sequences[0, len(ids):].tolist()
    best = scores.topk(2).values
    return tokens, [float(scores[i, t]) for i, t in enumerate(tokens)], (best[:, 0] - best[:, 1]).tolist()


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([options.anneal, "api", *arguments, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"at (http://\S+)/v1", line):
                self.url = found[1]
                return
        raise ValueError(f"the server did not start: {''.join(said)}")

    def complete(self, prompts, **more):
        body = {"prompt": prompts, "max_tokens": NEW, "temperature": 0, "logprobs": 0, "return_token_ids": True, "ignore_eos": True, **more}
        request = urllib.request.Request(self.url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            return json.load(urllib.request.urlopen(request))["choices"]
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def compare(what, choices, expected):
    """The largest difference of log-probabilities; raises where ids differ."""
    worst = 0.0
    for number, (choice, (ids, logprobs, leads)) in enumerate(zip(choices, expected, strict=True)):
        for place, (id, logprob, lead) in enumerate(zip(ids, logprobs, leads)):
            if lead < TOLERANCE:
                break
            if choice["token_ids"][place:place + 1] != [id]:
                raise ValueError(f"{what}, prompt {number}: ids {choice['token_ids']}, expected {ids}")
            worst = max(worst, abs(choice["logprobs"]["token_logprobs"][place] - logprob))
    if worst > TOLERANCE:
        raise ValueError(f"{what}: a log-probability is {worst:.2e} away")
    return worst


def check(seed, folder):
    draw = random.Random(seed)
    torch.manual_seed(seed)
    model = configuration(draw).float().eval()
    randomize(model.named_parameters(), seed)
    base, tuned = f"{folder}/base", f"{folder}/adapter"
    model.save_pretrained(base)
    name = "qwen2" if model.config.model_type == "qwen2" else "llama3"
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(f"{ROOT}/Tests/ModelsTests/Fixtures/{name}/{file}", base)
    prompts = [[draw.randrange(400) for _ in range(draw.choice([1, 2, 15, 16, 17, 33, 64, 100, 200]))] for _ in range(16)]
    expected = [reference(model, ids) for ids in prompts]
    model = adapter(model, draw, tuned)
    changed = PeftModel.from_pretrained(model, tuned).eval()
    expected_tuned = [reference(changed, ids) for ids in prompts]
    # A large update merged is rounded otherwise, there as here.
    merged = changed.merge_and_unload()
    expected_merged = [reference(merged, ids) for ids in prompts]
    rope = getattr(model.config, "rope_parameters", None) or {}
    note = f"{model.config.model_type} heads {model.config.num_attention_heads}/{model.config.num_key_value_heads} rope {rope.get('rope_type')}"
    common = [f"template={'qwen' if name == 'qwen2' else 'llama3'}", "infer_dtype=float32", "--max-model-len", str(LENGTH)]
    worst = 0.0
    with Server(base, *common, "--enable-lora", "--lora-modules", f"tuned={tuned}") as server:
        worst = max(worst, compare("16 at once", server.complete(prompts), expected))
        worst = max(worst, compare("one alone", server.complete([prompts[0]]), expected[:1]))
        with ThreadPoolExecutor() as pool:  # both in one batch
            plain, mixed = pool.submit(server.complete, prompts), pool.submit(server.complete, prompts, model="tuned")
            worst = max(worst, compare("beside the adapter's", plain.result(), expected))
            worst = max(worst, compare("adapter beside the weights", mixed.result(), expected_tuned))
    with Server(base, f"adapter_name_or_path={tuned}", *common) as server:
        worst = max(worst, compare("adapter merged", server.complete(prompts), expected_merged))
    return f"{note}; log-probabilities within {worst:.1e}"


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("anneal"), parser.add_argument("--cases", type=int, default=12), parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
good = True
for seed in range(options.seed, options.seed + options.cases):
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(f"case {seed}: ok  {check(seed, folder)}", flush=True)
        except ValueError as error:
            good = False
            print(f"case {seed}: DIFFERENT  {error}", flush=True)
sys.exit(not good)
