"""The messages and objects that a history is made of, as the tables of protocols/*/SPEC.md declare them."""

import re

import cbor
from bad import Bad
from fields import (
    BILLION, billionths, byte_string, demand, directory, either, file, key, list_of, message, one_of, or_null, raw,
    record, text, uint,
)

PARAMETER = re.compile(r"[a-z][a-zA-Z0-9]{0,31}")
REASONS = ("parent", "no-change", "replay", "author", "copy", "lottery")


def parameters(value):
    demand(type(value) is dict and len(value) <= 8)
    for name, number in value.items():
        demand(PARAMETER.fullmatch(name) is not None)
        uint()(number)


POLICY = {
    "minContributions": uint(1, 64), "maxContributions": uint(1, 64), "collectMs": uint(0, 2_592_000_000),
    "graceMs": uint(0, 86_400_000), "viewTimeoutMs": uint(100, 86_400_000), "minBytesPerSecond": uint(1),
    "maxViews": uint(1, 1000), "keepRounds": uint(1, 1_000_000), "historyRounds": uint(1, 64), "maxStaleness": uint(0, 64),
}
MEMBER = record({"name": text(1, 64), "key": key})
QUORUM = one_of("byzantine", "crash")
GATE = or_null(record({"maxDrop": billionths}))
FUSION = {"rule": text(1, 32), "params": parameters}
WORDS = ("open", "vouched")
SIGNATURES = list_of(record({"author": key, "signature": byte_string(64)}), 1, 64)
SIGNED = {"network": message, "author": key}
ROUND = uint(1)
VIEW = uint(0, 1_000_000)

GENESIS = record({
    "name": text(1, 64), "base": directory, "header": byte_string(32), "bytes": uint(8), "card": one_of("card/1", "card/3"),
    "fusion": record(FUSION), "round": record(POLICY), "committee": list_of(MEMBER, 1, 64), "quorum": QUORUM,
    "contributors": either(WORDS, list_of(key, 1, 1024)), "gate": GATE, "forkOf": or_null(directory),
})
CONTRIBUTION = record({
    **SIGNED, "round": ROUND, "parent": directory, "checkpoint": file, "bytes": uint(8),
    "dataset": record(
        {"name": text(1, 64), "task": text(1, 64), "rows": uint(1), "commitment": byte_string(32)},
        {"license": text(1, 64)},
    ),
    "training": record({
        "trainer": text(1, 64), "optimizer": text(1, 32), "learningRate": billionths, "batch": uint(1),
        "steps": uint(), "seed": uint(), "device": text(1, 64), "seconds": uint(),
    }),
    "metrics": record({"name": text(1, 32), "before": or_null(billionths), "after": billionths}),
    "providers": list_of(text(1, 200), 0, 4),
}, {"head": file, "voucher": byte_string(most=512)})
LIST = record({**SIGNED, "round": ROUND, "parent": directory, "seq": uint(0, 7), "contributions": list_of(message, 0, 128)})
CERTIFICATE = record({"network": message, "round": ROUND, "view": VIEW, "base": directory, "signatures": SIGNATURES})
LINEAGE = record({
    "network": message, "round": ROUND, "parent": directory, "parentCertificate": or_null(byte_string(most=16_384)),
    "lists": list_of(byte_string(most=8_288), 0, 64), "inputs": list_of(byte_string(most=2_144), 0, 64),
    "excluded": list_of(record({"envelope": byte_string(most=2_144), "reason": one_of(*REASONS)}), 0, 8192),
    "fusion": record(FUSION, {
        "factors": list_of(uint(0, 65_536), 0, 64), "norms": list_of(byte_string(8), 0, 64),
    }),
    "weights": file,
}, {"amendment": byte_string(most=16_384)})
VOUCHER = record({**SIGNED, "contributor": key, "from": ROUND, "until": ROUND})
CHANGE = record({}, {
    "add": list_of(MEMBER, 1, 64), "remove": list_of(key, 1, 64), "quorum": QUORUM,
    "contributors": either(WORDS, list_of(key, 1, 128)), "round": record({}, POLICY), "gate": GATE,
    "fusion": record(FUSION), "rollback": record({"base": directory}),
})
AMENDMENT = record({"network": message, "previous": or_null(message), "change": CHANGE})
RATIFICATION = record({"amendment": byte_string(most=8_192), "signatures": SIGNATURES})
ARCHIVE = record({
    "network": message, "base": directory, "round": uint(), "certificate": or_null(byte_string(most=16_384)),
    "contents": one_of("lineage", "weights", "everything"),
})

KINDS = {  # name: (most bytes, type of the other fields)
    "genesis/1": (65_536, GENESIS),
    "contribution/1": (2_048, CONTRIBUTION),
    "list/1": (8_192, LIST),
    "certificate/1": (16_384, CERTIFICATE),
    "lineage/1": (1_000_000, LINEAGE),
    "voucher/1": (416, VOUCHER),
    "amendment/1": (8_192, AMENDMENT),
    "ratification/1": (16_384, RATIFICATION),
    "archive/1": (32_768, ARCHIVE),
}


def read(kind, data, prefix=""):
    """The fields of an object or payload of this kind, by rules 1.1 to 1.5. Raises Bad, its reason prefixed."""
    try:
        most, check = KINDS[kind]
        if len(data) > most:
            raise Bad("too-long")
        value = cbor.decode(data)
        if type(value) is not dict or value.get("kind") != kind:
            raise Bad("unknown-kind")
        check({name: each for name, each in value.items() if name != "kind"})
        return value
    except Bad as error:
        raise Bad(prefix + error.reason) from error
