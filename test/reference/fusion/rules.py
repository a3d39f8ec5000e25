"""The fusion rules with numpy, from docs/fusion.md alone. Elements are bits in and bits out; nothing here streams."""

import struct

import numpy as np

BILLION = 10**9
EXPONENT = {"F32": 0x7F800000, "BF16": 0x7F80, "F16": 0x7C00}
BITS = {"F32": np.uint32, "BF16": np.uint16, "F16": np.uint16}
PARAMETERS = {  # name: (least, most, required)
    "mean/1": {},
    "weighted-mean/1": {"maxRows": (1, BILLION, True)},
    "clipped-mean/1": {},
    "trimmed-mean/1": {"trim": (1, 31, True)},
    "median/1": {},
    "ties/1": {"density": (1, BILLION, True), "scale": (1, BILLION, False)},
}


class Refused(Exception):
    """There is no fusion of these bytes by this rule; the message says why."""


def check_rule(rule, params, count, rows):
    if rule not in PARAMETERS:
        raise Refused(f"{rule} is unknown")
    known = {**PARAMETERS[rule], "step": (1, BILLION - 1, False)}
    for name in params:
        if name not in known:
            raise Refused(f"{rule} has no {name}")
    for name, (least, most, required) in known.items():
        if required and name not in params or not least <= params.get(name, least) <= most:
            raise Refused(f"{name} is missing or out of range")
    if rule == "trimmed-mean/1" and count <= 2 * params["trim"]:
        raise Refused("nothing is left to average")
    if rule == "weighted-mean/1" and (rows is None or len(rows) != count or min(rows) < 1):
        raise Refused("rows are missing")


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


class Tensor:
    """One float tensor of all files: `base` and `inputs` as bits, `parents` as bits or None."""

    def __init__(self, name, dtype, base, inputs, parents):
        self.name, self.dtype = name, dtype
        self.base = widen(dtype, base)
        self.exact = []  # what mean/1 takes
        self.rounded = []  # what every other rule takes
        for index, (bits, parent) in enumerate(zip(inputs, parents)):
            if parent is None:
                self.exact.append(widen(dtype, bits))
                self.rounded.append(self.exact[-1])
                continue
            self.exact.append(rebase(dtype, base, bits, parent))
            again = narrow(dtype, self.exact[-1])
            if (again & EXPONENT[dtype] == EXPONENT[dtype]).any():
                raise Refused(f"input {index}: {name}, rebased, is not finite")
            self.rounded.append(widen(dtype, again))


def in_order(arrays):
    total = np.zeros(len(arrays[0]))
    for array in arrays:
        total = total + array
    return total


def squared_norms(tensors, count):
    norms = []
    for index in range(count):
        total = 0.0
        for tensor in tensors:
            squares = tensor.rounded[index] - tensor.base
            squares = squares * squares
            whole = len(squares) // 65536 * 65536
            # cumsum adds one element after the other, which sum does not
            sums = [np.cumsum(block)[-1] for block in squares[:whole].reshape(-1, 65536)]
            if whole < len(squares):
                sums.append(np.cumsum(squares[whole:])[-1])
            for block in sums:
                total = total + float(block)
        norms.append(total)
    return norms


