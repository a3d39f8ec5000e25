"""LoRA: what is merged is base and scaled product, for an encoder and for T5."""

import fitting
import low_rank
import torch
import train
from safetensors.torch import load_file
from support import ROWS, ask, changed, check, copy_base, run, work_of

# One addition and one product of F32 in another order.
ROUNDING = 1e-6
RANK, ALPHA = 4, 6.0


def check_low_rank(scratch):
    wanted = {
        "bert": {f"encoder.layer.{layer}.attention.self.{part}.weight" for layer in (0, 1) for part in ("query", "value")},
        "t5": {f"{side}.block.{layer}.layer.{place}.{kind}.{part}.weight" for side, place, kind in (("encoder", 0, "SelfAttention"), ("decoder", 0, "SelfAttention"), ("decoder", 1, "EncDecAttention")) for layer in (0, 1) for part in ("q", "v")},
    }
    for kind, names in wanted.items():
        base = scratch / kind
        before = load_file(str(base / "model.safetensors"))
        work = scratch / f"lora-{kind}"
        work_of(work, base, plan={"steps": 8, "learningRate": 0.02})
        learned = {}
        with watched(learned):
            after, found = run(work, "--lora-rank", str(RANK), "--lora-alpha", str(ALPHA))
        shapes = {name: tensor.shape for name, tensor in after.items()} == {name: tensor.shape for name, tensor in before.items()}
        check(f"LoRA, {kind}: merged into full shapes, only the chosen layers changed", shapes and changed(before, after) == names, str(changed(before, after) ^ names))
        far = max(float((before[name].double() + ALPHA / RANK * up.double() @ down.double() - after[name]).abs().max()) for name, (up, down) in learned.items())
        check(f"LoRA, {kind}: by the scaled product", learned.keys() == names and far < ROUNDING, f"{far} {learned.keys() ^ names}")
        check(f"LoRA, {kind}: which is no zero", min(float((before[name] - after[name]).abs().max()) for name in names) > 1e-3)
        merged = copy_base(base, after, scratch / f"merged-{kind}")
        head = work / "out" / "head.safetensors"
        again = ask(scratch / f"asked-{kind}", merged, head=head if head.exists() else None)
        check(f"LoRA, {kind}: the merged weights predict what was told", again == found)


class watched:
    """Takes the factors of each layer just before they are merged."""

    def __init__(self, learned):
        self.learned = learned

    def __enter__(self):
        self.merge = train.merge_low_rank

        def merge(model):
            for name, layer in model.named_modules():
                if isinstance(layer, low_rank.LowRank):
                    self.learned[f"{name}.weight"] = (layer.up.detach().clone(), layer.down.detach().clone())
            self.merge(model)

        train.merge_low_rank = merge

    def __exit__(self, *_):
        train.merge_low_rank = self.merge
