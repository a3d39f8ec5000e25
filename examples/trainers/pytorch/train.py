"""Finetunes any encoder or T5 of transformers for coldmesh, with PyTorch.

    coldmesh join INVITE --data reviews.csv --engine "command:python3 train.py"

coldmesh starts it with one more argument, a work directory; docs/command-trainer.md says what is in there and what must be
there afterwards. Runs as it is, under `torchrun` and under `accelerate launch`: then each process takes its share of every
batch, and the first one prints and writes. Needs torch >= 1.13, transformers >= 4.35, tokenizers and safetensors.
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import signal
import sys
import time

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn import functional

PROTOCOL = 1
UNSUPPORTED = 64
PROGRESS_SECONDS = 0.1
EVALUATION_ROWS = 64
# Of the names of attention's query and value layers, in the families that are in use.
LORA_TARGETS = ("query", "value", "q_lin", "v_lin", "q_proj", "v_proj", "q", "v")
# Their position ids begin after that of padding.
SHIFTED_POSITIONS = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl")


def unsupported(message):
    print(message, file=sys.stderr)
    sys.exit(UNSUPPORTED)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path, help="what coldmesh adds: the work directory")
    parser.add_argument("--device", default="auto", help="auto (cuda, else mps, else cpu) or one of them")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where that is safe; weights stay F32")
    parser.add_argument("--threads", type=int, help="threads on a CPU")
    parser.add_argument("--lora-rank", type=int, default=0, help="train low-rank changes of attention only; merged at the end")
    parser.add_argument("--lora-alpha", type=float, help="their scale times the rank (default: twice the rank)")
    parser.add_argument("--lora-targets", default=",".join(LORA_TARGETS), help="last parts of the names of the layers that change")
    return parser.parse_args()


class Processes:
    """Those that torchrun or accelerate started; one, if none did."""

    def __init__(self, device):
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.is_first = self.rank == 0
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if device == "auto":
            mps = getattr(torch.backends, "mps", None)
            device = "cuda" if torch.cuda.is_available() else "mps" if mps and mps.is_available() else "cpu"
        self.device = torch.device(f"cuda:{local}" if device == "cuda" else device)
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if self.count > 1:
            torch.distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    def agree(self, value):
        """What the first process says, in all of them."""
        if self.count == 1:
            return value
        holder = [value]
        torch.distributed.broadcast_object_list(holder, src=0)
        return holder[0]

    def say(self, **event):
        if self.is_first:
            print(json.dumps(event), flush=True)


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Inputs:
    """Texts as padded tensors of tokens, cut as coldmesh does: of a pair, the longer text first."""

    def __init__(self, base, config, max_tokens):
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        self.tokenizer.no_padding()
        positions = getattr(config, "max_position_embeddings", None)
        self.padding = getattr(config, "pad_token_id", None) or 0
        if positions:
            shift = self.padding + 1 if config.model_type in SHIFTED_POSITIONS else 0
            max_tokens = min(max_tokens, positions - shift)
        self.tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self.types = getattr(config, "type_vocab_size", 0) > 1
        self.tokens = 0

    def of(self, rows, device):
        texts = [(row["text"], row["pair"]) if "pair" in row else row["text"] for row in rows]
        found = self.tokenizer.encode_batch(texts)
        longest = max(len(encoding.ids) for encoding in found)
        self.tokens += sum(len(encoding.ids) for encoding in found)

        def tensor(lists, filler):
            return torch.tensor([[*each, *[filler] * (longest - len(each))] for each in lists], device=device)

        inputs = {
            "input_ids": tensor([encoding.ids for encoding in found], self.padding),
            "attention_mask": tensor([[1] * len(encoding.ids) for encoding in found], 0),
        }
        if self.types:
            inputs["token_type_ids"] = tensor([encoding.type_ids for encoding in found], 0)
        return inputs


def override_dropout(config, dropout):
    if dropout is None:
        return
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "dropout", "attention_dropout", "dropout_rate", "seq_classif_dropout"):
        if hasattr(config, name):
            setattr(config, name, dropout)


class Body:
    """The base's weights in a model of transformers; `save` gives back the same tensors under the same names."""

    def __init__(self, base, config, kind):
        self.stored = load_file(str(base / "model.safetensors"))
        has_pooler = any("pooler." in name for name in self.stored)
        try:
            self.model = kind.from_config(config, add_pooling_layer=has_pooler)
        except TypeError:  # an architecture that never has one
            self.model = kind.from_config(config)
        self.model.float()
        known = self.model.state_dict(keep_vars=True)
        prefix = self.model.base_model_prefix + "."
        self.keys = {name: key for name in self.stored for key in (name, name.removeprefix(prefix)) if key in known}
        result = self.model.load_state_dict({key: self.stored[name].float() for name, key in self.keys.items()}, strict=False)
        loaded = {known[key].data_ptr() for key in self.keys.values()}
        missing = [key for key in result.missing_keys if known[key].is_floating_point() and known[key].data_ptr() not in loaded]
        if missing:
            raise SystemExit(f"the base lacks {missing[0]}, which its config.json asks for")
        self.has_pooler = has_pooler

    def save(self, path):
        now = self.model.state_dict()
        tensors = {name: now[self.keys[name]] if name in self.keys else tensor for name, tensor in self.stored.items()}
        save_file({name: tensor.detach().float().cpu().contiguous().clone() for name, tensor in tensors.items()}, path, {"format": "pt"})


