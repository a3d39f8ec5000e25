"""Weights, by level: protocols/archive/SPEC.md, "Weights" and "Sample"."""

import hashlib

from bad import Bad, Missing
from cids import RAW, cid_of
from election import sampled_leaves
from fusing import Round
from history import README, WEIGHTS, link_of
from safetensors import data_start, read_layout
from unixfs import LEAF, Builder, length_of, walk_file


class Weights:
    """Reads and fuses the weights of one history. `sample` is (seed, k), or None where everything is fused."""

    def __init__(self, history, sample):
        self.history, self.sample = history, sample
        self.get, self.length = history.get, history.genesis["bytes"]
        self.header, self.tensors = None, None

    def open_genesis(self):
        """The genesis' header and bytes; at level full every block of its base."""
        history = self.history
        if history.weights is None:
            return
        if self.sample is None:
            for name, (cid, total) in history.entries.items():
                self.read_all(0, cid, length_of(cid, total), link_of(name))
        try:
            leaves = self.leaves(history.weights)
            read = reader(leaves, self.get)
            start = data_start(bytes(read(0)[:8]))
            if start > self.length:
                raise Bad("bad-checkpoint: length of the header")
            header = bytes(read(0)[:start])
            if len(header) < start:  # a header of a whole leaf and its 8 bytes does not fit one
                header += bytes(read(1)[:start - len(header)])
            if hashlib.sha256(header).digest() != history.genesis["header"]:
                raise Bad("genesis-other-header")
            self.tensors = read_layout(header, self.length)
            self.header = header
        except Bad as error:
            history.fail(0, error, "genesis")

    def read_all(self, round, cid, length, link):
        """Every block of a file is here, and it is as long as its directory says."""
        try:
            for block, is_leaf in walk_file(cid, length, self.get):
                data = self.get(block)
                if is_leaf:
                    length -= len(data)
            if length != 0:
                raise Bad("other length")
        except Bad as error:
            self.history.fail(round, error, link)

    def leaves(self, cid):
        """CIDs of the leaves of a file of weights."""
        return [block for block, is_leaf in walk_file(cid, self.length, self.get) if is_leaf]

    def check(self, checked):
        """The state of a round's fusion: reproduced, sampled, unavailable or differs."""
        step = checked.step
        if self.sample is None:
            self.read_files(checked)
        if checked.before is None or checked.opened is None or self.tensors is None:
            return "unavailable"
        try:
            self.fuse(checked)
            return "reproduced" if self.sample is None else "sampled"
        except Missing as error:
            self.history.fail(step.round, error, "weights")
            return "unavailable"
        except Bad as error:
            self.history.fail(step.round, error, "weights")
            return "differs"

    def read_files(self, checked):
        step, entries = checked.step, checked.step.entries
        before = checked.before.history[-1].weights if checked.before else None
        for name in (README, WEIGHTS):
            if name in entries and entries[name][0] != before:
                cid, total = entries[name]
                self.read_all(step.round, cid, length_of(cid, total), link_of(name))

    def fuse(self, checked):
        step, inputs = checked.step, checked.opened.inputs
        told = step.entries[WEIGHTS][0]
        if not inputs:
            # those of the base that a rollback names, if it holds
            rolled = checked.amended.target if checked.amended is not None else None
            if told != (rolled or checked.before.history[-1]).weights:
                raise Bad("differs: a round without inputs keeps weights")
            return
        stated = step.lineage["fusion"]
        round = self.round_of(checked)
        try:
            if self.sample is not None:
                self.fuse_sample(round, step.round, told, stated)
            else:
                self.fuse_all(round, told, stated)
        except Bad as error:
            # a bad input is named by its number
            link = error.link if type(error.link) is not int else f"contribution {inputs[error.link].id}"
            if type(error) is Missing:
                raise
            raise Bad(error.reason, link) from error

    def round_of(self, checked):
        base = checked.before.history[-1]
        inputs = checked.opened.inputs
        weights_of = {each.cid: each.weights for each in checked.before.history}
        fusion = checked.terms.fusion  # the rule in force, whatever the lineage states

        def read_input(each):
            try:
                return reader(self.leaves(each["checkpoint"]), self.get)
            except Missing:
                raise
            except Bad as error:
                raise Bad(error.reason, f"contribution {each.id}") from error

        parents = [weights_of.get(each["parent"], base.weights) for each in inputs]
        rebased = [None if weights == base.weights else reader(self.leaves(weights), self.get) for weights in parents]
        return Round(
            fusion["rule"], fusion["params"], self.header, self.tensors, reader(self.leaves(base.weights), self.get),
            [read_input(each) for each in inputs], rebased, [each["dataset"]["rows"] for each in inputs],
        )

    def fuse_all(self, round, told, stated):
        norms = round.prepare(self.length)
        tree = Builder(self.length)
        for index in round.leaves(self.length):
            tree.add(cid_of(RAW, round.fuse_leaf(index)))
        if tree.finish() != told:
            raise Bad("differs: the fusion has another CID")
        if norms is not None and (norms != stated.get("norms") or round.factors != stated.get("factors")):
            raise Bad("differs: norms or factors", "lineage")

    def fuse_sample(self, round, number, told, stated):
        seed, count = self.sample
        leaves = self.leaves(told)
        round.prepare(self.length, stated.get("factors", []))
        for index in sorted(set(sampled_leaves(seed, number, count, len(leaves)))):
            if cid_of(RAW, round.fuse_leaf(index)) != leaves[index]:
                raise Bad(f"differs: leaf {index}")


def reader(leaves, get):
    """From a leaf's index to its bytes, which must be as many as the leaf before the last has, or less at the end."""
    def read(index):
        data = get(leaves[index])
        if len(data) > LEAF:
            raise Bad("bad-checkpoint: a leaf too long")
        return data
    return read
