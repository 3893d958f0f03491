# %% [markdown]
# # Hardware: CPU against GPU
#
# In `06_char_rnn` your networks wrote text, and you compared models in a table
# that somebody else had computed. Somebody had to: its 66 numbers are 66 trained
# networks, and they don't train themselves on a laptop over lunch. This last lesson is
# about the machine under the mathematics. **How long will training take? On
# what? For how many dollars? And how do you find out without fooling
# yourself?**
#
# **When you are done, you can** estimate on paper what a training costs, measure
# what it really takes, say what your code is waiting for, and tell an honest
# comparison of two machines from a bad one. **You need** `05_gates` (the LSTM) and
# Python's classes. **Time:** about four hours, the questions included.
#
# | question | you write |
# |---|---|
# | how much work is it? | `training_operations` |
# | what does the work cost? | `hourly_price`, `cost_per_exaflop`, `break_even_months` |
# | how long does it *really* take? | `time_fn`, `build_keras_lstm` |
# | where does the GPU begin to win? | `fit_latency`, `crossover` |
# | what does it wait for? | `roofline` (no points) |
# | who waits for whom? | `PrefetchingLoader` |
#
# You need no GPU. Where there is one, the same cells use it.

# %%
import contextlib
import os
import queue
import threading
import time

import matplotlib.pyplot as plt
import numpy as np
import torch

from unrolled.lab import check, explore, show, style
from unrolled.lab.figures import hardware
from unrolled.lab.figures.roofline import draw_predictions, draw_roofline
from unrolled.lab.trace import read_trace

style.use()
torch.set_num_threads(1)  # one core: times are easier to compare

# %% [markdown]
# ## 1. How much work is it?
#
# Training repeats three things over millions of parameters: forward, backward,
# update. Nearly all of the arithmetic is in matrix products, so that's what we
# count. A product of a row of $D$ numbers with a $(D, H)$ matrix takes $D H$
# multiplications and as many additions: $2 D H$ **operations**.
#
# One step of an LSTM makes four gates, each from the input ($D$ numbers) and
# from the old state ($H$ numbers). For $N$ sequences of $T$ steps, forward:
#
# $$2 \cdot 4 \cdot N \cdot T \cdot H \cdot (D + H)$$
#
# And backward? For each product $Y = X W$ the way back needs two of the same
# size: $dY\,W^\top$ and $X^\top dY$ (`03_bptt`). So backward costs twice as
# much as forward, and a training step **three times** the forward pass. The
# update touches each parameter once: next to nothing.
#
# ### Exercise: `training_operations` (5 minutes, easy)


# %% exercise="training_operations"
def training_operations(N, T, D, H):
    """Operations of one training step of an LSTM layer. About 2 lines.

    N sequences of T steps, D inputs, H units; matrix products only, forward
    and backward. Returns a whole number.
    """
    ### BEGIN SOLUTION
    forward = 2 * 4 * N * T * H * (D + H)
    return 3 * forward
    ### END SOLUTION


# %% [markdown]
# Suppose a text of 3 million letters with 100 different ones, an LSTM of 512
# units, and 50 passes over the text. **Guess before you run the cell:** how
# long on a processor that does 540 billion operations a second? (Only $N T$,
# the number of letters, counts, so we may write them as one long row.)

# %% show=true
letters, passes = 3_000_000, 50
work = passes * training_operations(1, letters, 100, 512)
print(f"{work:.2e} operations")
for rate, name in ((540e9, "CPU"), (11.4e12, "GPU")):
    print(f"{name} at {rate:.3g} a second: {work / rate / 60:.1f} minutes")

# %% [markdown]
# About $10^{15}$ operations: 35 minutes on the CPU, under two on the GPU. That's
# the *sheet of paper* answer. It assumes that every unit of the chip is busy
# in every cycle. Whether that holds is what the rest of this lesson is about.

# %% check="operations_value" points=2
# One sequence, one step, one input, one unit: 16 forward, 48 in all.
got = check.call(training_operations, 1, 1, 1, 1)
check.equal("operations", got, 48)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(n) for n in rng.permutation([2, 3, 5, 7]))
got = check.call(training_operations, N, T, D, H)
check.equal("operations", got, oracle.training_operations(N, T, D, H))
### END HIDDEN TESTS

# %% check="operations_grow" points=2
# Twice the hidden size is more than twice the work; twice the steps, exactly.
small = check.call(training_operations, 4, 10, 8, 16)
longer = check.call(training_operations, 4, 20, 8, 16)
check.equal("twice T", longer, 2 * small)
wider = check.call(training_operations, 4, 10, 8, 32)
check.equal("twice H", wider, 1228800)
### BEGIN HIDDEN TESTS
N, T, D, H = (int(n) for n in rng.integers(20, 900, size=4))
for sizes in ((N, T, D, H), (N, T, D, 2 * H), (2 * N, T, D + 1, H)):
    got = check.call(training_operations, *sizes)
    check.equal("operations", got, oracle.training_operations(*sizes))
### END HIDDEN TESTS

# %% [markdown]
# ## 2. What does the work cost?
#
# A **CPU**, the processor of every computer, has few fast cores and is good at
# work in which each step needs the one before. A **GPU**, a graphics processor,
# has thousands of slow ones and is good at the same work on many numbers at
# once. A **TPU** (tensor processing unit) is built for matrix products and
# little else. The lecture's table:
#
# | | cores | clock | memory | price | operations a second |
# |---|---|---|---|---|---|
# | CPU: Intel Core i7-7700K | 4 (8 threads) | 4.2 GHz | the system's | \$339 | 540 billion, 32 bits |
# | GPU: NVIDIA GTX 1080 Ti | 3584 | 1.6 GHz | 11 GB | \$699 | 11.4 trillion, 32 bits |
# | GPU with tensor cores: NVIDIA TITAN V | 5120, and 640 tensor cores | 1.5 GHz | 12 GB | \$2999 | 14 trillion, 32 bits; 112 trillion, 16 bits |
# | Google Cloud TPU | not stated | not stated | 64 GB | \$6.50 an hour | 180 trillion |
#
# (The bits say how finely each number is stored: 16 bits are quicker than 32,
# and less exact. Some slides list the TITAN V among the TPUs; it's a GPU whose
# *tensor cores* do small matrix products.) The prices can't be compared as they
# stand: three are for keeps, one is by the hour. Let's make them comparable.
#
# ### Exercise: `hourly_price` (5 minutes, easy)
#
# Who buys a machine and lets it work day and night for some months pays, per
# hour, the price divided by the hours. A month has
# $365 \cdot 24 / 12 = 730$ hours.


# %% exercise="hourly_price"
def hourly_price(price, months):
    """Dollars per hour of a machine that is bought. About 1 line.

    price: dollars; months: how long it works, day and night.
    """
    ### BEGIN SOLUTION
    return price / (months * 730)
    ### END SOLUTION


# %% check="hourly_value" points=2
# $2701 for two months, which are 1460 hours: $1.85 an hour.
check.close("dollars per hour", check.call(hourly_price, 2701.0, 2), 1.85)
### BEGIN HIDDEN TESTS
price, months = float(rng.uniform(200, 9000)), int(rng.integers(2, 60))
right = oracle.hourly_price(price, months)
check.close("dollars per hour", check.call(hourly_price, price, months), right)
### END HIDDEN TESTS

# %% check="hourly_longer_use" points=2
# Used four times as long, an hour costs a quarter.
check.close("over 3 months", check.call(hourly_price, 4380, 3), 2.0)
check.close("over a year", check.call(hourly_price, 4380, 12), 0.5)
### BEGIN HIDDEN TESTS
price, months = float(rng.uniform(200, 9000)), float(rng.uniform(0.3, 9))
for factor in (1, 3, 8):
    right = oracle.hourly_price(price, factor * months)
    got = check.call(hourly_price, price, factor * months)
    check.close("dollars per hour", got, right)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `cost_per_exaflop` (10 minutes, easy)
#
# Now a fixed amount of work, $10^{18}$ operations (an **exaflop** of work, nearly
# 900 times the training above; exa is $10^{18}$, a *flop* is one floating-point
# operation). How many seconds does it take, how many hours is that, how many
# dollars? Write the units beside each number: seconds
# that are taken for hours are the most expensive mistake of this lesson.


# %% exercise="cost_per_exaflop"
def cost_per_exaflop(flops_per_second, dollars_per_hour):
    """Dollars for 10**18 operations. About 2 lines.

    flops_per_second: operations a second; dollars_per_hour: what it costs.
    """
    ### BEGIN SOLUTION
    hours = 1e18 / flops_per_second / 3600
    return hours * dollars_per_hour
    ### END SOLUTION


# %% [markdown]
# **Guess before you run the cell:** who does $10^{18}$ operations for the
# fewest dollars, if what is bought works for three years? And who for the
# most?

# %% show=true
bought = {
    "Core i7-7700K": (540e9, 339),
    "GTX 1080 Ti": (11.4e12, 699),
    "TITAN V, 32 bits": (14e12, 2999),
    "TITAN V, 16 bits": (112e12, 2999),
}
costs = {
    name: cost_per_exaflop(rate, hourly_price(price, 36))
    for name, (rate, price) in bought.items()
}
costs["Cloud TPU, rented"] = cost_per_exaflop(180e12, 6.50)
fig, ax = plt.subplots(figsize=(6.6, 2.9))
hardware.draw_costs(ax, costs)
show(
    fig,
    alt="Bars of dollars for 10 to the 18 operations: "
    "the TITAN V with 16 bits is the cheapest with 28 cents, the rented TPU "
    "the most expensive with 10 dollars.",
)

# %% [markdown]
# The surprise: the fastest machine of the table is the most expensive one per
# operation, and the cheapest machine to buy comes next. Speed is one thing,
# price per work another. But read the small print before you quote it. A
# bought machine was counted as busy day and night for three years, without
# power, without a computer around it, without the person who mends it; a
# rented one is paid only while it works. An operation with 16 bits isn't the
# same work as one with 32. And every rate is a **peak** that no program reaches.
#
# *What has changed since?* The data sheet of a card of 2022 (NVIDIA's H100 SXM)
# states about 67 trillion operations a second with 32 bits, and about 990
# trillion with 16 bits on its tensor cores: about 5 and 9 times the TITAN V.
# Its memory hands out about 3.35 terabytes a second, the TITAN V's 0.65: also 5
# times. The tensor cores have grown most; a program that doesn't use them
# reaches a fifteenth of the card's peak, at best.
#
# And the price? In May 2026 one hour of this card was offered from about \$2 to
# about \$5, by who lets it and for how long you commit yourself. Your function
# knows what that means:

