"""openai/whisper's own code on a digits folder."""

import sys
from pathlib import Path

import numpy as np
import tiktoken
import whisper
from whisper.tokenizer import Tokenizer

import vocabulary as v
from engines import Segment
from hf_format import load_weights
from model import Dims

PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


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
