"""Start to first token, processor use when idle, and many connections at once, of `anneal api`.

    server.py ANNEAL MODEL [--connections 200] [key=value ...]

Every stream of the load asks one of eight questions, greedily; its text must be the one that the question gets alone.
"""
import argparse, http.client, json, os, re, subprocess, threading, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("anneal"), parser.add_argument("model"), parser.add_argument("--connections", type=int, default=200)
parser.add_argument("--tokens", type=int, default=8)
options, settings = parser.parse_known_args()


def start():
    """A server, its port, and the seconds from the start to listening and to the first token."""
    begin = time.time()
    process = subprocess.Popen([options.anneal, "api", options.model, *settings, "--port", "0"], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if found := re.search(r"at http://[^/]*:(\d+)/v1", line):
            port = int(found[1])
            break
    listening = time.time() - begin
    return process, port, listening, ask(port, "Hello")[1] - begin


def ask(port, text):
    """The streamed answer, and when its first token came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": options.tokens, "temperature": 0, "ignore_eos": True, "stream": True}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer, first, is_done = "", None, False
    response = connection.getresponse()
    assert response.status == 200, response.read()
    for line in response:
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:])["choices"]:
                first = first or (time.time() if choice["delta"].get("content") or choice["finish_reason"] else None)
                answer += choice["delta"].get("content") or ""
        is_done = is_done or line.startswith(b"data: [DONE]")
    assert is_done, "a stream ended early"
    return answer, first


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


for round in range(3):
    process, port, listening, first = start()
    print(f"start {round + 1}: listens after {listening:.2f} s, first token after {first:.2f} s")
    if round < 2:
        process.terminate(), process.wait()
time.sleep(1)
before = processor_seconds(process.pid)
time.sleep(10)
print(f"idle: {(processor_seconds(process.pid) - before) * 10:.1f} % of one core over 10 s")
questions = [f"number {index}" for index in range(8)]
alone = {question: ask(port, question)[0] for question in questions}
wrong, begin = [], time.time()


def worker(question):
    try:
        if ask(port, question)[0] != alone[question]:
            wrong.append(f"{question}: another answer")
    except Exception as error:
        wrong.append(f"{question}: {error}")


threads = [threading.Thread(target=worker, args=(questions[index % 8],)) for index in range(options.connections)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
seconds = time.time() - begin
print(f"{options.connections} connections at once: {seconds:.1f} s, {options.connections * options.tokens / seconds:.0f} tokens/s, {len(wrong)} lost or mixed up", *wrong[:3])
process.terminate()
print("exit status", process.wait())
raise SystemExit(bool(wrong))
