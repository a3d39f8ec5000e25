"""An encoder and decoder, as T5: a label is the text that follows."""

import torch
from answers import Unsayable, Words, answers_of
from body import save_head
from safetensors.torch import load_file
from transformers.modeling_outputs import BaseModelOutput

IGNORED = -100


class TextToText(torch.nn.Module):
    def __init__(self, plan, body, inputs, training_rows):
        super().__init__()
        self.body, self.inputs = body.model, inputs
        config = self.body.config
        self.start = config.decoder_start_token_id
        stored = plan["paths"]["head"] if plan["task"] == "regression" else None
        scale = None if stored is None else read_scale(stored)
        if plan["task"] == "regression" and scale is None and not training_rows:
            raise Unsayable("how this task says numbers is in its head.safetensors, and there is none")
        self.answers = answers_of(plan, Words(inputs.tokenizer, config.eos_token_id), training_rows, scale)

    def targets(self, rows):
        return [self.answers.tokens_of(row["label"]) for row in rows]

    def weight(self, rows):
        return sum(map(len, self.targets(rows)))

    def loss(self, rows):
        device = self.body.device
        targets = self.targets(rows)
        longest = max(map(len, targets))
        labels = torch.tensor([[*tokens, *[IGNORED] * (longest - len(tokens))] for tokens in targets], device=device)
        return self.body(**self.inputs.of(rows, device), labels=labels).loss

    def predict(self, rows):
        """Token by token the likeliest of those that may follow."""
        inputs = self.inputs.of(rows, self.body.device)
        encoded = self.body.get_encoder()(**inputs).last_hidden_state
        chosen = [self.forced(()) for _ in rows]
        while open_rows := [index for index, tokens in enumerate(chosen) if self.answers.allowed(tokens)]:
            logits = self.next_logits(encoded[open_rows], inputs["attention_mask"][open_rows], [chosen[index] for index in open_rows])
            for index, row in zip(open_rows, logits):
                allowed = self.answers.allowed(chosen[index])
                chosen[index] = self.forced((*chosen[index], allowed[row[allowed].argmax().item()]))
        return [self.answers.label_of(tokens) for tokens in chosen]

    def next_logits(self, encoded, mask, chosen):
        longest = max(map(len, chosen))
        started = [[self.start, *tokens, *[self.inputs.padding] * (longest - len(tokens))] for tokens in chosen]
        output = self.body(
            encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
            attention_mask=mask,
            decoder_input_ids=torch.tensor(started, device=self.body.device),
            use_cache=False,
        )
        return output.logits[range(len(chosen)), [len(tokens) for tokens in chosen]].float()

    def forced(self, tokens):
        """With what can't be otherwise after them."""
        while len(allowed := self.answers.allowed(tokens)) == 1:
            tokens = (*tokens, allowed[0])
        return tokens

    def save_head(self, path):
        """Of a regression: in which steps it says its numbers. Other tasks need none."""
        if hasattr(self.answers, "step"):
            save_head(torch.tensor([[self.answers.step, self.answers.count]]), torch.tensor([self.answers.first]), path, "regression", [])


def read_scale(path):
    stored = load_file(path)
    step, count = stored["classifier.weight"][0].tolist()
    # Steps have one digit: what F32 made of 0.2 is 0.2 again.
    step = float(f"{step:.0e}")
    return round(stored["classifier.bias"].item() / step) * step, step, round(count)
