"""Prints JSON: GB of input per CPU second, of two ways to take mean/1 in numpy. Usage: numpy_mean.py INPUTS ELEMENTS"""

import json
import sys
import time

import numpy as np

count, elements = int(sys.argv[1]), int(sys.argv[2])
inputs = [np.random.default_rng(seed).standard_normal(elements).astype(np.float32) for seed in range(count)]


def by_tensor():
    total = np.zeros(elements, dtype=np.float64)
    for array in inputs:
        total += array
    total /= count
    return total.astype(np.float32) + np.float32(0)


def stacked():
    return np.mean(np.stack(inputs), axis=0, dtype=np.float64).astype(np.float32)


def best(function):
    seconds = []
    for _ in range(12):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return count * elements * 4 / min(seconds) / 1e9


print(json.dumps({"by_tensor": best(by_tensor), "stacked": best(stacked)}))
