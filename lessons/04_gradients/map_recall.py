"""Trains the networks of the lesson's map of success, and writes their results to data/.

Run it from the root of the repository:

    python lessons/04_gradients/map_recall.py

It takes about a quarter of an hour on one core. Each network of 32 units is trained to recall
a year, as `unrolled.lab.models.recall` does it. The map has orthogonal starts of
several spectral radii; beside it, three kinds of start at the radius 1 are compared. Each
seed draws another start, other sentences and other weights for input and output. The
same version of PyTorch gives the same numbers again, up to its rounding.
"""

import json
from pathlib import Path

import numpy as np

from unrolled.lab.models import recall

H = 32
STEPS = 300
SEEDS = range(6)
RADII = [round(0.1 * n, 1) for n in range(2, 15)]
DISTANCES = [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48]
PLACE = Path(__file__).parent / "data" / "recall_map.json"


def draw_orthogonal(seed):
    """An orthogonal matrix (H, H)."""
    Q, R = np.linalg.qr(np.random.default_rng(100 + seed).normal(size=(H, H)))
    return Q * np.sign(np.diag(R))


def draw_gaussian(seed):
    """Independent normal numbers (H, H), scaled to the spectral radius 1."""
    W = np.random.default_rng(200 + seed).normal(size=(H, H))
    return W / np.abs(np.linalg.eigvals(W)).max()


def measure(k, starts):
    """The accuracy at distance k, for one start (H, H) per seed."""
    trained = zip(SEEDS, starts, strict=True)
    runs = [
        recall.accuracy("rnn", k, steps=STEPS, seed=s, W_hh=W)
        for s, W in trained
    ]
    return [round(accuracy, 4) for accuracy in runs]


def measure_map():
    """Accuracies (radii, distances, seeds) of orthogonal starts."""
    turns = [draw_orthogonal(seed) for seed in SEEDS]
    rows = []
    for rho in RADII:
        rows.append([measure(k, [rho * Q for Q in turns]) for k in DISTANCES])
        print(f"radius {rho}", flush=True)
    return rows


def measure_starts():
    """Accuracies (distances, seeds) of three kinds of start, all of radius 1."""
    kinds = {
        "orthogonal": [draw_orthogonal(seed) for seed in SEEDS],
        "identity": [np.eye(H) for _ in SEEDS],
        "Gaussian": [draw_gaussian(seed) for seed in SEEDS],
    }
    return {n: [measure(k, Ws) for k in DISTANCES] for n, Ws in kinds.items()}


def main():
    """Measure all, and write it, one line per radius and per kind of start."""
    rows, starts = measure_map(), measure_starts()
    lines = [
        f'"hidden": {H}, "steps": {STEPS}, "seeds": {len(SEEDS)}',
        f'"radii": {json.dumps(RADII)}',
        f'"distances": {json.dumps(DISTANCES)}',
        '"accuracy": [\n'
        + ",\n".join(json.dumps(row) for row in rows)
        + "\n]",
        *(f'"{name}": {json.dumps(table)}' for name, table in starts.items()),
    ]
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
