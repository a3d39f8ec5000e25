"""The base's weights in a model of transformers, and which of them learn."""

import dataclasses
import json
import re

import torch
import transformers
from files import whole
from safetensors.torch import load_file, save_file

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "dropout", "attention_dropout", "dropout_rate", "seq_classif_dropout")
EMBEDDINGS = re.compile(r"(^|\.)(embeddings(_project)?|shared|embed_tokens|embed_positions)\.")
LAYER = re.compile(r"(^|\.)(layer|layers|block)\.(\d+)\.")


def save_tensors(tensors, path, metadata):
    with whole(path) as part:
        save_file({name: tensor.detach().float().cpu().contiguous().clone() for name, tensor in tensors.items()}, part, metadata)


def save_head(weight, bias, path, task, labels):
    """As coldmesh keeps heads."""
    save_tensors({"classifier.weight": weight, "classifier.bias": bias}, path, {"labels": json.dumps(labels), "task": task})


class Body:
    """`save` gives back the same tensors under the same names."""

    def __init__(self, base, config, kind):
        self.stored = load_file(str(base / "model.safetensors"))
        setattr(config, "dtype" if hasattr(config, "dtype") else "torch_dtype", torch.float32)
        has_pooler = any("pooler." in name for name in self.stored)
        try:
            self.model = kind.from_config(config, add_pooling_layer=has_pooler)
        except TypeError:  # an architecture that never has one
            self.model = kind.from_config(config)
        self.model.float()
        known = self.model.state_dict(keep_vars=True)
        prefix = self.model.base_model_prefix + "."
        self.keys = {name: key for name in self.stored for key in (name, name.removeprefix(prefix)) if key in known}
        result = self.model.load_state_dict({key: self.stored[name].float() for name, key in self.keys.items()}, strict=False)
        loaded = {known[key].data_ptr() for key in self.keys.values()}
        missing = [key for key in result.missing_keys if known[key].is_floating_point() and known[key].data_ptr() not in loaded]
        if missing:
            raise SystemExit(f"the base lacks {missing[0]}, which its config.json asks for")
        self.has_pooler = has_pooler

    def save(self, path):
        now = self.model.state_dict()
        save_tensors({name: now[self.keys[name]] if name in self.keys else tensor for name, tensor in self.stored.items()}, path, {"format": "pt"})


def read_config(base):
    """The base's config.json, in which 1.0 may stand as 1: newer versions of transformers tell them apart."""
    stored = json.loads((base / "config.json").read_text(encoding="utf-8"))
    kind = transformers.CONFIG_MAPPING[stored["model_type"]] if stored.get("model_type") in transformers.CONFIG_MAPPING else None
    if not dataclasses.is_dataclass(kind):
        return transformers.AutoConfig.from_pretrained(base)
    fractions = {field.name for field in dataclasses.fields(kind) if isinstance(field.default, float) or ("float" in str(field.type) and "int" not in str(field.type))}
    return kind.from_dict({name: float(value) if name in fractions and type(value) is int else value for name, value in stored.items()})


def override_dropout(config, dropout):
    if dropout is None:
        return
    for name in DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, dropout)


def freeze_layers(model, count):
    """Embeddings and the first `count` layers, of encoder and decoder, stay as they are; null in the plan: everything learns."""
    if getattr(model.config, "sinusoidal_pos_embds", False):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and "position_embeddings" not in name)
    if count is None:
        return
    layers = {name: LAYER.search(name) for name, _ in model.named_parameters()}
    there = 1 + max((int(found[3]) for found in layers.values() if found), default=-1)
    if count > there:
        raise SystemExit(f"the plan freezes {count} layers, the model has {there}")
    for name, parameter in model.named_parameters():
        if int(layers[name][3]) < count if layers[name] else EMBEDDINGS.search(name):
            parameter.requires_grad_(False)
