"""What the parity scripts share: loading a model as transformers does and running it on the ids of a JSON file.

IDS.json is a list of rows of token ids, or an object {"input_ids": [...], "image_grid_thw": [[t, h, w], ...]}: then all rows are
one batch of equal length and the pixels follow the formula of Tests/ModelsTests/Fixtures/MANIFEST.md.
"""
import json, os, sys
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText


def load(folder, dtype=torch.float32):
    """The model in `dtype`; fails where a weight is missing, unexpected or of another shape."""
    config = AutoConfig.from_pretrained(folder)
    cls = AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM
    model, info = cls.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    bad = {k: v for k, v in info.items() if v}
    if bad:
        raise SystemExit(f"{folder}: weights do not fit: {bad}")
    return model.eval()


def pixels(grids, size):
    i = torch.arange(sum(t * h * w for t, h, w in grids) * size, dtype=torch.int64)
    return (((31 * i * i + 7919 * i) % 2003).float() / 1001.5 - 1).reshape(-1, size)


@torch.no_grad()
def logits(model, path):
    """fp32 logits, one (length, vocabulary) tensor a row."""
    data = json.load(open(path))
    if isinstance(data, list):
        return [model(input_ids=torch.tensor([row])).logits[0].float() for row in data]
    ids, grids = torch.tensor(data["input_ids"]), data["image_grid_thw"]
    vision = model.config.vision_config
    size = 3 * vision.temporal_patch_size * vision.patch_size**2
    kinds = (ids == model.config.image_token_id).int()
    out = model(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=kinds, pixel_values=pixels(grids, size),
                image_grid_thw=torch.tensor(grids))
    return list(out.logits.float())


def report(name, ours, theirs, tolerance):
    """Prints the largest difference relative to the largest logit; True when within `tolerance`."""
    fine = len(ours) == len(theirs)
    for n, (a, b) in enumerate(zip(ours, theirs)):
        if a.shape != b.shape:
            print(f"{name} row {n}: shapes {tuple(a.shape)} and {tuple(b.shape)} differ")
            fine = False
            continue
        difference, scale = float((a - b).abs().max()), float(b.abs().max())
        same = difference <= tolerance * max(scale, 1.0)
        fine &= same
        print(f"{name} row {n}: largest difference {difference:.3e} of {scale:.3f} {'ok' if same else 'TOO LARGE'}")
    return fine


def finish(fine):
    print("equal" if fine else "DIFFERENT")
    sys.exit(0 if fine else 1)
