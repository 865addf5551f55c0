"""vocabulary_*.tiktoken: of openai/whisper's vocabularies, the tokens that the golden data need.

These are every token that occurs in the other files, and every token that byte-pair encoding passes through on the way to
the texts that are encoded. Encoding merges, again and again, the neighbours whose token has the lowest rank; with the
tokens that it makes on a text, and no others, it makes the same ones. So the tests can encode and decode as with the whole
vocabulary, which is not in the repository.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

import regex
from whisper.tokenizer import get_tokenizer

ID_LISTS = {"ids", "tokens", "initial_tokens", "tokens_without_timestamps", "non_speech_tokens", "suppress_tokens"}


class Listener:
    """A tiktoken encoding that notes what it is asked to encode."""

    def __init__(self, encoding):
        self.encoding, self.texts = encoding, []

    def encode(self, text: str, **options) -> list[int]:
        self.texts.append(text)
        return self.encoding.encode(text, **options)

    def __getattr__(self, name):
        return getattr(self.encoding, name)


def walk(value, key: str, ids: set[int], texts: list[str]) -> None:
    """Collects the ids and the encoded texts of a golden file."""
    if isinstance(value, dict):
        for name, entry in value.items():
            walk(entry, name, ids, texts)
    elif isinstance(value, list):
        if key in ID_LISTS:
            ids.update(entry for entry in value if isinstance(entry, int))
        for entry in value:
            walk(entry, key, ids, texts)
    elif isinstance(value, str) and key in ("text", "text_replaced", "initial_prompt"):
        texts.append(value)
        texts.append(" " + value.strip())


def merged(piece: bytes, ranks: dict[bytes, int]) -> set[int]:
    """The tokens that encoding makes of a piece, on the way and in the end."""
    parts = [bytes([byte]) for byte in piece]
    made = {ranks[part] for part in parts}
    while True:
        pairs = [(ranks[a + b], i) for i, (a, b) in enumerate(zip(parts, parts[1:])) if a + b in ranks]
        if not pairs:
            return made
        rank, i = min(pairs)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
        made.add(rank)


def write(multilingual: bool, folder: Path, kind: str) -> None:
    """Writes vocabulary_KIND.tiktoken, from the other golden files of that kind in the folder."""
    tokenizer = get_tokenizer(multilingual)
    listener = Listener(tokenizer.encoding)
    replace(tokenizer, encoding=listener).non_speech_tokens  # noqa: B018  (computed when read)
    ids, texts = set(), listener.texts
    for stem in ("seeded", "tokenizer", "transcribe"):
        walk(json.loads((folder / f"{stem}_{kind}.json").read_text()), "", ids, texts)
    ranks = tokenizer.encoding._mergeable_ranks
    for text in texts:
        for piece in regex.findall(tokenizer.encoding._pat_str, text):
            ids |= merged(piece.encode("utf-8"), ranks)
    ids.add(tokenizer.eot - 1)  # the file ends with the last token
    tokens = {rank: token for token, rank in ranks.items() if rank in ids or len(token) == 1}
    # As in openai's file, where the last token of the multilingual vocabulary is empty.
    lines = [f"{base64.b64encode(tokens[rank]).decode() or '='} {rank}\n" for rank in sorted(tokens)]
    (folder / f"vocabulary_{kind}.tiktoken").write_text("".join(lines), encoding="ascii")
