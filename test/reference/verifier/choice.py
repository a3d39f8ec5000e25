"""Which contributions are fused: protocols/lineage/SPEC.md, "The choice of inputs"."""

from collections import Counter, namedtuple

from election import ticket

# What a later round has to know of a base: its weights, its inputs' checkpoints, whether its round ended empty, and the CID
# of the base that it rolled back to, or None.
Base = namedtuple("Base", "round cid weights checkpoints is_empty target")


def earlier(history):
    """Those that a rollback may name (protocols/membership/SPEC.md, 8.12)."""
    return [base for base in history if base.weights != history[-1].weights]


def in_force(history):
    """Those whose training is in the newest weights (protocols/lineage/SPEC.md, "Rollbacks")."""
    places = {base.cid: at for at, base in enumerate(history)}
    found, at = [], len(history) - 1
    while at is not None and at >= 0:
        base = history[at]
        found.append(base)
        at = at - 1 if base.target is None else places.get(base.target)
    return found


def eligible_ids(lists, threshold):
    """Ids in at least f + 1 lists."""
    counts = Counter(id for ids in lists for id in set(ids))
    return {id for id, count in counts.items() if count >= threshold}


def staleness(contribution, round, history):
    """How late it is; None when its parent is not the base of the round before its own, or was reverted since."""
    parent = next((base for base in history if base.round == contribution["round"] - 1), None)
    if parent is None or parent.cid != contribution["parent"] or contribution["round"] > round:
        return None
    if any(base.target is not None and base.round > parent.round for base in history):
        return None
    return sum(not base.is_empty for base in history if contribution["round"] <= base.round <= round - 1)


def choose(contributions, lists, network, round, history, policy):
    """(inputs, [(contribution, reason)]), each in id order.

    `history` has the last `historyRounds` bases, newest last; `contributions` are the eligible ones.
    """
    used = {base.weights for base in history}.union(*(base.checkpoints for base in in_force(history)))
    weights_of = {base.cid: base.weights for base in history}
    listed = Counter(id for ids in lists for id in set(ids))
    late = {each.id: staleness(each, round, history) for each in contributions}
    draw = {each.id: ticket(network, round, each["author"]) for each in contributions}
    excluded = []

    def drop(left, reason, is_dropped):
        kept = []
        for each in left:
            if is_dropped(each, kept):
                excluded.append((each, reason))
            else:
                kept.append(each)
        return kept

    def is_unchanged(each, _):
        return each["checkpoint"] in (history[-1].weights, weights_of[each["parent"]])

    left = drop(contributions, "parent", lambda each, _: late[each.id] is None or late[each.id] > policy["maxStaleness"])
    left.sort(key=lambda each: (-listed[each.id], draw[each.id], late[each.id], each.id))
    left = drop(left, "no-change", is_unchanged)
    left = drop(left, "replay", lambda each, _: each["checkpoint"] in used)
    left = drop(left, "author", lambda each, kept: any(each["author"] == other["author"] for other in kept))
    left = drop(left, "copy", lambda each, kept: any(each["checkpoint"] == other["checkpoint"] for other in kept))
    left.sort(key=lambda each: (draw[each.id], each.id))
    inputs = left[:policy["maxContributions"]]
    excluded += [(each, "lottery") for each in left[policy["maxContributions"]:]]
    return sorted(inputs, key=lambda each: each.id), sorted(excluded, key=lambda pair: pair[0].id)