# %% show=true
for bits, rate in ((16, 990e12), (32, 67e12)):
    low, high = (cost_per_exaflop(rate, dollars) for dollars in (2, 5))
    print(
        f"H100, rented, {bits} bits: ${low:.2f} to ${high:.2f} for an exaflop"
    )

# %% [markdown]
# With its tensor cores the rented card is in the league of the machines that
# were bought; without them it's as dear as the TPU was. (Prices of the cloud
# change by the month. Look them up, and put them in.)

# %% check="exaflop_units" points=3
# 10**18 operations at 10**15 a second: 1000 seconds, at 3.60 an hour.
got = check.call(cost_per_exaflop, 1e15, 3.6)
check.close("dollars", got, 1.0)
### BEGIN HIDDEN TESTS
rate, dollars = float(10 ** rng.uniform(11, 15)), float(rng.uniform(0.01, 9))
right = oracle.cost_per_exaflop(rate, dollars)
check.close("dollars", check.call(cost_per_exaflop, rate, dollars), right)
### END HIDDEN TESTS

# %% check="exaflop_faster_is_cheaper" points=2
# At the same hourly price, a machine ten times as fast costs a tenth.
slow = check.call(cost_per_exaflop, 1e13, 0.73)
check.close("at 1e13 a second", slow, 20.2777777778)
quick = check.call(cost_per_exaflop, 1e14, 0.73)
check.close("ten times as fast", quick, 2.02777777778)
### BEGIN HIDDEN TESTS
rate, dollars = float(10 ** rng.uniform(11, 15)), float(rng.uniform(0.01, 9))
for faster, dearer in ((1, 1), (7, 1), (1, 3)):
    right = oracle.cost_per_exaflop(faster * rate, dearer * dollars)
    got = check.call(cost_per_exaflop, faster * rate, dearer * dollars)
    check.close("dollars", got, right)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `break_even_months` (5 minutes, easy)
#
# Rent or buy? The lecture's offers: a cloud machine with one NVIDIA P40 (6
# virtual CPUs, 112 GiB of memory) from \$1511.10 a month; a workstation with two
# RTX 2080 Ti (64 GB, 2 TB SSD, 4 TB HDD) from \$7059. After how many months has
# the rent reached the price?
#
# What costs nothing to rent never reaches it: then the answer is
# `float("inf")`.


# %% exercise="break_even_months"
def break_even_months(buy, rent_per_month):
    """Months after which the rent has reached the price. About 3 lines.

    buy, rent_per_month: dollars. Returns a float, not rounded; infinity for a
    rent of 0.
    """
    ### BEGIN SOLUTION
    if rent_per_month == 0:
        return float("inf")
    return buy / rent_per_month
    ### END SOLUTION


# %% show=true
months = break_even_months(7059, 1511.10)
fig, ax = plt.subplots(figsize=(6.4, 3.2))
hardware.draw_rent_or_buy(ax, 7059, 1511.10, months)
show(
    fig,
    alt="Dollars over months: the rent climbs in a straight line from 0, the "
    "price is a flat line at 7059; they meet between month 4 and month 5.",
)

# %% [markdown]
# The lines meet after 4.67 months. Who needs the machine for a summer rents;
# who needs it for a doctorate buys. So it seems: the question below looks
# closer.

# %% check="break_even_value" points=2
# A server for $25,000 or for $310 a month, then the lecture's two offers.
got = check.call(break_even_months, 25_000.0, 310.0)
check.close("months, of the server", got, 80.6451612903)
got = check.call(break_even_months, 7059.0, 1511.10)
check.close("months", got, 4.6714314076)
### BEGIN HIDDEN TESTS
buy, rent = float(rng.uniform(500, 20000)), float(rng.uniform(50, 3000))
right = oracle.break_even_months(buy, rent)
check.close("months", check.call(break_even_months, buy, rent), right)
### END HIDDEN TESTS

# %% check="break_even_free_rent" points=1
# A machine that is free to use is never worth buying.
got = check.call(break_even_months, 1000.0, 0.0)
check.equal("months", got, float("inf"))
### BEGIN HIDDEN TESTS
buy = float(rng.uniform(500, 20000))
got = check.call(break_even_months, buy, 0)
check.equal("months", got, float("inf"))
### END HIDDEN TESTS

# %% [markdown]
# ### Question 1 (6 points)
#
# "After 4.67 months buying is cheaper." Take this sentence apart.
#
# 1. The two offers are not the same machine. Name the differences that matter
#    for training, and say which way each of them moves the 4.67 months.
# 2. Name two costs or conditions that the comparison leaves out.
# 3. You'd use the machine three hours a day. What changes? (4 to 6 sentences
#    in all)

# %% [markdown] answer="rent_or_buy" points=6
# 1. The workstation has two cards, the cloud machine one. Where the work can be
#    split over both, the same work would need two rented machines, so buying
#    pays after about half the time. The cloud machine has more memory (112 GiB
#    against 64 GB), which counts for data that is read into memory, and makes
#    renting worth more (later break-even). A P40 has 24 GB for the model, a
#    2080 Ti 11 GB, if that's known: the same direction.
# 2. Left out: power and cooling, the person who maintains it, a room, repairs
#    and spare parts; that a bought machine can be sold, and gets old; that a
#    rented one can be replaced by a newer or a larger one; interest on money
#    paid at once; taxes; moving data to the cloud.
# 3. A rented machine can be given back while it isn't used, if it's billed by
#    the hour: an eighth of the time is an eighth of the rent, and break-even
#    comes after eight times as many months (about 37). The bought machine costs
#    the same. Billed by the month, nothing changes.
#
# **Marking scheme**
# - 2 points: two cards against one, and that break-even comes earlier
#   (1 point each)
# - 1 point: one more difference (memory, disks, generation) with its direction
# - 2 points: two costs or conditions left out (1 point each)
# - 1 point: three hours a day: rent falls (or break-even comes later) if billed
#   by use (or: nothing changes, if billed by the month)

# %% [markdown]
# ## 3. How long does it really take?
#
# Paper is patient. So we measure, and measuring is where people fool
# themselves. Here are 30 single times of the same product of two matrices, in
# the order in which they were taken:

# %% show=true
A, B = torch.ones(300, 300), torch.ones(300, 300)
singles = []
for _ in range(30):
    start = time.perf_counter()
    A @ B
    singles.append(time.perf_counter() - start)
fig, ax = plt.subplots(figsize=(6.6, 3.0))
hardware.draw_singles(ax, singles)
show(
    fig,
    alt="Thirty single times in milliseconds as dots, in the order taken, "
    "with a line at their median and a dashed line at their mean.",
)

# %% [markdown]
# The same work, and yet no two times are alike. The first ones are often the
# slowest: memory is fetched, code is loaded, and the library chooses a
# **kernel**, the small compiled program that does the product. Later something
# else on the machine wants a turn, now and then, and some dot jumps up. It never
# jumps *down*: nothing makes a product faster than it is. Such a sample is
# **skewed**, and its mean tells you about the jumps. From this follow three
# rules:
#
# 1. **Warm up.** Run it a few times first, and throw these times away.
# 2. **Repeat, and take the median**: half of the times lie below it, half
#    above, however far the jumps jump.
# 3. **Wait until it's done.** For this one we need to know how a GPU is used.
#
# A GPU works *beside* the CPU. When Python calls a product on it, the call only
# puts the product on the GPU's list (it **launches** a kernel) and comes back at
# once, long before there is a result: the call is **asynchronous**. Who reads
# the clock then, has measured how fast one can write a list. (The list has an
# end: when it's full, the call has to wait for room.)
# `torch.cuda.synchronize()` waits until the list is empty. (CUDA is the way to
# program NVIDIA's GPUs.)
#
# We build ourselves a device of this kind, and a clock to go with it. Nothing
# really waits here: time is a number that we move.


# %%
class FakeDevice:
    """A made-up device beside a made-up CPU, with one made-up clock.

    work: seconds of each launch, in turn; copy: seconds for which a launch
    keeps the CPU; room: launches that can be on the list.
    """

    def __init__(self, work, copy=0.0, room=1000):
        self.work, self.copy, self.room = list(work), copy, room
        self.now, self.ends, self.launches = 100.0, [], 0

    def launch(self):
        """Put the next work on the list; come back before it is done."""
        waiting = [end for end in self.ends if end > self.now]
        if len(waiting) >= self.room:
            self.now = waiting[-self.room]
        self.now += self.copy
        start = max([self.now, *self.ends[-1:]])
        self.ends.append(start + self.work[self.launches % len(self.work)])
        self.launches += 1

    def synchronize(self):
        """Wait until the list is empty."""
        self.now = max([self.now, *self.ends])

    def clock(self):
        """The time, in seconds."""
        return self.now


# %% [markdown]
# Three launches of 40 ms each, with and without waiting:

# %% show=true
fig, axes = plt.subplots(2, 1, figsize=(7.0, 3.8), sharex=True)
for ax, waits in zip(axes, (False, True), strict=True):
    device, readings = FakeDevice([0.040], copy=0.002), []
    for _ in range(3):
        start = device.clock()
        device.launch()
        if waits:
            device.synchronize()
        readings.append((start, device.clock()))
    hardware.draw_launches(ax, readings, device.ends, 0.040, waits)
show(
    fig,
    alt="Two time lines of CPU and device. Above, without waiting: the CPU "
    "reads its clock after 2 milliseconds while the device is still at work. "
    "Below, with waiting: each reading comes when the device is done.",
)

# %% [markdown]
# Above, the stopwatch says 2 ms for a product that takes 40: the device is
# still at its first product when all three have been "measured". That's the
# most popular way to a speed-up of 20.
#
# ### Exercise: `time_fn` (20 minutes, medium)
#
# Now put the three rules into a function. Call `fn` `warmup` times and wait for
# it. Then, `repeat` times: read the clock, call `fn`, wait, read the clock. The
# median of the differences is the result. `clock` is a function that returns
# seconds; `synchronize` waits, and is None where nothing runs asynchronously.
#
# (The median of an even number of times is the mean of the middle two, as
# `statistics.median` and `np.median` have it.)


# %% exercise="time_fn"
def time_fn(fn, warmup, repeat, synchronize=None, clock=time.perf_counter):
    """Median seconds of one call of fn. About 10 lines.

    fn: a function without arguments; warmup, repeat: how often it is called;
    synchronize: a function that waits until all is done, or None.
    """
    ### BEGIN SOLUTION
    wait = synchronize or (lambda: None)
    for _ in range(warmup):
        fn()
    wait()
    times = []
    for _ in range(repeat):
        start = clock()
        fn()
        wait()
        times.append(clock() - start)
    return float(np.median(times))
    ### END SOLUTION


