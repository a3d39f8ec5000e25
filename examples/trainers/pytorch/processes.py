"""The processes that torchrun or accelerate started; one, if none did."""

import json
import os

import torch


class Processes:
    def __init__(self, device):
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.is_first = self.rank == 0
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if device == "auto":
            mps = getattr(torch.backends, "mps", None)
            device = "cuda" if torch.cuda.is_available() else "mps" if mps and mps.is_available() else "cpu"
        self.device = torch.device(f"cuda:{local}" if device == "cuda" else device)
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        if self.count > 1:
            torch.distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def name(self):
        return str(self.device) if self.count == 1 else f"{self.device.type} x{self.count}"

    def share(self, values):
        """This process's part."""
        return values[self.rank :: self.count]

    def gather(self, part):
        """What was shared, whole again in all of them."""
        if self.count == 1:
            return part
        parts = [None] * self.count
        torch.distributed.all_gather_object(parts, part)
        whole = [None] * sum(map(len, parts))
        for rank, values in enumerate(parts):
            whole[rank :: self.count] = values
        return whole

    def sum(self, *values):
        """Sums over all processes, equal in all of them."""
        if self.count == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(sums)
        return sums.tolist()

    def say(self, **event):
        self.tell(json.dumps(event))

    def tell(self, text):
        if self.is_first:
            print(text, flush=True)


def leave():
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
