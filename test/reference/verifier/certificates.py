"""Certificates: protocols/round/SPEC.md, 5.1 to 5.3."""

import cbor
import kinds
from bad import Bad
from signatures import check_quorum, is_signed


def read_certificate(data, network, terms):
    """The fields of a certificate that a quorum of these terms' committee signed. Raises Bad."""
    if data is None:
        raise Bad("missing")
    found = kinds.read("certificate/1", data, "certificate-")
    if found["network"] != network:
        raise Bad("certificate-wrong-network")
    check_quorum(found["signatures"], terms.members, terms.quorum, "certificate-")
    vote = {"kind": "precommit/1", "network": network, "round": found["round"], "view": found["view"], "base": found["base"]}
    for each in found["signatures"]:
        if not is_signed(cbor.encode({**vote, "author": each["author"]}), each["signature"], each["author"]):
            raise Bad("certificate-bad-signature")
    return found


def judge_certificate(data, network, terms, round, base):
    """The view of a certificate that makes `base` the base of `round`."""
    found = read_certificate(data, network, terms)
    if found["round"] != round:
        raise Bad("certificate-wrong-round")
    if found["base"] != base:
        raise Bad("certificate-wrong-base")
    return found["view"]


def stated_round(data, network):
    """The round that a certificate says it is of, whoever signed it; 0 where it says nothing about this network."""
    try:
        found = kinds.read("certificate/1", data or b"")
        return found["round"] if found["network"] == network else 0
    except Bad:
        return 0
