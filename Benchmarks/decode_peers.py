"""How fast a peer writes the load of `anneal benchmark`: tokens a second, prompts included.

    decode_peers.py vllm MODEL_FOLDER [--streams 16]
    decode_peers.py llama MODEL.gguf

Random token ids, 128 in and 64 out, greedy; the second of two rounds counts. llama-cpp-python answers one request at a time, and its
rate is that of the answer after the prompt. THREADS: threads (default all).
"""
import argparse, os, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("peer", choices=["vllm", "llama"]), parser.add_argument("model")
parser.add_argument("--streams", type=int, default=1), parser.add_argument("--prompt", type=int, default=128)
parser.add_argument("--answer", type=int, default=64)
options = parser.parse_args()
threads = int(os.environ.get("THREADS", os.cpu_count()))


def prompts(salt):
    return [[(stream * 7919 + salt * 31 + i * 104729 + 17) % 150000 for i in range(options.prompt)] for stream in range(options.streams)]


def vllm_rates():
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", f"0-{threads - 1}")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    from vllm import LLM, SamplingParams
    model = LLM(options.model, dtype="bfloat16", max_model_len=1024, enable_prefix_caching=False, skip_tokenizer_init=True)
    sampling = SamplingParams(temperature=0, max_tokens=options.answer, ignore_eos=True, detokenize=False)
    for salt in range(2):
        start = time.monotonic()
        answers = model.generate([{"prompt_token_ids": ids} for ids in prompts(salt)], sampling, use_tqdm=False)
        yield sum(len(a.outputs[0].token_ids) for a in answers) / (time.monotonic() - start)


def llama_rates():
    if options.streams != 1:
        raise SystemExit("llama-cpp-python answers one request at a time")
    from llama_cpp import Llama
    model = Llama(options.model, n_ctx=1024, n_threads=threads, n_threads_batch=threads, verbose=False)
    for salt in range(2):
        model.reset()
        start, tokens = None, 0
        for _ in model.generate(prompts(salt)[0], temp=0):
            start = start or time.monotonic()
            tokens += 1
            if tokens == options.answer:
                break
        yield (tokens - 1) / (time.monotonic() - start)


if __name__ == "__main__":
    *_, rate = vllm_rates() if options.peer == "vllm" else llama_rates()
    print(f"{rate:.2f} tok/s")
