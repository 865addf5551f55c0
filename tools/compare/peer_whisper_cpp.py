"""whisper.cpp: python peer_whisper_cpp.py WHISPER_BENCH MODEL THREADS

A run of whisper-bench measures encoder and tokens at once; the tokens of a run are asked for after its encoder. It takes
no sound, so that windows are what the two add up to, one window after the other: less than whisper.cpp takes from sound
to text, which makes a spectrogram, reads a prompt and chooses tokens besides.
"""

import ctypes
import re
import subprocess
import sys
from pathlib import Path

from peer import serve

TOKENS = 100

program, model, threads = sys.argv[1:]
last: dict[str, float] = {}


def version() -> str:
    """What the library says that the program is linked with, else the build folder where the program lies."""
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    if library := re.search(r"libwhisper\S* => (/\S+)", linked):
        say_version = ctypes.CDLL(library[1]).whisper_version
        say_version.restype = ctypes.c_char_p
        return say_version().decode()
    build = Path(program).resolve().parent.parent / "whisper-config.cmake"
    said = re.search(r"set\(WHISPER_VERSION\s+(\S+)\)", build.read_text()) if build.exists() else None
    return said[1] if said else "of unknown version"


def check() -> None:
    """That the first run, which comes late, will not fail for what can be seen now."""
    if not Path(model).is_file():
        raise SystemExit(f"{model} is no file: whisper.cpp's models are one (sotto model convert makes it)")
    help_text = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    if "--model" not in help_text.stdout + help_text.stderr:
        raise SystemExit(f"{program} is no whisper-bench: its --help does not speak of --model")


def run() -> None:
    done = subprocess.run([program, "-m", model, "-t", threads, "-ng"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{program} failed: {done.stderr.strip().splitlines()[-1:]}")
    last.clear()
    for kind, milliseconds in re.findall(r"(encode|decode) time .*\(\s*([0-9.]+) ms per run\)", done.stderr + done.stdout):
        last[kind] = float(milliseconds) / 1e3
    if last.keys() != {"encode", "decode"}:
        raise SystemExit(f"{program} does not say how long it encodes and decodes")


def encoder() -> float:
    run()
    return last["encode"]


def token(n: int) -> float | None:
    if n != 1:
        return None
    if "decode" not in last:
        run()
    return last.pop("decode")


def windows(n: int) -> float:
    run()
    return n * (last["encode"] + TOKENS * last.pop("decode"))


check()
serve(f"whisper.cpp {version()} {Path(model).name}", {"encoder": encoder, "token": token, "windows": windows})
