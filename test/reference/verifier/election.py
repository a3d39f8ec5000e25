"""Hash inputs, quorums, tickets: protocols/wire/SPEC.md, "Hash inputs" and "Election"."""

import hashlib


def H(*parts):
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if type(part) is str else part.to_bytes(8, "big") if type(part) is int else bytes(part)
        digest.update(len(data).to_bytes(4, "big") + data)
    return digest.digest()


def quorum_of(kind, members):
    return 2 * members // 3 + 1 if kind == "byzantine" else members // 2 + 1


def ticket(network, round, author):
    return H("coldmesh/lottery/1", H("coldmesh/seed/1", network, round), author)


def sampled_leaves(seed, round, count, leaves):
    """Indexes of the leaves that are fused again (protocols/archive/SPEC.md, "Sample")."""
    return [int.from_bytes(H("coldmesh/sample/1", seed, round, j)[:8], "big") % leaves for j in range(count)]
