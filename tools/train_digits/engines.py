"""Two ways to transcribe with a digits folder: openai/whisper's own code, or the `sotto` binary."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import tiktoken
import whisper
from whisper.tokenizer import Tokenizer

import vocabulary as v
from hf_format import load_weights
from model import Dims

PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


@dataclass
class Segment:
    """One segment of a transcript; times in seconds."""

    start: float
    end: float
    text: str
    no_speech: float

    @property
    def digits(self) -> list[int]:
        """The digits of the text; -1 for anything else in it."""
        return [v.WORDS.index(word) if word in v.WORDS else -1 for word in self.text.split()]


def tokenizer() -> Tokenizer:
    """openai/whisper's tokenizer over our vocabulary."""
    encoding = tiktoken.Encoding(
        name="digits",
        explicit_n_vocab=v.SIZE,
        pat_str=PATTERN,
        mergeable_ranks={token: rank for rank, token in enumerate(v.BASE_TOKENS)},
        special_tokens={text: v.EOT + i for i, text in enumerate(v.special_tokens("<|nospeech|>"))},
    )
    return Tokenizer(encoding=encoding, num_languages=99)


class OpenAI:
    """The loop of openai/whisper in float32, greedy, at temperature 0."""

    def __init__(self, folder: Path):
        ours = tokenizer()
        for module in ("whisper.transcribe", "whisper.decoding"):  # both look the tokenizer up by the size of the vocabulary
            sys.modules[module].get_tokenizer = lambda *args, **kwargs: ours
        dims = whisper.model.ModelDimensions(**vars(Dims()))
        self.model = whisper.model.Whisper(dims)
        self.model.load_state_dict(load_weights(folder, list(self.model.state_dict())))
        self.model.eval()

    def transcribe(self, samples: np.ndarray, conditioned: bool) -> list[Segment]:
        """samples float32 [n] at 16 kHz -> segments; `conditioned`: on the text before each window."""
        result = whisper.transcribe(
            self.model, samples, temperature=0.0, fp16=False, condition_on_previous_text=conditioned, verbose=None
        )
        return [Segment(s["start"], s["end"], s["text"], s["no_speech_prob"]) for s in result["segments"]]


class Sotto:
    """The `sotto` binary, run once for every file."""

    def __init__(self, folder: Path, binary: str, options: list[str]):
        self.command = [binary, "transcribe", "--model", str(folder), "--output-format", "json", "--temperature", "0", *options]

    def transcribe(self, samples: np.ndarray, conditioned: bool) -> list[Segment]:
        """samples float32 [n] at 16 kHz -> segments; `conditioned`: on the text before each window."""
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder) / "sound.wav"
            soundfile.write(sound, samples, 16000, subtype="FLOAT")
            condition = ["--condition-on-previous-text", str(conditioned)]
            subprocess.run([*self.command, *condition, "--output-dir", folder, str(sound)], check=True, capture_output=True)
            result = json.loads(sound.with_suffix(".json").read_text())
        return [Segment(s["start"], s["end"], s["text"], s["no_speech_prob"]) for s in result["segments"]]
