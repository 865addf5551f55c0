"""transcribe_*.json: what openai/whisper's transcribe() makes of scripted windows, one scenario per rule of the loop.

A script is written as a list of steps, each a time in seconds (a timestamp), a text (its tokens), a token id, or a
tuple of these (a text then stands for its first token): wanted first, then what is taken when a rule forbids those
before it.
"""

from whisper.tokenizer import get_tokenizer

from scripted import run

SECOND = 16000  # samples
WANTED = 20.0  # logit of the first choice; p = 0.9999 against 51864 zeros
STEP_DOWN = 2.0  # from one choice to the next
LONG_PROMPT = " ".join(f"word{i}" for i in range(120))


class Script:
    """Turns readable steps into [[id, logit], …] lists."""

    def __init__(self, multilingual: bool):
        self.tokenizer = get_tokenizer(multilingual, language="en", task="transcribe")

    def ids(self, item) -> list[int]:
        if isinstance(item, str):
            return self.tokenizer.encode(item)
        if isinstance(item, float):
            return [self.tokenizer.timestamp_begin + round(item / 0.02)]
        return [item]

    def window(self, *items, wanted: float = WANTED, no_speech_logit: float = 0.0) -> dict:
        steps = []
        for item in items:
            if isinstance(item, tuple):
                steps.append([[self.ids(choice)[0], wanted - STEP_DOWN * i] for i, choice in enumerate(item)])
            else:
                steps += [[[token, wanted]] for token in self.ids(item)]
        return {"no_speech_logit": no_speech_logit, "steps": steps}

    def scenario(
        self, name: str, about: str, samples: int, windows: list[dict], *, language_logits=(), **options
    ) -> dict:
        defaults = {
            "language": None,
            "task": "transcribe",
            "initial_prompt": None,
            "condition_on_previous_text": True,
            "logprob_threshold": -1.0,
            "no_speech_threshold": 0.6,
            "suppress_tokens": "-1",
            "without_timestamps": False,
        }
        if unknown := options.keys() - defaults.keys():
            raise ValueError(f"{name}: unknown options {unknown}")
        options = {**defaults, **options}
        return {
            "name": name,
            "about": about,
            "samples": samples,
            "options": options,
            "sot_length": len(self.tokenizer.sot_sequence) + options["without_timestamps"],
            "language_logits": [list(pair) for pair in language_logits],
            "windows": windows,
        }