# %% [markdown]
# The same two matrices again, with your stopwatch, on everything that this
# machine has:

# %%
devices = ["cpu", "gpu"] if torch.cuda.is_available() else ["cpu"]


def waits_for(device):
    """What time_fn needs as `synchronize` on this device."""
    return torch.cuda.synchronize if device == "gpu" else None


# %% show=true
for device in devices:
    where = "cuda" if device == "gpu" else "cpu"
    pair = A.to(where), B.to(where)
    seconds = time_fn(
        lambda pair=pair: pair[0] @ pair[1], 3, 21, waits_for(device)
    )
    print(f"{device}: {1e3 * seconds:.3f} ms")

# %% [markdown]
# *Median or minimum?* Python's own stopwatch, `timeit`, advises you to take the
# *smallest* time, and for the reason given above: nothing makes a call faster
# than it is, so the smallest has been disturbed least. The two answer different
# questions. The minimum says how fast the code *can* be, and is good for
# comparing two versions of it. The median says how long you'll usually wait. And
# the mean that we've just scolded? It's the only one of the three that, times
# the number of steps, gives the whole bill. Say which one you quote.

# %% check="time_value" points=3
# Every call takes 30 ms: so does the median.
device = FakeDevice([0.030])
got = check.call(
    time_fn, device.launch, 1, 3, device.synchronize, device.clock
)
check.close("seconds", got, 0.030)
### BEGIN HIDDEN TESTS
seconds = float(rng.uniform(0.5, 2))
device = FakeDevice([seconds], copy=float(rng.uniform(0.1, 0.3)), room=2)
right = oracle.time_of(device.work, device.copy, 2, 4)
got = check.call(
    time_fn, device.launch, 2, 4, device.synchronize, device.clock
)
check.close("seconds", got, right)
### END HIDDEN TESTS

# %% check="time_warmup" points=4
# The first two calls are slow; with warmup=2 nobody sees them.
device = FakeDevice([0.913, 0.827, 0.118, 0.223, 0.341])
got = check.call(
    time_fn, device.launch, 2, 3, device.synchronize, device.clock
)
check.close("seconds", got, 0.223)
check.equal("calls of fn", device.launches, 5)
### BEGIN HIDDEN TESTS
warmup, repeat = int(rng.integers(2, 5)), 3
work = sorted(rng.uniform(0.1, 0.5, repeat + warmup).tolist(), reverse=True)
device = FakeDevice(work, copy=0.01, room=2)
right = oracle.time_of(work, 0.01, warmup, repeat)
got = check.call(
    time_fn, device.launch, warmup, repeat, device.synchronize, device.clock
)
check.close("seconds", got, right)
check.equal("calls of fn", device.launches, warmup + repeat)
### END HIDDEN TESTS

# %% check="time_synchronize" points=5
# A launch keeps the CPU for 1.3 ms and the device for 53.7.
device = FakeDevice([0.0537], copy=0.0013)
got = check.call(
    time_fn, device.launch, 1, 5, device.synchronize, device.clock
)
check.close("seconds", got, 0.055)
### BEGIN HIDDEN TESTS
warmup, repeat = int(rng.integers(1, 4)), int(rng.choice([5, 7]))
work, copy = float(rng.uniform(0.5, 2)), float(rng.uniform(0.01, 0.1))
device = FakeDevice([work], copy=copy, room=2)
right = oracle.time_of([work], copy, warmup, repeat)
got = check.call(
    time_fn, device.launch, warmup, repeat, device.synchronize, device.clock
)
check.close("seconds", got, right)
### END HIDDEN TESTS

# %% check="time_warmup_is_over" points=2
# The clock starts when the device has finished warming up.
device = FakeDevice([0.913, 0.827, 0.719, 0.107])
got = check.call(
    time_fn, device.launch, 3, 1, device.synchronize, device.clock
)
check.close("seconds", got, 0.107)
### BEGIN HIDDEN TESTS
work = sorted(rng.uniform(0.1, 2, size=5).tolist(), reverse=True)
device = FakeDevice(work, copy=0.01, room=2)
right = oracle.time_of(work, 0.01, 4, 1)
got = check.call(
    time_fn, device.launch, 4, 1, device.synchronize, device.clock
)
check.close("seconds", got, right)
### END HIDDEN TESTS

# %% check="time_median" points=3
# One call in five was disturbed: the median doesn't care.
device = FakeDevice([0.103, 0.117, 0.229, 0.313, 9.07, 0.811])
got = check.call(
    time_fn, device.launch, 1, 5, device.synchronize, device.clock
)
check.close("seconds", got, 0.313)
# Of four calls, it's the mean of the middle two.
device = FakeDevice([0.103, 0.117, 0.229, 0.313, 9.07])
got = check.call(
    time_fn, device.launch, 1, 4, device.synchronize, device.clock
)
check.close("seconds, of 4 calls", got, 0.271)
### BEGIN HIDDEN TESTS
repeat = int(rng.choice([6, 8]))
work = [0.5, 7.0, *np.sort(rng.uniform(0.1, 0.3, size=repeat - 1)).tolist()]
device = FakeDevice(work, room=2)
right = oracle.time_of(work, 0.0, 1, repeat)
got = check.call(
    time_fn, device.launch, 1, repeat, device.synchronize, device.clock
)
check.close("seconds", got, right)
### END HIDDEN TESTS

# %% check="time_without_device" points=2
# Without `synchronize`: fn itself takes the time.
device = FakeDevice([0.0], copy=0.257)
got = check.call(time_fn, device.launch, 0, 3, clock=device.clock)
check.close("seconds", got, 0.257)
### BEGIN HIDDEN TESTS
copy = float(rng.uniform(0.1, 0.9))
device = FakeDevice([0.0], copy=copy)
got = check.call(time_fn, device.launch, 2, 4, clock=device.clock)
check.close("seconds", got, copy)
### END HIDDEN TESTS

# %% [markdown]
# ### Question 2 (5 points)
#
# A classmate reports: "My GPU trains 2000 times as fast as my CPU!
# I started the clock, ran one training step on the CPU, and stopped it: 40 ms.
# Then the same on the GPU: 20 microseconds." Name the mistakes in this
# measurement, say for each of them in which direction it moves the result, and
# describe in two sentences how it should be done.

# %% [markdown] answer="the_2000_times_gpu" points=5
# The GPU's call is asynchronous: 20 microseconds is the time to put the work on
# its list, not to do it, so the GPU looks far too fast. There was no warm-up: a
# first call on the CPU (and on a GPU even more so) includes what happens only
# once, so the CPU's 40 ms are too long; the GPU's first call would be too long
# as well, had it been waited for. One single time says nothing about the
# spread: either number may be off in either direction by chance.
#
# Run the step a few times without the clock on both devices. Then measure it
# many times, each time waiting (`synchronize`) before the clock is read, and
# compare the medians.
#
# **Marking scheme**
# - 2 points: not synchronised, so the GPU looks too fast (1 point each)
# - 1 point: no warm-up, so the CPU's measured first call is too slow
# - 1 point: a single time; no idea of the spread (off in either direction)
# - 1 point: all of it: warm-up, repeat, median, wait before reading the clock

# %% [markdown]
# ## 4. The demonstration: Keras on the CPU, Keras on the GPU
#
# Keras (2015) describes a network as a list of layers and leaves the
# arithmetic to another library: today JAX, TensorFlow, PyTorch or OpenVINO.
# We take PyTorch. The choice is made before Keras is imported, by two
# variables: which library, and, where there's no GPU, that it need not ask for
# one.

# %%
backend = os.environ.get("KERAS_BACKEND", "torch")
os.environ["KERAS_BACKEND"] = "torch"
if backend != "torch":
    print(f"Here Keras is set to use {backend}. This notebook takes PyTorch.")
if not torch.cuda.is_available():
    os.environ.setdefault("KERAS_TORCH_DEVICE", "cpu")
if torch.backends.mps.is_available():
    print("The GPU of this Mac (MPS) is left out: you'll time its CPU.")

import keras  # takes a second or two

# %% [markdown]
# A network in Keras is, for example,
#
# ```python
# keras.Sequential([
#     keras.Input((T, D)),                           # without the batch axis N
#     keras.layers.Flatten(),                        # (N, T * D)
#     keras.layers.Dense(H, activation="relu"),      # (N, H), max(a, 0)
#     keras.layers.Dense(classes, activation="softmax"),
# ])
# ```
#
# That's a dense network: it reads the whole sequence at once. We shall time it
# as well.
#
# ### Exercise: `build_keras_lstm` (10 minutes, easy)
#
# Build the recurrent one, many-to-one as in `01_sequences`: an LSTM of `H` units
# (`keras.layers.LSTM`) reads `T` steps of `D` numbers; from its *last* state a
# dense layer with softmax makes the probabilities of the classes. Leave the
# LSTM's other arguments as they are: with tanh, sigmoid and a bias it's just
# your LSTM of `05_gates`, and only this one has a **fused kernel** on a GPU: one
# compiled program that does all steps.


# %% exercise="build_keras_lstm"
def build_keras_lstm(T, D, H, classes):
    """A classifier of sequences. About 5 lines.

    Reads (N, T, D), gives probabilities (N, classes). Returns a keras.Model,
    not compiled.
    """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((T, D)),
            keras.layers.LSTM(H),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% show=true
model = build_keras_lstm(T=20, D=8, H=16, classes=3)
model.summary()
x_some = np.random.default_rng(1).normal(size=(2, 20, 8)).astype("float32")
print(model(x_some).detach().cpu().numpy().round(3))

# %% [markdown]
# 1600 parameters in the LSTM: $4\,(D H + H^2 + H)$, the number from `05_gates`.
# Each row of the result is a distribution over the three classes. (In the
# table, `None` stands for any $N$.)

# %% check="keras_shapes" points=3
# (N, T, D) in, (N, classes) out, for any N.
model = check.call(build_keras_lstm, 7, 3, 5, 2)
check.equal("input", tuple(model.input_shape), (None, 7, 3))
check.equal("output", tuple(model.output_shape), (None, 2))
### BEGIN HIDDEN TESTS
T, D, H, classes = (int(n) for n in rng.permutation([2, 3, 4, 6]))
model = check.call(build_keras_lstm, T, D, H, classes)
check.equal("input", tuple(model.input_shape), (None, T, D))
check.equal("output", tuple(model.output_shape), (None, classes))
### END HIDDEN TESTS

