"""Whisper's log-mel features, computed with numpy: 80 bands, 25 ms windows every 10 ms, 16 kHz."""

import numpy as np
import scipy.fft

RATE, N_FFT, HOP, N_MELS = 16000, 400, 160, 80


def hertz_to_mel(hertz: np.ndarray) -> np.ndarray:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + np.log(np.maximum(hertz, 1) / 1000) / np.log(6.4) * 27)


def mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    """The inverse of hertz_to_mel."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))


def mel_filters() -> np.ndarray:
    """Triangular filters of unit area [201, 80], as librosa.filters.mel(sr=16000, n_fft=400, n_mels=80) has them."""
    edges = mel_to_hertz(np.linspace(0, hertz_to_mel(np.array(RATE / 2.0)), N_MELS + 2))
    bins = np.fft.rfftfreq(N_FFT, 1 / RATE)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


MEL_FILTERS = mel_filters()
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


def power_mel(samples: np.ndarray, filters: np.ndarray = MEL_FILTERS) -> np.ndarray:
    """samples float32 [n] -> log10 of the mel power [n / 160, 80], not yet normalised."""
    padded = np.pad(samples, N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][: len(samples) // HOP]
    squares = scipy.fft.rfft(frames * HANN).view(np.float32)  # real and imaginary parts side by side
    np.square(squares, out=squares)
    mel = squares @ np.repeat(filters, 2, axis=0)
    return np.log(np.maximum(mel, 1e-10, out=mel), out=mel) * np.float32(1 / np.log(10))


def normalise(log_mel: np.ndarray, loudest: float) -> np.ndarray:
    """Whisper's normalisation: nothing lies more than 8 (80 dB) below `loudest`, the maximum of the whole file."""
    return (np.maximum(log_mel, loudest - 8) + 4) / 4
