"""Checks what a kept demo left behind, with tools that share no code with coldmesh.

    python3 check.py RESULT.json

RESULT.json is the last line of `coldmesh demo --json --keep`. For every round, the base and its inputs are exported, numpy fuses
the inputs again, and the bytes are compared. Every exported base is loaded by transformers, whose hidden states must be finite,
and differ between the bases. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(HERE, "..", "fusion"))

import torch
import transformers

import fuse

NODE = os.path.join(REPOSITORY, "node_modules", ".bin", "node")
BIN = os.path.join(REPOSITORY, "node", "coldmesh.js")
failures = []
passed = 0


def check(title, holds, detail=""):
    global passed
    if holds:
        passed += 1
    else:
        failures.append(f"{title} {detail}")
    print(("ok   " if holds else "FAIL ") + title, detail if not holds else "", flush=True)


def export(data_dir, cid, out):
    subprocess.run([NODE, BIN, "export", cid, "--dir", data_dir, "--out", out, "--json"], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(out, "model.safetensors")


def hidden(directory):
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model, report = transformers.AutoModel.from_pretrained(directory, output_loading_info=True)
    problems = report["missing_keys"] + report["unexpected_keys"] + report["mismatched_keys"]
    check(f"transformers loads {os.path.basename(directory)} with every key", not problems, str(problems))
    with torch.no_grad():
        output = model.eval()(**tokenizer("a small furry animal that hunts at night", return_tensors="pt"))
    check(f"hidden states of {os.path.basename(directory)} are finite", bool(torch.isfinite(output.last_hidden_state).all()))
    return output.last_hidden_state


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.loads(file.read().strip().splitlines()[-1])
    data_dir = next(peer["dataDir"] for peer in result["peers"] if peer["name"] == result["verifiedFrom"])
    with tempfile.TemporaryDirectory() as scratch:
        states = []
        for entry in sorted(result["rounds"], key=lambda entry: entry["round"]):
            number = entry["round"]
            base = export(data_dir, entry["base"], os.path.join(scratch, f"base-{number}"))
            inputs = sorted(entry["inputs"], key=lambda given: base32_bytes(given["id"]))
            files = [
                export(data_dir, given["checkpoint"], os.path.join(scratch, f"input-{number}-{i}"))
                for i, given in enumerate(inputs)
            ]
            # The base's header and integer tensors are those of its first input, which are those of the genesis' base.
            again = bytes(fuse.fuse(fuse.read_file(files[0]), [fuse.read_file(path) for path in files]))
            check(f"round {number}: numpy fuses {len(files)} inputs to the same bytes", again == fuse.read_file(base))
            states.append(hidden(os.path.dirname(base)))
        check("the rounds' bases differ", all(not torch.equal(a, b) for a, b in zip(states, states[1:])))
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


def base32_bytes(cid):
    """Bytes of a CID in base32, for the order of ids."""
    import base64

    text = cid[1:].upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))


main()
