"""Files and directories as blocks: docs/fusion.md, "CID". dag-pb is written again and compared, never interpreted."""

from functools import lru_cache

from bad import Bad
from cids import DAG_PB, RAW, Cid, cid_of, read_cid

LEAF = 1 << 20
WIDTH = 1024


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def part(field, data):
    """A length-delimited field of protobuf."""
    return bytes([field << 3 | 2]) + varint(len(data)) + data


def node(links, data):
    """A dag-pb node: links of (cid, name, size of all below), then UnixFS' data."""
    out = b""
    for cid, name, size in links:
        out += part(2, part(1, cid) + part(2, name.encode()) + b"\x18" + varint(size))
    return out + part(1, data)


def file_node(links, sizes):
    """A node above leaves; `sizes` are the bytes of the file below each link."""
    data = b"\x08\x02\x18" + varint(sum(sizes)) + b"".join(b"\x20" + varint(size) for size in sizes)
    return node([(cid, "", total) for cid, total in links], data)


class Shape:
    """The tree of a file of so many bytes: the same for all files of this length."""

    def __init__(self, length):
        self.length = length
        self.leaves = max(1, -(-length // LEAF))
        self.levels = 0  # of nodes above the leaves
        while WIDTH**self.levels < self.leaves:
            self.levels += 1

    def leaf_size(self, index):
        return min(LEAF, self.length - index * LEAF)

    def size_below(self, level, index):
        """Bytes of the file below the node of this index in its level; level 0 are the leaves."""
        span = LEAF * WIDTH**level
        return min(span, self.length - index * span)


@lru_cache(maxsize=1 << 12)
def total_below(level, length):
    """Bytes of all blocks of a subtree of this level above so many bytes of a file."""
    if level == 0:
        return length
    span = LEAF * WIDTH**(level - 1)
    full, rest = divmod(length, span)
    links = bytes_of = 0
    sizes = [(span, full)] + ([(rest, 1)] if rest else [])
    for size, count in sizes:
        below = total_below(level - 1, size)
        links += count * len(part(2, bytes(38) + part(2, b"") + b"\x18" + varint(below)))
        bytes_of += count * below
    data = 2 + 1 + len(varint(length)) + sum(count * (1 + len(varint(size))) for size, count in sizes)
    return bytes_of + links + 1 + len(varint(data)) + data


def total_size(length):
    """Bytes of all blocks of a file of this length: a directory's Tsize."""
    return total_below(Shape(length).levels, length)


def length_of(cid, total):
    """The file length that a link's Tsize comes from. Raises Bad where none does."""
    if cid.codec == RAW:
        if total > LEAF:
            raise Bad("bad-directory")
        return total
    if not LEAF < total < 1 << 53:
        raise Bad("bad-directory")
    low, high = LEAF + 1, total
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if total_size(middle) < total else (low, middle)
    if total_size(low) != total:
        raise Bad("bad-directory")
    return low


class Builder:
    """The root of a file from its leaves' CIDs, in order. Keeps one unfinished node a level."""

    def __init__(self, length, on_node=lambda level, index, cid, block: None):
        self.shape = Shape(length)
        self.on_node = on_node
        self.pending = [[] for _ in range(self.shape.levels)]
        self.made = [0] * (self.shape.levels + 1)
        self.root, self.total = None, 0

    def add(self, cid):
        index = self.made[0]
        self.made[0] += 1
        self.put(0, cid, self.shape.leaf_size(index))

    def put(self, level, cid, total):
        if level == self.shape.levels:
            self.root, self.total = cid, total
            return
        self.pending[level].append((cid, total))
        if len(self.pending[level]) == WIDTH:
            self.close(level)

    def close(self, level):
        links, index = self.pending[level], self.made[level + 1]
        self.pending[level] = []
        self.made[level + 1] += 1
        sizes = [self.shape.size_below(level, index * WIDTH + i) for i in range(len(links))]
        block = file_node(links, sizes)
        cid = cid_of(DAG_PB, block)
        self.on_node(level + 1, index, cid, block)
        self.put(level + 1, cid, len(block) + sum(total for _, total in links))

    def finish(self):
        for level in range(self.shape.levels):
            if self.pending[level]:
                self.close(level)
        return self.root


def walk_file(root, length, get):
    """(cid, is it a leaf) of every block of a file, depth first. Each node must be the one that its length and its links give."""
    shape = Shape(length)
    if root.codec != (RAW if shape.levels == 0 else DAG_PB):
        raise Bad("bad-file")

    def walk(cid, level, index):
        yield cid, level == 0
        if level == 0:
            return
        links = read_node(get(cid), shape, level, index)
        for i, child in enumerate(links):
            yield from walk(child, level - 1, index * WIDTH + i)

    return walk(root, shape.levels, 0)


def length_of_root(block):
    """The file's length, as the root of a tree states it: 0x0a, the length of UnixFS' data, 0x08 0x02 0x18, the file's length."""
    block = bytes(block)
    at = 0
    while at < len(block) and block[at] == 0x12:
        size, at = read_varint(block, at + 1)
        at += size
    if block[at:at + 1] != b"\x0a":
        raise Bad("bad-file")
    _, at = read_varint(block, at + 1)
    if block[at:at + 3] != b"\x08\x02\x18":
        raise Bad("bad-file")
    length, _ = read_varint(block, at + 3)
    if not LEAF < length < 1 << 53:
        raise Bad("bad-file")
    return length


def read_node(block, shape, level, index):
    """CIDs of the children of a node, which must be as the file's length has it."""
    below = LEAF * WIDTH**(level - 1)
    count = min(WIDTH, -(-shape.length // below) - index * WIDTH)
    children = [min(below, shape.length - (index * WIDTH + i) * below) for i in range(count)]
    codec = RAW if level == 1 else DAG_PB
    links, at = [], 0
    for size in children:
        # each link is 0x12, its length, then 0x0a 0x24 and the CID
        _, start = read_varint(block, at + 1)
        child = read_cid(block[start + 2:start + 38])
        if child.codec != codec:
            raise Bad("bad-file")
        links.append((child, total_below(level - 1, size)))
        at = start + len(part(1, child)) + len(part(2, b"")) + 1 + len(varint(total_below(level - 1, size)))
    if file_node(links, children) != bytes(block):
        raise Bad("bad-file")
    return [child for child, _ in links]


def read_varint(data, at):
    number, shift = 0, 0
    while True:
        if at >= len(data) or shift > 56:
            raise Bad("bad-varint")
        number |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return number, at
        shift += 7


def read_directory(block):
    """{name: (cid, total size)} of a canonical directory."""
    block = bytes(block)
    entries, at = [], 0
    try:
        while at < len(block) and block[at] == 0x12:
            size, start = read_varint(block, at + 1)
            at = start + size
            entries.append(read_link(block[start:at]))
        names = [name for _, name, _ in entries]
        if names != sorted(set(names), key=str.encode):
            raise Bad("bad-directory")
        if node(entries, b"\x08\x01") != block:
            raise Bad("bad-directory")
    except (UnicodeError, IndexError) as error:
        raise Bad("bad-directory") from error
    for cid, _, total in entries:
        length_of(cid, total)
    return {name: (cid, total) for cid, name, total in entries}


def read_link(data):
    if data[:2] != b"\x0a\x24" or data[38:39] != b"\x12":
        raise Bad("bad-directory")
    size, start = read_varint(data, 39)
    end = start + size
    name = data[start:end].decode("utf-8")
    total, _ = read_varint(data, end + 1)
    cid = read_cid(data[2:38])
    if cid.codec not in (RAW, DAG_PB) or not name:
        raise Bad("bad-directory")
    return cid, name, total


def write_directory(entries):
    """(cid, block) of a directory of {name: (cid, total size)}."""
    names = sorted(entries, key=str.encode)
    block = node([(*entries[name][:1], name, entries[name][1]) for name in names], b"\x08\x01")
    return cid_of(DAG_PB, block), block


