"""README.md of a base: docs/fusion.md, "card/1"."""

LETTERS = (  # inclusive: Latin, Greek, Cyrillic, Latin of Vietnamese, kana, Chinese, Hangul
    (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F), (0x386, 0x386), (0x388, 0x3FF), (0x400, 0x481), (0x48A, 0x52F),
    (0x1E00, 0x1EFF), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
)
MAX_POINTS = 64

FRONT = """---
library_name: transformers
pipeline_tag: feature-extraction
tags:
- coldmesh
- cold-fusion
- model-fusion
- feature-extraction
---
"""
INTRODUCTION = """
This directory is a *base* of a coldmesh network: one shared model that peers keep improving without sharing their data.
In each round, peers finetune the base on their own tasks, and the round's checkpoints are fused into the next base by
a fixed rule that every member of the network's committee recomputes before it votes.
The weights are the encoder alone; every task keeps its own head.
"""
STATED = """
Dataset, task, rows and licence are the contributors' own statements; nobody has checked them.

| contribution | author | checkpoint | dataset | task | rows | licence |
|---|---|---|---|---|---|---|
"""
END = """
## Verify

`lineage.cbor` beside this file names the parent, the inputs and the rule, with every signature of the round. So the CID
of this directory commits to the whole history, and anyone can check it, without trusting whoever served it:

    coldmesh verify <CID of this directory>

This checks every signature back to the genesis, fetches the inputs, fuses them again and compares the bytes. A CID can't
be written inside what it names: take it from where you got this directory, or compute it with `ipfs add` under the
profile unixfs-v1-2025.

## Use

    from transformers import AutoModel, AutoTokenizer
    model = AutoModel.from_pretrained("path/to/this/directory")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/directory")

Put a new head on top and finetune it on your task. Peers may have contributed any data: judge the base on your own task
before you rely on it.
"""


def escape(text):
    shown = "".join(escape_point(ord(each)) for each in text[:MAX_POINTS])
    return shown + "..." if len(text) > MAX_POINTS else shown


def escape_point(point):
    is_plain = point < 0x80 and (chr(point).isalnum() or chr(point) in " -")
    if is_plain or any(first <= point <= last for first, last in LETTERS):
        return chr(point)
    return f"&#{point};" if 0x21 <= point <= 0x7E else f"&#60;U+{point:04X}&#62;"


def render(network, name, round, lineage, rule, inputs, excluded):
    """The bytes of the card. `inputs` are contributions, `excluded` pairs of a contribution and a reason, in id order."""
    facts = (
        ("network (genesis)", f"`{network}`"), ("round", round), ("parent base", f"`{lineage['parent']}`"),
        ("weights (model.safetensors)", f"`{lineage['weights']}`"), ("fusion rule", f"`{rule}`"),
        ("contributions fused", len(inputs)),
    )
    out = f"{FRONT}\n# {escape(name)}, round {round}\n{INTRODUCTION}\n| | |\n|---|---|\n"
    out += "".join(f"| {what} | {value} |\n" for what, value in facts) + "\n## Contributions\n"
    out += (STATED + "".join(map(row, inputs))) if inputs else "\nNone: this round kept the weights of its parent.\n"
    if excluded:
        out += "\n## Left out\n\n| contribution | reason |\n|---|---|\n"
        out += "".join(f"| `{each.id}` | {escape(reason)} |\n" for each, reason in excluded)
    return (out + END).encode()


def row(contribution):
    dataset = contribution["dataset"]
    license = escape(dataset["license"]) if "license" in dataset else "not stated"
    named = f"`{contribution.id}` | `{contribution['author'].hex()}` | `{contribution['checkpoint']}`"
    return f"| {named} | {escape(dataset['name'])} | {escape(dataset['task'])} | {dataset['rows']} | {license} |\n"
