#!/usr/bin/env python3
"""Judges histories by two verifiers side by side: coldmesh's, and this folder's, which was written from the SPECs.

    python3 check.py [--quick] [--keep DIR]

They must agree on every verdict: valid, certified, trusted, each round's certificate and fusion, and the first bad link.
Good histories must be valid; of lies none may be from the level on that covers it; of mutated files none at any level.
Exit status 0 when all of that holds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter

sys.dont_write_bytecode = True

import mutations  # noqa: E402
import reasons  # noqa: E402
import vectors  # noqa: E402
from election import sampled_leaves  # noqa: E402
from verdicts import HERE, NODE, PYTHON, RUN, ask, ask_both, essence, first_bad, reason  # noqa: E402

LEVELS = ("signatures", "sample", "full")
SEED = 20_240_229
SAMPLE = [f"{SEED:064x}", 64]
SECOND_LEAF = "weights with one bit changed in the second of two leaves"


class Plan:
    """Jobs, each with what is to be said about its verdicts; all are answered by the same few processes."""

    def __init__(self):
        self.both, self.alone = [], []
        self.passed, self.failed = 0, 0
        self.uncompared = Counter()

    def ask(self, job, judge):
        """`judge` is called with Python's verdict and coldmesh's."""
        self.both.append((job, judge))

    def ask_python(self, job, judge):
        self.alone.append((job, judge))

    def run(self):
        for (_, judge), pair in zip(self.both, ask_both([job for job, _ in self.both])):
            judge(*pair)
        for (_, judge), verdict in zip(self.alone, ask(PYTHON, [job for job, _ in self.alone])):
            judge(verdict)
        self.both, self.alone = [], []

    def count(self, holds, what, *verdicts):
        self.passed += bool(holds)
        self.failed += not holds
        if not holds and self.failed <= 40:
            print(f"FAILED {what}")
            for verdict in verdicts:
                print(f"    {verdict.get('crash') or essence(verdict)} {reason(verdict)}")

    def agree(self, what, python, coldmesh):
        """Neither crashed, and both say the same, for the same reason where the SPECs have one."""
        is_same = essence(python) == essence(coldmesh) != ("crash",)
        self.count(is_same, what, python, coldmesh)
        said = reason(python), reason(coldmesh)
        if not is_same or said == (None, None):
            return
        same_reason = reasons.compare(*said)
        if same_reason is None:
            self.uncompared[said[0] if said[0] == said[1] else f"{said[0]} ({said[1][:24]})"] += 1
        else:
            self.count(same_reason, f"{what}: the reason", python, coldmesh)


def job_of(file, level, **more):
    return {"file": file, "level": level, **({"sample": SAMPLE} if level == "sample" else {}), **more}


def plan_good(plan, good):
    def judge(each, level):
        what = f"{each['name']}, {each['contents']}, {level}"
        has_all = level == "signatures" or each["contents"] == "everything"

        def judged(python, coldmesh):
            plan.agree(what, python, coldmesh)
            if has_all:
                plan.count(python.get("valid") and python["trusted"], f"{what}: valid", python)
        return judged

    for each in good:
        for level in LEVELS:
            plan.ask(job_of(each["file"], level, trust=each["network"]), judge(each, level))
    print(f"{len(good)} archives of good histories")


def check_written(plan, good):
    """coldmesh's own writer makes the same bytes as the one that was written from the SPEC."""
    for each in good:
        with open(each["file"], "rb") as file, open(each["written"], "rb") as written:
            plan.count(file.read() == written.read(), f"{each['name']}, {each['contents']}: written alike")


def plan_trust(plan, good):
    """Keys of those who signed: as many as are needed, one less, and some besides."""
    strangers = [f"{i:064x}" for i in range(1, 3)]
    for each in good:
        network, signers, need = each["network"], each["signers"], each["need"]
        for keys, trust, holds in (
            (signers[:need], None, len(signers) > 0), (signers[1:need], None, False), (strangers + signers, None, len(signers) > 0),
            (strangers, None, False), (signers[:need], network, len(signers) > 0), (signers[:need - 1] * 2, network, False),
        ):
            if not keys:
                continue

            def judged(python, coldmesh, what=f"{each['name']}, {len(keys)} keys", holds=holds):
                plan.agree(what, python, coldmesh)
                plan.count((python.get("valid"), python.get("trusted")) == (holds, holds), f"{what}: trusted is {holds}", python)
            job = job_of(each["file"], "signatures", keys=keys)
            plan.ask(job if trust is None else {**job, "trust": trust}, judged)


def plan_lies(plan, lies):
    def judge(lie, level):
        def judged(python, coldmesh):
            print(f"{lie['name'][:72]:72} {level:10} {shown(python):34} {shown(coldmesh)}")
            plan.agree(f"{lie['name']}, {level}", python, coldmesh)
            if LEVELS.index(level) < LEVELS.index(lie["foundAt"]):
                plan.count(python.get("valid"), f"{lie['name']}, {level}: not what this level looks at", python)
            else:
                plan.count(is_found(lie, level, python), f"{lie['name']}, {level}: found at round {lie['round']}, {lie['link']}", python)
        return judged

    print(f"\n{'lie':72} {'level':10} {'Python':34} coldmesh")
    for lie in lies:
        for level in LEVELS:
            plan.ask(job_of(lie["file"], level), judge(lie, level))


