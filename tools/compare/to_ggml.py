"""A Hugging Face folder to the ggml file that whisper.cpp reads, in float16.

    python to_ggml.py whisper-base ggml-base.bin
"""

import argparse
import struct
from pathlib import Path

import numpy as np

from hf_folder import Model

MAGIC = 0x67676D6C
FFT_BINS = 201


def mel_filters(n_mels: int) -> np.ndarray:
    """Slaney's triangles from 0 to 8 kHz, as librosa.filters.mel(sr=16000, n_fft=400)."""
    def to_hz(mels: np.ndarray) -> np.ndarray:
        return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))

    edges = to_hz(np.linspace(0, 15 + np.log(8) / np.log(6.4) * 27, n_mels + 2))
    bins = np.linspace(0, 8000, FFT_BINS)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def tensor_bytes(name: str, tensor: np.ndarray) -> bytes:
    """Matrices in float16, all else in float32; the biases of convolutions are columns."""
    small = tensor.ndim == 1 or name.endswith("positional_embedding")
    data = tensor.astype(np.float32 if small else np.float16)
    shape = (*tensor.shape, 1) if name in ("encoder.conv1.bias", "encoder.conv2.bias") else tensor.shape
    head = struct.pack("<3i", len(shape), len(name), 0 if small else 1) + struct.pack(f"<{len(shape)}i", *shape[::-1])
    return head + name.encode() + data.tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    model = Model(args.folder)
    c = model.config
    sizes = [c["vocab_size"], c["max_source_positions"], c["d_model"], c["encoder_attention_heads"], c["encoder_layers"],
             c["max_target_positions"], c["d_model"], c["decoder_attention_heads"], c["decoder_layers"],
             c["num_mel_bins"], 1]  # fmt: skip
    tokens = model.text_tokens()
    with args.out.open("wb") as file:
        file.write(struct.pack("<12i", MAGIC, *sizes))
        file.write(struct.pack("<2i", c["num_mel_bins"], FFT_BINS) + mel_filters(c["num_mel_bins"]).tobytes())
        file.write(struct.pack("<i", len(tokens)) + b"".join(struct.pack("<i", len(t)) + t for t in tokens))
        for name, tensor in model.tensors.items():
            file.write(tensor_bytes(name, tensor))


if __name__ == "__main__":
    main()
