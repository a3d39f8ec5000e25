"""Rows as tensors of tokens, and as batches of like length."""

import torch
from tokenizers import Tokenizer

# Their position ids begin after that of padding.
SHIFTED_POSITIONS = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl")
# What coldmesh's own engines pad batches to, and how many batches they sort by length together.
BUCKET_LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
POOL_BATCHES = 16
ENCODED_ROWS = 1_000


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
        self.max_tokens = max_tokens
        self.tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self.types = (getattr(config, "type_vocab_size", 0) or 0) > 1
        self.tokens = 0

    def encode(self, rows):
        return self.tokenizer.encode_batch([(row["text"], row["pair"]) if "pair" in row else row["text"] for row in rows])

    def lengths(self, rows):
        """Tokens of each row."""
        return [len(found.ids) for at in range(0, len(rows), ENCODED_ROWS) for found in self.encode(rows[at : at + ENCODED_ROWS])]

    def of(self, rows, device):
        found = self.encode(rows)
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


def batches_of(lengths, size, seed):
    """Endless batches of indices of rows: every row once an epoch, in a new order each, rows of like length together."""
    generator = torch.Generator().manual_seed(seed)

    def shuffled(count):
        return torch.randperm(count, generator=generator).tolist()

    def bucket(row):
        return next((length for length in BUCKET_LENGTHS if length >= lengths[row]), lengths[row])

    size = min(size, len(lengths))
    pool_rows = size * min(POOL_BATCHES, len(lengths) // size)
    waiting = []
    while True:
        if len(waiting) < pool_rows:
            waiting += shuffled(len(lengths))
        pool, waiting = sorted(waiting[:pool_rows], key=bucket), waiting[pool_rows:]
        for at in shuffled(pool_rows // size):
            yield pool[at * size : (at + 1) * size]
