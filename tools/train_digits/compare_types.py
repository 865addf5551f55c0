"""Measures what a compute type of `sotto` costs: word errors and tokens against those of float32, over at least 10,000 words.

python compare_types.py --model ../../models/digits --fsdd recordings/ --binary ../../build/release/src/apps/sotto --type int8

Recordings are shorter than a window of 30 s: half of the words are held-out recordings of people, strung together, half held-out
voices of espeak-ng; every second recording is in a noisy room.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from clips import RATE, TEST_INDICES, fsdd_files, read_fsdd, speak, voices
from engines import Segment
from espeak import Espeak
from evaluate import Case, Tally, degrade, join, score, strings

LONGEST = 29  # s, with room for a window of 30 s


def n_words(cases: list[Case]) -> int:
    """Words spoken in the cases."""
    return sum(len(case.words) for case in cases)


def people(fsdd: Path, words: int, rng: np.random.Generator) -> list[Case]:
    """At least so many words of held-out recordings."""
    clips = {speaker: [read_fsdd(path) for path in paths] for speaker, paths in fsdd_files(fsdd, TEST_INDICES).items()}
    cases: list[Case] = []
    while n_words(cases) < words:
        for speaker, spoken in clips.items():
            cases += [case for case in strings(spoken, speaker, 12, rng) if len(case.samples) < LONGEST * RATE]
    return cases


def synthetic(words: int, rng: np.random.Generator) -> list[Case]:
    """At least so many words of held-out voices of espeak-ng, in connected strings with pauses between them."""
    espeak, names = Espeak(), voices("test")
    cases: list[Case] = []
    tries = 0
    while n_words(cases) < words:
        voice = names[tries % len(names)]
        tries += 1
        rate, pitch = int(rng.integers(120, 220)), int(rng.integers(20, 80))
        texts = [rng.integers(0, 10, size=rng.integers(1, 8)).tolist() for _ in range(rng.integers(2, 6))]
        clips = [clip for text in texts if (clip := speak(espeak, text, voice, rate, pitch))]
        if not clips:
            continue
        gaps = rng.uniform(0, 1.8, size=len(clips) - 1).tolist()
        samples, spoken = join(clips, gaps, rng.uniform(0, 3), rng.uniform(0, 2), rng)
        if len(samples) >= LONGEST * RATE:
            continue
        noisy = len(cases) % 2
        cases.append(Case(f"espeak-ng, {'noisy room' if noisy else 'clean'}", degrade(samples, rng) if noisy else samples, spoken))
    return cases


def transcribe(arguments: argparse.Namespace, compute_type: str, folder: Path, count: int) -> list[dict]:
    """The JSON result of each of the recordings `folder`/0000.wav …"""
    out = folder / compute_type
    files = [str(folder / f"{index:04}.wav") for index in range(count)]
    command = [arguments.binary, "transcribe", "--model", str(arguments.model), "--output-format", "json", "--temperature", "0"]
    command += ["--compute-type", compute_type, "--output-dir", str(out), *files]
    subprocess.run(command, check=True, capture_output=True)
    return [json.loads((out / f"{index:04}.json").read_text()) for index in range(count)]


def windows_of(result: dict) -> dict[int, list[int]]:
    """The tokens of each window that has some, by the frame at which it begins."""
    windows: dict[int, list[int]] = {}
    for segment in result["segments"]:
        windows.setdefault(segment["seek"], []).extend(segment["tokens"])
    return windows


def tally(cases: list[Case], results: list[dict]) -> Tally:
    """The word errors of all recordings."""
    whole = Tally()
    for case, result in zip(cases, results):
        segments = [Segment(s["start"], s["end"], s["text"], s["no_speech_prob"]) for s in result["segments"]]
        score(whole, case.words, segments)
    return whole


def report(name: str, cases: list[Case], results: list[dict], reference: list[dict]) -> dict:
    """Prints and returns the figures of one type."""
    errors = tally(cases, results)
    pairs = [(windows_of(b), windows_of(a)) for a, b in zip(results, reference)]
    windows = sum(len(truth) for truth, _ in pairs)
    same = sum(found.get(seek) == tokens for truth, found in pairs for seek, tokens in truth.items())
    texts = sum(a["text"] == b["text"] for a, b in zip(results, reference))
    print(
        f"{name}: {errors.error_rate:.2f} % errors in {errors.words} words ({errors.substituted} wrong, {errors.lost} lost, "
        f"{errors.doubled} doubled); as float32: tokens of {same} of {windows} windows ({100 * same / windows:.2f} %), "
        f"texts of {texts} of {len(cases)} recordings",
        flush=True,
    )
    return {"error_rate": errors.error_rate, "words": errors.words, "windows": windows, "same_tokens": same, "same_texts": texts}


def main() -> None:
    """Makes the recordings and runs each type over them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face folder")
    parser.add_argument("--fsdd", type=Path, required=True, help="folder with the recordings of the Free Spoken Digit Dataset")
    parser.add_argument("--binary", default="sotto", help="the program to run")
    parser.add_argument("--type", action="append", required=True, help="a compute type; repeat for several")
    parser.add_argument("--words", type=int, default=10000, help="at least so many words, half of them of people")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    rng = np.random.default_rng(21)
    half = (arguments.words + 1) // 2
    cases = people(arguments.fsdd, half, rng) + synthetic(half, rng)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, case in enumerate(cases):
            soundfile.write(folder / f"{index:04}.wav", case.samples, RATE, subtype="FLOAT")
        reference = transcribe(arguments, "float32", folder, len(cases))
        figures = {"float32": report("float32", cases, reference, reference)}
        for compute_type in arguments.type:
            results = transcribe(arguments, compute_type, folder, len(cases))
            figures[compute_type] = report(compute_type, cases, results, reference)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
