"""Published losses of character models: test cross-entropy in nats per character.

Source: A. Karpathy, J. Johnson, L. Fei-Fei, "Visualizing and Understanding Recurrent
Networks", 2015, as the lecture shows them. A table is {size: {(cell, layers): loss}};
None where no number was published. Lower is better.
"""

from __future__ import annotations

from typing import Final

Model = tuple[str, int]
Table = dict[int, dict[Model, float | None]]

_COLUMNS: Final = tuple((c, n) for c in ("lstm", "rnn", "gru") for n in (1, 2, 3))


def _make_row(*losses: float | None) -> dict[Model, float | None]:
    return dict(zip(_COLUMNS, losses, strict=True))


WAR_AND_PEACE: Final[Table] = {
    64: _make_row(1.449, 1.442, 1.540, 1.446, 1.401, 1.396, 1.398, 1.373, 1.472),
    128: _make_row(1.277, 1.227, 1.279, 1.417, 1.286, 1.277, 1.230, 1.226, 1.253),
    256: _make_row(1.189, 1.137, 1.141, 1.342, 1.256, 1.239, 1.198, 1.164, 1.138),
    512: _make_row(1.161, 1.092, 1.082, None, None, None, 1.170, 1.201, 1.077),
}
LINUX_KERNEL: Final[Table] = {
    64: _make_row(1.355, 1.331, 1.366, 1.407, 1.371, 1.383, 1.335, 1.298, 1.357),
    128: _make_row(1.149, 1.128, 1.177, 1.241, 1.120, 1.220, 1.154, 1.125, 1.150),
    256: _make_row(1.026, 0.972, 0.998, 1.171, 1.116, 1.116, 1.039, 0.991, 1.026),
    512: _make_row(0.952, 0.840, 0.846, None, None, None, 0.943, 0.861, 0.829),
}
BOLD_WAR_AND_PEACE: Final[dict[int, Model]] = {
    64: ("gru", 2),
    128: ("gru", 2),
    256: ("lstm", 2),
    512: ("gru", 3),
}
"""The entry of each row that is printed in bold."""
BOLD_LINUX_KERNEL: Final[dict[int, Model]] = {
    64: ("lstm", 2),
    128: ("rnn", 2),
    256: ("lstm", 2),
    512: ("gru", 3),
}
"""The entry of each row that is printed in bold."""