def segmenting(s: Script) -> list[dict]:
    """How tokens become segments, and where the next window begins."""
    w = s.window
    return [
        s.scenario(
            "consecutive_pairs",
            "Exactly 30 s. The window ends with a pair of timestamps: the next one begins there.",
            30 * SECOND,
            [w(0.0, " Ask not", 2.5, 2.5, " what your country", 5.0, 5.0), w(0.4, " can do for you.", 24.98)],
        ),
        s.scenario(
            "single_timestamp_ending",
            "Pairs, then one timestamp at the end: nothing more is said in this window.",
            45 * SECOND,
            [w(0.0, " One two.", 3.2, 3.2, " Three.", 7.0), w(0.02, " Four.", 1.0)],
        ),
        s.scenario(
            "unfinished",
            "Text behind the last pair: it is dropped and the next window begins at the pair.",
            40 * SECOND,
            [
                w(0.0, " One two.", 3.2, 3.2, " Three fo"),
                w(0.0, " Three four five.", 4.0, 4.5, " Six.", 20.0, 20.0, " Seven"),
                w(0.0, " Seven.", 2.0),
            ],
        ),
        s.scenario(
            "one_segment",
            "No pair, one timestamp at the end: one segment from the window's beginning to it, then the next window.",
            61 * SECOND,
            [w(0.5, " Late start.", 11.0), w(0.0, " Again.", 30.0), w(0.0, " End.", 0.5)],
        ),
        s.scenario(
            "no_end_timestamp",
            "No pair, only the first timestamp. 0.00 does not count: the segment lasts as long as the window; any "
            "other ends the segment there.",
            75 * SECOND,
            [w(0.0, " Open end"), w(0.8, " Ends at its only timestamp"), w(0.0, " Short window")],
        ),
        s.scenario(
            "empty_windows",
            "Nothing but a timestamp, or a blank between two: segments without text and tokens.",
            100 * SECOND,
            [w(0.0), w(1.0), w(0.0, " ", 2.0, 2.0, " Text.", 4.0, 4.0, " ", 6.0), w(0.0, "  ", 3.0)],
        ),
        s.scenario(
            "first_segment_cleared",
            "A blank segment before the first text: what crashes openai's srt and vtt writers.",
            9 * SECOND,
            [w(0.0, "\n", 2.0, 2.0, " Text.", 4.0)],
        ),
        s.scenario(
            "last_timestamp_30s",
            "A pair at 30.00 s: no timestamp is left but the end token.",
            31 * SECOND,
            [w(0.0, " Full.", 30.0, 30.0), w(0.0, " Rest.", 1.0)],
        ),
        s.scenario(
            "short_audio",
            "11 s: one window, the rest of it 0.",
            11 * SECOND,
            [w(0.0, " And so my fellow Americans", 8.0, 9.0, " ask not", 11.0)],
        ),
        s.scenario("one_frame", "160 samples: one frame.", 160, [w(0.0, " Click")]),
        s.scenario("no_frame", "159 samples: nothing to decode.", 159, []),
        s.scenario(
            "odd_length",
            "95.0071 s, not a whole number of frames; windows begin where pairs say.",
            1520114,
            [
                w(0.0, " A.", 9.98, 10.02, " B.", 28.0, 28.0),
                w(0.2, " C.", 14.14, 14.14),
                w(0.0, " D.", 28.66, 28.68, " E."),
                w(0.0, " E.", 6.0, 6.0, " F.", 24.0, 24.0, " G"),
                w(0.0, " G"),
            ],
        ),
        s.scenario(
            "utf8_across_segments",
            "A character cut in two by a segment border: whole in the text, broken in the segments.",
            30 * SECOND,
            [w(0.0, *s.ids(" Hi \U0001f600")[:-1], 2.0, 2.0, s.ids(" Hi \U0001f600")[-1], " there", 4.0)],
        ),
        s.scenario(
            "repetition",
            "Text that compresses well: its compression_ratio alone changes nothing at a single temperature.",
            20 * SECOND,
            [w(0.0, " na" * 90, 20.0)],
        ),
    ]


def prompting(s: Script) -> list[dict]:
    """What the decoder is given before it speaks."""
    w = s.window
    three = [w(0.0, " One.", 10.0, 10.0, " Two.", 30.0), w(0.0, " Three.", 30.0), w(0.0, " Four.", 10.0)]
    return [
        s.scenario(
            "condition_on_previous_text",
            "The tokens of all segments so far, timestamps included, go before the next window.",
            70 * SECOND,
            three,
        ),
        s.scenario(
            "no_condition_on_previous_text",
            "Every window begins without a prompt.",
            70 * SECOND,
            three,
            condition_on_previous_text=False,
        ),
        s.scenario(
            "initial_prompt",
            "White space around the prompt is stripped, one space put before it. It is no part of the text.",
            70 * SECOND,
            three,
            initial_prompt="\t Digits, spoken:\u00a0\n",
        ),
        s.scenario(
            "blank_initial_prompt",
            "An empty prompt is still one: a single space.",
            10 * SECOND,
            [w(0.0, " One.", 10.0)],
            initial_prompt="",
        ),
        s.scenario(
            "initial_prompt_once",
            "Without conditioning, the initial prompt goes before the first window only.",
            70 * SECOND,
            three,
            initial_prompt="Digits",
            condition_on_previous_text=False,
        ),
        s.scenario(
            "cleared_not_in_prompt",
            "The tokens of cleared segments and of unfinished ones do not go before the next window.",
            50 * SECOND,
            [w(0.0, " ", 4.0, 4.0, " Text.", 20.0, 20.0, " unfin"), w(0.0, " ", 3.0)],
        ),
        s.scenario(
            "long_prompt",
            "A prompt of more than 223 tokens: the last 223 count. Sampling stops at 224 tokens.",
            50 * SECOND,
            [w(0.0, *["!", " yes", " no"] * 80), w(0.0, " End.", 20.0)],
            initial_prompt=LONG_PROMPT,
        ),
    ]