class LowRank(torch.nn.Module):
    """A linear layer that stays, and a change of low rank that learns (LoRA)."""

    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.down = torch.nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = torch.nn.Parameter(torch.zeros(linear.out_features, rank))
        torch.nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.scale = alpha / rank

    @property
    def weight(self):  # T5 looks at the dtype of some of its layers
        return self.linear.weight

    def forward(self, inputs):
        return self.linear(inputs) + functional.linear(functional.linear(inputs, self.down), self.up) * self.scale

    @torch.no_grad()
    def merged(self):
        self.linear.weight += self.scale * self.up @ self.down
        return self.linear


def layers_named(model, targets):
    return [(parent, name, child) for parent in list(model.modules()) for name, child in parent.named_children() if name in targets and isinstance(child, (torch.nn.Linear, LowRank))]


def add_low_rank(model, options):
    model.requires_grad_(False)
    found = layers_named(model, options.lora_targets.split(","))
    if not found:
        raise SystemExit(f"no layer is named {options.lora_targets}: say which with --lora-targets")
    for parent, name, linear in found:
        setattr(parent, name, LowRank(linear, options.lora_rank, options.lora_alpha or 2 * options.lora_rank))


def merge_low_rank(model, options):
    for parent, name, layer in layers_named(model, options.lora_targets.split(",")):
        setattr(parent, name, layer.merged())


def freeze_layers(model, count):
    """Embeddings and the first `count` layers stay as they are; null in the plan: everything learns."""
    if count is None:
        return
    for name, parameter in model.named_parameters():
        parts = name.split(".")
        is_low = any(before in ("layer", "layers", "block") and after.isdigit() and int(after) < count for before, after in zip(parts, parts[1:]))
        if is_low or "embeddings" in parts or parts[0] == "shared":
            parameter.requires_grad_(False)


