"""The fixture test/fixtures/training/tokenizers.json: what Python's `tokenizers` makes of a hundred texts and some pairs.

Small vocabularies are trained on the texts when there is no fixture yet; afterwards those in the fixture are used again, as training
settles ties otherwise on each run.
"""

import base64
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
TEXTS = [
    "", " ", "\n", "\t \r\n", "a", "A", ".", "The cat sat on the mat.", "the  cat   sat", " leading and trailing ", "tabs\tand\nlines\r\nhere",
    "don't can't won't it's I'm we've they'll she'd", "'s 't 're", "e-mail: a.b+c@example.org, https://example.org/?q=1&r=2#x", "3.14159 1,000,000 2nd 10% $5 £7 €9",
    "UPPER lower MiXeD camelCase snake_case kebab-case", "naïve café résumé Übergröße", "cafe\u0301 e\u0301\u0323 a\u0308", "ÀÉÎÕÜ àéîõü ÿ Ÿ ß ẞ ŒœÆæ", "İstanbul ıI iİ", "ΟΔΟΣ οδός ΣΊΣΥΦΟΣ Σ",
    "Привет, мир! Ёлка й Й", "שלום עולם", "مرحبا بالعالم ١٢٣", "नमस्ते दुनिया", "สวัสดีชาวโลก", "안녕하세요 세계", "한글 \u1112\u1161\u11ab", "你好，世界！", "日本語のテキスト。カタカナ ｶﾀｶﾅ", "𠀀𠀁 𪚥 rare ideographs 𠮷野家",
    "漢字kanji混在text", "豈更車 compatibility 丽", "😀", "I 😀 you 👍🏽 🇫🇷 👨‍👩‍👧‍👦 ❤️", "⚽️⚾ ☃ ★☆ → ⇒ ∀x∈ℝ", "ﬁ ﬂ ﬀ ﬃ ﬄ ﬅ", "①②③ ⅣⅧ ½ ¼ ² ³ ™ © ®", "Ｆｕｌｌｗｉｄｔｈ　ＴＥＸＴ １２３", "㍿ ㌀ ㎏ ℡ №", "Å Å Å K K Ω Ω",
    "\u00a0non\u00a0breaking\u00a0", "thin\u2009space em\u2003space", "zero\u200bwidth\u200cjoin\u200der\u2060word\ufeffmark", "\ufeffstarts with a mark", "soft\u00adhyphen", "left\u200eright\u200fmarks \u202aembed\u202c", "line\u2028separator\u2029paragraph", "next\u0085line form\u000cfeed vertical\u000btab",
    "null\u0000char", "control\u0001\u0002\u001f\u007f\u0080\u009f chars", "\u0000\u0001", "replacement \ufffd char \ufffd\ufffd", "private \ue000 use \U000f0000", "\u200b", "\u0301", "\u00ad\u200d",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", "x" * 100, "é" * 60, "word " * 12, "!!!???...,,,;;;:::", "«quoted» “double” ‘single’ „low‟ ‹angle›", "dash - en – em — bar ― minus −", "(a) [b] {c} <d>", "a/b\\c|d~e`f^g", "¿Qué? ¡Sí!", "…and then", "·middle·dot•bullet‧",
    "[CLS] in a text [SEP]", "a [MASK] b", "[UNK]", "[cls] lower", "[CLS][SEP]", "<s> in a text </s>", "a <mask> b", "a<mask>b", "<unk>", "<S> upper", "## ##s #", "▁ ▁a a▁b", "Ġ Ġa", "\\n \\t", "null None NaN true",
    "def f(x): return x ** 2  # comment", "{\"key\": [1, 2.5e-3, null]}", "SELECT * FROM t WHERE a='b';", "<p class=\"x\">html &amp; more</p>", "C++ C# .NET", "e.g. i.e. etc.", "Mr. O'Neill-Smith's", "12:30 2024-01-31T08:00:00Z", "+1 (555) 010-9999",
    "ǅ ǆ Ǆ ŉ ǰ ΐ", "ſlong s", "Ⅷ ⅷ ﷺ", "ก็ น้ำ", "क्षि ज्ञ श्री", "e\u0301\u200d\u0301", "\u1e9b\u0323", "\u0344 \u0343 \u0374", "ᾳ ᾼ ῼ", "𝐁𝐨𝐥𝐝 𝓢𝓬𝓻𝓲𝓹𝓽 𝟙𝟚𝟛", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag", "the cat's 3 kittens—all of them—slept; nobody stirred.", "Running faster, the dogs were barking!",
]
PAIRS = [
    ("The cat sat on the mat.", "A dog barked."), ("short", "the second text is a good deal longer than the first one"), ("the first text is a good deal longer than the second one", "short"),
    ("", "only the second"), ("only the first", ""), ("", ""), ("你好", "😀 world"), ("both of the texts are rather long ones here", "and they must both be cut to the same length"),
]
LIMITS = [64, 12, 7]
# A few of the rules of nmt_nfkc, as sentencepiece 0.1.99 compiles them (normalization_rule_tsv): full width to ASCII, spaces, ligatures,
# combined letters.
CHARSMAP = (
    "AAgAAAAMAAAAAACAAQ0AAMw4AgABAACAiA0AANIAAIDMOAIAgQ0AAAo1AAAJOQAA1QAAgCUAAICFJQAADSkAAIQ0AgCSgAMA4RgCAIWAAgChmAMA4RwCAIagAgCrBQAADwEAgJs0AwDMgAIAowUAAP"
    "oAAICJYQAAogkAAItpAABxAACAoAUAACMAAICA3AIAgBwCAICBAACtkQAAhGQCAL85AACgsQAAAgEAgJwAAICsFAIAgnkAAINlAACN2AIAgRUAALfwAgC6yAIAnwAAgJHMAgCYAACAveUAALoFAADY"
    "AACAAwAAgAUAAIC9AAQAvOQAAAcAAICo5QAACQAAgAsAAIANAACADwAAgBEAAIATAACAFQAAgBcAAIAZAACAGwAAgB0AAIAfAACAIQAAgCsAAIAtAACALwAAgDEAAIAzAACANQAAgDcAAIA5AACAOw"
    "AAgD0AAIA/AACAQQAAgEMAAIBFAACARwAAgEkAAIBLAACATQAAgE8AAIBRAACAUwAAgFUAAIBXAACAYbQCAFkAAIBbAACAXQAAgGW0AgBfAACAYQAAgGMAAIBlAACAZwAAgGkAAIBrAACAbQAAgG8A"
    "AIB0AACAdgAAgHgAAIB6AACAfAAAgH4AAICAAACAggAAgIQAAICGAACAiAAAgIoAAIB/9QEAjAAAgI4AAICQAACAguUCAIP1AgCHAAAAge0CAIYRAwCHEQMAhOECAIXhAgCKMQMAizEDAIghAwCJIQ"
    "MAjhEDAI8RAwCMIQMAjSEDAJJtAwCTdQMAkGEDAJHJAgCWbQMAlxUDAJRtAwCVZQMAmi0DAJs1AwCYLQMAmSUDAJ4tAwCfFQMAnC0DAJ0lAwCi7QMAo/UDAKDtAwCh5QMApu0DAKcVAwCk7QMApeUD"
    "AKoxAwCrMQMAqC0DAKkhAwCuFQMArx0DAKwlAwCtHQMAsnUDALN9AwCwZQMAsX0DALYVAwC3HQMAtGUDALUdAwC6NQMAuz0DALglAwC5PQMAvhUDAL8dAwC8JQMAvR0DAJIAAIDCJAEAlAAAgJYAAI"
    "CiAACApAAAgKYAAICoAACAqgAAgKwAAICuAACAzgAAALAAAICyAACAtAAAgMoAAAC2AACAuAAAgLoAAIC8AACAvgAAgNAAAADAAACAwgAAgMQAAIDGAACAyAAAgMoAAIDMAACAzgAAgNAAAID+AACA"
    "4wwBAOIMAQDhpAEA5gAAAOEAAADgAAAA4wAAAOIAAADtAAAA7AAAAO8AAADuAAAA76wBAOgAAADrAAAA6gAAAPUAAAD0AAAA9wAAAPYAAADxAAAA8AAAAPMAAADyAAAA/QAAAPwAAAD/AAAA/gAAAP"
    "kAAAD4AAAA+wAAAPoAAAAAAAAAAQAAAAIAAAADAAAABAAAAAUAAAAGAAAABwAAAAgAAAAJAAAACgAAAAsAAAAMAAAADQAAAA4AAAAPAAAAEAAAABEAAAASAAAAEwAAABQAAAAVAAAAFgAAABcAAAAY"
    "AAAAGQAAABoAAAAbAAAAHAAAAB0AAAAeAAAAHwAAACAAAAAhAAAAIgAAACMAAAAkAAAAJQAAACYAAAAnAAAAKAAAACkAAAAqAAAAKwAAACwAAAAtAAAALgAAAC8AAAAwAAAAMQAAADIAAAAzAAAANA"
    "AAADUAAAA2AAAANwAAADgAAAA5AAAAOgAAADsAAAA8AAAAPQAAAD4AAAA/AAAAQAAAAEEAAABCAAAAQwAAAEQAAABFAAAARgAAAEcAAABIAAAASQAAAEoAAABLAAAATAAAAE0AAABOAAAATwAAAFAA"
    "AABRAAAAUgAAAFMAAABUAAAAVQAAAFYAAABXAAAAWAAAAFkAAABaAAAAWwAAAFwAAABdAAAAXgAAAF8AAABgAAAAYQAAAGIAAABjAAAAZAAAAGUAAABmAAAAZwAAAGgAAABpAAAAagAAAGsAAABsAA"
    "AAbQAAAG4AAABvAAAAcAAAAHEAAAByAAAAcwAAAHQAAAB1AAAAdgAAAHcAAAB4AAAAeQAAAHoAAAB7AAAAfAAAAH0AAAB+AAAAfwAAAIAAAACBAAAAggAAAIMAAACEAAAAhQAAAIYAAACHAAAAiAAA"
    "AIkAAACKAAAAiwAAALZNBQCNAAAAjgAAAI8AAACQAAAAkQAAAJIAAACTAAAAlAAAAJUAAACWAAAAlwAAAJgAAACZAAAAmgAAAJsAAACcAAAAnQAAAJ4AAACfAAAAmukFAJvpBQCY6QUAmekFAJ7pBQ"
    "ClAAAAnOkFAJ3pBQCS5QUAk+0FAJCRBQCR7QUAlukFAJfpBQCU9QUAle0FAIrdBQCL5QUAiN0FAInVBQCO4QUAj+EFAIz9BQCN9QUAghkHAIMZBwCABQcAgRkHAIb9BQCH5QUAhPkFAIX1BQDAAAAA"
    "wQAAAMIAAADDAAAAxAAAAMUAAADGAAAAxwAAAMgAAADJAAAAygAAAMsAAADMAAAAzQAAAM4AAADPAAAA0AAAANEAAADSAAAA0wAAANQAAADVAAAA1gAAANcAAADYAAAA2QAAANoAAADbAAAA3AAAAN"
    "0AAADeAAAA3wAAAOAAAADhAAAA4gAAAOMAAADkAAAA5QAAAOYAAADnAAAA6AAAAOkAAADqAAAA6wAAAOwAAADtAAAA7gAAAO8AAADwAAAA8QAAAPIAAADzAAAA9AAAAPUAAAD2AAAA9wAAAPgAAAD5"
    "AAAA+gAAAPsAAAD8AAAA/QAAAP4AAAD/AAAAACAAIQAiACMAJAAlACYAJwAoACkAKgArACwALQAuAC8AMAAxADHigYQyADIAMwA0ADUANgA3ADgAOQA6ADsAPAA9AD4APwBAAEEAQgBDAEQARQBGAE"
    "cASABJAEoASwBMAE0ATgBPAFAAUQBSAFMAVABUTQBVAFYAVwBYAFkAWgBbAFwAXQBeAF8AYABhAGIAYwBkAGUAZgBmZmkAZmkAZmwAZwBoAGkAagBrAGwAbQBuAG8AcABxAHIAcwB0AHUAdgB3AHgA"
    "eQB6AHsAfAB9AH4Aw6QAw6kA2LXZhNmJINin2YTZhNmHINi52YTZitmHINmI2LPZhNmFAOG5qQDjgqsA5qCq5byP5Lya56S+AO2VnAA="
)


def special(names):
    return [AddedToken(name, lstrip=name == "<mask>", normalized=False) for name in names]


def wordpiece(lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=420, special_tokens=special(BERT), show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def plain():
    """As people make them from parts."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    parts = [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Strip()]
    tokenizer.normalizer = normalizers.Sequence(parts)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=420, special_tokens=special(BERT), show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_level(add_prefix_space):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=420, special_tokens=special(ROBERTA), initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=add_prefix_space)
    return tokenizer


def unigram(charsmap, pre_tokenizer):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Metaspace()
    # Other scripts stay unknown.
    latin = [text for text in TEXTS if all(character < "\u0250" for character in text)]
    tokenizer.train_from_iterator(
        latin, trainers.UnigramTrainer(vocab_size=240, special_tokens=special(ROBERTA), unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return short_scores(tokenizer)


def short_scores(tokenizer):
    """Of numbers that everyone reads alike: Rust's JSON reader may take the neighbour of a long one, which decides ties."""
    plain = json.loads(tokenizer.to_str())
    plain["model"]["vocab"] = [[piece, round(score, 2)] for piece, score in plain["model"]["vocab"]]
    return Tokenizer.from_str(json.dumps(plain))


def kinds():
    charsmap = base64.b64decode(CHARSMAP)
    metaspace = pre_tokenizers.Metaspace()
    unspaced = pre_tokenizers.Metaspace(add_prefix_space=False)
    return {
        "WordPiece, lower case": lambda: wordpiece(True),
        "WordPiece, cased": lambda: wordpiece(False),
        "WordPiece, of other parts": plain,
        "byte-level BPE": lambda: byte_level(False),
        "byte-level BPE, a space before": lambda: byte_level(True),
        "Unigram": lambda: unigram(charsmap, pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])),
        "Unigram, spaces kept": lambda: unigram(charsmap, metaspace),
        "Unigram, no space before": lambda: unigram(charsmap, unspaced),
    }


def cases(tokenizer):
    """[text, pair, the most tokens, ids, types]"""
    rows = []
    for limit in LIMITS:
        tokenizer.enable_truncation(limit, strategy="longest_first")
        for text, pair in [*((text, None) for text in (TEXTS if limit == LIMITS[0] else [])), *PAIRS]:
            encoded = tokenizer.encode(text) if pair is None else tokenizer.encode(text, pair)
            rows.append([text, pair, limit, encoded.ids, encoded.type_ids if pair is not None else None])
    tokenizer.no_truncation()
    return rows


def make(frozen):
    """`frozen`: the fixture that is there, whose vocabularies are used again; None: new ones."""
    made = []
    for name, train in kinds().items():
        known = next((kind["tokenizer"] for kind in frozen["kinds"] if kind["name"] == name), None) if frozen else None
        tokenizer = train() if known is None else Tokenizer.from_str(json.dumps(known))
        made.append({"name": name, "tokenizer": json.loads(tokenizer.to_str()), "cases": cases(tokenizer)})
    return {"kinds": made}
