"""Contributions as a lineage has them: protocols/contribution/SPEC.md, 3.1 to 3.3; vouchers: protocols/membership/SPEC.md, 8.21 to 8.25."""

from bad import Bad
from signatures import open_envelope


def open_contribution(data, network, genesis, terms, round):
    """A contribution whose signature holds and whose author may contribute in this round. Raises Bad."""
    found = open_envelope("contribution/1", data, network)
    if found["bytes"] != genesis["bytes"]:
        raise Bad("wrong-size")
    author, who = found["author"], terms.contributors
    if who != "vouched" and "voucher" in found:
        raise Bad("unsupported-voucher")
    if type(who) is list and author not in who:
        raise Bad("not-a-contributor")
    if who == "vouched":
        if "voucher" in found:
            check_voucher(found["voucher"], network, author, terms, round)
        elif author not in terms.members:
            raise Bad("no-voucher")
    return found


def check_voucher(data, network, contributor, terms, round):
    voucher = open_envelope("voucher/1", data, network, "voucher-")
    first, last = voucher["from"], voucher["until"]
    if not 0 <= last - first < 10_000:
        raise Bad("voucher-bad-range")
    if voucher["contributor"] != contributor:
        raise Bad("voucher-for-another")
    if round < first:
        raise Bad("voucher-not-yet")
    if round > last:
        raise Bad("voucher-expired")
    if voucher["author"] not in terms.members:
        raise Bad("voucher-not-by-a-member")
