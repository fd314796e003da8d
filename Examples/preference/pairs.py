"""Pairs of the demo task for dpo: the right answer against the other one.   pairs.py DATA OUT COUNT"""
import json, os, sys

data, out, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.makedirs(out, exist_ok=True)
if not os.path.exists(f"{out}/images"):
    os.symlink(os.path.abspath(f"{data}/images"), f"{out}/images")
rows = []
for row in json.load(open(f"{data}/rules_train.json"))[:count]:
    *prompt, answer = row["messages"]
    other = "不满足要求" if answer["content"] == "满足要求" else "满足要求"
    rows.append(dict(messages=prompt, chosen=answer, rejected=dict(role="assistant", content=other), images=row["images"]))
json.dump(rows, open(f"{out}/rules_pairs.json", "w"), ensure_ascii=False)
roles = dict(role_tag="role", content_tag="content", user_tag="user", assistant_tag="assistant", system_tag="system")
columns = dict(messages="messages", chosen="chosen", rejected="rejected", images="images")
json.dump(dict(rules_pairs=dict(file_name="rules_pairs.json", formatting="sharegpt", ranking=True, columns=columns, tags=roles)),
          open(f"{out}/dataset_info.json", "w"), indent=1)
