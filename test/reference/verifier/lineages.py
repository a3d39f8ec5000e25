"""What a lineage must be: protocols/lineage/SPEC.md, 6.1 to 6.12, but 6.3, which judges the base before."""

import math
import os
import struct
import sys

import kinds
from bad import Bad
from choice import choose, earlier, eligible_ids
from cids import DAG_CBOR, cid_of
from contributions import open_contribution
from signatures import open_envelope, payload_of
from terms import ratified

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fusion"))
from rules import clip_factors  # noqa: E402


class Opened:
    """A lineage's contributions, their signatures checked: `inputs`, and `excluded` with their reasons."""

    def __init__(self, inputs, excluded):
        self.inputs = inputs
        self.excluded = excluded


class Situation:
    """What the rules are asked in: the network, the round's terms and the next one's, and the bases before."""

    def __init__(self, network, genesis, terms, next_terms, amended, history):
        self.network, self.genesis, self.terms, self.next_terms = network, genesis, terms, next_terms
        self.amended = amended  # id of the amendment that was embedded last
        self.history = history


def open_lists(lineage, at):
    """6.6 of each list by itself: signed, by a member. Gives (lists, bad links)."""
    lists, bad = [], []
    for data in lineage["lists"]:
        try:
            found = open_envelope("list/1", data, at.network)
            if found["author"] not in at.terms.members:
                raise Bad("lister-not-a-member")
            lists.append(found)
        except Bad as error:
            bad.append(Bad(error.reason, name_of("list", data)))
    return lists, bad


def open_contributions(lineage, at):
    """6.8's part about each contribution. Gives (Opened or None, bad links)."""
    bad = []

    def opened(data):
        try:
            return open_contribution(data, at.network, at.genesis, at.terms, lineage["round"])
        except Bad as error:
            bad.append(Bad(error.reason, name_of("contribution", data)))
            return None

    inputs = [opened(data) for data in lineage["inputs"]]
    excluded = [(opened(each["envelope"]), each["reason"]) for each in lineage["excluded"]]
    return (None if bad else Opened(inputs, excluded)), bad


def name_of(what, data):
    """`list <author>` or `contribution <id>`, of an envelope that does not hold; else the lineage is to blame."""
    payload = payload_of(data)
    if payload is None:
        return "lineage"
    if what == "contribution":
        return f"contribution {cid_of(DAG_CBOR, payload)}"
    try:
        return f"list {kinds.read('list/1', payload)['author'].hex()}"
    except Bad:
        return "lineage"


def open_amendment(lineage, at):
    """6.2. Gives (Amended or None, what is wrong or None)."""
    if "amendment" not in lineage:
        return None, None
    try:
        return ratified(lineage["amendment"], at.network, at.amended, at.terms, at.next_terms, earlier(at.history)), None
    except Bad as error:
        return None, error


def check_lineage(lineage, lists, opened, amended, at):
    """The rules between the parts, for a lineage whose signatures and amendment hold. Raises Bad."""
    round, parent = lineage["round"], at.history[-1]
    terms, policy = at.terms, at.terms.policy
    check_fusion(lineage["fusion"], terms.fusion, len(opened.inputs))
    check_lists(lists, lineage, terms, policy)
    is_bare = not opened.inputs and not opened.excluded
    if amended is not None and amended.target is not None:
        if not is_bare:
            raise Bad("lineage-rollback-with-contributions")
        if lineage["weights"] != amended.target.weights:
            raise Bad("lineage-rollback-other-weights")
        return
    if is_bare:
        if lineage["weights"] != parent.weights:
            raise Bad("lineage-empty-changes-weights")
        return
    named = [found["contributions"] for found in lists]
    contributions = opened.inputs + [each for each, _ in opened.excluded]
    ids = [each.id for each in contributions]
    eligible = eligible_ids(named, terms.threshold)
    if len(set(ids)) != len(ids) or set(ids) != eligible:
        raise Bad("lineage-not-listed")
    inputs, excluded = choose(contributions, named, at.network, round, at.history, policy)
    if [each.id for each in inputs] != [each.id for each in opened.inputs]:
        raise Bad("lineage-other-inputs")
    if [(each.id, reason) for each, reason in excluded] != [(each.id, reason) for each, reason in opened.excluded]:
        raise Bad("lineage-other-exclusions")
    if len(inputs) < policy["minContributions"]:
        raise Bad("lineage-too-few-inputs")


def check_lists(lists, lineage, terms, policy):
    authors = [found["author"] for found in lists]
    if len(authors) != terms.quorum:
        raise Bad("lineage-no-quorum-of-lists")
    if any(a >= b for a, b in zip(authors, authors[1:])):
        raise Bad("lineage-listers-not-distinct")
    for found in lists:
        if found["round"] != lineage["round"] or found["parent"] != lineage["parent"]:
            raise Bad("lineage-list-of-another-round")
        ids = found["contributions"]
        if len(ids) > 2 * policy["maxContributions"] or any(a >= b for a, b in zip(ids, ids[1:])):
            raise Bad("lineage-bad-list")


def check_fusion(stated, in_force, count):
    """6.5 and 6.11."""
    if stated["rule"] != in_force["rule"] or stated["params"] != in_force["params"]:
        raise Bad("lineage-other-fusion")
    if stated["rule"] != "clipped-mean/1" or count == 0:
        if "factors" in stated or "norms" in stated:
            raise Bad("lineage-unexpected-factors")
        return
    norms = [struct.unpack(">d", norm)[0] for norm in stated.get("norms", [])]
    if len(norms) != count or any(not math.isfinite(norm) or math.copysign(1, norm) < 0 for norm in norms):
        raise Bad("lineage-bad-norms")
    if stated.get("factors") != clip_factors(norms):
        raise Bad("lineage-other-factors")
