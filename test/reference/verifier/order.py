"""Which blocks a file has, in which order: protocols/archive/SPEC.md, "Order", 10.4 and 10.5."""

import kinds
from bad import Bad, Missing
from cids import DAG_CBOR, cid_of
from signatures import payload_of
from unixfs import length_of, read_directory, walk_file


def expected(archive, root, get):
    """The CIDs in their order, some more than once. Raises Bad where the order is told no further: something does not decode."""
    contents, network = archive["contents"], archive["network"]
    yield root
    yield network
    genesis = kinds.read("genesis/1", get(network))
    yield genesis["base"]
    if contents == "everything":
        yield from files_of(genesis["base"], get)
    for base, lineage in back(archive["base"], genesis["base"], get):
        yield base
        yield read_directory(get(base))["lineage.cbor"][0]
        if contents == "everything":
            for checkpoint in checkpoints_of(lineage):
                for cid, _ in walk_file(checkpoint, genesis["bytes"], get):
                    yield cid
            yield from files_of(base, get)
    if contents == "weights":
        yield from files_of(archive["base"], get)


def back(base, first, get):
    """(base, lineage) of each round, oldest first."""
    found = []
    while base != first:
        entries = read_directory(get(base))
        if "lineage.cbor" not in entries:
            raise Bad("lineage-missing")
        lineage = kinds.read("lineage/1", get(entries["lineage.cbor"][0]))
        found.append((base, lineage))
        base = lineage["parent"]
    return reversed(found)


def files_of(base, get):
    for cid, total in read_directory(get(base)).values():
        for block, _ in walk_file(cid, length_of(cid, total), get):
            yield block


def checkpoints_of(lineage):
    """In the order of contributions' ids."""
    named = []
    for envelope in lineage["inputs"]:
        payload = payload_of(envelope)
        if payload is None:
            raise Bad("not-cbor")
        named.append((cid_of(DAG_CBOR, payload), kinds.read("contribution/1", payload)["checkpoint"]))
    return [checkpoint for _, checkpoint in sorted(named)]


def check_order(car):
    """10.4: what the order tells must be what is there; where it tells no more, the rest is not judged."""
    seen = set()
    try:
        for cid in expected(car.archive, car.root, car.get):
            if cid in seen:
                continue
            if len(seen) >= len(car.order) or car.order[len(seen)] != cid:
                raise Bad("archive-order", "archive")
            seen.add(cid)
    except Missing as error:
        raise Bad("archive-order", "archive") from error
    except Bad as error:
        if error.link == "archive":
            raise
        return
    if len(seen) != len(car.order):
        raise Bad("archive-order", "archive")


def check_root(car, genesis):
    """10.5, as far as the base's lineage can be read."""
    archive = car.archive
    is_first = archive["base"] == genesis["base"]
    round = 0
    if not is_first:
        try:
            entries = read_directory(car.get(archive["base"]))
            round = kinds.read("lineage/1", car.get(entries["lineage.cbor"][0]))["round"]
        except (Bad, KeyError):
            return
    if archive["round"] != round:
        raise Bad("archive-wrong-round", "archive")
    if is_first and archive["certificate"] is not None:
        raise Bad("archive-certificate", "archive")
