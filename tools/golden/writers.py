"""writers/: what openai/whisper's output writers make of results, byte for byte."""

from itertools import pairwise
from pathlib import Path

from whisper.utils import get_writer

FORMATS = ("txt", "srt", "vtt", "tsv", "json")
SUBTITLES = ("srt", "vtt")


def segment(number: int, start: float, end: float, text: str, **fields) -> dict:
    """A segment as transcribe() returns it; `fields` replace what does not matter otherwise."""
    return {
        "id": number,
        "seek": 0,
        "start": start,
        "end": end,
        "text": text,
        "tokens": [50363, 1002 + number, 50463],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.2,
        "no_speech_prob": 0.012345679104328156,
        **fields,
    }


def cleared(number: int, start: float, end: float, **fields) -> dict:
    """A segment as transcribe() leaves it that found no text in it."""
    return {**segment(number, start, end, "", tokens=[], **fields), "words": []}


def result(segments: list[dict], language: str = "en") -> dict:
    return {"text": "".join(s["text"] for s in segments), "segments": segments, "language": language}


def ordinary() -> list[dict]:
    return [
        segment(
            0,
            0.0,
            7.6000000000000005,
            " And so, my fellow Americans,",
            avg_logprob=-0.23157221930367605,
            compression_ratio=1.3373493975903614,
        ),
        segment(1, 7.6000000000000005, 10.42, " ask not what your country can do for you,"),
        segment(2, 30.18, 35.0, " ask what you can do for your country.", seek=3000, no_speech_prob=0.0),
    ]


def unicode_texts() -> list[dict]:
    texts = [
        " Grüße, à bientôt, Привет 你好 नमस्ते",
        " \U0001f600 family \U0001f468\u200d\U0001f469\u200d\U0001f467 flag \U0001f1eb\U0001f1f7",
        ' She said "yes" \\ it\'s C:\\temp \\n / </script> &amp;',
        " one --> two --> three -- > four-->five --->",
        " control \x00\x01\x08\x0b\x0c\x1b\x1f\x7f\x80\x9f end",
        " tab\there\tand\tthere ",
        " two\nlines\r\nand\rmore",
        "\u00a0\u3000\u2003 \t\n both ends \u2028\u2029\x85\x1c\x1d\x1e\x1f \u205f",
        "\u200b kept: no white space \ufeff",
        " \u2028 line \u2029 separators \ufffd \uffff \ue000 e\u0301",
        "no leading space",
    ]
    return [segment(i, 2.0 * i, 2.0 * i + 1.5, text) for i, text in enumerate(texts)]


def edges() -> list[dict]:
    times = [
        0.0, 0.0005, 0.0015, 0.0025, 0.0494999, 0.9995, 1.0005, 59.9994, 59.9995, 59.9996, 60.0, 61.0015, 1.005, 2.675,
        3599.9994, 3599.9995, 3600.0, 3661.5, 35999.999, 36000.0004, 359999.9995, 360000.25,
    ]  # fmt: skip
    numbers = [
        -0.0, 1e-05, 0.0001, 1.2345678901234567e-12, 5e-324, 0.1 + 0.2, 1 / 3, 1e15, 1e16, 123456789012345.67, 1.5e300,
        2.0**53, -1e-07, 100.0,
    ]  # fmt: skip
    segments = [segment(i, start, end, f" {start!r} to {end!r}") for i, (start, end) in enumerate(pairwise(times))]
    for i, number in enumerate(numbers):
        segments[i]["avg_logprob"] = number
    return segments


RESULTS = {
    "ordinary": result(ordinary()),
    "unicode": result(unicode_texts(), "zh"),
    "edges": result(edges()),
    "empty": result([]),
    "cleared_middle": result(
        [segment(0, 0.0, 2.0, " One."), cleared(1, 2.0, 3.0), segment(2, 3.0, 5.0, " Two."), cleared(3, 5.0, 5.0)]
    ),
    "cleared_only": result([cleared(0, 0.0, 30.0), cleared(1, 30.0, 31.5, seek=3000)]),
    "cleared_first": result(
        [
            cleared(0, 0.0, 2.0),
            cleared(1, 2.0, 2.5),
            segment(2, 3.0, 5.0, " One."),
            cleared(3, 5.0, 6.0),
            segment(4, 6.0, 7.5, " Two."),
        ]
    ),
}


def from_first_text(value: dict) -> dict:
    """The result without the cleared segments before the first text."""
    segments = value["segments"]
    while segments and "words" in segments[0]:
        segments = segments[1:]
    return {**value, "segments": segments}


def openai_crashes(value: dict, writer, name: str) -> bool:
    try:
        writer(value, name)
    except KeyError:
        return True
    return False


def write(folder: Path) -> None:
    """Where openai leaves empty lines for the first segments, or crashes, writes what Sotto writes instead."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in RESULTS.items():
        for extension in FORMATS:
            writer = get_writer(extension, str(folder))
            crashed = openai_crashes(value, writer, name)
            if crashed != (name == "cleared_first" and extension in SUBTITLES):
                raise ValueError(f"{name}.{extension}: openai's writer {'crashes' if crashed else 'no longer crashes'}")
            if crashed or extension == "txt":
                writer(from_first_text(value), name)
