"""T5: labels, lists of labels and numbers as text."""

import answers
import text_to_text
import train
import transformers
from metrics import score
from safetensors.torch import load_file
from support import ENGINE, LABELS, NUMBERS, ROWS, SET_LABELS, SETS, ask, changed, check, coldmesh, load, run, unsupported_by, work_of, write_table
from tokenizers import Tokenizer, models, pre_tokenizers, processors


def check_answers(_):
    """Whatever is said is read as what was meant, and only that can be said."""
    words = words_of("x y z , ; 0 1 2 3 4 5 6 7 8 9 . -")
    labels = ["x", "x y", "y", "z x y"]
    subset = answers.Subset(words, labels)
    all_of_them = [[label for index, label in enumerate(labels) if chosen >> index & 1] for chosen in range(16)]
    check("answers: every list of labels is read as it was said", all(subset.label_of(subset.tokens_of(each)) == each for each in all_of_them))
    check("answers: every one can be said token by token", all(can_say(subset, each) for each in all_of_them))
    check("answers: and nothing else", sayings(subset) == len(all_of_them), str(sayings(subset)))
    check("answers: a separator that a label contains is not taken", answers.Subset(words, ["x , y", "z"]).separator == words.of(";")[-1])
    check("answers: labels that can't be told apart are refused", refuses(lambda: answers.Choice(words, {1: "strange", 2: "odd"})) and refuses(lambda: answers.Subset(words, ["strange", "odd"])))

    scales = [
        ([0.0, 0.4, 3.75, 5.0], (0.0, 0.2, 26)),  # STS-B
        ([1.0, 2.0, 5.0], (1.0, 1.0, 5)),  # stars
        ([1990.0, 2003.0, 2020.0], (1990.0, 2.0, 16)),
        ([-0.013, 0.0271], (-0.014, 0.002, 22)),
        ([100.0, 120.0, 140.0], (100.0, 20.0, 3)),
        ([7.0, 7.0], (7.0, 1.0, 1)),
        ([*[value / 100 for value in range(500)], 1e6], (0.0, 0.2, 26)),  # one wrong row
    ]
    for numbers, (first, step, count) in scales:
        found = answers.scale_of(numbers)
        check(f"answers: steps for numbers from {numbers[0]} to {numbers[-1]}", abs(found[0] - first) < 1e-9 and found[1:] == (step, count), str(found))
    number = answers.Number(words, 0.0, 0.2, 26)
    check("answers: numbers are said to the nearest step, those outside as the last", [number.label_of(number.tokens_of(value)) for value in (0.09, 0.11, 3.75, -4, 77)] == [0.0, 0.2, 3.8, 0.0, 5.0])


