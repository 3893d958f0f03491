"""A small LSTM that reads sentences and says, after each word, which year holds.

A year holds from the word that names it to the next full stop or the next year. To
know it, the network has to write, to keep and to drop: a task made to be looked into.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.lab.models.recall import use_one_thread

YEARS = ("2004", "2005", "2006", "2007")
"""The years; the answer after a full stop, and before any year, is `len(YEARS)`."""
_FILLER_WORDS = """
in i started college and then we moved to a small town my friend read books left it
"""
_FILLERS = tuple(_FILLER_WORDS.split())
WORDS = (*YEARS, ".", *_FILLERS)
"""The vocabulary; the years come first, then the full stop."""
_YEAR, _STOP = 0.12, 0.1

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]


def encode(words: Any) -> Floats:
    """One-hot vectors (T, words of the vocabulary) of a list of words.

    Raises ValueError if a word is not in WORDS.
    """
    return np.eye(len(WORDS))[[WORDS.index(word) for word in words]]


def texts(N: int, T: int, rng: np.random.Generator) -> tuple[Ids, Ids]:
    """N random texts of T words, and after each word the year that holds.

    Returns ids (N, T), places in WORDS; answers (N, T), places in YEARS, or
    len(YEARS) where no year holds.
    """
    ids = rng.integers(len(YEARS) + 1, len(WORDS), size=(N, T))
    drawn = rng.uniform(size=(N, T))
    years = rng.integers(len(YEARS), size=(N, T))
    ids = np.where(drawn < _YEAR, years, ids)
    ids = np.where(drawn > 1 - _STOP, len(YEARS), ids)
    answers = np.empty((N, T), np.int64)
    now = np.full(N, len(YEARS))
    for t in range(T):
        now = np.where(ids[:, t] <= len(YEARS), ids[:, t], now)
        answers[:, t] = now
    return ids.astype(np.int64), answers


def train(
    hidden: int = 5, steps: int = 400, forget_bias: float = 3.0, seed: int = 0
) -> tuple[Any, Any]:
    """Train torch's LSTM to say after each word which year holds; about 2 s.

    Adam on 32 fresh texts of 30 words in each step; `forget_bias` is the first bias
    of the forget gate. Returns the LSTM over one-hot words, and the linear read-out
    of its states to len(YEARS) + 1 scores.
    """
    lstm, read_out = _make_network(hidden, forget_bias, seed)
    with use_one_thread():
        _fit(lstm, read_out, steps, np.random.default_rng(seed))
    return lstm, read_out


def _make_network(hidden: int, forget_bias: float, seed: int) -> tuple[Any, Any]:
    """The network as torch starts it, but for the bias of the forget gate."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lstm = torch.nn.LSTM(len(WORDS), hidden, batch_first=True)
        read_out = torch.nn.Linear(hidden, len(YEARS) + 1)
    with torch.no_grad():
        biases = dict(lstm.named_parameters())
        biases["bias_ih_l0"][hidden : 2 * hidden] = forget_bias
        biases["bias_hh_l0"][hidden : 2 * hidden] = 0.0
    return lstm, read_out


def _fit(lstm: Any, read_out: Any, count: int, rng: np.random.Generator) -> None:
    """Adam on fresh texts."""
    import torch

    adam = torch.optim.Adam([*lstm.parameters(), *read_out.parameters()], 2e-2)
    for _ in range(count):
        ids, answers = texts(32, 30, rng)
        scores = read_out(lstm(_encode_ids(ids))[0])
        targets = torch.tensor(answers)
        loss: Any = torch.nn.functional.cross_entropy(scores.mT, targets)
        adam.zero_grad()
        loss.backward()
        adam.step()


def accuracy(
    lstm: Any, read_out: Any, N: int = 200, T: int = 60, seed: int = 1
) -> float:
    """The share of right answers on N fresh texts of T words."""
    import torch

    ids, answers = texts(N, T, np.random.default_rng(seed))
    with torch.no_grad():
        given = read_out(lstm(_encode_ids(ids))[0]).argmax(-1).numpy()
    return float((given == answers).mean())


def _encode_ids(ids: Ids) -> Any:
    import torch

    return torch.eye(len(WORDS))[torch.tensor(ids)]
