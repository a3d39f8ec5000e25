"""A second implementation of fusion, with numpy, written from docs/fusion.md alone.

    python3 fuse.py OUT BASE INPUT...               fuses files or directories into the file OUT
    python3 fuse.py --compare RESULT BASE INPUT...  fuses them again and compares with RESULT, byte for byte

Before these may come --rule RULE (else mean/1), --params JSON, and --rows N,N,... of the inputs.

A directory stands for the model.safetensors in it. INPUTs come in the order of their contribution ids; a late one is
INPUT@PARENT, where PARENT is the base that it was trained from.
Exit status: 0 done or equal, 1 refused or different, 2 wrong usage.
"""

import json
import os
import sys

import numpy as np

sys.dont_write_bytecode = True

from rules import BITS, EXPONENT as FUSED, Refused, Tensor, fuse_tensors, narrow, widen  # noqa: F401

MAX_DATA_START = 1 << 20
ITEM_BYTES = {
    "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}
COPIED = {"I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}


def read_file(path):
    if os.path.isdir(path):
        path = os.path.join(path, "model.safetensors")
    with open(path, "rb") as file:
        return file.read()


def parse_header(data):
    """(data start, [(name, dtype, begin, end)] by offset), offsets from the start of the file."""
    if len(data) < 8:
        raise Refused("too short for a header")
    start = 8 + int.from_bytes(data[:8], "little")
    if start > min(MAX_DATA_START, len(data)) or start % 8:
        raise Refused("header length out of range or not aligned")

    def unique(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise Refused("a name twice")
        return dict(pairs)

    header = json.loads(data[8:start].decode("utf-8"), object_pairs_hook=unique)
    header.pop("__metadata__", None)
    tensors = []
    for name, entry in header.items():
        if set(entry) != {"dtype", "shape", "data_offsets"}:
            raise Refused(f"{name}: fields")
        if entry["dtype"] not in ITEM_BYTES:
            raise Refused(f"{name}: dtype")
        begin, end = entry["data_offsets"]
        count = 1
        for size in entry["shape"]:
            count *= size
        if end - begin != count * ITEM_BYTES[entry["dtype"]]:
            raise Refused(f"{name}: size")
        tensors.append((name, entry["dtype"], start + begin, start + end))
    tensors.sort(key=lambda tensor: tensor[2])
    expected = start
    for name, _, begin, end in tensors:
        if begin != expected:
            raise Refused(f"{name}: hole or overlap")
        expected = end
    if expected != len(data):
        raise Refused("trailing or missing bytes")
    return start, tensors


def fuse(base, inputs, parents=(), rule="mean/1", params=None, rows=None, notes=None):
    """The fused file's bytes from files' bytes; parents[i] is the file that a late input i was trained from, else None.
    Raises Refused."""
    if not inputs:
        raise Refused("no input")
    parents = parents or [None] * len(inputs)
    start, tensors = parse_header(base)
    for index, data in enumerate(inputs):
        if data[:start] != base[:start]:
            raise Refused(f"input {index}: header differs")
        if len(data) != len(base):
            raise Refused(f"input {index}: length differs")
    out = bytearray(base)
    floats = []
    for name, dtype, begin, end in tensors:
        parts = [data[begin:end] for data in inputs]
        if dtype in COPIED:
            for index, part in enumerate(parts):
                if part != base[begin:end]:
                    raise Refused(f"input {index}: {name} differs from the base")
            continue
        if dtype not in FUSED:
            raise Refused(f"{name}: {dtype} is not fused")
        columns = [np.frombuffer(part, dtype=f"<u{ITEM_BYTES[dtype]}") for part in parts]
        exponent = FUSED[dtype]
        for index, bits in enumerate(columns):
            special = bits & exponent == exponent
            if special.any():
                raise Refused(f"input {index}: {name} is not finite at element {int(np.argmax(special))}")
        cut = lambda data: np.frombuffer(data[begin:end], dtype=f"<u{ITEM_BYTES[dtype]}")
        of_parents = [None if parent is None else cut(parent) for parent in parents]
        floats.append((begin, end, Tensor(name, dtype, cut(base), columns, of_parents)))
    tensors = [tensor for _, _, tensor in floats]
    for (begin, end, tensor), fused in zip(floats, fuse_tensors(rule, params or {}, tensors, len(inputs), rows, notes)):
        out[begin:end] = fused.astype(f"<u{ITEM_BYTES[tensor.dtype]}").tobytes()
    return bytes(out)


def first_difference(ours, theirs):
    """A sentence about the first byte that differs, or None."""
    if ours == theirs:
        return None
    if len(ours) != len(theirs):
        return f"lengths differ: {len(ours)} and {len(theirs)} bytes"
    at = int(np.argmax(np.frombuffer(ours, np.uint8) != np.frombuffer(theirs, np.uint8)))
    for name, dtype, begin, end in parse_header(ours)[1]:
        if begin <= at < end:
            size = ITEM_BYTES[dtype]
            first = begin + (at - begin) // size * size
            pair = ours[first:first + size][::-1].hex(), theirs[first:first + size][::-1].hex()
            return f"{name} differs at element {(at - begin) // size}: {pair[0]} here, {pair[1]} there"
    return f"headers differ at byte {at}"


def main(arguments):
    how = {"--rule": "mean/1", "--params": "{}", "--rows": ""}
    while len(arguments) > 1 and arguments[0] in how:
        how[arguments[0]] = arguments[1]
        arguments = arguments[2:]
    rows = [int(each) for each in how["--rows"].split(",")] if how["--rows"] else None
    compare = arguments[:1] == ["--compare"]
    paths = arguments[1:] if compare else arguments
    if len(paths) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        pairs = [path.partition("@") for path in paths[2:]]
        parents = [read_file(parent) if parent else None for _, _, parent in pairs]
        fused = fuse(
            read_file(paths[1]), [read_file(path) for path, _, _ in pairs], parents,
            how["--rule"], json.loads(how["--params"]), rows,
        )
    except Refused as reason:
        print(f"refused: {reason}", file=sys.stderr)
        return 1
    if compare:
        difference = first_difference(fused, read_file(paths[0]))
        print(difference or f"equal: {len(fused)} bytes")
        return 1 if difference else 0
    with open(paths[0], "wb") as file:
        file.write(fused)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
