"""Which blocks a file has, in which order: protocols/archive/SPEC.md, "Order", and what the root says of its base."""

import kinds
from bad import Bad, Missing
from cids import DAG_CBOR, RAW, cid_of
from history import LINEAGE, read_base
from signatures import parts_of
from unixfs import length_of_root, walk_file


def expected(archive, root, genesis, bases, get):
    """The CIDs in their order, some more than once; what does not decode has nothing below it. `bases`: of rounds 1, 2, 3 ..."""
    contents = archive["contents"]
    yield root
    yield archive["network"]
    yield genesis["base"]
    if contents == "everything":
        yield from files_of(genesis["base"], get)
    for base in bases:
        yield base
        lineage = read_base(get(base))[LINEAGE][0]
        yield lineage
        if contents == "everything":
            for checkpoint in checkpoints_of(kinds.read("lineage/1", get(lineage))):
                yield from file_of(checkpoint, get)
            yield from files_of(base, get)
    if contents == "weights":
        yield from files_of(archive["base"], get)


def files_of(base, get):
    try:
        entries = read_base(get(base))
    except Missing:
        raise
    except Bad:
        return
    for cid, _ in entries.values():
        yield from file_of(cid, get)


def file_of(root, get):
    yield root
    if root.codec == RAW:
        return
    try:
        for cid, _ in walk_file(root, length_of_root(get(root)), get):
            yield cid
    except Missing:
        raise
    except Bad:
        return


def checkpoints_of(lineage):
    """Of the inputs that decode, in the order of their ids."""
    named = []
    for envelope in lineage["inputs"]:
        try:
            payload = parts_of("contribution/1", envelope)["payload"]
            named.append((cid_of(DAG_CBOR, payload), kinds.read("contribution/1", payload)["checkpoint"]))
        except Bad:
            continue
    return [checkpoint for _, checkpoint in sorted(named)]


def is_in_order(car, genesis, bases):
    """None missing, none twice, none besides."""
    seen = set()
    try:
        for cid in expected(car.archive, car.root, genesis, bases, car.get):
            if cid in seen:
                continue
            if len(seen) >= len(car.order) or car.order[len(seen)] != cid:
                return False
            seen.add(cid)
    except Missing:
        return False
    return len(seen) == len(car.order)


def check_file(car, genesis, steps, gap):
    """Reasons of what is wrong with the file. A way back that breaks (`gap`) tells no order, but nothing on it may be missing."""
    archive, reasons = car.archive, []
    if type(gap) is Missing or gap is None and not is_in_order(car, genesis, [step.cid for step in steps]):
        reasons.append("archive-order")
    is_first = archive["base"] == genesis["base"]
    known = 0 if is_first else next((step.round for step in steps[-1:]), None)
    if known not in (None, archive["round"]):
        reasons.append("archive-wrong-round")
    if is_first and archive["certificate"] is not None:
        reasons.append("archive-certificate")
    return reasons
