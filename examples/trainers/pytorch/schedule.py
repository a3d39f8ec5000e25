"""How long to train, at what rate, and what to keep: coldmesh's rules."""

import math

PAPER_DECAY = 0.0006
# After so many steps their time is known well enough; steps may take this share of the time that is left.
MEASURED_STEPS = 8
STEPS_SHARE = 0.9


def rate_factor(settings, steps, step):
    """Grows linearly over the warm-up, then goes as the plan's schedule says; `step` from 0."""
    warmup = math.floor(steps * settings["warmup"] + 0.5)
    if step < warmup:
        return (step + 1) / warmup
    schedule = settings.get("schedule", "linear")
    if schedule == "constant":
        return 1.0
    if schedule == "paper":
        return max(0.0, 1 - PAPER_DECAY * (step - warmup))
    return max(0.0, (steps - step) / max(1, steps - warmup))


class Budget:
    """Steps of a training that a time limits too: an estimate at first, fixed after some steps that were measured."""

    def __init__(self, settings, time_limit, fixed):
        self.most, self.seconds = settings["steps"], settings.get("maxSeconds")
        self.steps = fixed or self.most
        self.is_fixed = fixed is not None or self.seconds is None
        self.end = min(self.seconds or math.inf, STEPS_SHARE * time_limit)
        self.first = None

    @property
    def fixed(self):
        return self.steps if self.is_fixed else None

    def passed(self, step, spent):
        if self.is_fixed:
            return
        self.first = self.first or (step, spent)
        measured = step - self.first[0]
        if measured == 0:
            return
        each = max(1e-6, (spent - self.first[1]) / measured)
        self.steps = min(self.most, step + max(0, math.floor(STEPS_SHARE * (self.seconds - spent) / each)))
        self.is_fixed = measured >= MEASURED_STEPS

    def is_over(self, step, spent):
        return step >= self.steps or spent >= self.end


class Stopping:
    """Says which evaluation is the best, the later of equal ones, and stops after `patience` that gained less than `minGain`."""

    def __init__(self, settings, rows):
        self.patience, self.gain = settings["patience"], settings["minGain"]
        examples, every = settings.get("patienceExamples") or 0, settings["evaluateEvery"]
        if examples > 0 and every > 0:
            self.patience = max(1, math.ceil(examples / (every * min(settings["batch"], rows) * settings["accumulation"])))
        self.best = self.mark = -math.inf
        self.idle = 0
        self.observed = []

    def observe(self, score):
        """Whether it is the best so far, and whether to stop."""
        self.observed.append(score)
        is_best = score >= self.best
        self.best = max(self.best, score)
        if score >= self.mark + self.gain and score > self.mark:
            self.mark, self.idle = score, 0
        else:
            self.idle += 1
        return is_best, 0 < self.patience <= self.idle
