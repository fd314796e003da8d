"""Runs `anneal train --dry-run` with an empty cache and watches it: rows per second, speed and resident memory on the way.

    preprocess_watch.py RESULT.json ROWS -- COMMAND ...

ANNEAL_CACHE must name an empty folder: the growing file in it tells how far the work is.
"""
import glob, json, os, subprocess, sys, time

result, rows, command = sys.argv[1], int(sys.argv[2]), sys.argv[4:]
cache = os.environ["ANNEAL_CACHE"]
started, samples = time.monotonic(), []
with open(result + ".log", "wb") as log:
    child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    while child.poll() is None:
        try:
            status = open(f"/proc/{child.pid}/status").read()
            rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
        except (IndexError, OSError):
            break
        files = glob.glob(f"{cache}/*.rows")
        samples.append((time.monotonic() - started, os.path.getsize(files[0]) if files else 0, rss))
        time.sleep(0.02)
    child.wait()
seconds = time.monotonic() - started
if child.returncode:
    sys.stderr.write(open(result + ".log", errors="replace").read()[-3000:])
    raise SystemExit(f"{command[0]} ended with {child.returncode}")
total = os.path.getsize(glob.glob(f"{cache}/*.rows")[0])


def at(share):
    """When that share was done, and the memory then."""
    return next(((t, rss) for t, size, rss in samples if size >= share * total), samples[-1][::2])


marks = {f"{int(share * 100)}%": at(share) for share in (0.1, 0.5, 1.0)}
json.dump(dict(
    rows=rows, seconds=seconds, rows_per_second=rows / seconds, peak_rss_mb=max(s[2] for s in samples),
    rss_mb={k: round(v[1], 1) for k, v in marks.items()}, cache_mb=total / 1e6,
    rows_per_second_first_half=0.4 * rows / (marks["50%"][0] - marks["10%"][0]),
    rows_per_second_second_half=0.5 * rows / (marks["100%"][0] - marks["50%"][0])), open(result, "w"))
