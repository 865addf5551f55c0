"""The Hugging Face folder of a digits model: tensor names, configuration and tokenizer files.

    python hf_format.py run/checkpoint.pt ../../models/digits

writes a folder from a training checkpoint. Its README.md, the model card, is written by hand and left alone.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import vocabulary as v
from model import Dims

# openai/whisper's name of a part of a tensor's name -> Hugging Face's
PARTS = {
    "blocks": "layers",
    "token_embedding": "embed_tokens",
    "positional_embedding": "embed_positions.weight",
    "attn": "self_attn",
    "attn_ln": "self_attn_layer_norm",
    "cross_attn": "encoder_attn",
    "cross_attn_ln": "encoder_attn_layer_norm",
    "mlp_ln": "final_layer_norm",
    "query": "q_proj",
    "key": "k_proj",
    "value": "v_proj",
    "out": "out_proj",
    "ln_post": "layer_norm",
    "ln": "layer_norm",
}


def hf_name(name: str) -> str:
    """`encoder.blocks.0.mlp.0.weight` -> `model.encoder.layers.0.fc1.weight`"""
    name = name.replace("mlp.0", "fc1").replace("mlp.2", "fc2")
    return ".".join(["model", *(PARTS.get(part, part) for part in name.split("."))])


def load_weights(folder: Path, names: list[str]) -> dict[str, Tensor]:
    """The tensors of a folder in float32, under openai/whisper's `names`."""
    tensors = load_file(folder / "model.safetensors")
    return {name: tensors[hf_name(name)].float() for name in names}


def special_ids() -> dict[str, int]:
    """Every special token and its id."""
    return {text: v.EOT + index for index, text in enumerate(v.special_tokens())}


def special_tokens_map() -> dict:
    """special_tokens_map.json: everything special but the timestamps, whose first id `transformers` finds from this list."""
    end = "<|endoftext|>"
    others = [text for text, index in special_ids().items() if index < v.TIMESTAMP_BEGIN]
    return {"unk_token": end, "bos_token": end, "eos_token": end, "pad_token": end, "additional_special_tokens": others}


def base_ids() -> dict[str, int]:
    """vocab.json: the base tokens as GPT-2 writes them, and `<|endoftext|>`."""
    return {v.visible(token): index for index, token in enumerate(v.BASE_TOKENS)} | {"<|endoftext|>": v.EOT}


def config(dims: Dims) -> dict:
    """config.json"""
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "is_encoder_decoder": True,
        "vocab_size": dims.n_vocab,
        "num_mel_bins": dims.n_mels,
        "d_model": dims.n_audio_state,
        "encoder_layers": dims.n_audio_layer,
        "encoder_attention_heads": dims.n_audio_head,
        "encoder_ffn_dim": 4 * dims.n_audio_state,
        "decoder_layers": dims.n_text_layer,
        "decoder_attention_heads": dims.n_text_head,
        "decoder_ffn_dim": 4 * dims.n_text_state,
        "num_hidden_layers": dims.n_audio_layer,
        "max_source_positions": dims.n_audio_ctx,
        "max_target_positions": dims.n_text_ctx,
        "max_length": dims.n_text_ctx,
        "activation_function": "gelu",
        "scale_embedding": False,
        "tie_word_embeddings": True,
        "use_cache": True,
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "encoder_layerdrop": 0.0,
        "decoder_layerdrop": 0.0,
        "init_std": 0.02,
        "bos_token_id": v.SOT,
        "eos_token_id": v.EOT,
        "pad_token_id": v.EOT,
        "decoder_start_token_id": v.SOT,
        "suppress_tokens": v.suppressed_tokens(),
        "begin_suppress_tokens": [v.SPACE, v.EOT],
        "torch_dtype": "float16",
    }


def generation_config(dims: Dims) -> dict:
    """generation_config.json, with the keys of OpenAI's English-only models."""
    return {
        "alignment_heads": [[dims.n_text_layer - 1, 0]],
        "begin_suppress_tokens": [v.SPACE, v.EOT],
        "bos_token_id": v.SOT,
        "decoder_start_token_id": v.SOT,
        "eos_token_id": v.EOT,
        "forced_decoder_ids": [[1, v.NO_TIMESTAMPS]],
        "is_multilingual": False,
        "max_initial_timestamp_index": 50,
        "max_length": dims.n_text_ctx,
        "no_timestamps_token_id": v.NO_TIMESTAMPS,
        "pad_token_id": v.EOT,
        "prev_sot_token_id": v.SOT_PREV,
        "return_timestamps": False,
        "suppress_tokens": v.suppressed_tokens(),
    }


def preprocessor_config(dims: Dims) -> dict:
    """preprocessor_config.json"""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": dims.n_mels,
        "sampling_rate": 16000,
        "chunk_length": 30,
        "hop_length": 160,
        "n_fft": 400,
        "n_samples": 480000,
        "nb_max_frames": 2 * dims.n_audio_ctx,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def added_token(text: str) -> dict:
    """How the tokenizer treats a special token; timestamps are not "special", so that they can be shown."""
    is_timestamp = special_ids()[text] >= v.TIMESTAMP_BEGIN
    return {
        "content": text,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": not is_timestamp,
    }


def tokenizer() -> dict:
    """tokenizer.json of the `tokenizers` library."""
    wrap = [
        {"SpecialToken": {"id": "<|startoftranscript|>", "type_id": 0}},
        {"SpecialToken": {"id": "<|notimestamps|>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
    ]
    names = ["<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, **added_token(text)} for text, index in special_ids().items()],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": wrap,
            "pair": [*wrap[:-1], {"Sequence": {"id": "B", "type_id": 1}}, wrap[-1]],
            "special_tokens": {name: {"id": name, "ids": [special_ids()[name]], "tokens": [name]} for name in names},
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": base_ids(),
            "merges": merge_lines(),
        },
    }


def merge_lines() -> list[str]:
    """The merges as "left right", in order of rank."""
    return [f"{v.visible(a.encode())} {v.visible(b.encode())}" for a, b in v.MERGES]


def tokenizer_config() -> dict:
    """tokenizer_config.json"""
    return {
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "add_prefix_space": False,
        "add_bos_token": False,
        "errors": "replace",
        "model_max_length": 1024,
        "return_attention_mask": False,
        "clean_up_tokenization_spaces": False,
        **special_tokens_map(),
        "added_tokens_decoder": {str(index): added_token(text) for text, index in special_ids().items()},
    }


def write_folder(folder: Path, weights: dict[str, Tensor], dims: Dims) -> None:
    """Writes every file of the folder but the model card; `weights` under openai/whisper's names."""
    folder.mkdir(parents=True, exist_ok=True)
    special = special_ids()
    files = {
        "config.json": config(dims),
        "generation_config.json": generation_config(dims),
        "preprocessor_config.json": preprocessor_config(dims),
        "tokenizer.json": tokenizer(),
        "tokenizer_config.json": tokenizer_config(),
        "special_tokens_map.json": special_tokens_map(),
        "vocab.json": base_ids(),
        "added_tokens.json": {text: index for text, index in special.items() if index != v.EOT},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merge_lines()]) + "\n", encoding="utf-8")
    halves = {hf_name(name): tensor.half().contiguous() for name, tensor in weights.items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)


def main() -> None:
    """Exports the averaged weights of a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, weights_only=True)
    write_folder(arguments.folder, state["average"], Dims(**state["dims"]))
    size = (arguments.folder / "model.safetensors").stat().st_size
    print(f"{arguments.folder}: step {state['step']}, model.safetensors {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
