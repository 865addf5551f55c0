"""seeded_*.json: openai/whisper's network with seeded weights, from mel window to decoded tokens."""

import zlib
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from whisper import decoding
from whisper import model as whisper_model
from whisper.tokenizer import LANGUAGES, get_tokenizer

from recorder import check_margin, recorded_decodings
from rule import seeded, shortest

SEED = 4
WIDTH = 128
HEADS = 2
TEXT = " The quick brown fox, jumps over 12 lazy dogs."
PROMPT = " Once upon a time there was a small model."
N_IDS = 100  # sampled logits per position
N_FEATURES = 60  # sampled encoder features
LAYER_NORMS = ("attn_ln.weight", "mlp_ln.weight", "ln_post.weight", "decoder.ln.weight")


def dims(multilingual: bool) -> whisper_model.ModelDimensions:
    return whisper_model.ModelDimensions(
        n_mels=80, n_audio_ctx=1500, n_audio_state=WIDTH, n_audio_head=HEADS, n_audio_layer=2,
        n_vocab=51865 if multilingual else 51864, n_text_ctx=448, n_text_state=WIDTH, n_text_head=HEADS, n_text_layer=2,
    )  # fmt: skip


def sinusoids(length: int, channels: int) -> np.ndarray:
    """openai's table of positions, in double precision (openai computes it in float32)."""
    half = channels // 2
    scales = np.exp(-np.log(10000.0) / (half - 1) * np.arange(half))
    angles = np.arange(length)[:, None] * scales[None, :]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name == "encoder.positional_embedding":
        return sinusoids(*shape)
    scale = 0.1 if len(shape) == 1 else (3.0 / np.prod(shape[1:])) ** 0.5
    return seeded(name, shape, seed=SEED, offset=1.0 if name.endswith(LAYER_NORMS) else 0.0, scale=scale)


def build(multilingual: bool) -> whisper_model.Whisper:
    model = whisper_model.Whisper(dims(multilingual))
    state = {name: torch.from_numpy(weight(name, tuple(t.shape))) for name, t in model.state_dict().items()}
    model.load_state_dict(state)
    return model.eval()


@contextmanager
def double_precision():
    """openai's LayerNorm computes in float32 and its decoding takes float32 features only; a float64 run must not."""
    layer_norm, audio_features = whisper_model.LayerNorm.forward, decoding.DecodingTask._get_audio_features
    whisper_model.LayerNorm.forward = nn.LayerNorm.forward
    decoding.DecodingTask._get_audio_features = lambda task, features: features
    try:
        yield
    finally:
        whisper_model.LayerNorm.forward, decoding.DecodingTask._get_audio_features = layer_norm, audio_features


def describe(array: np.ndarray) -> dict:
    array = np.ascontiguousarray(array, dtype="<f4")
    return {"shape": list(array.shape), "first": shortest(array.ravel()[:4]), "crc32": zlib.crc32(array.tobytes())}


def describe_weights(model) -> list[dict]:
    entries = []
    for name, tensor in model.state_dict().items():
        entry = {"name": name, **describe(tensor.numpy())}
        if name == "encoder.positional_embedding":
            entry["crc32"] = None
        entries.append(entry)
    return entries


