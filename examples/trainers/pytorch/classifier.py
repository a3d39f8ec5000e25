"""An encoder with a linear head: what coldmesh's own engines train."""

import torch
from body import save_head
from safetensors.torch import load_file
from torch.nn import functional


class Classifier(torch.nn.Module):
    """A body and a linear head on what coldmesh's engines read: the pooler's output, or the first token where there is none."""

    def __init__(self, plan, body, inputs, training_rows):
        super().__init__()
        self.body = body.model
        self.inputs = inputs
        self.has_pooler = body.has_pooler
        self.is_frozen = not any(parameter.requires_grad for parameter in self.body.parameters())
        self.task, self.labels = plan["task"], plan["labels"]
        config = self.body.config
        outputs = 1 if self.task == "regression" else len(self.labels)
        dropout = getattr(config, "classifier_dropout", None)
        self.dropout = torch.nn.Dropout(getattr(config, "hidden_dropout_prob", 0.0) if dropout is None else dropout)
        self.head = torch.nn.Linear(config.hidden_size, outputs)
        # A regression learns numbers of mean 0 and deviation 1: rates suit those.
        numbers = torch.tensor([row["label"] for row in training_rows] if self.task == "regression" and training_rows else [0.0], dtype=torch.float64)
        self.mean, self.deviation = numbers.mean().item(), numbers.std(unbiased=False).item() or 1.0
        if plan["paths"]["head"] is None:
            torch.nn.init.normal_(self.head.weight, std=0.02 if training_rows else 0)
            torch.nn.init.zeros_(self.head.bias)
        else:
            stored = load_file(plan["paths"]["head"])
            self.head.load_state_dict({"weight": stored["classifier.weight"] / self.deviation, "bias": (stored["classifier.bias"] - self.mean) / self.deviation})

    def train(self, mode=True):
        super().train(mode)
        if self.is_frozen:  # a frozen body gives the same features again and again
            self.body.eval()
        return self

    def forward(self, rows):
        output = self.body(**self.inputs.of(rows, self.head.weight.device))
        features = output.pooler_output if self.has_pooler else output.last_hidden_state[:, 0]
        return self.head(self.dropout(features))

    def weight(self, rows):
        """What the mean loss of these rows counts among those of others."""
        return len(rows)

    def loss(self, rows):
        outputs = self(rows).float()
        if self.task == "regression":
            targets = [(row["label"] - self.mean) / self.deviation for row in rows]
            return functional.mse_loss(outputs[:, 0], torch.tensor(targets, device=outputs.device))
        if self.task == "multi-label":
            targets = [[float(label in row["label"]) for label in self.labels] for row in rows]
            return functional.binary_cross_entropy_with_logits(outputs, torch.tensor(targets, device=outputs.device))
        return functional.cross_entropy(outputs, torch.tensor([self.labels.index(row["label"]) for row in rows], device=outputs.device))

    def predict(self, rows):
        outputs = self(rows).float()
        if self.task == "regression":
            return [value * self.deviation + self.mean for value in outputs[:, 0].tolist()]
        if self.task == "multi-label":
            return [[label for label, output in zip(self.labels, row) if output > 0] for row in outputs.tolist()]
        return [self.labels[index] for index in outputs.argmax(1).tolist()]

    def save_head(self, path):
        save_head(self.head.weight * self.deviation, self.head.bias * self.deviation + self.mean, path, self.task, self.labels)
