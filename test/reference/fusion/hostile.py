"""Elements of all kinds, likely and hostile: each maker gives as many as `base` has, as bits of its type."""

import numpy as np

import rules

MAKERS = {}
LARGEST = {"F32": 3.4028235e38, "BF16": 3.3895314e38, "F16": 65504.0}


def maker(make):
    MAKERS[make.__name__] = make
    return make


@maker
def weights(random, dtype, base):
    return rules.narrow(dtype, rules.widen(dtype, base) + random.standard_normal(base.size) * 1e-3)


@maker
def bits(random, dtype, base):
    made = random.integers(0, 1 << 8 * base.itemsize, base.size, dtype=base.dtype)
    exponent = rules.EXPONENT[dtype]
    made[made & exponent == exponent] ^= 1 << (8 * base.itemsize - 2)
    return made


@maker
def subnormal(random, dtype, base):
    signs = random.integers(0, 2, base.size, dtype=base.dtype) << (8 * base.itemsize - 1)
    return random.integers(0, 40, base.size, dtype=base.dtype) | signs


@maker
def huge(random, dtype, base):
    largest = rules.EXPONENT[dtype] - 1
    return random.integers(largest - 2, largest + 1, base.size, dtype=base.dtype) | zeros(random, dtype, base)


@maker
def ties(random, dtype, base):
    one = int(rules.narrow(dtype, np.ones(1))[0])
    return random.integers(one, one + 4, base.size, dtype=base.dtype)


@maker
def near_ties(random, dtype, base):
    """Values whose means are ties but for something far below: what a rounding on the way would lose."""
    step = {"F32": 2.0**-23, "BF16": 2.0**-7, "F16": 2.0**-10}[dtype]
    little = {"F32": 2.0**-48, "BF16": 2.0**-38, "F16": 2.0**-24}[dtype]
    return rules.narrow(dtype, random.choice([1.0, 1.0 + step, 2 * step, little, -little, 0.0], base.size))


@maker
def zeros(random, dtype, base):
    return random.integers(0, 2, base.size, dtype=base.dtype) << (8 * base.itemsize - 1)


@maker
def cancelling(random, dtype, base):
    large = min(1e30, LARGEST[dtype] / 4)
    return rules.narrow(dtype, random.choice([large, -large, 1.0, 1e-30, 3.0], base.size) * random.choice([1.0, 1.001], base.size))


@maker
def equal(random, dtype, base):
    return base


KINDS = list(MAKERS)
MILD = ["weights", "subnormal", "ties", "near_ties", "zeros", "equal"]  # what stays in range when it is rebased
