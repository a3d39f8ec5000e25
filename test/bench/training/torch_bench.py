"""Trains the model and batch that bench.ts writes to stdin with PyTorch; prints seconds and CPU seconds per step, peak memory and the losses, as JSON."""

import json
import resource
import sys
import time

import torch
from transformers import BertConfig, BertForSequenceClassification

job = json.load(sys.stdin)
torch.set_num_threads(job["threads"])
torch.manual_seed(1)
config = BertConfig(**job["config"], num_labels=job["classes"])
model = BertForSequenceClassification(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=job["rate"], weight_decay=0.01, fused=True)
ids, labels = torch.tensor(job["ids"]), torch.tensor(job["labels"])
mask = torch.ones_like(ids)
losses, started, started_cpu = [], 0.0, 0.0
for step in range(job["warmup"] + job["steps"]):
    if step == job["warmup"]:
        started, started_cpu = time.perf_counter(), time.process_time()
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    losses.append(loss.item())
seconds = (time.perf_counter() - started) / job["steps"]
cpu_seconds = (time.process_time() - started_cpu) / job["steps"]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "peakBytes": peak, "losses": losses, "version": torch.__version__}))
