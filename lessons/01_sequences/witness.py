"""A second route to every number of `oracle.py` that a hidden test uses."""

import itertools
from functools import reduce

import numpy as np
import torch


def one_hot(ids, V):
    """One-hot vectors (..., V).

    Route: torch.nn.functional.one_hot.
    """
    return (
        torch.nn.functional.one_hot(torch.as_tensor(ids), V).double().numpy()
    )


def many_to_one(step, read, x, h_0):
    """The output after the last input.

    Route: a fold (functools.reduce) over the inputs.
    """
    return read(reduce(lambda h, x_t: step(x_t, h), x, h_0))


def many_to_many(step, read, x, h_0):
    """The outputs after each input.

    Route: a running fold (itertools.accumulate) over the inputs.
    """
    states = itertools.accumulate(x, lambda h, x_t: step(x_t, h), initial=h_0)
    return [read(h) for h in list(states)[1:]]


def one_to_many(step, read, x, h_0, T):
    """T outputs, each the input of the next step.

    Route: the unrolled expression written out as text, and evaluated.
    """
    names = {"step": step, "read": read, "x": x, "h": h_0}
    state, outputs = "step(x, h)", []
    for _ in range(T):
        outputs.append(f"read({state})")
        state = f"step({outputs[-1]}, {state})"
    return [eval(text, names) for text in outputs]


def encode_decode(encode, decode, read, x, h_0, y_0, T):
    """T outputs, after all of x was read.

    Route: a fold over the inputs, then the unrolled expression.
    """
    h = reduce(lambda h, x_t: encode(x_t, h), x, h_0)
    return one_to_many(decode, read, y_0, h, T)


def count_parameters_feedforward(T, D, H, V):
    """Parameters of a network with one hidden layer over T steps.

    Route: the parameters of two torch.nn.Linear.
    """
    with torch.device("meta"):
        net = torch.nn.Sequential(
            torch.nn.Linear(T * D, H), torch.nn.Linear(H, V)
        )
    return sum(p.numel() for p in net.parameters())


def count_parameters_rnn(D, H, V):
    """Parameters of a recurrent network with its read-out.

    Route: torch.nn.RNN less its second bias, and a torch.nn.Linear.
    """
    with torch.device("meta"):
        net = torch.nn.RNN(D, H), torch.nn.Linear(H, V)
    sizes = {
        name: p.numel() for part in net for name, p in part.named_parameters()
    }
    return sum(sizes.values()) - sizes["bias_hh_l0"]


_SORTED = {
    "one-to-many": "image captioning, tune for a genre, poem on a topic, "
    "report on a satellite picture",
    "many-to-one": "sentiment of a review, genre of a song, spoken command, "
    "tomorrow's temperature",
    "many-to-many": "translation, chords for a tune, speech recognition, name tags, "
    "next week's temperatures",
}


def shape_of(name):
    """The shape of one application.

    Route: a list for each shape, sorted by hand.
    """
    return next(s for s, names in _SORTED.items() if name in names.split(", "))


def random_network(rng, D, H, V):
    """A random step and read.

    Route: the same formulas in torch, from the same draws.
    """
    into, back = (torch.tensor(rng.normal(0, 0.6, (H, n))) for n in (D, H))
    start, out = (
        torch.tensor(rng.normal(0, 0.5, H)),
        rng.normal(0, 0.8, (V, H)),
    )
    out, shift = torch.tensor(out), torch.tensor(rng.normal(0, 0.5, V))

    def step(x_t, h_prev):
        x_t, h_prev = (
            torch.tensor(np.array(x_t)),
            torch.tensor(np.array(h_prev)),
        )
        return torch.sin(into.mv(x_t) + back.mv(h_prev) + start).numpy()

    def read(h_t):
        return torch.cos(out.mv(torch.tensor(np.array(h_t))) + shift).numpy()

    return step, read
