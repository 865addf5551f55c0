"""The network: a Whisper of the usual shape, small enough to train on a CPU.

Parameter names are those of openai/whisper's `whisper.model.Whisper`, so a checkpoint loads there as it is; `hf_format.py`
renames them for a Hugging Face folder. What differs from a plain Whisper is only for training: the encoder accepts short
windows (a slice of the position table), and the decoder returns the queries and keys of one cross-attention head per layer,
so that training can tell it where each word is.

Shapes: B windows, F mel frames (10 ms), T = F / 2 encoder positions (20 ms), N decoder tokens, D width, H heads, E = D / H,
V tokens.
"""

from dataclasses import dataclass
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Dims:
    """Sizes of the model, named as in openai/whisper's ModelDimensions."""

    n_mels: int = 80
    n_audio_ctx: int = 1500
    n_audio_state: int = 128
    n_audio_head: int = 2
    n_audio_layer: int = 2
    n_vocab: int = 1901
    n_text_ctx: int = 448
    n_text_state: int = 128
    n_text_head: int = 2
    n_text_layer: int = 2


def sinusoids(length: int, channels: int) -> Tensor:
    """Whisper's fixed position table [length, channels]: sines, then cosines."""
    increment = log(10000) / (channels // 2 - 1)
    scales = torch.exp(-increment * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * scales[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def look_near(attention: "Attention", offsets: list[int], rotation: Tensor | None = None) -> None:
    """Sets queries and keys so that head h first looks `offsets[h]` positions from its own (or the one it speaks of).

    They compare the fast half of the position table's angles, the keys' angles turned back by the offset. `rotation` [D, D]
    is what the table was multiplied by, if anything.
    """
    queries, keys = (0.5 * attention.query.weight, 0.5 * attention.key.weight)
    half = keys.shape[1] // 2
    count = keys.shape[0] // attention.heads // 2
    increment = log(10000) / (half - 1)
    index = torch.arange(count)
    for head, offset in enumerate(offsets):
        turn = offset * torch.exp(-increment * index)
        sines, cosines = 2 * count * head + index, 2 * count * head + count + index
        queries[sines, index] += 1
        queries[cosines, half + index] += 1
        keys[sines, index] += turn.cos()
        keys[sines, half + index] -= turn.sin()
        keys[cosines, half + index] += turn.cos()
        keys[cosines, index] += turn.sin()
    attention.query.weight.copy_(queries if rotation is None else queries @ rotation)
    attention.key.weight.copy_(keys if rotation is None else keys @ rotation)


class Attention(nn.Module):
    """Multi-head attention; the key projection has no bias, as in Whisper."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, H, N, D/H]"""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, source: Tensor, causal: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """x [B, N, D] attends to source [B, M, D]; returns the result [B, N, D] and queries and keys [B, H, *, D/H]."""
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(mixed.transpose(1, 2).flatten(2)), q, k


Guide = tuple[Tensor, Tensor]  # queries [B, N, E] and keys [B, T, E] of one cross-attention head


class Block(nn.Module):
    """One pre-norm transformer layer, with cross-attention in the decoder."""

    def __init__(self, width: int, heads: int, cross: bool):
        super().__init__()
        self.attn = Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.cross_attn = Attention(width, heads) if cross else None
        self.cross_attn_ln = nn.LayerNorm(width) if cross else None
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, source: Tensor | None = None) -> tuple[Tensor, Guide | None]:
        """x [B, N, D], source [B, T, D] -> x [B, N, D], and the first cross-attention head's queries and keys."""
        normed = self.attn_ln(x)
        x = x + self.attn(normed, normed, causal=source is not None)[0]
        guide = None
        if source is not None:
            mixed, q, k = self.cross_attn(self.cross_attn_ln(x), source)
            x = x + mixed
            guide = q[:, 0], k[:, 0]
        return x + self.mlp(self.mlp_ln(x)), guide


class Encoder(nn.Module):
    """Two convolutions, then layers over 20 ms positions."""

    def __init__(self, dims: Dims):
        super().__init__()
        width = dims.n_audio_state
        self.conv1 = nn.Conv1d(dims.n_mels, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(dims.n_audio_ctx, width))
        self.blocks = nn.ModuleList(Block(width, dims.n_audio_head, cross=False) for _ in range(dims.n_audio_layer))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel: Tensor, offset: Tensor) -> Tensor:
        """mel [B, n_mels, F], offset [B] first position of each window -> [B, F/2, D]"""
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        positions = offset[:, None] + torch.arange(x.shape[1])
        x = x + self.positional_embedding[positions]
        for block in self.blocks:
            x, _ = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    """Token layers with causal self-attention and cross-attention; logits from the tied embedding."""

    def __init__(self, dims: Dims):
        super().__init__()
        width = dims.n_text_state
        self.token_embedding = nn.Embedding(dims.n_vocab, width)
        self.positional_embedding = nn.Parameter(torch.randn(dims.n_text_ctx, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, dims.n_text_head, cross=True) for _ in range(dims.n_text_layer))
        self.ln = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, features: Tensor) -> tuple[Tensor, list[Guide]]:
        """tokens [B, N], features [B, T, D] -> states [B, N, D] before the logits, and each layer's guide"""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        guides = []
        for block in self.blocks:
            x, guide = block(x, features)
            guides.append(guide)
        return self.ln(x), guides

    def logits(self, states: Tensor) -> Tensor:
        """states [..., D] -> float32 [..., V]"""
        return (states @ self.token_embedding.weight.T).float()


class Whisper(nn.Module):
    """The whole model."""

    def __init__(self, dims: Dims, timestamp_begin: int):
        super().__init__()
        self.dims = dims
        self.encoder = Encoder(dims)
        self.decoder = Decoder(dims)
        self.initialise(timestamp_begin)

    @torch.no_grad()
    def initialise(self, timestamp_begin: int) -> None:
        """Starts from what is known of sound and time, which saves most of the early training.

        A timestamp token is the encoder's position of the same 20 ms step; encoder heads look a little back or ahead;
        cross-attention looks at, or just after, the time that a decoder position speaks of; and decoder self-attention looks
        at the tokens just before, however long the prompt is. (The places of tokens are kept apart from the times that
        timestamps stand for by a rotation.)
        """
        table, places = self.decoder.token_embedding.weight, self.decoder.positional_embedding
        table.normal_(std=0.05)
        steps = table.shape[0] - timestamp_begin
        table[timestamp_begin:] += 0.1 * sinusoids(steps, table.shape[1])
        rotation = torch.linalg.qr(torch.randn(table.shape[1], table.shape[1]))[0]
        places.copy_(0.1 * sinusoids(*places.shape) @ rotation)
        for block, distance in zip(self.encoder.blocks, (3, 10)):
            look_near(block.attn, [-distance, distance])
        for block, offsets in zip(self.decoder.blocks, ([-1, -2], [-1, -3])):
            look_near(block.attn, offsets, rotation)
        for block, ahead in zip(self.decoder.blocks, (0, 8)):
            look_near(block.cross_attn, [ahead, 8 - ahead])

    def forward(self, mel: Tensor, offset: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, list[Guide]]:
        """mel [B, n_mels, F], offset [B], tokens [B, N] -> decoder states, encoder features [B, T, D], guides"""
        features = self.encoder(mel, offset)
        states, guides = self.decoder(tokens, features)
        return states, features, guides
