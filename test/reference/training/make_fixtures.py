"""Makes test/fixtures/training/*.json: what PyTorch and transformers compute for tiny random models.

    pip install torch -r test/reference/requirements.txt
    python test/reference/training/make_fixtures.py

Numbers are float32, base64, little-endian. Gradients and losses are computed in float64: the reference is exact to float32.
"""

import base64
import json
import pathlib

import numpy as np
import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, DistilBertConfig, ElectraConfig, RobertaConfig, XLMRobertaConfig

import tokenizer_fixtures

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "training"
TOKENIZERS = OUT / "tokenizers.json"
VERSIONS = {
    "torch": torch.__version__.split("+")[0],
    "transformers": transformers.__version__,
    "tokenizers": tokenizers.__version__,
    "numpy": np.__version__,
}
BATCH, LENGTH, CLASSES, VOCABULARY = 4, 8, 3, 40
LENGTHS = [8, 5, 7, 2]
RATE, HEAD_RATE, DECAY, CLIP, STEPS = 2e-3, 10, 0.1, 0.5, 5


def config(outputs=CLASSES):
    return BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=12,
        type_vocab_size=2,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        classifier_dropout=0.0,
        num_labels=outputs,
    )


def encode(tensor):
    array = tensor.detach().to(torch.float32).contiguous().numpy().astype("<f4")
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


# numpy's legacy generator: its stream never changes, while initialisations of PyTorch and transformers do.
RANDOM = np.random.RandomState(20)


def randomize(model):
    """Weights from our own stream, biases and gains too, so that no gradient path is hidden by a zero or a one."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            mean = 1 if is_norm(name) and name.endswith("weight") else 0
            values = mean + 0.1 * RANDOM.standard_normal(tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values).to(torch.float32).to(torch.float64))


def is_norm(name):
    return "LayerNorm" in name or "layer_norm" in name


def integers(low, high, shape):
    return torch.from_numpy(RANDOM.randint(low, high, shape).astype("int64"))


def optimizer_for(model):
    """AdamW as the engine has it: no decay for biases and LayerNorm, the head faster than the body."""
    def group(head, decays):
        return [
            parameter
            for name, parameter in model.named_parameters()
            if name.startswith("classifier.") == head
            and (not name.endswith("bias") and not is_norm(name)) == decays
        ]

    groups = [
        {"params": group(head, decays), "lr": RATE * (HEAD_RATE if head else 1), "weight_decay": DECAY if decays else 0}
        for head in (False, True)
        for decays in (False, True)
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]])


def batch():
    ids = integers(1, VOCABULARY, (BATCH, LENGTH))  # 0 is padding
    types, mask = types_and_mask()
    return ids, types, mask


def types_and_mask():
    types = torch.zeros(BATCH, LENGTH, dtype=torch.long)
    for row, length in enumerate(LENGTHS):
        types[row, length // 2 : length] = 1
    mask = torch.tensor([[1] * length + [0] * (LENGTH - length) for length in LENGTHS])
    return types, mask


def train(model, loss_of, parameters):
    losses, gradients = [], {}
    optimizer = optimizer_for(model)
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        if step == 0:
            gradients = {name: encode(p.grad) for name, p in parameters.items() if p.grad is not None}
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        losses.append(loss.item())
    return losses, gradients


def write(name, fixture):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps({"versions": VERSIONS, **fixture}) + "\n")


class Classifier(torch.nn.Module):
    """coldmesh's: a linear head on the pooler's output if there is one, else on the first token."""

    def __init__(self, settings, **options):
        super().__init__()
        self.body = transformers.AutoModel.from_config(settings, **options)
        self.classifier = torch.nn.Linear(self.body.config.hidden_size, CLASSES)

    def features(self, inputs):
        output = self.body(**inputs)
        pooled = getattr(output, "pooler_output", None)
        return output.last_hidden_state[:, 0] if pooled is None else pooled

    def forward(self, inputs):
        return self.classifier(self.features(inputs))


def cross_entropy():
    return integers(0, CLASSES, (BATCH,)), torch.nn.functional.cross_entropy


def binary_cross_entropy():
    """Row by row the labels that it has; one has none, one has all."""
    has = torch.tensor([[0, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1]], dtype=torch.float64)
    return has, torch.nn.BCEWithLogitsLoss()


def squared_error():
    numbers = torch.tensor([0.25, -1.5, 2.0, 0.75], dtype=torch.float64)
    return numbers, lambda logits, targets: torch.nn.functional.mse_loss(logits.squeeze(), targets)


class BertClassifier(torch.nn.Module):
    """The same as transformers has it."""

    def __init__(self, settings):
        super().__init__()
        model = BertForSequenceClassification(settings)
        self.body, self.classifier = model.bert, model.classifier

    features = Classifier.features
    forward = Classifier.forward


def classifier(name, settings, model, body_prefix, make_batch, task=cross_entropy):
    """`body_prefix`: what the fixture's body names begin with; both `bert.` and nothing occur in the wild."""
    model = model.double()
    randomize(model)
    model.train()
    ids, types, mask = make_batch()
    labels, loss = task()
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    if settings.model_type == "distilbert":
        del inputs["token_type_ids"]
    rename = lambda key: key if key.startswith("classifier.") else body_prefix + key.removeprefix("body.")
    parameters = {rename(key): parameter for key, parameter in model.named_parameters()}
    weights = {key: encode(p) for key, p in parameters.items()}
    features, logits = encode(model.features(inputs)), encode(model(inputs))
    losses, gradients = train(model, lambda: loss(model(inputs), labels), parameters)
    write(
        name,
        {
            "config": settings.to_diff_dict() | {"model_type": settings.model_type},
            "plan": {"rate": RATE, "headRate": HEAD_RATE, "weightDecay": DECAY, "clipNorm": CLIP},
            "ids": ids.tolist(),
            "types": types.tolist(),
            "lengths": LENGTHS,
            "labels": labels.tolist(),
            "weights": weights,
            "features": features,
            "logits": logits,
            "losses": losses,
            "gradients": gradients,
            "after": {key: encode(p) for key, p in parameters.items()},
        },
    )


