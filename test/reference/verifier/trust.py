"""Whom the caller trusts: docs/verifying.md, "Whom you trust"."""

import re
from collections import namedtuple

from cids import parse_text

# CID of a genesis, or None; keys of members, each once.
Trust = namedtuple("Trust", "genesis keys")


def read_trust(texts):
    """Of what the command line names: a genesis, keys in hex, or files of keys. Raises Bad, ValueError or OSError."""
    genesis, keys = [], []
    for text in texts:
        if text.startswith("@"):
            keys += [read_key(line.strip()) for line in lines_of(text[1:])]
        elif re.fullmatch("[0-9a-f]{64}", text):
            keys.append(read_key(text))
        else:
            genesis.append(parse_text(text))
    if len(genesis) > 1:
        raise ValueError("a network has one genesis")
    return Trust(genesis[0] if genesis else None, tuple(dict.fromkeys(keys)))


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise ValueError(f"{path} has no key")
    return lines


def read_key(text):
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError("a key has 64 hex digits")
    return bytes.fromhex(text)


def judge_trust(trust, history, archive, round):
    """(trusted, its parts, failures). The history was checked: it knows who decides in the base's round, so far as it is known."""
    base, certificate, genesis = archive["base"], archive["certificate"], history.genesis
    parts = {"genesis": None if trust.genesis is None else trust.genesis == history.network, "keys": None}
    failures = [] if parts["genesis"] is not False else [(0, "genesis", "not-trusted")]
    holds = parts["genesis"] is not False
    if trust.keys:
        is_first = base == genesis["base"]
        signers = [] if is_first else history.signers(certificate, base) or []
        signed, need = sum(key in trust.keys for key in signers), history.known_terms.threshold
        parts["keys"] = {"named": len(trust.keys), "signed": signed, "need": need}
        if is_first or signed < need:
            holds = False
            failures.append((0, "genesis", "not-trusted") if is_first else (round, "certificate", "not-trusted"))
    return holds and (trust.genesis is not None or bool(trust.keys)), parts, failures
