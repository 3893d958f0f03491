"""Trains the three networks of this lesson, and writes their weights into the package.

Run it from the root of the repository:

    python lessons/01_sequences/train_networks.py [captioner|judge|translator ...]

It takes a few minutes on two cores. Seeds are fixed, and the weights are rounded to half
precision, so the same versions of Python and PyTorch make the same files again.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from unrolled.lab import digits, number_words, reviews
from unrolled.lab.networks import (
    CAPTION_LETTERS,
    END,
    ENGLISH_LETTERS,
    GERMAN_LETTERS,
)

DATA = Path(__file__).parents[2] / "src" / "unrolled" / "lab" / "data"
HELD_OUT = (26, 34, 47, 53, 68, 72, 81, 95)
"""Numbers that the translator never sees in training."""


class Cell(nn.Module):
    """A leaky cell: each unit keeps a share of its old value."""

    def __init__(self, D, H):
        super().__init__()
        self.into = nn.Linear(D, H)
        self.back = nn.Linear(H, H, bias=False)
        nn.init.orthogonal_(self.back.weight)
        self.leak = nn.Parameter(torch.zeros(H) - 1.0)
        self.noise = 0.0

    def forward(self, x_t, h):
        """The new state (N, H) from x_t (N, D) and the old state (N, H)."""
        return self.after(self.into(x_t), h, torch.sigmoid(self.leak))

    def run(self, x, h):
        """The states (N, T, H) after each input of x (N, T, D)."""
        a, kept, states = self.into(x), torch.sigmoid(self.leak), []
        for t in range(x.shape[1]):
            h = self.after(a[:, t], h, kept)
            states.append(h)
        return torch.stack(states, 1)

    def after(self, a_t, h, kept):
        """One step; noise on the state makes it keep things apart more clearly."""
        new = torch.lerp(torch.tanh(a_t + self.back(h)), h, kept)
        return new + self.noise * torch.randn_like(new) if self.noise else new

    def arrays(self, name):
        """The weights by the names that `unrolled.lab.networks` reads."""
        return {
            f"{name}_in": self.into.weight,
            f"{name}_back": self.back.weight,
            f"{name}_bias": self.into.bias,
            f"{name}_kept": torch.sigmoid(self.leak),
        }


class Net(nn.Module):
    """Some cells by name, and a read-out to logits (N, V)."""

    def __init__(self, H, V, **cells):
        super().__init__()
        self.H = H
        self.cells = nn.ModuleDict({n: Cell(D, H) for n, D in cells.items()})
        self.out = nn.Linear(H, V)

    def start(self, N):
        """A state of zeros (N, H)."""
        return torch.zeros(N, self.H)

    def write(self, cell, y, h, T):
        """Logits (N, T, V): each step reads the last confidences, y (N, V) first."""
        logits = []
        for _ in range(T):
            h = self.cells[cell](y, h)
            logits.append(self.out(h))
            y = torch.sigmoid(logits[-1])
        return torch.stack(logits, 1)

    def save(self, name):
        """Write the weights in half precision."""
        arrays = {"out": self.out.weight, "out_bias": self.out.bias}
        for cell in self.cells:
            arrays |= self.cells[cell].arrays(cell)
        # confidences are sigmoids; the package writes them with tanh of the half
        arrays["out"], arrays["out_bias"] = (
            self.out.weight / 2,
            self.out.bias / 2,
        )
        plain = {
            k: v.detach().numpy().astype(np.float16) for k, v in arrays.items()
        }
        DATA.mkdir(exist_ok=True)
        np.savez_compressed(DATA / f"{name}.npz", **plain)


def ids(texts, letters, T=None):
    """Whole numbers (N, T) of texts, each filled up with the last letter."""
    T = T or max(map(len, texts))
    end = len(letters) - 1
    return torch.tensor(
        [[letters.index(c) for c in t] + [end] * (T - len(t)) for t in texts]
    )


def fit(net, steps, batch, peak):
    """Adam with clipping; `batch()` gives logits (..., V) and targets (...)."""
    adam = torch.optim.Adam(net.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, peak, total_steps=steps)
    for step in range(steps):
        logits, targets = batch()
        wanted = nn.functional.one_hot(targets, logits.shape[-1]).float()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        adam.step()
        rate.step()
        if step % 500 == 0 or step == steps - 1:
            right = (logits.argmax(-1) == targets).float().mean()
            print(
                f"  {step:5d}: loss {loss:.5f}, right {right:.4f}", flush=True
            )


def train_captioner(steps=3000, N=128, H=64, drawn=20000):
    """Pictures (64,) to names, one letter a step."""
    rng = np.random.default_rng(1)
    net = Net(H, len(CAPTION_LETTERS), picture=64, letter=len(CAPTION_LETTERS))
    shown = rng.integers(10, size=drawn)
    pictures = [
        digits.draw_digit(int(d), rng, n)
        for d, n in zip(shown, rng.uniform(0, 0.3, drawn), strict=True)
    ]
    x = torch.tensor(np.stack(pictures).reshape(drawn, 64)).float()
    names = ids(digits.NAMES, CAPTION_LETTERS, 6)[shown]

    def batch():
        some = rng.integers(drawn, size=N)
        h = net.cells["picture"](x[some], net.start(N))
        first = net.out(h)
        rest = net.write("letter", torch.sigmoid(first), h, 5)
        return torch.cat([first[:, None], rest], 1), names[some]

    fit(net, steps, batch, 5e-3)
    net.save("captioner")


def train_judge(steps=1500, N=100, H=24):
    """One-hot words to a verdict, read after the last word."""
    rng = np.random.default_rng(2)
    V = len(reviews.VOCABULARY)
    net = Net(H, 3, word=V)

    def batch():
        made = [reviews.make_review(rng) for _ in range(N)]
        longest = max(len(r.words) for r in made)
        x = torch.zeros(N, longest, V)
        for n, review in enumerate(made):
            for t, word in enumerate(review.words):
                x[n, t, reviews.VOCABULARY.index(word)] = 1
        lengths = torch.tensor([len(r.words) for r in made])
        h, last = net.start(N), net.start(N)
        for t in range(longest):
            h = net.cells["word"](x[:, t], h)
            last = torch.where((lengths == t + 1)[:, None], h, last)
        verdicts = [reviews.VERDICTS.index(r.verdict) for r in made]
        return net.out(last), torch.tensor(verdicts)

    fit(net, steps, batch, 1e-2)
    net.save("judge")


def train_translator(steps=5000, H=96):
    """English letters in, then German letters out; eight numbers stay unseen.

    For the first 4000 steps the writer is given the right letters, and the states are
    a little noisy; then it lives on what it writes itself.
    """
    numbers = range(number_words.COUNT)
    seen = [n for n in numbers if n not in HELD_OUT]
    texts = [number_words.english(n) for n in numbers]
    longest, V = max(map(len, texts)), len(GERMAN_LETTERS)
    net = Net(H, V, reads=len(ENGLISH_LETTERS), writes=V)
    reads, writes = net.cells["reads"], net.cells["writes"]
    # Short words begin late. With no letter and no bias, a state of zeros stays one.
    reads.into.bias.requires_grad_(False).zero_()
    x = torch.zeros(len(texts), longest, len(ENGLISH_LETTERS))
    for n, text in enumerate(texts):
        for t, letter in enumerate(text, longest - len(text)):
            x[n, t, ENGLISH_LETTERS.index(letter)] = 1
    german = [number_words.german(n) for n in numbers]
    targets = ids(german, GERMAN_LETTERS, max(map(len, german)) + 1)
    letters = nn.functional.one_hot(targets, V).float()
    before = torch.cat([torch.zeros_like(letters[:, :1]), letters[:, :-1]], 1)
    done = [0]

    def last_state(some):
        return reads.run(x[some], net.start(len(some)))[:, -1]

    def alone(some):
        y_0 = torch.zeros(len(some), V)
        logits = net.write("writes", y_0, last_state(some), targets.shape[1])
        return logits, targets[some]

    def batch():
        done[0] += 1
        helped = done[0] < 0.8 * steps
        reads.noise = writes.noise = 0.05 if helped else 0.0
        if not helped:
            return alone(seen)
        return net.out(writes.run(before[seen], last_state(seen))), targets[
            seen
        ]

    fit(net, steps, batch, 5e-3)
    for name, some in (("seen", seen), ("held out", list(HELD_OUT))):
        logits, wanted = alone(some)
        whole = (logits.argmax(-1) == wanted).all(1)
        print(f"  {name}: {int(whole.sum())} of {len(some)} words right")
    net.save("translator")


TRAINERS = {
    "captioner": train_captioner,
    "judge": train_judge,
    "translator": train_translator,
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or list(TRAINERS):
        print(name, f"(texts end in {END!r})")
        torch.manual_seed(0)
        TRAINERS[name]()
