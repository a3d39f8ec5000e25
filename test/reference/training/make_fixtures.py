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
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertModel

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "training"
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
            mean = 1 if name.endswith("LayerNorm.weight") else 0
            values = mean + 0.1 * RANDOM.standard_normal(tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values).to(torch.float32).to(torch.float64))


def integers(low, high, shape):
    return torch.from_numpy(RANDOM.randint(low, high, shape).astype("int64"))


def optimizer_for(model):
    """AdamW as the engine has it: no decay for biases and LayerNorm, the head faster than the body."""
    def group(head, decays):
        return [
            parameter
            for name, parameter in model.named_parameters()
            if name.startswith("classifier.") == head
            and (not name.endswith("bias") and "LayerNorm" not in name) == decays
        ]

    groups = [
        {"params": group(head, decays), "lr": RATE * (HEAD_RATE if head else 1), "weight_decay": DECAY if decays else 0}
        for head in (False, True)
        for decays in (False, True)
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]])


def batch():
    ids = integers(1, VOCABULARY, (BATCH, LENGTH))  # 0 is padding
    types = torch.zeros(BATCH, LENGTH, dtype=torch.long)
    for row, length in enumerate(LENGTHS):
        types[row, length // 2 : length] = 1
    mask = torch.tensor([[1] * length + [0] * (LENGTH - length) for length in LENGTHS])
    return ids, types, mask


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


class FirstTokenClassifier(torch.nn.Module):
    """A body without a pooler: the head reads the first token."""

    def __init__(self):
        super().__init__()
        self.bert = BertModel(config(), add_pooling_layer=False)
        self.classifier = torch.nn.Linear(config().hidden_size, CLASSES)

    def forward(self, **inputs):
        return self.classifier(self.bert(**inputs).last_hidden_state[:, 0])


def cross_entropy():
    return integers(0, CLASSES, (BATCH,)), torch.nn.functional.cross_entropy


def binary_cross_entropy():
    """Row by row the labels that it has; one has none, one has all."""
    has = torch.tensor([[0, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1]], dtype=torch.float64)
    return has, torch.nn.BCEWithLogitsLoss()


def squared_error():
    numbers = torch.tensor([0.25, -1.5, 2.0, 0.75], dtype=torch.float64)
    return numbers, lambda logits, targets: torch.nn.functional.mse_loss(logits.squeeze(), targets)


def classifier(name, model, logits_of, body_prefix, task=cross_entropy):
    """`body_prefix`: what the fixture's body names begin with; both `bert.` and nothing occur in the wild."""
    model = model.double()
    randomize(model)
    model.train()
    ids, types, mask = batch()
    labels, loss = task()
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    rename = lambda key: key if key.startswith("classifier.") else body_prefix + key.removeprefix("bert.")
    parameters = {rename(key): parameter for key, parameter in model.named_parameters()}
    weights = {key: encode(p) for key, p in parameters.items()}
    logits = logits_of(model, inputs)
    loss_of = lambda: loss(logits_of(model, inputs), labels)
    losses, gradients = train(model, loss_of, parameters)
    write(
        name,
        {
            "config": config().to_diff_dict() | {"model_type": "bert"},
            "plan": {"rate": RATE, "headRate": HEAD_RATE, "weightDecay": DECAY, "clipNorm": CLIP},
            "ids": ids.tolist(),
            "types": types.tolist(),
            "lengths": LENGTHS,
            "labels": labels.tolist(),
            "weights": weights,
            "logits": encode(logits),
            "losses": losses,
            "gradients": gradients,
            "after": {key: encode(p) for key, p in parameters.items()},
        },
    )


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
    logits_of = lambda model, inputs: model(**inputs).logits
    classifier("multi-label", BertForSequenceClassification(config()), logits_of, "bert.", binary_cross_entropy)
    classifier("regression", BertForSequenceClassification(config(outputs=1)), logits_of, "bert.", squared_error)


def main():
    classifier("pooler", BertForSequenceClassification(config()), lambda model, inputs: model(**inputs).logits, "bert.")
    classifier("no-pooler", FirstTokenClassifier(), lambda model, inputs: model(**inputs), "")
    masked_language()
    tokenizer()
    other_losses()


if __name__ == "__main__":
    main()
