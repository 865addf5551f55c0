"""Measures a digits folder on voices and recordings that it was not trained on, through the whole transcription loop.

python evaluate.py --model ../../models/digits --fsdd recordings/
python evaluate.py --model ../../models/digits --fsdd recordings/ --engine sotto --binary ../../build/sotto
"""

import argparse
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

import noises
from clips import (
    ALL_INDICES,
    RATE,
    TEST_INDICES,
    Clip,
    fsdd_files,
    read_fsdd,
    speak,
    voices,
)
from engines import Segment, Sotto
from espeak import Espeak

Word = tuple[int, float, float]  # digit, start, end in seconds


@dataclass
class Case:
    """A recording with known words."""

    group: str
    samples: np.ndarray
    words: list[Word]


@dataclass
class Tally:
    """Counts over a suite."""

    words: int = 0
    substituted: int = 0
    lost: int = 0
    doubled: int = 0
    time_errors: list[float] = field(default_factory=list)  # s
    pauses: int = 0
    pauses_missed: int = 0
    no_speech: list[float] = field(default_factory=list)

    @property
    def error_rate(self) -> float:
        """Word error rate in per cent."""
        return 100 * (self.substituted + self.lost + self.doubled) / max(self.words, 1)


def align(truth: list[int], heard: list[int]) -> list[tuple[int | None, int | None]]:
    """The cheapest alignment of two sequences, as pairs of indices; None where one has nothing."""
    cost = np.zeros((len(truth) + 1, len(heard) + 1), np.int64)
    cost[:, 0], cost[0, :] = np.arange(len(truth) + 1), np.arange(len(heard) + 1)
    for i in range(1, len(truth) + 1):
        for j in range(1, len(heard) + 1):
            same = cost[i - 1, j - 1] + (truth[i - 1] != heard[j - 1])
            cost[i, j] = min(same, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs, i, j = [], len(truth), len(heard)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (truth[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def score(tally: Tally, words: list[Word], segments: list[Segment]) -> None:
    """Adds one recording: word errors, the times of segments whose outer words were heard, and pauses of 1 s or more."""
    spoken = [segment for segment in segments if segment.text.strip()]
    heard = [(digit, index) for index, segment in enumerate(spoken) for digit in segment.digits]
    partner: dict[int, int] = {}  # index of a heard word -> index of the true one
    tally.words += len(words)
    for true, found in align([word[0] for word in words], [digit for digit, _ in heard]):
        tally.lost += found is None
        tally.doubled += true is None
        if true is not None and found is not None:
            partner[found] = true
            tally.substituted += words[true][0] != heard[found][0]
    members = defaultdict(list)
    for found, (_, index) in enumerate(heard):
        members[index].append(partner.get(found))
    for index, segment in enumerate(spoken):
        first, last = members[index][0], members[index][-1]
        tally.time_errors += [abs(segment.start - words[first][1])] if first is not None else []
        tally.time_errors += [abs(segment.end - words[last][2])] if last is not None else []
    segment_of = {true: heard[found][1] for found, true in partner.items()}
    for left in range(len(words) - 1):
        if words[left + 1][1] - words[left][2] >= 1.0 and left in segment_of and left + 1 in segment_of:
            tally.pauses += 1
            tally.pauses_missed += segment_of[left] == segment_of[left + 1]
    tally.no_speech += [segment.no_speech for segment in spoken]


def join(
    clips: list[Clip], gaps: list[float], lead: float, trail: float, rng: np.random.Generator
) -> tuple[np.ndarray, list[Word]]:
    """Clips one after another: `gaps` (s) of silence between their sounds, `lead` before and `trail` after."""
    now, words, placed = lead, [], []
    for clip, gap in zip(clips, [*gaps, 0.0]):
        origin = now - clip.words[0][1]
        placed.append((max(0, int(origin * RATE)), clip.samples * 10 ** (rng.normal(0, 2) / 20)))
        words += [(digit, origin + start, origin + end) for digit, start, end in clip.words]
        now = words[-1][2] + gap
    samples = np.zeros(int((now + trail) * RATE), np.float32)
    for first, piece in placed:
        piece = piece[: len(samples) - first]
        samples[first : first + len(piece)] += piece
    return samples, words


def degrade(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room, and noise 12 to 25 dB below the speech."""
    samples = noises.echo(rng, samples)
    noise = noises.make(str(rng.choice(["white", "pink", "brown", "hum", "fan", "rumble"])), rng, len(samples) / RATE + 0.1)
    level = np.sqrt(np.mean(samples[np.abs(samples) > 0.01] ** 2)) if np.any(np.abs(samples) > 0.01) else 0.05
    return np.clip(samples + noise[: len(samples)] * level * 10 * 10 ** (-rng.uniform(12, 25) / 20), -1, 1).astype(np.float32)


def strings(clips: list[Clip], group: str, count: int, rng: np.random.Generator) -> list[Case]:
    """Recordings of 1…25 digits out of one speaker's clips, every second one in a noisy room."""
    cases = []
    for index in range(count):
        chosen = [clips[i] for i in rng.integers(0, len(clips), size=rng.integers(1, 26))]
        wide = rng.choice([0.0, 0.15, 0.4], size=1)[0]
        gaps = [rng.uniform(0, wide) if rng.random() < 0.85 else rng.uniform(1.0, 4.0) for _ in chosen[1:]]
        samples, words = join(chosen, gaps, rng.uniform(0, 2), rng.uniform(0, 1.5), rng)
        cases.append(
            Case(f"{group}, {'noisy room' if index % 2 else 'clean'}", degrade(samples, rng) if index % 2 else samples, words)
        )
    return cases


def human_singles(held_out: dict[str, list[Path]]) -> list[Case]:
    """The held-out recordings as they are in the data set, by speaker."""
    cases = []
    for speaker, paths in held_out.items():
        for path in paths:
            samples, rate = soundfile.read(path, dtype="float32")
            start, end = 0.0, len(samples) / rate
            cases.append(
                Case(speaker, resample_poly(samples, RATE, rate).astype(np.float32), [(int(path.name[0]), start, end)])
            )
    return cases


def human_strings(held_out: dict[str, list[Path]], rng: np.random.Generator) -> list[Case]:
    """Held-out recordings of each speaker, strung together."""
    cases = []
    for speaker, paths in held_out.items():
        cases += strings([read_fsdd(path) for path in paths], speaker, 12, rng)
    return cases


def synthetic(espeak: Espeak, rng: np.random.Generator) -> tuple[list[Case], list[Case]]:
    """Held-out voices of espeak-ng: single digits, and strings made of connected speech; by accent."""
    singles, connected = [], []
    for voice in voices("test"):
        rate, pitch, accent = int(rng.integers(120, 220)), int(rng.integers(20, 80)), voice.split("+")[0]
        for digit in rng.choice(10, size=3, replace=False):
            clip = speak(espeak, [int(digit)], voice, rate, pitch)
            singles.append(Case(accent, *join([clip], [], rng.uniform(0, 1), rng.uniform(0, 1), rng)))
        texts = [rng.integers(0, 10, size=rng.integers(1, 8)).tolist() for _ in range(4)]
        clips = [clip for text in texts if (clip := speak(espeak, text, voice, rate, pitch))]
        samples, words = join(clips, rng.uniform(0, 1.8, size=3).tolist(), rng.uniform(0, 3), rng.uniform(0, 2), rng)
        noisy = len(connected) % 2
        connected.append(
            Case(f"{accent}, {'noisy room' if noisy else 'clean'}", degrade(samples, rng) if noisy else samples, words)
        )
    return singles, connected


def long_pauses(clips: list[Clip], rng: np.random.Generator) -> list[Case]:
    """Recordings of about 80 s with a pause of 1 to 5 s after every one to eight clips."""
    cases = []
    for _ in range(6):
        gaps: list[float] = []
        while sum(gaps) + 0.4 * len(gaps) < 80:
            gaps += [rng.uniform(0, 0.3) for _ in range(rng.integers(0, 8))] + [rng.uniform(1.0, 5.0)]
        chosen = [clips[i] for i in rng.integers(0, len(clips), size=len(gaps) + 1)]
        cases.append(Case("80 s with pauses", *join(chosen, gaps, rng.uniform(0, 3), 1.0, rng)))
    return cases


def ten_minutes(clips: list[Clip], group: str, rng: np.random.Generator, widest: float) -> Case:
    """Ten minutes of digits whose gaps are at most `widest` seconds."""
    chosen = [clips[i] for i in rng.integers(0, len(clips), size=4000)]
    lengths = np.cumsum([clip.words[-1][2] - clip.words[0][1] + widest / 2 for clip in chosen])
    chosen = chosen[: int(np.searchsorted(lengths, 600))]
    return Case(group, *join(chosen, rng.uniform(0, widest, size=len(chosen) - 1).tolist(), 0.0, 0.5, rng))


def not_speech(rng: np.random.Generator) -> list[Case]:
    """Ten minutes of sound without speech: every kind, digital silence, and a change between kinds."""
    cases = [Case("digital silence", np.zeros(30 * RATE, np.float32), [])]
    for kind in noises.KINDS:
        for level in (1.0, 0.05):
            cases.append(Case(kind, noises.make(kind, rng, 25) * level, []))
    everything = [noises.make(kind, rng, 12) * rng.uniform(0.02, 2) for kind in rng.permutation(list(noises.KINDS))]
    cases.append(Case("all kinds in one file", np.clip(np.concatenate(everything), -1, 1), []))
    return cases


def run(engine, cases: list[Case], conditioned: bool = True) -> dict[str, Tally]:
    """Transcribes and scores, by group."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for case in cases:
        score(tallies[case.group], case.words, engine.transcribe(case.samples, conditioned))
    return dict(tallies)


def summary(tally: Tally) -> dict:
    """The figures of a tally, as `--json` writes them; times in seconds."""
    median, most = np.percentile(tally.time_errors, [50, 95]).round(4).tolist() if tally.time_errors else (None, None)
    return {
        "words": tally.words,
        "substituted": tally.substituted,
        "lost": tally.lost,
        "doubled": tally.doubled,
        "error_rate": round(tally.error_rate, 2),
        "time_median": median,
        "time_95": most,
        "pauses": tally.pauses,
        "pauses_missed": tally.pauses_missed,
        "no_speech_max": max(tally.no_speech, default=None),
    }


def merged(tallies: dict[str, Tally]) -> Tally:
    """The sum of some tallies."""
    whole = Tally()
    for tally in tallies.values():
        for name in vars(whole):
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
    return whole


def report(title: str, tallies: dict[str, Tally], times: bool = True) -> dict:
    """Prints one line for each group and one for all; returns their figures. `times`: the true ones are known."""
    if not times:
        for tally in tallies.values():
            tally.time_errors.clear()
    print(f"\n{title}")
    for group, t in [*sorted(tallies.items()), *([("all", merged(tallies))] if len(tallies) > 1 else [])]:
        errors = f"{t.error_rate:5.2f} % errors ({t.substituted} wrong, {t.lost} lost, {t.doubled} doubled)"
        line = f"  {group:30} {t.words:5} words, {errors}"
        if t.time_errors:
            median, most = np.percentile(t.time_errors, [50, 95])
            line += f"; times: median {median:.3f} s, 95 % within {most:.3f} s"
        if t.pauses:
            line += f"; {t.pauses - t.pauses_missed} of {t.pauses} pauses >= 1 s end a segment"
        if t.no_speech:
            line += f"; no_speech <= {max(t.no_speech):.3f}"
        print(line, flush=True)
    figures = {group: summary(tally) for group, tally in tallies.items()}
    for part in ("clean", "noisy room"):
        if chosen := {group: tally for group, tally in tallies.items() if group.endswith(f", {part}")}:
            figures[f"all, {part}"] = summary(merged(chosen))
    return {**figures, "all": summary(merged(tallies))}


def report_not_speech(engine, cases: list[Case]) -> dict:
    """Prints the text heard in sound without speech, which should be none; returns the figures."""
    print("\nNot speech")
    texts, lowest, seconds = {}, 1.0, 0.0
    for case in cases:
        segments = engine.transcribe(case.samples, True)
        text = "".join(segment.text for segment in segments).strip()
        lowest = min([lowest, *(segment.no_speech for segment in segments)])
        seconds += len(case.samples) / RATE
        if text:
            print(f"  {case.group}: {text!r}")
            texts[case.group] = text
    print(f"  {len(cases)} files, {seconds / 60:.1f} min: {len(texts)} with text; no_speech >= {lowest:.3f}", flush=True)
    return {"files": len(cases), "minutes": round(seconds / 60, 1), "texts": texts, "no_speech_min": lowest}


def main() -> None:
    """Runs every suite, or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face folder")
    parser.add_argument("--fsdd", type=Path, required=True, help="folder with the recordings of the Free Spoken Digit Dataset")
    parser.add_argument("--engine", choices=["openai", "sotto"], default="openai")
    parser.add_argument("--binary", default="sotto", help="the program to run with --engine sotto")
    parser.add_argument("--option", action="append", default=[], help="a further option for the program; repeat for several")
    parser.add_argument("--suite", action="append", choices=["human", "synthetic", "pauses", "joints", "noise"])
    parser.add_argument("--speaker", help="only this speaker, all recordings (for a model trained without it)")
    parser.add_argument("--json", type=Path, help="also write the figures here, for card.py")
    arguments = parser.parse_args()
    began = time.time()
    openai = arguments.engine == "openai"
    if openai:
        from openai_engine import OpenAI  # its packages are large, and Sotto needs none of them

        engine = OpenAI(arguments.model)
    else:
        engine = Sotto(arguments.model, arguments.binary, arguments.option)
    suites = arguments.suite or ["human", "synthetic", "pauses", "joints", "noise"]
    espeak, held_out = Espeak(), fsdd_files(arguments.fsdd, TEST_INDICES)
    if arguments.speaker:
        suites = ["human"]
        held_out = {arguments.speaker: fsdd_files(arguments.fsdd, ALL_INDICES)[arguments.speaker]}
    human = [read_fsdd(path) for paths in held_out.values() for path in paths]
    voice_rng = np.random.default_rng(11)
    spoken = [
        speak(espeak, [int(d)], voice, 170, 50) for voice in voices("test")[::3] for d in voice_rng.integers(0, 10, size=4)
    ]

    results = {}
    if "human" in suites:
        title = "Held-out recordings of people"
        results["human_singles"] = report(f"{title}, single digits", run(engine, human_singles(held_out)), times=False)
        results["human_strings"] = report(f"{title}, strings", run(engine, human_strings(held_out, np.random.default_rng(1))))
    if "synthetic" in suites:
        title = "Held-out voices of espeak-ng"
        singles, connected = synthetic(espeak, np.random.default_rng(2))
        results["espeak_singles"] = report(f"{title}, single digits", run(engine, singles))
        results["espeak_strings"] = report(f"{title}, connected strings", run(engine, connected))
    if "pauses" in suites:
        rng = np.random.default_rng(3)
        results["pauses"] = report("Pauses", run(engine, long_pauses(human, rng) + long_pauses(spoken, rng)))
    if "joints" in suites:
        for name, conditioned in (("joints_conditioned", True), ("joints_unconditioned", False)):
            rng = np.random.default_rng(4)
            cases = [ten_minutes(human, "people", rng, 0.2), ten_minutes(spoken, "espeak-ng", rng, 0.1)]
            title = f"Ten minutes without a pause, {'' if conditioned else 'not '}conditioned on earlier text"
            results[name] = report(title, run(engine, cases, conditioned))
    if "noise" in suites:
        results["not_speech"] = report_not_speech(engine, not_speech(np.random.default_rng(5)))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\n{time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