def skipping(s: Script) -> list[dict]:
    """Windows without speech. A wanted logit of 9 gives log-probabilities of about -2, 20 of about 0."""
    w = s.window
    words = (0.0, " Mumble mumble", 5.0)
    loud = dict(no_speech_logit=22.0)
    unsure = [
        w(*words, wanted=9.0, **loud),
        w(*words, wanted=20.0, **loud),
        w(*words, wanted=9.0),
        w(*words, wanted=9.0, **loud),
    ]
    return [
        s.scenario(
            "no_speech",
            "High no-speech probability and low log-probability: skipped. High and high, low and low: kept.",
            110 * SECOND,
            unsure,
        ),
        s.scenario("no_speech_threshold_off", "Nothing is skipped.", 110 * SECOND, unsure, no_speech_threshold=None),
        s.scenario(
            "logprob_threshold_off",
            "A high no-speech probability alone skips.",
            110 * SECOND,
            unsure,
            logprob_threshold=None,
        ),
        s.scenario(
            "all_silent",
            "Every window skipped: an empty result.",
            65 * SECOND,
            [w(*words, wanted=9.0, **loud) for _ in range(3)],
        ),
    ]


def rules(s: Script) -> list[dict]:
    """Rules that override what the model wants."""
    w, t = s.window, s.tokenizer
    probable = w(0.0, " Sum", 20.0)
    begin = t.timestamp_begin
    # 1500 timestamps of logit 0 weigh log(1500) = 7.31 together: more than a text logit of 7, less than one of 8.
    probable["steps"][2:] = [
        [[1002, 8.0], [begin + 100, 2.0]],
        [[1003, 7.0], [begin + 150, 2.0]],
        [[begin + 150, 20.0]],
        [[1004, 1.0]],
        [[1005, 5.0], [begin + 1400, 3.0]],
        [[t.eot, 9.0]],
    ]
    return [
        s.scenario(
            "suppressed",
            "Non-speech marks and special tokens are never sampled; a blank or the end not first.",
            30 * SECOND,
            [
                w(
                    (" ", t.eot, "[", 0.0),
                    ("♪", " Music"),
                    (t.no_speech, t.sot, t.sot_prev, t.transcribe, " plays"),
                    (t.no_timestamps, t.translate, t.sot_lm, "."),
                    4.0,
                )
            ],
        ),
        s.scenario(
            "suppress_nothing",
            "An empty list: the marks are sampled.",
            30 * SECOND,
            [w(0.0, (" (", " Music"), (" [", " plays"), 4.0)],
            suppress_tokens="",
        ),
        s.scenario(
            "suppress_chosen",
            "A list of ids: these and the special tokens are suppressed, the marks are not.",
            30 * SECOND,
            [w(0.0, (" Music", " Noise"), (" [", " plays"), (t.sot, "!"), 4.0)],
            suppress_tokens=",".join(map(str, s.ids(" Music") + s.ids(" zebra"))),
        ),
        s.scenario(
            "timestamp_first",
            "The first token must be a timestamp of at most 1.00 s.",
            70 * SECOND,
            [
                w((" Text", 0.0, " x"), " first.", 4.0),
                w((5.0, 1.02, 1.0, 0.2), " late.", 4.0),
                w((" Text", 5.0, 0.98), " again.", 4.0),
            ],
        ),
        s.scenario(
            "timestamps_in_pairs",
            "Behind text and a timestamp only a timestamp or the end; behind two timestamps only text or the end.",
            30 * SECOND,
            [w(0.0, (1.0, " One"), 3.0, (" two", 4.0), (5.0, " three"), " four", 6.0, (" five", t.eot))],
        ),
        s.scenario(
            "timestamps_grow",
            "No timestamp before the last one; a segment lasts at least 0.02 s.",
            30 * SECOND,
            [
                w(
                    0.4,
                    " One",
                    (0.2, 0.4, 0.42, 3.0),
                    (0.2, 0.4, 0.42),
                    " two",
                    (0.42, 0.4, 2.0),
                    (1.98, 2.0),
                    " three",
                    2.02,
                )
            ],
        ),
        s.scenario(
            "timestamp_by_sum",
            "A timestamp is sampled when all timestamps together are likelier than the best text token.",
            30 * SECOND,
            [probable],
        ),
    ]


