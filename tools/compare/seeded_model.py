"""A Whisper model with made-up weights as a Hugging Face folder, the same numbers as `sotto bench --size`.

    python seeded_model.py base base-seeded

The time of an engine does not depend on the numbers, so that engines can be compared where no real weights are at hand.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save_file

from hf_folder import byte_letters, hf_name

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
N_AUDIO_CTX, N_TEXT_CTX, N_TEXT_TOKENS = 1500, 448, 50257
LAYER_NORMS = ("_ln.weight", "ln_post.weight", ".ln.weight")


class Size(NamedTuple):
    width: int
    heads: int
    layers: int
    n_mels: int = 80
    n_vocab: int = 51865


SIZES = {
    "tiny": Size(384, 6, 4), "base": Size(512, 8, 6), "small": Size(768, 12, 12), "medium": Size(1024, 16, 24),
    "large-v2": Size(1280, 20, 32), "large-v3": Size(1280, 20, 32, n_mels=128, n_vocab=51866),
}  # fmt: skip


def fnv1a64(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return value


def seeded(name: str, size: int, seed: int, offset: float, scale: float) -> np.ndarray:
    """Splitmix64 from a name and a seed (src/model/seeded.h)."""
    with np.errstate(over="ignore"):
        start = np.uint64(fnv1a64(name)) ^ (np.uint64(seed) * GOLDEN)
        z = start + np.arange(1, size + 1, dtype=np.uint64) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (offset + scale * ((z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1)).astype(np.float32)


def sinusoids(length: int, width: int) -> np.ndarray:
    half = width // 2
    angles = np.arange(length)[:, None] * np.exp(-np.log(10000.0) / (half - 1) * np.arange(half))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def shapes(size: Size) -> dict[str, tuple[int, ...]]:
    """openai's names of all tensors."""
    width = size.width

    def linear(name: str, n_out: int, n_in: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
        return {f"{name}.weight": (n_out, n_in)} | ({f"{name}.bias": (n_out,)} if bias else {})

    def norm(name: str) -> dict[str, tuple[int, ...]]:
        return {f"{name}.weight": (width,), f"{name}.bias": (width,)}

    def attention(name: str) -> dict[str, tuple[int, ...]]:
        parts = {}
        for part in ("query", "key", "value", "out"):
            parts |= linear(f"{name}.{part}", width, width, bias=part != "key")
        return parts | norm(f"{name}_ln")

    all_shapes = {
        "encoder.conv1.weight": (width, size.n_mels, 3), "encoder.conv1.bias": (width,),
        "encoder.conv2.weight": (width, width, 3), "encoder.conv2.bias": (width,),
        "encoder.positional_embedding": (N_AUDIO_CTX, width), **norm("encoder.ln_post"),
        "decoder.token_embedding.weight": (size.n_vocab, width), "decoder.positional_embedding": (N_TEXT_CTX, width),
        **norm("decoder.ln"),
    }  # fmt: skip
    for part, attentions in {"encoder": ["attn"], "decoder": ["attn", "cross_attn"]}.items():
        for layer in range(size.layers):
            block = f"{part}.blocks.{layer}"
            for name in attentions:
                all_shapes |= attention(f"{block}.{name}")
            all_shapes |= linear(f"{block}.mlp.0", 4 * width, width) | linear(f"{block}.mlp.2", width, 4 * width)
            all_shapes |= norm(f"{block}.mlp_ln")
    return all_shapes


def weight(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    if name == "encoder.positional_embedding":
        return sinusoids(*shape)
    offset = 1.0 if name.endswith(LAYER_NORMS) else 0.0
    scale = 0.1 if len(shape) == 1 else (3.0 / np.prod(shape[1:])) ** 0.5
    return seeded(name, int(np.prod(shape)), seed, offset, float(scale)).reshape(shape)


def tokenizer(size: Size) -> dict:
    """All bytes, then pairs of them: a vocabulary that needs no file."""
    letters = sorted(byte_letters())
    pairs = [(a, b) for a in letters for b in letters][: N_TEXT_TOKENS - len(letters)]
    vocab = {token: index for index, token in enumerate(letters + [a + b for a, b in pairs])}
    languages = LANGUAGES.split()[: size.n_vocab - N_TEXT_TOKENS - 1509]
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in languages), "<|translate|>",
               "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
               *(f"<|{i * 0.02:.2f}|>" for i in range(1501))]  # fmt: skip
    added = [{"id": N_TEXT_TOKENS + index, "content": content} for index, content in enumerate(special)]
    return {"added_tokens": added, "model": {"type": "BPE", "vocab": vocab, "merges": [f"{a} {b}" for a, b in pairs]}}


LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue"
)


def config(size: Size) -> dict:
    return {
        "model_type": "whisper", "activation_function": "gelu", "scale_embedding": False, "num_mel_bins": size.n_mels,
        "max_source_positions": N_AUDIO_CTX, "d_model": size.width, "encoder_attention_heads": size.heads,
        "encoder_layers": size.layers, "encoder_ffn_dim": 4 * size.width, "vocab_size": size.n_vocab,
        "max_target_positions": N_TEXT_CTX, "decoder_attention_heads": size.heads, "decoder_layers": size.layers,
        "decoder_ffn_dim": 4 * size.width,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    size = SIZES[args.size]
    args.folder.mkdir(parents=True, exist_ok=True)
    tensors = {hf_name(name): weight(name, shape, args.seed) for name, shape in shapes(size).items()}
    save_file(tensors, args.folder / "model.safetensors", metadata={"format": "pt"})
    files = {"config": config(size), "generation_config": {"is_multilingual": True}, "tokenizer": tokenizer(size)}
    for name, content in files.items():
        (args.folder / f"{name}.json").write_text(json.dumps(content))


if __name__ == "__main__":
    main()
