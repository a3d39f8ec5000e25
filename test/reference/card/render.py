"""Writes the cards of docs/fusion.md from their facts, taking the fixed text from that page, and compares them with the vectors."""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LETTERS = "00C0-00D6 00D8-00F6 00F8-024F 0386-0386 0388-03FF 0400-0481 048A-052F 1E00-1EFF 3041-3096 30A1-30FA 4E00-9FFF AC00-D7A3"
RANGES = [[int(end, 16) for end in one.split("-")] for one in LETTERS.split()]


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
    if rule == "clipped-mean/1":
        return f"{inputs[at]['clipping']['factor']}/65536 of 1/{len(inputs)}"
    if rule != "weighted-mean/1":
        return "by element"
    most = dict(facts["params"])["maxRows"]
    rows = [min(most, one["rows"]) for one in inputs]
    return f"{rows[at]}/{sum(rows)}"


def trained_from(facts, one):
    return "the parent" if one["round"] == facts["round"] else f"round {one['round'] - 1}, {code(one['parent'])}"


def amendment_lines(change):
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
    return [f"- {line}" for line in lines]


def template(version):
    page = (ROOT / "docs/fusion.md").read_text(encoding="utf-8")
    return page.split(f"### {version}\n")[1].split("````")[1].strip("\n").split("\n")


def fixed(version, first, last):
    """The lines of a template from the first that begins so to the last that ends so."""
    lines = template(version)
    begin = next(at for at, line in enumerate(lines) if line.startswith(first))
    end = next(at for at in range(begin, len(lines)) if lines[at].endswith(last))
    return lines[begin : end + 1]


def table(version, head, rows):
    return [*fixed(version, head, "|"), "|" + "---|" * (head.count("|") - 1), *(f"| {' | '.join(row)} |" for row in rows)]


def render(facts):
    version = facts.get("card", "card/1")
    is_new, inputs, left_out = version == "card/3", facts["inputs"], facts["excluded"]
    front = fixed(version, "library_name", "inputs}" if is_new else "- feature-extraction")
    values = {"genesis CID": facts["network"], "round": facts["round"], "parent": facts["parent"]}
    values |= {"weights": facts["weights"], "rule": facts["rule"], "number of inputs": len(inputs)}
    fill = lambda line: re.sub(r"\{([^}]*)\}", lambda found: str(values[found[1]]), line)
    rows = [["network (genesis)", code(facts["network"])], ["round", str(facts["round"])]]
    rows += [["parent base", code(facts["parent"])], ["weights (model.safetensors)", code(facts["weights"])]]
    rows += [["fusion rule", code(facts["rule"])]]
    if is_new:
        rows += [["parameters", parameters(facts)]]
    rows += [["contributions fused", str(len(inputs))]]
    if is_new:
        decide = f"{facts['votes']} of {len(facts['committee'])} members decide ({code(facts['quorum'])})"
        rows += [["contributions left out", str(len(left_out))], ["committee", decide]]
    lines = ["---", *map(fill, front), "---", "", f"# {escape(facts['networkName'])}, round {facts['round']}", ""]
    lines += [*fixed("card/1", "This directory is", "own head."), ""]
    lines += ["| | |", "|---|---|", *(f"| {' | '.join(row)} |" for row in rows), "", "## Contributions", ""]
    if not inputs:
        lines += fixed(version, "None:", "parent.")
    elif not is_new:
        cells = [[code(one["id"]), code(one["author"]), code(one["checkpoint"]), escape(one["datasetName"]), escape(one["task"]), str(one["rows"]), licence(one["license"])] for one in inputs]
        lines += [*fixed(version, "Dataset, task", "them."), "", *table(version, "| contribution | author | checkpoint | dataset | task | rows | licence |", cells)]
    else:
        stated = [[str(at + 1), escape(one["task"]), escape(one["datasetName"]), str(one["rows"]), licence(one["license"]), counts(facts, at)] for at, one in enumerate(inputs)]
        named = [[str(at + 1), code(one["id"]), code(one["author"]), code(one["checkpoint"]), trained_from(facts, one), code(one["commitment"])] for at, one in enumerate(inputs)]
        lines += [*fixed(version, "Task, dataset", "rule."), "", *table(version, "| # | task | dataset | rows | licence | counts |", stated), ""]
        lines += table(version, "| # | contribution | author | checkpoint | trained from | commitment to the data |", named)
        clipped = [[str(at + 1), code(one["clipping"]["norm"]), str(one["clipping"]["factor"])] for at, one in enumerate(inputs) if one["clipping"]]
        if clipped:
            lines += ["", *fixed(version, "The squared norm", "65536ths."), "", *table(version, "| # | squared norm | factor |", clipped)]
    if left_out and is_new:
        cells = [[code(one["id"]), code(one["author"]), escape(one["task"]), escape(one["reason"])] for one in left_out]
        lines += ["", "## Left out", "", *table(version, "| contribution | author | task | reason |", cells)]
    elif left_out:
        cells = [[code(one["id"]), escape(one["reason"])] for one in left_out]
        lines += ["", "## Left out", "", *table(version, "| contribution | reason |", cells)]
    if is_new and facts["amendment"] is not None:
        text = f"This base embeds the amendment {code(facts['amendment']['id'])}, which a quorum of the committee approved. From round {facts['round'] + 2} on:"
        lines += ["", "## Amendment", "", text, "", *amendment_lines(facts["amendment"])]
    if is_new:
        text = f"A base is final when {facts['votes']} of these members have signed its certificate, which is kept beside its directory."
        members = [[escape(one["name"]), code(one["key"])] for one in facts["committee"]]
        lines += ["", "## Committee", "", text, "", *table(version, "| member | key |", members)]
    verify = fixed(version, "## Verify", "(`protocols/dataset`)." if is_new else "profile unixfs-v1-2025.")
    lines += ["", *map(fill if is_new else str, verify), ""]
    return [*lines, *fixed("card/1", "## Use", "rely on it."), ""]


if __name__ == "__main__":
    failed = 0
    checked = 0
    for version in (1, 3):
        for case in json.loads((ROOT / f"test/vectors/checkpoint/card.v{version}.json").read_text(encoding="utf-8"))["cases"]:
            ours = render(case["facts"])
            checked += 1
            if ours != case["card"]:
                failed += 1
                at = next((i for i, (a, b) in enumerate(zip(ours, case["card"])) if a != b), min(len(ours), len(case["card"])))
                print(f"{case['title']}: line {at + 1}: {ours[at:at + 1]} instead of {case['card'][at:at + 1]}", file=sys.stderr)
    print(f"{checked - failed} passed, {failed} failed")
    sys.exit(failed > 0)
