"""Mutated files, as jobs of `verify.py --mutations`: edits are [offset, bytes removed, hex put there].

Nothing here is shared with the verifier: files are cut into sections by hand.
"""

import hashlib
import random


def varint(number, least=1):
    out = bytearray()
    while number >= 0x80 or len(out) < least - 1:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def sections(data):
    """(start, where the CID begins, where the block begins, end) of each."""
    size, at = read_varint(data, 0)
    at += size
    found = []
    while at < len(data):
        size, cid = read_varint(data, at)
        found.append((at, cid, cid + 36, cid + size))
        at = cid + size
    return found


def every_byte(data, seed):
    chance = random.Random(seed)
    for offset in range(len(data)):
        yield {"edits": [[offset, 1, f"{data[offset] ^ chance.randrange(1, 256):02x}"]]}


def random_bits(data, count, seed):
    chance = random.Random(seed)
    for bit in chance.sample(range(8 * len(data)), count):
        yield {"edits": [[bit >> 3, 1, f"{data[bit >> 3] ^ 1 << (bit & 7):02x}"]]}


def cut_off(data, step):
    for length in range(0, len(data), step):
        yield {"length": length}


def occurrences(data, piece):
    at, found = data.find(piece), []
    while at >= 0:
        found.append(at)
        at = data.find(piece, at + 1)
    return found


def consistent(data, count, seed):
    """Bytes of lineages, directories, genesis and root (with the certificate in it) changed, and every CID above made
    anew, wherever it stands: what somebody without keys can do."""
    chance = random.Random(seed)
    parts = sections(data)
    places = {index: occurrences(data, data[cid:block]) for index, (_, cid, block, _) in enumerate(parts)}
    holders = {
        index: {other for other, (_, _, block, end) in enumerate(parts) for at in places[index] if block <= at < end}
        for index in places
    }
    targets = [(index, at) for index, (_, cid, block, end) in enumerate(parts) for at in range(block, end) if is_told(data, cid, end)]
    for target, offset in sorted(chance.sample(targets, min(count, len(targets)))):
        changed = bytearray(data)
        changed[offset] ^= chance.randrange(1, 256)
        edits = [[offset, 1, f"{changed[offset]:02x}"]]
        for index in above(target, holders):
            _, cid, block, end = parts[index]
            digest = hashlib.sha256(changed[block:end]).digest()
            for at in places[index]:
                changed[at + 4:at + 36] = digest
                edits.append([at + 4, 32, digest.hex()])
        yield {"edits": edits}


def is_told(data, cid, end):
    """All but raw leaves, and of these lineages."""
    return data[cid + 1] in (0x70, 0x71) or b"lineage/1" in data[cid + 36:end]


def above(target, holders):
    """The target and all that name it, each after what it names."""
    found = []

    def visit(index):
        if index in found:
            return
        for holder in holders[index]:
            visit(holder)
        found.append(index)

    visit(target)
    return found[::-1]


def file_lies(data):
    """(name, edits) of files that are no archive, though each block in them is honest."""
    parts = sections(data)
    size, at = read_varint(data, 0)
    header_end = at + size
    bytes_of = [data[start:end] for start, _, _, end in parts]
    middle = len(parts) // 2
    extra = section(0x55, b"a block more")
    start, cid, block, end = parts[middle]
    last_start, last_cid, _, last_end = parts[-1]

    def put(offset, removed, new):
        return [[offset, removed, bytes(new).hex()]]

    yield "an empty file", put(0, len(data), b"")
    yield "a header alone", put(header_end, len(data) - header_end, b"")
    yield "a root alone", put(parts[1][0], len(data) - parts[1][0], b"")
    yield "a header longer than it must be", put(0, at, varint(size, 3))
    yield "a length longer than it must be", put(start, cid - start, varint(end - cid, 4))
    yield "the last length longer than it must be", put(last_start, last_cid - last_start, varint(last_end - last_cid, 5))
    yield "a length beyond the file", put(last_start, last_cid - last_start, varint(last_end - last_cid + 1))
    yield "a length beyond everything", put(last_start, last_cid - last_start, b"\xff" * 9 + b"\x01")
    yield "a length without end", put(last_start, last_cid - last_start, b"\xff" * 20)
    yield "a length of nothing", put(start, 0, b"\x00")
    yield "a length shorter than a CID", put(start, end - start, varint(35) + data[cid:cid + 35])
    yield "zeros after the end", put(len(data), 0, bytes(100))
    yield "a byte after the end", put(len(data), 0, b"\x01")
    yield "the file twice", put(len(data), 0, data)
    yield "its blocks twice", put(len(data), 0, data[header_end:])
    yield "version 2", put(0, header_end, data[:header_end].replace(b"version\x01", b"version\x02"))
    yield "two roots", put(0, header_end, two_roots(data[at:header_end]))
    yield "no root", put(0, header_end, header_of(b"\xa2\x65roots\x80\x67version\x01"))
    yield "a header with a field more", put(0, header_end, header_of(b"\xa3\x61a\x01" + data[at + 1:header_end]))
    yield "a root of another codec", put(0, header_end, data[:header_end].replace(b"\x01\x71\x12\x20", b"\x01\x55\x12\x20"))
    yield "another root", put(0, header_end, data[:header_end].replace(data[parts[0][1]:parts[0][2]], data[parts[1][1]:parts[1][2]]))
    yield "the root not first", put(parts[0][0], parts[1][3] - parts[0][0], bytes_of[1] + bytes_of[0])
    yield "another codec in a name", put(cid + 1, 1, b"\x55" if data[cid + 1] != 0x55 else b"\x71")
    yield "another hash in a name", put(cid + 2, 1, b"\x13")
    yield "a name of version 0", put(cid, 2, b"")
    yield "a block more at the end", put(len(data), 0, extra)
    yield "a block of more than two mebibytes", put(len(data), 0, section(0x55, bytes(2_097_153)))
    for index, (start, _, _, end) in enumerate(parts):
        yield f"block {index} missing", put(start, end - start, b"")
        yield f"block {index} twice", put(end, 0, bytes_of[index])
        yield f"block {index} again at the end", put(len(data), 0, bytes_of[index])
        yield f"a block more before block {index}", put(start, 0, extra)
        if index + 1 < len(parts):
            yield f"blocks {index} and {index + 1} in another order", put(start, parts[index + 1][3] - start, bytes_of[index + 1] + bytes_of[index])


def section(codec, block):
    cid = bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(block).digest()
    return varint(36 + len(block)) + cid + block


def header_of(header):
    return varint(len(header)) + header


def two_roots(header):
    at = header.index(b"\xd8\x2a")
    root = header[at:at + 41]
    return header_of(header[:at].replace(b"\x81", b"\x82") + root + root + header[at + 41:])
