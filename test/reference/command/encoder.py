"""Encoders beside ONNX Runtime, and every kind of task and plan."""

import concurrent.futures
import json

import torch
import transformers
from metrics import score
from safetensors.torch import load_file
from support import ENGINE, LOSS, NUMBERS, ROWS, SET_LABELS, SETS, WEIGHT, accuracy, ask, changed, check, coldmesh, copy_base, farthest, load, make_model, run, unsupported_by, work_of, write_head, write_table


def check_engines(scratch):
    base = scratch / "bert"
    data = write_table(scratch / "rows.csv", ROWS)
    head = write_head(scratch / "start.safetensors")
    # every batch is all rows, so that both engines see the same one
    common = ["--base", base, "--data", data, "--head", head, "--batch", 64, "--steps", 5, "--max-tokens", 16, "--evaluate-every", 1, "--patience", 0, "--threads", 1, "--snapshot-every", 0, "--learning-rate", 0.002, "--metric", "matthews"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(coldmesh, "train", *common, "--engine", engine, "--out", scratch / name) for engine, name in (("onnx", "ours"), (ENGINE, "theirs"))]
    (ours, events), (theirs, said) = (run.result() for run in runs)
    mine, other = ([event["loss"] for event in each if "validation" in event] for each in (events, said))
    far = max(abs(a - b) for a, b in zip(mine, other))
    check("BERT: the losses of five steps are ONNX Runtime's", len(mine) == len(other) == 5 and far < LOSS, f"{mine} {other}")
    check("BERT: they fall", other[-1] < other[0], str(other))
    mine, other = ([event["validation"] for event in each if "validation" in event] for each in (events, said))
    far = max(abs(a["score"] - b["score"]) for a, b in zip(mine, other))
    check("BERT: each evaluation has ONNX Runtime's score by the plan's metric", far < 1e-6 and {each["metric"] for each in other} == {"matthews"}, f"{mine} {other}")
    pair = [load_file(str(scratch / name / "model.safetensors")) for name in ("ours", "theirs")]
    far = farthest(*pair)
    check("BERT: and so are the weights", pair[0].keys() == pair[1].keys() and far < WEIGHT, str(far))
    check("BERT: and the scores, before and after", ours["validation"] == theirs["validation"] and ours["validation"]["before"] is not None, f"{ours} {theirs}")
    _, problems = load(scratch / "theirs", transformers.AutoModel)
    check("BERT: transformers loads what came out", not problems, str(problems))
    crossed, _ = coldmesh("eval", "--base", scratch / "theirs", "--head", scratch / "theirs" / "head.safetensors", "--data", data, "--max-tokens", 16, "--engine", "onnx", "--threads", 1)
    found = ask(scratch / "asked", scratch / "theirs", head=scratch / "theirs" / "head.safetensors")
    check("BERT: a head of the script's means the same to ONNX Runtime", crossed["score"] == accuracy(found, ROWS), str(crossed))


def check_variants(scratch):
    base = scratch / "bert"
    before = load_file(str(base / "model.safetensors"))
    work_of(scratch / "frozen", base, plan={"mode": "frozen"})
    after, _ = run(scratch / "frozen")
    check("frozen: a head and no body", after is None and (scratch / "frozen" / "out" / "head.safetensors").exists())
    work_of(scratch / "freeze", base, plan={"freeze": 1})
    after, _ = run(scratch / "freeze")
    low = {name for name in before if name.startswith(("embeddings.", "encoder.layer.0."))}
    check("freeze: embeddings and low layers stay, all others learn", changed(before, after) == set(before) - low, str(changed(before, after) ^ (set(before) - low)))
    work_of(scratch / "freeze-too-many", base, plan={"freeze": 3})
    check("freeze: more layers than there are is an error", "the model has 2" in error_of(scratch / "freeze-too-many"))

    work_of(scratch / "multi", base, task="multi-label", rows=SETS, labels=SET_LABELS, plan={"steps": 60})
    _, found = run(scratch / "multi")
    check("multi-label: learns", score_of("multi-label", found, SETS, SET_LABELS) > 0.6, str(found[:4]))
    work_of(scratch / "numbers", base, task="regression", rows=NUMBERS, labels=[], plan={"steps": 60})
    _, found = run(scratch / "numbers")
    check("regression: learns numbers in their own unit", score_of("regression", found, NUMBERS, []) > 0.6 and 90 < sum(found) / len(found) < 150, str(found[:4]))
    again = ask(scratch / "again", base, NUMBERS, head=scratch / "numbers" / "out" / "head.safetensors", task="regression", labels=[])
    check("regression: its head is in that unit", 90 < sum(again) / len(again) < 150)

    other = make_model(scratch / "distilbert", "distilbert")
    work_of(scratch / "no-pooler", other)
    after, _ = run(scratch / "no-pooler")
    before = load_file(str(other / "model.safetensors"))
    check("DistilBERT: every tensor learns by its own name, sinusoidal positions stay", changed(before, after) == set(before) - {"embeddings.position_embeddings.weight"}, str(set(before) - changed(before, after)))

    work_of(scratch / "parts", base, head=write_head(scratch / "parts.safetensors"), plan={"batch": 64, "accumulation": 3})
    work_of(scratch / "at-once", base, head=scratch / "parts.safetensors", plan={"batch": 64})
    said = {"parts": [], "at-once": []}
    parts, at_once = (run(scratch / name, tell=lambda self, text: told.append(json.loads(text)))[0] for name, told in said.items())
    losses = [[event["loss"] for event in told if event["event"] == "progress"][-1] for told in said.values()]
    far = farthest(parts, at_once)
    check("accumulation: thrice the same batch is a step with that batch", far < WEIGHT and abs(losses[0] - losses[1]) < LOSS, f"{far} {losses}")
    half = copy_base(base, load_file(str(base / "model.safetensors")), scratch / "half", {"torch_dtype": "bfloat16", "dtype": "bfloat16"})
    work_of(scratch / "of-halves", half, head=scratch / "parts.safetensors", plan={"batch": 64})
    check("a base whose config says BF16 is trained in F32", farthest(run(scratch / "of-halves")[0], at_once) == 0)
    stored = {name: tensor.bfloat16() for name, tensor in load_file(str(base / "model.safetensors")).items()}
    half = copy_base(base, stored, scratch / "bf16", {"torch_dtype": "bfloat16", "dtype": "bfloat16"})
    coldmesh("train", "--base", half, "--data", write_table(scratch / "half.csv", ROWS), "--engine", ENGINE, "--max-tokens", 16, "--steps", 4, "--out", scratch / "bf16-out")
    after = load_file(str(scratch / "bf16-out" / "model.safetensors"))
    check("a BF16 base is trained, and comes out in BF16", len(changed(stored, after)) > 30 and {tensor.dtype for tensor in after.values()} == {torch.bfloat16}, str(after.keys()))
    work_of(scratch / "strange", base, plan={"metric": "bleu"})
    check("a metric that is not known is unsupported", unsupported_by(scratch / "strange"))


def error_of(folder):
    try:
        run(folder)
    except SystemExit as end:
        return str(end)
    return ""


def score_of(task, found, rows, labels):
    return score({"task": task, "labels": labels, "plan": {}}, found, [row["label"] for row in rows])