# %% check="keras_parameters" points=3
# 4 (3*5 + 5*5 + 5) in the LSTM, 5*2 + 2 in the dense layer.
model = check.call(build_keras_lstm, 7, 3, 5, 2)
check.equal("parameters", model.count_params(), 192)
### BEGIN HIDDEN TESTS
T, D, H, classes = (int(n) for n in rng.permutation([2, 3, 4, 6]))
right = oracle.keras_parameters(D, H, classes)
model = check.call(build_keras_lstm, T, D, H, classes)
check.equal("parameters", model.count_params(), right)
### END HIDDEN TESTS

# %% check="keras_probabilities" points=4
# With weights of 0 in the LSTM, all that is left is the dense bias: softmax.
model = check.call(build_keras_lstm, 3, 2, 4, 3)
shapes = [(2, 16), (4, 16), (16,), (4, 3)]
bias = np.log([0.5, 0.25, 0.25])
check.call(model.set_weights, [*(np.zeros(s) for s in shapes), bias])
p = check.call(model, np.ones((2, 3, 2), dtype="float32"))
check.array("probabilities", p, (2, 3), axes="N classes")
right = [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]
check.close("probabilities", p, right, axes="N classes", rtol=1e-4)
### BEGIN HIDDEN TESTS
N, T, D, H, classes = (int(n) for n in rng.permutation([2, 3, 4, 5, 6]))
x = rng.normal(size=(N, T, D)).astype("float32")
shapes = [(D, 4 * H), (H, 4 * H), (4 * H,), (H, classes), (classes,)]
weights = [rng.normal(size=s).astype("float32") for s in shapes]
model = check.call(build_keras_lstm, T, D, H, classes)
check.call(model.set_weights, weights)
right = oracle.keras_probabilities(x, weights)
p = check.call(model, x)
check.close("probabilities", p, right, axes="N C", rtol=1e-4, atol=1e-5)
### END HIDDEN TESTS

# %% check="keras_fast_kernel" points=3
# What the fused kernel of a GPU needs: tanh, sigmoid, a bias, no unrolling.
model = check.call(build_keras_lstm, 7, 3, 5, 2)
found = [y for y in model.layers if hasattr(y, "recurrent_activation")]
check.that(len(found) == 1, "there is no layer keras.layers.LSTM")
a = np.array([-0.7, 0.2, 1.5], dtype="float32")
gate, squeezed = found[0].recurrent_activation(a), found[0].activation(a)
check.close("activation", squeezed, np.tanh(a))
check.close("recurrent_activation", gate, 1 / (1 + np.exp(-a)))
check.equal("use_bias", found[0].use_bias, True)
check.equal("unroll", found[0].unroll, False, evidence=(squeezed, gate))
check.equal("recurrent_dropout", found[0].recurrent_dropout, 0.0)
### BEGIN HIDDEN TESTS
T, D, H, classes = (int(n) for n in rng.permutation([2, 3, 4, 6]))
model = check.call(build_keras_lstm, T, D, H, classes)
found = [y for y in model.layers if hasattr(y, "recurrent_activation")]
check.that(len(found) == 1, "there is no layer keras.layers.LSTM")
check.equal("use_bias", found[0].use_bias, True)
check.equal("unroll", found[0].unroll, False)
check.equal("recurrent_dropout", found[0].recurrent_dropout, 0.0)
### END HIDDEN TESTS

# %% [markdown]
# ### What we compare
#
# On a CPU, Keras runs the LSTM as a Python *loop over the steps*.
# `torch.nn.LSTM` does all steps in one call of compiled code, on a CPU as well.
# To compare a CPU with a GPU fairly, we need both on the CPU, or else we'd
# compare a loop with a kernel and call it hardware. So there are three networks,
# each as a function that does one training step: forward, backward, update.


# %%
class TorchLSTM(torch.nn.Module):
    """The same classifier with PyTorch's own LSTM, which is fused."""

    def __init__(self, D, H, classes):
        super().__init__()
        self.rnn = torch.nn.LSTM(D, H, batch_first=True)
        self.read_out = torch.nn.Linear(H, classes)

    def forward(self, x):
        """Logits (N, classes) of the sequences x (N, T, D)."""
        h, _ = self.rnn(x)
        return self.read_out(h[:, -1])


def dense_network(T, D, H, classes):
    """A network without a loop: it reads all T * D numbers at once."""
    dense = keras.layers.Dense
    layers = [keras.layers.Flatten(), dense(H, activation="relu")]
    last = dense(classes, activation="softmax")
    return keras.Sequential([keras.Input((T, D)), *layers, last])


# %%
def torch_step(x, y, device, H, classes):
    """A training step with PyTorch alone, as a function."""
    where = "cuda" if device == "gpu" else "cpu"
    net = TorchLSTM(x.shape[2], H, classes).to(where)
    adam = torch.optim.Adam(net.parameters())

    def step():
        inputs = torch.as_tensor(x, device=where)
        targets = torch.as_tensor(y, device=where)
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(inputs), targets)
        loss.backward()
        adam.step()

    return step


# %%
def keras_step(model, x, y, device):
    """A training step of a Keras model, as a function."""
    # Adam, and the cross-entropy of targets that are numbers of classes
    model.compile("adam", "sparse_categorical_crossentropy")

    def step():
        with keras.device(device):
            model.train_on_batch(x, y)

    return step


