"""The header of model.safetensors: docs/fusion.md, "Checkpoint file"."""

import json
import re

from bad import Bad

ITEM_BYTES = {
    "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}
FLOATS = ("F32", "BF16", "F16")
NAME = re.compile(r"[!#-.0-\[\]-~]{1,256}")  # printable ASCII but quote, slash and escape
MAX_BYTES = 1_048_576
MAX_INTEGER = 2**53 - 1


def data_start(first_bytes):
    """Bytes of length field and JSON together, from the first 8 bytes of a file."""
    start = 8 + int.from_bytes(first_bytes[:8], "little")
    if len(first_bytes) < 8 or start > MAX_BYTES or start % 8:
        raise Bad("bad-checkpoint: length of the header")
    return start


def read_layout(header, file_bytes):
    """[(name, dtype, begin, end)] in the order of offsets, which count from the start of the file."""
    tensors = []
    for name, entry in parse(header[8:]):
        if name == "__metadata__":
            demand(type(entry) is Pairs and all(type(value) is str for _, value in entry))
            continue
        fields = dict(entry) if type(entry) is Pairs else {}
        demand(set(fields) == {"dtype", "shape", "data_offsets"} and fields["dtype"] in ITEM_BYTES)
        shape, offsets = fields["shape"], fields["data_offsets"]
        demand(type(shape) is list and len(shape) <= 8 and type(offsets) is list and len(offsets) == 2)
        demand(all(type(number) is int and 0 <= number <= MAX_INTEGER for number in shape + offsets) and 0 not in shape)
        size = ITEM_BYTES[fields["dtype"]]
        for dimension in shape:
            size *= dimension
        demand(size <= MAX_INTEGER and offsets[1] - offsets[0] == size and offsets[0] % ITEM_BYTES[fields["dtype"]] == 0)
        tensors.append((name, fields["dtype"], len(header) + offsets[0], len(header) + offsets[1]))
    demand(1 <= len(tensors) <= 4096)
    tensors.sort(key=lambda tensor: tensor[2])
    ends = [len(header)] + [end for *_, end in tensors]
    demand(all(begin == end for (_, _, begin, _), end in zip(tensors, ends)) and ends[-1] == file_bytes)
    return tensors


class Pairs(list):
    """A JSON object as it is written: its pairs in their order."""


def parse(data):
    """The pairs of the one object in these bytes, which must be as JSON.stringify writes them, and up to 7 spaces."""
    try:
        text = bytes(data).decode("utf-8")
        value = json.loads(text, object_pairs_hook=Pairs)
        written = stringify(value)
    except (ValueError, RecursionError) as error:
        raise Bad("bad-checkpoint: header") from error
    demand(type(value) is Pairs and text.rstrip(" ") == written and len(text) - len(written) <= 7)
    return value


def stringify(value):
    if type(value) is Pairs:
        names = [name for name, _ in value]
        demand(len(set(names)) == len(names) and all(map(NAME.fullmatch, names)))
        return "{" + ",".join(f'"{name}":{stringify(each)}' for name, each in value) + "}"
    if type(value) is list:
        return "[" + ",".join(map(stringify, value)) + "]"
    if type(value) is str:
        return json.dumps(value, ensure_ascii=False)
    demand(type(value) is int)
    return str(value)


def demand(holds):
    if not holds:
        raise Bad("bad-checkpoint: header")
