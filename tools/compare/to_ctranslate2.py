"""A Hugging Face folder to a CTranslate2 folder in float32; --compute-type quantises when it is loaded.

    python to_ctranslate2.py whisper-base whisper-base-ct2
"""

import argparse
from pathlib import Path

import numpy as np
from ctranslate2.specs import whisper_spec

from hf_folder import Model


class Filler:
    """Fills a specification from tensors by openai's names."""

    def __init__(self, tensors: dict[str, np.ndarray]):
        self.tensors = tensors

    def weight_and_bias(self, spec, name: str) -> None:
        spec.weight, spec.bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]

    def norm(self, spec, name: str) -> None:
        spec.gamma, spec.beta = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]

    def stacked(self, spec, names: list[str]) -> None:
        """One linear layer of several; keys have no bias."""
        spec.weight = np.concatenate([self.tensors[f"{name}.weight"] for name in names])
        zeros = np.zeros(self.tensors[f"{names[0]}.weight"].shape[0], np.float32)
        spec.bias = np.concatenate([self.tensors.get(f"{name}.bias", zeros) for name in names])

    def attention(self, spec, name: str, cross: bool) -> None:
        groups = [["query"], ["key", "value"]] if cross else [["query", "key", "value"]]
        for linear, parts in zip(spec.linear, groups):
            self.stacked(linear, [f"{name}.{part}" for part in parts])
        self.weight_and_bias(spec.linear[-1], f"{name}.out")
        self.norm(spec.layer_norm, f"{name}_ln")

    def layer(self, spec, name: str) -> None:
        self.attention(spec.self_attention, f"{name}.attn", cross=False)
        if hasattr(spec, "attention"):
            self.attention(spec.attention, f"{name}.cross_attn", cross=True)
        self.norm(spec.ffn.layer_norm, f"{name}.mlp_ln")
        self.weight_and_bias(spec.ffn.linear_0, f"{name}.mlp.0")
        self.weight_and_bias(spec.ffn.linear_1, f"{name}.mlp.2")


def whisper(model: Model) -> whisper_spec.WhisperSpec:
    c, t = model.config, model.tensors
    spec = whisper_spec.WhisperSpec(
        c["encoder_layers"], c["encoder_attention_heads"], c["decoder_layers"], c["decoder_attention_heads"]
    )
    fill = Filler(t)
    fill.weight_and_bias(spec.encoder.conv1, "encoder.conv1")
    fill.weight_and_bias(spec.encoder.conv2, "encoder.conv2")
    fill.norm(spec.encoder.layer_norm, "encoder.ln_post")
    fill.norm(spec.decoder.layer_norm, "decoder.ln")
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = t["decoder.token_embedding.weight"]
    for part in ("encoder", "decoder"):
        half = getattr(spec, part)
        half.position_encodings.encodings = t[f"{part}.positional_embedding"]
        for index, layer in enumerate(half.layer):
            fill.layer(layer, f"{part}.blocks.{index}")
    return spec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    model = Model(args.folder)
    spec = whisper(model)
    special = model.special_tokens()  # text tokens are given by number: their names need only differ
    spec.register_vocabulary([special.get(index, f"token {index}") for index in range(model.config["vocab_size"])])
    layers, heads = model.config["decoder_layers"], model.config["decoder_attention_heads"]
    spec.config.suppress_ids, spec.config.suppress_ids_begin, spec.config.lang_ids = [], [], []
    spec.config.alignment_heads = [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]
    spec.validate()
    spec.optimize(quantization=None)
    args.out.mkdir(parents=True, exist_ok=True)
    spec.save(str(args.out))


if __name__ == "__main__":
    main()
