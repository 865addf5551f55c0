"""A fake Whisper that says what a script tells it to, for openai/whisper's real transcribe().

testdata/golden/README.md defines how it computes logits, so that a fake in any language does the same.
"""

import torch
from whisper import decoding
from whisper.audio import N_FRAMES, log_mel_spectrogram
from whisper.model import ModelDimensions
from whisper.tokenizer import get_tokenizer
from whisper.transcribe import transcribe

from recorder import check_margin, recorded_decodings
from rule import noise

END_LOGIT = 20.0  # of the end token where the script says nothing


class ScriptedDecoder:
    """Stands for openai's TextDecoder: tokens in, logits of every position out."""

    blocks = ()  # openai's key/value cache looks for layers here

    def __init__(self, tokenizer, n_vocab: int, scenario: dict):
        self.tokenizer = tokenizer
        self.n_vocab = n_vocab
        self.scenario = scenario
        self.first_rows = 0  # rows with step 0 computed so far, one per decoding

    def __call__(self, tokens, audio_features, kv_cache):
        before = kv_cache["sequence"]
        kv_cache["sequence"] = before + tokens[0].tolist()
        positions = range(len(before), len(kv_cache["sequence"]))
        return torch.stack([self.row(kv_cache["sequence"], position) for position in positions])[None]

    def row(self, sequence: list[int], position: int) -> torch.Tensor:
        logits = torch.zeros(self.n_vocab)
        if self.tokenizer.sot not in sequence[: position + 1]:
            return logits
        sot_position = sequence.index(self.tokenizer.sot)
        step = position - (sot_position + self.scenario["sot_length"] - 1)
        window = self.scenario["windows"][self.first_rows - (step > 0)]
        if step >= 0:
            steps = window["steps"]
            for token, logit in steps[step] if step < len(steps) else [(self.tokenizer.eot, END_LOGIT)]:
                logits[token] = logit
        if position == sot_position:
            logits[self.tokenizer.no_speech] = window["no_speech_logit"]
            for token, logit in self.scenario["language_logits"]:
                logits[token] = logit
        self.first_rows += step == 0
        return logits


class ScriptedWhisper:
    """As much of openai's Whisper as transcribe() and decode() use."""

    device = torch.device("cpu")
    detect_language = decoding.detect_language
    transcribe = transcribe

    def __init__(self, multilingual: bool, scenario: dict):
        self.is_multilingual = multilingual
        self.num_languages = 99
        self.dims = ModelDimensions(
            n_mels=80, n_audio_ctx=1500, n_audio_state=1, n_audio_head=1, n_audio_layer=1,
            n_vocab=51865 if multilingual else 51864, n_text_ctx=448, n_text_state=1, n_text_head=1, n_text_layer=1,
        )  # fmt: skip
        self.decoder = ScriptedDecoder(get_tokenizer(multilingual), self.dims.n_vocab, scenario)
        self.encoded = []  # every mel window that the encoder was given
        self.decoded = []  # every result of decode()

    def encoder(self, mel: torch.Tensor) -> torch.Tensor:
        self.encoded.append(mel[0])
        return torch.zeros(1, self.dims.n_audio_ctx, self.dims.n_audio_state)

    def decode(self, mel: torch.Tensor, options: decoding.DecodingOptions) -> decoding.DecodingResult:
        self.decoded.append(decoding.decode(self, mel, options))
        return self.decoded[-1]

    def logits(self, tokens: torch.Tensor, audio_features: torch.Tensor) -> torch.Tensor:
        return self.decoder(tokens, audio_features, kv_cache=self.install_kv_cache_hooks()[0])

    def install_kv_cache_hooks(self):
        return {"sequence": []}, []


def mean(mel: torch.Tensor) -> float:
    return mel.double().mean().item()


def find_window(window: torch.Tensor, mel: torch.Tensor) -> tuple[int, int]:
    """(seek, frames): which frames of the whole `mel` stand at the beginning of `window`; the others must be 0."""
    content = mel.shape[1] - N_FRAMES
    for seek in range(content):
        frames = min(N_FRAMES, content - seek)
        if torch.equal(window[:, :frames], mel[:, seek : seek + frames]) and not window[:, frames:].any():
            return seek, frames
    raise ValueError("the encoder was given a window that is no part of the audio")


def run(multilingual: bool, scenario: dict) -> dict:
    """Transcribes noise; adds to the scenario what the model was asked and what came out."""
    name, options = scenario["name"], scenario["options"]
    model = ScriptedWhisper(multilingual, scenario)
    audio = noise(scenario["samples"])
    mel = log_mel_spectrogram(audio, padding=480000)
    with recorded_decodings() as recorded:
        result = model.transcribe(audio, temperature=0.0, fp16=False, **options)
    detected = options["language"] is None and multilingual
    windows = model.encoded[1:] if detected else model.encoded
    if not len(windows) == len(recorded) == len(model.decoded) == len(scenario["windows"]):
        raise ValueError(f"{name}: {len(scenario['windows'])} windows scripted, {len(windows)} decoded")
    decoded = []
    for window, record, decoding_result in zip(windows, recorded, model.decoded, strict=True):
        seek, frames = find_window(window, mel)
        decoded.append(
            {
                "seek": seek,
                "frames": frames,
                "mel_mean": mean(window),
                "initial_tokens": record.initial_tokens,
                "tokens": decoding_result.tokens,
                "avg_logprob": decoding_result.avg_logprob,
                "no_speech_prob": decoding_result.no_speech_prob,
                "margin": check_margin(name, record.margin, least=0.01),
            }
        )
    return {
        **scenario,
        "language_detection": {"mel_mean": mean(model.encoded[0])} if detected else None,
        "decoded": decoded,
        "result": result,
    }
