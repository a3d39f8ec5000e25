"""Majority class and TF-IDF + logistic regression for every task, written into tasks.json.

    python -m venv VENV && VENV/bin/pip install scikit-learn==1.9.1
    VENV/bin/python examples/data/tasks/baselines.py [TASK ...]

TF-IDF of words and word pairs (each column by itself), sublinear counts, fitted on the training rows; of 1 to 4 letters
inside words where the words themselves can't tell. The strength of the regularisation is chosen on the validation rows;
the test rows are read once, for the figure.
"""

import csv
import json
import sys
from collections import Counter
from pathlib import Path

import sklearn
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
STRENGTHS = [0.3, 1, 3, 10, 30]
WORDS = {"ngram_range": (1, 2)}
LETTERS = {"analyzer": "char_wb", "ngram_range": (1, 4)}
BY_LETTERS = {"udhr-language", "name-list"}


def read(task, split):
    with open(HERE / task / f"{split}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def measure(task):
    rows = {split: read(task, split) for split in ("train", "validation", "test")}
    labels = {split: [row["label"] for row in part] for split, part in rows.items()}
    columns = [column for column in rows["train"][0] if column != "label"]
    features = {split: [] for split in rows}
    pieces = LETTERS if task in BY_LETTERS else WORDS
    for column in columns:
        vectorizer = TfidfVectorizer(**pieces, sublinear_tf=True)
        vectorizer.fit(row[column] for row in rows["train"])
        for split, part in rows.items():
            features[split].append(vectorizer.transform(row[column] for row in part))
    matrix = {split: hstack(parts).tocsr() for split, parts in features.items()}
    fitted = [LogisticRegression(C=c, max_iter=2000).fit(matrix["train"], labels["train"]) for c in STRENGTHS]
    best = max(fitted, key=lambda model: model.score(matrix["validation"], labels["validation"]))
    top = Counter(labels["train"]).most_common(1)[0][0]
    unit = "1-4 letters" if task in BY_LETTERS else "1-2 words"
    return {
        "majority": round(labels["test"].count(top) / len(labels["test"]), 4),
        "tfidf": round(best.score(matrix["test"], labels["test"]), 4),
        "method": f"TF-IDF ({unit}) + logistic regression, C={best.C}, scikit-learn {sklearn.__version__}",
    }


def main():
    path = HERE / "tasks.json"
    described = json.loads(path.read_text())
    for task in described["tasks"]:
        if sys.argv[1:] and task["name"] not in sys.argv[1:]:
            continue
        task["baselines"] = measure(task["name"])
        print(task["name"], task["baselines"])
    path.write_text(json.dumps(described, indent=2) + "\n")


main()
