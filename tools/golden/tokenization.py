"""tokenizer_*.json: text to ids and back, special ids and lists, as openai/whisper's tokenizer gives them."""

import random

from whisper.tokenizer import LANGUAGES, TO_LANGUAGE_CODE, get_tokenizer

SPECIAL = (
    "eot", "sot", "translate", "transcribe", "sot_lm", "sot_prev", "no_speech", "no_timestamps", "timestamp_begin",
)  # fmt: skip

TEXTS = [
    # plain English; the space belongs to the word behind it
    "", "a", " a", "Hello", " Hello", "Hello world", " Hello, world!", "hello world", "HELLO WORLD",
    "The quick brown fox jumps over the lazy dog.",
    " And so my fellow Americans, ask not what your country can do for you.", " seven three one",
    "CamelCaseWord snake_case_word kebab-case-word", "e.g. i.e. Mr. Smith's U.S.A.", "antidisestablishmentarianism",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    # contractions: only these, only in lower case, only behind a straight apostrophe
    "I'm you're he's she'd we'll they've don't", "I'M YOU'RE HE'S SHE'D WE'LL THEY'VE DON'T",
    "it's 'tis 'twas o'clock", "'s 't 're 've 'm 'll 'd", "'S 'T 'RE 'VE 'M 'LL 'D", "rock'n'roll y'all'd've",
    "it’s don’t", "'", "''", "'''s", " 's", "'sound", "'really", "x'sy",
    # numbers: digits, letter numbers, other numbers
    "0", "7", "42", "123", "1234", "1234567890", "3.14159", "1,000,000", "$9.99", "50%", "1st 2nd 3rd", "a1b2c3",
    "2nd2nd", "Ⅶ Ⅻ ↈ", "½ ² ³ ¼", "①②③", "١٢٣", "१२३", "x²+y²", "一二三 〇", "𝟙𝟚", "10½",
    # punctuation
    "...", "......", "?!", "!!!???", "--", "---", "- -", "(a)", "[b]", "{c}", "<d>", "((", " ((", "\"quoted\"",
    "“quoted”", "¿qué?", "a,b;c:d", "http://example.com/path?x=1&y=2#z", "user@example.com", "C:\\path\\file",
    "a/b\\c|d", "~`^_=+*&%$#@!", "♪ la la ♪", "♪♪♪", "♩♫♬♭♮♯", "— – …", "、。，！？", "「かぎ」『かぎ』", "€£¥", "©®™",
    # white space: runs, at the ends, all kinds of it
    " ", "  ", "   ", "          ", "a ", "a  ", "a   ", " a b  c   d    e", "  leading", "trailing  ", "\t", "\n",
    "\r\n", "\n\n\n", "a\nb", "a\n b", "a \n b", "a\n\n\nb", "a\t\tb", "\ta", "a\t", " \t\n\r\v\f ", "a\u00a0b",
    "a \u00a0b", "\u00a0", "\u00a0\u00a0a", "a\u3000b", "\u3000\u3000", "a\u2003b\u2009c", "a\u2028b\u2029c",
    "a\u0085b", "a\u1680b", "a\u202fb\u205fc", "x \u2000 y", "a\u180eb", "a \u180e b", "\u180e\u180e a", "a \u200b b",
    "a\u200bb", "\ufeffa", "a\x1cb\x1dc\x1ed\x1fe", "a \x1c b",
    # accents and combining marks
    "café", "cafe\u0301", "naïve façade", "Ångström", "Z\u0335a\u0300l\u0321g\u0306o", "ßẞ", "İstanbul ı", "ﬁnd", "ǅ",
    "ʰʱ", "\u0300", " \u0301a", "Übergrößenträger", "garçon à l'école", "¿Dónde está el niño?", "Zażółć gęślą jaźń",
    "Đặng Tiếng Việt",
    # other scripts
    "Привет, мир!", "Γειά σου κόσμε", "مرحبا بالعالم", "שלום עולם",
    "नमस्ते दुनिया", "สวัสดีชาวโลก", "你好，世界", "こんにちは世界", "カタカナ", "ﾊﾝｶｸ", "안녕하세요 세계",
    "\u1112\u1161\u11ab", "𠀀𪛖", "ＡＢＣ１２", "English 中文 mixed русский",
    # emoji
    "😀", "Hi 👋\U0001f3fd!", "👨\u200d👩\u200d👧\u200d👦", "🇫🇷", "❤\ufe0f", "1\ufe0f\u20e3",
    # control and odd characters
    "\x00", "a\x00b", "\x01\x02\x1b[0m", "\x7f", "\ufffd", "\uffff", "\ue000", "\U0010ffff",
    # special tokens written in the text are ordinary characters
    "<|endoftext|>", " <|endoftext|>", "<|startoftranscript|><|en|><|transcribe|>", "<|0.00|> Hello <|2.00|>",
    "<|nospeech|>", "<|notimestamps|", "<|",
    # long
    "x" * 300, "ab" * 150, " " * 100 + "end", "1" * 50, "!" * 60, "é" * 40, "\n" * 33, "na " * 40,
]  # fmt: skip

