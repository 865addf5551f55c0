"""Makes the recordings in samples/ with espeak-ng voices that are used for nothing else, and the list of what they say.

    python make_samples.py --out ../../samples

Needs ffmpeg with libmp3lame, libopus and the AAC encoder.
"""

import argparse
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import noises
from clips import RATE, speak, voices
from espeak import Espeak
from vocabulary import WORDS


@dataclass
class Sample:
    """One recording: groups of digits, spoken by a voice, in a container."""

    file: str
    voice: str
    groups: str
    pauses: list[float]  # s, after each group
    how: str
    ffmpeg: list[str]
    rate: int = 160  # words per minute
    noise_db: float | None = None  # level of pink noise below the speech
    echo: bool = False


SAMPLES = [
    Sample(
        "phone.wav",
        "en-us+f4",
        "731 9046",
        [0.0, 0.4],
        "a phone number; 8 kHz, 8 bit (µ-law)",
        ["-ar", "8000", "-c:a", "pcm_mulaw"],
    ),
    Sample(
        "countdown.mp3",
        "en+m6",
        "9 8 7 6 5 4 3 2 1 0",
        [1.2] * 10,
        "a countdown; stereo, 44.1 kHz, 64 kbit/s",
        ["-ar", "44100", "-ac", "2", "-b:a", "64k"],
    ),
    Sample(
        "card.flac",
        "en-us-nyc+Mike",
        "4929 1308 5567 0241",
        [1.0] * 4,
        "a card number; 16 kHz mono",
        ["-ar", "16000", "-sample_fmt", "s16"],
    ),
    Sample(
        "noisy.ogg",
        "en-gb-scotland+david",
        "60 22 815",
        [1.3, 2.0, 0.5],
        "in a room with noise; Opus, 24 kbit/s",
        ["-c:a", "libopus", "-b:a", "24k"],
        noise_db=18,
        echo=True,
    ),
    Sample(
        "fast.m4a",
        "en-gb-x-rp+Annie",
        "3141592653589793238462643383279502884",
        [0.3],
        "digits of pi without a pause; AAC, 32 kHz",
        ["-ar", "32000", "-c:a", "aac", "-b:a", "48k"],
        rate=200,
    ),
    Sample(
        "long.webm",
        "en-029+victor",
        "271 8281 82845 904 52353 6028 747 13526 62497 757 2470 93699 959 5749 66967 6277 240 76630 353",
        [2.5, 1.0, 4.0, 1.5, 7.0, 2.0, 1.2, 3.0, 5.0, 1.0, 12.0, 2.0, 1.4, 3.5, 2.0, 6.0, 1.5, 4.0, 1.0],
        "digits of e with pauses of up to 12 s; Opus, 16 kbit/s",
        ["-c:a", "libopus", "-b:a", "16k"],
        rate=130,
    ),
]


def render(espeak: Espeak, sample: Sample, rng: np.random.Generator) -> np.ndarray:
    """The recording as float32 samples at 16 kHz."""
    pieces = [np.zeros(int(0.5 * RATE), np.float32)]
    for group, pause in zip(sample.groups.split(), sample.pauses, strict=True):
        clip = speak(espeak, [int(d) for d in group], sample.voice, sample.rate, pitch=50)
        if clip is None:
            raise RuntimeError(f"espeak-ng did not give the words of {group}")
        pieces += [clip.samples, np.zeros(int(pause * RATE), np.float32)]
    samples = np.concatenate(pieces)
    if sample.echo:
        samples = noises.echo(rng, samples)
    if sample.noise_db is not None:
        noise = noises.make("pink", rng, len(samples) / RATE)[: len(samples)]
        samples = samples + noise * 0.8 * 10 ** (-sample.noise_db / 20)
    return np.clip(samples, -1, 1)


def encode(samples: np.ndarray, path: Path, options: list[str]) -> None:
    """Writes `path` through ffmpeg, with nothing in the file that changes from run to run."""
    raw = samples.astype("<f4").tobytes()
    reader = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "-"]
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", *reader, *options, "-fflags", "+bitexact", "-flags", "+bitexact", str(path)],
        input=raw,
        check=True,
    )


def text(sample: Sample) -> str:
    """What is said, in words."""
    return " ".join(WORDS[int(digit)] for digit in sample.groups.replace(" ", ""))


def readme(lengths: dict[str, float]) -> str:
    """samples/README.md"""
    lines = [
        "# Samples",
        "",
        "Spoken digits to try, made with [espeak-ng](https://github.com/espeak-ng/espeak-ng) by",
        "`tools/train_digits/make_samples.py`. The model in `models/digits` was neither trained nor measured with these voices.",
        "`expected.json` holds the texts for tests.",
        "",
        "| file | seconds | voice | what it is | text (spaces where the speaker pauses) |",
        "|---|---|---|---|---|",
    ]
    for sample in SAMPLES:
        lines.append(f"| {sample.file} | {lengths[sample.file]:.1f} | {sample.voice} | {sample.how} | {sample.groups} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes every recording, expected.json and README.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    espeak, rng, lengths = Espeak(), np.random.default_rng(3), {}
    for sample in SAMPLES:
        if sample.voice not in voices("sample"):
            raise ValueError(f"{sample.voice} is not kept for samples")
        samples = render(espeak, sample, rng)
        encode(samples, out / sample.file, sample.ffmpeg)
        lengths[sample.file] = len(samples) / RATE
    (out / "expected.json").write_text(json.dumps({sample.file: text(sample) for sample in SAMPLES}, indent=1) + "\n")
    (out / "README.md").write_text(readme(lengths))


if __name__ == "__main__":
    main()
