"""The task of recalling a year that was read k words ago, as sentences.

"in 2004 i started college when ?": how far back may a word stand so that a
network can still learn to answer? A network is trained for each distance.

What `accuracy` gives, as measured over seeds 0 to 4, in 3 to 6 s of one core for all
six distances; chance is 1 / 8:

| accuracy at k =        | 1, 2, 4, 8 | 16           | 32           |
|------------------------|------------|--------------|--------------|
| rnn                    | 1.00       | 0.24 to 1.00 | 0.09 to 0.14 |
| lstm                   | 1.00       | 0.26 to 0.76 | 0.10 to 0.14 |
| gru                    | 1.00       | 1.00         | 0.10 to 0.15 |
| lstm, forget_bias=3    | 1.00       | 1.00         | 1.00         |
| gru, forget_bias=3     | 1.00       | 1.00         | 1.00         |
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

YEARS = tuple(str(year) for year in range(2001, 2009))
"""The possible answers; without a memory one of eight is right by chance."""
_OPENING = ("i", "started", "college")
_CLOSING = ("when", "?")
_FILLER_WORDS = """
and then we moved to a small town my friend read books the river was near so she sang
"""
_FILLERS = tuple(_FILLER_WORDS.split())
WORDS = (*YEARS, "in", *_OPENING, *_CLOSING, *_FILLERS)
"""The vocabulary; the years come first, so the id of a year is its answer."""
_CELLS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
_GOOD_ENOUGH = 0.02
_TESTED = 512

Ids = NDArray[np.int64]


def sentences(N: int, k: int, rng: np.random.Generator) -> tuple[Ids, Ids]:
    """N sentences that ask for a year which stands k words back.

    The question is asked by the last word, "?". Counting back from it, the year is
    k words away: `ids[:, -1 - k]`. So exactly k words follow the year, the last of
    them is "?", and the year has to survive k steps of a network. For k = 7:
    "in 2004 i started college town sang when ?". The words between "college" and
    "when" are drawn evenly, whatever the year is; where k is below 5 the end of
    "i started college" gives way, and k = 1 is "in 2004 ?".

    Returns ids (N, T) with T = k + 2, places in WORDS; answers (N,), places in
    YEARS. Raises ValueError if N or k is below 1.
    """
    if N < 1 or k < 1:
        raise ValueError(f"sentences: N = {N} and k = {k} must be at least 1")
    answers = rng.integers(len(YEARS), size=N)
    ids = np.empty((N, k + 2), np.int64)
    ids[:, 0], ids[:, 1] = WORDS.index("in"), answers
    first, last = WORDS.index(_FILLERS[0]), len(WORDS)
    ids[:, 2:] = rng.integers(first, last, size=(N, k))
    opening = _OPENING[: max(k - len(_CLOSING), 0)]
    ids[:, 2 : 2 + len(opening)] = [WORDS.index(word) for word in opening]
    closing = _CLOSING[-k:]
    ids[:, -len(closing) :] = [WORDS.index(word) for word in closing]
    return ids, answers


def text(ids: Any) -> str:
    """The words of one sentence, ids (T,), with spaces between them."""
    return " ".join(WORDS[int(i)] for i in ids)


def accuracy(
    cell: str,
    k: int,
    *,
    hidden: int = 32,
    steps: int = 500,
    batch: int = 64,
    learning_rate: float = 3e-3,
    seed: int = 0,
    forget_bias: float | None = None,
    W_hh: NDArray[np.float64] | None = None,
) -> float:
    """Train one small network on distance k; its accuracy on 512 fresh sentences.

    `cell` is "rnn" (tanh), "lstm" or "gru": torch's own, over one-hot words, read
    out at the last step. Adam with the gradient clipped to norm 1, on a fresh batch
    in each of at most `steps` steps; it ends early once the loss is below 0.02.
    `forget_bias` is the first bias of the gate that keeps the old state: the
    forget gate of the LSTM, the update gate of the GRU (None: as torch starts it).
    `W_hh` (hidden, hidden) is where the recurrent matrix of a plain network starts,
    in our notation, h_prev @ W_hh.

    Raises ValueError for an unknown cell, or a start that the cell does not have.
    """
    import torch

    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _make_network(cell, hidden)
    _set_start(network, cell, hidden, forget_bias=forget_bias, W_hh=W_hh)
    with use_one_thread():
        adam = torch.optim.Adam(list(network.parameters()), learning_rate)
        batches = (sentences(batch, k, rng) for _ in range(steps))
        _train(network, adam, batches)
        ids, answers = sentences(_TESTED, k, rng)
        with torch.no_grad():
            given = _compute_scores(network, ids).argmax(dim=1).numpy()
    return float(np.mean(given == answers))


@contextlib.contextmanager
def use_one_thread() -> Iterator[None]:
    """Networks as small as these lose time where several threads wait for each other.

    On a machine that others use, too, they lose nearly all of it.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _make_network(cell: str, hidden: int) -> Any:
    """The recurrent part and the read-out, as torch starts them."""
    import torch

    if cell not in _CELLS:
        raise ValueError(f"cell = {cell!r}: use one of {', '.join(_CELLS)}")
    part = getattr(torch.nn, _CELLS[cell])
    recurrent = part(len(WORDS), hidden, batch_first=True)
    return torch.nn.ModuleList([recurrent, torch.nn.Linear(hidden, len(YEARS))])


def _set_start(
    network: Any, cell: str, hidden: int, *, forget_bias: float | None, W_hh: Any
) -> None:
    """Set the first bias of the keeping gate, or the first recurrent matrix."""
    import torch

    if (forget_bias is not None and cell == "rnn") or (
        W_hh is not None and cell != "rnn"
    ):
        raise ValueError(f"the cell {cell!r} has no such start; see accuracy's text")
    recurrent, gate = network[0], slice(hidden, 2 * hidden)  # f of i f g o, z of r z n
    with torch.no_grad():
        if forget_bias is not None:
            recurrent.bias_ih_l0[gate] = forget_bias
            recurrent.bias_hh_l0[gate] = 0.0
        if W_hh is not None:
            recurrent.weight_hh_l0.copy_(torch.tensor(np.asarray(W_hh).T))


def _train(network: Any, adam: Any, batches: Iterator[tuple[Ids, Ids]]) -> None:
    """A step on each batch, until the loss is small or the batches are used up."""
    import torch

    for ids, answers in batches:
        scores = _compute_scores(network, ids)
        loss: Any = torch.nn.functional.cross_entropy(scores, torch.tensor(answers))
        if loss.item() < _GOOD_ENOUGH:
            return
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()


def _compute_scores(network: Any, ids: Ids) -> Any:
    """Scores (N, years) of the network after the last word."""
    import torch

    recurrent, read_out = network
    h, _ = recurrent(torch.eye(len(WORDS))[torch.tensor(ids)])
    return read_out(h[:, -1])