def is_found(lie, level, verdict):
    at = first_bad(verdict)
    # false norms are seen by `sample` in what the factors that they give make of the weights
    links = (lie["link"], "weights") if level == "sample" else (lie["link"],)
    if lie.get("reason", reason(verdict)) != reason(verdict):
        return False
    return verdict.get("valid") is False and at is not None and at[0] == lie["round"] and at[1].startswith(links)


def shown(verdict):
    if "crash" in verdict:
        return "CRASH"
    at = first_bad(verdict)
    return "valid" if verdict["valid"] else f"{at[0]} {at[1][:26]}" if at else "not valid"


def plan_sample(plan, lies):
    """A wrong leaf is found when it is drawn, and not when it is not."""
    lie = next(lie for lie in lies if lie["name"] == SECOND_LEAF)
    count = 0
    for i in range(40):
        seed = bytes([i]) * 32
        is_drawn = 1 in sampled_leaves(seed, lie["round"], 1, 2)
        count += is_drawn
        what = f"sample by {seed[:1].hex()}: the wrong leaf is {'drawn' if is_drawn else 'not drawn'}"

        def judged(verdict, what=what, is_drawn=is_drawn):
            plan.count(verdict.get("valid") == (not is_drawn), what, verdict)
        plan.ask_python({"file": lie["file"], "level": "sample", "sample": [seed.hex(), 1]}, judged)
    plan.count(0 < count < 40, "some seeds draw the leaf and some do not")
    print(f"{len(lies)} lies; a wrong leaf is drawn by {count} of 40 seeds")


def plan_mutations(plan, what, archive, made):
    file, network, _, signers = archive
    made = list(made)
    for i, mutation in enumerate(made):
        # levels, and whom to trust, in turn
        trust = {"trust": network} if i // 3 % 2 == 0 else {"keys": signers}
        job = {"file": file, "level": LEVELS[i % 3], "sample": SAMPLE, **trust, **mutation}
        said = f"{what}: {json.dumps(mutation)[:120]}"

        def judged(python, coldmesh, said=said):
            plan.agree(said, python, coldmesh)
            plan.count(python.get("valid") is False and coldmesh.get("valid") is False, f"found: {said}", python, coldmesh)
        plan.ask(job, judged)
    print(f"{what}: {len(made)} mutations")


def plan_files(plan, archive):
    file, network, data, _ = archive
    named = list(mutations.file_lies(data))
    for name, edits in named:
        def judged(python, coldmesh, name=name):
            plan.agree(name, python, coldmesh)
            plan.count(not python.get("valid") and first_bad(python) == (0, "archive"), f"{name}: found", python)
        plan.ask({"file": file, "level": "full", "trust": network, "edits": edits}, judged)
    print(f"{len(named)} files that are no archive")


def check_vectors(plan):
    found = [*vectors.of_kinds(), *vectors.of_headers()]
    for name, right, said in found:
        plan.count(said.startswith(right), f"{name}: {right}, here {said}")
    print(f"{len(found)} frozen vectors")


def check_all(dir, quick):
    subprocess.run([*RUN, os.path.join(HERE, "make-chains.ts"), dir], check=True)
    with open(os.path.join(dir, "index.json")) as file:
        index = json.load(file)

    def archive(name, contents):
        found = next(each for each in index["good"] if (each["name"], each["contents"]) == (name, contents))
        with open(found["file"], "rb") as file:
            return found["file"], found["network"], file.read(), found["signers"]

    plan = Plan()
    check_vectors(plan)
    share = 20 if quick else 1
    plan_good(plan, index["good"])
    check_written(plan, index["good"])
    plan_trust(plan, [each for each in index["good"] if each["contents"] == "lineage"])
    plan_sample(plan, index["lies"])
    tiny = archive("two rounds, tiny", "everything")
    amended = archive("amended: members, policy, rule, quorum, contributors", "everything")
    rolled = archive("rolled back between amendments, card/3", "everything")
    large, leaves = archive("64 inputs", "everything"), archive("three rounds, two leaves", "weights")
    for each, count in ((tiny, 2000), (amended, 1200), (rolled, 800)):
        plan_files(plan, each)
        plan_mutations(plan, f"consistent ones, of {len(each[2])} bytes", each, mutations.consistent(each[2], count // share, SEED))
    plan_mutations(plan, f"every byte of {len(tiny[2])}", tiny, list(mutations.every_byte(tiny[2], SEED))[::share])
    plan_mutations(plan, "cut off", tiny, mutations.cut_off(tiny[2], 37 * share))
    for each, count in ((large, 10_000), (leaves, 200)):
        plan_mutations(plan, f"random bits of {len(each[2])} bytes", each, mutations.random_bits(each[2], count // share, SEED))
    plan_lies(plan, index["lies"])
    plan.run()
    told = ", ".join(f"{said} {count}" for said, count in plan.uncompared.most_common())
    print(f"reasons that no SPEC names, and so may differ: {told or 'none'}")
    return plan


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of the mutations")
    parser.add_argument("--keep", metavar="DIR", help="where the archives stay")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
        plan = check_all(options.keep or temporary, options.quick)
    print(f"{plan.passed} passed, {plan.failed} failed")
    return 1 if plan.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
