"""Types of fields, as the tables of the SPECs name them (protocols/wire/SPEC.md, "Encoding", and rule 1.4).

A type is a function that raises Bad when a decoded value is not of it.
"""

from bad import Bad
from cids import DAG_CBOR, DAG_PB, RAW, Cid

MAX_UINT = 2**53 - 1
BILLION = 10**9

# Code points that no text has: the list in the SPEC.
FORBIDDEN = (
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F), (0x2028, 0x202E),
    (0x2060, 0x206F), (0xD800, 0xF8FF), (0xFDD0, 0xFDEF), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFF), (0xE0000, 0x10FFFF),
)


def demand(holds):
    if not holds:
        raise Bad("bad-field")


def uint(least=0, most=MAX_UINT):
    return lambda value: demand(type(value) is int and least <= value <= most)


billionths = uint(0, BILLION)


def byte_string(exactly=None, most=None):
    def check(value):
        demand(type(value) is bytes)
        demand(exactly is None or len(value) == exactly)
        demand(most is None or len(value) <= most)
    return check


key = byte_string(exactly=32)


def text(least, most):
    def check(value):
        demand(type(value) is str and least <= len(value.encode()) <= most)
        for point in map(ord, value):
            demand(not any(first <= point <= last for first, last in FORBIDDEN))
    return check


def cid(*codecs):
    return lambda value: demand(type(value) is Cid and value.codec in codecs)


directory, file, message, raw = cid(DAG_PB), cid(RAW, DAG_PB), cid(DAG_CBOR), cid(RAW)


def list_of(inner, least, most):
    def check(value):
        demand(type(value) is list and least <= len(value) <= most)
        for each in value:
            inner(each)
    return check


def one_of(*values):
    return lambda value: demand(type(value) is str and value in values)


def or_null(inner):
    return lambda value: None if value is None else inner(value)


def either(words, inner):
    """One of some words, or what `inner` takes."""
    return lambda value: demand(value in words) if type(value) is str else inner(value)


def record(required, optional=None):
    """A map with exactly these fields; an optional one may be absent and is never null."""
    known = {**required, **(optional or {})}

    def check(value):
        demand(type(value) is dict)
        for name in required:
            if name not in value:
                raise Bad("missing-field")
        for name, each in value.items():
            if name not in known:
                raise Bad("unknown-field")
            known[name](each)
    return check
