"""What students get wrong in `hardware`, and what they get right in other ways."""

import contextlib
import copy
import queue
import threading
import time
from itertools import pairwise

import numpy as np

from unrolled.assignment.catalogue import misconception, style
from unrolled.grade.judge.replay import same
from unrolled.grade.session import StudentObject

# --- training_operations


@misconception(
    "training_operations",
    fails=("operations_value", "operations_grow"),
    hint="This is the forward pass only. Each of its products costs two more on the "
    "way back.",
)
def forward_only(N, T, D, H):
    """Forgets the way back."""
    return 8 * N * T * H * (D + H)


@misconception(
    "training_operations",
    fails=("operations_value", "operations_grow"),
    hint="Backward is counted like forward. A product Y = X W needs two products on "
    "the way back: one for dX, one for dW.",
)
def backward_like_forward(N, T, D, H):
    """Twice the forward pass."""
    return 16 * N * T * H * (D + H)


@misconception(
    "training_operations",
    fails=("operations_value", "operations_grow"),
    hint="Only the multiplications are counted. Each of them comes with an addition.",
)
def multiplications_only(N, T, D, H):
    """Forgets the additions."""
    return 12 * N * T * H * (D + H)


@misconception(
    "training_operations",
    fails=("operations_value", "operations_grow"),
    hint="That's one gate. An LSTM makes four of them in each step.",
)
def one_gate(N, T, D, H):
    """A plain recurrent network."""
    return 6 * N * T * H * (D + H)


@misconception(
    "training_operations",
    fails="operations_grow",
    hint="The number of steps is missing: every step does all of its products again.",
)
def one_step_counted(N, T, D, H):
    """Forgets T."""
    return 24 * N * H * (D + H)


@misconception(
    "training_operations",
    fails=("operations_value", "operations_grow"),
    hint="Only one of the two products of a gate is there. A gate reads the input, "
    "D numbers, and the old state, H numbers.",
)
def state_only(N, T, D, H):
    """Forgets the input."""
    return 24 * N * T * H * H


@style("training_operations")
def operations_added(N, T, D, H):
    total = 0
    for _ in range(T):
        for size in (D, H):
            total += 3 * 2 * N * size * 4 * H
    return total


@style("training_operations")
def operations_of_shapes(N, T, D, H):
    shapes = [(N * T, D, 4 * H), (N * T, H, 4 * H)]
    return 3 * sum(
        2 * rows * inner * columns for rows, inner, columns in shapes
    )


@style("training_operations")
def operations_numpy(N, T, D, H):
    return int(np.prod([24, N, T, H], dtype=np.int64)) * (D + H)


# --- hourly_price


@misconception(
    "hourly_price",
    fails=("hourly_value", "hourly_longer_use"),
    hint="That's dollars per month. How many hours has a month?",
)
def price_per_month(price, months):
    """Forgets the hours."""
    return price / months


@misconception(
    "hourly_price",
    fails=("hourly_value", "hourly_longer_use"),
    hint="A month isn't 30 days long here: a twelfth of a year has 730 hours.",
)
def month_of_thirty_days(price, months):
    """720 hours."""
    return price / (months * 30 * 24)


@misconception(
    "hourly_price",
    fails=("hourly_value", "hourly_longer_use"),
    hint="The machine works day and night, not only in office hours.",
)
def office_hours(price, months):
    """Eight hours a day."""
    return price / (months * 365 * 8 / 12)


@misconception(
    "hourly_price",
    fails="hourly_longer_use",
    hint="The longer it works, the dearer the hour: that's upside down. The price is "
    "shared by all hours.",
)
def months_upside_down(price, months):
    """Multiplies."""
    return price * months / 730


@misconception(
    "hourly_price",
    fails="hourly_longer_use",
    hint="The months aren't used: the price is shared by the hours of one month only.",
)
def one_month_only(price, months):
    """Forgets the months."""
    return price / 730


@style("hourly_price")
def price_by_years(price, months):
    years = months / 12
    return price / (years * 365 * 24)


@style("hourly_price")
def price_stepwise(price, months):
    a_month = price / months
    return a_month / 730


@style("hourly_price")
def price_numpy(price, months):
    return np.float64(price) / np.float64(730 * months)


# --- cost_per_exaflop


@misconception(
    "cost_per_exaflop",
    fails=("exaflop_units", "exaflop_faster_is_cheaper"),
    hint="Seconds are paid like hours. The price is per hour, and operations per "
    "second give seconds: write the units beside the numbers.",
)
def seconds_for_hours(flops_per_second, dollars_per_hour):
    """Mixes up the units."""
    return 1e18 / flops_per_second * dollars_per_hour


