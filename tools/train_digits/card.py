"""Writes the measured figures into the model's card, between its lines `<!-- results -->` and `<!-- end of results -->`.

python card.py --card ../../models/digits/README.md human.json synthetic.json …   (files that evaluate.py --json wrote)
"""

import argparse
import json
from pathlib import Path

BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"

ROWS = [  # suite, group, what it is
    ("human_singles", "all", "people, held-out recordings, single digits"),
    ("human_strings", "all, clean", "people, held-out recordings, strings of 1 to 25"),
    ("human_strings", "all, noisy room", "the same kind in a noisy room"),
    ("espeak_singles", "all", "espeak-ng, held-out voices, single digits"),
    ("espeak_strings", "all, clean", "espeak-ng, held-out voices, connected strings"),
    ("espeak_strings", "all, noisy room", "the same kind in a noisy room"),
    ("pauses", "all", "80 s with many pauses"),
    ("joints_conditioned", "people", "ten minutes without a pause, people, conditioned on earlier text (the default)"),
    ("joints_conditioned", "espeak-ng", "the same, espeak-ng"),
    ("joints_unconditioned", "people", "ten minutes without a pause, people, conditioning off"),
    ("joints_unconditioned", "espeak-ng", "the same, espeak-ng"),
]


def row(title: str, figures: dict) -> str:
    """One line of the main table."""
    counts = f"{figures['substituted']} / {figures['lost']} / {figures['doubled']}"
    times = f"{figures['time_median']:.2f} / {figures['time_95']:.2f} s" if figures["time_median"] is not None else ""
    pauses = f"{figures['pauses'] - figures['pauses_missed']} of {figures['pauses']}" if figures["pauses"] else ""
    return f"| {title} | {figures['words']} | {figures['error_rate']:.1f} % | {counts} | {times} | {pauses} |"


def rate(figures: dict) -> str:
    """Errors of how many words."""
    return f"{figures['error_rate']:.1f} % of {figures['words']}"


def not_speech(figures: dict, loudest_speech: float) -> str:
    """The paragraph on sound without speech."""
    texts = "; ".join(f"{group}: {text!r}" for group, text in figures["texts"].items()) or "none gave text"
    return (
        f"Not speech ({figures['minutes']} minutes in {figures['files']} files: every kind of noise, music, digital silence): {texts}.\n"
        f"The no-speech probability of a window is at least {figures['no_speech_min']:.3f} there, and at most {loudest_speech:.3f} in speech."
    )


def tables(results: dict) -> str:
    """All tables of the card."""
    lines = ["| what | words | errors | wrong / lost / doubled | times | pauses |", "|---|---:|---:|---:|---:|---:|"]
    lines += [row(title, results[suite][group]) for suite, group, title in ROWS]
    loudest_speech = max(results[suite]["all"]["no_speech_max"] for suite, _, _ in ROWS)
    lines += ["", not_speech(results["not_speech"], loudest_speech), ""]
    lines += ["By speaker of the data set, held-out recordings:", ""]
    lines += [
        "| speaker | single digits: errors | strings, clean: errors | strings, noisy room: errors |",
        "|---|---:|---:|---:|",
    ]
    strings = results["human_strings"]
    for speaker, figures in results["human_singles"].items():
        if not speaker.startswith("all"):
            clean, noisy = strings[f"{speaker}, clean"], strings[f"{speaker}, noisy room"]
            lines.append(f"| {speaker} | {rate(figures)} | {rate(clean)} | {rate(noisy)} |")
    lines += ["", "By accent, connected strings of held-out espeak-ng voices:", "", "| accent | errors |", "|---|---:|"]
    groups = sorted(results["espeak_strings"].items())
    lines += [f"| {group} | {rate(figures)} |" for group, figures in groups if not group.startswith("all")]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Replaces the results of the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("results", type=Path, nargs="+")
    arguments = parser.parse_args()
    results: dict = {}
    for path in arguments.results:
        results |= json.loads(path.read_text())
    missing = [suite for suite in (*dict.fromkeys(suite for suite, _, _ in ROWS), "not_speech") if suite not in results]
    if missing:
        raise SystemExit(f"no results of {', '.join(missing)}: run evaluate.py --json with all suites")
    before, rest = arguments.card.read_text().split(BEGIN)
    after = rest.split(END)[1]
    arguments.card.write_text(before + BEGIN + tables(results) + END + after)


if __name__ == "__main__":
    main()
