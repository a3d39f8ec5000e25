"""How a text-to-text model says labels: as tokens, of which only those of a label may follow."""

import math

SEPARATORS = (",", ";", "|", "/")
# STS-B's numbers from 0 to 5 are said in steps of 0.2, as T5 does: other tasks get as many steps over their own range.
NUMBER_STEPS = 25
# Of the numbers on either side, that are left out of the range: one wrong row should not decide about it.
OUTSIDE = 0.01


class Unsayable(Exception):
    """Labels that can't be told apart in the model's vocabulary."""


class Words:
    """Texts as tokens, with the model's end."""

    def __init__(self, tokenizer, end):
        self.tokenizer = tokenizer
        special = tokenizer.encode("").ids
        self.end = special[-1] if special else end

    def of(self, text):
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def whole(self, text):
        return tuple(self.tokenizer.encode(text).ids) if self.tokenizer.encode("").ids else (*self.of(text), self.end)


class Choice:
    """One of some labels."""

    def __init__(self, words, texts):
        self.texts = {words.whole(text): label for label, text in texts.items()}
        if len(self.texts) < len(texts):
            raise Unsayable("two labels have the same tokens in this model's vocabulary")
        self.tokens = {label: tokens for tokens, label in self.texts.items()}

    def tokens_of(self, label):
        return self.tokens[label]

    def allowed(self, tokens):
        """What may follow these tokens; nothing when they are whole."""
        if tokens in self.texts:
            return []
        return sorted({text[len(tokens)] for text in self.texts if text[: len(tokens)] == tokens and len(text) > len(tokens)})

    def label_of(self, tokens):
        return self.texts[tokens]


class Subset:
    """Any number of labels, in their order, with a separator between; none is the empty text."""

    def __init__(self, words, labels):
        self.labels, self.end = labels, words.end
        self.texts = [words.of(label) for label in labels]
        if len({*self.texts}) < len(labels) or () in self.texts:
            raise Unsayable("two labels have the same tokens in this model's vocabulary, or one has none")
        used = {token for text in self.texts for token in text}
        self.separator = next((token for token in (words.of(text)[-1] for text in SEPARATORS) if token not in used), None)
        if self.separator is None:
            raise Unsayable(f"the labels contain each of {' '.join(SEPARATORS)}: none is left to separate them")

    def tokens_of(self, label):
        texts = [text for text, name in zip(self.texts, self.labels) if name in label]
        return tuple(token for text in texts for token in (*text, self.separator))[:-1] + (self.end,)

    def allowed(self, tokens):
        if tokens[-1:] == (self.end,):
            return []
        *before, last = self.split(tokens)
        rest = self.texts[self.texts.index(before[-1]) + 1 if before else 0 :]
        found = {text[len(last)] for text in rest if text[: len(last)] == last and len(text) > len(last)}
        if last in rest:
            found |= {self.end, *([self.separator] if last != rest[-1] else [])}
        return sorted(found if tokens else found | {self.end})

    def label_of(self, tokens):
        found = set(self.split(tokens[:-1]))
        return [label for label, text in zip(self.labels, self.texts) if text in found]

    def split(self, tokens):
        parts = [()]
        for token in tokens:
            if token == self.separator:
                parts.append(())
            else:
                parts[-1] += (token,)
        return parts


class Number(Choice):
    """The nearest of equally spaced numbers: `first` and the next multiples of `step`."""

    def __init__(self, words, first, step, count):
        self.first, self.step, self.count = first, step, count
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        numbers = [round((round(first / step) + index) * step, digits) for index in range(count)]
        super().__init__(words, {number: f"{number:.{digits}f}" for number in numbers})
        self.numbers = numbers

    def tokens_of(self, label):
        index = round((label - self.first) / self.step)
        return super().tokens_of(self.numbers[min(max(index, 0), self.count - 1)])


def scale_of(numbers):
    """First, step and count for a task's numbers: a step of 1, 2 or 5 at some decimal place, no finer than the numbers are."""
    ordered = sorted(numbers)
    cut = math.floor(OUTSIDE * len(ordered))
    low, high = ordered[cut], ordered[-1 - cut]
    if low == high:
        low, high = ordered[0], ordered[-1]
    width = high - low or abs(high) or 1.0
    place = math.floor(math.log10(width)) - 2
    steps = [float(f"{digit}e{power}") for power in range(place, place + 4) for digit in (1, 2, 5)]
    least = next(step for step in steps if width / step <= NUMBER_STEPS + 1e-9)
    exact = [step for step in steps if least < step <= width and all(abs(number / step - round(number / step)) < 1e-6 for number in ordered)]
    step = max([least, *exact])
    first = math.floor(low / step + 1e-9)
    return first * step, step, math.ceil(high / step - 1e-9) - first + 1


def answers_of(plan, words, training_rows, scale):
    """`scale`: of a regression that was learned before."""
    if plan["task"] == "single-label":
        return Choice(words, {label: label for label in plan["labels"]})
    if plan["task"] == "multi-label":
        return Subset(words, plan["labels"])
    return Number(words, *(scale or scale_of([row["label"] for row in training_rows])))
