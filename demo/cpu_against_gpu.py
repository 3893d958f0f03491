# %% [markdown]
# # CPU against GPU, live
#
# For the lecturer: two minutes, on a laptop or on a machine with an NVIDIA GPU,
# with nothing solved and nothing prepared. Run the cells from top to bottom; the
# figures grow while the room watches. *Say* is what you might say.
#
# **Before you start, let the room vote.** "The same network, the same sums. The
# graphics card has ten or twenty times the operations per second. Who's faster with
# *one* sentence at a time: the CPU or the GPU? And from which batch size on does
# it change?"

# %%
import os
import time
import warnings

backend = os.environ.get("KERAS_BACKEND", "torch")
os.environ["KERAS_BACKEND"] = "torch"
if backend != "torch":
    print(f"Keras was set to use {backend}: this demo takes PyTorch.")

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display

GPU = torch.cuda.is_available()
if not GPU:
    os.environ["KERAS_TORCH_DEVICE"] = "cpu"

import keras

from unrolled.lab import style
from unrolled.lab.figures import hardware
from unrolled.lab.widgets.display import make_bundle, render_png

warnings.filterwarnings("ignore", module="keras")
style.use()
devices = ["cpu", "gpu"] if GPU else ["cpu"]
print(f"Keras {keras.__version__} on PyTorch {torch.__version__}")
print("CPU:", torch.get_num_threads(), "threads")
print("GPU:", torch.cuda.get_device_name() if GPU else "none that PyTorch can use")

# %% [markdown]
# *Say:* "A recurrent network in Keras is four lines. It reads 64 steps of 32
# numbers, and from its last state it chooses one of ten classes."


# %%
def keras_lstm(H, T=64, D=32, classes=10):
    """An LSTM of H units that reads T steps of D numbers; a compiled model."""
    model = keras.Sequential(
        [
            keras.Input((T, D)),
            keras.layers.LSTM(H),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def seconds_per_step(device, N, H, repeat=3):
    """Median seconds of a training step: warmed up, and waited for."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 64, 32)).astype("float32")
    y = rng.integers(10, size=N)
    wait = torch.cuda.synchronize if device == "gpu" else lambda: None
    times = []
    with keras.device(device):
        model = keras_lstm(H)
        for _ in range(1 + repeat):
            start = time.perf_counter()
            model.train_on_batch(x, y)
            wait()  # a GPU is asked to work, and works beside us
            times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))  # the first one was the warm-up


# %% [markdown]
# *Say:* "First, more and more sequences at once. A training step each: forward,
# backward, update. Watch the left end."

# %%
BATCHES = [1, 4, 16, 64, 256]


def race(what, sizes, sizes_of):
    """Measure size after size; the figure grows with each of them."""
    measured = {("Keras LSTM", device): [] for device in devices}
    shown = display({"text/plain": "measuring ..."}, raw=True, display_id=True)
    for done, size in enumerate(sizes, start=1):
        for (_, device), seconds in measured.items():
            seconds.append(seconds_per_step(device, **sizes_of(size)))
        fig, ax = plt.subplots(figsize=(7.4, 4.0))
        hardware.draw_here(ax, sizes[:done], measured)
        ax.set_xlabel(what)
        alt = f"Milliseconds of a training step over the {what}, up to {size}."
        shown.update(make_bundle(render_png(fig, tight=True), alt), raw=True)
        plt.close(fig)
    for (_, device), seconds in measured.items():
        told = ", ".join(f"{1e3 * second:.1f}" for second in seconds)
        print(f"{device}: {told} ms for {what} {sizes}")
    return {device: seconds for (_, device), seconds in measured.items()}


by_batch = race("batch size", BATCHES, lambda N: {"N": N, "H": 64})

# %% [markdown]
# *Say:* "Now the batch stays, and the network grows."

# %%
UNITS = [32, 128, 512]
by_units = race("hidden size", UNITS, lambda H: {"N": 32, "H": H})

# %% [markdown]
# *Say:* "Who won the vote?"


# %%
def compare(what, sizes, seconds):
    """What the race has shown, in a line."""
    if GPU:
        pairs = zip(sizes, seconds["cpu"], seconds["gpu"], strict=True)
        ratios = [f"{cpu / gpu:.1f} at {size}" for size, cpu, gpu in pairs]
        print(f"{what}: the CPU takes this many times as long: {', '.join(ratios)}")
    else:
        times, larger = seconds["cpu"][-1] / seconds["cpu"][0], sizes[-1] // sizes[0]
        print(f"{what}: {larger} times as large takes {times:.0f} times as long")


compare("batch size", BATCHES, by_batch)
compare("hidden size", UNITS, by_units)

# %% [markdown]
# **Without a GPU** the race has one runner. Show the loop against the fused kernel
# in its place: the same LSTM, the same CPU, once as Keras runs it there (a Python
# loop over the steps) and once in one call.

# %%
fused = torch.nn.LSTM(32, 64, batch_first=True)
cell = torch.nn.LSTMCell(32, 64)
x = torch.ones(16, 64, 32)


def looped():
    """The 64 steps, one call each."""
    h = c = torch.zeros(16, 64)
    for t in range(64):
        h, c = cell(x[:, t], (h, c))
    return h


for name, forward in (("64 calls", looped), ("one call", lambda: fused(x)[0])):
    times = []
    for _ in range(21):
        start = time.perf_counter()
        forward()
        times.append(time.perf_counter() - start)
    print(f"{name}: {1e3 * np.median(times):.2f} ms")

# %% [markdown]
# *Say, to end:* "A step costs something fixed, and then something for the work. A
# GPU's fixed cost is large and its work is cheap, so it wins where there's much
# to do at once: large batches, large networks. But the 64 steps of a sequence have
# to wait for each other on any machine in the world."
