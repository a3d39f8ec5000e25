"""The file: a CAR of version 1, read strictly. protocols/archive/SPEC.md, "The file".

One pass compares every block with its CID and keeps where it lies; blocks are read again from the file, never kept.
"""

import hashlib

import cbor
import kinds
from bad import Bad, Missing
from cids import BYTES, DAG_CBOR, read_cid

MAX_BLOCK = 2_097_152
HEADER = 58


def shortest_varint(data, at, reason):
    """(number, where it ends) of an unsigned LEB128 in its shortest form."""
    number, shift = 0, 0
    while True:
        if at >= len(data):
            raise Bad("archive-cut-off")
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            if byte == 0 and shift > 0:
                raise Bad(reason)
            return number, at
        shift += 7
        if shift > 56:
            raise Bad(reason)


class Car:
    """`data` is bytes, or a mapped file. `order` has the CIDs as they come, `archive` the fields of the root."""

    def __init__(self, data):
        self.data = memoryview(data)
        self.places = {}
        self.order = []
        at = self.read_header()
        while at < len(data):
            at = self.read_section(at)
        if not self.order:
            raise Bad("archive-cut-off")
        if self.order[0] != self.root:
            raise Bad("archive-root")
        self.archive = kinds.read("archive/1", self.get(self.root), "archive-")

    def read_header(self):
        size, at = shortest_varint(self.data, 0, "archive-header")
        if size == HEADER and at + size > len(self.data):
            raise Bad("archive-cut-off")
        header = bytes(self.data[at:at + min(size, 1024)])
        try:
            root = cbor.decode(header)["roots"][0]
            is_ours = root.codec == DAG_CBOR and header == cbor.encode({"roots": [root], "version": 1})
        except (Bad, TypeError, KeyError, IndexError, AttributeError) as error:
            raise Bad("archive-header") from error
        if not is_ours or len(header) != size:
            raise Bad("archive-header")
        self.root = root
        return at + size

    def read_section(self, at):
        size, start = shortest_varint(self.data, at, "archive-section")
        if not BYTES <= size <= BYTES + MAX_BLOCK:
            raise Bad("archive-section")
        begin, end = start + BYTES, start + size
        if end > len(self.data):
            raise Bad("archive-cut-off")
        try:
            cid = read_cid(self.data[start:begin])
        except Bad as error:
            raise Bad("archive-section") from error
        if hashlib.sha256(self.data[begin:end]).digest() != cid.digest:
            raise Bad("archive-block")
        self.order.append(cid)
        self.places[cid] = (begin, end)
        return end

    def get(self, cid):
        """The bytes of a block. Raises Missing."""
        if cid not in self.places:
            raise Missing(cid)
        begin, end = self.places[cid]
        return self.data[begin:end]
