"""Which reasons of two verifiers are compared: those that the SPECs name.

Of one block that is malformed in several ways, decoders tell different ones; and where a file ends within a section, its
length may be told or its end. These are each one reason here.
"""

import glob
import os
import re

SPECS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "protocols", "*", "SPEC.md")
CODEC = "too-long|too-deep|not-cbor|not-canonical|unknown-kind|missing-field|unknown-field|bad-field|bad-cid"
MALFORMED = re.compile(f"((lineage|certificate|amendment|ratification|voucher|archive)-)?({CODEC})")
ENDS = ("archive-section", "archive-cut-off")


def named():
    """Every word in code style with a hyphen in it."""
    found = set()
    for path in glob.glob(SPECS):
        with open(path, encoding="utf-8") as file:
            found |= set(re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", file.read()))
    return found


NAMED = named()
PREFIXED = {f"amendment-{name}" for name in NAMED}  # the genesis' reasons, of terms that an amendment makes


def plain(reason):
    if reason is None or reason in ENDS:
        return reason and ENDS[0]
    return "malformed" if MALFORMED.fullmatch(reason) else reason


def compare(one, other):
    """True or False; None where they differ and one of them is no reason of the SPECs."""
    if one == other:
        return True
    known = [plain(each) for each in (one, other)]
    if any(each != "malformed" and each not in NAMED and each not in PREFIXED for each in known):
        return None
    return known[0] == known[1]