def encoder_part(features: torch.Tensor) -> dict:
    length, width = features.shape
    picks = sorted({((i * 389 + 7 * i * i) % length, (i * 29 + i // 3) % width) for i in range(N_FEATURES - 4)})
    picks = [(0, 0), (0, width - 1), *picks, (length - 1, 0), (length - 1, width - 1)]
    return {
        "samples": [[p, c, *shortest(features[p, c])] for p, c in picks],
        "mean": features.double().mean().item(),
        "l2_norm": features.double().norm().item(),
    }


def sampled_ids(n_vocab: int, tokenizer) -> list[int]:
    special = [tokenizer.eot, tokenizer.sot, tokenizer.sot + 1, tokenizer.no_speech, tokenizer.no_timestamps,
               tokenizer.timestamp_begin, tokenizer.timestamp_begin + 1, n_vocab - 1]  # fmt: skip
    spread = [i * (n_vocab - 1) // (N_IDS - len(special)) + i % 5 for i in range(N_IDS - len(special))]
    return sorted(set(special + spread))


def decoder_part(logits: torch.Tensor, tokens: list[int], ids: list[int]) -> dict:
    rows = []
    for position, row in enumerate(logits):
        best = row.topk(2).values
        check_margin(f"argmax at position {position}", float(best[0] - best[1]))
        rows.append(
            {
                "values": shortest(row[ids]),
                "argmax": row.argmax().item(),
                "max": shortest(row.max())[0],
                "logsumexp": row.double().logsumexp(-1).item(),
            }
        )
    return {"tokens": tokens, "ids": ids, "rows": rows}


def decode_options(multilingual: bool, tokenizer) -> dict[str, dict]:
    prompt = tokenizer.encode(PROMPT)
    plain = {"language": "en", "task": "transcribe", "prompt": None, "without_timestamps": False, "sample_len": 224}
    cases = {
        "timestamps": plain,
        "prompt": {**plain, "prompt": prompt, "sample_len": 40},
        "long_prompt": {**plain, "prompt": (prompt * 30)[:260]},
        "without_timestamps": {**plain, "without_timestamps": True, "sample_len": 40},
        "without_timestamps_prompt": {**plain, "prompt": prompt, "without_timestamps": True, "sample_len": 40},
    }
    if multilingual:
        cases["timestamps"] = {**plain, "language": "ko"}
        cases["translate"] = {**plain, "language": "sv", "task": "translate", "sample_len": 40}
    return cases


def decode(model, features: torch.Tensor, name: str, options: dict) -> dict:
    with recorded_decodings() as recorded:
        result = decoding.decode(model, features[None], decoding.DecodingOptions(**options, fp16=False))[0]
    return {
        "name": name,
        "options": options,
        "initial_tokens": recorded[0].initial_tokens,
        "tokens": result.tokens,
        "finished": recorded[0].finished,
        "avg_logprob": result.avg_logprob,
        "no_speech_prob": result.no_speech_prob,
        "text": result.text,
        "margin": recorded[0].margin,
    }


def run(model, mel: torch.Tensor, multilingual: bool) -> dict:
    """Everything the file states, in the model's own precision."""
    tokenizer = get_tokenizer(multilingual, language="en", task="transcribe")
    tokens = list(tokenizer.sot_sequence) + [tokenizer.timestamp_begin] + tokenizer.encode(TEXT)
    with torch.no_grad():
        features = model.encoder(mel[None])[0]
        logits = model.decoder(torch.tensor([tokens]), features[None])[0]
    result = {"features": features, "logits": logits, "tokens": tokens, "ids": sampled_ids(logits.shape[1], tokenizer)}
    if multilingual:
        token, probabilities = decoding.detect_language(model, features)
        result["language"] = {
            "detected": max(probabilities, key=probabilities.get),
            "token": token.item(),
            "probabilities": {code: probabilities[code] for code in LANGUAGES if code in probabilities},
        }
    result["decodes"] = [decode(model, features, *case) for case in decode_options(multilingual, tokenizer).items()]
    return result


def compare(single: dict, double: dict) -> dict:
    """Largest differences of the float32 run to the float64 run. The tokens must be the same."""
    difference = {
        "encoder": (single["features"] - double["features"]).abs().max().item(),
        "logits": (single["logits"] - double["logits"]).abs().max().item(),
        "avg_logprob": 0.0,
        "no_speech_prob": 0.0,
    }
    for a, b in zip(single["decodes"], double["decodes"], strict=True):
        check_margin(a["name"], a["margin"])
        if a["tokens"] != b["tokens"]:
            raise ValueError(f"{a['name']}: float32 and float64 decode different tokens")
        for key in ("avg_logprob", "no_speech_prob"):
            difference[key] = max(difference[key], abs(a[key] - b[key]))
    if "language" in single:
        p, q = single["language"]["probabilities"], double["language"]["probabilities"]
        difference["language"] = max(abs(p[code] - q[code]) for code in p)
    return difference


def golden(multilingual: bool) -> dict:
    model = build(multilingual)
    mel = seeded("mel", (80, 3000), seed=SEED, scale=0.5)
    weights = describe_weights(model)
    single = run(model, torch.from_numpy(mel), multilingual)
    with double_precision():
        double = run(build(multilingual).double(), torch.from_numpy(mel).double(), multilingual)
    sizes = {**vars(model.dims), "n_audio_ffn": 4 * WIDTH, "n_text_ffn": 4 * WIDTH}
    return {
        "dims": sizes,
        "seed": SEED,
        "multilingual": multilingual,
        "weights": weights,
        "mel": describe(mel),
        "encoder": encoder_part(single["features"]),
        "decoder": decoder_part(single["logits"], single["tokens"], single["ids"]),
        **({"language": single["language"]} if multilingual else {}),
        "decodes": single["decodes"],
        "float64_difference": compare(single, double),
    }