@misconception(
    "cost_per_exaflop",
    fails=("exaflop_units", "exaflop_faster_is_cheaper"),
    hint="Divided by 60 only, that's minutes. The price is per hour.",
)
def minutes_for_hours(flops_per_second, dollars_per_hour):
    """Sixty seconds to the hour."""
    return 1e18 / flops_per_second / 60 * dollars_per_hour


@misconception(
    "cost_per_exaflop",
    fails=("exaflop_units", "exaflop_faster_is_cheaper"),
    hint="Exa is 10**18. With 10**15, that's the price of a petaflop.",
)
def peta_for_exa(flops_per_second, dollars_per_hour):
    """A thousandth."""
    return 1e15 / flops_per_second / 3600 * dollars_per_hour


@misconception(
    "cost_per_exaflop",
    fails=("exaflop_units", "exaflop_faster_is_cheaper"),
    hint="These are hours. What does an hour cost?",
)
def hours_not_dollars(flops_per_second, dollars_per_hour):
    """Forgets the price."""
    return 1e18 / flops_per_second / 3600


@misconception(
    "cost_per_exaflop",
    fails=("exaflop_units", "exaflop_faster_is_cheaper"),
    hint="This is how much work a dollar buys. Asked is how many dollars the work "
    "costs: the other way round.",
)
def work_per_dollar(flops_per_second, dollars_per_hour):
    """Upside down."""
    return flops_per_second * 3600 / dollars_per_hour / 1e18


@style("cost_per_exaflop")
def cost_by_the_second(flops_per_second, dollars_per_hour):
    seconds = 10**18 / flops_per_second
    dollars_per_second = dollars_per_hour / 3600
    return seconds * dollars_per_second


@style("cost_per_exaflop")
def cost_by_the_dollar(flops_per_second, dollars_per_hour):
    per_dollar = flops_per_second * 60 * 60 / dollars_per_hour
    return 1e18 / per_dollar


@style("cost_per_exaflop")
def cost_numpy(flops_per_second, dollars_per_hour):
    return np.divide(1e18, flops_per_second) / 3600.0 * dollars_per_hour


# --- break_even_months


@misconception(
    "break_even_months",
    fails="break_even_value",
    hint="That's how much of the price one month's rent is. Asked is how many months "
    "make up the price.",
)
def rent_over_price(buy, rent_per_month):
    """Upside down."""
    return rent_per_month / buy if rent_per_month else float("inf")


@misconception(
    "break_even_months",
    fails="break_even_value",
    hint="Rounded up to whole months. Leave the number as it is: the lines cross "
    "within a month.",
)
def whole_months(buy, rent_per_month):
    """Rounds up."""
    return (
        float(np.ceil(buy / rent_per_month))
        if rent_per_month
        else float("inf")
    )


@misconception(
    "break_even_months",
    fails="break_even_value",
    hint="Dollars are subtracted from dollars: that's what is left after one month. "
    "How many rents make up the price?",
)
def price_less_rent(buy, rent_per_month):
    """Subtracts."""
    return buy - rent_per_month if rent_per_month else float("inf")


@misconception(
    "break_even_months",
    fails="break_even_free_rent",
    hint="With a rent of 0 this divides by zero. A rent that costs nothing never "
    "reaches the price: infinity.",
    exception=ZeroDivisionError,
)
def rent_of_zero_forgotten(buy, rent_per_month):
    """Divides by zero."""
    return buy / rent_per_month


@misconception(
    "break_even_months",
    fails="break_even_free_rent",
    hint="For a rent of 0 the answer is 0 months. But then buying would pay at once; "
    "it never does.",
)
def never_is_at_once(buy, rent_per_month):
    """0 in place of infinity."""
    return buy / rent_per_month if rent_per_month else 0.0


@style("break_even_months")
def months_conditional(buy, rent_per_month):
    return buy / rent_per_month if rent_per_month > 0 else float("inf")


@style("break_even_months")
def months_tried(buy, rent_per_month):
    try:
        return buy / rent_per_month
    except ZeroDivisionError:
        return float("inf")


@style("break_even_months")
def months_numpy(buy, rent_per_month):
    with np.errstate(divide="ignore"):
        return float(np.float64(buy) / np.float64(rent_per_month))


# --- time_fn: a device's parts travel one by one, so each call is played on one device


def on_a_fresh_device(function, call):
    """What `function` gives on a copy of the device of a recorded call."""
    args, _ = call.before
    device = copy.deepcopy(args[0].__self__)
    waits = device.synchronize if len(args) > 3 else None
    with contextlib.suppress(Exception):
        return function(device.launch, args[1], args[2], waits, device.clock)
    return None


def plays(function, calls):
    """Whether all calls show what `function` gives, and not the right result."""
    played = [(on_a_fresh_device(function, c), c) for c in calls if c.before]
    alike = all(same(got, c.result) for got, c in played)
    right = all(
        same(on_a_fresh_device(time_fn, c), c.result) for _, c in played
    )
    return bool(played) and alike and not right


