"""A training's state in a file of the user's, from which the same training goes on after a crash."""

import hashlib
import json
import os
import pathlib

from body import save_tensors
from safetensors import safe_open

PIECE_BYTES = 1 << 24


class Checkpoint:
    """Numbers and tensors by name, in one safetensors file. Nothing is read or written where `path` is None."""

    def __init__(self, path, every, key):
        self.path, self.every, self.key = path, every, key
        self.saved = None
        self.is_own = False

    def read(self):
        """Numbers and tensors; None when there are none, or another training's."""
        if self.path is None or not self.path.exists():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                state = json.loads((file.metadata() or {}).get("state", "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()} if state.get("key") == self.key else {}
        except Exception as error:  # whatever a damaged file makes of it
            print(f"{self.path} can't be read and is written anew: {error}", flush=True)
            return None
        self.is_own = state.get("key") == self.key
        return (state, tensors) if self.is_own else None

    def is_due(self, spent):
        self.saved = spent if self.saved is None else self.saved
        return self.path is not None and spent - self.saved >= self.every

    def write(self, spent, state, tensors):
        save_tensors(tensors, self.path, {"state": json.dumps({"key": self.key, "spent": spent, **state})})
        self.saved, self.is_own = spent, True

    def remove(self):
        if self.is_own:
            self.path.unlink(missing_ok=True)


def key_of(plan, options):
    """Equal for trainings of the same plan, rows, base, head and options."""
    same = {name: value for name, value in plan.items() if name not in ("paths", "timeLimit")}
    found = hashlib.sha256(json.dumps([same, options], sort_keys=True).encode())
    paths, base = plan["paths"], pathlib.Path(plan["paths"]["base"])
    for path in (paths["train"], paths["validation"], paths["head"], base / "config.json", base / "tokenizer.json", base / "model.safetensors"):
        found.update(b"none" if path is None else digest(path))
    return found.hexdigest()


def digest(path):
    found = hashlib.sha256(str(os.path.getsize(path)).encode())
    with open(path, "rb") as file:
        while piece := file.read(PIECE_BYTES):
            found.update(piece)
    return found.digest()
