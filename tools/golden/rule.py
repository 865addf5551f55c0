"""The one rule from which all pseudo-random numbers of the golden data come.

Any language makes the same bits: 64-bit wrapping integers (SplitMix64), one conversion to double, one rounding to
float32. testdata/golden/README.md states it.
"""

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, SplitMix64's increment
MASK = (1 << 64) - 1


def fnv1a64(name: str) -> int:
    value = 0xCBF29CE484222325
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def seeded(name: str, shape: tuple[int, ...], *, seed: int = 1, offset: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """float32 numbers in [offset - scale, offset + scale), the same for the same name and seed."""
    n = int(np.prod(shape))
    start = fnv1a64(name) ^ ((seed * GOLDEN) & MASK)
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0
    return (offset + scale * u).astype(np.float32).reshape(shape)


def noise(samples: int) -> np.ndarray:
    """Audio of uniform noise, half of full scale."""
    return seeded("audio", (samples,), scale=0.5)


def shortest(values) -> list[float]:
    """float32 numbers as the shortest decimals that read back as the same float32."""
    return [float(str(value)) for value in np.asarray(values, dtype=np.float32).ravel()]
