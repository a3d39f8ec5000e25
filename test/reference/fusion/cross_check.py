"""Runs the Python reference against the TypeScript fusion on random and hostile checkpoints.

    python3 cross_check.py [--cases 120] [--seed 1]

Needs numpy, and node on the PATH or in node_modules. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

sys.dont_write_bytecode = True

import fuse
import make_vectors

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.abspath(os.path.join(HERE, "..", "..", ".."))

KINDS = ["weights", "bits", "subnormal", "huge", "ties", "zeros", "cancelling", "equal"]
FAULTS = ["nan", "infinity", "signalling nan", "header", "integer", "short", "long"]


def encode(tensors):
    """A safetensors file out of [(name, dtype, array)]."""
    header, offset = {}, 0
    for name, dtype, array in tensors:
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for _, _, array in tensors)


def floats(random, kind, count, base):
    if kind == "weights":
        return (base + random.standard_normal(count) * 1e-3).astype(np.float32)
    if kind == "bits":
        bits = random.integers(0, 2**32, count, dtype=np.uint32)
        bits[bits & 0x7F800000 == 0x7F800000] ^= 0x40000000
        return bits.view(np.float32)
    if kind == "subnormal":
        bits = random.integers(0, 40, count, dtype=np.uint32) | random.integers(0, 2, count, dtype=np.uint32) << 31
        return bits.astype(np.uint32).view(np.float32)
    if kind == "huge":
        return np.where(random.integers(0, 2, count) == 1, np.float32(3.4028235e38), np.float32(-3.4028233e38)).astype(np.float32)
    if kind == "ties":
        return (np.uint32(0x3F800000) + random.integers(0, 4, count, dtype=np.uint32)).view(np.float32)
    if kind == "zeros":
        return (random.integers(0, 2, count, dtype=np.uint32) << 31).astype(np.uint32).view(np.float32)
    if kind == "cancelling":
        return (random.choice([1e30, -1e30, 1.0, 1e-30, 3.0], count) * random.choice([1.0, 1.0000001], count)).astype(np.float32)
    return base


def spoil(random, fault, data):
    start, tensors = fuse.parse_header(data)
    data = bytearray(data)
    if fault in ("nan", "infinity", "signalling nan"):
        _, _, begin, end = [tensor for tensor in tensors if tensor[1] == "F32"][0]
        first, last = begin, end - 4
        at = [first, last, begin + 4 * int(random.integers(0, (end - begin) // 4))][int(random.integers(0, 3))]
        pattern = {"nan": 0x7FC00000, "infinity": 0xFF800000, "signalling nan": 0x7F800001}[fault]
        data[at:at + 4] = pattern.to_bytes(4, "little")
    elif fault == "header":
        data[start - 1] ^= 0x01
    elif fault == "integer":
        _, _, begin, end = [tensor for tensor in tensors if tensor[1] == "I64"][0]
        data[int(random.integers(begin, end))] ^= 0x10
    elif fault == "short":
        del data[-int(random.integers(1, 5)):]
    else:
        data += b"\0"
    return bytes(data)


def write_case(folder, random, index):
    """Writes one case; returns what the reference makes of it, or its refusal as an exception's text."""
    os.makedirs(folder)
    sizes = [int(random.integers(1, 5000)), int(random.integers(1, 70)), 1]
    if index % 10 == 0:
        sizes[0] = 300_000 + int(random.integers(0, 9))  # more than one window
    shapes = [(sizes[0],), (sizes[1], 3), ()]
    positions = np.arange(int(random.integers(1, 20)), dtype="<i8")
    base = [random.standard_normal(shape).astype(np.float32).reshape(shape) for shape in shapes]
    names = ["embeddings.weight", "layer.0.weight", "pooler.scale"]
    tensors = [("position_ids", "I64", positions), *zip(names, ["F32"] * 3, base)]
    files = [encode(tensors)]
    count = [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 23, 64][index % 12]
    kind = KINDS[index % len(KINDS)]
    for _ in range(count):
        made = [floats(random, kind, array.size, array.reshape(-1)).reshape(array.shape) for array in base]
        files.append(encode([tensors[0], *zip(names, ["F32"] * 3, made)]))
    if index % 4 == 3:
        victim = 1 + int(random.integers(0, count))
        files[victim] = spoil(random, FAULTS[index // 4 % len(FAULTS)], files[victim])
    for number, data in enumerate(files):
        name = "base" if number == 0 else f"{number - 1:02d}"
        with open(os.path.join(folder, f"{name}.safetensors"), "wb") as file:
            file.write(data)
    try:
        return fuse.fuse(files[0], files[1:])
    except fuse.Refused as reason:
        return str(reason)


def judge(folder, expected):
    """None when both agree, else a sentence."""
    ours, refusal = os.path.join(folder, "ours.safetensors"), os.path.join(folder, "refused.txt")
    if isinstance(expected, str):
        return None if os.path.exists(refusal) else f"the reference refuses ({expected}), the TypeScript side does not"
    if not os.path.exists(ours):
        return f"the TypeScript side refuses: {open(refusal, encoding='utf-8').read().strip()}"
    with open(ours, "rb") as file:
        return fuse.first_difference(expected, file.read())


def check_vectors():
    """The frozen vectors against numpy, case by case."""
    with open(make_vectors.FROZEN, encoding="ascii") as file:
        frozen = file.read()
    yield "the frozen vectors are what make_vectors.py writes", None if frozen == make_vectors.render() else "they differ"
    for case in json.loads(frozen)["cases"]:
        columns = [np.array([int(item, 16) for item in row], dtype=np.uint32).view(np.float32) for row in case["inputs"]]
        output = [f"{item:08x}" for item in fuse.mean(columns).view(np.uint32)]
        yield f"vector: {case['title']}", None if output == case["output"] else f"numpy gives {output}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results = list(check_vectors())
    random = np.random.default_rng(options.seed)
    root = tempfile.mkdtemp(prefix="coldmesh-fusion-")
    try:
        folders = [os.path.join(root, f"{index:04d}") for index in range(options.cases)]
        expected = [write_case(folder, random, index) for index, folder in enumerate(folders)]
        path = os.path.join(REPOSITORY, "node_modules", ".bin") + os.pathsep + os.environ.get("PATH", "")
        command = [shutil.which("node", path=path) or "node", os.path.join(HERE, "fuse-cases.ts"), root]
        subprocess.run(command, check=True, env={**os.environ, "PATH": path})
        results += [(f"case {index}", judge(folder, made)) for index, (folder, made) in enumerate(zip(folders, expected))]
    finally:
        shutil.rmtree(root)
    failures = [(title, problem) for title, problem in results if problem]
    for title, problem in failures:
        print(f"{title}: {problem}", file=sys.stderr)
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
