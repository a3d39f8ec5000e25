"""The frozen vectors of test/vectors: what a file of a kind accepts and rejects, whatever the situation."""

import json
import os

import kinds
from bad import Bad
from cids import parse_text
from safetensors import data_start, read_layout
from signatures import open_envelope
from terms import read_genesis

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "vectors")
FILES = (
    "genesis/genesis", "genesis/fusion", "genesis/fork", "contribution/contribution", "contribution/vouched", "round/list",
    "round/certificate", "lineage/lineage", "membership/voucher", "membership/amendment", "membership/ratification",
)


def load(name):
    with open(os.path.join(VECTORS, f"{name}.v1.json"), encoding="utf-8") as file:
        return json.load(file)


def judged(read):
    try:
        read()
        return "accepted"
    except Bad as error:
        return f"rejected: {error.reason}"


def of_kinds():
    """(name, what is right, what we say) of messages and objects."""
    for name in FILES:
        document = load(name)
        kind = document["kind"]
        for right in ("accepted", "rejected"):
            for vector in document[right]:
                data = bytes_of(vector)
                if document["carrier"] == "envelope":
                    said = judged(lambda: open_envelope(kind, data, parse_text(document["network"])))
                elif kind == "genesis/1":
                    said = judged(lambda: read_genesis(data))
                else:
                    said = judged(lambda: kinds.read(kind, data))
                yield f"{name}: {vector['name']}", right, said


def bytes_of(vector):
    if "hex" in vector:
        return bytes.fromhex(vector["hex"])
    piece, count = vector["repeat"]
    return bytes.fromhex(piece) * count


def of_headers():
    document = load("checkpoint/header")
    for right in ("accepted", "rejected"):
        for vector in document[right]:
            text = vector["header"].encode("utf-8", "surrogatepass")
            text += b" " * (-(8 + len(text)) % 8 + (vector.get("pad") == "odd"))
            header = len(text).to_bytes(8, "little") + text

            def read():
                if data_start(header) != len(header):
                    raise Bad("bad-checkpoint: length of the header")
                read_layout(header, len(header) + vector["dataBytes"])
            yield f"header: {vector['title']}", right, judged(read)