def without_timestamps(s: Script) -> list[dict]:
    w = s.window
    return [
        s.scenario(
            "text_only",
            "No timestamps: a segment per window.",
            65 * SECOND,
            [w(" Hello there"), w((" ", " General")), w((s.tokenizer.eot, " end"))],
            without_timestamps=True,
        ),
        s.scenario(
            "zero_length",
            "Timestamps sampled where none are asked for obey no rule: a segment that ends where it begins is cleared.",
            30 * SECOND,
            [w(2.0, " a", 2.0, 2.0, " b", 3.0)],
            without_timestamps=True,
        ),
    ]


def multilingual(s: Script) -> list[dict]:
    w, t = s.window, s.tokenizer
    words = (0.0, " Mumble mumble", 5.0)

    def spoken(code: str, logit: float) -> tuple[int, float]:
        return t.to_language_token(code), logit

    german = [w(0.0, " Guten Tag, ähm.", 2.0, 2.0, " Grüße!", 28.0), w(0.0, " Ende.", 3.0)]
    return [
        s.scenario("language_given", "No detection.", 40 * SECOND, german, language="de"),
        s.scenario(
            "language_detected",
            "The likeliest language token behind <|startoftranscript|>; other tokens do not count.",
            40 * SECOND,
            german,
            language_logits=[spoken("de", 6.0), spoken("nl", 5.0), (1000, 9.0), (t.transcribe, 9.0)],
        ),
        s.scenario(
            "language_detected_short",
            "11 s. Detection sees the log-mel of the padded audio; the window is 0 behind the audio.",
            11 * SECOND,
            [w(0.0, " 你好，世界。", 3.0)],
            language_logits=[spoken("zh", 6.0), spoken("ja", 5.9)],
        ),
        s.scenario(
            "translate",
            "Detected, translated, with a prompt.",
            40 * SECOND,
            [w(0.0, " Good day.", 28.0), w(0.0, " End.", 3.0)],
            language_logits=[spoken("su", 3.0)],
            task="translate",
            initial_prompt="Grüße",
        ),
        s.scenario(
            "no_speech_multilingual",
            "The no-speech probability is that at <|startoftranscript|>, before language and task, with a prompt too.",
            110 * SECOND,
            [
                w(*words, wanted=9.0, no_speech_logit=10.0),
                w(*words, wanted=9.0, no_speech_logit=15.0),
                w(*words, no_speech_logit=15.0),
                w(*words, wanted=9.0, no_speech_logit=12.0),
            ],
            language="en",
        ),
        s.scenario(
            "context_limit",
            "A full prompt and no end: sampling stops when the sequence has 449 tokens.",
            50 * SECOND,
            [w(0.0, *["!", " yes", " no"] * 80), w(0.0, *[" no", " yes"] * 120)],
            language="en",
            initial_prompt=LONG_PROMPT,
        ),
        s.scenario(
            "text_only_multilingual",
            "No timestamps: <|notimestamps|> behind the task.",
            30 * SECOND,
            [w(" こんにちは")],
            language="ja",
            without_timestamps=True,
        ),
        s.scenario(
            "suppressed_multilingual",
            "As in English, with the ids of the multilingual vocabulary.",
            30 * SECOND,
            [
                w(
                    (" ", t.eot, "♪", 0.0),
                    ("♫", " Musik"),
                    (t.no_speech, t.translate, t.sot_lm, " hier"),
                    ("「", "."),
                    4.0,
                )
            ],
            language="de",
        ),
    ]


def golden(is_multilingual: bool) -> dict:
    script = Script(is_multilingual)
    groups = [multilingual] if is_multilingual else [segmenting, prompting, skipping, rules, without_timestamps]
    return {
        "model": {"n_mels": 80, "n_audio_ctx": 1500, "n_text_ctx": 448, "n_vocab": script.tokenizer.encoding.n_vocab},
        "scenarios": [run(is_multilingual, case) for group in groups for case in group(script)],
    }
