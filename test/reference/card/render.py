"""Writes the cards of docs/fusion.md from their facts, taking the fixed text from that page. Run by itself it compares them with the vectors.

`facts` are what test/vectors/checkpoint/card.v1.json and card.v3.json have under that name; CIDs and keys are text.
"""
import json
import re
import sys
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LETTERS = "00C0-00D6 00D8-00F6 00F8-024F 0386-0386 0388-03FF 0400-0481 048A-052F 1E00-1EFF 3041-3096 30A1-30FA 4E00-9FFF AC00-D7A3"
RANGES = [[int(end, 16) for end in one.split("-")] for one in LETTERS.split()]


@lru_cache(maxsize=1 << 12)
def escape_point(point):
    if re.fullmatch(r"[ \-0-9A-Za-z]", chr(point)) or any(low <= point <= high for low, high in RANGES):
        return chr(point)
    return f"&#{point};" if 0x21 <= point <= 0x7E else f"&#60;U+{point:04X}&#62;"


def escape(text):
    points = [ord(one) for one in text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")]
    return "".join(map(escape_point, points[:64])) + ("..." if len(points) > 64 else "")


def code(text):
    return f"`{text}`" if re.fullmatch(r"[A-Za-z0-9/_-]{1,128}", text) else escape(text)


def licence(text):
    return "not stated" if text is None else escape(text)


def by_name(pairs):
    return [f"{escape(name)} {value}" for name, value in sorted(pairs)]


def parameters(facts):
    return ", ".join(by_name(facts["params"])) or "none"


def counts(facts, at):
    inputs, rule = facts["inputs"], facts["rule"]
    if rule == "mean/1":
        return f"1/{len(inputs)}"
    if rule == "clipped-mean/1" and inputs[at]["clipping"]:
        return f"{inputs[at]['clipping']['factor']}/65536 of 1/{len(inputs)}"
    if rule != "weighted-mean/1":
        return "by element"
    most = dict(facts["params"]).get("maxRows")
    rows = [one["rows"] if most is None else min(most, one["rows"]) for one in inputs]
    return f"{rows[at]}/{sum(rows)}"


def trained_from(facts, one):
    return "the parent" if one["round"] == facts["round"] else f"round {one['round'] - 1}, {code(one['parent'])}"


def change_lines(change):
    lines = [f"adds the member {escape(one['name'])}, {code(one['key'])}" for one in change.get("add", [])]
    lines += [f"removes the member {code(key)}" for key in change.get("remove", [])]
    if "quorum" in change:
        lines.append(f"quorum: {code(change['quorum'])}")
    if "contributors" in change:
        who = change["contributors"]
        lines.append("contributors: " + ", ".join(map(code, [who] if isinstance(who, str) else who)))
    lines += by_name(change.get("round", []))
    if "gate" in change:
        lines.append("gate: none" if change["gate"] is None else f"gate: maxDrop {change['gate']['maxDrop']}")
    if "fusion" in change:
        lines.append(f"fusion rule: {code(change['fusion']['rule'])}, parameters: {parameters(change['fusion'])}")
    if "rollback" in change:
        lines.append(f"rollback to the base {code(change['rollback'])}")
    return [f"- {line}" for line in lines]


@lru_cache
def template(version):
    page = (ROOT / "docs/fusion.md").read_text(encoding="utf-8")
    return page.split(f"### {version}\n")[1].split("````")[1].strip("\n").split("\n")


@lru_cache
def fixed(version, first, last):
    """The lines of a template from the first that begins so to the last that ends so."""
    lines = template(version)
    begin = next(at for at, line in enumerate(lines) if line.startswith(first))
    end = next(at for at in range(begin, len(lines)) if lines[at].endswith(last))
    return lines[begin : end + 1]


def table(version, head, rows):
    return [*fixed(version, head, "|"), "|" + "---|" * (head.count("|") - 1), *(f"| {' | '.join(row)} |" for row in rows)]


def section(title, *parts):
    """Parts are lists of lines; an empty line before each."""
    lines = ["", f"## {title}"]
    for part in parts:
        lines += ["", *part]
    return lines


def fact_rows(facts):
    inputs, left_out = facts["inputs"], facts["excluded"]
    rows = [["network (genesis)", code(facts["network"])], ["round", str(facts["round"])]]
    rows += [["parent base", code(facts["parent"])], ["weights (model.safetensors)", code(facts["weights"])]]
    rows += [["fusion rule", code(facts["rule"])]]
    if version_of(facts) == "card/3":
        decide = f"{facts['votes']} of {len(facts['committee'])} members decide ({code(facts['quorum'])})"
        rows += [["parameters", parameters(facts)], ["contributions fused", str(len(inputs))]]
        return [*rows, ["contributions left out", str(len(left_out))], ["committee", decide]]
    return [*rows, ["contributions fused", str(len(inputs))]]


def nothing_fused(version, target):
    if target is None:
        return fixed(version, "None: this round", "parent.")
    said = fixed(version, "None: a quorum", "no more.")
    return [line.replace("{code(rollback.base)}", code(target)) for line in said]


def contributions_1(facts):
    rows = [
        [code(one["id"]), code(one["author"]), code(one["checkpoint"]), escape(one["datasetName"]), escape(one["task"]), str(one["rows"]), licence(one["license"])]
        for one in facts["inputs"]
    ]
    head = "| contribution | author | checkpoint | dataset | task | rows | licence |"
    return [fixed("card/1", "Dataset, task", "them."), table("card/1", head, rows)]


def contributions_3(facts):
    version, inputs = "card/3", list(enumerate(facts["inputs"]))
    stated = [
        [str(at + 1), escape(one["task"]), escape(one["datasetName"]), str(one["rows"]), licence(one["license"]), counts(facts, at)]
        for at, one in inputs
    ]
    named = [
        [str(at + 1), code(one["id"]), code(one["author"]), code(one["checkpoint"]), trained_from(facts, one), code(one["commitment"])]
        for at, one in inputs
    ]
    parts = [
        fixed(version, "Task, dataset", "rule."), table(version, "| # | task | dataset | rows | licence | counts |", stated),
        table(version, "| # | contribution | author | checkpoint | trained from | commitment to the data |", named),
    ]
    clipped = [[str(at + 1), code(one["clipping"]["norm"]), str(one["clipping"]["factor"])] for at, one in inputs if one["clipping"]]
    if clipped:
        parts += [fixed(version, "The squared norm", "65536ths."), table(version, "| # | squared norm | factor |", clipped)]
    return parts


def left_out(facts):
    excluded, version = facts["excluded"], version_of(facts)
    if not excluded:
        return []
    if version == "card/1":
        rows = [[code(one["id"]), escape(one["reason"])] for one in excluded]
        return section("Left out", table(version, "| contribution | reason |", rows))
    rows = [[code(one["id"]), code(one["author"]), escape(one["task"]), escape(one["reason"])] for one in excluded]
    return section("Left out", table(version, "| contribution | author | task | reason |", rows))


def amendment(facts):
    change = facts["amendment"]
    if change is None:
        return []
    since = f"From round {facts['round'] + 2} on" if "rollback" not in change else "With this base"
    text = f"This base embeds the amendment {code(change['id'])}, which a quorum of the committee approved. {since}:"
    return section("Amendment", [text], change_lines(change))


def committee(facts):
    text = f"A base is final when {facts['votes']} of these members have signed its certificate, which is kept beside its directory."
    members = [[escape(one["name"]), code(one["key"])] for one in facts["committee"]]
    return section("Committee", [text], table("card/3", "| member | key |", members))


def version_of(facts):
    return facts.get("card", "card/1")


def render(facts):
    """The lines of a card; the last one is empty, since every line ends with a line feed."""
    version = version_of(facts)
    is_new, inputs = version == "card/3", facts["inputs"]
    values = {"genesis CID": facts["network"], "round": facts["round"], "parent": facts["parent"]}
    values |= {"weights": facts["weights"], "rule": facts["rule"], "number of inputs": len(inputs)}
    fill = lambda line: re.sub(r"\{([^}]*)\}", lambda found: str(values[found[1]]), line)
    front = fixed(version, "library_name", "inputs}" if is_new else "- feature-extraction")
    lines = ["---", *map(fill, front), "---", "", f"# {escape(facts['networkName'])}, round {facts['round']}", ""]
    lines += [*fixed("card/1", "This directory is", "own head."), ""]
    lines += ["| | |", "|---|---|", *(f"| {' | '.join(row)} |" for row in fact_rows(facts))]
    if not inputs:
        lines += section("Contributions", nothing_fused(version, facts.get("rolledBackTo")))
    else:
        lines += section("Contributions", *(contributions_3 if is_new else contributions_1)(facts))
    lines += left_out(facts)
    if is_new:
        lines += amendment(facts) + committee(facts)
    verify = fixed(version, "## Verify", "(`protocols/dataset`)." if is_new else "profile unixfs-v1-2025.")
    lines += ["", *map(fill if is_new else str, verify), ""]
    return [*lines, *fixed("card/1", "## Use", "rely on it."), ""]


def compare():
    """(vectors that hold, a line for each that does not)"""
    held, wrong = 0, []
    for version in (1, 3):
        for case in json.loads((ROOT / f"test/vectors/checkpoint/card.v{version}.json").read_text(encoding="utf-8"))["cases"]:
            ours = render(case["facts"])
            held += ours == case["card"]
            if ours != case["card"]:
                at = next((i for i, (a, b) in enumerate(zip(ours, case["card"])) if a != b), min(len(ours), len(case["card"])))
                wrong.append(f"{case['title']}: line {at + 1}: {ours[at:at + 1]} instead of {case['card'][at:at + 1]}")
    return held, wrong


if __name__ == "__main__":
    held, wrong = compare()
    for each in wrong:
        print(each, file=sys.stderr)
    print(f"{held} passed, {len(wrong)} failed")
    sys.exit(bool(wrong))
