"""espeak-ng through its C library: speech with the start time of every word, which the command line does not give."""

import ctypes
import ctypes.util

import numpy as np

SYNCHRONOUS = 2
CHARS_UTF8 = 1
EVENT_LIST_TERMINATED, EVENT_WORD = 0, 1
RATE, PITCH, WORD_GAP = 1, 3, 7


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


class Espeak:
    """One synthesiser; the library keeps global state, so make one per process."""

    def __init__(self):
        self.library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
        self.sample_rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
        if self.sample_rate <= 0:
            raise RuntimeError("espeak-ng could not be initialised: is the package espeak-ng installed?")
        self.callback = CALLBACK(self.receive)
        self.library.espeak_SetSynthCallback(self.callback)
        self.samples: list[np.ndarray] = []
        self.word_starts: list[float] = []

    def receive(self, samples, count: int, events) -> int:
        """Called by the library with each piece of audio and its events."""
        if samples and count > 0:
            self.samples.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != EVENT_LIST_TERMINATED:
            if events[index].type == EVENT_WORD:
                self.word_starts.append(events[index].audio_position / 1000)
            index += 1
        return 0

    def speak(
        self, text: str, voice: str, rate: int = 160, pitch: int = 50, word_gap: int = 0
    ) -> tuple[np.ndarray, list[float]]:
        """Returns int16 samples at `sample_rate` and the start of each word in seconds.

        voice: such as "en-us+f3"; rate: words per minute; pitch: 0…99; word_gap: pauses between words in 10 ms.
        """
        self.samples, self.word_starts = [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((RATE, rate), (PITCH, pitch), (WORD_GAP, word_gap)):
            self.library.espeak_SetParameter(parameter, value, 0)
        data = text.encode() + b"\0"
        self.library.espeak_Synth(data, len(data), 0, 1, 0, CHARS_UTF8, None, None)
        return np.concatenate(self.samples or [np.zeros(0, np.int16)]), self.word_starts
