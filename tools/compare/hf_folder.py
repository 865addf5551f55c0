"""A Hugging Face folder of a Whisper model, under openai/whisper's names of tensors."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

# openai's name of a part of a tensor's name -> Hugging Face's
PARTS = {
    "blocks": "layers", "token_embedding": "embed_tokens", "positional_embedding": "embed_positions.weight",
    "attn": "self_attn", "attn_ln": "self_attn_layer_norm", "cross_attn": "encoder_attn",
    "cross_attn_ln": "encoder_attn_layer_norm", "mlp_ln": "final_layer_norm", "query": "q_proj", "key": "k_proj",
    "value": "v_proj", "out": "out_proj", "ln_post": "layer_norm", "ln": "layer_norm",
}  # fmt: skip
BACK = {hf: openai for openai, hf in PARTS.items() if openai not in ("ln_post", "ln", "positional_embedding")}


def hf_name(name: str) -> str:
    """`encoder.blocks.0.mlp.0.weight` -> `model.encoder.layers.0.fc1.weight`"""
    name = name.replace("mlp.0", "fc1").replace("mlp.2", "fc2")
    return ".".join(["model", *(PARTS.get(part, part) for part in name.split("."))])


def openai_name(name: str) -> str:
    """The way back."""
    name = name.removeprefix("model.").replace("embed_positions.weight", "positional_embedding")
    parts = [BACK.get(part, part) for part in name.split(".")]
    if "layer_norm" in parts:
        parts[parts.index("layer_norm")] = "ln_post" if parts[0] == "encoder" else "ln"
    return ".".join(parts).replace("fc1", "mlp.0").replace("fc2", "mlp.2")


def byte_letters() -> list[str]:
    """GPT-2's letter for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {byte: chr(byte) for byte in printable}, 256
    for byte in range(256):
        if byte not in letters:
            letters[byte], extra = chr(extra), extra + 1
    return [letters[byte] for byte in range(256)]


class Model:
    """Configuration and tensors of a folder; the tensors in float32."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config = json.loads((folder / "config.json").read_text())
        self.tensors: dict[str, np.ndarray] = {}
        for file in sorted(folder.glob("model*.safetensors")):
            for name, tensor in load_file(file).items():
                if name != "proj_out.weight":  # the embedding once more
                    self.tensors[openai_name(name)] = tensor.astype(np.float32)
        if not self.tensors:
            raise SystemExit(f"{folder}: there is no model.safetensors")

    def text_tokens(self) -> list[bytes]:
        """The bytes of each text token, by id."""
        bytes_of = {letter: byte for byte, letter in enumerate(byte_letters())}
        special = self.special_tokens()
        vocab = self.tokenizer()["model"]["vocab"]
        ordered = sorted((index, token) for token, index in vocab.items() if index not in special)
        return [bytes(bytes_of[letter] for letter in token) for _, token in ordered]

    def special_tokens(self) -> dict[int, str]:
        return {token["id"]: token["content"] for token in self.tokenizer()["added_tokens"]}

    def tokenizer(self) -> dict:
        return json.loads((self.folder / "tokenizer.json").read_text())