NOT_UTF8 = [
    "ff", "61ff62", "c3", "61c3", "c328", "e282", "e28261", "f09f98", "f09f9841", "80", "8080", "c080", "eda080",
    "f4908080", "f8888080", "20e2", "e2c3a9", "f0c3a9",
]  # fmt: skip

LANGUAGE_TASKS = [
    ("en", "transcribe"),
    ("en", "translate"),
    ("de", "transcribe"),
    ("ja", "translate"),
    ("su", "transcribe"),
]


def encode_cases(encoding) -> list[dict]:
    cases = [{"text": text, "ids": encoding.encode(text, disallowed_special=())} for text in TEXTS]
    for code in NOT_UTF8:
        text = bytes.fromhex(code).decode("utf-8", "replace")
        cases.append({"hex": code, "text_replaced": text, "ids": encoding.encode(text)})
    return cases


def decode_cases(encoding, n_text_tokens: int) -> list[dict]:
    """Whole texts, texts cut inside a character, and random tokens, most of which break UTF-8."""
    texts = ["", " Hello, world!", "😀", "你好，世界", "café 👋\U0001f3fd", "สวัสดี", "a\x00b", "𠀀"]
    sequences = [encoding.encode(text) for text in texts]
    for text in texts:
        ids = encoding.encode(text)
        sequences += [ids[:end] for end in range(1, len(ids))] + [ids[start:] for start in range(1, len(ids))]
    single = [[encoding.encode_single_token(bytes([byte]))] for byte in range(256)]
    sequences += single[0x7E:0x82] + single[0xBF:0xC4] + single[0xDF:0xE2] + single[0xEC:0xF9] + single[0xFE:]
    broken = [
        "c0af",
        "e08080",
        "eda080edb080",
        "f08080af",
        "f4908080",
        "f09f98f09f9880",
        "e28261e282ac",
        "fffe41",
        "c3c3a9",
        "f0908d",
        "e1a0c0",
        "80c3",
    ]
    sequences += [[single[byte][0] for byte in bytes.fromhex(code)] for code in broken]
    generator = random.Random(1)
    sequences += [[generator.randrange(n_text_tokens) for _ in range(length)] for length in (1, 2, 3, 5, 8, 13, 40, 40)]
    unique = dict.fromkeys(map(tuple, sequences))
    return [{"ids": list(ids), "text": encoding.decode(list(ids))} for ids in unique]


def sot_sequences(multilingual: bool) -> list[dict]:
    sequences = []
    for language, task in LANGUAGE_TASKS if multilingual else [(None, None)]:
        tokenizer = get_tokenizer(multilingual, language=language, task=task)
        sequences.append(
            {
                "language": language,
                "task": task,
                "tokens": list(tokenizer.sot_sequence),
                "tokens_without_timestamps": list(tokenizer.sot_sequence_including_notimestamps),
            }
        )
    return sequences


def golden(multilingual: bool) -> dict:
    tokenizer = get_tokenizer(multilingual)
    special = {name: getattr(tokenizer, name) for name in SPECIAL}
    special["language"] = [tokenizer.to_language_token(code) for code in list(LANGUAGES)[: tokenizer.num_languages]]
    unspoken = ("transcribe", "translate", "sot", "sot_prev", "sot_lm", "no_speech")
    return {
        "n_text_tokens": tokenizer.eot,
        "n_vocab": tokenizer.encoding.n_vocab,
        "n_languages": tokenizer.num_languages,
        "special": special,
        "languages": list(LANGUAGES.items()),
        "aliases": {name: code for name, code in TO_LANGUAGE_CODE.items() if LANGUAGES[code] != name},
        "sot_sequences": sot_sequences(multilingual),
        "non_speech_tokens": list(tokenizer.non_speech_tokens),
        "suppress_tokens": sorted({*tokenizer.non_speech_tokens, *(special[name] for name in unspoken)}),
        "encode": encode_cases(tokenizer.encoding),
        "decode": decode_cases(tokenizer.encoding, tokenizer.eot),
    }
