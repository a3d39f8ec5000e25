"""CIDs: version 1, three codecs, SHA-256. 36 bytes, in text base32 after a `b`. protocols/wire/SPEC.md, "Encoding"."""

import base64
import hashlib

from bad import Bad

RAW, DAG_PB, DAG_CBOR = 0x55, 0x70, 0x71
CODECS = (RAW, DAG_PB, DAG_CBOR)
BYTES = 36


class Cid(bytes):
    """The 36 bytes. Compared, sorted and hashed as such."""

    @property
    def codec(self):
        return self[1]

    @property
    def digest(self):
        return bytes(self[4:])

    def __str__(self):
        return "b" + base64.b32encode(self).decode().lower().rstrip("=")


def read_cid(data):
    """The CID that these bytes are; any other form of CID than the one that coldmesh has is refused."""
    data = bytes(data)
    if len(data) != BYTES or data[0] != 1 or data[1] not in CODECS or data[2:4] != b"\x12\x20":
        raise Bad("bad-cid")
    return Cid(data)


def cid_of(codec, block):
    return Cid(bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(block).digest())


def parse_text(text):
    """A CID as people write it. Raises Bad."""
    try:
        if not text.startswith("b") or text != text.lower():
            raise Bad("bad-cid")
        padded = text[1:].upper() + "=" * (-len(text[1:]) % 8)
        found = read_cid(base64.b32decode(padded))
    except ValueError as error:
        raise Bad("bad-cid") from error
    if str(found) != text:
        raise Bad("bad-cid")
    return found