# %%
def make_step(network, device, N, T, D, H):
    """One training step of a network, on "cpu" or "gpu", as a function.

    network: "Keras LSTM", "Keras LSTM, looped", "torch LSTM", "Keras dense".
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, T, D)).astype("float32")
    y = rng.integers(10, size=N)
    if network == "torch LSTM":
        return torch_step(x, y, device, H, 10)
    with keras.device(device):
        build = dense_network if "dense" in network else build_keras_lstm
        model = build(T, D, H, 10)
        for layer in model.layers:
            if "looped" in network and hasattr(layer, "use_cudnn"):
                layer.use_cudnn = False  # on a GPU: no fused kernel
        return keras_step(model, x, y, device)


# %% [markdown]
# Your stopwatch on your network, on your machine. The batch size $N$ grows,
# everything else stays: $T = 64$ steps, $D = 32$, $H = 64$.

# %%
SIZES = {"T": 64, "D": 32, "H": 64}
networks = ["Keras LSTM", "torch LSTM", "Keras dense"]


def measure_here(batches, repeat):
    """Median seconds here: {(network, device): [one for each N]}."""
    return {
        (network, device): [
            time_fn(
                make_step(network, device, N, **SIZES),
                1,
                repeat,
                waits_for(device),
            )
            for N in batches
        ]
        for device in devices
        for network in networks
    }


# %% show=true
batches = [1, 8, 32, 128]
here = measure_here(batches, repeat=3)
fig, ax = plt.subplots(figsize=(7.0, 3.8))
hardware.draw_here(ax, batches, here)
show(
    fig,
    alt="Milliseconds of a training step over the batch size, both "
    "logarithmic, on this machine: one curve for each network and device.",
)

# %% [markdown]
# The same network, the same processor, the same sums: yet the loop in Python
# takes several times as long as the fused kernel. And look at the left half of
# the curves: eight times as many sequences don't cost eight times as much. What
# is paid there isn't arithmetic. Hold that thought for section 5.
#
# Your machine does other things beside, so we also have a **recorded trace**:
# the same functions, over three sizes, with every single time kept. A command of
# the course, `unrolled trace`, has recorded it. What it says of itself is printed
# first: when, on what, and whose seconds.

# %%
trace = read_trace("data/hardware_trace.json")

# %% show=true
print(trace.describe())
fig, axes = plt.subplots(1, 3, figsize=(11.4, 3.9), sharey=True)
for ax, sweep in zip(axes, ("batch", "steps", "hidden"), strict=True):
    hardware.draw_sweep(ax, trace, sweep)
show(
    fig,
    alt="Three panels, milliseconds of a training step over batch size, "
    "steps and hidden size, all logarithmic, one curve for each network and "
    "device of the trace.",
)

# %% [markdown]
# Read the panels one by one, on the CPU.
#
# - **Batch:** nearly flat on the left, then rising. Eight sequences don't take
#   twice the time of one, the next few cost more and more.
# - **Steps:** both LSTMs climb with $T$, the loop fastest. Step $t$ needs step
#   $t - 1$, and no hardware in the world can do them at once. The dense network
#   hardly notices; it has no "one after the other".
# - **Hidden:** nearly flat as long as the matrices are small, then steep: the
#   work grows with $H^2$.
#
# The line printed above the figure says which devices the trace holds. If it
# says that no GPU was recorded, then there is none in these panels, and
# nothing in this lesson pretends otherwise.

# %% [markdown]
# ## 5. A model of time
#
# One simple idea explains these curves. Some time is paid for the mere *doing*
# of a training step, however large the batch and the matrices: Python, function
# calls, launches, a copy to the device. The rest is paid for the work:
#
# $$\text{seconds} = \text{fixed} + \frac{\text{work}}{\text{rate}}$$
#
# A small step is all "fixed". A large one is all "work / rate". A CPU has a
# small fixed cost and a small rate; a GPU has a large one of both. That's the
# whole story, and two numbers tell it. (Only where $T$ changes is "fixed" not
# fixed: a loop pays for each of the $T$ steps. So we fit over the batch.)
#
# ### Exercise: `fit_latency` (15 minutes, medium)
#
# Given measured pairs of work and seconds, find the straight line with the
# smallest sum of squared errors in seconds. With the means $\bar w$ of the
# work and $\bar s$ of the seconds, its slope is
#
# $$\text{slope} = \frac{\sum_i (w_i - \bar w)(s_i - \bar s)}
# {\sum_i (w_i - \bar w)^2},
# \qquad \text{fixed} = \bar s - \text{slope} \cdot \bar w.$$
#
# The slope is *seconds per operation*. The rate is the other way round,
# *operations per second*.


# %% exercise="fit_latency"
def fit_latency(work, seconds):
    """Least squares of seconds = fixed + work / rate. About 5 lines.

    work: operations, seconds: what they took; arrays of the same length.
    Returns fixed (seconds), rate (operations per second).
    """
    ### BEGIN SOLUTION
    work, seconds = np.asarray(work, float), np.asarray(seconds, float)
    away = work - work.mean()
    slope = (away * (seconds - seconds.mean())).sum() / (away**2).sum()
    fixed = seconds.mean() - slope * work.mean()
    return float(fixed), float(1 / slope)
    ### END SOLUTION


# %% [markdown]
# Your fit on the recorded CPU. The work is what you counted in section 1.


# %%
def points(trace, network, device, sweep="batch"):
    """Work and median seconds of a sweep of the trace, as two lists."""
    found = trace.select(network, device, sweep)
    work = [training_operations(m.N, m.T, m.D, m.H) for m in found]
    return work, [m.median for m in found]


# %% show=true
fits, measured = {}, {}
for device in trace.kinds:
    for network in ("Keras LSTM", "torch LSTM"):
        measured[network, device] = points(trace, network, device)
        fits[network, device] = fit_latency(*measured[network, device])
        fixed, rate = fits[network, device]
        print(
            f"{network}, {device}: {1e3 * fixed:.2f} ms fixed, "
            f"then {rate / 1e9:.1f} billion operations a second"
        )
fig, ax = plt.subplots(figsize=(6.8, 3.6))
hardware.draw_fits(ax, measured, fits)
show(
    fig,
    alt="Milliseconds of a training step over its operations, measured points "
    "and fitted straight lines, for each network and device of the trace.",
)

# %% [markdown]
# Two numbers for each curve, and the lines come close to most points. Compare
# the fixed costs of the two LSTMs with each other: the loop pays for every one
# of its 64 steps. And compare the rates with the 540 billion a second of the
# lecture's table, 135 billion for each of its four cores. (How many threads the
# trace had stands in its first lines: count a core for each.) Neither comes
# near, even if we allow for another processor.
#
# (A line fitted *through the origin*, without a fixed cost, would have to be
# wrong at one end: too low for small steps, or too steep for large ones.)
#
# So what of the 35 minutes of section 1? The trace holds an LSTM of 512 units,
# too. Its matrices are large, so hardly anything is "fixed" in it, and its rate
# is the best of the trace. At the rate of *its* training step:

# %% show=true
sums, seconds = points(trace, "torch LSTM", "cpu", "hidden")
rate = sums[-1] / seconds[-1]
whole = passes * training_operations(1, letters, 100, 512)
print(f"{rate / 1e9:.1f} billion operations a second with 512 units:")
print(f"the training of section 1 takes {whole / rate / 3600:.1f} hours")

# %% [markdown]
# Hours, not minutes, and that with the fused kernel. A part of the difference is
# the number of cores: the processor on paper has four. The rest is what lies
# between a peak and a program: the update, sigmoids and tanhs that we didn't
# count, numbers on their way from memory to the core and back, steps that wait
# for each other. The work was counted right; what was wrong on paper is the
# rate.

# %% check="fit_exact" points=3
# Points on a line: 2.3 seconds fixed, 5.7 operations a second.
work = np.array([0.0, 10.0, 20.0, 50.0])
got = check.call(fit_latency, work, 2.3 + work / 5.7)
check.close("fixed, rate", got, (2.3, 5.7))
### BEGIN HIDDEN TESTS
fixed, rate = float(rng.uniform(1, 3)), float(rng.uniform(2, 9))
work = np.sort(rng.uniform(1, 60, size=int(rng.integers(4, 8))))
got = check.call(fit_latency, work, fixed + work / rate)
check.close("fixed, rate", got, (fixed, rate), rtol=1e-6)
### END HIDDEN TESTS

# %% check="fit_noisy" points=3
# Not on a line: the sum of squared errors decides.
got = check.call(fit_latency, [1.0, 2.0, 4.0, 5.0], [1.1, 2.3, 2.6, 5.2])
check.close("fixed, rate", got, (0.25, 1.17647058824))
### BEGIN HIDDEN TESTS
work = rng.uniform(1, 60, size=int(rng.integers(5, 9)))
seconds = 2 + work / 5 + rng.uniform(-1, 1, size=work.size)
right = oracle.fit_latency(work, seconds)
got = check.call(fit_latency, work, seconds)
check.close("fixed, rate", got, right, rtol=1e-6)
### END HIDDEN TESTS

# %% check="fit_recorded" points=3
# The recorded times of torch's LSTM on the CPU: the errors add up to 0.
work, seconds = points(trace, "torch LSTM", "cpu")
fixed, rate = check.call(fit_latency, work, seconds)
away = [s - fixed - w / rate for w, s in zip(work, seconds, strict=True)]
check.that(abs(sum(away)) < 1e-6 * sum(seconds), "the line lies to one side")
tilt = sum(a * w for a, w in zip(away, work, strict=True))
check.that(abs(tilt) < 1e-6 * sum(seconds) * max(work), "a tilted line")
### BEGIN HIDDEN TESTS
for network, sweep in (("Keras LSTM", "batch"), ("torch LSTM", "hidden")):
    work, seconds = points(trace, network, "cpu", sweep)
    keep = rng.permutation(len(work))[:-1]
    work, seconds = [work[i] for i in keep], [seconds[i] for i in keep]
    right = oracle.fit_latency(work, seconds)
    got = check.call(fit_latency, work, seconds)
    check.close("fixed, rate", got, right, rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `crossover` (15 minutes, medium)
#
# Two machines, two lines. Where do they cross? Set
#
# $$\text{fixed}_c + \frac{w}{\text{rate}_c}
# = \text{fixed}_g + \frac{w}{\text{rate}_g}$$
#
# and solve for the work $w$ on paper. Lines that are parallel never cross, and
# lines may cross at a $w$ that isn't above 0, where there is no work: then one
# of the two machines is always the faster, and the answer is None.


# %% exercise="crossover"
def crossover(cpu_fit, gpu_fit):
    """The work at which both take the same time, or None. About 6 lines.

    cpu_fit, gpu_fit: pairs of fixed (seconds), rate (operations per second).
    Returns operations above 0, or None where there are none.
    """
    ### BEGIN SOLUTION
    (cpu_fixed, cpu_rate), (gpu_fixed, gpu_rate) = cpu_fit, gpu_fit
    saved = 1 / cpu_rate - 1 / gpu_rate  # seconds per operation
    if saved == 0:
        return None
    work = (gpu_fixed - cpu_fixed) / saved
    return work if work > 0 else None
    ### END SOLUTION


# %% [markdown]
# First try: can the loop ever overtake the fused kernel on the same CPU? And
# then, **suppose** a device that we don't have: it needs 5 ms for the mere
# doing of a step and does a trillion operations a second. From which work on
# would it beat the recorded CPU? (These two numbers are invented for the
# exercise. They describe no product.)

# %% show=true
cpu_fit = fits["torch LSTM", "cpu"]
print("the loop overtakes at:", crossover(cpu_fit, fits["Keras LSTM", "cpu"]))
supposed = (0.005, 1e12)
w = crossover(cpu_fit, supposed)
per_sequence = training_operations(1, **SIZES)
print(f"the supposed device: from {w:.3g} operations on,")
print(f"that is {w / per_sequence:.0f} sequences in a batch")

# %% [markdown]
# Drag the sliders: how much fixed cost can a device have, how fast must it be?
# The CPU is the recorded one, the crossover is computed by your function.


# %% show=true
def draw_supposed(ax, fixed_ms, times_faster):
    """The recorded CPU against a device that is only supposed."""
    device = (fixed_ms / 1e3, times_faster * cpu_fit[1])
    work = crossover(cpu_fit, device)
    hardware.draw_model(ax, cpu_fit, device, work)


explore(
    draw_supposed,
    fixed_ms=(0.5, 20.0, 0.5),
    times_faster=(0.5, 40.0, 0.5),
    static={"fixed_ms": [5.0, 15.0], "times_faster": [0.5, 5.0, 40.0]},
    size=(4.2, 3.0),
    alt="Milliseconds over operations for the recorded CPU and a supposed "
    "device, with the crossover marked where there is one.",
)

# %% [markdown]
# Eight times the speed (40 against 5) doesn't bring the crossover eight times
# closer: once the device is much faster than the CPU, only its fixed cost still
# counts. And a device that is slower *and* costs more to start never wins.

# %% check="crossover_value" points=3
# 1.3 + w/2.1 = 4.7 + w/8.3 at about w = 9.56.
got = check.call(crossover, (1.3, 2.1), (4.7, 8.3))
check.close("work", got, 9.5583870968)
### BEGIN HIDDEN TESTS
cpu = (float(rng.uniform(0.1, 1)), float(rng.uniform(1, 3)))
gpu = (cpu[0] + float(rng.uniform(1, 4)), float(rng.uniform(5, 50)))
right = oracle.crossover(cpu, gpu)
check.close("work", check.call(crossover, cpu, gpu), right, rtol=1e-6)
### END HIDDEN TESTS

# %% check="crossover_either_way" points=2
# The question is symmetric: who is asked first doesn't matter.
slow, quick = (1.3, 2.1), (4.7, 8.3)
there = check.call(crossover, slow, quick)
back = check.call(crossover, quick, slow)
check.that(back is not None, "asked the other way round: None")
check.close("work", there, 9.5583870968)
check.close("work, asked the other way round", back, 9.5583870968)
### BEGIN HIDDEN TESTS
one = (float(rng.uniform(3, 4)), float(rng.uniform(6, 9)))
other = (float(rng.uniform(0.5, 1)), float(rng.uniform(1, 3)))
there = check.call(crossover, other, one)
back = check.call(crossover, one, other)
right = oracle.crossover(one, other)
check.close("work", there, right, rtol=1e-6)
check.close("work, asked the other way round", back, right, rtol=1e-6)
### END HIDDEN TESTS

# %% check="crossover_none" points=3
# Faster from the start and per operation; then two parallel lines.
got = check.call(crossover, (3.1, 2.1), (1.3, 8.3))
check.equal("one always wins", got, None)
check.equal("parallel", check.call(crossover, (1.0, 2.0), (3.0, 2.0)), None)
# Lines that do cross, once sooner, once later.
sooner = check.call(crossover, (1.0, 2.0), (3.0, 8.0))
later = check.call(crossover, (1.0, 2.0), (5.0, 8.0))
check.differs("sooner and later", sooner, later)
### BEGIN HIDDEN TESTS
cpu = (float(rng.uniform(3, 4)), float(rng.uniform(1, 3)))
gpu = (float(rng.uniform(0.5, 1)), float(rng.uniform(5, 50)))
check.equal("one always wins", check.call(crossover, cpu, gpu), None)
check.equal("the other way", check.call(crossover, gpu, cpu), None)
parallel = (cpu[0] + 1, cpu[1])
check.equal("parallel", check.call(crossover, cpu, parallel), None)
### END HIDDEN TESTS

# %% [markdown]
# ### The picture to take away
#
# *Time per sequence* over the batch size. Lines are the recorded trace, crosses
# your machine, now (with one thread; the trace says how many it had). Where a
# GPU was recorded and overtakes the CPU, the crossover is marked.

# %% show=true
fig, ax = plt.subplots(figsize=(7.4, 4.0))
hardware.draw_per_sample(ax, trace, "batch", batches, here)
show(
    fig,
    alt="Microseconds per sequence over the batch size, both logarithmic. "
    "The curves fall, because the fixed cost is shared by more sequences; "
    "where a GPU was recorded, its crossover with the CPU is marked.",
)

# %% [markdown]
# All curves fall, and begin to level off: the fixed cost of a step is shared by
# all sequences of the batch, until only the work is left. That's why large
# batches are popular, on any hardware. If the title says that no GPU was
# recorded, run this notebook on a machine that has one: section 4 then measures
# both, without an edit.
#
# ### When a GPU loses
#
# Two measurements that others have published, in seconds. The first is from an
# answer on Stack Overflow ("What is the difference between CuDNNLSTM and LSTM in
# Keras?"), the second from issue 8885 of Keras (2017), where an LSTM read film
# reviews in both directions. There Keras ran on two libraries in turn,
# TensorFlow and CNTK (section 8).

# %% show=true
answer = {  # one pass over 612,235 sequences
    "CPU, Core i5-4690": 3755,
    "GTX 950, LSTM": 1417,
    "GTX 970, LSTM": 1322,
    "RTX 2070, LSTM": 1012,
    "RTX 2070, fused": 69,
}
issue = {  # one pass over the reviews; the CPU is a Xeon E5-1650 v4
    "CPU, TensorFlow": 65,
    "TITAN V, TensorFlow": 161,
    "CPU, CNTK": 196,
    "TITAN V, CNTK": 72,
}
titles = (
    "New cards save little, a fused kernel nearly all",
    "The TITAN V loses to a CPU, or wins: the software decides",
)
fig, axes = plt.subplots(2, 1, figsize=(6.8, 5.0), height_ratios=[5, 4])
for ax, published, title in zip(axes, (answer, issue), titles, strict=True):
    hardware.draw_published(ax, published, title)
show(
    fig,
    alt="Bars of published seconds per pass. One benchmark: CPU 3755, three "
    "graphics cards with the plain LSTM 1417, 1322 and 1012, the last card "
    "with the fused kernel 69. Another: with TensorFlow CPU 65, TITAN V 161; "
    "with CNTK CPU 196, TITAN V 72.",
)

# %% [markdown]
# Look at the first figure from top to bottom. Three graphics cards, each much
# faster on paper than the one before, and the time moves little: 1417, 1322,
# 1012 seconds (and the last card sat beside a faster CPU, too). Then the *same*
# card with a fused kernel: 69. The plain LSTM launches several small kernels for
# every step, one after the other, and between them the card waits for the next
# launch. In the second figure the TITAN V of the lecture's table, with its 5120
# cores, loses to a CPU: 161 seconds against 65. With the other library the same
# card in the same machine wins: 72 against 196. Neither chip had changed.
#
# Does *your* Keras use the fused kernel? (On a GPU it comes from cuDNN, NVIDIA's
# library of kernels.) With PyTorch underneath it does so from version 3.15 on;
# some versions before ran the loop, silently. Asking for it (`use_cudnn=True`)
# doesn't prove that it ran. Counting does: `unrolled trace` counts how often the
# fused kernel was really called.

# %% show=true
print("Keras", keras.__version__, "with", keras.backend.backend())
for network in ("Keras LSTM", "torch LSTM"):
    found = trace.select(network, "cpu", "batch")
    calls = sum(m.fused_calls for m in found)
    print(f"{network} on the CPU: {calls} calls of the fused kernel")

# %% [markdown]
# None in Keras on a CPU: there it's always the loop. That's why this lesson
# never compares it with a GPU alone.
#
# ### Question 3 (5 points)
#
# A student trains an LSTM with $H = 32$ on single sentences
# ($N = 1$) and finds that the new GPU is *slower* than the old CPU.
#
# 1. Explain it with the model of time: which of its two numbers decides here?
# 2. Which two changes to the training could make the GPU win, and why? Name one
#    that changes the work in a step, and one that changes the fixed cost.
# 3. Would a GPU with twice the operations per second help? (4 to 6 sentences in
#    all)

# %% [markdown] answer="why_the_gpu_loses" points=5
# 1. The fixed cost decides. With one sequence and 32 units there's hardly any
#    work, so seconds are nearly all "fixed", and a GPU's fixed cost (launches,
#    copies, a loop of small kernels) is larger than a CPU's. We're to the left
#    of the crossover.
# 2. More work in each step: larger batches (sentences of similar length
#    together), or a larger network. The fixed cost is then shared, and the rate
#    decides. Less fixed cost: the fused kernel instead of a loop over steps, so
#    that there's one launch and not hundreds; or data that is on the device
#    already, so that copies fall away.
# 3. No, or hardly. The rate divides the work only, and the work is the small
#    part: halving it leaves the fixed cost where it was.
#
# **Marking scheme**
# - 1 point: the fixed cost decides, because there's little work in a step
# - 1 point: a GPU's fixed cost is the larger one (or: left of the crossover)
# - 1 point: a change that adds work per step, with the reason
# - 1 point: a change that lowers the fixed cost, with the reason
# - 1 point: twice the rate hardly helps, since it touches only work / rate

# %% [markdown]
# ## 6. The third number: memory
#
# So far a machine has been two numbers, a fixed cost and a rate. But before a
# chip can multiply two numbers, somebody has to carry them there. The card of
# 2022 from section 2 does 67 trillion operations a second, and its memory hands
# out 3.35 trillion bytes: 20 operations for every byte. A program that does
# less with each byte it fetches leaves the arithmetic waiting, on the best card
# of the year.
#
# How much a program does with each byte is its **intensity**, operations per
# byte. Count the bytes kindly: every number is read once or written once, at 4
# bytes each (32 bits).
#
# | for matrices of size $n$ | operations | bytes | intensity |
# |---|---|---|---|
# | sum of two matrices | $n^2$ | $4 \cdot 3 n^2$ | 1/12 |
# | matrix times vector | $2 n^2$ | $4 (n^2 + 2 n)$ | about 1/2 |
# | matrix times matrix | $2 n^3$ | $4 \cdot 3 n^2$ | $n / 6$ |
#
# Only the last row grows. In a product of two matrices every number is used
# again and again; in the two others it's fetched, used once or twice, and gone.
# **Guess before you go on:** which row is a network that writes text, letter by
# letter, for a single reader?
#
# ### Exercise: `roofline` (no points, 10 minutes)
#
# While one number is on its way the chip can work on others, so carrying and
# computing overlap, like the reading and the training of the next section. The
# slower one sets the pace, and the fixed cost of the call comes on top. How
# many seconds is that?
#
# <details><summary>An idea</summary>
# Work out how long the carrying would take alone, and how long the arithmetic
# would take alone. Which of the two do you have to wait for?
# </details>


# %% exercise="roofline"
def roofline(operations, size, overhead, bandwidth, rate):
    """Predicted seconds of a call. About 1 line.

    operations: how many; size: bytes that are read or written; overhead:
    seconds for the mere call; bandwidth: bytes a second; rate: operations a
    second.
    """
    ### BEGIN SOLUTION
    return overhead + max(size / bandwidth, operations / rate)
    ### END SOLUTION


# %% [markdown]
# Nobody grades this one, but you can see for yourself. A made-up machine needs
# 1 second for a call, carries 10 bytes a second and does 100 operations a
# second. Three calls, one for each thing to wait for:

# %% show=true
made_up = {"overhead": 1.0, "bandwidth": 10.0, "rate": 100.0}
print("hardly anything to do, about 1 s:", roofline(1, 1, **made_up))
print("100 bytes to carry, 11 s:        ", roofline(100, 100, **made_up))
print("3000 operations, 31 s:           ", roofline(3000, 100, **made_up))

# %% [markdown]
# Now your own machine. Its three numbers come from your stopwatch: a call that
# has nothing to do, a copy that has nothing to compute, and a product that uses
# every number 1024 times.

# %% show=true
one, (big, copy) = torch.ones(1), torch.ones(2, 16_000_000)
square = torch.ones(1024, 1024)
machine = {
    "overhead": time_fn(lambda: torch.add(one, one, out=one), 10, 1001),
    "bandwidth": 2 * 4 * len(big) / time_fn(lambda: copy.copy_(big), 2, 9),
    "rate": 2 * 1024**3 / time_fn(lambda: square @ square, 2, 5),
}
print(
    f"a call that does nothing: {1e6 * machine['overhead']:.1f} microseconds"
)
print(
    f"memory carries {machine['bandwidth'] / 1e9:.0f} billion bytes a second"
)
print(f"arithmetic: {machine['rate'] / 1e9:.0f} billion operations a second")

# %% [markdown]
# Three numbers, and 17 predictions: the three rows of the table, from matrices
# of 4 by 4 to 4096 by 4096 (products up to 1024). **Guess: how many of them are
# right within a factor of 2?**


# %%
def time_rows(n):
    """Seconds of the three rows of the table for size n, without the product
    of two matrices where that would take long: {row: (operations, bytes, s)}.
    """
    A, into = torch.ones(2, n, n)
    v, into_v = torch.ones(2, n)
    calls = {
        "sum": (lambda: torch.add(A, A, out=into), n**2, 12 * n**2),
        "vector": (
            lambda: torch.mv(A, v, out=into_v),
            2 * n**2,
            4 * n * (n + 2),
        ),
        "matrix": (lambda: torch.mm(A, A, out=into), 2 * n**3, 12 * n**2),
    }
    if n > 1024:
        del calls["matrix"]
    return {row: (k, b, time_fn(f, 2, 9)) for row, (f, k, b) in calls.items()}


# %% show=true
rows, predicted = {}, {}
for n in (4, 16, 64, 256, 1024, 4096):
    for row, (count, size, seconds) in time_rows(n).items():
        rows.setdefault(row, []).append((count, size, seconds))
        predicted.setdefault(row, []).append(roofline(count, size, **machine))
fig, axes = plt.subplots(1, 2, figsize=(11.0, 3.8))
draw_roofline(axes[0], rows, machine["bandwidth"], machine["rate"])
draw_predictions(axes[1], rows, predicted)
show(
    fig,
    alt="Left, operations a second over operations per byte, logarithmic, "
    "under a roof that climbs and then is flat. Products of large matrices "
    "touch the flat part, small calls lie far below. Right, measured over "
    "predicted seconds: most points lie near the diagonal.",
)

# %% [markdown]
# The picture on the left is called the **roofline**. Under it live three kinds
# of programs, and each needs a remedy of its own:
#
# - **Far below the roof: waiting for the call.** Small sizes, at the bottom.
#   Remedy: fewer calls, by larger batches or a fused kernel.
# - **Under the slope: waiting for memory.** Sums, and matrices times vectors.
#   Faster arithmetic doesn't help at all. Remedy: use each byte more often, or
#   make it smaller (16 bits).
# - **Under the flat part: waiting for arithmetic.** Large products. Only here
#   you get what you paid for.
#
# And if some points of yours lie *above* the slope: that's no mistake. Matrices
# of some hundred rows fit into the chip's **cache**, a small memory that's much
# faster than the large one; in our count every byte came from far away. On the
# right it's the same points that were faster than predicted.
#
# Have you found the row of the writer? A network that writes for one
# reader multiplies a *vector* with its weights at every step: all the weights
# are fetched to be used once. Give it 64 readers and the weights are fetched
# once for all of them:

# %% show=true
weights = torch.ones(4096, 4096)
times = {}
for N in (1, 8, 64):
    x_N = torch.ones(N, 4096)
    times[N] = time_fn(lambda x_N=x_N: x_N @ weights, 1, 5)
    print(f"{N:2} readers: {1e3 * times[N]:5.1f} ms for a step")
print(f"64 readers cost {times[64] / times[1]:.0f} times as much as one")

# %% [markdown]
# Far less than 64 times. That's how services that write text for thousands of
# people pay their bills: they let strangers share a batch. (The idea of the
# roofline is from Williams, Waterman and Patterson, 2009.)

# %% [markdown]
# ## 7. Who waits for whom?
#
# The model sits on the device, the data on a disk. If reading a batch takes as
# long as training on it, then half of the time the most expensive machine of
# the house waits for the cheapest. The lecture names three remedies: read all
# data into memory (if it fits), an SSD instead of a hard disk, and **threads
# that prefetch**: while the device works on one batch, the CPU reads the next.
#
# Drag the sliders. *Depth* is how many batches may wait on the shelf; at 0
# nothing is read ahead.


# %% show=true
def draw_waiting(ax, read_ms, train_ms, depth):
    """Who works when, over eight batches."""
    hardware.draw_pipeline(ax, read_ms, train_ms, depth)


explore(
    draw_waiting,
    read_ms=(5, 60, 5),
    train_ms=(5, 60, 5),
    depth=(0, 4, 1),
    static={"read_ms": [20, 40], "train_ms": [20], "depth": [0, 2]},
    size=(5.4, 2.3),
    alt="Two rows of bars over time: batches being read, and batches being "
    "trained on, with the share of the time in which training waits.",
)

# %% [markdown]
# With a shelf, reading and training overlap, and the slower one of the two sets
# the pace. If reading is the slower one, a deeper shelf doesn't help any more:
# it's always empty.
#
# ### Threads, in one minute
#
# A **thread** runs a function beside the rest of the program. A **queue** is a
# shelf between two threads: `put` lays something on it and waits while it's
# full, `get` takes the oldest thing and waits while it's empty. Two threads
# that talk through a queue alone don't get into each other's way. (In Python
# only one thread computes at a time. But *waiting*, for a disk or a device, can
# go on beside anything.) An **event** is a lamp that all threads can see. This
# is how they are used:
#
# ```python
# shelf = queue.Queue(5)                # has room for 5
# shelf.put("x"), shelf.get()           # "x" goes on, and comes off again
# lamp = threading.Event()              # off
# lamp.set(), lamp.is_set()             # switches it on; asks: True
# helper = threading.Thread(target=print, args=("hello", 3), daemon=True)
# helper.start()                        # runs print("hello", 3) beside us
# helper.join()                         # waits until it has ended
# ```
#
# `daemon=True` means that the thread won't keep Python alive.
#
# An exception in a thread ends *that thread*, and nobody hears of it. So the
# reading thread must catch it and lay it on the shelf like a batch. This is
# what our thread will do; read it, you need to know what lies on the shelf.


# %%
def fill(source, shelf, closed):
    """Read `source` to its end and put what comes on the shelf, a Queue.

    Puts ("batch", b) for each batch, then ("end", None); ("error", e) if
    the source raises e. Ends soon after the Event `closed` is set.
    """

    def put(kind, value):
        laid = False
        while not laid and not closed.is_set():
            with contextlib.suppress(queue.Full):  # then look at closed again
                shelf.put((kind, value), timeout=0.02)
                laid = True

    try:
        for batch in source:
            put("batch", batch)
            if closed.is_set():
                return
        put("end", None)
    except Exception as error:
        put("error", error)


# %% [markdown]
# ### Exercise: `PrefetchingLoader` (40 minutes, hard)
#
# Write the other side, an iterator over the batches of `source`. Take it one
# method at a time.
#
# - `__init__` (about 5 lines): a `queue.Queue` with room for `depth`, a
#   `threading.Event` named `closed`, and a `threading.Thread` that runs `fill`
#   with the source and both. Make it a daemon, and start it.
# - `__iter__` (1 line): an iterator iterates over itself.
# - `__next__` (about 9 lines): take the next thing from the shelf. A batch is
#   handed out; an error is raised, here, in the caller's thread; at the end
#   comes StopIteration. After an error, the end or `close`, there is nothing
#   any more: StopIteration, every time.
# - `close` (about 2 lines): tell the thread to stop, and wait until it has
#   (`join`).


# %% exercise="PrefetchingLoader"
class PrefetchingLoader:
    """An iterator that reads up to `depth` batches ahead, in a thread.

    source: an iterable of batches; depth: at least 1. Write the methods
    __init__, __iter__, __next__ and close. About 20 lines in all.
    """

    def __init__(self, source, depth):
        ### BEGIN SOLUTION
        self.shelf = queue.Queue(maxsize=depth)
        self.closed = threading.Event()
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
        if kind == "error":
            raise value
        raise StopIteration

    def close(self):
        self.closed.set()
        self.thread.join()
        ### END SOLUTION


# %% [markdown]
# Does it pay? A source that needs 10 ms for a batch, as a slow disk would, and
# a training step of 10 ms:


# %% show=true
def slow_disk(batches):
    """Batches that take 10 ms each to read."""
    for number in range(batches):
        time.sleep(0.010)
        yield number


def train_on(batches):
    """Seconds to go through all batches, 10 ms of training for each."""
    start = time.perf_counter()
    for _ in batches:
        time.sleep(0.010)
    return time.perf_counter() - start


print(f"one after the other: {train_on(slow_disk(40)):.2f} s")
loader = PrefetchingLoader(slow_disk(40), 4)
print(f"with your loader:    {train_on(loader):.2f} s")

# %% [markdown]
# About 0.8 seconds against 0.4: reading has disappeared behind training.
#
# How does one test such a thing? Not with a stopwatch: on a busy machine it
# says anything. We use a source with a **gate**: it gives no batch before the
# test opens the gate for it, and counts what it gave. Then everything can be
# asked step by step.

# %% helper=true
import threading
import time


class Gate:
    """A source of batches behind a gate, for the checks below.

    It gives `items`, each only after open() has let it through; then it
    ends, or raises OSError if `fails` is True.
    """

    def __init__(self, items, fails=False):
        self.items, self.fails = list(items), fails
        self.given, self.allowed = 0, 0
        self.moved = threading.Condition()
        self.before = threading.enumerate()

    def __iter__(self):
        return self

    def __next__(self):
        with self.moved:
            if self.given == len(self.items):
                raise OSError("no disk") if self.fails else StopIteration
            if self.given >= self.allowed and not self.readers():
                raise RuntimeError("the caller itself waits at a shut gate")
            self.moved.wait_for(lambda: self.given < self.allowed)
            self.given += 1
            return self.items[self.given - 1]

    def open(self, count):
        """Let `count` more batches through."""
        with self.moved:
            self.allowed += count
            self.moved.notify_all()

    def readers(self):
        """The live threads that were started since, but for those of take."""
        new = [t for t in threading.enumerate() if t not in self.before]
        return [t for t in new if t.name != "take"]


# %% [markdown]
# And a few questions to ask, none of which can wait for ever: how many batches
# were read so far, what does `next` do, what does `close` do, how many reading
# threads still live?


# %% helper=true
def guarded(function, gate, patience=2.0):
    """("value", v), ("raised", its name), or ("stuck", None)."""
    found = []

    def run():
        try:
            found.append(("value", function()))
        except Exception as error:
            found.append(("raised", type(error).__name__))

    caller = threading.Thread(target=run, name="take", daemon=True)
    caller.start()
    end = time.monotonic() + patience
    while caller.is_alive() and gate.readers() and time.monotonic() < end:
        caller.join(0.002)
    caller.join(0.3)  # nobody is left who could bring anything
    return found[0] if found else ("stuck", None)


# %% helper=true
class GatedSource(Gate):
    """A Gate that can be asked what happens around it."""

    def read_ahead(self, count, patience=5.0):
        """How many batches were read, after waiting for `count` of them."""
        end = time.monotonic() + patience
        while self.given < count and self.readers():
            if time.monotonic() > end:
                break
            time.sleep(0.002)
        return self.given

    def still_running(self, patience=2.0):
        """How many reading threads live, after waiting for them to end."""
        end = time.monotonic() + patience
        while self.readers() and time.monotonic() < end:
            time.sleep(0.002)
        return len(self.readers())

    def left_by_close(self, loader):
        """How many reading threads live when loader.close() is back.

        One stands at the shut gate, which opens after half a second.
        """
        later = threading.Timer(0.5, self.open, [1])
        later.name, later.daemon = "take", True
        later.start()
        return guarded(lambda: (loader.close(), len(self.readers()))[1], self)

    def take(self, loader):
        """What next(loader) does."""
        return guarded(lambda: next(loader), self)

    def shut(self, loader, patience=2.0):
        """What loader.close() does; one that hangs is emptied, so it ends."""
        told = guarded(lambda: loader.close(), self, patience)
        while told == ("stuck", None) and self.take(loader)[0] == "value":
            pass
        return told


# %% check="loader_order" points=3
# All batches, in order, then the end, and the end again.
gate = GatedSource([10, 20, 30])
gate.open(3)
loader = check.call(PrefetchingLoader, gate, 2)
got = [gate.take(loader) for _ in range(5)]
right = [("value", 10), ("value", 20), ("value", 30)]
check.equal("five times next", got, right + 2 * [("raised", "StopIteration")])
### BEGIN HIDDEN TESTS
items = rng.integers(100, 999, size=int(rng.integers(5, 9))).tolist()
gate = GatedSource(items)
gate.open(len(items))
loader = check.call(PrefetchingLoader, gate, int(rng.integers(1, 4)))
got = [gate.take(loader) for _ in range(len(items) + 2)]
right = oracle.all_that_comes(items, "StopIteration")
check.equal("all that comes", got, right)
### END HIDDEN TESTS

# %% check="loader_overlaps" points=5
# Nobody has asked for a batch yet, and two are read already.
gate = GatedSource([10, 20, 30])
gate.open(2)
loader = check.call(PrefetchingLoader, gate, 2)
before, first = gate.read_ahead(2), gate.take(loader)
gate.open(1)
behind = gate.read_ahead(3)
gate.shut(loader, 0.5)
check.equal("batches read before anybody asks", before, 2)
check.equal("the first", first, ("value", 10))
check.equal("batches read meanwhile", behind, 3)
### BEGIN HIDDEN TESTS
depth = int(rng.integers(2, 5))
items = rng.integers(100, 999, size=depth + 3).tolist()
gate = GatedSource(items)
gate.open(depth)
loader = check.call(PrefetchingLoader, gate, depth)
before, first = gate.read_ahead(depth), gate.take(loader)
gate.open(1)
behind = gate.read_ahead(depth + 1)
gate.open(9)
gate.shut(loader, 0.5)
check.equal("batches read before anybody asks", before, depth)
check.equal("the first", first, ("value", items[0]))
check.equal("batches read meanwhile", behind, depth + 1)
### END HIDDEN TESTS

# %% check="loader_bounded" points=3
# Room for two, and one in the thread's hand: more would fill the memory.
gate = GatedSource(list(range(7, 57)))
gate.open(4)
loader = check.call(PrefetchingLoader, gate, 2)
most = gate.read_ahead(4, 0.3)
check.equal("the first", gate.take(loader), ("value", 7))
gate.open(50)
gate.shut(loader, 0.5)
check.that(most <= 3, f"{most} batches were read ahead, with depth = 2")
### BEGIN HIDDEN TESTS
depth = int(rng.integers(2, 6))
gate = GatedSource(list(range(60)))
gate.open(depth + 2)
loader = check.call(PrefetchingLoader, gate, depth)
most = gate.read_ahead(depth + 2, 0.3)
gate.take(loader)
gate.open(1)
later = gate.read_ahead(depth + 3, 0.3)
gate.open(60)
gate.shut(loader, 0.5)
check.that(most <= depth + 1, f"{most} batches read ahead, depth = {depth}")
check.that(later <= depth + 2, f"{later} read, one taken, depth = {depth}")
### END HIDDEN TESTS

# %% check="loader_exceptions" points=4
# The disk fails after two batches: they come, then the error, then the end.
gate = GatedSource([10, 20], fails=True)
gate.open(2)
loader = check.call(PrefetchingLoader, gate, 2)
got = [gate.take(loader) for _ in range(5)]
right = [("value", 10), ("value", 20), ("raised", "OSError")]
right += 2 * [("raised", "StopIteration")]
check.equal("five times next", got, right)
### BEGIN HIDDEN TESTS
items = rng.integers(100, 999, size=int(rng.integers(3, 6))).tolist()
gate = GatedSource(items, fails=True)
gate.open(len(items))
loader = check.call(PrefetchingLoader, gate, int(rng.integers(1, 4)))
got = [gate.take(loader) for _ in range(len(items) + 3)]
right = oracle.all_that_comes(items, "OSError")
check.equal("all that comes", got[:-1], right)
check.equal("and after that", got[-1], ("raised", "StopIteration"))
### END HIDDEN TESTS

# %% check="loader_closes" points=4
# Closed half-way: the thread ends, and so does the loader.
gate = GatedSource(list(range(7, 27)))
gate.open(20)
loader = check.call(PrefetchingLoader, gate, 1)
check.equal("the first", gate.take(loader), ("value", 7))
check.equal("close", gate.shut(loader), ("value", None))
check.equal("threads still running", gate.still_running(), 0)
after = gate.take(loader)
check.equal("next after close", after, ("raised", "StopIteration"))
# While the thread still reads, close waits for it.
gate = GatedSource(list(range(7, 27)))
gate.open(1)
loader = check.call(PrefetchingLoader, gate, 2)
check.equal("the first", gate.take(loader), ("value", 7))
left = gate.left_by_close(loader)
gate.open(20)
check.equal("threads when close is back", left, ("value", 0))
### BEGIN HIDDEN TESTS
depth, before = int(rng.integers(2, 5)), int(rng.integers(0, 3))
gate = GatedSource(list(range(90)))
gate.open(90)
loader = check.call(PrefetchingLoader, gate, depth)
for number in range(before):
    check.equal("a batch", gate.take(loader), ("value", number))
gate.read_ahead(before + depth)
check.equal("close", gate.shut(loader), ("value", None))
check.equal("threads still running", gate.still_running(), 0)
after = gate.take(loader)
check.equal("next after close", after, ("raised", "StopIteration"))
### END HIDDEN TESTS

# %% [markdown]
# ## 8. The software on top
#
# Between your code and the hardware stands a framework. They all build on
# CUDA for NVIDIA's cards and on several CPU threads (often OpenMP), some tried
# OpenCL; the good ideas of the dead live on in the others. The lecture's list,
# and what became of it:
#
# | framework | from | core in | licence | what became of it |
# |---|---|---|---|---|
# | Theano | University of Montreal, 2007 | Python, C | BSD | development ended with 1.0 in 2017; the idea of a graph that is differentiated and compiled lives on everywhere |
# | Torch | Collobert and others, 2002 | C, Lua | BSD | no longer developed; its C code was the start of PyTorch |
# | Caffe | Berkeley, 2013 | C++ | BSD | last release 1.0 in 2017 |
# | Caffe2 | Facebook, 2017 | C++ | Apache 2.0 | merged into PyTorch in 2018 |
# | CNTK | Microsoft, 2016 | C++ | MIT | last release 2.7 in 2019 |
# | Chainer | Preferred Networks, 2015 | Python | MIT | maintenance only since the end of 2019; "define by run" lives on in PyTorch |
# | MXNet | DMLC, later Apache, 2015 | C++ | Apache 2.0 | retired in 2023 |
# | Keras | Chollet, 2015 | Python | Apache 2.0 | **alive**: an interface over JAX, TensorFlow, PyTorch, OpenVINO |
# | TensorFlow | Google, 2015 | C++, Python | Apache 2.0 | **alive** |
# | PyTorch | Facebook, 2016; now the PyTorch Foundation | C++, Python | BSD | **alive** |
#
# Three of ten. All ten can train recurrent and convolutional networks; what
# sets the living apart from Caffe is *automatic differentiation* of ordinary
# code: you write the way forward, as in `02_forward_pass`, and nobody has to
# write `03_bptt` any more. (You know now what is being automated. That was the
# point.) The lecture's list ends before JAX (Google, 2018), which is alive, too.
#
# ### What you'd use tomorrow
#
# Everything that you built by hand today can be had finished. You'll know what
# the knobs are for:
#
# | yours | in practice | what it adds |
# |---|---|---|
# | `time_fn` | `torch.utils.benchmark.Timer` | waits for a GPU by itself, and chooses how often to repeat |
# | `PrefetchingLoader` | `torch.utils.data.DataLoader` | shuffles, batches, and reads in several *processes*, so that Python's own work goes on beside, too |
# | a fused kernel | `torch.compile(model)` | makes fused kernels out of ordinary code, at its first call |
# | 16 bits | `torch.autocast("cuda", torch.bfloat16)` | products with 16 bits where that's harmless: half the bytes, and the tensor cores; bfloat16 reaches as far as 32 bits do, with 2 to 3 decimal digits |
# | the roofline | `torch.profiler.profile` | tells which kernel ran for how long, and when the device waited |
#
# Is your stopwatch as good as theirs?

# %% show=true
from torch.utils import benchmark

theirs = benchmark.Timer("A @ B", globals={"A": A, "B": B}).blocked_autorange()
ours = time_fn(lambda: A @ B, 3, 101)
print(f"yours: {1e3 * ours:.3f} ms, theirs: {1e3 * theirs.median:.3f} ms")

# %% [markdown]
# ## Summary
#
# - Work can be counted on paper: $2 \cdot 4 \cdot N T H (D + H)$ forward, three
#   times that for training. Time can't: it has to be measured.
# - Warm up, repeat, take the median, and wait for the device before you read
#   the clock.
# - Seconds = fixed + work / rate. A small step is all fixed cost; a GPU wins to
#   the right of the crossover, and a fused kernel moves it to the left.
# - A recurrent network is a chain: its steps can't be done at once. The
#   sequences of a batch can.
# - A call waits for itself, for memory or for arithmetic. Operations per byte
#   tell which: only large products use a chip as its price promises.
# - Reading and training should overlap. Then the slower one sets the pace.
# - The fastest machine, the cheapest machine and the cheapest work are three
#   different things.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | operations | FLOPs; a rate of them is FLOP/s, often written FLOPS |
# | fixed cost of a call | latency, launch overhead |
# | rate | throughput; at its best: peak |
# | operations per byte | arithmetic intensity |
# | waiting for the call, memory, arithmetic | overhead-, bandwidth-, compute-bound |
# | put on the list and come back | asynchronous launch, a *stream* |
# | several batches read ahead | prefetching, double buffering, an input pipeline |
# | one compiled program for all steps | fused kernel |
#
# ## Open questions
#
# - The chain of steps is what keeps a GPU waiting. Is there a way to read a
#   sequence *without* a chain? (Look at the dense network's curve over the
#   steps. Architectures from 2017 on that read all positions at once took this
#   bargain, and paid for it with work that grows with $T^2$.)
# - Or a recurrence that *can* be done in parallel? If the step were linear, all
#   states could be computed in about $\log T$ rounds. Why doesn't this work
#   with tanh?
# - You have seen every line of it now: a state, a step, an error that walks
#   back through time, gates, a text that writes itself, and the machine that
#   does the sums. What will you let it read?
#
# ## References
#
# - S. Williams, A. Waterman, D. Patterson: Roofline: an insightful visual
#   performance model for multicore architectures. 2009.
# - S. Chetlur and others: cuDNN: efficient primitives for deep learning. 2014.
# - J. Appleyard, T. Kocisky, P. Blunsom: Optimizing performance of recurrent neural
#   networks on GPUs. 2016. (What a fused LSTM does.)
# - A. Paszke and others: PyTorch: an imperative style, high-performance deep
#   learning library. 2019.
# - H. He: Making deep learning go brrrr from first principles. 2022. (The three
#   things to wait for.)
