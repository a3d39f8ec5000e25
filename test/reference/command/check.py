"""The shipped PyTorch trainer, through coldmesh and beside its own engine.

    python3 check.py

Tiny random models: BERT trained by ONNX Runtime and by the script from the same head on the same batches gives the same
losses and weights; a T5 is imported, finetuned, checked and asked; LoRA, other tasks, freezing and several processes run
inside this one. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import concurrent.futures
import csv
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
os.environ["TOKENIZERS_PARALLELISM"] = "false"
REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "examples" / "trainers" / "pytorch" / "train.py"
NODE = REPOSITORY / "node_modules" / ".bin" / "node"
ENGINE = f'command:"{sys.executable}" "{SCRIPT}" --threads 1 --device cpu'

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

specification = importlib.util.spec_from_file_location("train", SCRIPT)
train = importlib.util.module_from_spec(specification)
specification.loader.exec_module(train)

# Sums of F32 in another order; some steps of AdamW make more of them.
LOSS = 1e-4
WEIGHT = 2e-4
# New weights are so small that some gradients are little more than rounding, which AdamW makes as large as any other.
SCALE = 8
# Adding the same to all keys changes nothing: their bias has such a gradient.
NO_GRADIENT = "key.bias"
WORDS = {"animal": ["cat", "dog", "hen"], "plant": ["oak", "fern", "moss"], "stone": ["flint", "slate", "chalk"]}
PLACES = ["the {} here", "a {} there", "one {} under a tree", "my {}", "no {} at all", "some {}"]
ROWS = [{"text": place.format(word), "label": label} for label, words in WORDS.items() for word in words for place in PLACES]
LABELS = sorted(WORDS)
PLAN = {"steps": 6, "batch": 64, "accumulation": 1, "learningRate": 0.005, "headRate": 2, "weightDecay": 0.01, "warmup": 0.0, "clipNorm": 1, "seed": 3, "evaluateEvery": 0, "patience": 0, "minGain": 0, "dropout": None, "mode": "full"}
failures = []
passed = 0


def check(title, holds, detail=""):
    global passed
    passed += bool(holds)
    if not holds:
        failures.append(title)
    print(("ok   " if holds else "FAIL ") + title, detail if not holds else "", flush=True)


def coldmesh(*arguments):
    """Result, progress events, and what went wrong."""
    command = [str(part) for part in [NODE, REPOSITORY / "node" / "coldmesh.js", *arguments, "--json"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        raise RuntimeError(f"coldmesh {arguments[0]} exits with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), events


def write_tokenizer(folder, is_text=False):
    words = {word for row in ROWS for word in row["text"].split()} | set(LABELS)
    special = ["<pad>", "</s>", "<unk>"] if is_text else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: index for index, word in enumerate([*special, *sorted(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "<unk>") if is_text else models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace() if is_text else pre_tokenizers.BertPreTokenizer()
    ends = ["</s>"] if is_text else ["[CLS]", "[SEP]"]
    single, pair = ("$A </s>", "$A </s> $B </s>") if is_text else ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(name, vocabulary[name]) for name in ends])
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)


def make_model(folder, kind):
    folder.mkdir()
    torch.manual_seed(5)
    size = write_tokenizer(folder, kind == "t5")
    common = {"vocab_size": size, "pad_token_id": 0}
    if kind == "t5":
        config = transformers.T5Config(**common, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, dropout_rate=0.0, decoder_start_token_id=0, eos_token_id=1)
        model = transformers.T5ForConditionalGeneration(config)
    elif kind == "distilbert":
        config = transformers.DistilBertConfig(**common, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=32, dropout=0.0, attention_dropout=0.0)
        model = transformers.DistilBertModel(config)
    else:
        config = transformers.BertConfig(**common, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        model = transformers.BertModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if kind != "t5" and "LayerNorm" not in name and "layer_norm" not in name:
                parameter *= SCALE
    model.save_pretrained(folder)
    return folder


def write_table(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def check_parity(scratch):
    base = make_model(scratch / "bert", "bert")
    data = write_table(scratch / "rows.csv", ROWS)
    head = scratch / "start.safetensors"
    start = {"classifier.weight": torch.randn(3, 32) * 0.1, "classifier.bias": torch.zeros(3)}
    save_file(start, str(head), {"labels": json.dumps(LABELS)})
    # every batch is all rows, so that both engines see the same one
    common = ["--base", base, "--data", data, "--head", head, "--batch", 64, "--steps", 5, "--max-tokens", 16, "--evaluate-every", 1, "--patience", 0, "--threads", 1, "--snapshot-every", 0, "--learning-rate", 0.002]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(coldmesh, "train", *common, "--engine", engine, "--out", scratch / name) for engine, name in (("onnx", "ours"), (ENGINE, "theirs"))]
    (ours, events), (theirs, said) = (run.result() for run in runs)
    mine, other = ([event["loss"] for event in each if "validation" in event] for each in (events, said))
    far = max(abs(a - b) for a, b in zip(mine, other))
    check("BERT: the losses of five steps are ONNX Runtime's", len(mine) == len(other) == 5 and far < LOSS, f"{mine} {other}")
    check("BERT: they fall", other[-1] < other[0], str(other))
    pair = [load_file(str(scratch / name / "model.safetensors")) for name in ("ours", "theirs")]
    far = max(float((pair[0][name] - pair[1][name]).abs().max()) for name in pair[0] if not name.endswith(NO_GRADIENT))
    check("BERT: and so are the weights", pair[0].keys() == pair[1].keys() and far < WEIGHT, str(far))
    check("BERT: and the scores, before and after", ours["validation"] == theirs["validation"] and ours["validation"]["before"] is not None, f"{ours} {theirs}")
    _, _, problems = load(scratch / "theirs", transformers.AutoModel)
    check("BERT: transformers loads what came out", not problems, str(problems))
    crossed, _ = coldmesh("eval", "--base", scratch / "theirs", "--head", scratch / "theirs" / "head.safetensors", "--data", data, "--max-tokens", 16, "--engine", "onnx", "--threads", 1)
    model, _ = train.open_model(work_of(scratch / "asked", scratch / "theirs", "evaluate", head=scratch / "theirs" / "head.safetensors"), Options())
    check("BERT: a head of the script's means the same to ONNX Runtime", crossed["score"] == accuracy(train.predict(model, ROWS), ROWS), str(crossed))


def load(folder, kind):
    model, report = kind.from_pretrained(folder, output_loading_info=True)
    return model, folder, report["missing_keys"] + report["unexpected_keys"] + report["mismatched_keys"]


def accuracy(found, rows):
    return sum(label == row["label"] for label, row in zip(found, rows)) / len(rows)


def check_text_to_text(scratch):
    base = make_model(scratch / "t5", "t5")
    data = write_table(scratch / "t5.csv", ROWS)
    imported, _ = coldmesh("import", base, "--any-architecture", "--dir", scratch / "peer", "--out", scratch / "t5-base")
    check("T5: is imported as it is", imported["architecture"] == "t5" and imported["dropped"] == [], str(imported))
    options = ["--base", scratch / "t5-base", "--data", data, "--engine", ENGINE, "--max-tokens", 16]
    trained, events = coldmesh("train", *options, "--steps", 40, "--batch", 32, "--learning-rate", 0.01, "--evaluate-every", 20, "--out", scratch / "t5-out")
    losses = [event["loss"] for event in events if event["event"] == "training"]
    check("T5: learns labels as texts", trained["validation"]["after"] > 0.6 and losses[-1] < losses[0], f"{trained} {losses}")
    model, _, problems = load(scratch / "t5-out", transformers.AutoModelForSeq2SeqLM)
    check("T5: transformers loads encoder and decoder", not problems, str(problems))
    inputs = train.Inputs(scratch / "t5-out", model.config, 16)
    ids = model.eval().generate(**inputs.of(ROWS, "cpu"), max_new_tokens=4)
    words = [inputs.tokenizer.decode([token for token in row.tolist() if token > 2]) for row in ids]
    own, _ = train.open_model(work_of(scratch / "t5-asked", scratch / "t5-out", "evaluate"), Options())
    found = train.predict(own, ROWS)
    check("T5: generates what the trainer predicts", sum(a == b for a, b in zip(words, found)) > 0.95 * len(ROWS), f"{words[:5]} {found[:5]}")
    work_of(scratch / "t5-evaluate", scratch / "t5-out", "evaluate")
    _, again = run(scratch / "t5-evaluate")
    check("T5: predicts the same when asked by the mode evaluate, which shows no labels", again == found)


class Options:
    lora_rank, lora_alpha, lora_targets, bf16, threads, device = 0, None, ",".join(train.LORA_TARGETS), False, 1, "cpu"


def work_of(folder, base, mode="train", head=None, task="single-label", rows=ROWS, labels=LABELS, plan=None):
    """A work directory as coldmesh makes it; its plan."""
    (folder / "out").mkdir(parents=True)
    for name in ("train", "validation"):
        train.write_lines(folder / f"{name}.jsonl", rows)
    train.write_lines(folder / "rows.jsonl", [{"text": row["text"]} for row in rows])
    paths = {"base": str(base), "head": head and str(head), "out": str(folder / "out"), "train": str(folder / "train.jsonl"), "validation": str(folder / "validation.jsonl"), "rows": str(folder / "rows.jsonl")}
    file = {"protocol": 1, "mode": mode, "task": task, "labels": labels, "maxTokens": 16, "timeLimit": 600, "paths": paths}
    if mode == "train":
        file["plan"] = {**PLAN, **(plan or {})}
    (folder / "plan.json").write_text(json.dumps(file))
    return file


def run(folder, *arguments):
    """The script's main, here; the tensors that it wrote."""
    sys.argv = ["train.py", "--device", "cpu", "--threads", "1", *arguments, str(folder)]
    said = train.Processes.say
    train.Processes.say = lambda self, **event: None
    try:
        train.main()
    finally:
        train.Processes.say = said
    predicted = train.read_rows(folder / "out" / "predictions.jsonl")
    body = folder / "out" / "model.safetensors"
    return load_file(str(body)) if body.exists() else None, predicted


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def check_variants(scratch):
    base = scratch / "bert"
    before = load_file(str(base / "model.safetensors"))
    work_of(scratch / "lora", base)
    after, found = run(scratch / "lora", "--lora-rank", "4")
    wanted = {f"encoder.layer.{layer}.attention.self.{part}.weight" for layer in (0, 1) for part in ("query", "value")}
    shapes = {name: tensor.shape for name, tensor in after.items()} == {name: tensor.shape for name, tensor in before.items()}
    check("LoRA: merged into full shapes, only the chosen layers changed", shapes and changed(before, after) == wanted, str(changed(before, after)))
    rank = torch.linalg.matrix_rank(after["encoder.layer.0.attention.self.query.weight"] - before["encoder.layer.0.attention.self.query.weight"], rtol=1e-3)
    check("LoRA: by a change of low rank", 1 <= int(rank) <= 4, str(rank))
    merged = copy_base(base, after, scratch / "merged")
    model, _ = train.open_model(work_of(scratch / "asked-lora", merged, "evaluate", head=scratch / "lora" / "out" / "head.safetensors"), Options())
    check("LoRA: the merged body predicts what the trained one did", train.predict(model, ROWS) == found)

    work_of(scratch / "frozen", base, plan={"mode": "frozen"})
    after, _ = run(scratch / "frozen")
    check("frozen: a head and no body", after is None and (scratch / "frozen" / "out" / "head.safetensors").exists())
    work_of(scratch / "freeze", base, plan={"freeze": 1})
    after, _ = run(scratch / "freeze")
    low = {name for name in before if name.startswith(("embeddings.", "encoder.layer.0."))}
    check("freeze: embeddings and low layers stay", not (changed(before, after) & low) and "encoder.layer.1.output.dense.weight" in changed(before, after))

    many = [{"text": row["text"], "label": [row["label"], *(["tree"] if "tree" in row["text"] else [])]} for row in ROWS]
    work_of(scratch / "multi", base, task="multi-label", rows=many, labels=[*LABELS, "tree"], plan={"steps": 60})
    _, found = run(scratch / "multi")
    check("multi-label: learns", train.score("multi-label", found, many) > 0.6, str(train.score("multi-label", found, many)))
    numbers = [{"text": row["text"], "label": 100.0 + 20 * LABELS.index(row["label"])} for row in ROWS]
    work_of(scratch / "numbers", base, task="regression", rows=numbers, labels=[], plan={"steps": 60})
    _, found = run(scratch / "numbers")
    check("regression: learns numbers in their own unit", train.score("regression", found, numbers) > 0.6 and 90 < sum(found) / len(found) < 150, str(found[:4]))
    head = scratch / "numbers" / "out" / "head.safetensors"
    model, _ = train.open_model(work_of(scratch / "again", scratch / "bert", "evaluate", head=head, task="regression", labels=[]), Options())
    check("regression: its head is in that unit", 90 < sum(train.predict(model, numbers)) / len(numbers) < 150)

    other = make_model(scratch / "distilbert", "distilbert")
    work_of(scratch / "no-pooler", other)
    after, _ = run(scratch / "no-pooler")
    check("DistilBERT: every tensor learns, by its own names", len(changed(load_file(str(other / "model.safetensors")), after)) > 30)