class Classifier(torch.nn.Module):
    """A body and a linear head on what coldmesh's own engines read: the pooler's output, or the first token where there is none."""

    def __init__(self, plan, body, inputs, training_rows):
        super().__init__()
        self.body = body.model
        self.inputs = inputs
        self.has_pooler = body.has_pooler
        self.is_frozen = not any(parameter.requires_grad for parameter in self.body.parameters())
        self.task, self.labels = plan["task"], plan["labels"]
        config = self.body.config
        outputs = 1 if self.task == "regression" else len(self.labels)
        dropout = getattr(config, "classifier_dropout", None)
        self.dropout = torch.nn.Dropout(getattr(config, "hidden_dropout_prob", 0.0) if dropout is None else dropout)
        self.head = torch.nn.Linear(config.hidden_size, outputs)
        # A regression learns numbers of mean 0 and deviation 1: rates suit those.
        numbers = torch.tensor([row["label"] for row in training_rows] if self.task == "regression" and training_rows else [0.0], dtype=torch.float64)
        self.mean, self.deviation = numbers.mean().item(), numbers.std(unbiased=False).item() or 1.0
        if plan["paths"]["head"] is None:
            torch.nn.init.normal_(self.head.weight, std=0.02)
            torch.nn.init.zeros_(self.head.bias)
        else:
            stored = load_file(plan["paths"]["head"])
            self.head.load_state_dict({"weight": stored["classifier.weight"] / self.deviation, "bias": (stored["classifier.bias"] - self.mean) / self.deviation})

    def train(self, mode=True):
        super().train(mode)
        if self.is_frozen:  # a frozen body gives the same features again and again
            self.body.eval()
        return self

    def forward(self, rows):
        output = self.body(**self.inputs.of(rows, self.head.weight.device))
        features = output.pooler_output if self.has_pooler else output.last_hidden_state[:, 0]
        return self.head(self.dropout(features))

    def loss(self, rows):
        outputs = self(rows).float()
        if self.task == "regression":
            targets = [(row["label"] - self.mean) / self.deviation for row in rows]
            return functional.mse_loss(outputs[:, 0], torch.tensor(targets, device=outputs.device))
        if self.task == "multi-label":
            targets = [[float(label in row["label"]) for label in self.labels] for row in rows]
            return functional.binary_cross_entropy_with_logits(outputs, torch.tensor(targets, device=outputs.device))
        return functional.cross_entropy(outputs, torch.tensor([self.labels.index(row["label"]) for row in rows], device=outputs.device))

    def predict(self, rows):
        outputs = self(rows).float()
        if self.task == "regression":
            return [value * self.deviation + self.mean for value in outputs[:, 0].tolist()]
        if self.task == "multi-label":
            return [[label for label, output in zip(self.labels, row) if output > 0] for row in outputs.tolist()]
        return [self.labels[index] for index in outputs.argmax(1).tolist()]

    def save_head(self, path):
        head = {"classifier.weight": self.head.weight * self.deviation, "classifier.bias": self.head.bias * self.deviation + self.mean}
        save_file({name: tensor.detach().float().cpu().contiguous().clone() for name, tensor in head.items()}, path, {"labels": json.dumps(self.labels)})


class TextToText(torch.nn.Module):
    """T5: a label is the text that follows. It is chosen among the labels' token by token, so that nothing else comes out."""

    def __init__(self, plan, body, inputs):
        super().__init__()
        self.body, self.inputs = body.model, inputs
        self.texts = {tuple(inputs.tokenizer.encode(label).ids): label for label in plan["labels"]}
        if len(self.texts) < len(plan["labels"]):
            unsupported("two labels have the same tokens in this model's vocabulary")
        self.tokens = {label: list(tokens) for tokens, label in self.texts.items()}
        self.start = self.body.config.decoder_start_token_id

    def forward(self, rows):
        device = self.body.device
        targets = [self.tokens[row["label"]] for row in rows]
        longest = max(map(len, targets))
        ignored = -100
        labels = torch.tensor([tokens + [ignored] * (longest - len(tokens)) for tokens in targets], device=device)
        return self.body(**self.inputs.of(rows, device), labels=labels).loss

    loss = forward

    def predict(self, rows):
        inputs = self.inputs.of(rows, self.body.device)
        encoded = self.body.get_encoder()(**inputs)
        chosen = [()] * len(rows)
        while any(tokens not in self.texts for tokens in chosen):
            longest = max(map(len, chosen))
            started = torch.tensor([[self.start, *tokens, *[self.inputs.padding] * (longest - len(tokens))] for tokens in chosen], device=self.body.device)
            logits = self.body(encoder_outputs=encoded, attention_mask=inputs["attention_mask"], decoder_input_ids=started).logits
            for index, tokens in enumerate(chosen):
                if tokens not in self.texts:
                    allowed = sorted({text[len(tokens)] for text in self.texts if text[: len(tokens)] == tokens})
                    best = logits[index, len(tokens), allowed].argmax().item()
                    chosen[index] = (*tokens, allowed[best])
        return [self.texts[tokens] for tokens in chosen]


def open_model(plan, options, training_rows=()):
    paths = plan["paths"]
    base = pathlib.Path(paths["base"])
    settings = plan.get("plan", {})
    config = transformers.AutoConfig.from_pretrained(base)
    override_dropout(config, settings.get("dropout"))
    inputs = Inputs(base, config, plan["maxTokens"])
    is_text = getattr(config, "is_encoder_decoder", False)
    if is_text and (plan["task"] != "single-label" or settings.get("mode") == "frozen"):
        unsupported("a text-to-text model learns tasks with one label a row, and as a whole")
    body = Body(base, config, transformers.AutoModelForSeq2SeqLM if is_text else transformers.AutoModel)
    if settings.get("mode") == "frozen":
        body.model.requires_grad_(False)
    elif options.lora_rank > 0 and settings:
        add_low_rank(body.model, options)
    freeze_layers(body.model, settings.get("freeze"))
    model = TextToText(plan, body, inputs) if is_text else Classifier(plan, body, inputs, training_rows)
    return model, body


