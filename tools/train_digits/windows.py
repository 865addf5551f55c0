"""Training windows: mixes clips of the bank into what Whisper's loop would show the model, and labels it.

The labels follow rules that the loop of openai/whisper (`transcribe.py`) turns into true times, whatever the file:

* A segment is `<|start|>` words `<|end|>`. It ends at a pause of PAUSE or more. The loop moves on to the last closed segment,
  so speech without pauses must be closed somewhere too: a segment holds words that start within the same CELL of the
  window's time. (The encoder can see that word by word; a longest duration would have to be worked out by the decoder.)
* The loop takes a window's first timestamp as the start of the text only if it is at most 1.00 s, and not even then if the
  window holds one segment only. So a window whose speech begins later than SILENCE starts with a segment that holds a
  newline: `<|0.00|>` newline `<|4.20|>` `<|4.20|>` seven … The rules of decoding allow it (they demand text or the end after
  the first timestamp, and suppress the bare space), and the loop clears segments whose text is blank.
* Words cut by the window's end are left out. A segment that they belong to has no end timestamp; the loop reads it again.
* A window with no speech: `<|nocaptions|>` is what the model expects after the start token, and no text follows.
"""

from dataclasses import dataclass

import numpy as np

import noises
import vocabulary as v
from clips import Bank
from features import HOP, MEL_FILTERS, RATE, normalise, power_mel

PAUSE = 0.65  # s; pauses between 0.5 and 0.8 s are rare in training
CELL = 1.0  # s
SILENCE = 0.3  # s
GAPS = {"tight": (0, 0.08), "normal": (0.05, 0.45), "paused": (0.85, 5), "vague": (0.45, 0.85), "long": (3, 12)}  # s
STYLES = {"tight": 3, "normal": 3, "mixed": 5, "paused": 2}  # of gaps in one recording: how common
PROMPT = 223  # tokens of earlier text that the loop gives at most
SILENCE_WEIGHT = 3.0  # of the two tokens of a window without speech, among so many others
PLACES = 6  # of words in a segment that are told apart in training

Word = tuple[int, float, float]  # digit, start, end in seconds


@dataclass
class Target:
    """One token that the model must give: `choices` with `weights`, the seconds of sound it stands for, if any, and, if it is
    a word, how many words of its segment come before it."""

    token: int
    choices: list[int]
    weights: list[float]
    span: tuple[float, float] | None = None
    place: int | None = None


@dataclass
class Sound:
    """What a window holds: samples float32 [n]; all words that sound in it; `open` if the window's end cuts the file."""

    samples: np.ndarray
    words: list[Word]
    open: bool


def exact(token: int, span: tuple[float, float] | None = None) -> Target:
    """A target without doubt."""
    return Target(token, [token], [1.0], span)


def at(seconds: float) -> Target:
    """A timestamp; its neighbours, 0.02 s away, are nearly as good."""
    token = v.timestamp(seconds)
    around = [token, max(token - 1, v.TIMESTAMP_BEGIN), min(token + 1, v.SIZE - 1)]
    return Target(token, around, [0.7, 0.15, 0.15], (seconds - 0.1, seconds + 0.1))


def whole_words(sound: Sound) -> tuple[list[Word], Word | None]:
    """The words to be written, and the word that the window's end cuts, if one can be heard."""
    duration = len(sound.samples) / RATE
    words, cut = [], None
    for digit, start, end in sound.words:
        length = end - start
        if end - max(start, 0) < 0.5 * length:
            continue  # most of it lies before the window
        if end <= duration or (not sound.open and duration - start >= 0.6 * length):
            words.append((digit, max(start, 0), min(end, duration)))
        elif sound.open and cut is None and duration - start >= 0.1:
            cut = (digit, max(start, 0), end)
    return words, cut


