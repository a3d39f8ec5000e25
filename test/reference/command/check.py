"""The shipped PyTorch trainer, through coldmesh and beside its own engine.

    python3 check.py

Tiny random models: BERT trained by ONNX Runtime and by the script from the same head on the same batches gives the same
losses and weights; a T5 is imported, finetuned, checked and asked; metrics are coldmesh's; two processes of torchrun give the
weights of one; a training that is killed goes on. Prints 'N passed, N failed'; exit status 1 if any failed.
"""

import pathlib
import sys
import tempfile

import support
import torch
from encoder import check_engines, check_variants
from interruption import check_interruption, check_time
from low_rank_merge import check_low_rank
from scores import check_choosing, check_scores
from several import check_batches, check_launchers, check_shares
from text import check_answers, check_text_tasks, check_text_to_text

with tempfile.TemporaryDirectory() as folder:
    torch.set_num_threads(1)
    scratch = pathlib.Path(folder)
    support.make_model(scratch / "bert", "bert")
    support.make_model(scratch / "t5", "t5")
    for part in (check_scores, check_answers, check_engines, check_variants, check_low_rank, check_choosing, check_text_to_text, check_text_tasks, check_batches, check_shares, check_launchers, check_interruption, check_time):
        part(scratch)
print(f"{support.passed} passed, {len(support.failures)} failed")
sys.exit(1 if support.failures else 0)
