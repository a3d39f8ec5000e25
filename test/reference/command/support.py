"""What the checks of the PyTorch trainer have in common: counting, tiny random models, work directories, runs."""

import csv
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
os.environ["TOKENIZERS_PARALLELISM"] = "false"
REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
TRAINER = REPOSITORY / "examples" / "trainers" / "pytorch"
SCRIPT = TRAINER / "train.py"
NODE = REPOSITORY / "node_modules" / ".bin" / "node"
FLAGS = ["--threads", "1", "--device", "cpu"]
ENGINE = f'command:"{sys.executable}" "{SCRIPT}" {" ".join(FLAGS)}'
sys.path.insert(0, str(TRAINER))

import torch
import transformers
from files import read_rows, write_lines
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import fitting
import processes
import train

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
SETS = [{"text": row["text"], "label": [label for label, holds in ((row["label"], row["label"] != "stone"), ("tree", "tree" in row["text"])) if holds]} for row in ROWS]
SET_LABELS = ["animal", "plant", "tree"]
NUMBERS = [{"text": row["text"], "label": 100.0 + 20 * LABELS.index(row["label"])} for row in ROWS]
NUMBER_WORDS = [str(number) for number in range(100, 145)]
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
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        raise RuntimeError(f"coldmesh {arguments[0]} exits with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), events


def write_tokenizer(folder, is_text=False):
    words = {word for row in ROWS for word in row["text"].split()} | set(LABELS) | {",", *NUMBER_WORDS}
    special = ["<pad>", "</s>", "<unk>"] if is_text else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: index for index, word in enumerate([*special, *sorted(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "<unk>") if is_text else models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace() if is_text else pre_tokenizers.BertPreTokenizer()
    ends = ["</s>"] if is_text else ["[CLS]", "[SEP]"]
    single, pair = ("$A </s>", "$A </s> $B </s>") if is_text else ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(name, vocabulary[name]) for name in ends])
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(vocabulary)


def make_model(folder, kind, dropout=0.0):
    folder.mkdir()
    torch.manual_seed(5)
    size = write_tokenizer(folder, kind == "t5")
    common = {"vocab_size": size, "pad_token_id": 0}
    if kind == "t5":
        config = transformers.T5Config(**common, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, dropout_rate=dropout, decoder_start_token_id=0, eos_token_id=1)
        model = transformers.T5ForConditionalGeneration(config)
    elif kind == "distilbert":
        config = transformers.DistilBertConfig(**common, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=32, dropout=dropout, attention_dropout=dropout, sinusoidal_pos_embds=True)
        model = transformers.DistilBertModel(config)
    else:
        config = transformers.BertConfig(**common, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, max_position_embeddings=32, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
        model = transformers.BertModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if kind != "t5" and "LayerNorm" not in name and "layer_norm" not in name and parameter.requires_grad:
                parameter *= SCALE
    model.save_pretrained(folder)
    return folder


def copy_base(base, tensors, folder, config=None):
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_bytes((base / name).read_bytes())
    if config is not None:
        stored = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**stored, **config}))
    save_file(tensors, str(folder / "model.safetensors"), {"format": "pt"})
    return folder


def write_table(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_head(path, outputs=3):
    torch.manual_seed(1)
    save_file({"classifier.weight": torch.randn(outputs, 32) * 0.1, "classifier.bias": torch.zeros(outputs)}, str(path), {"labels": json.dumps(LABELS)})
    return path


def work_of(folder, base, mode="train", head=None, task="single-label", rows=ROWS, labels=LABELS, plan=None):
    """A work directory as coldmesh makes it; its plan."""
    (folder / "out").mkdir(parents=True)
    for name in ("train", "validation"):
        write_lines(folder / f"{name}.jsonl", rows)
    write_lines(folder / "rows.jsonl", [{"text": row["text"]} for row in rows])
    paths = {"base": str(base), "head": head and str(head), "out": str(folder / "out"), "train": str(folder / "train.jsonl"), "validation": str(folder / "validation.jsonl"), "rows": str(folder / "rows.jsonl")}
    file = {"protocol": 1, "mode": mode, "task": task, "labels": labels, "maxTokens": 16, "timeLimit": 600, "paths": paths}
    if mode == "train":
        file["plan"] = {**PLAN, **(plan or {})}
    (folder / "plan.json").write_text(json.dumps(file))
    return file


def tell_nothing(self, text):
    pass


def run(folder, *arguments, tell=tell_nothing):
    """The script's main, here; the tensors that it wrote and what it predicted."""
    sys.argv = ["train.py", *FLAGS, *arguments, str(folder)]
    told = processes.Processes.tell
    processes.Processes.tell = tell
    try:
        train.main()
    finally:
        processes.Processes.tell = told
    body = folder / "out" / "model.safetensors"
    return load_file(str(body)) if body.exists() else None, read_rows(folder / "out" / "predictions.jsonl")


def ask(folder, base, rows=ROWS, **about):
    """What a base says of rows by the mode `evaluate`."""
    work_of(folder, base, "evaluate", rows=rows, **about)
    return run(folder)[1]


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def farthest(before, after):
    return max(float((before[name] - after[name]).abs().max()) for name in before if not name.endswith(NO_GRADIENT))


def accuracy(found, rows):
    return sum(label == row["label"] for label, row in zip(found, rows)) / len(rows)


def load(folder, kind):
    model, report = kind.from_pretrained(folder, output_loading_info=True)
    return model, list(report["missing_keys"]) + list(report["unexpected_keys"]) + list(report["mismatched_keys"])


def unsupported_by(folder):
    """Whether the script says that it can't do this."""
    try:
        run(folder)
    except SystemExit as end:
        return end.code == train.UNSUPPORTED
    return False
