"""A second route to every number of oracle.py that a hidden test uses."""

import statistics

import numpy as np
import torch


def training_operations(N, T, D, H):
    """Operations of one training step of an LSTM layer.

    Route: torch's own counter over products of these shapes.
    """
    from torch.utils.flop_counter import FlopCounterMode

    shapes = ((N * T, D), (N * T, H), (D, 4 * H), (H, 4 * H))
    x, h, W_x, W_h = (  # shapes without numbers: nothing is computed
        torch.empty(shape, device="meta", requires_grad=True)
        for shape in shapes
    )
    with FlopCounterMode(display=False) as counter:
        (x @ W_x + h @ W_h).sum().backward()
    return counter.get_total_flops()


def hourly_price(price, months):
    """Dollars of a month over its 730 hours.

    Route: logarithms.
    """
    return float(np.exp(np.log(price) - np.log(months) - np.log(730.0)))


def cost_per_exaflop(flops_per_second, dollars_per_hour):
    """Operations that a dollar buys, turned round.

    Route: operations per dollar.
    """
    return 1e18 / (flops_per_second * (3600.0 / dollars_per_hour))


def break_even_months(buy, rent_per_month):
    """Months after which the rent has reached the price.

    Route: a root of a linear polynomial.
    """
    if rent_per_month == 0:
        return np.inf
    return float(np.roots([rent_per_month, -buy])[0])


def time_of(work, copy, warmup, repeat):
    """What time_fn measures on a FakeDevice with this work and copy.

    Route: the standard library's median.
    """
    endless = [work[i % len(work)] for i in range(warmup + repeat)]
    return statistics.median(copy + seconds for seconds in endless[warmup:])


def keras_parameters(D, H, classes):
    """Parameters of the LSTM and the dense layer.

    Route: torch.nn, less the LSTM's second bias.
    """
    layers = [torch.nn.LSTM(D, H), torch.nn.Linear(H, classes)]
    count = sum(p.numel() for net in layers for p in net.parameters())
    return count - 4 * H


def keras_probabilities(x, weights):
    """Probabilities (N, classes) of a Keras LSTM classifier.

    Route: torch.nn.LSTM with the same weights.
    """
    W_x, W_h, b, W_y, b_y = (
        torch.tensor(np.asarray(w, dtype=float)) for w in weights
    )
    net = torch.nn.LSTM(W_x.shape[0], W_h.shape[0], batch_first=True).double()
    given = {"weight_ih_l0": W_x.T, "weight_hh_l0": W_h.T}
    given |= {"bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}
    inputs = torch.tensor(np.asarray(x, dtype=float))
    h, _ = torch.func.functional_call(net, given, (inputs,))
    return torch.softmax(h[:, -1] @ W_y + b_y, dim=1).numpy()


def fit_latency(work, seconds):
    """The line of least squares.

    Route: a QR decomposition (numpy.polynomial) on a shifted, scaled axis.
    """
    line = np.polynomial.Polynomial.fit(work, seconds, 1).convert()
    fixed, slope = line.coef
    return float(fixed), float(1 / slope)


def crossover(cpu_fit, gpu_fit):
    """The work at which two lines meet, None where there is none above 0.

    Route: a linear system for work and seconds, by LU decomposition.
    """
    matrix = [[1.0, -1 / cpu_fit[1]], [1.0, -1 / gpu_fit[1]]]
    try:
        _, work = np.linalg.solve(matrix, [cpu_fit[0], gpu_fit[0]])
    except np.linalg.LinAlgError:
        return None
    return float(work) if work > 0 else None


def all_that_comes(items, last):
    """What next gives, one call after the other: items, `last`, then the end.

    Route: a generator of Python's own, asked step by step.
    """

    def source():
        yield from items
        if last != "StopIteration":
            raise OSError

    stream, told = source(), []
    for _ in range(len(items) + 2):
        try:
            told.append(("value", next(stream)))
        except (OSError, StopIteration) as error:
            told.append(("raised", type(error).__name__))
    return told
