"""LLaMA-Factory's own preprocessing, timed: rows per second of reading, "Converting format" and "Running tokenizer"; images
per second of the same and of its image processor alone.

    preprocess_reference.py DATASET_DIR DATASET MODEL TEMPLATE CUTOFF WORKERS RESULT.json

Start-up and imports are not counted.
"""
import json, os, resource, sys, tempfile, time

os.environ.update(DISABLE_VERSION_CHECK="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", WANDB_DISABLED="true",
                  TOKENIZERS_PARALLELISM="false")
folder, dataset, model, template, cutoff, workers, result = sys.argv[1:8]
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

model_args, data_args, training_args, _, _ = get_train_args(dict(
    model_name_or_path=model, stage="sft", do_train=True, finetuning_type="lora", dataset_dir=folder, dataset=dataset,
    media_dir=folder, template=template, cutoff_len=int(cutoff), preprocessing_num_workers=int(workers),
    output_dir=tempfile.mkdtemp(), report_to="none", overwrite_cache=True, use_cpu=True))
modules = load_tokenizer(model_args)
fitted = get_template_and_fix_tokenizer(modules["tokenizer"], data_args)
started = time.monotonic()
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
data = get_dataset(fitted, model_args, data_args, training_args, stage="sft", **modules)
os.dup2(out, 1)
seconds = time.monotonic() - started
rows = len(data["train_dataset"])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
row = dict(rows=rows, seconds=seconds, rows_per_second=rows / seconds, peak_rss_mb=peak / 1024)
if modules["processor"] is not None:  # images: of the map above, and of the image processor alone in as many processes
    paths = [p for r in json.load(open(f"{folder}/{dataset}.json")) for p in r.get("images") or []]
    row["images_per_second"] = len(paths) / seconds

    def process(number):
        import torch
        torch.set_num_threads(1)
        plugin = fitted.mm_plugin
        for path in paths[number::int(workers)]:
            plugin._get_mm_inputs([os.path.join(folder, path)], [], [], modules["processor"])

    import multiprocessing
    children = [multiprocessing.get_context("fork").Process(target=process, args=(k,)) for k in range(int(workers))]
    started = time.monotonic()
    [child.start() for child in children]
    [child.join() for child in children]
    assert all(child.exitcode == 0 for child in children)
    row["processor_images_per_second"] = len(paths) / (time.monotonic() - started)
json.dump(row, open(result, "w"))
