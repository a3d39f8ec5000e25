"""README.md of a base: docs/fusion.md, "The card". The text is written by test/reference/card/render.py; here are its facts."""

import os
import sys

from terms import embedded, named_target

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "card"))
from render import render as lines_of  # noqa: E402


def render(network, genesis, lineage, terms, opened):
    """The bytes of the card, by the terms in force in the round. Raises Bad where card/3 has to tell an amendment that is none."""
    fusion, target = lineage["fusion"], named_target(lineage.get("amendment"))
    facts = {
        "card": genesis["card"], "network": str(network), "networkName": genesis["name"], "round": lineage["round"],
        "parent": str(lineage["parent"]), "weights": str(lineage["weights"]),
        "inputs": [of_input(each, at, fusion) for at, each in enumerate(opened.inputs)],
        "excluded": [{**of_contribution(each), "reason": reason} for each, reason in opened.excluded],
        "rolledBackTo": None if target is None else str(target),
    }
    if genesis["card"] == "card/1":
        facts["rule"] = terms.fusion["rule"]
    else:
        facts |= {
            "rule": fusion["rule"], "params": list(fusion["params"].items()), "committee": members(terms.fields["committee"]),
            "votes": terms.quorum, "quorum": terms.fields["quorum"], "amendment": of_amendment(lineage.get("amendment")),
        }
    return "\n".join(lines_of(facts)).encode()


def of_contribution(each):
    dataset = each["dataset"]
    return {
        "id": str(each.id), "author": each["author"].hex(), "checkpoint": str(each["checkpoint"]),
        "datasetName": dataset["name"], "task": dataset["task"], "rows": dataset["rows"], "license": dataset.get("license"),
        "round": each["round"], "parent": str(each["parent"]), "commitment": dataset["commitment"].hex(),
    }


def of_input(each, at, fusion):
    """A lineage that lies may lack the norm or the factor."""
    norms, factors = fusion.get("norms", []), fusion.get("factors", [])
    has_both = at < len(norms) and at < len(factors)
    return {**of_contribution(each), "clipping": {"norm": norms[at].hex(), "factor": factors[at]} if has_both else None}


def members(committee):
    return [{"name": each["name"], "key": each["key"].hex()} for each in committee]


def of_amendment(data):
    id, change = embedded(data)
    if id is None:
        return None
    told = {"id": str(id), **change}
    who = change.get("contributors")
    if "add" in change:
        told["add"] = members(change["add"])
    if "remove" in change:
        told["remove"] = [key.hex() for key in change["remove"]]
    if type(who) is list:
        told["contributors"] = [key.hex() for key in who]
    if "round" in change:
        told["round"] = list(change["round"].items())
    if "fusion" in change:
        told["fusion"] = {"rule": change["fusion"]["rule"], "params": list(change["fusion"]["params"].items())}
    if "rollback" in change:
        told["rollback"] = str(change["rollback"]["base"])
    return told
