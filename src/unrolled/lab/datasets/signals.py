"""Signals made by code: a year of temperatures, and a sound with its spectrogram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

RATE = 4000
"""Samples of a sound per second."""
TUNE = (262.0, 330.0, 392.0, 523.0, 392.0, 330.0)
"""The pitches of the tune in hertz: up a chord and down again."""


def temperature_year(rng: np.random.Generator, days: int = 365) -> Floats:
    """Daily temperatures in degrees Celsius, (days,): made, but much like real ones.

    Winter and summer, and weather that stays a while: each day keeps four fifths
    of yesterday's departure from the season. Day 0 is the first of January.
    """
    season = 10 - 9 * np.cos(2 * np.pi * (np.arange(days) - 20) / 365)
    weather = np.zeros(days)
    for day, gust in enumerate(rng.normal(0, 1.8, days)):
        weather[day] = gust + (0.8 * weather[day - 1] if day else 0.0)
    return season + weather


def melody(pitches: Sequence[float] = TUNE, seconds: float = 0.4) -> Floats:
    """A sound: the pitches (in hertz) one after the other, each `seconds` long.

    Each is struck and dies away, with two overtones. Returns (samples,), from -1 to 1.
    """
    time = np.arange(round(seconds * RATE)) / RATE
    dying = np.minimum(time / 0.01, 1) * np.exp(-5 * time)
    notes = [
        sum(np.sin(2 * np.pi * k * pitch * time) / k**2 for k in (1, 2, 3)) * dying
        for pitch in pitches
    ]
    sound = np.concatenate(notes)
    return np.asarray(sound / np.abs(sound).max(), dtype=np.float64)


def spectrogram(sound: Floats, window: int = 256, hop: int = 128) -> Floats:
    """How loud each pitch is, piece by piece: (T, window // 2), from 0 up.

    The sound is cut into pieces of `window` samples, one every `hop`; column k holds
    the pitch of k * RATE / window hertz. Raises ValueError if it is shorter than one.
    """
    if len(sound) < window:
        raise ValueError(f"the sound has {len(sound)} samples, a piece {window}")
    starts = range(0, len(sound) - window + 1, hop)
    pieces = np.stack([sound[start : start + window] for start in starts])
    loudness = np.abs(np.fft.rfft(pieces * np.hanning(window), axis=1))
    return np.asarray(loudness[:, : window // 2], dtype=np.float64)
