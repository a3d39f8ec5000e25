"""Which blocks a file has, in which order: protocols/archive/SPEC.md, "Order", and what the root says of its base."""

import kinds
from bad import Bad, Missing
from cids import RAW
from history import LINEAGE, read_base
from signatures import open_envelope
from unixfs import WIDTH, Shape, length_of_root, read_node


def expected(archive, root, genesis, bases, get):
    """The CIDs in their order, each once; of what does not decode nothing comes. `bases`: of rounds 1, 2, 3 ..."""
    seen = set()
    for cid in plan(archive, root, genesis, bases, get, seen):
        if cid not in seen:
            seen.add(cid)
            yield cid


def plan(archive, root, genesis, bases, get, seen):
    contents, network = archive["contents"], archive["network"]
    yield root
    yield network
    yield genesis["base"]
    if contents == "everything":
        yield from files_of(genesis["base"], get, seen)
    for base in bases:
        yield base
        lineage = read_base(get(base))[LINEAGE][0]
        yield lineage
        if contents == "everything":
            for checkpoint in checkpoints_of(kinds.read("lineage/1", get(lineage)), network):
                yield from file_of(checkpoint, get, seen)
            yield from files_of(base, get, seen)
    if contents == "weights":
        yield from files_of(archive["base"], get, seen)


def files_of(base, get, seen):
    block = get(base)
    try:
        entries = read_base(block)
    except Bad:
        return
    for cid, _ in entries.values():
        yield from file_of(cid, get, seen)


def file_of(root, get, seen):
    """The blocks of a file, depth first. A node that came before is not gone into again."""
    is_known = root in seen
    yield root
    if root.codec == RAW or is_known:
        return
    block = get(root)
    try:
        shape = Shape(length_of_root(block))
    except Bad:
        return
    yield from below(block, shape, shape.levels, 0, get, seen)


def below(block, shape, level, index, get, seen):
    try:
        children = read_node(block, shape, level, index)
    except Bad:
        return
    for i, child in enumerate(children):
        is_known = child in seen
        yield child
        if level > 1 and not is_known:
            yield from below(get(child), shape, level - 1, index * WIDTH + i, get, seen)


def checkpoints_of(lineage, network):
    """Of the inputs whose envelopes open, in the lineage's order."""
    for envelope in lineage["inputs"]:
        try:
            yield open_envelope("contribution/1", envelope, network)["checkpoint"]
        except Bad:
            continue


def is_in_order(car, genesis, bases):
    """None missing, none twice, none besides."""
    count = 0
    try:
        for cid in expected(car.archive, car.root, genesis, bases, car.get):
            if car.order[count:count + 1] != [cid]:
                return False
            count += 1
    except Missing:
        return False
    return count == len(car.order)


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