def as_integer(norm):
    """A double that isn't negative as an integer of 2^-1074."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", norm))
    exponent, fraction = bits >> 52, bits & (1 << 52) - 1
    return fraction if exponent == 0 else (fraction | 1 << 52) << exponent - 1


def isqrt(number):
    """Floor of the square root."""
    if number < 2:
        return number
    guess = 1 << (number.bit_length() + 1) // 2
    while True:
        better = (guess + number // guess) // 2
        if better >= guess:
            return guess
        guess = better


def clip_factors(norms):
    bound = as_integer(sorted(norms)[(len(norms) - 1) // 2]) << 32
    # q^2 * n <= bound where q^2 is an integer: q^2 <= floor(bound / n)
    return [65536 if norm == 0 else min(65536, isqrt(bound // as_integer(norm))) for norm in norms]


def kept_masks(tensors, index, density):
    """For each tensor which elements an input keeps."""
    differences = [tensor.rounded[index] - tensor.base for tensor in tensors]
    with np.errstate(over="ignore"):
        magnitudes = np.concatenate([np.abs(each).astype(np.float32) for each in differences])
    keep = max(1, len(magnitudes) * density // BILLION)
    # a stable sort, from the greatest: equal ones stay in the order of their indexes
    order = np.argsort(-magnitudes, kind="stable")[:keep]
    mask = np.zeros(len(magnitudes), dtype=bool)
    mask[order] = True
    return np.split(mask, np.cumsum([len(each) for each in differences])[:-1])


def merge(tensor, masks, scale):
    differences = [np.where(mask, values - tensor.base, 0.0) for values, mask in zip(tensor.rounded, masks)]
    sign = np.sign(in_order(differences))
    total, count = np.zeros(len(tensor.base)), np.zeros(len(tensor.base))
    for each in differences:
        same = (np.sign(each) == sign) & (sign != 0)
        total = np.where(same, total + each, total)
        count = count + same
    mean = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    return tensor.base + scale * mean


def ordered(values, trim):
    """The sum of what is left after `trim` at each end, ascending, divided by its number."""
    bits = np.stack([array.astype(np.float32).view(np.int32) for array in values])
    keys = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
    keys.sort(axis=0)
    back = np.where(keys < 0, keys ^ 0x7FFFFFFF, keys).astype(np.int32).view(np.float32).astype(np.float64)
    left = back[trim:len(values) - trim]
    return in_order(list(left)) / np.float64(len(left))


def numbers(rule, params, tensors, count, rows, notes):
    """Of each tensor the rule's numbers, in f64."""
    if rule == "mean/1":
        return [in_order(tensor.exact) / np.float64(count) for tensor in tensors]
    if rule == "weighted-mean/1":
        weights = [min(each, params["maxRows"]) for each in rows]
        total = np.float64(sum(weights))
        return [in_order([np.float64(a) * w for a, w in zip(weights, tensor.rounded)]) / total for tensor in tensors]
    if rule == "clipped-mean/1":
        norms = squared_norms(tensors, count)
        whole = clip_factors(norms)
        notes.update(factors=whole, norms=[struct.pack(">d", norm).hex() for norm in norms])
        factors = [factor / 65536 for factor in whole]
        clipped = lambda tensor: in_order([q * (w - tensor.base) for q, w in zip(factors, tensor.rounded)])
        return [tensor.base + clipped(tensor) / np.float64(count) for tensor in tensors]
    if rule == "ties/1":
        masks = [kept_masks(tensors, index, params["density"]) for index in range(count)]
        scale = params.get("scale", BILLION) / BILLION
        return [merge(tensor, [mask[at] for mask in masks], scale) for at, tensor in enumerate(tensors)]
    trim = params["trim"] if rule == "trimmed-mean/1" else (count - 1) // 2
    return [ordered(tensor.rounded, trim) for tensor in tensors]


def fuse_tensors(rule, params, tensors, count, rows, notes=None):
    """Of each tensor the fused elements, as bits; into `notes` what a lineage says of clipping. Raises Refused."""
    check_rule(rule, params, count, rows)
    found = numbers(rule, params, tensors, count, rows, {} if notes is None else notes)
    return [finish(params, tensor, values) for tensor, values in zip(tensors, found)]


def finish(params, tensor, values):
    """A tensor's fused elements as bits, from the rule's numbers: the step, rounding, no -0. Raises Refused."""
    if "step" in params:
        values = tensor.base + params["step"] / BILLION * (values - tensor.base)
    bits = narrow(tensor.dtype, values).astype(BITS[tensor.dtype])
    bits[bits == 1 << (8 * bits.itemsize - 1)] = 0
    if (bits & EXPONENT[tensor.dtype] == EXPONENT[tensor.dtype]).any():
        raise Refused(f"{tensor.name}: the result is not finite")
    return bits
