"""Who decides, and by which rules: the genesis' terms (protocols/genesis/SPEC.md) and what amendments make of them
(protocols/membership/SPEC.md)."""

from collections import namedtuple

import cbor
import kinds
from bad import Bad
from cids import DAG_CBOR, cid_of
from election import quorum_of
from fields import BILLION
from signatures import check_quorum, is_acceptable, is_signed

RULES = {  # rule: {parameter: (least, most, is it required)}
    "mean/1": {}, "clipped-mean/1": {}, "median/1": {},
    "weighted-mean/1": {"maxRows": (1, BILLION, True)},
    "trimmed-mean/1": {"trim": (1, 31, True)},
    "ties/1": {"density": (1, BILLION, True), "scale": (1, BILLION, False)},
}
STEP = {"step": (1, BILLION - 1, False)}
FIELDS = ("committee", "quorum", "contributors", "round", "gate", "fusion")


class Terms:
    """What is in force in a round."""

    def __init__(self, fields):
        self.fields = {name: fields[name] for name in FIELDS}
        self.members = {member["key"] for member in fields["committee"]}
        self.quorum = quorum_of(fields["quorum"], len(fields["committee"]))
        self.threshold = len(fields["committee"]) - self.quorum + 1  # f + 1
        self.policy = fields["round"]
        self.fusion = fields["fusion"]
        self.contributors = fields["contributors"]


def check_terms(fields, prefix=""):
    """Rules 2.1 to 2.5 and 2.10 to 2.13. 2.4 is never broken within the ranges of the fields."""
    try:
        committee, policy = fields["committee"], fields["round"]
        for what in ("key", "name"):
            if len({member[what] for member in committee}) != len(committee):
                raise Bad(f"duplicate-member-{what}")
        if not all(is_acceptable(member["key"]) for member in committee):
            raise Bad("bad-member-key")
        if type(fields["contributors"]) is list and not all(map(is_acceptable, fields["contributors"])):
            raise Bad("bad-contributor-key")
        if policy["minContributions"] > policy["maxContributions"]:
            raise Bad("min-above-max")
        if policy["maxStaleness"] >= policy["historyRounds"]:
            raise Bad("staleness-above-history")
        if policy["maxStaleness"] > 0 and policy["keepRounds"] < policy["historyRounds"]:
            raise Bad("keep-below-history")
        check_rule(fields["fusion"], policy)
    except Bad as error:
        raise Bad(prefix + error.reason) from error


def check_rule(fusion, policy):
    rule, params = fusion["rule"], fusion["params"]
    if rule not in RULES:
        raise Bad("unsupported-rule")
    known = {**RULES[rule], **STEP}
    if any(name not in known for name in params):
        raise Bad("unsupported-fusion-params")
    for name, (least, most, is_required) in known.items():
        if name in params and not least <= params[name] <= most or is_required and name not in params:
            raise Bad("bad-fusion-params")
    if policy["minContributions"] <= 2 * params.get("trim", 0):
        raise Bad("trim-above-min")


def read_genesis(block):
    genesis = kinds.read("genesis/1", block)
    check_terms(genesis)
    if genesis["forkOf"] == genesis["base"]:
        raise Bad("fork-of-itself")
    return genesis


def changed(terms, change):
    """The terms after a change, by 8.3, 8.4 and 8.11: a rollback leaves them as they are."""
    fields = dict(terms.fields)
    if not change:
        raise Bad("amendment-empty")
    if "rollback" in change:
        if len(change) > 1:
            raise Bad("amendment-rollback-not-alone")
        return terms
    committee, removed = fields["committee"], change.get("remove", [])
    for key in removed:
        if key not in terms.members or removed.count(key) > 1:
            raise Bad("amendment-removes-nobody")
    fields["committee"] = [each for each in committee if each["key"] not in removed] + change.get("add", [])
    if not 1 <= len(fields["committee"]) <= 64:
        raise Bad("amendment-committee-size")
    fields["round"] = {**fields["round"], **change.get("round", {})}
    for name in ("quorum", "contributors", "gate", "fusion"):
        if name in change:
            fields[name] = change[name]
    check_terms(fields, "amendment-")
    return Terms(fields)


# What an amendment does: terms from the round after the next on, its id, and the base that it rolls back to, or None.
Amended = namedtuple("Amended", "terms id target")


def ratified(data, network, previous, current, next_terms, earlier):
    """What a ratification makes of the next round's terms, by 8.1 to 8.4 and 8.8 to 8.12. `earlier` has the bases that a rollback may name."""
    ratification = kinds.read("ratification/1", data, "ratification-")
    check_quorum(ratification["signatures"], current.members, current.quorum, "ratification-")
    for each in ratification["signatures"]:
        approval = {"kind": "approval/1", "network": network, "author": each["author"], "amendment": ratification["amendment"]}
        if not is_signed(cbor.encode(approval), each["signature"], each["author"]):
            raise Bad("ratification-bad-signature")
    amendment = kinds.read("amendment/1", ratification["amendment"], "amendment-")
    if amendment["network"] != network:
        raise Bad("amendment-wrong-network")
    if amendment["previous"] != previous:
        raise Bad("amendment-out-of-order")
    terms = changed(next_terms, amendment["change"])
    target = None
    if "rollback" in amendment["change"]:
        target = next((base for base in earlier if base.cid == amendment["change"]["rollback"]["base"]), None)
        if target is None:
            raise Bad("amendment-no-earlier-base")
    return Amended(terms, cid_of(DAG_CBOR, ratification["amendment"]), target)


def embedded(data):
    """(id, change) of the amendment in a ratification, whoever signed it; (None, {}) where there is none. Raises Bad where it does not decode."""
    if data is None:
        return None, {}
    amendment = kinds.read("ratification/1", data, "ratification-")["amendment"]
    return cid_of(DAG_CBOR, amendment), kinds.read("amendment/1", amendment, "amendment-")["change"]


def named_target(data):
    """The base that an embedded amendment rolls back to, whether it holds or not; None where it is no rollback."""
    try:
        return embedded(data)[1].get("rollback", {}).get("base")
    except Bad:
        return None
