"""A second implementation of mean/1, with numpy, written from docs/fusion.md alone.

    python3 fuse.py OUT BASE INPUT...               fuses files or directories into the file OUT
    python3 fuse.py --compare RESULT BASE INPUT...  fuses them again and compares with RESULT, byte for byte

A directory stands for the model.safetensors in it. INPUTs come in the order of their contribution ids; a late one is
INPUT@PARENT, where PARENT is the base that it was trained from.
Exit status: 0 done or equal, 1 refused or different, 2 wrong usage.
"""

import json
import os
import sys

import numpy as np

MAX_DATA_START = 1 << 20
ITEM_BYTES = {
    "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}
FUSED = {"F32": 0x7F800000, "BF16": 0x7F80, "F16": 0x7C00}  # the exponent of each
COPIED = {"I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}


class Refused(Exception):
    """The bytes are no acceptable checkpoint; the message says why."""


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


def widen(dtype, bits):
    """The values of elements given as bits, in f64: exactly."""
    if dtype == "BF16":
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return bits.view(np.float32 if dtype == "F32" else np.float16).astype(np.float64)


def narrow(dtype, values):
    """f64 values rounded once, to nearest, ties to even; as bits."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        if dtype == "F32":
            return values.astype(np.float32).view(np.uint32)
        if dtype == "F16":
            return values.astype(np.float16).view(np.uint16)
        # the distance of neighbouring BF16 values is a power of two: dividing by it and multiplying with it are exact
        unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)
        return ((np.rint(values / unit) * unit).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def rebase(dtype, base, bits, parent):
    """What a late input stands for: base + (input - parent) in f64, first the difference, then the sum."""
    return widen(dtype, base) + (widen(dtype, bits) - widen(dtype, parent))


def mean(dtype, inputs, base=None, parents=()):
    """mean/1 of equally long arrays of bits: f64 sum from +0 in order, one f64 division, one rounding, -0 to +0."""
    total = np.zeros(len(inputs[0]), dtype=np.float64)
    for index, bits in enumerate(inputs):
        parent = parents[index] if parents else None
        total = total + (widen(dtype, bits) if parent is None else rebase(dtype, base, bits, parent))
    fused = narrow(dtype, total / np.float64(len(inputs)))
    fused[fused == 1 << (8 * ITEM_BYTES[dtype] - 1)] = 0
    return fused


def fuse(base, inputs, parents=()):
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
        of_base = cut(base)
        of_parents = [None if parent is None else cut(parent) for parent in parents]
        for index, parent in enumerate(of_parents):
            if parent is None:
                continue
            rebased = narrow(dtype, rebase(dtype, of_base, columns[index], parent))
            if (rebased & exponent == exponent).any():
                raise Refused(f"input {index}: {name}, rebased, is not finite")
        fused = mean(dtype, columns, of_base, of_parents)
        if (fused & exponent == exponent).any():
            raise Refused(f"{name}: the result is not finite")
        out[begin:end] = fused.astype(f"<u{ITEM_BYTES[dtype]}").tobytes()
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
    compare = arguments[:1] == ["--compare"]
    paths = arguments[1:] if compare else arguments
    if len(paths) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        pairs = [path.partition("@") for path in paths[2:]]
        parents = [read_file(parent) if parent else None for _, _, parent in pairs]
        fused = fuse(read_file(paths[1]), [read_file(path) for path, _, _ in pairs], parents)
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
