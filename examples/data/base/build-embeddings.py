"""Word vectors to start pretraining from: a factorised matrix of which tokens occur near each other.

    VENV/bin/pip install tokenizers==0.23.3 scikit-learn==1.9.1
    VENV/bin/python examples/data/base/build-embeddings.py corpus.jsonl examples/data/base/model start.f32

Writes little-endian floats: the word embeddings [vocabulary, hidden], then the log frequency of each token [vocabulary],
which is where the prediction layer's bias starts. Masked language modelling then needs minutes instead of hours to get
past the frequencies of words.
"""

import json
import sys

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.utils.extmath import randomized_svd
from tokenizers import Tokenizer

HIDDEN = 128
WINDOW = 8
SPECIAL = 5
CONTEXT_POWER = 0.75
DEVIATION = 0.05
SEED = 1


def token_stream(corpus, tokenizer):
    """All entries one after the other, special tokens left out, with WINDOW gaps (-1) between."""
    gap = [-1] * WINDOW
    parts = []
    with open(corpus, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry["topics"]:
                continue  # the same definition again, without its word
            ids = tokenizer.encode(entry["first"], entry.get("second")).ids
            parts.append(np.array([i for i in ids if i >= SPECIAL] + gap, dtype=np.int32))
    return np.concatenate(parts)


def near_counts(stream, size):
    """Symmetric counts, a pair d tokens apart weighing 1/d."""
    counts = csr_matrix((size, size))
    for distance in range(1, WINDOW + 1):
        left, right = stream[:-distance], stream[distance:]
        both = (left >= 0) & (right >= 0)
        weights = np.full(both.sum(), 1 / distance)
        counts = counts + coo_matrix((weights, (left[both], right[both])), shape=(size, size)).tocsr()
    return (counts + counts.T).tocsr()


def positive_information(counts):
    """Positive pointwise mutual information, contexts smoothed."""
    rows = np.asarray(counts.sum(1)).ravel() + 1e-9
    contexts = rows**CONTEXT_POWER
    contexts /= contexts.sum()
    cells = counts.tocoo()
    information = np.log(cells.data / (rows[cells.row] * contexts[cells.col]))
    kept = information > 0
    return csr_matrix((information[kept], (cells.row[kept], cells.col[kept])), shape=counts.shape)


def main():
    corpus, folder, out = sys.argv[1:]
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    size = tokenizer.get_vocab_size()
    stream = token_stream(corpus, tokenizer)
    left, values, _ = randomized_svd(
        positive_information(near_counts(stream, size)), HIDDEN, n_iter=3, random_state=SEED
    )
    vectors = left * np.sqrt(values)
    vectors -= vectors.mean(0)
    vectors *= DEVIATION / vectors.std()
    frequency = np.bincount(stream[stream >= 0], minlength=size) + 1.0
    rare = frequency < 3
    rare[:SPECIAL] = True
    vectors[rare] = np.random.default_rng(SEED).normal(0, DEVIATION, (rare.sum(), HIDDEN))
    vectors[tokenizer.token_to_id("[PAD]")] = 0
    bias = np.log(frequency / frequency.sum())
    with open(out, "wb") as file:
        file.write(vectors.astype("<f4").tobytes())
        file.write((bias - bias.mean()).astype("<f4").tobytes())
    print(size, "tokens,", len(stream), "places,", int(rare.sum()), "random rows")


main()
