"""Makes testdata/golden from openai/whisper. See README.md beside this file.

python tools/golden/make_golden.py --vocab DIR --audio jfk.wav --out testdata/golden [PART ...]
"""

import argparse
import json
import sys
import warnings
from importlib.resources import files
from pathlib import Path

import torch

import mel
import scenarios
import seeded
import tokenization
import vocabulary
import writers

KINDS = {"multilingual": True, "english": False}
VOCABULARIES = ("multilingual.tiktoken", "gpt2.tiktoken")


def check_vocabularies(folder: Path) -> None:
    """The tests read the vocabularies from `folder`; openai's code takes those of its package."""
    for name in VOCABULARIES:
        package = files("whisper") / "assets" / name
        if (folder / name).read_bytes().split() != package.read_bytes().split():
            raise ValueError(f"{folder / name} is not the vocabulary of the installed openai-whisper")


def dump(value, path: Path) -> None:
    """JSON with one line per top-level entry, and one per element where that is a list of objects."""
    lines = []
    for key, entry in value.items():
        if isinstance(entry, list) and entry and isinstance(entry[0], dict):
            text = "[\n" + ",\n".join("  " + json.dumps(element) for element in entry) + "\n ]"
        else:
            text = json.dumps(entry)
        lines.append(f" {json.dumps(key)}: {text}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


def make(part: str, out: Path, recording: Path) -> None:
    if part == "mel":
        dump(mel.golden(recording), out / "mel_golden.json")
    elif part == "writers":
        writers.write(out / "writers")
    elif part == "vocabulary":
        for kind, multilingual in KINDS.items():
            vocabulary.write(multilingual, out, kind)
    else:
        module, stem = {
            "seeded": (seeded, "seeded"),
            "tokenizer": (tokenization, "tokenizer"),
            "transcribe": (scenarios, "transcribe"),
        }[part]
        for kind, multilingual in KINDS.items():
            dump(module.golden(multilingual), out / f"{stem}_{kind}.json")


PARTS = ("mel", "seeded", "tokenizer", "transcribe", "vocabulary", "writers")  # vocabulary reads those before it


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the golden data from openai/whisper.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to make: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--vocab", type=Path, required=True, help="folder with " + " and ".join(VOCABULARIES))
    parser.add_argument("--audio", type=Path, required=True, help="jfk.wav, 16 kHz mono 16-bit")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
    check_vocabularies(arguments.vocab)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for part in arguments.parts or PARTS:
        print(part, file=sys.stderr)
        make(part, arguments.out, arguments.audio)


if __name__ == "__main__":
    main()
