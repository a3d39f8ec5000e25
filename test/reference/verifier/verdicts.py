"""Two verifiers side by side: this folder's, and coldmesh's by `verdicts.ts`. Processes that answer jobs, a line each."""

import json
import os
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
RUN = [os.path.join(REPOSITORY, "node_modules", ".bin", "node"), "--conditions=coldmesh-source"]
NODE = [*RUN, os.path.join(HERE, "verdicts.ts")]
PYTHON = [sys.executable, os.path.join(HERE, "verify.py"), "--mutations", "-"]


def ask(command, jobs):
    """The verdicts of one verifier, in the order of the jobs."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send():
        for job in jobs:
            process.stdin.write(json.dumps(job) + "\n")
        process.stdin.close()

    sending = threading.Thread(target=send)
    sending.start()
    found = [json.loads(line) for line in process.stdout]
    sending.join()
    if process.wait() != 0 or len(found) != len(jobs):
        raise SystemExit(f"{command[0]} ended after {len(found)} of {len(jobs)} jobs")
    return found


def ask_both(jobs):
    """Pairs of verdicts (Python's, coldmesh's). Coldmesh takes several times as long: two processes share its jobs."""
    shares = ((PYTHON, jobs), (NODE, jobs[::2]), (NODE, jobs[1::2]))
    answers = [None] * len(shares)

    def work(index, command, share):
        answers[index] = ask(command, share)

    threads = [threading.Thread(target=work, args=(index, *share)) for index, share in enumerate(shares)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if None in answers:
        raise SystemExit("a verifier ended early")
    python, *halves = answers
    coldmesh = [halves[i % 2][i // 2] for i in range(len(jobs))]
    return list(zip(python, coldmesh))


def first_bad(verdict):
    """(round, link) of the first bad link, None without one."""
    failures = verdict.get("failures", [])
    if not failures:
        return None
    oldest = min(each["round"] for each in failures)
    return next((each["round"], each["link"]) for each in failures if each["round"] == oldest)


def essence(verdict):
    """What both must agree on. Who finds a fault of the file may stop there, or go on and say more."""
    if "crash" in verdict:
        return ("crash",)
    if first_bad(verdict) == (0, "archive"):
        return verdict["valid"], first_bad(verdict)
    rounds = sorted((each["round"], each["certified"], each["fusion"]) for each in verdict["rounds"])
    trust = [verdict["trust"]["genesis"], *(verdict["trust"]["keys"] or {}).items()]
    return verdict["valid"], verdict["certified"], verdict["trusted"], trust, rounds, first_bad(verdict)


def reason(verdict):
    """Of the first bad link, up to its first colon; None where nothing is bad."""
    at = first_bad(verdict)
    said = next((each["reason"] for each in verdict.get("failures", []) if (each["round"], each["link"]) == at), None)
    return said and said.split(":")[0]
