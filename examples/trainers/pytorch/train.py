"""Finetunes any encoder or T5 of transformers for coldmesh, with PyTorch.

    coldmesh join INVITE --data reviews.csv --engine "command:python3 train.py"

coldmesh starts it with one more argument, a work directory; docs/command-trainer.md says what is in there and what must be
there afterwards. Runs as it is, under `torchrun` and under `accelerate launch`: then each process takes its share of every
batch, and the first one prints and writes. Needs torch >= 1.13, transformers >= 4.35, tokenizers and safetensors.
"""

import argparse
import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True  # this folder belongs to whoever installed it

from ending import end_when_told

if __name__ == "__main__":
    end_when_told()  # before threads start that would take the signal

import torch
import transformers
from answers import Unsayable
from body import Body, freeze_layers, override_dropout, read_config
from checkpoint import Checkpoint, key_of
from classifier import Classifier
from files import read_rows, write_lines
from fitting import fit, predict
from inputs import Inputs
from low_rank import TARGETS, add_low_rank, merge_low_rank
from metrics import metric_of, score
from processes import Processes, leave
from text_to_text import TextToText

PROTOCOL = 1
UNSUPPORTED = 64


def unsupported(message):
    print(message, file=sys.stderr)
    sys.exit(UNSUPPORTED)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path, help="what coldmesh adds: the work directory")
    parser.add_argument("--device", default="auto", help="auto (cuda, else mps, else cpu) or one of them")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 where that is safe; weights stay F32")
    parser.add_argument("--threads", type=int, help="threads on a CPU")
    parser.add_argument("--lora-rank", type=int, default=0, help="train low-rank changes of attention only; merged at the end")
    parser.add_argument("--lora-alpha", type=float, help="their scale times the rank (default: twice the rank)")
    parser.add_argument("--lora-targets", default=",".join(TARGETS), help="last parts of the names of the layers that change")
    parser.add_argument("--checkpoint", type=pathlib.Path, metavar="FILE", help="keep the training's state here; the same training goes on from it after a crash")
    parser.add_argument("--checkpoint-every", type=float, default=60, metavar="SECONDS", help="how often (default: 60)")
    return parser.parse_args()


def open_model(plan, options, training_rows=()):
    base = pathlib.Path(plan["paths"]["base"])
    settings = plan.get("plan", {})
    config = read_config(base)
    override_dropout(config, settings.get("dropout"))
    inputs = Inputs(base, config, plan["maxTokens"])
    is_text = getattr(config, "is_encoder_decoder", False)
    if is_text and settings.get("mode") == "frozen":
        unsupported("a text-to-text model has no head: it learns as a whole")
    body = Body(base, config, transformers.AutoModelForSeq2SeqLM if is_text else transformers.AutoModel)
    if settings.get("mode") == "frozen":
        body.model.requires_grad_(False)
    elif options.lora_rank > 0 and settings:
        add_low_rank(body.model, options)
    freeze_layers(body.model, settings.get("freeze"))
    try:
        return (TextToText if is_text else Classifier)(plan, body, inputs, training_rows), body
    except Unsayable as error:
        unsupported(str(error))


def checkpoint_of(plan, options):
    if options.checkpoint is None:
        return Checkpoint(None, 0, None)
    key = key_of(plan, [options.lora_rank, options.lora_alpha, options.lora_targets, options.bf16])
    return Checkpoint(options.checkpoint, options.checkpoint_every, key)


def train(plan, options, processes, out, started):
    if score(plan, [], []) is None:
        unsupported(f"the metric {metric_of(plan)} of a {plan['task']} task is not known here")
    torch.manual_seed(plan["plan"]["seed"])
    rows, validation = read_rows(plan["paths"]["train"]), read_rows(plan["paths"]["validation"])
    model, body = open_model(plan, options, rows)
    model.to(processes.device)
    checkpoint = checkpoint_of(plan, options)
    before = None if plan["paths"]["head"] is None else predict(model, validation, processes)
    fit(model, rows, validation, plan, options, processes, checkpoint, started)
    merge_low_rank(body.model)
    after = predict(model, validation, processes)
    if not processes.is_first:
        return
    if before is not None:
        write_lines(out / "before.jsonl", before)
    if plan["plan"]["mode"] == "full":
        body.save(out / "model.safetensors")
    write_lines(out / "predictions.jsonl", after)
    model.save_head(out / "head.safetensors")
    checkpoint.remove()


def evaluate(plan, options, processes, out):
    model, _ = open_model(plan, options)
    found = predict(model.to(processes.device), read_rows(plan["paths"]["rows"]), processes)
    if processes.is_first:
        write_lines(out / "predictions.jsonl", found)


def main():
    started = time.monotonic()
    options = read_options()
    plan = json.loads((options.work / "plan.json").read_text(encoding="utf-8"))
    if plan["protocol"] != PROTOCOL:
        unsupported(f"protocol {plan['protocol']} is not known here; {PROTOCOL} is")
    transformers.logging.set_verbosity_error()
    if options.threads:
        torch.set_num_threads(options.threads)
    processes = Processes(options.device)
    out = pathlib.Path(plan["paths"]["out"])
    processes.say(event="device", device=processes.name)
    if plan["mode"] == "train":
        train(plan, options, processes, out, started)
    elif plan["mode"] == "evaluate":
        evaluate(plan, options, processes, out)
    else:
        unsupported(f"the mode {plan['mode']} is not known here")


if __name__ == "__main__":
    try:
        main()
    finally:
        leave()