def segments_of(words: list[Word], origin: float) -> list[list[Word]]:
    """Cuts words into segments at pauses and where a new cell begins; `origin`: the window's place (s) in time."""
    segments: list[list[Word]] = []
    for word in words:
        last = segments[-1][-1] if segments else None
        if not last or word[1] - last[2] >= PAUSE or (last[1] + origin) // CELL != (word[1] + origin) // CELL:
            segments.append([])
        segments[-1].append(word)
    return segments


def transcript(sound: Sound, origin: float = 0.0) -> list[Target]:
    """The tokens after `<|startoftranscript|>`, with timestamps, ending in `<|endoftext|>`."""
    duration = len(sound.samples) / RATE
    words, cut = whole_words(sound)
    segments = segments_of(words, origin)
    starts = [segment[0][1] for segment in segments]
    tail_start = None  # of the segment that holds nothing but the cut word
    if cut and len(segments_of([*words, cut], origin)) > len(segments):
        tail_start = cut[1]
        starts.append(tail_start)
    if not starts:
        return [exact(v.timestamp(0)), exact(v.EOT)]

    targets = []
    if starts[0] > SILENCE:
        targets += [exact(v.timestamp(0)), exact(v.NEWLINE), at(starts[0])]
    for segment in segments:
        start, end = segment[0][1], segment[-1][2]
        follows = bool(targets) and targets[-1].token == v.timestamp(start)
        targets.append(exact(v.timestamp(start), (start - 0.1, start + 0.1)) if follows else at(start))
        for place, (digit, first, last) in enumerate(segment):
            targets.append(Target(v.DIGITS[digit], [v.DIGITS[digit]], [1.0], (first, last), min(place, PLACES - 1)))
        targets.append(at(max(end, start + 0.02)))
    if tail_start is not None:
        targets.append(exact(v.timestamp(tail_start)) if targets[-1].token == v.timestamp(tail_start) else at(tail_start))
    elif sound.open and (cut or duration - words[-1][2] < PAUSE):
        targets.pop()  # unfinished
    return targets + [exact(v.EOT)]


def label(sound: Sound, timestamps: bool, origin: float = 0.0) -> list[Target]:
    """The targets from the start token's on. Without timestamps, the second entry is the forced `<|notimestamps|>`."""
    words, cut = whole_words(sound)
    targets = transcript(sound, origin)
    first = targets[0]
    if not words and not cut and not any(end > 0 for _, _, end in sound.words):
        first = Target(first.token, [v.NO_SPEECH, first.token], [0.9 * SILENCE_WEIGHT, 0.1 * SILENCE_WEIGHT])
        targets[1].weights = [SILENCE_WEIGHT]
    if timestamps:
        return [first, *targets[1:]]
    text = [exact(v.DIGITS[digit], (start, end)) for digit, start, end in words] or [exact(v.NEWLINE)]
    return [Target(v.NO_TIMESTAMPS, first.choices, first.weights), *text, exact(v.EOT)]


