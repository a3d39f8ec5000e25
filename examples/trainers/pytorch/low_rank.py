"""Changes of low rank to linear layers (LoRA), added to the full weights at the end."""

import math

import torch
from torch.nn import functional

# Of the names of attention's query and value layers, in the families that are in use.
TARGETS = ("query", "value", "q_lin", "v_lin", "q_proj", "v_proj", "q", "v")


class LowRank(torch.nn.Module):
    """A linear layer that stays, and a change of low rank that learns."""

    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.down = torch.nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = torch.nn.Parameter(torch.zeros(linear.out_features, rank))
        torch.nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.scale = alpha / rank

    @property
    def weight(self):  # T5 looks at the dtype of some of its layers
        return self.linear.weight

    def forward(self, inputs):
        return self.linear(inputs) + functional.linear(functional.linear(inputs, self.down), self.up) * self.scale

    @torch.no_grad()
    def merged(self):
        self.linear.weight += self.scale * self.up @ self.down
        return self.linear


def layers_named(model, targets):
    return [(parent, name, child) for parent in list(model.modules()) for name, child in parent.named_children() if name in targets and isinstance(child, (torch.nn.Linear, LowRank))]


def add_low_rank(model, options):
    model.requires_grad_(False)
    found = layers_named(model, options.lora_targets.split(","))
    if not found:
        raise SystemExit(f"no layer is named {options.lora_targets}: say which with --lora-targets")
    for parent, name, linear in found:
        setattr(parent, name, LowRank(linear, options.lora_rank, options.lora_alpha or 2 * options.lora_rank))


def merge_low_rank(model):
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, LowRank):
                setattr(parent, name, layer.merged())
