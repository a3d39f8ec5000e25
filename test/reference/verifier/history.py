"""A base and its history, back to the genesis and forwards again: protocols/archive/SPEC.md, "Verifying a history"."""

from collections import namedtuple

import card
import kinds
from bad import Bad
from certificates import judge_certificate, read_certificate
from choice import Base
from cids import RAW, cid_of
from lineages import Situation, check_lineage, open_amendment, open_contributions, open_lists
from terms import Terms, named_target
from unixfs import LEAF, length_of, read_directory, total_size, write_directory

WEIGHTS, README, LINEAGE, CONFIG = "model.safetensors", "README.md", "lineage.cbor", "config.json"
SHARED = (CONFIG, "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")

# One base on the way back: its round, directory, and lineage with its bytes.
Step = namedtuple("Step", "round cid entries lineage lineage_bytes")


def read_base(block):
    """The directory of a base: names that a base can have (protocols/lineage/SPEC.md), weights and configuration among them."""
    entries = read_directory(block)
    if any(name not in (WEIGHTS, README, LINEAGE, *SHARED) for name in entries) or not {WEIGHTS, CONFIG} <= set(entries):
        raise Bad("bad-directory")
    for name, most in ((README, LEAF), (LINEAGE, 1_000_000)):
        if name in entries and (entries[name][0].codec != RAW or entries[name][1] > most):
            raise Bad("bad-directory")
    return entries


class Checked:
    """What checking a round forwards found. `opened` is None when a signature in it fails, `before` when the rounds before it do,
    `amended` when it has no amendment that holds."""

    def __init__(self, step, before):
        self.step, self.before = step, before
        self.terms, self.opened, self.amended, self.is_certified = None, None, None, False


class State:
    """What holds before a round: terms of this round and the next, the last amendment, the last `historyRounds` bases."""

    def __init__(self, terms, next_terms, amended, history):
        self.terms, self.next_terms, self.amended, self.history = terms, next_terms, amended, history