def family(name, settings, body_prefix, **options):
    """A small encoder of one of transformers' families, rows padded by the config's token, token types if it has some."""

    def make_batch():
        types, mask = types_and_mask()
        ids = integers(1 + settings.pad_token_id, settings.vocab_size, (BATCH, LENGTH))
        ids = torch.where(mask == 1, ids, torch.tensor(settings.pad_token_id))
        return ids, types if getattr(settings, "type_vocab_size", 0) > 1 else 0 * types, mask

    classifier(name, settings, Classifier(settings, **options), body_prefix, make_batch)


def families():
    sizes = {"vocab_size": 24, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12}
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
    roberta = {**sizes, **still, "max_position_embeddings": 16, "type_vocab_size": 1}
    family("roberta", RobertaConfig(**roberta, pad_token_id=1), "")
    family("xlm-roberta", XLMRobertaConfig(**roberta, pad_token_id=2, hidden_act="gelu_new"), "roberta.", add_pooling_layer=False)
    distilbert = {"vocab_size": 24, "dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 12, "max_position_embeddings": 12}
    quiet = {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0}
    family("distilbert", DistilBertConfig(**distilbert, **quiet, activation="relu"), "distilbert.")
    sines = DistilBertConfig(**distilbert, **quiet, sinusoidal_pos_embds=True)
    family("electra", ElectraConfig(**sizes, **still, embedding_size=4, max_position_embeddings=12), "electra.")
    family("distilbert-sines", sines, "")


def masked_language():
    model = BertForMaskedLM(config()).double()
    randomize(model)
    model.train()
    ids, types, mask = batch()
    targets = torch.full((BATCH, LENGTH), -1)
    for row, place in [(0, 0), (0, 1), (0, 6), (1, 2), (2, 6), (2, 0), (3, 1)]:
        targets[row, place] = int(integers(0, VOCABULARY, (1,)))
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    labels = torch.where(targets < 0, torch.tensor(-100), targets)
    parameters = dict(model.named_parameters())
    weights = {key: encode(p) for key, p in parameters.items()}
    losses, gradients = train(model, lambda: model(**inputs, labels=labels).loss, parameters)
    write(
        "masked-language",
        {
            "config": config().to_diff_dict() | {"model_type": "bert"},
            "plan": {"rate": RATE, "headRate": 1, "weightDecay": DECAY, "clipNorm": CLIP},
            "ids": ids.tolist(),
            "types": types.tolist(),
            "lengths": LENGTHS,
            "targets": targets.tolist(),
            "weights": weights,
            "losses": losses,
            "gradients": gradients,
            "after": {key: encode(p) for key, p in parameters.items()},
        },
    )


def tokenizer():
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] the cat sat on mat ##s ##ting dog run ##ning fast a e cafe , . !".split()
    tok = Tokenizer(models.WordPiece({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer()
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tok.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    plain = json.loads(tok.to_str())
    cases = []
    texts = [
        ("The cat sat on the mat.", None),
        ("Caf\u00e9 cats, running DOGS!", None),
        ("zebra", None),
        ("the the the the the the the the the the", None),
        ("the cat", "a dog"),
        ("the cat sat on the mat the cat sat", "a dog"),
        ("the cat", "a dog runs fast a dog runs fast on the mat"),
        ("the cat sat on the mat the cat sat", "a dog runs fast a dog runs fast on the mat"),
        ("a dog runs fast a dog runs fast on the mat", "the cat sat on the mat the cat sat"),
        ("a [SEP] cat", None),
    ]
    for max_tokens in (16, 8, 7):
        tok.enable_truncation(max_tokens, strategy="longest_first")
        for text, pair in texts:
            encoded = tok.encode(text, pair) if pair is not None else tok.encode(text)
            cases.append({"text": text, "pair": pair, "maxTokens": max_tokens, "ids": encoded.ids, "types": encoded.type_ids})
    write("tokenizer", {"tokenizer": plain, "cases": cases})


def other_losses():
    """transformers' losses of `multi_label_classification` and `regression`, from a stream of their own."""
    global RANDOM
    RANDOM = np.random.RandomState(21)
    number = config(outputs=1)
    classifier("multi-label", config(), BertClassifier(config()), "bert.", batch, binary_cross_entropy)
    classifier("regression", number, BertClassifier(number), "bert.", batch, squared_error)


def main():
    classifier("pooler", config(), BertClassifier(config()), "bert.", batch)
    classifier("no-pooler", config(), Classifier(config(), add_pooling_layer=False), "", batch)
    masked_language()
    tokenizer()
    write("tokenizers", tokenizer_fixtures.make(json.loads(TOKENIZERS.read_text()) if TOKENIZERS.exists() else None))
    families()
    other_losses()


if __name__ == "__main__":
    main()
