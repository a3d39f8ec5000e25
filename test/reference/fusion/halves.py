"""BF16 and F16 by Python's integers and exact fractions: the oracle of the vectors. Nothing here is fast."""

import hashlib
import math
import struct
from fractions import Fraction

FORMATS = {"BF16": (8, 7), "F16": (5, 10)}


def bias(dtype):
    return (1 << (FORMATS[dtype][0] - 1)) - 1


def infinity(dtype):
    exponent_bits, fraction_bits = FORMATS[dtype]
    return ((1 << exponent_bits) - 1) << fraction_bits


def exact(dtype, pattern):
    """The value of a finite pattern as a Fraction; the sign of zero is lost."""
    fraction_bits = FORMATS[dtype][1]
    exponent, fraction = (pattern & 0x7FFF) >> fraction_bits, pattern & ((1 << fraction_bits) - 1)
    if exponent:
        fraction += 1 << fraction_bits
    size = Fraction(fraction) * Fraction(2) ** (max(exponent, 1) - bias(dtype) - fraction_bits)
    return -size if pattern & 0x8000 else size


def f32_bits(dtype, pattern):
    """The widened pattern as the bits of an F32; of NaN, the payload moved up."""
    fraction_bits = FORMATS[dtype][1]
    magnitude = pattern & 0x7FFF
    sign = (pattern & 0x8000) << 16
    if magnitude >= infinity(dtype):
        return sign | 0x7F800000 | (magnitude - infinity(dtype)) << (23 - fraction_bits)
    (bits,) = struct.unpack(">I", struct.pack(">f", abs(float(exact(dtype, pattern)))))
    return sign | bits


def nearest(dtype, number):
    """Rounds a finite float to a pattern: to nearest, ties to even, too large to infinity, the sign of zero kept."""
    sign = 0x8000 if math.copysign(1.0, number) < 0 else 0
    size = abs(Fraction(number))
    low, high = 0, infinity(dtype)  # patterns of magnitudes are in the order of their values
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exact(dtype, middle) <= size else (low, middle)
    # the step past the largest finite value has the size of the one before it
    above = exact(dtype, high) if high < infinity(dtype) else 2 * exact(dtype, low) - exact(dtype, low - 1)
    down, up = size - exact(dtype, low), above - size
    return sign | (low if down < up or (down == up and low % 2 == 0) else high)


def runs(dtype):
    """All 65,536 widened patterns as [first pattern, count, bits of the first, step]."""
    found = []
    for pattern in range(1 << 16):
        bits = f32_bits(dtype, pattern)
        if found:
            first, count, start, step = found[-1]
            if count == 1 or bits == start + count * step:
                found[-1] = [first, count + 1, start, step if count > 1 else bits - start]
                continue
        found.append([pattern, 1, bits, 0])
    return found


def widen_digest(dtype):
    return hashlib.sha256(b"".join(struct.pack("<I", f32_bits(dtype, pattern)) for pattern in range(1 << 16))).hexdigest()


def tie_cases(dtype):
    """For each finite magnitude: the double below the tie with the next one, the tie, the double above; of both signs."""
    fraction_bits = FORMATS[dtype][1]
    for pattern in range(infinity(dtype)):
        here = float(exact(dtype, pattern))
        step = 2.0 ** (max(pattern >> fraction_bits, 1) - bias(dtype) - fraction_bits)
        tie = here + step / 2
        for sign in (1.0, -1.0):
            for number in (math.nextafter(tie, 0.0), tie, math.nextafter(tie, math.inf)):
                yield pattern, sign * number


def tie_digest(dtype):
    """Of the patterns that `nearest` gives for all of `tie_cases`; here by the pattern's parity, which says the same."""
    results = []
    for index, (pattern, number) in enumerate(tie_cases(dtype)):
        up = [0, pattern % 2, 1][index % 3]
        results.append((0x8000 if number < 0 else 0) | (pattern + up))
    return hashlib.sha256(struct.pack(f"<{len(results)}H", *results)).hexdigest()


def f64_text(number):
    return struct.pack(">d", number).hex()


def boundaries(dtype):
    """(title, double) at the edges of the format."""
    smallest = float(exact(dtype, 1))
    normal = float(exact(dtype, 1 << FORMATS[dtype][1]))
    largest = float(exact(dtype, infinity(dtype) - 1))
    threshold = largest + (largest - float(exact(dtype, infinity(dtype) - 2))) / 2
    half = 2.0 ** -(FORMATS[dtype][1] + 1)
    cases = [
        ("zero", 0.0),
        ("the smallest double", 5e-324),
        ("the smallest normal double", 2.0**-1022),
        ("half the smallest subnormal: a tie with zero", smallest / 2),
        ("just below half the smallest subnormal", math.nextafter(smallest / 2, 0.0)),
        ("just above half the smallest subnormal", math.nextafter(smallest / 2, 1.0)),
        ("a quarter of the smallest subnormal", smallest / 4),
        ("the smallest subnormal", smallest),
        ("three halves of the smallest subnormal: a tie", smallest * 1.5),
        ("five halves of the smallest subnormal: a tie", smallest * 2.5),
        ("the smallest normal", normal),
        ("between the largest subnormal and the smallest normal", normal - smallest / 2),
        ("just below the smallest normal", math.nextafter(normal, 0.0)),
        ("one", 1.0),
        ("a tie above one", 1 + half),
        ("a tie and 2^-40", 1 + half + 2.0**-40),
        ("a tie less 2^-40", 1 + half - 2.0**-40),
        ("the next tie, and 2^-52", 1 + 3 * half - 2.0**-52),
        ("the largest finite", largest),
        ("the last double that does not overflow", math.nextafter(threshold, 0.0)),
        ("the overflow threshold", threshold),
        ("just above the overflow threshold", math.nextafter(threshold, math.inf)),
        ("the largest F32", 3.4028234663852886e38),
        ("the largest double", 1.7976931348623157e308),
    ]
    return [*cases, *((f"minus {title}", -number) for title, number in cases)]


def words(seed):
    """32 bits at a time, reproducible in any language."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 32


def random_doubles(dtype, count):
    """Doubles whose exponents are those of the format and a little beyond, with few or many fraction bits."""
    source = words(7)
    span = (1 << FORMATS[dtype][0]) + 2 * FORMATS[dtype][1] + 4
    for _ in range(count):
        kept = next(source) % 53
        fraction = (next(source) << 20 | next(source) >> 12) >> (52 - kept) << (52 - kept)
        exponent = next(source) % span - bias(dtype) - FORMATS[dtype][1] - 4
        number = math.ldexp(1 + fraction / 2**52, exponent)
        yield -number if next(source) % 2 else number


def document(dtype):
    rounded = [*boundaries(dtype), *((None, number) for number in random_doubles(dtype, 400))]
    return {
        "dtype": dtype,
        "widen": {"sha256": widen_digest(dtype), "runs": runs(dtype)},
        "ties": {"sha256": tie_digest(dtype)},
        "round": [
            {**({"title": title} if title else {}), "f64": f64_text(number), "bits": f"{nearest(dtype, number):04x}"}
            for title, number in rounded
        ],
    }
