"""Writes test/vectors/fusion/RULE.v1.json of every rule but mean/1 alone: what rules.py makes of a few tensors.

    python3 make_rule_vectors.py [FOLDER]

A case has tensors of several types, which one rule fuses together: norms and kept elements are of all of them. Elements are
bits in big-endian hex, norms too. The files are frozen: running this again gives the same bytes.
"""

import os
import sys

import numpy as np

sys.dont_write_bytecode = True

import make_vectors
import rules

ONE = 10**9
DTYPES = ("F32", "BF16", "F16")
WIDTH = {"F32": 8, "BF16": 4, "F16": 4}
LENGTH = 4

# By file: the rule, and titles with parameters. A trim of 0 stands for as many as the inputs allow.
CASES = {
    "mean-step": ("mean/1", [("half a step", {"step": ONE // 2}), ("the least step", {"step": 1}), ("nearly all", {"step": ONE - 1})]),
    "weighted-mean": ("weighted-mean/1", [("rows up to a thousand", {"maxRows": 1000}), ("one row each", {"maxRows": 1}), ("all rows, a step", {"maxRows": ONE, "step": 333_333_333})]),
    "clipped-mean": ("clipped-mean/1", [("", {}), ("a step", {"step": 700_000_000})]),
    "trimmed-mean": ("trimmed-mean/1", [("one at each end", {"trim": 1}), ("as many as may be, a step", {"trim": 0, "step": ONE // 10})]),
    "median": ("median/1", [("", {}), ("a step", {"step": 900_000_000})]),
    "ties": ("ties/1", [("a fifth", {"density": ONE // 5}), ("all", {"density": ONE}), ("one element", {"density": 1}), ("scale and step", {"density": 432_100_000, "scale": ONE // 3, "step": ONE // 4})]),
}
COUNTS = (1, 2, 3, 4, 7, 8, 64)


def words(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 32


def pattern(dtype, kind, word):
    """A finite element by its bits."""
    bits = 8 * (4 if dtype == "F32" else 2)
    exponent = rules.EXPONENT[dtype]
    sign = (word >> 31) << (bits - 1)
    if kind == "every size":
        made = word if dtype == "F32" else word & 0xFFFF
        return made ^ 1 << (bits - 2) if made & exponent == exponent else made
    if kind == "huge":
        return sign | exponent - 1 - (word & 3)
    if kind == "tiny":
        return sign | word & 7
    if kind == "equal sizes":
        one = int(rules.narrow(dtype, np.ones(1))[0])
        return sign | one + (word >> 8 & 1)
    # "weights": near a value, as finetuned ones are
    one = int(rules.narrow(dtype, np.full(1, 0.03))[0])
    return sign | one + (word & (0xFFFFF if dtype == "F32" else 0x3F))


KINDS = ("weights", "every size", "huge", "tiny", "equal sizes")


def rows_of(source, dtype, kind, count):
    return [[pattern(dtype, kind, next(source)) for _ in range(LENGTH)] for _ in range(count)]


def make_case(rule, title, params, count, kind, late, seed):
    source = words(seed)
    params = dict(params)
    if params.get("trim") == 0:
        params["trim"] = (count - 1) // 2
    stated = [1 + next(source) % 3000 for _ in range(count)] if rule == "weighted-mean/1" else None
    tensors, raw = [], []
    for dtype in DTYPES:
        array = lambda row: np.array(row, dtype=rules.BITS[dtype])
        # a late input of huge values would leave the type
        own = "weights" if late and kind in ("huge", "every size") else kind
        base = rows_of(source, dtype, own, 1)[0]
        inputs = rows_of(source, dtype, own, count)
        parents = [rows_of(source, dtype, own, 1)[0] if late and i % 2 == 0 else None for i in range(count)]
        raw.append((dtype, base, inputs, parents))
        of_parents = [row and array(row) for row in parents]
        tensors.append(rules.Tensor(dtype, dtype, array(base), [array(row) for row in inputs], of_parents))
    notes = {}
    fused = rules.fuse_tensors(rule, params, tensors, count, stated, notes)
    made = {"title": ", ".join(part for part in (f"{count} input{'s' if count > 1 else ''}", kind, "late" if late else "", title) if part), "params": params}
    if stated:
        made["rows"] = stated
    made.update(notes)
    made["tensors"] = []
    for (dtype, base, inputs, parents), out in zip(raw, fused):
        text = lambda row: row and " ".join(f"{int(each):0{WIDTH[dtype]}x}" for each in row)
        made["tensors"].append({
            "dtype": dtype, "base": text(base), "inputs": [text(row) for row in inputs],
            **({"parents": [text(row) for row in parents]} if late else {}), "output": text(list(out)),
        })
    return made


# Of the smallest element sizes that show it, by hand: a division that a product with the reciprocal would miss, and sums
# whose order counts. 2^60 beside them makes all norms equal in f64, so that nothing is clipped.
SPECIAL = {
    "one division": [0x3EB6F972, *[0x3FB6F971] * 47, 0x40201A4F],
    "the order of the sum": [0x7E967699, 0xFE967699, 0x3F800000],
    "the other order of the sum": [0x3F800000, 0x7E967699, 0xFE967699],
}
# On a base of -2^60, whose differences are near 2^60 and cancel it: their rounding shows in the result.
TIES_SPECIAL = {
    "the order of the merge": ([0xC62C0000, 0x45400000, 0x46400000, 0x46280000, 0x46140000], {"density": ONE}),
    "the mean first, then the scale": ([0x5EC00000, 0x501A9E6B, 0xC7C5BAD0], {"density": ONE, "scale": 333_333_333}),
}
SPECIAL_PARAMS = {"trimmed-mean/1": {"trim": 1}, "ties/1": {"density": ONE}, "weighted-mean/1": {"maxRows": 1}, "mean/1": {"step": ONE // 2}}


def ties_case(title):
    column, params = TIES_SPECIAL[title]
    array = lambda row: np.array(row, dtype=np.uint32)
    base = [0xDD800000]
    tensor = rules.Tensor("F32", "F32", array(base), [array([item]) for item in column], [None] * len(column))
    (out,) = rules.fuse_tensors("ties/1", params, [tensor], len(column), None)
    text = lambda item: f"{int(item):08x}"
    tensors = [{"dtype": "F32", "base": text(base[0]), "inputs": [text(item) for item in column], "output": text(out[0])}]
    return {"title": title, "params": params, "tensors": tensors}


def special_case(rule, title):
    column = SPECIAL[title]
    if rule == "trimmed-mean/1":
        column = [0xFF7FFFFF, *column, 0x7F7FFFFF]  # dropped
    large = 0x7F7FFFFF if title != "one division" else 0x5D800000
    rows = [[item, large if rule == "clipped-mean/1" else 0] for item in column]
    array = lambda row: np.array(row, dtype=np.uint32)
    tensor = rules.Tensor("F32", "F32", array([0, 0]), [array(row) for row in rows], [None] * len(rows))
    params, stated, notes = SPECIAL_PARAMS.get(rule, {}), [1] * len(rows), {}
    (out,) = rules.fuse_tensors(rule, params, [tensor], len(rows), stated, notes)
    text = lambda row: " ".join(f"{int(item):08x}" for item in row)
    tensors = [{"dtype": "F32", "base": text([0, 0]), "inputs": [text(row) for row in rows], "output": text(out)}]
    return {"title": title, "params": params, **({"rows": stated} if rule == "weighted-mean/1" else {}), **notes, "tensors": tensors}


def document(name):
    rule, variants = CASES[name]
    made = [special_case(rule, title) for title in SPECIAL]
    made += [ties_case(title) for title in TIES_SPECIAL] if rule == "ties/1" else []
    for at, count in enumerate(COUNTS):
        for title, params in variants:
            if "trim" in params and count <= 2 * max(1, params["trim"]):
                continue
            for kind in KINDS if count < 64 else KINDS[:2]:
                late = (at + len(made)) % 3 == 0
                made.append(make_case(rule, title, params, count, kind, late, 1000 * count + len(made)))
    return make_vectors.render({"rule": rule, "encoding": "bits of each element, big-endian hex", "cases": made}, {"cases"})


def files():
    """{name: text} of all frozen files."""
    return {f"{name}.v1.json": document(name) for name in CASES}


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else make_vectors.FROZEN
    for name, text in files().items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
