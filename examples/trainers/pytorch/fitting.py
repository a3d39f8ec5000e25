"""The training loop: coldmesh's optimizer, rates, evaluations and early stopping."""

import contextlib
import math
import time

import torch
from inputs import batches_of
from metrics import score
from schedule import Budget, Stopping, rate_factor

PROGRESS_SECONDS = 0.1
EVALUATION_ROWS = 64
SEEDS = 2**62


class Losses(torch.nn.Module):
    """Calls `loss` as `forward`, which is what DistributedDataParallel hooks into."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, rows):
        return self.model.loss(rows)


def predict(model, rows, processes):
    """Labels in the order of the rows; those of like length are asked together, and each process asks its share."""
    was_training = model.training
    model.eval()
    lengths = model.inputs.lengths(rows)
    order = sorted(range(len(rows)), key=lengths.__getitem__)
    mine = [rows[index] for index in processes.share(order)]
    with torch.no_grad():
        part = [value for at in range(0, len(mine), EVALUATION_ROWS) for value in model.predict(mine[at : at + EVALUATION_ROWS])]
    model.train(was_training)
    found = dict(zip(order, processes.gather(part)))
    return [found[index] for index in range(len(rows))]


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


class Learner:
    """Weights that learn and their optimizer: steps, what is kept, and the state of it all."""

    def __init__(self, model, settings, options, processes):
        self.model, self.settings, self.options, self.processes = model, settings, options, processes
        self.trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
        self.optimizer, self.factors = optimizer_of(model, settings)
        self.losses = Losses(model)
        if processes.count > 1:
            devices = [processes.device] if processes.device.type == "cuda" else None
            self.losses = torch.nn.parallel.DistributedDataParallel(self.losses, device_ids=devices)
        self.kept = None

    def learn(self, batch, is_last):
        """This process's share of the batch: adds to the gradients, returns its part of the mean loss."""
        processes, parts = self.processes, self.settings["accumulation"]
        share = processes.share(batch)
        # Gradients are averaged over processes, as if all shares counted the same.
        weight = self.model.weight(share) / self.model.weight(batch) if share else 0.0
        waits = processes.count > 1 and not is_last
        with self.losses.no_sync() if waits else contextlib.nullcontext():
            with torch.autocast(processes.device.type, dtype=torch.bfloat16, enabled=self.options.bf16):
                loss = self.losses(share or batch[:1]) * (weight / parts)
            (loss * processes.count).backward()
        return loss.item()

    def step(self, rate):
        if self.settings["clipNorm"] > 0:
            torch.nn.utils.clip_grad_norm_(self.trained.values(), self.settings["clipNorm"])
        for group, factor in zip(self.optimizer.param_groups, self.factors):
            group["lr"] = rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def keep(self):
        self.kept = {name: value.detach().clone() for name, value in self.trained.items()}

    @torch.no_grad()
    def copy(self, weights):
        for name, value in self.trained.items():
            value.copy_(weights[name])

    def tensors(self):
        """All that the next step depends on, by name."""
        moments = {f"{kind}/{name}": value for name, parameter in self.trained.items() for kind, value in self.optimizer.state[parameter].items()}
        return {**{f"now/{name}": value for name, value in self.trained.items()}, **{f"kept/{name}": value for name, value in (self.kept or {}).items()}, **moments}

    def load(self, tensors):
        self.kept = {} if any(name.startswith("kept/") for name in tensors) else None
        for path, tensor in tensors.items():
            kind, name = path.split("/", 1)
            parameter = self.trained[name]
            if kind == "now":
                parameter.data.copy_(tensor)
            elif kind == "kept":
                self.kept[name] = tensor.to(parameter.device)
            else:
                self.optimizer.state[parameter][kind] = tensor if kind == "step" else tensor.to(parameter.device)


def fit(model, rows, validation, plan, options, processes, checkpoint, started):
    """When it returns, the model has the weights of the best evaluation. `started`: when a time limit began, by `time.monotonic`."""
    settings = plan["plan"]
    learner = Learner(model, settings, options, processes)
    batches = batches_of(model.inputs.lengths(rows), settings["batch"], settings["seed"])
    stopping = Stopping(settings, len(rows))
    wanted = [row["label"] for row in validation]
    state = checkpoint.read()
    first, before = 0, 0.0
    if processes.sum(state is not None)[0] == processes.count:  # all of them have it
        state, tensors = state
        learner.load(tensors)
        first, before = state["step"], state["spent"]
        for value in state["observed"]:
            stopping.observe(value)
        for _ in range(first * settings["accumulation"]):
            next(batches)
        processes.tell(f"goes on after step {first}")
    else:
        state = None
    budget = Budget(settings, plan["timeLimit"], state and state["steps"])
    told, seen, training = -math.inf, 0, 0.0
    model.train()
    step = first
    while True:
        begun, counted = time.monotonic(), model.inputs.tokens
        # Dropout differs by step and process, and is the same again after a break.
        torch.manual_seed((settings["seed"] * 1_000_003 + step * processes.count + processes.rank) % SEEDS)
        parts = settings["accumulation"]
        loss = sum(learner.learn([rows[index] for index in next(batches)], part + 1 == parts) for part in range(parts))
        loss, spent = processes.sum(loss, before + time.monotonic() - started if processes.is_first else 0.0)
        if not math.isfinite(loss):
            raise SystemExit(f"diverged at step {step + 1}: the loss is {loss}; lower the learning rate")
        learner.step(settings["learningRate"] * rate_factor(settings, budget.steps, step))
        step += 1
        budget.passed(step, spent)
        is_last = budget.is_over(step, spent)
        evaluates = is_last or (settings["evaluateEvery"] > 0 and step % settings["evaluateEvery"] == 0)
        now = time.monotonic()
        training += now - begun
        seen += (model.inputs.tokens - counted) * processes.count
        if evaluates or now - told > PROGRESS_SECONDS:
            told = now
            processes.say(event="progress", step=step, steps=budget.steps, loss=loss, tokensPerSecond=round(seen / training, 1))
        if evaluates:
            value = score(plan, predict(model, validation, processes), wanted)
            processes.say(event="evaluated", step=step, score=value)
            is_best, stops = stopping.observe(value)
            if is_best:
                learner.keep()
            if is_last or stops:
                break
        if processes.is_first and checkpoint.is_due(spent):
            checkpoint.write(spent, {"step": step, "steps": budget.fixed, "observed": stopping.observed}, learner.tensors())
    learner.copy(learner.kept)