def timing(fails, hint):
    """A misconception of time_fn."""

    def mark(function):
        return misconception(
            "time_fn",
            fails=fails,
            hint=hint,
            matches=lambda calls: plays(function, calls),
        )(function)

    return mark


@timing(
    fails="time_warmup",
    hint="Nothing warms up: the first calls, which are slow, are measured as well. "
    "Call fn `warmup` times before the clock is read.",
)
def no_warmup(fn, warmup, repeat, synchronize=None, clock=time.perf_counter):
    """Measures from the first call on."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return float(np.median(times))


@timing(
    fails=("time_value", "time_synchronize"),
    hint="Nobody waits for the device: the clock is read when the work is on the list, "
    "not when it's done. Wait after each call.",
)
def no_synchronisation(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """Never waits."""
    times = []
    for _ in range(warmup):
        fn()
    for _ in range(repeat):
        start = clock()
        fn()
        times.append(clock() - start)
    return float(np.median(times))


@timing(
    fails=("time_value", "time_synchronize"),
    hint="It waits before the call, but reads the clock before the work is done: only "
    "the launch (and a copy to the device) is timed. Wait once more, after fn.",
)
def times_the_copy_only(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """Waits in the wrong place."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    for _ in range(repeat):
        wait()
        start = clock()
        fn()
        times.append(clock() - start)
    return float(np.median(times))


