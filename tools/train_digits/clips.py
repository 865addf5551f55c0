"""The clip bank: spoken digits as short trimmed clips with the times of their words, and sounds that are not speech.

Run as a program it renders the bank once; training mixes windows out of it.

    python clips.py --fsdd recordings/ --out bank.npz
"""

import argparse
import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

import noises
from espeak import Espeak
from vocabulary import WORDS

RATE = 16000
ACCENTS = "en-us en en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc".split()
TRAIN_INDICES = range(10, 50)
TEST_INDICES = range(5, 10)
ALL_INDICES = range(5, 50)
NOISES = 32  # renderings of each kind of noise


@dataclass
class Clip:
    """A stretch of speech: samples float32 [n] at 16 kHz, and its words as (digit, start, end) in seconds."""

    samples: np.ndarray
    words: list[tuple[int, float, float]]


def speech_span(
    samples: np.ndarray, rate: int = RATE, reference: float | None = None, drop_db: float = 35
) -> tuple[float, float]:
    """Start and end (s) of what is louder than `drop_db` below the loudest 10 ms (or below the RMS `reference`)."""
    hop = rate // 100
    frames = samples[: len(samples) // hop * hop].astype(np.float64).reshape(-1, hop)
    rms = np.sqrt((frames**2).mean(axis=1)) if len(frames) else np.zeros(1)
    loud = np.flatnonzero(rms >= max(reference or rms.max(), 1e-6) * 10 ** (-drop_db / 20))
    return (loud[0] / 100, (loud[-1] + 1) / 100) if len(loud) else (0.0, len(samples) / rate)


def trimmed(samples: np.ndarray, digits: list[int], starts: list[float], drop_db: float) -> Clip:
    """Cuts silence around the clip (leaving 20 ms), sets its RMS to 0.08, and trims each word to its sound."""
    hop = RATE // 100
    loudest = np.sqrt((samples[: len(samples) // hop * hop].reshape(-1, hop) ** 2).mean(axis=1)).max()
    ends = [*starts[1:], len(samples) / RATE]
    words = []
    for digit, start, end in zip(digits, starts, ends):
        first, last = speech_span(samples[int(start * RATE) : int(end * RATE)], reference=loudest, drop_db=drop_db)
        words.append((digit, start + first, start + last))
    begin = max(0, int((words[0][1] - 0.02) * RATE))
    samples = samples[begin : int((words[-1][2] + 0.02) * RATE)]
    samples = np.clip(samples * (0.08 / np.sqrt(np.mean(samples**2) + 1e-12)), -1, 1)
    return Clip(samples.astype(np.float32), [(d, s - begin / RATE, e - begin / RATE) for d, s, e in words])


def read_fsdd(path: Path) -> Clip:
    """One recording of the Free Spoken Digit Dataset, `{digit}_{speaker}_{index}.wav`, brought to 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32")
    return trimmed(resample_poly(samples, RATE, rate), [int(path.name[0])], [0.0], drop_db=30)


def fsdd_files(folder: Path, indices: range) -> dict[str, list[Path]]:
    """The recordings with the given indices, by speaker."""
    by_speaker: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*_*_*.wav")):
        _, speaker, index = path.stem.split("_")
        if int(index) in indices:
            by_speaker.setdefault(speaker, []).append(path)
    return by_speaker


def espeak_variants() -> list[str]:
    """The names of espeak-ng's voice variants, in a fixed order."""
    library = ctypes.CDLL("libespeak-ng.so.1")
    folder = ctypes.c_char_p()
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Initialize(2, 0, None, 0)
    library.espeak_Info(ctypes.byref(folder))
    return sorted(os.listdir(Path(folder.value.decode()) / "voices" / "!v"), key=lambda name: (name.lower(), name))


def voices(split: str) -> list[str]:
    """The espeak-ng voices (accent+variant) of "train", "test" or "sample": the variants of each are disjoint."""
    chosen = []
    for index, variant in enumerate(espeak_variants()):
        where = {3: "test", 7: "sample"}.get(index % 10, "train")
        if where == split:
            chosen += [f"{accent}+{variant}" for accent in ACCENTS]
    return chosen


def speak(espeak: Espeak, digits: list[int], voice: str, rate: int, pitch: int, word_gap: int = 0) -> Clip | None:
    """Digits in one breath; None where espeak-ng's word events do not fit the text."""
    samples, starts = espeak.speak(" ".join(WORDS[d] for d in digits), voice, rate, pitch, word_gap)
    starts = starts[: len(digits)]  # one more event ends the sentence
    if len(starts) != len(digits) or len(samples) < espeak.sample_rate // 10:
        return None
    return trimmed(resample_poly(samples / np.float32(32768), 320, 441), digits, starts, drop_db=35)


def voice_clips(espeak: Espeak, voice: str, rng: np.random.Generator, strings: int) -> list[Clip]:
    """Ten single digits and some connected strings of 2…8 digits in one voice, at one random speed and pitch.

    Every fourth string or so is made of two digits only, so that repetitions are common.
    """
    rate, pitch = int(rng.integers(110, 240)), int(rng.integers(15, 86))
    texts = [[digit] for digit in range(10)]
    for _ in range(strings):
        alphabet = rng.choice(10, size=rng.choice([2, 10, 10, 10]), replace=False)
        texts.append(rng.choice(alphabet, size=rng.integers(2, 9)).tolist())
    clips = [speak(espeak, text, voice, rate, pitch, int(rng.choice([0, 0, 1, 4]))) for text in texts]
    return [clip for clip in clips if clip is not None]


class Bank:
    """All clips of a bank file, grouped by speaker, and its noises.

    File: `samples` int16 [all clips one after another], `clips` int [n, 3] (speaker, first sample, samples),
    `words` float [m, 4] (clip, digit, start, end), `speakers` names, `noises` int16 [k, samples].
    """

    def __init__(self, path: str):
        data = np.load(path)
        self.samples, self.noises, self.names = data["samples"], data["noises"], data["speakers"].tolist()
        self.clips, self.words = data["clips"], data["words"]
        self.first_word = np.searchsorted(self.words[:, 0], np.arange(len(self.clips) + 1))
        self.of_speaker = [np.flatnonzero(self.clips[:, 0] == s) for s in range(len(self.names))]
        self.first_digit = self.words[self.first_word[:-1], 1]
        self.human = [s for s, name in enumerate(self.names) if name.startswith("fsdd:")]
        self.synthetic = [s for s, name in enumerate(self.names) if not name.startswith("fsdd:")]

    def clip(self, index: int) -> Clip:
        """Clip `index` of the bank."""
        _, first, count = self.clips[index]
        words = self.words[self.first_word[index] : self.first_word[index + 1]]
        samples = self.samples[first : first + count].astype(np.float32) / 32768
        return Clip(samples, [(int(d), float(s), float(e)) for _, d, s, e in words])


def save_bank(path: str, by_speaker: dict[str, list[Clip]], sounds: list[np.ndarray]) -> None:
    """Writes a bank file; see Bank for its layout."""
    samples, clips, words, first = [], [], [], 0
    for speaker, spoken in enumerate(by_speaker.values()):
        for clip in spoken:
            words += [(len(clips), *word) for word in clip.words]
            clips.append((speaker, first, len(clip.samples)))
            samples.append((clip.samples * 32767).astype(np.int16))
            first += len(clip.samples)
    np.savez(
        path,
        samples=np.concatenate(samples),
        clips=np.array(clips, np.int64),
        words=np.array(words, np.float64),
        speakers=np.array(list(by_speaker)),
        noises=np.stack([(sound * 32767).astype(np.int16) for sound in sounds]),
    )


def main() -> None:
    """Renders the bank of training clips."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fsdd", type=Path, required=True, help="folder with the recordings of the Free Spoken Digit Dataset")
    parser.add_argument("--out", required=True, help="bank file to write (.npz)")
    parser.add_argument("--leave-out", help="a speaker of the dataset to leave out of the training clips")
    parser.add_argument("--renderings", type=int, default=3, help="speeds and pitches of each espeak-ng voice")
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)

    by_speaker: dict[str, list[Clip]] = {}
    for speaker, paths in fsdd_files(arguments.fsdd, TRAIN_INDICES).items():
        if speaker != arguments.leave_out:
            by_speaker[f"fsdd:{speaker}"] = [read_fsdd(path) for path in paths]
    espeak = Espeak()
    for voice in voices("train"):
        for rendering in range(arguments.renderings):
            by_speaker[f"{voice}#{rendering}"] = voice_clips(espeak, voice, rng, strings=5)
    sounds = [noises.make(kind, rng, 40) for kind in noises.KINDS for _ in range(NOISES)]
    save_bank(arguments.out, by_speaker, sounds)
    print(f"{arguments.out}: {len(by_speaker)} speakers, {sum(map(len, by_speaker.values()))} clips, {len(sounds)} noises")


if __name__ == "__main__":
    main()
