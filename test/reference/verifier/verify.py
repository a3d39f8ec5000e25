#!/usr/bin/env python3
"""Verifies an archive of a coldmesh base back to its genesis. Shares nothing with coldmesh but what it is written from:
protocols/*/SPEC.md and docs/fusion.md. README.md beside this file says in which order to read it.

    python3 verify.py FILE.car [--level signatures|sample|full] [--trust CID|KEY|@KEYS]...
                      [--sample-seed HEX --leaves N] [--slow-signatures] [--json]
    python3 verify.py --mutations JOBS.jsonl     a verdict a line; `-` reads stdin

Exit status: 0 valid, 4 not, 2 wrong usage or no such file.
"""

import argparse
import json
import mmap
import os
import sys
import traceback

sys.dont_write_bytecode = True

import signatures  # noqa: E402
from bad import Bad  # noqa: E402
from car import Car  # noqa: E402
from certificates import stated_round  # noqa: E402
from history import History  # noqa: E402
from order import check_file  # noqa: E402
from terms import read_genesis  # noqa: E402
from trust import Trust, judge_trust, read_trust  # noqa: E402
from weights import Weights  # noqa: E402

LEVELS = ("signatures", "sample", "full")


def verify(data, level="full", trust=Trust(None, ()), sample=None):
    """The report about a file's bytes. A bad file is a report, never an error. `sample` is (seed of 32 bytes, leaves)."""
    report = {"base": None, "valid": False, "certified": False, "trusted": False, "trust": {"genesis": None, "keys": None}}
    report |= {"level": level, "rounds": [], "failures": []}
    failures = []
    try:
        judge(data, level, trust, sample, report, failures)
    except Bad as error:
        failures.append((0, error.link or "archive", error.reason))
    unique = list(dict.fromkeys(failures))
    report["failures"] = [dict(zip(("round", "link", "reason"), each)) for each in sorted(unique, key=lambda each: each[0])]
    is_fused = all(each["fusion"] in (None, "reproduced", "sampled") for each in report["rounds"])
    report["valid"] = not failures and report["certified"] and is_fused
    return report


def judge(data, level, trust, sample, report, failures):
    car = Car(data)
    archive = car.archive
    report["base"] = str(archive["base"])
    if archive["network"] not in car.places:
        raise Bad("archive-order")
    try:
        genesis = read_genesis(car.get(archive["network"]))
    except Bad as error:
        raise Bad(error.reason, "genesis") from error
    history = History(archive["network"], genesis, car.get, failures)
    history.open_genesis_base()
    weights = None
    if level != "signatures":
        weights = Weights(history, sample if level == "sample" else None)
        weights.open_genesis()
    stated = stated_round(archive["certificate"], archive["network"])
    steps, gap = history.trace(archive["base"], stated)
    about_file = [(0, "archive", reason) for reason in check_file(car, genesis, steps, gap)]
    rounds = []
    for checked in history.forwards(steps, gap is None, archive["certificate"]):
        fusion = weights.check(checked) if weights else None
        rounds.append({"round": checked.step.round, "certified": checked.is_certified, "fusion": fusion})
    report["rounds"] = rounds[::-1]
    if level == "sample":
        report["sample"] = {"seed": sample[0].hex(), "leaves": sample[1]}
    if archive["base"] == genesis["base"]:
        report["certified"] = True
    elif rounds:
        report["certified"] = rounds[-1]["certified"]
    else:
        report["certified"] = history.certifies(archive["certificate"], archive["base"])
    # a certificate that nobody signed states nothing
    round = steps[-1].round if steps else stated if report["certified"] else 1
    report["trusted"], report["trust"], distrust = judge_trust(trust, history, archive, round)
    failures[:0] = about_file + distrust


def answer_jobs(lines, out):
    """One line of JSON a job: { file, level, trust?, keys?, sample?, edits: [[offset, bytes removed, hex put there]], length? }."""
    files = {}
    for line in lines:
        job = json.loads(line)
        if job["file"] not in files:
            with open(job["file"], "rb") as file:
                files[job["file"]] = file.read()
        data = bytearray(files[job["file"]][:job.get("length")])
        for offset, removed, put in sorted(job.get("edits", []), reverse=True):
            data[offset:offset + removed] = bytes.fromhex(put)
        trust = read_trust([*([job["trust"]] if job.get("trust") else []), *job.get("keys", [])])
        sample = (bytes.fromhex(job["sample"][0]), job["sample"][1]) if job.get("sample") else None
        try:
            report = verify(bytes(data), job["level"], trust, sample)
        except Exception:  # ours to mend, and never to be hidden: whoever asks counts these
            report = {"crash": traceback.format_exc()}
        out.write(json.dumps(report) + "\n")
        out.flush()


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", nargs="?")
    parser.add_argument("--level", choices=LEVELS, default="full")
    parser.add_argument("--trust", action="append", default=[], metavar="CID|KEY|@KEYS", help="a genesis, or keys of members")
    parser.add_argument("--sample-seed", type=bytes.fromhex, default=os.urandom(32), metavar="HEX")
    parser.add_argument("--leaves", type=int, default=16, metavar="N")
    parser.add_argument("--slow-signatures", action="store_true", help="in integers of Python alone")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mutations", metavar="JOBS.jsonl")
    options = parser.parse_args(arguments)
    if (options.file is None) == (options.mutations is None):
        parser.error("give a file, or --mutations")
    if len(options.sample_seed) != 32 or not 1 <= options.leaves <= 1_000_000:
        parser.error("a seed has 64 hex digits, leaves are 1 to 1,000,000")
    try:
        options.trust = read_trust(options.trust)
    except (Bad, OSError, ValueError) as error:
        parser.error(f"--trust: {error}")
    return options


def main(arguments):
    options = read_options(arguments)
    signatures.slow = options.slow_signatures
    if options.mutations is not None:
        if options.mutations == "-":
            answer_jobs(sys.stdin, sys.stdout)
        else:
            with open(options.mutations) as lines:
                answer_jobs(lines, sys.stdout)
        return 0
    try:
        with open(options.file, "rb") as file:
            # an empty file can't be mapped
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if file.read(1) else b""
    except OSError as error:
        print(f"verify.py: {options.file}: {error.strerror}", file=sys.stderr)
        return 2
    report = verify(data, options.level, options.trust, (options.sample_seed, options.leaves))
    try:
        print(json.dumps(report, indent=2) if options.json else as_text(report), flush=True)
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report["valid"] else 4


def as_text(report):
    said = ("valid", "certified", "trusted")
    lines = [f"base {report['base']}", ", ".join(f"{word}: {'yes' if report[word] else 'no'}" for word in said)]
    if "sample" in report:
        lines.append(f"sampled: {report['sample']['leaves']} leaves of each round, by --sample-seed {report['sample']['seed']}")
    for each in reversed(report["rounds"]):
        lines.append(f"round {each['round']}: {'certified' if each['certified'] else 'not certified'}, {each['fusion'] or 'not fused again'}")
    # only names of files are peers' text here, and repr() escapes them
    lines += [f"round {each['round']}, {each['link']!r}: {each['reason']!r}" for each in report["failures"]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
