"""CTranslate2, which faster-whisper runs on: python peer_ctranslate2.py FOLDER THREADS TYPE"""

import sys

import ctranslate2
import numpy as np

from peer import serve, timed

PROMPT = [50258, 50259, 50359, 50363]
END = 50257
TOKENS = 100

folder, threads, compute_type = sys.argv[1:]
model = ctranslate2.models.Whisper(folder, "cpu", compute_type=compute_type, intra_threads=int(threads), inter_threads=1)
windows: dict[int, ctranslate2.StorageView] = {}
encoded: dict[int, ctranslate2.StorageView] = {}


def window(n: int) -> ctranslate2.StorageView:
    if n not in windows:
        mel = np.random.default_rng(0).uniform(-0.5, 1.5, (n, model.n_mels, 3000)).astype(np.float32)
        windows[n] = ctranslate2.StorageView.from_array(mel)
    return windows[n]


def encode(n: int) -> ctranslate2.StorageView:
    output = model.encode(window(n))
    np.array(output)  # waits for it
    return output


def generate(output: ctranslate2.StorageView, n: int, tokens: int) -> None:
    """Greedy, without an end: so many tokens, which is half of max_length."""
    results = model.generate(output, [PROMPT] * n, beam_size=1, max_length=2 * tokens, suppress_tokens=[END],
                             suppress_blank=False)  # fmt: skip
    assert all(len(result.sequences_ids[0]) == tokens for result in results)


def encoder() -> float:
    return timed(lambda: encode(1))


def token(n: int) -> float:
    """What a hundred tokens more cost."""
    if n not in encoded:
        encoded[n] = encode(n)
    few = timed(lambda: generate(encoded[n], n, 10))
    return (timed(lambda: generate(encoded[n], n, 10 + TOKENS)) - few) / TOKENS


def many(n: int) -> float:
    return timed(lambda: generate(encode(n), n, TOKENS))


serve(f"CTranslate2 {ctranslate2.__version__} {compute_type}", {"encoder": encoder, "token": token, "windows": many})
