"""Writes test/fixtures/import/pytorch-model.bin: the state of a small random BERT classifier, as torch.save writes it, and what it
holds, pytorch-model.json: shape and sum of each tensor.

    python3 make_archive.py
"""

import json
import os

import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "..", "fixtures", "import")


def main():
    torch.manual_seed(3)
    config = transformers.BertConfig(vocab_size=12, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12, max_position_embeddings=16)
    state = transformers.BertForSequenceClassification(config).state_dict()
    state["bert.embeddings.position_ids"] = torch.arange(16).unsqueeze(0)
    # one storage for two tensors, other float types, and a type that no encoder has
    both = torch.randn(2, 12, 8)
    state["bert.encoder.layer.0.intermediate.dense.weight"] = both[1]
    state["bert.pooler.dense.bias"] = state["bert.pooler.dense.bias"].half()
    state["bert.pooler.dense.weight"] = state["bert.pooler.dense.weight"].bfloat16()
    state["step"] = torch.tensor(7, dtype=torch.int32)
    torch.save(state, os.path.join(FIXTURES, "pytorch-model.bin"))
    about = {name: {"shape": list(tensor.shape), "sum": float(tensor.double().sum())} for name, tensor in state.items()}
    with open(os.path.join(FIXTURES, "pytorch-model.json"), "w", encoding="ascii") as file:
        file.write(json.dumps(about, indent=1) + "\n")


main()