@timing(
    fails="time_warmup_is_over",
    hint="The first measured call has to wait for the warm-up, which is still on the "
    "device's list. Wait once before the measuring begins.",
)
def warmup_leaks(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """Doesn't wait after the warm-up."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return float(np.median(times))


@timing(
    fails="time_median",
    hint="This is the mean. The sample is skewed: one disturbed call moves the mean "
    "as far as it likes. Take the median.",
)
def mean_of_times(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """The mean of a skewed sample."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    wait()
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return float(np.mean(times))


@timing(
    fails="time_median",
    hint="The smallest and the largest time are thrown away, and the rest is averaged. "
    "That's a trimmed mean; the median is the time in the middle.",
)
def trimmed_mean(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """The mean of all but the extremes."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    wait()
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return float(np.mean(sorted(times)[1:-1] or times))


@timing(
    fails="time_median",
    hint="This is the smallest time, the best case. The median is the typical one.",
)
def best_of_times(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """The minimum."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    wait()
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return min(times)


@timing(
    fails="time_median",
    hint="For an even number of times this takes one of the middle two. The median is "
    "the mean of both.",
)
def upper_median(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """The upper one of the middle two."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    wait()
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return sorted(times)[len(times) // 2]


@timing(
    fails="time_warmup",
    hint="The warm-up is measured, too: its times are in the list of which the median "
    "is taken. Throw them away.",
)
def warmup_is_counted(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """Keeps the times of the warm-up."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup + repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return float(np.median(times))


@timing(
    fails="time_value",
    hint="The result is in milliseconds. Seconds are asked for.",
)
def milliseconds(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    """Mixes up the units."""
    wait, times = synchronize or (lambda: None), []
    for _ in range(warmup):
        fn()
    wait()
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(1000 * (clock() - start))
    return float(np.median(times))


@misconception(
    "time_fn",
    fails="time_without_device",
    hint="`synchronize` is called even where it's None. Without a device there is "
    "nothing to wait for: ask first.",
    matches=lambda calls: any(c.error == "TypeError" for c in calls),
)
def calls_none(fn, warmup, repeat, synchronize=None, clock=time.perf_counter):
    """Calls None."""
    times = []
    for _ in range(warmup):
        fn()
    synchronize()
    for _ in range(repeat):
        start = clock()
        fn()
        synchronize()
        times.append(clock() - start)
    return float(np.median(times))


@style("time_fn")
def timed_with_if(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    def once():
        fn()
        if synchronize is not None:
            synchronize()

    for _ in range(warmup):
        once()
    times = np.zeros(repeat)
    for i in range(repeat):
        start = clock()
        once()
        times[i] = clock() - start
    return np.median(times)


@style("time_fn")
def timed_sorted(
    fn, warmup, repeat, synchronize=None, clock=time.perf_counter
):
    wait, times = synchronize or (lambda: None), []
    for number in range(warmup + repeat):
        wait()
        start = clock()
        fn()
        wait()
        if number >= warmup:
            times.append(clock() - start)
    times.sort()
    low, high = times[(repeat - 1) // 2], times[repeat // 2]
    return (low + high) / 2


@style("time_fn")
def timed_torch(fn, warmup, repeat, synchronize=None, clock=time.perf_counter):
    import torch

    wait = synchronize if synchronize else lambda: None
    for _ in range(warmup):
        fn()
        wait()
    readings = []
    for _ in range(repeat):
        readings.append(clock())
        fn()
        wait()
        readings.append(clock())
    pairs = torch.tensor(readings, dtype=torch.float64).reshape(-1, 2)
    times = pairs[:, 1] - pairs[:, 0]
    return torch.quantile(times, 0.5).item()


# --- build_keras_lstm


@misconception(
    "build_keras_lstm",
    fails=("keras_shapes", "keras_probabilities"),
    hint="The LSTM hands on its state of every step, so there's a distribution for "
    "every step. Many-to-one reads the last state only.",
)
def all_steps(T, D, H, classes):
    """Many-to-many."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((T, D)),
            layers.LSTM(H, return_sequences=True),
            layers.Dense(classes, activation="softmax"),
        ]
    )


@misconception(
    "build_keras_lstm",
    fails=("keras_shapes", "keras_parameters"),
    hint="T and D have changed places in the input: it's (T, D), the steps first.",
)
def axes_swapped(T, D, H, classes):
    """(D, T)."""
    layers = keras.layers
    dense = layers.Dense(classes, activation="softmax")
    return keras.Sequential([keras.Input((D, T)), layers.LSTM(H), dense])


@misconception(
    "build_keras_lstm",
    fails="keras_probabilities",
    hint="The dense layer has no activation, so these are logits. Probabilities want "
    "a softmax.",
)
def no_softmax(T, D, H, classes):
    """Logits."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((T, D)), layers.LSTM(H), layers.Dense(classes)]
    )


@misconception(
    "build_keras_lstm",
    fails="keras_probabilities",
    hint="A sigmoid for each class: they don't add up to 1. One of several classes "
    "wants a softmax.",
)
def sigmoid_classes(T, D, H, classes):
    """One yes or no for each class."""
    layers = keras.layers
    dense = layers.Dense(classes, activation="sigmoid")
    return keras.Sequential([keras.Input((T, D)), layers.LSTM(H), dense])


@misconception(
    "build_keras_lstm",
    fails=("keras_parameters", "keras_probabilities", "keras_fast_kernel"),
    hint="This is the plain recurrent layer, with a quarter of the weights. An LSTM "
    "is keras.layers.LSTM.",
)
def plain_rnn(T, D, H, classes):
    """SimpleRNN."""
    layers = keras.layers
    dense = layers.Dense(classes, activation="softmax")
    return keras.Sequential([keras.Input((T, D)), layers.SimpleRNN(H), dense])


@misconception(
    "build_keras_lstm",
    fails="keras_fast_kernel",
    hint="With ReLU in place of tanh it isn't the LSTM of 05_gates, and a GPU falls "
    "back to a loop. Leave the activation as it is.",
)
def relu_inside(T, D, H, classes):
    """Another activation."""
    layers = keras.layers
    dense = layers.Dense(classes, activation="softmax")
    lstm = layers.LSTM(H, activation="relu")
    return keras.Sequential([keras.Input((T, D)), lstm, dense])


@misconception(
    "build_keras_lstm",
    fails="keras_fast_kernel",
    hint="`unroll=True` writes the loop out step by step. That rules out the fused "
    "kernel of a GPU.",
)
def unrolled_loop(T, D, H, classes):
    """Unrolls."""
    layers = keras.layers
    dense = layers.Dense(classes, activation="softmax")
    lstm = layers.LSTM(H, unroll=True)
    return keras.Sequential([keras.Input((T, D)), lstm, dense])


@misconception(
    "build_keras_lstm",
    fails=("keras_parameters", "keras_probabilities"),
    hint="H and classes have changed places: H units in the LSTM, `classes` outputs "
    "of the dense layer.",
)
def units_swapped(T, D, H, classes):
    """H for classes."""
    layers = keras.layers
    dense = layers.Dense(H, activation="softmax")
    return keras.Sequential([keras.Input((T, D)), layers.LSTM(classes), dense])


@style("build_keras_lstm")
def built_functional(T, D, H, classes):
    x = keras.Input(shape=(T, D))
    h = keras.layers.LSTM(units=H)(x)
    p = keras.layers.Dense(classes, activation="softmax")(h)
    return keras.Model(inputs=x, outputs=p)


@style("build_keras_lstm")
def built_by_adding(T, D, H, classes):
    model = keras.models.Sequential()
    model.add(keras.layers.InputLayer(shape=(T, D)))
    model.add(keras.layers.LSTM(H, activation="tanh", return_sequences=False))
    model.add(
        keras.layers.Dense(classes, activation=keras.activations.softmax)
    )
    return model


@style("build_keras_lstm")
def built_with_softmax_layer(T, D, H, classes):
    return keras.Sequential(
        [
            keras.Input((T, D)),
            keras.layers.LSTM(H),
            keras.layers.Dense(classes),
            keras.layers.Softmax(),
        ]
    )


# --- fit_latency


@misconception(
    "fit_latency",
    fails=("fit_exact", "fit_noisy", "fit_recorded"),
    hint="The line is forced through the origin, so there's no fixed cost and the rate "
    "has to make up for it. A step of no work still costs something.",
)
def through_origin(work, seconds):
    """No fixed cost."""
    work, seconds = np.asarray(work, float), np.asarray(seconds, float)
    return 0.0, float((work**2).sum() / (work * seconds).sum())


@misconception(
    "fit_latency",
    fails=("fit_exact", "fit_noisy", "fit_recorded"),
    hint="The second number is seconds per operation. A rate is operations per "
    "second: one over it.",
)
def slope_for_rate(work, seconds):
    """Mixes up the units."""
    slope, fixed = np.polyfit(np.asarray(work, float), seconds, 1)
    return float(fixed), float(slope)


@misconception(
    "fit_latency",
    fails=("fit_exact", "fit_noisy"),
    hint="The two numbers come in the wrong order: the fixed cost first, then the rate.",
)
def rate_first(work, seconds):
    """Returns rate, fixed."""
    slope, fixed = np.polyfit(np.asarray(work, float), seconds, 1)
    return float(1 / slope), float(fixed)


@misconception(
    "fit_latency",
    fails="fit_noisy",
    hint="Work is fitted as a function of the seconds, so the errors in work are made "
    "small. The errors are in the seconds.",
)
def fitted_sideways(work, seconds):
    """Regresses work on seconds."""
    work, seconds = np.asarray(work, float), np.asarray(seconds, float)
    away, late = work - work.mean(), seconds - seconds.mean()
    rate = (away * late).sum() / (late**2).sum()
    return float(seconds.mean() - work.mean() / rate), float(rate)


@misconception(
    "fit_latency",
    fails="fit_noisy",
    hint="The line goes through the first and the last point, whatever lies between. "
    "Least squares asks all points.",
)
def first_and_last(work, seconds):
    """Two points."""
    rate = (work[-1] - work[0]) / (seconds[-1] - seconds[0])
    return float(seconds[0] - work[0] / rate), float(rate)


@misconception(
    "fit_latency",
    fails=("fit_exact", "fit_noisy", "fit_recorded"),
    hint="The fixed cost comes out in milliseconds. Seconds in, seconds out.",
)
def fixed_in_milliseconds(work, seconds):
    """Mixes up the units."""
    slope, fixed = np.polyfit(np.asarray(work, float), seconds, 1)
    return float(1000 * fixed), float(1 / slope)


@misconception(
    "fit_latency",
    fails=("fit_exact", "fit_noisy", "fit_recorded"),
    hint="The fixed cost is the smallest time that was measured. Even that step did "
    "some work: the fixed cost is where the line meets work = 0.",
)
def fixed_is_smallest(work, seconds):
    """The fastest step for the fixed cost."""
    slope, _ = np.polyfit(np.asarray(work, float), seconds, 1)
    return float(min(seconds)), float(1 / slope)


@style("fit_latency")
def fit_polyfit(work, seconds):
    slope, fixed = np.polyfit(np.asarray(work, float), seconds, 1)
    return fixed, 1 / slope


@style("fit_latency")
def fit_lstsq(work, seconds):
    work = np.asarray(work, float)
    scale = np.abs(work).max()
    columns = np.stack([np.ones(len(work)), work / scale], axis=1)
    fixed, slope = np.linalg.lstsq(
        columns, np.asarray(seconds, float), rcond=None
    )[0]
    return float(fixed), float(scale / slope)


@style("fit_latency")
def fit_loops(work, seconds):
    n = len(work)
    w_mean, s_mean = sum(work) / n, sum(seconds) / n
    above = below = 0.0
    for w, s in zip(work, seconds, strict=True):
        above += (w - w_mean) * (s - s_mean)
        below += (w - w_mean) ** 2
    return s_mean - above / below * w_mean, below / above


@style("fit_latency")
def fit_torch(work, seconds):
    import torch

    w = torch.as_tensor(np.asarray(work, float))
    s = torch.as_tensor(np.asarray(seconds, float))
    slope = ((w - w.mean()) * (s - s.mean())).sum() / (
        (w - w.mean()) ** 2
    ).sum()
    return (s.mean() - slope * w.mean()).item(), (1 / slope).item()


# --- crossover


@misconception(
    "crossover",
    fails="crossover_none",
    hint="The work comes out negative: the lines cross to the left of 0, where there "
    "is no work. One machine always wins then, and the answer is None.",
)
def negative_work(cpu_fit, gpu_fit):
    """Doesn't look at the sign."""
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    if cpu_rate == gpu_rate:
        return None
    return (gpu_fixed - cpu_fixed) / (1 / cpu_rate - 1 / gpu_rate)


@misconception(
    "crossover",
    fails="crossover_none",
    hint="Two machines of the same rate: this divides by zero. Their lines are "
    "parallel and never cross.",
    exception=ZeroDivisionError,
)
def parallel_forgotten(cpu_fit, gpu_fit):
    """Divides by zero."""
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    work = (gpu_fixed - cpu_fixed) / (1 / cpu_rate - 1 / gpu_rate)
    return work if work > 0 else None


@misconception(
    "crossover",
    fails=("crossover_value", "crossover_either_way"),
    hint="Rates are subtracted where seconds per operation should be: work / rate is "
    "a time, so one over each rate belongs there.",
)
def rates_subtracted(cpu_fit, gpu_fit):
    """Mixes up the units."""
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    if cpu_rate == gpu_rate:
        return None
    work = (gpu_fixed - cpu_fixed) / (gpu_rate - cpu_rate)
    return work if work > 0 else None


@misconception(
    "crossover",
    fails=("crossover_value", "crossover_either_way"),
    hint="The CPU's fixed cost is left out. It's paid as well: only the difference of "
    "the two must be won back.",
)
def cpu_starts_for_free(cpu_fit, gpu_fit):
    """Forgets the CPU's fixed cost."""
    (_, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    if cpu_rate == gpu_rate:
        return None
    work = gpu_fixed / (1 / cpu_rate - 1 / gpu_rate)
    return work if work > 0 else None


@misconception(
    "crossover",
    fails=("crossover_value", "crossover_either_way"),
    hint="These are the seconds at the crossover. Asked is the work there.",
)
def seconds_for_work(cpu_fit, gpu_fit):
    """The other coordinate."""
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    if cpu_rate == gpu_rate:
        return None
    work = (gpu_fixed - cpu_fixed) / (1 / cpu_rate - 1 / gpu_rate)
    return cpu_fixed + work / cpu_rate if work > 0 else None


@misconception(
    "crossover",
    fails="crossover_either_way",
    hint="This takes for granted that the second machine has the larger rate. Lines "
    "cross whoever is asked first.",
)
def only_the_second_can_win(cpu_fit, gpu_fit):
    """None where the GPU isn't the faster one."""
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    if gpu_rate <= cpu_rate or gpu_fixed <= cpu_fixed:
        return None
    return (gpu_fixed - cpu_fixed) / (1 / cpu_rate - 1 / gpu_rate)


@misconception(
    "crossover",
    fails="crossover_none",
    hint='0 stands for "they never cross". But 0 is a place, too: say None.',
)
def zero_for_never(cpu_fit, gpu_fit):
    """0 in place of None."""
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    if cpu_rate == gpu_rate:
        return 0.0
    work = (gpu_fixed - cpu_fixed) / (1 / cpu_rate - 1 / gpu_rate)
    return max(work, 0.0)


@style("crossover")
def crossed_on_paper(cpu_fit, gpu_fit):
    a, r = cpu_fit
    b, q = gpu_fit
    if r == q:
        return None
    work = (b - a) * r * q / (q - r)
    return float(work) if work > 0 else None


@style("crossover")
def crossed_solved(cpu_fit, gpu_fit):
    lines = np.array([[1.0, -1 / cpu_fit[1]], [1.0, -1 / gpu_fit[1]]])
    try:
        _, work = np.linalg.solve(lines, [cpu_fit[0], gpu_fit[0]])
    except np.linalg.LinAlgError:
        return None
    return work if work > 0 else None


@style("crossover")
def crossed_ordered(cpu_fit, gpu_fit):
    early, late = sorted([tuple(cpu_fit), tuple(gpu_fit)])
    if late[1] <= early[1] or late[0] == early[0]:
        return None
    return (late[0] - early[0]) / (1 / early[1] - 1 / late[1])


# --- PrefetchingLoader: what it did is read from the gate's answers, never played again


def events(calls):
    """(method of the gate, or "new"; arguments; answer or name of the error)."""
    methods, found = {}, []
    for call in calls:
        args = call.before[0] if call.before else ()
        if call.verb == "attribute" and isinstance(call.result, StudentObject):
            methods[call.result._key] = args[0]
        elif call.verb == "call":
            name = methods.get(call.target.key) if call.target else "new"
            found.append((name, args, call.error or call.result))
    return found


def answers(calls, method):
    """What the gate answered to one kind of question, in order."""
    return [answer for name, _, answer in events(calls) if name == method]


def reads_nothing_ahead(calls, later):
    """Whether nothing was read before next, and what came after it fits `later`."""
    told = answers(calls, "read_ahead")
    return len(told) > 1 and told[0] == 0 and later(told[1])


def reads_too_far(calls):
    """Whether a batch was read for which there was no room."""
    asked = [
        (args, got)
        for name, args, got in events(calls)
        if name == "read_ahead"
    ]
    return any(len(args) > 1 and got >= args[0] for args, got in asked)


def refused(calls):
    """Whether the constructor itself ran into the gate, or into the error."""
    made = [got for got in answers(calls, "new") if type(got) is str]
    return "RuntimeError" in made or "OSError" in made


STUCK, END = ("stuck", None), ("raised", "StopIteration")


def stuck_after_the_end(calls):
    """Whether next hung when everything had come."""
    took = answers(calls, "take")
    return any(b == STUCK and a[0] == "raised" for a, b in pairwise(took))


def error_is_lost(calls):
    """Whether the end came where an error should have been."""
    took = answers(calls, "take")
    return took[-3:] == [END, END, END] and ("raised", "OSError") not in took


def goes_on_after_close(calls):
    """Whether a loader gave a batch after its close."""
    closed = False
    for name, _, got in events(calls):
        if name == "take" and closed and got[0] == "value":
            return True
        closed = name == "shut" or (closed and name != "new")
    return False


@misconception(
    "PrefetchingLoader",
    fails=("loader_overlaps", "loader_bounded"),
    hint="All batches are read at the start, by the caller: nothing overlaps, and "
    "nothing is bounded. Let the thread read, while the caller goes on.",
    matches=refused,
)
class ReadsAllFirst:
    """A list of everything."""

    def __init__(self, source, depth):
        self.batches = iter(list(source))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.batches)

    def close(self):
        self.batches = iter(())


@misconception(
    "PrefetchingLoader",
    fails="loader_overlaps",
    hint="A batch is read when it's asked for, and no earlier: there's no thread that "
    "reads ahead.",
    matches=lambda calls: reads_nothing_ahead(calls, lambda n: n == 1),
)
class ReadsWhenAsked:
    """No thread."""

    def __init__(self, source, depth):
        self.batches = iter(source)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self.batches)
        except Exception:
            self.close()
            raise

    def close(self):
        self.batches = iter(())


@misconception(
    "PrefetchingLoader",
    fails="loader_overlaps",
    hint="The thread is started by the first next. Start it in __init__: then it reads "
    "while the caller is still busy elsewhere.",
    matches=lambda calls: reads_nothing_ahead(calls, lambda n: n > 1),
    waits=True,
)
class StartsLate:
    """Starts with the first next."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.started = False

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed.is_set():
            raise StopIteration
        if not self.started:
            self.thread.start()
            self.started = True
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        self.close()
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed.set()
        if self.started:
            self.thread.join()


@misconception(
    "PrefetchingLoader",
    fails="loader_bounded",
    hint="The shelf has no end: the thread reads on and on, and the memory fills. "
    "`depth` is the room on it.",
    matches=reads_too_far,
)
class EndlessShelf:
    """A queue without a limit."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed.is_set():
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        self.close()
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed.set()
        self.thread.join()


@misconception(
    "PrefetchingLoader",
    fails="loader_exceptions",
    hint="The source's error is taken for the end, so half of the data may be missing "
    "and nobody is told. Raise what lies on the shelf.",
    matches=error_is_lost,
    waits=True,
)
class SwallowsErrors:
    """An error is the end."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if not self.closed.is_set():
            kind, value = self.shelf.get()
            if kind == "batch":
                return value
            self.close()
        raise StopIteration

    def close(self):
        self.closed.set()
        self.thread.join()


@misconception(
    "PrefetchingLoader",
    fails=("loader_order", "loader_exceptions"),
    hint="After the end, next waits for ever: the shelf is empty and nobody fills it "
    "any more. Remember that it's over.",
    matches=stuck_after_the_end,
    waits=True,
)
class ForgetsTheEnd:
    """Asks the shelf again."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed.is_set():
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed.set()
        self.thread.join()


@misconception(
    "PrefetchingLoader",
    fails=("loader_order", "loader_overlaps"),
    hint="What is handed out is the pair from the shelf, (kind, value). The caller "
    "wants the batch alone.",
    matches=lambda calls: any(
        type(got) is tuple and type(got[1]) is tuple
        for got in answers(calls, "take")
    ),
    waits=True,
)
class HandsOutPairs:
    """Returns what lies on the shelf."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed.is_set():
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return kind, value
        self.close()
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed.set()
        self.thread.join()


@misconception(
    "PrefetchingLoader",
    fails="loader_closes",
    hint="close doesn't reach the thread: it lives on, with a full shelf and an open "
    "source. Set the event that it looks at.",
    matches=lambda calls: any(n > 0 for n in answers(calls, "still_running")),
    waits=True,
)
class LeavesTheThread:
    """A flag that nobody reads."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), False
        work = (source, self.shelf, threading.Event())
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed:
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        self.close()
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed = True


@misconception(
    "PrefetchingLoader",
    fails="loader_closes",
    hint="close waits for a thread that waits for room on the shelf: neither moves. "
    "Tell the thread to stop before you wait for it.",
    matches=lambda calls: STUCK in answers(calls, "shut"),
    waits=True,
)
class WaitsForEver:
    """join without a word."""

    def __init__(self, source, depth):
        self.shelf, self.over = queue.Queue(depth), False
        work = (source, self.shelf, threading.Event())
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.over:
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        self.over = True
        raise value if kind == "error" else StopIteration

    def close(self):
        self.thread.join()
        self.over = True


@misconception(
    "PrefetchingLoader",
    fails="loader_closes",
    hint="close only tells the thread to stop, and goes on while it still reads. Wait "
    "until it has ended (join).",
    matches=lambda calls: any(
        got[0] == "value" and got[1] > 0
        for got in answers(calls, "left_by_close")
    ),
    waits=True,
)
class ClosesWithoutWaiting:
    """Tells the thread, and doesn't wait."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.closed.is_set():
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        self.close()
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed.set()


@misconception(
    "PrefetchingLoader",
    fails="loader_closes",
    hint="After close there are still batches: what had been read ahead. A closed "
    "loader is at its end.",
    matches=goes_on_after_close,
    waits=True,
)
class GoesOnAfterClose:
    """Empties the shelf after close."""

    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.over = False
        self.thread.start()

    def __iter__(self):
        return self

    def __next__(self):
        if self.over:
            raise StopIteration
        kind, value = self.shelf.get()
        if kind == "batch":
            return value
        self.over = True
        raise value if kind == "error" else StopIteration

    def close(self):
        self.closed.set()
        self.thread.join()


@style("PrefetchingLoader")
class WithItsOwnThread:
    def __init__(self, source, depth):
        self.source, self.over, self.stop = source, False, False
        self.shelf, self.room = queue.Queue(), threading.Semaphore(depth)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        stream = iter(self.source)
        while not self.stop:
            self.room.acquire()
            if self.stop:
                return
            try:
                self.shelf.put((next(stream), None))
            except Exception as error:
                self.shelf.put((None, error))
                return

    def __iter__(self):
        return self

    def __next__(self):
        if self.over:
            raise StopIteration
        batch, error = self.shelf.get()
        if error is None:
            self.room.release()
            return batch
        self.over = True
        raise error

    def close(self):
        self.stop = self.over = True
        self.room.release()
        self.thread.join()


@style("PrefetchingLoader")
class WithAPool:
    def __init__(self, source, depth):
        from concurrent.futures import ThreadPoolExecutor

        self.stream, self.over = iter(source), False
        self.pool = ThreadPoolExecutor(1)
        self.waiting = [self.ask() for _ in range(depth)]

    def ask(self):
        return self.pool.submit(lambda: [next(self.stream)])

    def __iter__(self):
        return self

    def __next__(self):
        if self.over:
            raise StopIteration
        try:
            (batch,) = self.waiting.pop(0).result()
        except Exception:
            self.close()
            raise
        self.waiting.append(self.ask())
        return batch

    def close(self):
        self.over = True
        self.pool.shutdown(cancel_futures=True)


@style("PrefetchingLoader")
class WithACondition:
    def __init__(self, source, depth):
        self.shelf, self.depth, self.over = [], depth, False
        self.moved = threading.Condition()
        self.thread = threading.Thread(target=self.read, args=(source,))
        self.thread.daemon = True
        self.thread.start()

    def lay(self, kind, value):
        with self.moved:
            self.moved.wait_for(
                lambda: len(self.shelf) < self.depth or self.over
            )
            self.shelf.append((kind, value))
            self.moved.notify_all()
            return not self.over

    def read(self, source):
        try:
            for batch in source:
                if not self.lay("batch", batch):
                    return
            self.lay("end", StopIteration())
        except Exception as error:
            self.lay("error", error)

    def __iter__(self):
        return self

    def __next__(self):
        with self.moved:
            if self.over:
                raise StopIteration
            self.moved.wait_for(lambda: self.shelf)
            kind, value = self.shelf.pop(0)
            self.moved.notify_all()
            if kind == "batch":
                return value
            self.over = True
            raise value

    def close(self):
        with self.moved:
            self.over = True
            self.moved.notify_all()
        self.thread.join()


@style("PrefetchingLoader")
class WithAGenerator:
    def __init__(self, source, depth):
        self.shelf, self.closed = queue.Queue(depth), threading.Event()
        work = (source, self.shelf, self.closed)
        self.thread = threading.Thread(target=fill, args=work, daemon=True)
        self.thread.start()
        self.stream = self.batches()

    def batches(self):
        while True:
            kind, value = self.shelf.get()
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value

    def __iter__(self):
        return self.stream

    def __next__(self):
        return next(self.stream)

    def close(self):
        self.closed.set()
        self.thread.join()
        self.stream.close()
