"""Compares the losses of two runs step by step:   compare_states.py REFERENCE.json OURS.json [--tolerance 1e-4]

Both files are a trainer_state.json (or a trace.json of the fixtures). Loss and eval_loss must agree within the relative tolerance,
grad_norm within ten times that, learning_rate and epoch to 1e-9; steps and max_steps exactly. Needs only the standard library.
"""
import argparse, json, sys


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("reference"), p.add_argument("ours"), p.add_argument("--tolerance", type=float, default=1e-4)
    a = p.parse_args()
    reference, ours = (json.load(open(f)) for f in (a.reference, a.ours))
    limits = dict(loss=a.tolerance, eval_loss=a.tolerance, grad_norm=10 * a.tolerance, learning_rate=1e-9, epoch=1e-9)
    fine = reference["max_steps"] == ours["max_steps"]
    if not fine:
        print(f"max_steps: {reference['max_steps']} and {ours['max_steps']}")
    rows = [{(r["step"], "eval_loss" in r): r for r in s["log_history"] if "loss" in r or "eval_loss" in r}
            for s in (reference, ours)]
    if list(rows[0]) != list(rows[1]):
        print(f"logged (step, is evaluation): {list(rows[0])} and {list(rows[1])}")
        fine = False
    worst = dict.fromkeys(limits, 0.0)
    for key in rows[0].keys() & rows[1].keys():
        for name, limit in limits.items():
            if name not in rows[0][key]:
                continue
            x, y = rows[0][key][name], rows[1][key].get(name)
            if y is None:
                print(f"step {key[0]}: {name} is missing")
                fine = False
                continue
            relative = abs(x - y) / max(abs(x), 1e-12) if x != y else 0.0
            worst[name] = max(worst[name], relative)
            if relative > limit:
                print(f"step {key[0]}: {name} {x} and {y} differ by {relative:.2e}")
                fine = False
    print("largest relative differences:", ", ".join(f"{k} {v:.2e}" for k, v in worst.items()))
    print(f"{len(rows[0])} entries {'equal' if fine else 'DIFFERENT'}")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
