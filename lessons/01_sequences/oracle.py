"""Independent derivations of the functions of this lesson.

Each takes the arguments of the lesson's function of that name, but for
`random_network`, which makes data, and `shape_of`, which knows one application.
"""

import numpy as np


def random_network(rng, D, H, V):
    """A random step of D inputs and H units, and a read of V outputs.

    Both depend on their arguments alone. The step refuses other sizes.

    Route: none, it draws inputs.
    """
    into, back = rng.normal(0, 0.6, (H, D)), rng.normal(0, 0.6, (H, H))
    start, out = rng.normal(0, 0.5, H), rng.normal(0, 0.8, (V, H))
    shift = rng.normal(0, 0.5, V)

    def step(x_t, h_prev):
        return np.sin(into @ x_t + back @ h_prev + start)

    def read(h_t):
        return np.cos(out @ h_t + shift)

    return step, read


def one_hot(ids, V):
    """One-hot vectors (..., V).

    Route: a loop over all places of a table of zeros.
    """
    ids = np.asarray(ids)
    x = np.zeros((*ids.shape, V))
    for place in np.ndindex(*x.shape):
        x[place] = 1.0 if place[-1] == ids[place[:-1]] else 0.0
    return x


def _state_after(t, step, x, h_0):
    """The state after t inputs, asked for from its end."""
    if t == 0:
        return h_0
    return step(x[t - 1], _state_after(t - 1, step, x, h_0))


def many_to_one(step, read, x, h_0):
    """The output after the last input.

    Route: recursion from the last state back to h_0.
    """
    return read(_state_after(len(x), step, x, h_0))


def many_to_many(step, read, x, h_0):
    """The outputs after each input.

    Route: each prefix of the sequence read anew, by recursion.
    """
    return [read(_state_after(t, step, x, h_0)) for t in range(1, len(x) + 1)]


def one_to_many(step, read, x, h_0, T):
    """T outputs, each the input of the next step.

    Route: the sequence of inputs grown by its own last output and read anew.
    """
    inputs = [x]
    for _ in range(T):
        inputs.append(read(_state_after(len(inputs), step, inputs, h_0)))
    return inputs[1:]


def encode_decode(encode, decode, read, x, h_0, y_0, T):
    """T outputs, after all of x was read.

    Route: one_to_many of this file, from the recursive last state of x.
    """
    h = _state_after(len(x), encode, x, h_0)
    return one_to_many(decode, read, y_0, h, T)


def count_parameters_feedforward(T, D, H, V):
    """Parameters of a network with one hidden layer over T steps.

    Route: the sizes of NumPy arrays of these shapes added up.
    """
    shapes = [(T * D, H), (H,), (H, V), (V,)]
    return sum(np.broadcast_to(0, shape).size for shape in shapes)


def count_parameters_rnn(D, H, V):
    """Parameters of a recurrent network with its read-out.

    Route: the sizes of NumPy arrays of these shapes added up.
    """
    shapes = [(D, H), (H, H), (H,), (H, V), (V,)]
    return sum(np.broadcast_to(0, shape).size for shape in shapes)


_STEPS = {
    "image captioning": (1, 12),
    "sentiment of a review": (200, 1),
    "translation": (9, 11),
    "tune for a genre": (1, 64),
    "genre of a song": (9000, 1),
    "chords for a tune": (64, 64),
    "tomorrow's temperature": (30, 1),
    "next week's temperatures": (30, 7),
    "report on a satellite picture": (1, 40),
    "spoken command": (100, 1),
    "speech recognition": (360000, 9000),
    "name tags": (500, 500),
    "poem on a topic": (1, 90),
}
"""How many steps go in and come out, in a typical case."""


def shape_of(name):
    """The shape of one application.

    Route: counts of the steps that go in and come out.
    """
    read, written = _STEPS[name]
    return f"{'many' if read > 1 else 'one'}-to-{'many' if written > 1 else 'one'}"
