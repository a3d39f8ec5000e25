"""Writes token ids of 200 texts, as Python's tokenizers sees them, for the test that compares them with JavaScript's.

    VENV/bin/python examples/data/base/sample-tokens.py corpus.jsonl examples/data/base/model test/unit/examples/tokens.json
"""

import json
import sys
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

ODD = [
    ("", None),
    (" ", None),
    ("Crème brûlée, naïve café — “quoted”", None),
    ("Ünïcödé ŁÓDŹ straße İstanbul", "ǅ ﬁ ½ ①"),
    ("東京 and Москва", "中文字 mixed WITH English"),
    ("emoji 🙂 and a\ttab\nand a newline", None),
    ("don't U.S.A. e-mail@example.org 3.14 1,000,000 $5 50%", "a/b\\c [x] {y} <z> _w_ ~`^|"),
    ("[MASK] of the [SEP] ring [CLS] [PAD] [UNK]", None),
    ("x" * 150, "supercalifragilisticexpialidocious"),
    ("control \u0000\u200b\ufffd chars", "soft\u00adhyphen"),
]


def main():
    corpus, folder, out = sys.argv[1:]
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    with open(corpus, encoding="utf-8") as lines:
        entries = [json.loads(line) for line in islice(lines, 200 - len(ODD))]
    texts = ODD + [(entry["first"], entry.get("second")) for entry in entries]
    samples = []
    for first, second in texts:
        encoding = tokenizer.encode(first, second)
        samples.append({"first": first, "second": second, "ids": encoding.ids, "types": encoding.type_ids})
    Path(out).write_text("[\n" + ",\n".join(json.dumps(sample) for sample in samples) + "\n]\n")


main()
