"""export-key/1, judged from protocols/attestation/SPEC.md and protocols/wire/SPEC.md alone; needs the package cryptography.

open_export_key(envelope, network) gives (author, key) of one that holds, else raises Wrong with what is wrong.
"""

import base64
import hashlib
import os
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ed25519"))
from judge import judge

PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04")
PAYLOAD_TYPE = b"application/vnd.coldmesh+dag-cbor"
MAX_PAYLOAD = 512
# NIST P-256: the field, the order, b (a is -3).
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class Wrong(Exception):
    pass


class Link(bytes):
    """The bytes of a CID."""


def demand(holds, what):
    if not holds:
        raise Wrong(what)


def read(data, at=0, depth=0):
    """One canonical dag-cbor value: (value, where it ends)."""
    demand(depth <= 16, "too deep")
    demand(at < len(data), "cut off")
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        demand(low in (20, 21, 22), "a float, or a simple value")
        return {20: False, 21: True, 22: None}[low], at
    if low < 24:
        value = low
    else:
        demand(low <= 27, "an indefinite length")
        size = 1 << low - 24
        demand(at + size <= len(data), "cut off")
        value = int.from_bytes(data[at : at + size], "big")
        at += size
        demand(value >= (24 if size == 1 else 1 << 4 * size), "a length longer than it must be")
    if major == 0:
        return value, at
    if major in (2, 3):
        demand(at + value <= len(data), "cut off")
        piece = data[at : at + value]
        if major == 2:
            return piece, at + value
        try:
            return piece.decode("utf-8"), at + value
        except UnicodeDecodeError:
            raise Wrong("not UTF-8") from None
    if major == 4:
        items = []
        for _ in range(value):
            item, at = read(data, at, depth + 1)
            items.append(item)
        return items, at
    if major == 5:
        entries, last = {}, None
        for _ in range(value):
            key, at = read(data, at, depth + 1)
            demand(isinstance(key, str), "a key that is no text")
            order = (len(key.encode()), key.encode())
            demand(last is None or order > last, "keys out of order")
            last = order
            entries[key], at = read(data, at, depth + 1)
        return entries, at
    demand(major == 6 and value == 42, "another tag, or a negative number")
    cid, at = read(data, at, depth + 1)
    demand(isinstance(cid, bytes) and len(cid) == 37 and cid[:1] == b"\0", "not a CID")
    return Link(cid[1:]), at


def decode(data, fields):
    value, end = read(data)
    demand(end == len(data), "bytes behind the end")
    demand(isinstance(value, dict) and set(value) == set(fields), "other fields")
    return value


def cid_bytes(text):
    """A CID in base32."""
    letters = text[1:].upper()
    return base64.b32decode(letters + "=" * (-len(letters) % 8))


def hash_parts(*parts):
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def is_bytes(value, length):
    return isinstance(value, bytes) and not isinstance(value, Link) and len(value) == length


def open_export_key(data, network):
    """`data` is the envelope, `network` the genesis CID as text."""
    demand(len(data) <= MAX_PAYLOAD + 96, "too long")
    envelope = decode(data, ["payload", "signature"])
    payload, signature = envelope["payload"], envelope["signature"]
    demand(isinstance(payload, bytes) and len(payload) <= MAX_PAYLOAD and is_bytes(signature, 64), "bad envelope")
    said = decode(payload, ["kind", "network", "author", "algorithm", "key", "proof"])
    demand(said["kind"] == "export-key/1" and said["algorithm"] == "ecdsa-p256-sha256", "another kind or algorithm")
    author, key, proof = said["author"], said["key"], said["proof"]
    demand(is_bytes(author, 32) and is_bytes(key, 91) and is_bytes(proof, 64), "bad field")
    own = cid_bytes(network)
    demand(isinstance(said["network"], Link) and bytes(said["network"]) == own, "another network")
    signed = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(payload), payload)
    wrong = judge(signed, signature, author)
    demand(wrong is None, f"signature: {wrong}")
    # 12.1
    demand(key[:27] == PREFIX, "bad key")
    x, y = int.from_bytes(key[27:59], "big"), int.from_bytes(key[59:], "big")
    demand(x < P and y < P and (y * y - x**3 + 3 * x - B) % P == 0, "bad key")
    # 12.2
    r, s = int.from_bytes(proof[:32], "big"), int.from_bytes(proof[32:], "big")
    demand(0 < r < N and 0 < s < N, "bad proof")
    try:
        public = serialization.load_der_public_key(key)
        message = hash_parts(b"coldmesh/export-key/1", own, author)
        public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Wrong("bad proof") from None
    return author, key
