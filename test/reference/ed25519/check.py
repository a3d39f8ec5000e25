"""Judges every signature vector again, ours and the public ones, by judge.py. Needs Python's standard library alone.

    python3 check.py
"""

import glob
import json
import os
import sys

from judge import judge

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "vectors", "wire")


def main():
    passed, failed = 0, 0
    for path in ["ed25519.v1.json", *sorted(glob.glob("ed25519/*.json", root_dir=VECTORS))]:
        with open(os.path.join(VECTORS, path), encoding="utf-8") as file:
            vectors = json.load(file)["vectors"]
        for vector in vectors:
            reason = judge(*(bytes.fromhex(vector[field]) for field in ("message", "signature", "key")))
            if (reason is None) == vector["valid"] and vector.get("reason", reason) == reason:
                passed += 1
            else:
                failed += 1
                print(f"{path}, {vector['name']}: {reason or 'valid'}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed < 1900)


if __name__ == "__main__":
    main()
