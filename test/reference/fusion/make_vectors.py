"""Writes the files of test/vectors/fusion: mean/1 in plain Python, whose floats are IEEE-754 doubles.

    python3 make_vectors.py [FOLDER]

mean.v1.json is of F32, mean-bf16.v1.json and mean-f16.v1.json of the types of 16 bits, late*.v1.json of means where some inputs
were trained from an older base (`parents`, null where not), halves.v1.json of widening and rounding
those. The files are frozen: running this again gives the same bytes. Values are the bits of an element in hex.
"""

import json
import os
import struct
import sys

sys.dont_write_bytecode = True

import halves

HERE = os.path.dirname(os.path.abspath(__file__))
FROZEN = os.path.join(HERE, "..", "..", "vectors", "fusion")


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


def half_mean(dtype, column):
    """mean/1 of 16-bit patterns: their exact values, summed and divided in doubles, rounded once."""
    total = 0.0
    for item in column:
        total = total + float(halves.exact(dtype, int(item, 16)))
    rounded = f"{halves.nearest(dtype, total / len(column)):04x}"
    return "0000" if rounded == "8000" else rounded


def finite_halves(dtype, seed):
    """Finite patterns of every size, and patterns near one: means that are near ties."""
    infinity = halves.infinity(dtype)
    one = halves.nearest(dtype, 1.0)
    for word in halves.words(seed):
        pattern = word & 0xFFFF if word >> 31 else one + (word & 7)
        if pattern & infinity != infinity:
            yield f"{pattern:04x}"


def half_cases(dtype):
    infinity = halves.infinity(dtype)
    text = lambda pattern: f"{pattern:04x}"
    of = lambda number: text(halves.nearest(dtype, number))
    one, largest, lowest = of(1.0), text(infinity - 1), text(0x8000 | infinity - 1)
    following, after = text(int(one, 16) + 1), text(int(one, 16) + 2)
    tiny, minus_tiny, zero, minus_zero = "0001", "8001", "0000", "8000"
    step = 2.0 ** -halves.FORMATS[dtype][1]
    yield "one input is itself", [[one, tiny, largest, lowest, "8003", zero]]
    yield "one input: -0 becomes +0", [[minus_zero]]
    yield "zeros of both signs give +0", [[minus_zero, minus_zero, zero], [minus_zero, zero, minus_zero]]
    yield "opposites give +0", [[one, largest], [text(int(one, 16) | 0x8000), lowest]]
    yield "a negative mean below half the smallest subnormal becomes +0", [[minus_tiny], [zero], [zero]]
    yield "half the smallest subnormal ties to even, which is 0", [[tiny, minus_tiny], [zero, zero]]
    yield "three halves of the smallest subnormal tie to 2", [["0003", "8003"], [zero, zero]]
    yield "subnormals are kept", [["0005", "0003", text(1 << halves.FORMATS[dtype][1])], ["0009", tiny, "0002"]]
    yield "a tie goes to the even neighbour, down and up", [[one, following], [following, after]]
    yield "the largest values don't overflow", [[largest, lowest]] * 7
    yield "64 of the largest", [[largest]] * 64
    yield "thirds", [[of(1.0), of(3.0)], [of(2.0), of(1.0)], [of(4.0), of(0.1)]]
    yield "sums are not rounded on the way", [[of(1.0)], [of(step)], [of(step)], [of(step)]]
    little = 2.0**-38 if dtype == "BF16" else 2.0**-24
    yield "just above a tie that F32 would make of it", [[of(2.0)], [of(2.0)], [of(2 * step)], [of(little)]]
    yield "just below a tie that F32 would make of it", [[of(2.0)], [of(2.0)], [of(2 * step)], [text(0x8000 | int(of(little), 16))]]
    for count in range(1, 65):
        source = finite_halves(dtype, count)
        yield f"{count} inputs", [[next(source) for _ in range(4)] for _ in range(count)]


def rebased_mean(dtype, base, column, parents):
    """mean/1 of one element: a late input stands for base + (input - parent), in doubles."""
    exact = value if dtype == "F32" else lambda text: float(halves.exact(dtype, int(text, 16)))
    total = 0.0
    for item, parent in zip(column, parents):
        total = total + (exact(item) if parent is None else exact(base) + (exact(item) - exact(parent)))
    number = total / len(column)
    if dtype == "F32":
        rounded = bits(number)
        return "00000000" if rounded == "80000000" else rounded
    rounded = f"{halves.nearest(dtype, number):04x}"
    return "0000" if rounded == "8000" else rounded