def predict(model, rows):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        found = [value for at in range(0, len(rows), EVALUATION_ROWS) for value in model.predict(rows[at : at + EVALUATION_ROWS])]
    model.train(was_training)
    return found


def correlation(found, wanted):
    pair = torch.tensor([found, wanted], dtype=torch.float64)
    spread = (pair - pair.mean(1, keepdim=True)).norm(dim=1).prod()
    return float(torch.corrcoef(pair)[0, 1]) if spread > 0 else 0.0


def ranks(values):
    """Equal ones share the mean of theirs."""
    _, places, counts = torch.tensor(values, dtype=torch.float64).unique(return_inverse=True, return_counts=True)
    return (counts.cumsum(0) - (counts - 1) / 2)[places].tolist()


def score(task, found, rows):
    """What early stopping goes by: accuracy, micro-averaged F1, or the mean of Pearson's and Spearman's correlation."""
    wanted = [row["label"] for row in rows]
    if task == "single-label":
        return sum(a == b for a, b in zip(found, wanted)) / len(rows)
    if task == "multi-label":
        right = sum(len(set(a) & set(b)) for a, b in zip(found, wanted))
        return 2 * right / max(1, sum(map(len, found)) + sum(map(len, wanted)))
    return (correlation(found, wanted) + correlation(ranks(found), ranks(wanted))) / 2


def write_lines(path, values):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)


def batches_of(rows, size, seed, processes):
    """This process's share of endless batches, every row once an epoch in a new order."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(rows), generator=generator).tolist()
        for at in range(0, len(rows), size):
            batch = order[at : at + size]
            batch += order[: max(0, processes.count - len(batch))]  # every process needs a row
            yield [rows[index] for index in batch[processes.rank :: processes.count]]


def optimizer_of(model, settings):
    groups = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_decayed = not name.endswith("bias") and "norm" not in name.lower()
            groups.setdefault((is_decayed, name.startswith("head.")), []).append(parameter)
    factors = [(settings["headRate"] if is_head else 1.0) for _, is_head in groups]
    decays = [settings["weightDecay"] if is_decayed else 0.0 for is_decayed, _ in groups]
    parameters = [{"params": group, "weight_decay": decay} for group, decay in zip(groups.values(), decays)]
    return torch.optim.AdamW(parameters, lr=settings["learningRate"], betas=(0.9, 0.999), eps=1e-8), factors


def rate_factor(settings, step, spent):
    """Grows linearly over the warm-up, then falls as the plan's schedule says; a budget of time shortens it."""
    steps = settings["steps"]
    warmup = math.floor(steps * settings["warmup"] + 0.5)
    if step < warmup:
        return (step + 1) / warmup
    schedule = settings.get("schedule", "linear")
    if schedule == "constant":
        return 1.0
    if schedule == "paper":
        return max(0.0, 1 - 0.0006 * (step - warmup))
    left = (steps - step) / max(1, steps - warmup)
    budget = settings.get("maxSeconds")
    return max(0.0, min(left, 1 - spent / budget) if budget else left)


class Stopping:
    """Keeps the weights of the best evaluation; stops after `patience` of them, or so many examples, that gained less than `minGain`."""

    def __init__(self, settings):
        self.patience, self.gain = settings["patience"], settings["minGain"]
        self.examples = settings.get("patienceExamples") or 0
        self.best = self.mark = -math.inf
        self.idle = self.seen = 0
        self.kept = None

    def observe(self, found, model, examples):
        if found >= self.best:
            self.best = found
            self.kept = {name: value.detach().clone() for name, value in model.named_parameters() if value.requires_grad}
        if found >= self.mark + self.gain and found > self.mark:
            self.mark, self.idle, self.seen = found, 0, examples
        else:
            self.idle += 1
        if self.examples > 0:
            return examples - self.seen >= self.examples
        return self.patience > 0 and self.idle >= self.patience

    @torch.no_grad()
    def restore(self, model):
        for name, value in model.named_parameters():
            if self.kept is not None and name in self.kept:
                value.copy_(self.kept[name])


