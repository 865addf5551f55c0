"""The encoder of a Hugging Face folder to OpenVINO: float32.xml, and int8.xml by NNCF with SmoothQuant.

    python to_openvino.py whisper-base whisper-base-openvino

NNCF calibrates int8 on made-up spectrograms: good enough for its speed, not for its accuracy.
"""

import argparse
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as op

from hf_folder import Model


class Encoder:
    """openai/whisper's encoder as a graph of OpenVINO."""

    def __init__(self, model: Model):
        self.tensors, self.heads = model.tensors, model.config["encoder_attention_heads"]
        self.width, self.layers = model.config["d_model"], model.config["encoder_layers"]
        self.positions, self.n_mels = model.config["max_source_positions"], model.config["num_mel_bins"]

    def tensor(self, name: str) -> np.ndarray:
        return self.tensors[f"encoder.{name}"]

    def convolution(self, x, name: str, stride: int):
        y = op.convolution(x, op.constant(self.tensor(f"{name}.weight")), [stride], [1], [1], [1])
        return op.gelu(op.add(y, op.constant(self.tensor(f"{name}.bias")[None, :, None])), "erf")

    def linear(self, x, name: str):
        y = op.matmul(x, op.constant(self.tensor(f"{name}.weight")), False, True)
        bias = self.tensors.get(f"encoder.{name}.bias")
        return y if bias is None else op.add(y, op.constant(bias))

    def norm(self, x, name: str):
        y = op.mvn(x, op.constant(np.array([2])), True, 1e-5, "inside_sqrt")
        return op.add(op.multiply(y, op.constant(self.tensor(f"{name}.weight"))), op.constant(self.tensor(f"{name}.bias")))

    def by_head(self, x):
        shape = op.constant(np.array([1, self.positions, self.heads, self.width // self.heads]))
        return op.transpose(op.reshape(x, shape, False), op.constant(np.array([0, 2, 1, 3])))

    def attention(self, x, name: str):
        q, k, v = (self.by_head(self.linear(x, f"{name}.{part}")) for part in ("query", "key", "value"))
        mixed = op.transpose(op.scaled_dot_product_attention(q, k, v), op.constant(np.array([0, 2, 1, 3])))
        joined = op.reshape(mixed, op.constant(np.array([1, self.positions, self.width])), False)
        return self.linear(joined, f"{name}.out")

    def graph(self) -> ov.Model:
        mel = op.parameter([1, self.n_mels, 2 * self.positions], np.float32, "mel")
        x = self.convolution(self.convolution(mel, "conv1", 1), "conv2", 2)
        x = op.transpose(x, op.constant(np.array([0, 2, 1])))
        x = op.add(x, op.constant(self.tensor("positional_embedding")))
        for index in range(self.layers):
            block = f"blocks.{index}"
            x = op.add(x, self.attention(self.norm(x, f"{block}.attn_ln"), f"{block}.attn"))
            hidden = op.gelu(self.linear(self.norm(x, f"{block}.mlp_ln"), f"{block}.mlp.0"), "erf")
            x = op.add(x, self.linear(hidden, f"{block}.mlp.2"))
        return ov.Model([self.norm(x, "ln_post")], [mel], "encoder")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    import nncf  # slow to import

    encoder = Encoder(Model(args.folder))
    args.out.mkdir(parents=True, exist_ok=True)
    ov.save_model(encoder.graph(), args.out / "float32.xml", compress_to_fp16=False)
    mel = np.random.default_rng(0).uniform(-0.5, 1.5, (1, encoder.n_mels, 2 * encoder.positions)).astype(np.float32)
    int8 = nncf.quantize(
        encoder.graph(), nncf.Dataset([mel]), model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED, subset_size=1,
    )  # fmt: skip
    ov.save_model(int8, args.out / "int8.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()
