"""What a crash costs, what is left of a training that is stopped, and a time limit."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import files
from safetensors import safe_open
from several import torchrun
from support import FLAGS, SCRIPT, check, farthest, make_model, run, work_of

LONG = 100_000


def begin(work, *arguments, launcher=(sys.executable,), environment=None):
    command = [*launcher, str(SCRIPT), *FLAGS, *arguments, str(work)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **(environment or {})})


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def all_end(pids):
    """Within a few seconds."""
    end = time.monotonic() + 6
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > end:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.1)
    return True


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(program, holds):
    """Reads what the program says until that holds of an event."""
    for line in program.stdout:
        if line.startswith("{") and holds(json.loads(line)):
            return
    raise RuntimeError(f"ended with {program.wait()}")


def check_interruption(scratch):
    base = make_model(scratch / "with-dropout", "bert", dropout=0.1)
    plan = {"steps": 400, "batch": 16, "evaluateEvery": 50, "learningRate": 0.001}
    works = [scratch / name for name in ("unbroken", "broken", "other-plan", "damaged")]
    for work in works:
        work_of(work, base, plan={**plan, "seed": 4, "steps": 1} if work.name == "other-plan" else plan)
    unbroken, broken, other, damaged = works
    wanted, _ = run(unbroken)
    kept = scratch / "state.safetensors"
    program = begin(broken, "--checkpoint", str(kept), "--checkpoint-every", "0.2")
    wait_for(program, lambda event: event["event"] == "evaluated" and kept.exists())
    program.kill()
    program.wait()
    with safe_open(kept, "pt") as file:
        step = json.loads(file.metadata()["state"])["step"]
    check("kill -9: the state is kept, and nothing is in out/", 0 < step < 400 and not list((broken / "out").iterdir()), str(step))
    said = []
    again = ["--checkpoint", str(kept), "--checkpoint-every", "9999"]
    run(other, *again, tell=lambda self, text: said.append(text))
    check("another training does not go on from it, and leaves it", not any(text.startswith("goes on") for text in said) and kept.exists(), str(said))
    resumed, _ = run(broken, *again, tell=lambda self, text: said.append(text))
    check("the same training goes on from it", f"goes on after step {step}" in said, str(said[-5:]))
    check("to the weights that it would have had, with dropout", farthest(wanted, resumed) == 0, str(farthest(wanted, resumed)))
    check("and the state is removed", not kept.exists())
    kept.write_bytes(b"no state")
    started, _ = run(damaged, *again)
    check("a damaged one is passed over", farthest(wanted, started) == 0)

    long = scratch / "long"
    work_of(long, base, plan={**plan, "steps": LONG})
    program = begin(long)
    wait_for(program, lambda event: event["event"] == "evaluated")
    program.send_signal(signal.SIGTERM)
    code = program.wait(6)
    check("SIGTERM: ends at once, with nothing in out/", code == 143 and not list((long / "out").iterdir()), str(code))
    program = begin(long, launcher=torchrun(scratch), environment={"COLDMESH_WORK": str(long)})
    wait_for(program, lambda event: event["event"] == "evaluated")
    children = children_of(program.pid)
    program.kill()
    program.wait()
    check("a launcher that is killed takes its processes along", len(children) == 2 and all_end(children), str(children))
    try:
        with files.whole(scratch / "half-written") as part:
            open(part, "w").write("half")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    check("what is stopped while it writes leaves no file", not [path for path in scratch.iterdir() if "half-written" in path.name])


def check_time(scratch):
    work = scratch / "timed"
    work_of(work, scratch / "bert", plan={"steps": 10_000_000, "maxSeconds": 3, "batch": 16, "evaluateEvery": 1_000_000})
    events = []
    begun = time.monotonic()
    run(work, tell=lambda self, text: events.append(json.loads(text)))
    seconds = time.monotonic() - begun
    last = [event for event in events if event["event"] == "progress"][-1]
    check("time: the steps that fit are the training's", last["steps"] < 10_000_000 and last["step"] > 20 and last["step"] >= 0.5 * last["steps"], str(last))
    check("time: and it ends in time", 1.5 < seconds < 5, str(seconds))