def copy_base(base, tensors, folder):
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_bytes((base / name).read_bytes())
    save_file(tensors, str(folder / "model.safetensors"), {"format": "pt"})
    return folder


def check_processes(scratch):
    """Two processes on halves of each batch: what one does on the whole of it."""
    torch.manual_seed(1)
    head = scratch / "together.safetensors"
    save_file({"classifier.weight": torch.randn(3, 32) * 0.1, "classifier.bias": torch.zeros(3)}, str(head))
    plan = {"batch": len(ROWS), "steps": 3}
    work_of(scratch / "alone", scratch / "bert", head=head, plan=plan)
    alone, _ = run(scratch / "alone")
    work_of(scratch / "both", scratch / "bert", head=head, plan=plan)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    children = []
    for rank in range(2):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.environ.update(WORLD_SIZE="2", RANK=str(rank), LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
                if rank == 1:
                    (scratch / "both" / "out" / "predictions.jsonl").touch()
                run(scratch / "both")
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    both = load_file(str(scratch / "both" / "out" / "model.safetensors")) if codes == [0, 0] else {}
    far = max((float((alone[name] - both[name]).abs().max()) for name in both), default=1.0)
    check("two processes give the weights of one", codes == [0, 0] and far < WEIGHT, f"{codes} {far}")


with tempfile.TemporaryDirectory() as folder:
    torch.set_num_threads(1)
    scratch = pathlib.Path(folder)
    check_parity(scratch)
    check_variants(scratch)
    check_processes(scratch)
    check_text_to_text(scratch)
print(f"{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