class History:
    """`failures` get (round, link, reason) as they are found; `get` gives a block or raises Missing."""

    def __init__(self, network, genesis, get, failures):
        self.network, self.genesis, self.get, self.failures = network, genesis, get, failures
        self.shared = None  # the genesis' files that every base has
        self.weights = None  # CID of the genesis' weights
        self.terms = self.known_terms = Terms(genesis)  # of the newest round that was looked at: judged by, and known

    def fail(self, round, error, link):
        self.failures.append((round, error.link or link, error.reason))

    def open_genesis_base(self):
        try:
            entries = read_base(self.get(self.genesis["base"]))
        except Bad as error:
            return self.fail(0, error, "directory")
        if length_of(*entries[WEIGHTS]) != self.genesis["bytes"]:
            return self.fail(0, Bad("genesis-other-size"), "genesis")
        self.weights = entries[WEIGHTS][0]
        self.shared = {name: entry for name, entry in entries.items() if name in SHARED}
        self.entries = entries

    def trace(self, base, round):
        """Steps from the base back to the genesis' base, oldest first, and what broke the way: None when it was reached.

        `round` is the base's, as stated, for a break at the first step.
        """
        steps, expected = [], None
        while base != self.genesis["base"]:
            try:
                if expected == 0:
                    raise Bad("genesis-other-base", "genesis")
                step = self.load(base)
                if expected is not None and step.round != expected:
                    raise Bad("lineage-wrong-round", "lineage")
            except Bad as error:
                self.fail(round if expected is None else expected, error, "lineage")
                return steps[::-1], error
            steps.append(step)
            base, expected = step.lineage["parent"], step.round - 1
        if expected not in (None, 0):
            gap = Bad("lineage-wrong-round")
            self.fail(expected + 1, gap, "lineage")
            return steps[::-1], gap
        return steps[::-1], None

    def load(self, base):
        block = self.get(base)
        try:
            entries = read_base(block)
        except Bad as error:
            raise Bad(error.reason, "directory") from error
        if LINEAGE not in entries:
            raise Bad("no lineage", "lineage")
        block = bytes(self.get(entries[LINEAGE][0]))
        lineage = kinds.read("lineage/1", block, "lineage-")
        if lineage["network"] != self.network:
            raise Bad("lineage-wrong-network", "genesis")
        return Step(lineage["round"], base, entries, lineage, block)

    def start(self):
        terms = Terms(self.genesis)
        return State(terms, terms, None, [Base(0, self.genesis["base"], self.weights, frozenset(), False, None)])

    def forwards(self, steps, is_whole, certificate):
        """Checks each round, oldest first; gives a Checked each.

        After a round whose lineage does not hold nothing is known of terms and bases: only certificates are looked
        at, as of the genesis' committee.
        """
        state = self.start() if is_whole and self.weights is not None else None
        for step, child in zip(steps, steps[1:] + [None]):
            own = certificate if child is None else child.lineage["parentCertificate"]
            checked = Checked(step, state)
            checked.terms = self.terms = state.terms if state else Terms(self.genesis)
            self.known_terms = state.terms if state else self.known_terms
            before = len(self.failures)
            if state is not None:
                state = self.check(checked, state)
            self.check_certificate(checked, own, has_failed=len(self.failures) > before)
            yield checked

    def check(self, checked, state):
        """The lineage and the directory. Gives the state after the round, None when the lineage does not hold."""
        step = checked.step
        at = Situation(self.network, self.genesis, state.terms, state.next_terms, state.amended, state.history)
        lists, bad_lists = open_lists(step.lineage, at)
        checked.opened, bad_contributions = open_contributions(step.lineage, at)
        checked.amended, bad_amendment = open_amendment(step.lineage, at)
        after = None
        for error in bad_lists + bad_contributions:
            self.fail(step.round, error, "lineage")
        if not bad_lists and not bad_contributions:
            try:
                if step.lineage["parent"] != state.history[-1].cid:
                    raise Bad("lineage-wrong-parent")
                if bad_amendment is not None:
                    raise bad_amendment
                self.check_parent_certificate(step)
                check_lineage(step.lineage, lists, checked.opened, checked.amended, at)
                after = self.after(checked, state)
            except Bad as error:
                self.fail(step.round, error, "lineage")
        self.check_directory(checked)
        return after

    def check_parent_certificate(self, step):
        """6.3's part that is this round's: whether there is one. What it is worth is judged as the parent's."""
        if (step.round == 1) != (step.lineage["parentCertificate"] is None):
            raise Bad("lineage-parent-certificate")

    def after(self, checked, state):
        step, inputs, made = checked.step, checked.opened.inputs, checked.amended
        terms, amended = (state.next_terms, state.amended) if made is None else (made.terms, made.id)
        target = made.target.cid if made is not None and made.target is not None else None
        checkpoints = frozenset(each["checkpoint"] for each in inputs)
        is_empty = not inputs and target is None
        base = Base(step.round, step.cid, step.lineage["weights"], checkpoints, is_empty, target)
        history = (state.history + [base])[-state.terms.policy["historyRounds"]:]
        return State(state.next_terms, terms, amended, history)

    def check_certificate(self, checked, data, has_failed):
        step, terms = checked.step, checked.terms
        try:
            view = judge_certificate(data, self.network, terms, step.round, step.cid)
        except Bad as error:
            # a certificate of another base: whatever changed this one is to blame before it
            if not (error.reason == "certificate-wrong-base" and has_failed):
                self.fail(step.round, error, "certificate")
            return
        checked.is_certified = True
        is_rollback = named_target(step.lineage.get("amendment")) is not None
        if not step.lineage["inputs"] and not is_rollback and view < terms.policy["maxViews"]:
            self.fail(step.round, Bad("empty-too-early"), "lineage")

    def check_directory(self, checked):
        """The directory is the one that genesis and lineage give."""
        step, opened = checked.step, checked.opened
        weights = step.lineage["weights"]
        size = self.genesis["bytes"]
        try:
            length_of(weights, total_size(size))
        except Bad:
            return self.fail(step.round, Bad("no file of that size"), "lineage")
        should = {**self.shared, WEIGHTS: (weights, total_size(size))}
        if opened is not None:
            try:
                text = card.render(self.network, self.genesis, step.lineage, checked.terms, opened)
            except Bad as error:
                return self.fail(step.round, error, "card")
            for name, data in ((README, text), (LINEAGE, step.lineage_bytes)):
                should[name] = (cid_of(RAW, data), len(data))
        found = False
        for name in should:
            if name not in step.entries or step.entries[name][0] != should[name][0]:
                found = True
                self.fail(step.round, Bad("other-bytes" if name in step.entries else "lacks"), link_of(name))
        for name in step.entries:
            if name not in should and name not in (README, LINEAGE):
                found = True
                self.fail(step.round, Bad("unknown file"), link_of(name))
        if not found and opened is not None and write_directory(should)[0] != step.cid:
            self.fail(step.round, Bad("other sizes"), "directory")

    def certifies(self, certificate, base):
        """Is there a certificate of this base by the committee of the newest round, whatever else is here?"""
        return self.signers(certificate, base) is not None

    def signers(self, certificate, base):
        """Their keys, where a quorum signed; else None. Where nothing is known of the round, the genesis' committee is its."""
        try:
            found = read_certificate(certificate, self.network, self.terms)
        except Bad:
            return None
        return [each["author"] for each in found["signatures"]] if found["base"] == base else None


def link_of(name):
    return {WEIGHTS: "weights", README: "card", LINEAGE: "lineage"}.get(name, f"file {name}")
