"""The vocabulary: 256 bytes, the merges that spell the ten digits, then Whisper's special tokens.

The layout is that of OpenAI's English-only models: base tokens, `<|endoftext|>`, `<|startoftranscript|>`, 99 languages,
tasks, `<|nocaptions|>`, `<|notimestamps|>` and 1501 timestamps of 20 ms. Only the base part is smaller. A merge's token id
is 256 + its rank, so rank-ordered byte pair encoding (tiktoken) and merge lists (Hugging Face) agree.
"""

WORDS = "zero one two three four five six seven eight nine".split()

LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy "
    "sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo "
    "uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
).split()


def byte_order() -> list[int]:
    """The 256 byte values in the order of GPT-2's vocabulary: printable ones first, so '!' is token 0."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return printable + [b for b in range(256) if b not in printable]


def byte_characters() -> dict[int, str]:
    """GPT-2's byte -> visible character table: printable bytes stand for themselves, the others for U+0100 and up."""
    order = byte_order()
    return {b: chr(b) if i < 188 else chr(256 + i - 188) for i, b in enumerate(order)}


def digit_merges() -> list[tuple[str, str]]:
    """Left-to-right merges, from the space on, that make each " word" one token; shared prefixes appear once."""
    merges = []
    for word in WORDS:
        for end, letter in enumerate(word):
            pair = (" " + word[:end], letter)
            if pair not in merges:
                merges.append(pair)
    return merges


MERGES = digit_merges()
CHARACTERS = byte_characters()
BASE_TOKENS: list[bytes] = [bytes([b]) for b in byte_order()] + [(a + b).encode() for a, b in MERGES]

EOT = len(BASE_TOKENS)
SOT = EOT + 1
TRANSLATE = SOT + 1 + len(LANGUAGES)
TRANSCRIBE = TRANSLATE + 1
SOT_LM = TRANSLATE + 2
SOT_PREV = TRANSLATE + 3
NO_SPEECH = TRANSLATE + 4
NO_TIMESTAMPS = TRANSLATE + 5
TIMESTAMP_BEGIN = TRANSLATE + 6
SIZE = TIMESTAMP_BEGIN + 1501

SPACE = BASE_TOKENS.index(b" ")
NEWLINE = BASE_TOKENS.index(b"\n")
DIGITS = [BASE_TOKENS.index(f" {word}".encode()) for word in WORDS]


def special_tokens(no_speech: str = "<|nocaptions|>") -> list[str]:
    """The texts of tokens EOT, EOT + 1, …; openai/whisper's own package calls the no-speech token <|nospeech|>."""
    return [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{language}|>" for language in LANGUAGES),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        no_speech,
        "<|notimestamps|>",
        *(f"<|{i * 0.02:.2f}|>" for i in range(1501)),
    ]


def visible(token: bytes) -> str:
    """A base token as GPT-2's vocab.json writes it (a space is 'Ġ')."""
    return "".join(CHARACTERS[b] for b in token)


def suppressed_tokens() -> list[int]:
    """OpenAI's `suppress_tokens="-1"`: what would annotate instead of transcribe, and the tokens that are never output.

    With no merges outside the digits, a symbol is one token only if it is one byte, " -" begins with the bare space, and
    every musical sign (U+266x) begins with byte E2, or with the bare space.
    """
    symbols = '"#()*+/:;<=>@[\\]^_`{|}~'
    annotations = {BASE_TOKENS.index(s.encode()) for s in symbols} | {SPACE, BASE_TOKENS.index(b"\xe2")}
    return sorted(annotations | {SOT, TRANSLATE, TRANSCRIBE, SOT_LM, SOT_PREV, NO_SPEECH})


def timestamp(seconds: float) -> int:
    """The token of a time in a window, rounded to 0.02 s and kept within 0…30 s."""
    return TIMESTAMP_BEGIN + min(max(round(seconds * 50), 0), 1500)
