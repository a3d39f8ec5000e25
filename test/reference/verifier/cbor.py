"""Canonical dag-cbor, read strictly: protocols/wire/SPEC.md, "Encoding", rules 1.2 and 1.3.

Strict reading is what "decode, encode again and compare" comes to: every head is in its shortest form, keys are
in their order and there once, and nothing follows. Lists are list, maps dict, byte strings bytes, links Cid.
"""

from bad import Bad
from cids import Cid, read_cid

MAX_NESTING = 16
UINT, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE = range(8)
SIMPLES = {20: False, 21: True, 22: None}
SMALLEST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}  # below these a shorter head would do


def decode(data):
    """The value that these bytes encode. Raises Bad with too-deep, not-cbor or not-canonical."""
    value, end = item(bytes(data), 0, 0)
    if end != len(data):
        raise Bad("not-cbor")
    return value


def head(data, at):
    """(major type, argument, where what follows begins)"""
    if at >= len(data):
        raise Bad("not-cbor")
    major, info = data[at] >> 5, data[at] & 31
    if info < 24:
        return major, info, at + 1
    if info > 27:  # reserved, or of no stated length
        raise Bad("not-cbor")
    size = 1 << info - 24
    end = at + 1 + size
    if end > len(data):
        raise Bad("not-cbor")
    argument = int.from_bytes(data[at + 1:end], "big")
    if major != SIMPLE and argument < SMALLEST[info]:
        raise Bad("not-canonical")
    return major, argument, end


def item(data, at, depth):
    first = data[at] if at < len(data) else 0
    major, argument, at = head(data, at)
    if major == UINT:
        return argument, at
    if major == NEGATIVE:
        return -1 - argument, at
    if major == BYTES or major == TEXT:
        end = at + argument
        if end > len(data):
            raise Bad("not-cbor")
        return (data[at:end] if major == BYTES else text(data[at:end])), end
    if major == SIMPLE:
        # floats, `undefined` and simple values that are not named are none of ours
        if first & 31 >= 24 or argument not in SIMPLES:
            raise Bad("not-cbor")
        return SIMPLES[argument], at
    if depth >= MAX_NESTING:
        raise Bad("too-deep")
    if major == LIST:
        return items(data, at, argument, depth)
    if major == MAP:
        return entries(data, at, argument, depth)
    return link(data, at, argument, depth)


def text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Bad("not-cbor") from error


def items(data, at, count, depth):
    found = []
    for _ in range(count):  # each takes at least a byte, so a false count ends with the bytes
        value, at = item(data, at, depth + 1)
        found.append(value)
    return found, at


def entries(data, at, count, depth):
    found, last = {}, None
    for _ in range(count):
        key, at = item(data, at, depth + 1)
        if type(key) is not str:
            raise Bad("not-cbor")
        order = (len(key.encode()), key.encode())
        if last is not None and order <= last:
            raise Bad("not-canonical")
        last = order
        found[key], at = item(data, at, depth + 1)
    return found, at


def link(data, at, tag, depth):
    value, at = item(data, at, depth + 1)
    if tag != 42 or type(value) is not bytes or value[:1] != b"\0":
        raise Bad("not-cbor")
    return read_cid(value[1:]), at


def encode(value):
    """The canonical bytes of a value. For what the verifier has to make again: payloads of votes and approvals."""
    if value is None or value is True or value is False:
        return bytes([{None: 0xF6, True: 0xF5, False: 0xF4}[value]])
    if type(value) is int:
        return start(UINT, value) if value >= 0 else start(NEGATIVE, -1 - value)
    if type(value) is Cid:
        return start(TAG, 42) + start(BYTES, len(value) + 1) + b"\0" + value
    if type(value) is bytes:
        return start(BYTES, len(value)) + value
    if type(value) is str:
        return start(TEXT, len(value.encode())) + value.encode()
    if type(value) is list:
        return start(LIST, len(value)) + b"".join(map(encode, value))
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return start(MAP, len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)


def start(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    info = next(info for info in (24, 25, 26, 27) if info == 27 or argument < 1 << (8 << info - 24))
    return bytes([major << 5 | info]) + argument.to_bytes(1 << info - 24, "big")
