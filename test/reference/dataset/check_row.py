"""Checks the proof of a row with Python alone: check_row.py PROOF ROOT ROWS. protocols/dataset/SPEC.md, Checking a proof."""
import json
import sys
from hashlib import sha256

path, root, rows = sys.argv[1:]
proof = json.load(open(path, encoding="utf-8"))
assert proof["kind"] == "dataset-proof/1"
assert (proof["root"], proof["rows"]) == (root, int(rows)), "the proof is of another commitment"
index, count, sides = proof["index"], proof["rows"], []
assert 0 <= index < count, "no such row"
while count > 1:
    half = 1 << ((count - 1).bit_length() - 1)
    sides.append("left" if index < half else "right")
    index, count = (index, half) if index < half else (index - half, count - half)
salt, path = bytes.fromhex(proof["salt"]), [bytes.fromhex(one) for one in proof["path"]]
assert len(salt) == 32 and all(len(one) == 32 for one in path), "no hash"
assert len(path) == len(sides), "the path is not as long as this row needs"
found = sha256(b"\0" + salt + proof["row"].encode()).digest()
for side, beside in zip(reversed(sides), path):
    found = sha256(b"\1" + (found + beside if side == "left" else beside + found)).digest()
assert found.hex() == root, "row, salt and path do not give the root"
print(f"row {proof['index'] + 1} of {rows} was in the data: {proof['row']}")
