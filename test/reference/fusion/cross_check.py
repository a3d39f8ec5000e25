"""Runs the Python reference against the TypeScript fusion on random and hostile checkpoints.

    python3 cross_check.py [--cases 120] [--seed 1]

Needs numpy, and node on the PATH or in node_modules. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

sys.dont_write_bytecode = True

import fuse
import halves
from hostile import KINDS, MAKERS, MILD
import make_rule_vectors
import make_vectors

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.abspath(os.path.join(HERE, "..", "..", ".."))

# wider elements first, as the layout wants it
DTYPES = [("F32",) * 3, ("BF16",) * 3, ("F16",) * 3, ("F32", "BF16", "F16"), ("F32", "F16", "BF16")]
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


def spoil(random, fault, data):
    start, tensors = fuse.parse_header(data)
    data = bytearray(data)
    if fault in ("nan", "infinity", "signalling nan"):
        of_floats = [tensor for tensor in tensors if tensor[1] in fuse.FUSED]
        _, dtype, begin, end = of_floats[int(random.integers(0, len(of_floats)))]
        size = fuse.ITEM_BYTES[dtype]
        at = [begin, end - size, begin + size * int(random.integers(0, (end - begin) // size))][int(random.integers(0, 3))]
        exponent = fuse.FUSED[dtype]
        sign = 1 << (8 * size - 1)
        pattern = {"nan": exponent | exponent >> 1, "infinity": exponent | sign, "signalling nan": exponent | 1}[fault]
        data[at:at + size] = pattern.to_bytes(size, "little")
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


def rule_of(random, index, count):
    """A rule with parameters that `count` inputs allow, and rows."""
    rule = ["clipped-mean/1", "ties/1", "trimmed-mean/1", "median/1", "weighted-mean/1", "mean/1"][index % 6]
    params, rows = {}, None
    if rule == "trimmed-mean/1":
        if count < 3:
            rule = "median/1"
        else:
            params["trim"] = int(random.integers(1, (count + 1) // 2))
    if rule == "ties/1":
        params["density"] = int(random.choice([10**9, 2 * 10**8, 1, int(random.integers(1, 10**9))]))
        if random.integers(0, 2):
            params["scale"] = int(random.integers(1, 10**9 + 1))
    if rule == "weighted-mean/1":
        params["maxRows"] = int(random.choice([1, 1000, 10**9]))
        rows = [int(10 ** random.uniform(0, 12)) for _ in range(count)]
    if rule == "mean/1" or random.integers(0, 3) == 0:
        params["step"] = int(random.choice([1, 5 * 10**8, 10**9 - 1, int(random.integers(1, 10**9))]))
    return {"rule": rule, "params": params, **({"rows": rows} if rows else {})}


def write_case(folder, random, index, late, any_rule=False):
    """Writes one case; returns what the reference makes of it, or its refusal as an exception's text.
    late: some inputs were trained from an older base."""
    os.makedirs(folder)
    sizes = [int(random.integers(1, 5000)), int(random.integers(1, 70)), 1]
    if index % (25 if any_rule else 10) == 0:
        sizes[0] = 300_000 + int(random.integers(0, 9))  # more than one window
    shapes = [(sizes[0],), (sizes[1], 3), ()]
    positions = np.arange(int(random.integers(1, 20)), dtype="<i8")
    names = ["embeddings.weight", "layer.0.weight", "pooler.scale"]
    dtypes = DTYPES[index % len(DTYPES)]
    base = [
        fuse.narrow(dtype, random.standard_normal(int(np.prod(shape)))).astype(fuse.BITS[dtype])
        for dtype, shape in zip(dtypes, shapes)
    ]
    body = lambda arrays: [(name, dtype, array.reshape(shape)) for name, dtype, array, shape in zip(names, dtypes, arrays, shapes)]
    tensors = [("position_ids", "I64", positions), *body(base)]
    files = [encode(tensors)]
    count = [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 23, 64][index % 12]
    kinds = MILD if any_rule and late and random.integers(0, 5) else KINDS
    if any_rule and index % 25 == 0:
        kinds = ["weights"]  # the large ones: norms and kept elements that depend on every element
    make = MAKERS[kinds[int(random.integers(0, len(kinds))) if any_rule else index // 3 % len(kinds)]]
    if any_rule:
        count = int(random.integers(1, 65)) if index % 5 == 0 else int(random.integers(1, 12))
    for _ in range(count):
        files.append(encode([tensors[0], *body([make(random, dtype, array) for dtype, array in zip(dtypes, base)])]))
    if random.integers(0, 8) == 0 and index % 25 if any_rule else index % 4 == 3:
        victim = 1 + int(random.integers(0, count))
        files[victim] = spoil(random, FAULTS[index // 4 % len(FAULTS)], files[victim])
    parents = [None] * count
    if late:
        # the base is as hostile as the inputs: values near the largest leave the type's range when they are rebased
        files[0] = encode([tensors[0], *body([make(random, dtype, array) for dtype, array in zip(dtypes, base)])])
        for number in range(count):
            if random.integers(0, 2) == 1 or number == 0:
                older = MAKERS[kinds[int(random.integers(0, len(kinds)))]]
                arrays = [older(random, dtype, array) for dtype, array in zip(dtypes, base)]
                parents[number] = encode([tensors[0], *body(arrays)])
                with open(os.path.join(folder, f"{number:02d}.parent"), "wb") as file:
                    file.write(parents[number])
    for number, data in enumerate(files):
        name = "base" if number == 0 else f"{number - 1:02d}"
        with open(os.path.join(folder, f"{name}.safetensors"), "wb") as file:
            file.write(data)
    how = rule_of(random, index, count) if any_rule else {"rule": "mean/1", "params": {}}
    with open(os.path.join(folder, "rule.json"), "w", encoding="ascii") as file:
        json.dump(how, file)
    notes = {}
    try:
        made = fuse.fuse(files[0], files[1:], parents, **how, notes=notes)
        with open(os.path.join(folder, "expected-clipping.json"), "w", encoding="ascii") as file:
            json.dump(notes or None, file)
        return made
    except fuse.Refused as reason:
        return str(reason)


def judge(folder, expected):
    """None when both agree, else a sentence."""
    ours, refusal = os.path.join(folder, "ours.safetensors"), os.path.join(folder, "refused.txt")
    if isinstance(expected, str):
        return None if os.path.exists(refusal) else f"the reference refuses ({expected}), the TypeScript side does not"
    if not os.path.exists(ours):
        return f"the TypeScript side refuses: {open(refusal, encoding='utf-8').read().strip()}"
    clippings = [os.path.join(folder, name) for name in ("expected-clipping.json", "clipping.json")]
    theirs, found = [json.load(open(path, encoding="ascii")) for path in clippings]
    if theirs != found:
        return f"factors and norms differ: {theirs} here, {found} there"
    with open(ours, "rb") as file:
        return fuse.first_difference(expected, file.read())


def described(folder):
    with open(os.path.join(folder, "rule.json"), encoding="ascii") as file:
        how = json.load(file)
    return f"{how['rule']} {how['params']}"


def check_vectors():
    """The frozen vectors against numpy, case by case."""
    for name, text in make_vectors.files().items():
        with open(os.path.join(make_vectors.FROZEN, name), encoding="ascii") as file:
            yield f"{name} is what make_vectors.py writes", None if file.read() == text else "it differs"
        frozen = json.loads(text)
        dtype = frozen["dtype"]
        for case in frozen.get("cases", []):
            array = lambda row: row and np.array([int(item, 16) for item in row], dtype=fuse.BITS[dtype])
            columns = [array(row) for row in case["inputs"]]
            late = (array(case["base"]), [array(row) for row in case["parents"]]) if "parents" in case else ()
            base, parents = late or (np.zeros_like(columns[0]), [None] * len(columns))
            tensor = fuse.Tensor("w", dtype, base, columns, parents)
            (fused,) = fuse.fuse_tensors("mean/1", {}, [tensor], len(columns), None)
            output = [f"{item:0{2 * columns[0].itemsize}x}" for item in fused]
            yield f"{name}: {case['title']}", None if output == case["output"] else f"numpy gives {output}"
    for name, text in make_rule_vectors.files().items():
        with open(os.path.join(make_vectors.FROZEN, name), encoding="ascii") as file:
            yield f"{name} is what make_rule_vectors.py writes", None if file.read() == text else "it differs"
    for dtype in halves.FORMATS:
        yield from check_halves(dtype)


def check_halves(dtype):
    """The vectors' oracle, exact fractions, against numpy: all patterns, all ties, random doubles."""
    patterns = np.arange(1 << 16, dtype=np.uint16)
    finite = patterns[patterns & fuse.FUSED[dtype] != fuse.FUSED[dtype]]
    values = fuse.widen(dtype, finite)
    exact = [float(halves.exact(dtype, int(pattern))) for pattern in finite]
    yield f"{dtype}: numpy widens every finite pattern to its exact value", None if values.tolist() == exact else "it does not"
    again = fuse.narrow(dtype, values)
    yield f"{dtype}: and rounds it back to itself", None if (again == finite).all() else "it does not"
    ties = np.array([number for _, number in halves.tie_cases(dtype)])
    digest = hashlib.sha256(fuse.narrow(dtype, ties).astype("<u2").tobytes()).hexdigest()
    yield f"{dtype}: numpy rounds every tie and its neighbours alike", None if digest == halves.tie_digest(dtype) else digest
    numbers = [*(number for _, number in halves.boundaries(dtype)), *halves.random_doubles(dtype, 5000), *ties[::997]]
    wrong = [number for number, bits in zip(numbers, fuse.narrow(dtype, np.array(numbers))) if bits != halves.nearest(dtype, number)]
    yield f"{dtype}: numpy rounds {len(numbers)} doubles as exact fractions do", f"not {wrong[:3]}" if wrong else None


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
        # a half more: of those whose inputs are all of the base, the cases stay what they were
        expected = [write_case(folder, random, index, False) for index, folder in enumerate(folders)]
        late = [os.path.join(root, f"late-{index:04d}") for index in range(options.cases // 2)]
        expected += [write_case(folder, random, index, True) for index, folder in enumerate(late)]
        folders += late
        # and all rules, half of them with late inputs
        rules = [os.path.join(root, f"rules-{index:04d}") for index in range(options.cases * 3 // 4)]
        expected += [write_case(folder, random, index, index // 6 % 2 == 1, True) for index, folder in enumerate(rules)]
        folders += rules
        path = os.path.join(REPOSITORY, "node_modules", ".bin") + os.pathsep + os.environ.get("PATH", "")
        command = [shutil.which("node", path=path) or "node", os.path.join(HERE, "fuse-cases.ts"), root]
        subprocess.run(command, check=True, env={**os.environ, "PATH": path})
        results += [(f"case {os.path.basename(folder)} ({described(folder)})", judge(folder, made)) for folder, made in zip(folders, expected)]
    finally:
        shutil.rmtree(root)
    failures = [(title, problem) for title, problem in results if problem]
    for title, problem in failures:
        print(f"{title}: {problem}", file=sys.stderr)
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