class Losses(torch.nn.Module):
    """Calls `loss` as `forward`, which is what DistributedDataParallel hooks into."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, rows):
        return self.model.loss(rows)


def fit(model, rows, validation, plan, options, processes):
    started = time.monotonic()
    settings = plan["plan"]
    budget = min(settings.get("maxSeconds") or math.inf, 0.9 * plan["timeLimit"])
    losses = Losses(model)
    if processes.count > 1:
        devices = [processes.device] if processes.device.type == "cuda" else None
        losses = torch.nn.parallel.DistributedDataParallel(losses, device_ids=devices)
    optimizer, factors = optimizer_of(model, settings)
    batches = batches_of(rows, settings["batch"], settings["seed"], processes)
    stopping = Stopping(settings)
    trained = [value for value in model.parameters() if value.requires_grad]
    parts, every = settings["accumulation"], settings["evaluateEvery"]
    steps = settings["steps"]
    told, examples, tokens, spent = -math.inf, 0, 0, 0.0
    model.train()
    for step in range(1, steps + 1):
        begun, counted = time.monotonic(), model.inputs.tokens
        loss = 0.0
        for part in range(parts):
            batch = next(batches)
            waits = part + 1 < parts and processes.count > 1
            with losses.no_sync() if waits else contextlib.nullcontext():
                with torch.autocast(processes.device.type, dtype=torch.bfloat16, enabled=options.bf16):
                    found = losses(batch) / parts
                found.backward()
            loss += found.item()
            examples += len(batch) * processes.count
        if not math.isfinite(loss):
            raise SystemExit(f"diverged at step {step}: the loss is {loss}; lower the learning rate")
        if settings["clipNorm"] > 0:
            torch.nn.utils.clip_grad_norm_(trained, settings["clipNorm"])
        rate = settings["learningRate"] * rate_factor(settings, step - 1, begun - started)
        for group, factor in zip(optimizer.param_groups, factors):
            group["lr"] = rate * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        now = time.monotonic()
        spent += now - begun
        tokens += (model.inputs.tokens - counted) * processes.count
        is_last = processes.agree(step == steps or now - started > budget)
        evaluates = is_last or (every > 0 and step % every == 0)
        if evaluates or now - told > PROGRESS_SECONDS:
            told = now
            processes.say(event="progress", step=step, steps=steps, loss=loss, tokensPerSecond=round(tokens / spent, 1))
        if not evaluates:
            continue
        stops = False
        if processes.is_first:
            value = score(plan["task"], predict(model, validation), validation)
            processes.say(event="evaluated", step=step, score=value)
            stops = stopping.observe(value, model, examples)
        if processes.agree(stops) or is_last:
            break
    stopping.restore(model)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = read_options()
    plan = json.loads((options.work / "plan.json").read_text(encoding="utf-8"))
    if plan["protocol"] != PROTOCOL:
        unsupported(f"protocol {plan['protocol']} is not known here; {PROTOCOL} is")
    transformers.logging.set_verbosity_error()
    if options.threads:
        torch.set_num_threads(options.threads)
    processes = Processes(options.device)
    out = pathlib.Path(plan["paths"]["out"])
    processes.say(event="device", device=str(processes.device))
    if plan["mode"] == "evaluate":
        if processes.is_first:
            model, _ = open_model(plan, options)
            write_lines(out / "predictions.jsonl", predict(model.to(processes.device), read_rows(plan["paths"]["rows"])))
        return
    if plan["mode"] != "train":
        unsupported(f"the mode {plan['mode']} is not known here")
    torch.manual_seed(plan["plan"]["seed"])
    rows, validation = read_rows(plan["paths"]["train"]), read_rows(plan["paths"]["validation"])
    model, body = open_model(plan, options, rows)
    model.to(processes.device)
    torch.manual_seed(plan["plan"]["seed"] + processes.rank)  # other dropout in each process
    if processes.is_first and plan["paths"]["head"] is not None:
        write_lines(out / "before.jsonl", predict(model, validation))
    fit(model, rows, validation, plan, options, processes)
    if not processes.is_first:
        return
    if plan["plan"]["mode"] == "full":
        if options.lora_rank > 0:
            merge_low_rank(body.model, options)
        body.save(str(out / "model.safetensors"))
    write_lines(out / "predictions.jsonl", predict(model, validation))
    if isinstance(model, Classifier):
        model.save_head(str(out / "head.safetensors"))


if __name__ == "__main__":
    try:
        main()
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
