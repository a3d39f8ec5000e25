"""Writes test/fixtures/import/tokenizers.json: what transformers' BertTokenizerFast makes of a vocab.txt, and its RobertaTokenizerFast
of a vocab.json and a merges.txt.

    python3 make_tokenizers.py [OUT]

Each case has a vocabulary, a tokenizer_config.json, the tokenizer.json that transformers writes, and texts with their ids.
"""

import json
import os
import sys
import tempfile

import transformers
from tokenizers.pre_tokenizers import ByteLevel

HERE = os.path.dirname(os.path.abspath(__file__))
FROZEN = os.path.join(HERE, "..", "..", "fixtures", "import", "tokenizers.json")

WORDS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e f g i l n o r s t u ##a ##b ##c ##e ##g ##i ##l ##n ##o ##r ##s ##t ##u "
    "the The run ##ning cafe café Café naive ##ve . , ! ? ' - ( ) 1 2 ##2 日 本 ##本 語 ß ss İ i̇ e\u0301 \u00e9"
).split(" ")
OTHER = ["<pad>", "<unk>", "<s>", "</s>", "<mask>", *WORDS[5:]]
TEXTS = [
    ("The running cafe.", None),
    ("the CAFÉ, the café!", None),
    ("cafe\u0301 e\u0301 É", None),
    ("日本語 run", None),
    ("", None),
    ("  a\tb\nc\r\nd  ", None),
    ("zzz [MASK] running", None),
    ("a" * 101 + " b", None),
    ("naive-ve (12 22)", "the run?"),
    ("\u0000a\u200bb\ufffdc", None),
    ("İstanbul ß ss", "I"),
    ("can't run", "[SEP] a"),
]
CASES = [
    ("lower case, as bert-base-uncased", WORDS, {"do_lower_case": True}),
    ("cased", WORDS, {"do_lower_case": False}),
    ("no config at all", WORDS, {}),
    ("accents kept in lower case", WORDS, {"do_lower_case": True, "strip_accents": False}),
    ("accents stripped, case kept", WORDS, {"do_lower_case": False, "strip_accents": True}),
    ("Chinese not split", WORDS, {"do_lower_case": True, "tokenize_chinese_chars": False}),
    ("other special tokens", OTHER, {"do_lower_case": True, "pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}),
    ("special tokens at the end, a word twice", [*WORDS[5:], "the", *WORDS[:5]], {"do_lower_case": True}),
]


MERGES = ["t h", "Ġ th", "r u", "n n", "ru nn", "i n", "in g", "Ġ a", "Ã ©", "th e"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), *(merge.replace(" ", "") for merge in MERGES), "Ġa", "<mask>"]
BYTE_LEVEL_CASES = [
    ("as roberta-base", [*dict.fromkeys(ROBERTA)], {}),
    ("a space before", [*dict.fromkeys(ROBERTA)], {"add_prefix_space": True}),
    ("other special tokens", [token.upper() if token.startswith("<") and len(token) > 1 else token for token in dict.fromkeys(ROBERTA)], {"pad_token": "<PAD>", "unk_token": "<UNK>", "cls_token": "<S>", "bos_token": "<S>", "sep_token": "</S>", "eos_token": "</S>", "mask_token": "<MASK>"}),
]


def make_byte_level(title, tokens, config):
    vocab = {token: index for index, token in enumerate(tokens)}
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("vocab.json", "merges.txt")]
        with open(paths[0], "w", encoding="utf-8") as file:
            json.dump(vocab, file)
        with open(paths[1], "w", encoding="utf-8") as file:
            file.write("#version: 0.2\n" + "".join(f"{merge}\n" for merge in MERGES))
        tokenizer = transformers.RobertaTokenizerFast(*paths, **config)
    samples = [{"text": text, "pair": pair, "ids": tokenizer(text, pair)["input_ids"]} for text, pair in TEXTS]
    made = json.loads(tokenizer.backend_tokenizer.to_str())
    return {"title": title, "vocab": vocab, "merges": MERGES, "config": config, "tokenizer": made, "samples": samples}


def make(title, words, config):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vocab.txt")
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write("".join(f"{word}\n" for word in words))
        tokenizer = transformers.BertTokenizerFast(vocab_file=path, **config)
    samples = []
    for text, pair in TEXTS:
        encoded = tokenizer(text, pair)
        samples.append({"text": text, "pair": pair, "ids": encoded["input_ids"], "types": encoded["token_type_ids"]})
    return {
        "title": title,
        "vocabulary": words,
        "config": config,
        "tokenizer": json.loads(tokenizer.backend_tokenizer.to_str()),
        "samples": samples,
    }


def render():
    rows = ",\n".join("    " + json.dumps(make(*case), ensure_ascii=True) for case in CASES)
    byte_level = ",\n".join("    " + json.dumps(make_byte_level(*case), ensure_ascii=True) for case in BYTE_LEVEL_CASES)
    return f'{{\n  "transformers": "{transformers.__version__}",\n  "cases": [\n{rows}\n  ],\n  "byteLevel": [\n{byte_level}\n  ]\n}}\n'


if __name__ == "__main__":
    with open(sys.argv[1] if len(sys.argv) > 1 else FROZEN, "w", encoding="ascii") as file:
        file.write(render())