def late_cases(dtype):
    """(title, base, inputs, parents): rows of bits."""
    of = bits if dtype == "F32" else lambda number: f"{halves.nearest(dtype, number):04x}"
    width = 8 if dtype == "F32" else 4
    tiny, zero = f"{1:0{width}x}", "0" * width
    minus_zero, minus_tiny = "8" + zero[1:], "8" + tiny[1:]
    largest = MAX if dtype == "F32" else f"{halves.infinity(dtype) - 1:04x}"
    half = {"F32": "7f000000", "BF16": "7f00", "F16": of(32768.0)}[dtype]
    one, two, three = of(1.0), of(2.0), of(3.0)
    yield "one late input: the base moves by what the training moved", [one, two], [[three, one]], [[two, three]]
    yield "a late one beside another", [two, two], [[three, one], [one, three]], [[one, one], None]
    yield "nothing learned is the base, not the parent", [two, tiny], [[one, zero]], [[one, zero]]
    yield "zeros of both signs give +0", [minus_zero, minus_zero, zero], [[one, minus_zero, minus_zero]], [[one, minus_zero, zero]]
    yield "subnormals are kept", [tiny, minus_tiny], [[f"{3:0{width}x}", tiny]], [[tiny, f"{5:0{width}x}"]]
    yield "down from the largest", [largest, largest], [[half, half]], [[f"{int(half, 16) + 1:0{width}x}", f"{int(half, 16) + 2:0{width}x}"]]
    yield "the difference first, then the sum: not (base + input) - parent", [of(2.0**-14), one], [[largest, three]], [[largest, one]]
    yield "unrounded between the two steps", [one, one], [[f"{int(one, 16) + 1:0{width}x}", two], [two, one]], [[of(2.0**-9), of(2.0**-9)], None]
    yield "the largest value that the type holds", [half, zero], [[largest, largest]], [[half, zero]]
    for count in (1, 2, 3, 5, 8):
        source = lcg(100 + count) if dtype == "F32" else finite_halves(dtype, 100 + count)
        fraction = 23 if dtype == "F32" else halves.FORMATS[dtype][1]
        # at most a quarter of half the largest: no sum of three leaves the type
        below = int(half, 16) - (2 << fraction)
        small = lambda: next(item for item in source if int(item, 16) % (1 << 4 * width - 1) <= below)
        row = lambda: [small() for _ in range(12)]
        yield f"{count} inputs of every size, every second late", row(), [row() for _ in range(count)], [None if i % 2 else row() for i in range(count)]


def late_document(dtype):
    made = []
    for title, base, inputs, parents in late_cases(dtype):
        columns = [([row[i] for row in inputs], [row and row[i] for row in parents]) for i in range(len(base))]
        output = [rebased_mean(dtype, base[i], *column) for i, column in enumerate(columns)]
        made.append({"title": title, "base": base, "inputs": inputs, "parents": parents, "output": output})
    return {"rule": "mean/1", "dtype": dtype, "encoding": "bits of each element, big-endian hex", "cases": made}


def document(dtype, cases, mean_of):
    made = [{"title": title, "inputs": inputs, "output": [mean_of(column) for column in zip(*inputs)]} for title, inputs in cases]
    return {"rule": "mean/1", "dtype": dtype, "encoding": "bits of each element, big-endian hex", "cases": made}


def render(whole, lists):
    """JSON with one item of `lists` a line."""
    fields = []
    for key, item in whole.items():
        if key in lists:
            rows = ",\n".join("    " + json.dumps(row) for row in item)
            fields.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            fields.append(f"  {json.dumps(key)}: {json.dumps(item)}")
    return "{\n" + ",\n".join(fields) + "\n}\n"


def files():
    """{name: text} of all frozen files."""
    made = {"mean.v1.json": render(document("F32", [*CASES, *random_cases()], mean), {"cases"})}
    for dtype in ("F32", *halves.FORMATS):
        name = "late.v1.json" if dtype == "F32" else f"late-{dtype.lower()}.v1.json"
        made[name] = render(late_document(dtype), {"cases"})
    for dtype in halves.FORMATS:
        whole = document(dtype, half_cases(dtype), lambda column: half_mean(dtype, column))
        made[f"mean-{dtype.lower()}.v1.json"] = render(whole, {"cases"})
        made[f"{dtype.lower()}.v1.json"] = render(halves.document(dtype), {"round"})
    return made


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else FROZEN
    for name, text in files().items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
