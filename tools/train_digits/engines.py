"""What an engine finds in a recording, and how the `sotto` binary is asked for it."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

import vocabulary as v


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
