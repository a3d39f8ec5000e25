"""PyTorch's in-place average of safetensors files, and mergekit's linear merge of them, without their imports. Arguments: tool, out, files."""

import json
import os
import resource
import sys
import time

tool, out, *paths = sys.argv[1:]


def torch_average():
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file

    begun = time.perf_counter()
    sums = {}
    for index, path in enumerate(paths):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                if index == 0:
                    sums[name] = file.get_tensor(name).clone()
                else:
                    sums[name] += file.get_tensor(name)
    for tensor in sums.values():
        tensor /= len(paths)
    save_file(sums, out)
    return time.perf_counter() - begun


def numpy_median():
    import numpy as np
    from safetensors import safe_open

    opened = [safe_open(path, "np") for path in paths]
    seconds = 0.0
    for name in opened[0].keys():
        values = [file.get_tensor(name) for file in opened]
        begun = time.perf_counter()
        np.median(np.stack(values), axis=0)
        seconds += time.perf_counter() - begun
    return seconds


def mergekit_linear():
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    models = [{"model": os.path.dirname(path), "parameters": {"weight": 1}} for path in paths]
    config = MergeConfiguration.model_validate({"merge_method": "linear", "dtype": "float32", "models": models})
    begun = time.perf_counter()
    run_merge(config, out, MergeOptions(copy_tokenizer=False, lazy_unpickle=True))
    return time.perf_counter() - begun


runs = 3 if tool == "torch" and os.path.getsize(paths[0]) < 1e9 else 1
work = {"torch": torch_average, "numpy": numpy_median, "mergekit": mergekit_linear}[tool]
seconds = min(work() for _ in range(runs))
print(json.dumps({"seconds": seconds, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
