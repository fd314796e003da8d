"""Writes the data of the preprocessing benchmark: alpaca_en_demo repeated to N rows, a part of it, and rows with images.

    preprocess_data.py DATASET_DIR OUT_DIR ROWS PART
"""
import json, os, sys

source, out, rows, part = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
os.makedirs(out, exist_ok=True)
demo = json.load(open(f"{source}/alpaca_en_demo.json"))
big = (demo * (rows // len(demo) + 1))[:rows]
json.dump(big, open(f"{out}/big.json", "w"))
json.dump(big[:part], open(f"{out}/part.json", "w"))
images = json.load(open(f"{source}/mllm_demo.json")) * 60
json.dump(images, open(f"{out}/images.json", "w"))
entry = dict(json.load(open(f"{source}/dataset_info.json"))["mllm_demo"], file_name="images.json")
json.dump(dict(big=dict(file_name="big.json"), part=dict(file_name="part.json"), images=entry),
          open(f"{out}/dataset_info.json", "w"))
link = f"{out}/mllm_demo_data"
if not os.path.islink(link):
    os.symlink(os.path.abspath(f"{source}/mllm_demo_data"), link)
