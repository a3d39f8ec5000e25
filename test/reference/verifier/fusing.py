"""Fusing again, a leaf at a time: docs/fusion.md, "Arithmetic" and "Rules". The arithmetic is test/reference/fusion/rules.py's.

Memory is a leaf of base, inputs and parents, widened, whatever the model's size. What two rules must know of whole
inputs first (norms; which elements are kept) is counted in passes of their own.
"""

import os
import struct
import sys

import numpy as np

from bad import Bad
from safetensors import FLOATS, ITEM_BYTES
from unixfs import LEAF

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fusion"))
from rules import EXPONENT, Refused, Tensor, check_rule, clip_factors, finish, in_order, merge, numbers  # noqa: E402

BLOCK = 65_536
BILLION = 10**9


class Round:
    """What is fused: files given as functions from a leaf's index to its bytes, `parents[i]` None where input i is not rebased."""

    def __init__(self, rule, params, header, tensors, base, inputs, parents, rows):
        self.rule, self.params, self.header, self.tensors = rule, params, header, tensors
        self.base, self.inputs, self.parents, self.rows = base, inputs, parents, rows
        self.factors = None  # of clipped-mean/1
        self.kept = None  # of ties/1: one Kept an input

    def windows(self, index):
        """(leaf of the base, [(where in the leaf, Tensor)]) of one leaf. Raises Bad where an input is none; `link` is its number."""
        base = self.base(index)
        inputs = [read(index) for read in self.inputs]
        parents = [None if read is None else read(index) for read in self.parents]
        start = index * LEAF
        self.compare(base, inputs, 0, len(self.header) - start)
        found = []
        for name, dtype, begin, end in self.tensors:
            first, last = max(begin - start, 0), min(end - start, len(base))
            if first >= last:
                continue
            if dtype not in FLOATS:
                self.compare(base, inputs, first, last)
                continue
            cut = lambda data: None if data is None else np.frombuffer(data[first:last], f"<u{ITEM_BYTES[dtype]}")
            columns = [cut(data) for data in inputs]
            for number, bits in enumerate(columns):
                if (bits & EXPONENT[dtype] == EXPONENT[dtype]).any():
                    raise Bad(f"bad-checkpoint: {name} is not finite", number)
            try:
                tensor = Tensor(name, dtype, cut(base), columns, [cut(data) for data in parents])
            except Refused as error:
                raise Bad(f"rebased-not-finite: {error}") from error
            tensor.first_byte = start + first
            found.append((first, last, tensor))
        return base, found

    def compare(self, base, inputs, first, last):
        if last <= first:
            return
        for number, data in enumerate(inputs):
            if data[first:last] != base[first:last]:
                raise Bad("bad-checkpoint: header or integers are not the base's", number)

    def fuse_leaf(self, index):
        """The bytes of a leaf of the result."""
        base, windows = self.windows(index)
        out = bytearray(base)
        try:
            for first, last, tensor in windows:
                bits = finish(self.params, tensor, self.numbers(tensor))
                out[first:last] = bits.astype(f"<u{bits.itemsize}").tobytes()
        except Refused as error:
            raise Bad(f"differs: {error}") from error
        return bytes(out)

    def numbers(self, tensor):
        count = len(self.inputs)
        if self.rule == "clipped-mean/1":
            clipped = [factor / 65536 * (w - tensor.base) for factor, w in zip(self.factors, tensor.rounded)]
            return tensor.base + in_order(clipped) / np.float64(count)
        if self.rule == "ties/1":
            masks = [kept.mask(magnitudes(tensor, i), tensor.first_byte) for i, kept in enumerate(self.kept)]
            return merge(tensor, masks, self.params.get("scale", BILLION) / BILLION)
        return numbers(self.rule, self.params, [tensor], count, self.rows, {})[0]

    def leaves(self, length):
        return range(max(1, -(-length // LEAF)))

    def prepare(self, length, stated_factors=None):
        """The passes before the fusion; for clipped-mean/1 the norms and factors, unless factors are given. Gives the norms."""
        try:
            check_rule(self.rule, self.params, len(self.inputs), self.rows)
        except Refused as error:
            raise Bad(f"differs: {error}") from error
        if self.rule == "ties/1":
            self.kept = self.count_kept(length)
        if self.rule != "clipped-mean/1":
            return None
        if stated_factors is not None:
            if len(stated_factors) != len(self.inputs):
                raise Bad("differs: not a factor of each input", "lineage")
            self.factors = stated_factors
            return None
        norms = self.norms(length)
        self.factors = clip_factors(norms)
        return [struct.pack(">d", norm) for norm in norms]

    def norms(self, length):
        sums = [BlockSums() for _ in self.inputs]
        for index in self.leaves(length):
            for _, _, tensor in self.windows(index)[1]:
                for each, values in zip(sums, tensor.rounded):
                    difference = values - tensor.base
                    each.add(tensor.name, difference * difference)
        return [each.finish() for each in sums]

    def count_kept(self, length):
        elements = sum((end - begin) // ITEM_BYTES[dtype] for _, dtype, begin, end in self.tensors if dtype in FLOATS)
        keep = max(1, elements * self.params["density"] // BILLION)
        upper = self.histograms(length, lambda bits, _: bits >> 16)
        tops = [of_rank(counts, keep) for counts in upper]  # (upper half of the k-th, how many are left of it)
        lower = self.histograms(length, lambda bits, i: bits[bits >> 16 == tops[i][0]] & 0xFFFF)
        found = []
        for (top, left), counts in zip(tops, lower):
            bottom, equal = of_rank(counts, left)
            found.append(Kept(top << 16 | bottom, equal))
        for index in self.leaves(length):  # which of the equal ones come first
            for _, _, tensor in self.windows(index)[1]:
                for i, kept in enumerate(found):
                    kept.note(magnitudes(tensor, i), tensor.first_byte)
        return found

    def histograms(self, length, halves):
        counts = [np.zeros(1 << 16, np.int64) for _ in self.inputs]
        for index in self.leaves(length):
            for _, _, tensor in self.windows(index)[1]:
                for i, total in enumerate(counts):
                    total += np.bincount(halves(magnitudes(tensor, i), i), minlength=1 << 16)
        return counts


class BlockSums:
    """Squares of one input, added as the text says: blocks of a tensor each by itself, then their sums."""

    def __init__(self):
        self.total, self.block, self.room, self.name = 0.0, 0.0, BLOCK, None

    def add(self, name, squares):
        if name != self.name:
            self.close()
            self.name = name
        while len(squares):
            taken, squares = squares[:self.room], squares[self.room:]
            # cumsum adds one element after the other, which sum does not
            self.block = float(np.cumsum(np.concatenate(([self.block], taken)))[-1])
            self.room -= len(taken)
            if self.room == 0:
                self.close()

    def close(self):
        if self.room < BLOCK:
            self.total += self.block
        self.block, self.room = 0.0, BLOCK

    def finish(self):
        self.close()
        return self.total


def magnitudes(tensor, index):
    """|d| as F32 bits: integers in the order of the magnitudes."""
    with np.errstate(over="ignore"):
        return np.abs(tensor.rounded[index] - tensor.base).astype(np.float32).view(np.uint32).astype(np.int64)


def of_rank(counts, rank):
    """(the value of which the rank-th greatest is, how many of that value are among the greatest `rank`)"""
    above = np.cumsum(counts[::-1])
    at = int(np.searchsorted(above, rank))
    before = int(above[at - 1]) if at else 0
    return len(counts) - 1 - at, rank - before


class Kept:
    """What an input keeps in ties/1: all above a magnitude, and the first so many of those that equal it."""

    def __init__(self, magnitude, equal):
        self.magnitude, self.equal = magnitude, equal
        self.before = {}  # first byte of a window: equal ones before it
        self.seen = 0

    def note(self, values, first_byte):
        self.before[first_byte] = self.seen
        self.seen += int((values == self.magnitude).sum())

    def mask(self, values, first_byte):
        same = values == self.magnitude
        rank = self.before[first_byte] + np.cumsum(same)
        return (values > self.magnitude) | same & (rank <= self.equal)
