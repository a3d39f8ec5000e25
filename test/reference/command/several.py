"""Several processes by torchrun: what one does on the whole batch."""

import json
import subprocess
import sys

import torch
from inputs import batches_of
from support import ENGINE, FLAGS, REPOSITORY, ROWS, SCRIPT, SET_LABELS, SETS, WEIGHT, check, coldmesh, farthest, load_file, read_rows, run, train, work_of, write_head, write_table

# What `torchrun` is; without a port, so that several can run on one machine. That of torch 1 can't leave all streams alone on Python 3.11.
STREAMS = ["--redirects", "1:1", "--tee", "1:1"] if torch.__version__.startswith("1.") else []


def torchrun(scratch):
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", *STREAMS, "--log_dir", str(scratch / "logs")]


def check_shares(scratch):
    """Uneven shares, weighted, add up to the loss of the whole: rows for a head, tokens for a text."""
    options = type("Options", (), {"lora_rank": 0})
    for kind in ("bert", "t5"):
        plan = work_of(scratch / f"shares-{kind}", scratch / kind, task="multi-label", rows=SETS, labels=SET_LABELS)
        model, _ = train.open_model(plan, options, SETS)
        rows = SETS[:7]
        with torch.no_grad():
            parts = sum(float(model.loss(share)) * model.weight(share) / model.weight(rows) for share in (rows[0::2], rows[1::2]))
            whole = float(model.loss(rows))
        check(f"shares, {kind}: add up to the batch", abs(parts - whole) < 1e-5, f"{parts} {whole}")


def check_batches(_):
    lengths = [5, 40] * 80
    batches = batches_of(lengths, 10, 1)
    epoch, other = ([next(batches) for _ in range(16)] for _ in range(2))
    check("batches: have every row once an epoch", all(sorted(row for batch in each for row in batch) == list(range(160)) for each in (epoch, other)))
    check("batches: and rows of like length together", all(len({lengths[row] for row in batch}) == 1 for batch in epoch), str(epoch[:2]))
    check("batches: in another order the next time", other != epoch)


def check_launchers(scratch):
    head = write_head(scratch / "several.safetensors")
    plan = {"batch": 25, "accumulation": 2, "steps": 3, "evaluateEvery": 1}
    works = [scratch / "alone", scratch / "both"]
    for work in works:
        work_of(work, scratch / "bert", head=head, plan=plan)
    said = []
    alone, found = run(works[0], tell=lambda self, text: said.append(json.loads(text)))
    done = subprocess.run([*torchrun(scratch), str(SCRIPT), *FLAGS, str(works[1])], capture_output=True, text=True, timeout=180)
    check("torchrun: two processes end well", done.returncode == 0, done.stderr[-2_000:])
    both = load_file(str(works[1] / "out" / "model.safetensors"))
    far = farthest(alone, both)
    check("torchrun: uneven shares of accumulated batches give the weights of one process", far < WEIGHT, str(far))
    check("torchrun: and its predictions, before and after", found == read_rows(works[1] / "out" / "predictions.jsonl") and (works[1] / "out" / "before.jsonl").exists())
    told = [json.loads(line) for line in done.stdout.splitlines()]
    check("torchrun: the device is both, and the first process alone speaks", told[0] == {"event": "device", "device": "cpu x2"} and [each["event"] for each in told].count("evaluated") == 3, str(told))
    mine, other = ([each["loss"] for each in events if each["event"] == "progress"] for events in (said, told))
    check("torchrun: the loss that is told is that of the whole batch", max(abs(a - b) for a, b in zip(mine, other)) < 1e-4, f"{mine} {other}")

    data = write_table(scratch / "several.csv", ROWS)
    engine = ENGINE.replace(f'"{sys.executable}"', " ".join(f'"{word}"' for word in torchrun(scratch)), 1)
    base = REPOSITORY / "examples" / "data" / "base" / "model"
    trained, events = coldmesh("train", "--base", base, "--data", data, "--engine", engine, "--max-tokens", 16, "--steps", 4, "--batch", 16, "--out", scratch / "several-out")
    check("torchrun: through coldmesh, on the base that ships", trained["device"] == "cpu x2" and trained["steps"] == 4, str(trained))
