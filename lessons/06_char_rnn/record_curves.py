"""Records the lesson's long trainings, and writes them to data/learning_curves.json.

Run it from the root of the repository:

    python lessons/06_char_rnn/record_curves.py

It takes about ten minutes on one core, and keeps each run as it ends: started again, it
goes on where it was. Two questions are asked. How do the losses on learned and on held-out
text part, if the lesson's network trains on and on over the almanac? And from which
amount of text on does a network know more than counts do? The text of the second is the
standard library of the Python that runs it, so other versions of Python give slightly other
numbers; the file says which one it was.
"""

import json
import math
import platform
import random
import sysconfig
from pathlib import Path

import torch

from unrolled.lab.datasets import corpora
from unrolled.lab.datasets.encoding import encode
from unrolled.lab.models import baselines

H = 128
SEEDS = range(3)
LONG = {"N": 16, "T": 64, "steps": 1600, "every": 50}
LARGE = {"N": 32, "T": 64}
STEPS = {
    20_000: 400,
    60_000: 800,
    200_000: 1500,
    600_000: 2500,
}
KEPT_BACK = 30_000
PIECE = 2000
PLACE = Path(__file__).parent / "data" / "learning_curves.json"


class Net(torch.nn.Module):
    """The lesson's network: an LSTM over one-hot characters, and a read-out."""

    def __init__(self, V):
        super().__init__()
        self.V = V
        self.rnn = torch.nn.LSTM(V, H, batch_first=True)
        self.read_out = torch.nn.Linear(H, V)

    def forward(self, ids, state=None):
        """Logits (N, T, V) and the state."""
        x = torch.nn.functional.one_hot(ids, self.V).float()
        h, state = self.rnn(x, state)
        return self.read_out(h), state


def cross_entropy(logits, targets):
    """The mean loss of logits (N, T, V)."""
    flat = logits.flatten(0, 1), targets.flatten()
    return torch.nn.functional.cross_entropy(*flat)


def stream(ids, N, T):
    """Batches of the text, again and again, in rows that go on."""
    K = (len(ids) - 1) // (N * T)
    while True:
        for k in range(K):
            rows = torch.arange(N)[:, None] * K * T + k * T + torch.arange(T)
            yield ids[rows], ids[rows + 1]


def evaluate(model, ids, rows=1):
    """Nats per character over a text, read in some rows side by side."""
    total, state, T = 0.0, None, (len(ids) - 1) // rows
    inputs = ids[: rows * T].reshape(rows, T)
    targets = ids[1 : rows * T + 1].reshape(rows, T)
    with torch.no_grad():
        for x, y in zip(
            inputs.split(500, 1), targets.split(500, 1), strict=True
        ):
            logits, state = model(x, state)
            total += float(cross_entropy(logits, y)) * y.numel()
    return total / targets.numel()


def train(model, ids, plan, rate, look):
    """What `look(model)` says after every `plan["every"]` batches."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate(0))
    batches, state, seen = stream(ids, plan["N"], plan["T"]), None, []
    for step in range(plan["steps"]):
        optimizer.param_groups[0]["lr"] = rate(step / plan["steps"])
        inputs, targets = next(batches)
        logits, state = model(inputs, state)
        optimizer.zero_grad()
        cross_entropy(logits, targets).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        if (step + 1) % plan["every"] == 0:
            seen.append([round(loss, 4) for loss in look(model)])
    return seen


def train_long(seed):
    """Losses (looks, 2) of the almanac: on its first weeks, and held out."""
    text = corpora.almanac()
    ids = torch.from_numpy(encode(text, sorted(set(text))))
    cut = text.index("WEEK 48")
    held_out, learned = ids[cut:], ids[: len(ids) - cut]
    torch.manual_seed(seed)
    model = Net(len(set(text)))

    def look(model):
        return evaluate(model, learned), evaluate(model, held_out)

    return train(model, ids[:cut], LONG, lambda _: 3e-3, look)


def read_library():
    """Test, validation and training text: modules of Python, none in two.

    Modules differ much, so that a text is a mixture of many: pieces of 2000
    characters, shuffled.
    """
    folder = Path(sysconfig.get_paths()["stdlib"])
    names, rng = sorted(folder.glob("*.py")), random.Random(0)
    rng.shuffle(names)
    texts = []
    for group in (names[:12], names[12:24], names[24:]):
        sources = (n.read_text("utf-8", errors="ignore") for n in group)
        text = "".join(map(corpora.keep_printable, sources))
        pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
        rng.shuffle(pieces)
        texts.append("".join(pieces))
    return texts[0][:KEPT_BACK], texts[1][:KEPT_BACK], texts[2]


def train_large(size, seed):
    """Held-out loss of the moment at which the validation text is told best."""
    test, validation, learn = read_library()
    vocabulary = sorted(set(test + validation + learn))
    text = (learn[:size], validation, test)
    ids, *others = (torch.from_numpy(encode(t, vocabulary)) for t in text)
    torch.manual_seed(seed)
    model = Net(len(vocabulary))

    def look(model):
        return [evaluate(model, other, rows=25) for other in others]

    def rate(done):
        return 5e-3 * (1 + math.cos(math.pi * done)) / 2 + 1e-5

    plan = LARGE | {"steps": STEPS[size], "every": STEPS[size] // 20}
    return min(train(model, ids, plan, rate, look))[1]


def count_large(size):
    """What a 5-gram pays, in nats per character."""
    test, validation, learn = read_library()
    V = len(set(test + validation + learn))
    return round(baselines.ngram(learn[:size], test, V, order=5), 4)


def fill(record):
    """The runs, one after the other: yields after each that was missing."""
    runs = [(f"almanac, seed {s}", train_long, (s,)) for s in SEEDS]
    runs += [(f"counts, {n}", count_large, (n,)) for n in STEPS]
    runs += [(f"lstm, {n}, seed 0", train_large, (n, 0)) for n in STEPS]
    for name, run, args in runs:
        if name not in record["runs"]:
            record["runs"][name] = run(*args)
            print(name, record["runs"][name], flush=True)
            yield


def main():
    """Measure what is missing, and write the record after each run."""
    torch.set_num_threads(1)
    record = {
        "python": platform.python_version(),
        "hidden": H,
        "long": LONG,
        "large": LARGE,
        "steps": STEPS,
        "runs": {},
    }
    if PLACE.is_file():
        record = json.loads(PLACE.read_text("utf-8"))
    for _ in fill(record):
        runs = record["runs"].items()
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in runs]
        head = json.dumps(record | {"runs": None})[: -len("null}")]
        text = head + "{\n" + ",\n".join(lines) + "\n}}\n"
        PLACE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