def words_of(vocabulary):
    special = {"<pad>": 0, "</s>": 1, "<unk>": 2}
    tokenizer = Tokenizer(models.WordLevel({**special, **{word: index for index, word in enumerate(vocabulary.split(), 3)}}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return answers.Words(tokenizer, 1)


def can_say(subset, label):
    tokens = subset.tokens_of(label)
    return all(tokens[at] in subset.allowed(tokens[:at]) for at in range(len(tokens))) and subset.allowed(tokens) == []


def sayings(subset, tokens=()):
    allowed = subset.allowed(tokens)
    return sum(sayings(subset, (*tokens, token)) for token in allowed) if allowed else 1


def refuses(make):
    try:
        make()
    except answers.Unsayable:
        return True
    return False


def check_text_to_text(scratch):
    data = write_table(scratch / "t5.csv", ROWS)
    imported, _ = coldmesh("import", scratch / "t5", "--any-architecture", "--dir", scratch / "peer", "--out", scratch / "t5-base")
    check("T5: is imported as it is", imported["architecture"] == "t5" and imported["dropped"] == [], str(imported))
    options = ["--base", scratch / "t5-base", "--data", data, "--engine", ENGINE, "--max-tokens", 16]
    trained, events = coldmesh("train", *options, "--steps", 40, "--batch", 32, "--learning-rate", 0.01, "--evaluate-every", 20, "--metric", "macro-f1", "--out", scratch / "t5-out")
    losses = [event["loss"] for event in events if event["event"] == "training"]
    check("T5: learns labels as texts", trained["validation"]["after"] > 0.6 and losses[-1] < losses[0], f"{trained} {losses}")
    told = [event["validation"]["score"] for event in events if "validation" in event]
    check("T5: what it says of its evaluations is what coldmesh computes", abs(max(told) - trained["validation"]["after"]) < 1e-6, f"{told} {trained}")
    model, problems = load(scratch / "t5-out", transformers.AutoModelForSeq2SeqLM)
    check("T5: transformers loads encoder and decoder", not problems, str(problems))
    found = ask(scratch / "t5-asked", scratch / "t5-out")
    words = generated(model, scratch / "t5-out")
    check("T5: generates what the trainer predicts", sum(a == b for a, b in zip(words, found)) > 0.95 * len(ROWS), f"{words[:5]} {found[:5]}")


def generated(model, base, rows=ROWS):
    inputs = train.Inputs(base, model.config, 16)
    ids = model.eval().generate(**inputs.of(rows, "cpu"), max_new_tokens=8)
    return [inputs.tokenizer.decode([token for token in row.tolist() if token > 2]) for row in ids]


def check_text_tasks(scratch):
    base = scratch / "t5"
    work_of(scratch / "t5-sets", base, task="multi-label", rows=SETS, labels=SET_LABELS, plan={"steps": 60, "learningRate": 0.01})
    body, found = run(scratch / "t5-sets")
    right = score({"task": "multi-label", "labels": SET_LABELS, "plan": {}}, found, [row["label"] for row in SETS])
    check("T5, multi-label: learns lists of labels", right > 0.9, f"{right} {found[:6]}")
    check("T5, multi-label: of several labels, one and none", {len(labels) for labels in found} == {0, 1, 2}, str(found))
    check("T5, multi-label: needs no head", not (scratch / "t5-sets" / "out" / "head.safetensors").exists())
    after = trained_base(scratch, "t5-sets")
    check("T5, multi-label: predicts the same when asked by the mode evaluate", ask(scratch / "t5-sets-asked", after, SETS, task="multi-label", labels=SET_LABELS) == found)

    work_of(scratch / "t5-numbers", base, task="regression", rows=NUMBERS, labels=[], plan={"steps": 60, "learningRate": 0.01})
    _, found = run(scratch / "t5-numbers")
    right = score({"task": "regression", "labels": [], "plan": {}}, found, [row["label"] for row in NUMBERS])
    check("T5, regression: learns numbers as texts", right > 0.9 and {*found} <= {100.0, 120.0, 140.0}, f"{right} {found[:6]}")
    head = scratch / "t5-numbers" / "out" / "head.safetensors"
    after = trained_base(scratch, "t5-numbers")
    check("T5, regression: its head says in which steps", ask(scratch / "t5-numbers-asked", after, NUMBERS, head=head, task="regression", labels=[]) == found)
    work_of(scratch / "t5-numbers-again", after, head=head, task="regression", rows=NUMBERS[:18], labels=[], plan={"steps": 1})
    run(scratch / "t5-numbers-again")
    kept = [load_file(str(path / "out" / "head.safetensors")) for path in (scratch / "t5-numbers", scratch / "t5-numbers-again")]
    check("T5, regression: another round keeps them", not changed(*kept))
    work_of(scratch / "t5-no-scale", base, "evaluate", task="regression", labels=[])
    check("T5, regression: without them there is nothing to say", unsupported_by(scratch / "t5-no-scale"))

    data = write_table(scratch / "numbers.csv", [{**row, "label": row["label"] + index % 7} for index, row in enumerate(NUMBERS)])
    options = ["--data", data, "--task-type", "regression", "--engine", ENGINE, "--max-tokens", 16]
    trained, events = coldmesh("train", "--base", after, "--head", head, *options, "--steps", 5, "--out", scratch / "t5-sts")
    plans = [event["plan"] for event in events if event["event"] == "plan"]
    check("T5: its rate is the paper's, where none was given", [plan["learningRate"] for plan in plans] == [4e-4], str(plans))
    scored, _ = coldmesh("eval", "--base", scratch / "t5-sts", "--head", scratch / "t5-sts" / "head.safetensors", "--data", data, "--max-tokens", 16, "--engine", ENGINE)
    before = trained["validation"]["before"]
    check("T5, regression: through coldmesh, its head with it, trained and scored", before is not None and before > 0.6 and scored["metric"] == "pearson-spearman" and scored["score"] > 0.6, f"{trained} {scored}")

    work_of(scratch / "t5-freeze", base, plan={"freeze": 1})
    after, _ = run(scratch / "t5-freeze")
    stay = {name for name in after if name == "shared.weight" or ".block.0." in name}
    before = load_file(str(base / "model.safetensors"))
    check("T5: frozen are embeddings, and low layers of encoder and decoder", set(before) - changed(before, after) == stay, str((set(before) - changed(before, after)) ^ stay))


def trained_base(scratch, name):
    after = scratch / f"{name}-base"
    after.mkdir()
    for file, folder in (("config.json", scratch / "t5"), ("tokenizer.json", scratch / "t5"), ("model.safetensors", scratch / name / "out")):
        (after / file).write_bytes((folder / file).read_bytes())
    return after
