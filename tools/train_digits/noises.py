"""Sound that is not speech: noises, machines, knocks and simple music, all synthesised from a random generator.

Every generator takes (rng, n) and returns n float32 samples at 16 kHz; `make` brings them to an RMS of 0.1.
"""

import numpy as np
from scipy.signal import butter, lfilter, oaconvolve, sosfilt

RATE = 16000


def coloured(rng: np.random.Generator, n: int, slope: float) -> np.ndarray:
    """Noise whose amplitude falls as f^-slope: 0 white, 0.5 pink, 1 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / RATE)
    return np.fft.irfft(spectrum * np.maximum(frequency, 20.0) ** -slope, n)


def white(rng, n):
    return rng.standard_normal(n)


def pink(rng, n):
    return coloured(rng, n, 0.5)


def brown(rng, n):
    return coloured(rng, n, 1.0)


def hum(rng, n):
    """Mains hum of 50 or 60 Hz with harmonics."""
    t = np.arange(n) / RATE
    base = rng.choice([50.0, 60.0, 100.0, 120.0])
    return sum(rng.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6)) for k in range(1, 12))


def fan(rng, n):
    """Band-passed noise with slow swells."""
    low = rng.uniform(80, 1500)
    sos = butter(2, [low, min(low * rng.uniform(1.5, 6), 7500)], "bandpass", fs=RATE, output="sos")
    swell = 1 + 0.7 * np.sin(2 * np.pi * rng.uniform(0.05, 3) * np.arange(n) / RATE)
    return sosfilt(sos, rng.standard_normal(n)) * swell


def impulses(rng, n):
    """Clicks, knocks and crackle: short decaying bursts at random times."""
    out = np.zeros(n + RATE)
    for _ in range(rng.integers(1, 200)):
        at, size = rng.integers(n), int(RATE * 10 ** rng.uniform(-3, -0.7))
        decay = np.exp(-np.arange(size) / size * 6)
        ring = (
            np.sin(2 * np.pi * rng.uniform(60, 4000) * np.arange(size) / RATE)
            if rng.random() < 0.5
            else rng.standard_normal(size)
        )
        out[at : at + size] += decay * ring * rng.uniform(0.1, 1)
    return out[:n]


def note(rng, frequency: float, n: int, harmonics: int, decay: float) -> np.ndarray:
    """One note with a soft attack; decay in seconds."""
    t = np.arange(n) / RATE
    wave = sum(np.sin(2 * np.pi * frequency * k * t + rng.uniform(0, 6)) / k**1.3 for k in range(1, harmonics + 1))
    return wave * np.minimum(t / 0.01, 1) * np.exp(-t / decay) * np.minimum((n - np.arange(n)) / 160, 1)


def music(rng, n):
    """Chords, arpeggios or a melody on a random scale, with a random timbre and tempo."""
    out = np.zeros(n)
    step = int(RATE * rng.uniform(0.1, 1.5))
    root, harmonics, decay = rng.uniform(80, 500), int(rng.integers(1, 9)), 10 ** rng.uniform(-1, 0.7)
    voices = int(rng.integers(1, 5))
    scale = rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16], size=32)
    for index, at in enumerate(range(0, n - 200, step)):
        size = min(int(step * rng.choice([1, 1, 2, 0.5])), n - at)
        for voice in range(voices):
            frequency = root * 2 ** (scale[(index * (1 + voice) + 2 * voice) % 32] / 12)
            out[at : at + size] += note(rng, frequency, size, harmonics, decay)
    return out


def drums(rng, n):
    """A repeating pattern of kicks, snares and hats."""
    out = np.zeros(n + RATE)
    step = int(RATE * rng.uniform(0.09, 0.3))
    pattern = rng.integers(0, 4, size=16)
    t = np.arange(int(RATE * 0.2)) / RATE
    kick = np.sin(2 * np.pi * (50 * t + 8 * np.exp(-t * 40))) * np.exp(-t * 15)
    snare = rng.standard_normal(t.size) * np.exp(-t * 25) * 0.6
    hat = np.diff(rng.standard_normal(t.size + 1)) * np.exp(-t * 60) * 0.3
    for index, at in enumerate(range(0, n, step)):
        hit = (None, kick, snare, hat)[pattern[index % 16]]
        if hit is not None:
            out[at : at + t.size] += hit * rng.uniform(0.6, 1)
    return out[:n]


def beeps(rng, n):
    """Telephone-like tone pairs, on and off."""
    out = np.zeros(n)
    on, off = int(RATE * rng.uniform(0.05, 1)), int(RATE * rng.uniform(0.05, 2))
    for at in range(0, n - on, on + off):
        for frequency in rng.uniform(300, 2500, size=rng.integers(1, 3)):
            out[at : at + on] += np.sin(2 * np.pi * frequency * np.arange(on) / RATE)
    return out


def sweep(rng, n):
    """A siren: a tone whose frequency swings."""
    centre, swing = rng.uniform(300, 1500), rng.uniform(0.1, 0.8)
    frequency = centre * (1 + swing * np.sin(2 * np.pi * rng.uniform(0.05, 4) * np.arange(n) / RATE))
    return np.sin(2 * np.pi * np.cumsum(frequency) / RATE)


def rumble(rng, n):
    """Traffic: low noise with passing swells."""
    envelope = np.abs(lfilter([1e-4], [1, -(1 - 1e-4)], rng.standard_normal(n) * 30)) + 0.1
    return coloured(rng, n, 0.8) * envelope


KINDS = {f.__name__: f for f in (white, pink, brown, hum, fan, impulses, music, drums, beeps, sweep, rumble)}


def make(kind: str, rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Returns one sound of the given kind, float32 at 16 kHz, RMS 0.1, peaks limited to ±1."""
    sound = KINDS[kind](rng, int(seconds * RATE))
    sound = sound / (np.sqrt(np.mean(sound**2)) + 1e-9) * 0.1
    return np.clip(sound, -1, 1).astype(np.float32)


def echo(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Adds the echo of a room: noise that decays by 60 dB in 0.1…0.7 s, the direct sound 0…15 dB above it."""
    decay = rng.uniform(0.1, 0.7)
    count = int(decay * RATE * 0.7)
    tail = rng.standard_normal(count).astype(np.float32) * np.exp(-6.9 * np.arange(count) / (decay * RATE)).astype(np.float32)
    tail[: int(rng.uniform(0.001, 0.01) * RATE)] = 0
    tail *= 10 ** (-rng.uniform(0, 15) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    return oaconvolve(samples, tail)[: len(samples)].astype(np.float32)
