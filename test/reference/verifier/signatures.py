"""Ed25519 as protocols/wire/SPEC.md, "Signatures", has it; envelopes (rules 1.1 to 1.7).

Points 1 to 4 of the predicate are here, in integers; 5 is `cryptography`'s, which computes [S]B - [k]A and compares it
with R. `--slow-signatures` leaves all of it to test/reference/ed25519/judge.py, which uses nothing but Python's integers.
"""

import os
import sys
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import cbor
import kinds
from bad import Bad
from cids import DAG_CBOR, cid_of
from fields import byte_string, record

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ed25519"))
from judge import SMALL_ORDER_Y, L, P, judge  # noqa: E402

ENVELOPE = record({"payload": byte_string(), "signature": byte_string(64)})
slow = False


def y_of(point):
    return int.from_bytes(point, "little") & 2**255 - 1


def is_acceptable(key):
    """Points 3 and 4 of the predicate, of a key."""
    return y_of(key) < P and y_of(key) not in SMALL_ORDER_Y


@lru_cache(maxsize=1 << 16)
def is_valid(message, signature, key):
    if slow:
        return judge(message, signature, key) is None
    if len(signature) != 64 or len(key) != 32 or int.from_bytes(signature[32:], "little") >= L:
        return False
    if not is_acceptable(key) or not is_acceptable(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def is_signed(payload, signature, key):
    """Is it a signature of a payload, in DSSE's pre-authentication encoding?"""
    kind = b"application/vnd.coldmesh+dag-cbor"
    return is_valid(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload), signature, key)


class Signed(dict):
    """The fields of a message whose signature holds, and its `id`."""


def parts_of(kind, data):
    """Payload and signature of an envelope, by rules 1.1 to 1.4."""
    if len(data) > kinds.KINDS[kind][0] + 96:
        raise Bad("too-long")
    envelope = cbor.decode(data)
    ENVELOPE(envelope)
    return envelope


def open_envelope(kind, data, network, prefix=""):
    """Raises Bad with what is wrong, in the order of the rules."""
    try:
        envelope = parts_of(kind, data)
        fields = Signed(kinds.read(kind, envelope["payload"]))
        if fields["network"] != network:
            raise Bad("wrong-network")
        if not is_signed(envelope["payload"], envelope["signature"], fields["author"]):
            raise Bad("bad-signature")
        fields.id = cid_of(DAG_CBOR, envelope["payload"])
        return fields
    except Bad as error:
        raise Bad(prefix + error.reason) from error


def payload_of(data):
    """The payload of an envelope whatever it is worth, to name it; None where there is none."""
    try:
        value = cbor.decode(data)
    except Bad:
        return None
    payload = value.get("payload") if type(value) is dict else None
    return payload if type(payload) is bytes else None


def check_quorum(signatures, committee, quorum, prefix):
    """Rules 5.2 and 8.8: exactly a quorum, distinct, in order, all members."""
    authors = [each["author"] for each in signatures]
    if len(authors) != quorum:
        raise Bad(prefix + "no-quorum")
    if any(a >= b for a, b in zip(authors, authors[1:])):
        raise Bad(prefix + "signers-not-distinct")
    if any(author not in committee for author in authors):
        raise Bad(prefix + "signer-not-a-member")