class Mixer:
    """Makes random windows out of a bank."""

    def __init__(self, bank: Bank, rng: np.random.Generator):
        self.bank, self.rng = bank, rng

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, options: dict):
        """One key, with probability proportional to its value."""
        weights = np.array(list(options.values()), np.float64)
        return list(options)[self.rng.choice(len(options), p=weights / weights.sum())]

    def gap(self, style: str) -> float:
        """Silence (s) between two clips."""
        if style == "mixed":
            style = self.pick({"tight": 5, "normal": 3, "paused": 2, "vague": 0.3, "long": 1})
        return self.rng.uniform(*GAPS[style])

    def speaker(self) -> int:
        """Index of a speaker in the bank, people about as often as voices of espeak-ng."""
        return int(self.rng.choice(self.bank.human if self.chance(0.45) else self.bank.synthetic))

    def stream(self, start: float, until: float, clips: int) -> tuple[list[tuple[float, np.ndarray]], list[Word]]:
        """Speech from `start` until `until` (s) or for `clips` clips: their places and samples, and the words."""
        rng = self.rng
        style = self.pick(STYLES)
        speaker, several = self.speaker(), self.chance(0.15)
        repeating = 0.5 if self.chance(0.1) else 0.0  # the chance that a clip begins with the digit just said
        speed, loudness = rng.uniform(0.85, 1.2), rng.uniform(0, 4)
        placed, words, now = [], [], start
        while now < until and len(placed) < clips:
            if several and self.chance(0.3):
                speaker = self.speaker()
            choices = self.bank.of_speaker[speaker]
            if words and self.chance(repeating):
                choices = choices[self.bank.first_digit[choices] == words[-1][0]]
            clip = self.bank.clip(rng.choice(choices))
            rate = speed * rng.uniform(0.95, 1.05)
            count = int(len(clip.samples) / rate)
            samples = np.interp(np.arange(count) * rate, np.arange(len(clip.samples)), clip.samples).astype(np.float32)
            samples *= 10 ** (rng.normal(0, loudness) / 20)
            origin = now - clip.words[0][1] / rate
            placed.append((origin, samples))
            words += [(digit, origin + first / rate, origin + last / rate) for digit, first, last in clip.words]
            now = words[-1][2] + self.gap(style)
        return placed, words

    def speech(self, seconds: float) -> Sound:
        """Clean speech in a window of at most `seconds`: a short file, or a piece cut out of a long one."""
        rng = self.rng
        kind = self.pick({"file": 4, "head": 1.5, "middle": 3.5, "tail": 1.5})
        if kind in ("file", "head"):
            longest = self.pick({0.3: 3, 1.5: 3, 6.0: 2, 0.9 * seconds: 1})
            start = rng.uniform(0, min(longest, 0.9 * seconds))
        else:
            start = -rng.uniform(1, 5)
        clips = 1 + int(rng.exponential(rng.choice([1, 6, 30]))) if kind in ("file", "tail") else 1000
        placed, words = self.stream(start, seconds, clips)
        if kind in ("middle", "tail"):
            shift = self.cut_point(words)
            placed = [(origin - shift, samples) for origin, samples in placed]
            words = [(digit, first - shift, last - shift) for digit, first, last in words]
        end = words[-1][2] + rng.uniform(0, self.pick({0.3: 3, 2.0: 3, 8.0: 1}))
        is_open = kind in ("head", "middle") or end > seconds
        duration = seconds if is_open else max(end, 0.3)
        samples = np.zeros(int(duration * RATE), np.float32)
        for origin, clip in placed:
            first = int(origin * RATE)
            piece = clip[max(0, -first) : max(0, len(samples) - first)]
            samples[max(0, first) : max(0, first) + len(piece)] += piece
        heard = [word for word in words if word[2] > 0 and word[1] < duration]
        return Sound(samples, heard, is_open)

    def cut_point(self, words: list[Word]) -> float:
        """Where (s) to cut into a stream: mostly at the end of a word, as the loop does, give or take a little."""
        ends = [end for _, _, end in words[:-1] if end < 4]
        if ends and self.chance(0.7):
            return float(self.rng.choice(ends)) + self.rng.normal(0, 0.05)
        return self.rng.uniform(-0.5, 0.5)

    def background(self, count: int) -> np.ndarray:
        """`count` samples of one or two sounds that are not speech, RMS about 0.1."""
        total = np.zeros(count, np.float32)
        for _ in range(self.rng.choice([1, 2])):
            noise = self.bank.noises[self.rng.integers(len(self.bank.noises))]
            first = self.rng.integers(len(noise) - count)
            total += noise[first : first + count].astype(np.float32) / 32768
        return total

    def silence(self, seconds: float) -> Sound:
        """A window with no speech: digital silence, faint noise, loud noise or music, or one after another."""
        rng = self.rng
        is_open = self.chance(0.6)
        count = int(RATE * (seconds if is_open else rng.uniform(0.3, seconds)))
        kind = self.pick({"zero": 1, "faint": 2, "loud": 5, "changing": 2})
        if kind == "zero":
            return Sound(np.zeros(count, np.float32), [], is_open)
        samples = self.background(count) * 10 ** (rng.uniform(-50, -15) / 20 if kind == "faint" else rng.uniform(-25, 12) / 20)
        if kind == "changing":
            first, last = sorted(rng.integers(0, count + 1, size=2))
            samples[first:last] *= rng.choice([0, 0.05])
        return Sound(samples, [], is_open)

    def filters(self) -> np.ndarray:
        """The mel filters behind a random microphone: a bent frequency response, and often a telephone's 4 kHz."""
        rng = self.rng
        bins = np.linspace(0, RATE / 2, len(MEL_FILTERS))
        gain_db = np.zeros(len(bins))
        if self.chance(0.5):
            corners = np.array([0, 150, 400, 1000, 2500, 5000, 8000])
            gain_db += np.interp(bins, corners, rng.normal(0, 4, size=len(corners)))
        if self.chance(0.55):
            gain_db[bins > rng.uniform(3600, 4050)] -= rng.uniform(45, 90)
        return MEL_FILTERS * (10 ** (gain_db / 10)).astype(np.float32)[:, None]

    def sound(self, seconds: float) -> Sound:
        """A finished window of sound: speech with a room and noise, or no speech."""
        rng = self.rng
        if self.chance(0.15):
            return self.silence(seconds)
        sound = self.speech(seconds)
        samples = sound.samples * 10 ** (rng.uniform(-22, 8) / 20)
        if self.chance(0.25):
            samples = noises.echo(rng, samples)
        if self.chance(0.75):
            spoken = max(0.1, sum(end - start for _, start, end in sound.words))
            level = np.sqrt(np.sum(samples**2) / (RATE * spoken) + 1e-12)
            snr = rng.uniform(20, 55) if self.chance(0.6) else rng.uniform(3, 25)
            samples = samples + self.background(len(samples)) * (level * 10 * 10 ** (-snr / 20))
        return Sound(np.clip(samples, -1, 1), sound.words, sound.open)

    def mel(self, sound: Sound, seconds: float) -> np.ndarray:
        """Log-mel [80, frames of `seconds`], padded as openai's loop does (zeros after the content) or with silence."""
        samples = sound.samples
        if not sound.open and self.chance(0.25):
            samples = np.pad(samples, (0, int(seconds * RATE) - len(samples)))
        log_mel = power_mel(np.pad(samples, (0, max(0, 320 - len(samples)))), self.filters())
        loudest = float(log_mel.max())
        if self.chance(0.3):  # the rest of the file is louder
            loudest += self.rng.uniform(0, 4 if not sound.words else 1)
        mel = np.zeros((log_mel.shape[1], int(seconds * RATE) // HOP), np.float32)
        mel[:, : len(log_mel)] = normalise(log_mel, loudest)[: mel.shape[1]].T
        return mel

    def prompt(self, longest: int) -> list[int]:
        """Earlier tokens as the loop would give them, independent of this window; in three of ten, none."""
        rng = self.rng
        if self.chance(0.3):
            return []
        plain = self.chance(0.15)
        wanted = longest if self.chance(0.6) else int(rng.integers(1, longest + 1))  # a long file gives all there is room for
        tokens: list[int] = []
        while len(tokens) < wanted:
            style, length, now = self.pick(STYLES), rng.uniform(0.2, 0.6), 0.0
            words: list[Word] = []  # of one earlier window
            while now < 28:
                words.append((int(rng.integers(10)), now, now + length))
                now += length + self.gap(style)
            for segment in segments_of(words, 0.0):
                digits = [v.DIGITS[digit] for digit, _, _ in segment]
                tokens += digits if plain else [v.timestamp(segment[0][1]), *digits, v.timestamp(segment[-1][2])]
        return [v.SOT_PREV, *tokens[-wanted:]]


def batch(bank: Bank, seed: tuple[int, int], seconds: float, size: int, offset_chance: float) -> dict[str, np.ndarray]:
    """`size` labelled windows of `seconds`. F frames, T = F / 2 positions, N tokens, M of which must be predicted.

    mel f32 [B, 80, F]; offset [B], the window's first encoder position (not 0 only in short windows, which so teach all
    timestamps); tokens [B, N]; at [B, M], the decoder positions that must predict; choices, weights [B, M, 3]; spans
    [B, M, 2], the encoder positions that the predicted token stands for (-1: none); heard [B, M], those of the token given at
    `at`; places [B, M] of words in their segments (-1: not a word); frames [B, T], 0 for no speech, else 1 + digit;
    frame_places [B, T], the places of the words there.
    """
    mixer = Mixer(bank, np.random.default_rng(seed))
    longest = int(mixer.rng.choice([64, PROMPT, PROMPT, PROMPT]))
    positions = int(seconds * 50)
    frames, frame_places = np.zeros((size, positions), np.int64), np.full((size, positions), -1, np.int64)
    mels, offsets, rows = [], [], []
    for index in range(size):
        sound = mixer.sound(seconds)
        mels.append(mixer.mel(sound, seconds))
        offset = int(mixer.rng.integers(0, 1501 - positions)) if mixer.chance(offset_chance) else 0
        offsets.append(offset)
        targets = label(sound, mixer.chance(0.92), offset / 50)
        rows.append((mixer.prompt(longest), targets, offset))
        for digit, start, end in sound.words:
            frames[index, max(0, round(start * 50)) : max(0, round(end * 50))] = 1 + digit
        for target in targets:
            if target.place is not None:
                frame_places[index, round(target.span[0] * 50) : round(target.span[1] * 50)] = target.place
    arrays = collate(rows, positions)
    return {"mel": np.stack(mels), "offset": np.array(offsets), "frames": frames, "frame_places": frame_places, **arrays}


def collate(rows: list[tuple[list[int], list[Target], int]], positions: int) -> dict[str, np.ndarray]:
    """Rows of (prompt, targets, offset) -> arrays of equal length; see `batch`."""
    size, width = len(rows), max(len(targets) for _, targets, _ in rows)
    arrays = {
        "tokens": np.full((size, max(len(prompt) + len(targets) for prompt, targets, _ in rows)), v.EOT, np.int64),
        "at": np.zeros((size, width), np.int64),
        "choices": np.zeros((size, width, 3), np.int64),
        "weights": np.zeros((size, width, 3), np.float32),
        "spans": np.full((size, width, 2), -1, np.int64),
        "places": np.full((size, width), -1, np.int64),
    }

    def shifted(token: int, offset: int) -> int:
        return min(token + offset, v.SIZE - 1) if token >= v.TIMESTAMP_BEGIN else token

    for row, (prompt, targets, offset) in enumerate(rows):
        inputs = [*prompt, v.SOT, *(shifted(target.token, offset) for target in targets[:-1])]
        arrays["tokens"][row, : len(inputs)] = inputs
        arrays["at"][row, : len(targets)] = np.arange(len(prompt), len(prompt) + len(targets))
        for index, target in enumerate(targets):
            arrays["choices"][row, index, : len(target.choices)] = [shifted(token, offset) for token in target.choices]
            arrays["weights"][row, index, : len(target.weights)] = target.weights
            if target.span:
                first = min(max(int(target.span[0] * 50), 0), positions - 1)
                arrays["spans"][row, index] = first, max(first + 1, min(round(target.span[1] * 50), positions))
            if target.place is not None:
                arrays["places"][row, index] = target.place
    arrays["heard"] = np.pad(arrays["spans"][:, :-1], ((0, 0), (1, 0), (0, 0)), constant_values=-1)
    return arrays
