"""The scores that choose and stop, as coldmesh computes them."""

import statistics

OWN_METRICS = {"single-label": "accuracy", "multi-label": "micro-f1", "regression": "pearson-spearman"}


def metric_of(plan):
    return plan["plan"].get("metric") or OWN_METRICS[plan["task"]]


def score(plan, found, wanted):
    """The plan's metric of these predictions; None for one that is not known here."""
    metric, labels = metric_of(plan), plan["labels"]
    if plan["task"] == "multi-label":
        return score_of_sets(metric, found, wanted, labels)
    if plan["task"] == "regression":
        return score_of_numbers(metric, found, wanted)
    if metric == "accuracy":
        return accuracy(found, wanted)
    if metric == "macro-f1":
        return mean([f1(found, wanted, label) for label in {*found, *wanted}])
    if metric == "f1":
        return f1(found, wanted, plan["plan"]["positive"])
    return matthews(found, wanted) if metric == "matthews" else None


def score_of_sets(metric, found, wanted, labels):
    if metric == "micro-f1":
        right = sum(len({*a} & {*b}) for a, b in zip(found, wanted))
        return ratio(2 * right, sum(map(len, found)) + sum(map(len, wanted)))
    if metric == "macro-f1":
        return mean([f1([label in each for each in found], [label in each for each in wanted], True) for label in labels])
    return accuracy(list(map(set, found)), list(map(set, wanted))) if metric == "exact-match" else None


def score_of_numbers(metric, found, wanted):
    if metric == "pearson":
        return pearson(found, wanted)
    if metric == "spearman":
        return pearson(ranks(found), ranks(wanted))
    return (pearson(found, wanted) + pearson(ranks(found), ranks(wanted))) / 2 if metric == "pearson-spearman" else None


def accuracy(found, wanted):
    return ratio(sum(a == b for a, b in zip(found, wanted)), len(wanted))


def f1(found, wanted, positive):
    right = sum(a == b == positive for a, b in zip(found, wanted))
    return ratio(2 * right, found.count(positive) + wanted.count(positive))


def matthews(found, wanted):
    """Gorodkin's R_K: Matthews correlation of any number of labels."""
    rows, labels = len(wanted), {*found, *wanted}
    right = sum(a == b for a, b in zip(found, wanted))
    pairs = [(found.count(label), wanted.count(label)) for label in labels]
    spread = (rows**2 - sum(a * a for a, _ in pairs)) * (rows**2 - sum(b * b for _, b in pairs))
    return ratio(right * rows - sum(a * b for a, b in pairs), spread**0.5)


def pearson(found, wanted):
    """0 where one side is constant."""
    if len({*found}) < 2 or len({*wanted}) < 2:
        return 0.0
    middles = statistics.fmean(found), statistics.fmean(wanted)
    pairs = [(a - middles[0], b - middles[1]) for a, b in zip(found, wanted)]
    spread = (sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs)) ** 0.5
    return max(-1.0, min(1.0, ratio(sum(a * b for a, b in pairs), spread)))


def ranks(values):
    """Equal ones share the mean of theirs."""
    places = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [(places[value][0] + places[value][-1]) / 2 for value in values]


def mean(values):
    return statistics.fmean(values) if values else 0.0


def ratio(part, all_of_it):
    return part / all_of_it if all_of_it else 0.0
