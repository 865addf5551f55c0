"""mel_golden.json: openai/whisper's log_mel_spectrogram on a recording and on noise."""

import wave
from pathlib import Path

import numpy as np
from whisper.audio import log_mel_spectrogram, mel_filters

from rule import noise, shortest

WINDOW = 480000  # samples that transcribe() appends
VALUES = 40  # sampled per case
NOISE_LENGTHS = (16000, 12345, 400, 201, 160, 1, 0)


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, 16000):
            raise ValueError(f"{path}: 16 kHz mono 16-bit PCM is needed, this is {file.getparams()}")
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768.0


def log_mel_float64(audio: np.ndarray, n_mels: int, padding: int) -> np.ndarray:
    """The same formula in double precision, to know how far float32 is off."""
    audio = np.pad(np.pad(audio.astype(np.float64), (0, padding)), 200, mode="reflect")
    n_frames = (len(audio) - 400) // 160
    index = np.arange(n_frames)[:, None] * 160 + np.arange(400)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = np.abs(np.fft.rfft(audio[index] * window)) ** 2
    mel = mel_filters("cpu", n_mels).numpy().astype(np.float64) @ power.T
    log = np.log10(np.maximum(mel, 1e-10))
    return (np.maximum(log, log.max() - 8.0) + 4.0) / 4.0


def case(source: str, audio: np.ndarray, padding: int, n_mels: int) -> dict:
    mel = log_mel_spectrogram(audio, n_mels, padding).numpy()
    difference = float(np.abs(mel - log_mel_float64(audio, n_mels, padding)).max())
    n_frames = mel.shape[1]
    audible = min(n_frames, len(audio) // 160 + 3)  # most samples where the sound is, a few behind it
    picks = [(i * 37 % n_mels, (i * 7919 + i * i) % (audible if i % 8 else n_frames)) for i in range(VALUES)]
    picks += [(0, 0), (n_mels - 1, n_frames - 1)]
    return {
        "name": f"{source.removesuffix('.wav')}_{len(audio)}_padding_{padding}_mels_{n_mels}",
        "source": source,
        "samples": len(audio),
        "padding": padding,
        "n_mels": n_mels,
        "n_frames": n_frames,
        "min": shortest(mel.min())[0],
        "max": shortest(mel.max())[0],
        "mean": float(mel.mean(dtype=np.float64)),
        "values": [[m, t, *shortest(mel[m, t])] for m, t in sorted(set(picks))],
        "float64_difference": difference,
    }


def golden(recording: Path) -> dict:
    audio = read_wav(recording)
    cases = [case(recording.name, audio, padding, n_mels) for n_mels in (80, 128) for padding in (0, WINDOW)]
    for samples in NOISE_LENGTHS:
        cases.append(case("noise", noise(samples), WINDOW, 80))
        if samples > 200:  # torch's reflection needs more than half a window
            cases.append(case("noise", noise(samples), 0, 80))
    return {"cases": cases}
