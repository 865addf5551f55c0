"""Trains the digits model on windows mixed on the fly; can be stopped at any time and resumes from its last checkpoint.

python train.py --bank bank.npz --out run/
"""

import argparse
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import vocabulary as v
from clips import Bank
from model import Dims, Guide, Whisper
from windows import PLACES, batch

PEAK_RATE = 2e-3
MUON_RATE = 3  # times the other rate: of the layers' matrices
AVERAGE = 0.995  # of the weights, per step: the averaged weights are what is exported


@dataclass(frozen=True)
class Schedule:
    """How many steps on windows of 8 s come first, which cost less, and how many mostly on windows of 30 s follow."""

    short: int = 2000
    long: int = 3200

    @property
    def steps(self) -> int:
        return self.short + self.long

    def plan(self, step: int) -> tuple[float, int, float]:
        """Seconds, number and chance of an offset of the windows in a step."""
        if step < self.short or step % 6 == 0:
            return 8.0, 32, 0.7
        return 30.0, 16, 0.0

    def learning_rate(self, step: int) -> float:
        """A short rise, a plateau, and a linear fall over the last 60 % of the steps."""
        return PEAK_RATE * min((step + 1) / 200, 1.0, (self.steps - step) / (0.6 * self.steps))


class Windows(Dataset):
    """Batch number `i` of the run, always the same for the same bank."""

    def __init__(self, bank: Bank, schedule: Schedule, first: int):
        self.bank, self.schedule, self.first = bank, schedule, first

    def __len__(self) -> int:
        return self.schedule.steps - self.first

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        step = self.first + index
        arrays = batch(self.bank, (7, step), *self.schedule.plan(step))
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class Trainee(nn.Module):
    """The model, and heads used in training only.

    They name the digit heard at each encoder position and its place in its segment, and the place of the word that a decoder
    state is about to give: so the decoder always has a way to tell the next word from its neighbours.
    """

    def __init__(self, dims: Dims):
        super().__init__()
        self.model = Whisper(dims, v.TIMESTAMP_BEGIN)
        self.digit_head = nn.Linear(dims.n_audio_state, 11)
        self.frame_place_head = nn.Linear(dims.n_audio_state, PLACES)
        self.place_head = nn.Linear(dims.n_text_state, PLACES)

    def losses(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of the tokens, of the encoder's digits, of places, and of where the first cross-attention heads look."""
        states, features, guides = self.model(data["mel"], data["offset"], data["tokens"])
        at = data["at"]
        states = picked(states, at)
        wanted = data["weights"].sum(dim=2) > 0
        logits = self.model.decoder.logits(states[wanted])
        choices = data["choices"][wanted]
        log_probs = logits.log_softmax(dim=-1).gather(1, choices)
        right = logits.argmax(dim=-1) == choices[:, 0]
        is_word = data["places"] >= 0
        return {
            "tokens": -(log_probs * data["weights"][wanted]).sum(dim=1).mean(),
            "digits": class_loss(self.digit_head(features), data["frames"]),
            "frame_places": class_loss(self.frame_place_head(features), data["frame_places"]),
            "places": class_loss(self.place_head(states), data["places"]),
            "next": guide_loss(guides[-1], at, data["spans"]),
            "previous": guide_loss(guides[0], at, data["heard"]),
            "right": right.float().mean(),
            "right_words": right[is_word[wanted]].float().mean(),
        }


def picked(states: Tensor, at: Tensor) -> Tensor:
    """states [B, N, D] at the positions at [B, M] -> [B, M, D]"""
    return states.gather(1, at[..., None].expand(-1, -1, states.shape[2]))


def class_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of logits [B, N, C] against classes [B, N], -1 where there is none."""
    return F.cross_entropy(logits.float().flatten(0, 1), classes.flatten(), ignore_index=-1)


def guide_loss(guide: Guide, at: Tensor, spans: Tensor) -> Tensor:
    """Minus the log of the attention that falls into each token's span.

    guide: queries [B, N, E] and keys [B, T, E]; at [B, M]; spans [B, M, 2], first and last + 1 position, -1 where there is none.
    """
    queries, keys = guide
    scores = picked(queries, at) @ keys.transpose(1, 2) * keys.shape[2] ** -0.5
    known = spans[..., 0] >= 0
    log_weights, spans = scores[known].float().log_softmax(dim=-1), spans[known]
    place = torch.arange(log_weights.shape[1])
    inside = (place >= spans[:, :1]) & (place < spans[:, 1:])
    return -log_weights.masked_fill(~inside, -1e4).logsumexp(dim=-1).mean()


WEIGHTS = {"tokens": 1.0, "digits": 1.0, "frame_places": 0.5, "places": 0.3, "next": 0.5, "previous": 0.3}


def total(losses: dict[str, Tensor]) -> Tensor:
    """The sum that is minimised."""
    return sum(weight * losses[name] for name, weight in WEIGHTS.items())


class Run:
    """Weights, optimiser and averaged weights, and the checkpoint they are kept in."""

    def __init__(self, folder: Path, schedule: Schedule):
        torch.manual_seed(0)
        self.path, self.schedule = folder / "checkpoint.pt", schedule
        self.trainee = Trainee(Dims())
        layers, others, vectors = [], [], []
        for name, p in self.trainee.named_parameters():
            (vectors if p.dim() < 2 else layers if ".blocks." in name else others).append(p)
        groups = [{"params": others, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
        self.muon = torch.optim.Muon(layers, lr=0.0, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
        self.adam = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
        self.average = {name: p.detach().clone() for name, p in self.trainee.model.state_dict().items()}
        self.step = 0
        if self.path.exists():
            self.load()

    def load(self) -> None:
        state = torch.load(self.path, weights_only=True)
        self.trainee.load_state_dict(state["trainee"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.average, self.step = state["average"], state["step"]
        if self.step > self.schedule.steps:
            raise SystemExit(f"{self.path} has {self.step} steps, more than the {self.schedule.steps} asked for")

    def save(self) -> None:
        """Writes beside the old checkpoint, then replaces it, so that an interruption leaves one of the two."""
        state = {
            "trainee": self.trainee.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "average": self.average,
            "step": self.step,
            "dims": asdict(self.trainee.model.dims),
        }
        torch.save(state, self.path.with_suffix(".new"))
        os.replace(self.path.with_suffix(".new"), self.path)

    def update(self, data: dict[str, Tensor]) -> dict[str, float]:
        """One step of training; returns the losses."""
        for optimiser, factor in ((self.muon, MUON_RATE), (self.adam, 1)):
            for group in optimiser.param_groups:
                group["lr"] = factor * self.schedule.learning_rate(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            losses = self.trainee.losses(data)
        total(losses).backward()
        nn.utils.clip_grad_norm_(self.trainee.parameters(), 1.0)
        for optimiser in (self.muon, self.adam):
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        keep = min(AVERAGE, self.step / (self.step + 10))
        for name, weight in self.trainee.model.state_dict().items():
            self.average[name].lerp_(weight, 1 - keep)
        return {name: loss.item() for name, loss in losses.items()}


def main() -> None:
    """Trains to the end, with a line every 20 steps and a checkpoint every 100."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", required=True, help="bank file made by clips.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.pt")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--short-steps", type=int, default=Schedule.short, help="steps on windows of 8 s")
    parser.add_argument("--long-steps", type=int, default=Schedule.long, help="steps mostly on windows of 30 s")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)

    schedule = Schedule(arguments.short_steps, arguments.long_steps)
    run = Run(arguments.out, schedule)
    windows = Windows(Bank(arguments.bank), schedule, run.step)
    loader = DataLoader(windows, batch_size=None, num_workers=1, prefetch_factor=6)
    recent: list[dict[str, float]] = []
    began = time.time()
    for data in loader:
        recent.append(run.update(data))
        if run.step % 20 == 0:
            means = " ".join(f"{name} {sum(r[name] for r in recent) / len(recent):.4f}" for name in recent[0])
            seconds, _, _ = schedule.plan(run.step - 1)
            print(f"step {run.step} ({seconds:.0f} s) {means} | {(time.time() - began) / len(recent):.2f} s/step", flush=True)
            recent, began = [], time.time()
        if run.step % 100 == 0 or run.step == schedule.steps:
            run.save()


if __name__ == "__main__":
    main()
