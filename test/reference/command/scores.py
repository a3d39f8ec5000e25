"""The script's metrics beside coldmesh's, on the same predictions; and that they choose what is kept."""

import json
import pathlib
import random
import subprocess

import fitting
from metrics import score
from support import LABELS, NODE, REPOSITORY, ROWS, changed, check, run, work_of

SAME = 1e-6
CASES = 60


def random_case(seed):
    chance = random.Random(seed)
    task = ("single-label", "multi-label", "regression")[seed % 3]
    labels = [] if task == "regression" else [f"label {index}" for index in range(chance.choice([2, 3, 7]))]
    rows = chance.choice([1, 2, 9, 50])

    def one():
        if task == "single-label":
            return chance.choice(labels)
        if task == "multi-label":
            return chance.sample(labels, chance.randrange(len(labels) + 1))
        # rounded: some are equal
        return round(chance.gauss(3, 2), chance.choice([0, 6]))

    found, wanted = [one() for _ in range(rows)], [one() for _ in range(rows)]
    if seed % 10 == 9:  # one side constant
        found = found[:1] * rows
    return {"task": task, "labels": labels, "positive": labels[0] if task == "single-label" else None, "found": found, "wanted": wanted}


def check_scores(_):
    cases = [random_case(seed) for seed in range(CASES)]
    program = pathlib.Path(__file__).with_name("scores.ts")
    done = subprocess.run([str(NODE), "--conditions=coldmesh-source", str(program)], input=json.dumps(cases), capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    answer = json.loads(done.stdout)
    farthest, seen = 0.0, set()
    for case, scored in zip(cases, answer["scored"]):
        for metric, theirs in scored.items():
            plan = {"task": case["task"], "labels": case["labels"], "plan": {"metric": metric, "positive": case["positive"]}}
            ours = score(plan, case["found"], case["wanted"])
            farthest = max(farthest, abs(ours - theirs))
            seen.add(metric)
    check("metrics: all of coldmesh's, with its numbers", seen == set(answer["metrics"]) and len(answer["scored"]) == CASES and farthest < SAME, f"{farthest} {seen ^ set(answer['metrics'])}")


def check_choosing(scratch):
    """Of three evaluations the last is the best by accuracy, the second by macro-F1: which weights are kept?"""
    animal, plant, stone = LABELS
    rows = [{"text": row["text"], "label": animal if index < 36 else (plant, stone)[index % 2]} for index, row in enumerate(ROWS)]
    wanted = [row["label"] for row in rows]
    told = [[plant] * 54, [plant] * 22 + wanted[22:], [animal] * 54]
    kept = {}
    for metric in ("accuracy", "macro-f1"):
        work = scratch / f"choosing-{metric}"
        work_of(work, scratch / "bert", rows=rows, plan={"steps": 3, "evaluateEvery": 1, "metric": metric})
        events, answers = [], iter([*told, told[0]])
        predict, fitting.predict = fitting.predict, lambda *_: next(answers)
        try:
            kept[metric], _ = run(work, tell=lambda self, text: events.append(json.loads(text)))
        finally:
            fitting.predict = predict
        scores = [event["score"] for event in events if event["event"] == "evaluated"]
        plan = {"task": "single-label", "labels": LABELS, "plan": {"metric": metric}}
        check(f"choosing: evaluations are told in {metric}", scores == [score(plan, found, wanted) for found in told], str(scores))
    check("choosing: another metric keeps another evaluation's weights", changed(kept["accuracy"], kept["macro-f1"]))
