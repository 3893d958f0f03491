"""Independent, slow derivations of the graded functions of `hardware`.

Counted one by one, in exact fractions, or in plain loops over numbers.
"""

import math
from fractions import Fraction

import numpy as np

HOURS_A_DAY, DAYS_A_YEAR, MONTHS_A_YEAR = 24, 365, 12


def training_operations(N, T, D, H):
    """One gate, one step and one sequence at a time.

    Route: a sum over gates, products and directions.
    """
    total = 0
    for columns in (D, H):  # from the input, from the state
        for _ in ("i", "f", "g", "o"):
            multiply_and_add = columns * H + columns * H
            for _ in ("forward", "back to the input", "back to the weights"):
                total += multiply_and_add
    return N * T * total


def hourly_price(price, months):
    """The price over all hours that the machine works.

    Route: exact fractions of a year.
    """
    years = Fraction(months) / MONTHS_A_YEAR
    return float(Fraction(price) / (years * DAYS_A_YEAR * HOURS_A_DAY))


def cost_per_exaflop(flops_per_second, dollars_per_hour):
    """Dollars of a second over operations of a second.

    Route: the price of one operation, in exact fractions.
    """
    dollars_per_second = Fraction(dollars_per_hour) / 60 / 60
    return float(dollars_per_second / Fraction(flops_per_second) * 10**18)


def break_even_months(buy, rent_per_month):
    """The time at which the rent that was paid reaches the price.

    Route: bisection on the sum of rents.
    """
    if rent_per_month == 0:
        return math.inf
    low, high = 0.0, 1.0
    while high * rent_per_month < buy:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        paid = middle * rent_per_month
        low, high = (middle, high) if paid < buy else (low, middle)
    return (low + high) / 2


def time_of(work, copy, warmup, repeat):
    """What time_fn measures on a FakeDevice with this work and copy.

    Route: the sum for each call, and the middle of the sorted list.
    """
    calls = range(warmup, warmup + repeat)
    times = sorted(copy + work[i % len(work)] for i in calls)
    middle = repeat // 2
    if repeat % 2:
        return times[middle]
    return (times[middle - 1] + times[middle]) / 2


def keras_parameters(D, H, classes):
    """Parameters of the LSTM and the dense layer.

    Route: counted arrow by arrow.
    """
    lstm = sum(1 for _ in range(4) for _ in range(H) for _ in range(D + H + 1))
    return lstm + sum(1 for _ in range(classes) for _ in range(H + 1))


def _sigmoid(a):
    return 1.0 / (1.0 + math.exp(-a))


def _unit(x_t, h, W_x, W_h, b, column):
    """The pre-activation of one gate of one unit."""
    total = float(b[column])
    total += sum(float(v) * float(W_x[d][column]) for d, v in enumerate(x_t))
    return total + sum(v * float(W_h[i][column]) for i, v in enumerate(h))


def keras_probabilities(x, weights):
    """Probabilities (N, classes) of a Keras LSTM classifier.

    x: (N, T, D); weights: as model.get_weights() gives them, gates i f g o.
    Route: plain loops over numbers.
    """
    W_x, W_h, b, W_y, b_y = weights
    H, rows = len(W_h), []
    for sequence in x:
        h, c = [0.0] * H, [0.0] * H
        for x_t in sequence:
            a = [_unit(x_t, h, W_x, W_h, b, k) for k in range(4 * H)]
            for j in range(H):
                kept = _sigmoid(a[H + j]) * c[j]
                c[j] = kept + _sigmoid(a[j]) * math.tanh(a[2 * H + j])
            h = [_sigmoid(a[3 * H + j]) * math.tanh(c[j]) for j in range(H)]
        logits = [_unit((), h, W_x, W_y, b_y, k) for k in range(len(b_y))]
        exps = [math.exp(v - max(logits)) for v in logits]
        rows.append([e / sum(exps) for e in exps])
    return np.array(rows)


def fit_latency(work, seconds):
    """The line of least squares.

    Route: the normal equations, solved in exact fractions.
    """
    w = [Fraction(float(v)) for v in work]
    s = [Fraction(float(v)) for v in seconds]
    n, sum_w, sum_s = len(w), sum(w), sum(s)
    sum_ww = sum(v * v for v in w)
    sum_ws = sum(a * b for a, b in zip(w, s, strict=True))
    determinant = n * sum_ww - sum_w * sum_w
    fixed = (sum_s * sum_ww - sum_w * sum_ws) / determinant
    slope = (n * sum_ws - sum_w * sum_s) / determinant
    return float(fixed), float(1 / slope)


def crossover(cpu_fit, gpu_fit):
    """The work at which two lines meet, None where there is none above 0.

    Route: cross-multiplied in exact fractions.
    """
    f_c, r_c = (Fraction(v) for v in cpu_fit)
    f_g, r_g = (Fraction(v) for v in gpu_fit)
    if r_c == r_g:
        return None
    work = (f_g - f_c) * r_c * r_g / (r_g - r_c)
    return float(work) if work > 0 else None


def all_that_comes(items, last):
    """What next gives, one call after the other: items, `last`, then the end.

    Route: written down.
    """
    told = [("value", item) for item in items]
    after = ("raised", "StopIteration")
    return [*told, ("raised", last), after]
