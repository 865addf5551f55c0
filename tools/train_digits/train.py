"""Trains the digits model on windows mixed on the fly; can be stopped at any time and resumes from its last checkpoint.

python train.py --bank bank.npz --out run/
"""

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import vocabulary as v
from clips import Bank
from model import Dims, Whisper
from windows import batch

SHORT_STEPS = 1700  # first on windows of 8 s, which cost a seventh of whole ones
LONG_STEPS = 1900  # then mostly on windows of 30 s
STEPS = SHORT_STEPS + LONG_STEPS
PEAK_RATE = 2e-3
AVERAGE = 0.995  # of the weights, per step: the averaged weights are what is exported


def plan(step: int) -> tuple[float, int, float]:
    """Seconds, number and chance of an offset of the windows in a step."""
    if step < SHORT_STEPS or step % 6 == 0:
        return 8.0, 32, 0.7
    return 30.0, 16, 0.0


def learning_rate(step: int) -> float:
    """A short rise, a plateau, and a linear fall over the last 60 % of the steps."""
    return PEAK_RATE * min((step + 1) / 200, 1.0, (STEPS - step) / (0.6 * STEPS))


class Windows(Dataset):
    """Batch number `i` of the run, always the same for the same bank."""

    def __init__(self, bank: Bank, first: int):
        self.bank, self.first = bank, first

    def __len__(self) -> int:
        return STEPS - self.first

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        step = self.first + index
        return {name: torch.from_numpy(array) for name, array in batch(self.bank, (7, step), *plan(step)).items()}


class Trainee(nn.Module):
    """The model, and a head used in training only that names the digit heard at each encoder position."""

    def __init__(self, dims: Dims):
        super().__init__()
        self.model = Whisper(dims, v.TIMESTAMP_BEGIN)
        self.frame_head = nn.Linear(dims.n_audio_state, 11)

    def losses(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of the tokens, of the encoder's digits, and of where the first cross-attention heads look."""
        logits, features, guides = self.model(data["mel"], data["offset"], data["tokens"])
        wanted = data["weights"].sum(dim=2) > 0
        log_probs = logits.log_softmax(dim=-1).gather(2, data["choices"])
        tokens = -(log_probs * data["weights"]).sum() / wanted.sum()
        frames = F.cross_entropy(self.frame_head(features).float().flatten(0, 1), data["frames"].flatten())
        spans = data["spans"]
        previous = F.pad(spans[:, :-1], (0, 0, 1, 0), value=-1)  # where the token just given was
        right = (logits.argmax(dim=-1) == data["choices"][..., 0])[wanted].float().mean()
        return {
            "tokens": tokens,
            "frames": frames,
            "next": guide_loss(guides[-1], spans),
            "previous": guide_loss(guides[0], previous),
            "right": right.detach(),
        }


def guide_loss(log_weights: Tensor, spans: Tensor) -> Tensor:
    """Minus the log of the attention that falls into each token's span.

    log_weights [B, N, T]; spans [B, N, 2], first and last + 1 position, -1 where there is none.
    """
    place = torch.arange(log_weights.shape[2])
    inside = (place >= spans[..., :1]) & (place < spans[..., 1:])
    known = spans[..., 0] >= 0
    return -log_weights.masked_fill(~inside, -1e4).logsumexp(dim=-1)[known].mean()


def total(losses: dict[str, Tensor]) -> Tensor:
    """The sum that is minimised."""
    return losses["tokens"] + losses["frames"] + 0.5 * losses["next"] + 0.3 * losses["previous"]


class Run:
    """Weights, optimiser and averaged weights, and the checkpoint they are kept in."""

    def __init__(self, folder: Path):
        torch.manual_seed(0)
        self.path = folder / "checkpoint.pt"
        self.trainee = Trainee(Dims())
        matrices = [p for p in self.trainee.parameters() if p.dim() > 1]
        vectors = [p for p in self.trainee.parameters() if p.dim() <= 1]
        groups = [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
        self.average = {name: p.detach().clone() for name, p in self.trainee.model.state_dict().items()}
        self.step = 0
        if self.path.exists():
            self.load()

    def load(self) -> None:
        state = torch.load(self.path, weights_only=True)
        self.trainee.load_state_dict(state["trainee"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.step = state["average"], state["step"]

    def save(self) -> None:
        """Writes beside the old checkpoint, then replaces it, so that an interruption leaves one of the two."""
        state = {
            "trainee": self.trainee.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "step": self.step,
            "dims": asdict(self.trainee.model.dims),
        }
        torch.save(state, self.path.with_suffix(".new"))
        os.replace(self.path.with_suffix(".new"), self.path)

    def update(self, data: dict[str, Tensor]) -> dict[str, float]:
        """One step of training; returns the losses."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            losses = self.trainee.losses(data)
        total(losses).backward()
        nn.utils.clip_grad_norm_(self.trainee.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
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
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)

    run = Run(arguments.out)
    loader = DataLoader(Windows(Bank(arguments.bank), run.step), batch_size=None, num_workers=1, prefetch_factor=6)
    recent: list[dict[str, float]] = []
    began = time.time()
    for data in loader:
        recent.append(run.update(data))
        if run.step % 20 == 0:
            means = " ".join(f"{name} {sum(r[name] for r in recent) / len(recent):.4f}" for name in recent[0])
            seconds, _, _ = plan(run.step - 1)
            print(f"step {run.step} ({seconds:.0f} s) {means} | {(time.time() - began) / len(recent):.2f} s/step", flush=True)
            recent, began = [], time.time()
        if run.step % 100 == 0 or run.step == STEPS:
            run.save()


if __name__ == "__main__":
    main()
