"""Makes the training fixtures anew with the PyTorch and transformers that are here, and compares them with the frozen ones.

    python3 check_fixtures.py

The versions may differ from those that the fixtures name, so numbers are compared within 1e-4 of each tensor's largest; all else
exactly. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import base64
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True

import numpy as np

import make_fixtures

TOLERANCE = 1e-4
# Settings that a newer transformers writes into a config by itself.
IGNORED = {"versions", "config"}
FROZEN = make_fixtures.OUT


def differences(path, frozen, made):
    if isinstance(frozen, dict) and set(frozen) == {"shape", "data"}:
        if frozen["shape"] != made["shape"]:
            return [f"{path}: shape {frozen['shape']} against {made['shape']}"]
        ours, theirs = numbers(frozen), numbers(made)
        worst = np.abs(ours - theirs).max() / max(np.abs(ours).max(), 1e-6)
        return [] if worst <= TOLERANCE else [f"{path}: differs by {worst:.1e} of its largest"]
    if isinstance(frozen, dict):
        if set(frozen) != set(made):
            return [f"{path}: other names {sorted(set(frozen) ^ set(made))[:4]}"]
        return [found for key in frozen for found in differences(f"{path}.{key}", frozen[key], made[key])]
    if isinstance(frozen, list) and len(frozen) == len(made):
        return [found for i, item in enumerate(frozen) for found in differences(f"{path}[{i}]", item, made[i])]
    if isinstance(frozen, float):
        return [] if abs(frozen - made) <= TOLERANCE * max(abs(frozen), 1e-6) else [f"{path}: {frozen} against {made}"]
    return [] if frozen == made else [f"{path}: {frozen} against {made}"]


def numbers(tensor):
    return np.frombuffer(base64.b64decode(tensor["data"]), "<f4").astype(np.float64)


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        make_fixtures.OUT = pathlib.Path(scratch)
        make_fixtures.main()
        for path in sorted(FROZEN.glob("*.json")):
            frozen, made = (json.loads((folder / path.name).read_text()) for folder in (FROZEN, make_fixtures.OUT))
            for key in sorted(set(frozen) - IGNORED):
                found = differences(f"{path.stem}.{key}", frozen[key], made.get(key))
                passed += not found
                failed += bool(found)
                for line in found[:3]:
                    print("FAIL", line)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
