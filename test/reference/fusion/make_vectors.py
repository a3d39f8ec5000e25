"""Writes test/vectors/fusion/mean.v1.json: mean/1 in plain Python, whose floats are IEEE-754 doubles.

    python3 make_vectors.py [OUT]

The file is frozen: running this again gives the same bytes. Values are the bits of an F32, 8 hex digits.
"""

import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FROZEN = os.path.join(HERE, "..", "..", "vectors", "fusion", "mean.v1.json")


def value(bits):
    return struct.unpack(">f", bytes.fromhex(bits))[0]


def bits(number):
    return struct.pack(">f", number).hex()


def mean(column):
    total = 0.0
    for item in column:
        total = total + value(item)
    rounded = bits(total / len(column))
    return "00000000" if rounded == "80000000" else rounded


def lcg(seed):
    """Bits of finite F32 values of every size, reproducible in any language."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        word = state >> 32
        if word & 0x7F800000 != 0x7F800000:
            yield f"{word:08x}"


ONE, NEXT, AFTER = "3f800000", "3f800001", "3f800002"
MAX, LOW, TINY, MINUS_TINY = "7f7fffff", "ff7fffff", "00000001", "80000001"
ZERO, MINUS_ZERO = "00000000", "80000000"

CASES = [
    ("one input is itself", [[ONE, TINY, MAX, LOW, "807fffff", ZERO]]),
    ("one input: -0 becomes +0", [[MINUS_ZERO]]),
    ("zeros of both signs give +0", [[MINUS_ZERO, MINUS_ZERO, ZERO], [MINUS_ZERO, ZERO, MINUS_ZERO]]),
    ("opposites give +0", [[ONE, "bf800000", MAX], ["bf800000", ONE, LOW]]),
    ("a negative mean below half the smallest subnormal becomes +0", [[MINUS_TINY], [ZERO], [ZERO]]),
    ("half the smallest subnormal ties to even, which is 0", [[TINY, MINUS_TINY], [ZERO, ZERO]]),
    ("three halves of the smallest subnormal tie to 2", [["00000003", "80000003"], [ZERO, ZERO]]),
    ("subnormals are kept", [["00000005", "007fffff", "00800000"], ["00000009", "00000001", "00000002"]]),
    ("a tie goes to the even neighbour, down and up", [[ONE, NEXT, "bf800000", "bf800001"], [NEXT, AFTER, "bf800001", "bf800002"]]),
    ("the largest values don't overflow", [[MAX, LOW]] * 7),
    ("64 of the largest", [[MAX]] * 64),
    ("thirds", [["3f800003", "40400001", "4b000001"], ["40000005", "3f800001", "3f000000"], ["40400007", "3dcccccd", "3eaaaaab"]]),
    ("one division, not a product with the reciprocal: 1/49 rounds so that a tie is missed", [["3eb6f972"], *[["3fb6f971"]] * 47, ["40201a4f"]]),
    ("small addends survive in 64 bits, not in 32", [["4b800000"], [ONE], [ONE], [ONE]]),
    ("the order of the sum counts: large, small, -large", [["7e967699"], [ONE], ["fe967699"]]),
    ("the order of the sum counts: large, -large, small", [["7e967699"], ["fe967699"], [ONE]]),
    ("the order of the sum counts: small, large, -large", [[ONE], ["7e967699"], ["fe967699"]]),
]


def random_cases():
    for count in (2, 3, 5, 7, 8, 9, 12, 13, 16, 17, 31, 64):
        source = lcg(count)
        yield f"{count} inputs of every size", [[next(source) for _ in range(24)] for _ in range(count)]


def document():
    cases = []
    for title, inputs in [*CASES, *random_cases()]:
        cases.append({"title": title, "inputs": inputs, "output": [mean(column) for column in zip(*inputs)]})
    return {"rule": "mean/1", "dtype": "F32", "encoding": "bits of each element, big-endian hex", "cases": cases}


def render():
    cases = document()
    rows = ",\n".join("    " + json.dumps(case) for case in cases.pop("cases"))
    head = ",\n".join(f"  {json.dumps(key)}: {json.dumps(item)}" for key, item in cases.items())
    return f"{{\n{head},\n  \"cases\": [\n{rows}\n  ]\n}}\n"


if __name__ == "__main__":
    with open(sys.argv[1] if len(sys.argv) > 1 else FROZEN, "w", encoding="ascii") as file:
        file.write(render())
